"""
Bytes to messages.

Every reader takes the message and the offset of its field, and returns what it read with
the offset after it. None of them checks that the bytes are there: reading past the end
raises IndexError or struct.error, which `decode` turns into TruncatedMessage once for all.
Only slicing does not raise, so where it is used the end is checked.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from struct import Struct
from struct import error as StructError  # noqa: N812 - an exception reads as a class
from typing import TYPE_CHECKING, Final

from slotcast.changes import UNCHANGED, Column, Relation, ReplicaIdentity
from slotcast.errors import DecodeError, TruncatedMessage
from slotcast.lsn import Lsn
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
    from collections.abc import Callable

    from slotcast.changes import Image, Value

_POSTGRES_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)

_INT16: Final = Struct(">H")
_INT32: Final = Struct(">I")
_INT64: Final = Struct(">Q")
_BEGIN: Final = Struct(">QqI")
_COMMIT: Final = Struct(">BQQq")
_STREAM_START: Final = Struct(">IB")
_STREAM_COMMIT: Final = Struct(">IBQQq")
_STREAM_ABORT: Final = Struct(">II")
_STREAM_ABORT_PARALLEL: Final = Struct(">IIQq")
_COLUMN_TYPE: Final = Struct(">Ii")
_MESSAGE_HEAD: Final = Struct(">BQ")
_ROW_HEAD: Final = Struct(">IB")

_NULL: Final = ord("n")
_UNCHANGED_TOAST: Final = ord("u")
_TEXT: Final = ord("t")
_BINARY: Final = ord("b")
_NEW: Final = ord("N")
_KEY: Final = ord("K")
_OLD: Final = ord("O")

_CASCADE: Final = 1
_RESTART_IDENTITY: Final = 2


def decode(data: bytes | memoryview, *, in_stream: bool) -> Message:
    """
    Decode one pgoutput message.

    Args:
        data: The payload of one XLogData message, from its type byte on.
        in_stream: Whether a Stream Start came without its Stream Stop. Then row messages
            carry a transaction id.

    Returns:
        The message.

    Raises:
        TruncatedMessage: *data* ends before its last field.
        DecodeError: *data* is no message of protocol versions 1 to 4 in text format, or
            goes on after its last field.

    Source:
        PostgreSQL manual, "Logical Replication Message Formats".
    """
    data = bytes(data)
    try:
        tag = data[0]
        in_stream_reader = _STREAMABLE.get(tag)
        if in_stream_reader is not None:
            xid, offset = _int32(data, 1) if in_stream else (None, 1)
            message, end = in_stream_reader(data, offset, xid)
        elif (reader := _READERS.get(tag)) is not None:
            message, end = reader(data, 1)
        else:
            raise _unknown(tag)
    except (IndexError, StructError) as error:
        raise TruncatedMessage(f"{_described(data)} ends before its last field") from error
    if end != len(data):
        if end > len(data):
            raise TruncatedMessage(f"{_described(data)} ends within its last field")
        raise DecodeError(f"{_described(data)} goes on after its last field, at byte {end}")
    return message


def _described(data: bytes) -> str:
    return f"a pgoutput message of {len(data)} bytes and type {data[:1]!r}"


def _unknown(tag: int) -> DecodeError:
    letter = bytes((tag,))
    if letter in b"bPKrp":
        return DecodeError(
            f"a two-phase message, type {letter!r}, was sent although it was not asked for"
        )
    return DecodeError(f"there is no pgoutput message of type {letter!r}")


def _int32(data: bytes, offset: int) -> tuple[int, int]:
    (value,) = _INT32.unpack_from(data, offset)
    return value, offset + 4


def _text(data: bytes, offset: int) -> tuple[str, int]:
    """Read a null-terminated name."""
    end = data.find(0, offset)
    if end < 0:
        raise TruncatedMessage(f"{_described(data)} ends within a name")
    try:
        return data[offset:end].decode(), end + 1
    except UnicodeDecodeError as error:
        raise DecodeError(f"a name at byte {offset} is not UTF-8") from error


def _schema(data: bytes, offset: int) -> tuple[str, int]:
    """Read the name of a schema, which is sent empty for `pg_catalog`."""
    name, offset = _text(data, offset)
    return name or "pg_catalog", offset


def _timestamp(microseconds: int) -> datetime:
    """Give the time *microseconds* after PostgreSQL's epoch, 2000-01-01 UTC."""
    try:
        return _POSTGRES_EPOCH + timedelta(microseconds=microseconds)
    except OverflowError as error:
        raise DecodeError(f"{microseconds} µs since 2000 is beyond the calendar") from error


def _begin(data: bytes, offset: int) -> tuple[Begin, int]:
    final_lsn, committed_at, xid = _BEGIN.unpack_from(data, offset)
    message = Begin(final_lsn=Lsn(final_lsn), committed_at=_timestamp(committed_at), xid=xid)
    return message, offset + _BEGIN.size


def _commit(data: bytes, offset: int) -> tuple[Commit, int]:
    _flags, commit_lsn, end_lsn, committed_at = _COMMIT.unpack_from(data, offset)
    message = Commit(
        commit_lsn=Lsn(commit_lsn), end_lsn=Lsn(end_lsn), committed_at=_timestamp(committed_at)
    )
    return message, offset + _COMMIT.size


def _origin(data: bytes, offset: int) -> tuple[Origin, int]:
    (commit_lsn,) = _INT64.unpack_from(data, offset)
    name, offset = _text(data, offset + 8)
    return Origin(commit_lsn=Lsn(commit_lsn), name=name), offset


def _stream_start(data: bytes, offset: int) -> tuple[StreamStart, int]:
    xid, is_first = _STREAM_START.unpack_from(data, offset)
    return StreamStart(xid=xid, is_first=bool(is_first)), offset + _STREAM_START.size


def _stream_stop(_data: bytes, offset: int) -> tuple[StreamStop, int]:
    return StreamStop(), offset


def _stream_commit(data: bytes, offset: int) -> tuple[StreamCommit, int]:
    xid, _flags, commit_lsn, end_lsn, committed_at = _STREAM_COMMIT.unpack_from(data, offset)
    message = StreamCommit(
        xid=xid,
        commit_lsn=Lsn(commit_lsn),
        end_lsn=Lsn(end_lsn),
        committed_at=_timestamp(committed_at),
    )
    return message, offset + _STREAM_COMMIT.size


def _stream_abort(data: bytes, offset: int) -> tuple[StreamAbort, int]:
    if len(data) == offset + _STREAM_ABORT.size:
        xid, subxid = _STREAM_ABORT.unpack_from(data, offset)
        message = StreamAbort(xid=xid, subxid=subxid, aborted_at_lsn=None, aborted_at=None)
        return message, len(data)
    xid, subxid, lsn, aborted_at = _STREAM_ABORT_PARALLEL.unpack_from(data, offset)
    message = StreamAbort(
        xid=xid, subxid=subxid, aborted_at_lsn=Lsn(lsn), aborted_at=_timestamp(aborted_at)
    )
    return message, offset + _STREAM_ABORT_PARALLEL.size


def _relation(data: bytes, offset: int, xid: int | None) -> tuple[RelationDescription, int]:
    oid, offset = _int32(data, offset)
    schema, offset = _schema(data, offset)
    name, offset = _text(data, offset)
    identity = chr(data[offset])
    if identity not in _REPLICA_IDENTITIES:
        raise DecodeError(f"there is no replica identity {identity!r}")
    (column_count,) = _INT16.unpack_from(data, offset + 1)
    offset += 3
    columns: list[Column] = []
    for _ in range(column_count):
        column, offset = _column(data, offset)
        columns.append(column)
    relation = Relation(
        oid=oid,
        schema=schema,
        name=name,
        replica_identity=ReplicaIdentity(identity),
        columns=tuple(columns),
    )
    return RelationDescription(xid=xid, relation=relation), offset


def _column(data: bytes, offset: int) -> tuple[Column, int]:
    flags = data[offset]
    name, offset = _text(data, offset + 1)
    type_oid, type_modifier = _COLUMN_TYPE.unpack_from(data, offset)
    column = Column(
        name=name, type_oid=type_oid, type_modifier=type_modifier, is_key=bool(flags & 1)
    )
    return column, offset + _COLUMN_TYPE.size


def _type(data: bytes, offset: int, xid: int | None) -> tuple[TypeDescription, int]:
    oid, offset = _int32(data, offset)
    schema, offset = _schema(data, offset)
    name, offset = _text(data, offset)
    return TypeDescription(xid=xid, oid=oid, schema=schema, name=name), offset


def _insert(data: bytes, offset: int, xid: int | None) -> tuple[Insert, int]:
    relation_oid, kind = _ROW_HEAD.unpack_from(data, offset)
    if kind != _NEW:
        raise _bad_row("an Insert", kind)
    new, offset = _row(data, offset + 5)
    return Insert(xid=xid, relation_oid=relation_oid, new=new), offset


def _update(data: bytes, offset: int, xid: int | None) -> tuple[Update, int]:
    relation_oid, kind = _ROW_HEAD.unpack_from(data, offset)
    offset += 5
    old, old_is_key = None, kind == _KEY
    if old_is_key or kind == _OLD:
        old, offset = _row(data, offset)
        kind = data[offset]
        offset += 1
    if kind != _NEW:
        raise _bad_row("an Update", kind)
    new, offset = _row(data, offset)
    message = Update(xid=xid, relation_oid=relation_oid, old=old, old_is_key=old_is_key, new=new)
    return message, offset


def _delete(data: bytes, offset: int, xid: int | None) -> tuple[Delete, int]:
    relation_oid, kind = _ROW_HEAD.unpack_from(data, offset)
    if kind not in (_KEY, _OLD):
        raise _bad_row("a Delete", kind)
    old, offset = _row(data, offset + 5)
    message = Delete(xid=xid, relation_oid=relation_oid, old=old, old_is_key=kind == _KEY)
    return message, offset


def _bad_row(message: str, kind: int) -> DecodeError:
    return DecodeError(f"{message} cannot hold a row of kind {bytes((kind,))!r}")


def _row(data: bytes, offset: int) -> tuple[Image, int]:
    """Read the values of one row (TupleData): the hot loop of the decoder."""
    (column_count,) = _INT16.unpack_from(data, offset)
    offset += 2
    unpack_length = _INT32.unpack_from
    values: list[Value] = []
    append = values.append
    for _ in range(column_count):
        kind = data[offset]
        if kind == _TEXT:
            start = offset + 5
            offset = start + unpack_length(data, offset + 1)[0]
            append(data[start:offset])
        elif kind == _NULL:
            append(None)
            offset += 1
        elif kind == _UNCHANGED_TOAST:
            append(UNCHANGED)
            offset += 1
        else:
            raise _bad_value(kind)
    return tuple(values), offset


def _bad_value(kind: int) -> DecodeError:
    if kind == _BINARY:
        return DecodeError("a value was sent in binary form although it was not asked for")
    return DecodeError(f"there is no value of kind {bytes((kind,))!r}")


def _truncate(data: bytes, offset: int, xid: int | None) -> tuple[Truncate, int]:
    relation_count, offset = _int32(data, offset)
    options = data[offset]
    offset += 1
    end = offset + 4 * relation_count
    if end > len(data):
        raise TruncatedMessage(f"{_described(data)} ends within its list of relations")
    oids = tuple(oid for (oid,) in _INT32.iter_unpack(data[offset:end]))
    message = Truncate(
        xid=xid,
        relation_oids=oids,
        cascades=bool(options & _CASCADE),
        restarts_identity=bool(options & _RESTART_IDENTITY),
    )
    return message, end


def _logical_message(data: bytes, offset: int, xid: int | None) -> tuple[LogicalMessage, int]:
    flags, lsn = _MESSAGE_HEAD.unpack_from(data, offset)
    prefix, offset = _text(data, offset + _MESSAGE_HEAD.size)
    length, offset = _int32(data, offset)
    end = offset + length
    message = LogicalMessage(
        xid=xid,
        is_transactional=bool(flags & 1),
        lsn=Lsn(lsn),
        prefix=prefix,
        content=data[offset:end],
    )
    return message, end


_REPLICA_IDENTITIES: Final = frozenset(identity.value for identity in ReplicaIdentity)

_READERS: Final[dict[int, Callable[[bytes, int], tuple[Message, int]]]] = {
    ord("B"): _begin,
    ord("C"): _commit,
    ord("O"): _origin,
    ord("S"): _stream_start,
    ord("E"): _stream_stop,
    ord("c"): _stream_commit,
    ord("A"): _stream_abort,
}
"""Messages that are the same inside and outside of a stream."""

_STREAMABLE: Final[dict[int, Callable[[bytes, int, int | None], tuple[Message, int]]]] = {
    ord("R"): _relation,
    ord("Y"): _type,
    ord("I"): _insert,
    ord("U"): _update,
    ord("D"): _delete,
    ord("T"): _truncate,
    ord("M"): _logical_message,
}
"""Messages that begin with a transaction id inside a stream."""
