"""
Who asked for which changes.

A `Subscription` is one channel's interest: its bindings, its claims, and how to reach it.
`Subscriptions` finds those that a change may concern: by the table's name first, wildcards
included, then, where a filter lets only a few values of a column through, by the row's value.
So the cost of a change follows those it may concern, however many asked for other rows. The
rest of the filters, and the policies, come later and only for these.

Most subscriptions have no filters, and what they get of a change follows from what the judge
tells at once. They are found as `Shared`: one object for all who get the same bytes, so that a
change for thousands costs each of them little more than the sending.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias
from weakref import WeakValueDictionary

from slotcast.changes import UNCHANGED, Operation

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Container,
        Iterable,
        Iterator,
        Sequence,
    )

    from slotcast.changes import Change, Relation, TransactionSlice
    from slotcast.claims import Claims
    from slotcast.fanout.filters import Conditions
    from slotcast.snapshots import Snapshot
    from slotcast.verdicts import Party, Ruling

ANY: Final = "*"

Content: TypeAlias = "tuple[tuple[str, ...] | None, bool]"
"""What a binding gets of changes: its `select` and its `has_xid`."""


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
        has_xid: Whether changes bring the id of their transaction.
        equality: What *conditions* say of one column, where that narrows the rows down.
    """

    id: int
    event: str
    schema: str
    table: str
    conditions: Conditions
    select: tuple[str, ...] | None
    has_xid: bool = False
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

    def frame(self, ids: tuple[int, ...], data: bytes) -> bytes:
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
        seen: Transactions that this shows are none of its business.
    """

    __slots__ = ("bindings", "claims", "recipient", "seen", "warned")

    def __init__(self, recipient: Recipient, bindings: Sequence[Binding], claims: Claims) -> None:
        self.recipient = recipient
        self.bindings = tuple(bindings)
        self.claims = claims
        self.seen: Snapshot | None = None
        self.warned: set[str] = set()

    def warn_once(self, message: str) -> None:
        """Tell the client something, unless it was told already."""
        if message not in self.warned:
            self.warned.add(message)
            self.recipient.warn(message)


@dataclass(frozen=True, slots=True, eq=False)
class Wording:
    """
    What decides, besides a change and a viewer's rights, which bytes a channel gets.

    Attributes:
        encoding: See `Recipient.encoding`.
        select: See `Binding.select`.
        has_xid: See `Binding.has_xid`.
        ids: The bindings'.
    """

    encoding: Hashable
    select: tuple[str, ...] | None
    has_xid: bool
    ids: tuple[int, ...]


class Asked:
    """
    What one subscription asks of one table or wildcard; the same object for all who ask the same.

    Attributes:
        bindings: At least one, without equalities.
        is_plain: Whether they let every row through, and are all that a subscription asks of a
            change that they fit.
    """

    __slots__ = ("__weakref__", "_encoding", "_wordings", "bindings", "is_plain")

    def __init__(
        self, encoding: Hashable, bindings: tuple[Binding, ...], *, is_plain: bool
    ) -> None:
        self.bindings = bindings
        self.is_plain = is_plain
        self._encoding = encoding
        self._wordings: dict[Operation, tuple[Wording, ...]] = {}

    def wordings(self, operation: Operation) -> tuple[Wording, ...]:
        """Tell in which ways a subscription gets a change that it may see."""
        found = self._wordings.get(operation)
        if found is None:
            ids: dict[Content, tuple[int, ...]] = {}
            for binding in self.bindings:
                if binding.wants(operation):
                    content = (binding.select, binding.has_xid)
                    ids[content] = (*ids.get(content, ()), binding.id)
            found = tuple([Wording(self._encoding, *content, ids[content]) for content in ids])
            self._wordings[operation] = found
        return found

    def pairs(
        self, subscriptions: Iterable[Subscription], operation: Operation
    ) -> list[tuple[Subscription, Binding]]:
        """Pair *subscriptions* that ask this with their bindings for changes of this kind."""
        wanted = [binding for binding in self.bindings if binding.wants(operation)]
        return [(subscription, binding) for subscription in subscriptions for binding in wanted]


@dataclass(frozen=True, slots=True)
class Shared:
    """
    Plain subscriptions that get the same bytes of a change.

    Attributes:
        asked: What all of them ask.
        subscriptions: Which.
        ruling: What all of them may see of the change.
        old_ruling: Of its old image; see `slotcast.verdicts.Party`.
    """

    asked: Asked
    subscriptions: Sequence[Subscription]
    ruling: Ruling
    old_ruling: Ruling | None

    def pairs(self, operation: Operation) -> list[tuple[Subscription, Binding]]:
        """Give their bindings for changes of this kind, as if they had not been ruled on."""
        return self.asked.pairs(self.subscriptions, operation)


@dataclass(slots=True)
class Interested:
    """
    Whom a change may concern.

    Attributes:
        pairs: Bindings whose viewers have yet to be ruled on, each once.
        shared: Those on whom was ruled. What was told of them is of no use any more when
            `Subscriptions.renewal_count` is another one.
        renewal_count: What that was.
    """

    renewal_count: int
    pairs: list[tuple[Subscription, Binding]] = field(
        default_factory=list["tuple[Subscription, Binding]"]
    )
    shared: list[Shared] = field(default_factory=list[Shared])

    def __len__(self) -> int:
        return len(self.pairs) + sum(len(each.subscriptions) for each in self.shared)


_Bindings: TypeAlias = "dict[Subscription, list[Binding]]"
_Asking: TypeAlias = "dict[Subscription, Asked]"
_Parties: TypeAlias = "Callable[[], Sequence[Party] | None]"

_NOTHING: Final[_Asking] = {}


def _nobody_known() -> None:
    return None


class _Interest:
    """The bindings that name one table, or one wildcard."""

    __slots__ = ("_acquainted_with", "_by_claims", "_by_value", "_strangers")

    def __init__(self) -> None:
        self._by_value: dict[tuple[str, int], dict[bytes, _Bindings]] = {}
        self._by_claims: dict[Claims, _Asking] = {}
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

    def add(self, subscription: Subscription, asked: Asked) -> None:
        """Keep what a subscription asks of all rows."""
        claims = subscription.claims
        if claims not in self._by_claims:
            self._by_claims[claims] = {}
            self._strangers[claims] = None
        self._by_claims[claims][subscription] = asked

    def remove(self, subscription: Subscription) -> None:
        """Keep no longer what a subscription asks of all rows."""
        claims = subscription.claims
        asking = self._by_claims.get(claims)
        if asking is not None:
            asking.pop(subscription, None)
            if not asking:
                del self._by_claims[claims]
                self._strangers.pop(claims, None)

    def add_equality(
        self, subscription: Subscription, binding: Binding, equality: Equality
    ) -> None:
        """Keep *binding* under every value that it lets through."""
        values = self._by_value.setdefault((equality.column, equality.type_oid), {})
        for text in equality.texts:
            values.setdefault(text, {}).setdefault(subscription, []).append(binding)

    def remove_equality(self, subscription: Subscription, equality: Equality) -> None:
        """Keep no longer what a subscription asks of some values, and nothing that is empty."""
        key = (equality.column, equality.type_oid)
        values = self._by_value.get(key, {})
        for text in equality.texts:
            bindings = values.get(text)
            if bindings is not None:
                bindings.pop(subscription, None)
                if not bindings:
                    del values[text]
        if not values:
            self._by_value.pop(key, None)

    def find(
        self,
        change: Change,
        transaction: TransactionSlice,
        parties: _Parties,
        found: Interested,
    ) -> None:
        """Add to *found* the bindings that a change may match, of those who may see it."""
        xid, commit_lsn = transaction.xid, transaction.commit_lsn
        operation = change.operation
        for asking, party in self._of_parties(change.relation, parties):
            for asked, all_ in asking.items():
                subscriptions = [
                    each
                    for each in all_
                    if (seen := each.seen) is None
                    or commit_lsn >= seen.until
                    or not seen.shows(xid, commit_lsn)
                ]
                if party is None or party.ruling is None or not asked.is_plain:
                    found.pairs += asked.pairs(subscriptions, operation)
                elif subscriptions and asked.wordings(operation):
                    shared = Shared(asked, subscriptions, party.ruling, party.old_ruling)
                    found.shared.append(shared)
        for bindings in self._of_values(change):
            for subscription, kept in bindings.items():
                if subscription.seen is None or not subscription.seen.shows(xid, commit_lsn):
                    found.pairs += [(subscription, each) for each in kept if each.wants(operation)]

    def _of_parties(
        self, relation: Relation, parties: _Parties
    ) -> Iterator[tuple[dict[Asked, list[Subscription]], Party | None]]:
        """Find who asks for all rows, party by party; None is that of whom nothing is known."""
        by_claims = self._by_claims
        if not by_claims:
            return
        known = parties() if self._acquainted_with == relation.oid else None
        if known is None:
            yield _gathered(by_claims, by_claims), None
            return
        strangers = self._strangers
        if strangers:
            yield _gathered(by_claims, strangers), None
        for party in known:
            viewers = party.viewers
            if strangers:
                viewers = [claims for claims in viewers if claims not in strangers]
            yield _gathered(by_claims, viewers), party

    def _of_values(self, change: Change) -> Iterator[_Bindings]:
        """Find the bindings for certain values that a row may have."""
        image = (change.old if change.operation is Operation.DELETE else change.new) or ()
        for (name, type_oid), values in self._by_value.items():
            place = _place(change.relation, name, type_oid)
            value = UNCHANGED if place is None else image[place]
            if isinstance(value, bytes):
                if value in values:
                    yield values[value]
            elif value is UNCHANGED:  # it could be anything
                yield _merged(values.values())


def _gathered(
    by_claims: dict[Claims, _Asking], viewers: Iterable[Claims]
) -> dict[Asked, list[Subscription]]:
    """Put together who of *viewers* ask the same."""
    gathered: defaultdict[Asked, list[Subscription]] = defaultdict(list)
    for claims in viewers:
        for subscription, asked in by_claims.get(claims, _NOTHING).items():
            gathered[asked].append(subscription)
    return gathered


class Subscriptions:
    """
    All subscriptions of a process, found by table and value, and by who may see the row.

    Attributes:
        renewal_count: How often one of them became somebody else's.
    """

    def __init__(self) -> None:
        self.renewal_count = 0
        self._by_table: defaultdict[tuple[str, str], _Interest] = defaultdict(_Interest)
        self._all: set[Subscription] = set()
        self._xid_count = 0
        self._asked = WeakValueDictionary[tuple[Hashable, tuple[Binding, ...], bool], Asked]()

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, subscription: Subscription) -> bool:
        return subscription in self._all

    @property
    def want_xids(self) -> bool:
        """Whether any of them asked for the ids of transactions."""
        return self._xid_count > 0

    @property
    def table_count(self) -> int:
        """How many tables and wildcards somebody asked for."""
        return len(self._by_table)

    def add(self, subscription: Subscription) -> None:
        """Let *subscription* be found; adding it again does nothing."""
        if subscription in self._all:
            return
        self._all.add(subscription)
        self._xid_count += _wants_xids(subscription)
        by_table = _by_table(subscription)
        is_alone = len(by_table) == 1 or not any(ANY in names for names in by_table)
        for names, bindings in by_table.items():
            interest = self._by_table[names]
            for binding in bindings:
                if binding.equality is not None:
                    interest.add_equality(subscription, binding, binding.equality)
            everything = tuple([each for each in bindings if each.equality is None])
            if everything:
                is_plain = (
                    is_alone
                    and len(everything) == len(bindings)
                    and not any(each.conditions for each in everything)
                )
                interest.add(subscription, self._same(subscription, everything, is_plain=is_plain))

    def _same(
        self, subscription: Subscription, bindings: tuple[Binding, ...], *, is_plain: bool
    ) -> Asked:
        """Give the one object for all who ask the same."""
        encoding = subscription.recipient.encoding
        key = (encoding, bindings, is_plain)
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = Asked(encoding, bindings, is_plain=is_plain)
        return asked

    def remove(self, subscription: Subscription) -> None:
        """Let *subscription* not be found any more; it may be gone already."""
        if subscription in self._all:
            self._all.remove(subscription)
            self._xid_count -= _wants_xids(subscription)
        for names, bindings in _by_table(subscription).items():
            interest = self._by_table.get(names)
            if interest is not None:
                interest.remove(subscription)
                for binding in bindings:
                    if binding.equality is not None:
                        interest.remove_equality(subscription, binding.equality)
                if not interest:
                    del self._by_table[names]

    def change_claims(self, subscription: Subscription, claims: Claims) -> None:
        """Let *subscription* be somebody else's."""
        self.renewal_count += 1
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
        self, change: Change, transaction: TransactionSlice, parties: _Parties = _nobody_known
    ) -> Interested:
        """
        Find the bindings that a change may concern.

        Their filters have yet to be judged: what is left out are only bindings of other
        tables and operations, those that cannot match the row's values, and those of
        viewers who may not see it.

        Args:
            change: The change.
            transaction: Of which it is one.
            parties: Gives all who may see the row of those whom the judge has ruled on
                before (see `acquaint`), or None for anybody.
        """
        found = Interested(self.renewal_count)
        if not self._all:
            return found
        for schema in (change.relation.schema, ANY):
            for table in (change.relation.name, ANY):
                interest = self._by_table.get((schema, table))
                if interest is not None:
                    interest.find(change, transaction, parties, found)
        return found


def _by_table(subscription: Subscription) -> dict[tuple[str, str], list[Binding]]:
    """Put the bindings of a subscription together that name the same table, each once."""
    found: defaultdict[tuple[str, str], list[Binding]] = defaultdict(list)
    for binding in dict.fromkeys(subscription.bindings):
        found[binding.schema, binding.table].append(binding)
    return found


def _wants_xids(subscription: Subscription) -> bool:
    return any(binding.has_xid for binding in subscription.bindings)


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
