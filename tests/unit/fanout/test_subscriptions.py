from __future__ import annotations

from dataclasses import replace
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
)
from slotcast.claims import Claims
from slotcast.fanout.subscriptions import Binding, Equality, Subscription, Subscriptions

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

ANON = Claims(role="anon", document='{"role":"anon"}')


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


def subscribe(subscriptions: Subscriptions, *bindings: Binding) -> Subscription:
    subscription = Subscription(Channel(), bindings, ANON)
    subscriptions.add(subscription)
    return subscription


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

    found = list(subscriptions.interested(change()))

    assert found == ([(subscription, asked)] if is_found else [])


def test_only_bindings_of_the_operation_are_found() -> None:
    subscriptions = Subscriptions()
    inserts, everything = binding(1, event="INSERT"), binding(2)
    subscription = subscribe(subscriptions, inserts, binding(3, event="DELETE"), everything)

    found = list(subscriptions.interested(change()))

    assert found == [(subscription, inserts), (subscription, everything)]


def test_adding_and_removing_twice_changes_nothing() -> None:
    subscriptions = Subscriptions()
    subscription = subscribe(subscriptions, binding(1))
    other = subscribe(subscriptions, binding(1))
    subscriptions.add(subscription)

    subscriptions.remove(subscription)
    subscriptions.remove(subscription)

    found = list(subscriptions.interested(change(Operation.UPDATE)))
    assert found == [(other, binding(1))]


@pytest.mark.parametrize("operation", Operation)
def test_a_filter_on_values_is_found_by_the_row_that_decides(operation: Operation) -> None:
    subscriptions = Subscriptions()
    hit, miss = only("room", b"a", b"b"), only("room", b"c")
    subscription = subscribe(subscriptions, hit, miss)

    assert list(subscriptions.interested(change(operation))) == [(subscription, hit)]


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

    found = list(subscriptions.interested(change(values=values)))

    assert found == ([(subscription, asked)] if is_found else [])


def test_a_column_of_another_type_or_none_any_more_narrows_nothing_down() -> None:
    subscriptions = Subscriptions()
    retyped, dropped = only("room", b"x"), only("gone", b"x", number=2)
    subscription = subscribe(subscriptions, retyped, dropped)

    found = set(subscriptions.interested(change(types=(UUID, UUID))))

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


def test_a_warning_is_given_once() -> None:
    channel = Channel()
    subscription = Subscription(channel, [binding(1)], ANON)

    for message in ("first", "second", "first"):
        subscription.warn_once(message)

    assert channel.warnings == ["first", "second"]
