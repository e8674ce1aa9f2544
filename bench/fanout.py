"""
Frames to many WebSockets: our transport and send queues beside a C loop of send().

Both run one after the other, alternating, against the same reading client in a process of its
own; what counts is the ratio, since machines are noisy. On a machine that is shared, frames a
second of the sender's CPU time say more than frames a second. Without a C compiler only our
own figures are measured.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from slotcast.fanout import frames
from slotcast.transports.http import HttpServer
from slotcast.transports.websocket import WebSocketConnection, WebSocketLimits

if TYPE_CHECKING:
    from slotcast.channels.session import Connection, Handshake

HERE = Path(__file__).parent
COALESCED = 8
"""Frames that each connection gets in one turn of the loop, in the coalesced run."""
TURNS_UNWATCHED = 8
"""Turns between looks at whether the reader keeps up."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Frames in a second that passes, and in a second of the sender's CPU time."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    connection_count: int
    frame_bytes: int
    duration_s: float


class Listener:
    """A session that says nothing."""

    def receive_text(self, data: str, /) -> None:
        raise AssertionError(data)

    def receive_binary(self, data: bytes, /) -> None:
        raise AssertionError(data)

    def closed(self) -> None:
        pass


class Programs:
    """The C programs, compiled if there is a compiler."""

    def __init__(self, directory: Path) -> None:
        self._compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        self._directory = directory
        self.send_loop = self._compile("send_loop")
        self.reader = self._compile("reader") or [sys.executable, str(HERE / "reader.py")]

    def _compile(self, name: str) -> list[str]:
        if self._compiler is None:
            return []
        program = self._directory / name
        source = HERE / f"{name}.c"
        subprocess.run([self._compiler, "-O2", "-o", str(program), str(source)], check=True)
        return [str(program)]


def measure_c(programs: Programs, load: Load, frames_per_send: int) -> Rate:
    """Measure the C loop."""
    arguments = (load.connection_count, load.frame_bytes, frames_per_send, load.duration_s)
    with subprocess.Popen(
        [*programs.send_loop, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    ) as sender:
        assert sender.stdout is not None
        port = sender.stdout.readline().strip()
        with subprocess.Popen(
            [*programs.reader, port, str(load.connection_count)], stdout=subprocess.DEVNULL
        ):
            return Rate(*map(float, sender.stdout.readline().split()))


async def measure_ours(programs: Programs, load: Load, frames_per_turn: int) -> Rate:
    """Measure our transport."""
    connections: list[WebSocketConnection] = []

    def open_session(_handshake: Handshake, connection: Connection) -> Listener:
        assert isinstance(connection, WebSocketConnection)
        connections.append(connection)
        return Listener()

    server = HttpServer(
        host="127.0.0.1",
        port=0,
        routes=[],
        open_session=open_session,
        limits=WebSocketLimits(
            frame_limit_bytes=5_000_000,
            send_queue_limit_bytes=64 * 1024 * 1024,
            connection_limit=load.connection_count,
            idle_timeout_s=60,
        ),
    )
    _, port = await server.start()
    reader = await asyncio.create_subprocess_exec(
        *programs.reader, str(port), str(load.connection_count), stdout=asyncio.subprocess.PIPE
    )
    assert reader.stdout is not None
    assert await reader.stdout.readline() == b"ready\n"
    try:
        return await send_frames(connections, load, frames_per_turn)
    finally:
        reader.kill()
        await reader.wait()
        await server.stop()


async def send_frames(
    connections: list[WebSocketConnection], load: Load, frames_per_turn: int
) -> Rate:
    frame = frames.text(b"x" * (load.frame_bytes - 4))
    assert len(frame) == load.frame_bytes
    sends = [connection.send for connection in connections]
    begin, cpu_begin = time.perf_counter(), time.process_time()
    end = begin + load.duration_s
    sent = turns = 0
    while time.perf_counter() < end:
        # A change goes to everybody before the next one does.
        for _ in range(frames_per_turn):
            for send in sends:
                send(frame)
        sent += frames_per_turn * len(sends)
        await asyncio.sleep(0)
        turns += 1
        if turns % TURNS_UNWATCHED == 0:
            await drained(connections)
    elapsed, cpu = time.perf_counter() - begin, time.process_time() - cpu_begin
    return Rate(sent / elapsed, sent / cpu)


async def drained(connections: list[WebSocketConnection]) -> None:
    """Wait, as blocking send() does, until the reader has made room."""
    while any(connection.buffered_bytes() for connection in connections):  # noqa: ASYNC110
        # Nothing tells a benchmark about the transports' buffers, and it has to wait rarely.
        await asyncio.sleep(0.0005)


def show(name: str, figures: list[float], floor: list[float]) -> None:
    line = f"  {name:<26} {statistics.median(figures):>12,.0f} frames/s"
    if floor:
        ratios = [ours / c for ours, c in zip(figures, floor, strict=True)]
        line += f"   C {statistics.median(floor):>12,.0f}   ratio {statistics.median(ratios):.2f}"
        line += f" ({min(ratios):.2f} to {max(ratios):.2f})"
    print(line, flush=True)


def run(programs: Programs, load: Load, pair_count: int) -> None:
    print(f"{load.connection_count} connections, frames of {load.frame_bytes} bytes")
    for name, per_write in (("one frame a write", 1), (f"{COALESCED} frames a turn", COALESCED)):
        ours: list[Rate] = []
        floor: list[Rate] = []
        for pair in range(pair_count):
            measure_pair(programs, load, per_write, ours, floor, is_floor_first=pair % 2 == 0)
        for what in ("wall", "cpu"):
            rates, floor_rates = (
                [getattr(rate, what) for rate in measured] for measured in (ours, floor)
            )
            show(f"{name}, {what}", rates, floor_rates)


def measure_pair(
    programs: Programs,
    load: Load,
    per_write: int,
    ours: list[Rate],
    floor: list[Rate],
    *,
    is_floor_first: bool,
) -> None:
    """Measure both, the one that comes first changing from pair to pair."""
    if is_floor_first and programs.send_loop:
        floor.append(measure_c(programs, load, per_write))
    ours.append(uvloop.run(measure_ours(programs, load, per_write)))
    if not is_floor_first and programs.send_loop:
        floor.append(measure_c(programs, load, per_write))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--frame-bytes", type=int, default=600)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    load = Load(
        connection_count=options.connections,
        frame_bytes=options.frame_bytes,
        duration_s=options.seconds,
    )
    with tempfile.TemporaryDirectory() as directory:
        run(Programs(Path(directory)), load, options.pairs)


if __name__ == "__main__":
    main()
