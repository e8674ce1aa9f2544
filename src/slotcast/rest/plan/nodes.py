"""
The nouns of a plan: relations, columns and joins that exist, and values still apart from SQL.

A plan of reading is a tree. Its root is the requested relation (or the result of a write or
call), the others are embeds; each becomes a subquery that its parent joins laterally.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from slotcast.rest.request.ast import ALL_ROWS, MediaType
from slotcast.rest.request.media_types import OBJECT

if TYPE_CHECKING:
    from slotcast.rest.request.ast import (
        AcceptedMediaType,
        Aggregate,
        Condition,
        Connective,
        Direction,
        FormPayload,
        JsonPayload,
        JsonStep,
        LogicTree,
        Nulls,
        Operation,
        Range,
        RawPayload,
        Resolution,
    )
    from slotcast.rest.schema import (
        MediaHandler,
        Parameter,
        QualifiedName,
        Relation,
        Relationship,
        Routine,
    )

ALL: str = "*"
"""The name of the field that stands for all columns."""

SOURCE = "pgrst_source"
"""What the rows of a write or call are called; the original's name, as errors may show it."""

# Fields --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlannedField:
    """
    A field, and how to read it.

    Attributes:
        name: Of a column or computed column, or `ALL`.
        json_path: The steps into it.
        is_json: Whether it is JSON already; otherwise it becomes so before *json_path*.
        transform: The function (SQL text) it passes on its way out, or None.
        is_whole_row: Whether the row itself is meant.
    """

    name: str
    json_path: tuple[JsonStep, ...] = ()
    is_json: bool = False
    transform: str | None = None
    is_whole_row: bool = False


@dataclass(frozen=True, slots=True)
class PlannedColumn:
    """A selected field; see `ast.SelectedField` for all but *alias*, which here is final."""

    field: PlannedField
    alias: str | None = None
    cast: str | None = None
    aggregate: Aggregate | None = None
    aggregate_cast: str | None = None

    @property
    def key(self) -> str:
        """Its name in the subquery it is selected by."""
        return self.field.name if self.alias is None else self.alias


@dataclass(frozen=True, slots=True)
class SpreadColumn:
    """
    A column of a spread embed among its parent's.

    Attributes:
        name: In the embed's subquery, or `ALL`.
        alias: In the parent, or None for the same.
        aggregate: Applied in the parent, since in the embed there is one row at most.
        aggregate_cast: Applied to the aggregate.
    """

    name: str
    alias: str | None = None
    aggregate: Aggregate | None = None
    aggregate_cast: str | None = None


# Conditions ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlannedCondition:
    """
    An operation on a field.

    Attributes:
        field: What is compared.
        operation: How, and with what.
        is_negated: Whether the opposite has to hold.
        is_document: Whether the field has to become a `tsvector` first.
        parser: The function (SQL text) that values pass, or None.
    """

    field: PlannedField
    operation: Operation
    is_negated: bool = False
    is_document: bool = False
    parser: str | None = None


@dataclass(frozen=True, slots=True)
class EmbedTest:
    """Whether nothing (or, negated, something) is embedded as *row_alias*."""

    row_alias: str
    is_negated: bool


@dataclass(frozen=True, slots=True)
class PlannedTree:
    """Conditions joined by a connective."""

    connective: Connective
    members: tuple[PlannedLogic, ...]
    is_negated: bool = False


PlannedLogic: TypeAlias = "PlannedCondition | EmbedTest | PlannedTree"


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """
    A term to sort by.

    Attributes:
        field: What to sort by.
        row_alias: Of the embed it belongs to; None for the node's own.
        direction: None when it was not written.
        nulls: None when it was not written.
    """

    field: PlannedField
    row_alias: str | None = None
    direction: Direction | None = None
    nulls: Nulls | None = None


# Reading -------------------------------------------------------------------------------


class EmbedForm(enum.Enum):
    """How an embed's rows get into its parent's."""

    OBJECT = enum.auto()
    ARRAY = enum.auto()
    SPREAD_ONE = enum.auto()
    SPREAD_MANY = enum.auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedPlan:
    """
    How a node is joined to its parent.

    Attributes:
        relationship: The way from the parent's relation to the node's.
        key: The member of the parent's objects.
        row_alias: What the joined subquery is called.
        parent_alias: What the parent's relation is called in its subquery; None if it is
            called by its name.
        is_inner: Whether parents without a match are dropped.
        form: How its rows get into the parent's.
        columns: What a spread gives to its parent.
        is_silent: Whether it selects nothing, hence only filters.
    """

    relationship: Relationship
    key: str
    row_alias: str
    parent_alias: str | None
    is_inner: bool
    form: EmbedForm
    columns: tuple[SpreadColumn, ...] = ()
    is_silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPlan:
    """
    A node of the tree.

    Attributes:
        relation: What is read; schema-less if it is `SOURCE`.
        alias: What it is called; None for its own name.
        columns: What is selected of it.
        conditions: All of them have to hold.
        order: How its rows are sorted.
        range: Which of them count.
        embed: How it is joined to its parent; None for the root.
        children: Its embeds.
    """

    relation: QualifiedName
    alias: str | None = None
    columns: tuple[PlannedColumn, ...] = ()
    conditions: tuple[PlannedLogic, ...] = ()
    order: tuple[PlannedOrder, ...] = ()
    range: Range = ALL_ROWS
    embed: EmbedPlan | None = None
    children: tuple[ReadPlan, ...] = ()


# Media types ---------------------------------------------------------------------------


class BuiltinBody(enum.Enum):
    """Bodies that need no function of the user's."""

    NONE = enum.auto()
    JSON = enum.auto()
    JSON_STRIPPED = enum.auto()
    OBJECT = enum.auto()
    OBJECT_STRIPPED = enum.auto()
    CSV = enum.auto()
    GEO_JSON = enum.auto()


@dataclass(frozen=True, slots=True)
class BodyPlan:
    """
    How the body is made.

    Attributes:
        maker: What makes it.
        media_type: What it is; with `PlanMediaType` the body is the plan of making it.
    """

    maker: BuiltinBody | MediaHandler
    media_type: AcceptedMediaType

    @property
    def is_object(self) -> bool:
        """Whether the result has to be exactly one row."""
        return isinstance(self.media_type, MediaType) and self.media_type.name == OBJECT.name


# Writing and calling -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PayloadColumn:
    """
    A member of the payload's objects, and as what it is read.

    Attributes:
        name: Of the member, and of the column it is for.
        type: SQL text.
        default: The expression for objects without it, or None.
        parser: The function (SQL text) its value passes, or None.
    """

    name: str
    type: str
    default: str | None = None
    parser: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertPlan:
    """
    An INSERT.

    Attributes:
        relation: Where to.
        columns: What of the payload is written.
        payload: The rows.
        conflict: What to do with rows whose columns are equal to those of one that exists;
            None to refuse them.
        conditions: What rows have to meet to be inserted (PUT).
        returning: Columns of what was written; empty for none.
        has_defaults: Whether members that are missing become defaults rather than NULL.
    """

    relation: Relation
    columns: tuple[PayloadColumn, ...]
    payload: JsonPayload
    conflict: tuple[Resolution, tuple[str, ...]] | None
    conditions: tuple[PlannedLogic, ...]
    returning: tuple[str, ...]
    has_defaults: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePlan:
    """An UPDATE; attributes as for `InsertPlan`. Without columns nothing happens."""

    relation: Relation
    columns: tuple[PayloadColumn, ...]
    payload: JsonPayload
    conditions: tuple[PlannedLogic, ...]
    returning: tuple[str, ...]
    has_defaults: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletePlan:
    """A DELETE; attributes as for `InsertPlan`."""

    relation: Relation
    conditions: tuple[PlannedLogic, ...]
    returning: tuple[str, ...]


WritePlan: TypeAlias = "InsertPlan | UpdatePlan | DeletePlan"


@dataclass(frozen=True, slots=True)
class DirectArgument:
    """An argument that came as text; several values only for a VARIADIC parameter."""

    parameter: Parameter
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DirectArguments:
    """Arguments from a query string or form."""

    arguments: tuple[DirectArgument, ...]


@dataclass(frozen=True, slots=True)
class JsonArguments:
    """Arguments that are members of a JSON object."""

    parameters: tuple[Parameter, ...]
    payload: JsonPayload


@dataclass(frozen=True, slots=True)
class BodyArgument:
    """The payload as the only argument, whose parameter has no name."""

    parameter: Parameter
    payload: JsonPayload | RawPayload | FormPayload


CallArguments: TypeAlias = "DirectArguments | JsonArguments | BodyArgument"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlan:
    """
    A call of a function.

    Attributes:
        routine: The function.
        arguments: What it is called with.
        returning: Columns of its result that are needed.
    """

    routine: Routine
    arguments: CallArguments
    returning: tuple[str, ...]


UnplannedLogic: TypeAlias = "Condition | LogicTree"
