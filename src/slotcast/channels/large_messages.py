"""Large messages of clients, decoded beside the loop, so that nobody else waits for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from slotcast import strict_json
from slotcast.channels.protocol.serializers import VerbatimBroadcast

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotcast.channels.protocol.serializers import ClientMessage
    from slotcast.side_thread import SideThread

_Data = TypeVar("_Data", str, bytes)

QUICK_LENGTH: Final = 64 * 1024
"""Longest message that is decoded at once."""
OTHERS_LIMIT: Final = 1024 * 1024
"""Longest message that is no broadcast."""
WAITING_LIMIT: Final = 64 * 1024 * 1024
"""Most that may wait to be decoded, of all connections together."""
WAITING_COUNT_LIMIT: Final = WAITING_LIMIT // QUICK_LENGTH


class TooManyLargeMessages(Exception):
    """More wait to be decoded than there is room for."""


class TooLaborious(Exception):
    """A message would take too long, even beside the loop."""


class LargeMessages:
    """
    Decodes large messages, one at a time; lengths are bytes or characters.

    Args:
        thread: Where; with room for `WAITING_COUNT_LIMIT` of them.
        waiting_limit: Most that may wait or be decoded, together.
    """

    def __init__(self, thread: SideThread, *, waiting_limit: int = WAITING_LIMIT) -> None:
        self._thread = thread
        self._room = waiting_limit

    async def decode(self, decode: Callable[[_Data], ClientMessage], data: _Data) -> ClientMessage:
        """
        Decode *data*, and encode what is passed on of it.

        Who gives up waiting makes room at once.

        Raises:
            ProtocolError: As of *decode*.
            TooLaborious: It has too many parts, or is too long for what it is.
            TooManyLargeMessages: There is no room.
        """
        if len(data) > self._room:
            raise TooManyLargeMessages
        self._room -= len(data)
        try:
            return await self._thread.run(lambda: _prepared(decode, data))
        finally:
            self._room += len(data)


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
