"""
Changes as clients read them, each encoded once.

A `TableLayout` holds what is the same for all changes of one version of a table; a
`Projection` of it what is the same for all viewers who may read the same columns. So
encoding a change is joining prepared field names with converted values.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from slotcast.changes import Operation, ReplicaIdentity
from slotcast.fanout.values import NULL, converter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from slotcast.changes import Column, Image, Relation, Value
    from slotcast.fanout.values import Converter
    from slotcast.postgres.types import TypeCatalog

PAYLOAD_TOO_LARGE: Final = b'["Error 413: Payload Too Large"]'
KEPT_VALUE_BYTES: Final = 64
"""Longest value, as JSON, that stays in a change that is too large."""


class _Field(NamedTuple):
    """
    One column of a projection.

    Attributes:
        place: Where it is in an image.
        key: How its key reads, with the colon.
        null: How it reads when it is NULL.
        convert: Makes the JSON of any other value.
    """

    place: int
    key: bytes
    null: bytes
    convert: Converter


PROJECTIONS_KEPT: Final = 1000
"""Most ways of selecting columns of one table that are kept prepared."""


class Projection:
    """The columns that some viewers get of a table's changes."""

    __slots__ = ("_fields", "_key_fields", "_readable", "columns_json")

    def __init__(
        self,
        fields: Sequence[_Field],
        key_fields: Sequence[_Field],
        readable: Sequence[int],
        columns_json: bytes,
    ) -> None:
        """
        Create a projection.

        Args:
            fields: What is sent.
            key_fields: Those of them that identify the row.
            readable: The columns that the viewers may read, by their place in an image.
            columns_json: What the clients are told of *fields*: a JSON array.
        """
        self._fields = fields
        self._key_fields = key_fields
        self._readable = readable
        self.columns_json = columns_json

    def record(self, image: Image, *, largest_bytes: int | None = None) -> bytes:
        """
        Encode *image* as a JSON object, absent values left out.

        Args:
            image: Values in the order of the layout's columns.
            largest_bytes: Leave out values that are longer as JSON; None keeps all.
        """
        return _encode(self._fields, image, largest_bytes)

    def largest_bytes(self, limit_bytes: int, *images: Image | None) -> int | None:
        """
        Tell how long values may be in a change of *images*; None for any length.

        What the viewer may read counts, also where it did not ask for it; the rest would
        tell something of itself.
        """
        # Mostly the whole rows are below the limit already.
        if sum(_size_bytes(image) for image in images if image) <= limit_bytes:
            return None
        readable_bytes = sum(
            _size_bytes([image[index] for index in self._readable]) for image in images if image
        )
        return KEPT_VALUE_BYTES if readable_bytes > limit_bytes else None

    def key(self, image: Image, *, largest_bytes: int | None = None) -> bytes:
        """Encode the key of *image* as a JSON object."""
        return _encode(self._key_fields, image, largest_bytes)


class TableLayout:
    """
    How the changes of one version of a table are encoded.

    Args:
        relation: All columns that images have, generated ones among them.
        primary_key: Names of the primary key's columns: the key of a table whose replica
            identity is full, and what always comes with selected columns.
        types: Knows the types of all columns.
    """

    def __init__(
        self, relation: Relation, *, primary_key: Collection[str], types: TypeCatalog
    ) -> None:
        self.relation = relation
        self.key_columns = _key_columns(relation, primary_key)
        self._unselected = self.key_columns.union(primary_key)
        self._fields = [
            _field(place, column, converter(column.type_oid, types))
            for place, column in enumerate(relation.columns)
        ]
        self._descriptions = [
            json.dumps(
                {
                    "name": column.name,
                    "type": found.name if (found := types.get(column.type_oid)) else "unknown",
                },
                separators=(",", ":"),
            ).encode()
            for column in relation.columns
        ]
        self._prefix = json.dumps(
            {"schema": relation.schema, "table": relation.name}, separators=(",", ":")
        ).encode()[1:-1]
        self._projections: dict[tuple[frozenset[str], tuple[str, ...] | None], Projection] = {}

    def projection(
        self, readable: frozenset[str], select: tuple[str, ...] | None
    ) -> Projection | None:
        """
        Get what a viewer gets.

        Args:
            readable: Names of the columns that its role may select.
            select: Columns that it asked for besides the key's, or None for all.

        Returns:
            The projection, or None when it may read no column of the table.
        """
        cached = self._projections.get((readable, select))
        if cached is not None:
            return cached
        columns = self.relation.columns
        allowed = [index for index, column in enumerate(columns) if column.name in readable]
        if not allowed:
            return None
        wanted = [
            index
            for index in allowed
            if select is None
            or columns[index].name in select
            or columns[index].name in self._unselected
        ]
        projection = Projection(
            [self._fields[index] for index in wanted],
            [self._fields[index] for index in wanted if columns[index].name in self.key_columns],
            allowed,
            b"[" + b",".join(self._descriptions[index] for index in wanted) + b"]",
        )
        if len(self._projections) >= PROJECTIONS_KEPT:
            self._projections.clear()
        self._projections[readable, select] = projection
        return projection

    def insert(
        self, projection: Projection, timestamp: bytes, new: Image, limit_bytes: int
    ) -> bytes:
        """Encode the `data` of an INSERT; values are dropped where they exceed *limit_bytes*."""
        largest = projection.largest_bytes(limit_bytes, new)
        record = projection.record(new, largest_bytes=largest)
        return self._data(
            Operation.INSERT, projection, timestamp, b'"record":' + record + b",", largest
        )

    def update(
        self,
        projection: Projection,
        timestamp: bytes,
        new: Image,
        old: Image | None,
        limit_bytes: int,
    ) -> bytes:
        """
        Encode the `data` of an UPDATE.

        Args:
            projection: What the viewer gets.
            timestamp: From `timestamp`.
            new: The row afterwards.
            old: The row before as far as the viewer may know it; None shows the key alone,
                taken from the new row.
            limit_bytes: Above it, long values are dropped.
        """
        largest = projection.largest_bytes(limit_bytes, new, old)
        record = projection.record(new, largest_bytes=largest)
        if old is None:
            before = projection.key(new, largest_bytes=largest)
        else:
            before = projection.record(old, largest_bytes=largest)
        body = b'"record":' + record + b',"old_record":' + before + b","
        return self._data(Operation.UPDATE, projection, timestamp, body, largest)

    def delete(
        self,
        projection: Projection,
        timestamp: bytes,
        old: Image,
        limit_bytes: int,
        *,
        key_only: bool,
    ) -> bytes:
        """Encode the `data` of a DELETE, the whole old row or its key alone."""
        largest = projection.largest_bytes(limit_bytes, old)
        encode = projection.key if key_only else projection.record
        body = b'"old_record":' + encode(old, largest_bytes=largest) + b","
        return self._data(Operation.DELETE, projection, timestamp, body, largest)

    def _data(
        self,
        operation: Operation,
        projection: Projection,
        timestamp: bytes,
        records: bytes,
        largest_bytes: int | None,
    ) -> bytes:
        errors = b"null" if largest_bytes is None else PAYLOAD_TOO_LARGE
        return b"".join(
            (
                b'{"type":"',
                operation.encode(),
                b'",',
                self._prefix,
                b',"commit_timestamp":"',
                timestamp,
                b'","columns":',
                projection.columns_json,
                b",",
                records,
                b'"errors":',
                errors,
                b"}",
            )
        )


def timestamp(committed_at: datetime) -> bytes:
    """Write a commit timestamp (UTC) as clients expect it: ISO 8601, milliseconds, ``Z``."""
    return committed_at.isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()


def with_xid(data: bytes, xid: int) -> bytes:
    """Add the id of its transaction to the `data` of a change."""
    return b'%b,"xid":%d}' % (data[:-1], xid)


def _field(place: int, column: Column, convert: Converter) -> _Field:
    key = json.dumps(column.name).encode() + b":"
    return _Field(place, key, key + NULL, convert)


def _key_columns(relation: Relation, primary_key: Collection[str]) -> frozenset[str]:
    """
    Name the columns that identify a row.

    There may be none. All columns will not do instead: who gets only the key of a row gets it
    because the rest is not for them.
    """
    if relation.replica_identity is ReplicaIdentity.FULL:
        return frozenset(primary_key)
    return frozenset(column.name for column in relation.columns if column.is_key)


def _size_bytes(values: Iterable[Value]) -> int:
    return sum([len(value) for value in values if isinstance(value, bytes)])


def _encode(fields: Sequence[_Field], image: Image, largest_bytes: int | None) -> bytes:
    parts: list[bytes] = []
    for place, key, null, convert in fields:
        value = image[place]
        if value is None:
            parts.append(null)
        elif isinstance(value, bytes):  # else it is absent
            encoded = convert(value)
            if largest_bytes is None or len(encoded) <= largest_bytes:
                parts.append(key + encoded)
    return b"{" + b",".join(parts) + b"}"
