"""
The socket of a Supabase client, kept connected while somebody needs it.

What the package `realtime` (2.34) does with its socket is not enough to build on, and worked
around here:

- It tries five times to reconnect, then its task ends with an exception that nobody sees,
  and channels wait for ever. So `auto_reconnect` is switched off while a `Link` is in use,
  and the link reconnects, for as long as it takes. `connect()` then makes one attempt, and
  rejoins the channels of others.
- An exception in a callback of any channel ends the task that reads the socket; it looks
  connected and is deaf. The link watches that task.
- `close()` and the end of that task tell no channel. The link tells those who use it.
- `close()` cancels its tasks without waiting for them.
- `set_auth()` goes through the dict of channels while it waits, so it fails if a channel comes
  or goes meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Final
from weakref import WeakValueDictionary

from realtime.types import ChannelStates

from slotcast_client.errors import ConnectionLost
from slotcast_client.limits import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime import AsyncRealtimeClient

    from slotcast_client.limits import Limits

logger = logging.getLogger(__name__)

_HAND_OVER_ATTEMPTS: Final = 5


class Link:
    """One socket, shared by all subscriptions on the same client; get it by `of`."""

    # Whoever uses a link holds it; it holds its client, so that ids are not used again.
    _links: ClassVar[WeakValueDictionary[int, Link]] = WeakValueDictionary()

    @classmethod
    def of(cls, realtime: AsyncRealtimeClient) -> Link:
        """Give the link of a client's socket."""
        link = cls._links.get(id(realtime))
        if link is None:
            link = cls._links[id(realtime)] = cls(realtime)
        return link

    def __init__(self, realtime: AsyncRealtimeClient) -> None:
        self.realtime = realtime
        self._users: list[Callable[[ConnectionLost], None]] = []
        self._turn = asyncio.Lock()
        self._was_reconnecting: bool | None = None  # until the first use
        self._reader: asyncio.Task[None] | None = None
        self._attempt: asyncio.Task[None] | None = None
        self._return: asyncio.Task[None] | None = None

    async def use(self, on_loss: Callable[[ConnectionLost], None]) -> None:
        """
        Begin to need the socket.

        Args:
            on_loss: Is called when the socket is gone. It must not raise.
        """
        self._users.append(on_loss)
        async with self._turn:  # so that it is not closed meanwhile
            if self._was_reconnecting is None:
                self._was_reconnecting = self.realtime.auto_reconnect
                self.realtime.auto_reconnect = False

    async def release(self, on_loss: Callable[[ConnectionLost], None]) -> None:
        """Need the socket no more; whoever is last closes it, unless others have channels."""
        self._users.remove(on_loss)
        async with self._turn:
            if self._users or self._was_reconnecting is None:
                return
            await _end(self._return)
            if self.realtime.channels:
                with suppress(ConnectionLost):
                    await self.connect()  # once more, since nobody else does
            else:
                await self._close()
            self.realtime.auto_reconnect = self._was_reconnecting
            self._was_reconnecting = None

    async def _close(self) -> None:
        await _end(self._attempt)
        reader, heartbeat = _tasks(self.realtime)
        await self.realtime.close()
        await _end(reader)
        await _end(heartbeat)

    @property
    def is_connected(self) -> bool:
        """Whether the socket is there, and somebody reads it."""
        reader, _ = _tasks(self.realtime)
        return self.realtime.is_connected and reader is not None and not reader.done()

    async def connect(self) -> None:
        """
        Try once to connect, unless there is a connection; those who try at once try together.

        Raises:
            ConnectionLost: It did not succeed.
        """
        if self.is_connected:
            self._watch()
            return
        if self._attempt is None or self._attempt.done():
            self._attempt = asyncio.create_task(self._connect())
        await asyncio.shield(self._attempt)

    async def reconnected(self, limits: Limits) -> None:
        """Wait until there is a connection; all who wait share the attempts."""
        while not self.is_connected:
            if self._return is None or self._return.done():
                self._return = asyncio.create_task(self._come_back(Backoff(limits)))
            await asyncio.shield(self._return)

    async def _come_back(self, backoff: Backoff) -> None:
        while True:
            await asyncio.sleep(backoff.next_s())
            try:
                await self.connect()
            except ConnectionLost as error:
                logger.warning("Cannot reconnect: %s", error)
            else:
                return

    async def _connect(self) -> None:
        try:
            if self.realtime.is_connected:  # but deaf
                for channel in self.realtime.get_channels():
                    if channel.is_joined or channel.is_joining:
                        channel.state = ChannelStates.ERRORED  # which lets it join again
                await self.realtime.close()
            await self.realtime.connect()
        except Exception as error:  # whatever it is, there is no connection
            raise ConnectionLost(str(error) or type(error).__name__) from error
        self._watch()

    def _watch(self) -> None:
        reader, _ = _tasks(self.realtime)
        if reader is None:
            raise ConnectionLost("the connection was closed at once")
        if reader is not self._reader:
            self._reader = reader
            reader.add_done_callback(self._reader_ended)

    def _reader_ended(self, reader: asyncio.Task[None]) -> None:
        if reader is not self._reader:
            return  # of an earlier connection
        error = None if reader.cancelled() else reader.exception()
        if error is not None:
            logger.error("A callback ended the reading of the connection", exc_info=error)
        for on_loss in list(self._users):
            on_loss(ConnectionLost("the connection was closed"))


async def hand_over(realtime: AsyncRealtimeClient, token: str) -> None:
    """Use *token* from now on, for channels that are joined and those to come."""
    for _ in range(_HAND_OVER_ATTEMPTS):
        try:
            await realtime.set_auth(token)
        except RuntimeError:  # a channel came or went meanwhile
            continue
        return


def _tasks(
    realtime: AsyncRealtimeClient,
) -> tuple[asyncio.Task[None] | None, asyncio.Task[None] | None]:
    """Give the tasks that read the socket and send heartbeats; nothing public shows them."""
    known = vars(realtime)
    return known["_listen_task"], known["_heartbeat_task"]


async def _end(task: asyncio.Task[None] | None) -> None:
    """Cancel *task*, if there is one, and wait until it has ended."""
    if task is None:
        return
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()  # so that nobody complains that it was not looked at
