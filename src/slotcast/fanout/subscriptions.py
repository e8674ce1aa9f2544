"""
Who asked for which changes.

A `Subscription` is one channel's interest: its bindings, its claims, and how to reach it.
`Subscriptions` finds those that a change may concern: by the table's name first, wildcards
included, then, where a filter lets only a few values of a column through, by the row's value.
So the cost of a change follows those it may concern, however many asked for other rows. The
rest of the filters, and the policies, come later and only for these.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from slotcast.changes import UNCHANGED, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Sequence

    from slotcast.changes import Change, Image, Relation
    from slotcast.claims import Claims
    from slotcast.fanout.filters import Conditions
    from slotcast.lsn import Lsn

ANY: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Equality:
    """
    What a filter says of one column: rows with any other value do not match.

    Attributes:
        column: The column's name.
        type_oid: Its type when the filter was checked; *texts* mean nothing in another.
        texts: The values' text forms, each the only one that its value has.
    """

    column: str
    type_oid: int
    texts: frozenset[bytes]


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
        equality: What *conditions* say of one column, where that narrows the rows down.
    """

    id: int
    event: str
    schema: str
    table: str
    conditions: Conditions
    select: tuple[str, ...] | None
    equality: Equality | None = None

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


def _everybody() -> None:
    return None


_Bindings: TypeAlias = "dict[Subscription, list[Binding]]"


class _Interest:
    """The bindings that name one table, or one wildcard."""

    __slots__ = ("_acquainted_with", "_by_claims", "_by_value", "_strangers")

    def __init__(self) -> None:
        self._by_value: dict[tuple[str, int], dict[bytes, _Bindings]] = {}
        self._by_claims: dict[Claims, _Bindings] = {}
        self._strangers: dict[Claims, None] = {}
        self._acquainted_with: int | None = None

    def __bool__(self) -> bool:
        return bool(self._by_claims or self._by_value)

    def acquaint(self, table: int, ruled: Container[Claims]) -> None:
        """Let viewers be known to the judge of *table*, which has *ruled* on them."""
        if self._acquainted_with != table:
            self._acquainted_with = table
            self._strangers = dict.fromkeys(self._by_claims)
        for claims in list(self._strangers):
            if claims in ruled:
                del self._strangers[claims]

    def add(self, subscription: Subscription, binding: Binding) -> None:
        """Keep *binding* under every value that it lets through."""
        for bindings in self._places(subscription, binding, make=True):
            kept = bindings.setdefault(subscription, [])
            if binding not in kept:
                kept.append(binding)

    def remove(self, subscription: Subscription, binding: Binding) -> None:
        """Keep *binding* no longer, and nothing that is empty."""
        for bindings in self._places(subscription, binding, make=False):
            bindings.pop(subscription, None)
        if binding.equality is None:
            if not self._by_claims.get(subscription.claims, True):
                del self._by_claims[subscription.claims]
                self._strangers.pop(subscription.claims, None)
        else:
            key = (binding.equality.column, binding.equality.type_oid)
            values = self._by_value.get(key, {})
            for text in binding.equality.texts:
                if not values.get(text, True):
                    del values[text]
            if not values:
                self._by_value.pop(key, None)

    def _places(
        self, subscription: Subscription, binding: Binding, *, make: bool
    ) -> list[_Bindings]:
        if binding.equality is None:
            claims = subscription.claims
            if make and claims not in self._by_claims:
                self._strangers[claims] = None
                return [self._by_claims.setdefault(claims, {})]
            return [self._by_claims[claims]] if claims in self._by_claims else []
        key = (binding.equality.column, binding.equality.type_oid)
        if make:
            values = self._by_value.setdefault(key, {})
            return [values.setdefault(text, {}) for text in binding.equality.texts]
        values = self._by_value.get(key, {})
        return [values[text] for text in binding.equality.texts if text in values]

    def found(
        self, relation: Relation, image: Image, audience: Callable[[], Iterable[Claims] | None]
    ) -> Iterator[_Bindings]:
        """Find the bindings that *image* may match, of those who may see it."""
        if self._by_claims:
            yield from self._of_audience(relation, audience)
        for (name, type_oid), values in self._by_value.items():
            place = _place(relation, name, type_oid)
            value = UNCHANGED if place is None else image[place]
            if isinstance(value, bytes):
                if value in values:
                    yield values[value]
            elif value is UNCHANGED:  # it could be anything
                yield _merged(values.values())

    def _of_audience(
        self, relation: Relation, audience: Callable[[], Iterable[Claims] | None]
    ) -> Iterator[_Bindings]:
        by_claims = self._by_claims
        members = audience() if self._acquainted_with == relation.oid else None
        if members is None:
            yield from by_claims.values()
            return
        strangers = self._strangers
        for claims in strangers:
            yield by_claims[claims]
        for claims in members:
            bindings = by_claims.get(claims)
            if bindings is not None and not (strangers and claims in strangers):
                yield bindings


class Subscriptions:
    """All subscriptions of a process, found by table and value, and by who may see the row."""

    def __init__(self) -> None:
        self._by_table: defaultdict[tuple[str, str], _Interest] = defaultdict(_Interest)
        self._all: set[Subscription] = set()

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, subscription: Subscription) -> bool:
        return subscription in self._all

    @property
    def table_count(self) -> int:
        """How many tables and wildcards somebody asked for."""
        return len(self._by_table)

    def add(self, subscription: Subscription) -> None:
        """Let *subscription* be found; adding it again does nothing."""
        self._all.add(subscription)
        for binding in subscription.bindings:
            self._by_table[binding.schema, binding.table].add(subscription, binding)

    def remove(self, subscription: Subscription) -> None:
        """Let *subscription* not be found any more; it may be gone already."""
        self._all.discard(subscription)
        for binding in subscription.bindings:
            key = (binding.schema, binding.table)
            interest = self._by_table.get(key)
            if interest is not None:
                interest.remove(subscription, binding)
                if not interest:
                    del self._by_table[key]

    def change_claims(self, subscription: Subscription, claims: Claims) -> None:
        """Let *subscription* be somebody else's."""
        is_kept = subscription in self._all
        if is_kept:
            self.remove(subscription)
        subscription.claims = claims
        if is_kept:
            self.add(subscription)

    def acquaint(self, relation: Relation, ruled: Container[Claims]) -> None:
        """Note for whom the judge has ruled on a row of *relation*."""
        interest = self._by_table.get((relation.schema, relation.name))
        if interest is not None:
            interest.acquaint(relation.oid, ruled)

    def interested(
        self, change: Change, audience: Callable[[], Iterable[Claims] | None] = _everybody
    ) -> list[tuple[Subscription, Binding]]:
        """
        Find the bindings that a change may concern, each once.

        Their filters have yet to be judged: what is left out are only bindings of other
        tables and operations, those that cannot match the row's values, and those of
        viewers outside of the audience.

        Args:
            change: The change.
            audience: Gives all who may see the row of those whom the judge has ruled on
                before (see `acquaint`), or None for anybody.
        """
        found: list[tuple[Subscription, Binding]] = []
        if not self._all:
            return found
        operation = change.operation
        image = change.old if operation is Operation.DELETE else change.new
        for schema in (change.relation.schema, ANY):
            for table in (change.relation.name, ANY):
                interest = self._by_table.get((schema, table))
                if interest is None:
                    continue
                for bindings in interest.found(change.relation, image or (), audience):
                    for subscription, kept in bindings.items():
                        found += [
                            (subscription, binding)
                            for binding in kept
                            if binding.event in (ANY, operation)
                        ]
        return found


def _merged(parts: Iterable[_Bindings]) -> _Bindings:
    """Put together what is kept under several values, each binding once."""
    merged: dict[Subscription, dict[Binding, None]] = {}
    for part in parts:
        for subscription, bindings in part.items():
            merged.setdefault(subscription, {}).update(dict.fromkeys(bindings))
    return {subscription: list(bindings) for subscription, bindings in merged.items()}


def _place(relation: Relation, name: str, type_oid: int) -> int | None:
    """Tell where in an image the column is, or None if it is not the one that was checked."""
    for place, column in enumerate(relation.columns):
        if column.name == name:
            return place if column.type_oid == type_oid else None
    return None
