"""
Facts: what policies ask for that does not depend on the row, kept for each viewer.

PostgreSQL evaluates a fact, as the viewer's role and with the viewer's claims. From then on
the changes of the tables it was read from keep it right, in commit order: where the rows that
it is made of are known by their key, each changed row is judged by itself and its
contribution put in or taken out; otherwise the fact is asked for again.

A query sees a snapshot, the stream is at a position of the log. A fact remembers the snapshot
that it was read in: transactions which that shows are not applied a second time, and all
others are, in their order. So it is as of the commit that the stream is at, unless it was
asked for again while later commits could be seen already.

Each fact is indexed by its values, so that the viewers whom a row concerns are looked up.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from slotcast.changes import Absent, Operation, ReplicaIdentity
from slotcast.policies.rules import Key, Undecided, row_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from slotcast.changes import Change, Image, Relation
    from slotcast.claims import Claims
    from slotcast.lsn import Lsn
    from slotcast.policies.rules import Operand, Rule, Truth
    from slotcast.snapshots import Snapshot

K = TypeVar("K")

FactId: TypeAlias = "tuple[str, bool, bool, str]"
"""What makes two facts the same one."""

RowId: TypeAlias = "tuple[bytes, ...]"
"""The primary key of a row that a fact was read from, in text form."""

READ_FACTS: Final = """
select * from slotcast.facts(
    %s,
    array(select jsonb_array_elements_text(%s::jsonb)),
    array(select jsonb_array_elements_text(%s::jsonb)),
    %s, %s, %s::bigint[])
"""
"""What facts are for viewers; takes the parameters that `reading` gives."""

ANSWERS_KEPT: Final = 10_000
"""How many answers of PostgreSQL about one expression are kept."""

_WITH_PRIMARY_KEY: Final = (ReplicaIdentity.DEFAULT, ReplicaIdentity.FULL)


class Viewer:
    """
    Everybody with the same claims.

    Attributes:
        claims: The claims.
        user_count: How many subscriptions have them.
        facts: What is known of them.
    """

    __slots__ = ("claims", "facts", "user_count")

    def __init__(self, claims: Claims) -> None:
        self.claims = claims
        self.user_count = 0
        self.facts: set[Fact] = set()


class Values:
    """
    What a fact is for one viewer.

    Attributes:
        rows: For each row that it is made of, what that contributes; None for NULL.
        is_null: Whether it is NULL as a whole, as an array may be.
        snapshot: What it was read in.
    """

    __slots__ = ("_counts", "is_null", "null_count", "rows", "snapshot")

    def __init__(
        self, rows: dict[RowId, Key | None], snapshot: Snapshot, *, is_null: bool = False
    ) -> None:
        self.rows = rows
        self.is_null = is_null
        self.snapshot = snapshot
        self.null_count = 0
        self._counts: dict[Key, int] = {}
        for key in rows.values():
            self._count(key, 1)

    def __contains__(self, key: Key) -> bool:
        return key in self._counts

    def __iter__(self) -> Iterator[Key]:
        return iter(self._counts)

    @property
    def has_null(self) -> bool:
        """Whether NULL is among the values."""
        return self.null_count > 0

    @property
    def is_empty(self) -> bool:
        """Whether there is no value, not even NULL."""
        return not self.rows

    def sole(self) -> bytes | None:
        """
        Give the one value; None for NULL or none.

        Raises:
            Undecided: There are several.
        """
        if len(self.rows) > 1:
            raise Undecided
        for key in self.rows.values():
            if isinstance(key, tuple):
                raise Undecided
            return key
        return None

    def put(self, row: RowId, key: Key | None) -> None:
        """Let *row* contribute *key*."""
        self.take(row)
        self.rows[row] = key
        self._count(key, 1)

    def take(self, row: RowId) -> None:
        """Let *row* contribute nothing any more."""
        if row in self.rows:
            self._count(self.rows.pop(row), -1)

    def _count(self, key: Key | None, step: int) -> None:
        if key is None:
            self.null_count += step
            return
        count = self._counts.get(key, 0) + step
        if count:
            self._counts[key] = count
        else:
            del self._counts[key]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """
    How the rows of one table make a fact.

    Attributes:
        relation: The table, with the columns that all places refer to.
        identity: Places of its primary key.
        keys: What a row contributes.
        rule: Which rows do.
        link: A column and a fact whose value it has in the rows that count, if there is one:
            so a row leads to the viewers it concerns.
    """

    relation: Relation
    identity: tuple[int, ...]
    keys: tuple[Operand, ...]
    rule: Rule
    link: tuple[int, Fact] | None


@dataclass(slots=True, eq=False)
class Fact:
    """
    One thing that policies ask for, and what it is for all viewers who were asked about.

    Attributes:
        query: Gives one text: the value, or for a set a JSON array of its rows, each the
            array of its primary key's and of its own values.
        is_set: Whether it is a set.
        as_server: Whether the query runs as the server's own role, not the viewer's.
        null_if_empty: Whether it is NULL as a whole when there are no rows.
        tables: OIDs of the tables it depends on.
        definitions: A digest of what else it depends on.
        source: How changed rows change it, if that is known.
        derived: Facts that are read through this one.
    """

    query: str
    is_set: bool
    as_server: bool
    null_if_empty: bool
    tables: frozenset[int]
    definitions: str
    source: Source | None = None
    derived: list[Fact] = field(default_factory=list["Fact"])
    values: dict[Viewer, Values] = field(default_factory=dict["Viewer", "Values"])
    by_value: defaultdict[Key, set[Viewer]] = field(
        default_factory=lambda: defaultdict[Key, set[Viewer]](set)
    )
    filled: set[Viewer] = field(default_factory=set["Viewer"])
    failed: set[Viewer] = field(default_factory=set["Viewer"])
    _by_row: defaultdict[RowId, set[Viewer]] = field(
        default_factory=lambda: defaultdict[RowId, set[Viewer]](set)
    )

    @property
    def identity(self) -> FactId:
        """What makes two facts the same one."""
        return (self.query, self.as_server, self.null_if_empty, self.definitions)

    def known(self, viewer: Viewer) -> Values:
        """
        Give what the fact is for *viewer*.

        Raises:
            Undecided: It was not asked for, or PostgreSQL raised an error.
        """
        values = self.values.get(viewer)
        if values is None:
            raise Undecided
        return values

    def needs(self, viewer: Viewer) -> bool:
        """Tell whether PostgreSQL has to be asked what the fact is for *viewer*."""
        return viewer not in self.values and viewer not in self.failed

    def learn(self, viewer: Viewer, values: Values) -> None:
        """Take what PostgreSQL said."""
        self.forget(viewer)
        viewer.facts.add(self)
        self.values[viewer] = values
        for key in values:
            self.by_value[key].add(viewer)
        if self.source is not None:
            for row in values.rows:
                self._by_row[row].add(viewer)
        if values.rows:
            self.filled.add(viewer)

    def fail(self, viewer: Viewer) -> None:
        """Note that PostgreSQL raised an error, or that there is too much to keep."""
        self.forget(viewer)
        viewer.facts.add(self)
        self.failed.add(viewer)

    def forget(self, viewer: Viewer) -> None:
        """Know nothing about *viewer* any more."""
        self.failed.discard(viewer)
        self.filled.discard(viewer)
        viewer.facts.discard(self)
        values = self.values.pop(viewer, None)
        if values is None:
            return
        for key in values:
            _discard(self.by_value, key, viewer)
        if self.source is not None:
            for row in values.rows:
                _discard(self._by_row, row, viewer)

    def holders(self) -> list[Viewer]:
        """List everybody about whom something is known."""
        return [*self.values, *self.failed]

    def apply(
        self, change: Change, xid: int, commit_lsn: Lsn, among: set[Viewer] | None = None
    ) -> set[Viewer]:
        """
        Follow a change of the table that the fact is read from.

        Args:
            change: The change.
            xid: Its transaction.
            commit_lsn: Where that was committed.
            among: Only for these viewers.

        Returns:
            The viewers for whom it is something else now, or has to be asked for again.
        """
        if self.source is None:
            return self.doubt(xid, commit_lsn, among)
        images = _images(change, self.source)
        if images is None:
            return self.doubt(xid, commit_lsn, among)
        old, new = images
        changed: set[Viewer] = set()
        before = None if old is None else _row_id(old, self.source)
        after = None if new is None else _row_id(new, self.source)
        if change.operation is Operation.UPDATE and before is None:
            before = after  # the key was kept
        for viewer in self._concerned(before, new):
            values = self.values.get(viewer)
            if (
                values is None
                or (among is not None and viewer not in among)
                or values.snapshot.shows(xid, commit_lsn)
            ):
                continue
            try:
                counts, key = self._contribution(new, viewer)
            except Undecided:
                self.forget(viewer)
                changed.add(viewer)
                continue
            if self._replace(viewer, values, before, (after, key) if counts else None):
                changed.add(viewer)
        return changed

    def empty(self, xid: int, commit_lsn: Lsn, among: set[Viewer] | None = None) -> set[Viewer]:
        """Follow that the table which the fact is read from was emptied; see `apply`."""
        if self.source is None:
            return self.doubt(xid, commit_lsn, among)
        changed: set[Viewer] = set()
        for viewer in set(self.filled if among is None else self.filled & among):
            values = self.values[viewer]
            if not values.snapshot.shows(xid, commit_lsn):
                for row in list(values.rows):
                    self._replace(viewer, values, row, None)
                changed.add(viewer)
        return changed

    def doubt(self, xid: int, commit_lsn: Lsn, among: set[Viewer] | None = None) -> set[Viewer]:
        """Forget what transaction *xid* may have made untrue; see `apply`."""
        doubted = {
            viewer
            for viewer, values in self.values.items()
            if not values.snapshot.shows(xid, commit_lsn)
        } | self.failed
        if among is not None:
            doubted &= among
        for viewer in doubted:
            self.forget(viewer)
        return doubted

    def _concerned(self, before: RowId | None, new: Image | None) -> Iterable[Viewer]:
        """Find the viewers to whom a row may count, or counted."""
        source = self.source
        if source is None or source.link is None:
            return list(self.values)
        concerned: set[Viewer] = set()
        if before is not None:
            concerned |= self._by_row.get(before, set())
        place, fact = source.link
        value = None if new is None else new[place]
        if isinstance(value, bytes):
            concerned |= fact.by_value.get(value, set())
        elif value is not None:
            return list(self.values)  # its value is not logged: it could be anybody's
        return concerned

    def _contribution(self, new: Image | None, viewer: Viewer) -> tuple[bool, Key | None]:
        """
        Tell whether a row contributes, and what.

        Raises:
            Undecided: Only PostgreSQL can tell.
        """
        source = self.source
        if source is None or new is None or source.rule.value(new, viewer) is not True:
            return False, None
        return True, row_key(source.keys, new, viewer)

    def _replace(
        self,
        viewer: Viewer,
        values: Values,
        before: RowId | None,
        after: tuple[RowId | None, Key | None] | None,
    ) -> bool:
        """Let a row contribute something else; returns whether that makes a difference."""
        former = (before in values.rows, values.rows.get(before) if before is not None else None)
        if before is not None and before in values.rows:
            key = values.rows[before]
            values.take(before)
            _discard(self._by_row, before, viewer)
            if key is not None and key not in values:
                _discard(self.by_value, key, viewer)
        if after is not None:
            row, key = after
            if row is None:
                raise AssertionError("a row image has its primary key")
            values.put(row, key)
            self._by_row[row].add(viewer)
            if key is not None:
                self.by_value[key].add(viewer)
        if values.rows:
            self.filled.add(viewer)
        else:
            self.filled.discard(viewer)
        return former != (after is not None, after[1] if after is not None else None)


@dataclass(slots=True, eq=False)
class Computed:
    """
    An immutable expression over one table's columns, and what it is for values met so far.

    Attributes:
        relation: The table.
        text: The expression in SQL.
        places: Of the columns that it needs.
    """

    relation: Relation
    text: str
    places: tuple[int, ...]
    _answers: dict[Image, Truth | Undecided] = field(
        default_factory=dict["Image", "Truth | Undecided"]
    )

    def known(self, image: Image) -> Truth:
        """
        Give what the expression is for *image*.

        Raises:
            Undecided: It was not asked for, or raises an error.
        """
        answer = self._answers.get(self._arguments(image), _UNASKED)
        if isinstance(answer, Undecided):
            raise answer
        return answer

    def needs(self, image: Image) -> bool:
        """Tell whether PostgreSQL has to be asked; where values are missing it is no use."""
        arguments = self._arguments(image)
        return arguments not in self._answers and not any(
            isinstance(value, Absent) for value in arguments
        )

    def learn(self, image: Image, letter: str) -> None:
        """Take what `slotcast.computed` said of *image*."""
        if len(self._answers) >= ANSWERS_KEPT:
            self._answers.clear()
        self._answers[self._arguments(image)] = _LETTERS.get(letter, _UNASKED)

    def _arguments(self, image: Image) -> Image:
        return tuple([image[place] for place in self.places])


_UNASKED: Final = Undecided()
_LETTERS: Final[dict[str, bool | None]] = {"t": True, "f": False, "n": None}


def reading(
    role: str,
    viewers: Iterable[Claims],
    facts: Sequence[Fact],
    *,
    search_path: str,
    after: Iterable[int],
) -> list[object]:
    """
    Give the parameters of `READ_FACTS`.

    Args:
        role: The role of all viewers.
        viewers: Who they are.
        facts: What is asked about each of them.
        search_path: Under which the functions of policies run.
        after: Ids of transactions whose effects have to be seen.
    """
    return [
        role,
        # Texts go as JSON, which is made fifty times faster than an array is.
        json.dumps([claims.document for claims in viewers]),
        json.dumps([fact.query for fact in facts]),
        [fact.as_server for fact in facts],
        search_path,
        list(after),
    ]


def _images(change: Change, source: Source) -> tuple[Image | None, Image | None] | None:
    """Give the images with the columns of *source*, or None if they do not tell the row."""
    places = column_places(change.relation, source.relation)
    if -1 in places or change.relation.replica_identity not in _WITH_PRIMARY_KEY:
        return None
    old = None if change.old is None else tuple(change.old[place] for place in places)
    new = None if change.new is None else tuple(change.new[place] for place in places)
    for image in (old, new):
        if image is not None and any(
            isinstance(image[place], Absent) or image[place] is None for place in source.identity
        ):
            return None
    return old, new


def column_places(given: Relation, wanted: Relation) -> tuple[int, ...]:
    """Tell where in images of *given* the columns of *wanted* are; -1 where they are not."""
    known = {(column.name, column.type_oid): n for n, column in enumerate(given.columns)}
    return tuple([known.get((column.name, column.type_oid), -1) for column in wanted.columns])


def _row_id(image: Image, source: Source) -> RowId:
    values = [image[place] for place in source.identity]
    return tuple(value for value in values if isinstance(value, bytes))


def _discard(index: dict[K, set[Viewer]], key: K, viewer: Viewer) -> None:
    """Take *viewer* out of *index*, and with the last one the key."""
    viewers = index.get(key)
    if viewers is not None:
        viewers.discard(viewer)
        if not viewers:
            del index[key]
