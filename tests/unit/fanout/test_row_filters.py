from __future__ import annotations

import pytest
from psycopg import sql

from slotcast.changes import UNCHANGED, UNKNOWN, Image, Value
from slotcast.fanout.filters import Condition, Operator
from slotcast.fanout.row_filters import BoundCondition, RowFilter
from slotcast.postgres.types import PgType, TypeKind

TEXT = PgType(
    oid=25,
    schema="pg_catalog",
    name="text",
    display_name="text",
    kind=TypeKind.BASE,
    category="S",
)


def bound(
    operator: str,
    value: str,
    verdict: bool | None,
    *,
    position: int = 0,
    negated: bool = False,
    texts: frozenset[bytes] | None = None,
) -> BoundCondition:
    """A condition that judges every value the same."""

    def decide(_value: bytes) -> bool | None:
        return verdict

    condition = Condition(
        column=f"c{position}", operator=Operator(operator), value=value, is_negated=negated
    )
    return BoundCondition(
        condition=condition,
        position=position,
        type=TEXT,
        collation=None,
        decide=decide,
        texts=texts,
    )


def judge(condition: BoundCondition, value: Value) -> bool | None:
    return RowFilter(conditions=(condition,)).matches((value,))


def test_no_condition_lets_every_row_through() -> None:
    assert RowFilter(conditions=()).matches((None, UNKNOWN)) is True


@pytest.mark.parametrize(
    ("verdict", "negated", "expected"),
    [
        (True, False, True),
        (False, False, False),
        (None, False, None),
        (True, True, False),
        (False, True, True),
        (None, True, None),
    ],
)
def test_negation_turns_a_verdict_unless_it_is_unknown(
    verdict: bool | None, negated: bool, expected: bool | None
) -> None:
    assert judge(bound("eq", "x", verdict, negated=negated), b"v") is expected


@pytest.mark.parametrize("negated", [False, True])
@pytest.mark.parametrize("operator", sorted(set(Operator) - {Operator.IS, Operator.ISDISTINCT}))
def test_null_matches_neither_a_condition_nor_its_negation(operator: str, negated: bool) -> None:
    assert judge(bound(operator, "x", True, negated=negated), None) is False


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("is", "null", True),
        ("is", "unknown", True),
        ("is", "true", False),
        ("is", "false", False),
        ("isdistinct", "x", True),
    ],
)
def test_null_is_seen_by_is_and_isdistinct(operator: str, value: str, expected: bool) -> None:
    assert judge(bound(operator, value, False), None) is expected
    assert judge(bound(operator, value, False, negated=True), None) is not expected


@pytest.mark.parametrize("negated", [False, True])
@pytest.mark.parametrize("operator", sorted(Operator))
def test_value_that_was_not_logged_never_matches(operator: str, negated: bool) -> None:
    assert judge(bound(operator, "null", True, negated=negated), UNKNOWN) is False


def test_unchanged_value_is_known_not_to_be_null_and_nothing_else() -> None:
    assert judge(bound("is", "null", False), UNCHANGED) is False
    assert judge(bound("is", "null", False, negated=True), UNCHANGED) is True
    assert judge(bound("eq", "x", True), UNCHANGED) is False
    assert judge(bound("neq", "x", True, negated=True), UNCHANGED) is False


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((True, True), True),
        ((True, False), False),
        ((None, False), False),
        ((False, None), False),
        ((None, True), None),
        ((True, None), None),
    ],
)
def test_all_conditions_have_to_hold(
    verdicts: tuple[bool | None, bool | None], expected: bool | None
) -> None:
    first, second = verdicts
    row_filter = RowFilter(
        conditions=(bound("eq", "x", first), bound("eq", "y", second, position=1))
    )

    assert row_filter.matches((b"1", b"2")) is expected


def test_sql_holds_only_what_is_undecided() -> None:
    row_filter = RowFilter(
        conditions=(
            bound("eq", "decided", True),
            bound("match", "it's", None, position=1, negated=True),
        )
    )
    image: Image = (b"1", b"o'clock")

    def refer(value: bytes) -> sql.Composable:
        return sql.Literal(value.decode())

    assert row_filter.sql(image, refer).as_string() == (
        """(not ('o''clock'::"pg_catalog"."text" operator("pg_catalog".~) 'it''s'))"""
    )


def test_equalities_are_those_of_the_most_selective_condition() -> None:
    many = frozenset({b"1", b"2", b"3"})
    few = frozenset({b"x"})
    row_filter = RowFilter(
        conditions=(
            bound("in", "{1,2,3}", True, texts=many),
            bound("gt", "0", True, position=1),
            bound("eq", "x", True, position=2, texts=few),
        )
    )

    assert row_filter.equalities() == (2, few)
    assert row_filter.positions == {0, 1, 2}
    assert RowFilter(conditions=(bound("gt", "0", True),)).equalities() is None
