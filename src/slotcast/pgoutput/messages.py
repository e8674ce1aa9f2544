"""
The messages of the pgoutput protocol, versions 1 to 4.

*xid* is the (sub)transaction a message belongs to; it is sent only inside a stream, where
changes of a transaction arrive before its commit, and None elsewhere.

Source:
    PostgreSQL manual, "Logical Replication Message Formats".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

    from slotcast.changes import Image, Relation
    from slotcast.lsn import Lsn


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """
    A transaction starts; all of it follows, up to its Commit.

    Attributes:
        final_lsn: Position of its commit record.
        committed_at: Commit timestamp, UTC.
        xid: Its transaction id.
    """

    final_lsn: Lsn
    committed_at: datetime
    xid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """
    The transaction that Begin opened is complete.

    Attributes:
        commit_lsn: Position of the commit record.
        end_lsn: First position after the transaction.
        committed_at: Commit timestamp, UTC.
    """

    commit_lsn: Lsn
    end_lsn: Lsn
    committed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The transaction was replicated to the publisher from *name*, where it had *commit_lsn*."""

    commit_lsn: Lsn
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationDescription:
    """The definition that the changes of a table have from here on."""

    xid: int | None
    relation: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeDescription:
    """A type that is not built in, announced before a relation that uses it."""

    xid: int | None
    oid: int
    schema: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """A row was inserted."""

    xid: int | None
    relation_oid: int
    new: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """
    A row was updated.

    Attributes:
        xid: See the module.
        relation_oid: Key of the RelationDescription that names its columns.
        old: The row before: all of it, only its key (the rest is NULL) or None.
        old_is_key: Whether *old* is only the key.
        new: The row afterwards; UNCHANGED where a large value was left as it was.
    """

    xid: int | None
    relation_oid: int
    old: Image | None
    old_is_key: bool
    new: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """A row was deleted; *old* is all of it, or only its key (the rest is NULL)."""

    xid: int | None
    relation_oid: int
    old: Image
    old_is_key: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate:
    """Tables were emptied together."""

    xid: int | None
    relation_oids: tuple[int, ...]
    cascades: bool
    restarts_identity: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalMessage:
    """What `pg_logical_emit_message` wrote into the WAL at *lsn*."""

    xid: int | None
    is_transactional: bool
    lsn: Lsn
    prefix: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStart:
    """A block of changes of a transaction still in progress follows, up to Stream Stop."""

    xid: int
    is_first: bool


@dataclass(frozen=True, slots=True)
class StreamStop:
    """The block that Stream Start opened ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamCommit:
    """A streamed transaction was committed; the fields are as those of Begin and Commit."""

    xid: int
    commit_lsn: Lsn
    end_lsn: Lsn
    committed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamAbort:
    """
    A streamed transaction, or a subtransaction of it, was rolled back.

    Attributes:
        xid: The transaction.
        subxid: What was rolled back: equal to *xid* when all of it was.
        aborted_at_lsn: Position of the abort record; sent for parallel streaming only.
        aborted_at: Abort timestamp, UTC; sent for parallel streaming only.
    """

    xid: int
    subxid: int
    aborted_at_lsn: Lsn | None
    aborted_at: datetime | None


Message: TypeAlias = (
    Begin
    | Commit
    | Origin
    | RelationDescription
    | TypeDescription
    | Insert
    | Update
    | Delete
    | Truncate
    | LogicalMessage
    | StreamStart
    | StreamStop
    | StreamCommit
    | StreamAbort
)
