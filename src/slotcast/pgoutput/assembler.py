"""
Messages to transaction slices.

A plain transaction arrives whole, after its commit, and is cut into slices as it comes.

A streamed one arrives in blocks while it is still in progress, mixed with others, and may
yet be rolled back in part (a savepoint) or altogether. Its messages are spooled, and only
its Stream Commit replays them, leaving out what Stream Abort named. Relations described in
a stream hold for that stream only, until its commit makes them known to everybody: unless
the publisher has described the relation anew outside in the meantime, for then the later
description is the valid one. A description counts even if its subtransaction was rolled
back, since the publisher does not repeat it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from slotcast.changes import (
    UNCHANGED,
    UNKNOWN,
    Change,
    Image,
    Operation,
    Relation,
    TransactionSlice,
    Truncation,
)
from slotcast.errors import DecodeError
from slotcast.pgoutput.decoder import decode
from slotcast.pgoutput.messages import (
    Begin,
    Commit,
    Delete,
    Insert,
    LogicalMessage,
    Message,
    RelationDescription,
    StreamAbort,
    StreamCommit,
    StreamStart,
    StreamStop,
    Truncate,
    Update,
)
from slotcast.pgoutput.spool import Spool, SpoolFile, temporary_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from slotcast.lsn import Lsn

_NOTHING: Final[tuple[TransactionSlice, ...]] = ()
DEFINITIONS_PREFIX: Final = "slotcast"
"""Of the messages that the database writes into the log when something is defined anew."""

_ROW_TAGS: Final = (b"I", b"U", b"D")
_LEFT_OUT_PER_TURN: Final = 1024
"""After so many rows of rolled back subtransactions, the consumer gets its turn."""


class _Described(NamedTuple):
    """A relation, and its description's place among all that were received."""

    order: int
    relation: Relation


@dataclass(slots=True)
class _OpenSlice:
    """The changes of a committed transaction that have not been given away yet."""

    xid: int
    commit_lsn: Lsn
    committed_at: datetime
    changes: list[Change] = field(default_factory=list)
    truncations: list[Truncation] = field(default_factory=list)
    redefines: bool = False
    size_bytes: int = 0

    def truncate(self, tables: Iterable[int]) -> None:
        """Note that *tables* were emptied."""
        self.truncations.append(Truncation(tables=frozenset(tables), place=len(self.changes)))

    def cut(self, end_lsn: Lsn | None) -> TransactionSlice:
        """Give what has gathered away, and begin to gather anew."""
        piece = TransactionSlice(
            xid=self.xid,
            commit_lsn=self.commit_lsn,
            end_lsn=end_lsn,
            committed_at=self.committed_at,
            changes=tuple(self.changes),
            truncations=tuple(self.truncations),
            redefines=self.redefines,
        )
        self.changes.clear()
        self.truncations.clear()
        self.redefines = False
        self.size_bytes = 0
        return piece


@dataclass(slots=True)
class _Stream:
    """A transaction in progress."""

    spool: Spool
    aborted_xids: set[int] = field(default_factory=set)
    redefines: bool = False
    description_orders: list[int] = field(default_factory=list)
    """For each relation description in the spool, its place among all that were received."""


class Assembler:
    """
    Turns the messages of one replication connection into transaction slices.

    A new connection needs a new assembler, since the publisher describes every relation
    again. `close` one that is done with, for it may hold spools.

    Args:
        change_limit: Most changes of a slice.
        size_limit_bytes: A slice ends with the message that reaches this size.
        spool_memory_bytes: How much of each transaction in progress is kept in memory;
            the rest goes to a temporary file.
        spool_factory: Opens the file for one transaction, instead of a temporary one.
    """

    def __init__(
        self,
        *,
        change_limit: int = 256,
        size_limit_bytes: int = 1024 * 1024,
        spool_memory_bytes: int = 1024 * 1024,
        spool_factory: Callable[[], SpoolFile] | None = None,
    ) -> None:
        self._change_limit = change_limit
        self._size_limit_bytes = size_limit_bytes
        self._open_file = spool_factory or partial(temporary_file, spool_memory_bytes)
        self._relations: dict[int, _Described] = {}
        self._description_count = itertools.count()
        self._open: _OpenSlice | None = None
        self._streams: dict[int, _Stream] = {}
        self._streaming: _Stream | None = None

    @property
    def is_within_transaction(self) -> bool:
        """Whether a plain transaction has begun whose last slice has not been given yet."""
        return self._open is not None

    def feed(self, wal_start: Lsn, data: bytes | memoryview) -> Iterable[TransactionSlice]:
        """
        Take one message.

        Args:
            wal_start: Where in the WAL it stands, for errors.
            data: The message, as `decode` takes it.

        Returns:
            The slices that it completes: none or one; or, lazily, all of a streamed
            transaction. Read them all before the next call.

        Raises:
            DecodeError: The bytes are not pgoutput, or the message makes no sense here.
                Also while the slices are read.
        """
        try:
            if self._streaming is not None:
                return self._feed_stream(self._streaming, bytes(data))
            message = decode(data, in_stream=False)
            match message:
                case Insert() | Update() | Delete():
                    return self._take_row(message, len(data))
                case StreamCommit():
                    return self._replay(message)
                case StreamStart() | StreamStop() | StreamAbort():
                    self._take_stream_control(message)
                    return _NOTHING
                case _:
                    return self._take(message)
        except DecodeError as error:
            error.add_note(f"The message stands at {wal_start} in the WAL.")
            raise

    def close(self) -> None:
        """Forget all transactions in progress."""
        for xid in tuple(self._streams):
            self._forget(xid)
        self._streaming = None

    def _forget(self, xid: int) -> None:
        """Drop the transaction in progress *xid*, if it is one."""
        stream = self._streams.pop(xid, None)
        if stream is not None:
            stream.spool.close()

    def _take_row(
        self, message: Insert | Update | Delete, size_bytes: int
    ) -> tuple[TransactionSlice, ...]:
        """Take a change of a plain transaction."""
        if self._open is None:
            raise DecodeError("a change came outside of a transaction")
        change = _change(message, self._relation(message.relation_oid))
        return self._add(self._open, change, size_bytes)

    def _take(self, message: Message) -> tuple[TransactionSlice, ...]:
        """Take what stands around the changes of plain transactions."""
        match message:
            case Begin():
                if self._open is not None:
                    raise DecodeError("a transaction began within another one")
                self._open = _OpenSlice(message.xid, message.final_lsn, message.committed_at)
            case Commit():
                if self._open is None:
                    raise DecodeError("a commit came outside of a transaction")
                last = self._open.cut(message.end_lsn)
                self._open = None
                return (last,)
            case RelationDescription(relation=relation):
                self._relations[relation.oid] = _Described(next(self._description_count), relation)
            case Truncate(relation_oids=oids):
                if self._open is None:
                    raise DecodeError("a truncation came outside of a transaction")
                self._open.truncate(oids)
            case LogicalMessage(prefix=prefix, is_transactional=True):
                if self._open is not None and prefix == DEFINITIONS_PREFIX:
                    self._open.redefines = True
            case _:
                pass  # Types are known by OID; other messages reach nobody.
        return _NOTHING

    def _add(
        self, gathering: _OpenSlice, change: Change, size_bytes: int
    ) -> tuple[TransactionSlice, ...]:
        """Add *change*, and give a slice away when it has reached its bound."""
        gathering.changes.append(change)
        gathering.size_bytes += size_bytes
        if (
            len(gathering.changes) >= self._change_limit
            or gathering.size_bytes >= self._size_limit_bytes
        ):
            return (gathering.cut(None),)
        return _NOTHING

    def _relation(self, oid: int) -> Relation:
        described = self._relations.get(oid)
        if described is None:
            raise DecodeError(f"a change names relation {oid}, which was not described")
        return described.relation

    def _take_stream_control(self, message: StreamStart | StreamStop | StreamAbort) -> None:
        """Take a message that stands between the blocks of streams."""
        match message:
            case StreamStart(xid=xid):
                if xid not in self._streams:
                    self._streams[xid] = _Stream(Spool(self._open_file()))
                self._streaming = self._streams[xid]
            case StreamStop():
                raise DecodeError("a stream stopped that had not started")
            case StreamAbort(xid=xid, subxid=subxid) if xid == subxid:
                self._forget(xid)
            case StreamAbort(xid=xid, subxid=subxid):
                if xid in self._streams:
                    self._streams[xid].aborted_xids.add(subxid)

    def _feed_stream(self, stream: _Stream, data: bytes) -> tuple[TransactionSlice, ...]:
        """Spool a message of a transaction in progress; rows are decoded at the replay."""
        if data[:1] in _ROW_TAGS:
            stream.spool.append(data)
            return _NOTHING
        message = decode(data, in_stream=True)
        match message:
            case StreamStop():
                self._streaming = None
            case RelationDescription():
                stream.description_orders.append(next(self._description_count))
                stream.spool.append(data)
            case Truncate():
                stream.spool.append(data)
            case LogicalMessage(prefix=prefix):
                stream.redefines |= prefix == DEFINITIONS_PREFIX
            case Begin() | Commit() | StreamStart() | StreamCommit() | StreamAbort():
                raise DecodeError(f"{type(message).__name__} came within a stream")
            case _:
                pass  # As in `_take`.
        return _NOTHING

    def _replay(self, commit: StreamCommit) -> Iterator[TransactionSlice]:
        """Take a streamed transaction that was committed out of the spool."""
        stream = self._streams.get(commit.xid)
        if stream is None:
            raise DecodeError(f"transaction {commit.xid} was committed but not streamed")
        return self._slices(commit, stream)

    def _slices(self, commit: StreamCommit, stream: _Stream) -> Iterator[TransactionSlice]:
        gathering = _OpenSlice(
            commit.xid,
            commit.commit_lsn,
            commit.committed_at,
            redefines=stream.redefines,
        )
        described: dict[int, _Described] = {}
        orders = iter(stream.description_orders)
        left_out_count = 0
        try:
            for data in stream.spool.messages():
                message = decode(data, in_stream=True)
                match message:
                    case RelationDescription(relation=relation):
                        described[relation.oid] = _Described(next(orders), relation)
                    case Insert() | Update() | Delete():
                        if message.xid in stream.aborted_xids:
                            left_out_count += 1
                            if left_out_count % _LEFT_OUT_PER_TURN == 0:
                                yield gathering.cut(None)
                            continue
                        known = described.get(message.relation_oid)
                        relation = known.relation if known else self._relation(message.relation_oid)
                        yield from self._add(gathering, _change(message, relation), len(data))
                    case Truncate(relation_oids=oids):
                        if message.xid not in stream.aborted_xids:
                            gathering.truncate(oids)
                    case _:
                        raise DecodeError("a spool gave back what was not put into it")
        finally:
            self._forget(commit.xid)
        self._publish(described)
        yield gathering.cut(commit.end_lsn)

    def _publish(self, described: dict[int, _Described]) -> None:
        """Make the relations of a committed stream known, except those known better."""
        for oid, candidate in described.items():
            known = self._relations.get(oid)
            if known is None or known.order < candidate.order:
                self._relations[oid] = candidate


def _change(message: Insert | Update | Delete, relation: Relation) -> Change:
    """Give *message* the shape in which the stages above see it."""
    match message:
        case Insert(new=new):
            operation, old = Operation.INSERT, None
        case Update(new=new, old=old, old_is_key=old_is_key):
            operation = Operation.UPDATE
            if old is not None:
                if old_is_key:
                    old = _without_unlogged(old, relation)
                elif UNCHANGED in new:
                    new = _filled(new, old)
        case Delete(old=old, old_is_key=old_is_key):
            operation, new = Operation.DELETE, None
            if old_is_key:
                old = _without_unlogged(old, relation)
    _check_width(new if new is not None else old, relation)
    return Change(operation=operation, relation=relation, new=new, old=old)


def _check_width(image: Image | None, relation: Relation) -> None:
    if image is not None and len(image) != len(relation.columns):
        raise DecodeError(
            f"a row of {len(image)} values came for the {len(relation.columns)} columns of"
            f" {relation.schema}.{relation.name}"
        )


def _without_unlogged(old: Image, relation: Relation) -> Image:
    """Mark the columns outside of the key, which are sent as NULL, as not logged."""
    _check_width(old, relation)
    return tuple(
        value if column.is_key else UNKNOWN
        for value, column in zip(old, relation.columns, strict=True)
    )


def _filled(new: Image, old: Image) -> Image:
    """Take the values that did not change from the old row."""
    if len(new) != len(old):
        raise DecodeError(f"a row of {len(old)} values became one of {len(new)}")
    return tuple(
        before if after is UNCHANGED else after for after, before in zip(new, old, strict=True)
    )
