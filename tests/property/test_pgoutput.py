"""The decoder is total, agrees with an encoder, and transactions come out as they went in."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import event, given
from hypothesis import strategies as st

from slotcast.changes import UNCHANGED, Column, Relation, ReplicaIdentity
from slotcast.errors import DecodeError
from slotcast.lsn import Lsn
from slotcast.pgoutput.assembler import Assembler
from slotcast.pgoutput.decoder import decode
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
from support.pgoutput import EPOCH, encode, table

if TYPE_CHECKING:
    from slotcast.changes import Image

OIDS = st.integers(0, 2**32 - 1)
LSNS = st.integers(0, 2**64 - 1).map(Lsn)
TIMES = st.datetimes(datetime(1, 1, 1), datetime(9999, 1, 1)).map(  # noqa: DTZ001 - made aware below
    lambda moment: moment.replace(tzinfo=EPOCH.tzinfo)
)
NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=63
)
IMAGES = st.lists(st.none() | st.just(UNCHANGED) | st.binary(max_size=20), max_size=8).map(tuple)
COLUMNS = st.builds(
    Column,
    name=NAMES,
    type_oid=OIDS,
    type_modifier=st.integers(-(2**31), 2**31 - 1),
    is_key=st.booleans(),
)
RELATIONS = st.builds(
    Relation,
    oid=OIDS,
    schema=NAMES,
    name=NAMES,
    replica_identity=st.sampled_from(ReplicaIdentity),
    columns=st.lists(COLUMNS, max_size=5).map(tuple),
)


def plain_messages() -> st.SearchStrategy[Message]:
    """Messages that are the same inside and outside of a stream."""
    return st.one_of(
        st.builds(Begin, final_lsn=LSNS, committed_at=TIMES, xid=OIDS),
        st.builds(Commit, commit_lsn=LSNS, end_lsn=LSNS, committed_at=TIMES),
        st.builds(Origin, commit_lsn=LSNS, name=NAMES),
        st.builds(StreamStart, xid=OIDS, is_first=st.booleans()),
        st.just(StreamStop()),
        st.builds(StreamCommit, xid=OIDS, commit_lsn=LSNS, end_lsn=LSNS, committed_at=TIMES),
        st.builds(StreamAbort, xid=OIDS, subxid=OIDS, aborted_at_lsn=LSNS, aborted_at=TIMES),
        st.builds(
            StreamAbort, xid=OIDS, subxid=OIDS, aborted_at_lsn=st.none(), aborted_at=st.none()
        ),
    )


def streamable_messages(xids: st.SearchStrategy[int | None]) -> st.SearchStrategy[Message]:
    """Messages that have a transaction id in a stream."""
    updates = st.one_of(
        st.builds(
            Update,
            xid=xids,
            relation_oid=OIDS,
            old=IMAGES,
            old_is_key=st.booleans(),
            new=IMAGES,
        ),
        st.builds(
            Update,
            xid=xids,
            relation_oid=OIDS,
            old=st.none(),
            old_is_key=st.just(value=False),
            new=IMAGES,
        ),
    )
    return st.one_of(
        st.builds(RelationDescription, xid=xids, relation=RELATIONS),
        st.builds(TypeDescription, xid=xids, oid=OIDS, schema=NAMES, name=NAMES),
        st.builds(Insert, xid=xids, relation_oid=OIDS, new=IMAGES),
        updates,
        st.builds(Delete, xid=xids, relation_oid=OIDS, old=IMAGES, old_is_key=st.booleans()),
        st.builds(
            Truncate,
            xid=xids,
            relation_oids=st.lists(OIDS, max_size=4).map(tuple),
            cascades=st.booleans(),
            restarts_identity=st.booleans(),
        ),
        st.builds(
            LogicalMessage,
            xid=xids,
            is_transactional=st.booleans(),
            lsn=LSNS,
            prefix=NAMES,
            content=st.binary(max_size=20),
        ),
    )


PLAIN = plain_messages() | streamable_messages(st.none())
STREAMED = plain_messages() | streamable_messages(OIDS)
TAGS = b"BCORYIUDTMSEcAbPKrp"


@given(PLAIN)
def test_what_was_encoded_is_decoded(message: Message) -> None:
    event(type(message).__name__)

    assert decode(encode(message), in_stream=False) == message


@given(STREAMED)
def test_what_was_encoded_in_a_stream_is_decoded(message: Message) -> None:
    event(type(message).__name__)

    assert decode(encode(message), in_stream=True) == message


@given(st.sampled_from(TAGS), st.binary(max_size=80), st.booleans())
def test_any_bytes_are_a_message_or_an_error(tag: int, body: bytes, in_stream: bool) -> None:
    data = bytes((tag,)) + body

    try:
        message = decode(data, in_stream=in_stream)
    except DecodeError as error:
        event(type(error).__name__)
    else:
        event(type(message).__name__)


@given(STREAMED, st.data())
def test_a_damaged_message_is_a_message_or_an_error(message: Message, data: st.DataObject) -> None:
    damaged = bytearray(encode(message))
    at = data.draw(st.integers(0, len(damaged) - 1), label="at")
    damaged[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))

    try:
        decode(bytes(damaged), in_stream=True)
    except DecodeError as error:
        event(type(error).__name__)


@dataclass
class Subtransaction:
    """A stretch of a streamed transaction that may be rolled back on its own."""

    xid: int
    values: list[bytes]
    is_aborted: bool


@dataclass
class Streamed:
    """What a random transaction does, and how it ends."""

    xid: int
    parts: list[Subtransaction]
    is_aborted: bool
    blocks: list[list[Message]] = field(default_factory=list)

    @property
    def expected(self) -> list[bytes]:
        return [value for part in self.parts if not part.is_aborted for value in part.values]


@st.composite
def streamed_transactions(draw: st.DrawFn) -> list[Streamed]:
    """Draw transactions cut into blocks, each block ready to be mixed with others'."""
    transactions: list[Streamed] = []
    for number in range(draw(st.integers(1, 4))):
        top_xid = 1000 * (number + 1)
        parts = [
            Subtransaction(
                xid=top_xid + index,
                values=[
                    b"%d-%d-%d" % (number, index, row) for row in range(draw(st.integers(0, 4)))
                ],
                is_aborted=index > 0 and draw(st.booleans()),
            )
            for index in range(draw(st.integers(1, 4)))
        ]
        transaction = Streamed(top_xid, parts, is_aborted=draw(st.booleans()))
        transaction.blocks = _blocks(draw, transaction)
        transactions.append(transaction)
    return transactions


def _blocks(draw: st.DrawFn, transaction: Streamed) -> list[list[Message]]:
    """Spread the rows over blocks; a savepoint's rollback stands between two of them."""
    xid = transaction.xid
    blocks: list[list[Message]] = []
    block: list[Message] = [RelationDescription(xid=xid, relation=table(columns=[("v", True)]))]
    for part in transaction.parts:
        for value in part.values:
            block.append(Insert(xid=part.xid, relation_oid=16400, new=(value,)))
            if draw(st.booleans()):
                blocks.append(block)
                block = []
        if part.is_aborted:
            blocks.append(block)
            block = []
            blocks.append(
                [StreamAbort(xid=xid, subxid=part.xid, aborted_at_lsn=None, aborted_at=None)]
            )
    blocks.append(block)
    return [_framed(xid, block) for block in blocks]


def _framed(xid: int, block: list[Message]) -> list[Message]:
    if block and isinstance(block[0], StreamAbort):
        return block
    return [StreamStart(xid=xid, is_first=False), *block, StreamStop()]


@given(streamed_transactions(), st.data(), st.integers(1, 5), st.integers(0, 200))
def test_streamed_transactions_come_out_whole_however_they_are_mixed(
    transactions: list[Streamed],
    data: st.DataObject,
    change_limit: int,
    spool_memory_bytes: int,
) -> None:
    found: dict[int, list[bytes]] = {}
    expected: dict[int, list[bytes]] = {}
    assembler = Assembler(change_limit=change_limit, spool_memory_bytes=spool_memory_bytes)
    waiting = {transaction.xid: list(transaction.blocks) for transaction in transactions}
    commit_lsn = 0

    with closing(assembler):
        while waiting:
            xid = data.draw(st.sampled_from(sorted(waiting)), label="next")
            if waiting[xid]:
                messages = waiting[xid].pop(0)
            else:
                del waiting[xid]
                commit_lsn += 10
                (transaction,) = (each for each in transactions if each.xid == xid)
                messages = [_end(transaction, Lsn(commit_lsn))]
                if not transaction.is_aborted:
                    expected[xid] = transaction.expected
            for message in messages:
                for piece in assembler.feed(Lsn(1), encode(message)):
                    assert len(piece.changes) <= change_limit
                    values = found.setdefault(piece.xid, [])
                    values.extend(_value(change.new) for change in piece.changes)

    event(f"{len(expected)} of {len(transactions)} committed")
    assert found == expected


def _end(transaction: Streamed, commit_lsn: Lsn) -> Message:
    xid = transaction.xid
    if transaction.is_aborted:
        return StreamAbort(xid=xid, subxid=xid, aborted_at_lsn=None, aborted_at=None)
    return StreamCommit(
        xid=xid,
        commit_lsn=commit_lsn,
        end_lsn=Lsn(commit_lsn + 1),
        committed_at=EPOCH + timedelta(days=1),
    )


def _value(image: Image | None) -> bytes:
    assert image is not None
    (value,) = image
    assert isinstance(value, bytes)
    return value
