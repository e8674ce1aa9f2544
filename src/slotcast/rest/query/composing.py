"""A plan as the statements that serve a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from slotcast.rest.plan.nodes import SOURCE, InsertPlan
from slotcast.rest.plan.planning import RelationRead, RelationWrite, RoutineCall
from slotcast.rest.query.bodies import ROWS, body_sql
from slotcast.rest.query.calling import call_sql
from slotcast.rest.query.reading import count_sql, read_sql
from slotcast.rest.query.statement import Binder, Statement, literal
from slotcast.rest.query.writing import INSERTED, write_sql
from slotcast.rest.request.ast import Count, PlanMediaType, Return

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotcast.rest.plan.nodes import BodyPlan, ReadPlan
    from slotcast.rest.plan.planning import Plan
    from slotcast.rest.request.ast import Preferences

_TOTAL: Final = "(SELECT pg_catalog.count(*) FROM pgrst_source_count)"
_PAGE_TOTAL: Final = f"pg_catalog.count({ROWS})"
_HEADERS: Final = "nullif(current_setting('response.headers', true), '')"
_STATUS: Final = "nullif(current_setting('response.status', true), '')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """
    What a request asks PostgreSQL.

    Attributes:
        main: Gives one row: total (null if not counted), count of rows in the response,
            body, `response.headers`, `response.status`, and last for reads the snapshot, for
            writes the count of rows inserted (null if not counted) and the key of a single
            new row (JSON, or null if nobody asked). If *is_explained*, lines of a plan.
        estimate: Gives PostgreSQL's plan (JSON) for a query of as many rows as there are in
            all; None if nobody asked.
        is_explained: Whether *main* gives a plan.
    """

    main: Statement
    estimate: Statement | None = None
    is_explained: bool = False


def compose(plan: Plan, preferences: Preferences, *, row_limit: int | None) -> Composed:
    """
    Write the statements of a plan.

    Args:
        plan: What is to be done.
        preferences: Whether and how rows are counted, and what a write returns.
        row_limit: Up to how many rows an estimate has to be exact; None for all.
    """
    binder = Binder()
    estimate: Statement | None = None
    match plan:
        case RelationRead():
            text = _read(plan, preferences.count, binder, row_limit)
            if preferences.count in (Count.PLANNED, Count.ESTIMATED):
                estimate = _estimate(plan.read)
        case RoutineCall():
            text = _call(plan, preferences.count, binder)
        case RelationWrite():
            text = _write(plan, preferences.returning, binder)
        case _:
            assert_never(plan)
    explained = _explain(plan.body)
    return Composed(
        main=binder.statement(explained + text),
        estimate=estimate,
        is_explained=bool(explained),
    )


def _explain(body: BodyPlan) -> str:
    """Write what turns a statement into its plan; nothing unless a plan is asked for."""
    if not isinstance(body.media_type, PlanMediaType):
        return ""
    options = [f"FORMAT {body.media_type.format.value}"]
    options += [option.value.upper() for option in body.media_type.options]
    return f"EXPLAIN ({', '.join(options)}) "


def _estimate(read: ReadPlan) -> Statement:
    binder = Binder()
    return binder.statement(f"EXPLAIN (FORMAT JSON) {count_sql(read, binder)}")


def _read(plan: RelationRead, count: Count | None, binder: Binder, row_limit: int | None) -> str:
    source = read_sql(plan.read, binder)
    is_counted = count in (Count.EXACT, Count.ESTIMATED)
    bound = ""
    if count is Count.ESTIMATED and row_limit is not None:
        bound = f" LIMIT {row_limit + 1}"
    counted = (
        f", pgrst_source_count AS ({count_sql(plan.read, binder)}{bound})" if is_counted else ""
    )
    return _statement(
        f"{source}){counted}",
        total=_TOTAL if is_counted else "null::bigint",
        body=body_sql(plan.body.maker, None),
        more=["pg_current_snapshot()::text"],
        rows=f"SELECT * FROM {SOURCE}",
    )


def _call(plan: RoutineCall, count: Count | None, binder: Binder) -> str:
    source = call_sql(plan.call, binder)
    rows = read_sql(plan.read, binder)
    counted = "" if count is None else f", pgrst_source_count AS ({count_sql(plan.read, binder)})"
    routine = plan.call.routine
    return _statement(
        f"{source}){counted}",
        total="null::bigint" if count is None else _TOTAL,
        body=body_sql(plan.body.maker, routine),
        more=["pg_current_snapshot()::text"],
        # What is no set is one, as in the original, even if filters leave nothing of it. Nor
        # could there be an aggregate beside what makes the body of a single value.
        page_total=_PAGE_TOTAL if routine.returns_set else "1::bigint",
        rows=rows,
    )


def _write(plan: RelationWrite, returning: Return | None, binder: Binder) -> str:
    source = write_sql(plan.write, binder)
    # Without a representation nothing is returned that could be selected from.
    is_read = returning is Return.REPRESENTATION
    is_located = returning is Return.HEADERS_ONLY and isinstance(plan.write, InsertPlan)
    return _statement(
        f"{source})",
        total="null::bigint",
        body=body_sql(plan.body.maker, None),
        more=[INSERTED, _key(plan.table.primary_key) if is_located else "null::json"],
        rows=read_sql(plan.read, binder) if is_read else f"SELECT * FROM {SOURCE}",
    )


def _key(columns: Sequence[str]) -> str:
    """Write the names and values, as text, of the key of the only row."""
    if not columns:
        return "null::json"
    names = ", ".join(map(literal, columns))
    return (
        f"CASE WHEN pg_catalog.count({ROWS}) = 1 THEN"
        " (SELECT json_agg(json_build_array(key, value)) FROM json_each_text("
        f"(SELECT row_to_json(_) FROM {SOURCE} _ LIMIT 1)) WHERE key IN ({names})) END"
    )


def _statement(
    source: str,
    *,
    total: str,
    body: str,
    more: Sequence[str],
    rows: str,
    page_total: str = _PAGE_TOTAL,
) -> str:
    values = [total, page_total, body, _HEADERS, _STATUS, *more]
    return f"WITH {SOURCE} AS ({source} SELECT {', '.join(values)} FROM ({rows}) {ROWS}"
