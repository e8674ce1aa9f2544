"""Large messages of clients, decoded beside the loop, so that nobody else waits for them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar
from weakref import WeakValueDictionary

from slotcast import strict_json
from slotcast.channels.protocol.serializers import VerbatimBroadcast

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from slotcast.channels.protocol.serializers import ClientMessage
    from slotcast.side_thread import SideThread

_Data = TypeVar("_Data", str, bytes)

QUICK_LENGTH: Final = 64 * 1024
"""Longest message that is decoded at once."""
OTHERS_LIMIT: Final = 1024 * 1024
"""Longest message that is no broadcast."""


class TooLaborious(Exception):
    """A message would take too long, even beside the loop."""


class LargeMessages:
    """
    Decodes large messages, one at a time, and of those who wait one client after the other.

    Nobody is turned away: a connection is not read while its message waits, so that it holds
    no more than the one that it may send in pieces anyway.

    Args:
        thread: Where.
    """

    def __init__(self, thread: SideThread) -> None:
        self._thread = thread
        self._turn = asyncio.Lock()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, network: str) -> AsyncGenerator[None]:
        """
        Wait for the turn of somebody in *network*, which lasts for the block.

        However many wait there, somebody elsewhere waits for no more than one of them. Who
        gives up waiting leaves nothing behind.

        Args:
            network: See `slotcast.rates.network_of`.
        """
        async with self._turns.setdefault(network, asyncio.Lock()), self._turn:
            yield

    async def decode(self, decode: Callable[[_Data], ClientMessage], data: _Data) -> ClientMessage:
        """
        Decode *data*, and encode what is passed on of it; for whose turn it is.

        Raises:
            ProtocolError: As of *decode*.
            TooLaborious: It has too many parts, or is too long for what it is.
        """
        return await self._thread.run(lambda: _prepared(decode, data))


def _prepared(decode: Callable[[_Data], ClientMessage], data: _Data) -> ClientMessage:
    if strict_json.is_laborious(data):
        raise TooLaborious
    message = decode(data)
    if message.event == "broadcast":
        if isinstance(message.payload, dict):
            payload = VerbatimBroadcast(payload=strict_json.dumps(message.payload))
            return replace(message, payload=payload)
    elif len(data) > OTHERS_LIMIT:
        raise TooLaborious
    return message
