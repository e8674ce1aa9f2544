"""
From commit to client: how long after a change is made its subscriber has it.

One subscriber, an idle machine, changes one at a time: each is timed from just before its
statement is sent (so the write itself, with its fsync, counts) to the moment the client has
the message. Beside it, in the same run and alternating, runs the shortest loop that anybody
would write by hand: a trigger with NOTIFY, a LISTENing process, `websockets`. That loop has
no row level security, no slot and no order to keep; it shows what the machine can do.

Ours runs on `appointments` as a member of the workspace, judged by row level security.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from websockets.asyncio.client import connect

from slotcast.appointments import demo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.phoenix import phoenix_client
from support.postgres import apply_migrations, running_cluster, temporary_database
from support.salon import insert_salon
from support.server import server_process, token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

ROUNDS = 10
WARM_UP = 20
LOWEST_FSYNC = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}

NOTIFY = """
create table public.notified (like public.appointments);
insert into public.notified select * from public.appointments limit 1;
create function public.tell() returns trigger language plpgsql as
  $$ begin perform pg_notify('changes', to_jsonb(new)::text); return null; end $$;
create trigger tell after update on public.notified for each row execute function public.tell();
"""


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=500, help="timed changes of each kind")
    arguments = parser.parse_args()
    with running_cluster("embedded", **LOWEST_FSYNC) as cluster, temporary_database(cluster) as own:
        await asyncio.to_thread(apply_migrations, own.url)
        await insert_salon(own.url)
        async with await psycopg.AsyncConnection.connect(own.url, autocommit=True) as writer:
            await writer.execute(NOTIFY)
            async with _ours(own.url, writer) as ours, _by_hand(own.url, writer) as by_hand:
                timings = await _alternate(ours, by_hand, arguments.changes)
    _report(timings)


async def _alternate(
    ours: Callable[[], Awaitable[float]], by_hand: Callable[[], Awaitable[float]], count: int
) -> dict[str, list[float]]:
    """Time *count* changes of each kind, in turns, after a warm-up."""
    kinds = {"slotcast": ours, "LISTEN/NOTIFY + websockets": by_hand}
    for change in kinds.values():
        for _ in range(WARM_UP):
            await change()
    timings: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(ROUNDS):
        for name, change in kinds.items():
            timings[name] += [await change() for _ in range(count // ROUNDS)]
    return timings


@asynccontextmanager
async def _ours(
    url: str, writer: psycopg.AsyncConnection[Any]
) -> AsyncGenerator[Callable[[], Awaitable[float]]]:
    async with server_process(url, "bench_latency") as server, phoenix_client(server.url) as client:
        binding = {"event": "*", "schema": "public", "table": "appointments"}
        await client.subscribe("bench", binding, access_token=token(demo.OWNER.id))
        cursor = await writer.execute(
            "select id from appointments where workspace_id ="
            " (select workspace_id from workspace_members where user_id = %s) limit 1",
            [demo.OWNER.id],
        )
        row = await cursor.fetchone()
        if row is None:
            raise AssertionError("the demo salon has appointments")

        async def change() -> float:
            seen = len(client.messages)
            began = time.perf_counter()
            await writer.execute(
                "update appointments set notes = %s where id = %s", [str(seen), row[0]]
            )
            await client.until(lambda message: message[3] == "postgres_changes", after=seen)
            return time.perf_counter() - began

        yield change


@asynccontextmanager
async def _by_hand(
    url: str, writer: psycopg.AsyncConnection[Any]
) -> AsyncGenerator[Callable[[], Awaitable[float]]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).parent / "notify_server.py"),
        url,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        if process.stdout is None:
            raise AssertionError("stdout was asked for")
        port = int(await process.stdout.readline())
        async with connect(f"ws://127.0.0.1:{port}", compression=None) as connection:

            async def change() -> float:
                began = time.perf_counter()
                await writer.execute("update notified set notes = %s", [str(began)])
                json.loads(await connection.recv())
                return time.perf_counter() - began

            yield change
    finally:
        process.terminate()
        await process.wait()


def _report(timings: dict[str, list[float]]) -> None:
    print(f"{'milliseconds from statement to client':<40}{'p50':>8}{'p95':>8}{'p99':>8}")
    for name, values in timings.items():
        marks = statistics.quantiles(values, n=100)
        p50, p95, p99 = (marks[place - 1] * 1000 for place in (50, 95, 99))
        print(f"{name:<40}{p50:>8.2f}{p95:>8.2f}{p99:>8.2f}   {len(values)} changes")
    ours, by_hand = (statistics.median(values) for values in timings.values())
    print(f"slotcast / by hand, medians: {ours / by_hand:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
