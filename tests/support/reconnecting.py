"""A client that comes back, as the official JavaScript client does."""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from support.phoenix import ConnectionLost, phoenix_client

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from support.phoenix import PhoenixClient

TIMEOUT_S: Final = 60.0
_CHANNEL: Final = "numbers"
_DELAY_S: Final = 0.1


@dataclass(slots=True)
class Stay:
    """
    A time during which the client was joined.

    Attributes:
        client: Its connection.
        ids: What the reply said the bindings are called.
        joined_at: When "Subscribed to PostgreSQL" came, in the loop's seconds.
        dropped_at: When the connection was found to be gone.
        close_code: How it was closed; 1006 means without a word.
    """

    client: PhoenixClient
    ids: list[int]
    joined_at: float
    dropped_at: float = math.inf
    close_code: int | None = None

    @property
    def numbers(self) -> list[int]:
        """The rows that came, in order."""
        changes = self.client.changes(_CHANNEL)
        if any(change["ids"] != self.ids for change in changes):
            raise AssertionError(f"changes came under other ids than {self.ids}: {changes}")
        return [change["data"]["record"]["id"] for change in changes]

    async def has(self, number: int) -> None:
        """Wait until row *number* came."""
        await self.client.until(
            lambda m: m[3] == "postgres_changes" and m[4]["data"]["record"]["id"] == number
        )


class ReconnectingClient:
    """
    Joins again with the same payload whenever the connection is gone or the join is refused.

    Attributes:
        stays: All times during which it was joined, the last perhaps going on.
        refusals: Why joins were refused.
    """

    def __init__(self, url: str, binding: dict[str, Any]) -> None:
        self._url = url
        self._binding = binding
        self._news = asyncio.Condition()
        self.stays: list[Stay] = []
        self.refusals: list[str] = []

    @property
    def numbers(self) -> list[int]:
        """All rows that came, in order, over all stays."""
        return [number for stay in self.stays for number in stay.numbers]

    def move(self, url: str) -> None:
        """Connect to the server at *url* from the next time on, as a proxy would have it."""
        self._url = url

    async def run(self) -> None:
        """Stay joined until cancelled."""
        while True:
            try:
                async with phoenix_client(self._url) as client:
                    await self._stay(client)
            except (OSError, InvalidHandshake, ConnectionClosed, ConnectionLost):
                pass  # The server is away.
            await asyncio.sleep(_DELAY_S)

    async def stay(self, count: int) -> Stay:
        """Wait until it is joined for the *count*th time."""
        async with asyncio.timeout(TIMEOUT_S), self._news:
            await self._news.wait_for(lambda: len(self.stays) >= count)
        return self.stays[count - 1]

    async def _stay(self, client: PhoenixClient) -> None:
        """Join, as often as it takes, and stay until the connection is gone."""
        loop = asyncio.get_running_loop()
        while (reply := await client.join(_CHANNEL, [self._binding]))["status"] != "ok":
            self.refusals.append(reply["response"]["reason"])
            await asyncio.sleep(_DELAY_S)
        ids = [binding["id"] for binding in reply["response"]["postgres_changes"]]
        await client.until(
            lambda m: m[3] == "system" and m[4]["message"] == "Subscribed to PostgreSQL"
        )
        stay = Stay(client, ids, loop.time())
        self.stays.append(stay)
        async with self._news:
            self._news.notify_all()
        stay.close_code = await client.closed()
        stay.dropped_at = loop.time()


@asynccontextmanager
async def reconnecting_client(
    url: str, binding: dict[str, Any]
) -> AsyncGenerator[ReconnectingClient]:
    """Keep a client joined within the block, from its first "Subscribed" on."""
    client = ReconnectingClient(url, binding)
    running = asyncio.create_task(client.run())
    try:
        await client.stay(1)
        yield client
    finally:
        running.cancel()
        await asyncio.wait([running])
        if not running.cancelled():
            running.result()
