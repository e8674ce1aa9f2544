-- The tables that the dashboard and the booking app subscribe to. A table may be published already.

do $$
declare
  relation regclass;
begin
  foreach relation in array array[
    'public.appointments', 'public.busy_slots', 'public.appointment_events', 'public.team_members', 'public.services'
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
