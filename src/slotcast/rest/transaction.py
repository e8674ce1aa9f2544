"""
The transaction of a request: who asks, what the database's owner runs first, what is asked.

What only reads is one implicit transaction, ended by the pipeline itself. A write is
committed in the same round trip, unless something about its result has to be checked
before.

Sessions are shared by everybody, so nothing that a request leaves in one may be there for the
next: in the same round trip settings are reset and advisory locks released, since any function
may set or take them, a policy's too, and after functions that clients call, everything else that
a session remembers. What a function does to prepared statements, which are our own, shows when
they are used again; then the session is given up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slotcast.rest.connection import ConnectionLost, is_error
from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.query.settings import settings_statement
from slotcast.rest.query.statement import Statement
from slotcast.rest.response.failures import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg.pq.abc import PGresult

    from slotcast.rest.connection import RestConnection
    from slotcast.rest.query.statement import Value

COMMIT: Final = Statement("COMMIT")
ROLLBACK: Final = Statement("ROLLBACK")
RESET: Final = Statement("RESET ALL")
UNLOCK: Final = Statement("SELECT pg_catalog.pg_advisory_unlock_all()")
CLEANING: Final = (
    RESET,
    Statement("RESET SESSION AUTHORIZATION"),
    UNLOCK,
    Statement("UNLISTEN *"),
    Statement("CLOSE ALL"),
    Statement("DISCARD TEMP"),
    Statement("DISCARD SEQUENCES"),
)
"""What DISCARD ALL does, but for prepared statements, which are our own."""

_SET_CONSTRAINTS: Final = Statement("SET CONSTRAINTS ALL IMMEDIATE")
_READ_ONLY: Final = ("transaction_read_only", "on")
_PLAN_CHANGED: Final = "0A000"
_STATEMENTS_LOST: Final = frozenset({"26000", "42P05"})
"""A prepared statement is gone, or a new one's name is taken."""
_ISOLATIONS: Final = {
    "read committed": "READ COMMITTED",
    "repeatable read": "REPEATABLE READ",
    "serializable": "SERIALIZABLE",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """
    What a request does in its transaction.

    Attributes:
        settings: What is set first, in order.
        before: Run next: the pre-request function, or nothing.
        statements: What is asked.
        is_read_only: Whether it must not write.
        is_kept: Whether it ends with COMMIT.
        isolation: As of ``default_transaction_isolation``; None for the default.
        check: Looks at the results of *statements* before the end, and raises RestError to
            roll back; None if there is nothing to be looked at.
        is_call: Whether functions are called that may leave anything in the session.
        is_anonymous: Whether errors are told to somebody who has not said who it is.
    """

    settings: Sequence[tuple[str, Value]]
    before: Statement | None
    statements: Sequence[Statement]
    is_read_only: bool
    is_kept: bool
    isolation: str | None = None
    check: Callable[[Sequence[PGresult]], None] | None = None
    is_call: bool = False
    is_anonymous: bool = False

    @property
    def after(self) -> Sequence[Statement]:
        """What leaves the session as it was."""
        return CLEANING if self.is_call else (RESET, UNLOCK)


async def run(connection: RestConnection, work: Work) -> Sequence[PGresult]:
    """
    Do *work*.

    Returns:
        The results of its statements.

    Raises:
        RestError: PostgreSQL or the check refused; nothing of it is kept. PGRST001: the
            connection broke, so nobody knows.
        StatementsLost: It can be done on another connection; this one was given up.
    """
    try:
        try:
            return await _attempt(connection, work)
        except _PlanChanged:
            # A table was altered since its statements were prepared; nothing was done yet.
            connection.forget_prepared()
            return await _attempt(connection, work)
    except _PlanChanged as changed:
        raise _refusal(changed.result, work) from None
    except StatementsLost:
        connection.discard()
        raise
    except ConnectionLost:
        message = "Database client error. Retrying the connection."
        raise RestError(
            503, ErrorBody("PGRST001", message), headers=(("Retry-After", "1"),)
        ) from None


class StatementsLost(Exception):
    """
    A function has done away with statements that were prepared; nothing was done yet.

    Attributes:
        refusal: What a client is told if that happens again and again.
    """

    def __init__(self, refusal: RestError) -> None:
        super().__init__()
        self.refusal = refusal


class _PlanChanged(Exception):
    """A prepared statement no longer fits its tables."""

    def __init__(self, result: PGresult) -> None:
        super().__init__()
        self.result = result


async def _attempt(connection: RestConnection, work: Work) -> Sequence[PGresult]:
    isolation = _ISOLATIONS.get(work.isolation or "")
    try:
        if not work.is_read_only or isolation is not None:
            return await _run_in_block(connection, work, isolation)
        results = await _read(connection, work)
    except (RestError, _PlanChanged):
        left = [
            *([ROLLBACK] if connection.is_in_transaction else ()),
            # What was set was rolled back.
            *(CLEANING if work.is_call else (UNLOCK,)),
        ]
        if not connection.is_lost and is_error((await connection.run(left))[-1]):
            connection.discard()
        raise
    if work.check is not None:
        work.check(results)
    return results


async def _read(connection: RestConnection, work: Work) -> Sequence[PGresult]:
    """Run *work* in the implicit transaction of one pipeline."""
    before = [settings_statement((_READ_ONLY, *work.settings)), *_before(work)]
    batch = [*before, *work.statements]
    return _checked(await connection.run([*batch, *work.after]), work)[len(before) : len(batch)]


async def _run_in_block(
    connection: RestConnection, work: Work, isolation: str | None
) -> Sequence[PGresult]:
    """Run *work* in a transaction block, which is ended once its results are approved."""
    begin = Statement(_begin(isolation, is_read_only=work.is_read_only))
    before = [begin, settings_statement(work.settings), *_before(work)]
    batch = [*before, *work.statements]
    end = [*([COMMIT] if work.is_kept else [_SET_CONSTRAINTS, ROLLBACK]), *work.after]
    if work.check is None:
        results = await connection.run([*batch, *end])
        ended = results[len(batch) :]
        results = _checked(results[: len(batch)], work)
    else:
        results = _checked(await connection.run(batch), work)
        work.check(results[len(before) :])
        ended = await connection.run(end)
    if len(ended) > len(end) - len(work.after) and is_error(ended[-1]):
        # It is done, and kept; but nobody knows what the session remembers.
        connection.discard()
    else:
        _checked(ended, work)
    return results[len(before) :]


def _before(work: Work) -> list[Statement]:
    return [] if work.before is None else [work.before]


def _begin(isolation: str | None, *, is_read_only: bool) -> str:
    level = "" if isolation is None else f" ISOLATION LEVEL {isolation}"
    return f"BEGIN{level} READ {'ONLY' if is_read_only else 'WRITE'}"


def _checked(results: Sequence[PGresult], work: Work) -> Sequence[PGresult]:
    """
    Raise the error that ended *results*, if one did.

    Raises:
        RestError: It did.
        _PlanChanged: Preparing anew will help.
        StatementsLost: Another connection will help.
    """
    if not results or not is_error(last := results[-1]):
        return results
    # With a context it is a function's own mistake.
    if _field(last, _SQLSTATE) in _STATEMENTS_LOST and _field(last, _CONTEXT) is None:
        raise StatementsLost(_refusal(last, work))
    if _field(last, _SQLSTATE) == _PLAN_CHANGED and "cached plan" in (_field(last, _MESSAGE) or ""):
        raise _PlanChanged(last)
    raise _refusal(last, work)


_SQLSTATE: Final = ord("C")
_MESSAGE: Final = ord("M")
_DETAIL: Final = ord("D")
_HINT: Final = ord("H")
_CONTEXT: Final = ord("W")


def _field(result: PGresult, code: int) -> str | None:
    value = result.error_field(code)
    return None if value is None else value.decode("utf-8", "replace")


def _refusal(result: PGresult, work: Work) -> RestError:
    return failure(
        _field(result, _SQLSTATE) or "XX000",
        _field(result, _MESSAGE) or "",
        _field(result, _DETAIL),
        _field(result, _HINT),
        is_anonymous=work.is_anonymous,
    )
