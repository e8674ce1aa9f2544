"""
Joins and idle connections: thousands of users come at once, and then stay.

Each user has a token, a connection and a channel of its own with one binding on
`appointments`, under row level security; in a second run each filters for the rows of its
own. The clients are processes beside the server on the same machine, and everybody's CPU
time is shown, for on a machine that is shared it says more than seconds that pass.

Memory is what the server's process takes when all have joined, less what it took after the
first few did.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import psutil
import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.postgres import apply_migrations, running_cluster, temporary_database
from support.salon import insert_salon
from support.server import server_process

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from support.server import ServerProcess

JOINERS: Final = Path(__file__).parent / "joiners.py"
WARM_UP: Final = 50
SETTLE_S: Final = 1.0
LINE_LIMIT_BYTES: Final = 1 << 24

MEMBERS: Final = """
with users as (
  insert into auth.users (id)
  select ('aaaaaaaa-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
  from generate_series(0, %s) n returning id
), people as (
  insert into public.profiles (id, display_name) select id, 'Member' from users returning id
)
insert into public.workspace_members (workspace_id, user_id, role)
select (select id from public.workspaces limit 1), id, 'staff' from people
"""


@dataclass(frozen=True, slots=True)
class Crowd:
    """The arguments of `joiners.py`."""

    port: int
    first: int
    count: int
    window: int
    is_filtered: bool


@dataclass(frozen=True, slots=True)
class CrowdReport:
    waits: list[float]
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Seconds, and bytes of memory for each connection."""

    waits: Sequence[float]
    wall_s: float
    server_cpu_s: float
    postgres_cpu_s: float
    client_cpu_s: float
    bytes_each: float


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2, help="of clients")
    parser.add_argument("--window", type=int, default=100, help="joins under way in each")
    options = parser.parse_args()
    with running_cluster("embedded") as cluster, temporary_database(cluster) as own:
        await asyncio.to_thread(apply_migrations, own.url)
        await insert_salon(own.url)
        async with await psycopg.AsyncConnection.connect(own.url, autocommit=True) as writer:
            # What happens when users sign up is not what is measured here.
            await writer.execute("set session_replication_role = replica")
            await writer.execute(MEMBERS, [options.connections])
        postmaster = psutil.Process(cluster.process_id)
        for name, is_filtered in (("without a filter", False), ("with an eq filter", True)):
            async with server_process(own.url, f"bench_joins_{int(is_filtered)}") as server:
                outcome = await measure(server, postmaster, options, is_filtered=is_filtered)
            report(name, outcome)


async def measure(
    server: ServerProcess,
    postmaster: psutil.Process,
    options: argparse.Namespace,
    *,
    is_filtered: bool,
) -> Outcome:
    process = psutil.Process(server.process.pid)
    port = urlsplit(server.url).port or 0
    share = options.connections // options.processes
    async with crowds([Crowd(port, 0, WARM_UP, 10, is_filtered)]) as join:
        await join()
    await asyncio.sleep(SETTLE_S)
    before_bytes = process.memory_info().rss
    plans = [
        Crowd(port, number * share, share, options.window, is_filtered)
        for number in range(options.processes)
    ]
    async with crowds(plans) as join:
        used_s, postgres_used_s = cpu_s(process), cpu_s(postmaster, *postmaster.children())
        began = time.perf_counter()
        reports = await join()
        wall_s = time.perf_counter() - began
        used_s = cpu_s(process) - used_s
        postgres_used_s = cpu_s(postmaster, *postmaster.children()) - postgres_used_s
        await asyncio.sleep(SETTLE_S)
        taken_bytes = process.memory_info().rss - before_bytes
    return Outcome(
        waits=[wait for each in reports for wait in each.waits],
        wall_s=wall_s,
        server_cpu_s=used_s,
        postgres_cpu_s=postgres_used_s,
        client_cpu_s=sum(each.cpu_s for each in reports),
        bytes_each=taken_bytes / (share * options.processes),
    )


@asynccontextmanager
async def crowds(
    plans: Sequence[Crowd],
) -> AsyncGenerator[Callable[[], Awaitable[list[CrowdReport]]]]:
    """Start clients, and give what lets them all join and tell of it; they stay until the end."""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            str(JOINERS),
            *(str(int(argument)) for argument in astuple(plan)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT_BYTES,
        )
        for plan in plans
    ]

    async def line(process: asyncio.subprocess.Process) -> bytes:
        assert process.stdout is not None
        return await process.stdout.readline()

    async def join() -> list[CrowdReport]:
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(b"\n")
        return [CrowdReport(**json.loads(await line(process))) for process in processes]

    try:
        for process in processes:
            assert await line(process) == b"ready\n"
        yield join
    finally:
        for process in processes:
            process.terminate()
            await process.wait()


def cpu_s(*processes: psutil.Process) -> float:
    """How long they have computed so far, and the children that they outlived."""
    return sum(sum(process.cpu_times()[:4]) for process in processes)


def report(name: str, outcome: Outcome) -> None:
    count = len(outcome.waits)
    marks = statistics.quantiles(outcome.waits, n=100)
    print(
        f"{count} joins {name}: {outcome.wall_s:.1f} s, {count / outcome.wall_s:.0f} a second,"
        f" p50 {marks[49] * 1000:.0f} ms, p99 {marks[98] * 1000:.0f} ms\n"
        f"  CPU ms a join: server {outcome.server_cpu_s / count * 1000:.2f},"
        f" PostgreSQL {outcome.postgres_cpu_s / count * 1000:.2f},"
        f" clients {outcome.client_cpu_s / count * 1000:.2f}\n"
        f"  server's memory for each connection: {outcome.bytes_each / 1024:.1f} KiB",
        flush=True,
    )


if __name__ == "__main__":
    asyncio.run(main())
