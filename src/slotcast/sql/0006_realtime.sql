-- Private channels and broadcasts from the database, under the names that Supabase gives them.
--
-- A row in realtime.messages is a broadcast: the server finds it in the write-ahead log and sends it to the
-- channel that it names. Policies on the table decide who may join a private channel (SELECT) and who may send
-- to it (INSERT). What exists already, on a Supabase database all of schema realtime, stays as it is.

create schema if not exists realtime;

do $migration$
begin
  if to_regclass('realtime.messages') is not null then
    return;
  end if;

  -- now() is the same for all messages of a transaction; this tells in which order they were sent.
  create sequence realtime.messages_sequence_number;
  create table realtime.messages (
    topic           text      not null,
    extension       text      not null,
    payload         jsonb,
    binary_payload  bytea,
    event           text,
    private         boolean   default false,
    updated_at      timestamp not null default (now() at time zone 'utc'),
    inserted_at     timestamp not null default (now() at time zone 'utc'),
    id              uuid      not null default gen_random_uuid(),
    sequence_number bigint    not null default nextval('realtime.messages_sequence_number'),
    primary key (id, inserted_at)
  ) partition by range (inserted_at);
  alter sequence realtime.messages_sequence_number owned by realtime.messages.sequence_number;
  create index messages_inserted_at_topic_index on realtime.messages (topic, inserted_at desc, sequence_number desc)
    where extension = 'broadcast' and private;

  alter table realtime.messages enable row level security;
  grant usage on schema realtime to anon, authenticated, service_role;
  grant select, insert, update on realtime.messages to anon, authenticated, service_role;
  grant usage on sequence realtime.messages_sequence_number to anon, authenticated, service_role;
end $migration$;

-- Whether realtime.messages is the table that was made above. Supabase's own has a janitor of its own.
create or replace function slotcast.keeps_messages()
returns boolean language sql stable set search_path = pg_catalog, pg_temp as $$
  select exists (select from pg_attribute
                 where attrelid = 'realtime.messages'::regclass and attname = 'sequence_number')
$$;

-- Partitions for today (UTC) and the days after. The server calls this every day, and a broadcast that finds
-- no partition because there was no server for days. It runs with its owner's rights, for the role that sends
-- has none on the schema; all it can do is add the partitions that are due.
create or replace function slotcast.add_message_partitions()
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  today date := (now() at time zone 'utc')::date;
  due date;
  partition_name text;
begin
  if not slotcast.keeps_messages() then
    return;
  end if;
  for due in select today + n from generate_series(0, 3) as n loop
    partition_name := 'messages_' || to_char(due, 'YYYY_MM_DD');
    continue when to_regclass(format('realtime.%I', partition_name)) is not null;
    perform pg_advisory_xact_lock(hashtextextended('realtime.messages partitions', 0));
    continue when to_regclass(format('realtime.%I', partition_name)) is not null;
    -- Attaching, unlike CREATE TABLE … PARTITION OF, lets others go on sending.
    execute format('create table realtime.%I (like realtime.messages including defaults including constraints)',
                   partition_name);
    execute format('alter table realtime.messages attach partition realtime.%I for values from (%L) to (%L)',
                   partition_name, due, due + 1);
  end loop;
end $$;

-- Partitions that are older than the messages to keep go. One that is in use is left for the next time.
create or replace function slotcast.drop_message_partitions(p_days_kept integer)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  oldest date := (now() at time zone 'utc')::date - p_days_kept;
  partition regclass;
begin
  perform set_config('lock_timeout', '1s', true);
  for partition in
    select c.oid
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'realtime.messages'::regclass and slotcast.keeps_messages()
      and c.relname ~ '^messages_\d{4}_\d{2}_\d{2}$' and right(c.relname, 10) < to_char(oldest, 'YYYY_MM_DD')
  loop
    begin
      execute format('drop table %s', partition);
    exception when lock_not_available then
      null;
    end;
  end loop;
end $$;

do $migration$
begin
  if to_regprocedure('realtime.topic()') is null then
    create function realtime.topic()
    returns text language sql stable as $$
      select nullif(current_setting('realtime.topic', true), '')
    $$;
  end if;

  -- What send and send_binary have in common. It has no search_path of its own, since the functions that
  -- policies call would run under it.
  if to_regprocedure('realtime.send(jsonb,text,text,boolean)') is null then
    create or replace function realtime.store_message(
      message_id uuid, message_payload jsonb, message_bytes bytea,
      message_event text, message_topic text, is_private boolean
    )
    returns void language plpgsql volatile as $$
    begin
      perform pg_catalog.set_config('realtime.topic', message_topic, true);
      begin
        insert into realtime.messages (id, payload, binary_payload, event, topic, private, extension)
        values (message_id, message_payload, message_bytes, message_event, message_topic, is_private, 'broadcast');
      exception when check_violation then
        -- Mostly: there is no partition for today.
        perform realtime.add_partitions();
        insert into realtime.messages (id, payload, binary_payload, event, topic, private, extension)
        values (message_id, message_payload, message_bytes, message_event, message_topic, is_private, 'broadcast');
      end;
    exception when others then
      -- A broadcast must not fail whatever it tells about.
      raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
    end $$;

    -- For callers that may not use schema slotcast.
    create or replace function realtime.add_partitions()
    returns void language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
      select slotcast.add_message_partitions()
    $$;

    create function realtime.send(payload jsonb, event text, topic text, private boolean default true)
    returns void language plpgsql volatile as $$
    declare
      message_id uuid := pg_catalog.gen_random_uuid();
    begin
      perform realtime.store_message(
        message_id,
        case when pg_catalog.jsonb_typeof(payload) = 'object' and not pg_catalog.jsonb_exists(payload, 'id')
             then pg_catalog.jsonb_set(payload, '{id}', pg_catalog.to_jsonb(message_id)) else payload end,
        null, event, topic, private);
    end $$;
  end if;

  if to_regprocedure('realtime.send_binary(bytea,text,text,boolean)') is null
     and to_regprocedure('realtime.store_message(uuid,jsonb,bytea,text,text,boolean)') is not null then
    create function realtime.send_binary(payload bytea, event text, topic text, private boolean default true)
    returns void language plpgsql volatile as $$
    begin
      perform realtime.store_message(pg_catalog.gen_random_uuid(), null, payload, event, topic, private);
    end $$;
  end if;

  if to_regprocedure('realtime.broadcast_changes(text,text,text,text,text,record,record,text)') is null then
    create function realtime.broadcast_changes(
      topic_name text, event_name text, operation text, table_name text, table_schema text,
      new record, old record, level text default 'ROW'
    )
    returns void language plpgsql volatile as $$
    begin
      -- These two are mistakes in a trigger's definition, which show themselves at once.
      if level = 'STATEMENT' then
        raise exception 'Failed to process the row: function can only be triggered for each row, not for each statement';
      end if;
      if operation is null or operation not in ('INSERT', 'UPDATE', 'DELETE') then
        raise exception 'Failed to process the row: Unexpected operation type: %', operation;
      end if;
      perform realtime.send(
        pg_catalog.jsonb_build_object('operation', operation, 'schema', table_schema, 'table', table_name,
                                      'record', new, 'old_record', old),
        event_name, topic_name);
    end $$;
  end if;
end $migration$;

select slotcast.add_message_partitions();

-- What the server reads from the log for itself and never shows as a change: realtime.messages, and the tables
-- that policies on it depend on, which slotcast.watch_table adds as they become known.
do $migration$
begin
  if not exists (select from pg_publication where pubname = 'slotcast_private') then
    execute 'create publication slotcast_private with (publish_via_partition_root = true'
      || case when current_setting('server_version_num')::integer >= 180000
              then ', publish_generated_columns = stored' else '' end
      || ')';
  end if;
  if not exists (select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
                 where p.pubname = 'slotcast_private' and r.prrelid = 'realtime.messages'::regclass) then
    alter publication slotcast_private add table realtime.messages;
  end if;
exception when insufficient_privilege then
  -- On Supabase another role owns the table; the server says what to do about it.
  raise notice 'realtime.messages could not be added to the publication slotcast_private: %', sqlerrm;
end $migration$;

-- Let changes of a table be seen in the log: all that is committed after the transaction that calls this.
--
--   p_publication  the publication that clients may subscribe to, where the table may be already
--
-- Returns null, 'busy' when writers did not let it happen within p_lock_timeout (then ask again), or why the
-- table cannot be watched.
create or replace function slotcast.watch_table(p_table oid, p_publication name, p_lock_timeout text)
returns text language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  relation record;
  public_filter boolean;
begin
  select c.*, format('%I.%I', n.nspname, c.relname) as identifier into relation
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = p_table;
  if not found then
    return 'it does not exist any more';
  end if;
  select bool_or(t.rowfilter is not null or not (p.pubinsert and p.pubupdate and p.pubdelete)) into public_filter
  from pg_publication_tables t
  join pg_publication p on p.pubname = t.pubname
  where t.pubname = p_publication and format('%I.%I', t.schemaname, t.tablename) = relation.identifier;
  if public_filter then
    return format('publication %I leaves out some of its changes', p_publication);
  elsif public_filter is not null then
    return null;
  end if;
  if exists (select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
             where p.pubname = 'slotcast_private' and r.prrelid = p_table) then
    return null;
  end if;
  if relation.relkind not in ('r', 'p') or relation.relpersistence <> 'p' or p_table < 16384 then
    return 'its changes are not in the write-ahead log';
  end if;
  -- PostgreSQL would refuse to update and delete rows of such a table once it is published.
  if relation.relreplident = 'n'
     or relation.relreplident = 'd'
        and not exists (select from pg_index i where i.indrelid = p_table and i.indisprimary and i.indisvalid) then
    return format('it has no primary key; give it one, or run ALTER TABLE %s REPLICA IDENTITY FULL',
                  relation.identifier);
  end if;
  perform set_config('lock_timeout', p_lock_timeout, true);
  begin
    -- What a transaction wrote before the table was published does not come, so all writers have to be gone.
    execute format('lock table %s in share mode', relation.identifier);
    execute format('alter publication slotcast_private add table %s', relation.identifier);
  exception
    when lock_not_available or deadlock_detected then
      return 'busy';
    when insufficient_privilege then
      return format('%I, who migrated this database, does not own it', current_user);
    when others then
      return sqlerrm;
  end;
  return null;
end $$;

-- Watch no other tables than these, besides realtime.messages.
create or replace function slotcast.watch_only(p_tables oid[], p_publication name)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  relation regclass;
begin
  for relation in
    select r.prrelid
    from pg_publication_rel r
    join pg_publication p on p.oid = r.prpubid
    join pg_class c on c.oid = r.prrelid
    join pg_namespace n on n.oid = c.relnamespace
    where p.pubname = 'slotcast_private' and r.prrelid <> 'realtime.messages'::regclass
      and (r.prrelid <> all (p_tables)
           -- Both publications would make the clients' row filter void.
           or exists (select from pg_publication_tables t
                      where t.pubname = p_publication and t.schemaname = n.nspname and t.tablename = c.relname))
  loop
    execute format('alter publication slotcast_private drop table %s', relation);
  end loop;
end $$;

-- Rows for policies to be tried on, one of each extension; whoever calls this rolls them back.
create or replace function slotcast.add_probes(p_topic text)
returns uuid[] language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  probes uuid[] := array[gen_random_uuid(), gen_random_uuid()];
begin
  begin
    insert into realtime.messages (id, topic, extension)
    values (probes[1], p_topic, 'broadcast'), (probes[2], p_topic, 'presence');
  exception when check_violation then
    perform slotcast.add_message_partitions();
    insert into realtime.messages (id, topic, extension)
    values (probes[1], p_topic, 'broadcast'), (probes[2], p_topic, 'presence');
  end;
  return probes;
end $$;

-- What roles with given claims may do on private channels, by the policies on realtime.messages.
--
--   p_topics, p_roles, p_claims, p_headers  one of each for each question; claims and headers are JSON texts
--   p_write        whether sending is asked about, else receiving
--   p_search_path  the search_path under which the policies' functions run
--
-- Returns a row for each question, in order. failure is the SQLSTATE of what a policy raised, which permits
-- nothing. Nothing that is written stays, but call it in a transaction that is rolled back: that is cheaper.
create or replace function slotcast.channel_access(
  p_topics text[], p_roles text[], p_claims text[], p_headers text[], p_write boolean, p_search_path text
)
returns table (broadcast boolean, presence boolean, failure text)
language plpgsql volatile as $$
declare
  question record;
  probes uuid[];
begin
  perform pg_catalog.set_config('search_path', p_search_path, true);
  for question in
    select * from rows from (pg_catalog.unnest(p_topics), pg_catalog.unnest(p_roles),
                             pg_catalog.unnest(p_claims), pg_catalog.unnest(p_headers)) with ordinality
      as q(topic, role, claims, headers, position) order by position
  loop
    broadcast := false;
    presence := false;
    failure := null;
    begin
      perform pg_catalog.set_config('realtime.topic', question.topic, true);
      perform pg_catalog.set_config('request.headers', question.headers, true);
      if p_write then
        perform slotcast.become(question.role, question.claims);
        begin
          insert into realtime.messages (topic, extension) values (question.topic, 'broadcast');
          broadcast := true;
        exception
          when insufficient_privilege then null;
          when others then failure := sqlstate;
        end;
        begin
          insert into realtime.messages (topic, extension) values (question.topic, 'presence');
          presence := true;
        exception
          when insufficient_privilege then null;
          when others then failure := sqlstate;
        end;
      else
        probes := slotcast.add_probes(question.topic);
        perform slotcast.become(question.role, question.claims);
        select coalesce(pg_catalog.bool_or(m.extension = 'broadcast'), false),
               coalesce(pg_catalog.bool_or(m.extension = 'presence'), false)
        into broadcast, presence
        from realtime.messages m where m.id = any (probes);
      end if;
      raise sqlstate 'SLC00';
    exception
      when sqlstate 'SLC00' then null;
      when insufficient_privilege then null;
      when others then failure := sqlstate;
    end;
    return next;
  end loop;
end $$;

-- The newest messages to a private channel since a moment (ms since 1970), oldest first.
create or replace function slotcast.recent_messages(p_topic text, p_since_ms bigint, p_limit integer)
returns table (id uuid, event text, payload text, binary_payload bytea)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- By way of JSON, because an older table of Supabase's own lacks some of the columns.
  select newest.id, newest.event, newest.fields ->> 'payload', (newest.fields ->> 'binary_payload')::bytea
  from (
    select m.id, m.event, m.inserted_at, to_jsonb(m) as fields
    from realtime.messages m
    where m.topic = p_topic and m.private and m.extension = 'broadcast'
      and m.inserted_at > to_timestamp(p_since_ms / 1000.0) at time zone 'utc'
    order by m.inserted_at desc, (to_jsonb(m) ->> 'sequence_number')::bigint desc
    limit p_limit
  ) as newest
  order by (newest.fields ->> 'sequence_number')::bigint nulls last, newest.inserted_at
$$;
