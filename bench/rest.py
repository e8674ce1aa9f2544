"""
Tables as REST to many users: our server beside PostgREST.

Both serve the same database, with the same number of connections, to the same users, each with
a token of its own, under row level security. Clients with connections that they keep ask as
fast as they are answered: *one row* by its key, *100 rows*, and an *insert* that returns
nothing. Before, every answer of the one is compared with the other's.

Servers run one after the other, and rounds alternate which comes first, since machines are
noisy: what counts are ratios within a round, and requests in a second of the server's CPU time,
PostgreSQL's counted apart (`PG CPU-s`). Ours also reads its slot meanwhile, as it always does,
and so decodes every row that it inserts. PostgREST may remember tokens, as ours does. Nothing
waits for a disk: it would hide the rest.

*Delivery* is the time from a commit to its one subscriber, changes being committed at a steady
rate: with nothing else to do, while our server's REST is asked as fast as it answers, and while
PostgREST is, beside it. No change passes PostgREST, so the last is the floor: what the machine
makes of it when PostgreSQL, clients and one server keep its cores busy.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
from collections import defaultdict
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import psycopg
from bench import askers, salons, viewers
from bench.askers import connected_askers
from bench.processes import compiled, cpu_s, family_cpu_s
from bench.report import form, show_targets
from bench.viewers import joined_viewers

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.postgres import apply_migrations, drop_slots, running_cluster, temporary_database
from support.postgrest.http import Client
from support.postgrest.original import PROGRAM, original_process
from support.server import ANON_KEY, SECRET, server_process, token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
    from contextlib import AbstractAsyncContextManager

    from bench.viewers import Viewers

POOL_SIZE: Final = 10
ROW_LIMIT: Final = 1000
USER_COUNT: Final = 30
SALON_COUNT: Final = USER_COUNT // salons.FEW
ROWS_A_SALON: Final = 110
FILLER: Final = 200
"""How many letters the rows' notes have."""
RATE: Final = 50.0
"""Changes a second, for delivery."""
TOKEN_LIFE_S: Final = 86_400.0
PERCENTILES: Final = ("p50 ms", "p99 ms")


@dataclass(frozen=True, slots=True)
class Running:
    process_id: int
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """
    Attributes:
        name: What it is called in the report.
        path: Where its tables are.
        start: Runs it on the database of a URL.
    """

    name: str
    path: str
    start: Callable[[str], AbstractAsyncContextManager[Running]]


@dataclass(frozen=True, slots=True)
class Request:
    """What user number *user* asks."""

    user: int
    method: str
    path: str
    body: bytes = b""

    def headers(self) -> list[tuple[str, str]]:
        written = [("Content-Type", "application/json"), ("Prefer", "return=minimal")]
        return [
            ("Accept", "application/json"),
            ("apikey", ANON_KEY),
            ("Authorization", f"Bearer {token_of(self.user)}"),
            *(written if self.body else ()),
        ]

    def encoded(self, server: Server) -> bytes:
        fields = [("Host", "127.0.0.1"), *self.headers()]
        if self.body:
            fields.append(("Content-Length", str(len(self.body))))
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        return (
            f"{self.method} {server.path}{self.path} HTTP/1.1\r\n{lines}\r\n".encode() + self.body
        )


@dataclass(frozen=True, slots=True)
class Load:
    """Requests of one kind; they are answered with *status*."""

    name: str
    status: int
    requests: Sequence[Request]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """
    What one turn measured.

    Attributes:
        rate: Requests in a second.
        cpu: Requests in a second of the server's CPU time.
        database_cpu: Requests in a second of the CPU time of all of PostgreSQL.
        p50_ms: That an answer takes.
        p99_ms: Likewise.
    """

    rate: float
    cpu: float
    database_cpu: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What all turns share."""

    url: str
    postmaster: int
    askers: Path
    viewers: Path
    client_count: int
    duration_s: float


# Servers.


def slotcast(module: str = "slotcast") -> Server:
    environment = {
        "SLOTCAST_REST_POOL_SIZE": str(POOL_SIZE),
        "SLOTCAST_REST_MAX_ROWS": str(ROW_LIMIT),
    }

    @asynccontextmanager
    async def start(url: str) -> AsyncGenerator[Running]:
        async with server_process(
            url, "bench_rest", environment=environment, module=module
        ) as server:
            yield Running(server.process.pid, urlsplit(server.url).port or 0)

    return Server(name="slotcast", path="/rest/v1", start=start)


@asynccontextmanager
async def postgrest(url: str) -> AsyncGenerator[Running]:
    options = {
        "db-schemas": "public",
        "db-anon-role": "anon",
        "db-pool": str(POOL_SIZE),
        "db-max-rows": str(ROW_LIMIT),
        "jwt-secret": SECRET,
        "jwt-cache-max-lifetime": str(round(TOKEN_LIFE_S)),
    }
    with tempfile.TemporaryDirectory() as directory:
        async with original_process(url, Path(directory), options) as (process_id, port):
            yield Running(process_id, port)


OURS: Final = slotcast()
THEIRS: Final = Server(name="PostgREST 12.0.2", path="", start=postgrest)


@asynccontextmanager
async def running(url: str, *servers: Server) -> AsyncGenerator[list[Running]]:
    """Run servers on a database, and then leave it as it was."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(server.start(url)) for server in servers]
    with psycopg.connect(url, autocommit=True) as connection:
        drop_slots(connection, connection.info.dbname)
        connection.execute(
            "delete from public.appointments"
            " where notes like 'rest:%%' or split_part(notes, ':', 2)::integer >= %s",
            [SALON_COUNT * ROWS_A_SALON],
        )
        connection.execute("vacuum analyze public.appointments")


# Requests.


@cache
def token_of(user: int) -> str:
    return token(salons.user_id(user), expires_in_s=TOKEN_LIFE_S)


def prepare(url: str) -> list[Load]:
    """Fill the database, and say what is asked of it."""
    salons.prepare(url, USER_COUNT)
    with psycopg.connect(url, autocommit=True) as connection:
        writer = salons.Writer(connection, salons.APPOINTMENTS, SALON_COUNT, FILLER)
        writer.commit_many(0, SALON_COUNT * ROWS_A_SALON)
        connection.execute("vacuum analyze public.appointments")
        keys = {
            user: [
                key
                for (key,) in connection.execute(
                    "select id from public.appointments where workspace_id = %s"
                    " order by id limit 10",
                    [salons.workspace_id(user // salons.FEW)],
                )
            ]
            for user in range(USER_COUNT)
        }
    return [
        Load(
            "one row by its key",
            200,
            [
                Request(user, "GET", f"/appointments?id=eq.{keys[user][place]}")
                for place in range(10)
                for user in keys
            ],
        ),
        Load("100 rows", 200, [Request(user, "GET", hundred(user)) for user in keys]),
        Load(
            "insert",
            201,
            [Request(user, "POST", "/appointments", new_row(user)) for user in keys],
        ),
    ]


def hundred(user: int) -> str:
    workspace = salons.workspace_id(user // salons.FEW)
    return f"/appointments?workspace_id=eq.{workspace}&order=id&limit=100"


def new_row(user: int) -> bytes:
    row = {
        "workspace_id": str(salons.EVERYBODY),
        "customer_name": "A customer",
        "start_time": "2030-01-02T10:00:00Z",
        "end_time": "2030-01-02T11:00:00Z",
        "notes": f"rest:{user}:{'x' * FILLER}",
    }
    return json.dumps(row).encode()


async def compare_answers(url: str, loads: Sequence[Load]) -> None:
    """Make sure that both servers give the same answers."""
    async with running(url, OURS, THEIRS) as (ours, theirs):
        for load in loads:
            await asyncio.to_thread(
                compare_load,
                load,
                Client(f"http://127.0.0.1:{ours.port}{OURS.path}"),
                Client(f"http://127.0.0.1:{theirs.port}{THEIRS.path}"),
            )


def compare_load(load: Load, ours: Client, theirs: Client) -> None:
    for request in load.requests:
        asked = (request.method, request.path, request.headers(), request.body)
        answers = [client.send(*asked) for client in (ours, theirs)]
        found = [(one.status, json.loads(one.body or b"null")) for one in answers]
        if found[0] != found[1] or found[0][0] != load.status:
            raise AssertionError(f"{asked}: {answers}")
    ours.close()
    theirs.close()


# Measuring.


async def measure(machine: Machine, server: Server, process: Running, load: Load) -> Outcome:
    async with asking(machine, server, process, load) as clients:
        clients.begin()
        await asyncio.sleep(machine.duration_s / 4)  # to warm it up
        await clients.end()
        begin_cpu, begin_database = cpu_s(process.process_id), family_cpu_s(machine.postmaster)
        clients.begin()
        await asyncio.sleep(machine.duration_s)
        answers = await clients.end()
        cpu = cpu_s(process.process_id) - begin_cpu
        database_cpu = family_cpu_s(machine.postmaster) - begin_database
    count = len(answers.times_ns)
    p50_ms, p99_ms = percentiles([each / 1e6 for each in answers.times_ns])
    return Outcome(
        rate=count / answers.elapsed_s,
        cpu=count / cpu,
        database_cpu=count / database_cpu,
        p50_ms=p50_ms,
        p99_ms=p99_ms,
    )


def asking(
    machine: Machine, server: Server, process: Running, load: Load
) -> AbstractAsyncContextManager[askers.Askers]:
    encoded = [request.encoded(server) for request in load.requests]
    return connected_askers(
        machine.askers, process.port, machine.client_count, load.status, encoded
    )


async def measure_delivery(machine: Machine, load: Load) -> dict[str, tuple[float, float]]:
    """Give the percentiles of milliseconds from commit to receipt: idle, and under loads."""
    found: dict[str, tuple[float, float]] = {}
    async with (
        running(machine.url, OURS, THEIRS) as (ours, theirs),
        joined_viewers(machine.viewers, ours.port, [subscription()], READY) as viewer,
    ):
        with psycopg.connect(machine.url, autocommit=True) as connection:
            deliver = partial(delivery, machine, viewer, connection)
            await deliver()  # to warm it up
            found[IDLE] = await deliver()
            for name, server, process in ((BUSY, OURS, ours), (BESIDE, THEIRS, theirs)):
                async with asking(machine, server, process, load) as clients:
                    clients.begin()
                    found[name] = await deliver()
                    await clients.end()
    return found


IDLE: Final = "idle"
BUSY: Final = "REST of the same server at full load"
READY: Final = "Subscribed to PostgreSQL"
BESIDE: Final = "PostgREST at full load beside it"


def subscription() -> tuple[str, str]:
    binding = {"event": "*", "schema": "public", "table": salons.APPOINTMENTS}
    config = {"postgres_changes": [binding]}
    payload = {"config": config, "access_token": token_of(0)}
    join = json.dumps(["1", "1", "realtime:appointments", "phx_join", payload])
    return f"/realtime/v1/websocket?apikey={ANON_KEY}&vsn=2.0.0", join


async def delivery(
    machine: Machine, viewer: Viewers, connection: psycopg.Connection
) -> tuple[float, float]:
    writer = salons.Writer(connection, salons.APPOINTMENTS, 1, FILLER)
    first, amount = SALON_COUNT * ROWS_A_SALON, round(RATE * machine.duration_s)
    committed_ns = await asyncio.to_thread(writer.commit_at, RATE, first, amount)
    await viewer.until(amount)
    notes = await viewer.take()
    if sorted(notes.numbers) != sorted(committed_ns):
        raise AssertionError("other changes arrived than were committed")
    arrived = zip(notes.numbers, notes.times_ns, strict=True)
    return percentiles([(at_ns - committed_ns[number]) / 1e6 for number, at_ns in arrived])


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """Give the median and the 99th percentile."""
    marks = statistics.quantiles(values, n=100, method="inclusive")
    return marks[49], marks[98]


# The report.

Results = dict[tuple[str, str], list[Outcome]]
"""By server and load; the places in the lists are the rounds."""
Deliveries = dict[str, list[tuple[float, float]]]

FIGURES: Final = {
    "rate": "requests/s",
    "cpu": "per CPU-s",
    "database_cpu": "PG CPU-s",
    "p50_ms": PERCENTILES[0],
    "p99_ms": PERCENTILES[1],
}


def values(outcomes: Sequence[Outcome], figure: str) -> list[float]:
    return [getattr(each, figure) for each in outcomes]


def ratio(results: Results, load: str, figure: str) -> float:
    """Give the median of the rounds' ratios of our figure to theirs."""
    ours, theirs = (values(results[one.name, load], figure) for one in (OURS, THEIRS))
    return statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))


def show(results: Results, load: str, client_count: int) -> None:
    heads = "".join(f"{head:>12}" for head in FIGURES.values())
    print(f"\n{f'{load}, {client_count} clients':<40}{heads}")
    for server in (OURS, THEIRS):
        found = results[server.name, load]
        rate, cpu, database_cpu, *times = (
            statistics.median(values(found, figure)) for figure in FIGURES
        )
        shown = "".join(form(time, 12, ".2f") for time in times)
        print(f"  {server.name:<38}{form(rate, 12)}{form(cpu, 12)}{form(database_cpu, 12)}{shown}")
    shown = "".join(form(ratio(results, load, figure), 12, ".2f") for figure in FIGURES)
    print(f"  {'ours / theirs, median of rounds':<38}{shown}", flush=True)


def show_deliveries(deliveries: Deliveries) -> None:
    title = f"delivery of {RATE:g} changes a second"
    print(f"\n{title:<40}{PERCENTILES[0]:>12}{PERCENTILES[1]:>12}")
    for name, found in deliveries.items():
        shown = "".join(
            form(statistics.median(each), 12, ".2f") for each in zip(*found, strict=True)
        )
        print(f"  {name:<38}{shown}")


def targets(
    results: Results, loads: Sequence[Load], deliveries: Deliveries
) -> Iterator[tuple[str, float, float, bool]]:
    """Give what was measured of each target; see `show_targets`."""
    for load in loads:
        # PostgreSQL's time is shown to explain the others.
        for figure, head in FIGURES.items():
            if figure == "database_cpu":
                continue
            is_most = figure.endswith("_ms")
            got = ratio(results, load.name, figure)
            yield f"{load.name}: {head}, ours / theirs", 1.0, got, is_most
            if figure == "rate":
                yield f"{load.name}: {head}, ours / theirs: the goal", 2.0, got, is_most
    for place, head in enumerate(PERCENTILES):
        for name, most in ((IDLE, 3.0), (BESIDE, 1.0)):
            rounds = zip(deliveries[BUSY], deliveries[name], strict=True)
            got = statistics.median(busy[place] / other[place] for busy, other in rounds)
            yield f"delivery: {head}, at full load / {name}", most, got, True


# Running.


async def compare(machine: Machine, loads: Sequence[Load], round_count: int) -> None:
    await compare_answers(machine.url, loads)
    results: defaultdict[tuple[str, str], list[Outcome]] = defaultdict(list)
    deliveries: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for number in range(round_count):
        for server in (OURS, THEIRS) if number % 2 == 0 else (THEIRS, OURS):
            async with running(machine.url, server) as [process]:
                for load in loads:
                    outcome = await measure(machine, server, process, load)
                    results[server.name, load.name].append(outcome)
        for name, found in (await measure_delivery(machine, loads[0])).items():
            deliveries[name].append(found)
    for load in loads:
        show(results, load.name, machine.client_count)
    show_deliveries(deliveries)
    show_targets(targets(results, loads, deliveries))


async def profile(machine: Machine, loads: Sequence[Load]) -> None:
    """Print where our server spends its time with each load."""
    server = slotcast("bench.profiled_server")
    async with running(machine.url, server) as [process]:
        for load in loads:
            await measure(machine, server, process, load)
            os.kill(process.process_id, signal.SIGUSR1)
            outcome = await measure(machine, server, process, load)
            print(f"{load.name}: {outcome.rate:,.0f} requests/s", flush=True)
            os.kill(process.process_id, signal.SIGUSR2)


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each figure")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--profile", action="store_true", help="where our time goes instead")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 1.0
    if not PROGRAM.exists():
        sys.exit("PostgREST is not installed; on Linux x64 run: make install")
    with (
        tempfile.TemporaryDirectory() as directory,
        running_cluster("embedded") as cluster,
        temporary_database(cluster) as own,
    ):
        await asyncio.to_thread(apply_migrations, own.url)
        loads = await asyncio.to_thread(prepare, own.url)
        machine = Machine(
            url=own.url,
            postmaster=int((cluster.directory / "postmaster.pid").read_text().split()[0]),
            askers=await asyncio.to_thread(compiled, askers.SOURCE, Path(directory)),
            viewers=await asyncio.to_thread(compiled, viewers.SOURCE, Path(directory)),
            client_count=options.clients,
            duration_s=options.seconds,
        )
        if options.profile:
            await profile(machine, loads)
        else:
            await compare(machine, loads, options.rounds)


if __name__ == "__main__":
    asyncio.run(main())
