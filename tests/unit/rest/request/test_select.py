"""What `select` can say, and what it is told when it cannot."""

from __future__ import annotations

import pytest

from slotcast.rest.errors import RestError
from slotcast.rest.request.ast import (
    Aggregate,
    AllColumns,
    Embed,
    Field,
    Join,
    JsonIndex,
    JsonKey,
    RowCount,
    SelectedField,
    SelectItem,
)
from slotcast.rest.request.scanner import DEPTH_LIMIT
from slotcast.rest.request.select import ITEM_LIMIT, parse_select


def column(name: str) -> SelectedField:
    return SelectedField(Field(name))


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("id", column("id")),
        ("*", AllColumns()),
        ("first name", column("first name")),
        ("field-with_sep", column("field-with_sep")),
        ('"a,b(c).d"', column("a,b(c).d")),
        (r'"say \"hi\" \\ "', column('say "hi" \\ ')),
        ("تست", column("تست")),
        ("الف:ب", SelectedField(Field("ب"), alias="الف")),
        ("id::text", SelectedField(Field("id"), cast="text")),
        (
            "at::timestamp with time zone",
            SelectedField(Field("at"), cast="timestamp with time zone"),
        ),
        ("a:id::text", SelectedField(Field("id"), alias="a", cast="text")),
        ("data->a", SelectedField(Field("data", (JsonKey("a", as_text=False),)))),
        (
            "data->a->>-1",
            SelectedField(
                Field("data", (JsonKey("a", as_text=False), JsonIndex("-1", as_text=True)))
            ),
        ),
        (
            "data->>a-b",
            SelectedField(Field("data", (JsonKey("a-b", as_text=True),))),
        ),
        (
            'data->"a.b,c"::int',
            SelectedField(Field("data", (JsonKey("a.b,c", as_text=False),)), cast="int"),
        ),
        ("data->1a", SelectedField(Field("data", (JsonKey("1a", as_text=False),)))),
        ("count", column("count")),
        ("count()", RowCount()),
        ("n:count()::text", RowCount(alias="n", cast="text")),
        ("price.sum()", SelectedField(Field("price"), aggregate=Aggregate.SUM)),
        (
            "m:price::numeric.avg()::int",
            SelectedField(
                Field("price"),
                alias="m",
                cast="numeric",
                aggregate=Aggregate.AVG,
                aggregate_cast="int",
            ),
        ),
        ("clients()", Embed("clients", ())),
        ("clients(id)", Embed("clients", (column("id"),))),
        ("c:clients(*)", Embed("clients", (AllColumns(),), alias="c")),
        ("clients!inner(id)", Embed("clients", (column("id"),), join=Join.INNER)),
        ("clients!fk(id)", Embed("clients", (column("id"),), hint="fk")),
        (
            "clients!inner!fk(id)",
            Embed("clients", (column("id"),), hint="fk", join=Join.INNER),
        ),
        ("clients!inner_fk(id)", Embed("clients", (column("id"),), hint="inner_fk")),
        ('clients!"left"(id)', Embed("clients", (column("id"),), hint="left")),
        ("...clients(id)", Embed("clients", (column("id"),), is_spread=True)),
        (
            "...clients!left!fk(id)",
            Embed("clients", (column("id"),), hint="fk", join=Join.LEFT, is_spread=True),
        ),
        (
            "a(b(c),d)",
            Embed("a", (Embed("b", (column("c"),)), column("d"))),
        ),
    ],
)
def test_every_kind_of_item_is_understood(text: str, item: SelectItem) -> None:
    assert parse_select(text) == (item,)
    assert parse_select(f" {text},other") == (item, column("other"))


def test_nothing_selects_nothing() -> None:
    assert parse_select("") == ()


@pytest.mark.parametrize(
    ("text", "position", "details"),
    [
        (
            "id,clients(name[])",
            16,
            (
                'unexpected \'[\' expecting letter, digit, "-", "->>", "->", "::",'
                ' ".", ")", "," or end of input'
            ),
        ),
        (
            "a(data->>-1)",
            12,
            'unexpected \')\' expecting digit, "->", "::", ".", "," or end of input',
        ),
        ("data->>--34", 9, 'unexpected "-" expecting digit'),
        ("*!hint", 2, 'unexpected \'!\' expecting ")", "," or end of input'),
        ("name::", 7, "unexpected end of input expecting letter or digit"),
        (
            "data->(a",
            7,
            (
                'unexpected "(" expecting "-", digit or any non reserved character different from:'
                " .,>()"
            ),
        ),
        ("a.sum", 6, 'unexpected end of input expecting "()"'),
        ("a-", 3, 'unexpected end of input expecting ">", letter or digit'),
        ('"a', 3, r'unexpected end of input expecting "\\" or "\""'),
        (
            "clients(id",
            11,
            'unexpected end of input expecting "," or ")"',
        ),
    ],
)
def test_an_error_names_its_column_and_what_would_be_right(
    text: str, position: int, details: str
) -> None:
    with pytest.raises(RestError) as caught:
        parse_select(text)

    body = caught.value.body
    assert caught.value.status == 400
    assert body.code == "PGRST100"
    assert (
        body.message == f'"failed to parse select parameter ({text})" (line 1, column {position})'
    )
    assert body.details == details


@pytest.mark.parametrize(
    "text",
    [
        ",",
        "a,",
        "a:",
        "(a)",
        "a b(",
        "alias:...a(b)",
        "count(a)",
        "a->",
        "a->>",
        "a.median()",
        "a!x!y!z(b)",
        '"a',
        "a(b,c" * (DEPTH_LIMIT + 1),
        "a(" * DEPTH_LIMIT + ")" * DEPTH_LIMIT,
        ",".join(["a"] * (ITEM_LIMIT + 1)),
        "a" + "->b" * 1000,
    ],
)
def test_what_is_no_select_is_refused(text: str) -> None:
    with pytest.raises(RestError, match="failed to parse select parameter"):
        parse_select(text)


def test_embeds_may_be_nested_up_to_the_limit() -> None:
    [item] = parse_select("a(" * (DEPTH_LIMIT - 1) + ")" * (DEPTH_LIMIT - 1))

    depth = 1
    while isinstance(item, Embed) and item.items:
        [item] = item.items
        depth += 1
    assert depth == DEPTH_LIMIT - 1
