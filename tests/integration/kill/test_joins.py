""" "Subscribed" means that every later commit comes; until then a join is held, and it alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from support.numbers import NUMBERS, writing
from support.phoenix import phoenix_client
from support.server import server_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotcast.postgres.embedded import Cluster
    from support.phoenix import Message, PhoenixClient
    from support.postgres import Database

CYCLES = 200
ROWS_A_CYCLE = 20
SUBSCRIBED = "Subscribed to PostgreSQL"


def payload() -> dict[str, object]:
    return {"config": {"postgres_changes": [NUMBERS]}}


def has_row(number: int) -> Callable[[Message], bool]:
    """Make a condition for `PhoenixClient.until`: the change that brings row *number*."""
    return lambda m: m[3] == "postgres_changes" and m[4]["data"]["record"]["id"] == number


async def heartbeat(client: PhoenixClient) -> str:
    """Send a heartbeat; gives the status of its reply."""
    reply = await client.reply(await client.push("phoenix", "heartbeat", {}))
    return reply["status"]


async def test_a_join_waits_for_postgresql_and_holds_up_nothing_else(
    own_cluster: Cluster, slot_name: str
) -> None:
    async with (
        writing(own_cluster.url()) as writer,
        server_process(own_cluster.url(), slot_name) as server,
        phoenix_client(server.url) as client,
    ):
        await client.subscribe("before", NUMBERS)
        await asyncio.to_thread(own_cluster.stop, "fast")
        join = await client.push("realtime:held", "phx_join", payload())
        beats = [await heartbeat(client) for _ in range(3)]
        empty = await client.join("nothing to subscribe")
        answered_early = any(m[1] == join for m in client.messages)
        await asyncio.to_thread(own_cluster.start)
        reply = await client.reply(join)
        await client.until(lambda m: m[3] == "system" and m[4]["channel"] == "held")
        await writer.write(10)
        held = await client.change_count("held", 10)
        before = await client.change_count("before", 10)

    assert beats == ["ok"] * 3
    assert empty["status"] == "ok"
    assert not answered_early
    assert reply["status"] == "ok"
    assert [change["data"]["record"]["id"] for change in held] == list(range(1, 11))
    assert [change["data"]["record"]["id"] for change in before] == list(range(1, 11))


async def test_joins_are_no_worse_for_connections_that_a_crash_left_behind(
    own_cluster: Cluster, slot_name: str
) -> None:
    """Several at once, so that each takes a connection of its own."""
    topics = [f"numbers {number}" for number in range(8)]
    async with (
        writing(own_cluster.url()) as writer,
        server_process(own_cluster.url(), slot_name) as server,
        phoenix_client(server.url) as client,
    ):
        for name in ("before", "after"):
            pushed = [
                await client.push(f"realtime:{name} {t}", "phx_join", payload()) for t in topics
            ]
            answers = [(await client.reply(ref)) for ref in pushed]
            assert [answer["status"] for answer in answers] == ["ok"] * len(topics), answers
            if name == "before":
                await asyncio.to_thread(own_cluster.stop, "immediate")
                await asyncio.to_thread(own_cluster.start)
        await writer.write(5)
        assert len(await client.change_count(f"after {topics[0]}", 5)) == 5


async def test_a_join_is_refused_when_postgresql_stays_away(
    own_cluster: Cluster, slot_name: str
) -> None:
    loop = asyncio.get_running_loop()
    async with (
        writing(own_cluster.url()) as writer,
        server_process(
            own_cluster.url(), slot_name, environment={"SLOTCAST_JOIN_TIMEOUT_S": "1"}
        ) as server,
        phoenix_client(server.url) as client,
    ):
        await asyncio.to_thread(own_cluster.stop, "immediate")
        pushed_at = loop.time()
        join = await client.push("realtime:numbers", "phx_join", payload())
        beat = await heartbeat(client)
        beat_took_s = loop.time() - pushed_at
        refused = await client.reply(join)
        took_s = loop.time() - pushed_at
        await asyncio.to_thread(own_cluster.start)
        while (await client.join("numbers", [NUMBERS]))["status"] != "ok":
            pass  # As clients do. Each attempt waits for PostgreSQL.
        await writer.write(5)
        changes = await client.change_count("numbers", 5)

    assert (beat, beat_took_s < 0.5) == ("ok", True)
    assert refused["status"] == "error"
    # It depends on whether the last attempt to connect is refused or waits when time is up.
    assert refused["response"]["reason"] in {
        "PostgresChangesSubscribeTimeout: Timed out waiting for postgres_changes subscription",
        "UnableToConnectToProject: Realtime was unable to connect to the project database",
    }
    assert 0.9 < took_s < 2.5
    assert len(changes) == 5


async def test_every_join_of_many_gets_all_that_is_committed_until_it_leaves(
    database: Database, slot_name: str
) -> None:
    loop = asyncio.get_running_loop()
    gaps: list[set[int]] = []
    row_count = 0
    async with (
        writing(database.url) as writer,
        server_process(database.url, slot_name) as server,
        phoenix_client(server.url) as client,
    ):
        for cycle in range(CYCLES):
            start, last = len(client.messages), (cycle + 1) * ROWS_A_CYCLE
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(writer.write(last - 2))
                join_ref = await client.push("realtime:numbers", "phx_join", payload())
                await client.until(
                    lambda m: m[3] == "system" and m[4]["message"] == SUBSCRIBED, after=start
                )
                joined_at = loop.time()
            await writer.write(last)
            await client.until(has_row(last), after=start)
            await client.push("realtime:numbers", "phx_leave", {}, join_ref)
            await client.until(lambda m: m[3] == "phx_close", after=start)
            came = [
                m[4]["data"]["record"]["id"]
                for m in client.messages[start:]
                if m[3] == "postgres_changes"
            ]
            promised = writer.committed_within(joined_at, loop.time())
            row_count += len(promised)
            gaps.append(promised - set(came))
            assert came == sorted(set(came))

    assert [gap for gap in gaps if gap] == []
    assert row_count > 2 * CYCLES, "no row was ever committed beside a join"
