"""
Versions of tables: what it takes to complete, filter and encode their changes.

The publisher describes a table with the columns it sends. A `TableVersion` adds what it
leaves out though clients expect it: generated columns (which PostgreSQL computes from the
image itself, so they are as exact as the image), and unchanged TOAST values (which are read
from the table, and used only if the row there is still the version that the change wrote).
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, Final, LiteralString

import psycopg
from psycopg import sql

from slotcast.changes import UNCHANGED, UNKNOWN, Absent, Operation, Relation
from slotcast.fanout.binding import bind
from slotcast.fanout.payloads import TableLayout
from slotcast.postgres.catalog import published_operations, table_by_oid
from slotcast.postgres.types import TypeCatalog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

    from slotcast.changes import Column, Image, Value
    from slotcast.errors import SubscriptionError
    from slotcast.fanout.filters import Conditions
    from slotcast.fanout.row_filters import RowFilter

FILTERS_KEPT: Final = 50_000
"""Most filters of one table that are kept bound."""

_GENERATED: Final = "select slotcast.generated_values(%s, %s, %s::jsonb[], %s)"


class TableVersion:
    """
    One version of a published table.

    Attributes:
        source: As the publisher describes it: the columns of images that arrive.
        relation: With the columns that are added: those of completed images.
        layout: How completed images are encoded.
        published: Which of its changes clients may subscribe to. The stream may carry others,
            for the server's own use, which are nobody else's business.
    """

    def __init__(
        self,
        source: Relation,
        relation: Relation,
        layout: TableLayout,
        types: TypeCatalog,
        published: frozenset[Operation] = frozenset(Operation),
    ) -> None:
        self.source = source
        self.relation = relation
        self.layout = layout
        self.published = published
        self._types = types
        self._filters: dict[Conditions, RowFilter | SubscriptionError] = {}
        places = {column.name: place for place, column in enumerate(source.columns)}
        self._places = [places.get(column.name) for column in relation.columns]
        self._added = [column.name for column in relation.columns if column.name not in places]
        self._key_places = [place for place, column in enumerate(source.columns) if column.is_key]

    def is_complete(self, *images: Image | None) -> bool:
        """Tell whether `complete` would give *images* back as they are."""
        return not self._added and not any(image and UNCHANGED in image for image in images)

    async def complete(
        self,
        connection: AsyncConnection[Any],
        images: Sequence[tuple[Image, int | None]],
    ) -> list[Image]:
        """
        Add what the publisher left out of *images*.

        Args:
            connection: With the session settings of the replication stream.
            images: Each with the id of the transaction that wrote it, if that did not write
                the row again; then, and with None, unchanged values cannot be read back.
        """
        filled = [
            await self._fill_unchanged(connection, image, xid)
            if UNCHANGED in image and xid is not None
            else image
            for image, xid in images
        ]
        if not self._added:
            return filled
        computed = iter(await self._generated(connection, [i for i in filled if _is_whole(i)]))
        absent: list[Value] = [UNKNOWN] * len(self._added)
        return [
            self._merge(image, next(computed) if _is_whole(image) else absent) for image in filled
        ]

    def _merge(self, image: Image, added: Sequence[Value]) -> Image:
        rest = iter(added)
        return tuple(next(rest) if place is None else image[place] for place in self._places)

    async def _generated(
        self, connection: AsyncConnection[Any], images: Sequence[Image]
    ) -> list[list[Value]]:
        if not images:
            return []
        names = [column.name for column in self.source.columns]
        rows = [
            json.dumps([value.decode() if isinstance(value, bytes) else None for value in image])
            for image in images
        ]
        found = await _rows_if_possible(
            connection, _GENERATED, [self.source.oid, names, rows, self._added]
        )
        if found is None:
            return [[UNKNOWN] * len(self._added)] * len(images)
        return [[None if text is None else text.encode() for text in texts] for (texts,) in found]

    async def _fill_unchanged(
        self, connection: AsyncConnection[Any], image: Image, xid: int
    ) -> Image:
        """Read unchanged TOAST values from the row, if it is still the version of *xid*."""
        columns = self.source.columns
        missing = [place for place, value in enumerate(image) if value is UNCHANGED]
        if not self._key_places:
            return image
        query = sql.SQL("select {values} from {table} where {key} and xmin = {xid}::xid").format(
            values=sql.SQL(", ").join(
                sql.SQL("pg_catalog.format('%s', {})").format(sql.Identifier(columns[place].name))
                for place in missing
            ),
            table=sql.Identifier(self.source.schema, self.source.name),
            key=sql.SQL(" and ").join(
                sql.SQL("{} = {}").format(
                    sql.Identifier(columns[place].name), sql.Literal(_text(image[place]))
                )
                for place in self._key_places
            ),
            xid=sql.Literal(str(xid)),
        )
        found = await _rows_if_possible(connection, query)
        if not found:
            return image
        values = list(image)
        for place, text in zip(missing, found[0], strict=True):
            values[place] = text.encode()
        return tuple(values)

    async def bind(
        self, connection: AsyncConnection[Any], conditions: Sequence[Conditions]
    ) -> None:
        """Prepare to filter by *conditions*; those that do not fit any more never match."""
        new = [item for item in dict.fromkeys(conditions) if item not in self._filters]
        if new:
            if len(self._filters) + len(new) > FILTERS_KEPT:
                self._filters.clear()  # those still in use come back in one round trip
                new = list(dict.fromkeys(conditions))
            bound = await bind(connection, self.relation, self._types, new)
            self._filters.update(zip(new, bound, strict=True))

    def row_filter(self, conditions: Conditions) -> RowFilter | SubscriptionError | None:
        """Get a filter that was bound, why it cannot be, or None when `bind` has to be called."""
        return self._filters.get(conditions)


class TableVersions:
    """
    The current version of each table that changes were seen of.

    A change of a publication makes the publisher describe its tables anew, so a version
    knows whether its table is published.

    Args:
        publication: The publication that clients may subscribe to.
        private_publication: The one whose tables are streamed for the server's own use.
    """

    def __init__(self, *, publication: str, private_publication: str) -> None:
        self._publication = publication
        self._private_publication = private_publication
        self._by_oid: dict[int, TableVersion] = {}

    def known(self, source: Relation) -> TableVersion | None:
        """Get the version of *source* if its catalog was read already."""
        found = self._by_oid.get(source.oid)
        return found if found is not None and found.source is source else None

    async def get(self, connection: AsyncConnection[Any], source: Relation) -> TableVersion:
        """Get the version of *source*, reading the catalog when it is new."""
        found = self._by_oid.get(source.oid)
        if found is None or found.source is not source:
            published = await published_operations(
                connection,
                source.oid,
                publication=self._publication,
                private=self._private_publication,
            )
            found = await load_version(connection, source, published)
            self._by_oid[source.oid] = found
        return found


async def load_version(
    connection: AsyncConnection[Any], source: Relation, published: frozenset[Operation]
) -> TableVersion:
    """Read from the catalog what *source*, as the publisher describes it, leaves out."""
    table = await table_by_oid(connection, source.oid)
    columns = source.columns
    primary_key: frozenset[str] = frozenset()
    if table is not None:
        columns = _with_generated(source, table.relation.columns, table.generated)
        primary_key = table.primary_key
    types = TypeCatalog()
    await types.load(connection, (column.type_oid for column in columns))
    relation = source if columns == source.columns else dataclasses.replace(source, columns=columns)
    layout = TableLayout(relation, primary_key=primary_key, types=types)
    return TableVersion(source, relation, layout, types, published)


def _with_generated(
    source: Relation, defined: Sequence[Column], generated: frozenset[str]
) -> tuple[Column, ...]:
    """Put generated columns that the publisher leaves out where the table has them."""
    sent = {column.name: column for column in source.columns}
    if all(name in sent for name in generated):
        return source.columns
    expected = [column.name for column in defined if column.name not in generated - sent.keys()]
    if expected != list(sent):
        return source.columns  # the table was altered since; the next change tells how
    return tuple(
        sent.get(column.name) or dataclasses.replace(column, is_key=False) for column in defined
    )


async def _rows_if_possible(
    connection: AsyncConnection[Any],
    query: LiteralString | sql.Composed,
    parameters: Sequence[object] | None = None,
) -> list[Any] | None:
    """
    Get the rows of *query*, or None when PostgreSQL refuses it.

    A change may be of a table that was altered, renamed or dropped since: then what the
    publisher left out cannot be had any more.
    """
    try:
        cursor = await connection.execute(query, parameters)
        return await cursor.fetchall()
    except psycopg.Error:
        if connection.broken:
            raise
        return None


def _is_whole(image: Image) -> bool:
    return not any(isinstance(value, Absent) for value in image)


def _text(value: Value) -> str | None:
    return value.decode() if isinstance(value, bytes) else None
