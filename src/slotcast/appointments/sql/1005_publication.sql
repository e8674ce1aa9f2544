-- The tables that the dashboard and the booking app subscribe to. A table may be published already.

do $$
declare
  relation regclass;
begin
  foreach relation in array array[
    'public.appointments', 'public.busy_slots', 'public.appointment_events', 'public.appointment_staff_notes',
    'public.workspaces', 'public.workspace_members', 'public.team_members', 'public.services',
    'public.team_member_services', 'public.customers', 'public.working_hours', 'public.working_hour_exceptions',
    'public.time_off'
  ]::regclass[] loop
    if not exists (
      select from pg_publication_tables p
      join pg_namespace n on n.nspname = p.schemaname
      join pg_class c on c.relnamespace = n.oid and c.relname = p.tablename
      where p.pubname = 'supabase_realtime' and c.oid = relation
    ) then
      execute format('alter publication supabase_realtime add table %s', relation);
    end if;
  end loop;
end $$;

-- A publication that was there before may leave generated columns out; then PostgreSQL 18 and later refuse to
-- update appointments, whose replica identity is full and has one.
do $$
begin
  if current_setting('server_version_num')::integer >= 180000 then
    alter publication supabase_realtime set (publish_generated_columns = stored);
  end if;
end $$;
