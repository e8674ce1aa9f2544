"""
Relationships, derived from foreign keys.

A foreign key is a way from its table to the one it refers to, and back. Two foreign keys of
one table that together lie within its primary key make it a junction between two others. A
view that shows all columns of a key, directly or through other views, has the ways of the
table that the columns come from.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slotcast.rest.schema import (
    Cardinality,
    ColumnPairs,
    ComputedRelationship,
    ForeignKeyRelationship,
    Junction,
    QualifiedName,
    Relation,
    Relationship,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """
    A foreign key constraint.

    Attributes:
        name: Of the constraint.
        table: The table that has it.
        referenced: The table it refers to.
        columns: Pairs of (column of *table*, column of *referenced*), in constraint order.
        is_unique: Whether a primary key or unique constraint has exactly its columns.
    """

    name: str
    table: QualifiedName
    referenced: QualifiedName
    columns: ColumnPairs
    is_unique: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewColumn:
    """A column of a view that shows a column of a table as it is."""

    view: QualifiedName
    name: str
    table: QualifiedName
    table_column: str


@dataclass(frozen=True, slots=True)
class _Window:
    """
    A relation that shows some columns of a table, and their names there.

    A view that shows a column twice is two windows.
    """

    relation: QualifiedName
    names: tuple[str, ...]
    is_view: bool


class ViewColumns:
    """What views show of tables."""

    def __init__(self, columns: Iterable[ViewColumn]) -> None:
        self._shown: defaultdict[
            QualifiedName, defaultdict[QualifiedName, defaultdict[str, list[str]]]
        ] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
        for column in columns:
            shown = self._shown[column.table][column.view][column.table_column]
            shown.append(column.name)

    def windows(self, table: QualifiedName, columns: Sequence[str]) -> Iterator[_Window]:
        """Give every view, in each combination of names, that shows all *columns* of *table*."""
        if table not in self._shown:
            return
        for view, shown in self._shown[table].items():
            if all(column in shown for column in columns):
                for names in itertools.product(*(shown[column] for column in columns)):
                    yield _Window(view, names, is_view=True)


def with_view_keys(
    relations: Mapping[QualifiedName, Relation], views: ViewColumns
) -> dict[QualifiedName, Relation]:
    """Give views the primary keys, taken together, of all tables that they show them of."""
    keys: dict[QualifiedName, dict[QualifiedName, tuple[str, ...]]] = {}
    for table in relations.values():
        if table.primary_key:
            for window in views.windows(table.name, table.primary_key):
                shown = keys.setdefault(window.relation, {})
                shown.setdefault(table.name, window.names)
    return {
        name: replace(
            relation,
            primary_key=_in_column_order(set(itertools.chain(*keys[name].values())), relation),
        )
        if relation.is_view and name in keys
        else relation
        for name, relation in relations.items()
    }


def _in_column_order(key: Collection[str], relation: Relation) -> tuple[str, ...]:
    return tuple(column for column in relation.columns if column in key)


def derive(
    foreign_keys: Iterable[ForeignKey],
    relations: Mapping[QualifiedName, Relation],
    views: ViewColumns,
    computed: Iterable[ComputedRelationship],
    schemas: Collection[str],
) -> dict[tuple[QualifiedName, str], tuple[Relationship, ...]]:
    """
    Find all ways between relations of *schemas*.

    Args:
        foreign_keys: Of all schemas, since views may show tables that are not exposed.
        relations: Likewise, with the keys of views.
        views: What views show.
        computed: Ways that functions make; they take the place of others of the same name.
        schemas: Those whose relations can be reached.
    """
    outgoing = [way for key in foreign_keys for way in _outgoing(key, views)]
    ways = [*outgoing, *_through_junctions(outgoing, relations)]
    ways += [_inverse(way) for way in outgoing]
    by_name: defaultdict[tuple[QualifiedName, QualifiedName], list[Relationship]] = defaultdict(
        list
    )
    for way in sorted(ways, key=_rank):
        if _is_exposed(way, schemas):
            by_name[way.source, way.target].append(way)
    for function in computed:
        if function.source.schema in schemas and function.target.schema in schemas:
            by_name[function.source, function.function] = [function]
    # A relation all of whose ways are hidden still is one that has ways: no other is suggested.
    found: defaultdict[tuple[QualifiedName, str], list[Relationship]] = defaultdict(
        list, {(way.source, way.source.schema): [] for way in ways if way.source.schema in schemas}
    )
    for (source, target), group in sorted(by_name.items(), key=lambda item: item[0]):
        found[source, target.schema].extend(group)
    return {key: tuple(group) for key, group in found.items()}


def _rank(way: ForeignKeyRelationship) -> tuple[object, ...]:
    """Order what an ambiguity lists, so that it is the same after every reload."""
    junction = way.junction
    between = () if junction is None else (junction.source_constraint, junction.target_constraint)
    return (
        way.source,
        way.target,
        way.cardinality,
        way.constraint,
        way.columns,
        () if junction is None else junction.relation,
        between,
    )


def _is_exposed(way: ForeignKeyRelationship, schemas: Collection[str]) -> bool:
    ends = [way.source, way.target, *([way.junction.relation] if way.junction else [])]
    return all(end.schema in schemas for end in ends)


def _outgoing(key: ForeignKey, views: ViewColumns) -> Iterator[ForeignKeyRelationship]:
    """Give the ways of *key* from its table, and from and to the views that show it."""
    columns = tuple(column for column, _ in key.columns)
    referenced_columns = tuple(column for _, column in key.columns)
    sources = [
        _Window(key.table, columns, is_view=False),
        *views.windows(key.table, columns),
    ]
    targets = [
        _Window(key.referenced, referenced_columns, is_view=False),
        *views.windows(key.referenced, referenced_columns),
    ]
    for source, target in itertools.product(sources, targets):
        yield ForeignKeyRelationship(
            source=source.relation,
            target=target.relation,
            cardinality=Cardinality.ONE_TO_ONE if key.is_unique else Cardinality.MANY_TO_ONE,
            constraint=key.name,
            columns=tuple(zip(source.names, target.names, strict=True)),
            source_is_view=source.is_view,
            target_is_view=target.is_view,
        )


def _inverse(way: ForeignKeyRelationship) -> ForeignKeyRelationship:
    is_one = way.cardinality is Cardinality.ONE_TO_ONE
    return ForeignKeyRelationship(
        source=way.target,
        target=way.source,
        cardinality=Cardinality.ONE_TO_ONE if is_one else Cardinality.ONE_TO_MANY,
        constraint=way.constraint,
        columns=_swapped(way.columns),
        is_parent=is_one,
        source_is_view=way.target_is_view,
        target_is_view=way.source_is_view,
    )


def _through_junctions(
    ways: Iterable[ForeignKeyRelationship], relations: Mapping[QualifiedName, Relation]
) -> Iterator[ForeignKeyRelationship]:
    """Give the ways over every table or view whose primary key holds two foreign keys."""
    by_junction: defaultdict[QualifiedName, list[ForeignKeyRelationship]] = defaultdict(list)
    for way in ways:
        if way.cardinality is Cardinality.MANY_TO_ONE and way.source in relations:
            by_junction[way.source].append(way)
    for name, legs in by_junction.items():
        key = set(relations[name].primary_key)
        for first, second in itertools.permutations(legs, 2):
            used = {column for column, _ in (*first.columns, *second.columns)}
            if first.constraint != second.constraint and used <= key:
                yield ForeignKeyRelationship(
                    source=first.target,
                    target=second.target,
                    cardinality=Cardinality.MANY_TO_MANY,
                    junction=Junction(
                        relation=name,
                        source_constraint=first.constraint,
                        target_constraint=second.constraint,
                        source_columns=_swapped(first.columns),
                        target_columns=_swapped(second.columns),
                    ),
                    source_is_view=first.target_is_view,
                    target_is_view=second.target_is_view,
                )


def _swapped(pairs: ColumnPairs) -> ColumnPairs:
    return tuple((second, first) for first, second in pairs)
