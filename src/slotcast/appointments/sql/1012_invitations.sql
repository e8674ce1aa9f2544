-- People are invited into a workspace by their address, whether they have an account yet or not. What lets them in is
-- a token that is handed over once, in a mail or by the one who invites, and signing in with that address.

create table public.workspace_invitations (
  id           uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  email        text not null check (email = lower(email) and email ~ '^\S+@\S+$' and length(email) <= 254),
  role         text not null check (role in ('owner', 'admin', 'staff', 'viewer')),
  token_hash   bytea not null unique,  -- not granted to clients
  invited_by   uuid not null references public.profiles (id) on delete cascade,
  created_at   timestamptz not null default now(),
  expires_at   timestamptz not null default now() + interval '7 days',
  unique (workspace_id, email)
);
alter table public.workspace_invitations enable row level security;

create policy "admins see whom they wait for"
  on public.workspace_invitations for select to authenticated
  using (workspace_id = any ((select app_private.my_workspaces('admin'))::uuid[]));

create function app_private.may_invite(inviter_role text, invited_role text) returns boolean
language sql immutable set search_path = '' as $$
  select coalesce(inviter_role = 'owner' or inviter_role = 'admin' and invited_role <> 'owner', false)
$$;

-- As only owners make owners, only they change their mind about one.
create policy "admins take back"
  on public.workspace_invitations for delete to authenticated
  using (
    workspace_id = any ((select app_private.my_workspaces('admin'))::uuid[])
    and app_private.may_invite(app_private.my_role(workspace_id), role)
  );

-- Default privileges of schema public have opened everything.
revoke all on public.workspace_invitations from anon, authenticated;
grant select (id, workspace_id, email, role, invited_by, created_at, expires_at), delete
  on public.workspace_invitations to authenticated;

-- Gives the token, which nobody can read again. Inviting an address anew makes the former token worthless.
create function public.invite_member(p_workspace uuid, p_email text, p_role text) returns text
language plpgsql security definer set search_path = '' as $$
declare
  mine text := app_private.my_role(p_workspace);
  address text := lower(btrim(p_email));
  -- Two random UUIDs have 244 random bits.
  token text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
  if not app_private.may_invite(mine, 'staff') then
    raise exception 'only admins of a workspace can invite into it' using errcode = '42501', hint = 'only_admins';
  end if;
  if not app_private.may_invite(mine, p_role) then
    raise exception 'only an owner can make an owner' using errcode = '42501', hint = 'only_owners';
  end if;
  -- Or several at once would be too many together.
  perform from public.workspaces w where w.id = p_workspace for no key update;
  if exists (
    select from public.workspace_members m join auth.users u on u.id = m.user_id
    where m.workspace_id = p_workspace and lower(to_jsonb(u) ->> 'email') = address
  ) then
    raise exception 'this address is a member''s already' using errcode = 'P0001', hint = 'member_already';
  end if;
  delete from public.workspace_invitations i where i.workspace_id = p_workspace and i.expires_at <= now();
  if (
    select count(*) from public.workspace_invitations i where i.workspace_id = p_workspace and i.email <> address
  ) >= 100 then
    raise exception 'a workspace can have 100 open invitations' using errcode = 'P0001', hint = 'too_many_invitations';
  end if;
  insert into public.workspace_invitations as open (workspace_id, email, role, token_hash, invited_by)
  values (p_workspace, address, p_role, sha256(convert_to(token, 'UTF8')), auth.uid())
  on conflict (workspace_id, email) do update
    set role = excluded.role, token_hash = excluded.token_hash, invited_by = excluded.invited_by,
        created_at = excluded.created_at, expires_at = excluded.expires_at
    where app_private.may_invite(mine, open.role);
  if not found then
    raise exception 'only an owner can change an owner''s invitation'
      using errcode = '42501', hint = 'only_owners';
  end if;
  return token;
end $$;

-- Makes the caller a member, once; gives the workspace's slug. A token that is used, taken back or too old, or whose
-- author may not invite any more, is as unknown as any other.
create function public.accept_invitation(p_token text) returns text
language plpgsql security definer set search_path = '' as $$
declare
  invitation public.workspace_invitations;
begin
  if auth.uid() is null then
    raise exception 'sign in first' using errcode = '42501', hint = 'sign_in_first';
  end if;
  delete from public.workspace_invitations i
  where i.token_hash = sha256(convert_to(p_token, 'UTF8')) and i.expires_at > now()
    and exists (
      select from public.workspace_members m
      where m.workspace_id = i.workspace_id and m.user_id = i.invited_by and app_private.may_invite(m.role, i.role)
    )
  returning i.* into invitation;
  if invitation.id is null then
    raise exception 'there is no such invitation' using errcode = 'PT404', hint = 'no_such_invitation';
  end if;
  if invitation.email is distinct from lower(auth.email()) then
    raise exception 'this invitation is for another address' using errcode = '42501', hint = 'other_address';
  end if;
  insert into public.workspace_members (workspace_id, user_id, role)
  values (invitation.workspace_id, auth.uid(), invitation.role)
  on conflict do nothing;
  return (select w.slug from public.workspaces w where w.id = invitation.workspace_id);
end $$;

revoke execute on function app_private.may_invite(text, text) from public;
grant execute on function app_private.may_invite(text, text) to authenticated;
revoke execute on function public.invite_member(uuid, text, text), public.accept_invitation(text) from public, anon;
grant execute on function public.invite_member(uuid, text, text), public.accept_invitation(text) to authenticated;
