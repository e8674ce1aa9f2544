"""
The channels of one connection and how they come and go.

`ChannelTable.receive` answers a client's message with effects, to be carried out in order;
the server half reports what became of them through the other methods, whose effects it
carries out likewise. A join thus takes this way::

    receive(phx_join)  ->  Join(channel, request)        the server verifies and subscribes
    accept(channel)    ->  Send(the reply), Joined       changes may follow from here on
    receive(phx_leave) ->  Send(the reply), Release      the server unsubscribes
    released(channel)  ->  Send(phx_close)               nothing follows

A channel that is leaving has lost its topic already: a new join of the same topic begins at
once, and pushes to it are unmatched. So a slow release never holds up the client.

Broadcasts and presence calls that come while a join is under way are kept, and carried out
in order once it is accepted.

The server may learn of a channel's end while it does something for it. `accept`, `refuse`,
`end` and `system` therefore have no effect on a channel that is leaving or closed.

Source:
    Phoenix 1.8, Phoenix.Socket: `handle_in`, which differs in that a join blocks the socket.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from slotcast import strict_json
from slotcast.channels.protocol import texts
from slotcast.channels.protocol.joins import (
    BINDING_LIMIT,
    JoinRequest,
    JsonObject,
    parse_join,
    parse_replay,
    parse_token_push,
)
from slotcast.channels.protocol.serializers import (
    BroadcastContent,
    EventBroadcast,
    UserBroadcast,
    VerbatimBroadcast,
)
from slotcast.counters import ChannelCounts
from slotcast.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slotcast.channels.protocol.serializers import ClientMessage, Serializer
    from slotcast.claims import JsonValue

CONNECTION_TOPIC: Final = "phoenix"
TOPIC_PREFIX: Final = "realtime:"

HELD_LIMIT: Final = 100
"""Most pushes that one channel keeps while its join is under way; clients keep no more either."""
HELD_LIMIT_BYTES: Final = 5_000_000
"""Most that the pushes of one connection that are kept may take, as they were received."""


class ChannelState(Enum):
    """Where a channel is in its life."""

    CLOSED = "closed"
    """Before its join, and after its end."""
    JOINING = "joining"
    """The client waits for the reply to its join."""
    JOINED = "joined"
    LEAVING = "leaving"
    """Its end is decided; the server is releasing what it holds."""


class ChannelEvent(Enum):
    """What happens to a channel."""

    JOIN_REQUESTED = "join requested"
    JOIN_ACCEPTED = "join accepted"
    JOIN_REFUSED = "join refused"
    LEAVE_REQUESTED = "leave requested"
    ENDED = "ended"
    """By the server, by a newer join of the topic, or with the connection."""
    RELEASED = "released"


TRANSITIONS: Final[Mapping[ChannelState, Mapping[ChannelEvent, ChannelState]]] = {
    ChannelState.CLOSED: {
        ChannelEvent.JOIN_REQUESTED: ChannelState.JOINING,
        ChannelEvent.JOIN_ACCEPTED: ChannelState.CLOSED,
        ChannelEvent.JOIN_REFUSED: ChannelState.CLOSED,
        ChannelEvent.ENDED: ChannelState.CLOSED,
        ChannelEvent.RELEASED: ChannelState.CLOSED,
    },
    ChannelState.JOINING: {
        ChannelEvent.JOIN_ACCEPTED: ChannelState.JOINED,
        ChannelEvent.JOIN_REFUSED: ChannelState.CLOSED,
        ChannelEvent.LEAVE_REQUESTED: ChannelState.LEAVING,
        ChannelEvent.ENDED: ChannelState.LEAVING,
    },
    ChannelState.JOINED: {
        ChannelEvent.LEAVE_REQUESTED: ChannelState.LEAVING,
        ChannelEvent.ENDED: ChannelState.LEAVING,
    },
    ChannelState.LEAVING: {
        ChannelEvent.JOIN_ACCEPTED: ChannelState.LEAVING,
        ChannelEvent.JOIN_REFUSED: ChannelState.LEAVING,
        ChannelEvent.ENDED: ChannelState.LEAVING,
        ChannelEvent.RELEASED: ChannelState.CLOSED,
    },
}
"""What each event makes of a channel in each state; what is not listed cannot happen."""


class Channel:
    """
    One join of a topic on one connection.

    Attributes:
        topic: Such as ``realtime:desk``.
        join_ref: What the client's messages to this channel carry; None if it has none.
        ref: The ref of the join itself, mostly the same.
        binding_count: How many bindings it was joined with.
        state: Changed by the `ChannelTable` alone.
    """

    __slots__ = ("binding_count", "join_ref", "ref", "state", "topic")

    def __init__(
        self, topic: str, *, join_ref: str | None, ref: str | None, binding_count: int = 0
    ) -> None:
        self.topic = topic
        self.binding_count = binding_count
        self.join_ref = join_ref
        self.ref = ref
        self.state = ChannelState.CLOSED

    def __repr__(self) -> str:
        return f"Channel({self.topic!r}, {self.join_ref!r}, {self.state.value})"

    @property
    def name(self) -> str:
        """The topic as applications know it, without ``realtime:``."""
        return self.topic.removeprefix(TOPIC_PREFIX)

    def advance(self, event: ChannelEvent) -> bool:
        """
        Move on to the state that *event* leads to.

        Returns:
            Whether that is another state than before.

        Raises:
            RuntimeError: The event cannot happen in this state: a defect of the server.
        """
        following = TRANSITIONS[self.state].get(event)
        if following is None:
            raise RuntimeError(f"{event.value} cannot happen to {self!r}")
        is_changed = following is not self.state
        self.state = following
        return is_changed


@dataclass(frozen=True, slots=True)
class Send:
    """Send a text message to the client."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Join:
    """Verify and subscribe, then call `accept` or `refuse`."""

    channel: Channel
    request: JoinRequest


@dataclass(frozen=True, slots=True)
class Joined:
    """Let the channel take part in its topic: the client has just been told of its join."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Hand *content* to the members of the topic; then call `reply` if that was asked for."""

    channel: Channel
    ref: str | None
    content: BroadcastContent


@dataclass(frozen=True, slots=True)
class PresenceCall:
    """
    Change what the channel is present with, then call `reply`.

    Attributes:
        channel: Which is joined.
        ref: Of the push.
        payload: What to be present with, instead of what there was; None to be absent.
    """

    channel: Channel
    ref: str | None
    payload: JsonObject | None


@dataclass(frozen=True, slots=True)
class ChangeToken:
    """
    Use another token for the channel, which is joining or joined.

    It is unverified, and may be the one in use; if it is bad, call `end`.
    """

    channel: Channel
    token: str


@dataclass(frozen=True, slots=True)
class Release:
    """Give up whatever the channel holds, a join under way too, then call `released`."""

    channel: Channel


Push: TypeAlias = Broadcast | PresenceCall
Effect: TypeAlias = Send | Join | Joined | Push | ChangeToken | Release


class ChannelTable:
    """
    The channels of one connection.

    Args:
        serializer: The connection's.
        channel_limit: Most channels that may be joining or joined at a time.
        counts: Where joins and messages are counted.
    """

    __slots__ = ("_channel_limit", "_channels", "_counts", "_held", "_held_bytes", "_serializer")

    def __init__(
        self, serializer: Serializer, *, channel_limit: int, counts: ChannelCounts | None = None
    ) -> None:
        self._serializer = serializer
        self._counts = counts or ChannelCounts()
        self._channel_limit = channel_limit
        self._channels: dict[str, Channel] = {}
        self._held: dict[Channel, list[tuple[Push, int]]] = {}
        self._held_bytes = 0

    def __len__(self) -> int:
        return len(self._channels)

    def __iter__(self) -> Iterator[Channel]:
        """Iterate over the channels that are joining or joined."""
        return iter(tuple(self._channels.values()))

    def receive(self, message: ClientMessage) -> list[Effect]:
        """Answer a message of the client."""
        channel = self._channels.get(message.topic)
        match message.event:
            case "heartbeat" if message.topic == CONNECTION_TOPIC:
                return [self._reply(message, "ok", {})]
            case "phx_join":
                return self._join(message, channel)
            case "phx_leave":
                return self._leave(message, channel)
            case event if channel is not None:
                return self._push(message, event, channel)
            case _:
                return [self._unmatched(message)]

    def accept(self, channel: Channel, request: JoinRequest) -> list[Effect]:
        """Say that the channel is joined: call it once every later commit is delivered."""
        if not channel.advance(ChannelEvent.JOIN_ACCEPTED):
            return []
        self._counts.accepted += 1
        echoes: list[JsonValue] = [binding.echo() for binding in request.bindings]
        reply = self._join_reply(channel, "ok", {"postgres_changes": echoes})
        return [reply, Joined(channel), *self._take_held(channel)]

    def reply(
        self,
        channel: Channel,
        ref: str | None,
        status: Literal["ok", "error"],
        response: JsonValue,
    ) -> list[Send]:
        """Answer the push *ref* to a channel; nothing once the channel has ended."""
        if channel.state is not ChannelState.JOINED:
            return []
        return [self._answer(channel.topic, channel.join_ref, ref, status, response)]

    def refuse_join(self, message: ClientMessage, reason: str) -> list[Send]:
        """Answer a `phx_join` that is not even looked at; *reason* is one of `texts`."""
        return [self._refusal(message, reason)]

    def refuse(self, channel: Channel, reason: str) -> list[Send]:
        """
        Say that the channel could not be joined. It must hold nothing any more.

        Args:
            channel: Which is joining.
            reason: One of `texts`, beginning with a code.
        """
        if not channel.advance(ChannelEvent.JOIN_REFUSED):
            return []
        self._counts.refuse(reason)
        del self._channels[channel.topic]
        unmatched = [
            self._answer_unmatched(channel.topic, push.ref) for push in self._take_held(channel)
        ]
        return [self._join_reply(channel, "error", {"reason": reason}), *unmatched]

    def system(
        self,
        channel: Channel,
        status: Literal["ok", "error"],
        message: str,
        *,
        extension: str = "postgres_changes",
    ) -> list[Send]:
        """
        Tell the client something about a channel that it has joined.

        Args:
            channel: Of which the news is.
            status: Whether it is good news.
            message: One of `texts`, or of an error meant for the client.
            extension: What the news is about.
        """
        if channel.state is not ChannelState.JOINED:
            return []
        return [self._system(channel, status, message, extension)]

    def end(self, channel: Channel, message: str, reason: str) -> list[Effect]:
        """
        End the channel because of an error, such as an expired token.

        Args:
            channel: Whose end it is.
            message: What the client is told before, if it has joined the channel.
            reason: What its join is refused with, if that is still under way.
        """
        if channel.state is ChannelState.JOINING:
            return [*self.refuse(channel, reason), Release(channel)]
        if not channel.advance(ChannelEvent.ENDED):
            return []
        del self._channels[channel.topic]
        return [self._system(channel, "error", message, "system"), Release(channel)]

    def drain(self) -> list[Effect]:
        """
        Tell the client that the server is about to close the connection.

        What is joined stays so until then: a client joins it again by itself on its next
        connection, but never a channel that it got a `phx_close` for.
        """
        effects: list[Effect] = []
        for channel in self:
            if channel.state is ChannelState.JOINING:
                effects += [*self.refuse(channel, texts.RESTARTING), Release(channel)]
            else:
                effects.append(self._system(channel, "ok", texts.DISCONNECT_REQUESTED, "system"))
        return effects

    def abandon(self) -> list[Release]:
        """Release all channels since the connection is gone; nothing is sent."""
        releases = [Release(channel) for channel in self]
        for release in releases:
            release.channel.advance(ChannelEvent.ENDED)
        self._channels.clear()
        self._held.clear()
        return releases

    def released(self, channel: Channel) -> list[Send]:
        """Say that the channel has ended: nothing may be sent for it after this."""
        if not channel.advance(ChannelEvent.RELEASED):
            return []
        return [Send(self._serializer.encode_close(channel.topic, channel.join_ref))]

    def _join(self, message: ClientMessage, former: Channel | None) -> list[Effect]:
        """Begin a join, after ending the *former* channel of the topic if there is one."""
        if not message.topic.startswith(TOPIC_PREFIX):
            return [self._unmatched(message)]
        effects: list[Effect] = []
        if former is not None:
            former.advance(ChannelEvent.ENDED)
            del self._channels[former.topic]
            self._take_held(former)
            effects.append(Release(former))
        try:
            request = parse_join(message.payload)
        except ProtocolError as error:
            return [*effects, self._refusal(message, str(error))]
        reason = self._reason_to_refuse(message.topic, request)
        if reason is not None:
            return [*effects, self._refusal(message, reason)]
        channel = Channel(
            message.topic,
            join_ref=message.join_ref or message.ref,
            ref=message.ref,
            binding_count=len(request.bindings),
        )
        channel.advance(ChannelEvent.JOIN_REQUESTED)
        self._channels[channel.topic] = channel
        return [*effects, Join(channel, request)]

    def _reason_to_refuse(self, topic: str, request: JoinRequest) -> str | None:
        """Tell why a join cannot be served whoever asks, or None."""
        if topic == TOPIC_PREFIX:
            return texts.TOPIC_NAME_REQUIRED
        if len(self._channels) >= self._channel_limit:
            return texts.TOO_MANY_CHANNELS
        binding_count = len(request.bindings)
        if binding_count:
            binding_count += sum(channel.binding_count for channel in self._channels.values())
        if binding_count > BINDING_LIMIT:
            return texts.too_many_bindings(binding_count, BINDING_LIMIT)
        if request.replay is not None:
            return _reason_not_to_replay(request)
        return None

    def _leave(self, message: ClientMessage, channel: Channel | None) -> list[Effect]:
        """
        Begin the end of *channel*.

        A leave that names an older join of the topic was overtaken by a newer one, which it
        does not concern; like one for no channel at all it has nothing left to do.
        """
        if channel is None or message.join_ref not in (channel.join_ref, None):
            return [self._reply(message, "ok", {})]
        channel.advance(ChannelEvent.LEAVE_REQUESTED)
        del self._channels[channel.topic]
        self._take_held(channel)
        return [self._reply(message, "ok", {}, channel), Release(channel)]

    def _push(self, message: ClientMessage, event: str, channel: Channel) -> list[Effect]:
        """Take a push to a channel that is joining or joined; unknown ones are ignored."""
        match event:
            case "access_token":
                self._counts.receive(event)
                token = parse_token_push(message.payload)
                return [] if token is None else [ChangeToken(channel, token)]
            case "broadcast":
                self._counts.receive(event)
                return self._broadcast(message, channel)
            case "presence":
                self._counts.receive(event)
                return self._presence(message, channel)
            case _:
                return []

    def _broadcast(self, message: ClientMessage, channel: Channel) -> list[Effect]:
        """Read a broadcast; what is not an object has no meaning to any receiver."""
        match message.payload:
            case UserBroadcast(event=event, payload=payload, is_json=is_json):
                content = EventBroadcast(event=event, payload=payload, is_json=is_json)
            case VerbatimBroadcast() as content:
                pass
            case dict() as fields:
                content = VerbatimBroadcast(payload=strict_json.dumps(fields))
            case _:
                return []
        return self._when_joined(message, Broadcast(channel, message.ref, content))

    def _presence(self, message: ClientMessage, channel: Channel) -> list[Effect]:
        """Read a presence call; the case of its event does not matter."""
        fields = message.payload if isinstance(message.payload, dict) else {}
        event = fields.get("event")
        match event.lower() if isinstance(event, str) else None:
            case "track":
                payload = fields.get("payload", {})
                if not isinstance(payload, dict):
                    return [
                        self._reply(message, "error", {"reason": texts.TRACK_NOT_A_MAP}, channel)
                    ]
            case "untrack":
                payload = None
            case _:
                return [self._reply(message, "error", {}, channel)]
        return self._when_joined(message, PresenceCall(channel, message.ref, payload))

    def _when_joined(self, message: ClientMessage, push: Push) -> list[Effect]:
        """Let *push* happen now, or keep it until the join is answered."""
        channel = push.channel
        if channel.state is ChannelState.JOINED:
            return [push]
        held = self._held.setdefault(channel, [])
        if len(held) >= HELD_LIMIT or self._held_bytes + message.length > HELD_LIMIT_BYTES:
            return [self._reply(message, "error", {"reason": texts.TOO_MANY_HELD}, channel)]
        held.append((push, message.length))
        self._held_bytes += message.length
        return []

    def _take_held(self, channel: Channel) -> list[Push]:
        """Take the pushes that were kept for *channel*, which is not joining any more."""
        held = self._held.pop(channel, [])
        self._held_bytes -= sum(length for _, length in held)
        return [push for push, _ in held]

    def _join_reply(
        self, channel: Channel, status: Literal["ok", "error"], response: JsonValue
    ) -> Send:
        return self._answer(channel.topic, channel.join_ref, channel.ref, status, response)

    def _system(
        self, channel: Channel, status: Literal["ok", "error"], message: str, extension: str
    ) -> Send:
        return Send(
            self._serializer.encode_system(
                channel.topic,
                join_ref=channel.join_ref,
                channel=channel.name,
                extension=extension,
                status=status,
                message=message,
            )
        )

    def _unmatched(self, message: ClientMessage) -> Send:
        """Answer a push to a topic that is not joined."""
        return self._answer_unmatched(message.topic, message.ref)

    def _answer_unmatched(self, topic: str, ref: str | None) -> Send:
        """Answer the push *ref* to a topic that is not joined; unlike others it has no join ref."""
        return self._answer(topic, None, ref, "error", {"reason": texts.UNMATCHED_TOPIC})

    def _refusal(self, message: ClientMessage, reason: str) -> Send:
        """Refuse a join before it made a channel."""
        self._counts.refuse(reason)
        return self._reply(message, "error", {"reason": reason})

    def _reply(
        self,
        message: ClientMessage,
        status: Literal["ok", "error"],
        response: JsonValue,
        channel: Channel | None = None,
    ) -> Send:
        join_ref = message.join_ref if channel is None else channel.join_ref
        return self._answer(message.topic, join_ref, message.ref, status, response)

    def _answer(
        self,
        topic: str,
        join_ref: str | None,
        ref: str | None,
        status: Literal["ok", "error"],
        response: JsonValue,
    ) -> Send:
        return Send(
            self._serializer.encode_reply(
                topic, join_ref=join_ref, ref=ref, status=status, response=response
            )
        )


def _reason_not_to_replay(request: JoinRequest) -> str | None:
    """Tell why earlier broadcasts cannot be sent, or None."""
    if not request.is_private:
        return texts.REPLAY_NOT_ALLOWED
    try:
        parse_replay(request.replay)
    except ProtocolError as error:
        return str(error)
    return None
