"""
Binding filters to a table: is that a column, does the literal fit its type?

PostgreSQL itself checks literals and regular expressions, so that a client reads
PostgreSQL's own words, and tells what the comparison depends on: the literal in its
text form, and the column's collation. It is not asked where that is known already.
"""

from __future__ import annotations

import json
import operator as python_operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from psycopg import errors, sql

from slotcast.errors import SubscriptionError
from slotcast.fanout import comparisons
from slotcast.fanout.filters import Operator, check_columns, invalid
from slotcast.fanout.literals import element_forms, text_form
from slotcast.fanout.row_filters import BoundCondition, RowFilter, comparison
from slotcast.postgres import collations
from slotcast.postgres.collations import NO_COLLATION, Collation
from slotcast.postgres.expressions import ExpressionError, describe_error, evaluate
from slotcast.postgres.types import TypeKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import AsyncConnection

    from slotcast.changes import Relation
    from slotcast.fanout.filters import Condition, Conditions
    from slotcast.fanout.row_filters import Decision
    from slotcast.postgres.expressions import Outcome
    from slotcast.postgres.types import PgType, TypeCatalog

MAXIMUM_IN_COUNT: Final = 100
FILTERS_AT_ONCE: Final = 100
"""Most filters that PostgreSQL is asked about in one statement, whose time is limited."""

_COMPARE: Final = {
    Operator.EQ: python_operator.eq,
    Operator.NEQ: python_operator.ne,
    Operator.ISDISTINCT: python_operator.ne,
    Operator.LT: python_operator.lt,
    Operator.LTE: python_operator.le,
    Operator.GT: python_operator.gt,
    Operator.GTE: python_operator.ge,
}
_ORDERS: Final = frozenset({Operator.LT, Operator.LTE, Operator.GT, Operator.GTE})
_LIKES: Final = frozenset({Operator.LIKE, Operator.ILIKE})
_REGEXES: Final = frozenset({Operator.MATCH, Operator.IMATCH})

_IS_TEXTS: Final = {"null": None, "true": b"t", "false": b"f", "unknown": None}
"""The one value besides NULL that each keyword of ``is`` matches."""

_STRING_CATEGORY: Final = "S"


def bind_here(
    relation: Relation,
    types: TypeCatalog,
    known_collations: Mapping[str, Collation],
    filters: Sequence[Conditions],
) -> list[RowFilter | SubscriptionError | None]:
    """
    Bind filters to a relation as far as that can be done without PostgreSQL.

    Args:
        relation: The table.
        types: Those of its columns that are known.
        known_collations: Those of its columns that are known, by the column's name.
        filters: Any number of subscriptions' conditions.

    Returns:
        As `bind`, with None for each filter that has to be given to it.
    """
    columns = _Columns(relation, types, known_collations)
    return [_bind_here(columns, conditions) for conditions in filters]


async def bind(
    connection: AsyncConnection[Any],
    relation: Relation,
    types: TypeCatalog,
    filters: Sequence[Conditions],
) -> list[RowFilter | SubscriptionError]:
    """
    Bind filters to a relation, checking them with PostgreSQL in few round trips.

    Bind again whenever the relation is another: a column may be gone or have another
    type, which the literal does not fit.

    Args:
        connection: In autocommit mode, with the session settings of the replication
            stream (see `values`).
        relation: The table.
        types: Learns the types of the relation's columns, which is another round trip if
            it does not know them yet.
        filters: Any number of subscriptions' conditions. However many they are, each has
            the whole `statement_timeout` of *connection* if it needs it.

    Returns:
        For each of *filters* its row filter, or why it cannot be served, worded like
        ``ERROR 22P02 (invalid_text_representation) invalid input syntax …``.
    """
    await types.load(connection, (column.type_oid for column in relation.columns))
    columns = _Columns(relation, types, {})
    bound: list[RowFilter | SubscriptionError] = []
    for first in range(0, len(filters), FILTERS_AT_ONCE):
        drafts = [
            _draft(columns, conditions) for conditions in filters[first : first + FILTERS_AT_ONCE]
        ]
        bound += await _bind_drafts(connection, drafts)
    return bound


class _Columns:
    """A relation's columns by name, with what is known of them."""

    def __init__(
        self, relation: Relation, types: TypeCatalog, known_collations: Mapping[str, Collation]
    ) -> None:
        self.relation_oid = relation.oid
        self.positions = {column.name: place for place, column in enumerate(relation.columns)}
        self._relation = relation
        self._types = types
        self._collations = known_collations

    def type(self, name: str) -> PgType | None:
        """Give a column's type, or what it is over if that is a domain; None if not known."""
        return self._types.base(self._relation.columns[self.positions[name]].type_oid)

    def collation(self, name: str, known: PgType) -> Collation | None:
        """Give a column's collation; None if not known."""
        return self._collations.get(name) if known.oid in comparisons.TEXT_OIDS else NO_COLLATION


def _bind_here(columns: _Columns, conditions: Conditions) -> RowFilter | SubscriptionError | None:
    if not all(
        condition.column in columns.positions and columns.type(condition.column)
        for condition in conditions
    ):
        return None
    draft = _draft(columns, conditions)
    if isinstance(draft, SubscriptionError):
        return draft
    bound = tuple(part for part in draft if isinstance(part, BoundCondition))
    return RowFilter(conditions=bound) if len(bound) == len(draft) else None


async def _bind_drafts(
    connection: AsyncConnection[Any], drafts: Sequence[_Drafts | SubscriptionError]
) -> list[RowFilter | SubscriptionError]:
    """Bind together what PostgreSQL can check in the time of one statement, else one by one."""
    questions = [question for draft in drafts for question in _questions(draft)]
    try:
        outcomes = iter(await evaluate(connection, questions))
    except errors.QueryCanceled as error:
        if len(drafts) == 1:
            return [SubscriptionError(describe_error("57014", error.diag.message_primary or ""))]
        return [one for draft in drafts for one in await _bind_drafts(connection, [draft])]
    return [_finish(draft, [next(outcomes) for _ in _questions(draft)]) for draft in drafts]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """
    A condition on a known column, and what PostgreSQL has to be asked about it.

    The questions are the column's collation, whether the comparison works, and, where there
    is a literal of the column's type, its text form.
    """

    condition: Condition
    position: int
    type: PgType
    questions: tuple[sql.Composable, ...]


_Drafts: TypeAlias = "list[_Draft | BoundCondition]"
"""The conditions of a filter; those that PostgreSQL need not be asked about are bound."""


def _draft(columns: _Columns, conditions: Conditions) -> _Drafts | SubscriptionError:
    try:
        check_columns(conditions, None, columns.positions)
        return [_draft_condition(columns, condition) for condition in conditions]
    except SubscriptionError as error:
        return error


def _draft_condition(columns: _Columns, condition: Condition) -> _Draft | BoundCondition:
    known = columns.type(condition.column)
    if known is None:
        raise invalid(f"failed to lookup type for column {condition.column}")
    position = columns.positions[condition.column]
    if condition.operator is Operator.IS:
        _check_is(condition, known)
        return BoundCondition(
            condition=condition,
            position=position,
            type=known,
            collation=None,
            decide=_decide_is(known, _IS_TEXTS[condition.value]),
            texts=None,
        )
    collation = columns.collation(condition.column, known)
    text_forms = None if collation is None else _known_forms(condition, known, collation)
    if collation is not None and text_forms is not None:
        return _compared(condition, position, known, collation, text_forms)
    asked = collations.of_column(columns.relation_oid, condition.column)
    return _Draft(
        condition=condition,
        position=position,
        type=known,
        questions=(asked, *_checks(condition, known)),
    )


def _known_forms(condition: Condition, known: PgType, collation: Collation) -> list[bytes] | None:
    """Give the text forms of a condition's literals; None if PostgreSQL has to be asked."""
    if condition.operator in _LIKES | _REGEXES or not collation.holds_any_text:
        return None
    if condition.operator is Operator.IN:
        forms = element_forms(known.oid, condition.value)
    else:
        form = text_form(known.oid, condition.value)
        forms = None if form is None else [form]
    if forms is None or len(forms) > MAXIMUM_IN_COUNT:
        return None
    return [form.encode() for form in forms]


def _check_is(condition: Condition, known: PgType) -> None:
    if condition.value not in _IS_TEXTS:
        raise invalid("invalid value for is filter: must be null, true, false, or unknown")
    if condition.value != "null" and known.oid != comparisons.BOOL_OID:
        raise invalid(
            f"is {condition.value} filter requires a boolean column, got {known.display_name}"
        )


def _check_pattern(condition: Condition, known: PgType) -> None:
    is_bytea_like = condition.operator is Operator.LIKE and known.oid == comparisons.BYTEA_OID
    if known.category != _STRING_CATEGORY and not is_bytea_like:
        raise invalid(
            f"operator {condition.operator} requires a text-compatible column type, "
            f"got {known.display_name}"
        )
    if condition.operator in _LIKES and comparisons.ends_in_escape(condition.value):
        # PostgreSQL says so only when a value gets as far as the pattern's end.
        raise SubscriptionError(
            describe_error("22025", "LIKE pattern must not end with escape character")
        )


def _checks(condition: Condition, known: PgType) -> tuple[sql.Composable, ...]:
    literal = sql.Literal(condition.value)
    does_compare = comparison(condition, known, sql.SQL("null"))
    if condition.operator in _LIKES | _REGEXES:
        _check_pattern(condition, known)
        # A regular expression is compiled only when there is a value to match.
        return (comparison(condition, known, sql.Literal("")),)
    if condition.operator is Operator.IN:
        if known.kind is TypeKind.ARRAY:
            # PostgreSQL has no arrays of arrays to hold the values.
            raise invalid(f"operator in does not support array columns, got {known.display_name}")
        texts = sql.SQL(
            "select pg_catalog.json_agg(case when element is not null"
            " then pg_catalog.format('%s', element) end)"
            " from pg_catalog.unnest({}::{}[]) as elements (element)"
        ).format(literal, known.identifier)
        return (does_compare, texts)
    text = sql.SQL("pg_catalog.format('%s', {}::{})").format(literal, known.identifier)
    return (does_compare, sql.SQL("pg_catalog.json_build_array({})").format(text))


def _questions(draft: _Drafts | SubscriptionError) -> list[sql.Composable]:
    if isinstance(draft, SubscriptionError):
        return []
    return [question for part in draft if isinstance(part, _Draft) for question in part.questions]


def _finish(
    draft: _Drafts | SubscriptionError, outcomes: Sequence[Outcome]
) -> RowFilter | SubscriptionError:
    if isinstance(draft, SubscriptionError):
        return draft
    answers = iter(outcomes)
    try:
        return RowFilter(
            conditions=tuple(
                _bound(part, [next(answers) for _ in part.questions])
                if isinstance(part, _Draft)
                else part
                for part in draft
            )
        )
    except SubscriptionError as error:
        return error


def _bound(draft: _Draft, outcomes: Sequence[Outcome]) -> BoundCondition:
    """
    Make the bound condition of a draft and the answers to its questions.

    Raises:
        SubscriptionError: An answer is an error.
    """
    described, _, *printed = (_answer(draft.condition, outcome) for outcome in outcomes)
    if described is None:
        # The column is gone since the relation was described.
        raise invalid(f"invalid column for filter {draft.condition.column}")
    return _compared(
        draft.condition,
        draft.position,
        draft.type,
        Collation.from_fields(json.loads(described)),
        _text_forms(printed[0]) if printed else [],
    )


def _compared(
    condition: Condition,
    position: int,
    known: PgType,
    collation: Collation,
    text_forms: Sequence[bytes | None],
) -> BoundCondition:
    """Bind a condition that compares with literals; None is a NULL among those of an ``in``."""
    return BoundCondition(
        condition=condition,
        position=position,
        type=known,
        collation=collation.identifier,
        decide=_decision(condition, known, collation, text_forms),
        texts=_indexable_texts(condition, known, collation, text_forms),
    )


def _answer(condition: Condition, outcome: Outcome) -> str | None:
    if not isinstance(outcome, ExpressionError):
        return outcome
    if condition.operator in _REGEXES:
        raise invalid(
            f"invalid regular expression for {condition.operator} filter: {outcome.message}"
        )
    raise SubscriptionError(str(outcome))


def _text_forms(printed: str | None) -> list[bytes | None]:
    """Read the text forms of literals; None is a NULL among the values of an ``in``."""
    texts: list[str | None] = json.loads(printed) if printed else []
    if len(texts) > MAXIMUM_IN_COUNT:
        raise invalid(f"too many values for `in` filter. Maximum {MAXIMUM_IN_COUNT}")
    return [None if text is None else text.encode() for text in texts]


def _indexable_texts(
    condition: Condition,
    known: PgType,
    collation: Collation,
    literals: Sequence[bytes | None],
) -> frozenset[bytes] | None:
    is_equality = condition.operator in {Operator.EQ, Operator.IN} and not condition.is_negated
    if is_equality and comparisons.is_text_canonical(
        known, is_deterministic=collation.is_deterministic
    ):
        return frozenset(text for text in literals if text is not None)
    return None


def _decision(
    condition: Condition,
    known: PgType,
    collation: Collation,
    literals: Sequence[bytes | None],
) -> Decision:
    """Choose how values are judged: in Python where that is exact."""
    if condition.operator in _REGEXES:
        return _undecided
    if condition.operator in _LIKES:
        return _decide_like(condition, known, collation)
    if condition.operator in _ORDERS:
        key = comparisons.order_key(known, is_bytewise=collation.is_bytewise)
    else:
        key = comparisons.equality_key(known, is_deterministic=collation.is_deterministic)
    if key is None:
        return _undecided
    keys = [found for text in literals if text is not None and (found := key(text)) is not None]
    if len(keys) + literals.count(None) < len(literals):
        return _undecided
    if condition.operator is Operator.IN:
        return _decide_in(key, keys, denies_all=condition.is_negated and None in literals)
    return _decide_comparison(condition.operator, key, keys[0])


def _undecided(_value: bytes) -> bool | None:
    return None


def _decide_is(known: PgType, text: bytes | None) -> Decision:
    """Judge a value that is not NULL; a composite of NULLs alone ``is null`` nevertheless."""

    def decide(value: bytes) -> bool | None:
        return value == text

    def decide_composite(value: bytes) -> bool | None:
        return value.replace(b",", b"") == b"()"

    return decide_composite if known.kind is TypeKind.COMPOSITE else decide


def _decide_comparison(
    operator: Operator, key: comparisons.KeyFunction, literal: comparisons.Key
) -> Decision:
    compare = _COMPARE[operator]

    def decide(value: bytes) -> bool | None:
        found = key(value)
        return None if found is None else bool(compare(found, literal))

    return decide


def _decide_in(
    key: comparisons.KeyFunction, literals: Sequence[comparisons.Key], *, denies_all: bool
) -> Decision:
    """
    Judge membership.

    Args:
        key: Of the column's type.
        literals: The keys of the values that are not NULL.
        denies_all: ``not.in`` with a NULL among the values: it is never true, since any
            value might equal what is unknown.
    """
    members = frozenset(literals)

    def decide(value: bytes) -> bool | None:
        found = key(value)
        return None if found is None else denies_all or found in members

    return decide


def _decide_like(condition: Condition, known: PgType, collation: Collation) -> Decision:
    ignores_case = condition.operator is Operator.ILIKE
    is_exact = (
        known.oid in comparisons.TEXT_OIDS
        and collation.is_deterministic
        and (not ignores_case or (collation.has_plain_case and condition.value.isascii()))
    )
    return comparisons.like(condition.value, ignores_case=ignores_case) if is_exact else _undecided
