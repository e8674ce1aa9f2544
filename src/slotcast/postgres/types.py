"""
PostgreSQL's types, known by OID.

Names decide nothing: anybody may create a type called ``text`` in another schema, or one
whose name holds dots and quotes. A name is only ever shown, or quoted with its schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from psycopg import sql
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg import AsyncConnection


class TypeKind(StrEnum):
    """How a type is made; `ARRAY` is what `pg_type.typtype` counts among the base types."""

    BASE = "base"
    ARRAY = "array"
    COMPOSITE = "composite"
    DOMAIN = "domain"
    ENUM = "enum"
    RANGE = "range"
    MULTIRANGE = "multirange"
    PSEUDO = "pseudo"


@dataclass(frozen=True, slots=True, kw_only=True)
class PgType:
    """
    One type as the catalog describes it.

    Attributes:
        oid: Its OID, which is its identity.
        schema: The schema it is in, unquoted.
        name: `typname`, unquoted: what clients see as ``columns[].type``.
        display_name: As PostgreSQL's messages call it, such as ``integer``.
        kind: How it is made.
        category: `typcategory`, one letter: ``S`` for strings, ``U`` for user-defined …
        element_oid: Type of an array's elements; 0 unless *kind* is ARRAY.
        delimiter: What parts two values of this type inside an array's text form.
        base_oid: What a domain is over; 0 unless *kind* is DOMAIN.
        attributes: Name and type OID of a composite's attributes, in order, dropped ones
            left out.
        has_own_operators: Whether ``=`` for this very type is defined in the type's own
            schema, as extensions such as `citext` do.

    Source:
        PostgreSQL manual, "pg_type".
    """

    oid: int
    schema: str
    name: str
    display_name: str
    kind: TypeKind
    category: str
    element_oid: int = 0
    delimiter: str = ","
    base_oid: int = 0
    attributes: tuple[tuple[str, int], ...] = ()
    has_own_operators: bool = False

    @property
    def identifier(self) -> sql.Identifier:
        """Its name as SQL, independent of the search path."""
        return sql.Identifier(self.schema, self.name)

    @property
    def operator_schema(self) -> str:
        """The schema in which its operators are looked for."""
        return self.schema if self.has_own_operators else "pg_catalog"


def _built_in(
    oid: int, name: str, display_name: str, category: str, *, has_own_operators: bool = True
) -> PgType:
    return PgType(
        oid=oid,
        schema="pg_catalog",
        name=name,
        display_name=display_name,
        kind=TypeKind.BASE,
        category=category,
        has_own_operators=has_own_operators,
    )


BUILT_IN: Final = (
    _built_in(16, "bool", "boolean", "B"),
    _built_in(20, "int8", "bigint", "N"),
    _built_in(21, "int2", "smallint", "N"),
    _built_in(23, "int4", "integer", "N"),
    _built_in(25, "text", "text", "S"),
    _built_in(1043, "varchar", "character varying", "S", has_own_operators=False),
    _built_in(2950, "uuid", "uuid", "U"),
)
"""Types that are the same in every database, and that most filters are about."""

# A type is a true array if it is what its element names as `typarray`: `point` and
# `int2vector` have elements, too, but print otherwise.
_LOAD: Final = """
with recursive needed (oid) as (
    select unnest(%s::pg_catalog.oid[])
    union
    select part.oid
    from needed
    join pg_catalog.pg_type as whole on whole.oid = needed.oid
    cross join lateral (
        values (whole.typelem), (whole.typbasetype)
        union all
        select attribute.atttypid
        from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = whole.typrelid
            and attribute.attnum > 0
            and not attribute.attisdropped
    ) as part (oid)
    where part.oid <> 0
)
select
    type.oid,
    namespace.nspname as schema,
    type.typname as name,
    pg_catalog.format_type(type.oid, null) as display_name,
    case when element.typarray = type.oid then 'array' else
        case type.typtype
            when 'b' then 'base' when 'c' then 'composite' when 'd' then 'domain'
            when 'e' then 'enum' when 'r' then 'range' when 'm' then 'multirange'
            else 'pseudo'
        end
    end as kind,
    type.typcategory::text as category,
    case when element.typarray = type.oid then element.oid else 0 end as element_oid,
    type.typdelim::text as delimiter,
    type.typbasetype as base_oid,
    array(
        select attribute.attname::text
        from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = type.typrelid
            and attribute.attnum > 0
            and not attribute.attisdropped
        order by attribute.attnum
    ) as attribute_names,
    array(
        select attribute.atttypid
        from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = type.typrelid
            and attribute.attnum > 0
            and not attribute.attisdropped
        order by attribute.attnum
    ) as attribute_oids,
    exists (
        select from pg_catalog.pg_operator as operator
        where operator.oprname = '='
            and operator.oprleft = type.oid
            and operator.oprright = type.oid
            and operator.oprnamespace = type.typnamespace
    ) as has_own_operators
from needed
join pg_catalog.pg_type as type on type.oid = needed.oid
join pg_catalog.pg_namespace as namespace on namespace.oid = type.typnamespace
left join pg_catalog.pg_type as element on element.oid = type.typelem
"""


class TypeCatalog:
    """
    The types met so far, by OID.

    Types change (`ALTER TYPE`), so whoever notices says `forget`, and loads again.
    """

    def __init__(self, types: Iterable[PgType] = ()) -> None:
        self._types = {known.oid: known for known in types}

    async def load(self, connection: AsyncConnection[Any], oids: Iterable[int]) -> None:
        """
        Learn the types *oids* and all they are built from, in at most one query.

        Types already known are not asked for again; OIDs that are no type are ignored.
        """
        missing = sorted(set(oids) - self._types.keys())
        if not missing:
            return
        async with connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_LOAD, (missing,))
            for row in await cursor.fetchall():
                self._types[row["oid"]] = _from_row(row)

    def get(self, oid: int) -> PgType | None:
        """The type *oid*, or None while it was not loaded or if it does not exist."""
        return self._types.get(oid)

    def base(self, oid: int) -> PgType | None:
        """The type *oid*, or what it is in the end over if it is a domain."""
        found = self._types.get(oid)
        while found is not None and found.kind is TypeKind.DOMAIN:
            found = self._types.get(found.base_oid)
        return found

    def forget(self) -> None:
        """Know no type any more: some type may have changed."""
        self._types.clear()


def _from_row(row: dict[str, Any]) -> PgType:
    names: list[str] = row.pop("attribute_names")
    oids: list[int] = row.pop("attribute_oids")
    kind = TypeKind(row.pop("kind"))
    return PgType(kind=kind, attributes=tuple(zip(names, oids, strict=True)), **row)
