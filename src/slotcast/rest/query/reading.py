"""The tree of a read as SQL: a subquery for each node, joined laterally to its parent's."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from slotcast.rest.plan.nodes import ALL, EmbedForm, PlannedColumn, PlannedField, PlannedOrder
from slotcast.rest.query.conditions import column, field_sql, logic_sql, order_sql
from slotcast.rest.query.statement import identifier, qualified
from slotcast.rest.request.ast import Aggregate
from slotcast.rest.schema import ComputedRelationship, ForeignKeyRelationship

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slotcast.rest.plan.nodes import (
        EmbedPlan,
        EmbedTest,
        ReadPlan,
        SpreadColumn,
    )
    from slotcast.rest.query.statement import Binder
    from slotcast.rest.request.ast import Range
    from slotcast.rest.schema import Junction

_EVERYTHING = (PlannedColumn(PlannedField(ALL)),)


def read_sql(plan: ReadPlan, binder: Binder) -> str:
    """Write the SELECT of a node."""
    table = _table(plan)
    is_sorted_outside = plan.embed is not None and plan.embed.form is EmbedForm.SPREAD_MANY
    columns = [_select(table, one, binder) for one in _columns(plan)]
    if is_sorted_outside:
        columns += _sort_columns(plan, table, binder)
    columns += [text for child in plan.children for text in _embedded(child)]
    joins = "".join(_join(child, binder) for child in plan.children)
    conditions = [logic_sql(table, one, binder) for one in plan.conditions]
    conditions += _join_conditions(plan)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return (
        f"SELECT {', '.join(columns)} FROM {_from(plan)}{joins}{where}"
        f"{_group(plan, table, binder)}{order_sql(table, plan.order, binder)}"
        f"{_window(plan.range, binder)}"
    )


def count_sql(plan: ReadPlan, binder: Binder) -> str:
    """
    Write a SELECT that has a row for each row that *plan* would have without its range.

    Embeds are only looked at where they decide about rows.
    """
    by_alias = {child.embed.row_alias: child for child in plan.children if child.embed is not None}

    def test(logic: EmbedTest) -> str:
        exists = f"EXISTS ({count_sql(by_alias[logic.row_alias], binder)})"
        return exists if logic.is_negated else f"NOT {exists}"

    table = _table(plan)
    conditions = [logic_sql(table, one, binder, test) for one in plan.conditions]
    conditions += _join_conditions(plan)
    conditions += [
        f"EXISTS ({count_sql(child, binder)})"
        for child in plan.children
        if child.embed is not None and child.embed.is_inner
    ]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT 1 FROM {_from(plan)}{where}"


def _table(plan: ReadPlan) -> str:
    """Write what the fields of a node belong to."""
    return qualified(plan.relation) if plan.alias is None else identifier(plan.alias)


def _columns(plan: ReadPlan) -> tuple[PlannedColumn, ...]:
    """List what is selected; a SELECT without columns would lose which rows there are."""
    return plan.columns if plan.columns or plan.children else _EVERYTHING


def _window(range_: Range, binder: Binder) -> str:
    if range_.limit is None and range_.offset <= 0:
        return ""
    limit = "" if range_.limit is None else f" LIMIT {binder.bind(str(range_.limit))}"
    return f"{limit} OFFSET {binder.bind(str(max(range_.offset, 0)))}"


# Columns -------------------------------------------------------------------------------


def _select(table: str, planned: PlannedColumn, binder: Binder) -> str:
    alias = "" if planned.alias is None else f" AS {identifier(planned.alias)}"
    return _value(table, planned, binder) + alias


def _value(table: str, planned: PlannedColumn, binder: Binder) -> str:
    field = planned.field
    if planned.aggregate is Aggregate.COUNT and field.name == ALL and not field.is_whole_row:
        return _cast("COUNT(*)", planned.aggregate_cast)
    text = field_sql(table, field, binder)
    if field.transform is not None:
        text = f"{field.transform}({text})"
    return _aggregated(_cast(text, planned.cast), planned.aggregate, planned.aggregate_cast)


def _aggregated(text: str, aggregate: Aggregate | None, cast: str | None) -> str:
    return text if aggregate is None else _cast(f"{aggregate.value.upper()}({text})", cast)


def _cast(text: str, type_: str | None) -> str:
    return text if type_ is None else f"CAST({text} AS {type_})"


def _embedded(child: ReadPlan) -> Iterator[str]:
    """Write what a child adds to the columns of its parent."""
    embed = _embed_of(child)
    row = identifier(embed.row_alias)
    match embed.form:
        case EmbedForm.OBJECT:
            if not embed.is_silent:
                yield f"row_to_json({row}.*)::jsonb AS {identifier(embed.key)}"
        case EmbedForm.ARRAY:
            if not embed.is_silent:
                yield f"COALESCE({row}.{row}, '[]') AS {identifier(embed.key)}"
        case EmbedForm.SPREAD_ONE | EmbedForm.SPREAD_MANY:
            for one in embed.columns:
                text = _aggregated(column(row, one.name), one.aggregate, one.aggregate_cast)
                yield text if one.alias is None else f"{text} AS {identifier(one.alias)}"
        case _:
            assert_never(embed.form)


def _embed_of(child: ReadPlan) -> EmbedPlan:
    if child.embed is None:
        raise ValueError(child)
    return child.embed


# Joins ---------------------------------------------------------------------------------


def _from(plan: ReadPlan) -> str:
    """Write the FROM list of a node."""
    alias = "" if plan.alias is None else f" AS {identifier(plan.alias)}"
    way = None if plan.embed is None else plan.embed.relationship
    if isinstance(way, ComputedRelationship) and plan.embed is not None:
        parent = plan.embed.parent_alias or way.source.name
        # The cast decides between functions of one name for several relations, and the star
        # tells the row from a column of the same name, which another embed may have.
        row = f"({identifier(parent)}.*)::{qualified(way.source)}"
        return f"{qualified(way.function)}({row}){alias}"
    text = qualified(plan.relation) + alias
    if isinstance(way, ForeignKeyRelationship) and way.junction is not None:
        text += f", {qualified(way.junction.relation)}"
    return text


def _join(child: ReadPlan, binder: Binder) -> str:
    """Write the join of a child to its parent."""
    embed = _embed_of(child)
    row = identifier(embed.row_alias)
    subquery = read_sql(child, binder)
    condition = "TRUE"
    if embed.form in (EmbedForm.ARRAY, EmbedForm.SPREAD_MANY):
        values = [f"json_agg({row})::jsonb AS {row}"]
        if embed.form is EmbedForm.SPREAD_MANY:
            values += _arrays(child, embed, row, binder)
        subquery = f"SELECT {', '.join(values)} FROM ({subquery}) AS {row}"
        if embed.is_inner:
            condition = f"{row}.{row} IS NOT NULL"
    kind = "INNER" if embed.is_inner else "LEFT"
    return f" {kind} JOIN LATERAL ({subquery}) AS {row} ON {condition}"


def _join_conditions(plan: ReadPlan) -> list[str]:
    """Write the conditions under which a row of the node belongs to one of its parent."""
    if plan.embed is None or isinstance(plan.embed.relationship, ComputedRelationship):
        return []
    way = plan.embed.relationship
    parent = (
        qualified(way.source)
        if plan.embed.parent_alias is None
        else identifier(plan.embed.parent_alias)
    )
    if way.junction is not None:
        return _junction_conditions(way.junction, parent, _table(plan))
    return _equalities(way, parent, _table(plan))


def _equalities(way: ForeignKeyRelationship, parent: str, table: str) -> list[str]:
    return [f"{column(table, far)} = {column(parent, near)}" for near, far in way.columns]


def _junction_conditions(junction: Junction, parent: str, table: str) -> list[str]:
    between = qualified(junction.relation)
    ends = ((table, junction.target_columns), (parent, junction.source_columns))
    return [
        f"{column(end, own)} = {column(between, through)}"
        for end, pairs in ends
        for own, through in pairs
    ]


# Spreads of many rows ------------------------------------------------------------------


def _sort_key(embed: EmbedPlan, number: int) -> str:
    return f"{embed.row_alias}_order_{number}"


def _sort_columns(plan: ReadPlan, table: str, binder: Binder) -> list[str]:
    """Write what the arrays of a spread will be sorted by."""
    embed = _embed_of(plan)
    columns: list[str] = []
    for number, term in enumerate(plan.order):
        base = table if term.row_alias is None else identifier(term.row_alias)
        text = field_sql(base, term.field, binder)
        columns.append(f"{text} AS {identifier(_sort_key(embed, number))}")
    return columns


def _arrays(child: ReadPlan, embed: EmbedPlan, row: str, binder: Binder) -> list[str]:
    """Write an array for each column of a spread, all sorted alike."""
    terms = tuple(
        PlannedOrder(PlannedField(_sort_key(embed, number)), None, term.direction, term.nulls)
        for number, term in enumerate(child.order)
    )
    order = order_sql(row, terms, binder)
    return [
        f"COALESCE(json_agg({column(row, one.name)}{order}), '[]')::jsonb"
        f" AS {identifier(one.name if one.alias is None else one.alias)}"
        for one in embed.columns
    ]


# Groups --------------------------------------------------------------------------------


def _group(plan: ReadPlan, table: str, binder: Binder) -> str:
    """Write a GROUP BY, if anything is aggregated, of all that is not."""
    embeds = [_embed_of(child) for child in plan.children]
    spread = [(embed, one) for embed in embeds for one in embed.columns]
    if not (
        any(one.aggregate is not None for one in plan.columns)
        or any(one.aggregate is not None for _, one in spread)
    ):
        return ""
    terms = [
        identifier(one.alias) if one.alias is not None else field_sql(table, one.field, binder)
        for one in plan.columns
        if one.aggregate is None
    ]
    terms += [term for embed in embeds for term in _group_terms(embed)]
    return f" GROUP BY {', '.join(terms)}" if terms else ""


def _group_terms(embed: EmbedPlan) -> Iterator[str]:
    if embed.form in (EmbedForm.OBJECT, EmbedForm.ARRAY):
        if not embed.is_silent:
            yield identifier(embed.key)
        return
    for one in embed.columns:
        if one.aggregate is None:
            yield _spread_name(embed, one)


def _spread_name(embed: EmbedPlan, one: SpreadColumn) -> str:
    return column(identifier(embed.row_alias), one.name)
