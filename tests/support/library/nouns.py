"""What query builders are tried with: chains of calls on a small library, and their outcomes."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from support.query_builders import Chain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ALICE: Final = "00000000-0000-4000-8000-00000000000a"
BOB: Final = "00000000-0000-4000-8000-00000000000b"

OF_BOOKS: Final = Chain().from_("books").select
OF_AUTHORS: Final = Chain().from_("authors").select
BOOKS: Final = OF_BOOKS("id")

NONE: Final[list[object]] = []


def ids(*numbers: int) -> list[dict[str, int]]:
    """Rows that have nothing but an id."""
    return [{"id": number} for number in numbers]


@dataclass(frozen=True, slots=True)
class Filter:
    """Books that *chain* finds; *where* is the same in SQL."""

    name: str
    where: str
    chain: Chain


@dataclass(frozen=True, slots=True)
class Case:
    """
    A chain, and what it has to give.

    Attributes:
        name: Says what is tried.
        chain: The calls.
        data: What the client gives as data.
        count: What it gives as count.
        error: Members of the error; empty if there must be none.
        status: What JavaScript's client has to tell of HTTP's status; None for any.
        thrown: The name of what has to be thrown; None if nothing.
        by: As whom, a key of `PEOPLE`.
        after: SQL for one value, and the value it has to give afterwards.
        shown: What of the data is compared.
    """

    name: str
    chain: Chain
    data: object = None
    _: KW_ONLY
    count: int | None = None
    error: Mapping[str, object] = field(default_factory=dict[str, object])
    status: int | None = None
    thrown: str | None = None
    by: str = "service"
    after: tuple[str, object] | None = None
    shown: Callable[[Any], object] = lambda data: data
