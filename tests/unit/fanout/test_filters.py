from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slotcast.errors import SubscriptionError
from slotcast.fanout.filters import (
    Condition,
    Operator,
    check_columns,
    describe,
    inspect,
    parse_filter,
    parse_select,
    parse_xid,
)

if TYPE_CHECKING:
    from slotcast.claims import JsonValue


def condition(column: str, operator: str, value: str, *, negated: bool = False) -> Condition:
    return Condition(column=column, operator=Operator(operator), value=value, is_negated=negated)


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_blank_filter_is_no_filter(text: str) -> None:
    assert parse_filter(text) == ()


@pytest.mark.parametrize("operator", list(Operator))
def test_every_operator_is_read_plain_and_negated(operator: Operator) -> None:
    value = "(1,2)" if operator is Operator.IN else "1"
    stored = "{1,2}" if operator is Operator.IN else "1"

    assert parse_filter(f"a={operator}.{value}") == (condition("a", operator, stored),)
    assert parse_filter(f"a=not.{operator}.{value}") == (
        condition("a", operator, stored, negated=True),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=eq.1,b=gt.2", [("a", "eq", "1"), ("b", "gt", "2")]),
        (" a=eq.1 , b=gt.2 ", [("a", "eq", "1"), ("b", "gt", "2")]),
        ("a=eq.", [("a", "eq", "")]),
        ("a=eq.b=c.d", [("a", "eq", "b=c.d")]),
        ("a=in.(1,2),b=eq.3", [("a", "in", "{1,2}"), ("b", "eq", "3")]),
        ('a=in.("x,y",z)', [("a", "in", '{"x,y",z}')]),
        ('a=in.(")",z),b=eq.1', [("a", "in", '{")",z}'), ("b", "eq", "1")]),
        ("a=eq.(x,y)", [("a", "eq", "(x,y)")]),
        ("a=eq.x),b=eq.1", [("a", "eq", "x)"), ("b", "eq", "1")]),
        ('a=eq."x,y"', [("a", "eq", "x,y")]),
        (r'a=eq."x\"y\\z"', [("a", "eq", r'x"y\z')]),
        (r'a=eq."x\",b=eq.1"', [("a", "eq", 'x",b=eq.1')]),
        ('a=eq."x"y', [("a", "eq", '"x"y')]),
        ('a=like.5"%,b=eq.1', [("a", "like", '5"%'), ("b", "eq", "1")]),
        ('"a=eq.1,b=eq.2', [('"a', "eq", "1"), ("b", "eq", "2")]),
        ('a=in.(x,"y),z"),b=eq.1', [("a", "in", '{x,"y),z"}'), ("b", "eq", "1")]),
    ],
)
def test_commas_part_conditions_only_outside_parentheses_and_quotes(
    text: str, expected: list[tuple[str, str, str]]
) -> None:
    assert parse_filter(text) == tuple(condition(*parts) for parts in expected)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("wrong", '["wrong"]'),
        ("undefined", '["undefined"]'),
        ("a=eq", '["eq"]'),
        ("a=foo.1", '["foo", "1"]'),
        ("a=not.foo.1", '["foo", "1"]'),
        ("a=EQ.1", '["EQ", "1"]'),
        ('a=foo."1"', r'["foo", "\"1\""]'),
        ("n=in.1,2", "`in` filter value must be wrapped by parentheses"),
        ("n=in.(", "`in` filter value must be wrapped by parentheses"),
        ("n=in.", "`in` filter value must be wrapped by parentheses"),
        (
            "a=eq.x,,n=gt.1",
            "filter must not contain empty segments (check for extra commas)",
        ),
        ("a=eq.x,", "filter must not contain empty segments (check for extra commas)"),
        (",", "filter must not contain empty segments (check for extra commas)"),
    ],
)
def test_malformed_filter_is_refused_in_the_words_clients_compare(text: str, reason: str) -> None:
    with pytest.raises(SubscriptionError) as refusal:
        parse_filter(text)

    assert str(refusal.value) == f"Error parsing `filter` params: {reason}"


@pytest.mark.parametrize(
    ("text", "shown"), [("a=eq.\0", "0x00"), ("a=eq.\ud800", "0xed 0xa0 0x80")]
)
def test_text_that_postgresql_cannot_hold_is_refused(text: str, shown: str) -> None:
    with pytest.raises(SubscriptionError) as refusal:
        parse_filter(text)

    assert str(refusal.value) == (
        'ERROR 22021 (character_not_in_repertoire) invalid byte sequence for encoding "UTF8": '
        + shown
    )


def test_select_lists_columns() -> None:
    assert parse_select(["id", "starts_at"], schema="public", table="t") == ("id", "starts_at")
    assert parse_select([], schema="public", table="t") == ()
    assert parse_select(["id", None, 3], schema="public", table="t") == ("id",)


@pytest.mark.parametrize("value", [None, 3, {"a": 1}])
def test_select_that_is_neither_list_nor_text_selects_everything(value: JsonValue) -> None:
    assert parse_select(value, schema="*", table="*") is None


def test_select_as_text_is_refused() -> None:
    with pytest.raises(SubscriptionError) as refusal:
        parse_select("id,name", schema="public", table="t")

    assert str(refusal.value) == (
        "Error parsing `select` params: expected a list of column name strings, "
        'e.g. select: ["col1", "col2"]'
    )


@pytest.mark.parametrize(("schema", "table"), [("*", "t"), ("public", "*"), ("*", "*")])
def test_select_on_a_wildcard_is_refused(schema: str, table: str) -> None:
    with pytest.raises(SubscriptionError) as refusal:
        parse_select(["id"], schema=schema, table=table)

    assert str(refusal.value) == (
        "Column selection is not supported for wildcard subscriptions. "
        "Provide an explicit schema and table name."
    )


@pytest.mark.parametrize(("value", "expected"), [(True, True), (False, False), (None, False)])
def test_xid_is_a_switch(value: JsonValue, *, expected: bool) -> None:
    assert parse_xid(value) is expected


@pytest.mark.parametrize("value", ["yes", "true", 1, 0, [], {}])
def test_xid_that_is_no_switch_is_refused(value: JsonValue) -> None:
    with pytest.raises(SubscriptionError) as refusal:
        parse_xid(value)

    assert str(refusal.value) == "Error parsing `xid` params: expected a boolean, e.g. xid: true"


def test_column_that_may_not_be_selected_is_refused() -> None:
    conditions = parse_filter("id=eq.1,zz=eq.1")

    check_columns(conditions, ["id"], {"id", "zz"})
    with pytest.raises(SubscriptionError) as filter_refusal:
        check_columns(conditions, None, {"id"})
    with pytest.raises(SubscriptionError) as select_refusal:
        check_columns((), ["id", "nocol"], {"id"})

    assert str(filter_refusal.value) == "ERROR P0001 (raise_exception) invalid column for filter zz"
    assert (
        str(select_refusal.value) == "ERROR P0001 (raise_exception) invalid column for select nocol"
    )


def test_conditions_are_described_in_elixir_notation() -> None:
    assert describe(()) == "[]"
    assert (
        describe(parse_filter("zz=eq.1,n=not.in.(1,2)"))
        == '[{"zz", "eq", "1", false}, {"n", "in", "{1,2}", true}]'
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 漢", '"plain é 漢"'),
        ('a"b\\c', r'"a\"b\\c"'),
        ("a\nb\tc\x1b", r'"a\nb\tc\e"'),
        ("#{x} #", r'"\#{x} #"'),
        ("a\x01", "<<97, 1>>"),
    ],
)
def test_strings_are_inspected_as_elixir_does(text: str, shown: str) -> None:
    assert inspect(text) == shown


def test_a_filter_has_a_bounded_number_of_conditions() -> None:
    assert len(parse_filter(",".join(["n=gt.1"] * 100))) == 100
    with pytest.raises(SubscriptionError, match="at most 100 conditions"):
        parse_filter(",".join(["n=gt.1"] * 101))
