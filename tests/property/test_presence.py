"""
Whoever merges the state and the differences as clients do always knows who is present.

The merge is that of Phoenix's JavaScript client (`Presence.syncState` and `syncDiff`), which
the official clients for JavaScript and Python use or repeat.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
)

from slotcast.channels.access import PUBLIC
from slotcast.channels.presence import Delta, TopicPresence, encode_fields
from slotcast.channels.protocol.serializers import negotiate
from slotcast.channels.topics import PresenceMessage, TopicKey, Topics

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotcast.channels.access import Extension

ROOM = TopicKey(name="room", is_private=False)
OBJECTS = st.dictionaries(st.sampled_from(["x", "y", "phx_ref"]), st.integers(0, 2), max_size=2)
KEYS = st.sampled_from(["a", "b"])
OTHER_NODE = "the other node"

Diff: TypeAlias = dict[str, dict[str, dict[str, list[dict[str, Any]]]]]
"""``{"joins": {key: {"metas": [meta]}}, "leaves": …}``"""


class Client:
    """A member whose client merges what it gets, and what it is present with."""

    permissions = PUBLIC
    replayed: frozenset[str] = frozenset()
    is_holding = False

    def __init__(self, number: int, version: str, key: str) -> None:
        self.number = number
        self.serializer = negotiate(version)
        self.key = key
        self.tracked: dict[str, Any] | None = None
        self.known: dict[str, list[dict[str, Any]]] = {}

    def hold(self, frame: bytes, extension: Extension, message_id: str | None = None, /) -> None:
        raise AssertionError((frame, extension, message_id))

    def reauthorize(self, refusal: str) -> None:
        raise AssertionError(refusal)

    def send(self, frame: bytes, /) -> None:
        """Merge a diff as `Presence.syncDiff` does."""
        text = frame[2:] if frame[1] < 126 else frame[4:]
        message: Any = json.loads(text)
        diff = cast("Diff", message[4] if isinstance(message, list) else message["payload"])
        assert diff["joins"] or diff["leaves"]
        for key, joined in diff["joins"].items():
            refs = {meta["phx_ref"] for meta in joined["metas"]}
            known = self.known.get(key, [])
            assert not refs & {meta["phx_ref"] for meta in known}, "it was told of this before"
            self.known[key] = known + joined["metas"]
        for key, left in diff["leaves"].items():
            refs = {meta["phx_ref"] for meta in left["metas"]}
            assert refs <= {meta["phx_ref"] for meta in self.known[key]}, "it never heard of it"
            self.known[key] = [meta for meta in self.known[key] if meta["phx_ref"] not in refs]
            if not self.known[key]:
                del self.known[key]


class Room(RuleBasedStateMachine):
    """Members come, go, and are present with something; turns of the event loop end anywhere."""

    clients: Bundle[Client] = Bundle("clients")

    @initialize()
    def open(self) -> None:
        self.calls: list[Callable[[], None]] = []
        self.topics = Topics(self.calls.append, presence_limit_bytes=10_000)
        self.here: list[Client] = []
        self.elsewhere = TopicPresence()
        self.elsewhere_tracked: dict[int, tuple[str, dict[str, Any]]] = {}
        self.refs = (f"elsewhere{number}" for number in itertools.count())

    @rule(target=clients, version=st.sampled_from(["1.0.0", "2.0.0"]), key=KEYS)
    def join(self, version: str, key: str) -> Client:
        client = Client(self.topics.take_number(), version, key)
        self.topics.join(ROOM, client)
        state = json.loads(self.topics.presence_state(ROOM))
        client.known = {key: present["metas"] for key, present in state.items()}
        self.here.append(client)
        return client

    @rule(client=clients, tracked=OBJECTS)
    def track(self, client: Client, tracked: dict[str, Any]) -> None:
        assert self.topics.track(ROOM, client, client.key, encode_fields(tracked))
        client.tracked = tracked

    @rule(client=clients)
    def untrack(self, client: Client) -> None:
        self.topics.untrack(ROOM, client)
        client.tracked = None

    @rule(client=consumes(clients))
    def leave(self, client: Client) -> None:
        self.topics.leave(ROOM, client)
        client.tracked = None
        self.here.remove(client)

    @rule(owner=st.integers(1, 2), key=KEYS, tracked=st.none() | OBJECTS)
    def hear_of_another_node(self, owner: int, key: str, tracked: dict[str, Any] | None) -> None:
        key = self.elsewhere_tracked.get(owner, (key,))[0]
        delta: Delta | None
        if tracked is None:
            delta = self.elsewhere.untrack(OTHER_NODE, owner)
            self.elsewhere_tracked.pop(owner, None)
        else:
            fields = encode_fields(tracked)
            delta = self.elsewhere.track(OTHER_NODE, owner, key, fields, next(self.refs))
            self.elsewhere_tracked[owner] = (key, tracked)
        if delta is not None:
            self.elsewhere.apply(delta)
            self.topics.deliver(PresenceMessage(key=ROOM, delta=delta))

    @rule()
    def end_turn(self) -> None:
        self.finish_turn()
        self.everybody_knows_who_is_present()

    @invariant()
    def nothing_is_kept_without_need(self) -> None:
        if hasattr(self, "topics") and not self.calls:
            assert len(self.topics) == bool(self.here or self.elsewhere_tracked)

    def finish_turn(self) -> None:
        calls = list(self.calls)
        self.calls.clear()
        for call in calls:
            call()

    def everybody_knows_who_is_present(self) -> None:
        truth = [(client.key, client.tracked) for client in self.here]
        expected = sorted(
            (key, sorted(_without_refs(tracked).items()))
            for key, tracked in [*truth, *self.elsewhere_tracked.values()]
            if tracked is not None
        )
        for client in self.here:
            assert expected == sorted(
                (key, sorted(_without_refs(meta).items()))
                for key, metas in client.known.items()
                for meta in metas
            )

    def teardown(self) -> None:
        if hasattr(self, "topics"):
            self.finish_turn()
            self.everybody_knows_who_is_present()


def _without_refs(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if not key.startswith("phx_ref")}


TestRoom = Room.TestCase
