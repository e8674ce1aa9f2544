"""Filters and trees of them."""

from __future__ import annotations

import pytest

from slotcast.rest.errors import RestError
from slotcast.rest.request.ast import (
    Comparison,
    Condition,
    Connective,
    Field,
    IsTest,
    IsValue,
    JsonKey,
    LogicFilter,
    LogicTree,
    Membership,
    Operation,
    Operator,
    Quantifier,
    TextSearch,
    TextSearchOperator,
)
from slotcast.rest.request.filters import (
    parse_argument_or_operation,
    parse_logic,
    parse_operation,
)
from slotcast.rest.request.scanner import DEPTH_LIMIT

PLAIN = [(operator.value, operator) for operator in Operator]

QUANTIFIABLE = ["eq", "gte", "gt", "lte", "lt", "like", "ilike", "match", "imatch"]


def eq(column: str, value: str) -> Condition:
    return Condition(Field(column), Comparison(Operator.EQ, value))


@pytest.mark.parametrize(("word", "operator"), PLAIN)
def test_a_comparison_takes_the_rest_of_the_value_as_it_is(word: str, operator: Operator) -> None:
    operation, is_negated = parse_operation(f'{word}."a.b",(c)')

    assert operation == Comparison(operator, '"a.b",(c)')
    assert not is_negated


@pytest.mark.parametrize("word", QUANTIFIABLE)
@pytest.mark.parametrize("quantifier", Quantifier)
def test_some_operators_have_quantifiers(word: str, quantifier: Quantifier) -> None:
    operation, _ = parse_operation(f"{word}({quantifier.value}).{{a,b}}")

    assert operation == Comparison(Operator(word), "{a,b}", quantifier)


@pytest.mark.parametrize(
    ("text", "operation"),
    [
        ("eq.", Comparison(Operator.EQ, "")),
        ("like.*a*", Comparison(Operator.LIKE, "%a%")),
        ("ilike(any).{*a,b}", Comparison(Operator.ILIKE, "{%a,b}", Quantifier.ANY)),
        ("eq.*a*", Comparison(Operator.EQ, "*a*")),
        ("in.(1,2)", Membership(("1", "2"))),
        ('in.("a,b",c"d", e)', Membership(("a,b", 'c"d"', " e"))),
        ('in.("a"b,c)', Membership(('"a"b', "c"))),
        ("in.()", Membership(())),
        ("in.(,)", Membership(("", ""))),
        ('in.("")', Membership(())),
        ("is.null", IsTest(IsValue.NULL)),
        ("is.NULL", IsTest(IsValue.NULL)),
        ("is.not_null", IsTest(IsValue.NOT_NULL)),
        ("is.True", IsTest(IsValue.TRUE)),
        ("is.false", IsTest(IsValue.FALSE)),
        ("is.unknown", IsTest(IsValue.UNKNOWN)),
        ("isdistinct.null", Comparison(Operator.IS_DISTINCT, "null")),
        ("fts.cat", TextSearch(TextSearchOperator.FTS, "cat")),
        ("plfts(english).a cat", TextSearch(TextSearchOperator.PLFTS, "a cat", "english")),
        ("phfts().x", None),
        ("wfts(my config).x", TextSearch(TextSearchOperator.WFTS, "x", "my config")),
    ],
)
def test_the_other_operations(text: str, operation: Operation | None) -> None:
    if operation is None:
        with pytest.raises(RestError):
            parse_operation(text)
        return

    assert parse_operation(text) == (operation, False)
    assert parse_operation(f"not.{text}") == (operation, True)


@pytest.mark.parametrize(
    ("text", "position", "details"),
    [
        ("0", 1, 'unexpected "0" expecting "not" or operator (eq, gt, ...)'),
        ("noop.0", 1, 'unexpected "o" expecting "not" or operator (eq, gt, ...)'),
        ("eq().0", 4, 'unexpected ")" expecting operator (eq, gt, ...)'),
        ("eq", 3, "unexpected end of input expecting operator (eq, gt, ...)"),
        ("not.not.eq.0", 5, 'unexpected "n" expecting operator (eq, gt, ...)'),
        ("in.1,2", 4, 'unexpected "1" expecting "("'),
        ("neq(any).0", 4, 'unexpected "(" expecting operator (eq, gt, ...)'),
        ("eqx.0", 3, 'unexpected "x" expecting operator (eq, gt, ...)'),
        ("not1.0", 4, 'unexpected "1" expecting delimiter (.)'),
        ("is.0", 4, 'unexpected "0" expecting isVal: (null, not_null, true, false, unknown)'),
    ],
)
def test_what_is_no_filter_is_refused(text: str, position: int, details: str) -> None:
    with pytest.raises(RestError) as caught:
        parse_operation(text)

    body = caught.value.body
    assert body.message == f'"failed to parse filter ({text})" (line 1, column {position})'
    assert body.details == details


@pytest.mark.parametrize("text", ["", "hello", "eq", "like(any", "1.5", "{a,b}", "notes"])
def test_a_function_s_argument_is_what_is_no_filter(text: str) -> None:
    assert parse_argument_or_operation(text) is None


@pytest.mark.parametrize("text", ["in.a", "not.a", "is.a"])
def test_an_argument_must_not_begin_like_a_filter(text: str) -> None:
    with pytest.raises(RestError):
        parse_argument_or_operation(text)


@pytest.mark.parametrize(
    ("key", "text", "path", "tree"),
    [
        ("or", "(a.eq.1)", (), LogicTree(Connective.OR, (eq("a", "1"),))),
        (
            "and",
            "( a.eq.1 , b.eq.2 )",
            (),
            LogicTree(Connective.AND, (eq("a", "1 "), eq("b", "2 "))),
        ),
        ("not.or", "(a.eq.1)", (), LogicTree(Connective.OR, (eq("a", "1"),), is_negated=True)),
        ("x.y.or", "(a.eq.1)", ("x", "y"), LogicTree(Connective.OR, (eq("a", "1"),))),
        (
            "x.not.and",
            "(a.eq.1)",
            ("x",),
            LogicTree(Connective.AND, (eq("a", "1"),), is_negated=True),
        ),
        (
            "or",
            "(a.eq.1,not.and(b.eq.2,or(c.eq.3)))",
            (),
            LogicTree(
                Connective.OR,
                (
                    eq("a", "1"),
                    LogicTree(
                        Connective.AND,
                        (eq("b", "2"), LogicTree(Connective.OR, (eq("c", "3"),))),
                        is_negated=True,
                    ),
                ),
            ),
        ),
        (
            "or",
            '(a.eq."x,(y)",b.not.in.(1,"2,"),c.cs.{1,2},d->>e.eq.f)',
            (),
            LogicTree(
                Connective.OR,
                (
                    eq("a", "x,(y)"),
                    Condition(Field("b"), Membership(("1", "2,")), is_negated=True),
                    Condition(Field("c"), Comparison(Operator.CONTAINS, "{1,2}")),
                    Condition(
                        Field("d", (JsonKey("e", as_text=True),)), Comparison(Operator.EQ, "f")
                    ),
                ),
            ),
        ),
        ("or", "(and.eq.1)", (), LogicTree(Connective.OR, (eq("and", "1"),))),
    ],
)
def test_trees_of_conditions(key: str, text: str, path: tuple[str, ...], tree: LogicTree) -> None:
    assert parse_logic(key, text) == LogicFilter(path, tree)


@pytest.mark.parametrize(
    ("text", "position", "details"),
    [
        (
            "()",
            4,
            (
                'unexpected ")" expecting field name (* or [a..z0..9_$]), negation operator (not)'
                " or logic operator (and, or)"
            ),
        ),
        ("(id.in.1,2,id.eq.3)", 10, 'unexpected "1" expecting "("'),
        (")(", 3, 'unexpected ")" expecting "("'),
    ],
)
def test_what_is_no_tree_is_refused(text: str, position: int, details: str) -> None:
    with pytest.raises(RestError) as caught:
        parse_logic("or", text)

    body = caught.value.body
    assert body.message == f'"failed to parse logic tree ({text})" (line 1, column {position})'
    assert body.details == details


def test_conditions_may_be_nested_up_to_the_limit() -> None:
    deepest = "(" + "and(" * (DEPTH_LIMIT - 1) + "a.eq.1" + ")" * DEPTH_LIMIT
    too_deep = "(" + "and(" * DEPTH_LIMIT + "a.eq.1" + ")" * (DEPTH_LIMIT + 1)

    parse_logic("or", deepest)
    with pytest.raises(RestError, match="failed to parse logic tree"):
        parse_logic("or", too_deep)


def test_elements_are_quoted_in_an_array_literal() -> None:
    assert Membership(("a", 'b"c', "d\\e", "f,g", "", "NULL")).array_literal() == (
        '{"a","b\\"c","d\\\\e","f,g","","NULL"}'
    )
    assert Membership(()).array_literal() == "{}"
