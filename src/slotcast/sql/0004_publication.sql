-- The tables whose changes clients may subscribe to. It begins empty:
--   alter publication supabase_realtime add table public.orders;

do $$
begin
  if not exists (select from pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
end $$;
