"""Converters, on values printed the way PostgreSQL's output functions print them."""

from __future__ import annotations

import json
from typing import Final, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotcast.fanout.values import converter
from slotcast.postgres.types import PgType, TypeCatalog, TypeKind

Nested: TypeAlias = "str | list[Nested] | None"

TEXT, TEXT_ARRAY, RECORD, RECORD_ARRAY, OUTER = 25, 1009, 90001, 90002, 90003

TYPES: Final = TypeCatalog(
    PgType(
        oid=oid,
        schema="s",
        name="t",
        display_name="t",
        kind=kind,
        category="U",
        element_oid=element_oid,
        attributes=attributes,
    )
    for oid, kind, element_oid, attributes in [
        (TEXT_ARRAY, TypeKind.ARRAY, TEXT, ()),
        (RECORD, TypeKind.COMPOSITE, 0, (("a", TEXT), ('b"', TEXT_ARRAY))),
        (RECORD_ARRAY, TypeKind.ARRAY, RECORD, ()),
        (OUTER, TypeKind.COMPOSITE, 0, (("records", RECORD_ARRAY), ("record", RECORD))),
    ]
)

# What PostgreSQL can hold: no NUL, no half of a surrogate pair.
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.text(st.one_of(st.sampled_from('{}()",;\\ \n\tNULnul[]=:01'), characters), max_size=12)
values = st.none() | texts
records = st.tuples(values, st.none() | st.lists(values, max_size=3))


def print_array(elements: list[Nested]) -> str:
    """As `array_out` prints."""

    def item(value: Nested) -> str:
        match value:
            case None:
                return "NULL"
            case list():
                return print_array(value)
            case str():
                needs_quotes = (
                    value == ""
                    or value.upper() == "NULL"
                    or any(c in '"\\{},; \t\n\r\v\f' for c in value)
                )
                escaped = value.replace("\\", "\\\\").replace('"', '\\"')
                return f'"{escaped}"' if needs_quotes else value

    return "{" + ",".join(map(item, elements)) + "}"


def print_record(fields: tuple[str | None, ...]) -> str:
    """As `record_out` prints."""

    def item(value: str | None) -> str:
        if value is None:
            return ""
        needs_quotes = value == "" or any(c in '"\\(), \t\n\r\v\f' for c in value)
        escaped = value.replace("\\", "\\\\").replace('"', '""')
        return f'"{escaped}"' if needs_quotes else value

    return "(" + ",".join(map(item, fields)) + ")"


def print_pair(record: tuple[str | None, list[str | None] | None]) -> str:
    text, array = record
    return print_record((text, None if array is None else print_array([*array])))


def read_pair(record: tuple[str | None, list[str | None] | None]) -> dict[str, object]:
    text, array = record
    return {"a": text, 'b"': array}


def converted(oid: int, text: str) -> object:
    return json.loads(converter(oid, TYPES)(text.encode()))


@given(texts)
def test_text_survives(text: str) -> None:
    assert converted(TEXT, text) == text


@given(st.lists(values))
def test_array_survives(elements: list[str | None]) -> None:
    assert converted(TEXT_ARRAY, print_array([*elements])) == elements


@given(st.integers(1, 3), st.integers(1, 3), st.data())
def test_array_of_arrays_survives(rows: int, columns: int, data: st.DataObject) -> None:
    row = st.lists(values, min_size=columns, max_size=columns)
    matrix = data.draw(st.lists(row, min_size=rows, max_size=rows))

    text = f"[0:{rows - 1}][1:{columns}]={print_array([[*line] for line in matrix])}"

    assert converted(TEXT_ARRAY, text) == matrix


@given(st.lists(st.none() | records, max_size=3), st.none() | records)
def test_nested_composite_survives(
    inner: list[tuple[str | None, list[str | None] | None] | None],
    single: tuple[str | None, list[str | None] | None] | None,
) -> None:
    array = print_array([None if one is None else print_pair(one) for one in inner])
    text = print_record((array, None if single is None else print_pair(single)))

    assert converted(OUTER, text) == {
        "records": [None if one is None else read_pair(one) for one in inner],
        "record": None if single is None else read_pair(single),
    }


@given(st.binary(max_size=40))
@pytest.mark.parametrize("oid", [16, 17, 20, TEXT, 114, 1184, 1700, TEXT_ARRAY, RECORD, OUTER])
def test_converter_never_raises(oid: int, value: bytes) -> None:
    assert isinstance(converter(oid, TYPES)(value), bytes)


@given(st.binary(max_size=40))
@pytest.mark.parametrize("oid", [17, TEXT, 1042, 99999])
def test_strings_are_valid_json_whatever_the_bytes(oid: int, value: bytes) -> None:
    assert isinstance(json.loads(converter(oid, TYPES)(value)), str)
