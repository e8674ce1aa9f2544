"""Real tables as the replication stream would describe them: relations and row images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg

from slotcast.changes import Column, Relation, ReplicaIdentity

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from slotcast.changes import Image

# What the replication stream prints values with.
STREAM_OPTIONS: Final = (
    "-c datestyle=ISO -c intervalstyle=postgres -c timezone=UTC"
    " -c extra_float_digits=1 -c bytea_output=hex"
)


async def connect(url: str) -> AsyncConnection[Any]:
    """Open a connection in autocommit mode that prints values as the stream does."""
    return await psycopg.AsyncConnection.connect(
        url,
        autocommit=True,
        options=STREAM_OPTIONS,
        client_encoding="utf8",
        # Tests drop and make tables of one name, which a prepared statement would notice.
        prepare_threshold=None,
    )


async def describe_relation(connection: AsyncConnection[Any], table: str) -> Relation:
    """Describe *table*, a name as `regclass` reads it."""
    cursor = await connection.execute(
        "select attrelid, attname, atttypid, atttypmod from pg_attribute"
        " where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
        [table],
    )
    rows = await cursor.fetchall()
    return Relation(
        oid=rows[0][0],
        schema="public",
        name=table,
        replica_identity=ReplicaIdentity.FULL,
        columns=tuple(
            Column(name=name, type_oid=type_oid, type_modifier=modifier, is_key=False)
            for _, name, type_oid, modifier in rows
        ),
    )


async def images(connection: AsyncConnection[Any], query: str) -> list[Image]:
    """Give the rows of *query* in their text forms."""
    cursor = await connection.execute(query.encode())
    result = cursor.pgresult
    assert result is not None
    return [
        tuple(result.get_value(row, column) for column in range(result.nfields))
        for row in range(result.ntuples)
    ]
