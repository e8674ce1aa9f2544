from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from slotcast.changes import (
    UNCHANGED,
    UNKNOWN,
    Change,
    Column,
    Image,
    Operation,
    Relation,
    ReplicaIdentity,
    TransactionSlice,
)
from slotcast.claims import Claims
from slotcast.fanout.filters import Condition, Operator
from slotcast.fanout.subscriptions import Binding, Equality, Subscription, Subscriptions
from slotcast.lsn import Lsn
from slotcast.snapshots import Snapshot
from slotcast.verdicts import Party, Ruling, Verdict

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from slotcast.fanout.subscriptions import Interested

ANON = Claims(role="anon", document='{"role":"anon"}')
READABLE = Ruling(verdict=Verdict.VISIBLE, readable=frozenset({"id"}))


class Channel:
    """A recipient that keeps what it gets."""

    def __init__(self) -> None:
        self.encoding: Hashable = "any"
        self.sent: list[bytes] = []
        self.warnings: list[str] = []

    def frame(self, ids: Sequence[int], data: bytes) -> bytes:
        return repr(ids).encode() + data

    def send(self, frame: bytes, /) -> None:
        self.sent.append(frame)

    def warn(self, message: str) -> None:
        self.warnings.append(message)


def binding(number: int, *, event: str = "*", schema: str = "public", table: str = "*") -> Binding:
    return Binding(id=number, event=event, schema=schema, table=table, conditions=(), select=None)


UUID, TEXT = 2950, 25


def change(
    operation: Operation = Operation.INSERT,
    values: Image = (b"1", b"a"),
    *,
    types: tuple[int, int] = (UUID, TEXT),
) -> Change:
    visits = Relation(
        oid=1,
        schema="public",
        name="visits",
        replica_identity=ReplicaIdentity.FULL,
        columns=tuple(
            Column(name=name, type_oid=oid, type_modifier=-1, is_key=True)
            for name, oid in zip(("id", "room"), types, strict=True)
        ),
    )
    is_delete = operation is Operation.DELETE
    return Change(
        operation=operation,
        relation=visits,
        new=None if is_delete else values,
        old=values if is_delete else None,
    )


def only(column: str, *texts: bytes, number: int = 1) -> Binding:
    """A binding whose filter lets only *texts* of a column through."""
    types = {"id": UUID, "room": TEXT, "gone": TEXT}
    equality = Equality(column=column, type_oid=types[column], texts=frozenset(texts))
    return replace(binding(number, table="visits"), equality=equality)


def subscribe(
    subscriptions: Subscriptions, *bindings: Binding, claims: Claims = ANON
) -> Subscription:
    subscription = Subscription(Channel(), bindings, claims)
    subscriptions.add(subscription)
    return subscription


def user(number: int) -> Claims:
    return Claims(role="authenticated", document=str(number))


def transaction(commit_lsn: int = 5, xid: int = 5) -> TransactionSlice:
    """A transaction, without the changes that it consists of."""
    return TransactionSlice(
        xid=xid,
        commit_lsn=Lsn(commit_lsn),
        end_lsn=None,
        committed_at=datetime(2026, 11, 23, tzinfo=UTC),
        changes=(),
    )


def told(
    subscriptions: Subscriptions, *parties: Party, operation: Operation = Operation.INSERT
) -> Interested:
    """Find whom a change may concern, when the judge has ruled on users 0 to 9 and tells this."""
    row = change(operation)
    subscriptions.acquaint(row.relation, {user(number) for number in range(10)})
    return subscriptions.interested(row, transaction(), lambda: parties)


def concerned(subscriptions: Subscriptions, change: Change) -> list[tuple[Subscription, Binding]]:
    """Find whom *change* may concern while nothing is known of any viewer."""
    found = subscriptions.interested(change, transaction())

    assert not found.shared
    return found.pairs


@pytest.mark.parametrize(
    ("schema", "table", "is_found"),
    [
        ("public", "visits", True),
        ("public", "*", True),
        ("*", "*", True),
        ("*", "visits", True),
        ("public", "Visits", False),
        ("private", "visits", False),
        ("private", "*", False),
        ("*", "others", False),
    ],
)
def test_a_binding_is_found_by_its_table_or_a_wildcard(
    schema: str, table: str, *, is_found: bool
) -> None:
    subscriptions = Subscriptions()
    asked = binding(1, schema=schema, table=table)
    subscription = subscribe(subscriptions, asked)

    found = concerned(subscriptions, change())

    assert found == ([(subscription, asked)] if is_found else [])


def test_only_bindings_of_the_operation_are_found() -> None:
    subscriptions = Subscriptions()
    inserts, everything = binding(1, event="INSERT"), binding(2)
    subscription = subscribe(subscriptions, inserts, binding(3, event="DELETE"), everything)

    found = concerned(subscriptions, change())

    assert found == [(subscription, inserts), (subscription, everything)]


def test_adding_and_removing_twice_changes_nothing() -> None:
    subscriptions = Subscriptions()
    subscription = subscribe(subscriptions, binding(1))
    other = subscribe(subscriptions, binding(1))
    subscriptions.add(subscription)

    subscriptions.remove(subscription)
    subscriptions.remove(subscription)

    found = concerned(subscriptions, change(Operation.UPDATE))
    assert found == [(other, binding(1))]


@pytest.mark.parametrize("operation", Operation)
def test_a_filter_on_values_is_found_by_the_row_that_decides(operation: Operation) -> None:
    subscriptions = Subscriptions()
    hit, miss = only("room", b"a", b"b"), only("room", b"c")
    subscription = subscribe(subscriptions, hit, miss)

    assert concerned(subscriptions, change(operation)) == [(subscription, hit)]


@pytest.mark.parametrize(
    ("values", "is_found"),
    [((b"1", UNCHANGED), True), ((b"1", UNKNOWN), False), ((b"1", None), False)],
    ids=["could be anything", "cannot be told", "null"],
)
def test_a_value_that_is_not_in_the_image_is_found_if_it_may_turn_up(
    values: Image, *, is_found: bool
) -> None:
    subscriptions = Subscriptions()
    asked = only("room", b"a", b"b")
    subscription = subscribe(subscriptions, asked)

    found = concerned(subscriptions, change(values=values))

    assert found == ([(subscription, asked)] if is_found else [])


def test_a_column_of_another_type_or_none_any_more_narrows_nothing_down() -> None:
    subscriptions = Subscriptions()
    retyped, dropped = only("room", b"x"), only("gone", b"x", number=2)
    subscription = subscribe(subscriptions, retyped, dropped)

    found = set(concerned(subscriptions, change(types=(UUID, UUID))))

    assert found == {(subscription, retyped), (subscription, dropped)}


def test_nothing_is_kept_of_who_is_gone() -> None:
    subscriptions = Subscriptions()
    gone = [
        subscribe(subscriptions, binding(1), only("room", b"a", b"b")),
        subscribe(subscriptions, only("room", b"a"), only("id")),
    ]

    for subscription in gone:
        subscriptions.remove(subscription)

    assert (len(subscriptions), subscriptions.table_count) == (0, 0)


def test_those_who_ask_the_same_and_may_see_the_same_share_what_they_get() -> None:
    subscriptions = Subscriptions()
    asked = [binding(1, event="INSERT", table="visits"), binding(2, table="visits")]
    first = subscribe(subscriptions, *asked, claims=user(0))
    second = subscribe(subscriptions, *asked, claims=user(1))
    subscribe(subscriptions, *asked, claims=user(2))
    other = subscribe(subscriptions, binding(3, table="visits"), claims=user(1))

    found = told(subscriptions, Party(viewers=[user(0), user(1)], ruling=READABLE))

    assert found.pairs == []
    assert [each.ruling for each in found.shared] == [READABLE, READABLE]
    assert [set(each.subscriptions) for each in found.shared] == [{first, second}, {other}]
    wordings = [each.asked.wordings(Operation.INSERT) for each in found.shared]
    assert [[each.ids for each in some] for some in wordings] == [[(1, 2)], [(3,)]]
    wordings = [each.asked.wordings(Operation.DELETE) for each in found.shared]
    assert [[each.ids for each in some] for some in wordings] == [[(2,)], [(3,)]]


def test_bindings_that_select_other_columns_get_a_message_of_their_own() -> None:
    subscriptions = Subscriptions()
    one, other = binding(1, table="visits"), binding(2, table="visits")
    subscribe(subscriptions, one, replace(other, select=("room",)), claims=user(0))

    found = told(subscriptions, Party(viewers=[user(0)], ruling=READABLE))

    wordings = found.shared[0].asked.wordings(Operation.INSERT)
    assert [(each.ids, each.select) for each in wordings] == [((1,), None), ((2,), ("room",))]


def test_a_party_that_was_not_ruled_on_yet_is_asked_about() -> None:
    subscriptions = Subscriptions()
    asked = binding(1, table="visits")
    subscription = subscribe(subscriptions, asked, claims=user(0))
    subscribe(subscriptions, asked, claims=user(1))

    found = told(subscriptions, Party(viewers=[user(0)]))

    assert (found.pairs, found.shared) == ([(subscription, asked)], [])


def test_who_is_new_is_asked_about_whatever_is_told_of_it() -> None:
    subscriptions = Subscriptions()
    asked = binding(1, table="visits")
    newcomer = subscribe(subscriptions, asked, claims=user(10))

    found = told(subscriptions, Party(viewers=[user(10)], ruling=READABLE))

    assert (found.pairs, found.shared) == ([(newcomer, asked)], [])


@pytest.mark.parametrize(
    "sibling",
    [only("room", b"a", number=2), binding(2, schema="*"), binding(2)],
    ids=["a filter", "every schema", "every table"],
)
def test_what_another_binding_gets_of_the_change_is_put_together_with_it(sibling: Binding) -> None:
    subscriptions = Subscriptions()
    asked = binding(1, table="visits")
    subscription = subscribe(subscriptions, asked, sibling, claims=user(0))

    found = told(subscriptions, Party(viewers=[user(0)], ruling=READABLE))

    assert found.shared == []
    assert set(found.pairs) == {(subscription, asked), (subscription, sibling)}


def test_a_filter_that_is_no_equality_has_yet_to_be_judged() -> None:
    subscriptions = Subscriptions()
    condition = Condition(column="room", operator=Operator.GT, value="a")
    asked = replace(binding(1, table="visits"), conditions=(condition,))
    subscription = subscribe(subscriptions, asked, claims=user(0))

    found = told(subscriptions, Party(viewers=[user(0)], ruling=READABLE))

    assert (found.pairs, found.shared) == ([(subscription, asked)], [])


def test_who_asks_only_for_other_operations_shares_nothing() -> None:
    subscriptions = Subscriptions()
    subscribe(subscriptions, binding(1, event="DELETE", table="visits"), claims=user(0))

    found = told(subscriptions, Party(viewers=[user(0)], ruling=READABLE))

    assert len(found) == 0


@pytest.mark.parametrize(
    ("xid", "is_due"),
    [(3, False), (4, True), (5, False), (6, True)],
    ids=["before all that ran", "running", "ended before", "begun later"],
)
def test_what_a_subscription_has_seen_is_none_of_its_business(xid: int, *, is_due: bool) -> None:
    subscriptions = Subscriptions()
    asked = binding(1, table="visits")
    subscription = subscribe(subscriptions, asked, claims=user(0))
    filtering = subscribe(subscriptions, only("room", b"a", number=2), claims=user(0))
    subscription.seen = filtering.seen = Snapshot.parse("4:6:4", Lsn(100))

    told(subscriptions)  # so that they are not new any more
    party = Party(viewers=[user(0)], ruling=READABLE)
    found = subscriptions.interested(change(), transaction(xid=xid), lambda: [party])

    assert [list(each.subscriptions) for each in found.shared] == is_due * [[subscription]]
    assert [each for each, _ in found.pairs] == is_due * [filtering]


def test_whatever_commits_after_a_subscription_is_its_business() -> None:
    subscriptions = Subscriptions()
    subscription = subscribe(subscriptions, binding(1, table="visits"))
    subscription.seen = Snapshot.parse("4:4:", Lsn(100))

    found = subscriptions.interested(change(), transaction(commit_lsn=100, xid=1))

    assert [each for each, _ in found.pairs] == [subscription]


def test_ids_of_transactions_are_wanted_as_long_as_somebody_asks_for_them() -> None:
    subscriptions = Subscriptions()
    subscribe(subscriptions, binding(1))
    assert not subscriptions.want_xids

    asking = subscribe(subscriptions, replace(binding(2), has_xid=True))
    assert subscriptions.want_xids

    for _ in range(2):
        subscriptions.remove(asking)
    assert not subscriptions.want_xids


def test_a_new_identity_is_new_to_the_judge_and_counted() -> None:
    subscriptions = Subscriptions()
    asked = binding(1, table="visits")
    subscription = subscribe(subscriptions, asked, claims=user(0))
    before = told(subscriptions, Party(viewers=[user(0)], ruling=READABLE))

    subscriptions.change_claims(subscription, user(11))

    after = told(subscriptions, Party(viewers=[user(0)], ruling=READABLE))
    assert before.renewal_count != after.renewal_count
    assert [list(each.subscriptions) for each in before.shared] == [[subscription]]
    assert before.shared[0].pairs(Operation.INSERT) == [(subscription, asked)]
    assert (after.pairs, after.shared) == ([(subscription, asked)], [])


def test_a_warning_is_given_once() -> None:
    channel = Channel()
    subscription = Subscription(channel, [binding(1)], ANON)

    for message in ("first", "second", "first"):
        subscription.warn_once(message)

    assert channel.warnings == ["first", "second"]
