"""
JSON as RFC 8259 and PostgreSQL mean it, where the standard library is more lenient.

What `loads` returns can always be encoded again: it holds no NaN or infinity, no half of a
surrogate pair, and is not nested so deeply that walking it could exhaust the stack.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from slotcast.claims import JsonValue

DEPTH_LIMIT: Final = 128
"""How deeply arrays and objects may be nested."""

_LABOUR_LIMIT: Final = 300_000
"""Most work that JSON is to be read, at about 0.1 µs each: reading cannot be interrupted."""
_DIGITS: Final = 100
"""How many a number may have in any case; each takes the longer, the more there are."""
_STRINGS: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
"""Strings; one without an end reaches to that of the text, so that all is looked at once."""

_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")
"""What a lone surrogate needs to get into well-formed UTF-8 JSON; pairs have it too."""


def loads(text: str | bytes) -> JsonValue:
    """
    Read one JSON value; of a key that is repeated in an object the last one counts.

    Args:
        text: JSON; bytes are UTF-8 without a byte order mark.

    Raises:
        ValueError: *text* is not JSON, or cannot be represented faithfully. The message
            does not repeat the text.
    """
    decoded = _well_formed(text)
    try:
        value: JsonValue = _DECODER.decode(decoded)
    except RecursionError:
        raise _too_deep() from None
    if decoded.count("[") + decoded.count("{") > DEPTH_LIMIT:
        _check_depth(value)
    if _SURROGATE_ESCAPE.search(decoded):
        _encode_utf8(encode(value))
    return value


def is_laborious(text: str | bytes) -> bool:
    """Tell whether *text* has so many parts that reading it would hold up other threads."""
    marks = text if isinstance(text, str) else text.decode("latin-1")  # which are ASCII
    # Strings of JSON have a mark between them each; finding more of them would itself take long.
    if marks.count('"') - marks.count('\\"') > 2 * _LABOUR_LIMIT:
        return True
    return _has_much(marks) and _has_much(_STRINGS.sub("", marks))


def encode(value: JsonValue) -> str:
    """Write *value* without white space, characters beyond ASCII as they are."""
    return _ENCODER.encode(value)


def dumps(value: JsonValue) -> bytes:
    """Write *value* as `encode` does, in UTF-8."""
    return _ENCODER.encode(value).encode()


def canonical(value: JsonValue) -> str:
    """Write *value* as `encode` does, keys sorted: equal values give equal text."""
    return _CANONICAL_ENCODER.encode(value)


def _has_much(text: str) -> bool:
    if _labour(text) > _LABOUR_LIMIT:
        return True
    # Of a number twice as long, some piece has nothing but digits.
    ends = range(_DIGITS, len(text) + 1, _DIGITS)
    return any(text[end - _DIGITS : end].isdigit() for end in ends)


def _labour(text: str) -> int:
    """Estimate how much work JSON is to read: objects, and names in them, are the most."""
    containers = text.count("{") + text.count("[")
    exponents = text.count("E") + text.count("e") - text.count("true") - text.count("false")
    fractions = text.count(".") + exponents  # which are read by Python
    return text.count(",") + 3 * (text.count(":") + fractions) + 4 * containers


def _well_formed(text: str | bytes) -> str:
    """Give the characters of *text*, all of which can be written in UTF-8."""
    if isinstance(text, str):
        if not text.isascii():
            _encode_utf8(text)
        return text
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None


def _encode_utf8(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a string holds half of a surrogate pair") from None


def _check_depth(value: JsonValue) -> None:
    """Walk *value* level by level, so that the check itself needs no stack."""
    level = [value]
    for _ in range(DEPTH_LIMIT):
        level = [inner for outer in level for inner in _containers_in(outer)]
        if not level:
            return
    raise _too_deep()


def _containers_in(value: JsonValue) -> list[JsonValue]:
    """List the arrays and objects directly inside *value*."""
    if isinstance(value, dict):
        return [child for child in value.values() if isinstance(child, (dict, list))]
    if isinstance(value, list):
        return [child for child in value if isinstance(child, (dict, list))]
    return []


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {DEPTH_LIMIT} levels deep")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON value")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is out of range")
    return number


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_CANONICAL_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
)
