"""
Asks about published tables for joins, those that come at the same time together.

When a server's clients all come back at once, each of them costs PostgreSQL next to nothing.
Nothing is remembered of what the catalog said but how it reads, so that a join never goes by
what was true before it came.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from slotcast.lsn import Lsn
from slotcast.postgres.survey import Description, Wanted, survey
from slotcast.postgres.together import Together
from slotcast.snapshots import Snapshot

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Collection, Mapping

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool

DESCRIPTIONS_KEPT: Final = 1_000
"""Most texts of the catalog that are kept read."""
_TIMEOUT_S: Final = 20.0

_SNAPSHOT: Final = """
select pg_catalog.pg_current_snapshot()::text, pg_catalog.pg_current_wal_insert_lsn()::text
"""


class Surveyor:
    """
    Knows how published tables are defined, and what has been committed.

    Args:
        pool: Takes two connections at most.
        tasks: Owns the tasks that ask.
        publication: The publication that is streamed.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool[AsyncConnection[TupleRow]],
        tasks: asyncio.TaskGroup,
        *,
        publication: str,
    ) -> None:
        self._pool = pool
        self._publication = publication
        self._surveys = Together(tasks.create_task, self._survey, timeout_s=_TIMEOUT_S)
        self._snapshots = Together(tasks.create_task, self._take_snapshot, timeout_s=_TIMEOUT_S)
        self._read: OrderedDict[str, Description] = OrderedDict()

    async def describe(self, wanted: Collection[Wanted]) -> Mapping[Wanted, list[Description]]:
        """
        Describe the published tables that somebody wants, as they are now.

        Raises:
            psycopg.OperationalError: PostgreSQL could not be asked.
            TimeoutError: It did not answer.
        """
        texts = await self._surveys.answers(wanted)
        return {each: [self._description(text) for text in texts[each]] for each in wanted}

    async def snapshot(self) -> Snapshot:
        """
        Tell which transactions can be seen now.

        A commit is in the log before, so the log's position alone would not tell: whoever
        reads next may not see what was committed at an earlier one.

        Raises:
            psycopg.OperationalError: PostgreSQL could not be asked.
            TimeoutError: It did not answer.
        """
        return (await self._snapshots.answers([_SNAPSHOT]))[_SNAPSHOT]

    async def _survey(self, wanted: Collection[Wanted]) -> Mapping[Wanted, list[str]]:
        async with self._pool.connection() as connection:
            return await survey(connection, self._publication, list(wanted))

    async def _take_snapshot(self, queries: Collection[str]) -> Mapping[str, Snapshot]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SNAPSHOT, prepare=True)
            row = await cursor.fetchone()
        if row is None:
            raise AssertionError("a SELECT without FROM returns a row")
        return dict.fromkeys(queries, Snapshot.parse(row[0], Lsn.parse(row[1])))

    def _description(self, text: str) -> Description:
        """Read *text*, or find it among those that were read."""
        found = self._read.get(text)
        if found is None:
            found = self._read[text] = Description.from_text(text)
            if len(self._read) > DESCRIPTIONS_KEPT:
                self._read.popitem(last=False)
        return found
