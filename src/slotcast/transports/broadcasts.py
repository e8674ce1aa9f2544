"""
Broadcasts over HTTP: several in a batch, or a single one whose payload is the body.

::

    POST /api/broadcast                            {"messages": [{topic, event, payload, private}]}
    POST /api/broadcast/TOPIC/events/EVENT         JSON or bytes; ?private=true

Both are also under ``/realtime/v1``. Answers are Supabase Realtime's, text for text: the
official clients take 202, and nothing else, for success.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar
from urllib.parse import unquote

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from slotcast import strict_json
from slotcast.channels.limits import weight
from slotcast.channels.protocol.serializers import (
    EVENT_LIMIT_CHARACTERS,
    TOPIC_LIMIT_CHARACTERS,
    EventBroadcast,
    VerbatimBroadcast,
)
from slotcast.channels.topics import TopicKey
from slotcast.errors import TokenError
from slotcast.rates import BURST_S, BucketsByKey
from slotcast.side_thread import SideThread, SideThreadBusy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from slotcast.channels.access import ChannelAccess
    from slotcast.channels.topics import Topics
    from slotcast.claims import Claims, JsonValue
    from slotcast.rates import Rate, TokenBucket
    from slotcast.tokens import Keyring

T = TypeVar("T")

_PREFIXES: Final = ("", "/realtime/v1")
_BLANK: Final = "can't be blank"
_INVALID: Final = "is invalid"
_TOO_LONG: Final = "is too long"
_TOO_LARGE: Final = "Payload size exceeds tenant limit"
_BINARY_NAME_LIMIT_BYTES: Final = 255
"""Longest topic and event that a binary frame has room for."""
_SENDERS_LIMIT: Final = 10_000
"""Most senders whose rates are kept; of more, those that were silent longest are forgotten."""
_QUICK_BODY_BYTES: Final = 64 * 1024
"""Largest body that is parsed at once; larger ones are in a thread, beside all else."""

_Errors: TypeAlias = "dict[str, JsonValue]"
_Sender: TypeAlias = "tuple[str, str | None, str]"


@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastLimits:
    """
    What may be sent over HTTP.

    Attributes:
        body_limit_bytes: Largest batch.
        payload_limit_bytes: Largest payload of one message.
        messages: How often one user may broadcast.
    """

    body_limit_bytes: int
    payload_limit_bytes: int
    messages: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """One message of a batch, checked."""

    key: TopicKey
    content: VerbatimBroadcast


class _Answered(Exception):
    """A request cannot be served; *response* says why."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class BroadcastApi:
    """
    Serves broadcasts over HTTP.

    Args:
        keyring: Verifies tokens and API keys.
        topics: Where messages go.
        limits: What may be sent.
        side_thread: Parses large bodies.
        access: Asked about private topics; without it nobody may write on them.
    """

    def __init__(
        self,
        *,
        keyring: Keyring,
        topics: Topics,
        limits: BroadcastLimits,
        side_thread: SideThread,
        access: ChannelAccess | None = None,
    ) -> None:
        self._keyring = keyring
        self._topics = topics
        self._limits = limits
        self._side_thread = side_thread
        self._access = access
        self._buckets: BucketsByKey[_Sender] = BucketsByKey(
            limits.messages, keys_limit=_SENDERS_LIMIT
        )

    def routes(self) -> list[BaseRoute]:
        """Make the routes, at the server's own place and where Supabase's gateway has them."""
        return [
            route
            for prefix in _PREFIXES
            for route in (
                Route(f"{prefix}/api/broadcast", self._batch, methods=["POST"]),
                Route(f"{prefix}/api/broadcast/{{rest:path}}", self._single, methods=["POST"]),
            )
        ]

    async def _batch(self, request: Request) -> Response:
        """Send every message of a batch, or none if one of them is malformed."""
        try:
            claims = self._authenticate(request)
            body = await _read(request, self._limits.body_limit_bytes)
            messages = await self._beside(body, self._check)
            sizes = [len(message.content.payload) for message in messages]
            bucket = self._charge(request, claims, sizes)
        except _Answered as answered:
            return answered.response
        allowed: dict[TopicKey, bool] = {}
        for key in {message.key for message in messages}:
            allowed[key] = await self._may_write(request, claims, key)
        for message in messages:
            if allowed[message.key]:
                self._topics.broadcast(message.key, message.content)
        return Response(status_code=HTTPStatus.ACCEPTED, headers=_rate_headers(bucket))

    async def _single(self, request: Request) -> Response:
        """Send the body of the request."""
        try:
            claims = self._authenticate(request)
            names = _names(request)
            is_json = _is_json(request)
            payload = await _read(request, self._limits.payload_limit_bytes)
            if is_json:
                await self._beside(payload, lambda _: None)
            key, event = _target(request, *names, is_json=is_json)
            bucket = self._charge(request, claims, [len(payload)])
        except _Answered as answered:
            return answered.response
        if not await self._may_write(request, claims, key):
            return _message(HTTPStatus.FORBIDDEN, "Unauthorized")
        self._topics.broadcast(key, EventBroadcast(event=event, payload=payload, is_json=is_json))
        return Response(status_code=HTTPStatus.ACCEPTED, headers=_rate_headers(bucket))

    async def _beside(self, body: bytes, work: Callable[[JsonValue], T]) -> T:
        """
        Parse *body* and work on what it says, in a thread if it is large.

        Raises:
            _Answered: It is broken, or too much; or as of *work*.
        """

        def parse() -> T:
            return work(_parse(body))

        if len(body) <= _QUICK_BODY_BYTES:
            return parse()
        try:
            return await self._side_thread.run(parse)
        except SideThreadBusy:
            text = "Too many large messages wait to be read"
            headers = {"Retry-After": "1"}
            raise _Answered(_message(HTTPStatus.SERVICE_UNAVAILABLE, text, headers)) from None

    def _authenticate(self, request: Request) -> Claims:
        """
        Verify the token or API key of a request; a token counts more.

        Raises:
            _Answered: There is none, or it is bad.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        key = token.strip() if scheme.lower() == "bearer" else request.headers.get("apikey")
        try:
            return self._keyring.from_api_key(key, time.time())
        except TokenError:
            raise _Answered(_message(HTTPStatus.UNAUTHORIZED, "Unauthorized")) from None

    async def _may_write(self, request: Request, claims: Claims, key: TopicKey) -> bool:
        if not key.is_private:
            return True
        if self._access is None:
            return False
        headers = strict_json.encode({**request.headers})
        return await self._access.write(key.name, claims, headers, "broadcast")

    def _check(self, body: JsonValue) -> list[_Message]:
        """
        Check a batch.

        Raises:
            _Answered: With the errors of every message, ``{}`` for one without.
        """
        given = body.get("messages") if isinstance(body, dict) else None
        if given is None or given == []:
            raise _Answered(_unprocessable({"messages": [_BLANK]}))
        if not isinstance(given, list):
            raise _Answered(_unprocessable({"messages": [_INVALID]}))
        messages: list[_Message] = []
        errors: list[JsonValue] = []
        for entry in given:
            if not isinstance(entry, dict):
                raise _Answered(_unprocessable({"messages": [_INVALID]}))
            checked = self._check_message(entry)
            if isinstance(checked, _Message):
                messages.append(checked)
                errors.append({})
            else:
                errors.append(checked)
        if len(messages) < len(given):
            raise _Answered(_unprocessable({"messages": errors}))
        return messages

    def _check_message(self, entry: dict[str, JsonValue]) -> _Message | _Errors:
        """Check one message; gives what is wrong with each member if anything is."""
        topic, event, payload = entry.get("topic"), entry.get("event"), entry.get("payload")
        is_private = entry.get("private", False)
        content = VerbatimBroadcast(
            payload=strict_json.dumps({"event": event, "payload": payload, "type": "broadcast"})
        )
        errors = _name_errors(topic, event)
        if payload is None:
            errors["payload"] = [_BLANK]
        elif not isinstance(payload, dict):
            errors["payload"] = [_INVALID]
        elif len(content.payload) > self._limits.payload_limit_bytes:
            errors["payload"] = [_TOO_LARGE]
        if not isinstance(is_private, bool):
            errors["private"] = [_INVALID]
        if errors:
            return errors
        return _Message(key=TopicKey(name=str(topic), is_private=bool(is_private)), content=content)

    def _charge(self, request: Request, claims: Claims, sizes: Sequence[int]) -> TokenBucket:
        """
        Count messages of these sizes, in bytes, against what their sender may send.

        Raises:
            _Answered: They are too many.
        """
        now = time.monotonic()
        sender = (claims.role, claims.subject, request.client.host if request.client else "")
        bucket = self._buckets.of(sender, now)
        if not bucket.take(now, sum(weight(size_bytes, bucket.rate) for size_bytes in sizes)):
            raise _Answered(
                _message(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    "Too many messages to broadcast, please reduce the batch size"
                    if len(sizes) > 1
                    else "You have exceeded your rate limit",
                    _rate_headers(bucket),
                )
            )
        return bucket


async def _read(request: Request, limit_bytes: int) -> bytes:
    """
    Read the body of a request.

    Raises:
        _Answered: It is larger than *limit_bytes*.
    """
    chunks: list[bytes] = []
    size_bytes = 0
    async for chunk in request.stream():
        size_bytes += len(chunk)
        if size_bytes > limit_bytes:
            raise _Answered(_message(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Payload Too Large"))
        chunks.append(chunk)
    return b"".join(chunks)


def _parse(body: bytes) -> JsonValue:
    """
    Read JSON.

    Raises:
        _Answered: It is broken, or of too many parts.
    """
    if strict_json.is_laborious(body):
        raise _Answered(_message(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Payload Too Large"))
    try:
        return strict_json.loads(body)
    except ValueError:
        response = PlainTextResponse("Bad Request", HTTPStatus.BAD_REQUEST)
        raise _Answered(response) from None


def _names(request: Request) -> tuple[str, str]:
    """
    Read topic and event, either of which may hold an encoded slash, from the path.

    Raises:
        _Answered: The path is not ``…/broadcast/TOPIC/events/EVENT``.
    """
    path: bytes = request.scope["raw_path"]
    _, _, rest = path.decode("ascii", "replace").partition("/broadcast/")
    match rest.split("/"):
        case [topic, "events", event]:
            return unquote(topic), unquote(event)
        case _:
            raise _Answered(PlainTextResponse("Not Found", HTTPStatus.NOT_FOUND))


def _is_json(request: Request) -> bool:
    """
    Tell by its type whether the body is JSON or any bytes.

    Raises:
        _Answered: It is of another type.
    """
    match request.headers.get("content-type", "").partition(";")[0].strip().lower():
        case "application/json":
            return True
        case "application/octet-stream":
            return False
        case _:
            text = "Unsupported Media Type. Use application/json or application/octet-stream"
            response = JSONResponse({"error": text}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
            raise _Answered(response)


def _target(request: Request, topic: str, event: str, *, is_json: bool) -> tuple[TopicKey, str]:
    """
    Check where a single message goes.

    Raises:
        _Answered: There can be no such topic or event.
    """
    errors = _name_errors(topic, event)
    key = TopicKey(name=topic, is_private=request.query_params.get("private", "").lower() == "true")
    for name, value in () if is_json else (("topic", key.topic), ("event", event)):
        if len(value.encode()) > _BINARY_NAME_LIMIT_BYTES:
            errors[name] = [_TOO_LONG]
    if errors:
        raise _Answered(_unprocessable(errors))
    return key, event


def _name_errors(topic: JsonValue, event: JsonValue) -> _Errors:
    """Tell what is wrong with the names of a message."""
    longest_topic = TOPIC_LIMIT_CHARACTERS - len(TopicKey(name="", is_private=False).topic)
    errors: _Errors = {}
    for name, value, limit in (
        ("topic", topic, longest_topic),
        ("event", event, EVENT_LIMIT_CHARACTERS),
    ):
        if value is None or (isinstance(value, str) and not value.strip()):
            errors[name] = [_BLANK]
        elif not isinstance(value, str):
            errors[name] = [_INVALID]
        elif len(value) > limit:
            errors[name] = [_TOO_LONG]
    return errors


def _rate_headers(bucket: TokenBucket) -> dict[str, str]:
    """Tell the sender how many messages a second it may send, could still send, and sent."""
    rate = bucket.rate
    rolling = (rate.burst - bucket.level(time.monotonic())) / BURST_S
    return {
        "x-rate-limit": f"{rate.per_s:g}",
        "x-rate-limit-remaining": f"{max(rate.per_s - rolling, 0.0):.0f}",
        "x-rate-rolling": f"{rolling:.2f}",
    }


def _message(
    status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    return JSONResponse({"message": text}, status, headers)


def _unprocessable(errors: _Errors) -> JSONResponse:
    return JSONResponse({"errors": errors}, HTTPStatus.UNPROCESSABLE_ENTITY)
