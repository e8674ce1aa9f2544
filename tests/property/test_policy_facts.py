"""Facts that follow the stream, against reading them anew after every transaction."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from slotcast.changes import UNKNOWN, Change, Column, Operation, Relation, ReplicaIdentity
from slotcast.claims import Claims
from slotcast.lsn import Lsn
from slotcast.policies import rules
from slotcast.policies.facts import Fact, Source, Values, Viewer
from slotcast.snapshots import Snapshot

if TYPE_CHECKING:
    from slotcast.changes import Image
    from slotcast.policies.facts import RowId
    from slotcast.policies.rules import Key

FIRST_XID = 2**32 - 3
"""So that ids wrap around on the way."""

TEXT_OID = 25
IDS = [b"1", b"2", b"3"]
USERS = [b"ann", b"ben"]
KEYS = [b"x", b"y", None]

Table = dict[bytes, tuple[bytes | None, bytes | None]]
"""A user and a key for each row's id."""


def relation(identity: ReplicaIdentity) -> Relation:
    names = ("id", "who", "what")
    columns = tuple(
        Column(
            name=name,
            type_oid=TEXT_OID,
            type_modifier=-1,
            is_key=name == "id" or identity is ReplicaIdentity.FULL,
        )
        for name in names
    )
    return Relation(oid=1, schema="s", name="t", replica_identity=identity, columns=columns)


def old_image(table: Relation, row: bytes, values: tuple[bytes | None, bytes | None]) -> Image:
    if table.replica_identity is ReplicaIdentity.FULL:
        return (row, *values)
    return (row, UNKNOWN, UNKNOWN)


@st.composite
def steps(draw: st.DrawFn, table: Relation) -> tuple[list[Change | None], list[Table]]:
    """Changes, or None for TRUNCATE, and the table before the first and after each."""
    rows: Table = {}
    changes: list[Change | None] = []
    states: list[Table] = [{}]
    for _ in range(draw(st.integers(1, 12))):
        if draw(st.integers(0, 5)) == 0:
            rows = {}
            changes.append(None)
            states.append({})
            continue
        row = draw(st.sampled_from(IDS))
        values = (draw(st.sampled_from([*USERS, None])), draw(st.sampled_from(KEYS)))
        if row not in rows:
            rows[row] = values
            change = Change(
                operation=Operation.INSERT, relation=table, new=(row, *values), old=None
            )
        elif draw(st.booleans()):
            before = rows.pop(row)
            change = Change(
                operation=Operation.DELETE,
                relation=table,
                new=None,
                old=old_image(table, row, before),
            )
        else:
            target = draw(st.sampled_from([row, *(each for each in IDS if each not in rows)]))
            before = rows.pop(row)
            rows[target] = values
            is_told = target != row or table.replica_identity is ReplicaIdentity.FULL
            change = Change(
                operation=Operation.UPDATE,
                relation=table,
                new=(target, *values),
                old=old_image(table, row, before) if is_told else None,
            )
        changes.append(change)
        states.append(dict(rows))
    return changes, states


def read(state: Table, user: bytes) -> dict[RowId, Key | None]:
    return {(row,): what for row, (who, what) in state.items() if who == user}


def snapshot(seen_count: int) -> Snapshot:
    """What a query sees after so many transactions."""
    xid = (FIRST_XID + seen_count) % 2**32
    return Snapshot(xid, xid, frozenset(), Lsn(seen_count))


def people() -> tuple[list[Viewer], Fact]:
    """Ann and Ben, and the fact that tells who they are."""
    uid = Fact("uid", False, False, False, frozenset(), "")
    viewers = [Viewer(Claims(role="r", document=user.decode())) for user in USERS]
    for viewer, user in zip(viewers, USERS, strict=True):
        uid.learn(viewer, Values({(): user}, snapshot(0)))
    return viewers, uid


@given(st.data())
def test_a_fact_is_at_any_time_what_reading_it_would_give(data: st.DataObject) -> None:
    table = relation(data.draw(st.sampled_from([ReplicaIdentity.DEFAULT, ReplicaIdentity.FULL])))
    changes, states = data.draw(steps(table))
    viewers, uid = people()
    rule = rules.Equal(rules.Column(1), rules.Scalar(uid))
    link = (1, uid) if data.draw(st.booleans()) else None
    source = Source(table, (0,), (rules.Column(2),), rule, link)
    fact = Fact("q", True, False, False, frozenset({1}), "", source)
    # Each was read at some moment, also of what the stream has yet to bring.
    seen = [data.draw(st.integers(0, len(changes))) for _ in viewers]
    for viewer, user, count in zip(viewers, USERS, seen, strict=True):
        fact.learn(viewer, Values(read(states[count], user), snapshot(count)))

    for number, change in enumerate(changes):
        before = {viewer: Counter(fact.known(viewer).rows.values()) for viewer in viewers}
        xid = (FIRST_XID + number) % 2**32
        if change is None:
            told = fact.empty(xid, Lsn(number))
        else:
            told = fact.apply(change, xid, Lsn(number))
        after = {viewer: Counter(fact.known(viewer).rows.values()) for viewer in viewers}
        assert told == {viewer for viewer in viewers if before[viewer] != after[viewer]}
        for viewer, user, count in zip(viewers, USERS, seen, strict=True):
            now = read(states[max(number + 1, count)], user)
            assert fact.known(viewer).rows == now
            assert set(fact.known(viewer)) == {key for key in now.values() if key is not None}
            assert (viewer in fact.filled) == bool(now)
        for key in KEYS:
            if key is not None:
                holders = {viewer for viewer in viewers if key in fact.known(viewer)}
                assert fact.by_value.get(key, set()) == holders


@given(st.integers(0, 20), st.integers(0, 20))
def test_a_snapshot_shows_what_was_committed_before_it(seen: int, number: int) -> None:
    xid = (FIRST_XID + number) % 2**32

    assert snapshot(seen).shows(xid, Lsn(number)) == (number < seen)


def test_a_column_that_is_gone_makes_a_fact_be_read_again() -> None:
    table = relation(ReplicaIdentity.DEFAULT)
    (ann, ben), uid = people()
    rule = rules.Equal(rules.Column(1), rules.Scalar(uid))
    source = Source(table, (0,), (rules.Column(2),), rule, (1, uid))
    fact = Fact("q", True, False, False, frozenset({1}), "", source)
    for viewer in (ann, ben):
        fact.learn(viewer, Values({}, snapshot(0)))
    narrow = Relation(
        oid=1,
        schema="s",
        name="t",
        replica_identity=ReplicaIdentity.DEFAULT,
        columns=table.columns[:2],
    )
    change = Change(operation=Operation.INSERT, relation=narrow, new=(b"1", b"ann"), old=None)

    assert fact.apply(change, FIRST_XID, Lsn(0)) == {ann, ben}
    assert fact.needs(ann)
