"""Tables that are altered, renamed, published and given odd names while clients are joined."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import sql

from support.phoenix import phoenix_client
from support.server import serving, token

if TYPE_CHECKING:
    from support.phoenix import PhoenixClient
    from support.postgres import Database

ALL: Final = {"event": "*", "schema": "public", "table": "*"}
SETUP: Final = """
create table public.notes (id int primary key, body text);
alter publication supabase_realtime add table public.notes;
"""
ODD: Final = 'Ta"ble. Ü🦊'


async def writing(database: Database) -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(database.url, autocommit=True)


async def records(client: PhoenixClient, name: str, count: int) -> list[Any]:
    return [c["data"].get("record") for c in await client.change_count(name, count)]


async def test_columns_and_tables_change_while_clients_are_joined(
    database: Database, slot_name: str
) -> None:
    steps = [
        ("insert into notes values (1, 'one')", {"id": 1, "body": "one"}),
        ("alter table notes add column level int default 7", None),
        ("insert into notes values (2, 'two', 2)", {"id": 2, "body": "two", "level": 2}),
        ("alter table notes rename column body to text", None),
        ("insert into notes values (3, 'three')", {"id": 3, "text": "three", "level": 7}),
        ("alter table notes alter column level type text using 'level ' || level", None),
        ("insert into notes values (4, 'four', 'x')", {"id": 4, "text": "four", "level": "x"}),
        ("alter table notes drop column text", None),
        ("insert into notes values (5, 'y')", {"id": 5, "level": "y"}),
        ("alter table notes rename to memos", None),
        ("insert into memos values (6, 'z')", {"id": 6, "level": "z"}),
        ("drop table memos", None),
        ("create table notes (id int primary key, doc jsonb)", None),
        ("insert into notes values (0)", None),
        ("alter publication supabase_realtime add table notes", None),
        ("insert into notes values (7, '[1]')", {"id": 7, "doc": [1]}),
    ]
    expected = [record for _, record in steps if record is not None]
    async with await writing(database) as writer:
        await writer.execute(SETUP)
        async with serving(database.url, slot_name) as url, phoenix_client(url) as client:
            await client.subscribe("all", ALL)
            await client.subscribe("one", {**ALL, "table": "notes"})
            count = 0
            for statement, record in steps:
                await writer.execute(statement.encode())
                count += record is not None
                await client.change_count("all", count)

            assert await records(client, "all", 0) == expected
            named = [record for record in expected if record["id"] != 6]
            assert await records(client, "one", len(named)) == named


async def test_a_published_table_is_live_for_wildcards_at_once_and_gone_as_fast(
    database: Database, slot_name: str
) -> None:
    async with await writing(database) as writer:
        await writer.execute(SETUP)
        await writer.execute("create table later (id int primary key)")
        async with serving(database.url, slot_name) as url, phoenix_client(url) as client:
            await client.subscribe("all", ALL)
            told = len(client.messages)
            await writer.execute("insert into later values (1)")
            await writer.execute("alter publication supabase_realtime add table later")
            await writer.execute("insert into later values (2)")
            async with asyncio.timeout(1):
                await client.change_count("all", 1)
            await writer.execute("alter publication supabase_realtime drop table later")
            await writer.execute("insert into later values (3)")
            await writer.execute("insert into notes values (4)")

            assert [r["id"] for r in await records(client, "all", 2)] == [2, 4]
            assert {m[3] for m in client.messages[told:]} == {"postgres_changes"}


async def test_names_may_hold_anything(database: Database) -> None:
    odd = sql.Identifier(ODD)
    async with await writing(database) as writer:
        await writer.execute(
            sql.SQL(
                "create schema {0}; grant usage on schema {0} to public;"
                "create table {0}.{0} ({0} int primary key, {1} text);"
                "alter table {0}.{0} enable row level security; grant select on {0}.{0} to public;"
                "create policy {0} on {0}.{0} using ({1} = auth.uid()::text);"
                "create publication {0} for table {0}.{0}"
            ).format(odd, sql.Identifier("select"))
        )
        async with (
            serving(database.url, "odd_slot", publication=ODD) as url,
            phoenix_client(url) as client,
        ):
            me = "aaaaaaaa-0000-4000-8000-000000000001"
            binding = {"event": "*", "schema": ODD, "table": ODD}
            await client.subscribe("odd", binding, access_token=token(me))
            await client.subscribe(
                "selected",
                {**binding, "filter": f"select=eq.{me}", "select": ["select"]},
                access_token=token(me),
            )
            for number, owner in ((1, "somebody else"), (2, me)):
                await writer.execute(
                    sql.SQL("insert into {0}.{0} values (%s, %s)").format(odd), [number, owner]
                )

            for name in ("odd", "selected"):
                assert await records(client, name, 1) == [{ODD: 2, "select": me}]


async def test_a_partitioned_table_speaks_through_its_root_and_its_policies(
    database: Database, slot_name: str
) -> None:
    async with await writing(database) as writer:
        await writer.execute("""
            create table parts (id int, owner uuid, primary key (id)) partition by range (id);
            create table parts_low partition of parts for values from (0) to (100);
            create table parts_high (owner uuid, extra int, id int not null primary key);
            alter table parts_high drop column extra;
            alter table parts attach partition parts_high for values from (100) to (200);
            alter table parts enable row level security;
            create policy own on parts using (owner = auth.uid());
            alter publication supabase_realtime add table parts;
            alter publication supabase_realtime set (publish_via_partition_root = true);
        """)
        async with serving(database.url, slot_name) as url, phoenix_client(url) as client:
            me = "aaaaaaaa-0000-4000-8000-000000000001"
            binding = {"event": "*", "schema": "public", "table": "parts"}
            await client.subscribe("parts", binding, access_token=token(me))
            for number in (1, 101):
                await writer.execute("insert into parts values (%s, gen_random_uuid())", [number])
                await writer.execute("insert into parts values (%s, %s)", [number + 1, me])
            await writer.execute("update parts set id = 150 where id = 2")

            got = await client.change_count("parts", 3)

        assert [(c["data"]["type"], c["data"]["record"]) for c in got] == [
            ("INSERT", {"id": 2, "owner": me}),
            ("INSERT", {"id": 102, "owner": me}),
            ("INSERT", {"id": 150, "owner": me}),
        ]
