"""What goes wrong with a REST request: an HTTP status and PostgreSQL's four fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slotcast.claims import JsonValue


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """
    What the client is told.

    Attributes:
        code: ``PGRST…`` or a SQLSTATE.
        message: What happened.
        details: More about it, or None. Text but for ambiguous relationships.
        hint: What to do about it, or None.
    """

    code: str
    message: str
    details: JsonValue = None
    hint: str | None = None


class RestError(Exception):
    """
    A REST request cannot be served as it is.

    Attributes:
        status: The HTTP status.
        body: What the client is told.
        headers: Header fields that the response has besides those of every error.
        reason: The reason phrase of the status line, or None for the usual one.
    """

    def __init__(
        self,
        status: int,
        body: ErrorBody,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        reason: str | None = None,
    ) -> None:
        super().__init__(body.message)
        self.status = status
        self.body = body
        self.headers = headers
        self.reason = reason
