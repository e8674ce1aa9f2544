"""
Connections to PostgreSQL: one for questions in SQL, one that carries the WAL.

psycopg opens both; it has no notion of the replication protocol, so the second one is
driven through its `pgconn`, libpq's non-blocking interface. libpq never waits here: where
it would, the loop waits for the socket instead.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import conninfo as conninfos
from psycopg.pq import DiagnosticField, ExecStatus

from slotcast.errors import DatabaseError
from slotcast.lsn import Lsn
from slotcast.postgres.pool import TEXT_FORMS

if TYPE_CHECKING:
    from typing import Self

    from psycopg.pq.abc import PGconn, PGresult

_COPY_BOTH_WITHOUT_DATA: Final = 0
_COPY_DONE: Final = -1
_UNDEFINED_OBJECT: Final = b"42704"
_STATUS_UPDATE: Final = Struct(">cQQQqB")

_PARAMETERS: Final = {
    "application_name": "slotcast",
    "connect_timeout": "5",
    # A peer that vanished without a word is noticed by the kernel; nobody polls.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
}
"""Connection parameters unless the URL has others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """
    Which history of the WAL a server has, and how far.

    Attributes:
        system: The cluster's identifier.
        timeline: Counts failovers; positions of different timelines do not compare.
        flush_lsn: How far the WAL is written to disk.
    """

    system: str
    timeline: int
    flush_lsn: Lsn


class StreamBroken(DatabaseError):
    """The replication connection is gone, or PostgreSQL ended the stream."""


class StreamRefused(DatabaseError):
    """PostgreSQL would not begin to stream."""


class SlotInUse(DatabaseError):
    """The replication slot is read by another process."""


def connection_parameters(conninfo: str) -> dict[str, Any]:
    """
    Complete the connection parameters in *conninfo*, a URL or `name=value` pairs.

    Raises:
        DatabaseError: It cannot be parsed. The message leaves out what it holds.
    """
    try:
        given = conninfos.conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        raise DatabaseError(
            "the database URL cannot be read; it looks like"
            " postgresql://user:password@host:5432/database, with special characters"
            " percent-encoded"
        ) from None
    options = f"{given.get('options', '')} {TEXT_FORMS}".strip()
    return {**_PARAMETERS, **given, "client_encoding": "UTF8", "options": options}


async def connect(
    conninfo: str, *, replication: bool = False
) -> psycopg.AsyncConnection[tuple[Any, ...]]:
    """
    Connect to PostgreSQL in autocommit mode.

    Args:
        conninfo: Where PostgreSQL is.
        replication: Whether to get a walsender, which speaks the replication protocol and
            plain SQL.

    Raises:
        DatabaseError: The connection was refused; the message says by whom and why.
    """
    parameters = connection_parameters(conninfo)
    if replication:
        parameters["replication"] = "database"
    try:
        return await psycopg.AsyncConnection.connect(**parameters, autocommit=True)
    except psycopg.Error as error:
        raise DatabaseError(
            f"cannot connect to PostgreSQL at {_address(parameters)}: {str(error).strip()}\n"
            "Check that it runs there and that SLOTCAST_DATABASE_URL names the right host,"
            " port, user, password and database."
        ) from error


def _address(parameters: dict[str, Any]) -> str:
    """Say where *parameters* lead, without the password."""
    host = parameters.get("host") or "the default host"
    port = parameters.get("port") or "5432"
    database = parameters.get("dbname") or "the user's own"
    user = parameters.get("user") or "the default user"
    return f"host {host}, port {port}, database {database}, as {user}"


class WalConnection:
    """
    A connection that streams the WAL of a logical replication slot.

    One task at a time may receive; another one may send meanwhile.
    """

    def __init__(self, connection: psycopg.AsyncConnection[tuple[Any, ...]]) -> None:
        self._connection = connection
        self._pgconn: PGconn = connection.pgconn
        self._ear: _Ear | None = None

    @classmethod
    async def open(cls, conninfo: str) -> Self:
        """
        Connect.

        Raises:
            DatabaseError: See `connect`.
        """
        return cls(await connect(conninfo, replication=True))

    async def identify(self) -> Identity:
        """
        Ask which server this is; only before `start`.

        Raises:
            StreamBroken: The connection is gone.
        """
        try:
            # psycopg prepares what it runs often, which a walsender does not understand.
            cursor = await self._connection.execute("IDENTIFY_SYSTEM", prepare=False)
            row = await cursor.fetchone()
        except psycopg.Error as error:
            raise StreamBroken(str(error)) from error
        if row is None:
            raise StreamBroken("PostgreSQL did not answer IDENTIFY_SYSTEM")
        system, timeline, flush_lsn, _database = row
        return Identity(system=system, timeline=timeline, flush_lsn=Lsn.parse(flush_lsn))

    async def start(self, command: str) -> None:
        """
        Begin to stream with *command*, a START_REPLICATION.

        Raises:
            SlotInUse: Another process reads the slot. *start* may be tried again.
            StreamRefused: PostgreSQL refused for another reason.
            StreamBroken: The connection is gone.
        """
        try:
            self._pgconn.send_query(command.encode())
            await self._flush()
            result = await self._result()
            if result is not None and result.status == ExecStatus.COPY_BOTH:
                return
            refusal = result
            while result is not None:
                result = await self._result()
        except psycopg.Error as error:
            raise StreamBroken(str(error)) from error
        raise _refused(refusal)

    def receive(self) -> memoryview | None:
        """
        Take the next message that has arrived.

        Returns:
            The message, or None if none has; then `wait` before the next call.

        Raises:
            StreamBroken: PostgreSQL ended the stream, or the connection is gone.
        """
        try:
            size, data = self._pgconn.get_copy_data(1)
            if size == _COPY_BOTH_WITHOUT_DATA:
                self._pgconn.consume_input()
                size, data = self._pgconn.get_copy_data(1)
        except psycopg.Error as error:
            raise StreamBroken(str(error)) from error
        if size == _COPY_DONE:
            raise StreamBroken(self._ending())
        return data if size else None

    async def wait(self) -> None:
        """
        Wait until `receive` may have something.

        Raises:
            StreamBroken: The connection is gone.
        """
        try:
            if self._ear is None:
                self._ear = _Ear(self._pgconn.socket)
        except (psycopg.Error, OSError) as error:
            raise StreamBroken(str(error)) from error
        await self._ear.wait()

    async def send_status(self, *, written: Lsn, confirmed: Lsn) -> None:
        """
        Send a standby status update.

        Args:
            written: Everything before it was received and handed over; PostgreSQL shows it.
            confirmed: Everything before it will never be asked for again.

        Raises:
            StreamBroken: The connection is gone.
        """
        try:
            # The clock is for PostgreSQL's statistics of physical standbys only.
            self._pgconn.put_copy_data(
                _STATUS_UPDATE.pack(b"r", written, confirmed, confirmed, 0, 0)
            )
            await self._flush()
        except psycopg.Error as error:
            raise StreamBroken(str(error)) from error

    async def finish(self) -> None:
        """
        End the stream and wait until PostgreSQL has read all that was sent.

        Raises:
            StreamBroken: The connection is gone.
        """
        try:
            self._pgconn.put_copy_end()
            await self._flush()
        except psycopg.Error as error:
            raise StreamBroken(str(error)) from error
        while self._receive_until_done():
            await self.wait()

    def cut(self) -> None:
        """Break the connection off, whoever uses it at the moment; may be called twice."""
        # A descriptor of our own, since libpq and the loop go on to use theirs.
        with (
            suppress(OSError, psycopg.Error),
            socket.socket(fileno=os.dup(self._pgconn.socket)) as twin,
        ):
            twin.shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        """Close the connection; may be called twice."""
        if self._ear is not None:
            self._ear.close()
            self._ear = None
        await self._connection.close()

    def _receive_until_done(self) -> bool:
        """Drop what has arrived; tell whether the stream goes on."""
        try:
            while self.receive() is not None:
                pass
        except StreamBroken:
            return False
        return True

    async def _flush(self) -> None:
        while self._pgconn.flush():
            await _writable(self._pgconn.socket)

    async def _result(self) -> PGresult | None:
        while self._pgconn.is_busy():
            await self.wait()
            self._pgconn.consume_input()
        return self._pgconn.get_result()

    def _ending(self) -> str:
        """Say why PostgreSQL ended the stream."""
        if not self._pgconn.is_busy():
            result = self._pgconn.get_result()
            if result is not None and result.status == ExecStatus.FATAL_ERROR:
                return str(psycopg.errors.error_from_result(result)) + _remedy(result)
        return "PostgreSQL ended the stream"


def _refused(result: PGresult | None) -> DatabaseError:
    if result is None:
        return StreamBroken("PostgreSQL did not answer START_REPLICATION")
    error = psycopg.errors.error_from_result(result)
    if isinstance(error, psycopg.errors.ObjectInUse):
        return SlotInUse(str(error))
    if isinstance(error, psycopg.OperationalError):
        return StreamBroken(str(error))
    return StreamRefused(f"PostgreSQL refused to stream: {error}")


def _remedy(result: PGresult) -> str:
    """Say how to go on where trying again does not help."""
    if result.error_field(DiagnosticField.SQLSTATE) != _UNDEFINED_OBJECT:
        return ""
    # Before version 18, the publication is looked up as it was when the change was made.
    return (
        "\nIf the publication was dropped and made anew, PostgreSQL cannot decode the changes"
        " made in between. To go on without them, stop Slotcast, drop the replication slot with"
        " pg_drop_replication_slot and start Slotcast; clients load their data anew."
    )


class _Ear:
    """
    Waits for a socket to be readable, one task at a time.

    The loop goes on to watch the socket after a wait, since to begin and to end that takes
    longer than to receive a change. What comes while nobody waits, and is not received yet,
    would wake the loop again and again: then it stops.
    """

    def __init__(self, file: int) -> None:
        # A descriptor of our own: libpq closes its own when it finds the connection gone.
        self._file = os.dup(file)
        self._loop = asyncio.get_running_loop()
        self._readable: asyncio.Future[None] | None = None
        self._is_watched = False

    async def wait(self) -> None:
        """Wait until there is something to read, or the connection is gone."""
        if not self._is_watched:
            self._loop.add_reader(self._file, self._hear)
            self._is_watched = True
        self._readable = self._loop.create_future()
        await self._readable

    def close(self) -> None:
        """Watch no longer; to be called once, when nobody waits."""
        self._stop()
        os.close(self._file)

    def _hear(self) -> None:
        if self._readable is None or self._readable.done():
            self._stop()
        else:
            self._readable.set_result(None)

    def _stop(self) -> None:
        if self._is_watched:
            self._loop.remove_reader(self._file)
            self._is_watched = False


async def _writable(file: int) -> None:
    """Wait until the socket *file* takes more."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def set_ready() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_writer(file, set_ready)
    try:
        await ready
    finally:
        loop.remove_writer(file)
