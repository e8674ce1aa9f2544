"""Writes as SQL, and payloads as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from slotcast.rest.plan.nodes import DeletePlan, InsertPlan, UpdatePlan
from slotcast.rest.query.conditions import column, logic_sql
from slotcast.rest.query.statement import identifier, literal, qualified
from slotcast.rest.request.ast import Resolution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotcast.rest.plan.nodes import PayloadColumn, PlannedLogic, WritePlan
    from slotcast.rest.query.statement import Binder
    from slotcast.rest.request.ast import JsonPayload
    from slotcast.rest.schema import QualifiedName

BODY: Final = "pgrst_body"
"""What the rows of the payload are called."""

INSERTED: Final = "nullif(current_setting('pgrst.inserted', true), '')"
"""How many rows a write has inserted, not updated, if it counts them."""


def write_sql(plan: WritePlan, binder: Binder) -> str:
    """Write the INSERT, UPDATE or DELETE."""
    match plan:
        case InsertPlan():
            return _insert(plan, binder)
        case UpdatePlan():
            return _update(plan, binder)
        case DeletePlan():
            table = qualified(plan.relation.name)
            where = _where(table, plan.conditions, binder)
            return f"DELETE FROM {table}{where}{_returning(plan.relation.name, plan.returning)}"
        case _:
            assert_never(plan)


def _insert(plan: InsertPlan, binder: Binder) -> str:
    names = [identifier(one.name) for one in plan.columns]
    rows = payload_sql(plan.columns, plan.payload, binder, has_defaults=plan.has_defaults)
    selected = ", ".join(f"{BODY}.{name}" for name in names)
    is_counted = plan.conflict is not None and plan.conflict[0] is Resolution.MERGE_DUPLICATES
    conditions = [_count_inserted(1)] if is_counted else []
    conditions += [logic_sql(identifier(BODY), one, binder) for one in plan.conditions]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return (
        f"INSERT INTO {qualified(plan.relation.name)}"
        f"{'(' + ', '.join(names) + ')' if names else ''} SELECT {selected} {rows}{where}"
        f"{_on_conflict(plan, names)}{_returning(plan.relation.name, plan.returning)}"
    )


def _on_conflict(plan: InsertPlan, names: Sequence[str]) -> str:
    if plan.conflict is None:
        return ""
    resolution, key = plan.conflict
    target = f" ON CONFLICT({', '.join(map(identifier, key))})"
    if resolution is Resolution.IGNORE_DUPLICATES or not names:
        return f"{target} DO NOTHING"
    assigned = ", ".join(f"{name} = EXCLUDED.{name}" for name in names)
    return f"{target} DO UPDATE SET {assigned} WHERE {_count_inserted(-1)}"


def _count_inserted(step: int) -> str:
    """
    Write a condition that always holds, and counts.

    Every row of the payload counts up; one that meets a row that exists counts down again.
    """
    return (
        f"set_config('pgrst.inserted', (coalesce({INSERTED}::int, 0) + {step})::text, true)"
        " IS NOT NULL"
    )


def _update(plan: UpdatePlan, binder: Binder) -> str:
    table = qualified(plan.relation.name)
    if not plan.columns:
        return f"SELECT {_empty_columns(plan)} FROM {table} WHERE false"
    assigned = ", ".join(
        f"{identifier(one.name)} = {BODY}.{identifier(one.name)}" for one in plan.columns
    )
    rows = payload_sql(plan.columns, plan.payload, binder, has_defaults=plan.has_defaults)
    where = _where(table, plan.conditions, binder)
    returning = _returning(plan.relation.name, plan.returning)
    return f"UPDATE {table} SET {assigned} {rows}{where}{returning}"


def _empty_columns(plan: UpdatePlan) -> str:
    table = identifier(plan.relation.name.name)
    return ", ".join(column(table, name) for name in plan.returning) or "NULL"


def _where(table: str, conditions: Sequence[PlannedLogic], binder: Binder) -> str:
    if not conditions:
        return ""
    return " WHERE " + " AND ".join(logic_sql(table, one, binder) for one in conditions)


def _returning(relation: QualifiedName, names: Sequence[str]) -> str:
    """Without names only ask for something to count, so that no right to read is needed."""
    table = qualified(relation)
    return " RETURNING " + (", ".join(column(table, name) for name in names) or "1")


def payload_sql(
    columns: Sequence[PayloadColumn],
    payload: JsonPayload,
    binder: Binder,
    *,
    has_defaults: bool = False,
    is_first_only: bool = False,
) -> str:
    """
    Write the FROM clause that unpacks a payload.

    Args:
        columns: What of its objects is needed.
        payload: A JSON object, or an array of them.
        binder: Takes the payload.
        has_defaults: Whether members that are missing become defaults rather than NULL.
        is_first_only: Whether only the first object counts.
    """
    kind = "jsonb" if has_defaults else "json"
    value = f"{binder.bind(payload.data)}::{kind}"
    source = f"FROM (SELECT {value} AS json_data) pgrst_payload, "
    data = "pgrst_payload.json_data"
    if has_defaults:
        source += _with_defaults(columns, is_object=payload.is_object)
        data = "pgrst_json_defs.val"
    limit = " LIMIT 1" if is_first_only else ""
    return (
        f"{source}LATERAL (SELECT {', '.join(map(_parsed, columns))}"
        f" FROM {_rows(columns, data, kind, is_object=payload.is_object)}{limit}) {BODY}"
    )


def _rows(columns: Sequence[PayloadColumn], data: str, kind: str, *, is_object: bool) -> str:
    if not columns:
        return "(VALUES (1)) _" if is_object else f"{kind}_array_elements({data}) _"
    function = f"{kind}_to_record" if is_object else f"{kind}_to_recordset"
    typed = ", ".join(f"{identifier(one.name)} {one.type}" for one in columns)
    return f"{function}({data}) AS _({typed})"


def _parsed(one: PayloadColumn) -> str:
    name = identifier(one.name)
    return name if one.parser is None else f"{one.parser}({name}) AS {name}"


def _with_defaults(columns: Sequence[PayloadColumn], *, is_object: bool) -> str:
    defaults = ", ".join(
        f"{literal(one.name)}, {one.default}" for one in columns if one.default is not None
    )
    built = f"jsonb_build_object({defaults})"
    if is_object:
        return f"LATERAL (SELECT {built} || pgrst_payload.json_data AS val) pgrst_json_defs, "
    return (
        f"LATERAL (SELECT jsonb_agg({built} || elem) AS val"
        " FROM jsonb_array_elements(pgrst_payload.json_data) elem) pgrst_json_defs, "
    )
