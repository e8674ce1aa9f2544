"""
WebSockets: bytes to a session's messages, and its frames to bytes.

Theory of operation
-------------------
uvicorn parses the upgrade request, makes one of our protocol objects and hands the
transport over. From there nothing of ASGI is involved: `websockets`' sans-I/O core decides
what the bytes mean, and this module moves them.

- *No tasks.* A connection is an object in a set. All it does happens in callbacks.
- *Little memory.* The core's `ServerProtocol` keeps the request for as long as it lives, so
  after the handshake a bare `Protocol` takes its place.
- *Nobody else pays.* A client's bytes are parsed in slices, and after `FRAMES_PER_TURN`
  frames the other connections get their turn; meanwhile, and while the session is paused,
  the socket is not read. Answers to pings wait in the same bounded queue as everything
  else, so a client that pings and never reads closes itself.
- *Every ending is bounded.* Whoever begins to close, and however, the socket is gone after
  `close_timeout_s`: a peer that reads nothing completes no close handshake.
- *The session ends once*, in a later turn of the loop than the reason for it, so that
  sending can never call back into the sender.
"""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast
from typing import Protocol as Seam

from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State
from websockets.server import ServerProtocol

from slotcast.channels.session import Handshake, OpenSession, Refusal, Session
from slotcast.fanout.send_queue import Flusher, SendQueue
from slotcast.observations import Observation, observe
from slotcast.transports import handshake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.http11 import Request, Response

    from slotcast.counters import SendCounts
    from slotcast.errors import SlowConsumer

_logger = logging.getLogger(__name__)
_core_logger = logging.getLogger(f"{__name__}.core")
_core_logger.setLevel(logging.WARNING)  # the core reports each connection at INFO

FRAMES_PER_TURN: Final = 256
"""Most frames of one client that are handled before others get their turn."""

_SLICE_BYTES: Final = 4096
"""Most that is parsed at once: at 6 bytes for the smallest frame, 682 frames."""

_NOTHING: Final = memoryview(b"")

_REASON_LIMIT_BYTES: Final = 123
"""Longest reason in a close frame."""

_IDLE_CHECKS: Final = 4
"""How often within the idle timeout all connections are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSocketLimits:
    """
    What one connection, and all together, may take.

    Attributes:
        frame_limit_bytes: Largest message a client may send, fragmented or not.
        send_queue_limit_bytes: Most that may wait for one connection.
        connection_limit: Most connections at a time.
        idle_timeout_s: A connection that sent nothing for so long is closed, at most a
            quarter of it later.
        close_timeout_s: Longest that a connection stays after it began to close.
    """

    frame_limit_bytes: int
    send_queue_limit_bytes: int
    connection_limit: int
    idle_timeout_s: float
    close_timeout_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderFailed(Observation):
    """A connection did not read fast enough and is closed with 4429."""

    level = logging.WARNING
    remote: str
    reason: str


class WebSocketServer:
    """All WebSockets of one event loop."""

    def __init__(self, open_session: OpenSession, limits: WebSocketLimits) -> None:
        """
        Create the server of the running loop.

        Args:
            open_session: Asked once for every well-formed handshake.
            limits: What connections may take.
        """
        self.open_session = open_session
        self.limits = limits
        self.loop = asyncio.get_running_loop()
        self.flusher = Flusher(self.loop.call_soon, os.write)
        self._connections: set[WebSocketConnection] = set()
        self._all_gone = asyncio.Event()
        self._all_gone.set()
        self._idle_timer: asyncio.TimerHandle | None = None
        self._is_stopping = False

    def protocol(self, **_uvicorn: object) -> WebSocketConnection:
        """Make the protocol of a new connection; this is what uvicorn's `ws` setting takes."""
        return WebSocketConnection(self)

    @property
    def connection_count(self) -> int:
        """How many connections there are, those that are closing included."""
        return len(self._connections)

    @property
    def send_counts(self) -> SendCounts:
        """What all connections were sent."""
        return self.flusher.counts

    def backlogs(self) -> Iterator[tuple[str, int]]:
        """Give each connection's address, and the bytes that wait for it."""
        for connection in self._connections:
            yield connection.remote, connection.waiting_bytes

    @property
    def is_full(self) -> bool:
        """Whether the connections that exist are more than may."""
        return len(self._connections) > self.limits.connection_limit

    @property
    def is_stopping(self) -> bool:
        """Whether no further session is opened."""
        return self._is_stopping

    def add(self, connection: WebSocketConnection) -> None:
        """Watch over *connection* until it is removed."""
        self._connections.add(connection)
        self._all_gone.clear()
        if self._idle_timer is None:
            self._check_idle_later()

    def remove(self, connection: WebSocketConnection) -> None:
        """Forget *connection*; its transport is gone."""
        self._connections.discard(connection)
        if not self._connections:
            self._all_gone.set()
            if self._idle_timer is not None:
                self._idle_timer.cancel()
                self._idle_timer = None

    async def stop(self) -> None:
        """
        Close every connection with 1012, the code that makes clients come back.

        Returns when all are gone, which takes at most `close_timeout_s`. Stops twice
        without harm.
        """
        self._is_stopping = True
        for connection in tuple(self._connections):
            connection.close(1012, "the server restarts")
        try:
            async with asyncio.timeout(self.limits.close_timeout_s):
                await self._all_gone.wait()
        except TimeoutError:
            for connection in tuple(self._connections):
                connection.abort()
            await self._all_gone.wait()

    def _check_idle_later(self) -> None:
        self._idle_timer = self.loop.call_later(
            self.limits.idle_timeout_s / _IDLE_CHECKS, self._check_idle
        )

    def _check_idle(self) -> None:
        """Close the connections that were silent too long."""
        # One pass over all, every few seconds, is cheaper than a timer for each: hearing
        # from a client then costs no more than noting the time.
        deadline = self.loop.time() - self.limits.idle_timeout_s
        for connection in tuple(self._connections):
            if connection.is_silent_since(deadline):
                connection.close(1000, "idle")
        self._check_idle_later()


class _Sends(Seam):
    """A function kept in an attribute."""

    def __call__(self, frame: bytes, /) -> None: ...


class _Writes(Seam):
    """Another one."""

    def __call__(self, data: bytes | memoryview, /) -> None: ...


class WebSocketConnection(asyncio.Protocol):
    """One WebSocket: an asyncio protocol below, the session's `Connection` above."""

    __slots__ = (
        "_abort_timer",
        "_backlog",
        "_core",
        "_heard_at",
        "_is_paused",
        "_is_work_scheduled",
        "_message",
        "_message_opcode",
        "_queue",
        "_server",
        "_session",
        "_transport",
        "_unread",
        "remote",
        "send",
        "write",
    )

    def __init__(self, server: WebSocketServer) -> None:
        """
        Create the protocol of a connection to come.

        Args:
            server: Whose limits and session factory apply.
        """
        self._server = server
        self._core: Protocol = ServerProtocol(
            max_size=server.limits.frame_limit_bytes, logger=_core_logger
        )
        self._session: Session | None = None
        self._abort_timer: asyncio.TimerHandle | None = None
        self._heard_at = server.loop.time()
        self._is_paused = False
        self._is_work_scheduled = False
        self._unread = _NOTHING  # arrived, not parsed
        self._backlog: list[Frame] = []  # parsed, not handed over
        self._message: bytearray | None = None  # fragments of an unfinished message
        self._message_opcode = Opcode.TEXT

    # The transport below.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; asyncio and uvicorn have set TCP_NODELAY."""
        self._transport = cast("asyncio.Transport", transport)
        # Tell us as soon as the kernel does not take everything: from then on frames are
        # better kept in the queue, where connections share them.
        self._transport.set_write_buffer_limits(high=0)
        self.remote = _address(transport.get_extra_info("peername"))
        # Attributes, not methods: the hot path goes through them without a call between.
        self.write: _Writes = self._transport.write
        self._queue = SendQueue(
            self,
            self._server.flusher,
            self._server.limits.send_queue_limit_bytes,
            _descriptor(transport),
        )
        if self.buffered_bytes():  # the answer to an earlier request, which was not ours
            self._queue.hold()
        self.send: _Sends = self._queue.put
        self._server.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's name)
        """End the session; whoever ended the connection."""
        if self._abort_timer is not None:
            self._abort_timer.cancel()
            self._abort_timer = None
        self._queue.close()
        self._drop_input()
        self._server.remove(self)
        self._end_session()

    def eof_received(self) -> None:
        """Let asyncio close the transport; what was sent is still flushed, within a bound."""
        self._queue.close()
        self._abort_later()

    def pause_writing(self) -> None:
        """Keep frames in the queue: the kernel does not take them."""
        self._queue.hold()

    def resume_writing(self) -> None:
        """Write again: the kernel took everything."""
        self._queue.release()

    def data_received(self, data: bytes) -> None:
        """Take what arrived."""
        self._heard_at = self._server.loop.time()
        self._unread = memoryview(bytes(self._unread) + data if self._unread else data)
        if not self._is_paused and not self._is_work_scheduled:
            self._work()

    # The session above; `remote` and `send` are attributes.

    def close(self, code: int, reason: str) -> None:
        """Close after everything sent so far; see `Connection`."""
        match self._core.state:
            case State.CONNECTING:
                # Perhaps the session closes while it is opened: let it be open first.
                self._server.loop.call_soon(self._close_opened, code, reason)
            case State.OPEN:
                self._close_opened(code, reason)
            case State.CLOSING | State.CLOSED:
                pass

    def pause(self) -> None:
        """Hand over no further message until `resume`."""
        self._is_paused = True
        self._transport.pause_reading()

    def resume(self) -> None:
        """Go on handing over messages, beginning in the next turn of the loop."""
        if self._is_paused:
            self._is_paused = False
            self._heard_at = self._server.loop.time()  # it was we who did not listen
            self._work_later()

    # The queue and the server.

    def buffered_bytes(self) -> int:
        """Count what the transport took and the kernel did not."""
        return self._transport.get_write_buffer_size()

    @property
    def waiting_bytes(self) -> int:
        """What the kernel did not take yet."""
        return self._queue.queued_bytes + self._transport.get_write_buffer_size()

    def overflow(self, error: SlowConsumer) -> None:
        """Close a connection that reads too slowly."""
        observe(ReaderFailed(remote=self.remote, reason=str(error)))
        self.close(error.close_code, "slow consumer")

    def is_silent_since(self, deadline: float) -> bool:
        """Tell whether nothing arrived since *deadline*, in the loop's time."""
        return self._heard_at < deadline and not self._is_paused

    def abort(self) -> None:
        """Drop the connection now."""
        self._queue.close()
        self._transport.abort()

    # Receiving.

    def _work(self) -> None:
        """Parse and hand over a turn's worth of what arrived."""
        self._is_work_scheduled = False
        try:
            self._hand_over_frames(FRAMES_PER_TURN)
        except Exception:
            _logger.exception("a session failed; its connection is closed")
            self._fail(1011, "internal error")
        if self._core.state is not State.OPEN and not self._backlog:
            self._end_session()
        if self._is_paused:
            return
        if self._unread or self._backlog:
            self._transport.pause_reading()
            self._work_later()
        else:
            self._transport.resume_reading()

    def _work_later(self) -> None:
        if not self._is_work_scheduled:
            self._is_work_scheduled = True
            self._server.loop.call_soon(self._work)

    def _hand_over_frames(self, frame_limit: int) -> None:
        """Handle the backlog and slices of what is unread, until it is enough."""
        while frame_limit > 0:
            frames, self._backlog = self._backlog, []
            for position, frame in enumerate(frames, 1):
                self._handle(frame)
                if self._is_paused:
                    self._backlog = frames[position:]
                    return
            frame_limit -= len(frames)
            if not self._unread:
                return
            self._parse_slice()

    def _parse_slice(self) -> None:
        """Parse some of what is unread into the backlog, and answer pings and closes."""
        piece = bytes(self._unread[:_SLICE_BYTES])
        # An empty view of what arrived would keep all of it alive.
        self._unread = self._unread[_SLICE_BYTES:] or _NOTHING
        is_opening = self._core.state is State.CONNECTING
        self._core.receive_data(piece)
        events = self._core.events_received()
        if is_opening:
            self._open(cast("list[Request]", events))
            return
        self._backlog = cast("list[Frame]", events)
        if self._core.state is State.OPEN:
            for pong in self._core.data_to_send():
                self.send(pong)
        else:
            self._write_ending()

    def _handle(self, frame: Frame) -> None:
        """Hand the message that *frame* completes to the session."""
        match frame.opcode:
            case Opcode.TEXT | Opcode.BINARY if frame.fin:
                self._deliver(frame.opcode, frame.data)
            case Opcode.TEXT | Opcode.BINARY:
                self._message_opcode = frame.opcode
                self._message = bytearray(frame.data)
            case Opcode.CONT if self._message is not None:
                self._message += frame.data
                if frame.fin:
                    message, self._message = self._message, None
                    self._deliver(self._message_opcode, message)
            case _:
                pass  # the core has answered control frames

    def _deliver(self, opcode: Opcode, data: bytes | bytearray | memoryview) -> None:
        if self._session is None:
            return
        if opcode is Opcode.BINARY:
            self._session.receive_binary(bytes(data))
            return
        try:
            text = str(data, "utf-8")
        except UnicodeDecodeError:
            self._fail(1007, "text is not UTF-8")
            return
        self._session.receive_text(text)

    def _drop_input(self) -> None:
        self._unread = _NOTHING
        self._backlog = []
        self._message = None

    # Opening.

    def _open(self, requests: list[Request]) -> None:
        """Answer the upgrade request, once it is complete."""
        if not requests:
            if self._core.handshake_exc is not None:
                self._refuse(
                    handshake.refuse(
                        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                        "The request has a line of more than 8 KiB, or too many headers",
                    )
                )
            return
        core = cast("ServerProtocol", self._core)
        response = self._decide(core, requests[0])
        if isinstance(response, Refusal):
            self._refuse(response)
            return
        core.send_response(response)
        self.write(b"".join(core.data_to_send()))
        self._core = Protocol(
            Side.SERVER,
            state=State.OPEN,
            max_size=self._server.limits.frame_limit_bytes,
            logger=_core_logger,
        )

    def _decide(self, core: ServerProtocol, request: Request) -> Response | Refusal:
        """Open a session, or say why not."""
        if self._server.is_full:
            return handshake.refuse(HTTPStatus.TOO_MANY_REQUESTS, "Too many connected users")
        if self._server.is_stopping:
            return handshake.refuse(HTTPStatus.SERVICE_UNAVAILABLE, "The server restarts")
        wanted = handshake.read(request, self.remote)
        if isinstance(wanted, Refusal):
            return wanted
        response = core.accept(request)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            message = bytes(response.body or b"").decode().strip()
            return handshake.refuse(HTTPStatus(response.status_code), message)
        opened = self._open_session(wanted)
        if isinstance(opened, Refusal):
            return opened
        self._session = opened
        return response

    def _open_session(self, wanted: Handshake) -> Session | Refusal:
        try:
            return self._server.open_session(wanted, self)
        except Exception:
            _logger.exception("a session could not be opened")
            return handshake.refuse(
                HTTPStatus.INTERNAL_SERVER_ERROR, "Error connecting to Realtime"
            )

    def _refuse(self, refusal: Refusal) -> None:
        self._queue.close()
        self._core.fail(1006)  # nothing that may follow is parsed
        self.write(handshake.answer(refusal).serialize())
        self._transport.close()
        self._abort_later()

    # Closing.

    def _close_opened(self, code: int, reason: str) -> None:
        if self._core.state is State.CONNECTING:
            self.abort()
        elif self._core.state is State.OPEN:
            self._core.send_close(code, _cut(reason))
            self._write_ending()
            self._drop_input()
            self._end_session()
            # The peer's close frame has to be read, whatever was paused.
            self._is_paused = False
            self._transport.resume_reading()

    def _fail(self, code: int, reason: str) -> None:
        """Close because of what the peer sent, or because the session failed."""
        self._core.fail(code, reason)
        self._drop_input()
        self._write_ending()
        self._end_session()

    def _write_ending(self) -> None:
        """Write what the core says at the end of a connection, and see that it does end."""
        writes = self._core.data_to_send()
        ending = b"".join(writes)
        if ending:
            self._finish_queue(ending)
        if b"" in writes:  # the core's sign that nothing may follow
            if self._core.close_rcvd is not None:
                self._transport.close()
            elif self._transport.can_write_eof():
                # Closing now, with input unread, would reset the connection and lose the
                # close frame: say that we are done and read on until the peer is, too.
                self._transport.write_eof()
        self._abort_later()

    def _finish_queue(self, ending: bytes) -> None:
        """Write what waits, then *ending*; after an overflow nothing waits."""
        if self._queue.is_closed:
            self.write(ending)
        else:
            self._queue.finish(ending)

    def _abort_later(self) -> None:
        if self._abort_timer is None:
            self._abort_timer = self._server.loop.call_later(
                self._server.limits.close_timeout_s, self.abort
            )

    def _end_session(self) -> None:
        """Hand nothing more to the session, and tell it so in another turn."""
        session, self._session = self._session, None
        if session is not None:
            self._server.loop.call_soon(_tell_closed, session)


def _tell_closed(session: Session) -> None:
    try:
        session.closed()
    except Exception:
        _logger.exception("a session failed while it was closed")


def _descriptor(transport: asyncio.BaseTransport) -> int | None:
    """
    Give the descriptor that bytes may be written to, past *transport*.

    It is the transport's until `connection_lost` has returned. None if bytes have to go by the
    transport, as they do where it encrypts them.
    """
    connected = transport.get_extra_info("socket")
    if connected is None or transport.get_extra_info("sslcontext") is not None:
        return None
    descriptor: int = connected.fileno()
    return descriptor


def _address(peername: Any) -> str:  # noqa: ANN401 (asyncio's own type for it)
    """Write an IP socket's peer as ``host:port``."""
    match peername:
        case (str() as host, int() as port, *_):
            return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        case _:
            return ""


def _cut(reason: str) -> str:
    """Cut *reason* to what a close frame can hold."""
    return reason.encode()[:_REASON_LIMIT_BYTES].decode(errors="ignore")
