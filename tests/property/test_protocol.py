"""Whatever arrives is a message or a `ProtocolError`, and what is written is read alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from hypothesis import assume, event, example, given
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from slotcast import strict_json
from slotcast.channels.protocol.joins import (
    BINDING_ID_LIMIT,
    JoinRequest,
    binding_id,
    parse_join,
    parse_token_push,
)
from slotcast.channels.protocol.lifecycle import (
    Broadcast,
    ChangeToken,
    ChannelState,
    ChannelTable,
    Effect,
    Join,
    Joined,
    PresenceCall,
    Release,
    Send,
)
from slotcast.channels.protocol.serializers import (
    ClientMessage,
    Serializer,
    UserBroadcast,
    negotiate,
)
from slotcast.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slotcast.claims import JsonValue

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
REF = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
SERIALIZERS = st.sampled_from([negotiate("1.0.0"), negotiate("2.0.0")])
T = TypeVar("T")


def decoded(decode: Callable[[T], ClientMessage], data: T) -> ClientMessage | None:
    """Give None for what is refused; any other error fails the test."""
    try:
        return decode(data)
    except ProtocolError:
        return None


@given(serializer=SERIALIZERS, data=st.binary() | st.text(st.characters()))
@example(serializer=negotiate("2.0.0"), data="[" * 200_000)
@example(serializer=negotiate("1.0.0"), data='{"a":' * 200_000)
@example(serializer=negotiate("2.0.0"), data='["1","1","t","e",{"a":NaN}]')
@example(serializer=negotiate("2.0.0"), data='["1","1","t","e",' + "9" * 10_000 + "]")
@example(serializer=negotiate("2.0.0"), data='["1","1","\\ud800","e",{}]')
@example(serializer=negotiate("2.0.0"), data='["1","1","t\ud800","e",{}]')
def test_arbitrary_text_frames(serializer: Serializer, data: str | bytes) -> None:
    message = decoded(serializer.decode_text, data)

    assert message is None or isinstance(message, ClientMessage)


@given(data=st.binary() | st.binary().map(lambda rest: b"\x03" + rest))
def test_arbitrary_binary_frames(data: bytes) -> None:
    message = decoded(negotiate("2.0.0").decode_binary, data)

    event("refused" if message is None else "a message")
    assert message is None or isinstance(message.payload, UserBroadcast)


@given(
    parts=st.tuples(REF, REF, NAME, NAME, JSON),
    mutation=st.integers(0, 200),
    inserted=st.characters(exclude_categories=["Cs"]),
)
def test_frames_with_one_character_changed(
    parts: tuple[Any, ...], mutation: int, inserted: str
) -> None:
    text = json.dumps(parts)
    place = mutation % len(text)

    changed = text[:place] + inserted + text[place + 1 :]
    message = decoded(negotiate("2.0.0").decode_text, changed)

    event("refused" if message is None else "still a message")


@given(join_ref=REF, ref=REF, topic=NAME, name=NAME, payload=JSON, escapes=st.booleans())
def test_what_a_client_writes_is_read_alike_in_both_versions(
    join_ref: str | None, ref: str | None, topic: str, name: str, payload: Any, escapes: bool
) -> None:
    expected = ClientMessage(join_ref=join_ref, ref=ref, topic=topic, event=name, payload=payload)
    fields = {"topic": topic, "event": name, "payload": payload, "ref": ref, "join_ref": join_ref}

    as_object = json.dumps(fields, ensure_ascii=escapes)
    as_array = json.dumps([join_ref, ref, topic, name, payload], ensure_ascii=escapes)

    assert negotiate("1.0.0").decode_text(as_object) == expected
    assert negotiate("2.0.0").decode_text(as_array.encode()) == expected


@given(
    names=st.tuples(TEXT, TEXT, NAME, TEXT).filter(
        lambda names: all(len(name.encode()) <= 255 for name in names)
    ),
    metadata=st.none() | st.dictionaries(TEXT, st.booleans(), max_size=3),
    content=st.binary() | JSON,
)
def test_user_broadcasts_round_trip(
    names: tuple[str, str, str, str], metadata: dict[str, bool] | None, content: Any
) -> None:
    is_json = not isinstance(content, bytes)
    payload = strict_json.dumps(content) if is_json else content
    meta = b"" if metadata is None else json.dumps(metadata).encode()
    assume(len(meta) <= 255)
    parts = [*(name.encode() for name in names), meta]
    frame = bytes([3, *map(len, parts), is_json]) + b"".join(parts) + payload

    message = negotiate("2.0.0").decode_binary(frame)

    join_ref, ref, topic, user_event = names
    assert message == ClientMessage(
        join_ref=join_ref or None,
        ref=ref or None,
        topic=topic,
        event="broadcast",
        payload=UserBroadcast(
            event=user_event, payload=payload, is_json=is_json, metadata={**(metadata or {})}
        ),
    )


@given(
    topic=NAME,
    join_ref=REF,
    ref=REF,
    status=st.sampled_from(["ok", "error"]),
    response=JSON,
)
def test_replies_are_valid_json_in_both_versions(
    topic: str, join_ref: str | None, ref: str | None, status: Literal["ok", "error"], response: Any
) -> None:
    arguments: dict[str, Any] = {
        "join_ref": join_ref,
        "ref": ref,
        "status": status,
        "response": response,
    }
    payload = {"status": status, "response": response}

    as_object = json.loads(negotiate("1.0.0").encode_reply(topic, **arguments))
    as_array = json.loads(negotiate("2.0.0").encode_reply(topic, **arguments))

    assert as_object == {"ref": ref, "event": "phx_reply", "payload": payload, "topic": topic}
    assert as_array == [join_ref, ref, topic, "phx_reply", payload]


@given(
    serializer=SERIALIZERS, topic=NAME, ids=st.lists(st.integers(1, 2**27), min_size=1), data=JSON
)
def test_spliced_changes_are_valid_json(
    serializer: Serializer, topic: str, ids: list[int], data: Any
) -> None:
    before, after = serializer.changes_envelope(topic, tuple(ids))

    whole = json.loads(before + strict_json.dumps(data) + after)

    payload = whole["payload"] if serializer.version == "1.0.0" else whole[4]
    assert payload == {"ids": ids, "data": data}


BINDING = st.dictionaries(
    st.sampled_from(["event", "schema", "table", "filter", "select", "id", "x"]), JSON, max_size=5
)
CONFIG = st.fixed_dictionaries(
    {},
    optional={
        "broadcast": JSON | st.dictionaries(st.sampled_from(["ack", "self", "replay"]), JSON),
        "presence": JSON | st.dictionaries(st.sampled_from(["key", "enabled"]), JSON),
        "postgres_changes": JSON | st.lists(BINDING | st.none(), max_size=6),
        "postgres_changes_options": JSON
        | st.dictionaries(st.sampled_from(["wait", "timeout"]), JSON),
        "private": JSON,
    },
)
JOIN = JSON | st.fixed_dictionaries(
    {}, optional={"config": JSON | CONFIG, "access_token": JSON, "user_token": JSON}
)


@given(payload=JOIN)
def test_any_join_is_understood_and_its_bindings_echoed_in_order(payload: JsonValue) -> None:
    request = parse_join(payload)
    parse_token_push(payload)

    assert isinstance(request, JoinRequest)
    config = payload.get("config") if isinstance(payload, dict) else None
    requested = config.get("postgres_changes") if isinstance(config, dict) else None
    entries = (
        [each for each in requested if isinstance(each, dict)]
        if isinstance(requested, list)
        else []
    )
    assert [{**each, "id": 0} for each in entries] == [
        {**binding.echo(), "id": 0} for binding in request.bindings
    ]
    strict_json.dumps([binding.echo() for binding in request.bindings])


@given(payload=JOIN)
def test_ids_are_non_zero_stable_and_tell_bindings_apart(payload: Any) -> None:
    bindings = parse_join(payload).bindings
    event(f"{min(len(bindings), 3)} bindings")

    assert parse_join(payload).bindings == bindings
    texts = {binding.id: strict_json.canonical(binding.requested) for binding in bindings}
    assert all(0 < number < BINDING_ID_LIMIT for number in texts)
    assert len(texts) == len(set(texts.values()))
    for binding in bindings:
        assert texts[binding.id] == strict_json.canonical(binding.requested)


@given(requested=BINDING)
def test_an_id_depends_on_the_parameters_alone(requested: dict[str, Any]) -> None:
    reordered = dict(reversed(requested.items()))

    assert binding_id(requested) == binding_id(json.loads(json.dumps(reordered)))


class Conversation(RuleBasedStateMachine):
    """
    A client that sends anything, and a server that carries effects out late and in odd orders.

    Each channel gets at most one `phx_close`, and whatever the table still holds is alive.
    """

    joins: Bundle[Join] = Bundle("joins")

    @initialize(serializer=SERIALIZERS)
    def connect(self, serializer: Serializer) -> None:
        self.channels = ChannelTable(serializer, channel_limit=2)

    @rule(
        target=joins,
        topic=st.sampled_from(["realtime:a", "realtime:b", "realtime:c", "realtime:"]),
        ref=REF,
        join_ref=REF,
        payload=JOIN,
    )
    def join(self, **parts: Any) -> Any:
        effects = self.channels.receive(ClientMessage(event="phx_join", **parts))

        self.carry_out(effects)
        return multiple(*(effect for effect in effects if isinstance(effect, Join)))

    @rule(
        topic=st.sampled_from(["realtime:a", "realtime:b", "phoenix", "other"]),
        event=st.sampled_from(
            ["phx_leave", "access_token", "broadcast", "presence", "heartbeat", "x"]
        ),
        ref=REF,
        join_ref=REF,
        payload=JOIN,
    )
    def send(self, **parts: Any) -> None:
        self.carry_out(self.channels.receive(ClientMessage(**parts)))

    @rule(join=joins)
    def accept(self, join: Join) -> None:
        if join.channel.state is not ChannelState.JOINED:
            was_joining = join.channel.state is ChannelState.JOINING
            effects = self.channels.accept(join.channel, join.request)
            assert bool(effects) == was_joining
            self.carry_out(effects)

    @rule(join=joins)
    def refuse(self, join: Join) -> None:
        if join.channel.state is not ChannelState.JOINED:
            was_joining = join.channel.state is ChannelState.JOINING
            effects = self.channels.refuse(join.channel, "reason")
            assert bool(effects) == was_joining
            self.carry_out(effects)

    @rule(join=joins)
    def end(self, join: Join) -> None:
        was_alive = join.channel in list(self.channels)
        effects = self.channels.end(join.channel, "message", "reason")

        assert bool(effects) == was_alive
        self.carry_out(effects)

    @rule(join=joins)
    def tell(self, join: Join) -> None:
        is_joined = join.channel.state is ChannelState.JOINED

        assert len(self.channels.system(join.channel, "ok", "message")) == is_joined

    @rule(join=joins)
    def release(self, join: Join) -> None:
        channel = join.channel
        if channel in list(self.channels):
            return
        was_leaving = channel.state is ChannelState.LEAVING

        assert len(self.channels.released(channel)) == was_leaving
        assert channel.state is ChannelState.CLOSED

    @rule()
    def shut_down(self) -> None:
        joined = [c for c in self.channels if c.state is ChannelState.JOINED]
        self.carry_out(self.channels.drain())

        assert list(self.channels) == joined

    @invariant()
    def the_table_holds_what_is_alive(self) -> None:
        if hasattr(self, "channels"):
            assert len(self.channels) <= 2
            for channel in self.channels:
                assert channel.state in (ChannelState.JOINING, ChannelState.JOINED)

    def carry_out(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(data):
                    json.loads(data)
                case Release(channel):
                    assert channel not in list(self.channels)
                case Join(channel) | ChangeToken(channel):
                    assert channel in list(self.channels)
                case Joined(channel) | Broadcast(channel) | PresenceCall(channel):
                    assert channel.state is ChannelState.JOINED


TestConversation = Conversation.TestCase
