"""
The connections that requests share.

They are opened as they are needed, up to a bound. Who waits for one gets it in turn, and
not for longer than a bound either. A connection that breaks leaves at once, whether it is in
use or idle, so that PostgreSQL's return is noticed by the next request.

Usually few work at a time, since PostgreSQL does not answer sooner if more of them compete
for its cores, and everything else does so later, the change stream above all: so they are
fewer still while changes are on their way. A statement that takes long does not count, and
whoever has waited for a while does not wait for that.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import AsyncConnection

from slotcast.rest.connection import RestConnection
from slotcast.rest.errors import ErrorBody, RestError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from slotcast.rest.turns import Turns

_UNAVAILABLE: Final = 503
_TIMED_OUT: Final = 504
_RETRY_AFTER: Final = (("Retry-After", "1"),)
_CONNECT_TIMEOUT_S: Final = 10
_PATIENCE_S: Final = 0.02
"""How long a statement counts as quick, and how long somebody waits for quick ones."""


@dataclass(frozen=True, slots=True)
class _Waiter:
    """
    A request that waits for a connection.

    Attributes:
        turn: Gets one, or None for the right to open one.
        since: When it came, in the loop's time.
    """

    turn: asyncio.Future[RestConnection | None]
    since: float


class RestPool:
    """
    A bounded set of connections.

    Args:
        conninfo: Where PostgreSQL is.
        turns: See `RestConnection`.
        size: Most connections.
        usual_size: Tells how many of them are used for quick statements at once, unless
            somebody has waited for long; at least one.
        acquire_timeout_s: Longest that a request waits for a connection.
        statement_timeout_s: Longest that a statement may run, unless the role has a timeout
            of its own.
        is_preparing: Whether statements may be prepared.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        turns: Turns,
        size: int,
        usual_size: Callable[[], int],
        acquire_timeout_s: float,
        statement_timeout_s: float,
        is_preparing: bool = True,
    ) -> None:
        self._conninfo = conninfo
        self._turns = turns
        self._size = size
        self._usual_size = usual_size
        self._patience_s = min(_PATIENCE_S, acquire_timeout_s)
        self._acquire_timeout_s = acquire_timeout_s
        self._statement_timeout_s = statement_timeout_s
        self._is_preparing = is_preparing
        self._count = 0
        self._idle: list[RestConnection] = []
        self._used_since: dict[RestConnection, float] = {}
        self._waiting: deque[_Waiter] = deque()
        self._timer: asyncio.Handle | None = None
        self._timer_at = 0.0
        self._is_closed = False
        self._loop = asyncio.get_running_loop()

    @property
    def size(self) -> int:
        """How many connections there may be."""
        return self._size

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
        if not self._waiting and self._has_room(self._loop.time(), self._usual_size()):
            found = self._take()
        else:
            found = await self._wait()
        connection = await self._connect() if found is None else found
        # The ones used longest come first.
        self._used_since[connection] = self._loop.time()
        return connection

    def _has_room(self, now: float, quick_limit: int) -> bool:
        """Whether there is one more connection, and fewer than *quick_limit* do quick work."""
        if not self._idle and (self._count >= self._size or self._is_closed):
            return False
        quick_count = self._count - len(self._idle)
        for since in self._used_since.values():
            if quick_count < quick_limit or now < since + self._patience_s:
                break
            quick_count -= 1
        return quick_count < quick_limit

    def _take(self) -> RestConnection | None:
        """Take an idle connection, or the right to open one."""
        if self._idle:
            return self._idle.pop()
        self._count += 1
        return None

    async def _wait(self) -> RestConnection | None:
        waiter = _Waiter(self._loop.create_future(), self._loop.time())
        self._waiting.append(waiter)
        self._serve()
        try:
            return await waiter.turn
        except asyncio.CancelledError:
            self._pass_on(waiter)
            raise

    def _pass_on(self, waiter: _Waiter) -> None:
        """Take back what somebody got who no longer wants it."""
        if not waiter.turn.cancelled() and waiter.turn.exception() is None:
            connection = waiter.turn.result()
            if connection is None:
                self._count -= 1
                self._serve()
            else:
                self.release(connection)

    def release(self, connection: RestConnection) -> None:
        """Take a connection back."""
        self._used_since.pop(connection, None)
        if connection.is_in_transaction:
            connection.discard()
        if connection.is_lost:
            return
        if self._is_closed:
            connection.close()
            self._count -= 1
        else:
            self._idle.append(connection)
            self._serve()

    def _serve(self) -> None:
        """Give connections to who has waited longest, and send away who has waited too long."""
        now = self._loop.time() if self._waiting else 0.0
        while self._waiting:
            first = self._waiting[0]
            if first.turn.done():  # it has gone
                self._waiting.popleft()
                continue
            is_patient = now < first.since + self._patience_s
            if self._has_room(now, self._usual_size() if is_patient else self._size):
                self._waiting.popleft()
                first.turn.set_result(self._take())
            elif now >= first.since + self._acquire_timeout_s:
                self._waiting.popleft()
                first.turn.set_exception(_timed_out())
            else:
                self._watch(first, is_patient=is_patient)
                return

    def _watch(self, first: _Waiter, *, is_patient: bool) -> None:
        """Look after whoever waits once its patience, or its time, is over."""
        at = first.since + (self._patience_s if is_patient else self._acquire_timeout_s)
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_at(at, self._look)

    def _look(self) -> None:
        self._timer = None
        self._serve()

    async def _connect(self) -> RestConnection:
        """Open a connection that is already counted."""
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
            self._give_up()
            message = "Database connection error. Retrying the connection."
            body = ErrorBody("PGRST000", message)
            raise RestError(_UNAVAILABLE, body, headers=_RETRY_AFTER) from None
        except BaseException:
            self._give_up()
            raise
        return RestConnection(
            connection,
            is_preparing=self._is_preparing,
            turns=self._turns,
            on_lost=self._forget,
        )

    def _forget(self, connection: RestConnection) -> None:
        """Make room for another connection in place of one that broke."""
        self._used_since.pop(connection, None)
        if connection in self._idle:
            self._idle.remove(connection)
        self._give_up()

    def _give_up(self) -> None:
        self._count -= 1
        self._serve()

    def close(self) -> None:
        """Close all connections; those in use, when they are given back."""
        self._is_closed = True
        for connection in self._idle:
            connection.close()
            self._count -= 1
        self._idle.clear()
        if self._timer is not None:
            self._timer.cancel()


def _timed_out() -> RestError:
    message = "Timed out acquiring connection from connection pool."
    return RestError(_TIMED_OUT, ErrorBody("PGRST003", message))
