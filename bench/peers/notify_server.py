"""
The shortest live server by hand: LISTEN, and send each notification to every WebSocket.

Prints its port when it listens.
"""

from __future__ import annotations

import asyncio
import sys

import psycopg
from websockets.asyncio.server import ServerConnection, broadcast, serve


async def main(url: str) -> None:
    clients: set[ServerConnection] = set()

    async def handle(client: ServerConnection) -> None:
        clients.add(client)
        try:
            await client.wait_closed()
        finally:
            clients.discard(client)

    async with (
        await psycopg.AsyncConnection.connect(url, autocommit=True) as connection,
        serve(handle, "127.0.0.1", 0, compression=None) as server,
    ):
        await connection.execute("listen changes")
        port: int = next(iter(server.sockets)).getsockname()[1]
        print(port, flush=True)
        async for notification in connection.notifies():
            broadcast(clients, notification.payload)


asyncio.run(main(sys.argv[1]))
