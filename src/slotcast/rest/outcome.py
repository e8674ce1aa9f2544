"""From PostgreSQL's results to the response."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, assert_never

from psycopg.pq import Escaping

from slotcast.rest.connection import column, text
from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.plan.nodes import InsertPlan, UpdatePlan
from slotcast.rest.plan.planning import RelationRead, RelationWrite, RoutineCall
from slotcast.rest.request.ast import Count, Method, Relation, Resolution, Return
from slotcast.rest.response.answer import Response
from slotcast.rest.response.headers import (
    content_location,
    location,
    overridden,
    requested_headers,
    requested_status,
)
from slotcast.rest.response.negotiation import content_type
from slotcast.rest.response.preferences import check_max_affected, preference_applied
from slotcast.rest.response.ranges import content_range, content_range_of_write, read_status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg.pq.abc import PGresult

    from slotcast.rest.plan.planning import Plan
    from slotcast.rest.request.ast import Request
    from slotcast.rest.shapes import Prepared

SNAPSHOT: Final = "Slotcast-Snapshot"
"""
Names the snapshot that a read has seen, as of `pg_current_snapshot()`.

A change belongs to what was read if and only if its transaction is visible in it, so a
client can join a first state with the changes that follow.
"""

_BYTEA: Final = 17
_OK = 200
_CREATED = 201
_NO_CONTENT = 204
_NOT_ACCEPTABLE = 406

_Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `Composed.main` gave; see there."""

    total: int | None
    row_count: int
    body: bytes
    headers: str | None
    status: str | None
    result: PGresult

    @property
    def snapshot(self) -> str | None:
        """Of a read or call: what it has seen."""
        return text(self.result, 5)

    @property
    def inserted_count(self) -> int | None:
        """Of a write that counts: how many rows are new."""
        found = text(self.result, 5)
        return None if found is None else int(found)

    @property
    def key(self) -> list[tuple[str, str | None]]:
        """Of an insert: the key of the only new row."""
        found = text(self.result, 6)
        return [] if found is None else [(name, value) for name, value in json.loads(found)]


def read_outcome(result: PGresult) -> Outcome:
    """Read the row that `Composed.main` gives."""
    total = text(result, 0)
    return Outcome(
        total=None if total is None else int(total),
        row_count=int(text(result, 1) or 0),
        body=_body(result),
        headers=text(result, 3),
        status=text(result, 4),
        result=result,
    )


def _body(result: PGresult) -> bytes:
    """Give the body as it goes out; what is binary came in text form."""
    body = column(result, 2) or b""
    return Escaping().unescape_bytea(body) if result.ftype(2) == _BYTEA else body


# Checks --------------------------------------------------------------------------------


def check(request: Request, plan: Plan, result: PGresult) -> None:
    """
    Look whether the result is what the client insists on.

    Raises:
        RestError: PGRST115, PGRST116 or PGRST124; nothing must be kept.
    """
    outcome = read_outcome(result)
    if request.method is Method.PUT and outcome.row_count != 1:
        message = "Payload values do not match URL in primary key column(s)"
        raise RestError(400, ErrorBody("PGRST115", message))
    if plan.body.is_object and outcome.row_count != 1:
        raise RestError(
            _NOT_ACCEPTABLE,
            ErrorBody(
                "PGRST116",
                "Cannot coerce the result to a single JSON object",
                f"The result contains {outcome.row_count} rows",
            ),
        )
    if request.method in (Method.PATCH, Method.DELETE) or isinstance(plan, RoutineCall):
        check_max_affected(request.preferences, outcome.row_count)


def planned_total(result: PGresult) -> int:
    """Read how many rows PostgreSQL expects, from its plan."""
    plans: Any = json.loads(column(result, 0) or b"[]")
    return int(plans[0]["Plan"]["Plan Rows"])


def total_of(
    request: Request, outcome: Outcome, planned: int | None, row_limit: int | None
) -> int | None:
    """
    Say how many rows there are in all.

    Args:
        request: Says how to count.
        outcome: Holds what was counted.
        planned: What PostgreSQL expects; None if it was not asked.
        row_limit: Up to how many rows an estimate has to be exact.
    """
    counted = outcome.total
    if request.preferences.count is not Count.ESTIMATED or planned is None or counted is None:
        return counted if planned is None else planned
    if row_limit is not None and counted <= row_limit:
        return counted
    return max(counted, planned)


# Responses -----------------------------------------------------------------------------


def respond(prepared: Prepared, results: Sequence[PGresult], row_limit: int | None) -> Response:
    """
    Make the response.

    Args:
        prepared: What was asked.
        results: What PostgreSQL said to it.
        row_limit: Up to how many rows an estimate has to be exact.

    Raises:
        RestError: PGRST103, PGRST111 or PGRST112.
    """
    request, plan, composed = prepared.request, prepared.plan, prepared.composed
    if composed.is_explained:
        return _explained(request, plan, results[0])
    outcome = read_outcome(results[0])
    match plan:
        case RelationRead() | RoutineCall():
            planned = planned_total(results[1]) if composed.estimate is not None else None
            total = total_of(request, outcome, planned, row_limit)
            response = _read(prepared, plan, outcome, total)
        case RelationWrite():
            response = _written(request, plan, outcome)
        case _:
            assert_never(plan)
    if outcome.headers is None and outcome.status is None:
        return response
    return Response(
        status=requested_status(outcome.status) or response.status,
        headers=overridden(response.headers, requested_headers(outcome.headers)),
        body=response.body,
    )


def _explained(request: Request, plan: Plan, result: PGresult) -> Response:
    lines = (result.get_value(number, 0) or b"" for number in range(result.ntuples))
    body = b"".join(line + b"\n" for line in lines)
    headers: _Headers = []
    _add_body(headers, request, plan, body)
    return _response(request, _OK, headers, body)


def _read(
    prepared: Prepared, plan: RelationRead | RoutineCall, outcome: Outcome, total: int | None
) -> Response:
    request = prepared.request
    offset = max(request.range.offset, 0)
    status = read_status(offset, outcome.row_count, total)
    headers = [("Content-Range", content_range(offset, outcome.row_count, total))]
    if isinstance(request.target, Relation):
        where = content_location(request.target.name, prepared.canonical)
        headers.append(("Content-Location", where))
    _add_preferences(headers, request)
    if isinstance(plan, RoutineCall) and plan.call.routine.is_void:
        return _response(request, _NO_CONTENT, headers, b"")
    _add_body(headers, request, plan, outcome.body)
    if outcome.snapshot is not None and request.method in (Method.GET, Method.HEAD):
        headers.append((SNAPSHOT, outcome.snapshot))
    return _response(request, status, headers, outcome.body)


def _written(request: Request, plan: RelationWrite, outcome: Outcome) -> Response:
    headers: _Headers = []
    has_body = request.preferences.returning is Return.REPRESENTATION
    if isinstance(plan.write, InsertPlan) and outcome.key:
        headers.append(("Location", location(plan.table.name.name, outcome.key)))
    if request.method is not Method.PUT:
        total = None if request.preferences.count is None else outcome.row_count
        is_update = isinstance(plan.write, UpdatePlan)
        written = content_range_of_write(outcome.row_count, total, is_update=is_update)
        headers.append(("Content-Range", written))
    _add_preferences(headers, request, plan)
    if has_body:
        _add_body(headers, request, plan, outcome.body)
    elif request.method is Method.POST:
        headers.append(("Content-Length", "0"))
    status = _written_status(request, plan, outcome, has_body=has_body)
    return _response(request, status, headers, outcome.body if has_body else b"")


def _written_status(
    request: Request, plan: RelationWrite, outcome: Outcome, *, has_body: bool
) -> int:
    match request.method:
        case Method.POST:
            return _OK if _is_merged(plan) and not outcome.inserted_count else _CREATED
        case Method.PUT if has_body:
            return _CREATED if outcome.inserted_count else _OK
        case _:
            return _OK if has_body else _NO_CONTENT


def _is_merged(plan: RelationWrite) -> bool:
    conflict = plan.write.conflict if isinstance(plan.write, InsertPlan) else None
    return conflict is not None and conflict[0] is Resolution.MERGE_DUPLICATES


def _add_preferences(
    headers: _Headers, request: Request, plan: RelationWrite | None = None
) -> None:
    has_target = plan is not None and (
        bool(plan.table.primary_key) or request.query.on_conflict is not None
    )
    applied = preference_applied(request, has_conflict_target=has_target)
    if applied is not None:
        headers.append(("Preference-Applied", applied))


def _add_body(headers: _Headers, request: Request, plan: Plan, body: bytes) -> None:
    if request.method is not Method.HEAD:
        headers.append(("Content-Length", str(len(body))))
    headers.append(("Content-Type", content_type(plan.body.media_type)))
    if request.is_profile_echoed:
        headers.append(("Content-Profile", request.schema))


def _response(request: Request, status: int, headers: _Headers, body: bytes) -> Response:
    has_body = request.method is not Method.HEAD
    return Response(status=status, headers=tuple(headers), body=body if has_body else b"")
