"""Bytes that PostgreSQL really sends, and bytes that it must not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from slotcast.changes import UNCHANGED, ReplicaIdentity
from slotcast.errors import DecodeError, TruncatedMessage
from slotcast.lsn import Lsn
from slotcast.pgoutput.decoder import decode
from slotcast.pgoutput.messages import (
    Begin,
    Commit,
    Delete,
    Insert,
    RelationDescription,
    StreamAbort,
    StreamStart,
    StreamStop,
    Truncate,
    Update,
)
from support.pgoutput import encode

COMMITTED_AT = datetime(2026, 11, 23, 2, 11, 36, 7453, tzinfo=UTC)


def test_begin_has_the_commit_record_s_position_and_time() -> None:
    data = bytes.fromhex("42 00000000016f51f8 000303b1ed81899d 000002f6")

    message = decode(data, in_stream=False)

    assert message == Begin(
        final_lsn=Lsn.parse("0/16F51F8"),
        committed_at=datetime(2026, 11, 20, 11, 0, 58, 916253, tzinfo=UTC),
        xid=758,
    )


def test_commit_has_the_position_after_the_transaction() -> None:
    data = bytes.fromhex("43 00 00000000016f51f8 00000000016f5228 0000000000000000")

    message = decode(data, in_stream=False)

    assert message == Commit(
        commit_lsn=Lsn.parse("0/16F51F8"),
        end_lsn=Lsn.parse("0/16F5228"),
        committed_at=datetime(2000, 1, 1, tzinfo=UTC),
    )


def test_an_empty_schema_is_pg_catalog() -> None:
    data = b"R\0\0\x40\x00\0name\0d\0\1\1id\0\0\0\0\x17\xff\xff\xff\xff"

    message = decode(data, in_stream=False)

    assert isinstance(message, RelationDescription)
    assert message.relation.schema == "pg_catalog"
    assert message.relation.replica_identity is ReplicaIdentity.DEFAULT
    (column,) = message.relation.columns
    assert (column.name, column.type_oid, column.type_modifier) == ("id", 23, -1)
    assert column.is_key


def test_an_insert_has_null_and_text_values() -> None:
    data = b"I\0\0\x40\x00N\0\3t\0\0\0\1Ant\0\0\0\0"

    message = decode(data, in_stream=False)

    assert message == Insert(xid=None, relation_oid=0x4000, new=(b"A", None, b""))


def test_rows_in_a_stream_begin_with_their_transaction() -> None:
    data = b"I\0\0\0\7\0\0\x40\x00N\0\1n"

    message = decode(data, in_stream=True)

    assert message == Insert(xid=7, relation_oid=0x4000, new=(None,))


@pytest.mark.parametrize(
    ("before", "old", "old_is_key"),
    [(b"", None, False), (b"K\0\1t\0\0\0\1k", (b"k",), True), (b"O\0\1n", (None,), False)],
)
def test_an_update_may_have_no_old_row_its_key_or_all_of_it(
    before: bytes, old: tuple[bytes | None] | None, old_is_key: bool
) -> None:
    data = b"U\0\0\0\1" + before + b"N\0\1u"

    message = decode(data, in_stream=False)

    assert message == Update(
        xid=None, relation_oid=1, old=old, old_is_key=old_is_key, new=(UNCHANGED,)
    )


def test_a_delete_tells_a_key_from_a_whole_row() -> None:
    key = decode(b"D\0\0\0\1K\0\1t\0\0\0\1k", in_stream=False)
    row = decode(b"D\0\0\0\1O\0\1t\0\0\0\1k", in_stream=False)

    assert key == Delete(xid=None, relation_oid=1, old=(b"k",), old_is_key=True)
    assert row == Delete(xid=None, relation_oid=1, old=(b"k",), old_is_key=False)


def test_truncate_names_all_its_relations() -> None:
    data = b"T\0\0\0\2\3\0\0\0\1\0\0\0\2"

    message = decode(data, in_stream=False)

    assert message == Truncate(
        xid=None, relation_oids=(1, 2), cascades=True, restarts_identity=True
    )


def test_stream_messages_are_the_same_inside_and_outside_of_a_stream() -> None:
    assert decode(b"S\0\0\0\7\1", in_stream=False) == StreamStart(xid=7, is_first=True)
    assert decode(b"E", in_stream=True) == StreamStop()


def test_a_stream_abort_is_longer_when_streaming_is_parallel() -> None:
    short = decode(b"A\0\0\0\7\0\0\0\x08", in_stream=False)
    long = decode(b"A\0\0\0\7\0\0\0\x08" + bytes(7) + b"\5" + bytes(8), in_stream=False)

    assert short == StreamAbort(xid=7, subxid=8, aborted_at_lsn=None, aborted_at=None)
    assert long == StreamAbort(
        xid=7, subxid=8, aborted_at_lsn=Lsn(5), aborted_at=datetime(2000, 1, 1, tzinfo=UTC)
    )


def test_a_memoryview_is_as_good_as_bytes() -> None:
    assert decode(memoryview(b"xE")[1:], in_stream=False) == StreamStop()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"?", "no pgoutput message of type b'\\?'"),
        (b"b" + bytes(40), "two-phase"),
        (b"E\0", "goes on after its last field"),
        (b"I\0\0\0\1K\0\0", "an Insert cannot hold a row of kind b'K'"),
        (b"U\0\0\0\1X\0\0", "an Update cannot hold"),
        (b"D\0\0\0\1N\0\0", "a Delete cannot hold"),
        (b"I\0\0\0\1N\0\1b\0\0\0\1x", "binary form"),
        (b"I\0\0\0\1N\0\1?", "no value of kind b'\\?'"),
        (b"R\0\0\0\1\0\xff\0d\0\0", "not UTF-8"),
        (b"R\0\0\0\1\0t\0x\0\0", "no replica identity 'x'"),
        (b"B" + bytes(8) + b"\x7f" + bytes(7) + bytes(4), "beyond the calendar"),
    ],
)
def test_what_is_not_pgoutput_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        decode(data, in_stream=False)


@pytest.mark.parametrize(
    "message",
    [
        Begin(final_lsn=Lsn(1), committed_at=COMMITTED_AT, xid=1),
        Commit(commit_lsn=Lsn(1), end_lsn=Lsn(2), committed_at=COMMITTED_AT),
        Insert(xid=None, relation_oid=1, new=(b"value", None, UNCHANGED)),
        Update(xid=None, relation_oid=1, old=(b"o", None), old_is_key=True, new=(b"n", b"m")),
        Delete(xid=None, relation_oid=1, old=(b"value",), old_is_key=False),
        Truncate(xid=None, relation_oids=(1, 2), cascades=False, restarts_identity=True),
    ],
    ids=lambda message: type(message).__name__,
)
def test_every_shorter_beginning_of_a_message_is_truncated(
    message: Begin | Commit | Insert | Update | Delete | Truncate,
) -> None:
    data = encode(message)
    assert decode(data, in_stream=False) == message

    for end in range(len(data)):
        with pytest.raises(TruncatedMessage):
            decode(data[:end], in_stream=False)


def test_a_huge_count_is_refused_without_reserving_memory_for_it() -> None:
    with pytest.raises(TruncatedMessage):
        decode(b"T\xff\xff\xff\xff\0", in_stream=False)
