"""Reads the schema cache from PostgreSQL's catalog."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from psycopg import sql

from slotcast.rest import view_columns
from slotcast.rest.relationships import (
    ForeignKey,
    ViewColumn,
    ViewColumns,
    derive,
    with_view_keys,
)
from slotcast.rest.schema import (
    Column,
    ComputedRelationship,
    MediaHandler,
    Parameter,
    QualifiedName,
    Relation,
    Routine,
    SchemaCache,
    Volatility,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

_UPDATE: Final = 1 << 2
_INSERT: Final = 1 << 3
_DELETE: Final = 1 << 4
"""Bits of `pg_relation_is_updatable`: 1 shifted by the kind of command."""

_ISOLATION: Final = "default_transaction_isolation"


async def load(
    connection: AsyncConnection[TupleRow],
    schemas: Sequence[str],
    *,
    hoisted_settings: Sequence[str],
    time_zones: frozenset[str] | None = None,
) -> SchemaCache:
    """
    Read the catalog in one transaction.

    Args:
        connection: One that may read the catalog, in no transaction.
        schemas: The exposed schemas.
        hoisted_settings: Settings of functions that are set before the function is called.
        time_zones: Those that are known already; None to read them, which takes longer than
            all the rest.
    """
    async with connection.transaction():
        await connection.execute("set transaction isolation level repeatable read read only")
        await connection.execute("set local search_path to ''")
        reader = _Reader(connection, schemas)
        relations = _relations(await reader.read("relations"), await reader.read("columns"))
        views = _view_columns(await reader.read("views"), await reader.read("key_columns"))
        relations = with_view_keys(relations, views)
        relationships = derive(
            [_foreign_key(row) for row in await reader.read("foreign_keys")],
            relations,
            views,
            [_computed(row) for row in await reader.read("computed_relationships")],
            schemas,
        )
        routines: dict[QualifiedName, tuple[Routine, ...]] = {}
        for row in await reader.read("routines"):
            routine = _routine(row, hoisted_settings)
            routines[routine.name] = (*routines.get(routine.name, ()), routine)
        return SchemaCache(
            relations={
                name: relation for name, relation in relations.items() if name.schema in schemas
            },
            relationships=relationships,
            routines=routines,
            handlers=_handlers(await reader.read("handlers")),
            representations={
                (source, target): function
                for source, target, function in await reader.read("representations")
            },
            time_zones=time_zones
            if time_zones is not None
            else frozenset(name for (name,) in await reader.read("time_zones")),
            schema_comments=dict(await reader.read("schema_comments")),
        )


class _Reader:
    """Runs the queries of `catalog.sql`."""

    def __init__(self, connection: AsyncConnection[TupleRow], schemas: Sequence[str]) -> None:
        self._connection = connection
        self._schemas = list(schemas)

    async def read(self, name: str) -> list[Any]:
        """Give the rows of the query *name*."""
        # The text is our own file's, which the type wants to be a literal.
        query = sql.SQL(_queries()[name]).format(schemas=self._schemas)  # pyright: ignore[reportArgumentType]
        return await (await self._connection.execute(query)).fetchall()


@cache
def _queries() -> dict[str, str]:
    text = files("slotcast.rest").joinpath("catalog.sql").read_text("utf-8")
    _, *parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _relations(
    rows: Iterable[TupleRow], column_rows: Iterable[TupleRow]
) -> dict[QualifiedName, Relation]:
    columns: dict[QualifiedName, dict[str, Column]] = {}
    for schema, relation, *row in column_rows:
        column = _column(row)
        columns.setdefault(QualifiedName(schema, relation), {})[column.name] = column
    relations: dict[QualifiedName, Relation] = {}
    for schema, relation, is_view, events, primary_key, comment in rows:
        name = QualifiedName(schema, relation)
        relations[name] = Relation(
            name=name,
            columns=columns.get(name, {}),
            primary_key=tuple(primary_key),
            is_view=is_view,
            is_insertable=bool(events & _INSERT),
            is_updatable=bool(events & _UPDATE),
            is_deletable=bool(events & _DELETE),
            comment=comment,
        )
    return relations


def _column(row: Sequence[Any]) -> Column:
    name, type_, base_type, is_nullable, default, maximum_length, labels, comment = row
    return Column(
        name=name,
        type=type_,
        base_type=base_type,
        is_nullable=is_nullable,
        default=default,
        maximum_length=maximum_length,
        labels=tuple(labels),
        comment=comment,
    )


def _foreign_key(row: TupleRow) -> ForeignKey:
    name, schema, table, foreign_schema, foreign_table, columns, foreign_columns, is_unique = row
    return ForeignKey(
        name=name,
        table=QualifiedName(schema, table),
        referenced=QualifiedName(foreign_schema, foreign_table),
        columns=tuple(zip(columns, foreign_columns, strict=True)),
        is_unique=is_unique,
    )


def _view_columns(views: Iterable[TupleRow], columns: Iterable[TupleRow]) -> ViewColumns:
    """Trace every column of every view to a column of a key."""
    known = {
        (oid, number): (QualifiedName(schema, relation), name)
        for oid, schema, relation, number, name in columns
    }
    rules: dict[int, dict[int, view_columns.Origin]] = {}
    names: dict[int, QualifiedName] = {}
    for oid, schema, name, rule in views:
        rules[oid] = view_columns.origins(rule)
        names[oid] = QualifiedName(schema, name)
    found: list[ViewColumn] = []
    for oid, traced in rules.items():
        for number in sorted(traced):
            origin = view_columns.trace(rules, oid, number)
            if origin is not None and origin in known and (oid, number) in known:
                table, table_column = known[origin]
                found.append(
                    ViewColumn(
                        view=names[oid],
                        name=known[oid, number][1],
                        table=table,
                        table_column=table_column,
                    )
                )
    return ViewColumns(found)


def _computed(row: TupleRow) -> ComputedRelationship:
    schema, function, source_schema, source, target_schema, target, is_to_one = row
    return ComputedRelationship(
        source=QualifiedName(source_schema, source),
        target=QualifiedName(target_schema, target),
        function=QualifiedName(schema, function),
        is_to_one=is_to_one,
    )


def _routine(row: TupleRow, hoisted_settings: Sequence[str]) -> Routine:
    schema, function, comment, *arguments = row[:8]
    return_schema, return_type, returns_set, returns_row, volatility, settings = row[8:]
    configured = dict(setting.split("=", 1) for setting in settings)
    return Routine(
        name=QualifiedName(schema, function),
        parameters=tuple(
            Parameter(
                name=name,
                type=type_,
                payload_type=payload_type,
                is_required=is_required,
                is_variadic=is_variadic,
            )
            for name, type_, payload_type, is_required, is_variadic in zip(*arguments, strict=True)
        ),
        return_type=QualifiedName(return_schema, return_type),
        returns_set=returns_set,
        returns_row=returns_row,
        volatility=Volatility(volatility),
        settings=tuple(
            (name, value)
            for name, value in configured.items()
            if name in hoisted_settings and name != _ISOLATION
        ),
        isolation=configured.get(_ISOLATION) if _ISOLATION in hoisted_settings else None,
        comment=comment,
    )


def _handlers(
    rows: Iterable[TupleRow],
) -> dict[tuple[QualifiedName | None, str], MediaHandler]:
    handlers: dict[tuple[QualifiedName | None, str], MediaHandler] = {}
    for schema, function, target_schema, target_name, is_typed, media_type, content_type in rows:
        target = None if target_name is None else QualifiedName(target_schema, target_name)
        handlers[target, media_type] = MediaHandler(
            function=QualifiedName(schema, function),
            row_type=target if is_typed else None,
            content_type=content_type,
        )
    return handlers
