"""
Planning of reads: a tree of what is selected, filtered, sorted and embedded.

First everything that the query string says goes to the node that it is for, then embeds
find their relationships, then the tree is made, from its leaves to its root. In this order
the original finds mistakes, and of several tells the first.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.plan.embedding import find_relationship
from slotcast.rest.plan.fields import Fields
from slotcast.rest.plan.nodes import (
    ALL,
    SOURCE,
    EmbedForm,
    EmbedPlan,
    EmbedTest,
    PlannedColumn,
    PlannedCondition,
    PlannedField,
    PlannedOrder,
    PlannedTree,
    ReadPlan,
    SpreadColumn,
)
from slotcast.rest.request.ast import (
    ALL_ROWS,
    Aggregate,
    AllColumns,
    Condition,
    Embed,
    IsTest,
    IsValue,
    Join,
    JsonKey,
    Range,
    RowCount,
    SelectedField,
)
from slotcast.rest.schema import ComputedRelationship, ForeignKeyRelationship, QualifiedName

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from slotcast.rest.plan.nodes import PlannedLogic, UnplannedLogic
    from slotcast.rest.request.ast import JsonStep, OrderTerm, Path, Query, SelectItem
    from slotcast.rest.schema import Relationship, SchemaCache

_BAD_REQUEST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRules:
    """
    What the server's configuration says about reading.

    Attributes:
        row_limit: Most rows of the result, and of each embed in a row; None for any number.
        has_aggregates: Whether clients may use aggregate functions.
        depth_limit: Deepest nesting of embeds.
        embed_limit: Most embeds of a request.
        condition_limit: Most conditions of a request.
    """

    row_limit: int | None = None
    has_aggregates: bool = False
    depth_limit: int = 10
    embed_limit: int = 100
    condition_limit: int = 500


_NOWHERE: Final = QualifiedName("", "")


@dataclass(slots=True)
class _Draft:
    """A node while the plan is made."""

    embed: Embed | None
    depth: int
    items: list[AllColumns | RowCount | SelectedField] = field(
        default_factory=list["AllColumns | RowCount | SelectedField"]
    )
    children: list[_Draft] = field(default_factory=list["_Draft"])
    logic: list[UnplannedLogic] = field(default_factory=list["UnplannedLogic"])
    order: tuple[OrderTerm, ...] = ()
    range: Range = ALL_ROWS
    relation: QualifiedName = _NOWHERE
    relationship: Relationship | None = None
    alias: str | None = None

    @property
    def key(self) -> str:
        """The member of the parent's objects."""
        return "" if self.embed is None else self.embed.alias or self.embed.target


@dataclass(frozen=True, slots=True)
class _Built:
    """A node that is made, and the columns that it gives to its parent if it is spread."""

    plan: ReadPlan
    columns: tuple[SpreadColumn, ...]


def plan_read(
    relation: QualifiedName,
    query: Query,
    range_: Range,
    cache: SchemaCache,
    rules: ReadRules,
) -> ReadPlan:
    """
    Plan to read *relation*.

    Args:
        relation: It need not be in the cache, if it is what a function returns.
        query: What the client asks for.
        range_: Which rows of the result.
        cache: What there is.
        rules: What is allowed.

    Raises:
        RestError: The request cannot be planned.
    """
    root = _sketch(relation, query, rules)
    return _plan(root, query, range_, cache, rules)


def _plan(
    root: _Draft, query: Query, range_: Range, cache: SchemaCache, rules: ReadRules
) -> ReadPlan:
    for one in query.filters:
        _find(root, one.path).logic.append(one.condition)
    _assign_orders(root, query)
    for embed_range in query.embed_ranges:
        _find(root, embed_range.path).range = embed_range.range
    root.range = range_
    for tree in query.logic:
        _find(root, tree.path).logic.append(tree.tree)
    return _finish(root, cache, rules)


def plan_source(
    relation: QualifiedName,
    query: Query,
    range_: Range,
    cache: SchemaCache,
    rules: ReadRules,
) -> ReadPlan:
    """
    Plan to read what a call returns as rows of *relation*; otherwise as `plan_read`.

    Raises:
        RestError: The request cannot be planned.
    """
    root = _sketch(relation, query, rules)
    root.alias = relation.name
    return _of_source(_plan(root, query, range_, cache, rules))


def plan_representation(
    relation: QualifiedName, query: Query, cache: SchemaCache, rules: ReadRules
) -> ReadPlan:
    """
    Plan to read what a write returns.

    Filters without a path say what is written, and do not count here; neither do ranges.

    Raises:
        RestError: The request cannot be planned.
    """
    root = _sketch(relation, query, rules)
    root.alias = relation.name
    _assign_orders(root, query)
    for one in query.filters:
        if one.path:
            _find(root, one.path).logic.append(one.condition)
    for tree in query.logic:
        if tree.path:
            _find(root, tree.path).logic.append(tree.tree)
    return _of_source(_finish(root, cache, replace(rules, row_limit=None)))


def _assign_orders(root: _Draft, query: Query) -> None:
    for order in query.orders:
        _find(root, order.path).order = order.terms


def _of_source(plan: ReadPlan) -> ReadPlan:
    return replace(plan, relation=QualifiedName("", SOURCE))


def needed_columns(plan: ReadPlan, key: Iterable[str] = ()) -> tuple[str, ...]:
    """
    List the columns that `SOURCE` has to have so that *plan* can be read from it.

    Args:
        plan: A root.
        key: Columns that are needed besides.
    """
    names = [column.field.name for column in plan.columns]
    names += (term.field.name for term in plan.order if term.row_alias is None)
    if ALL in names or (not plan.columns and not plan.children):
        return (ALL,)
    for child in plan.children:
        if child.embed is not None:
            near = _near_columns(child.embed.relationship)
            if near is None:
                return (ALL,)
            names += near
    return tuple(dict.fromkeys((*names, *key)))


def _near_columns(way: Relationship) -> list[str] | None:
    """List the columns that *way* begins at; None if that cannot be known."""
    match way:
        case ComputedRelationship():
            return None
        case ForeignKeyRelationship():
            junction = way.junction
            pairs = way.columns if junction is None else junction.source_columns
            return [column for column, _ in pairs]


# Sketching -----------------------------------------------------------------------------


def _sketch(relation: QualifiedName, query: Query, rules: ReadRules) -> _Draft:
    root = _Draft(embed=None, depth=0, relation=relation)
    counter = _Counter(rules)
    _sketch_items(root, query.select, counter)
    counter.check_conditions(query)
    return root


class _Counter:
    """Counts what a request asks for, and refuses too much of it."""

    def __init__(self, rules: ReadRules) -> None:
        self._rules = rules
        self._embed_count = 0

    def check_embed(self, depth: int) -> None:
        self._embed_count += 1
        if depth > self._rules.depth_limit:
            raise _too_complex(f"Embeds are nested deeper than {self._rules.depth_limit} levels.")
        if self._embed_count > self._rules.embed_limit:
            raise _too_complex(f"There are more than {self._rules.embed_limit} embeds.")

    def check_conditions(self, query: Query) -> None:
        count = len(query.filters) + sum(_size(one.tree) for one in query.logic)
        if count > self._rules.condition_limit:
            raise _too_complex(f"There are more than {self._rules.condition_limit} conditions.")


def _size(logic: UnplannedLogic) -> int:
    return 1 if isinstance(logic, Condition) else sum(_size(member) for member in logic.members)


def _too_complex(details: str) -> RestError:
    body = ErrorBody("PGRST100", "The request is too complex", details)
    return RestError(_BAD_REQUEST, body)


def _sketch_items(draft: _Draft, items: Sequence[SelectItem], counter: _Counter) -> None:
    for item in items:
        if isinstance(item, Embed):
            child = _Draft(embed=item, depth=draft.depth + 1)
            counter.check_embed(child.depth)
            draft.children.append(child)
            _sketch_items(child, item.items, counter)
        else:
            draft.items.append(item)


def _find(draft: _Draft, path: Path) -> _Draft:
    """
    Find the node at *path*; the first that has a name or alias counts.

    Raises:
        RestError: PGRST108.
    """
    for name in path:
        for child in draft.children:
            if child.embed is not None and name in (child.embed.target, child.embed.alias):
                draft = child
                break
        else:
            raise _not_embedded(name)
    return draft


def _not_embedded(name: str) -> RestError:
    return RestError(
        _BAD_REQUEST,
        ErrorBody(
            "PGRST108",
            f"'{name}' is not an embedded resource in this request",
            None,
            f"Verify that '{name}' is included in the 'select' query parameter.",
        ),
    )


# Finishing -----------------------------------------------------------------------------


def _finish(root: _Draft, cache: SchemaCache, rules: ReadRules) -> ReadPlan:
    _connect(root, cache)
    _check_orders(root)
    if not rules.has_aggregates and _has_aggregates(root):
        message = "Use of aggregate functions is not allowed"
        raise RestError(_BAD_REQUEST, ErrorBody("PGRST123", message))
    return _build(root, None, cache, rules, is_expanded=False).plan


def _connect(draft: _Draft, cache: SchemaCache) -> None:
    """Find the relationships of all embeds below *draft*."""
    for child in draft.children:
        if child.embed is not None:
            way = find_relationship(cache, draft.relation, child.embed.target, child.embed.hint)
            child.relationship = way
            child.relation = way.target
            child.alias = f"{way.target.name}_{child.depth}"
        _connect(child, cache)


def _check_orders(draft: _Draft) -> None:
    """Refuse to sort by what is not embedded, or not one row."""
    for term in draft.order:
        if term.embed is not None:
            child = _child(draft, term.embed)
            if child is None:
                raise _not_embedded(term.embed)
            if child.relationship is None or not child.relationship.is_to_one:
                raise _not_to_one(draft, term.embed)
    for child in draft.children:
        _check_orders(child)


def _child(draft: _Draft, key: str) -> _Draft | None:
    return next((child for child in draft.children if child.key == key), None)


def _not_to_one(draft: _Draft, name: str) -> RestError:
    return RestError(
        _BAD_REQUEST,
        ErrorBody(
            "PGRST118",
            f"A related order on '{name}' is not possible",
            f"'{draft.relation.name}' and '{name}' do not form a many-to-one or one-to-one"
            " relationship",
        ),
    )


def _is_aggregate(item: AllColumns | RowCount | SelectedField) -> bool:
    return isinstance(item, RowCount) or (
        isinstance(item, SelectedField) and item.aggregate is not None
    )


def _has_aggregates(draft: _Draft) -> bool:
    return any(map(_is_aggregate, draft.items)) or any(map(_has_aggregates, draft.children))


def _row_alias(draft: _Draft, way: Relationship) -> str:
    return f"{way.source.name}_{draft.key}_{draft.depth}"


def _build(
    draft: _Draft,
    parent: _Draft | None,
    cache: SchemaCache,
    rules: ReadRules,
    *,
    is_expanded: bool,
) -> _Built:
    """
    Make a node.

    Args:
        draft: What is known of it.
        parent: The node it is embedded in.
        cache: What there is.
        rules: What is allowed.
        is_expanded: Whether a node above needs all columns by name.
    """
    fields = Fields(cache, cache.relations.get(draft.relation))
    is_expanded = is_expanded or any(map(_is_aggregate, draft.items)) or _is_spread_of_many(draft)
    columns = _columns(draft, fields, is_expanded=is_expanded)
    children = [
        _build(child, draft, cache, rules, is_expanded=is_expanded) for child in draft.children
    ]
    spread = [column for child in children for column in _given(child)]
    embed = None
    given: tuple[SpreadColumn, ...] = ()
    if draft.relationship is not None and draft.embed is not None:
        form = _form(draft.embed, draft.relationship)
        if form is EmbedForm.SPREAD_MANY and _is_any_aggregated(columns, spread):
            raise _no_aggregates_of_many()
        if form in (EmbedForm.SPREAD_ONE, EmbedForm.SPREAD_MANY):
            given = _hoisted(columns, spread)
            columns = [replace(column, aggregate=None, aggregate_cast=None) for column in columns]
            children = [_without_aggregates(child) for child in children]
        embed = EmbedPlan(
            relationship=draft.relationship,
            key=draft.key,
            row_alias=_row_alias(draft, draft.relationship),
            parent_alias=None if parent is None else parent.alias,
            is_inner=draft.embed.join is Join.INNER,
            form=form,
            columns=given,
            is_silent=_is_silent(draft),
        )
    plan = ReadPlan(
        relation=draft.relation,
        alias=draft.alias,
        columns=tuple(columns),
        conditions=tuple(_with_embed_tests(fields.logic(one), draft) for one in draft.logic),
        order=tuple(_order(term, draft, fields) for term in draft.order),
        range=_restricted(draft.range, rules.row_limit),
        embed=embed,
        children=tuple(child.plan for child in children),
    )
    return _Built(plan, given)


def _form(embed: Embed, way: Relationship) -> EmbedForm:
    if embed.is_spread:
        return EmbedForm.SPREAD_ONE if way.is_to_one else EmbedForm.SPREAD_MANY
    return EmbedForm.OBJECT if way.is_to_one else EmbedForm.ARRAY


def _is_silent(draft: _Draft) -> bool:
    return not draft.items and all(map(_is_silent, draft.children))


def _restricted(range_: Range, row_limit: int | None) -> Range:
    if row_limit is None or (range_.limit is not None and range_.limit <= row_limit):
        return range_
    return Range(range_.offset, row_limit)


# Columns -------------------------------------------------------------------------------


def _is_spread_of_many(draft: _Draft) -> bool:
    """Whether each column becomes an array, hence has to be known."""
    way = draft.relationship
    is_spread = draft.embed is not None and draft.embed.is_spread
    return is_spread and way is not None and not way.is_to_one


def _columns(draft: _Draft, fields: Fields, *, is_expanded: bool) -> list[PlannedColumn]:
    is_spread = draft.embed is not None and draft.embed.is_spread
    is_expanded = is_expanded or fields.have_representations
    columns: list[PlannedColumn] = []
    for item in draft.items:
        match item:
            case AllColumns() if is_expanded and fields.columns:
                columns += (_shown(fields.column(column)) for column in fields.columns)
            case AllColumns():
                columns.append(PlannedColumn(PlannedField(ALL)))
            case RowCount():
                columns.append(_row_count(item, is_spread=is_spread))
            case SelectedField():
                columns.append(_selected(item, fields))
    return columns


def _shown(planned: PlannedField) -> PlannedColumn:
    return PlannedColumn(planned, None if planned.transform is None else planned.name)


def _row_count(item: RowCount, *, is_spread: bool) -> PlannedColumn:
    """Count rows; if they are spread the parent counts, hence needs something to count."""
    planned = PlannedField(ALL, is_whole_row=is_spread)
    alias = "count" if is_spread and item.alias is None else item.alias
    return PlannedColumn(planned, alias, None, Aggregate.COUNT, item.cast)


def _selected(item: SelectedField, fields: Fields) -> PlannedColumn:
    planned = fields.selected(item.field)
    alias = item.alias
    if alias is None and item.aggregate is None:
        if item.field.json_path:
            alias = _json_key(item.field.name, item.field.json_path)
        elif planned.transform is not None:
            alias = planned.name
    return PlannedColumn(planned, alias, item.cast, item.aggregate, item.aggregate_cast)


def _json_key(name: str, path: Sequence[JsonStep]) -> str:
    """Name what is at the end of *path*: indexes have no names, so the last key does it."""
    keys = [step.key for step in path if isinstance(step, JsonKey)]
    return keys[-1] if keys else name


# Spreads and aggregates ----------------------------------------------------------------


def _given(child: _Built) -> tuple[SpreadColumn, ...]:
    """List what a child adds to the columns of its parent."""
    embed = child.plan.embed
    if embed is None or (embed.is_silent and not child.columns):
        return ()
    if embed.form in (EmbedForm.SPREAD_ONE, EmbedForm.SPREAD_MANY):
        return child.columns
    return (SpreadColumn(embed.key),)


def _hoisted(
    columns: Iterable[PlannedColumn], spread: Iterable[SpreadColumn]
) -> tuple[SpreadColumn, ...]:
    """
    List what a spread node gives to its parent.

    There it stands for one row at most, so that aggregates only make sense further up.
    """
    own = (
        SpreadColumn(
            column.key,
            column.alias if column.aggregate is not None else None,
            column.aggregate,
            column.aggregate_cast,
        )
        for column in columns
    )
    nested = (
        column
        if column.aggregate is not None
        else SpreadColumn(column.name if column.alias is None else column.alias)
        for column in spread
    )
    return (*own, *nested)


def _is_any_aggregated(columns: Iterable[PlannedColumn], spread: Iterable[SpreadColumn]) -> bool:
    return any(column.aggregate is not None for column in columns) or any(
        column.aggregate is not None for column in spread
    )


def _no_aggregates_of_many() -> RestError:
    details = "Aggregates are not implemented for one-to-many or many-to-many spreads."
    body = ErrorBody("PGRST127", "Feature not implemented", details)
    return RestError(_BAD_REQUEST, body)


def _without_aggregates(child: _Built) -> _Built:
    """Let a spread child give plain columns, since the aggregates have gone further up."""
    embed = child.plan.embed
    if embed is None or not embed.columns:
        return child
    columns = tuple(
        SpreadColumn(column.name) if column.aggregate is not None else column
        for column in embed.columns
    )
    return _Built(replace(child.plan, embed=replace(embed, columns=columns)), columns)


# Conditions and orders -----------------------------------------------------------------


def _with_embed_tests(logic: PlannedLogic, draft: _Draft) -> PlannedLogic:
    """Have ``is.null`` on the name of an embed ask whether anything is embedded."""
    if isinstance(logic, PlannedTree):
        members = tuple(_with_embed_tests(member, draft) for member in logic.members)
        return replace(logic, members=members)
    if not isinstance(logic, PlannedCondition) or logic.field.json_path:
        return logic
    match logic.operation:
        case IsTest(IsValue.NULL | IsValue.NOT_NULL as value):
            child = _child(draft, logic.field.name)
            if child is None or child.relationship is None:
                return logic
            is_negated = logic.is_negated != (value is IsValue.NOT_NULL)
            return EmbedTest(_row_alias(child, child.relationship), is_negated)
        case _:
            return logic


def _order(term: OrderTerm, draft: _Draft, fields: Fields) -> PlannedOrder:
    if term.embed is None:
        return PlannedOrder(fields.ordered(term.field), None, term.direction, term.nulls)
    child = _child(draft, term.embed)
    if child is None or child.relationship is None:
        raise _not_embedded(term.embed)
    # Embedded rows have whatever columns were selected; JSON operators just work or fail.
    planned = PlannedField(term.field.name, term.field.json_path, is_json=True)
    alias = _row_alias(child, child.relationship)
    return PlannedOrder(planned, alias, term.direction, term.nulls)
