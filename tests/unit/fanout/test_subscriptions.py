from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slotcast.changes import Operation, Relation, ReplicaIdentity
from slotcast.claims import Claims
from slotcast.fanout.subscriptions import Binding, Subscription, Subscriptions

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


def relation(schema: str, name: str) -> Relation:
    return Relation(
        oid=1, schema=schema, name=name, replica_identity=ReplicaIdentity.DEFAULT, columns=()
    )


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

    found = list(subscriptions.interested(relation("public", "visits"), Operation.INSERT))

    assert found == ([(subscription, asked)] if is_found else [])


def test_only_bindings_of_the_operation_are_found() -> None:
    subscriptions = Subscriptions()
    inserts, everything = binding(1, event="INSERT"), binding(2)
    subscription = subscribe(subscriptions, inserts, binding(3, event="DELETE"), everything)

    found = list(subscriptions.interested(relation("public", "visits"), Operation.INSERT))

    assert found == [(subscription, inserts), (subscription, everything)]


def test_adding_and_removing_twice_changes_nothing() -> None:
    subscriptions = Subscriptions()
    subscription = subscribe(subscriptions, binding(1))
    other = subscribe(subscriptions, binding(1))
    subscriptions.add(subscription)

    subscriptions.remove(subscription)
    subscriptions.remove(subscription)

    found = list(subscriptions.interested(relation("public", "visits"), Operation.UPDATE))
    assert found == [(other, binding(1))]


def test_a_warning_is_given_once() -> None:
    channel = Channel()
    subscription = Subscription(channel, [binding(1)], ANON)

    for message in ("first", "second", "first"):
        subscription.warn_once(message)

    assert channel.warnings == ["first", "second"]
