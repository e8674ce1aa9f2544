r"""
Comparing values in their text form exactly as PostgreSQL compares them.

Whatever is here is exact; for everything else `row_filters` asks PostgreSQL. A type is
compared through *keys*: a key function turns a text form into something that Python
orders as the type's default B-tree operator class orders the values.

Source:
    PostgreSQL manual, "Numeric Types" (NaN is greatest), "Date/Time Types" (BC,
    infinity), "LIKE"; `src/backend/utils/adt/like_match.c`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias

from slotcast.postgres.types import TypeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slotcast.postgres.types import PgType

    Key: TypeAlias = (
        "int | bytes | tuple[bool, float] | tuple[bool, Decimal] | tuple[int, int, bytes]"
    )
    """What orders as a value does, among the keys of one key function."""

    KeyFunction: TypeAlias = Callable[[bytes], "Key | None"]
    """From a text form to a key; None when this text form cannot be judged here."""

BOOL_OID: Final = 16
BYTEA_OID: Final = 17

_BPCHAR_OID: Final = 1042

TEXT_OIDS: Final = frozenset({19, 25, 1043})
"""name, text, varchar: compared as they are."""

# The escape character takes away the meaning of any character after it.
_PATTERN_TOKEN = re.compile(r"\\(?P<escaped>.)|(?P<wildcard>[%_])|(?P<plain>[^\\%_]+)", re.DOTALL)
_DATE = re.compile(
    rb"(?P<year>\d+)(?P<rest>-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d+)?)?)(?:\+00)?(?P<bc> BC)?"
)


def order_key(known: PgType, *, is_bytewise: bool) -> KeyFunction | None:
    """
    Give the key function under which values of a type have PostgreSQL's order.

    Args:
        known: The type, not a domain.
        is_bytewise: Whether the column's collation compares bytes, as ``C`` does.

    Returns:
        None if only PostgreSQL knows the order.
    """
    if known.oid in TEXT_OIDS:
        return _itself if is_bytewise else None
    if known.oid == _BPCHAR_OID:
        return _without_padding if is_bytewise else None
    return _ORDER_KEYS.get(known.oid)


def equality_key(known: PgType, *, is_deterministic: bool) -> KeyFunction | None:
    """
    Give the key function under which equal values, and only those, have equal keys.

    Args:
        known: The type, not a domain.
        is_deterministic: Whether the column's collation tells any two texts apart.

    Returns:
        None if only PostgreSQL can tell.
    """
    if known.oid in TEXT_OIDS:
        return _itself if is_deterministic else None
    if known.oid == _BPCHAR_OID:
        return _without_padding if is_deterministic else None
    if known.kind is TypeKind.ENUM:
        return _itself
    return _ORDER_KEYS.get(known.oid)


def is_text_canonical(known: PgType, *, is_deterministic: bool) -> bool:
    """Tell whether equal values always have the same text form, so that they can be indexed."""
    if known.oid in TEXT_OIDS:
        return is_deterministic
    return known.kind is TypeKind.ENUM or known.oid in _CANONICAL_OIDS


def like(pattern: str, *, ignores_case: bool) -> Callable[[bytes], bool | None]:
    r"""
    Compile a LIKE pattern.

    The regular expression never tries again what an earlier wildcard took, so that a
    client's pattern costs at most the product of both lengths.

    Args:
        pattern: With ``%``, ``_`` and the escape character ``\``; not ending in a
            lone escape character.
        ignores_case: Compare ASCII letters without case; the pattern must be ASCII then.

    Returns:
        A test for text forms; None for texts it cannot judge.
    """
    regex = re.compile(_like_regex(pattern.lower() if ignores_case else pattern), re.DOTALL)

    def matches(value: bytes) -> bool | None:
        try:
            text = value.decode()
        except UnicodeDecodeError:
            return None
        return regex.fullmatch(text) is not None

    def matches_ignoring_case(value: bytes) -> bool | None:
        if not value.isascii():
            return None
        return regex.fullmatch(value.decode().lower()) is not None

    return matches_ignoring_case if ignores_case else matches


def ends_in_escape(pattern: str) -> bool:
    """Tell whether a LIKE pattern ends in an escape character that escapes nothing."""
    return (len(pattern) - len(pattern.rstrip("\\"))) % 2 == 1


def _like_regex(pattern: str) -> str:
    segments = [""]
    for token in _PATTERN_TOKEN.finditer(pattern):
        if token["wildcard"] == "%":
            segments.append("")
        else:
            segments[-1] += (
                "." if token["wildcard"] else re.escape(token["escaped"] or token["plain"])
            )
    first, *middle, last = segments if len(segments) > 1 else (segments[0], None)
    if last is None:
        return first
    return first + "".join(f"(?>.*?{segment})" for segment in middle) + ".*" + last


def _itself(value: bytes) -> Key:
    return value


def _without_padding(value: bytes) -> Key:
    """`char(n)` is compared as if trailing spaces were not there."""
    return value.rstrip(b" ")


def _float_key(value: bytes) -> Key:
    """Order NaN after all numbers. The shortest digits of two float4 order as they do."""
    number = float(value)
    return (True, 0.0) if number != number else (False, number)  # noqa: PLR0124 - NaN


def _numeric_key(value: bytes) -> Key:
    number = Decimal(value.decode())
    return (True, Decimal(0)) if number.is_nan() else (False, number)


def _date_key(value: bytes) -> Key | None:
    """
    Order dates and timestamps, whose text sorts by itself within a year.

    A timestamptz that was not printed in UTC cannot be judged.
    """
    match value:
        case b"-infinity":
            return (-1, 0, b"")
        case b"infinity":
            return (1, 0, b"")
        case _:
            date = _DATE.fullmatch(value)
            if date is None:
                return None
            year = int(date["year"])
            # 1 BC is the year before AD 1.
            return (0, 1 - year if date["bc"] else year, date["rest"])


# The text form of bool, uuid, bytea and time sorts as the values do.
_ORDER_KEYS: Final[Mapping[int, KeyFunction]] = {
    BOOL_OID: _itself,
    BYTEA_OID: _itself,
    20: int,  # int8
    21: int,  # int2
    23: int,  # int4
    26: int,  # oid
    700: _float_key,  # float4
    701: _float_key,  # float8
    1082: _date_key,  # date
    1083: _itself,  # time
    1114: _date_key,  # timestamp
    1184: _date_key,  # timestamptz
    1700: _numeric_key,  # numeric
    2950: _itself,  # uuid
}

# bool, bytea, int8, int2, int4, oid, date, time, timestamp, timestamptz, uuid
_CANONICAL_OIDS: Final = frozenset(
    {BOOL_OID, BYTEA_OID, 20, 21, 23, 26, 1082, 1083, 1114, 1184, 2950}
)
