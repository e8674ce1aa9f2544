"""Whatever is killed while rows are written, clients miss no row that is theirs."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import pytest

from support.numbers import NUMBERS, writing
from support.reconnecting import reconnecting_client
from support.server import server_process, start_process

from .conftest import operating

if TYPE_CHECKING:
    from typing import Literal

    from slotcast.postgres.embedded import Cluster
    from support.numbers import Writer
    from support.postgres import Database
    from support.reconnecting import ReconnectingClient

ROWS = 2000
WINDOW_S = 0.5
ENVIRONMENT = {
    "SLOTCAST_REPLAY_WINDOW_S": str(WINDOW_S),
    "SLOTCAST_JUDGE_TIMEOUT_S": "60",  # a closed gate is no slow policy
}
STOP_LIMIT_S = 5.0
LATENCY_LIMIT_S = 5.0


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def assert_nothing_is_missing(client: ReconnectingClient, writer: Writer, twice_from: int) -> None:
    """
    Check what came over two stays.

    Args:
        client: Joined twice, the second time for good.
        writer: Of all the rows.
        twice_from: Rows before it were confirmed, so they must not come twice.
    """
    first, second = client.stays
    for stay in client.stays:
        assert stay.numbers == sorted(set(stay.numbers)), "rows came out of order, or twice"
    promised = writer.committed_within(first.joined_at, first.dropped_at)
    assert promised - set(client.numbers) == set(), "rows are missing"
    assert writer.committed_within(second.joined_at, math.inf) <= set(second.numbers)
    repeated = set(first.numbers) & set(second.numbers)
    assert all(number >= twice_from for number in repeated), "confirmed rows came again"


async def test_a_killed_server_delivers_what_it_had_not_delivered(
    database: Database, slot_name: str
) -> None:
    async with (
        operating(database.url, slot_name) as operator,
        writing(database.url) as writer,
    ):
        server = await start_process(database.url, slot_name, environment=ENVIRONMENT)
        try:
            async with reconnecting_client(server.url, NUMBERS) as client:
                await writer.write(ROWS // 4)
                await operator.confirmed()
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(writer.write(3 * ROWS // 4))
                    await writer.reached(ROWS // 2)
                    await server.kill()
                    server = await start_process(
                        database.url,
                        slot_name,
                        port=port_of(server.url),
                        environment=ENVIRONMENT,
                    )
                    second = await client.stay(2)
                await writer.write(ROWS)
                await second.has(ROWS)
        finally:
            await server.stop()

    assert client.stays[0].close_code == 1006
    assert_nothing_is_missing(client, writer, twice_from=ROWS // 4 + 1)


async def test_a_server_killed_between_commit_and_delivery_delivers_when_it_is_back(
    database: Database, slot_name: str
) -> None:
    async with (
        operating(database.url, slot_name) as operator,
        writing(database.url) as writer,
    ):
        server = await start_process(database.url, slot_name, environment=ENVIRONMENT)
        try:
            async with reconnecting_client(server.url, NUMBERS) as client:
                async with operator.gate_closed():
                    await writer.write(ROWS // 4)
                    await operator.judge_waits()
                    await server.kill()
                server = await start_process(
                    database.url, slot_name, port=port_of(server.url), environment=ENVIRONMENT
                )
                second = await client.stay(2)
                await second.has(ROWS // 4)
        finally:
            await server.stop()

    assert client.stays[0].numbers == []
    assert second.numbers == list(range(1, ROWS // 4 + 1))


async def test_a_clean_stop_says_goodbye_and_loses_nothing(
    database: Database, slot_name: str
) -> None:
    loop = asyncio.get_running_loop()
    async with (
        operating(database.url, slot_name) as operator,
        writing(database.url) as writer,
    ):
        server = await start_process(database.url, slot_name, environment=ENVIRONMENT)
        try:
            async with reconnecting_client(server.url, NUMBERS) as client:
                await writer.write(ROWS // 4)
                await operator.confirmed()
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(writer.write(3 * ROWS // 4))
                    await writer.reached(ROWS // 2)
                    stopped_at = loop.time()
                    exit_code = await server.stop()
                    took_s = loop.time() - stopped_at
                    server = await start_process(
                        database.url,
                        slot_name,
                        port=port_of(server.url),
                        environment=ENVIRONMENT,
                    )
                    second = await client.stay(2)
                await writer.write(ROWS)
                await second.has(ROWS)
        finally:
            await server.stop()

    assert (exit_code, client.stays[0].close_code) == (0, 1012)
    assert took_s < STOP_LIMIT_S
    assert_nothing_is_missing(client, writer, twice_from=ROWS // 4 + 1)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_stop_of_postgresql_is_not_noticed_by_clients(
    own_cluster: Cluster, slot_name: str, mode: Literal["fast", "immediate"]
) -> None:
    loop = asyncio.get_running_loop()
    async with (
        writing(own_cluster.url()) as writer,
        server_process(own_cluster.url(), slot_name, environment=ENVIRONMENT) as server,
        reconnecting_client(server.url, NUMBERS) as client,
    ):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(writer.write(ROWS))
            await writer.reached(ROWS // 3)
            await asyncio.to_thread(own_cluster.stop, mode)
            await asyncio.to_thread(own_cluster.start)
        written_at = loop.time()
        await client.stays[0].has(ROWS)
        took_s = loop.time() - written_at

    assert client.numbers == list(range(1, ROWS + 1))
    assert len(client.stays) == 1
    assert took_s < LATENCY_LIMIT_S


async def test_cut_replication_connections_are_not_noticed_by_clients(
    database: Database, slot_name: str
) -> None:
    async with (
        operating(database.url, slot_name) as operator,
        writing(database.url) as writer,
        server_process(database.url, slot_name, environment=ENVIRONMENT) as server,
        reconnecting_client(server.url, NUMBERS) as client,
    ):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(writer.write(ROWS))
            for number in range(ROWS // 8, ROWS, ROWS // 8):
                await writer.reached(number)
                await operator.end_walsender()
        await client.stays[0].has(ROWS)

    assert client.numbers == list(range(1, ROWS + 1))
    assert len(client.stays) == 1


async def test_ended_pool_backends_are_not_noticed_by_clients(
    database: Database, slot_name: str
) -> None:
    ended_count = 0
    async with (
        operating(database.url, slot_name) as operator,
        writing(database.url) as writer,
        server_process(database.url, slot_name, environment=ENVIRONMENT) as server,
        reconnecting_client(server.url, NUMBERS) as client,
    ):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(writer.write(ROWS))
            for number in range(ROWS // 8, ROWS, ROWS // 8):
                await writer.reached(number)
                ended_count += await operator.end_pool()
        await client.stays[0].has(ROWS)

    assert ended_count > 1
    assert client.numbers == list(range(1, ROWS + 1))
    assert len(client.stays) == 1


async def test_the_slot_is_not_confirmed_past_what_waits_for_a_verdict(
    database: Database, slot_name: str
) -> None:
    async with (
        operating(database.url, slot_name) as operator,
        writing(database.url) as writer,
        server_process(
            # Status updates come often, so that one soon says what would be confirmed.
            f"{database.url}?options=-c%20wal_sender_timeout%3D600ms",
            slot_name,
            environment={**ENVIRONMENT, "SLOTCAST_REPLAY_WINDOW_S": "0"},
        ) as server,
        reconnecting_client(server.url, NUMBERS) as client,
    ):
        await operator.confirmed()
        async with operator.gate_closed():
            before = await operator.written_lsn()
            await writer.write(100)
            await operator.judge_waits()
            held_back = await operator.highest_confirmed_lsn(duration_s=1.0)
            await operator.end_walsender()
            held_back_again = await operator.confirmed_lsn()
        await client.stays[0].has(100)
        await operator.confirmed()

    assert held_back <= before
    assert held_back_again <= before
    assert client.numbers == list(range(1, 101))
