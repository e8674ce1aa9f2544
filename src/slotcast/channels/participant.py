"""
What one channel does in its topic: it broadcasts, is present, and gets what others do.

On a private channel PostgreSQL is asked, at the first push of a kind, whether the client may
write. Pushes wait for the answer in order; those of other channels do not.

What the client may read is asked again when it shows another token and when something
changes that the policies depend on. Until the answer is there, what would be sent is held,
so that nothing committed after the change is sent by what was permitted before it. The same
goes for a client that wants to be sent earlier messages first.
"""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal, Protocol, assert_never

from slotcast.channels.access import PUBLIC, Permissions
from slotcast.channels.presence import encode_fields
from slotcast.channels.protocol import texts
from slotcast.channels.protocol.lifecycle import Broadcast, PresenceCall
from slotcast.channels.topics import TopicKey, make_frame
from slotcast.fanout import frames
from slotcast.observations import Observation, observe, problem
from slotcast.rates import TokenBucket

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from slotcast.channels.access import ChannelAccess, Extension
    from slotcast.channels.protocol.joins import JoinRequest, JsonObject
    from slotcast.channels.protocol.lifecycle import Channel, Push
    from slotcast.channels.protocol.serializers import Serializer
    from slotcast.channels.session import Connection
    from slotcast.channels.topics import StoredBroadcast, Topics
    from slotcast.claims import Claims, JsonValue
    from slotcast.rates import Rate

HELD_LIMIT_BYTES: Final = 4 * 1024 * 1024
"""Most that is held for a client of which it is not known what it may read."""
WAITING_LIMIT: Final = 100
"""Most pushes that wait until it is known whether the client may write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicLimits:
    """
    What one channel may do in its topic.

    Attributes:
        broadcast_limit_bytes: Largest payload of a broadcast.
        presence_calls: How often a channel may change its presence.
        presence_limit_bytes: Largest object, with its key, to be present with.
        presence_keys_limit: Most members of such an object.
    """

    broadcast_limit_bytes: int
    presence_calls: Rate
    presence_limit_bytes: int
    presence_keys_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionUnknown(Observation):
    """Nobody could be asked whether a client may do something, so it may not."""

    level: ClassVar[int] = logging.WARNING
    topic: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayFailed(Observation):
    """Nobody could be asked for the messages that a client wants again; its channel ends."""

    level: ClassVar[int] = logging.WARNING
    topic: str
    problem: str


class Host(Protocol):
    """The channel on its connection, as its participant sees it."""

    @property
    def connection(self) -> Connection:
        """What the channel is joined on."""
        ...

    @property
    def serializer(self) -> Serializer:
        """Of the connection."""
        ...

    @property
    def claims(self) -> Claims:
        """Who the client is at the moment."""
        ...

    @property
    def headers(self) -> str:
        """Of the request that opened the connection, as a JSON object."""
        ...

    def reply(self, ref: str | None, status: Literal["ok", "error"], response: JsonValue) -> None:
        """Answer a push."""
        ...

    def end(self, message: str) -> None:
        """Tell the client why, and close the channel."""
        ...

    def spend(self, size_bytes: int) -> bool:
        """
        Count a message against what the connection may send.

        Args:
            size_bytes: Of its payload.

        Returns:
            False if it is one too many.
        """
        ...

    def start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run *work* as a task of the server."""
        ...


@dataclass(frozen=True, slots=True)
class _Held:
    """A frame that may have to be sent."""

    frame: bytes
    extension: Extension
    message_id: str | None


class Participant:
    """
    A joined channel in its topic; a `slotcast.channels.topics.TopicMember`.

    Args:
        host: The channel on its connection.
        channel: Which.
        request: Its join.
        topics: Where its topic is.
        limits: What it may do.
        access: Asked on a private channel.
        permissions: What it may read.
    """

    __slots__ = (
        "_access",
        "_again",
        "_calls",
        "_channel",
        "_earlier",
        "_held",
        "_held_bytes",
        "_host",
        "_key",
        "_limits",
        "_presence_key",
        "_request",
        "_task",
        "_topics",
        "_waiting",
        "_writes",
        "number",
        "permissions",
        "replayed",
        "send",
        "serializer",
    )

    def __init__(
        self,
        host: Host,
        channel: Channel,
        request: JoinRequest,
        *,
        topics: Topics,
        limits: TopicLimits,
        access: ChannelAccess | None = None,
        permissions: Permissions = PUBLIC,
    ) -> None:
        self.number = topics.take_number()
        self.serializer = host.serializer
        self.permissions = permissions
        self.replayed: frozenset[str] = frozenset()
        # An attribute, not a method: a broadcast takes this way once for each member.
        self.send = host.connection.send
        self._host = host
        self._channel = channel
        self._request = request
        self._topics = topics
        self._limits = limits
        self._access = access
        self._key = TopicKey(name=channel.name, is_private=request.is_private)
        self._presence_key = request.presence_key
        self._calls: TokenBucket | None = None
        self._writes: dict[Extension, bool] = {}
        self._waiting: list[Push] = []
        self._task: asyncio.Task[None] | None = None
        self._earlier: Callable[[], Awaitable[Sequence[StoredBroadcast]]] | None = None
        self._held: list[_Held] | None = None
        self._held_bytes = 0
        self._again: tuple[int, str] | None = None

    @property
    def is_holding(self) -> bool:
        """Whether it is not known at the moment what the client is to be sent."""
        return self._held is not None

    def hold(self, frame: bytes, extension: Extension, message_id: str | None = None, /) -> None:
        """Keep a frame; a client that would have to be kept too much for is cut off."""
        if self._held is None:
            return
        self._held_bytes += len(frame)
        if self._held_bytes > HELD_LIMIT_BYTES:
            self._held = []
            self._host.start(self._cut_off())
        else:
            self._held.append(_Held(frame, extension, message_id))

    def _begin_to_hold(self) -> None:
        self._held = []
        self._topics.regroup(self._key)

    async def _cut_off(self) -> None:
        self._host.end(texts.TOO_MANY_MESSAGES)

    def _send_held(self, count: int | None = None) -> None:
        """
        Send what was held, as far as the client may read it.

        Args:
            count: How many frames; None for all, and then hold nothing more.
        """
        held = self._held or []
        self._held = None if count is None else held[count:]
        self._held_bytes = sum(len(each.frame) for each in self._held or ())
        self._topics.regroup(self._key)
        for each in held[:count]:
            is_permitted = (
                self.permissions.broadcast
                if each.extension == "broadcast"
                else self.permissions.presence
            )
            if is_permitted and each.message_id not in self.replayed:
                self.send(each.frame)

    def enter(self) -> None:
        """Join the topic, right after the client was told of it."""
        self._topics.join(self._key, self)
        if self._request.wants_presence and self.permissions.presence:
            self._send_message("presence_state", self._topics.presence_state(self._key))

    def replay(self, ask: Callable[[], Awaitable[Sequence[StoredBroadcast]]]) -> None:
        """
        Send what was broadcast before the join; it is not sent again when it comes live.

        Args:
            ask: Gives the messages, oldest first.
        """
        self._earlier = ask
        self._begin_to_hold()
        self._task = self._host.start(self._settle(None))

    def _send_replayed(self, messages: Sequence[StoredBroadcast]) -> None:
        self.replayed |= {message.id for message in messages}
        for message in messages:
            frame = make_frame(
                self.serializer.encode_broadcast(
                    self._channel.topic,
                    message.content(is_replayed=True),
                    join_ref=self._channel.join_ref,
                )
            )
            if frame is not None:
                self.send(frame)

    def push(self, push: Push) -> None:
        """Do what the client asks, in order, if it may."""
        size_bytes = len(push.content.payload) if isinstance(push, Broadcast) else 0
        if not self._host.spend(size_bytes):
            self._host.end(
                texts.TOO_MANY_MESSAGES
                if isinstance(push, Broadcast)
                else texts.TOO_MANY_PRESENCE_MESSAGES
            )
        elif self._is_asking:
            self._wait(push)
        elif self._may_write(_extension(push)) is None:
            self._wait(push)
            self._task = self._host.start(self._ask_and_carry_out())
        else:
            self._carry_out(push)

    def reauthorize(self, refusal: str) -> None:
        """
        Ask again what the client may do on a private channel, and end it if that is nothing.

        Args:
            refusal: What the client is told then.
        """
        self._writes.clear()
        if self._request.is_private:
            if self._held is None:
                self._cancel()
                self._begin_to_hold()
                self._task = self._host.start(self._settle(refusal))
            else:
                # What is being asked counts for what was held until now, and not for more.
                count = len(self._held) if self._again is None else self._again[0]
                self._again = (count, refusal)

    def leave(self) -> None:
        """Take no further part."""
        self._cancel()
        self._held = None
        self._waiting.clear()
        self._topics.leave(self._key, self)

    @property
    def _is_asking(self) -> bool:
        """Whether pushes have to wait for what PostgreSQL says."""
        return self._task is not None and not self._task.done()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _may_write(self, extension: Extension) -> bool | None:
        """Tell whether the client may send messages of *extension*; None if it is unknown."""
        return self._writes.get(extension) if self._request.is_private else True

    def _wait(self, push: Push) -> None:
        if len(self._waiting) < WAITING_LIMIT:
            self._waiting.append(push)
        else:
            self._host.end(texts.TOO_MANY_MESSAGES)

    async def _settle(self, refusal: str | None) -> None:
        """
        Find out what to send, then go on with what is held and with the pushes that wait.

        Args:
            refusal: What to tell the client if it may read nothing any more; None if what it
                may read has just been asked.
        """
        while True:
            if refusal is not None and not await self._check(refusal):
                return
            if self._earlier is not None and not await self._replay(self._earlier):
                return
            self._earlier = None
            if self._again is None:
                break
            (count, refusal), self._again = self._again, None
            self._send_held(count)
        self._send_held()
        await self._ask_and_carry_out()

    async def _check(self, refusal: str) -> bool:
        """Ask what may be read; False if the channel has ended."""
        access, host = self._access, self._host
        if access is None:
            return True
        try:
            permissions = await access.read(self._channel.name, host.claims, host.headers)
        except Exception as error:  # noqa: BLE001 (whatever it is, nothing may be read)
            observe(PermissionUnknown(topic=self._channel.topic, problem=problem(error)))
            host.end(texts.NO_DATABASE.partition(": ")[2])
            return False
        if permissions.is_empty and self._again is None:
            host.end(refusal)
            return False
        self.permissions = permissions
        return True

    async def _replay(self, ask: Callable[[], Awaitable[Sequence[StoredBroadcast]]]) -> bool:
        """Send earlier messages; False if the channel has ended."""
        if not self.permissions.broadcast:
            return True
        try:
            messages = await ask()
        except Exception as error:  # noqa: BLE001 (whatever it is, it concerns this client alone)
            observe(ReplayFailed(topic=self._channel.topic, problem=problem(error)))
            self._host.end(texts.REPLAY_FAILED)
            return False
        self._send_replayed(messages)
        return True

    async def _ask_and_carry_out(self) -> None:
        """Carry out the pushes that wait, asking for each kind of them once."""
        while self._waiting:
            extension = _extension(self._waiting[0])
            if self._may_write(extension) is None:
                self._writes[extension] = await self._ask(extension)
            self._carry_out(self._waiting.pop(0))

    async def _ask(self, extension: Extension) -> bool:
        access, host = self._access, self._host
        if access is None:
            return False
        try:
            return await access.write(self._channel.name, host.claims, host.headers, extension)
        except Exception as error:  # noqa: BLE001 (whatever it is, the client may not write)
            observe(PermissionUnknown(topic=self._channel.topic, problem=problem(error)))
            return False

    def _carry_out(self, push: Push) -> None:
        match push:
            case Broadcast():
                self._broadcast(push)
            case PresenceCall():
                self._call(push)
            case _:
                assert_never(push)

    def _broadcast(self, push: Broadcast) -> None:
        """Broadcast, and say so if that was asked for; without permission nothing is said."""
        wants_reply = self._request.wants_acknowledgement
        if not self._may_write("broadcast"):
            return
        if len(push.content.payload) > self._limits.broadcast_limit_bytes:
            if wants_reply:
                self._host.reply(push.ref, "error", {"error": texts.PAYLOAD_TOO_LARGE})
            return
        wants_own = self._request.wants_own_broadcasts
        self._topics.broadcast(
            self._key, push.content, except_member=None if wants_own else self.number
        )
        if wants_reply:
            self._host.reply(push.ref, "ok", {})

    def _call(self, call: PresenceCall) -> None:
        """Change what the channel is present with."""
        if not self._may_write("presence"):
            self._host.reply(call.ref, "error", {})
        elif not self._count_call():
            self._host.end(texts.TOO_MANY_PRESENCE_CALLS)
        elif call.payload is None:
            self._topics.untrack(self._key, self)
            self._host.reply(call.ref, "ok", {})
        else:
            self._track(call.ref, call.payload)

    def _track(self, ref: str | None, payload: JsonObject) -> None:
        fields = encode_fields(payload)
        key = self._presence_key = self._presence_key or str(uuid.uuid4())
        size_bytes = len(fields.encode()) + len(key.encode())
        if (
            size_bytes > self._limits.presence_limit_bytes
            or len(payload) > self._limits.presence_keys_limit
        ):
            self._host.end(texts.TRACK_TOO_LARGE)
        elif self._topics.track(self._key, self, key, fields):
            self._host.reply(ref, "ok", {})
        else:
            self._host.reply(ref, "error", {"reason": texts.TOO_MUCH_PRESENCE})

    def _count_call(self) -> bool:
        now = time.monotonic()
        if self._calls is None:
            self._calls = TokenBucket(self._limits.presence_calls, now)
        return self._calls.take(now)

    def _send_message(self, event: str, payload: bytes) -> None:
        """Send a message that belongs to this join alone."""
        channel = self._channel
        before, after = self.serializer.envelope(channel.topic, event, join_ref=channel.join_ref)
        self.send(frames.text(before + payload + after))


def _extension(push: Push) -> Extension:
    match push:
        case Broadcast():
            return "broadcast"
        case PresenceCall():
            return "presence"
        case _:
            assert_never(push)
