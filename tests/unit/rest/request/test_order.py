"""The order of rows."""

from __future__ import annotations

import pytest

from slotcast.rest.errors import RestError
from slotcast.rest.request.ast import Direction, Field, JsonIndex, JsonKey, Nulls, OrderTerm
from slotcast.rest.request.order import TERM_LIMIT, parse_order


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("a", OrderTerm(Field("a"))),
        ("a.asc", OrderTerm(Field("a"), direction=Direction.ASC)),
        ("a.desc", OrderTerm(Field("a"), direction=Direction.DESC)),
        ("a.nullsfirst", OrderTerm(Field("a"), nulls=Nulls.FIRST)),
        (
            "a.desc.nullslast",
            OrderTerm(Field("a"), direction=Direction.DESC, nulls=Nulls.LAST),
        ),
        (
            "data->0.desc",
            OrderTerm(Field("data", (JsonIndex("0", as_text=False),)), direction=Direction.DESC),
        ),
        ("c(a)", OrderTerm(Field("a"), embed="c")),
        (
            "c(a->>b).desc",
            OrderTerm(
                Field("a", (JsonKey("b", as_text=True),)), embed="c", direction=Direction.DESC
            ),
        ),
        ('"a.desc"', OrderTerm(Field("a.desc"))),
    ],
)
def test_every_kind_of_term_is_understood(text: str, term: OrderTerm) -> None:
    assert parse_order(text) == (term,)
    assert parse_order(f" {text},other") == (term, OrderTerm(Field("other")))


@pytest.mark.parametrize(
    ("text", "position", "details"),
    [
        ("id.asc.nullslasttt", 17, "unexpected 't' expecting \",\" or end of input"),
        ("id.nullslasttt", 13, "unexpected 't' expecting \",\" or end of input"),
        ("id.descc", 8, "unexpected 'c' expecting delimiter (.), \",\" or end of input"),
        (
            "id.smth34",
            4,
            'unexpected "s" expecting "asc", "desc", "nullsfirst" or "nullslast"',
        ),
    ],
)
def test_what_is_no_order_is_refused(text: str, position: int, details: str) -> None:
    with pytest.raises(RestError) as caught:
        parse_order(text)

    body = caught.value.body
    assert body.message == f'"failed to parse order ({text})" (line 1, column {position})'
    assert body.details == details


@pytest.mark.parametrize(
    "text", ["", ",a", "a,", "c(a,b)", "c(a", "a.asc.desc", ",".join(["a"] * (TERM_LIMIT + 1))]
)
def test_incomplete_orders_are_refused(text: str) -> None:
    with pytest.raises(RestError, match="failed to parse order"):
        parse_order(text)
