"""
One connection for requests, spoken to through libpq's pipeline.

All statements of a request go out in one write, and their results are collected as the
socket becomes readable, so that a request costs one round trip. Statements are prepared
when they are first seen, in the same pipeline; their text depends on a request's shape
alone, so a connection soon has all that its clients use.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import ExecStatus, TransactionStatus

from slotcast.rest.errors import ErrorBody, RestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg.pq.abc import PGconn, PGresult
    from psycopg.rows import TupleRow

    from slotcast.rest.query.statement import Statement, Value
    from slotcast.rest.turns import Turns

PREPARED_LIMIT: Final = 300
"""Most statements that a connection keeps prepared; of more, the longest unused go."""


class ConnectionLost(Exception):
    """The connection broke; what was asked may or may not have been done."""


class RestConnection:
    """
    A connection that runs one batch of statements at a time.

    Args:
        connection: Fresh, in autocommit mode. It belongs to this object from now on.
        is_preparing: Whether statements may be prepared; not behind a pooler that gives
            every transaction another session.
        turns: Let whoever asked go on when the results have come.
        on_lost: Called once when the connection breaks.
    """

    def __init__(
        self,
        connection: AsyncConnection[TupleRow],
        *,
        is_preparing: bool,
        turns: Turns,
        on_lost: Callable[[RestConnection], None],
    ) -> None:
        self._owner = connection
        self._pgconn: PGconn = connection.pgconn
        self._is_preparing = is_preparing
        self._turns = turns
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._prepared: OrderedDict[str, bytes] = OrderedDict()
        self._unneeded: list[bytes] = []
        self._name_count = 0
        self._results: list[PGresult] = []
        self._done: asyncio.Future[list[PGresult]] | None = None
        self._is_writing = False
        self.is_lost = False
        self._pgconn.nonblocking = 1
        self._pgconn.enter_pipeline_mode()
        self._socket = self._pgconn.socket
        self._loop.add_reader(self._socket, self._read)

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction block is open, failed or not."""
        return not self.is_lost and self._pgconn.transaction_status != TransactionStatus.IDLE

    async def run(self, statements: Sequence[Statement]) -> list[PGresult]:
        """
        Run *statements* in one round trip.

        They are one transaction unless they say otherwise. After an error nothing more of
        them is run, and a transaction they have begun is left open, failed.

        Returns:
            The results of all, or up to the one that failed.

        Raises:
            ConnectionLost: The connection broke.
            RestError: A value cannot be sent.
        """
        values = [_encoded(statement.values) for statement in statements]
        if self.is_lost:
            raise ConnectionLost
        done: asyncio.Future[list[PGresult]] = self._loop.create_future()
        self._done = done
        try:
            prepared = self._send(statements, values)
            self._flush()
        except psycopg.Error as error:
            self._lose()
            raise ConnectionLost from error
        try:
            results = await done
        except asyncio.CancelledError:
            await self._abandon()
            raise
        return self._sort(results, statements, prepared)

    def _send(
        self, statements: Sequence[Statement], values: Sequence[Sequence[bytes | None]]
    ) -> list[str | None]:
        """Send all; gives for every result to come the text it prepares, or None."""
        sent: list[str | None] = []
        for statement, encoded in zip(statements, values, strict=True):
            text = statement.text
            if not self._is_preparing:
                self._pgconn.send_query_params(text.encode(), encoded)
                sent.append(None)
                continue
            name = self._prepared.get(text)
            if name is None:
                self._name_count += 1
                name = b"slotcast_%d" % self._name_count
                self._pgconn.send_prepare(name, text.encode())
                self._prepared[text] = name
                sent.append(text)
            else:
                self._prepared.move_to_end(text)
            self._pgconn.send_query_prepared(name, encoded)
            sent.append(None)
        while len(self._prepared) > PREPARED_LIMIT:
            self._unneeded.append(self._prepared.popitem(last=False)[1])
        for name in self._unneeded:
            self._pgconn.send_query_params(b"DEALLOCATE " + name, None)
        self._pgconn.pipeline_sync()
        return sent

    def _sort(
        self,
        results: Sequence[PGresult],
        statements: Sequence[Statement],
        sent: Sequence[str | None],
    ) -> list[PGresult]:
        """Give the results of statements, and forget what could not be prepared."""
        found: list[PGresult] = []
        error: PGresult | None = None
        for result, text in zip(results, sent, strict=False):
            if result.status in (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED):
                if text is not None:
                    self._prepared.pop(text, None)
                error = error or result
            elif text is None:
                found.append(result)
        # What fails when the transaction ends belongs to no statement and comes last.
        if error is None and results and results[-1].status == ExecStatus.FATAL_ERROR:
            error = results[-1]
        if error is not None:
            return [*found, error]
        self._unneeded.clear()
        return found[: len(statements)]

    def forget_prepared(self) -> None:
        """Prepare all statements anew, since tables have changed."""
        self._unneeded += self._prepared.values()
        self._prepared.clear()

    def _flush(self) -> None:
        if self._pgconn.flush():
            if not self._is_writing:
                self._is_writing = True
                self._loop.add_writer(self._socket, self._write)
        elif self._is_writing:
            self._is_writing = False
            self._loop.remove_writer(self._socket)

    def _write(self) -> None:
        try:
            self._flush()
        except psycopg.Error:
            self._lose()

    def _read(self) -> None:
        """Collect what has come; without anybody waiting, only the end can come."""
        try:
            self._pgconn.consume_input()
            if self._done is None:
                # Notices may come at any time; that the server has ended shows as an error.
                self._pgconn.is_busy()
                return
            while not self._pgconn.is_busy():
                result = self._pgconn.get_result()
                if result is None:
                    continue
                if result.status == ExecStatus.PIPELINE_SYNC:
                    self._finish()
                    return
                self._results.append(result)
        except psycopg.Error:
            self._lose()

    def _finish(self) -> None:
        done, self._done = self._done, None
        results, self._results = self._results, []
        if done is not None:
            self._turns.call(partial(_settle, done, results))

    def _lose(self) -> None:
        """Give the connection up."""
        done, self._done = self._done, None
        fatal = next((one for one in self._results if one.status == ExecStatus.FATAL_ERROR), None)
        results, self._results = self._results, []
        was_lost = self.is_lost
        self.close()
        if done is not None and not done.done():
            if fatal is None:
                done.set_exception(ConnectionLost())
            else:
                done.set_result(results)
        if not was_lost:
            self._on_lost(self)

    async def _abandon(self) -> None:
        """Have the server stop, since nobody waits any longer."""
        if not self.is_lost:
            cancel = self._pgconn.get_cancel()
            self._lose()
            # libpq's way to cancel waits for a connection of its own.
            await asyncio.shield(self._loop.run_in_executor(None, _cancel, cancel))

    def discard(self) -> None:
        """Give the connection up, since nobody knows what state it is in."""
        self._lose()

    def close(self) -> None:
        """Close the connection; twice does no harm."""
        if self.is_lost:
            return
        self.is_lost = True
        self._loop.remove_reader(self._socket)
        if self._is_writing:
            self._loop.remove_writer(self._socket)
        self._pgconn.finish()


def _settle(done: asyncio.Future[list[PGresult]], results: list[PGresult]) -> None:
    if not done.done():
        done.set_result(results)


def _cancel(cancel: Any) -> None:  # noqa: ANN401 - psycopg types it as a protocol of another build
    try:
        cancel.cancel()
    except psycopg.Error:
        # The server has gone, and the statement with it.
        return


def _encoded(values: Sequence[Value]) -> list[bytes | None]:
    return [_bytes(value) for value in values]


def _bytes(value: Value) -> bytes | None:
    """
    Encode a value.

    Raises:
        RestError: It holds what PostgreSQL's text cannot; libpq would cut it off there.
    """
    encoded = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    if encoded is not None and b"\0" in encoded:
        message = 'invalid byte sequence for encoding "UTF8": 0x00'
        raise RestError(400, ErrorBody("22021", message))
    return encoded


def is_error(result: PGresult) -> bool:
    """Whether *result* says what went wrong."""
    return result.status == ExecStatus.FATAL_ERROR


def column(result: PGresult, number: int) -> bytes | None:
    """Give a value of the first row, in text form; None for NULL."""
    return result.get_value(0, number)


def text(result: PGresult, number: int) -> str | None:
    """Give a value of the first row as text; None for NULL."""
    value = column(result, number)
    return None if value is None else value.decode()
