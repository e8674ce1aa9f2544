"""Header fields that need more than a value: where things are, and what SQL asked for."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from slotcast.rest.errors import ErrorBody, RestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotcast.claims import JsonValue
    from slotcast.rest.response.answer import Headers

_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\U0010ffff]*")
"""Anything but control characters; it goes out in UTF-8."""

_STATUS: Final = re.compile(r"\s*([2-9][0-9]{2})\b.*", re.ASCII | re.DOTALL)


def content_location(name: str, canonical: str) -> str:
    """Write where a relation's rows are: ``/name?canonical``."""
    return f"/{quote(name, safe='')}" + (f"?{canonical}" if canonical else "")


def location(name: str, key: Sequence[tuple[str, str | None]]) -> str:
    """
    Write where a single new row is.

    Args:
        name: Of the relation.
        key: Columns of the primary key and their values as text; None for null.
    """
    conditions = "&".join(
        f"{quote(column, safe='')}=" + ("is.null" if value is None else f"eq.{quote(value)}")
        for column, value in key
    )
    return f"/{quote(name, safe='')}?{conditions}"


def requested_status(text: str | None) -> int | None:
    """
    Read what a function set as `response.status`; None if it did not.

    Raises:
        RestError: PGRST112.
    """
    if not text:
        return None
    found = _STATUS.fullmatch(text)
    if found is None:
        message = "response.status guc must be a valid status code"
        raise RestError(500, ErrorBody("PGRST112", message))
    return int(found[1])


def requested_headers(text: str | None) -> Headers:
    """
    Read what a function set as `response.headers`; nothing if it did not.

    Raises:
        RestError: PGRST111: it is no array of objects with one text each, or that is no
            header field.
    """
    if not text:
        return ()
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        raise _bad_headers() from None
    if not isinstance(value, list):
        raise _bad_headers()
    return tuple(_header(one) for one in value)


def _header(value: JsonValue) -> tuple[str, str]:
    if not isinstance(value, dict) or len(value) != 1:
        raise _bad_headers()
    [(name, text)] = value.items()
    if not isinstance(text, str) or not is_field(name, text):
        raise _bad_headers()
    return name, text


def is_field(name: str, value: str) -> bool:
    """Whether these make a header field, and just one."""
    return bool(_NAME.fullmatch(name) and _VALUE.fullmatch(value))


def _bad_headers() -> RestError:
    message = (
        "response.headers guc must be a JSON array composed of objects with a single key and"
        " a string value"
    )
    return RestError(500, ErrorBody("PGRST111", message))


def overridden(own: Headers, requested: Headers) -> Headers:
    """Join header fields; those a function asked for replace ours of the same name."""
    names = {name.lower() for name, _ in requested}
    return (*(one for one in own if one[0].lower() not in names), *requested)
