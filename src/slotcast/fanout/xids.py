"""Ids of transactions with all of their bits, for those who asked for them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from slotcast.snapshots import full_xid

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool

KEPT_S: Final = 60.0
"""How long an answer of PostgreSQL is good: not even a million ids a second add up to 2**31."""

_NEWEST: Final = "select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text"


class FullXids:
    """
    Extends the 32 bits of the log to the 64 of `pg_current_xact_id` and `pg_snapshot`.

    Args:
        pool: For asking now and then how far ids have come.
    """

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
        self._pool = pool
        self._newest = 0
        self._noted_at = -KEPT_S

    def note(self, newest: int) -> None:
        """Go by *newest*, which all ids were below a moment ago."""
        self._newest, self._noted_at = newest, time.monotonic()

    async def refresh(self) -> None:
        """
        Make sure that `full` goes by what is recent; the ids that are extended may be old.

        Raises:
            psycopg.OperationalError: PostgreSQL could not be asked.
        """
        if time.monotonic() - self._noted_at < KEPT_S:
            return
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_NEWEST)).fetchone()
        if row is None:
            raise AssertionError("a SELECT without FROM returns a row")
        self.note(int(row[0]))

    def full(self, xid: int) -> int:
        """Give all 64 bits of the id of a transaction that the log has brought."""
        return full_xid(xid, self._newest)
