"""The publisher's half of pgoutput: messages to bytes, written apart from the decoder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from struct import pack
from typing import TYPE_CHECKING

from slotcast.changes import UNCHANGED, Column, Relation, ReplicaIdentity
from slotcast.pgoutput.messages import (
    Begin,
    Commit,
    Delete,
    Insert,
    LogicalMessage,
    Message,
    Origin,
    RelationDescription,
    StreamAbort,
    StreamCommit,
    StreamStart,
    StreamStop,
    Truncate,
    TypeDescription,
    Update,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slotcast.changes import Image

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def encode(message: Message) -> bytes:  # noqa: C901, PLR0911, PLR0912 - one case a message
    """Write *message* as the publisher does; a message with an xid is one of a stream."""
    match message:
        case Begin():
            return b"B" + pack(">Q", message.final_lsn) + _tail(message)
        case Commit():
            return b"C" + pack(">BQQ", 0, message.commit_lsn, message.end_lsn) + _time(message)
        case Origin():
            return b"O" + pack(">Q", message.commit_lsn) + _name(message.name)
        case RelationDescription(relation=relation):
            return b"R" + _xid(message.xid) + _relation(relation)
        case TypeDescription():
            names = _name(message.schema) + _name(message.name)
            return b"Y" + _xid(message.xid) + pack(">I", message.oid) + names
        case Insert():
            return b"I" + _head(message) + b"N" + _row(message.new)
        case Update(old=old):
            kind = b"K" if message.old_is_key else b"O"
            before = b"" if old is None else kind + _row(old)
            return b"U" + _head(message) + before + b"N" + _row(message.new)
        case Delete():
            kind = b"K" if message.old_is_key else b"O"
            return b"D" + _head(message) + kind + _row(message.old)
        case Truncate(relation_oids=oids):
            options = message.cascades | message.restarts_identity << 1
            head = pack(">IB", len(oids), options)
            return b"T" + _xid(message.xid) + head + pack(f">{len(oids)}I", *oids)
        case LogicalMessage():
            head = pack(">BQ", message.is_transactional, message.lsn) + _name(message.prefix)
            content = pack(">I", len(message.content)) + message.content
            return b"M" + _xid(message.xid) + head + content
        case StreamStart():
            return b"S" + pack(">IB", message.xid, message.is_first)
        case StreamStop():
            return b"E"
        case StreamCommit(commit_lsn=commit_lsn, end_lsn=end_lsn):
            return b"c" + pack(">IBQQ", message.xid, 0, commit_lsn, end_lsn) + _time(message)
        case StreamAbort(aborted_at_lsn=lsn, aborted_at=aborted_at):
            where = b"" if lsn is None or aborted_at is None else pack(">Q", lsn)
            when = b"" if aborted_at is None else _microseconds(aborted_at)
            return b"A" + pack(">II", message.xid, message.subxid) + where + when


def transaction(*changes: Insert | Update | Delete, begin: Begin, commit: Commit) -> list[bytes]:
    """Write a whole plain transaction."""
    return [encode(message) for message in (begin, *changes, commit)]


def table(
    oid: int = 16400,
    name: str = "appointments",
    columns: Iterable[tuple[str, bool]] = (("id", True), ("note", False)),
    identity: ReplicaIdentity = ReplicaIdentity.DEFAULT,
) -> Relation:
    """Describe a table of text columns: pairs of a name and whether it is key."""
    return Relation(
        oid=oid,
        schema="public",
        name=name,
        replica_identity=identity,
        columns=tuple(
            Column(name=column, type_oid=25, type_modifier=-1, is_key=is_key)
            for column, is_key in columns
        ),
    )


def _tail(begin: Begin) -> bytes:
    return _time(begin) + pack(">I", begin.xid)


def _time(message: Begin | Commit | StreamCommit) -> bytes:
    return _microseconds(message.committed_at)


def _microseconds(moment: datetime) -> bytes:
    return pack(">q", (moment - EPOCH) // timedelta(microseconds=1))


def _xid(xid: int | None) -> bytes:
    return b"" if xid is None else pack(">I", xid)


def _head(message: Insert | Update | Delete) -> bytes:
    return _xid(message.xid) + pack(">I", message.relation_oid)


def _name(name: str) -> bytes:
    return name.encode() + b"\0"


def _relation(relation: Relation) -> bytes:
    schema = "" if relation.schema == "pg_catalog" else relation.schema
    head = pack(">I", relation.oid) + _name(schema) + _name(relation.name)
    columns = (
        pack(">B", column.is_key)
        + _name(column.name)
        + pack(">Ii", column.type_oid, column.type_modifier)
        for column in relation.columns
    )
    identity = relation.replica_identity.encode()
    return head + identity + pack(">H", len(relation.columns)) + b"".join(columns)


def _row(image: Image) -> bytes:
    fields = [pack(">H", len(image))]
    for value in image:
        if value is None:
            fields.append(b"n")
        elif isinstance(value, bytes):
            fields.append(b"t" + pack(">I", len(value)) + value)
        else:
            assert value is UNCHANGED
            fields.append(b"u")
    return b"".join(fields)
