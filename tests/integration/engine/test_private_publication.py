"""What the stream carries for the server's own use never reaches a client as a change."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from support.phoenix import phoenix_client
from support.server import SECRET_KEY, serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

    from support.phoenix import PhoenixClient
    from support.postgres import Database

TABLES = """
create table public.secrets (id int primary key, body text);
create table public.tides (id int primary key, body text);
alter publication supabase_realtime add table public.tides;
alter publication slotcast_private add table public.secrets;
"""

WILDCARDS = (
    {"event": "*", "schema": "*", "table": "*"},
    {"event": "*", "schema": "public"},
    {"event": "*", "schema": "*", "table": "secrets"},
    {"event": "*", "schema": "realtime"},
)


@pytest.fixture
def tables(database: Database) -> Database:
    with psycopg.connect(database.url) as connection:
        connection.execute(TABLES.encode())
    return database


@asynccontextmanager
async def watching(
    database: Database, slot: str
) -> AsyncGenerator[tuple[AsyncConnection[TupleRow], PhoenixClient]]:
    """A writer, and a client that may see every row and asks for everything."""
    async with (
        await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer,
        serving(database.url, slot) as url,
        phoenix_client(url, apikey=SECRET_KEY) as client,
    ):
        for number, binding in enumerate(WILDCARDS):
            await client.subscribe(f"all-{number}", binding)
        yield writer, client


async def seen_until(client: PhoenixClient, last: int) -> list[tuple[str, str, Any]]:
    """Wait for the row *last* of `tides`, after which nothing earlier can come."""
    await client.until(
        lambda m: (
            m[3] == "postgres_changes"
            and m[4]["data"]["table"] == "tides"
            and m[4]["data"].get("record", {}).get("id") == last
        )
    )
    return [
        (data["table"], data["type"], (data.get("record") or data.get("old_record"))["id"])
        for data in (change["data"] for change in client.changes("all-0"))
    ]


async def test_wildcards_do_not_get_what_is_only_in_the_private_publication(
    tables: Database, slot_name: str
) -> None:
    async with watching(tables, slot_name) as (writer, client):
        await writer.execute("insert into secrets values (1, 'a')")
        await writer.execute("update secrets set body = 'b'")
        await writer.execute("select realtime.send('{}', 'e', 'room', false)")
        await writer.execute("insert into tides values (1), (2)")
        await writer.execute("delete from secrets")
        await writer.execute("insert into tides values (3)")
        seen = await seen_until(client, 3)
        tables_seen = {m[4]["data"]["table"] for m in client.messages if m[3] == "postgres_changes"}

    assert seen == [("tides", "INSERT", 1), ("tides", "INSERT", 2), ("tides", "INSERT", 3)]
    assert tables_seen == {"tides"}


async def test_a_join_for_a_private_table_alone_is_refused(
    tables: Database, slot_name: str
) -> None:
    async with (
        serving(tables.url, slot_name) as url,
        phoenix_client(url, apikey=SECRET_KEY) as client,
    ):
        await client.join("s", [{"event": "*", "schema": "public", "table": "secrets"}])
        message = await client.until(lambda m: m[3] == "system")

    assert message[4]["status"] == "error"
    assert "Please check Realtime is enabled" in message[4]["message"]


async def test_membership_follows_the_publications_while_the_stream_runs(
    tables: Database, slot_name: str
) -> None:
    async with watching(tables, slot_name) as (writer, client):
        await writer.execute("insert into secrets values (1)")
        await writer.execute("insert into tides values (1)")
        await seen_until(client, 1)
        await writer.execute("alter publication supabase_realtime add table secrets")
        await writer.execute("insert into secrets values (2)")
        await writer.execute("insert into tides values (2)")
        await seen_until(client, 2)
        await writer.execute("alter publication supabase_realtime drop table secrets")
        await writer.execute("insert into secrets values (3)")
        await writer.execute("alter publication slotcast_private drop table secrets")
        await writer.execute("insert into secrets values (4)")
        await writer.execute("alter publication slotcast_private add table secrets")
        await writer.execute("insert into secrets values (5)")
        await writer.execute("insert into tides values (3)")
        seen = await seen_until(client, 3)

    assert seen == [
        ("tides", "INSERT", 1),
        ("secrets", "INSERT", 2),
        ("tides", "INSERT", 2),
        ("tides", "INSERT", 3),
    ]


async def test_only_the_operations_that_are_published_come(
    tables: Database, slot_name: str
) -> None:
    with psycopg.connect(tables.url) as connection:
        connection.execute("alter publication slotcast_private add table tides")
        connection.execute("alter publication supabase_realtime set (publish = 'insert')")
    async with watching(tables, slot_name) as (writer, client):
        await writer.execute("insert into tides values (1)")
        await writer.execute("update tides set body = 'b'")
        await writer.execute("delete from tides")
        await writer.execute("insert into tides values (2)")
        seen = await seen_until(client, 2)

    assert seen == [("tides", "INSERT", 1), ("tides", "INSERT", 2)]


async def test_a_row_filter_that_the_private_publication_makes_void_lets_nothing_through(
    tables: Database, slot_name: str
) -> None:
    with psycopg.connect(tables.url) as connection:
        connection.execute("alter publication supabase_realtime add table secrets where (id > 10)")
    async with watching(tables, slot_name) as (writer, client):
        await writer.execute("insert into secrets values (1), (11)")
        await writer.execute("insert into tides values (1)")
        await seen_until(client, 1)
        await writer.execute("alter publication slotcast_private drop table secrets")
        await writer.execute("insert into secrets values (2), (12)")
        await writer.execute("insert into tides values (2)")
        seen = await seen_until(client, 2)

    assert seen == [("tides", "INSERT", 1), ("secrets", "INSERT", 12), ("tides", "INSERT", 2)]


async def test_rows_of_a_partition_in_a_private_table_stay_private(
    tables: Database, slot_name: str
) -> None:
    with psycopg.connect(tables.url) as connection:
        connection.execute("""
            create table parted (id int primary key) partition by range (id);
            create table parted_low partition of parted for values from (0) to (100);
            alter publication slotcast_private add table parted;
        """)
    async with watching(tables, slot_name) as (writer, client):
        await writer.execute("insert into parted values (1)")
        await writer.execute("insert into tides values (1)")
        seen = await seen_until(client, 1)

    assert seen == [("tides", "INSERT", 1)]
