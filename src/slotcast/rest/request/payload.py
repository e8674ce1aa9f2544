"""The body of a request: rows to write, or arguments of a function."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.request.ast import FormPayload, Function, JsonPayload, RawPayload
from slotcast.rest.request.media_types import CSV, FORM, JSON, OCTET_STREAM, TEXT, XML, text_of
from slotcast.rest.request.query_string import PARAMETER_LIMIT, not_text, split
from slotcast.rest.request.skimming import Unalike, skim

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slotcast.claims import JsonValue
    from slotcast.rest.request.ast import MediaType, Payload, Target

_CSV_FIELD: Final = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\r|\n|\Z)')

_PLAIN_LINE: Final = re.compile(r'([^"\r\n]*+)(?:\r\n|\r|\n|\Z)')
"""A line without quotes, which there are most of."""

_CSV_NULL: Final = "NULL"

_ROWS_A_PIECE: Final = 500

_OBJECT: Final = re.compile(rb"[ \t\r\n]*\{")

_CONTAINER: Final = re.compile(r"[ \t\r\n]*[\[{]")

_DECODED_LIMIT: Final = 100_000
"""Most values of a JSON body that are decoded; the names in larger ones are looked for."""

_CONVERTED_LIMIT_BYTES: Final = 64 * 1024 * 1024
"""Largest JSON that is made of CSV, each row of which repeats the names of the header."""


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
        return _csv(_text(body))
    if media_type == FORM:
        return _form(body, is_call=is_call)
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
    if _is_large(text):
        return JsonPayload(body, _skimmed(text), _is_object(body))
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


def _is_large(text: str) -> bool:
    """Whether decoding JSON would take long, and much memory."""
    count = text.count(",") + text.count("{") + text.count("[")
    return count > _DECODED_LIMIT and _CONTAINER.match(text) is not None


def _skimmed(text: str) -> tuple[str, ...]:
    try:
        return skim(text)
    except Unalike:
        raise _bad_body("All object keys must match") from None
    except ValueError:
        raise _bad_body("Empty or invalid json") from None


def _form(body: bytes, *, is_call: bool) -> Payload:
    if body.count(b"&") >= PARAMETER_LIMIT:
        raise _bad_body(f"There are more than {PARAMETER_LIMIT} parameters")
    pairs = [(key, value or "") for key, value in split(body)]
    if is_call:
        return FormPayload(tuple(pairs))
    row = dict(pairs)
    return JsonPayload(_encode(row).encode(), tuple(sorted(row)), is_object=True, is_converted=True)


def _csv(text: str) -> JsonPayload:
    """Make JSON of the lines after the first one; the text ``NULL`` is null."""
    lines = _csv_lines(text)
    header = next(lines, None)
    if header is None:
        raise _bad_body("Empty or invalid csv")
    rows = (_row(header, line) for line in lines)
    data = bytearray()
    # Many at a time are encoded faster, but not so many that nothing else gets its turn.
    while piece := list(islice(rows, _ROWS_A_PIECE)):
        data += (b", " if data else b"") + _encode(piece)[1:-1].encode()
        if len(data) > _CONVERTED_LIMIT_BYTES:
            message = "The rows are too large as JSON"
            details = f"They may have {_CONVERTED_LIMIT_BYTES} bytes."
            raise RestError(413, ErrorBody("PGRST102", message, details))
    keys = tuple(sorted(set(header))) if data else ()
    return JsonPayload(b"[%b]" % data, keys, is_object=False, is_converted=True)


def _row(header: Sequence[str], line: Sequence[str]) -> dict[str, str | None]:
    if len(line) != len(header):
        raise _bad_body("All lines must have same number of fields")
    row: dict[str, str | None] = dict(zip(header, line, strict=True))
    if _CSV_NULL in line:
        row.update((name, None) for name, field in row.items() if field == _CSV_NULL)
    return row


def _csv_lines(text: str) -> Iterator[list[str]]:
    """
    Part text into lines of fields (RFC 4180); empty lines do not count.

    Raises:
        RestError: PGRST102: something follows a closing quote.
    """
    position = 0
    while position < len(text):
        plain = _PLAIN_LINE.match(text, position)
        if plain is None:
            line, position = _quoted_line(text, position)
            yield line
        else:
            position = plain.end()
            if plain[1]:
                yield plain[1].split(",")


def _quoted_line(text: str, position: int) -> tuple[list[str], int]:
    """
    Read a line in which there are quotes.

    Returns:
        Its fields, and where the next one begins.

    Raises:
        RestError: PGRST102: something follows a closing quote.
    """
    line: list[str] = []
    while (found := _CSV_FIELD.match(text, position)) is not None:
        quoted, bare, end = found.groups()
        line.append(bare if quoted is None else quoted.replace('""', '"'))
        position = found.end()
        if end != ",":
            return line, position
    raise _bad_body("Empty or invalid csv")


_encode: Final = json.JSONEncoder(ensure_ascii=False).encode


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER: Final = json.JSONDecoder(
    parse_constant=_refuse_constant, parse_float=cast("Any", str), parse_int=cast("Any", str)
)
"""Numbers stay text: only names matter, and PostgreSQL shall read the numbers itself."""
