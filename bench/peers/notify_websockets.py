"""
A live server by hand: LISTEN, and send each notification to those whom it concerns.

Clients connect with what they are: ``/?keys=USER,WORKSPACE,…``. There are no tokens, and
nothing is asked of row level security: whoever wrote this server repeated its policies in
`keys_of`. Prints its port when it listens.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve


async def main(url: str) -> None:
    clients: defaultdict[str, set[ServerConnection]] = defaultdict(set)

    async def handle(client: ServerConnection) -> None:
        if client.request is None:
            raise AssertionError("a handler has its request")
        keys = parse_qs(urlsplit(client.request.path).query)["keys"][0].split(",")
        for key in keys:
            clients[key].add(client)
        try:
            await client.wait_closed()
        finally:
            for key in keys:
                clients[key].discard(client)

    async with (
        await psycopg.AsyncConnection.connect(url, autocommit=True) as connection,
        serve(handle, "127.0.0.1", 0, compression=None, ping_interval=None) as server,
    ):
        await connection.execute("listen changes")
        port: int = next(iter(server.sockets)).getsockname()[1]
        print(port, flush=True)
        async for notification in connection.notifies():
            concerned: set[ServerConnection] = set()
            for key in keys_of(json.loads(notification.payload)):
                concerned |= clients.get(key, set())
            broadcast(concerned, notification.payload)


def keys_of(row: dict[str, Any]) -> list[str]:
    return [row["workspace_id"], row["customer_id"]]


uvloop.run(main(sys.argv[1]))
