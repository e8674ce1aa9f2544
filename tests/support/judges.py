"""
The judges that have to give PostgreSQL's verdicts, each with what it needs to know of the stream.

A suite that proves a judge right takes a `Contender`: it puts questions to `judge`, and hands
it every batch of the replication stream, in commit order, as the server does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slotcast.policies.oracle import Oracle

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool

    from slotcast.changes import TransactionSlice
    from slotcast.verdicts import Judge

SEARCH_PATH: Final = "public, extensions"
KINDS: Final = ("oracle",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """
    A judge to be proven right.

    Attributes:
        judge: Answers questions.
        deliver: Is given every batch of the stream before questions about it are put.
    """

    judge: Judge
    deliver: Callable[[Sequence[TransactionSlice]], Awaitable[None]]


async def _ignore(batch: Sequence[TransactionSlice]) -> None:
    """Learn nothing from the stream."""
    del batch


def contender(kind: str, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> Contender:
    """Make the judge of *kind*, one of `KINDS`, on the connections of *pool*."""
    match kind:
        case "oracle":
            return Contender(judge=Oracle(pool, search_path=SEARCH_PATH), deliver=_ignore)
        case _:
            raise ValueError(kind)
