"""Order, huge transactions, clients that do not read, and clients that change their mind."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import psutil
import psycopg
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError
from websockets.frames import CloseCode

from support.phoenix import TIMEOUT_S, phoenix_client
from support.server import ANON_KEY, server_process, serving, token

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from support.phoenix import Message, PhoenixClient
    from support.postgres import Database
    from support.server import ServerProcess

ANN: Final = "aaaaaaaa-0000-4000-8000-000000000001"
BEN: Final = "aaaaaaaa-0000-4000-8000-000000000002"
NOTES: Final = {"event": "*", "schema": "public", "table": "notes"}
OTHER: Final = {"event": "*", "schema": "public", "table": "other"}
SETUP: Final = """
create table public.notes (id bigint primary key, owner uuid, body text);
create table public.other (id bigint primary key);
alter publication supabase_realtime add table public.notes, public.other;
"""
OWN: Final = """
alter table public.notes enable row level security;
create policy own on public.notes to authenticated using (owner = (select auth.uid()));
"""
ROW_COUNT: Final = 200_000
READ_COUNT: Final = 2_000
MEMORY_LIMIT_BYTES: Final = 256 * 1024 * 1024
# On an idle machine with two cores it is a third of that. What fails this is a loop that is
# held for longer than any neighbour on the machine holds a core.
HEARTBEAT_LIMIT_S: Final = 0.3
BEAT_PAUSE_S: Final = 0.005


async def test_order_is_commit_order_under_concurrent_writers(
    database: Database, slot_name: str
) -> None:
    setup = SETUP + "create table turn (value bigint); insert into turn values (0)"

    async def write(count: int) -> None:
        async with await psycopg.AsyncConnection.connect(database.url) as connection:
            for _ in range(count):
                # The lock on turn is held until the commit, so its values are in commit order.
                await connection.execute(
                    "with next as (update turn set value = value + 1 returning value)"
                    " insert into notes select value from next"
                )
                await connection.commit()

    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(setup.encode())
        async with serving(database.url, slot_name) as url, phoenix_client(url) as client:
            await client.subscribe("notes", NOTES, {**NOTES, "event": "INSERT"})
            await asyncio.gather(*(write(50) for _ in range(8)))

            got = await client.change_count("notes", 400)

    assert [change["data"]["record"]["id"] for change in got] == list(range(1, 401))
    assert {len(change["ids"]) for change in got} == {2}


@pytest.mark.parametrize("cluster", ["embedded"], indirect=True)
async def test_a_huge_transaction_costs_others_nothing_and_a_silent_reader_its_connection(
    database: Database, slot_name: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(SETUP.encode())
        async with (
            server_process(database.url, slot_name) as server,
            phoenix_client(server.url) as reader,
            phoenix_client(server.url) as bystander,
            connect(
                f"{server.websocket_url}?apikey={ANON_KEY}&vsn=2.0.0", compression=None, max_queue=1
            ) as silent,
        ):
            some = {**NOTES, "filter": f"id=gt.{ROW_COUNT - READ_COUNT}"}
            await reader.subscribe("notes", some)
            await bystander.subscribe("other", OTHER)
            join = {"config": {"postgres_changes": [NOTES]}}
            await silent.send(json.dumps(["1", "1", "realtime:notes", "phx_join", join]))
            await silent.recv()

            watching = asyncio.create_task(watch(server))
            beating = asyncio.create_task(heartbeats(bystander))
            await writer.execute(
                "insert into notes select n, null, repeat('x', 200) from generate_series(1, %s) n",
                [ROW_COUNT],
            )
            await writer.execute("insert into other values (1)")
            async with asyncio.timeout(2 * TIMEOUT_S):
                await reader.until(is_last)
                await bystander.change_count("other", 1)
            beating.cancel()
            watching.cancel()
            waits, largest_bytes = await beating, await watching
            silent_count = await rows_until_closed(silent)

    marks = statistics.quantiles(waits, n=100)
    print(  # noqa: T201
        f"{len(waits)} heartbeats: p50 {marks[49] * 1000:.0f} ms, p99 {marks[98] * 1000:.0f} ms,"
        f" slowest {max(waits) * 1000:.0f} ms; RSS {largest_bytes >> 20} MiB"
    )
    ids = [change["data"]["record"]["id"] for change in reader.changes("notes")]
    assert ids == list(range(ROW_COUNT - READ_COUNT + 1, ROW_COUNT + 1))
    assert silent_count < ROW_COUNT
    assert largest_bytes < MEMORY_LIMIT_BYTES
    assert marks[98] < HEARTBEAT_LIMIT_S


def is_last(message: Message) -> bool:
    return bool(
        message[3] == "postgres_changes" and message[4]["data"]["record"]["id"] == ROW_COUNT
    )


async def watch(server: ServerProcess) -> int:
    """Give the most memory that the server's process took until cancelled, in bytes."""
    process = psutil.Process(server.process.pid)
    largest = 0
    try:
        while True:
            largest = max(largest, process.memory_info().rss)
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        return largest


async def heartbeats(client: PhoenixClient) -> list[float]:
    """Send one heartbeat after the other until cancelled; gives the waits in seconds."""
    waits: list[float] = []
    try:
        while True:
            began = time.perf_counter()
            await client.reply(await client.push("phoenix", "heartbeat", {}))
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(BEAT_PAUSE_S)
    except asyncio.CancelledError:
        return waits


async def rows_until_closed(connection: ClientConnection) -> int:
    """Read what there is until the connection is closed; gives how many messages that were."""
    count = 0
    async with asyncio.timeout(TIMEOUT_S):
        with suppress(ConnectionClosedError):
            async for _ in connection:
                count += 1
    # The code reaches who reads again within the time that a close may take.
    assert connection.close_code in (4429, CloseCode.ABNORMAL_CLOSURE)
    return count


async def test_another_token_and_a_leave_take_effect_at_once_within_a_batch(
    database: Database, slot_name: str
) -> None:
    """Nothing judged for the former user is sent after the answer to the token's push."""
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute((SETUP + OWN).encode())
        async with serving(database.url, slot_name) as url, phoenix_client(url) as client:
            await client.subscribe("notes", NOTES, access_token=token(ANN))
            await client.subscribe("left", NOTES, access_token=token(ANN))
            await writer.execute(
                "insert into notes select n, case when n %% 2 = 0 then %s::uuid else %s::uuid end"
                " from generate_series(1, 20000) n",
                [ANN, BEN],
            )
            await client.change_count("notes", 10)
            await client.push("realtime:notes", "access_token", {"access_token": token(BEN)}, "1")
            left = await client.push("realtime:left", "phx_leave", {}, "2")
            await client.reply(left)
            await client.until(lambda m: m[3] == "phx_close")
            await writer.execute("insert into notes values (30000, %s)", [ANN])
            await writer.execute("insert into notes values (30001, %s)", [BEN])
            await client.until(
                lambda m: m[3] == "postgres_changes" and m[4]["data"]["record"]["id"] == 30001
            )

        kinds = [
            (m[4]["data"]["record"]["owner"], m[4]["data"]["record"]["id"])
            for m in client.messages
            if m[3] == "postgres_changes" and m[2] == "realtime:notes"
        ]
        owners = [owner for owner, _ in kinds]
        assert sorted(owners) == owners, "Ann's rows first, then Ben's, never both in turns"
        assert (ANN, 30000) not in kinds
        identifiers = [number for _, number in kinds]
        assert len(set(identifiers)) == len(identifiers)
        closed = next(
            place
            for place, m in enumerate(client.messages)
            if m[3] == "phx_close" and m[2] == "realtime:left"
        )
        assert all(m[2] != "realtime:left" for m in client.messages[closed + 1 :])


async def test_an_expired_token_ends_its_channel_and_nothing_follows(
    database: Database, slot_name: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute((SETUP + OWN).encode())
        async with serving(database.url, slot_name) as url, phoenix_client(url) as client:
            await client.subscribe("short", NOTES, access_token=token(ANN, expires_in_s=2))
            await client.subscribe("long", NOTES, access_token=token(ANN))
            await client.until(lambda m: m[3] == "phx_close" and m[2] == "realtime:short")
            await writer.execute("insert into notes values (1, %s)", [ANN])
            await client.change_count("long", 1)

            assert client.changes("short") == []


async def test_a_hundred_channels_of_one_connection_get_every_change(
    database: Database, slot_name: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(SETUP.encode())
        async with serving(database.url, slot_name) as url, phoenix_client(url) as client:
            names = [f"channel {number}" for number in range(100)]
            for name in names:
                await client.subscribe(name, NOTES)
            refused = await client.join("one more", [NOTES])
            await writer.execute("insert into notes select generate_series(1, 50)")

            for name in names:
                got = await client.change_count(name, 50)
                assert [c["data"]["record"]["id"] for c in got] == list(range(1, 51))
    assert refused["status"] == "error"
