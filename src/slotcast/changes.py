"""What a transaction did, between decoding and delivery."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

    from slotcast.lsn import Lsn


class Operation(StrEnum):
    """What was done to a row."""

    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


class ReplicaIdentity(StrEnum):
    """What of an old row is logged, by the letter `pg_class.relreplident` uses."""

    DEFAULT = "d"
    NOTHING = "n"
    FULL = "f"
    INDEX = "i"


class Absent(Enum):
    """Why a column's value is not in an image."""

    UNCHANGED = "unchanged TOAST"
    """The value is stored out of line, did not change, and so was not logged."""
    UNKNOWN = "not logged"
    """The replica identity or the publication leaves the column out."""


UNCHANGED: Final[Literal[Absent.UNCHANGED]] = Absent.UNCHANGED
UNKNOWN: Final[Literal[Absent.UNKNOWN]] = Absent.UNKNOWN

Value: TypeAlias = "bytes | Absent | None"
"""A column's value in PostgreSQL's text form (UTF-8), None for NULL, or why it is absent."""

Image: TypeAlias = "tuple[Value, ...]"
"""One row's values, in the order of `Relation.columns`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """
    One column of a relation as the publisher describes it.

    Attributes:
        name: Any identifier, unquoted.
        type_oid: OID of its type in `pg_type`.
        type_modifier: `atttypmod`, -1 for none.
        is_key: Whether it belongs to the replica identity.
    """

    name: str
    type_oid: int
    type_modifier: int
    is_key: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """
    One version of a published table: a change of its definition makes another object.

    A partition's changes name its root when the publication says so
    (`publish_via_partition_root`).
    """

    oid: int
    schema: str
    name: str
    replica_identity: ReplicaIdentity
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """
    One row a transaction wrote.

    Attributes:
        operation: What was done.
        relation: The table, as it was defined then.
        new: The row afterwards; None for DELETE. With replica identity full, UNCHANGED
            values have been filled in from the old row.
        old: What was logged of the row before: None for INSERT, and for an UPDATE that
            kept its key under any identity but full. Columns that were not logged are
            UNKNOWN.
    """

    operation: Operation
    relation: Relation
    new: Image | None
    old: Image | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncation:
    """
    Tables that TRUNCATE emptied.

    Attributes:
        tables: Their OIDs.
        place: How many of its slice's changes were made before.
    """

    tables: frozenset[int]
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionSlice:
    """
    A stretch of one committed transaction; small transactions are one slice.

    Slices keep memory bounded however large a transaction is.

    Attributes:
        xid: Transaction id (32 bits).
        commit_lsn: Position of the commit record: the order of all transactions.
        end_lsn: First position after the transaction; known, and safe to confirm, only
            with the last slice. None before.
        committed_at: Commit timestamp, UTC, microseconds.
        changes: In the order in which they were made.
        truncations: Among the changes, in order.
        redefines: Whether definitions that policies depend on were changed, too.
    """

    xid: int
    commit_lsn: Lsn
    end_lsn: Lsn | None
    committed_at: datetime
    changes: tuple[Change, ...]
    truncations: tuple[Truncation, ...] = ()
    redefines: bool = False
