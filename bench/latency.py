"""
From commit to client: how long after a change is made its subscriber has it.

One subscriber, an idle machine, changes one at a time: each is timed from the moment its
COMMIT was answered to the moment the client has the message, and also from just before the
statement was sent, so that the write itself counts, with its triggers and its fsync. Beside
it, in the same run and alternating, runs the shortest loop that anybody would write by hand:
a trigger with NOTIFY, a LISTENing process, `websockets`. That loop has no row level security,
no slot and no order to keep; it shows what the machine can do.

Both are told of updates of `appointments`, ours as a member of the workspace, judged by row
level security.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from bench.processes import listening
from websockets.asyncio.client import connect

from slotcast.appointments import demo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.phoenix import Message, phoenix_client
from support.postgres import apply_migrations, running_cluster, temporary_database
from support.salon import insert_salon
from support.server import server_process, token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from uuid import UUID

ROUNDS = 10
WARM_UP = 20
LOWEST_FSYNC = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}

NOTIFY = """
create function public.tell() returns trigger language plpgsql as
  $$ begin perform pg_notify('changes', to_jsonb(new)::text); return null; end $$;
create trigger tell after update on public.appointments for each row
  when (new.notes like 'by hand%') execute function public.tell();
"""
CHANGE = "update appointments set notes = %s where id = %s"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds until the client had the message, from the commit's answer and from the statement."""

    from_commit: float
    from_statement: float


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=500, help="timed changes of each kind")
    arguments = parser.parse_args()
    with running_cluster("embedded", **LOWEST_FSYNC) as cluster, temporary_database(cluster) as own:
        await asyncio.to_thread(apply_migrations, own.url)
        await insert_salon(own.url)
        async with await psycopg.AsyncConnection.connect(own.url, autocommit=True) as writer:
            await writer.execute(NOTIFY)
            appointment = await _some_appointment(writer)
            async with (
                _ours(own.url, writer, appointment) as (ours, has_arrived),
                _by_hand(own.url, writer, appointment, has_arrived) as by_hand,
            ):
                timings = await _alternate(ours, by_hand, arguments.changes)
    _report(timings)


async def _alternate(
    ours: Callable[[], Awaitable[Timing]], by_hand: Callable[[], Awaitable[Timing]], count: int
) -> dict[str, list[Timing]]:
    """Time *count* changes of each kind, in turns, after a warm-up."""
    kinds = {"slotcast": ours, "LISTEN/NOTIFY + websockets": by_hand}
    for change in kinds.values():
        for _ in range(WARM_UP):
            await change()
    timings: dict[str, list[Timing]] = {name: [] for name in kinds}
    for _ in range(ROUNDS):
        for name, change in kinds.items():
            timings[name] += [await change() for _ in range(count // ROUNDS)]
    return timings


@asynccontextmanager
async def _ours(
    url: str, writer: psycopg.AsyncConnection[Any], appointment: UUID
) -> AsyncGenerator[tuple[Callable[[], Awaitable[Timing]], Callable[[str], Awaitable[object]]]]:
    """Give what makes and times a change, and what waits until one of a given note is there."""
    async with server_process(url, "bench_latency") as server, phoenix_client(server.url) as client:
        binding = {"event": "*", "schema": "public", "table": "appointments"}
        await client.subscribe("bench", binding, access_token=token(demo.OWNER.id))

        async def has_arrived(note: str, after: int = 0) -> Message:
            return await client.until(lambda message: _notes(message) == note, after=after)

        async def change() -> Timing:
            seen = len(client.messages)
            began = time.perf_counter()
            note = f"slotcast {began}"
            await writer.execute(CHANGE, [note, appointment])
            committed = time.perf_counter()
            await has_arrived(note, seen)
            arrived = time.perf_counter()
            return Timing(arrived - committed, arrived - began)

        yield change, has_arrived


@asynccontextmanager
async def _by_hand(
    url: str,
    writer: psycopg.AsyncConnection[Any],
    appointment: UUID,
    has_arrived: Callable[[str], Awaitable[object]],
) -> AsyncGenerator[Callable[[], Awaitable[Timing]]]:
    program = Path(__file__).parent / "peers" / "notify_server.py"
    async with (
        listening(sys.executable, program, url) as (_, port),
        connect(f"ws://127.0.0.1:{port}", compression=None) as connection,
    ):

        async def change() -> Timing:
            began = time.perf_counter()
            note = f"by hand {began}"
            await writer.execute(CHANGE, [note, appointment])
            committed = time.perf_counter()
            while json.loads(await connection.recv())["notes"] != note:
                pass
            arrived = time.perf_counter()
            await has_arrived(note)  # or the other's next change would wait behind it
            return Timing(arrived - committed, arrived - began)

        yield change


async def _some_appointment(writer: psycopg.AsyncConnection[Any]) -> UUID:
    cursor = await writer.execute(
        "select id from appointments where workspace_id ="
        " (select workspace_id from workspace_members where user_id = %s) limit 1",
        [demo.OWNER.id],
    )
    row = await cursor.fetchone()
    if row is None:
        raise AssertionError("the demo salon has appointments")
    return row[0]


def _notes(message: Message) -> str | None:
    """Give the column that a change's message brings; None for other messages."""
    return message[4]["data"]["record"]["notes"] if message[3] == "postgres_changes" else None


def _report(timings: dict[str, list[Timing]]) -> None:
    _show("commit", {name: [each.from_commit for each in all_] for name, all_ in timings.items()})
    _show(
        "statement",
        {name: [each.from_statement for each in all_] for name, all_ in timings.items()},
    )


def _show(start: str, timings: dict[str, list[float]]) -> None:
    print(f"{f'milliseconds from {start} to client':<40}{'p50':>8}{'p95':>8}{'p99':>8}")
    for name, values in timings.items():
        marks = statistics.quantiles(values, n=100)
        p50, p95, p99 = (marks[place - 1] * 1000 for place in (50, 95, 99))
        print(f"{name:<40}{p50:>8.2f}{p95:>8.2f}{p99:>8.2f}   {len(values)} changes")
    ours, by_hand = (statistics.median(values) for values in timings.values())
    print(f"slotcast / by hand, medians: {ours / by_hand:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
