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

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Collection, Mapping

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool

DESCRIPTIONS_KEPT: Final = 1_000
"""Most texts of the catalog that are kept read."""
_TIMEOUT_S: Final = 20.0

_POSITION: Final = "select pg_catalog.pg_current_wal_insert_lsn()::text"


class Surveyor:
    """
    Knows how published tables are defined, and where the WAL is.

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
        self._positions = Together(tasks.create_task, self._ask_position, timeout_s=_TIMEOUT_S)
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

    async def position(self) -> Lsn:
        """
        Tell where the WAL is now.

        Raises:
            psycopg.OperationalError: PostgreSQL could not be asked.
            TimeoutError: It did not answer.
        """
        return (await self._positions.answers([_POSITION]))[_POSITION]

    async def _survey(self, wanted: Collection[Wanted]) -> Mapping[Wanted, list[str]]:
        async with self._pool.connection() as connection:
            return await survey(connection, self._publication, list(wanted))

    async def _ask_position(self, queries: Collection[str]) -> Mapping[str, Lsn]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_POSITION, prepare=True)
            row = await cursor.fetchone()
        if row is None:
            raise AssertionError("a SELECT without FROM returns a row")
        return dict.fromkeys(queries, Lsn.parse(row[0]))

    def _description(self, text: str) -> Description:
        """Read *text*, or find it among those that were read."""
        found = self._read.get(text)
        if found is None:
            found = self._read[text] = Description.from_text(text)
            if len(self._read) > DESCRIPTIONS_KEPT:
                self._read.popitem(last=False)
        return found
