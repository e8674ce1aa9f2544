"""
Who asked for which changes.

A `Subscription` is one channel's interest: its bindings, its claims, and how to reach it.
`Subscriptions` finds those that a change may concern: by the table's name first, wildcards
included, then by the binding's event. Filters and policies come later, and only for these.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from slotcast.changes import Operation, Relation
    from slotcast.claims import Claims
    from slotcast.fanout.filters import Conditions
    from slotcast.lsn import Lsn

ANY: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """
    One entry of a join's `postgres_changes`.

    Attributes:
        id: What clients know it by; never zero.
        event: `ANY`, or the one operation asked for.
        schema: A schema's name, or `ANY`.
        table: A table's name, or `ANY`.
        conditions: Its filter; empty lets every row through.
        select: Columns asked for besides the key's, or None for all.
    """

    id: int
    event: str
    schema: str
    table: str
    conditions: Conditions
    select: tuple[str, ...] | None

    def wants(self, operation: Operation) -> bool:
        """Whether it asks for changes of this kind."""
        return self.event in (ANY, operation)


class Recipient(Protocol):
    """The channel behind a subscription."""

    @property
    def encoding(self) -> Hashable:
        """Recipients of one encoding get equal bytes for equal arguments of `frame`."""
        ...

    def frame(self, ids: Sequence[int], data: bytes) -> bytes:
        """Make the WebSocket frame that brings *data*, a JSON object, to bindings *ids*."""
        ...

    def send(self, frame: bytes, /) -> None:
        """Send a frame; never waits, never raises."""
        ...

    def warn(self, message: str) -> None:
        """Tell the client that it does not get something, and why."""
        ...


class Subscription:
    """
    One channel's interest in changes.

    Attributes:
        recipient: Who gets them.
        bindings: What they are about, at least one.
        claims: Who it is judged as; replaced when the client shows a new token.
        since: Changes that were committed before are none of its business.
    """

    __slots__ = ("bindings", "claims", "recipient", "since", "warned")

    def __init__(self, recipient: Recipient, bindings: Sequence[Binding], claims: Claims) -> None:
        self.recipient = recipient
        self.bindings = tuple(bindings)
        self.claims = claims
        self.since: Lsn | None = None
        self.warned: set[str] = set()

    def warn_once(self, message: str) -> None:
        """Tell the client something, unless it was told already."""
        if message not in self.warned:
            self.warned.add(message)
            self.recipient.warn(message)


class Subscriptions:
    """All subscriptions of a process, found by table."""

    def __init__(self) -> None:
        self._by_table: defaultdict[tuple[str, str], dict[Subscription, list[Binding]]] = (
            defaultdict(dict)
        )
        self._all: set[Subscription] = set()

    def __len__(self) -> int:
        return len(self._all)

    def add(self, subscription: Subscription) -> None:
        """Let *subscription* be found; adding it again does nothing."""
        self._all.add(subscription)
        for binding in subscription.bindings:
            bindings = self._by_table[binding.schema, binding.table].setdefault(subscription, [])
            if binding not in bindings:
                bindings.append(binding)

    def remove(self, subscription: Subscription) -> None:
        """Let *subscription* not be found any more; it may be gone already."""
        self._all.discard(subscription)
        for binding in subscription.bindings:
            key = (binding.schema, binding.table)
            found = self._by_table.get(key)
            if found is not None:
                found.pop(subscription, None)
                if not found:
                    del self._by_table[key]

    def interested(
        self, relation: Relation, operation: Operation
    ) -> Iterator[tuple[Subscription, Binding]]:
        """Find the bindings that ask for changes of this kind on this table."""
        for schema in (relation.schema, ANY):
            for table in (relation.name, ANY):
                for subscription, bindings in self._by_table.get((schema, table), {}).items():
                    for binding in bindings:
                        if binding.wants(operation):
                            yield subscription, binding
