"""
Row changes a second from a replication slot, through decoding and routing, to nobody.

A backlog of transactions waits in two slots. One is read by the server's own stages as far as
the hub, which finds that nobody subscribed; the other by `pg_recvlogical`, which writes the
same bytes to /dev/null. In turns, several times; what counts is the ratio, and rows a second
of CPU time where the machine is shared. Both have PostgreSQL's decoding in front of them.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import uvloop

from slotcast.fanout.hub import Hub
from slotcast.fanout.tables import TableVersions
from slotcast.policies.oracle import Oracle
from slotcast.postgres.embedded import embedded_bin_directory
from slotcast.postgres.pool import make_pool
from slotcast.replication.stream import Replication

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.postgres import apply_migrations, running_cluster, temporary_database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotcast.changes import TransactionSlice

PUBLICATION = "supabase_realtime"
PRIVATE_PUBLICATION = "slotcast_private"
OURS, PLAIN = "bench_ours", "bench_plain"

TABLE = """
create table public.measured (
  id bigint primary key, owner uuid not null, starts timestamptz not null, status text not null,
  note text, amount numeric(10, 2), is_open boolean, tags text[]
);
alter publication supabase_realtime add table public.measured;
"""
ROWS = """
insert into public.measured
select n, 'aaaaaaaa-0000-4000-8000-000000000001', now(), 'confirmed', 'a note of some length',
       12.5, true, '{a,b}'
from generate_series(%s::bigint, %s::bigint) n
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """Rows a second that passes, and a second of the reader's CPU time."""

    wall: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000, help="rows in a round")
    parser.add_argument("--transaction-rows", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with running_cluster("embedded") as cluster, temporary_database(cluster) as database:
        apply_migrations(database.url)
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute(TABLE)
            for slot in (OURS, PLAIN):
                connection.execute(
                    "select pg_create_logical_replication_slot(%s, 'pgoutput')", [slot]
                )
            ours: list[Rate] = []
            plain: list[Rate] = []
            for number in range(arguments.rounds):
                _write(connection, number * arguments.rows, arguments)
                plain.append(_read_plain(connection, database.url, arguments.rows))
                ours.append(uvloop.run(_read_ours(database.url, arguments.rows)))
    _report(ours, plain)


def _write(connection: psycopg.Connection, before: int, arguments: argparse.Namespace) -> None:
    for first in range(before + 1, before + arguments.rows, arguments.transaction_rows):
        connection.execute(ROWS, [first, first + arguments.transaction_rows - 1])


def _read_plain(connection: psycopg.Connection, url: str, rows: int) -> Rate:
    row = connection.execute("select pg_current_wal_lsn()::text").fetchone()
    if row is None:
        raise AssertionError("a SELECT without FROM returns a row")
    command = [
        str(embedded_bin_directory() / "pg_recvlogical"), f"--dbname={url}", f"--slot={PLAIN}",
        "--start", "--file=/dev/null", f"--endpos={row[0]}", "--no-loop",
        "--option=proto_version=2", f"--option=publication_names={PUBLICATION}",
    ]  # fmt: skip
    began, began_cpu = time.perf_counter(), _children_cpu()
    subprocess.run(command, check=True)
    return Rate(rows / (time.perf_counter() - began), rows / (_children_cpu() - began_cpu))


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def _read_ours(url: str, rows: int) -> Rate:
    pool = make_pool(url, size=1, statement_timeout_s=60)
    hub = Hub(
        pool,
        Oracle(pool, search_path="public"),
        versions=TableVersions(publication=PUBLICATION, private_publication=PRIVATE_PUBLICATION),
        record_limit_bytes=1_000_000,
        supabase_deletes=False,
        recovery_window_s=0,
        recovery_limit_bytes=0,
        on_delay=lambda: None,
    )
    replication = Replication(
        url, slot=OURS, publications=[PUBLICATION, PRIVATE_PUBLICATION], replay_window_s=0
    )
    seen = 0
    done = asyncio.Event()

    async def deliver(batch: Sequence[TransactionSlice]) -> None:
        nonlocal seen
        await hub.deliver(batch)
        seen += sum(len(transaction.changes) for transaction in batch)
        if seen >= rows:
            done.set()

    async with pool:
        began, began_cpu = time.perf_counter(), time.process_time()
        streaming = asyncio.create_task(replication.run(deliver))
        await done.wait()
        rate = Rate(rows / (time.perf_counter() - began), rows / (time.process_time() - began_cpu))
        streaming.cancel()
        await asyncio.wait([streaming])
    return rate


def _report(ours: Sequence[Rate], plain: Sequence[Rate]) -> None:
    print(f"{'rows a second, medians':<26}{'wall':>12}{'of CPU time':>14}")
    for name, rates in (("pg_recvlogical", plain), ("slotcast", ours)):
        wall = statistics.median(rate.wall for rate in rates)
        cpu = statistics.median(rate.cpu for rate in rates)
        print(f"{name:<26}{wall:>12,.0f}{cpu:>14,.0f}")
    ratios = [mine.wall / other.wall for mine, other in zip(ours, plain, strict=True)]
    print(
        f"slotcast / pg_recvlogical, median of {len(ratios)} pairs: {statistics.median(ratios):.2f}"
    )


if __name__ == "__main__":
    main()
