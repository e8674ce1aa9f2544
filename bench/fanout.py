"""
Frames to many WebSockets: our transport and send queues beside a C loop of send().

Both take turns of some milliseconds on the same sockets, which a client in a process of its own
reads. So what the machine does besides slows both down alike, and the ratio holds where the
figures themselves do not. Between turns the reader catches up, and nobody's time counts. Without
a C compiler only our own figures are measured.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvloop

from slotcast.fanout import frames
from slotcast.transports.http import HttpServer
from slotcast.transports.websocket import WebSocketConnection, WebSocketLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slotcast.channels.session import Connection, Handshake

HERE: Final = Path(__file__).parent
COALESCED: Final = 8
"""Frames that each connection gets in one turn of the loop, in the coalesced run."""
CATCHING_UP_S: Final = 0.002
"""How long the reader has after it has been given everything."""
GROUPS: Final = 5
"""Into how many parts a run is cut, to tell how far their ratios are apart."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How long it took to give every connection its frames, in seconds."""

    wall: float
    cpu: float


class Listener:
    """A session that says nothing."""

    def receive_text(self, data: str, /) -> None:
        raise AssertionError(data)

    def receive_binary(self, data: bytes, /) -> None:
        raise AssertionError(data)

    def closed(self) -> None:
        pass


class Programs:
    """What is written in C, compiled if there is a compiler."""

    def __init__(self, directory: Path) -> None:
        self._compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        self._directory = directory
        reader = self._compile("reader")
        self.reader = [sys.executable, str(HERE / "reader.py")] if reader is None else [str(reader)]
        self.send_loop = self._compile("send_loop", "-shared", "-fPIC")

    def _compile(self, name: str, *options: str) -> Path | None:
        if self._compiler is None:
            return None
        program = self._directory / name
        source = HERE / f"{name}.c"
        command = [self._compiler, "-O2", *options, "-o", str(program), str(source)]
        subprocess.run(command, check=True)
        return program


async def measure(
    programs: Programs, connection_count: int, frame: bytes, frames_per_turn: int, turn_count: int
) -> dict[str, list[Turn]]:
    """Let the senders take so many turns each, the one that comes first changing."""
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
            connection_limit=connection_count,
            idle_timeout_s=3600,
        ),
    )
    _, port = await server.start()
    reader = await asyncio.create_subprocess_exec(
        *programs.reader, str(port), str(connection_count), stdout=asyncio.subprocess.PIPE
    )
    assert reader.stdout is not None
    assert await reader.stdout.readline() == b"ready\n"
    senders = {"ours": our_sender(connections, frame, frames_per_turn)}
    if programs.send_loop is not None:
        senders["C"] = c_sender(programs.send_loop, connections, frame * frames_per_turn)
    turns: dict[str, list[Turn]] = {name: [] for name in senders}
    try:
        for number in range(turn_count):
            for name in sorted(senders, reverse=bool(number % 2)):
                turns[name].append(await timed(senders[name]))
                await drained(connections)
        return turns
    finally:
        reader.kill()
        await reader.wait()
        await server.stop()


def our_sender(
    connections: Sequence[WebSocketConnection], frame: bytes, frames_per_turn: int
) -> Callable[[], None]:
    sends = [connection.send for connection in connections]

    def send() -> None:
        # A change goes to everybody before the next one does.
        for _ in range(frames_per_turn):
            for send_one in sends:
                send_one(frame)

    return send


def c_sender(
    library: Path, connections: Sequence[WebSocketConnection], data: bytes
) -> Callable[[], None]:
    send_to_all = ctypes.CDLL(str(library)).send_to_all
    send_to_all.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)
    descriptors = (ctypes.c_int * len(connections))(*map(descriptor, connections))

    def send() -> None:
        if send_to_all(descriptors, len(descriptors), data, len(data)):
            raise AssertionError("the reader has room for a turn")

    return send


def descriptor(connection: WebSocketConnection) -> int:
    transport = connection._transport  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - to bypass it
    number: int = transport.get_extra_info("socket").fileno()
    return number


async def timed(send: Callable[[], None]) -> Turn:
    """Measure *send* and what it leaves to the end of the loop's turn."""
    begin, cpu_begin = time.perf_counter(), time.process_time()
    send()
    await asyncio.sleep(0)
    return Turn(time.perf_counter() - begin, time.process_time() - cpu_begin)


async def drained(connections: Sequence[WebSocketConnection]) -> None:
    """Wait until the reader has made room, as blocking send() does."""
    await asyncio.sleep(CATCHING_UP_S)
    while any(connection.buffered_bytes() for connection in connections):  # noqa: ASYNC110
        # Nothing tells a benchmark about the transports' buffers, and it has to wait rarely.
        await asyncio.sleep(CATCHING_UP_S)


def show(name: str, frame_count: int, ours: Sequence[float], floor: Sequence[float]) -> None:
    """Show the rate of turns of so many frames, and beside it the floor's."""
    rate = frame_count / statistics.median(ours)
    line = f"  {name:<32}{rate:>12,.0f} frames/s"
    if floor:
        ratio = statistics.median(floor) / statistics.median(ours)
        bounds = [round(place * len(ours) / GROUPS) for place in range(GROUPS + 1)]
        parts = [
            statistics.median(floor[begin:end]) / statistics.median(ours[begin:end])
            for begin, end in pairwise(bounds)
        ]
        floor_rate = frame_count / statistics.median(floor)
        line += (
            f"   C {floor_rate:>12,.0f}   ratio {ratio:.2f} ({min(parts):.2f} to {max(parts):.2f})"
        )
    print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--frame-bytes", type=int, default=600)
    parser.add_argument("--turns", type=int, default=300, help="of each sender")
    options = parser.parse_args()
    header_bytes = len(frames.text(bytes(options.frame_bytes))) - options.frame_bytes
    frame = frames.text(b"x" * (options.frame_bytes - header_bytes))
    print(f"{options.connections} connections, frames of {len(frame)} bytes")
    with tempfile.TemporaryDirectory() as directory:
        programs = Programs(Path(directory))
        for name, count in (("one frame a write", 1), (f"{COALESCED} frames a turn", COALESCED)):
            turns = uvloop.run(measure(programs, options.connections, frame, count, options.turns))
            frame_count = options.connections * count
            for clock in ("wall", "cpu"):
                ours, floor = (
                    [getattr(turn, clock) for turn in turns.get(sender, ())]
                    for sender in ("ours", "C")
                )
                show(f"{name}, of {clock} time", frame_count, ours, floor)


if __name__ == "__main__":
    main()
