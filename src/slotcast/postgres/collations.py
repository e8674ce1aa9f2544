"""Collations, as far as they decide what equals what and what comes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Mapping

# The locales of which it is known that ASCII letters fold to ASCII letters: in Turkish,
# among others, they do not.
_PLAIN_CASE_LOCALES: Final = ("C", "POSIX", "PG_UNICODE_FAST", "en", "und")

_BYTEWISE_LOCALES: Final = frozenset({"C", "POSIX"})

# A collation that says "default" is described by the database. Versions name the columns
# differently, so both rows are read as JSON.
_DESCRIPTION: Final = sql.SQL("""
    select pg_catalog.json_build_object(
        'schema', namespace.nspname,
        'name', used.collname,
        'is_default', coalesce(used.collprovider = 'd', false),
        'is_deterministic', coalesce(used.collisdeterministic, true),
        'provider', case used.collprovider
            when 'd' then coalesce(database.row ->> 'datlocprovider', 'c')
            else used.collprovider::pg_catalog.text
        end,
        'locale', case used.collprovider
            when 'd' then coalesce(
                database.row ->> 'datlocale', database.row ->> 'daticulocale',
                database.row ->> 'datcollate')
            else coalesce(
                collation_row.row ->> 'colllocale', collation_row.row ->> 'colliculocale',
                used.collcollate)
        end,
        'ctype', case used.collprovider
            when 'd' then database.row ->> 'datctype'
            else used.collctype
        end,
        'is_utf8', pg_catalog.getdatabaseencoding() = 'UTF8'
    )
    from (
        select pg_catalog.to_jsonb(self) as row
        from pg_catalog.pg_database as self
        where self.datname = pg_catalog.current_database()
    ) as database
    left join pg_catalog.pg_collation as used on used.oid = {oid}
    left join pg_catalog.pg_namespace as namespace on namespace.oid = used.collnamespace
    cross join lateral (select pg_catalog.to_jsonb(used) as row) as collation_row
""")

_OF_COLUMN: Final = sql.SQL("""
    select described.json
    from pg_catalog.pg_attribute as attribute
    cross join lateral ({description}) as described (json)
    where attribute.attrelid = {relation}
        and attribute.attname = {column}
        and not attribute.attisdropped
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collation:
    """
    What of a column's collation matters to comparisons.

    Attributes:
        identifier: Its name, or None for the database's own and for types without one.
        is_deterministic: Whether it tells any two different texts apart.
        is_bytewise: Whether it orders by bytes.
        has_plain_case: Whether ASCII letters fold to ASCII letters.
        holds_any_text: Whether the database's encoding has every character.
    """

    identifier: sql.Identifier | None
    is_deterministic: bool
    is_bytewise: bool
    has_plain_case: bool
    holds_any_text: bool

    @classmethod
    def from_fields(cls, row: Mapping[str, Any]) -> Collation:
        """Read the JSON object that `description` and `of_column` give."""
        # 'b' is the built-in provider: all its locales order by code point.
        is_builtin = row["provider"] == "b"
        is_c = row["provider"] == "c" and row["locale"] in _BYTEWISE_LOCALES
        locales = [locale for locale in (row["locale"], row["ctype"]) if locale is not None]
        name: str | None = None if row["is_default"] else row["name"]
        return cls(
            identifier=None if name is None else sql.Identifier(row["schema"], name),
            is_deterministic=row["is_deterministic"],
            # Our bytes are UTF-8, PostgreSQL's are in the database's encoding.
            is_bytewise=row["is_utf8"] and (is_builtin or is_c),
            has_plain_case=all(locale.startswith(_PLAIN_CASE_LOCALES) for locale in locales),
            holds_any_text=row["is_utf8"],
        )


NO_COLLATION: Final = Collation(
    identifier=None,
    is_deterministic=True,
    is_bytewise=False,
    has_plain_case=True,
    holds_any_text=True,
)
"""That of the columns whose type has none."""


def description(oid: sql.Composable) -> sql.Composable:
    """
    Write a query that describes a collation, as `Collation.from_fields` reads it.

    Args:
        oid: Of the collation; 0 stands for none.
    """
    return _DESCRIPTION.format(oid=oid)


def of_column(relation: int, column: str) -> sql.Composable:
    """
    Write a query that describes a column's collation, as `Collation.from_fields` reads it.

    It gives nothing if there is no such column.
    """
    return _OF_COLUMN.format(
        description=description(sql.SQL("attribute.attcollation")),
        relation=sql.Literal(relation),
        column=sql.Literal(column),
    )
