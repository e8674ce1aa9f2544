"""
Puts snapshots and the change stream together, without I/O and without a clock.

Theory of operation. The caller joins the stream first, and reads a snapshot when changes
are live. So every commit is in the snapshot, or comes on the stream, or both. Three things
remain to be told apart:

- *Both.* A row's age tells: what is not newer than what is held is known already. The age is the
  version, and before it the time of creation, since a row that is deleted and inserted anew
  under the same id begins with version 1 again. A row that has gone leaves a tombstone with
  its age, so that what the stream says late of it does not bring it back. Only an INSERT that
  was committed after the deletion does.
- *A snapshot that is older than what the stream said meanwhile.* `mark` is called before
  the snapshot is asked for. What the stream said of a row after the mark stands, since
  everything later will come on the stream too.
- *A snapshot that does not yet show what the stream said before.* PostgreSQL writes a commit
  to the log, which the stream reads, a moment before statements see it. A row whose last
  word on the stream is hardly older than the mark, and which the snapshot contradicts, is
  in doubt: it stays, and the caller reads another snapshot after `GRACE_S`.

Rows that are missing from a snapshot, and not in doubt, have gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from slotcast_client.changes import Delete, Insert, Update
from slotcast_client.events import Deleted, Inserted, Updated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from slotcast_client.appointments import Appointment
    from slotcast_client.changes import Change
    from slotcast_client.events import RowEvent
    from slotcast_client.scopes import Scope

GRACE_S: Final = 1.0
"""How long a commit that was streamed may stay invisible to statements."""

TOMBSTONES_KEPT: Final = 10_000


_Age: TypeAlias = "tuple[datetime, int]"


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment: the number of the stream's last word, and the caller's clock in seconds."""

    number: int
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """
    What a snapshot changed.

    Attributes:
        is_doubtful: Another one is needed, after `GRACE_S`.
    """

    events: list[RowEvent]
    is_doubtful: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tombstone:
    """*age* is the last known one, None if the stream did not tell."""

    age: _Age | None
    committed_at: datetime

    def covers(self, change: Insert | Update) -> bool:
        """Tell whether *change* was made before the row had gone."""
        if isinstance(change, Insert):
            return change.committed_at < self.committed_at
        if self.age is None:
            return change.committed_at <= self.committed_at
        return _age(change.new) <= self.age


class Store:
    """
    The rows of a scope.

    Attributes:
        rows: By id; read-only, and always current.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows: dict[UUID, Appointment] = {}
        self.rows: Mapping[UUID, Appointment] = MappingProxyType(self._rows)
        self._tombstones: dict[UUID, _Tombstone] = {}
        self._words: dict[UUID, Mark] = {}  # the stream's last of each row or tombstone
        self._word_count = 0

    def apply(self, change: Change, *, now_s: float) -> RowEvent | None:
        """
        Take what the stream says.

        Args:
            change: The next change.
            now_s: The caller's monotonic clock.

        Returns:
            What became of the rows; None for what was known already or is not of the scope.
        """
        identifier = change.id if isinstance(change, Delete) else change.new.id
        known = self._rows.get(identifier)
        # Also if it was known: whatever happens to the row later will be said, too.
        self._heard(identifier, now_s)
        match change:
            case Insert() | Update():
                if self._is_stale(change, known):
                    return None
                if self._scope.holds(change.new):
                    return self._hold(change.new)
                return self._bury(identifier, change.new, change.committed_at)
            case Delete(old=old):
                if known and old and _age(old) < _age(known):
                    return None  # the row was inserted anew since
                return self._bury(identifier, old or known, change.committed_at)
            case _:
                assert_never(change)

    def mark(self, *, now_s: float) -> Mark:
        """Note the moment, before a snapshot is asked for."""
        return Mark(self._word_count, now_s)

    def replace(self, snapshot: Iterable[Appointment], mark: Mark) -> Merged:
        """
        Take a snapshot.

        Args:
            snapshot: All rows of the scope, in any order.
            mark: From before it was asked for.
        """
        shown = {row.id: row for row in snapshot if self._scope.holds(row)}
        doubted = {
            identifier
            for identifier in self._words
            if self._is_recent(identifier, mark) and self._contradicts(identifier, shown)
        }
        gone = [identifier for identifier in self._rows if identifier not in shown]
        events: list[RowEvent] = []
        for identifier in (*gone, *shown):
            if identifier in doubted or self._is_newer(identifier, mark):
                continue
            self._words.pop(identifier, None)
            row = shown.get(identifier)
            event = self._drop(identifier) if row is None else self._hold(row)
            if event is not None:
                events.append(event)
        return Merged(events=events, is_doubtful=bool(doubted))

    def _is_stale(self, change: Insert | Update, known: Appointment | None) -> bool:
        if known is not None:
            return _age(change.new) <= _age(known)
        tombstone = self._tombstones.get(change.new.id)
        return tombstone is not None and tombstone.covers(change)

    def _hold(self, row: Appointment) -> RowEvent | None:
        known = self._rows.get(row.id)
        self._tombstones.pop(row.id, None)
        self._rows[row.id] = row
        if known is None:
            return Inserted(row)
        return Updated(known, row) if known != row else None

    def _drop(self, identifier: UUID) -> RowEvent | None:
        known = self._rows.pop(identifier, None)
        return Deleted(known) if known is not None else None

    def _bury(
        self, identifier: UUID, last: Appointment | None, committed_at: datetime
    ) -> RowEvent | None:
        # Also when the row is not held: a snapshot that is under way may hold it.
        self._tombstones.pop(identifier, None)
        age = None if last is None else _age(last)
        self._tombstones[identifier] = _Tombstone(age=age, committed_at=committed_at)
        if len(self._tombstones) > TOMBSTONES_KEPT:
            oldest = next(iter(self._tombstones))
            del self._tombstones[oldest]
            self._words.pop(oldest, None)
        return self._drop(identifier)

    def _heard(self, identifier: UUID, now_s: float) -> None:
        self._word_count += 1
        self._words[identifier] = Mark(self._word_count, now_s)

    def _is_newer(self, identifier: UUID, mark: Mark) -> bool:
        word = self._words.get(identifier)
        return word is not None and word.number > mark.number

    def _is_recent(self, identifier: UUID, mark: Mark) -> bool:
        """Tell whether a snapshot may not yet show the stream's last word, from before it."""
        word = self._words[identifier]
        return word.number <= mark.number and mark.at_s - word.at_s < GRACE_S

    def _contradicts(self, identifier: UUID, shown: Mapping[UUID, Appointment]) -> bool:
        """Tell whether a snapshot seems to be from before the stream's last word."""
        row, known = shown.get(identifier), self._rows.get(identifier)
        if known is not None:
            return row is None or _age(row) < _age(known)
        tombstone = self._tombstones.get(identifier)
        if row is None or tombstone is None:
            return False
        return tombstone.age is None or _age(row) <= tombstone.age


def _age(row: Appointment) -> _Age:
    return row.created_at, row.version
