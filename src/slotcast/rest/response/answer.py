"""The noun that a request ends in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Headers: TypeAlias = "tuple[tuple[str, str], ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """
    What goes back to the client.

    Attributes:
        status: The HTTP status.
        headers: Names and values, in order.
        body: As it goes out; empty if there is none.
        reason: The reason phrase of the status line, or None for the usual one.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    reason: str | None = None
