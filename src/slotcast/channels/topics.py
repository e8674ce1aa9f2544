"""
Topics and their members: broadcasts, and the differences of presence.

Theory of operation
-------------------
A topic has members, the joined channels of this process, and a presence state. Whatever is
meant for its members is a `TopicMessage` given to the `Relay`, which hands it to `deliver`
here and, once there are several nodes, on every other one too: nothing assumes that all
members of a topic are in this process.

A message is encoded once for each version of the serializer, and the same bytes go to every
member that speaks it.

Changes of presence are gathered until the turn of the event loop is over, and go out as one
difference: when a thousand clients are gone at once, those who stay get one message. A new
member gets the state after what was gathered has gone out to the others, so that the
differences it gets are exactly those after its state.

Private and public topics of one name have nothing to do with each other.
"""

from __future__ import annotations

import itertools
import secrets
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, assert_never

from slotcast import strict_json
from slotcast.channels.presence import Delta, PendingDiff, TopicPresence
from slotcast.channels.protocol import texts
from slotcast.channels.protocol.lifecycle import TOPIC_PREFIX
from slotcast.channels.protocol.serializers import BroadcastContent, EventBroadcast
from slotcast.fanout import frames

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from slotcast.channels.access import Extension, Permissions
    from slotcast.channels.protocol.serializers import EncodedMessage, Serializer
    from slotcast.claims import JsonValue

_NODE_BITS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicKey:
    """
    Which topic.

    Attributes:
        name: Without ``realtime:``.
        is_private: Which of the two topics of that name.
    """

    name: str
    is_private: bool

    @property
    def topic(self) -> str:
        """The topic as messages have it."""
        return TOPIC_PREFIX + self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastMessage:
    """
    A broadcast to the members of a topic.

    Attributes:
        key: The topic.
        content: What is broadcast.
        except_member: The number of a member that does not get it, or None.
    """

    key: TopicKey
    content: BroadcastContent
    except_member: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceMessage:
    """A change of a topic's presence state."""

    key: TopicKey
    delta: Delta


TopicMessage: TypeAlias = BroadcastMessage | PresenceMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBroadcast:
    """
    A broadcast that came out of the database.

    Attributes:
        id: Of its row, a UUID.
        event: The application's own event name.
        payload: JSON text, or any bytes.
        is_json: Which of the two it is.
    """

    id: str
    event: str
    payload: bytes
    is_json: bool

    def content(self, *, is_replayed: bool = False) -> EventBroadcast:
        """Give what receivers get; they tell by `meta` what is replayed."""
        meta: dict[str, JsonValue] = {"id": self.id}
        if is_replayed:
            meta["replayed"] = True
        return EventBroadcast(
            event=self.event,
            payload=self.payload,
            is_json=self.is_json,
            meta=strict_json.dumps(meta),
        )


class Relay(Protocol):
    """Carries messages to the members of a topic, wherever they are connected."""

    def publish(self, message: TopicMessage, /) -> None:
        """
        Deliver *message* everywhere; never raises.

        `Topics.deliver` of this process is called before this returns, that of every other
        node later, in the order in which this one published.
        """
        ...


class LocalRelay:
    """The relay of a single node."""

    __slots__ = ("_deliver",)

    def __init__(self, deliver: Callable[[TopicMessage], None]) -> None:
        self._deliver = deliver

    def publish(self, message: TopicMessage, /) -> None:
        """Deliver *message* at once."""
        self._deliver(message)


class TopicMember(Protocol):
    """A channel that has joined a topic."""

    @property
    def number(self) -> int:
        """From `Topics.take_number`."""
        ...

    @property
    def serializer(self) -> Serializer:
        """Of its connection."""
        ...

    @property
    def permissions(self) -> Permissions:
        """What it may read; whoever changes it calls `Topics.regroup`."""
        ...

    @property
    def replayed(self) -> Collection[str]:
        """Ids of stored broadcasts that it was sent already."""
        ...

    @property
    def is_holding(self) -> bool:
        """
        Whether it has to be given to `hold` what would be sent, whatever it may read.

        Whoever changes it calls `Topics.regroup`.
        """
        ...

    def send(self, frame: bytes, /) -> None:
        """Send a WebSocket frame; never waits, never raises."""
        ...

    def hold(self, frame: bytes, extension: Extension, message_id: str | None = None, /) -> None:
        """
        Keep a WebSocket frame until it is known what the member may read.

        Args:
            frame: What to send.
            extension: The permission that it needs.
            message_id: Of a stored broadcast.
        """
        ...

    def reauthorize(self, refusal: str) -> None:
        """Hold everything, and ask again what may be read; *refusal* is for who may not."""
        ...


class _Audience:
    """Who gets a broadcast in one version of the serializer, by their numbers; never changed."""

    __slots__ = ("holders", "sends")

    def __init__(self, members: Mapping[int, TopicMember]) -> None:
        # What sends to a member is all that a broadcast has to look up for it.
        self.sends = {
            number: member.send
            for number, member in members.items()
            if member.permissions.broadcast and not member.is_holding
        }
        self.holders = {n: member for n, member in members.items() if member.is_holding}

    def send(self, frame: bytes, except_member: int | None) -> None:
        """Give *frame* to all but *except_member*."""
        for number, send in self.sends.items():
            if number != except_member:
                send(frame)
        for number, member in self.holders.items():
            if number != except_member:
                member.hold(frame, "broadcast")


class _Topic:
    """A topic that has members here, or somebody present."""

    __slots__ = ("asked_at", "audiences", "members", "message_count", "pending", "presence")

    def __init__(self) -> None:
        self.asked_at = time.monotonic()
        self.members: defaultdict[Serializer, dict[int, TopicMember]] = defaultdict(dict)
        self.audiences: dict[Serializer, _Audience] | None = None  # None: to be made anew
        self.message_count = 0
        self.presence = TopicPresence()
        self.pending: PendingDiff | None = None

    def current_audiences(self) -> dict[Serializer, _Audience]:
        """Give who gets a broadcast, for each version of the serializer that has members."""
        if self.audiences is None:
            self.audiences = {
                serializer: _Audience(members)
                for serializer, members in self.members.items()
                if members
            }
        return self.audiences

    @property
    def is_deserted(self) -> bool:
        """Whether nothing of it need be kept."""
        return not (any(self.members.values()) or self.pending or self.presence)


class Topics:
    """
    All topics of a process.

    Args:
        call_soon: The event loop's: calls a function when the current turn is over.
        presence_limit_bytes: How large the presence state of a topic may grow.
        connect_relay: Makes the relay of a function that delivers here.
        is_outdated: Tells whether what members may read, asked at a time of
            `time.monotonic`, has to be asked again before a message of a private topic.
    """

    def __init__(
        self,
        call_soon: Callable[[Callable[[], None]], object],
        *,
        presence_limit_bytes: int,
        connect_relay: Callable[[Callable[[TopicMessage], None]], Relay] = LocalRelay,
        is_outdated: Callable[[float], bool] = lambda _: False,
    ) -> None:
        self._call_soon = call_soon
        self._is_outdated = is_outdated
        self._presence_limit_bytes = presence_limit_bytes
        self._topics: defaultdict[TopicKey, _Topic] = defaultdict(_Topic)
        self._changed: dict[TopicKey, None] = {}  # in order
        self._node = secrets.token_hex(_NODE_BITS // 8)
        self._numbers = itertools.count(secrets.randbits(_NODE_BITS) << _NODE_BITS)
        self._refs = itertools.count(1)
        self._relay = connect_relay(self.deliver)

    def __len__(self) -> int:
        """Count the topics that have members or somebody present."""
        return len(self._topics)

    def sizes(self) -> Iterator[tuple[TopicKey, int, int]]:
        """Give each topic's members here, and its messages since it began."""
        for key, topic in self._topics.items():
            yield key, sum(map(len, topic.members.values())), topic.message_count

    def take_number(self) -> int:
        """Give a number for a new member, unique among all nodes."""
        return next(self._numbers)

    def join(self, key: TopicKey, member: TopicMember) -> None:
        """Send *member* everything meant for the topic's members from now on."""
        topic = self._topics[key]
        self._send_diff(key, topic)
        topic.members[member.serializer][member.number] = member
        topic.audiences = None

    def regroup(self, key: TopicKey) -> None:
        """Note that what a member may read has changed, or whether it is holding."""
        topic = self._topics.get(key)
        if topic is not None:
            topic.audiences = None

    def leave(self, key: TopicKey, member: TopicMember) -> None:
        """Send *member* nothing any more; it is present no more either."""
        self.untrack(key, member)
        topic = self._topics[key]
        topic.members[member.serializer].pop(member.number, None)
        topic.audiences = None
        self._forget_deserted(key, topic)

    def broadcast(
        self, key: TopicKey, content: BroadcastContent, *, except_member: int | None = None
    ) -> None:
        """
        Send *content* to all members of the topic.

        Args:
            key: The topic.
            content: What to send.
            except_member: The number of a member that does not get it, or None.
        """
        self._relay.publish(BroadcastMessage(key=key, content=content, except_member=except_member))

    def presence_state(self, key: TopicKey) -> bytes:
        """Give the payload of `presence_state`: right for a member that has just joined."""
        topic = self._topics.get(key)
        return b"{}" if topic is None else topic.presence.encode()

    def track(self, key: TopicKey, member: TopicMember, presence_key: str, fields: str) -> bool:
        """
        Let *member* be present.

        Args:
            key: The topic.
            member: Which has joined it.
            presence_key: What it is present under.
            fields: From `presence.encode_fields`.

        Returns:
            False if the topic's presence state would grow too large.
        """
        presence = self._topics[key].presence
        ref = f"{self._node}{next(self._refs):x}"
        delta = presence.track(self._node, member.number, presence_key, fields, ref)
        if delta is None:
            return True
        growth_bytes = sum(joined.size_bytes for joined in delta.joins)
        if presence.size_bytes + growth_bytes > self._presence_limit_bytes:
            return False
        self._relay.publish(PresenceMessage(key=key, delta=delta))
        return True

    def untrack(self, key: TopicKey, member: TopicMember) -> None:
        """Let *member* be present no more."""
        delta = self._topics[key].presence.untrack(self._node, member.number)
        if delta is not None:
            self._relay.publish(PresenceMessage(key=key, delta=delta))

    def deliver(self, message: TopicMessage) -> None:
        """Take a message from the relay; everybody else calls `broadcast`, `track`, `untrack`."""
        match message:
            case BroadcastMessage(key=key, content=content, except_member=except_member):
                self._deliver_broadcast(key, content, except_member)
            case PresenceMessage(key=key, delta=delta):
                self._deliver_presence(key, delta)
            case _:
                assert_never(message)

    def deliver_stored(self, key: TopicKey, message: StoredBroadcast) -> None:
        """
        Send a broadcast from the database to the members that are connected here.

        It does not go through the relay: every node reads the database's own stream.
        """
        topic = self._topics.get(key)
        if topic is None:
            return
        topic.message_count += 1
        self._ask_again(key, topic)
        content = message.content()
        for serializer, members in topic.members.items():
            if not members:
                continue
            frame = make_frame(serializer.encode_broadcast(key.topic, content))
            if frame is not None:
                for member in members.values():
                    if member.is_holding:
                        member.hold(frame, "broadcast", message.id)
                    elif member.permissions.broadcast and message.id not in member.replayed:
                        member.send(frame)

    def _deliver_broadcast(
        self, key: TopicKey, content: BroadcastContent, except_member: int | None
    ) -> None:
        topic = self._topics.get(key)
        if topic is None:
            return
        topic.message_count += 1
        self._ask_again(key, topic)
        for serializer, audience in topic.current_audiences().items():
            frame = make_frame(serializer.encode_broadcast(key.topic, content))
            if frame is not None:
                audience.send(frame, except_member)

    def _deliver_presence(self, key: TopicKey, delta: Delta) -> None:
        topic = self._topics[key]
        topic.message_count += 1
        self._ask_again(key, topic)
        topic.presence.apply(delta)
        if topic.pending is None:
            topic.pending = PendingDiff()
        topic.pending.add(delta)
        if not self._changed:
            self._call_soon(self._send_diffs)
        self._changed[key] = None

    def _ask_again(self, key: TopicKey, topic: _Topic) -> None:
        """Let members whose permissions may be out of date be asked about before a message."""
        if key.is_private and self._is_outdated(topic.asked_at):
            topic.asked_at = time.monotonic()
            for members in topic.members.values():
                for member in members.values():
                    member.reauthorize(texts.read_lost(key.name))

    def _send_diffs(self) -> None:
        """Send what was gathered in this turn of the loop."""
        changed, self._changed = self._changed, {}
        for key in changed:
            topic = self._topics.get(key)
            if topic is not None:
                self._send_diff(key, topic)
                self._forget_deserted(key, topic)

    def _send_diff(self, key: TopicKey, topic: _Topic) -> None:
        """Send the members of *topic* what was gathered, if anything was."""
        pending, topic.pending = topic.pending, None
        payload = None if pending is None else pending.encode()
        if payload is None:
            return
        for serializer, members in topic.members.items():
            before, after = serializer.envelope(key.topic, "presence_diff")
            frame = frames.text(before + payload + after)
            for member in members.values():
                if member.is_holding:
                    member.hold(frame, "presence")
                elif member.permissions.presence:
                    member.send(frame)

    def _forget_deserted(self, key: TopicKey, topic: _Topic) -> None:
        if topic.is_deserted:
            self._topics.pop(key, None)


def make_frame(message: EncodedMessage | None) -> bytes | None:
    """Make the WebSocket frame of *message*; None if there is none."""
    if message is None:
        return None
    return frames.binary(message.data) if message.is_binary else frames.text(message.data)
