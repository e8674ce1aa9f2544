"""What becomes of the rows that a `LiveAppointments` holds, and the queue to its consumer."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from slotcast_client.appointments import Appointment


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All rows as they are now; whatever was said before is in them or gone."""

    rows: Mapping[UUID, Appointment]


@dataclass(frozen=True, slots=True)
class Inserted:
    """A row has come: it is new, moved here, or has become visible."""

    new: Appointment


@dataclass(frozen=True, slots=True)
class Updated:
    """A row is different now; *old* is what was held until then."""

    old: Appointment
    new: Appointment


@dataclass(frozen=True, slots=True)
class Deleted:
    """A row has gone: it is deleted, moved away, or no longer visible."""

    old: Appointment


RowEvent: TypeAlias = Inserted | Updated | Deleted
Event: TypeAlias = Snapshot | RowEvent


class EventQueue:
    """
    Events that the consumer has yet to read.

    It begins with a snapshot. When it overflows, it begins anew: the events that wait are
    replaced by one snapshot, which is taken when the consumer gets to it and so holds
    everything up to then.

    Args:
        rows: The rows as they are at any moment.
        pending_limit: Most that wait.
    """

    def __init__(self, rows: Mapping[UUID, Appointment], *, pending_limit: int) -> None:
        self._rows = rows
        self._pending_limit = pending_limit
        self._events: deque[RowEvent] = deque()
        self._is_whole = True

    def put(self, event: RowEvent) -> None:
        """Add an event, which *rows* show already."""
        if self._is_whole:
            return
        if len(self._events) < self._pending_limit:
            self._events.append(event)
        else:
            self._events.clear()
            self._is_whole = True

    def take(self) -> Event | None:
        """Take the next event; None if none waits."""
        if self._is_whole:
            self._is_whole = False
            return Snapshot(dict(self._rows))
        return self._events.popleft() if self._events else None
