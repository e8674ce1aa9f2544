"""
The connections that requests share.

They are opened as they are needed, up to a bound. Who waits for one gets it in turn, and
not for longer than a bound either. A connection that breaks leaves at once, whether it is in
use or idle, so that PostgreSQL's return is noticed by the next request.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import AsyncConnection

from slotcast.rest.connection import RestConnection
from slotcast.rest.errors import ErrorBody, RestError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_UNAVAILABLE: Final = 503
_TIMED_OUT: Final = 504
_RETRY_AFTER: Final = (("Retry-After", "1"),)
_CONNECT_TIMEOUT_S: Final = 10


class RestPool:
    """
    A bounded set of connections.

    Args:
        conninfo: Where PostgreSQL is.
        size: Most connections.
        acquire_timeout_s: Longest that a request waits for a connection.
        statement_timeout_s: Longest that a statement may run, unless the role has a timeout
            of its own.
        is_preparing: Whether statements may be prepared.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        size: int,
        acquire_timeout_s: float,
        statement_timeout_s: float,
        is_preparing: bool = True,
    ) -> None:
        self._conninfo = conninfo
        self._size = size
        self._acquire_timeout_s = acquire_timeout_s
        self._statement_timeout_s = statement_timeout_s
        self._is_preparing = is_preparing
        self._count = 0
        self._idle: list[RestConnection] = []
        self._waiting: deque[asyncio.Future[RestConnection | None]] = deque()
        self._is_closed = False

    @property
    def connection_count(self) -> int:
        """How many connections there are."""
        return self._count

    @property
    def idle_count(self) -> int:
        """How many of them nobody uses."""
        return len(self._idle)

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[RestConnection]:
        """
        Lend a connection for the block.

        Raises:
            RestError: PGRST000: PostgreSQL cannot be reached; PGRST003: there was none in
                time.
        """
        connection = await self.acquire()
        try:
            yield connection
        finally:
            self.release(connection)

    async def acquire(self) -> RestConnection:
        """
        Take a connection, to be given to `release`.

        Raises:
            RestError: As of `connection`.
        """
        if self._idle:
            return self._idle.pop()
        if self._count < self._size and not self._is_closed:
            return await self._connect()
        return await self._wait()

    async def _wait(self) -> RestConnection:
        try:
            async with asyncio.timeout(self._acquire_timeout_s):
                return await self._wait_in_turn()
        except TimeoutError:
            message = "Timed out acquiring connection from connection pool."
            raise RestError(_TIMED_OUT, ErrorBody("PGRST003", message)) from None

    async def _wait_in_turn(self) -> RestConnection:
        while True:
            turn: asyncio.Future[RestConnection | None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                found = await turn
            except asyncio.CancelledError:
                self._pass_on(turn)
                raise
            if found is not None:
                return found
            if self._count < self._size:
                return await self._connect()

    def _pass_on(self, turn: asyncio.Future[RestConnection | None]) -> None:
        """Give what somebody got who no longer wants it to the next."""
        if turn.done() and not turn.cancelled():
            connection = turn.result()
            if connection is None:
                self._wake(None)
            else:
                self.release(connection)
        elif turn in self._waiting:
            self._waiting.remove(turn)

    def release(self, connection: RestConnection) -> None:
        """Take a connection back."""
        if connection.is_in_transaction:
            connection.discard()
        if connection.is_lost:
            return
        if self._is_closed:
            connection.close()
            self._count -= 1
        elif not self._wake(connection):
            self._idle.append(connection)

    def _wake(self, connection: RestConnection | None) -> bool:
        """Give *connection*, or the right to open one, to who has waited longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return True
        return False

    async def _connect(self) -> RestConnection:
        self._count += 1
        try:
            connection = await AsyncConnection.connect(
                self._conninfo,
                autocommit=True,
                application_name="slotcast rest",
                client_encoding="UTF8",
                connect_timeout=_CONNECT_TIMEOUT_S,
                options=f"-c statement_timeout={round(self._statement_timeout_s * 1000)}",
            )
        except psycopg.Error:
            self._count -= 1
            self._wake(None)
            message = "Database connection error. Retrying the connection."
            body = ErrorBody("PGRST000", message)
            raise RestError(_UNAVAILABLE, body, headers=_RETRY_AFTER) from None
        except BaseException:
            self._count -= 1
            self._wake(None)
            raise
        return RestConnection(connection, is_preparing=self._is_preparing, on_lost=self._forget)

    def _forget(self, connection: RestConnection) -> None:
        """Make room for another connection in place of one that broke."""
        self._count -= 1
        if connection in self._idle:
            self._idle.remove(connection)
        self._wake(None)

    def close(self) -> None:
        """Close all connections; those in use, when they are given back."""
        self._is_closed = True
        for connection in self._idle:
            connection.close()
            self._count -= 1
        self._idle.clear()
