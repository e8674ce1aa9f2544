"""Whatever a client does, the others do not notice."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import pytest
from websockets.asyncio.client import connect

from support.abuse import ATTACKS
from support.server import ANON_KEY, server_process

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from websockets.asyncio.client import ClientConnection

    from support.postgres import Database

TIME_LIMIT_S: Final = 60.0
BASELINE_COUNT: Final = 150
PAUSE_S: Final = 0.01
NOTICEABLE_S: Final = 0.05
"""What a median may always take, since tests share their machine."""
GROWTH_LIMIT_BYTES: Final = 150 * 1024 * 1024
TESTS: Final = Path(__file__).parents[2]

EXPECTED: Final = {
    "flood": "Too many messages per second",
    "never read": "closed with 4429",
    "garble": None,
    "storm joins": "ClientJoinRateLimitReached: Too many joins per second",
    "storm presence": "Client presence rate limit exceeded",
    "exaggerate": "ChannelRateLimitReached: Too many channels",
}
"""What each attacker is told."""


class Pair:
    """Two clients that behave: what one broadcasts the other gets."""

    def __init__(self, sender: ClientConnection, receiver: ClientConnection) -> None:
        self._sender = sender
        self._receiver = receiver
        self._count = 0

    async def exchange(self) -> float:
        """
        Broadcast once; gives the seconds until it came, alone and as it was sent.

        It takes its time before, since clients that behave stay within their rate.
        """
        await asyncio.sleep(PAUSE_S)
        self._count += 1
        content = {"type": "broadcast", "event": "tick", "payload": {"n": self._count}}
        message = json.dumps(["1", "1", "realtime:pair", "broadcast", content])
        began = time.perf_counter()
        await self._sender.send(message)
        assert json.loads(await self._receiver.recv())[4] == content
        return time.perf_counter() - began


@asynccontextmanager
async def a_pair(url: str) -> AsyncGenerator[Pair]:
    query = urlencode({"apikey": ANON_KEY, "vsn": "2.0.0"})
    address = f"{url.replace('http', 'ws', 1)}/realtime/v1/websocket?{query}"
    async with connect(address) as sender, connect(address) as receiver:
        for connection in (sender, receiver):
            await connection.send(json.dumps(["1", "1", "realtime:pair", "phx_join", {}]))
            assert json.loads(await connection.recv())[3] == "phx_reply"
        yield Pair(sender, receiver)


def memory_bytes(process_id: int, figure: str) -> int:
    """Read ``VmRSS``, what the process takes, or ``VmHWM``, the most that it ever took."""
    status = Path(f"/proc/{process_id}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(figure))
    return int(line.split()[1]) * 1024


async def attack(name: str, url: str, seed: int) -> dict[str, int]:
    """Run an attacker until it has had enough; gives what it was told, and how often."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "support.abuse",
        name,
        url,
        str(seed),
        cwd=TESTS,
        env={**os.environ, "PYTHONWARNINGS": "default"},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(output)


@pytest.mark.parametrize("cluster", ["embedded"], indirect=True)
@pytest.mark.parametrize("name", ATTACKS)
async def test_an_attacker_is_stopped_and_nobody_else_notices(
    database: Database, slot_name: str, name: str
) -> None:
    async with (
        asyncio.timeout(TIME_LIMIT_S),
        server_process(database.url, slot_name) as server,
        a_pair(server.url) as pair,
    ):
        baseline = [await pair.exchange() for _ in range(BASELINE_COUNT)]
        memory_before = memory_bytes(server.process.pid, "VmRSS")

        attacking = asyncio.create_task(attack(name, server.url, seed=1))
        during = [await pair.exchange()]
        while not attacking.done():
            during.append(await pair.exchange())
        told = await attacking
        growth = memory_bytes(server.process.pid, "VmHWM") - memory_before
        await pair.exchange()

    calm, loud = statistics.median(baseline), statistics.median(during)
    print(  # noqa: T201 - figures for whoever runs this with -s
        f"\n{name}: median {calm * 1000:.2f} ms before, {loud * 1000:.2f} ms during"
        f" ({len(during)} exchanges, longest {max(during) * 1000:.0f} ms),"
        f" memory +{growth / 1024 / 1024:.0f} MiB, told {told}"
    )
    assert loud < max(2 * calm, NOTICEABLE_S)
    assert growth < GROWTH_LIMIT_BYTES
    expected = EXPECTED[name]
    # Who storms on after its connection is closed can lose what it was told just before.
    lost_words = name == "storm joins" and "closed with 1001" in told
    assert expected is None or told.get(expected, 0) > 0 or lost_words
