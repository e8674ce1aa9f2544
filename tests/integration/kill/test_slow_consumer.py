"""A client that reads nothing costs only itself."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

import psutil
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from support.numbers import NUMBERS, writing
from support.server import ANON_KEY, server_process

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from support.postgres import Database

READERS: Final = 1000
ROWS: Final = 50
PADDING: Final = 3000
CHANNELS: Final = 100  # of the slow one, which so gets a hundred times as much
QUEUE_LIMIT_BYTES: Final = 128 * 1024
GROWTH_LIMIT_BYTES: Final = 48 * 1024 * 1024
TIMEOUT_S: Final = 60.0
MIB: Final = 1024 * 1024


def address(url: str) -> str:
    query = urlencode({"apikey": ANON_KEY, "vsn": "2.0.0"})
    return f"{url.replace('http', 'ws', 1)}/realtime/v1/websocket?{query}"


async def subscribe(connection: ClientConnection, *names: str) -> None:
    """Join channels, and wait until all are live."""
    for name in names:
        payload = {"config": {"postgres_changes": [NUMBERS]}}
        await connection.send(json.dumps([name, name, f"realtime:{name}", "phx_join", payload]))
    live = 0
    async with asyncio.timeout(TIMEOUT_S):
        while live < len(names):
            live += b"Subscribed to PostgreSQL" in await connection.recv(decode=False)


async def last_row(connection: ClientConnection) -> int:
    """Read until the last row; gives how many rows came."""
    count = 0
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            frame = await connection.recv(decode=False)
            if b"postgres_changes" in frame:
                count += 1
                if json.loads(frame)[4]["data"]["record"]["id"] == ROWS:
                    return count


def narrow_socket(url: str) -> socket.socket:
    """Connect with a small receive buffer, so that the server soon has to keep what it sends."""
    where = urlsplit(url)
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.connect((where.hostname, where.port))
    narrow.setblocking(False)
    return narrow


async def test_a_client_that_reads_nothing_is_closed_while_a_thousand_others_are_served(
    database: Database, slot_name: str
) -> None:
    close_code: int | None = None
    environment = {"SLOTCAST_SEND_QUEUE_LIMIT_BYTES": str(QUEUE_LIMIT_BYTES)}
    async with (
        writing(database.url, padding=PADDING) as writer,
        server_process(database.url, slot_name, environment=environment) as server,
        AsyncExitStack() as stack,
    ):
        process = psutil.Process(server.process.pid)
        readers = [
            await stack.enter_async_context(connect(address(server.url), compression=None))
            for _ in range(READERS)
        ]
        slow = await stack.enter_async_context(
            connect(
                address(server.url),
                compression=None,
                sock=narrow_socket(server.url),
                max_queue=1,
                ping_interval=None,
            )
        )
        await asyncio.gather(*(subscribe(reader, "numbers") for reader in readers))
        await subscribe(slow, *(f"numbers-{index}" for index in range(CHANNELS)))
        before = peak = process.memory_info().rss
        async with asyncio.TaskGroup() as tasks:
            reading = [tasks.create_task(last_row(reader)) for reader in readers]
            for last in range(1, ROWS + 1):
                await writer.write(last)
                peak = max(peak, process.memory_info().rss)
        peak = max(peak, process.memory_info().rss)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while True:
                    await slow.recv(decode=False)
        except ConnectionClosed:
            close_code = slow.close_code
        after = process.memory_info().rss
    print(f"RSS: {before / MIB:.1f} MiB, peak {peak / MIB:.1f}, after {after / MIB:.1f}")  # noqa: T201 - figures to look at

    assert [task.result() for task in reading] == [ROWS] * READERS
    assert close_code in (4429, 1006)
    assert peak - before < GROWTH_LIMIT_BYTES
