"""The body of a request: rows to write, or arguments of a function."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.request.ast import FormPayload, Function, JsonPayload, RawPayload
from slotcast.rest.request.media_types import CSV, FORM, JSON, OCTET_STREAM, TEXT, XML, text_of
from slotcast.rest.request.query_string import not_text, split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotcast.claims import JsonValue
    from slotcast.rest.request.ast import MediaType, Payload, Target

_CSV_FIELD: Final = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\r|\n|\Z)')

_CSV_NULL: Final = "NULL"

_OBJECT: Final = re.compile(rb"[ \t\r\n]*\{")


def parse_payload(
    body: bytes, media_type: MediaType, target: Target, *, is_inspected: bool
) -> Payload:
    """
    Read a body as far as the plan needs it.

    Args:
        body: As it came.
        media_type: Of the body.
        target: What the request is about: rows for a relation, arguments for a function.
        is_inspected: Whether the names in a JSON body count; not if the request says in
            `columns` which do.

    Raises:
        RestError: PGRST102: the body is not of its type, its rows are not alike, or the
            type is not understood; 22021: it is not UTF-8, or has a NUL.
    """
    is_call = isinstance(target, Function)
    if media_type == JSON:
        return _json(_text(body), body, is_call=is_call) if is_inspected else _unread_json(body)
    if media_type == CSV:
        return _rows(_csv_rows(_text(body)))
    if media_type == FORM:
        pairs = [(key, value or "") for key, value in split(body)]
        return FormPayload(tuple(pairs)) if is_call else _rows(dict(pairs))
    if is_call and media_type in {TEXT, XML}:
        _text(body)
        return RawPayload(body, media_type.name)
    if is_call and media_type == OCTET_STREAM:
        return RawPayload(body, media_type.name)
    raise _bad_body(f"Content-Type not acceptable: {text_of(media_type)}")


def _bad_body(message: str) -> RestError:
    return RestError(400, ErrorBody("PGRST102", message))


def _text(body: bytes) -> str:
    if b"\0" in body:
        raise not_text()
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise not_text() from None


def _unread_json(body: bytes) -> JsonPayload:
    _text(body)
    return JsonPayload(body, None, _is_object(body))


def _is_object(data: bytes) -> bool:
    return _OBJECT.match(data) is not None


def _json(text: str, body: bytes, *, is_call: bool) -> JsonPayload:
    if is_call and not body:
        return JsonPayload(b"{}", (), is_object=True)
    try:
        value: JsonValue = _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise _bad_body("Empty or invalid json") from None
    if not isinstance(value, (dict, list)) or value == []:
        return JsonPayload(b"[]", (), is_object=False)
    rows = value if isinstance(value, list) else [value]
    return JsonPayload(body, _keys(rows), isinstance(value, dict))


def _keys(rows: Sequence[JsonValue]) -> tuple[str, ...]:
    """Give the names that every object has, sorted."""
    first = rows[0]
    if not isinstance(first, dict):
        raise _bad_body("All object keys must match")
    names = first.keys()
    if not all(isinstance(row, dict) and row.keys() == names for row in rows):
        raise _bad_body("All object keys must match")
    return tuple(sorted(names))


def _rows(value: dict[str, str] | list[dict[str, str | None]]) -> JsonPayload:
    """Make JSON of rows that came in another form and are alike."""
    data = json.dumps(value, ensure_ascii=False).encode()
    if isinstance(value, dict):
        return JsonPayload(data, tuple(sorted(value)), is_object=True, is_converted=True)
    keys = tuple(sorted(value[0])) if value else ()
    return JsonPayload(data, keys, is_object=False, is_converted=True)


def _csv_rows(text: str) -> list[dict[str, str | None]]:
    """Give the lines after the first one as objects; the text ``NULL`` is null."""
    header, *lines = _csv_lines(text) or [[]]
    if not header:
        raise _bad_body("Empty or invalid csv")
    if any(len(line) != len(header) for line in lines):
        raise _bad_body("All lines must have same number of fields")
    return [
        {name: None if one == _CSV_NULL else one for name, one in zip(header, line, strict=True)}
        for line in lines
    ]


def _csv_lines(text: str) -> list[list[str]]:
    """
    Part text into lines of fields (RFC 4180); empty lines do not count.

    Raises:
        RestError: PGRST102: something follows a closing quote.
    """
    lines: list[list[str]] = []
    line: list[str] = []
    position = 0
    while position < len(text):
        found = _CSV_FIELD.match(text, position)
        if found is None:
            raise _bad_body("Empty or invalid csv")
        quoted, bare, end = found.groups()
        line.append(bare if quoted is None else quoted.replace('""', '"'))
        position = found.end()
        if end != "," or position == len(text):
            line += [""] if end == "," else []
            lines += [line] if line != [""] or quoted is not None else []
            line = []
    return lines


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER: Final = json.JSONDecoder(
    parse_constant=_refuse_constant, parse_float=cast("Any", str), parse_int=cast("Any", str)
)
"""Numbers stay text: only names matter, and PostgreSQL shall read the numbers itself."""
