"""The query string: which parameter is what, and all of them parsed."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.request.ast import (
    ALL_ROWS,
    AllColumns,
    Condition,
    EmbedRange,
    Filter,
    LogicFilter,
    Order,
    Path,
    Query,
    SelectItem,
)
from slotcast.rest.request.filters import (
    parse_argument_or_operation,
    parse_logic,
    parse_operation,
)
from slotcast.rest.request.names import dotted_path, names, ordered_names, path_and_field
from slotcast.rest.request.order import parse_order
from slotcast.rest.request.ranges import combine
from slotcast.rest.request.scanner import parse
from slotcast.rest.request.select import parse_select

LENGTH_LIMIT_BYTES: Final = 64 * 1024
"""Longest query string; the head of a request is not longer either."""

PARAMETER_LIMIT: Final = 1000
"""Most parameters of one request."""

_CACHED_LENGTH_BYTES: Final = 1024
"""Longest query string that is remembered; with the count it bounds the memory."""

_CACHED_COUNT: Final = 1024

_SINGLE: Final = frozenset({"select", "columns", "on_conflict"})

_LAST_WORDS: Final = frozenset({"order", "limit", "offset", "and", "or"})
"""Parameters whose names end in one of these are no filters."""


def parse_query(text: bytes, *, has_arguments: bool = False) -> Query:
    """
    Read a query string.

    Args:
        text: What follows the ``?``, percent-encoded.
        has_arguments: Whether it holds the arguments of a function (GET or HEAD on one).

    Raises:
        RestError: PGRST100: a parameter is not understood; 22021: it is not UTF-8, or has
            a NUL, which PostgreSQL's text cannot hold.
    """
    if len(text) > _CACHED_LENGTH_BYTES:
        return _parse_query(text, has_arguments)
    return _remembered(text, has_arguments)


@lru_cache(maxsize=_CACHED_COUNT)
def _remembered(text: bytes, has_arguments: bool) -> Query:
    return _parse_query(text, has_arguments)


def _parse_query(text: bytes, has_arguments: bool) -> Query:
    if len(text) > LENGTH_LIMIT_BYTES:
        raise _too_much(f"The query string is longer than {LENGTH_LIMIT_BYTES} bytes")
    pairs = split(text)
    if len(pairs) > PARAMETER_LIMIT:
        raise _too_much(f"There are more than {PARAMETER_LIMIT} parameters")
    reading = _Reading(has_arguments=has_arguments)
    for key, value in pairs:
        if value is not None:
            reading.add(key, value)
    return reading.query(dict(reversed(pairs)), canonical(pairs))


def split(text: bytes) -> list[tuple[str, str | None]]:
    """
    Part a query string, or a form, into names and values.

    Returns:
        The parameters in order; the value is None without a ``=``.

    Raises:
        RestError: 22021.
    """
    pairs: list[tuple[str, str | None]] = []
    for part in text.split(b"&"):
        if part:
            key, equals, value = part.partition(b"=")
            pairs.append((decoded(key), decoded(value) if equals else None))
    return pairs


def decoded(text: bytes) -> str:
    """
    Undo the encoding of a name or value.

    Raises:
        RestError: 22021.
    """
    if b"%" in text or b"+" in text:
        text = unquote_to_bytes(text.replace(b"+", b" "))
    if b"\0" in text:
        raise not_text()
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise not_text() from None


def not_text() -> RestError:
    """Make the error for bytes that are no text to PostgreSQL, as PostgreSQL has it."""
    return RestError(400, ErrorBody("22021", 'invalid byte sequence for encoding "UTF8"'))


def _too_much(details: str) -> RestError:
    return RestError(400, ErrorBody("PGRST100", "The query string is too long", details))


def canonical(pairs: list[tuple[str, str | None]]) -> str:
    """Write parameters ordered by name, those of the same name as one."""
    values: dict[str, list[str]] = {}
    for key, value in pairs:
        values.setdefault(key, []).append(_encoded(value or ""))
    return "&".join(f"{_encoded(key)}={','.join(values[key])}" for key in sorted(values))


def _encoded(text: str) -> str:
    return quote(text, safe="")


class _Reading:
    """The parameters read so far, each among its kind."""

    def __init__(self, *, has_arguments: bool) -> None:
        self._has_arguments = has_arguments
        self._filters: list[Filter] = []
        self._logic: list[LogicFilter] = []
        self._orders: dict[Path, Order] = {}
        self._limits: dict[str, str] = {}
        self._offsets: dict[str, str] = {}
        self._arguments: list[tuple[str, str]] = []

    def add(self, key: str, value: str) -> None:
        """
        Read a parameter, but for those of which there is one.

        Raises:
            RestError: PGRST100.
        """
        if key in _SINGLE:
            return
        last = key.rpartition(".")[2]
        path = key.removesuffix(last)
        match last:
            case "order":
                self._add_order(key, value)
            case "limit":
                self._limits[path] = value
            case "offset":
                self._offsets[path] = value
            case "and" | "or":
                self._logic.append(parse_logic(key, value))
            case _:
                self._add_filter(key, value)

    def _add_order(self, key: str, value: str) -> None:
        path, _ = parse("tree path", key, path_and_field)
        self._orders[path] = Order(path, parse_order(value))

    def _add_filter(self, key: str, value: str) -> None:
        path, column = parse("tree path", key, path_and_field)
        if self._has_arguments:
            found = parse_argument_or_operation(value)
            if found is None:
                self._arguments.append((column.name, value))
                return
        else:
            found = parse_operation(value)
        operation, is_negated = found
        self._filters.append(Filter(path, Condition(column, operation, is_negated)))

    def query(self, first: dict[str, str | None], canonical_text: str) -> Query:
        """
        Finish.

        Args:
            first: The first value of each parameter.
            canonical_text: All parameters, for `Query.canonical`.

        Raises:
            RestError: PGRST100.
        """
        select = first.get("select")
        columns = first.get("columns")
        on_conflict = first.get("on_conflict")
        ranges = combine(self._limits, self._offsets)
        root_range = ranges.pop("", ALL_ROWS)
        return Query(
            select=_ALL if select is None else parse_select(select),
            filters=tuple(self._filters),
            logic=tuple(self._logic),
            orders=tuple(self._orders.values()),
            range=root_range,
            embed_ranges=tuple(
                EmbedRange(parse("tree path", path[:-1], dotted_path), one)
                for path, one in ranges.items()
            ),
            columns=None if columns is None else parse("columns parameter", columns, names),
            on_conflict=None
            if on_conflict is None
            else parse("on_conflict parameter", on_conflict, ordered_names),
            arguments=tuple(self._arguments),
            canonical=canonical_text,
        )


_ALL: Final[tuple[SelectItem, ...]] = (AllColumns(),)
