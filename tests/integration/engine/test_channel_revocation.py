"""Permissions on private channels end with the rows they come from."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from support.phoenix import KIND_4, phoenix_client
from support.server import SECRET_KEY, serving, token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

    from support.phoenix import PhoenixClient
    from support.postgres import Database

ANN = "aaaaaaaa-0000-4000-8000-000000000001"
BEN = "aaaaaaaa-0000-4000-8000-000000000002"
WITHIN_S = 5.0  # a second when the machine is idle

MEMBERS = f"""
create table public.room_members (room text, who uuid, can_write boolean, primary key (room, who));
alter table public.room_members enable row level security;
create policy own on public.room_members for select to authenticated using (who = auth.uid());
grant select on public.room_members to authenticated;
create policy reads on realtime.messages for select to authenticated using (
  exists (select from public.room_members m where m.room = realtime.topic()));
create policy writes on realtime.messages for insert to authenticated with check (
  exists (select from public.room_members m where m.room = realtime.topic() and m.can_write));
insert into public.room_members values ('desk', '{ANN}', true), ('desk', '{BEN}', true);
"""

LOST = "You no longer have permission to read from this Channel topic: desk"


@pytest.fixture
def members(database: Database) -> Database:
    with psycopg.connect(database.url) as connection:
        connection.execute(MEMBERS.encode())
    return database


@asynccontextmanager
async def desk(
    database: Database, slot: str, **settings: object
) -> AsyncGenerator[tuple[AsyncConnection[TupleRow], PhoenixClient, PhoenixClient]]:
    """Ann and Ben have joined the private channel `desk`."""
    async with (
        await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer,
        serving(database.url, slot, **settings) as url,
        phoenix_client(url) as ann,
        phoenix_client(url) as ben,
    ):
        for client, who in ((ann, ANN), (ben, BEN)):
            reply = await client.join("desk", access_token=token(who), private=True)
            assert reply["status"] == "ok"
        yield writer, ann, ben


def numbers(client: PhoenixClient) -> list[int]:
    return [m[4]["payload"]["n"] for m in client.messages if m[3] in ("broadcast", KIND_4)]


async def send(writer: AsyncConnection[TupleRow], number: int) -> None:
    await writer.execute(
        "select realtime.send(jsonb_build_object('n', %s::int), 'e', 'desk')", [number]
    )


async def until_somebody_waits(database: Database) -> None:
    """Wait until a lock on a table is asked for that is not granted."""
    async with (
        await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection,
        asyncio.timeout(WITHIN_S),
    ):
        await connection.execute("""
            do $$ begin
              while not exists (select from pg_locks where not granted and mode = 'ShareLock') loop
                perform pg_sleep(0.01);
              end loop;
            end $$
        """)


async def closing(client: PhoenixClient) -> str:
    """Wait until the channel is closed; gives what was said before."""
    async with asyncio.timeout(WITHIN_S):
        system = await client.until(lambda m: m[3] == "system" and m[4]["status"] == "error")
        await client.until(lambda m: m[3] == "phx_close")
    return str(system[4]["message"])


async def test_a_membership_that_ends_ends_the_channel_and_no_other(
    members: Database, slot_name: str
) -> None:
    async with desk(members, slot_name) as (writer, ann, ben):
        await send(writer, 1)
        await writer.execute("delete from room_members where who = %s", [ANN])
        await send(writer, 2)
        told = await closing(ann)
        await ben.until(lambda _: numbers(ben) == [1, 2])
        await send(writer, 3)
        await ben.until(lambda _: numbers(ben) == [1, 2, 3])

    assert told == LOST
    assert numbers(ann) == [1]


async def test_nothing_after_the_end_of_a_membership_is_sent_even_in_its_transaction(
    members: Database, slot_name: str
) -> None:
    async with desk(members, slot_name) as (writer, ann, ben):
        async with writer.transaction():
            await send(writer, 1)
            await writer.execute("delete from room_members where who = %s", [ANN])
            for number in range(2, 50):
                await send(writer, number)
        told = await closing(ann)
        await ben.until(lambda _: len(numbers(ben)) == 49)

    assert told == LOST
    assert numbers(ann) in ([], [1])


async def test_members_who_stay_lose_nothing_while_memberships_change_all_the_time(
    members: Database, slot_name: str
) -> None:
    async with desk(members, slot_name) as (writer, ann, _):
        for number in range(60):
            await writer.execute("update room_members set can_write = not can_write")
            await send(writer, number)
        await ann.until(lambda _: len(numbers(ann)) == 60)

    assert numbers(ann) == list(range(60))


async def test_the_right_to_write_ends_too(members: Database, slot_name: str) -> None:
    message = {"type": "broadcast", "event": "e", "payload": {"n": 1}}
    async with desk(members, slot_name) as (writer, ann, ben):
        await ann.push("realtime:desk", "broadcast", message)
        await ben.until(lambda _: numbers(ben) == [1])
        await writer.execute("update room_members set can_write = false where who = %s", [ANN])
        await send(writer, 2)
        await ann.until(lambda _: 2 in numbers(ann))
        await ann.push("realtime:desk", "broadcast", {**message, "payload": {"n": 3}})
        await ann.reply(await ann.push("phoenix", "heartbeat", {}))
        await send(writer, 4)
        await ben.until(lambda _: 4 in numbers(ben))

    assert numbers(ben) == [1, 2, 4]


async def test_the_tables_behind_policies_are_streamed_and_shown_to_nobody(
    members: Database, slot_name: str
) -> None:
    with psycopg.connect(members.url) as connection:
        connection.execute("create table tides (id int primary key)")
        connection.execute("alter publication supabase_realtime add table tides")
    async with (
        serving(members.url, slot_name) as url,
        phoenix_client(url) as ann,
        phoenix_client(url, apikey=SECRET_KEY) as curious,
        await psycopg.AsyncConnection.connect(members.url, autocommit=True) as writer,
    ):
        await curious.subscribe("all", {"event": "*", "schema": "*", "table": "*"})
        await ann.join("desk", access_token=token(ANN), private=True)
        streamed = await writer.execute(
            "select tablename from pg_publication_tables where pubname = 'slotcast_private'"
            " order by 1"
        )
        tables = [name for (name,) in await streamed.fetchall()]
        await writer.execute("update room_members set can_write = false")
        await writer.execute("insert into tides values (1)")
        changes = await curious.change_count("all", 1)

    assert tables == ["messages", "room_members"]
    assert [change["data"]["table"] for change in changes] == ["tides"]


async def test_a_table_that_is_published_to_clients_is_not_streamed_twice(
    members: Database, slot_name: str
) -> None:
    async with desk(members, slot_name, channel_policies_kept_s=0) as (writer, ann, ben):
        await writer.execute("alter publication supabase_realtime add table room_members")
        reply = await ben.join("desk", access_token=token(BEN), private=True)
        cursor = await writer.execute(
            "select array_agg(pubname::text) from pg_publication_tables"
            " where tablename = 'room_members'"
        )
        publications = await cursor.fetchone()
        await writer.execute("delete from room_members where who = %s", [ANN])
        told = await closing(ann)

    assert reply["status"] == "ok"
    assert publications == (["supabase_realtime"],)
    assert told == LOST


async def test_a_policy_that_is_written_anew_counts_for_those_who_are_joined(
    members: Database, slot_name: str
) -> None:
    async with desk(members, slot_name, channel_policies_kept_s=0) as (writer, ann, ben):
        await writer.execute(
            "alter policy reads on realtime.messages using"
            " (auth.uid() = 'aaaaaaaa-0000-4000-8000-000000000002'"
            " and exists (select from public.room_members m where m.who = auth.uid()))"
        )
        await send(writer, 1)
        told = await closing(ann)
        await ben.until(lambda _: numbers(ben) == [1])

    assert told == LOST


async def test_what_depends_on_more_than_tables_is_asked_again_before_a_message(
    members: Database, slot_name: str
) -> None:
    with psycopg.connect(members.url) as connection:
        connection.execute("create table hours (open_until timestamptz)")
        connection.execute("insert into hours values (now() + interval '1 hour')")
        connection.execute("grant select on hours to authenticated")
        connection.execute(
            "alter policy reads on realtime.messages using"
            " (exists (select from public.hours where open_until > clock_timestamp()))"
        )
    async with desk(members, slot_name, channel_policies_kept_s=0) as (writer, ann, _):
        await send(writer, 1)
        await ann.until(lambda _: numbers(ann) == [1])
        await writer.execute("update hours set open_until = now() - interval '1 hour'")
        await send(writer, 2)
        told = await closing(ann)

    assert told == LOST
    assert numbers(ann) == [1]


async def test_a_writer_who_is_busy_delays_a_join_and_is_not_missed(
    members: Database, slot_name: str
) -> None:
    async with (
        await psycopg.AsyncConnection.connect(members.url) as busy,
        serving(members.url, slot_name) as url,
        phoenix_client(url) as ann,
    ):
        await busy.execute("delete from room_members where who = %s", [ANN])
        joining = asyncio.create_task(ann.join("desk", access_token=token(ANN), private=True))
        await until_somebody_waits(members)
        await busy.commit()
        reply = await joining

    assert reply["status"] == "error"
