"""Planning of writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.plan.fields import Fields
from slotcast.rest.plan.nodes import DeletePlan, InsertPlan, UpdatePlan
from slotcast.rest.plan.reading import needed_columns
from slotcast.rest.request.ast import (
    Comparison,
    JsonPayload,
    Method,
    Missing,
    Operator,
    Resolution,
    Return,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slotcast.rest.plan.nodes import PayloadColumn, PlannedLogic, ReadPlan, WritePlan
    from slotcast.rest.request.ast import Condition, Request
    from slotcast.rest.schema import Relation, SchemaCache

_BAD_REQUEST = 400
_NOT_ALLOWED = 405
_EMPTY = JsonPayload(b"[]", (), is_object=False)


def plan_write(
    request: Request, relation: Relation, representation: ReadPlan, cache: SchemaCache
) -> WritePlan:
    """
    Plan a POST, PATCH, PUT or DELETE.

    Args:
        request: What the client asks for.
        relation: What is written.
        representation: How what was written will be read.
        cache: What there is.

    Raises:
        RestError: PGRST204: a column does not exist; PGRST105: a PUT does not name one row.
    """
    fields = Fields(cache, relation)
    query, preferences = request.query, request.preferences
    conditions: tuple[PlannedLogic, ...] = (
        *(fields.logic(one.tree) for one in query.logic if not one.path),
        *(fields.condition(one.condition) for one in query.filters if not one.path),
    )
    returning: tuple[str, ...] = ()
    if preferences.returning in (Return.REPRESENTATION, Return.HEADERS_ONLY):
        returning = needed_columns(representation, relation.primary_key)
    if request.method is Method.DELETE:
        return DeletePlan(relation=relation, conditions=conditions, returning=returning)
    if request.method is Method.PUT:
        _check_put(request, relation)
    payload = request.payload if isinstance(request.payload, JsonPayload) else _EMPTY
    names = query.columns if payload.keys is None else payload.keys
    if request.method is not Method.PUT and query.columns is not None:
        names = query.columns
    columns = _payload_columns(names or (), relation, fields)
    has_defaults = preferences.missing is Missing.DEFAULT
    if request.method is Method.PATCH:
        return UpdatePlan(
            relation=relation,
            columns=columns,
            payload=payload,
            conditions=conditions,
            returning=returning,
            has_defaults=has_defaults,
        )
    is_put = request.method is Method.PUT
    return InsertPlan(
        relation=relation,
        columns=columns,
        payload=payload,
        conflict=_conflict(request, relation),
        conditions=conditions if is_put else (),
        returning=returning,
        has_defaults=has_defaults and not is_put,
    )


def _payload_columns(
    names: Iterable[str], relation: Relation, fields: Fields
) -> tuple[PayloadColumn, ...]:
    columns: list[PayloadColumn] = []
    for name in names:
        column = fields.payload_column(name)
        if column is None:
            message = (
                f"Could not find the '{name}' column of '{relation.name.name}' in the schema cache"
            )
            raise RestError(_BAD_REQUEST, ErrorBody("PGRST204", message))
        columns.append(column)
    return tuple(columns)


def _conflict(request: Request, relation: Relation) -> tuple[Resolution, tuple[str, ...]] | None:
    """Say what to do about rows that exist; None also if nothing tells that they do."""
    if request.method is Method.PUT:
        return Resolution.MERGE_DUPLICATES, relation.primary_key
    resolution = request.preferences.resolution
    on_conflict = request.query.on_conflict
    target = relation.primary_key if on_conflict is None else on_conflict
    return None if resolution is None or not target else (resolution, target)


def _check_put(request: Request, relation: Relation) -> None:
    """
    Refuse a PUT whose filters do not say which row it is for.

    Raises:
        RestError: PGRST105.
    """
    conditions = [one.condition for one in request.query.filters if not one.path]
    named = {condition.field.name for condition in conditions}
    if (
        request.query.logic
        or not relation.primary_key
        or named != set(relation.primary_key)
        or not all(map(_is_equality, conditions))
    ):
        message = "Filters must include all and only primary key columns with 'eq' operators"
        raise RestError(_NOT_ALLOWED, ErrorBody("PGRST105", message))


def _is_equality(condition: Condition) -> bool:
    operation = condition.operation
    return (
        isinstance(operation, Comparison)
        and operation.operator is Operator.EQ
        and operation.quantifier is None
        and not condition.is_negated
    )
