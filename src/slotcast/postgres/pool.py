"""Connections for catalog queries and for judging."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg.errors import AdminShutdown, CrashShutdown
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool
from psycopg_pool.pool_async import AddConnection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg_pool.pool_async import MaintenanceTask

TEXT_FORMS: Final = (
    "-c DateStyle=ISO -c IntervalStyle=postgres -c TimeZone=UTC"
    " -c extra_float_digits=1 -c bytea_output=hex"
)
"""Options under which values have one text form, the same everywhere in the server."""

_RECONNECT_CAP_S: Final = 1.0
_LOCK_SHARE: Final = 0.5


class _Pool(AsyncConnectionPool[AsyncConnection[TupleRow]]):
    """
    A pool that has connections within a second of PostgreSQL's return.

    psycopg's own waits twice as long after each attempt, up to minutes.
    """

    async def schedule_task(self, task: MaintenanceTask, delay: float) -> None:
        """Run *task* after *delay* seconds, or sooner if it is to connect."""
        is_attempt = isinstance(task, AddConnection)
        await super().schedule_task(task, min(delay, _RECONNECT_CAP_S) if is_attempt else delay)


async def _configure(session: Mapping[str, str], connection: AsyncConnection[TupleRow]) -> None:
    """
    Have values in `TEXT_FORMS`, and the settings *session*.

    As settings of the session, not of its start, so that SET … TO DEFAULT still finds what
    the database has: policies are judged under that.
    """
    forms = (option.partition("=") for option in TEXT_FORMS.removeprefix("-c ").split(" -c "))
    for name, value in {**{name: value for name, _, value in forms}, **session}.items():
        await connection.execute("select set_config(%s, %s, false)", [name, value])


def make_pool(
    conninfo: str,
    *,
    size: int,
    statement_timeout_s: float,
    session: Mapping[str, str] | None = None,
    is_checked: bool = False,
) -> AsyncConnectionPool[AsyncConnection[TupleRow]]:
    """
    Make a pool of autocommit connections; the caller opens and closes it.

    They are read-only unless *session* says otherwise.

    Args:
        conninfo: Where PostgreSQL is.
        size: Most connections; one is kept open when idle.
        statement_timeout_s: Longest that a statement may run, in seconds.
        session: PostgreSQL's settings for each session, such as ``role``.
        is_checked: Whether connections are tried out before they are given away, which takes
            a round trip: for those who cannot try again when PostgreSQL was restarted.
    """
    options: dict[str, Any] = {
        "autocommit": True,
        "application_name": "slotcast",
        "client_encoding": "UTF8",
        "options": (
            "-c default_transaction_read_only=on"
            f" -c statement_timeout={round(statement_timeout_s * 1000)}"
            # Before it, so that a lock is told from a policy that takes too long.
            f" -c lock_timeout={round(statement_timeout_s * 1000 * _LOCK_SHARE)}"
        ),
    }
    return _Pool(
        conninfo,
        kwargs=options,
        configure=partial(_configure, session or {}),
        check=_Pool.check_connection if is_checked else None,
        min_size=1,
        max_size=size,
        open=False,
        name="slotcast",
    )


def was_cut(error: psycopg.Error) -> bool:
    """Tell whether PostgreSQL ended the connection, or is gone without having said so."""
    # The pool's own errors are more special than that, and a server's answer has a code.
    is_lost = type(error) is psycopg.OperationalError and error.sqlstate is None
    return is_lost or isinstance(error, (AdminShutdown, CrashShutdown))
