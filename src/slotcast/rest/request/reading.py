"""
From an HTTP request to the nouns of `ast`.

The steps are taken in the order in which the original takes them, since it decides which
of several mistakes the client is told about: path, schema, method, query string, ranges,
body.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.request.ast import Function, Method, Relation, Request, Root
from slotcast.rest.request.media_types import parse_accept, parse_content_type
from slotcast.rest.request.payload import parse_payload
from slotcast.rest.request.preferences import parse_preferences
from slotcast.rest.request.query_string import parse_query
from slotcast.rest.request.ranges import effective_range

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from slotcast.rest.request.ast import Payload, Query, Target

_READS: Final = frozenset({Method.GET, Method.HEAD})

_OF_FUNCTIONS: Final = frozenset({Method.GET, Method.HEAD, Method.POST, Method.OPTIONS})

_OF_ROOT: Final = frozenset({Method.GET, Method.HEAD, Method.OPTIONS})

_WITH_BODY: Final = frozenset({Method.POST, Method.PUT, Method.PATCH})

_WITH_COLUMNS: Final = frozenset({Method.POST, Method.PATCH})

_WITH_CONTENT_PROFILE: Final = _WITH_BODY | {Method.DELETE}

_RPC: Final = "rpc"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """
    A request as it came.

    Attributes:
        method: Such as ``GET``.
        path: Below the place where REST is served, percent-encoded, beginning with ``/``.
        query: The query string without the ``?``.
        headers: Names in lower case, and values; in order, repetitions kept.
        body: All of it.
    """

    method: str
    path: str
    query: bytes = b""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Give the value of the first header *name* (lower case), or None."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRules:
    """
    What the server's configuration says about requests.

    Attributes:
        schemas: Exposed schemas; the first is the default.
        timezones: The time zones that PostgreSQL knows.
        may_choose_end: Whether clients may choose how the transaction ends.
        is_root_served: Whether ``/`` describes everything.
        root_function: The function that ``/`` calls instead, or None.
    """

    schemas: tuple[str, ...]
    timezones: Container[str] = ()
    may_choose_end: bool = False
    is_root_served: bool = True
    root_function: str | None = None


def read_request(http: HttpRequest, rules: RequestRules) -> Request:
    """
    Parse a request.

    Raises:
        RestError: A part of it cannot be understood, or is not allowed.
    """
    target = _target(http.path, rules)
    schema, is_profile_sent = _schema(http, rules)
    method = _method(http.method, target)
    is_called_by_url = isinstance(target, Function) and method in _READS
    query = parse_query(http.query, has_arguments=is_called_by_url)
    return Request(
        method=method,
        target=target,
        schema=schema,
        is_profile_echoed=is_profile_sent or len(rules.schemas) > 1,
        query=query,
        range=effective_range(method, query.range, http.header("range")),
        preferences=parse_preferences(
            [value for name, value in http.headers if name == "prefer"],
            may_choose_end=rules.may_choose_end,
            timezones=rules.timezones,
        ),
        accepted=parse_accept(http.header("accept")),
        payload=_payload(http, method, target, query),
    )


def _target(path: str, rules: RequestRules) -> Target:
    match [unquote(one) for one in path.removeprefix("/").split("/")]:
        case [""]:
            return _root(rules)
        case [name]:
            return Relation(name)
        case [segment, name] if segment == _RPC:
            return Function(name)
        case _:
            message = "Invalid path specified in request URL"
            raise RestError(404, ErrorBody("PGRST125", message))


def _root(rules: RequestRules) -> Target:
    if rules.root_function is not None:
        return Function(rules.root_function)
    if not rules.is_root_served:
        raise RestError(404, ErrorBody("PGRST126", "Root endpoint metadata is disabled"))
    return Root()


def _schema(http: HttpRequest, rules: RequestRules) -> tuple[str, bool]:
    """Give the schema, and whether the client named it."""
    is_write = http.method in {method.value for method in _WITH_CONTENT_PROFILE}
    profile = http.header("content-profile" if is_write else "accept-profile")
    if profile is None:
        return rules.schemas[0], False
    if profile not in rules.schemas:
        exposed = ", ".join(rules.schemas)
        hint = f"Only the following schemas are exposed: {exposed}"
        raise RestError(406, ErrorBody("PGRST106", f"Invalid schema: {profile}", None, hint))
    return profile, True


def _method(name: str, target: Target) -> Method:
    allowed = _OF_FUNCTIONS if isinstance(target, Function) else frozenset(Method)
    if isinstance(target, Root):
        allowed = _OF_ROOT
    for method in allowed:
        if method.value == name:
            return method
    if isinstance(target, Function):
        message = f"Cannot use the {name} method on RPC"
        raise RestError(405, ErrorBody("PGRST101", message))
    raise RestError(405, ErrorBody("PGRST117", f"Unsupported HTTP method: {name}"))


def _payload(http: HttpRequest, method: Method, target: Target, query: Query) -> Payload | None:
    if method not in _WITH_BODY:
        return None
    return parse_payload(
        http.body,
        parse_content_type(http.header("content-type")),
        target,
        is_inspected=query.columns is None or method not in _WITH_COLUMNS,
    )
