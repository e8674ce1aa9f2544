-- Who may see a row image: PostgreSQL's own verdict on rows that exist only in the write-ahead log.
--
-- A policy is an expression over one row of its table. To judge an image, its values become a row of the
-- table's type again, and the policies that a SELECT by the given role would be subject to are evaluated on
-- it, as that role and with the given claims. Nothing is remembered between calls, so a policy, grant or
-- role that changes takes effect with the next call.
--
-- All functions here run with the rights of their caller, the server's own role, which has to be a member of
-- the roles it judges for. So USAGE on schema slotcast is all it needs, and is of no use to anybody else.

-- Whether what these transactions did is visible to others. The write-ahead log tells of a commit an instant
-- before snapshots do (and with synchronous replication, as long before as the standby takes): whoever asks in
-- between sees memberships as they were before that commit.
--   p_xids  32-bit ids, as the log has them, of transactions less than two billion older than the newest
create or replace function slotcast.are_visible(p_xids bigint[])
returns boolean language sql volatile set search_path = pg_catalog as $$
  select coalesce(bool_and(pg_visible_in_snapshot((newest - age)::text::xid8, now.snapshot)), true)
  from pg_current_snapshot() as now(snapshot)
  cross join lateral (select pg_snapshot_xmax(now.snapshot)::text::bigint) as of(newest)
  cross join unnest(p_xids) as given(xid)
  cross join lateral (select ((newest - xid + 2147483648) & 4294967295) - 2147483648) as distance(age)
$$;

-- Whether a policy for these roles (0 is PUBLIC) applies to a role.
create or replace function slotcast.applies_to(p_roles oid[], p_role name)
returns boolean language sql stable set search_path = pg_catalog as $$
  select exists (select from unnest(p_roles) as r(oid)
                 where case when r.oid = 0 then true else pg_has_role(p_role, r.oid, 'USAGE') end)
$$;

-- The policies that a SELECT by a role is subject to, in the order in which it evaluates them (restrictive ones
-- first; permissive ones are read backwards), since that decides whether one that would raise an error is reached.
create or replace function slotcast.row_policies(p_relation oid, p_role name)
returns table (policy name, permissive boolean, expression text, "position" bigint)
language sql stable set search_path = pg_catalog as $$
  select p.polname, p.polpermissive, pg_get_expr(p.polqual, p.polrelid),
         row_number() over (order by p.polpermissive, case when not p.polpermissive then p.polname end,
                            p.polname desc)
  from pg_policy p
  where p.polrelid = p_relation and p.polcmd in ('r', '*') and p.polqual is not null
    and slotcast.applies_to(p.polroles, p_role)
$$;

-- What a role may read of a table before any row policy.
--   readable:      names of the columns it may SELECT, in table order (empty without USAGE on the schema)
--   unconditional: whether no row policy applies to it
--   condition:     the policies that apply as one expression over the table's columns; null when unconditional,
--                  and when there is no such table, or no such role that the server may become
create or replace function slotcast.row_access(
  p_relation oid, p_role name,
  out readable text[], out unconditional boolean, out condition text
)
language plpgsql stable set search_path = pg_catalog as $$
declare
  relation record;
  permissive text;
  restrictive text;
begin
  select c.relnamespace, c.relowner, c.relrowsecurity, c.relforcerowsecurity into relation
  from pg_class c where c.oid = p_relation;
  if not found or not exists (
    select from pg_roles r
    where r.rolname = p_role
      and pg_has_role(r.oid, case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)
  ) then
    readable := '{}'; unconditional := false; condition := null;
    return;
  end if;

  select coalesce(array_agg(a.attname::text order by a.attnum), '{}') into readable
  from pg_attribute a
  where a.attrelid = p_relation and a.attnum > 0 and not a.attisdropped
    and has_schema_privilege(p_role, relation.relnamespace, 'USAGE')
    and (has_table_privilege(p_role, p_relation, 'SELECT')
         or has_column_privilege(p_role, p_relation, a.attnum, 'SELECT'));

  unconditional := not relation.relrowsecurity
    or (select r.rolsuper or r.rolbypassrls from pg_roles r where r.rolname = p_role)
    or (not relation.relforcerowsecurity and pg_has_role(p_role, relation.relowner, 'USAGE'));
  if unconditional then
    return;
  end if;

  select string_agg(format('(%s)', p.expression), ' or ' order by p.position) filter (where p.permissive),
         string_agg(format('(%s)', p.expression), ' and ' order by p.position) filter (where not p.permissive)
  into permissive, restrictive
  from slotcast.row_policies(p_relation, p_role) p;
  -- Without a permissive policy nothing is visible, whatever the restrictive ones say.
  condition := case when permissive is null then 'false'
                    else concat_ws(' and ', restrictive, format('(%s)', permissive)) end;
end $$;

-- The columns that the policies for a role depend on.
create or replace function slotcast.needed_columns(p_relation oid, p_role name)
returns setof name language sql stable set search_path = pg_catalog as $$
  -- A dependency on the table as a whole (objsubid 0, not the automatic one that drops the policy with its
  -- table) is a reference to the whole row; what a generated column is made of is needed with it.
  with recursive depended(attnum) as (
    select d.refobjsubid::int
    from pg_depend d join pg_policy p on p.oid = d.objid
    where d.classid = 'pg_policy'::regclass and d.refclassid = 'pg_class'::regclass
      and d.refobjid = p_relation and d.deptype = 'n'
      and p.polrelid = p_relation and p.polcmd in ('r', '*') and slotcast.applies_to(p.polroles, p_role)
    union
    select d.refobjsubid::int
    from depended n
    join pg_attrdef f on f.adrelid = p_relation and f.adnum = n.attnum
    join pg_attribute a on a.attrelid = p_relation and a.attnum = n.attnum and a.attgenerated <> ''
    join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = p_relation and d.deptype in ('n', 'a')
      and ((d.classid = 'pg_attrdef'::regclass and d.objid = f.oid)
        or (d.classid = 'pg_class'::regclass and d.objid = p_relation and d.objsubid = n.attnum))
    where d.refobjsubid <> n.attnum
  )
  select distinct a.attname
  from depended n
  join pg_attribute a on a.attrelid = p_relation and a.attnum > 0 and not a.attisdropped
    and (n.attnum = 0 or a.attnum = n.attnum);
$$;

-- A FROM item that turns images back into rows of the table, under the table's own name so that the deparsed
-- policies find it. $1 is the images: JSON arrays of text forms, in the order of p_columns. Columns that are
-- not among p_columns are computed if they are generated, else null.
create or replace function slotcast.image_rows(p_relation oid, p_columns text[])
returns text language sql stable set search_path = pg_catalog as $$
  select format(
    'unnest(array(select row(%s)::%I.%I from (select %s from unnest($1) as given(image)) as given)) as %I',
    string_agg(case when given.position is not null or a.attgenerated = '' then format('given.%I', a.attname)
                    else format('(%s)', pg_get_expr(f.adbin, f.adrelid)) end, ', ' order by a.attnum),
    n.nspname, c.relname,
    string_agg(format('(given.image ->> %s)::%s as %I', coalesce(given.position - 1, 2147483647),
                      format_type(a.atttypid, a.atttypmod), a.attname), ', ' order by a.attnum),
    c.relname)
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum and a.attgenerated <> ''
  left join unnest(p_columns) with ordinality as given(name, position) on given.name = a.attname
  where c.oid = p_relation
  group by n.nspname, c.relname
$$;

-- Images as rows of the table in text form; null for those that do not fit it any more.
create or replace function slotcast.image_texts(p_relation oid, p_columns text[], p_images jsonb[])
returns text[] language plpgsql stable set search_path = pg_catalog
set datestyle = iso set intervalstyle = postgres set timezone = utc set extra_float_digits = 1 set bytea_output = hex
as $$
declare
  query text := format('select array(select (%1$I.*)::text from %2$s)',
                       (select c.relname from pg_class c where c.oid = p_relation),
                       slotcast.image_rows(p_relation, p_columns));
  texts text[] := '{}';
  single text[];
begin
  begin
    execute query into texts using p_images;
    return texts;
  exception
    when lock_not_available or query_canceled then raise;
    when others then null;
  end;
  for number in 1 .. cardinality(p_images) loop
    begin
      execute query into single using p_images[number:number];
    exception
      when lock_not_available or query_canceled then raise;
      when others then single := array[null];
    end;
    texts := texts || single;
  end loop;
  return texts;
end $$;

-- Act as a role with the given claims until the end of the (sub)transaction, as a request would. Call it as
-- the server's own role: no other may use this schema.
create or replace function slotcast.become(p_role name, p_claims text)
returns void language plpgsql volatile as $$
begin
  perform pg_catalog.set_config('request.jwt.claims', p_claims, true);
  perform pg_catalog.set_config('request.jwt.claim.sub', coalesce(p_claims::jsonb ->> 'sub', ''), true);
  perform pg_catalog.set_config('request.jwt.claim.role', p_role, true);
  perform pg_catalog.set_config('role', p_role, true);
end $$;

-- The verdict on images of one table for viewers of one role.
--
--   p_columns      names of the columns whose values the images hold
--   p_images       one JSON array of text forms for each image
--   p_claims       one JSON text for each viewer: what request.jwt.claims is set to
--   p_search_path  the search_path under which the policies' functions run
--   p_after        transactions (see slotcast.are_visible) that the policies have to see the effects of
--
-- Returns nothing while p_after are not visible yet. Else it returns one row for the role (verdicts is null;
-- judgeable tells whether the images hold all that the policies need) and then, unless unconditional or not judgeable, one for each viewer, in order: a letter for
-- each image, t (may see it), f (may not) or e (the policy raised an error, whose SQLSTATE is failure).
create or replace function slotcast.judge(
  p_relation oid, p_role name, p_columns text[], p_images jsonb[], p_claims text[], p_search_path text,
  p_after bigint[]
)
returns table (readable text[], unconditional boolean, judgeable boolean, verdicts text, failure text)
language plpgsql volatile as $$
declare
  access record;
  texts text[];
  claims text;
  letter text;
begin
  -- What follows sees at least as much, since each statement of a volatile function has a snapshot of its own.
  if not slotcast.are_visible(p_after) then
    return;
  end if;
  select * into access from slotcast.row_access(p_relation, p_role);
  readable := access.readable;
  unconditional := access.unconditional;
  -- Mostly images hold every column, and then what the policies need is no question.
  judgeable := unconditional or access.condition is not null and not exists (
    select from pg_catalog.pg_attribute a
    where a.attrelid = p_relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      and a.attname <> all (p_columns)
      and a.attname in (select slotcast.needed_columns(p_relation, p_role)));
  return next;
  if unconditional or not judgeable or p_images = '{}' then
    return;
  end if;

  readable := null;  -- the same for all viewers, and said
  texts := slotcast.image_texts(p_relation, p_columns, p_images);
  -- The schemas that names are looked up in are those that the role may use.
  perform pg_catalog.set_config('search_path', p_search_path, true);
  perform pg_catalog.set_config('role', p_role, true);
  perform pg_catalog.set_config('search_path', (
    select coalesce(pg_catalog.string_agg(pg_catalog.quote_ident(s.name), ', ' order by s.place), '')
    from unnest(pg_catalog.current_schemas(false)) with ordinality as s(name, place)), true);
  perform pg_catalog.set_config('role', 'none', true);
  -- The server's sessions have their own forms of text; to policies, time zones are as they are to requests.
  set local datestyle to default;
  set local intervalstyle to default;
  set local timezone to default;
  set local extra_float_digits to default;
  set local bytea_output to default;
  -- What policies name was looked up when they were made, so viewers need no USAGE on the schemas of functions and
  -- types. A prepared statement keeps it looked up likewise, as long as the search_path stays the same; only where
  -- a policy itself selects from a table with row level security does PostgreSQL look again. Its plan has to be
  -- made anew for each viewer, for it holds what functions that are called immutable, even falsely, returned; hence
  -- the parameter, the number of an image.
  set local plan_cache_mode = force_custom_plan;
  if exists (select from pg_catalog.pg_prepared_statements where name = 'slotcast_judge') then
    deallocate slotcast_judge;
  end if;
  execute (
    select pg_catalog.format(
      'prepare slotcast_judge(int) as'
      ' select pg_catalog.string_agg(case when %1$s then ''t'' else ''f'' end, '''')'
      ' from unnest((%2$L::%3$I.%4$I[])[coalesce($1, 1):coalesce($1, %5$s)]) as %4$I',
      access.condition, texts, n.nspname, c.relname, pg_catalog.cardinality(texts))
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.oid = p_relation);
  foreach claims in array p_claims loop
    failure := null;
    begin
      if array_position(texts, null) is not null then
        raise invalid_text_representation;
      end if;
      perform slotcast.become(p_role, claims);
      execute 'execute slotcast_judge(null)' into verdicts;
    exception
      -- A table that is locked says nothing about the policies: the server asks again.
      when lock_not_available then raise;
      when others then
      -- One image at a time tells which of them the policies cannot judge.
      verdicts := '';
      for number in 1 .. pg_catalog.cardinality(p_images) loop
        begin
          if texts[number] is null then
            raise invalid_text_representation;
          end if;
          perform slotcast.become(p_role, claims);
          execute pg_catalog.format('execute slotcast_judge(%s)', number) into letter;
        exception
          when lock_not_available then raise;
          when others then
            letter := 'e';
            failure := sqlstate;
        end;
        perform pg_catalog.set_config('role', 'none', true);
        verdicts := verdicts || letter;
      end loop;
    end;
    perform pg_catalog.set_config('role', 'none', true);
    return next;
  end loop;
  deallocate slotcast_judge;
end $$;

-- The values, in text form, of columns that the publisher leaves out of images though they follow from the
-- others: generated columns. One array for each image, in the order of p_wanted.
create or replace function slotcast.generated_values(
  p_relation oid, p_columns text[], p_images jsonb[], p_wanted text[]
)
returns setof text[] language plpgsql stable set search_path = pg_catalog as $$
begin
  return query execute format(
    'select array[%s] from %s',
    (select string_agg(format('case when num_nulls(%1$I) = 0 then format(''%%s'', %1$I) end', w.name), ', ' order by w.n)
     from unnest(p_wanted) with ordinality as w(name, n)),
    slotcast.image_rows(p_relation, p_columns)) using p_images;
end $$;

-- What is true of viewers whatever the row: the results of queries, each of which gives one text, as a role and
-- with the claims of each viewer.
--
--   p_queries      the queries; those for which p_as_server is true run as the server's own role, which then has
--                  to see what the owner of a SECURITY DEFINER function sees
--   p_after        transactions (see slotcast.are_visible) that the results have to show the effects of
--
-- Returns nothing while p_after are not visible yet. Else it returns one row that tells the snapshot, and from
-- which position of the log on no transaction can be in it; then one for each viewer and query. Being stable, it
-- sees one snapshot throughout.
create or replace function slotcast.facts(
  p_role name, p_claims text[], p_queries text[], p_as_server boolean[], p_search_path text, p_after bigint[]
)
returns table (result text, failure text)
language plpgsql stable as $$
declare
  claims text;
  former_path text := pg_catalog.current_setting('search_path');
begin
  if not slotcast.are_visible(p_after) then
    return;
  end if;
  result := pg_catalog.pg_current_snapshot()::text;
  failure := pg_catalog.pg_current_wal_insert_lsn()::text;
  return next;
  perform pg_catalog.set_config('search_path', p_search_path, true);
  foreach claims in array p_claims loop
    for number in 1 .. pg_catalog.cardinality(p_queries) loop
      begin
        result := null;
        failure := null;
        perform slotcast.become(p_role, claims);
        if p_as_server[number] then
          perform pg_catalog.set_config('role', 'none', true);
        end if;
        execute p_queries[number] into result;
      exception
        when lock_not_available or query_canceled then raise;
        when others then
          result := null;
          failure := sqlstate;
      end;
      perform pg_catalog.set_config('role', 'none', true);
      return next;
    end loop;
  end loop;
  perform pg_catalog.set_config('search_path', former_path, true);
end $$;

-- The truth of immutable expressions over the columns of a table's row images: for each image a letter for each
-- expression, t, f, n (null) or e (it raised an error).
create or replace function slotcast.computed(
  p_relation oid, p_columns text[], p_images jsonb[], p_expressions text[]
)
returns setof text language plpgsql stable as $$
declare
  image jsonb;
  expression text;
  letter text;
  letters text;
begin
  foreach image in array p_images loop
    letters := '';
    foreach expression in array p_expressions loop
      begin
        execute pg_catalog.format('select case when %1$s then ''t'' when not (%1$s) then ''f'' else ''n'' end from %2$s',
                       expression, slotcast.image_rows(p_relation, p_columns))
        into letter using array[image];
      exception
        when lock_not_available or query_canceled then raise;
        when others then letter := 'e';
      end;
      letters := letters || letter;
    end loop;
    return next letters;
  end loop;
end $$;

-- Texts that are others once a role, and once a policy, table, function, schema or privilege has changed. Unless
-- p_all, the second is null where slotcast_definitions tells of those.
create or replace function slotcast.definitions(p_all boolean, out roles text, out objects text)
language sql stable set search_path = pg_catalog as $$
  select md5(concat_ws('|',
    (select string_agg(r::text, ',' order by rolname)
     from (select rolname, rolsuper, rolinherit, rolbypassrls, oid from pg_roles) r),
    (select string_agg(m::text, ',' order by m.*) from pg_auth_members m),
    (select string_agg(s::text, ',' order by s.setdatabase, s.setrole) from pg_db_role_setting s))),
  case when p_all or not exists (select from pg_event_trigger
                                 where evtname = 'slotcast_definitions' and evtenabled in ('O', 'A')) then
    md5(concat_ws('|',
      (select string_agg(oid || ' ' || xmin::text, ',' order by oid) from pg_policy),
      (select string_agg(oid || ' ' || xmin::text, ',' order by oid) from pg_proc where oid >= 16384),
      (select string_agg(oid || ' ' || xmin::text, ',' order by oid) from pg_rewrite where oid >= 16384),
      (select string_agg(oid || ' ' || xmin::text, ',' order by oid) from pg_operator where oid >= 16384),
      (select string_agg(oid || ' ' || xmin::text, ',' order by oid) from pg_cast where oid >= 16384),
      (select string_agg(oid || ' ' || xmin::text, ',' order by oid) from pg_enum),
      (select string_agg(oid || ' ' || xmin::text, ',' order by oid) from pg_constraint where contypid <> 0),
      -- Not xmin, which is another one after TRUNCATE or VACUUM FULL, too.
      (select string_agg(concat_ws(' ', oid, relname, relnamespace, relowner, relkind, relpersistence,
                                   relrowsecurity, relforcerowsecurity, relreplident, relispartition, relacl, reloptions),
                         ',' order by oid)
       from pg_class where oid >= 16384 and relkind in ('r', 'p', 'v', 'm', 'f') and relpersistence <> 't'),
      (select string_agg(a.attrelid || ' ' || a.attnum || ' ' || a.xmin::text, ',' order by a.attrelid, a.attnum)
       from pg_attribute a join pg_class c on c.oid = a.attrelid
       where a.attrelid >= 16384 and a.attnum > 0
         and c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't'),
      (select string_agg(indrelid || ' ' || indkey::text, ',' order by indrelid)
       from pg_index where indisprimary and indrelid >= 16384),
      (select string_agg(oid || ' ' || xmin::text, ',' order by oid) from pg_namespace
       where nspname !~ '^pg_(toast_)?temp_')))
  end
$$;

-- Tell in the write-ahead log that something was defined anew on which policies may depend, so that the server
-- knows in the order of commits. Roles are in no database, and the server looks at them by itself.
create or replace function slotcast.announce_definitions()
returns event_trigger language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform pg_logical_emit_message(true, 'slotcast', 'definitions');
end $$;

do $migration$
begin
  drop event trigger if exists slotcast_definitions;
  create event trigger slotcast_definitions on ddl_command_end
    when tag in (
      'CREATE POLICY', 'ALTER POLICY', 'DROP POLICY', 'ALTER TABLE', 'DROP TABLE', 'GRANT', 'REVOKE',
      'CREATE FUNCTION', 'ALTER FUNCTION', 'DROP FUNCTION', 'DROP ROUTINE', 'ALTER ROUTINE', 'CREATE VIEW', 'ALTER VIEW',
      'DROP VIEW', 'CREATE RULE', 'DROP RULE', 'CREATE SCHEMA', 'ALTER SCHEMA', 'DROP SCHEMA', 'DROP OWNED',
      'CREATE TYPE', 'ALTER TYPE', 'DROP TYPE', 'CREATE DOMAIN', 'ALTER DOMAIN', 'DROP DOMAIN',
      'CREATE OPERATOR', 'ALTER OPERATOR', 'DROP OPERATOR', 'CREATE CAST', 'DROP CAST', 'CREATE AGGREGATE',
      'CREATE EXTENSION', 'ALTER EXTENSION', 'DROP EXTENSION')
    execute function slotcast.announce_definitions();
exception when insufficient_privilege then
  raise notice 'only a superuser may create event triggers: changed functions are noticed within half a second';
end $migration$;

-- The server looks which migrations there are.
grant select on slotcast.migrations to public;
