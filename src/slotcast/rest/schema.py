"""
The nouns of the schema cache: what the exposed schemas hold, as the catalog had it.

All of it is frozen; a reload makes a new cache, and requests that began with the old one
end with it. Identifiers are as in the catalog, never quoted; types are SQL text, written
with every schema that is not `pg_catalog`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping


class QualifiedName(NamedTuple):
    """Of a relation, function or type. An empty *schema* is for names of a query's own."""

    schema: str
    name: str


# Relations -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """
    A column of a relation.

    Attributes:
        name: Its name.
        type: As declared, lengths and domains included: ``character varying(20)``.
        base_type: The type below all domains, without length.
        is_nullable: Whether NULL may be stored.
        default: The expression for rows that do not name the column, or None.
        maximum_length: Of text, in characters; None without a bound.
        labels: Of an enum; empty for other types.
        comment: From COMMENT ON, or None.
    """

    name: str
    type: str
    base_type: str = ""
    is_nullable: bool = True
    default: str | None = None
    maximum_length: int | None = None
    labels: tuple[str, ...] = ()
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """
    A table, view, materialized view or foreign table.

    Attributes:
        name: Its name.
        columns: By name, in table order.
        primary_key: Names of the key's columns, in table order; a view has the key of its
            table if it shows all of it.
        is_view: Whether it is a view, materialized or not.
        is_insertable: Whether PostgreSQL can insert into it.
        is_updatable: Likewise for UPDATE.
        is_deletable: Likewise for DELETE.
        comment: From COMMENT ON, or None.
    """

    name: QualifiedName
    columns: Mapping[str, Column] = field(default_factory=dict[str, Column])
    primary_key: tuple[str, ...] = ()
    is_view: bool = False
    is_insertable: bool = True
    is_updatable: bool = True
    is_deletable: bool = True
    comment: str | None = None


# Relationships -------------------------------------------------------------------------


class Cardinality(enum.IntEnum):
    """How many rows meet how many; the values order what an ambiguity lists."""

    ONE_TO_MANY = 0
    MANY_TO_ONE = 1
    ONE_TO_ONE = 2
    MANY_TO_MANY = 3


ColumnPairs: TypeAlias = "tuple[tuple[str, str], ...]"
"""Columns that have to be equal: of the source (or junction), of the target (or junction)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Junction:
    """
    The table between the two sides of a many-to-many relationship.

    Attributes:
        relation: Its name.
        source_constraint: Of its foreign key to the source.
        target_constraint: Of its foreign key to the target.
        source_columns: Pairs of (column of the source, column of the junction).
        target_columns: Pairs of (column of the target, column of the junction).
    """

    relation: QualifiedName
    source_constraint: str
    target_constraint: str
    source_columns: ColumnPairs
    target_columns: ColumnPairs


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKeyRelationship:
    """
    A way from one relation to another, found through foreign keys.

    Attributes:
        source: Where the way begins.
        target: Where it leads.
        cardinality: How many of the source meet how many of the target.
        constraint: Name of the foreign key; empty for many-to-many.
        columns: Pairs of (column of the source, column of the target); empty for
            many-to-many.
        is_parent: Whether the target holds the foreign key of a one-to-one relationship.
        junction: Only for many-to-many.
        source_is_view: Whether the source is a view.
        target_is_view: Whether the target is a view.
    """

    source: QualifiedName
    target: QualifiedName
    cardinality: Cardinality
    constraint: str = ""
    columns: ColumnPairs = ()
    is_parent: bool = False
    junction: Junction | None = None
    source_is_view: bool = False
    target_is_view: bool = False

    @property
    def is_self(self) -> bool:
        """Whether the way leads back to its own relation."""
        return self.source == self.target

    @property
    def is_to_one(self) -> bool:
        """Whether a row of the source meets one row of the target at most."""
        return self.cardinality in (Cardinality.MANY_TO_ONE, Cardinality.ONE_TO_ONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedRelationship:
    """
    A way that a function makes: it takes a row of *source* and gives rows of *target*.

    Attributes:
        source: The relation whose row the function takes.
        target: The relation whose rows it gives.
        function: Its name; clients embed it under the last part.
        is_to_one: Whether it gives one row at most.
    """

    source: QualifiedName
    target: QualifiedName
    function: QualifiedName
    is_to_one: bool = False


Relationship: TypeAlias = "ForeignKeyRelationship | ComputedRelationship"


_VOID: Final = QualifiedName("pg_catalog", "void")

# Routines ------------------------------------------------------------------------------


class Volatility(enum.Enum):
    """Values are `pg_proc.provolatile`."""

    VOLATILE = "v"
    STABLE = "s"
    IMMUTABLE = "i"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """
    An input parameter of a routine.

    Attributes:
        name: Empty for the one that may be unnamed.
        type: Its type, as SQL text.
        payload_type: The type as which values are read: *type*, but without the lengths that
            ``bit`` and ``character`` would cut values to.
        is_required: Whether it has no default.
        is_variadic: Whether it takes all further arguments.
    """

    name: str
    type: str
    payload_type: str = ""
    is_required: bool = True
    is_variadic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Routine:
    """
    A function that can be called.

    Attributes:
        name: Its name; several may have the same.
        parameters: Input parameters in order.
        return_type: The relation or type of what it gives.
        returns_set: Whether it gives any number of rows.
        returns_row: Whether what it gives has columns.
        volatility: As declared.
        settings: Configuration parameters to be set before it runs: names and values.
        isolation: The isolation level it asks for, or None.
        comment: From COMMENT ON, or None.
    """

    name: QualifiedName
    parameters: tuple[Parameter, ...] = ()
    return_type: QualifiedName = _VOID
    returns_set: bool = False
    returns_row: bool = False
    volatility: Volatility = Volatility.VOLATILE
    settings: tuple[tuple[str, str], ...] = ()
    isolation: str | None = None
    comment: str | None = None

    @property
    def is_scalar(self) -> bool:
        """Whether it gives exactly one value without columns."""
        return not self.returns_set and not self.returns_row

    @property
    def is_set_of_scalar(self) -> bool:
        """Whether it gives any number of values without columns."""
        return self.returns_set and not self.returns_row

    @property
    def is_single_row(self) -> bool:
        """Whether it gives exactly one row."""
        return not self.returns_set and self.returns_row

    @property
    def is_void(self) -> bool:
        """Whether it gives nothing."""
        return self.is_scalar and self.return_type == _VOID


# Media types ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaHandler:
    """
    A function or domain cast that makes the body of a response.

    Attributes:
        function: What is called with the rows (an aggregate) or with a function's value.
        row_type: The relation that the aggregate is for; None if it takes anything.
        content_type: What it makes.
    """

    function: QualifiedName
    row_type: QualifiedName | None
    content_type: str


# The whole -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaCache:
    """
    Everything of the exposed schemas that planning has to know.

    Attributes:
        relations: Tables and views.
        relationships: The ways from a relation, by (its name, the schema they lead to).
        routines: Functions by name; those of one name are overloads.
        handlers: By (relation or function, media type in lower case); the first part is
            None for what fits any row.
        representations: Functions, as SQL text, that convert between ``json`` or ``text``
            and a domain: by (type from, type to).
        time_zones: Names that PostgreSQL knows.
        schema_comments: By schema.
    """

    relations: Mapping[QualifiedName, Relation] = field(
        default_factory=dict[QualifiedName, Relation]
    )
    relationships: Mapping[tuple[QualifiedName, str], tuple[Relationship, ...]] = field(
        default_factory=dict[tuple[QualifiedName, str], "tuple[Relationship, ...]"]
    )
    routines: Mapping[QualifiedName, tuple[Routine, ...]] = field(
        default_factory=dict[QualifiedName, tuple[Routine, ...]]
    )
    handlers: Mapping[tuple[QualifiedName | None, str], MediaHandler] = field(
        default_factory=dict[tuple[QualifiedName | None, str], MediaHandler]
    )
    representations: Mapping[tuple[str, str], str] = field(
        default_factory=dict[tuple[str, str], str]
    )
    time_zones: frozenset[str] = frozenset()
    schema_comments: Mapping[str, str] = field(default_factory=dict[str, str])
