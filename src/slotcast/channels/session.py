"""
The seam between a WebSocket and the channels spoken over it.

A transport makes a `Handshake` of a client's request and asks an `OpenSession` for a
`Session`. From then on the transport drives the session with what arrives, and the session
sends through the `Connection` it was given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """
    A client's request to open a WebSocket.

    Attributes:
        path: Percent-decoded, such as ``/realtime/v1/websocket``.
        query: Decoded parameters; of a repeated one the last.
        headers: Names in lower case; the values of a repeated one joined by a comma.
        remote: The client's address, ``host:port``; empty when unknown.
    """

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    remote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """
    The HTTP answer to a handshake that opens no session.

    Attributes:
        status: 400 to 599.
        body: JSON text.
        headers: Further headers; length and type are added.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class Connection(Protocol):
    """A WebSocket as its session sees it. No method raises or waits."""

    @property
    def remote(self) -> str:
        """The client's address, ``host:port``; empty when unknown."""
        ...

    def send(self, frame: bytes, /) -> None:
        """Send a complete, unmasked WebSocket frame; ignored once the connection is closing."""
        ...

    def close(self, code: int, reason: str) -> None:
        """
        Close after everything sent so far.

        Args:
            code: 1000 to 4999, as RFC 6455 section 7.4 allows.
            reason: Cut to 123 bytes of UTF-8.
        """
        ...

    def pause(self) -> None:
        """Hand over no further message until `resume`; the client is made to wait."""
        ...

    def resume(self) -> None:
        """Go on handing over messages, beginning in the next turn of the loop."""
        ...


class Session(Protocol):
    """What a transport drives. Methods are called in turn, never within one another."""

    def receive_text(self, data: str, /) -> None:
        """Take a text message."""
        ...

    def receive_binary(self, data: bytes, /) -> None:
        """Take a binary message."""
        ...

    def closed(self) -> None:
        """Give up everything: nothing more can be sent or will arrive. Called once."""
        ...


OpenSession: TypeAlias = Callable[[Handshake, Connection], Session | Refusal]
"""Decides at once, without waiting, whether a client gets a session."""
