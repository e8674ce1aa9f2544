r"""
A value in PostgreSQL's text form, as a fragment of JSON.

The replication stream brings values as their types' output functions print them. A
*converter* turns such bytes into bytes that can be spliced into a message: numbers keep
their digits (an int8 beyond 2**53, a numeric's scale), `json` goes through untouched,
everything without a JSON counterpart becomes a string.

Converters are compiled from a type once and then only shift bytes: no value is parsed
into a Python object on its way.

They expect the session settings of the stream: ``DateStyle = ISO``, ``IntervalStyle =
postgres``, ``TimeZone = UTC``, ``extra_float_digits = 1``, ``bytea_output = hex`` and
``client_encoding = UTF8``. They never raise.

Source:
    PostgreSQL manual, "Array Input and Output Syntax", "Composite Type Input and Output
    Syntax", "Date/Time Output".
"""

from __future__ import annotations

import re
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Final, TypeAlias

from slotcast.postgres.types import TypeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slotcast.postgres.types import PgType, TypeCatalog

    Converter: TypeAlias = Callable[[bytes], bytes]
    """From a value's text form, never NULL's, to a JSON fragment."""

NULL: Final = b"null"

_MUST_BE_ESCAPED: Final = bytes(range(0x20)) + b'"\\'

# Quoted or bare, an element of an array; braces and the delimiter shape it. Bare elements
# hold none of the characters that would need quotes.
_ARRAY_TOKEN = rb'"(?P<quoted>[^"\\]*(?:\\.[^"\\]*)*)"|(?P<mark>[{}%b])|(?P<bare>[^{}"%b]+)'
_ARRAY_MARKS: Final = {b"{": b"[", b"}": b"]"}
_ARRAY_BOUNDS = re.compile(rb"(?:\[[-+\d]+:[-+\d]+\])+=")
_ARRAY_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)

# Every field is read with the comma before it, so that no match is empty.
_FIELD = re.compile(
    rb',(?:"(?P<quoted>[^"\\]*(?:(?:\\.|"")[^"\\]*)*)"|(?P<bare>[^,"()\\]*))', re.DOTALL
)
_FIELD_ESCAPE = re.compile(rb'\\(.)|"(")', re.DOTALL)

_SHORT_OFFSET = re.compile(rb"[+-]\d\d(?= BC|\Z)")


def converter(type_oid: int, types: TypeCatalog) -> Converter:
    """
    Compile the converter for values of one type.

    Keep the result for as long as the relation whose column it is for; compile again
    after `TypeCatalog.forget`.

    Args:
        type_oid: A column's type.
        types: Has loaded it; a type it does not know is shown as a string.
    """
    scalar = _SCALARS.get(type_oid)
    if scalar is not None:
        return scalar
    known = types.get(type_oid)
    if known is None:
        return string
    match known.kind:
        case TypeKind.DOMAIN:
            return converter(known.base_oid, types)
        case TypeKind.ARRAY:
            return _array(known, types)
        case TypeKind.COMPOSITE:
            return _composite(known, types)
        case TypeKind.BASE | TypeKind.ENUM | TypeKind.RANGE | TypeKind.MULTIRANGE | TypeKind.PSEUDO:
            return string


def string(value: bytes) -> bytes:
    """
    Give *value* as a JSON string.

    Bytes that are not UTF-8, which a database in SQL_ASCII may hold, are replaced by
    U+FFFD.
    """
    # Deleting what must be escaped is the quickest way to see that there is nothing.
    if value.isascii() and len(value.translate(None, _MUST_BE_ESCAPED)) == len(value):
        return b'"%b"' % value
    return encode_basestring(value.decode("utf-8", "replace")).encode()


def _plain(value: bytes) -> bytes:
    """Give as a string what a type prints in ASCII without quotes and controls."""
    return b'"%b"' % value


def _verbatim(value: bytes) -> bytes:
    return value


def _number(value: bytes) -> bytes:
    """All numbers end in a digit; NaN and the infinities do not, and JSON lacks them."""
    return value if value[-1:].isdigit() else NULL


def _boolean(value: bytes) -> bytes:
    return b"true" if value == b"t" else b"false"


def _json(value: bytes) -> bytes:
    """PostgreSQL has checked the syntax, but not the encoding in an SQL_ASCII database."""
    return value if value.isascii() else value.decode("utf-8", "replace").encode()


def _bytea(value: bytes) -> bytes:
    return string(value.removeprefix(b"\\x"))


def _timestamp(value: bytes) -> bytes:
    """Only the first space parts date and time: the second comes before ``BC``."""
    return b'"%b"' % value.replace(b" ", b"T", 1)


def _timestamptz(value: bytes) -> bytes:
    """PostgreSQL leaves out an offset's minutes when they are 0; ISO 8601 wants them."""
    if value.endswith(b"+00"):
        return b'"%b:00"' % value.replace(b" ", b"T", 1)
    return _timestamp(_SHORT_OFFSET.sub(rb"\g<0>:00", value))


# OIDs of built-in types never change: they are in PostgreSQL's pg_type.dat.
_SCALARS: Final[Mapping[int, Converter]] = {
    16: _boolean,
    17: _bytea,
    20: _verbatim,  # int8
    21: _verbatim,  # int2
    23: _verbatim,  # int4
    25: string,  # text
    114: _json,
    700: _number,  # float4
    701: _number,  # float8
    1043: string,  # varchar
    1082: _plain,  # date
    1083: _plain,  # time
    1114: _timestamp,
    1184: _timestamptz,
    1700: _number,  # numeric
    2950: _plain,  # uuid
    3802: _json,  # jsonb
}


def _array(array: PgType, types: TypeCatalog) -> Converter:
    """Brackets stand where braces stood: an array of any dimensions is read in one pass."""
    element = converter(array.element_oid, types)
    delimiter = re.escape(array.delimiter.encode())
    tokens = re.compile(_ARRAY_TOKEN % (delimiter, delimiter), re.DOTALL)

    def fragment(token: re.Match[bytes]) -> bytes:
        if token["mark"] is not None:
            return _ARRAY_MARKS.get(token["mark"], b",")
        if token["quoted"] is not None:
            return element(_ARRAY_ESCAPE.sub(rb"\1", token["quoted"]))
        return NULL if token["bare"] == b"NULL" else element(token["bare"])

    def convert(value: bytes) -> bytes:
        bounds = _ARRAY_BOUNDS.match(value)
        return tokens.sub(fragment, value[bounds.end() :] if bounds else value)

    return convert


def _composite(composite: PgType, types: TypeCatalog) -> Converter:
    """Make a converter to JSON objects; a value with other attributes stays a string."""
    attributes = [
        (string(name.encode()) + b":", converter(oid, types)) for name, oid in composite.attributes
    ]

    def convert(value: bytes) -> bytes:
        if not attributes:
            return b"{}"
        fields = list(_FIELD.finditer(b"," + value[1:-1]))
        if len(fields) != len(attributes):
            # ALTER TYPE: the value is older or newer than what we know of its type.
            return string(value)
        members = [
            key + _field(field, member)
            for (key, member), field in zip(attributes, fields, strict=True)
        ]
        return b"{%b}" % b",".join(members)

    return convert


def _field(field: re.Match[bytes], member: Converter) -> bytes:
    if field["quoted"] is not None:
        return member(_FIELD_ESCAPE.sub(rb"\1\2", field["quoted"]))
    return member(field["bare"]) if field["bare"] else NULL
