"""
HTTP: the routes every installation has, and the server that WebSockets share a port with.

uvicorn parses HTTP and runs the routes. Its own `Server` is not used, since it looks ten
times a second whether it should stop, takes over signals, and exits the process when the
port is taken; here a socket is bound, served and closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import math
import socket
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, cast

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from uvicorn.server import ServerState

from slotcast.counters import SendCounts
from slotcast.errors import ListenError
from slotcast.transports import assets, handshake, inspector, start_page
from slotcast.transports.bounded_http import BoundedHttp, HttpLimits
from slotcast.transports.websocket import WebSocketLimits, WebSocketServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from slotcast.channels.session import OpenSession
    from slotcast.transports.metrics import MetricsPage

Readiness: TypeAlias = "Callable[[], Awaitable[Sequence[str]]]"
"""Says why the server is not ready; no reason means that it is."""

_BACKLOG: Final = 2048
"""Connections the kernel accepts ahead of us; a restart brings all clients back at once."""

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_PREFLIGHT_MAX_AGE_S: Final = 3600


def system_routes(
    *,
    readiness: Readiness,
    page: Callable[[], Awaitable[start_page.StartPage]],
    inspection: Callable[[], Awaitable[inspector.InspectorPage]] | None,
    metrics: MetricsPage | None,
) -> list[BaseRoute]:
    """
    Make the routes every installation has.

    They answer for everything below ``/api`` that no earlier route does.

    Args:
        readiness: Asked by ``/readyz``.
        page: Asked for what ``/`` shows.
        inspection: Asked for what ``/inspector`` begins with; None to serve no such page.
        metrics: Answers ``/metrics``; None to serve no such page.
    """

    async def ready(_request: Request) -> Response:
        reasons = list(await readiness())
        status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
        return JSONResponse({"ready": not reasons, "reasons": reasons}, status)

    async def start(_request: Request) -> Response:
        html, headers = start_page.render(await page())
        return HTMLResponse(html, headers=headers)

    optional: list[BaseRoute] = []
    if inspection is not None:
        optional.append(_inspector_route(inspection))
    if metrics is not None:
        optional.append(_metrics_route(metrics))
    return [
        Route("/", start),
        *assets.routes(),
        *optional,
        Route("/readyz", ready),
        Route("/healthz", _healthy),
        *_at_both("/healthcheck", _healthy),
        *_at_both("/api/ping", _ping),
        *_at_both("/api/{rest:path}", _unknown, methods=[*_METHODS]),
        *(Route(path, _upgrade_required) for path in sorted(handshake.PATHS)),
    ]


def _inspector_route(
    inspection: Callable[[], Awaitable[inspector.InspectorPage]],
) -> Route:
    async def inspect(_request: Request) -> Response:
        html, headers = inspector.render(await inspection())
        return HTMLResponse(html, headers=headers)

    return Route("/inspector", inspect)


def _metrics_route(metrics: MetricsPage) -> Route:
    async def measure(request: Request) -> Response:
        answer = metrics.answer(
            authorization=request.headers.get("authorization", ""),
            accept=request.headers.get("accept", ""),
        )
        return Response(answer.body, answer.status, answer.headers)

    return Route("/metrics", measure)


def _at_both(
    path: str, endpoint: Callable[[Request], Awaitable[Response]], methods: list[str] | None = None
) -> list[Route]:
    """Route *path* at the server's own place and where Supabase's gateway has it."""
    return [Route(prefix + path, endpoint, methods=methods) for prefix in ("", "/realtime/v1")]


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _ping(_request: Request) -> Response:
    return JSONResponse({"message": "Success"})


async def _unknown(_request: Request) -> Response:
    """Answer for all that the original's API does not have either, in its words."""
    return PlainTextResponse("Not Found", HTTPStatus.NOT_FOUND)


async def _upgrade_required(_request: Request) -> Response:
    return _error(
        HTTPStatus.UPGRADE_REQUIRED,
        "This is a WebSocket endpoint; a plain HTTP request cannot use it",
        {"Upgrade": "websocket", "Connection": "Upgrade"},
    )


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": message}, status, headers)


async def _on_http_exception(request: Request, exception: Exception) -> Response:
    """Answer an unknown path or method, or what a route refused, in JSON."""
    refused = cast("HTTPException", exception)
    match refused.status_code:
        case HTTPStatus.NOT_FOUND:
            message = f"There is nothing at {request.url.path}"
        case HTTPStatus.METHOD_NOT_ALLOWED:
            message = f"{request.method} is not offered at {request.url.path}"
        case _:
            message = refused.detail
    return _error(refused.status_code, message, refused.headers)


async def _on_failure(_request: Request, _exception: Exception) -> Response:
    """Answer when a route failed; Starlette logs why and nobody else is told."""
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "The server failed to answer; its log says why")


class FrontApp(Protocol):
    """An application that takes its requests before all routes."""

    def serves(self, scope: Scope) -> bool:
        """Whether a request is its."""
        ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        ...


def _in_front(front: FrontApp, others: ASGIApp) -> ASGIApp:
    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        await (front if front.serves(scope) else others)(scope, receive, send)

    return choose


def application(routes: Sequence[BaseRoute]) -> ASGIApp:
    """
    Make the ASGI application of *routes*.

    Errors are JSON (``{"error": text}``), and pages of any origin may call it: what a
    caller may do depends on its token alone, and no cookie is ever looked at.
    """
    app = Starlette(
        routes=routes,
        exception_handlers={HTTPException: _on_http_exception, Exception: _on_failure},
    )
    app.router.redirect_slashes = False
    return _DateHeader(
        CORSMiddleware(
            app,
            allow_origins=["*"],
            allow_methods=_METHODS,
            allow_headers=["*"],
            expose_headers=["*"],
            max_age=_PREFLIGHT_MAX_AGE_S,
        )
    )


class _DateHeader:
    """Adds the Date header, which RFC 9110 asks of every server that has a clock."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_date(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(usegmt=True).encode("ascii")
                message["headers"] = [*message.get("headers", ()), (b"date", date)]
            await send(message)

        await self._app(scope, receive, send_with_date)


class HttpServer:
    """Serves HTTP and WebSockets on one port. Stops twice without harm."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        routes: Sequence[BaseRoute],
        open_session: OpenSession,
        limits: WebSocketLimits,
        http_limits: HttpLimits | None = None,
        front: FrontApp | None = None,
    ) -> None:
        """
        Create a server that does not listen yet.

        Args:
            host: Address or name to listen on.
            port: TCP port; 0 takes a free one.
            routes: `system_routes` and whatever else there is.
            open_session: Asked once for every WebSocket handshake.
            limits: What WebSockets may take; their `close_timeout_s` bounds the shutdown of
                HTTP requests, too.
            http_limits: What clients of HTTP may take; None for the defaults.
            front: Takes its requests before all routes; None for nobody.
        """
        self._front = front
        self._host = host
        self._port = port
        self._routes = routes
        self._open_session = open_session
        self._limits = limits
        self._http_limits = http_limits or HttpLimits()
        self._state = ServerState()
        self._listener: asyncio.Server | None = None
        self._websockets: WebSocketServer | None = None

    @property
    def connection_count(self) -> int:
        """How many WebSockets are open."""
        return 0 if self._websockets is None else self._websockets.connection_count

    def flush(self) -> None:
        """Write at once what WebSockets are sent in this turn of the loop."""
        if self._websockets is not None:
            self._websockets.flusher.flush()

    @property
    def send_counts(self) -> SendCounts:
        """What all WebSockets were sent."""
        return SendCounts() if self._websockets is None else self._websockets.send_counts

    def backlogs(self) -> Iterable[tuple[str, int]]:
        """Give each WebSocket's address, and the bytes that wait for it."""
        return () if self._websockets is None else self._websockets.backlogs()

    async def start(self) -> tuple[str, int]:
        """
        Listen.

        Returns:
            The address and port that clients can reach.

        Raises:
            ListenError: The port is taken, or the address is not this machine's.
        """
        loop = asyncio.get_running_loop()
        self._websockets = WebSocketServer(self._open_session, self._limits)
        app = application(self._routes)
        config = uvicorn.Config(
            app if self._front is None else _in_front(self._front, app),
            # uvicorn asks for a class and only ever calls it.
            ws=cast("type[asyncio.Protocol]", self._websockets.protocol),
            http=BoundedHttp,
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=math.ceil(self._http_limits.idle_timeout_s),
        )
        config.load()
        idle: dict[BoundedHttp, None] = {}

        def new_connection() -> BoundedHttp:
            return BoundedHttp(config, self._state, limits=self._http_limits, idle=idle)

        bound = await self._bind()
        self._listener = await loop.create_server(new_connection, sock=bound, backlog=_BACKLOG)
        host, port = bound.getsockname()[:2]
        return host, port

    async def _bind(self) -> socket.socket:
        """Bind a socket to the address; the first one that *host* stands for."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(
                self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
        except OSError as error:
            raise ListenError(
                f"cannot listen on {self._host}: {error.strerror}; choose another address with"
                " --host or SLOTCAST_HOST"
            ) from error
        family, kind, protocol, _, address = found[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.setblocking(False)
            bound.bind(address)
            bound.listen(_BACKLOG)
        except OSError as error:
            bound.close()
            raise self._listen_error(error) from error
        return bound

    def _listen_error(self, error: OSError) -> ListenError:
        match error.errno:
            case errno.EADDRINUSE:
                return ListenError(
                    f"port {self._port} of {self._host} is taken by another program; choose"
                    " another with --port or SLOTCAST_PORT (0 takes a free one)"
                )
            case errno.EACCES:
                return ListenError(
                    f"port {self._port} of {self._host} may not be used by this user; choose one"
                    " above 1023 with --port or SLOTCAST_PORT"
                )
            case _:
                return ListenError(
                    f"cannot listen on {self._host}, port {self._port}: {error.strerror}; choose"
                    " another address with --host or SLOTCAST_HOST"
                )

    async def stop(self) -> None:
        """
        Close everything: the port, WebSockets with 1012, requests once they are answered.

        Returns within about twice `close_timeout_s`, whatever clients do.
        """
        if self._listener is None or self._websockets is None:
            return
        self._listener.close()
        for connection in tuple(self._state.connections):
            connection.shutdown()
        await self._websockets.stop()
        if self._state.tasks:
            _, late = await asyncio.wait(self._state.tasks, timeout=self._limits.close_timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for connection in tuple(self._state.connections):
            connection.transport.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.close_timeout_s):
                await self._listener.wait_closed()
