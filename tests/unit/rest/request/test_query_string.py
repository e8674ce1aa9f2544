"""Which parameter is what."""

from __future__ import annotations

import pytest

from slotcast.rest.errors import RestError
from slotcast.rest.request.ast import (
    AllColumns,
    Comparison,
    Condition,
    EmbedRange,
    Field,
    Filter,
    JsonKey,
    Operator,
    Order,
    OrderTerm,
    Query,
    Range,
    SelectedField,
)
from slotcast.rest.request.query_string import (
    LENGTH_LIMIT_BYTES,
    PARAMETER_LIMIT,
    parse_query,
)


def eq(path: tuple[str, ...], column: Field, value: str) -> Filter:
    return Filter(path, Condition(column, Comparison(Operator.EQ, value)))


def test_nothing_asks_for_everything() -> None:
    assert parse_query(b"") == Query()
    assert parse_query(b"&&").select == (AllColumns(),)


def test_every_kind_of_parameter_has_its_place() -> None:
    query = parse_query(
        b"select=id&id=eq.1&c.name=eq.2&c.d->>e=eq.3&order=id&c.order=name&limit=3&offset=4"
        b"&c.limit=5&c.d.offset=6&or=(a.eq.1)&columns=b,a,b&on_conflict=b,a"
    )

    assert query.select == (SelectedField(Field("id")),)
    assert query.filters == (
        eq((), Field("id"), "1"),
        eq(("c",), Field("name"), "2"),
        eq(("c",), Field("d", (JsonKey("e", as_text=True),)), "3"),
    )
    assert query.orders == (
        Order((), (OrderTerm(Field("id")),)),
        Order(("c",), (OrderTerm(Field("name")),)),
    )
    assert query.range == Range(4, 3)
    assert query.embed_ranges == (
        EmbedRange(("c",), Range(0, 5)),
        EmbedRange(("c", "d"), Range(6, None)),
    )
    assert len(query.logic) == 1
    assert query.columns == ("a", "b")
    assert query.on_conflict == ("b", "a")
    assert query.arguments == ()


def test_filters_add_up_and_of_select_the_first_counts() -> None:
    query = parse_query(b"select=a&select=b&id=eq.1&id=eq.2")

    assert query.select == (SelectedField(Field("a")),)
    assert len(query.filters) == 2


def test_a_parameter_without_a_value_is_none() -> None:
    assert parse_query(b"id&select&limit") == Query(canonical="id=&limit=&select=")


def test_names_and_values_are_decoded() -> None:
    assert parse_query(b"%D8%AA=eq.a+b%2Bc").filters == (eq((), Field("ت"), "a b+c"),)


def test_the_arguments_of_a_function_are_what_is_no_filter() -> None:
    query = parse_query(b"a=1&b=eq.2&a=x.y&c=&select=id&limit=1", has_arguments=True)

    assert query.arguments == (("a", "1"), ("a", "x.y"), ("c", ""))
    assert query.filters == (eq((), Field("b"), "2"),)
    assert query.range == Range(0, 1)


@pytest.mark.parametrize("text", ["", "x", "1.5", "0x10", "1e3", "--1", "9" * 30])
def test_a_limit_that_is_no_number_does_not_count(text: str) -> None:
    assert parse_query(f"limit={text}".encode()).range == Range()


def test_parameters_are_put_in_order_for_content_location() -> None:
    assert parse_query(b"select=*&id=lt.3&a=eq.%C3%A9&id=gt.1&b").canonical == (
        "a=eq.%C3%A9&b=&id=lt.3,gt.1&select=%2A"
    )


@pytest.mark.parametrize("text", [b"a=eq.%00", b"%00=eq.1", b"a=eq.%ff", b"%c3=eq.1"])
def test_what_is_no_text_to_postgresql_is_refused(text: bytes) -> None:
    with pytest.raises(RestError) as caught:
        parse_query(text)

    assert caught.value.status == 400
    assert caught.value.body.code == "22021"


@pytest.mark.parametrize(
    "text",
    [
        b"a=eq." + b"x" * LENGTH_LIMIT_BYTES,
        b"&".join([b"a=eq.1"] * (PARAMETER_LIMIT + 1)),
    ],
)
def test_too_much_is_refused(text: bytes) -> None:
    with pytest.raises(RestError) as caught:
        parse_query(text)

    assert caught.value.status == 400
    assert caught.value.body.code == "PGRST100"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"!=eq.1", "tree path"),
        (b"a.=eq.1", "tree path"),
        (b"a->=eq.1", "tree path"),
        (b".limit=1", "tree path"),
        (b"a!.order=b", "tree path"),
        (b"a,.or=(a.eq.1)", "logic path"),
        (b"columns=", "columns parameter"),
        (b"on_conflict=a,", "on_conflict parameter"),
    ],
)
def test_an_error_says_which_part_it_is_about(text: bytes, what: str) -> None:
    with pytest.raises(RestError, match=f"failed to parse {what}"):
        parse_query(text)
