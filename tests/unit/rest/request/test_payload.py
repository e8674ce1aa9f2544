"""Bodies: rows and arguments."""

from __future__ import annotations

import tracemalloc

import pytest

from slotcast.rest.errors import RestError
from slotcast.rest.request.ast import (
    FormPayload,
    Function,
    JsonPayload,
    MediaType,
    Payload,
    RawPayload,
    Relation,
)
from slotcast.rest.request.media_types import CSV, FORM, JSON, OCTET_STREAM, TEXT, XML
from slotcast.rest.request.payload import parse_payload

ROWS = Relation("t")
CALL = Function("f")


def parse(body: bytes, media_type: MediaType = JSON, target: Relation | Function = ROWS) -> Payload:
    return parse_payload(body, media_type, target, is_inspected=True)


@pytest.mark.parametrize(
    ("body", "keys", "is_object"),
    [
        (b'{"b": 1, "a": 2}', ("a", "b"), True),
        (b" \n{}", (), True),
        (b'[{"b": 1, "a": 2}, {"a": null, "b": []}]', ("a", "b"), False),
        (b"[{}, {}]", (), False),
        (b'{"n": 1e999, "m": ' + b"9" * 5000 + b"}", ("m", "n"), True),
        ('{"ä": 1}'.encode(), ("ä",), True),
    ],
)
def test_json_stays_as_it_came_and_its_names_are_told(
    body: bytes, keys: tuple[str, ...], is_object: bool
) -> None:
    assert parse(body) == JsonPayload(body, keys, is_object)


@pytest.mark.parametrize("body", [b"1", b'"a"', b"null", b"true", b"[]", b" [ ] "])
def test_what_has_no_rows_is_an_empty_array(body: bytes) -> None:
    assert parse(body) == JsonPayload(b"[]", (), is_object=False)


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"}{ x = 2", b"{'a': 1}", b"[1,]", b"NaN", b'{"a": Infinity}', b"[" * 100_000],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(RestError) as caught:
        parse(body)

    assert caught.value.status == 400
    assert caught.value.body.code == "PGRST102"
    assert caught.value.body.message == "Empty or invalid json"


@pytest.mark.parametrize("body", [b"[1]", b'[{"a": 1}, 2]', b'[{"a": 1}, {"b": 1}]', b"[[]]"])
def test_rows_that_differ_are_refused(body: bytes) -> None:
    with pytest.raises(RestError, match="All object keys must match"):
        parse(body)


@pytest.mark.parametrize("body", [b"not json", b"", b'[{"a": 1}, {"b": 2}]'])
def test_json_is_not_looked_at_if_the_columns_are_known(body: bytes) -> None:
    assert parse_payload(body, JSON, ROWS, is_inspected=False) == JsonPayload(
        body, None, is_object=False
    )


@pytest.mark.parametrize("is_inspected", [True, False])
@pytest.mark.parametrize("body", [b'"\xff"', b'{"a": "\0"}'])
def test_what_is_no_text_to_postgresql_is_refused(body: bytes, is_inspected: bool) -> None:
    with pytest.raises(RestError) as caught:
        parse_payload(body, JSON, ROWS, is_inspected=is_inspected)

    assert caught.value.body.code == "22021"


def test_a_function_may_be_called_without_a_body() -> None:
    assert parse(b"", target=CALL) == JsonPayload(b"{}", (), is_object=True)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_csv_becomes_json(line_end: str) -> None:
    lines = ["b,a", '"x ""y"", z",NULL', ",1", "", '"two', 'lines",ä', ""]

    payload = parse(line_end.join(lines).encode(), CSV)

    expected = (
        '[{"b": "x \\"y\\", z", "a": null}, {"b": "", "a": "1"}, {"b": "two'
        + line_end.replace("\r", "\\r").replace("\n", "\\n")
        + 'lines", "a": "ä"}]'
    )
    assert payload == JsonPayload(expected.encode(), ("a", "b"), is_object=False, is_converted=True)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_of_csv_mean_the_same_with_quotes_and_without(line_end: str) -> None:
    lines = [["a", "b"], ["1", ""], ["", "NULL"], ["é", "x y"], ["", ""]]
    plain = line_end.join(",".join(line) for line in lines)
    quoted = line_end.join(",".join(f'"{field}"' for field in line) for line in lines)

    assert parse(plain.encode(), CSV) == parse(quoted.encode(), CSV)
    assert parse((plain + line_end * 2).encode(), CSV) == parse(plain.encode(), CSV)


def test_csv_without_lines_has_no_rows() -> None:
    assert parse(b"a,b\n", CSV) == JsonPayload(b"[]", (), is_object=False, is_converted=True)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"a,b\nfoo,bar\nbaz", "All lines must have same number of fields"),
        (b"a\n1,2", "All lines must have same number of fields"),
        (b"", "Empty or invalid csv"),
        (b'a\n"1"2', "Empty or invalid csv"),
        (b'a\n"1', "Empty or invalid csv"),
    ],
)
def test_what_is_no_csv_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(RestError, match=message):
        parse(body, CSV)


def test_a_form_is_a_row_or_arguments() -> None:
    body = b"b=1&a=x+y&b=%C3%A9&c"

    assert parse(body, FORM) == JsonPayload(
        '{"b": "é", "a": "x y", "c": ""}'.encode(),
        ("a", "b", "c"),
        is_object=True,
        is_converted=True,
    )
    assert parse(body, FORM, CALL) == FormPayload((("b", "1"), ("a", "x y"), ("b", "é"), ("c", "")))


@pytest.mark.parametrize("media_type", [TEXT, XML, OCTET_STREAM])
def test_a_function_may_take_the_body_as_it_is(media_type: MediaType) -> None:
    assert parse(b"anything", media_type, CALL) == RawPayload(b"anything", media_type.name)
    with pytest.raises(RestError, match=f"Content-Type not acceptable: {media_type.name}"):
        parse(b"anything", media_type)


def test_only_binary_bodies_may_be_no_text() -> None:
    assert parse(b"\0\xff", OCTET_STREAM, CALL) == RawPayload(b"\0\xff", OCTET_STREAM.name)
    with pytest.raises(RestError):
        parse(b"\0\xff", TEXT, CALL)


LARGE = 51_000


@pytest.mark.parametrize(
    ("body", "keys", "is_object"),
    [
        (b"[" + b",".join([b'{"b": 1, "a": [{"c": 2}]}'] * 25_000) + b"] ", ("a", "b"), False),
        (b"[" + b",".join([b"{}"] * LARGE) + b"]", (), False),
        (
            b'{"a": [' + b",".join([b'{"b": "\\"}"}'] * LARGE) + b'], "\\u00e4": 1}',
            ("a", "ä"),
            True,
        ),
    ],
)
def test_large_json_stays_as_it_came_and_its_names_are_told(
    body: bytes, keys: tuple[str, ...], is_object: bool
) -> None:
    assert parse(body) == JsonPayload(body, keys, is_object)


def test_large_json_does_not_become_as_many_objects() -> None:
    body = b"[" + b",".join([b"{}"] * LARGE) + b"]"
    tracemalloc.start()
    try:
        parse(body)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak_bytes < 2 * len(body) + 500_000


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[" + b"{}," * LARGE, "Empty or invalid json"),
        (b"[" + b"{}," * LARGE + b"{}]]", "Empty or invalid json"),
        (b"[" + b"{}," * LARGE + b'{}] "', "Empty or invalid json"),
        (b"[" + b'"\\"' * LARGE + b"," * 2 * LARGE, "Empty or invalid json"),
        (b"[" + b'{"a":1},' * LARGE + b'{"b":1}]', "All object keys must match"),
        (b"[" + b"[]," * LARGE + b"[]]", "All object keys must match"),
    ],
)
def test_large_json_that_cannot_be_rows_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(RestError, match=message):
        parse(body)


def test_csv_must_not_grow_without_bound_when_each_row_repeats_long_names() -> None:
    names = b",".join(b"%d" % number + b"n" * 1000 for number in range(1000))
    body = names + b"\n" + (b"," * 999 + b"\n") * 100

    with pytest.raises(RestError) as caught:
        parse(body, CSV)

    assert caught.value.status == 413


@pytest.mark.parametrize("target", [ROWS, CALL])
def test_a_form_has_as_many_parameters_as_a_query_string_may(target: Relation | Function) -> None:
    assert parse(b"&".join([b"a=1"] * 1000), FORM, target)
    with pytest.raises(RestError, match="more than 1000 parameters"):
        parse(b"&".join([b"a=1"] * 1001), FORM, target)
