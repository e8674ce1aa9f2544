-- A member's weekly hours are saved as a whole or not at all, and two who save at once take turns.
--
-- SECURITY INVOKER: row level security decides. Who may not change the member finds none to lock.
create function public.save_working_hours(p_member uuid, p_hours jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  workspace uuid;
begin
  if jsonb_typeof(p_hours) is distinct from 'array' then
    raise exception 'p_hours has to be an array of {weekday, opens, closes}' using errcode = '22023';
  end if;
  select t.workspace_id into workspace from public.team_members t where t.id = p_member for no key update;
  if workspace is null then
    raise exception 'only admins of its workspace can change the hours of a member'
      using errcode = '42501', hint = 'only_admins';
  end if;

  -- What stays as it is keeps its row, so that live pages hear of what changed and of nothing else.
  delete from public.working_hours h
  where h.team_member_id = p_member
    and not exists (
      select from jsonb_to_recordset(p_hours) as wanted (weekday smallint, opens time, closes time)
      where (wanted.weekday, wanted.opens, wanted.closes) = (h.weekday, h.opens, h.closes)
    );
  insert into public.working_hours (workspace_id, team_member_id, weekday, opens, closes)
  select distinct workspace, p_member, wanted.weekday, wanted.opens, wanted.closes
  from jsonb_to_recordset(p_hours) as wanted (weekday smallint, opens time, closes time)
  where not exists (
    select from public.working_hours h
    where h.team_member_id = p_member
      and (wanted.weekday, wanted.opens, wanted.closes) = (h.weekday, h.opens, h.closes)
  );
exception
  when exclusion_violation then
    raise exception 'hours of one day overlap' using errcode = '23P01', hint = 'hours_overlap';
end $$;

-- Default privileges of schema public have opened it to everybody.
revoke execute on function public.save_working_hours(uuid, jsonb) from public, anon;
grant execute on function public.save_working_hours(uuid, jsonb) to authenticated, service_role;
