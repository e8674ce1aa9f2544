"""
One join of a channel, from its beginning to its end.

Each join is a channel of its own, with a topic of its own: so no message of an earlier join
is taken for one of the present join, and nothing depends on how `realtime` (2.34) rejoins.
It never rejoins a channel that the server closed (as it does when a token expires), and a
join that it repeats keeps the timer of the one before.

Its callbacks must not raise, since that would end the reading of the socket, for all channels.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from realtime.types import (
    ChannelStates,
    RealtimePostgresChangesListenEvent,
    RealtimeSubscribeStates,
)
from websockets.exceptions import WebSocketException

from slotcast_client.errors import ConnectionLost, JoinTimeout, SubscriptionRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from realtime import AsyncRealtimeChannel, AsyncRealtimeClient
    from realtime.message import SuccessSystemPayload
    from realtime.types import PostgresChangesPayload

    from slotcast_client.appointments import JsonObject
    from slotcast_client.errors import SlotcastClientError

logger = logging.getLogger(__name__)

_READY_EXTENSION: Final = "postgres_changes"
"""Of the `system` message that says that changes are live."""


@dataclass(frozen=True, slots=True)
class Binding:
    """What a channel asks for; *filter* is None for all rows that may be seen."""

    operation: RealtimePostgresChangesListenEvent
    filter: str | None


class Membership:
    """
    A channel, joined once.

    Args:
        realtime: Connected.
        topic: No other channel's, now or before.
        bindings: What is asked for of the table `appointments`.
        on_change: Gets the `data` of each change, in order.
        on_notice: Gets extension and message of what the server says besides.

    Attributes:
        ended: Is done when nothing more will come, with the reason.
    """

    def __init__(
        self,
        realtime: AsyncRealtimeClient,
        topic: str,
        bindings: Sequence[Binding],
        *,
        on_change: Callable[[JsonObject], None],
        on_notice: Callable[[str, str], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[SlotcastClientError] = loop.create_future()
        self._realtime = realtime
        self._on_change = on_change
        self._on_notice = on_notice
        self._live: asyncio.Future[None] = loop.create_future()
        self._closed: asyncio.Future[None] = loop.create_future()
        self._channel: AsyncRealtimeChannel = realtime.channel(topic)
        self._channel.on_system(self._hear)
        for binding in bindings:
            self._channel.on_postgres_changes(
                binding.operation, self._take, table="appointments", filter=binding.filter
            )

    async def join(self, *, timeout_s: float) -> None:
        """
        Return when changes are live: the join was answered, and the server said so.

        Hosted Supabase answers seconds before changes flow; what is committed in between
        would be lost.

        Raises:
            ConnectionLost: The connection was lost meanwhile.
            SubscriptionRefused: The server refuses.
            JoinTimeout: It took too long.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._channel.subscribe(self._observe)
                await asyncio.wait([self._live, self.ended], return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            self.end(JoinTimeout(f"changes were not live within {timeout_s:g} s"))
        except Exception as error:  # noqa: BLE001 - `realtime` raises whatever met it
            self.end(ConnectionLost(f"the channel cannot be joined: {error!r}"))
        if self.ended.done():
            raise self.ended.result()

    @property
    def is_live(self) -> bool:
        """Whether changes come."""
        return self._live.done() and not self.ended.done()

    def end(self, error: SlotcastClientError) -> None:
        """Take nothing more from the channel; `leave` it then."""
        if not self.ended.done():
            self.ended.set_result(error)

    async def leave(self, *, timeout_s: float, is_connected: bool) -> None:
        """
        Leave the channel, and keep nothing of it: no timer, no entry, no task.

        Args:
            timeout_s: How long the server may take to confirm it.
            is_connected: Whether to tell the server. Without a connection, `realtime` would
                keep the message for the next one.
        """
        self.end(ConnectionLost("the channel was left"))
        channel = self._channel
        try:
            if is_connected and (channel.is_joined or channel.is_joining):
                async with asyncio.timeout(timeout_s):
                    await channel.unsubscribe()
                    await self._closed
        except Exception as error:  # noqa: BLE001 - it is left all the same
            logger.debug("Leaving %s was not confirmed: %r", channel.topic, error)
        finally:
            channel.state = ChannelStates.CLOSED
            channel.rejoin_timer.reset()
            channel.join_push.destroy()
            for push in channel.messages_waiting_for_ack.values():
                push.destroy()
            if self._realtime.channels.get(channel.topic) is channel:
                del self._realtime.channels[channel.topic]

    def _observe(self, state: RealtimeSubscribeStates, error: Exception | None) -> None:
        match state:
            case RealtimeSubscribeStates.SUBSCRIBED:
                pass  # Whether changes are live, the system message says.
            case RealtimeSubscribeStates.TIMED_OUT:
                self.end(JoinTimeout("the join was not answered"))
            case RealtimeSubscribeStates.CLOSED:
                if not self._closed.done():
                    self._closed.set_result(None)
                self.end(SubscriptionRefused("the server closed the channel"))
            case RealtimeSubscribeStates.CHANNEL_ERROR:
                self.end(_explained(error))

    def _hear(self, payload: SuccessSystemPayload) -> None:
        if payload.extension == _READY_EXTENSION and not self._live.done():
            self._live.set_result(None)
        else:
            self._on_notice(payload.extension, payload.message)

    def _take(self, payload: PostgresChangesPayload) -> None:
        if not self.ended.done():
            self._on_change(cast("JsonObject", payload["data"]))


def _explained(error: Exception | None) -> SlotcastClientError:
    """Tell what `realtime` means by an error: a lost connection, or the server's words in JSON."""
    if isinstance(error, (OSError, WebSocketException)):
        return ConnectionLost(str(error))
    text = str(error)
    try:
        payload: Any = json.loads(text)
    except ValueError:
        return SubscriptionRefused(text)
    match payload:
        case {"reason": str(reason)} | {"message": str(reason)}:
            return SubscriptionRefused(reason)
        case _:
            return SubscriptionRefused(text)
