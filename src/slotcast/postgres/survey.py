"""
What joins have to know of published tables, for many of them in one round trip.

A survey describes each table, as each role has it, by a text. Whoever has read a text
before need not read it again, so nothing has to be remembered that could be out of date.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from psycopg import sql

from slotcast.postgres.catalog import Table
from slotcast.postgres.collations import Collation, description

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

ANY: Final = "*"
"""Stands for all schemas or tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    What is asked.

    Attributes:
        schema: A schema's name, or `ANY`.
        table: A table's name, or `ANY`.
        role: For whom.
    """

    schema: str
    table: str
    role: str

    @property
    def is_wildcard(self) -> bool:
        """Whether it may stand for more than one table."""
        return ANY in (self.schema, self.table)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """
    A published table as one role has it.

    Attributes:
        table: As it is defined.
        collations: Those of its columns that have one, by the column's name.
        role_exists: Whether there is such a role and the server may act as it.
        readable: Names of the columns that the role may select; none without USAGE on the
            schema.
        judges_deletions: Whether the row level security that the role is subject to can be
            judged on what is logged of a deleted row.
    """

    table: Table
    collations: Mapping[str, Collation]
    role_exists: bool
    readable: frozenset[str]
    judges_deletions: bool

    @classmethod
    def from_text(cls, text: str) -> Description:
        """Read one of the texts that `survey` gives."""
        fields = json.loads(text)
        described: dict[str, dict[str, Any]] = fields["collations"] or {}
        collations = {int(oid): Collation.from_fields(each) for oid, each in described.items()}
        table = Table.from_row(fields["table"])
        return cls(
            table=table,
            collations={
                column.name: collations[oid]
                for column, oid in zip(
                    table.relation.columns, fields["collation_oids"], strict=True
                )
                if oid
            },
            role_exists=fields["role_exists"],
            readable=frozenset(fields["readable"]),
            judges_deletions=fields["judges_deletions"] is True,
        )


_SURVEY: Final = sql.SQL("""
select wanted.number, pg_catalog.json_build_object(
  'table', pg_catalog.json_build_array(
    c.oid::bigint, pg_catalog.format('%%I.%%I', n.nspname, c.relname), n.nspname, c.relname,
    c.relreplident, columns.names, columns.type_oids, columns.modifiers, columns.are_keys,
    columns.are_generated),
  'collation_oids', columns.collation_oids,
  'collations', (
    select pg_catalog.json_object_agg(needed.oid, ({collation}))
    from (select distinct unnest(columns.collation_oids)) as needed (oid)
    where needed.oid <> 0),
  'role_exists', r.oid is not null,
  'readable', columns.readable,
  'judges_deletions', c.relreplident not in ('d', 'n') or not c.relrowsecurity or (
    select access.unconditional or access.condition is not null
      and not columns.unlogged && array(select slotcast.needed_columns(c.oid, r.rolname))
    from slotcast.row_access(c.oid, r.rolname) as access)
)::text
from unnest(%s::text[], %s::text[], %s::text[]) with ordinality
  as wanted (schema, name, role, number)
join pg_catalog.pg_publication_tables p on p.pubname = %s
  and wanted.schema in ('*', p.schemaname) and wanted.name in ('*', p.tablename)
join pg_catalog.pg_namespace n on n.nspname = p.schemaname
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = p.tablename
left join pg_catalog.pg_roles r
  on r.rolname = wanted.role and pg_catalog.pg_has_role(r.oid, 'MEMBER')
left join pg_catalog.pg_index i on i.indrelid = c.oid and i.indisprimary
cross join lateral (
  select
    array_agg(a.attname::text order by a.attnum),
    array_agg(a.atttypid::bigint order by a.attnum),
    array_agg(a.atttypmod order by a.attnum),
    array_agg(a.attcollation::bigint order by a.attnum),
    array_agg(coalesce(a.attnum = any (i.indkey::int2[]), false) order by a.attnum),
    array_agg(a.attgenerated <> '' order by a.attnum),
    coalesce(array_agg(a.attname::text order by a.attnum) filter (
      where pg_catalog.has_schema_privilege(r.oid, c.relnamespace, 'USAGE')
        and pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT')), '{{}}'),
    coalesce(array_agg(a.attname) filter (
      where a.attgenerated = '' and a.attnum = any (i.indkey::int2[]) is not true), '{{}}')
  from pg_catalog.pg_attribute a
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
) as columns (
  names, type_oids, modifiers, collation_oids, are_keys, are_generated, readable, unlogged)
where columns.names is not null
order by wanted.number, n.nspname, c.relname
""").format(collation=description(sql.SQL("needed.oid")))


async def survey(
    connection: AsyncConnection[TupleRow], publication: str, wanted: Sequence[Wanted]
) -> dict[Wanted, list[str]]:
    """
    Ask for published tables in one round trip.

    Args:
        connection: Any connection.
        publication: Name of the publication.
        wanted: Which tables, and for whom.

    Returns:
        For all that was asked, a `Description` of each published table that it names, in the
        order of the tables' names. Equal descriptions have equal texts.
    """
    parameters = [
        [each.schema for each in wanted],
        [each.table for each in wanted],
        [each.role for each in wanted],
        publication,
    ]
    cursor = await connection.execute(_SURVEY, parameters, prepare=True)
    found: dict[Wanted, list[str]] = {each: [] for each in wanted}
    for number, text in await cursor.fetchall():
        found[wanted[number - 1]].append(text)
    return found
