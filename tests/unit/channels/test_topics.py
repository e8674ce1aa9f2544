from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from slotcast.channels.access import PUBLIC, Permissions
from slotcast.channels.protocol.serializers import (
    ArraySerializer,
    BroadcastContent,
    EncodedMessage,
    EventBroadcast,
    Serializer,
    VerbatimBroadcast,
    negotiate,
)
from slotcast.channels.topics import (
    BroadcastMessage,
    StoredBroadcast,
    TopicKey,
    TopicMessage,
    Topics,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotcast.channels.access import Extension

ROOM = TopicKey(name="room", is_private=False)
PRIVATE_ROOM = TopicKey(name="room", is_private=True)
SAID = VerbatimBroadcast(payload=b'{"event":"e"}')
STORED = StoredBroadcast(id="4f", event="e", payload=b'{"x":1}', is_json=True)


@dataclass(slots=True, eq=False)
class Listener:
    """A member that keeps what it gets; small frames only."""

    number: int
    serializer: Serializer = field(default_factory=lambda: negotiate("2.0.0"))
    permissions: Permissions = PUBLIC
    replayed: frozenset[str] = frozenset()
    is_holding: bool = False
    frames: list[bytes] = field(default_factory=list[bytes])
    held: list[bytes] = field(default_factory=list[bytes])

    def send(self, frame: bytes, /) -> None:
        self.frames.append(frame)

    def hold(self, frame: bytes, extension: Extension, message_id: str | None = None, /) -> None:
        assert (extension, message_id) == ("broadcast", None)
        self.held.append(frame)

    def reauthorize(self, refusal: str) -> None:
        raise AssertionError(refusal)

    def texts(self) -> list[Any]:
        return [json.loads(payload_of(frame)) for frame in self.frames]


def payload_of(frame: bytes) -> bytes:
    """Give what a frame of less than 64 KiB carries."""
    return frame[2:] if frame[1] < 126 else frame[4:]


class Turn:
    """Stands for the event loop."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def call_soon(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def end(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


@pytest.fixture
def turn() -> Turn:
    return Turn()


@pytest.fixture
def topics(turn: Turn) -> Topics:
    return Topics(turn.call_soon, presence_limit_bytes=1000)


def join(topics: Topics, key: TopicKey = ROOM, **parts: Any) -> Listener:
    listener = Listener(topics.take_number(), **parts)
    topics.join(key, listener)
    return listener


class TestBroadcasts:
    def test_all_members_but_the_excepted_one_get_it(self, topics: Topics) -> None:
        sender, first, second = (join(topics) for _ in range(3))

        topics.broadcast(ROOM, SAID, except_member=sender.number)

        expected = [[None, None, "realtime:room", "broadcast", {"event": "e"}]]
        assert first.texts() == second.texts() == expected
        assert sender.frames == []

    def test_private_and_public_topics_have_nothing_to_do_with_each_other(
        self, topics: Topics
    ) -> None:
        public, private = join(topics), join(topics, PRIVATE_ROOM)

        topics.broadcast(PRIVATE_ROOM, SAID)

        assert public.frames == []
        assert len(private.frames) == 1

    def test_a_frame_is_made_once_for_each_version(self, topics: Topics) -> None:
        made: Counter[str] = Counter()

        class Counting(ArraySerializer):
            __slots__ = ()

            def encode_broadcast(
                self, topic: str, content: BroadcastContent, *, join_ref: str | None = None
            ) -> EncodedMessage | None:
                made["2"] += 1
                return super().encode_broadcast(topic, content, join_ref=join_ref)

        serializer = Counting()
        listeners = [join(topics, serializer=serializer) for _ in range(5)]

        topics.broadcast(ROOM, SAID)

        assert made == {"2": 1}
        assert all(each.frames[0] is listeners[0].frames[0] for each in listeners)

    def test_who_may_not_read_broadcasts_gets_none(self, topics: Topics) -> None:
        deaf = join(topics, permissions=Permissions(broadcast=False, presence=True))

        topics.broadcast(ROOM, SAID)
        topics.deliver_stored(ROOM, STORED)

        assert deaf.frames == []

    def test_what_a_member_may_read_can_change(self, topics: Topics) -> None:
        listener, other = join(topics), join(topics)
        topics.broadcast(ROOM, SAID)

        listener.permissions = Permissions(broadcast=False, presence=True)
        topics.regroup(ROOM)
        topics.broadcast(ROOM, SAID)

        assert (len(listener.frames), len(other.frames)) == (1, 2)

    def test_who_is_holding_is_given_what_to_hold(self, topics: Topics) -> None:
        sender, listener = join(topics), join(topics)
        topics.broadcast(ROOM, SAID, except_member=sender.number)

        for is_holding in (True, False):
            sender.is_holding = listener.is_holding = is_holding
            topics.regroup(ROOM)
            topics.broadcast(ROOM, SAID, except_member=sender.number)

        assert (len(listener.frames), len(listener.held)) == (2, 1)
        assert (sender.frames, sender.held) == ([], [])

    def test_a_topic_without_members_has_nothing_to_regroup(self, topics: Topics) -> None:
        topics.regroup(ROOM)

        assert len(topics) == 0

    def test_who_joins_later_gets_what_follows(self, topics: Topics) -> None:
        first = join(topics)
        topics.broadcast(ROOM, SAID)
        second = join(topics)

        topics.broadcast(ROOM, SAID)

        assert (len(first.frames), len(second.frames)) == (2, 1)

    def test_who_left_gets_nothing(self, topics: Topics) -> None:
        gone = join(topics)
        topics.leave(ROOM, gone)

        topics.broadcast(ROOM, SAID)

        assert gone.frames == []
        assert len(topics) == 0

    def test_everything_goes_through_the_relay(self, turn: Turn) -> None:
        published: list[TopicMessage] = []

        class Keeping:
            def publish(self, message: TopicMessage, /) -> None:
                published.append(message)

        topics = Topics(
            turn.call_soon, presence_limit_bytes=1000, connect_relay=lambda _: Keeping()
        )
        listener = join(topics)

        topics.broadcast(ROOM, SAID, except_member=7)
        topics.track(ROOM, listener, "k", "{}")
        turn.end()

        assert published[0] == BroadcastMessage(key=ROOM, content=SAID, except_member=7)
        assert len(published) == 2
        assert listener.frames == []
        for message in published:
            topics.deliver(message)
        turn.end()
        assert len(listener.frames) == 2


class TestStoredBroadcasts:
    def test_version_two_gets_a_binary_frame_with_the_id(self, topics: Topics) -> None:
        listener = join(topics)

        topics.deliver_stored(ROOM, STORED)

        (frame,) = listener.frames
        assert frame[0] == 0x82
        assert frame[2:] == b'\x04\x0d\x01\x0b\x01realtime:roome{"id":"4f"}{"x":1}'

    def test_version_one_gets_text_with_the_id(self, topics: Topics) -> None:
        listener = join(topics, serializer=negotiate("1.0.0"))

        topics.deliver_stored(ROOM, STORED)
        bytes_only = StoredBroadcast(id="5f", event="e", payload=b"\xff", is_json=False)
        topics.deliver_stored(ROOM, bytes_only)

        assert listener.texts() == [
            {
                "ref": None,
                "event": "broadcast",
                "topic": "realtime:room",
                "payload": {
                    "event": "e",
                    "meta": {"id": "4f"},
                    "payload": {"x": 1},
                    "type": "broadcast",
                },
            }
        ]

    def test_what_was_replayed_is_not_sent_again(self, topics: Topics) -> None:
        listener = join(topics, replayed=frozenset({"4f"}))
        other = join(topics)

        topics.deliver_stored(ROOM, STORED)

        assert listener.frames == []
        assert len(other.frames) == 1

    def test_what_is_replayed_says_so(self) -> None:
        assert STORED.content(is_replayed=True) == EventBroadcast(
            event="e", payload=b'{"x":1}', is_json=True, meta=b'{"id":"4f","replayed":true}'
        )


class TestPresence:
    def test_changes_of_one_turn_go_out_as_one_diff(self, topics: Topics, turn: Turn) -> None:
        observer, ann, ben = (join(topics) for _ in range(3))
        for number, member in enumerate((ann, ben)):
            topics.track(ROOM, member, f"key {number}", "{}")
        assert observer.frames == []

        turn.end()

        ((_, _, _, event, diff),) = observer.texts()
        assert event == "presence_diff"
        assert sorted(diff["joins"]) == ["key 0", "key 1"]
        assert diff["leaves"] == {}
        assert turn.calls == []

    def test_a_new_member_gets_no_diff_of_what_its_state_holds(
        self, topics: Topics, turn: Turn
    ) -> None:
        ann = join(topics)
        topics.track(ROOM, ann, "ann", "{}")

        late = join(topics)
        state = json.loads(topics.presence_state(ROOM))
        turn.end()

        assert list(state) == ["ann"]
        assert late.frames == []
        assert len(ann.frames) == 1

    def test_who_leaves_is_present_no_more(self, topics: Topics, turn: Turn) -> None:
        ann, observer = join(topics), join(topics)
        topics.track(ROOM, ann, "ann", "{}")
        turn.end()

        topics.leave(ROOM, ann)
        turn.end()

        assert list(observer.texts()[1][4]["leaves"]) == ["ann"]
        assert topics.presence_state(ROOM) == b"{}"
        assert len(ann.frames) == 1

    def test_nothing_is_kept_of_a_topic_that_everybody_left(
        self, topics: Topics, turn: Turn
    ) -> None:
        ann = join(topics)
        topics.track(ROOM, ann, "ann", "{}")
        topics.leave(ROOM, ann)
        turn.end()

        assert len(topics) == 0

    def test_a_topic_that_is_joined_again_in_the_same_turn_is_another_one(
        self, topics: Topics, turn: Turn
    ) -> None:
        first = join(topics)
        topics.track(ROOM, first, "first", "{}")
        second = join(topics)
        topics.leave(ROOM, first)
        topics.leave(ROOM, second)
        third = join(topics)
        turn.end()

        topics.broadcast(ROOM, SAID)
        assert [text[3] for text in third.texts()] == ["broadcast"]

    def test_who_may_not_read_presence_gets_no_diffs(self, topics: Topics, turn: Turn) -> None:
        blind = join(topics, permissions=Permissions(broadcast=True, presence=False))
        topics.track(ROOM, blind, "blind", "{}")
        turn.end()

        assert blind.frames == []

    def test_the_state_of_a_topic_is_bounded(self, topics: Topics, turn: Turn) -> None:
        ann, ben = join(topics), join(topics)
        large = json.dumps({"x": "z" * 600})

        assert topics.track(ROOM, ann, "ann", large)
        assert not topics.track(ROOM, ben, "ben", large)
        assert topics.track(PRIVATE_ROOM, ben, "ben", large)
        topics.untrack(ROOM, ann)
        assert topics.track(ROOM, ben, "ben", large)
        turn.end()


def test_there_are_only_the_shared_serializers() -> None:
    # Members are grouped by serializer, so that a frame is made once for all of a version.
    assert negotiate("2.0.0") is negotiate("2.0.7")
    assert negotiate(None) is negotiate("1.0.0")
