-- The tables whose changes clients may subscribe to. It begins empty:
--   alter publication supabase_realtime add table public.orders;
-- Changes of partitions count as changes of their root, which is the table that clients know. From
-- PostgreSQL 18 on generated columns are published too: without them it refuses to update a table whose
-- replica identity is full and has one.

do $$
begin
  if not exists (select from pg_publication where pubname = 'supabase_realtime') then
    execute 'create publication supabase_realtime with (publish_via_partition_root = true'
      || case when current_setting('server_version_num')::integer >= 180000
              then ', publish_generated_columns = stored' else '' end
      || ')';
  end if;
end $$;
