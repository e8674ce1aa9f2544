"""
Binding filters to a table: is that a column, does the literal fit its type?

PostgreSQL itself checks every literal and regular expression, so that a client reads
PostgreSQL's own words, and tells what the comparison depends on: the literal in its
text form, and the column's collation.
"""

from __future__ import annotations

import json
import operator as python_operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from psycopg import errors, sql

from slotcast.errors import SubscriptionError
from slotcast.fanout import comparisons
from slotcast.fanout.filters import Operator, check_columns, invalid
from slotcast.fanout.row_filters import BoundCondition, RowFilter, comparison
from slotcast.postgres.expressions import ExpressionError, describe_error, evaluate
from slotcast.postgres.types import TypeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

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

# The locales of which it is known that ASCII letters fold to ASCII letters: in Turkish,
# among others, they do not.
_PLAIN_CASE_LOCALES: Final = ("C", "POSIX", "PG_UNICODE_FAST", "en", "und")

_BYTEWISE_LOCALES: Final = frozenset({"C", "POSIX"})

# A collation that says "default" is described by the database. Versions name the columns
# differently, so both rows are read as JSON.
_COLLATION: Final = sql.SQL("""
    select pg_catalog.json_build_object(
        'schema', namespace.nspname,
        'name', used.collname,
        'is_default', coalesce(used.collprovider = 'd', false),
        'is_deterministic', coalesce(used.collisdeterministic, true),
        'provider', case used.collprovider
            when 'd' then coalesce(database.row ->> 'datlocprovider', 'c')
            else used.collprovider::pg_catalog.text
        end,
        'locale', case used.collprovider
            when 'd' then coalesce(
                database.row ->> 'datlocale', database.row ->> 'daticulocale',
                database.row ->> 'datcollate')
            else coalesce(
                collation_row.row ->> 'colllocale', collation_row.row ->> 'colliculocale',
                used.collcollate)
        end,
        'ctype', case used.collprovider
            when 'd' then database.row ->> 'datctype'
            else used.collctype
        end,
        'is_utf8', pg_catalog.getdatabaseencoding() = 'UTF8'
    )
    from pg_catalog.pg_attribute as attribute
    cross join (
        select pg_catalog.to_jsonb(self) as row
        from pg_catalog.pg_database as self
        where self.datname = pg_catalog.current_database()
    ) as database
    left join pg_catalog.pg_collation as used on used.oid = attribute.attcollation
    left join pg_catalog.pg_namespace as namespace on namespace.oid = used.collnamespace
    cross join lateral (select pg_catalog.to_jsonb(used) as row) as collation_row
    where attribute.attrelid = {relation}
        and attribute.attname = {column}
        and not attribute.attisdropped
""")


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
    bound: list[RowFilter | SubscriptionError] = []
    for first in range(0, len(filters), FILTERS_AT_ONCE):
        drafts = [
            _draft(conditions, relation, types)
            for conditions in filters[first : first + FILTERS_AT_ONCE]
        ]
        bound += await _bind_drafts(connection, drafts)
    return bound


async def _bind_drafts(
    connection: AsyncConnection[Any], drafts: Sequence[list[_Draft] | SubscriptionError]
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

    The questions are none for `IS`; otherwise the column's collation, whether the
    comparison works, and, where there is a literal of the column's type, its text form.
    """

    condition: Condition
    position: int
    type: PgType
    questions: tuple[sql.Composable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Collation:
    """
    What of a column's collation matters to comparisons.

    Attributes:
        identifier: Its name, or None for the database's own and for types without one.
        is_deterministic: Whether it tells any two different texts apart.
        is_bytewise: Whether it orders by bytes.
        has_plain_case: Whether ASCII letters fold to ASCII letters.
    """

    identifier: sql.Identifier | None
    is_deterministic: bool
    is_bytewise: bool
    has_plain_case: bool

    @classmethod
    def from_json(cls, text: str) -> _Collation:
        row = json.loads(text)
        # 'b' is the built-in provider: all its locales order by code point.
        is_builtin = row["provider"] == "b"
        is_c = row["provider"] == "c" and row["locale"] in _BYTEWISE_LOCALES
        locales = [locale for locale in (row["locale"], row["ctype"]) if locale is not None]
        is_named = row["name"] is not None and not row["is_default"]
        return cls(
            identifier=sql.Identifier(row["schema"], row["name"]) if is_named else None,
            is_deterministic=row["is_deterministic"],
            # Our bytes are UTF-8, PostgreSQL's are in the database's encoding.
            is_bytewise=row["is_utf8"] and (is_builtin or is_c),
            has_plain_case=all(locale.startswith(_PLAIN_CASE_LOCALES) for locale in locales),
        )


def _draft(
    conditions: Conditions, relation: Relation, types: TypeCatalog
) -> list[_Draft] | SubscriptionError:
    positions = {column.name: place for place, column in enumerate(relation.columns)}
    try:
        check_columns(conditions, None, positions)
        return [
            _draft_condition(condition, positions[condition.column], relation, types)
            for condition in conditions
        ]
    except SubscriptionError as error:
        return error


def _draft_condition(
    condition: Condition, position: int, relation: Relation, types: TypeCatalog
) -> _Draft:
    known = types.base(relation.columns[position].type_oid)
    if known is None:
        raise invalid(f"failed to lookup type for column {condition.column}")
    questions: tuple[sql.Composable, ...] = ()
    if condition.operator is Operator.IS:
        _check_is(condition, known)
    else:
        collation = _COLLATION.format(
            relation=sql.Literal(relation.oid), column=sql.Literal(condition.column)
        )
        questions = (collation, *_checks(condition, known))
    return _Draft(condition=condition, position=position, type=known, questions=questions)


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


def _questions(draft: list[_Draft] | SubscriptionError) -> list[sql.Composable]:
    if isinstance(draft, SubscriptionError):
        return []
    return [question for condition in draft for question in condition.questions]


def _finish(
    draft: list[_Draft] | SubscriptionError, outcomes: Sequence[Outcome]
) -> RowFilter | SubscriptionError:
    if isinstance(draft, SubscriptionError):
        return draft
    answers = iter(outcomes)
    try:
        return RowFilter(
            conditions=tuple(
                _bound(condition, [next(answers) for _ in condition.questions])
                for condition in draft
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
    condition, known = draft.condition, draft.type
    if condition.operator is Operator.IS:
        return BoundCondition(
            condition=condition,
            position=draft.position,
            type=known,
            collation=None,
            decide=_decide_is(known, _IS_TEXTS[condition.value]),
            texts=None,
        )
    collation_json, _, *printed = (_answer(condition, outcome) for outcome in outcomes)
    if collation_json is None:
        # The column is gone since the relation was described.
        raise invalid(f"invalid column for filter {condition.column}")
    collation = _Collation.from_json(collation_json)
    literals = _literals(printed[0]) if printed else []
    return BoundCondition(
        condition=condition,
        position=draft.position,
        type=known,
        collation=collation.identifier,
        decide=_decision(condition, known, collation, literals),
        texts=_indexable_texts(condition, known, collation, literals),
    )


def _answer(condition: Condition, outcome: Outcome) -> str | None:
    if not isinstance(outcome, ExpressionError):
        return outcome
    if condition.operator in _REGEXES:
        raise invalid(
            f"invalid regular expression for {condition.operator} filter: {outcome.message}"
        )
    raise SubscriptionError(str(outcome))


def _literals(printed: str | None) -> list[bytes | None]:
    """Read the text forms of literals; None is a NULL among the values of an ``in``."""
    texts: list[str | None] = json.loads(printed) if printed else []
    if len(texts) > MAXIMUM_IN_COUNT:
        raise invalid(f"too many values for `in` filter. Maximum {MAXIMUM_IN_COUNT}")
    return [None if text is None else text.encode() for text in texts]


def _indexable_texts(
    condition: Condition,
    known: PgType,
    collation: _Collation,
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
    collation: _Collation,
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


def _decide_like(condition: Condition, known: PgType, collation: _Collation) -> Decision:
    ignores_case = condition.operator is Operator.ILIKE
    is_exact = (
        known.oid in comparisons.TEXT_OIDS
        and collation.is_deterministic
        and (not ignores_case or (collation.has_plain_case and condition.value.isascii()))
    )
    return comparisons.like(condition.value, ignores_case=ignores_case) if is_exact else _undecided
