"""Questions whose answer is needed soon or not at all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
from psycopg_pool import PoolTimeout

from slotcast.errors import DatabaseError
from slotcast.observations import problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool


class Probe:
    """
    Puts one question to PostgreSQL, and waits for the answer only so long.

    A PostgreSQL that hangs answers nothing and closes nothing, and giving up takes psycopg
    seconds. So the question is a task of its own, and everybody who asks meanwhile waits for
    the same one: a hanging PostgreSQL takes up one connection of the pool and no more.

    Args:
        pool: Where a connection is taken.
        tasks: Owns the task.
        query: Gives one row.
        parameters: Of the query.
        timeout_s: Longest that `answer` waits, in seconds.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool[AsyncConnection[TupleRow]],
        tasks: asyncio.TaskGroup,
        query: str,
        parameters: Sequence[object] = (),
        *,
        timeout_s: float,
    ) -> None:
        self._pool = pool
        self._tasks = tasks
        self._query = query.encode()
        self._parameters = parameters
        self._timeout_s = timeout_s
        self._asking: asyncio.Task[TupleRow | str] | None = None

    async def answer(self) -> TupleRow:
        """
        Ask, or wait for what is being asked.

        Raises:
            DatabaseError: PostgreSQL did not answer in time, or refused to.
        """
        if self._asking is None or self._asking.done():
            self._asking = self._tasks.create_task(self._ask())
        asking = self._asking
        await asyncio.wait({asking}, timeout=self._timeout_s)
        if not asking.done() or asking.cancelled():
            asking.cancel()
            raise DatabaseError(f"no answer within {self._timeout_s:g} s")
        answer = asking.result()
        if isinstance(answer, str):
            raise DatabaseError(answer)
        return answer

    async def _ask(self) -> TupleRow | str:
        """Ask; gives what went wrong as a text, since an error would end the task's owner."""
        try:
            async with self._pool.connection(timeout=self._timeout_s) as connection:
                cursor = await connection.execute(self._query, self._parameters)
                row = await cursor.fetchone()
        except (psycopg.Error, PoolTimeout) as error:
            return problem(error)
        return row if row is not None else "there is no such row"
