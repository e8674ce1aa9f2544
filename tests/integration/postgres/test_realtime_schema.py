"""Schema `realtime`: broadcasts from SQL, who may send them, and how long they are kept."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from support.postgres import apply_migrations

if TYPE_CHECKING:
    from collections.abc import Generator

    from support.postgres import Database

CLIENT_ROLES = ["anon", "authenticated", "service_role"]

POLICIES = """
create policy members_read on realtime.messages for select to authenticated
  using (realtime.topic() like 'room-%' and extension = 'broadcast');
create policy members_write on realtime.messages for insert to authenticated
  with check (realtime.topic() = 'room-open' or 1 / (length(realtime.topic()) - 9) is null);
"""

OF_SUPABASE = """
create schema realtime;
create table realtime.messages (
  topic text not null, extension text not null, payload jsonb, event text,
  private boolean default false,
  updated_at timestamp not null default now(), inserted_at timestamp not null default now(),
  id uuid not null default gen_random_uuid(), primary key (id, inserted_at)
) partition by range (inserted_at);
create table realtime.messages_all partition of realtime.messages
  for values from ('2000-01-01') to ('2200-01-01');
create function realtime.topic() returns text language sql stable as $$ select 'theirs' $$;
create function realtime.send(payload jsonb, event text, topic text, private boolean default true)
returns void language sql as $$
  insert into realtime.messages (payload, event, topic, private, extension)
  values ($1, $2, $3, $4, 'broadcast')
$$;
"""


@contextmanager
def connected(database: Database) -> Generator[psycopg.Connection]:
    with psycopg.connect(database.url, autocommit=True) as connection:
        yield connection


def rows(connection: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def warnings_of(connection: psycopg.Connection) -> list[str]:
    said: list[str] = []
    connection.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
    return said


def access(
    connection: psycopg.Connection,
    role: str,
    topic: str,
    *,
    write: bool = False,
    claims: str = "{}",
) -> tuple[Any, ...]:
    found = connection.execute(
        "select * from slotcast.channel_access(%s, %s, %s, %s, %s, 'public')",
        [[topic], [role], [claims], ["{}"], write],
    ).fetchone()
    assert found is not None
    return found


def test_send_stores_a_message_whose_payload_has_an_id(database: Database) -> None:
    with connected(database) as connection:
        connection.execute("select realtime.send('{\"a\": 1}', 'created', 'room-1')")
        connection.execute("select realtime.send('{\"id\": \"mine\"}', 'created', 'room-1', false)")
        first, second = rows(
            connection,
            "select id::text, topic, extension, event, private, payload from realtime.messages"
            " order by sequence_number",
        )

    assert first[1:5] == ("room-1", "broadcast", "created", True)
    assert first[5] == {"a": 1, "id": first[0]}
    assert second[4:] == (False, {"id": "mine"})


def test_send_binary_stores_bytes(database: Database) -> None:
    with connected(database) as connection:
        connection.execute(r"select realtime.send_binary('\x00ff', 'blob', 'room-1')")
        found = rows(connection, "select payload, binary_payload, private from realtime.messages")

    assert found == [(None, b"\x00\xff", True)]


def test_a_broadcast_that_fails_is_a_warning_and_no_error(database: Database) -> None:
    with connected(database) as connection:
        said = warnings_of(connection)
        with connection.transaction():
            connection.execute("create table kept (n int)")
            connection.execute("set local role authenticated")
            connection.execute("select realtime.send('{}', 'created', 'room-1')")
            connection.execute("select realtime.send('{}', 'created', null)")
        found = rows(
            connection, "select to_regclass('kept')::text, (select count(*) from realtime.messages)"
        )

    assert found == [("kept", 0)]
    assert len(said) == 2
    assert said[0] == (
        "WarnSendingBroadcastMessage: new row violates row-level security policy for table"
        ' "messages"'
    )


@pytest.mark.parametrize("role", CLIENT_ROLES)
def test_every_client_role_may_send_what_a_policy_lets_it(database: Database, role: str) -> None:
    with connected(database) as connection:
        connection.execute(
            "create policy anybody on realtime.messages for insert"
            " with check (realtime.topic() = 'lobby')"
        )
        with connection.transaction():
            connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
            connection.execute("select realtime.send('{}', 'hello', 'lobby')")
        found = rows(connection, "select topic from realtime.messages")

    assert found == [("lobby",)]


def test_a_trigger_tells_of_changes(database: Database) -> None:
    with connected(database) as connection:
        connection.execute("""
            create table items (id int primary key, name text);
            create function tell() returns trigger language plpgsql security definer as $$
            begin
              perform realtime.broadcast_changes(
                'items', tg_op, tg_op, tg_table_name, tg_table_schema, new, old);
              return null;
            end $$;
            create trigger tell after insert or update or delete on items
              for each row execute function tell();
            insert into items values (1, 'a');
            update items set name = 'b';
            delete from items;
        """)
        found = rows(
            connection,
            "select event, private, payload - 'id' from realtime.messages order by sequence_number",
        )

    old, new = {"id": 1, "name": "a"}, {"id": 1, "name": "b"}
    about = {"schema": "public", "table": "items"}
    assert found == [
        ("INSERT", True, {**about, "operation": "INSERT", "record": old, "old_record": None}),
        ("UPDATE", True, {**about, "operation": "UPDATE", "record": new, "old_record": old}),
        ("DELETE", True, {**about, "operation": "DELETE", "record": None, "old_record": new}),
    ]


@pytest.mark.parametrize(
    ("operation", "level", "problem"),
    [
        ("TRUNCATE", "ROW", "Unexpected operation type: TRUNCATE"),
        ("INSERT", "STATEMENT", "function can only be triggered for each row"),
    ],
)
def test_a_trigger_of_the_wrong_kind_is_told_so(
    database: Database, operation: str, level: str, problem: str
) -> None:
    with (
        connected(database) as connection,
        pytest.raises(psycopg.errors.RaiseException, match=problem),
    ):
        connection.execute(
            "select realtime.broadcast_changes('t', 'e', %s, 't', 's', null, null, %s)",
            [operation, level],
        )


def test_a_missing_partition_is_made_for_whoever_sends(database: Database) -> None:
    with connected(database) as connection:
        connection.execute(
            "create policy anybody on realtime.messages for insert with check (true)"
        )
        for (partition,) in rows(
            connection,
            "select inhrelid::regclass::text from pg_inherits"
            " where inhparent = 'realtime.messages'::regclass",
        ):
            connection.execute(f"drop table {partition}".encode())
        with connection.transaction():
            connection.execute("set local role anon")
            connection.execute("select realtime.send('{}', 'e', 'room-1')")
        found = rows(connection, "select topic from realtime.messages")

    assert found == [("room-1",)]


def test_partitions_go_when_their_messages_are_too_old(database: Database) -> None:
    with connected(database) as connection:
        connection.execute("""
            create table realtime.messages_2020_02_03 partition of realtime.messages
              for values from ('2020-02-03') to ('2020-02-04');
            create table realtime.messages_kept partition of realtime.messages
              for values from ('2020-02-04') to ('2020-02-05');
            select slotcast.drop_message_partitions(3), slotcast.add_message_partitions();
        """)
        found = rows(
            connection,
            "select to_regclass('realtime.messages_2020_02_03')::text,"
            " to_regclass('realtime.messages_kept')::text,"
            " (select count(*) from pg_inherits where inhparent = 'realtime.messages'::regclass)",
        )

    assert found == [(None, "realtime.messages_kept", 5)]


def test_messages_of_one_transaction_are_replayed_in_their_order(database: Database) -> None:
    with connected(database) as connection:
        connection.execute(
            "select realtime.send(jsonb_build_object('n', n), 'e', 'room-1')"
            " from generate_series(1, 40) as n"
        )
        connection.execute("select realtime.send('{\"n\": 0}', 'e', 'room-1', false)")
        found = rows(connection, "select payload from slotcast.recent_messages('room-1', 0, 25)")
        since_tomorrow = rows(
            connection,
            "select * from slotcast.recent_messages("
            "'room-1', (extract(epoch from now()) * 1000)::bigint + 86400000, 25)",
        )

    assert [json.loads(payload)["n"] for (payload,) in found] == list(range(16, 41))
    assert since_tomorrow == []


def test_policies_decide_about_reading_by_topic_role_and_extension(database: Database) -> None:
    with connected(database) as connection:
        connection.execute(POLICIES.encode())

        assert access(connection, "authenticated", "room-1") == (True, False, None)
        assert access(connection, "authenticated", "other") == (False, False, None)
        assert access(connection, "anon", "room-1") == (False, False, None)
        assert access(connection, "service_role", "anything") == (True, True, None)


def test_policies_decide_about_writing_and_one_that_raises_permits_nothing(
    database: Database,
) -> None:
    with connected(database) as connection:
        connection.execute(POLICIES.encode())

        assert access(connection, "authenticated", "room-open", write=True)[:2] == (True, True)
        assert access(connection, "authenticated", "closed", write=True) == (False, False, None)
        assert access(connection, "authenticated", "room-next", write=True) == (
            False,
            False,
            "22012",
        )
        assert access(connection, "nobody", "room-1") == (False, False, "22023")


def test_asking_leaves_nothing_behind(database: Database) -> None:
    with connected(database) as connection:
        connection.execute(POLICIES.encode())
        access(connection, "authenticated", "room-open")
        access(connection, "authenticated", "room-open", write=True)
        found = rows(
            connection,
            "select (select count(*) from realtime.messages), current_user::text,"
            " current_setting('realtime.topic', true)",
        )

    assert found == [(0, "postgres", "")]


def test_what_supabase_has_stays_as_it_is(bare_database: Database) -> None:
    with connected(bare_database) as connection:
        connection.execute(OF_SUPABASE.encode())
        apply_migrations(bare_database.url)
        apply_migrations(bare_database.url)
        connection.execute("grant usage on schema realtime to service_role")
        connection.execute("grant select on realtime.messages to service_role")
        connection.execute("select realtime.send('{\"n\": 1}', 'e', 'room-1')")
        found = rows(
            connection,
            "select realtime.topic(), (select count(*) from pg_attribute where attrelid ="
            " 'realtime.messages'::regclass and attnum > 0), (select count(*) from pg_inherits"
            " where inhparent = 'realtime.messages'::regclass)",
        )
        recent = rows(
            connection,
            "select event, payload, binary_payload from slotcast.recent_messages('room-1', 0, 25)",
        )
        allowed = access(connection, "service_role", "room-1")

    assert found[0][:2] == ("theirs", 8)
    assert recent == [("e", '{"n": 1}', None)]
    assert allowed == (True, True, None)
