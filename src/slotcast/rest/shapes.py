"""
Requests of one shape are planned once.

Two reads that differ only in the values of their filters (``id=eq.1``, ``id=eq.2``) have the
same plan and the same SQL; the values are parameters. So a request is planned with a mark in
the place of each such value, and the marks say which parameters the values are. That needs
no other knowledge of parsing or planning, and where a mark has not arrived whole among the
parameters, the shape is planned each time anew.

Writes of JSON have the same shape if their rows have the same names, or if the request says in
`columns` which names count; so have calls, by their arguments' names. The body is the only
parameter that is bytes.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from slotcast.rest.errors import RestError
from slotcast.rest.query.statement import Statement
from slotcast.rest.request.ast import Function, JsonPayload, Relation
from slotcast.rest.request.media_types import JSON
from slotcast.rest.request.payload import parse_payload
from slotcast.rest.request.query_string import decoded, parse_query

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slotcast.rest.plan.planning import Plan
    from slotcast.rest.query.composing import Composed
    from slotcast.rest.query.statement import Value
    from slotcast.rest.request.ast import Request
    from slotcast.rest.request.reading import HttpRequest

SHAPE_LIMIT: Final = 1000
"""Most shapes that are remembered; of more, the longest unused go."""

_QUERY_LIMIT_BYTES: Final = 2048
"""Longest query string that is looked at; with the count it bounds the memory."""

_OTHERS_LIMIT: Final = 1024
"""Likewise of the path and the headers, in characters."""

_BODY_LIMIT_BYTES: Final = 16 * 1024
"""Largest body that is looked at; a shape keeps one."""

_METHODS: Final = frozenset({"GET", "HEAD", "DELETE", "POST", "PATCH"})
_WITH_BODY: Final = frozenset({"POST", "PATCH"})
_HEADERS: Final = frozenset({"accept", "accept-profile", "content-profile", "prefer", "range"})
"""Header fields that have a say in the plan."""

_VERBATIM: Final = (b"eq.", b"neq.", b"gt.", b"gte.", b"lt.", b"lte.")
"""Operators whose values become parameters as they are."""

_OPERATION: Final = re.compile(rb"[a-z]+[.(]|not\.")
_RESERVED: Final = frozenset(
    {b"select", b"columns", b"on_conflict", b"order", b"limit", b"offset", b"and", b"or"}
)
_MARK: Final = "\ue000{}\ue001"
_MARK_BYTES: Final = (b"\xee\x80", b"%EE%80", b"%ee%80")
_CALL: Final = "/rpc/"
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Prepared:
    """
    A request, ready to be run.

    Attributes:
        request: What the client asks for.
        plan: What has to be done.
        composed: What PostgreSQL is asked.
        canonical: As of `Query.canonical`.
    """

    request: Request
    plan: Plan
    composed: Composed
    canonical: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """
    A request without its values.

    Attributes:
        key: Equal for requests that are planned alike.
        query: The query string with marks in the place of values.
        values: What stands in the place of the marks.
        body: The rows to write, or the arguments; None if there are none.
    """

    key: tuple[object, ...]
    query: bytes
    values: tuple[str, ...]
    body: bytes | None = None


class ShapeCache:
    """
    Prepares requests.

    Args:
        prepare: Prepares one from scratch; may raise RestError.
    """

    def __init__(self, prepare: Callable[[HttpRequest], Prepared]) -> None:
        self._prepare = prepare
        self._known: OrderedDict[tuple[object, ...], Prepared | None] = OrderedDict()

    def prepared(self, http: HttpRequest) -> Prepared:
        """
        Prepare a request.

        Raises:
            RestError: It cannot be understood or planned.
        """
        shape = _shape(http)
        if shape is None:
            return self._prepare(http)
        if shape.key in self._known:
            known = self._known[shape.key]
            self._known.move_to_end(shape.key)
        else:
            known = self._learn(shape, http)
        return self._prepare(http) if known is None else _filled(known, shape)

    def _learn(self, shape: _Shape, http: HttpRequest) -> Prepared | None:
        """Prepare a shape; None if its values, or its body, cannot be found in what comes out."""
        try:
            known = self._prepare(replace(http, query=shape.query))
        except RestError:
            # The client is told about its own request, not about one with marks.
            return None
        found = known.composed.main.values
        body_count = sum(isinstance(value, bytes) for value in found)
        has_all = all(_mark(number) in found for number in range(len(shape.values)))
        if not has_all or body_count != (shape.body is not None):
            known = None
        self._remember(shape.key, known)
        return known

    def _remember(self, key: tuple[object, ...], known: Prepared | None) -> None:
        self._known[key] = known
        if len(self._known) > SHAPE_LIMIT:
            self._known.popitem(last=False)


def _mark(number: int) -> str:
    return _MARK.format(number)


@cache
def _quoted_mark(number: int) -> str:
    return quote(_mark(number))


def _shape(http: HttpRequest) -> _Shape | None:
    """Part a request into its shape and its values; None if it should not be remembered."""
    headers = _headers(http)
    if (
        http.method not in _METHODS
        or len(http.query) > _QUERY_LIMIT_BYTES
        or not _is_short(http.path, headers)
        or any(mark in http.query for mark in _MARK_BYTES)
    ):
        return None
    try:
        is_called_by_url = http.path.startswith(_CALL) and http.method not in _WITH_BODY
        query, values = _without_values(http.query, has_arguments=is_called_by_url)
        key = (http.method, http.path, query, headers)
        if http.method not in _WITH_BODY:
            return _Shape(key, query, values)
        payload = _written(http, query)
    except RestError:
        # The client is told what is wrong with it, unless something else is wrong before.
        return None
    if payload is None:
        return None
    is_without_arguments = _is_call(http) and payload.keys == ()
    body = None if is_without_arguments else payload.data
    return _Shape((*key, payload.keys, payload.is_object), query, values, body)


def _without_values(query: bytes, *, has_arguments: bool) -> tuple[bytes, tuple[str, ...]]:
    """
    Put marks in the place of the values in a query string, and give these.

    Raises:
        RestError: A value is not text.
    """
    values: list[str] = []
    parts: list[bytes] = []
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        start = _start_of_value(name, value, is_argument=has_arguments)
        if start is None:
            parts.append(part)
        else:
            mark = _quoted_mark(len(values)).encode("ascii")
            values.append(decoded(value[start:]))
            parts.append(name + b"=" + value[:start] + mark)
    return b"&".join(parts), tuple(values)


def _headers(http: HttpRequest) -> tuple[tuple[str, str], ...]:
    return tuple(field for field in http.headers if field[0] in _HEADERS)


def _is_short(path: str, headers: Sequence[tuple[str, str]]) -> bool:
    return len(path) + sum(len(value) for _, value in headers) <= _OTHERS_LIMIT


def _written(http: HttpRequest, query: bytes) -> JsonPayload | None:
    """
    Read the rows of a write, or the arguments of a call, as far as its shape depends on them.

    Args:
        http: The request.
        query: Its query string without the values.

    Returns:
        They; None if the shape should not be remembered.

    Raises:
        RestError: The request cannot be understood.
    """
    # The root may be a function, too.
    is_relation = len(http.path) > 1 and http.path.count("/") == 1
    is_call = _is_call(http)
    if not (is_relation or is_call) or len(http.body) > _BODY_LIMIT_BYTES:
        return None
    if [value for name, value in http.headers if name == "content-type"] != [_JSON]:
        return None
    is_inspected = parse_query(query, has_arguments=False).columns is None
    target = Function("") if is_call else Relation("")
    payload = parse_payload(http.body, JSON, target, is_inspected=is_inspected)
    return payload if isinstance(payload, JsonPayload) else None


def _is_call(http: HttpRequest) -> bool:
    return http.path.startswith(_CALL) and http.path.count("/") == _CALL.count("/")


def _start_of_value(name: bytes, value: bytes, *, is_argument: bool) -> int | None:
    """Say where in a parameter its value begins; None if it is part of the shape."""
    if not value or b"%" in name or name.rpartition(b".")[2] in _RESERVED:
        return None
    if value.startswith(_VERBATIM):
        return value.index(b".") + 1
    return 0 if is_argument and not _OPERATION.match(value) else None


def _filled(known: Prepared, shape: _Shape) -> Prepared:
    """Put the values of *shape* where the marks are, and its body in the place of the other."""
    if not shape.values and shape.body is None:
        return known
    by_mark: dict[Value, Value] = {_mark(number): one for number, one in enumerate(shape.values)}
    composed = known.composed
    main, estimate = composed.main, composed.estimate
    values = tuple(
        shape.body if isinstance(value, bytes) else by_mark.get(value, value)
        for value in main.values
    )
    canonical = known.canonical
    for number, value in enumerate(shape.values):
        canonical = canonical.replace(_quoted_mark(number), quote(value, safe=""))
    return Prepared(
        known.request,
        known.plan,
        replace(
            composed,
            main=Statement(main.text, values),
            estimate=None if estimate is None else _with_values(estimate, by_mark),
        ),
        canonical,
    )


def _with_values(statement: Statement, by_mark: dict[Value, Value]) -> Statement:
    return Statement(statement.text, tuple(by_mark.get(value, value) for value in statement.values))
