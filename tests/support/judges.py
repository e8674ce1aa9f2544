"""
The judges that have to give PostgreSQL's verdicts.

A suite that proves one right takes it by its kind, and calls `hand_over` with every batch of the
replication stream, in commit order, as the server does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slotcast.fanout.hub import by_transaction
from slotcast.policies.judge import PolicyJudge
from slotcast.policies.oracle import Oracle
from slotcast.policies.store import PolicyStore
from slotcast.policies.watched_tables import WatchedTables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool

    from slotcast.changes import TransactionSlice
    from slotcast.verdicts import Judge

SEARCH_PATH: Final = "public, extensions"
PUBLICATION: Final = "supabase_realtime"
KINDS: Final = ("oracle", "compiled")


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    A judge, and what it is made of.

    Attributes:
        judge: Answers questions.
        store: Where it keeps compiled policies, if it compiles any.
    """

    judge: Judge
    store: PolicyStore | None


def make_judge(kind: str, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> Candidate:
    """Make the judge of *kind*, one of `KINDS`; it notices changed definitions at once."""
    oracle = Oracle(pool, search_path=SEARCH_PATH)
    if kind == "oracle":
        return Candidate(oracle, None)
    watched = WatchedTables(publication=PUBLICATION)
    store = PolicyStore(pool, watched, search_path=SEARCH_PATH, check_every_s=0)
    return Candidate(PolicyJudge(store, oracle, join_pool=pool), store)


async def hand_over(judge: Judge, batch: Sequence[TransactionSlice]) -> None:
    """Let *judge* follow the stream."""
    for slices in by_transaction(batch):
        if judge.concerns(slices):
            await judge.follow(slices)
