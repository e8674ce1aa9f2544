"""
What a client asks for when it joins a channel, and what its token pushes say.

Clients of every age and language send this, so it is read as tolerantly as Supabase
Realtime does: an unknown key is ignored, a value of the wrong type counts as its default.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, TypeGuard

from slotcast import strict_json
from slotcast.channels.protocol import texts
from slotcast.errors import ProtocolError

if TYPE_CHECKING:
    from slotcast.channels.protocol.serializers import UserBroadcast, VerbatimBroadcast
    from slotcast.claims import JsonValue

BINDING_LIMIT: Final = 1000
"""Most bindings of all channels of a connection."""
BINDINGS_LIMIT_BYTES: Final = 256 * 1024
"""Most that the bindings of one channel may take together, as canonical JSON."""
BINDING_ID_LIMIT: Final = 2**27
"""BindingRequest ids are below it: what every client's number type holds exactly."""

REPLAY_LIMIT: Final = 25
"""Most earlier broadcasts that a join brings, and how many it does unless it says."""

WAIT_DEFAULT_S: Final = 15.0
WAIT_LIMIT_S: Final = 20.0

JsonObject: TypeAlias = "dict[str, JsonValue]"

_EVENTS: Final = frozenset({"INSERT", "UPDATE", "DELETE"})
_OPAQUE_KEY_PREFIX: Final = "sb_"


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingRequest:
    """
    One entry of `config.postgres_changes`: a subscription as the client asked for it.

    Attributes:
        id: 1 to 2**27 - 1; equal bindings of a channel have equal ids.
        requested: The client's object, which the join reply repeats with `id` added.
        event: ``INSERT``, ``UPDATE`` or ``DELETE``; ``*`` for all of them.
        schema: A schema, ``*`` for all, or None if not given.
        table: A table, ``*`` for all, or None if not given.
        filter: Conditions on columns, or None if not given. What is not a string is
            given as its JSON text, so that it is refused rather than ignored: without
            its filter a client would get rows it did not ask for.
        select: As the client sent it; only None (all columns) and a list of names are
            valid.
        xid: As the client sent it: whether changes bring the id of their transaction.
    """

    id: int
    requested: JsonObject
    event: str
    schema: str | None
    table: str | None
    filter: str | None
    select: JsonValue
    xid: JsonValue

    def echo(self) -> JsonObject:
        """Give what the join reply says of the binding: clients compare it with theirs."""
        return {**self.requested, "id": self.id}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """
    Which earlier broadcasts a client wants.

    Attributes:
        since_ms: Only newer ones, in milliseconds since 1970.
        limit: At most so many, the newest: 1 to `REPLAY_LIMIT`.
    """

    since_ms: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """
    What a client wants of a channel.

    Attributes:
        bindings: In the client's order, without its null entries.
        access_token: The user's token, or None to use the connection's key.
        is_private: Whether policies on `realtime.messages` decide about the channel.
        wants_acknowledgement: Reply to each broadcast.
        wants_own_broadcasts: Send the client what it broadcast itself.
        wants_replication_ready: Send a `system` message once database broadcasts flow.
        replay: Which earlier broadcasts to send, as given; None for none. `parse_replay`
            reads it.
        wants_presence: Send the presence state after the join.
        presence_key: The key to be present under; None for one made up by the server.
        wait_s: How long the reply may be held until the subscription is live, if the
            client set a limit, else None.
    """

    bindings: tuple[BindingRequest, ...] = ()
    access_token: str | None = None
    is_private: bool = False
    wants_acknowledgement: bool = False
    wants_own_broadcasts: bool = False
    wants_replication_ready: bool = False
    replay: JsonValue = None
    wants_presence: bool = False
    presence_key: str | None = None
    wait_s: float | None = None


def parse_join(payload: JsonValue | UserBroadcast | VerbatimBroadcast) -> JoinRequest:
    """
    Read the payload of a `phx_join`.

    A payload without `config`, the form used before 2022 in which the topic itself was the
    subscription, makes a channel without bindings.

    Raises:
        ProtocolError: There are too many bindings, or they are too long; the message is
            the reason to refuse the join with.
    """
    fields = _object(payload)
    config = _object(fields.get("config"))
    broadcast = _object(config.get("broadcast"))
    presence = _object(config.get("presence"))
    return JoinRequest(
        bindings=_parse_bindings(config.get("postgres_changes")),
        access_token=_user_token(fields.get("access_token"))
        or _user_token(fields.get("user_token")),
        is_private=_boolean(config.get("private")),
        wants_acknowledgement=_boolean(broadcast.get("ack")),
        wants_own_broadcasts=_boolean(broadcast.get("self")),
        wants_replication_ready=_boolean(broadcast.get("replication_ready")),
        replay=broadcast.get("replay"),
        wants_presence=_boolean(presence.get("enabled")),
        presence_key=_string(presence.get("key")) or None,
        wait_s=_parse_wait(_object(config.get("postgres_changes_options"))),
    )


def parse_replay(value: JsonValue) -> ReplayRequest:
    """
    Read `config.broadcast.replay`.

    Raises:
        ProtocolError: It does not say since when; the message is the reason to refuse the
            join with.
    """
    fields = _object(value)
    since_ms, limit = fields.get("since"), fields.get("limit", REPLAY_LIMIT)
    if not _is_integer(since_ms) or not _is_integer(limit) or limit < 1 or abs(since_ms) >= 2**53:
        raise ProtocolError(texts.REPLAY_NOT_VALID)
    return ReplayRequest(since_ms=max(since_ms, 0), limit=min(limit, REPLAY_LIMIT))


def parse_token_push(payload: JsonValue | UserBroadcast | VerbatimBroadcast) -> str | None:
    """
    Read the payload of an `access_token` push.

    Returns:
        The new token, unverified and possibly empty (which is malformed); None when there
        is none to change to: missing, null, or an opaque key.
    """
    token = _string(_object(payload).get("access_token"))
    return None if token is None or token.startswith(_OPAQUE_KEY_PREFIX) else token


def binding_id(requested: JsonObject, attempt: int = 0) -> int:
    """
    Derive the id of a binding from its parameters, the same in every process.

    Args:
        requested: The client's object; the order of its keys does not matter.
        attempt: Counts up when the id is taken by a different binding of the channel.

    Returns:
        1 to 2**27 - 1; clients take 0 for missing.
    """
    return _hash(strict_json.canonical(requested), attempt)


def _hash(canonical: str, attempt: int) -> int:
    salt = attempt.to_bytes(4, "big")
    digest = hashlib.blake2b(canonical.encode(), digest_size=8, salt=salt).digest()
    return int.from_bytes(digest, "big") % (BINDING_ID_LIMIT - 1) + 1


def _parse_bindings(value: JsonValue) -> tuple[BindingRequest, ...]:
    """
    Read `config.postgres_changes` and give each binding its id.

    Two different bindings of a channel never share an id: the later one takes the first
    free id of a series that depends on its parameters alone. Since clients repeat their
    joins word for word, each binding gets its old id again.

    Raises:
        ProtocolError: There are too many, or they are too long.
    """
    requests = (
        [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
    )
    if len(requests) > BINDING_LIMIT:
        raise ProtocolError(texts.too_many_bindings(len(requests), BINDING_LIMIT))
    canonical = [strict_json.canonical(requested) for requested in requests]
    if sum(map(len, canonical)) > BINDINGS_LIMIT_BYTES:
        raise ProtocolError(texts.bindings_too_long(BINDINGS_LIMIT_BYTES))
    owners: dict[int, str] = {}
    return tuple(
        _make_binding(requested, _claim_id(owners, text))
        for requested, text in zip(requests, canonical, strict=True)
    )


def _claim_id(owners: dict[int, str], canonical: str) -> int:
    """Find the id of the binding *canonical* and note it in *owners*."""
    attempt = 0
    while owners.setdefault(candidate := _hash(canonical, attempt), canonical) != canonical:
        attempt += 1
    return candidate


def _make_binding(requested: JsonObject, number: int) -> BindingRequest:
    event = (_string(requested.get("event")) or "*").upper()
    conditions = requested.get("filter")
    return BindingRequest(
        id=number,
        requested=requested,
        event=event if event in _EVENTS else "*",
        schema=_string(requested.get("schema")),
        table=_string(requested.get("table")),
        filter=conditions
        if conditions is None or isinstance(conditions, str)
        else strict_json.encode(conditions),
        select=requested.get("select"),
        xid=requested.get("xid"),
    )


def _parse_wait(options: JsonObject) -> float | None:
    """Read `config.postgres_changes_options`, whose `timeout` is in milliseconds."""
    if not _boolean(options.get("wait")):
        return None
    timeout = options.get("timeout")
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or timeout <= 0:
        return WAIT_DEFAULT_S
    return min(timeout, WAIT_LIMIT_S * 1000) / 1000


def _user_token(value: JsonValue) -> str | None:
    """Give a user's token; an empty string and an opaque key stand for no user."""
    token = _string(value)
    return None if not token or token.startswith(_OPAQUE_KEY_PREFIX) else token


def _object(value: JsonValue | UserBroadcast | VerbatimBroadcast) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _is_integer(value: JsonValue) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _string(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def _boolean(value: JsonValue) -> bool:
    """Read a flag, which some clients send as a string; it is off unless it is clearly on."""
    return value is True or (isinstance(value, str) and value.lower() == "true")
