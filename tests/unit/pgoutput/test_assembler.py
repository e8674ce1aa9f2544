"""What becomes of messages."""

from __future__ import annotations

import io
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from slotcast.changes import UNCHANGED, UNKNOWN, Operation, ReplicaIdentity
from slotcast.errors import DecodeError
from slotcast.lsn import Lsn
from slotcast.pgoutput.assembler import Assembler
from slotcast.pgoutput.messages import (
    Begin,
    Commit,
    Delete,
    Insert,
    Message,
    RelationDescription,
    StreamAbort,
    StreamCommit,
    StreamStart,
    StreamStop,
    Truncate,
    Update,
)
from support.pgoutput import encode, table

if TYPE_CHECKING:
    from slotcast.changes import Change, Relation, TransactionSlice

NOW = datetime(2026, 11, 23, 2, 11, 36, 7453, tzinfo=UTC)
BEGIN = Begin(final_lsn=Lsn(100), committed_at=NOW, xid=7)
COMMIT = Commit(commit_lsn=Lsn(100), end_lsn=Lsn(110), committed_at=NOW)
STREAM_COMMIT = StreamCommit(xid=7, commit_lsn=Lsn(100), end_lsn=Lsn(110), committed_at=NOW)
STREAM_START = StreamStart(xid=7, is_first=True)


def feed(assembler: Assembler, *messages: Message) -> list[TransactionSlice]:
    return [piece for message in messages for piece in assembler.feed(Lsn(1), encode(message))]


def described(relation: Relation, xid: int | None = None) -> RelationDescription:
    return RelationDescription(xid=xid, relation=relation)


def inserted(value: bytes, xid: int | None = None, oid: int = 16400) -> Insert:
    return Insert(xid=xid, relation_oid=oid, new=(value, None))


def values(pieces: list[TransactionSlice]) -> list[bytes]:
    return [
        change.new[0]
        for piece in pieces
        for change in piece.changes
        if change.new is not None and isinstance(change.new[0], bytes)
    ]


def one_change(relation: Relation, message: Insert | Update | Delete) -> Change:
    (piece,) = feed(Assembler(), described(relation), BEGIN, message, COMMIT)
    (change,) = piece.changes
    return change


def truncated(xid: int | None = None, oid: int = 16400) -> Truncate:
    return Truncate(xid=xid, relation_oids=(oid,), cascades=False, restarts_identity=False)


def truncations(pieces: list[TransactionSlice]) -> list[list[tuple[int, set[int]]]]:
    """For each slice after how many of its changes which tables were emptied."""
    return [[(each.place, set(each.tables)) for each in piece.truncations] for piece in pieces]


class RecordingFile(io.BytesIO):
    """A spool file that tells whether it was closed."""


def test_a_transaction_is_one_slice_that_may_be_confirmed() -> None:
    relation = table()

    (piece,) = feed(Assembler(), BEGIN, described(relation), inserted(b"1"), COMMIT)

    assert (piece.xid, piece.commit_lsn, piece.end_lsn) == (7, Lsn(100), Lsn(110))
    assert piece.committed_at == NOW
    (change,) = piece.changes
    assert change.operation is Operation.INSERT
    assert change.relation == relation
    assert (change.new, change.old) == ((b"1", None), None)


def test_a_large_transaction_is_cut_and_only_its_last_slice_may_be_confirmed() -> None:
    assembler = Assembler(change_limit=2)

    pieces = feed(
        assembler, described(table()), BEGIN, *(inserted(b"%d" % n) for n in range(5)), COMMIT
    )

    assert [len(piece.changes) for piece in pieces] == [2, 2, 1]
    assert [piece.end_lsn for piece in pieces] == [None, None, Lsn(110)]
    assert values(pieces) == [b"0", b"1", b"2", b"3", b"4"]


def test_large_rows_cut_a_slice_too() -> None:
    assembler = Assembler(size_limit_bytes=1000)

    pieces = feed(
        assembler, described(table()), BEGIN, inserted(b"x" * 999), inserted(b"y"), COMMIT
    )

    assert [len(piece.changes) for piece in pieces] == [1, 1]


def test_a_transaction_without_changes_still_ends_so_that_it_can_be_confirmed() -> None:
    truncate = Truncate(xid=None, relation_oids=(16400,), cascades=False, restarts_identity=False)

    (piece,) = feed(Assembler(), BEGIN, described(table()), truncate, COMMIT)

    assert piece.changes == ()
    assert piece.end_lsn == Lsn(110)


def test_a_description_in_the_middle_of_a_transaction_holds_from_there() -> None:
    before, after = table(), table(columns=[("id", True), ("renamed", False)])

    (piece,) = feed(
        Assembler(),
        described(before),
        BEGIN,
        inserted(b"1"),
        described(after),
        inserted(b"2"),
        COMMIT,
    )

    assert [change.relation for change in piece.changes] == [before, after]


def test_columns_outside_of_the_key_are_unknown_in_an_old_key() -> None:
    change = one_change(
        table(), Delete(xid=None, relation_oid=16400, old=(b"1", None), old_is_key=True)
    )

    assert change.operation is Operation.DELETE
    assert (change.new, change.old) == (None, (b"1", UNKNOWN))


def test_null_in_a_whole_old_row_is_null() -> None:
    relation = table(columns=[("id", True), ("note", True)], identity=ReplicaIdentity.FULL)

    change = one_change(
        relation, Delete(xid=None, relation_oid=16400, old=(b"1", None), old_is_key=False)
    )

    assert change.old == (b"1", None)


def test_unchanged_toast_is_filled_from_a_whole_old_row() -> None:
    relation = table(columns=[("id", True), ("note", True)], identity=ReplicaIdentity.FULL)
    update = Update(
        xid=None,
        relation_oid=16400,
        old=(b"1", b"large"),
        old_is_key=False,
        new=(b"2", UNCHANGED),
    )

    change = one_change(relation, update)

    assert change.new == (b"2", b"large")


@pytest.mark.parametrize("old", [None, (b"1", None)])
def test_unchanged_toast_stays_unchanged_without_a_whole_old_row(
    old: tuple[bytes, None] | None,
) -> None:
    update = Update(
        xid=None,
        relation_oid=16400,
        old=old,
        old_is_key=old is not None,
        new=(b"2", UNCHANGED),
    )

    change = one_change(table(), update)

    assert change.new == (b"2", UNCHANGED)


def test_a_streamed_transaction_comes_with_its_commit() -> None:
    assembler = Assembler()

    before = feed(assembler, STREAM_START, described(table(), 7), inserted(b"1", 7), StreamStop())
    pieces = feed(assembler, STREAM_COMMIT)

    assert before == []
    (piece,) = pieces
    assert (piece.xid, piece.commit_lsn, piece.end_lsn) == (7, Lsn(100), Lsn(110))
    assert values(pieces) == [b"1"]


def test_a_streamed_transaction_is_read_as_slowly_as_its_slices_are_taken() -> None:
    assembler = Assembler(change_limit=1)
    feed(assembler, STREAM_START, described(table(), 7))
    feed(assembler, inserted(b"1", 7), inserted(b"2", 7), Insert(xid=7, relation_oid=1, new=()))
    feed(assembler, StreamStop())

    pieces = iter(assembler.feed(Lsn(1), encode(STREAM_COMMIT)))

    assert values([next(pieces), next(pieces)]) == [b"1", b"2"]
    with pytest.raises(DecodeError, match="relation 1, which was not described"):
        next(pieces)


def test_a_rolled_back_subtransaction_is_left_out() -> None:
    assembler = Assembler()
    feed(assembler, STREAM_START, described(table(), 7), inserted(b"1", 7))
    feed(assembler, inserted(b"2", 8), inserted(b"3", 9), StreamStop())
    feed(assembler, StreamAbort(xid=7, subxid=8, aborted_at_lsn=None, aborted_at=None))

    pieces = feed(assembler, STREAM_COMMIT)

    assert values(pieces) == [b"1", b"3"]


def test_a_truncation_stands_where_it_was_among_the_changes() -> None:
    assembler = Assembler(change_limit=2)

    pieces = feed(
        assembler,
        described(table()),
        BEGIN,
        truncated(oid=5),
        inserted(b"1"),
        truncated(),
        inserted(b"2"),
        truncated(),
        COMMIT,
    )

    assert truncations(pieces) == [[(0, {5}), (1, {16400})], [(0, {16400})]]


def test_a_streamed_truncation_counts_unless_it_was_rolled_back() -> None:
    assembler = Assembler()
    feed(assembler, STREAM_START, described(table(), 7), inserted(b"1", 7))
    feed(assembler, truncated(8, 5), truncated(9, 6), inserted(b"2", 7), StreamStop())
    feed(assembler, StreamAbort(xid=7, subxid=8, aborted_at_lsn=None, aborted_at=None))

    pieces = feed(assembler, STREAM_COMMIT)

    assert values(pieces) == [b"1", b"2"]
    assert truncations(pieces) == [[(1, {6})]]


def test_however_much_was_rolled_back_the_consumer_gets_its_turn() -> None:
    assembler = Assembler()
    feed(assembler, STREAM_START, described(table(), 7), inserted(b"1", 7))
    feed(assembler, *(inserted(b"2", 8) for _ in range(5000)), StreamStop())
    feed(assembler, StreamAbort(xid=7, subxid=8, aborted_at_lsn=None, aborted_at=None))

    pieces = feed(assembler, STREAM_COMMIT)

    assert values(pieces) == [b"1"]
    assert [piece.end_lsn for piece in pieces] == [None] * 4 + [Lsn(110)]


def test_a_description_outlives_the_subtransaction_that_was_rolled_back() -> None:
    assembler = Assembler()
    feed(assembler, STREAM_START, described(table(), 8), inserted(b"1", 8), inserted(b"2", 7))
    feed(assembler, StreamStop())
    feed(assembler, StreamAbort(xid=7, subxid=8, aborted_at_lsn=None, aborted_at=None))

    pieces = feed(assembler, STREAM_COMMIT)

    assert values(pieces) == [b"2"]


def test_a_rolled_back_streamed_transaction_gives_its_space_back() -> None:
    file = RecordingFile()
    assembler = Assembler(spool_factory=lambda: file)
    feed(assembler, STREAM_START, described(table(), 7), inserted(b"1", 7), StreamStop())

    feed(assembler, StreamAbort(xid=7, subxid=7, aborted_at_lsn=None, aborted_at=None))

    assert file.closed
    with pytest.raises(DecodeError, match="committed but not streamed"):
        feed(assembler, STREAM_COMMIT)


def test_a_replayed_stream_gives_its_space_back() -> None:
    file = RecordingFile()
    assembler = Assembler(spool_factory=lambda: file)

    feed(assembler, STREAM_START, described(table(), 7), inserted(b"1", 7), StreamStop())
    feed(assembler, STREAM_COMMIT)

    assert file.closed


def test_close_gives_the_space_of_transactions_in_progress_back() -> None:
    file = RecordingFile()
    assembler = Assembler(spool_factory=lambda: file)
    feed(assembler, STREAM_START, described(table(), 7), inserted(b"1", 7))

    assembler.close()

    assert file.closed


def test_a_committed_stream_makes_its_relations_known() -> None:
    assembler = Assembler()
    feed(assembler, STREAM_START, described(table(), 7), StreamStop(), STREAM_COMMIT)

    pieces = feed(assembler, BEGIN, inserted(b"1"), COMMIT)

    assert values(pieces) == [b"1"]


def test_a_relation_of_a_transaction_in_progress_is_not_known_outside() -> None:
    assembler = Assembler()
    feed(assembler, STREAM_START, described(table(), 7), StreamStop())

    with closing(assembler), pytest.raises(DecodeError, match="not described"):
        feed(assembler, BEGIN, inserted(b"1"), COMMIT)


def test_a_later_description_outside_survives_the_commit_of_a_stream() -> None:
    old, new = table(), table(columns=[("id", True), ("renamed", False)])
    assembler = Assembler()
    feed(assembler, STREAM_START, described(old, 7), inserted(b"1", 7), StreamStop())
    feed(assembler, described(new))

    (streamed,) = feed(assembler, STREAM_COMMIT)
    (plain,) = feed(assembler, BEGIN, inserted(b"2"), COMMIT)

    assert streamed.changes[0].relation == old
    assert plain.changes[0].relation == new


def test_a_row_must_fit_its_relation() -> None:
    narrow = Insert(xid=None, relation_oid=16400, new=(b"1",))

    with pytest.raises(DecodeError, match=r"1 values came for the 2 columns of public\.app"):
        one_change(table(), narrow)


@pytest.mark.parametrize(
    "messages",
    [
        [COMMIT],
        [BEGIN, BEGIN],
        [described(table()), inserted(b"1")],
        [StreamStop()],
        [STREAM_START, STREAM_START],
        [STREAM_START, BEGIN],
        [STREAM_COMMIT],
    ],
)
def test_messages_out_of_order_are_refused(messages: list[Message]) -> None:
    with closing(Assembler()) as assembler, pytest.raises(DecodeError) as refused:
        feed(assembler, *messages)

    assert refused.value.__notes__ == ["The message stands at 0/1 in the WAL."]


def test_it_knows_whether_a_transaction_is_open() -> None:
    assembler = Assembler()
    assert not assembler.is_within_transaction

    feed(assembler, BEGIN)
    assert assembler.is_within_transaction

    feed(assembler, COMMIT)
    assert not assembler.is_within_transaction
