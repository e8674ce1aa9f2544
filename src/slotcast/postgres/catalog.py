"""What the server has to know of tables beyond what the publisher tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from slotcast.changes import Column, Operation, Relation, ReplicaIdentity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """
    A table as the catalog defines it now.

    Attributes:
        identifier: Its qualified name, quoted as SQL wants it.
        relation: All its columns in table order, generated ones among them; `is_key` marks
            the primary key.
        generated: Names of the generated columns, stored and virtual.
    """

    identifier: str
    relation: Relation
    generated: frozenset[str]

    @property
    def primary_key(self) -> frozenset[str]:
        """Names of the primary key's columns; empty without one."""
        return frozenset(column.name for column in self.relation.columns if column.is_key)

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Table:
        """
        Read what a query says of a table.

        Args:
            row: Its OID, identifier, schema, name and replica identity; then lists of its
                columns' names, type OIDs and type modifiers, and of whether they belong to
                the primary key and are generated.
        """
        oid, identifier, schema, name, identity, names, type_oids, modifiers, keys, generated = row
        columns = tuple(
            Column(name=column, type_oid=type_oid, type_modifier=modifier, is_key=is_key)
            for column, type_oid, modifier, is_key in zip(
                names, type_oids, modifiers, keys, strict=True
            )
        )
        return cls(
            identifier=identifier,
            relation=Relation(
                oid=oid,
                schema=schema,
                name=name,
                replica_identity=ReplicaIdentity(identity),
                columns=columns,
            ),
            generated=frozenset(
                column
                for column, is_generated in zip(names, generated, strict=True)
                if is_generated
            ),
        )


_TABLE: Final = """
select c.oid, pg_catalog.format('%%I.%%I', n.nspname, c.relname), n.nspname, c.relname,
       c.relreplident::text,
       array_agg(a.attname::text order by a.attnum),
       array_agg(a.atttypid order by a.attnum),
       array_agg(a.atttypmod order by a.attnum),
       array_agg(coalesce(a.attnum = any (i.indkey::int2[]), false) order by a.attnum),
       array_agg(a.attgenerated <> '' order by a.attnum)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_catalog.pg_index i on i.indrelid = c.oid and i.indisprimary
where c.oid = %s
group by c.oid, n.nspname, c.relname, c.relreplident
"""
_PUBLISHED_OPERATIONS: Final = """
select pub.pubinsert, pub.pubupdate, pub.pubdelete
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_publication_tables t on t.schemaname = n.nspname and t.tablename = c.relname
join pg_catalog.pg_publication pub on pub.pubname = t.pubname
where c.oid = %s and t.pubname = %s
  and not (t.rowfilter is not null and exists (
    select from pg_catalog.pg_publication_rel r where r.prrelid = c.oid and r.prpubid <> pub.oid
      and r.prpubid in (select o.oid from pg_catalog.pg_publication o where o.pubname = %s)))
"""


async def table_by_oid(connection: AsyncConnection[TupleRow], oid: int) -> Table | None:
    """Describe a table, or return None when it is gone."""
    cursor = await connection.execute(_TABLE, [oid])
    row = await cursor.fetchone()
    return None if row is None else Table.from_row(row)


async def published_operations(
    connection: AsyncConnection[TupleRow], oid: int, *, publication: str, private: str
) -> frozenset[Operation]:
    """
    Tell which changes of a table *publication* lets through.

    Args:
        connection: Any connection.
        oid: The table.
        publication: Name of a publication.
        private: Name of another one that is streamed with it. A table with a row filter that
            is in both counts as not published, since then the stream ignores the filter.

    Returns:
        Nothing if the table is not in the publication, or gone.
    """
    cursor = await connection.execute(_PUBLISHED_OPERATIONS, [oid, publication, private])
    row = await cursor.fetchone()
    flags = (False, False, False) if row is None else row
    return frozenset(
        operation for operation, is_published in zip(Operation, flags, strict=True) if is_published
    )
