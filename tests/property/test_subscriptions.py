"""Whoever is found by the row's value is who is found by asking everybody."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from slotcast.changes import (
    UNCHANGED,
    UNKNOWN,
    Absent,
    Change,
    Column,
    Operation,
    Relation,
    ReplicaIdentity,
    TransactionSlice,
)
from slotcast.claims import Claims
from slotcast.fanout.subscriptions import ANY, Binding, Equality, Subscription, Subscriptions
from slotcast.lsn import Lsn
from slotcast.verdicts import Party, Ruling, Verdict

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

TYPES = {"a": 23, "b": 25}
TEXTS = [b"1", b"2", b"3"]
TRANSACTION = TransactionSlice(
    xid=1,
    commit_lsn=Lsn(1),
    end_lsn=None,
    committed_at=datetime(2026, 11, 23, tzinfo=UTC),
    changes=(),
)


@dataclass(eq=False)
class Nobody:
    encoding: Hashable = ""
    got: list[bytes] = field(default_factory=list[bytes])

    def frame(self, ids: Sequence[int], data: bytes) -> bytes:
        return repr(ids).encode() + data

    def send(self, frame: bytes, /) -> None:
        self.got.append(frame)

    def warn(self, message: str) -> None:
        raise AssertionError(message)


@st.composite
def equalities(draw: st.DrawFn) -> Equality:
    column = draw(st.sampled_from(sorted(TYPES)))
    is_retyped = draw(st.integers(0, 3)) == 0
    return Equality(
        column=column,
        type_oid=99 if is_retyped else TYPES[column],
        texts=draw(st.frozensets(st.sampled_from(TEXTS))),
    )


@st.composite
def bindings(draw: st.DrawFn) -> Binding:
    schema = draw(st.sampled_from(["s", "t", ANY]))
    table = draw(st.sampled_from(["x", "y", ANY]))
    return Binding(
        id=draw(st.integers(1, 9)),
        event=draw(st.sampled_from([ANY, *Operation])),
        schema=schema,
        table=table,
        conditions=(),
        select=None,
        equality=None if ANY in (schema, table) else draw(st.none() | equalities()),
    )


values = st.sampled_from([*TEXTS, None, UNCHANGED, UNKNOWN])


@st.composite
def changes(draw: st.DrawFn) -> Change:
    relation = Relation(
        oid=1,
        schema="s",
        name="x",
        replica_identity=ReplicaIdentity.FULL,
        columns=tuple(
            Column(name=name, type_oid=oid, type_modifier=-1, is_key=False)
            for name, oid in TYPES.items()
        ),
    )
    operation = draw(st.sampled_from(Operation))
    image = draw(st.tuples(values, values))
    is_delete = operation is Operation.DELETE
    return Change(
        operation=operation,
        relation=relation,
        new=None if is_delete else image,
        old=image if is_delete else None,
    )


def may_concern(binding: Binding, change: Change) -> bool:
    """Decide as the reference does: binding by binding."""
    image = change.old if change.operation is Operation.DELETE else change.new
    assert image is not None
    if binding.schema not in ("s", ANY) or binding.table not in ("x", ANY):
        return False
    if binding.event not in (change.operation, ANY):
        return False
    equality = binding.equality
    if equality is None or equality.type_oid != TYPES[equality.column]:
        return True
    value = image[list(TYPES).index(equality.column)]
    if isinstance(value, Absent):
        return value is UNCHANGED and bool(equality.texts)
    return value in equality.texts


@given(st.lists(st.lists(bindings(), min_size=1, max_size=4), max_size=6), changes(), st.data())
def test_an_index_finds_whom_a_search_finds(
    asked: list[list[Binding]], change: Change, data: st.DataObject
) -> None:
    subscriptions = Subscriptions()
    everybody = [Subscription(Nobody(), each, Claims(role="anon", document="{}")) for each in asked]
    for subscription in everybody:
        subscriptions.add(subscription)
    stays = [data.draw(st.booleans()) for _ in everybody]
    gone = {each for each, is_staying in zip(everybody, stays, strict=True) if not is_staying}
    for subscription in gone:
        subscriptions.remove(subscription)

    found = subscriptions.interested(change, TRANSACTION).pairs

    wanted = {
        (subscription, binding)
        for subscription in everybody
        if subscription not in gone
        for binding in subscription.bindings
        if may_concern(binding, change) and (binding.equality is None or binding.equality.texts)
    }
    assert len(found) == len(set(found))
    assert set(found) == wanted


USERS = [Claims(role="authenticated", document=str(number)) for number in range(4)]
RULING = Ruling(verdict=Verdict.VISIBLE, readable=frozenset())


@given(
    st.lists(
        st.tuples(st.sampled_from(USERS), st.lists(bindings(), min_size=1, max_size=4)), max_size=6
    ),
    changes(),
    st.sets(st.sampled_from(USERS)),
    st.lists(st.sampled_from([None, False, True]), min_size=len(USERS), max_size=len(USERS)),
)
def test_who_is_known_not_to_see_it_is_left_out_and_who_shares_a_frame_is_not_asked_about(
    asked: list[tuple[Claims, list[Binding]]],
    change: Change,
    known: set[Claims],
    told: list[bool | None],
) -> None:
    """*told* is for each user nothing, that it is in a party without a ruling, or in one with."""
    subscriptions = Subscriptions()
    everybody = [Subscription(Nobody(), each, claims) for claims, each in asked]
    for subscription in everybody:
        subscriptions.add(subscription)
    subscriptions.acquaint(change.relation, known)
    viewers = {
        is_certain: [user for user, kind in zip(USERS, told, strict=True) if kind is is_certain]
        for is_certain in (False, True)
    }
    parties = [Party(viewers=viewers[False]), Party(viewers=viewers[True], ruling=RULING)]

    found = subscriptions.interested(change, TRANSACTION, lambda: parties)

    shared = [(each, pair) for each in found.shared for pair in each.pairs(change.operation)]
    pairs = [*found.pairs, *(pair for _, pair in shared)]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == {
        (subscription, binding)
        for subscription in everybody
        for binding in subscription.bindings
        if may_concern(binding, change)
        and (binding.equality is None or binding.equality.texts)
        and not (
            subscription.claims in known
            and subscription.claims not in viewers[False] + viewers[True]
            and binding.equality is None
            and ANY not in (binding.schema, binding.table)
        )
    }
    for each, (subscription, _) in shared:
        assert subscription.claims in known.intersection(viewers[True])
        wanted = [binding.id for other, binding in pairs if other is subscription]
        ids = [
            number for wording in each.asked.wordings(change.operation) for number in wording.ids
        ]
        assert sorted(ids) == sorted(wanted)
