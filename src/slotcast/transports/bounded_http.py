"""
uvicorn's HTTP protocol with bounds: clients may neither take for ever nor be any number.

A connection is refused, with 503, when there are too many and none of them is idle; the one
that is idle longest makes room. Who takes too long over a request gets 408. A client that
stops reading its answer is cut off, since otherwise the server would keep it for ever.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from uvicorn import Config
    from uvicorn.server import ServerState

_HEAD_LIMIT_BYTES: Final = 64 * 1024
"""Largest head of a request."""

_REFUSAL_PATIENCE_S: Final = 1.0
_RETRY_AFTER: Final = "Retry-After: 1\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """
    What clients of HTTP may take.

    Attributes:
        connection_limit: Most connections, WebSockets apart.
        head_timeout_s: Longest that a request's head may take.
        body_timeout_s: Longest that its body may take after that.
        idle_timeout_s: How long a connection may wait for its next request, or read nothing of
            an answer.
    """

    connection_limit: int = 5000
    head_timeout_s: float = 20.0
    body_timeout_s: float = 60.0
    idle_timeout_s: float = 75.0


class AnswerTransport(asyncio.Transport):
    """
    Writes an answer's head and the beginning of its body at once.

    uvicorn writes them one after the other, and uvloop hands each write to the kernel as it
    comes: two system calls and two packets, and a client that wakes up twice. So the first
    write waits for the second, but not beyond this turn of the loop.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._head: bytes | None = None
        self._is_begun = False

    def write(self, data: bytes) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Write, or wait for what comes next; the narrower type is uvicorn's."""
        if not self._is_begun:
            self._is_begun = True
            self._head = data
            self._loop.call_soon(self._write_head)
        elif self._head is None:
            self._transport.write(data)
        else:
            head, self._head = self._head, None
            self._transport.writelines((head, data))

    def _write_head(self) -> None:
        head, self._head = self._head, None
        if head is not None and not self._transport.is_closing():
            self._transport.write(head)

    def is_closing(self) -> bool:
        """Whether nothing more can be written."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close the connection once everything is written."""
        self._write_head()
        self._transport.close()


class BoundedHttp(HttpToolsProtocol):
    """
    A connection.

    Args:
        config: uvicorn's.
        state: What all connections share.
        limits: What clients may take.
        idle: The connections that wait for their next request, in the order in which they
            began to; it belongs to all of them.
    """

    def __init__(
        self,
        config: Config,
        state: ServerState,
        *,
        limits: HttpLimits,
        idle: dict[BoundedHttp, None],
    ) -> None:
        super().__init__(config, state, {})
        self._limits = limits
        self._idle = idle
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._is_in_body = False
        self._body_timer: asyncio.TimerHandle | None = None
        self._is_refused = False
        self._stall_timer: asyncio.TimerHandle | None = None
        self._unsent_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Expect the first request; the narrower type is uvicorn's."""
        super().connection_made(transport)
        self._is_refused = not self._has_room()
        # Who is refused is told so once it asks something: before, it would not listen.
        timeout_s = self._limits.head_timeout_s
        self._expect_head(min(timeout_s, _REFUSAL_PATIENCE_S) if self._is_refused else timeout_s)

    def _has_room(self) -> bool:
        """Whether there may be one connection more; an idle one may have to go for it."""
        if len(self.connections) <= self._limits.connection_limit:
            return True
        longest = next(iter(self._idle), None)
        if longest is None:
            return False
        longest.leave()
        return True

    def leave(self) -> None:
        """Close the connection, which is idle; what its client has not read by now is lost."""
        self._idle.pop(self, None)
        self.connections.discard(self)
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        self._idle.pop(self, None)
        self._stop_expecting_head()
        self._stop_expecting_body()
        self._stop_watching_stall()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, unless the head has become too large."""
        self._idle.pop(self, None)
        if self._is_refused:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "There are too many connections")
            return
        super().data_received(data)
        if self._head_timer is not None:
            self._head_bytes += len(data)
            if self._head_bytes > _HEAD_LIMIT_BYTES:
                self.send_400_response(f"The request's head exceeds {_HEAD_LIMIT_BYTES} bytes.")
        elif self._is_in_body and self._body_timer is None:
            timeout_s = self._limits.body_timeout_s
            self._body_timer = self.loop.call_later(timeout_s, self._end_late_body)

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the WebSocket's protocol."""
        self._stop_expecting_body()
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        """Expect the head that begins here."""
        super().on_message_begin()
        if self._head_timer is None:
            self._expect_head(self._limits.head_timeout_s)

    def on_headers_complete(self) -> None:
        """Take the request."""
        self._stop_expecting_head()
        self._is_in_body = True
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            self.cycle.transport = AnswerTransport(self.transport, self.loop)

    def on_message_complete(self) -> None:
        """Take the end of the request's body."""
        self._stop_expecting_body()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, unless it is here already."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._watch_stall()
        elif self.timeout_keep_alive_task is not None:
            self._idle[self] = None

    def timeout_keep_alive_handler(self) -> None:
        """End a connection that was idle for long."""
        self.leave()

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._watch_stall()

    def resume_writing(self) -> None:
        """Go on writing."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._stop_watching_stall()

    def _watch_stall(self) -> None:
        """Cut the connection off unless the client reads something in time."""
        self._stop_watching_stall()
        self._unsent_bytes = self.transport.get_write_buffer_size()
        timeout_s = self._limits.idle_timeout_s
        self._stall_timer = self.loop.call_later(timeout_s, self._check_stall)

    def _check_stall(self) -> None:
        if self.transport.get_write_buffer_size() < self._unsent_bytes:
            self._watch_stall()
        else:
            self.transport.abort()

    def _stop_watching_stall(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _expect_head(self, timeout_s: float) -> None:
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(timeout_s, self._end_late_head)

    def _stop_expecting_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_expecting_body(self) -> None:
        self._is_in_body = False
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None

    def _end_late_head(self) -> None:
        is_answering = bool(self.cycle) and not self.cycle.response_complete
        if is_answering or not self._head_bytes:
            self.transport.abort()
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request's head took too long")

    def _end_late_body(self) -> None:
        if self.cycle.response_started:
            self.transport.abort()
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request's body took too long")

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        """Say why nothing comes of it, in the form of the server's other errors, and close."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
            return
        body = json.dumps({"error": text})
        retry_after = _RETRY_AFTER if status is HTTPStatus.SERVICE_UNAVAILABLE else ""
        self.transport.write(
            f"HTTP/1.1 {status.value} {status.phrase}\r\n{retry_after}Connection: close\r\n"
            "Access-Control-Allow-Origin: *\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode("ascii")
        )
        self.transport.close()
        self._watch_stall()
