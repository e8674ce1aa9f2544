"""Who a client is, as PostgreSQL will see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """
    The verified content of a token.

    Two clients with equal claims see the same rows, so claims are the key under which
    verdicts are shared.

    Attributes:
        role: The PostgreSQL role the client acts as, such as ``authenticated``.
        document: All claims as one JSON object in canonical form (keys sorted, no white
            space): what `request.jwt.claims` is set to.
        subject: The ``sub`` claim, or None when the token names nobody.
        expires_at: The ``exp`` claim in seconds since the epoch, or None for keys that
            do not expire.
    """

    role: str
    document: str
    subject: str | None = None
    expires_at: float | None = None

    def __hash__(self) -> int:
        """Claims are looked up for every change; their document tells them apart."""
        return hash(self.document)
