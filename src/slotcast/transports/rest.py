"""
REST over HTTP: what the web server gives becomes a request, and the response goes back.

This is the server's busiest way, so it is an ASGI application of its own in front of all
others, without the objects that a framework makes for each request.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import quote

from slotcast.observations import Observation, observe, problem
from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.request.reading import HttpRequest
from slotcast.rest.response.answer import Response
from slotcast.rest.response.failures import response_to

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from slotcast.claims import Claims
    from slotcast.rest.service import RestService

_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_PATIENCE_S: Final = 1.0
"""How long a request takes before it is watched whether its client still waits."""

_SYSTEM_PATHS: Final = frozenset({"/healthz", "/readyz", "/healthcheck", "/metrics"})
_SYSTEM_PREFIXES: Final = ("/realtime/", "/auth/", "/api/", "/socket")
"""What stays the server's own even if REST is served at its root."""

_EXPOSED_HEADERS: Final = (
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server,"
    " Transfer-Encoding, Range-Unit, Preference-Applied, Proxy-Status, Slotcast-Snapshot"
)
_PREFLIGHT_HEADERS: Final = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"),
    ("Access-Control-Max-Age", "86400"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFailed(Observation):
    """A request could not be answered through the server's own fault."""

    level: ClassVar[int] = logging.ERROR
    reason: str


class RestApi:
    """
    An ASGI application.

    Args:
        service: Answers.
        path: Where it is, such as ``/rest/v1``; ``/`` for the server's root.
        body_limit_bytes: Largest body.
        bodies_limit_bytes: Most that the bodies of all requests may have together.
    """

    def __init__(
        self, service: RestService, *, path: str, body_limit_bytes: int, bodies_limit_bytes: int
    ) -> None:
        self._service = service
        self._path = path.rstrip("/")
        self._body_limit_bytes = body_limit_bytes
        self._room_bytes = bodies_limit_bytes
        self._clock = _Clock()

    def serves(self, scope: Scope) -> bool:
        """Whether a request is one of these."""
        if scope["type"] != "http":
            return False
        path: str = scope["path"]
        if not self._path:
            return path not in _SYSTEM_PATHS and not path.startswith(_SYSTEM_PREFIXES)
        return path.startswith(self._path) and path[len(self._path) :][:1] in ("", "/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        http = self._request(scope)
        try:
            response = _preflight(http) or await self._serve(http, receive)
        except _Disconnected:
            return
        await self._send(http, response, send)

    async def _serve(self, http: HttpRequest, receive: Receive) -> Response:
        # Strangers must not have us keep what they send, so the body is not read before.
        claims = await self._service.admit(http)
        if isinstance(claims, Response):
            return claims
        if http.method in _BODILESS:
            return await self._answer(http, claims, receive)
        chunks: list[bytes] = []
        try:
            await self._read(receive, chunks)
            body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
            return await self._answer(replace(http, body=body), claims, receive)
        except RestError as error:
            return response_to(error)
        finally:
            self._room_bytes += sum(map(len, chunks))

    async def _answer(self, http: HttpRequest, claims: Claims, receive: Receive) -> Response:
        """Answer, but not if the client goes while that takes long."""
        loop = asyncio.get_running_loop()
        answering = asyncio.current_task()
        watch: list[asyncio.Task[None]] = []

        def begin_watching() -> None:
            watch.append(loop.create_task(_cancel_if_gone(receive, answering)))

        timer = loop.call_later(_PATIENCE_S, begin_watching)
        try:
            return await self._service.answer(http, claims)
        except asyncio.CancelledError:
            if watch and watch[0].done() and answering is not None and answering.uncancel() == 0:
                raise _Disconnected from None
            raise
        except Exception as error:  # noqa: BLE001 - the client gets an answer whatever happens
            observe(RequestFailed(reason=problem(error)))
            body = ErrorBody("PGRSTX00", "The server failed to answer; its log says why")
            return response_to(RestError(500, body))
        finally:
            timer.cancel()
            for task in watch:
                task.cancel()

    def _request(self, scope: Scope) -> HttpRequest:
        raw: bytes | None = scope.get("raw_path")
        path = quote(scope["path"]) if raw is None else raw.decode("latin-1")
        return HttpRequest(
            method=scope["method"],
            path=path[len(self._path) :] or "/",
            query=scope["query_string"],
            headers=[
                (name.decode("latin-1"), value.decode("utf-8", "replace"))
                for name, value in scope["headers"]
            ],
        )

    async def _read(self, receive: Receive, chunks: list[bytes]) -> None:
        """
        Read the body into *chunks*, which take of the room that all bodies share.

        Raises:
            RestError: It is too large, or there is no room.
            _Disconnected: The client has gone.
        """
        left_bytes = self._body_limit_bytes
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Disconnected
            chunk: bytes = message.get("body", b"")
            left_bytes -= len(chunk)
            if left_bytes < 0:
                text = "The body of the request is too large"
                details = f"It may have {self._body_limit_bytes} bytes."
                raise RestError(413, ErrorBody("PGRST102", text, details))
            if len(chunk) > self._room_bytes:
                error = ErrorBody("PGRSTX01", "Too many large bodies are being read")
                raise RestError(503, error, headers=(("Retry-After", "1"),))
            self._room_bytes -= len(chunk)
            chunks.append(chunk)
            if not message.get("more_body", False):
                return

    async def _send(self, http: HttpRequest, response: Response, send: Send) -> None:
        headers = [
            (name.lower().encode("latin-1"), value.encode("utf-8"))
            for name, value in response.headers
        ]
        headers.append((b"date", self._clock.date()))
        if http.header("origin") is not None:
            headers += _cross_origin(headers)
        start: Message = {
            "type": "http.response.start",
            "status": response.status,
            "headers": headers,
        }
        await send(start)
        await send({"type": "http.response.body", "body": response.body})


class _Clock:
    """Writes the Date header, which changes once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._date = b""

    def date(self) -> bytes:
        now = int(time.time())
        if now != self._second:
            self._second = now
            self._date = formatdate(now, usegmt=True).encode("ascii")
        return self._date


def _preflight(http: HttpRequest) -> Response | None:
    """Allow a browser whatever it asks for; None for any other request."""
    if http.method != "OPTIONS" or http.header("access-control-request-method") is None:
        return None
    asked = http.header("access-control-request-headers") or ""
    names = [one.strip() for one in asked.split(",") if one.strip()]
    allowed = ", ".join(("Authorization", *names, "Accept", "Accept-Language", "Content-Language"))
    headers = (
        *_PREFLIGHT_HEADERS,
        ("Access-Control-Allow-Headers", allowed),
        ("Content-Length", "0"),
    )
    return Response(status=200, headers=headers)


def _cross_origin(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Let pages of any origin read the response: what it holds depends on the token alone."""
    added = [(b"access-control-expose-headers", _EXPOSED_HEADERS.encode("ascii"))]
    if all(name != b"access-control-allow-origin" for name, _ in headers):
        added.append((b"access-control-allow-origin", b"*"))
    return added


class _Disconnected(Exception):
    """The client has gone before it had sent its request."""


async def _cancel_if_gone(receive: Receive, answering: asyncio.Task[object] | None) -> None:
    """Stop answering when the client goes, so that its statement does not run on."""
    while (await receive())["type"] != "http.disconnect":
        pass
    if answering is not None:
        answering.cancel()
