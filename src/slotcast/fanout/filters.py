r"""
What a subscription asks for beyond its table: ``filter``, ``select`` and ``xid``.

::

    filter    = condition *("," condition)          all must hold
    condition = column "=" ["not."] operator "." value

Commas inside parentheses or double quotes do not part conditions. A double quote opens
only after ``.``, ``(`` or ``,``, and ``\`` takes away the meaning of the character after
it. Refusals are worded as Supabase's server words them, since clients show and compare
them.

This module knows the words only; `row_filters` gives them the columns' types.

Source:
    Supabase Realtime 2.129, ``parse_subscription_params``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from slotcast.errors import SubscriptionError
from slotcast.postgres.expressions import describe_error

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from slotcast.claims import JsonValue


class Operator(StrEnum):
    """How a column is compared."""

    EQ = "eq"
    NEQ = "neq"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    IN = "in"
    LIKE = "like"
    ILIKE = "ilike"
    IS = "is"
    MATCH = "match"
    IMATCH = "imatch"
    ISDISTINCT = "isdistinct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """
    One condition of a filter, as the client wrote it.

    Attributes:
        column: The column's name.
        operator: How it is compared.
        value: What with, unquoted; for `IN` an array in PostgreSQL's text form.
        is_negated: Whether ``not.`` stood before the operator.
    """

    column: str
    operator: Operator
    value: str
    is_negated: bool = False


Conditions: TypeAlias = "tuple[Condition, ...]"
"""A filter: all of them have to hold. Empty, it lets every row through."""

MAXIMUM_CONDITION_COUNT: Final = 100

_PARSE_ERROR: Final = "Error parsing `filter` params: "
_SELECT_ERROR: Final = (
    "Error parsing `select` params: expected a list of column name strings, "
    'e.g. select: ["col1", "col2"]'
)
_XID_ERROR: Final = "Error parsing `xid` params: expected a boolean, e.g. xid: true"
_WILDCARD_ERROR: Final = (
    "Column selection is not supported for wildcard subscriptions. "
    "Provide an explicit schema and table name."
)

# Elsewhere a double quote is a character like any other: ``name=like.5"%``.
_BEFORE_OPENING_QUOTE: Final = {".", "(", ","}
_UNPRINTABLE = re.compile(
    "[^\n\r\t\v\b\f\x1b\x7f\a\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parse_filter(text: str) -> Conditions:
    """
    Read the ``filter`` of a binding.

    A blank filter is no filter.

    Raises:
        SubscriptionError: It is not well-formed; the message is the client's.
    """
    check_encoding(text)
    trimmed = text.strip()
    if not trimmed:
        return ()
    conditions = tuple(_parse_condition(part.strip()) for part in _split(trimmed))
    if len(conditions) > MAXIMUM_CONDITION_COUNT:
        raise _malformed(f"a filter may have at most {MAXIMUM_CONDITION_COUNT} conditions")
    return conditions


def parse_select(value: JsonValue, *, schema: str, table: str) -> tuple[str, ...] | None:
    """
    Read the ``select`` of a binding.

    Args:
        value: What stood there, or None if nothing did.
        schema: The binding's schema, or ``*``.
        table: The binding's table, or ``*``.

    Returns:
        The columns to send besides the key's, or None for all.

    Raises:
        SubscriptionError: It is no list, or is asked of a wildcard.
    """
    match value:
        case list():
            columns = tuple(name for name in value if isinstance(name, str))
        case str():
            raise SubscriptionError(_SELECT_ERROR)
        case _:
            return None
    if "*" in {schema, table}:
        raise SubscriptionError(_WILDCARD_ERROR)
    return columns


def parse_xid(value: JsonValue) -> bool:
    """
    Read the ``xid`` of a binding: whether changes bring the id of their transaction.

    Args:
        value: What stood there, or None if nothing did.

    Raises:
        SubscriptionError: It is neither true nor false.
    """
    if value is None or isinstance(value, bool):
        return value is True
    raise SubscriptionError(_XID_ERROR)


def check_columns(
    conditions: Conditions, select: Iterable[str] | None, selectable: Collection[str]
) -> None:
    """
    Refuse columns that do not exist or that the client's role may not select.

    Args:
        conditions: Of the filter.
        select: Columns asked for, or None.
        selectable: The columns there are for this role.

    Raises:
        SubscriptionError: Names the first column that is not among *selectable*.
    """
    for condition in conditions:
        if condition.column not in selectable:
            raise invalid(f"invalid column for filter {condition.column}")
    for column in select or ():
        if column not in selectable:
            raise invalid(f"invalid column for select {column}")


def invalid(message: str) -> SubscriptionError:
    """Make the refusal of parameters that are well-formed but do not fit the table."""
    return SubscriptionError(describe_error("P0001", message))


def describe(conditions: Conditions) -> str:
    """
    Show a filter as error messages do.

    For example ``[{"zz", "eq", "1", false}]``: column, operator, value, is negated.
    """
    shown = (
        f"{{{inspect(part.column)}, {inspect(part.operator)}, {inspect(part.value)}, "
        f"{str(part.is_negated).lower()}}}"
        for part in conditions
    )
    return f"[{', '.join(shown)}]"


def inspect(text: str) -> str:
    """Show a string as Elixir does, whose notation the protocol's messages are in."""
    if _UNPRINTABLE.search(text):
        return f"<<{', '.join(str(byte) for byte in text.encode('utf-8', 'surrogatepass'))}>>"
    escaped = text.translate(_ELIXIR_ESCAPES).replace("#{", r"\#{")
    return f'"{escaped}"'


_ELIXIR_ESCAPES: Final = str.maketrans(
    {
        "\\": r"\\",
        '"': r"\"",
        "\n": r"\n",
        "\r": r"\r",
        "\t": r"\t",
        "\v": r"\v",
        "\b": r"\b",
        "\f": r"\f",
        "\x1b": r"\e",
        "\x7f": r"\d",
        "\a": r"\a",
    }
)


def check_encoding(text: str) -> None:
    """
    Refuse what JSON can spell and a PostgreSQL text cannot hold.

    Raises:
        SubscriptionError: *text* has U+0000 or half a surrogate pair.
    """
    position = text.find("\0")
    if position >= 0:
        bad = b"\0"
    else:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            bad = text[error.start].encode("utf-8", "surrogatepass")
        else:
            return
    shown = " ".join(f"0x{byte:02x}" for byte in bad)
    raise SubscriptionError(
        describe_error("22021", f'invalid byte sequence for encoding "UTF8": {shown}')
    )


def _split(text: str) -> list[str]:
    """Part a filter at its top-level commas."""
    parts: list[str] = []
    start = depth = 0
    is_quoted = is_escaped = False
    previous = ""
    for position, character in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif is_quoted:
            is_escaped = character == "\\"
            is_quoted = character != '"'
        elif character == '"':
            is_quoted = previous in _BEFORE_OPENING_QUOTE
        elif character == "(":
            depth += 1
        elif character == ")":
            depth = max(0, depth - 1)
        elif character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
        previous = character if start <= position else ""
    return [*parts, text[start:]]


def _parse_condition(text: str) -> Condition:
    if not text:
        raise _malformed("filter must not contain empty segments (check for extra commas)")
    column, equals, rest = text.partition("=")
    if not equals:
        raise _malformed(f"[{inspect(text)}]")
    comparison = rest.removeprefix("not.")
    name, dot, value = comparison.partition(".")
    if not dot:
        raise _malformed(f"[{inspect(comparison)}]")
    try:
        operator = Operator(name)
    except ValueError:
        raise _malformed(f"[{inspect(name)}, {inspect(value)}]") from None
    return Condition(
        column=column,
        operator=operator,
        value=_array(value) if operator is Operator.IN else _unquoted(value),
        is_negated=comparison != rest,
    )


def _array(value: str) -> str:
    """Write ``(a,"b c")`` as PostgreSQL writes an array."""
    if len(value) < len("()") or value[0] != "(" or value[-1] != ")":
        raise _malformed("`in` filter value must be wrapped by parentheses")
    return "{" + value[1:-1] + "}"


def _unquoted(value: str) -> str:
    quoted = _QUOTED.fullmatch(value)
    return _ESCAPED.sub(r"\1", quoted[1]) if quoted else value


def _malformed(reason: str) -> SubscriptionError:
    return SubscriptionError(_PARSE_ERROR + reason)
