-- The roles that clients act as, with the rights that Supabase gives them. Roles belong to the whole
-- cluster and may exist, from another database or from Supabase; then they stay as they are.

do $$
begin
  -- The timeouts are Supabase's, too. They bound how long a stranger's request can hold a connection of REST.
  if to_regrole('anon') is null then
    create role anon nologin noinherit;
    alter role anon set statement_timeout = '3s';
  end if;
  if to_regrole('authenticated') is null then
    create role authenticated nologin noinherit;
    alter role authenticated set statement_timeout = '8s';
  end if;
  if to_regrole('service_role') is null then
    create role service_role nologin noinherit bypassrls;
  end if;
  -- Without a password nobody can log in as it: that is for the operator to set.
  if to_regrole('authenticator') is null then
    create role authenticator login noinherit;
  end if;
  -- Owns schema auth.
  if to_regrole('supabase_auth_admin') is null then
    create role supabase_auth_admin nologin noinherit;
  end if;
end $$;

-- authenticator becomes the role that a token names, and so does the role that runs this, the server's own.
-- From version 16 on, whoever creates a role is its member, yet may not become it without this grant.
do $$
declare
  may_become text := case when current_setting('server_version_num')::integer >= 160000 then 'SET' else 'MEMBER' end;
  membership record;
begin
  for membership in
    select granted, member
    from unnest(array['anon', 'authenticated', 'service_role']) as granted,
         unnest(array['authenticator', current_user]) as member
    where granted <> member and not pg_has_role(member, granted, may_become)
  loop
    execute format('grant %I to %I', membership.granted, membership.member);
  end loop;
end $$;

do $$
begin
  if to_regnamespace('extensions') is null then
    create schema extensions;
    grant usage on schema extensions to anon, authenticated, service_role;
  end if;
end $$;

-- Tables are opened to the three roles as they are created, so that row level security alone decides.
grant usage on schema public to anon, authenticated, service_role;
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
