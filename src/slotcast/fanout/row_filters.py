"""
Filters bound to a table: which rows a subscription asks for.

A row image is judged here wherever Python can be exact. Where it cannot (order under a
locale, regular expressions, types with an equality of their own), `RowFilter.matches`
says None, and `ask` puts the question to PostgreSQL, many in one round trip.

NULL follows the protocol: only ``is`` and ``isdistinct`` see it, and no other condition,
negated or not, lets it through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from psycopg import errors, sql

from slotcast.changes import UNCHANGED, Absent
from slotcast.errors import SubscriptionError
from slotcast.fanout.filters import Operator
from slotcast.postgres.expressions import ExpressionError, describe_error, evaluate, given

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import AsyncConnection

    from slotcast.changes import Image
    from slotcast.fanout.filters import Condition
    from slotcast.postgres.expressions import Outcome
    from slotcast.postgres.types import PgType

    Decision: TypeAlias = Callable[[bytes], "bool | None"]
    """Judges a value that is not NULL, before negation; None if PostgreSQL has to be asked."""

_PAIRS_AT_ONCE: Final = 100
"""Most pairs that are judged in one statement."""

# For values that are not NULL; `IS` never gets that far.
_SYMBOLS: Final = {
    Operator.EQ: sql.SQL("="),
    Operator.NEQ: sql.SQL("<>"),
    Operator.LT: sql.SQL("<"),
    Operator.LTE: sql.SQL("<="),
    Operator.GT: sql.SQL(">"),
    Operator.GTE: sql.SQL(">="),
    Operator.IN: sql.SQL("="),
    Operator.LIKE: sql.SQL("~~"),
    Operator.ILIKE: sql.SQL("~~*"),
    Operator.MATCH: sql.SQL("~"),
    Operator.IMATCH: sql.SQL("~*"),
    Operator.ISDISTINCT: sql.SQL("="),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundCondition:
    """
    A condition and what it takes to judge it.

    Attributes:
        condition: As the client wrote it.
        position: The column's place in an image.
        type: The column's type, or what it is over if that is a domain.
        collation: The column's collation, unless it is the database's or there is none.
        decide: Judges a value that is not NULL, before negation.
        texts: The text forms that alone can satisfy it; None if they cannot be listed.
    """

    condition: Condition
    position: int
    type: PgType
    collation: sql.Identifier | None
    decide: Decision
    texts: frozenset[bytes] | None

    def matches(self, image: Image) -> bool | None:
        """Judge one row image; None if PostgreSQL has to be asked."""
        value = image[self.position]
        if isinstance(value, Absent):
            # Only long values are stored out of line, so an unchanged one is not NULL.
            is_null_test = self.condition.operator is Operator.IS
            return value is UNCHANGED and is_null_test and self.condition.is_negated
        if value is None:
            return self._matches_null()
        verdict = self.decide(value)
        return None if verdict is None else verdict is not self.condition.is_negated

    def _matches_null(self) -> bool:
        match self.condition.operator:
            case Operator.IS:
                is_match = self.condition.value in {"null", "unknown"}
            case Operator.ISDISTINCT:
                is_match = True
            case _:
                return False
        return is_match is not self.condition.is_negated

    def sql(self, value: sql.Composable) -> sql.Composable:
        """Write the condition on *value*, which is a text, as SQL."""
        test = comparison(self.condition, self.type, value, self.collation)
        return sql.SQL("(not {})").format(test) if self.condition.is_negated else test


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFilter:
    """
    A subscription's filter on rows of one relation.

    Images must be of that relation. An image's UNCHANGED values should be filled in where
    *positions* says they are needed: a condition on a value that is not there does not
    match.
    """

    conditions: tuple[BoundCondition, ...]

    @property
    def positions(self) -> frozenset[int]:
        """The columns it looks at, by their place in the relation."""
        return frozenset(condition.position for condition in self.conditions)

    def matches(self, image: Image) -> bool | None:
        """
        Judge a row image.

        Returns:
            Whether all conditions hold, or None if PostgreSQL has to be asked (`ask`).
        """
        is_certain = True
        for condition in self.conditions:
            verdict = condition.matches(image)
            if verdict is False:
                return False
            is_certain = is_certain and verdict is not None
        return True if is_certain else None

    def sql(self, image: Image, refer: Callable[[bytes], sql.Composable]) -> sql.Composable:
        """
        Write what `matches` could not decide about *image* as a SQL condition.

        Meaningful after `matches` said None: what it did decide is left out. *refer* writes
        a value as SQL.
        """
        undecided = [
            condition.sql(refer(value))
            for condition in self.conditions
            if condition.matches(image) is None
            and isinstance(value := image[condition.position], bytes)
        ]
        return sql.SQL(" and ").join(undecided or [sql.SQL("true")])

    def equalities(self) -> tuple[int, frozenset[bytes]] | None:
        """
        Find a column that has one of a few values in every row that matches.

        Returns:
            The column's place in the relation and the text forms, of the condition with
            the fewest; None if no condition can be indexed so.
        """
        indexable = [
            (condition.position, condition.texts)
            for condition in self.conditions
            if condition.texts is not None
        ]
        return min(indexable, key=lambda found: len(found[1]), default=None)


async def ask(
    connection: AsyncConnection[Any],
    pairs: Sequence[tuple[RowFilter, Image]],
    *,
    timeout_s: float,
) -> list[bool | SubscriptionError]:
    """
    Let PostgreSQL judge what `RowFilter.matches` could not, in few round trips.

    Args:
        connection: In autocommit mode, with the session settings of the replication
            stream.
        pairs: Filters, and images for which they said None.
        timeout_s: Longest that a client's regular expression may take: a batch that takes
            longer is judged pair by pair.

    Returns:
        For each pair whether the filter matches, or that PostgreSQL could not tell, which
        concerns that subscription alone. The error holds nothing of the image, which its
        subscriber may not be allowed to see.
    """
    timeout = f"{round(timeout_s * 1000)}ms"
    await connection.execute("select set_config('statement_timeout', %s, false)", [timeout])
    verdicts: list[bool | SubscriptionError] = []
    try:
        for first in range(0, len(pairs), _PAIRS_AT_ONCE):
            verdicts += await _ask_together(connection, pairs[first : first + _PAIRS_AT_ONCE])
    finally:
        if not connection.broken:
            await connection.execute("reset statement_timeout")
    return verdicts


async def _ask_together(
    connection: AsyncConnection[Any], pairs: Sequence[tuple[RowFilter, Image]]
) -> list[bool | SubscriptionError]:
    """Judge pairs in one statement, or pair by pair if it takes too long."""
    try:
        return await _judge(connection, pairs)
    except errors.QueryCanceled:
        return await _ask_one_by_one(connection, pairs)


async def _judge(
    connection: AsyncConnection[Any], pairs: Sequence[tuple[RowFilter, Image]]
) -> list[bool | SubscriptionError]:
    """Judge pairs in one statement, which holds each value once: some are large."""
    numbers: dict[bytes, int] = {}

    def refer(value: bytes) -> sql.Composable:
        return given(numbers.setdefault(value, len(numbers) + 1))

    tests = [row_filter.sql(image, refer) for row_filter, image in pairs]
    values = [value.decode("utf-8", "replace") for value in numbers]
    return [_verdict(outcome) for outcome in await evaluate(connection, tests, values)]


async def _ask_one_by_one(
    connection: AsyncConnection[Any], pairs: Sequence[tuple[RowFilter, Image]]
) -> list[bool | SubscriptionError]:
    """Find the filters that take too long; each of them is waited for once."""
    slow: set[int] = set()
    verdicts: list[bool | SubscriptionError] = []
    for pair in pairs:
        row_filter, _ = pair
        if id(row_filter) not in slow:
            try:
                verdicts += await _judge(connection, [pair])
                continue
            except errors.QueryCanceled:
                slow.add(id(row_filter))
        verdicts.append(_cannot_be_judged("57014"))
    return verdicts


def _verdict(outcome: Outcome) -> bool | SubscriptionError:
    if isinstance(outcome, ExpressionError):
        return _cannot_be_judged(outcome.sqlstate)
    return outcome == "true"


def _cannot_be_judged(sqlstate: str) -> SubscriptionError:
    """PostgreSQL's own message may quote the row's value, so it is left out."""
    return SubscriptionError(describe_error(sqlstate, "the filter cannot be evaluated"))


def comparison(
    condition: Condition,
    known: PgType,
    left: sql.Composable,
    collation: sql.Identifier | None = None,
) -> sql.Composable:
    """
    Write ``left operator literal`` in a type's own semantics, before negation.

    Args:
        condition: Of any operator but `IS`.
        known: The column's type, not a domain.
        left: A text, as a literal or another expression, or NULL.
        collation: The column's, where it is not the database's.
    """
    # A pattern stays an untyped literal: `name ~~` takes a text, `bytea ~~` a bytea.
    cast: sql.Composable = sql.SQL("")
    literal: sql.Composable = sql.Literal(condition.value)
    match condition.operator:
        case Operator.LIKE | Operator.ILIKE | Operator.MATCH | Operator.IMATCH:
            pass
        case Operator.IN:
            literal = sql.SQL("any ({}::{}[])").format(literal, known.identifier)
        case _:
            cast = sql.SQL("::{}").format(known.identifier)
    # As in SQL, values are distinct if they are not equal: a type needs an equality for it.
    is_negated = condition.operator is Operator.ISDISTINCT
    return sql.SQL("({}{}::{}{} operator({}.{}) {}{})").format(
        sql.SQL("not " if is_negated else ""),
        left,
        known.identifier,
        sql.SQL(" collate {}").format(collation) if collation else sql.SQL(""),
        sql.Identifier(known.operator_schema),
        _SYMBOLS[condition.operator],
        literal,
        cast,
    )
