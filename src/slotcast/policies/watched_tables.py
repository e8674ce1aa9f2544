"""
The tables that the server has streamed for itself, and who wants them.

They are in the publication `slotcast_private`. A table counts as watched before it is put
there, and is read only afterwards: whatever is committed later is seen.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import psycopg

from slotcast.observations import Observation, observe, problem
from slotcast.policies.dependencies import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

_LOCK_TIMEOUT: Final = "200ms"
_ATTEMPT_LIMIT: Final = 10
_RETRY_DELAY_S: Final = 0.1

_WATCH: Final = "select slotcast.watch_table(%s::int8::oid, %s, %s), %s::int8::oid::regclass::text"
_WATCH_ONLY: Final = "select slotcast.watch_only(%s::int8[]::oid[], %s)"


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyWatched(Observation):
    """Tables that nobody wants any more could not be taken out of `slotcast_private`."""

    level: ClassVar[int] = logging.WARNING
    problem: str


class WatchedTables:
    """
    Has tables streamed for as long as somebody wants them.

    Args:
        publication: The publication that clients may subscribe to.
    """

    def __init__(self, *, publication: str) -> None:
        self._publication = publication
        self._wanted: dict[str, frozenset[int]] = {}
        self._problems: dict[int, Reason | None] = {}
        self._turn = asyncio.Lock()

    async def want(
        self, connection: AsyncConnection[TupleRow], who: str, tables: Iterable[int]
    ) -> dict[int, Reason]:
        """
        Watch the tables that one user wants, and no longer others that only it wanted.

        Args:
            connection: Any connection in autocommit mode.
            who: The user.
            tables: OIDs of all tables that it wants.

        Returns:
            Why some of them cannot be watched, by OID.
        """
        wanted = frozenset(tables)
        async with self._turn:
            former = self._all()
            # Until the new ones are watched, nothing else is given up.
            self._wanted[who] = self._wanted.get(who, frozenset()) | wanted
            for table in wanted:
                self._problems[table] = await self._watch(connection, table)
            self._wanted[who] = wanted
            if former or self._all():
                await self._watch_nothing_else(connection)
        return {table: reason for table in wanted if (reason := self._problems[table]) is not None}

    def _all(self) -> frozenset[int]:
        return frozenset[int]().union(*self._wanted.values())

    async def _watch_nothing_else(self, connection: AsyncConnection[TupleRow]) -> None:
        """Have no other tables streamed; that this fails costs only some reading."""
        try:
            async with connection.transaction():
                await connection.execute("set transaction read write")
                await connection.execute(_WATCH_ONLY, [list(self._all()), self._publication])
        except psycopg.Error as error:
            if connection.broken or isinstance(error, psycopg.OperationalError):
                raise
            observe(TooManyWatched(problem=problem(error)))

    async def _watch(self, connection: AsyncConnection[TupleRow], table: int) -> Reason | None:
        """Have a table streamed; returns why that is not possible."""
        parameters = [table, self._publication, _LOCK_TIMEOUT, table]
        told, name = "", str(table)
        for _ in range(_ATTEMPT_LIMIT):
            try:
                async with connection.transaction():
                    await connection.execute("set transaction read write")
                    cursor = await connection.execute(_WATCH, parameters)
                    row = await cursor.fetchone()
            except psycopg.Error as error:
                if connection.broken or isinstance(error, psycopg.OperationalError):
                    raise
                told = problem(error)
                break
            told, name = row if row is not None else ("it is gone", name)
            if told != "busy":
                break
            await asyncio.sleep(_RETRY_DELAY_S)
        return None if told is None else Reason(name, f"it cannot be watched: {told}")
