"""A server with an echoing session, and raw clients that misbehave."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from slotcast.fanout import frames
from slotcast.transports.http import HttpServer, system_routes
from slotcast.transports.start_page import StartPage
from slotcast.transports.websocket import WebSocketLimits

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from starlette.routing import BaseRoute

    from slotcast.channels.session import Connection, Handshake, Refusal, Session
    from slotcast.transports.bounded_http import HttpLimits

TIMEOUT_S = 60.0
"""How long a test waits for what has to happen."""

PATH = "/realtime/v1/websocket"

UPGRADE = (
    f"GET {PATH}?apikey=key HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n\r\n"
).encode()


def limits(
    *,
    frame_limit_bytes: int = 5_000_000,
    send_queue_limit_bytes: int = 4 * 1024 * 1024,
    connection_limit: int = 2_000,
    idle_timeout_s: float = 60.0,
    close_timeout_s: float = 2.0,
) -> WebSocketLimits:
    return WebSocketLimits(
        frame_limit_bytes=frame_limit_bytes,
        send_queue_limit_bytes=send_queue_limit_bytes,
        connection_limit=connection_limit,
        idle_timeout_s=idle_timeout_s,
        close_timeout_s=close_timeout_s,
    )


class Echo:
    """
    A session that sends back what it gets.

    Some texts are orders: ``close`` closes with 4000, ``raise`` raises, ``pause`` pauses.
    """

    def __init__(self, connection: Connection, handshake: Handshake) -> None:
        self.connection = connection
        self.handshake = handshake
        self.received: list[str | bytes] = []
        self.closed_count = 0
        self.heard = asyncio.Event()
        self.gone = asyncio.Event()

    def receive_text(self, data: str, /) -> None:
        self.received.append(data)
        self.heard.set()
        match data:
            case "close":
                self.connection.close(4000, "as ordered")
            case "raise":
                raise RuntimeError("as ordered")
            case "pause":
                self.connection.pause()
            case _:
                self.connection.send(frames.text(data.encode()))

    def receive_binary(self, data: bytes, /) -> None:
        self.received.append(data)
        self.connection.send(frames.binary(data))

    def closed(self) -> None:
        self.closed_count += 1
        self.gone.set()


@dataclass
class Echoes:
    """The sessions of a server, and what else it is told to do."""

    sessions: list[Echo] = field(default_factory=list["Echo"])
    refusal: Refusal | None = None
    reasons: Sequence[str] = ()
    is_failing: bool = False

    def open_session(self, handshake: Handshake, connection: Connection) -> Session | Refusal:
        if self.is_failing:
            raise RuntimeError("as ordered")
        if self.refusal is not None:
            return self.refusal
        session = Echo(connection, handshake)
        self.sessions.append(session)
        return session

    async def readiness(self) -> Sequence[str]:
        return self.reasons

    async def page(self) -> StartPage:
        if self.is_failing:
            raise RuntimeError("as ordered")
        return start_page()


def start_page(*, anon_key: str = "anon", is_live: bool = True) -> StartPage:
    return StartPage(
        version="0.1.0",
        url="http://127.0.0.1:54321",
        anon_key=anon_key,
        postgres_version="18.6",
        slot="slotcast",
        publication="supabase_realtime",
        tables=("public.appointments", "public.services"),
        is_live=is_live,
        sample_table="appointments",
        sample_sql="update appointments set status = 'confirmed';",
        has_inspector=True,
        has_mailbox=True,
        tour=None,
    )


@dataclass
class Serving:
    """A running server."""

    server: HttpServer
    port: int
    echoes: Echoes

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def websocket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}{PATH}"

    async def all_gone(self) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            for session in self.echoes.sessions:
                await session.gone.wait()


@asynccontextmanager
async def serving(
    websocket_limits: WebSocketLimits | None = None,
    http_limits: HttpLimits | None = None,
    routes: Sequence[BaseRoute] = (),
) -> AsyncGenerator[Serving]:
    """Serve until the block ends."""
    echoes = Echoes()
    server = HttpServer(
        host="127.0.0.1",
        port=0,
        routes=[
            *routes,
            *system_routes(
                readiness=echoes.readiness, page=echoes.page, inspection=None, metrics=None
            ),
        ],
        open_session=echoes.open_session,
        limits=websocket_limits or limits(),
        http_limits=http_limits,
    )
    _, port = await server.start()
    try:
        yield Serving(server, port, echoes)
    finally:
        await server.stop()


class RawClient:
    """A TCP client that has upgraded to WebSocket and sends what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @staticmethod
    @asynccontextmanager
    async def connect(port: int) -> AsyncGenerator[RawClient]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(UPGRADE)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 ")
            yield RawClient(reader, writer)
        finally:
            writer.transport.abort()

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def stop_reading(self) -> None:
        """Read nothing until `go_on_reading`, so that the server's writes pile up."""
        self._read_transport.pause_reading()

    def go_on_reading(self) -> None:
        self._read_transport.resume_reading()

    @property
    def _read_transport(self) -> asyncio.ReadTransport:
        # A stream's transport reads and writes; its writer is typed by the half it needs.
        return cast("asyncio.ReadTransport", cast("object", self.writer.transport))

    async def read_to_end(self) -> bytes:
        """Read until the server is done; a reset counts as the end."""
        data = bytearray()
        async with asyncio.timeout(TIMEOUT_S):
            try:
                while piece := await self.reader.read(65_536):
                    data += piece
            except ConnectionError:
                pass
        return bytes(data)


def masked(first: int, payload: bytes, mask: bytes | None = None) -> bytes:
    """Frame *payload* as a client does; *first* holds the FIN bit and the opcode."""
    mask = os.urandom(4) if mask is None else mask
    length = len(payload)
    if length <= 125:
        head = bytes((first, 0x80 | length))
    elif length <= 0xFFFF:
        head = bytes((first, 0xFE)) + length.to_bytes(2, "big")
    else:
        head = bytes((first, 0xFF)) + length.to_bytes(8, "big")
    repeated = (mask * (length // 4 + 1))[:length]
    hidden = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return head + mask + hidden.to_bytes(length, "big")


def close_code(data: bytes) -> int:
    """Return the code of the close frame that *data* ends with."""
    start = data.rindex(b"\x88")
    return int.from_bytes(data[start + 2 : start + 4], "big")
