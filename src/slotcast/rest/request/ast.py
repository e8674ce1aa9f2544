"""
The nouns of a parsed REST request: what the client asked for, before any table is known.

The parsers in this package make them out of URL, headers and body; the planner turns them
into a plan with the schema cache at hand. Nothing here has been checked against the
database: a name is whatever the client wrote, and a value is text that PostgreSQL will
read as the type of the column it meets. All sequences are in the order of the request.

A *path* is the chain of embeds that a filter, order or range is meant for, outermost
first; the empty path is the requested relation itself. Its names are aliases or names of
relations, as the client wrote them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TypeAlias

Path: TypeAlias = "tuple[str, ...]"
"""Embeds from the outside in; empty for the requested relation."""


class Method(enum.Enum):
    """The HTTP methods that mean something to this dialect."""

    GET = "GET"
    HEAD = "HEAD"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"
    OPTIONS = "OPTIONS"


# What is addressed ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view, by name: ``/projects``."""

    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function, by name: ``/rpc/add_them``."""

    name: str


@dataclass(frozen=True, slots=True)
class Root:
    """The description of everything: ``/``."""


Target: TypeAlias = "Relation | Function | Root"


# Fields --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JsonKey:
    """
    A step into a JSON object: ``->key`` or ``->>key``.

    Attributes:
        key: The member's name; always data, never part of the SQL text.
        as_text: Whether the arrow was ``->>``, which gives text instead of JSON.
    """

    key: str
    as_text: bool


@dataclass(frozen=True, slots=True)
class JsonIndex:
    """
    A step into a JSON array: ``->3`` or ``->>-1``.

    Attributes:
        index: Decimal digits, perhaps after a ``-``. It may be out of range of PostgreSQL's
            `int`, so it is text: PostgreSQL shall say so.
        as_text: Whether the arrow was ``->>``.
    """

    index: str
    as_text: bool


JsonStep: TypeAlias = "JsonKey | JsonIndex"


@dataclass(frozen=True, slots=True)
class Field:
    """
    A column, or something inside a JSON or composite column: ``data->a->>1``.

    Attributes:
        name: Of a column or of a function of the row (a computed column).
        json_path: The steps into it; empty for the column itself.
    """

    name: str
    json_path: tuple[JsonStep, ...] = ()


# Select --------------------------------------------------------------------------------


class Aggregate(enum.Enum):
    """The aggregate functions that may be selected; values are their SQL names."""

    SUM = "sum"
    AVG = "avg"
    COUNT = "count"
    MAX = "max"
    MIN = "min"


class Join(enum.Enum):
    """Whether parents without a match are kept (LEFT) or dropped (INNER)."""

    LEFT = "left"
    INNER = "inner"


@dataclass(frozen=True, slots=True)
class AllColumns:
    """``*``."""


@dataclass(frozen=True, slots=True)
class RowCount:
    """
    ``count()`` without a column: the number of rows in the group.

    Attributes:
        alias: Its key in the result; None for ``count``.
        cast: A type's name (see `SelectedField`), or None.
    """

    alias: str | None = None
    cast: str | None = None


@dataclass(frozen=True, slots=True)
class SelectedField:
    """
    ``alias:field::cast.aggregate()::aggregate_cast``.

    Attributes:
        field: What is selected.
        alias: Its key in the result, or None. The key then is the name of the aggregate
            function, the last JSON key, or the column, the first of those there is.
        cast: A type's name. It goes into the SQL text: the grammar leaves letters, digits,
            ``_``, space and ``$``.
        aggregate: The function applied to the field after *cast*, or None.
        aggregate_cast: Likewise for the aggregate's result; None without an aggregate.
    """

    field: Field
    alias: str | None = None
    cast: str | None = None
    aggregate: Aggregate | None = None
    aggregate_cast: str | None = None


@dataclass(frozen=True, slots=True)
class Embed:
    """
    ``alias:target!hint!inner(items)`` or ``...target!hint(items)``.

    Attributes:
        target: What to embed: a relation, a foreign key constraint or column, or a computed
            relationship.
        items: What to select of it; empty when the parentheses are.
        alias: Its key in the result, or None for *target*. None for spreads.
        hint: What decides between several relationships, or None.
        join: As written; None stands for LEFT.
        is_spread: Whether the columns become the parent's (``...``).
    """

    target: str
    items: tuple[SelectItem, ...]
    alias: str | None = None
    hint: str | None = None
    join: Join | None = None
    is_spread: bool = False


SelectItem: TypeAlias = "AllColumns | RowCount | SelectedField | Embed"


# Filters -------------------------------------------------------------------------------


class Operator(enum.Enum):
    """Operators that compare a field with one value; values are their wire names."""

    EQ = "eq"
    NEQ = "neq"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    LIKE = "like"
    ILIKE = "ilike"
    MATCH = "match"
    IMATCH = "imatch"
    CONTAINS = "cs"
    CONTAINED = "cd"
    OVERLAPS = "ov"
    STRICTLY_LEFT = "sl"
    STRICTLY_RIGHT = "sr"
    NOT_RIGHT = "nxr"
    NOT_LEFT = "nxl"
    ADJACENT = "adj"
    IS_DISTINCT = "isdistinct"


class Quantifier(enum.Enum):
    """Whether one element of an array literal has to match, or all."""

    ANY = "any"
    ALL = "all"


class IsValue(enum.Enum):
    """What ``is.`` can test for; values are the SQL keywords after ``IS``."""

    NULL = "NULL"
    NOT_NULL = "NOT NULL"
    TRUE = "TRUE"
    FALSE = "FALSE"
    UNKNOWN = "UNKNOWN"


class TextSearchOperator(enum.Enum):
    """Operators of full text search; values are their wire names."""

    FTS = "fts"
    PLFTS = "plfts"
    PHFTS = "phfts"
    WFTS = "wfts"


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    ``eq.value``, ``like(any).{a,b}``.

    Attributes:
        operator: Which.
        value: Text for PostgreSQL to read; with a quantifier an array literal. In a value
            of LIKE and ILIKE every ``*`` already has become ``%``.
        quantifier: None for a plain comparison. Only EQ, GT, GTE, LT, LTE, LIKE, ILIKE,
            MATCH and IMATCH may have one.
    """

    operator: Operator
    value: str
    quantifier: Quantifier | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """``in.(a,"b,c")``: unquoted elements; empty for ``in.()``, which nothing matches."""

    values: tuple[str, ...]

    def array_literal(self) -> str:
        """Write the values as a PostgreSQL array literal, without NULs."""
        quoted = (
            value.replace("\0", "").replace("\\", "\\\\").replace('"', '\\"')
            for value in self.values
        )
        return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


@dataclass(frozen=True, slots=True)
class IsTest:
    """
    ``is.null`` and its like.

    On the name or alias of an embed, ``is.null`` asks whether anything was embedded.
    """

    value: IsValue


@dataclass(frozen=True, slots=True)
class TextSearch:
    """``fts(english).value``; *language* is None when there are no parentheses."""

    operator: TextSearchOperator
    value: str
    language: str | None = None


Operation: TypeAlias = "Comparison | Membership | IsTest | TextSearch"


@dataclass(frozen=True, slots=True)
class Condition:
    """An operation on a field, and whether ``not.`` stood before it."""

    field: Field
    operation: Operation
    is_negated: bool = False


class Connective(enum.Enum):
    """How the members of a `LogicTree` are joined."""

    AND = "AND"
    OR = "OR"


@dataclass(frozen=True, slots=True)
class LogicTree:
    """``not.or(members)``; there is at least one member."""

    connective: Connective
    members: tuple[Condition | LogicTree, ...]
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition of a parameter of its own, ``a.b.name=eq.x``, and the embed it restricts."""

    path: Path
    condition: Condition


@dataclass(frozen=True, slots=True)
class LogicFilter:
    """A tree of conditions, ``a.b.or=(…)``, and the embed it restricts."""

    path: Path
    tree: LogicTree


# Order and ranges ----------------------------------------------------------------------


class Direction(enum.Enum):
    """Values are the SQL keywords."""

    ASC = "ASC"
    DESC = "DESC"


class Nulls(enum.Enum):
    """Values are the SQL keywords."""

    FIRST = "NULLS FIRST"
    LAST = "NULLS LAST"


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """
    ``field.desc.nullslast`` or ``embed(field).desc``.

    Attributes:
        field: What to sort by.
        embed: The to-one embed the field belongs to, by alias or name; None for the
            relation's own.
        direction: None when it was not written.
        nulls: None when it was not written.
    """

    field: Field
    embed: str | None = None
    direction: Direction | None = None
    nulls: Nulls | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """The order of the relation or of the embed at *path*."""

    path: Path
    terms: tuple[OrderTerm, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """
    Which rows of a result are wanted.

    Attributes:
        offset: How many to leave out. Negative only if the client wrote so; PostgreSQL then
            refuses it.
        limit: How many at most; None for all. Zero and negative ones can occur in embeds,
            zero in the request's own range.
    """

    offset: int = 0
    limit: int | None = None


ALL_ROWS = Range()


@dataclass(frozen=True, slots=True)
class EmbedRange:
    """The range of the embed at *path*, which is never empty."""

    path: Path
    range: Range


# The query string ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """
    All that the query string says.

    Attributes:
        select: ``(AllColumns(),)`` without the parameter; empty when it is given and empty.
        filters: Conditions that are parameters of their own; all must hold.
        logic: ``and`` and ``or`` parameters; all must hold.
        orders: One for each path at most.
        range: Of the requested relation: ``limit`` and ``offset`` without the Range header.
        embed_ranges: One for each path at most.
        columns: What of the payload is written, or the arguments it gives; None without the
            parameter. Sorted, without repetitions.
        on_conflict: Columns whose equality makes a conflict; None without the parameter.
        arguments: Of a function called with GET or HEAD: names and texts, repetitions kept
            (a VARIADIC parameter collects them, any other takes the last). Empty otherwise.
        canonical: The parameters ordered by name and encoded again, for Content-Location;
            empty if there are none.
    """

    select: tuple[SelectItem, ...] = (AllColumns(),)
    filters: tuple[Filter, ...] = ()
    logic: tuple[LogicFilter, ...] = ()
    orders: tuple[Order, ...] = ()
    range: Range = ALL_ROWS
    embed_ranges: tuple[EmbedRange, ...] = ()
    columns: tuple[str, ...] | None = None
    on_conflict: tuple[str, ...] | None = None
    arguments: tuple[tuple[str, str], ...] = ()
    canonical: str = ""


# Preferences ---------------------------------------------------------------------------


class Return(enum.Enum):
    """What a write answers with."""

    MINIMAL = "minimal"
    HEADERS_ONLY = "headers-only"
    REPRESENTATION = "representation"


class Count(enum.Enum):
    """How the total number of rows is found."""

    EXACT = "exact"
    PLANNED = "planned"
    ESTIMATED = "estimated"


class Resolution(enum.Enum):
    """What an insert does with rows that exist."""

    MERGE_DUPLICATES = "merge-duplicates"
    IGNORE_DUPLICATES = "ignore-duplicates"


class Missing(enum.Enum):
    """What a column gets that a row of the payload does not name."""

    DEFAULT = "default"
    NULL = "null"


class TransactionEnd(enum.Enum):
    """Whether the request's transaction is kept."""

    COMMIT = "commit"
    ROLLBACK = "rollback"


class Handling(enum.Enum):
    """Whether unknown preferences are an error."""

    STRICT = "strict"
    LENIENT = "lenient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """
    What the Prefer headers say; None for what they do not mention.

    Attributes:
        returning: What a write answers with.
        count: How to count.
        resolution: What to do with duplicates.
        missing: What columns get that are not named.
        transaction: How to end; None if clients may not choose.
        handling: Whether to be strict.
        timezone: A time zone that PostgreSQL knows.
        max_affected: Most rows that may be changed; counts under strict handling only.
        unknown: Preferences that mean nothing or have an impossible value, in order.
    """

    returning: Return | None = None
    count: Count | None = None
    resolution: Resolution | None = None
    missing: Missing | None = None
    transaction: TransactionEnd | None = None
    handling: Handling | None = None
    timezone: str | None = None
    max_affected: int | None = None
    unknown: tuple[str, ...] = ()


NO_PREFERENCES = Preferences()


# Media types ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MediaType:
    """
    A media type as far as it matters here.

    Attributes:
        name: Type and subtype in lower case, such as ``application/json``. The vendored
            ones are always in their long form, ``application/vnd.pgrst.object+json``.
        nulls_stripped: Whether members that are null are left out; only for
            ``application/vnd.pgrst.object+json`` and ``application/vnd.pgrst.array+json``.
    """

    name: str
    nulls_stripped: bool = False


class PlanFormat(enum.Enum):
    """Values are EXPLAIN's; their lower case is the suffix of the media type."""

    JSON = "JSON"
    TEXT = "TEXT"


class PlanOption(enum.Enum):
    """Options of EXPLAIN; values are the words of the media type, upper case for EXPLAIN."""

    ANALYZE = "analyze"
    VERBOSE = "verbose"
    SETTINGS = "settings"
    BUFFERS = "buffers"
    WAL = "wal"


@dataclass(frozen=True, slots=True)
class PlanMediaType:
    """
    ``application/vnd.pgrst.plan``: how PostgreSQL would answer.

    Attributes:
        format: TEXT unless asked for ``+json``.
        options: In the order of `PlanOption`.
        of: The media type whose making is explained.
    """

    format: PlanFormat
    options: tuple[PlanOption, ...]
    of: MediaType


AcceptedMediaType: TypeAlias = "MediaType | PlanMediaType"


# The payload ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JsonPayload:
    """
    Rows or arguments as JSON, for PostgreSQL to unpack.

    Attributes:
        data: One JSON value, UTF-8. CSV has been turned into an array of objects, and the
            form of a write into an object. A scalar has become ``[]`` where rows are wanted.
        keys: The names that all objects have, sorted; empty for ``[]`` and ``{}``. None if
            the request has `Query.columns`: then *data* is as it came, perhaps not even
            JSON, and only those columns count.
        is_object: Whether *data* begins with ``{``, hence is one row.
        is_converted: Whether the body was no JSON, but CSV or a form.
    """

    data: bytes
    keys: tuple[str, ...] | None
    is_object: bool
    is_converted: bool = False


@dataclass(frozen=True, slots=True)
class FormPayload:
    """Arguments of a function from a form: names and texts, repetitions kept."""

    arguments: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RawPayload:
    """
    A body for the one unnamed parameter of a function.

    Attributes:
        data: The bytes as they came.
        media_type: ``text/plain``, ``text/xml`` or ``application/octet-stream``.
    """

    data: bytes
    media_type: str


Payload: TypeAlias = "JsonPayload | FormPayload | RawPayload"


# The whole -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    One request, parsed.

    Attributes:
        method: The HTTP method.
        target: What it is about.
        schema: Where the target is looked for: the profile, or the first exposed schema.
        is_profile_echoed: Whether the response names the schema (Content-Profile): a
            profile was asked for, or there are several.
        query: The query string.
        range: `Query.range` within the Range header; the one that counts.
        preferences: What the Prefer headers say.
        accepted: Media types, best first; never empty.
        payload: The body of POST, PUT and PATCH; None for all other methods.
    """

    method: Method
    target: Target
    schema: str
    is_profile_echoed: bool = False
    query: Query = field(default_factory=Query)
    range: Range = ALL_ROWS
    preferences: Preferences = NO_PREFERENCES
    accepted: tuple[AcceptedMediaType, ...] = (MediaType("*/*"),)
    payload: Payload | None = None
