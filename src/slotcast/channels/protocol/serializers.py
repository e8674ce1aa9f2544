"""
Messages to and from bytes, in both versions of the serializer.

Version 1.0.0 writes a message as a JSON object, 2.0.0 as a JSON array
``[join_ref, ref, topic, event, payload]``. The versions also differ in what a message from
the server carries: 1.0.0 never has a join ref. In 2.0.0 a client may also push broadcasts
as binary frames of kind 3.

A message to many clients differs only around its payload, so everything is encoded as
(what stands before the payload, the payload, what stands behind it).
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias, assert_never

from slotcast import strict_json
from slotcast.errors import ProtocolError

if TYPE_CHECKING:
    from slotcast.claims import JsonValue

TOPIC_LIMIT_CHARACTERS: Final = 1024
EVENT_LIMIT_CHARACTERS: Final = 255
REF_LIMIT_CHARACTERS: Final = 255

ENVELOPES_KEPT: Final = 1000
"""Most envelopes of changes that are kept encoded."""

Envelope: TypeAlias = tuple[bytes, bytes]
"""The JSON text before and after the spliced part of a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserBroadcast:
    """
    The payload of a broadcast that was pushed as a binary frame.

    Attributes:
        event: The application's own event name.
        payload: JSON text that has been checked, or any bytes.
        is_json: Which of the two it is.
        metadata: What the client asks of the server for this message.
    """

    event: str
    payload: bytes
    is_json: bool
    metadata: dict[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbatimBroadcast:
    """
    A broadcast that receivers get as it was pushed in a text message.

    Attributes:
        payload: A JSON object, encoded; mostly with `type`, `event` and `payload`.
    """

    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBroadcast:
    """
    A broadcast whose parts are known: a binary frame for those who understand them.

    Attributes:
        event: The application's own event name.
        payload: JSON text, or any bytes.
        is_json: Which of the two it is.
        meta: A JSON object, encoded, that receivers get as `meta`; empty for none.
    """

    event: str
    payload: bytes
    is_json: bool
    meta: bytes = b""


BroadcastContent: TypeAlias = VerbatimBroadcast | EventBroadcast


@dataclass(frozen=True, slots=True)
class EncodedMessage:
    """The payload of a WebSocket frame, and whether the frame is a binary one."""

    data: bytes
    is_binary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientMessage:
    """
    A message from a client.

    Attributes:
        join_ref: The ref of the join that the client thinks it belongs to, if it said so.
        ref: What the reply will repeat; None when no particular reply is expected.
        topic: Such as ``realtime:desk``, or ``phoenix`` for the connection itself.
        event: Such as ``phx_join``.
        payload: Any JSON, as clients are not to be trusted; mostly an object. A
            `UserBroadcast` when the message came as a binary frame, a `VerbatimBroadcast`
            when it was encoded already.
        length: Of the whole message: bytes or characters.
    """

    join_ref: str | None
    ref: str | None
    topic: str
    event: str
    payload: JsonValue | UserBroadcast | VerbatimBroadcast
    length: int = field(default=0, compare=False)


class Serializer(ABC):
    """One version of the serializer. It has no state: `negotiate` gives shared ones."""

    __slots__ = ()

    version: ClassVar[str]

    @abstractmethod
    def decode_text(self, data: str | bytes) -> ClientMessage:
        """
        Read the payload of a text frame.

        Raises:
            ProtocolError: *data* is no message; it says why, without repeating *data*.
        """

    @abstractmethod
    def decode_binary(self, data: bytes) -> ClientMessage:
        """
        Read the payload of a binary frame.

        Raises:
            ProtocolError: *data* is no message; it says why, without repeating *data*.
        """

    @abstractmethod
    def envelope(
        self, topic: str, event: str, *, join_ref: str | None = None, ref: str | None = None
    ) -> Envelope:
        """Encode everything of a message but its payload."""

    def encode_push(
        self, topic: str, event: str, payload: JsonValue, *, join_ref: str | None = None
    ) -> bytes:
        """
        Encode a message that answers none of the client's.

        Args:
            topic: Of the channel.
            event: Such as ``presence_state``.
            payload: An object.
            join_ref: Of the channel, where a late message must not reach a newer join of
                the same topic; None for what goes to all members alike.
        """
        before, after = self.envelope(topic, event, join_ref=join_ref)
        return before + strict_json.dumps(payload) + after

    def encode_reply(
        self,
        topic: str,
        *,
        join_ref: str | None,
        ref: str | None,
        status: Literal["ok", "error"],
        response: JsonValue,
    ) -> bytes:
        """Encode the answer to the message *ref*."""
        before, after = self.envelope(topic, "phx_reply", join_ref=join_ref, ref=ref)
        return before + strict_json.dumps({"status": status, "response": response}) + after

    def encode_close(self, topic: str, join_ref: str | None) -> bytes:
        """Say that the channel has ended; clients do not join it again."""
        before, after = self.envelope(topic, "phx_close", join_ref=join_ref, ref=join_ref)
        return before + b"{}" + after

    def encode_error(self, topic: str, join_ref: str | None) -> bytes:
        """Say that the channel broke; clients join it again."""
        before, after = self.envelope(topic, "phx_error", join_ref=join_ref, ref=join_ref)
        return before + b"{}" + after

    def encode_system(
        self,
        topic: str,
        *,
        join_ref: str | None,
        channel: str,
        extension: str,
        status: Literal["ok", "error"],
        message: str,
    ) -> bytes:
        """
        Encode news about the channel itself.

        Args:
            topic: Of the channel.
            join_ref: Of the channel.
            channel: The topic without ``realtime:``.
            extension: What the news is about, such as ``postgres_changes``.
            status: Whether it is good news.
            message: One of `texts`, or of a `SubscriptionError`.
        """
        return self.encode_push(
            topic,
            "system",
            {"message": message, "status": status, "extension": extension, "channel": channel},
            join_ref=join_ref,
        )

    def encode_broadcast(
        self, topic: str, content: BroadcastContent, *, join_ref: str | None = None
    ) -> EncodedMessage | None:
        """
        Encode a broadcast for its receivers.

        Args:
            topic: Of the channel.
            content: What was broadcast.
            join_ref: Of the channel, if the message is for this join of the topic alone.

        Returns:
            The message; None if receivers that speak this version cannot get it.
        """
        match content:
            case VerbatimBroadcast(payload=payload):
                return self._encode_text_broadcast(topic, payload, join_ref)
            case EventBroadcast():
                return self._encode_event_broadcast(topic, content, join_ref)
            case _:
                assert_never(content)

    def _encode_event_broadcast(
        self, topic: str, content: EventBroadcast, join_ref: str | None
    ) -> EncodedMessage | None:
        """Encode as a text message what is JSON; any other bytes have no place in one."""
        if not content.is_json:
            return None
        meta = b',"meta":' + content.meta if content.meta else b""
        event = strict_json.dumps(content.event)
        parts = (b'{"event":', event, meta, b',"payload":', content.payload)
        payload = b"".join(parts) + b',"type":"broadcast"}'
        return self._encode_text_broadcast(topic, payload, join_ref)

    def _encode_text_broadcast(
        self, topic: str, payload: bytes, join_ref: str | None
    ) -> EncodedMessage:
        before, after = self.envelope(topic, "broadcast", join_ref=join_ref)
        return EncodedMessage(before + payload + after)

    def changes_envelope(self, topic: str, ids: tuple[int, ...]) -> Envelope:
        """
        Encode a `postgres_changes` message but for its `data`, which is spliced in.

        ``before + data + after`` is the message, for any JSON object *data*.

        Args:
            topic: Of the channel.
            ids: Of the channel's bindings that the change matches, at least one.
        """
        return _changes_envelope(self, topic, ids)


@lru_cache(maxsize=ENVELOPES_KEPT)
def _changes_envelope(serializer: Serializer, topic: str, ids: tuple[int, ...]) -> Envelope:
    before, after = serializer.envelope(topic, "postgres_changes")
    listed = ",".join(map(str, ids)).encode()
    return before + b'{"ids":[' + listed + b'],"data":', b"}" + after


class ObjectSerializer(Serializer):
    """Version 1.0.0: JSON objects in text frames."""

    __slots__ = ()

    version = "1.0.0"

    def decode_text(self, data: str | bytes) -> ClientMessage:
        """Read a JSON object; only `join_ref` may be missing."""
        match _load(data):
            case {"topic": topic, "event": event, "payload": payload, "ref": ref, **others}:
                return _message(others.get("join_ref"), ref, topic, event, payload, len(data))
            case _:
                raise ProtocolError(
                    "a message must be a JSON object with the keys topic, event, payload and ref"
                )

    def decode_binary(self, data: bytes) -> ClientMessage:
        """Refuse *data*: this version has no binary frames."""
        raise ProtocolError(
            f"a binary frame of {len(data)} bytes came, but serializer 1.0.0 has none;"
            " connect with vsn=2.0.0"
        )

    def envelope(
        self, topic: str, event: str, *, join_ref: str | None = None, ref: str | None = None
    ) -> Envelope:
        """Encode an object; the *join_ref* has no place in it."""
        del join_ref
        before = '{"ref":' + strict_json.encode(ref) + ',"event":' + strict_json.encode(event)
        return (before + ',"payload":').encode(), (
            ',"topic":' + strict_json.encode(topic) + "}"
        ).encode()


class ArraySerializer(Serializer):
    """Version 2.0.0: JSON arrays in text frames, broadcasts in binary ones as well."""

    __slots__ = ()

    version = "2.0.0"

    def decode_text(self, data: str | bytes) -> ClientMessage:
        """Read a JSON array of five."""
        match _load(data):
            case [join_ref, ref, topic, event, payload]:
                return _message(join_ref, ref, topic, event, payload, len(data))
            case _:
                raise ProtocolError(
                    "a message must be a JSON array [join_ref, ref, topic, event, payload]"
                )

    def decode_binary(self, data: bytes) -> ClientMessage:
        """Read a user broadcast, the only kind of binary frame that clients send."""
        if data[:1] != _USER_BROADCAST_PUSH:
            raise ProtocolError("a binary frame must begin with 3, for a broadcast")
        return _decode_user_broadcast(data)

    def _encode_event_broadcast(
        self, topic: str, content: EventBroadcast, join_ref: str | None
    ) -> EncodedMessage | None:
        """
        Encode a binary frame of kind 4, which has no place for a join ref.

        JSON that is meant for one join, or whose names are too long for such a frame, goes
        as a text message, which clients take for the same.
        """
        names = (topic.encode(), content.event.encode(), content.meta)
        fits = all(len(name) <= _NAME_LIMIT_BYTES for name in names)
        if content.is_json and (join_ref is not None or not fits):
            return super()._encode_event_broadcast(topic, content, join_ref)
        if not fits:
            return None
        encoding = _JSON if content.is_json else _RAW
        header = bytes((_USER_BROADCAST, *map(len, names), encoding))
        return EncodedMessage(b"".join((header, *names, content.payload)), is_binary=True)

    def envelope(
        self, topic: str, event: str, *, join_ref: str | None = None, ref: str | None = None
    ) -> Envelope:
        """Encode an array."""
        return strict_json.dumps([join_ref, ref, topic, event])[:-1] + b",", b"]"


_OBJECTS: Final = ObjectSerializer()
_ARRAYS: Final = ArraySerializer()

_VERSION: Final = re.compile(r"([12])\.0\.(?:0|[1-9][0-9]{0,8})")
"""What satisfies ``~> 1.0.0`` or ``~> 2.0.0``."""


def negotiate(version: str | None) -> Serializer:
    """
    Choose the serializer for the `vsn` parameter of a handshake; missing, it is 1.0.0.

    Raises:
        ProtocolError: There is none; the handshake is refused with an empty 403.
    """
    match = _VERSION.fullmatch("1.0.0" if version is None else version)
    if match is None:
        raise ProtocolError("vsn must be 1.0.0 or 2.0.0")
    return _OBJECTS if match[1] == "1" else _ARRAYS


def _load(data: str | bytes) -> JsonValue:
    try:
        return strict_json.loads(data)
    except ValueError as error:
        raise ProtocolError(f"a message must be JSON: {error}") from None


def _message(
    join_ref: JsonValue,
    ref: JsonValue,
    topic: JsonValue,
    event: JsonValue,
    payload: JsonValue | UserBroadcast,
    length: int,
) -> ClientMessage:
    """
    Check the types and lengths of a message's parts.

    Raises:
        ProtocolError: One of them is wrong.
    """
    if not isinstance(topic, str) or not 0 < len(topic) <= TOPIC_LIMIT_CHARACTERS:
        raise ProtocolError(f"topic must be a string of 1 to {TOPIC_LIMIT_CHARACTERS} characters")
    if not isinstance(event, str) or not 0 < len(event) <= EVENT_LIMIT_CHARACTERS:
        raise ProtocolError(f"event must be a string of 1 to {EVENT_LIMIT_CHARACTERS} characters")
    return ClientMessage(
        join_ref=_ref("join_ref", join_ref),
        ref=_ref("ref", ref),
        topic=topic,
        event=event,
        payload=payload,
        length=length,
    )


def _ref(name: str, value: JsonValue) -> str | None:
    if value is None or (isinstance(value, str) and len(value) <= REF_LIMIT_CHARACTERS):
        return value
    raise ProtocolError(
        f"{name} must be null or a string of at most {REF_LIMIT_CHARACTERS} characters"
    )


_USER_BROADCAST_PUSH: Final = b"\x03"
_USER_BROADCAST: Final = 4
_NAME_LIMIT_BYTES: Final = 255
"""Longest topic, event and metadata in a binary frame."""
_HEADER_BYTES: Final = 7
_RAW, _JSON = 0, 1


def holds_json(data: str | bytes) -> bool:
    """Tell whether a frame takes the longer to decode the larger it is."""
    return isinstance(data, str) or data[_HEADER_BYTES - 1 : _HEADER_BYTES] == bytes((_JSON,))


def _decode_user_broadcast(data: bytes) -> ClientMessage:
    """
    Read a frame of kind 3.

    Args:
        data: The kind, five lengths and the encoding, one byte each; then join ref, ref,
            topic, the user's event and metadata, of those lengths; the payload is the rest.

    Raises:
        ProtocolError: It is too short, a part is not UTF-8, or JSON is broken.
    """
    if len(data) < _HEADER_BYTES:
        raise ProtocolError(f"a broadcast frame needs a header of {_HEADER_BYTES} bytes")
    lengths, encoding = data[1:6], data[6]
    if len(data) < _HEADER_BYTES + sum(lengths):
        raise ProtocolError("a broadcast frame is shorter than its header says")
    if encoding not in (_RAW, _JSON):
        raise ProtocolError(f"a broadcast's encoding must be 0 or 1, not {encoding}")
    texts: list[str] = []
    start = _HEADER_BYTES
    for length in lengths:
        texts.append(_decode_utf8(data[start : start + length]))
        start += length
    join_ref, ref, topic, user_event, metadata = texts
    payload = data[start:]
    if encoding == _JSON:
        _load(payload)
    broadcast = UserBroadcast(
        event=user_event,
        payload=payload,
        is_json=encoding == _JSON,
        metadata=_decode_metadata(metadata),
    )
    return _message(join_ref or None, ref or None, topic, "broadcast", broadcast, len(data))


def _decode_utf8(part: bytes) -> str:
    try:
        return part.decode()
    except UnicodeDecodeError:
        raise ProtocolError("the names in a broadcast frame must be UTF-8") from None


def _decode_metadata(text: str) -> dict[str, JsonValue]:
    if not text:
        return {}
    metadata = _load(text)
    if not isinstance(metadata, dict):
        raise ProtocolError("the metadata of a broadcast frame must be a JSON object")
    return metadata
