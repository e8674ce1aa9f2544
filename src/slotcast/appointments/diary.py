"""
The demo's diary: who comes when.

It is made up from ids and dates alone, so that whoever makes it up again agrees. Days that are
further ahead have fewer visits, and never others: they fill up as they come closer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from random import Random
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date


_OPENS: Final = time(9)
_CLOSES: Final = time(18)
_CLOSES_ON_SATURDAY: Final = time(16)
_SATURDAY: Final = 6
_SUNDAY: Final = 7

_TRAINING_BEGINS: Final = time(15)
_TRAINING_EVERY_DAYS: Final = 9

_STEP_MINUTES: Final = 15
_GAPS_MINUTES: Final = (0, 0, 15, 15, 30, 60)
_LUNCH_BEGINS: Final = 12 * 60 + 15
_LUNCH_ENDS: Final = 13 * 60 + 15

_FULLEST: Final = 0.9
_EMPTIER_A_DAY: Final = 0.035
"""Share of the visits that a day has once it has come, and how much less each day before."""

_OUTCOMES: Final = ("completed",) * 15 + ("no_show", "cancelled")
_PROSPECTS: Final = ("confirmed",) * 12 + ("pending",) * 4 + ("cancelled",)
_CANCEL_REASONS: Final = ("I have caught a cold", "A meeting came up", None)
_NOTES: Final = (
    "My first time here",
    "May I bring my dog?",
    "Please not too short",
    *(None,) * 12,
)
_STAFF_NOTES: Final = (
    "Likes a coffee, black",
    "Sensitive skin: the mild shampoo",
    "Talk about the spring offer",
    *(None,) * 17,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A service that somebody gives, and how long that takes."""

    service_id: UUID
    duration_minutes: int
    buffer_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """
    Somebody comes.

    Attributes:
        id: Of the appointment.
        begins: Local time.
        service_id: Of the service.
        guest: Who comes, a number.
        outcome: The status once it is over.
        prospect: The status until then.
        cancel_reason: If it is cancelled.
        note: What the customer said.
        staff_note: What the customer must not read.
    """

    id: UUID
    begins: time
    service_id: UUID
    guest: int
    outcome: str
    prospect: str
    cancel_reason: str | None
    note: str | None
    staff_note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chair:
    """
    Somebody who is visited.

    Attributes:
        id: Theirs.
        offers: What they do.
        days_off: ISO weekdays on which they never work, besides Sunday.
        is_training: Whether they are away on some afternoons.
    """

    id: UUID
    offers: Sequence[Offer]
    days_off: frozenset[int] = frozenset()
    is_training: bool = False


def opening_hours(weekday: int, chair: Chair) -> tuple[time, time] | None:
    """Give the hours of an ISO weekday; None when closed."""
    if weekday == _SUNDAY or weekday in chair.days_off:
        return None
    return _OPENS, _CLOSES_ON_SATURDAY if weekday == _SATURDAY else _CLOSES


def training(day: date, chair: Chair) -> tuple[time, time] | None:
    """Give the hours of a working day that *chair* is away; None when they are not."""
    hours = opening_hours(day.isoweekday(), chair)
    is_away = chair.is_training and day.toordinal() % _TRAINING_EVERY_DAYS == 0
    if not is_away or hours is None:
        return None
    return _TRAINING_BEGINS, hours[1]


def visits(chair: Chair, day: date, *, days_ahead: int, guest_count: int) -> Iterator[Visit]:
    """
    Make up the visits of a day.

    Args:
        chair: Who is visited.
        day: When.
        days_ahead: How far that is away; negative for the past.
        guest_count: How many people there are to come; the first visit of a day always takes
            place, so that it can be given to somebody else.
    """
    hours = opening_hours(day.isoweekday(), chair)
    if hours is None:
        return
    away = training(day, chair)
    closes = _minutes(hours[1] if away is None else away[0])
    density = _FULLEST - _EMPTIER_A_DAY * max(days_ahead, 0)
    draw = Random(f"{chair.id} {day}")  # noqa: S311 - it only has to look like life
    begins = _minutes(hours[0]) + draw.choice(_GAPS_MINUTES)
    is_first = True
    while True:
        offer = draw.choice(chair.offers)
        if begins < _LUNCH_ENDS and begins + offer.duration_minutes > _LUNCH_BEGINS:
            begins = _LUNCH_ENDS
        ends = begins + offer.duration_minutes
        if ends > closes:
            return
        visit = _visit(chair.id, day, begins, offer, draw, guest_count)
        if draw.random() < density or is_first:
            yield visit
        is_first = False
        begins = _next_step(ends + offer.buffer_minutes) + draw.choice(_GAPS_MINUTES)


def _visit(
    chair_id: UUID, day: date, begins: int, offer: Offer, draw: Random, guest_count: int
) -> Visit:
    at = time(begins // 60, begins % 60)
    return Visit(
        id=uuid5(chair_id, f"{day} {at}"),
        begins=at,
        service_id=offer.service_id,
        guest=draw.randrange(guest_count),
        outcome=draw.choice(_OUTCOMES),
        prospect=draw.choice(_PROSPECTS),
        cancel_reason=draw.choice(_CANCEL_REASONS),
        note=draw.choice(_NOTES),
        staff_note=draw.choice(_STAFF_NOTES),
    )


def _minutes(at: time) -> int:
    """Count the minutes since midnight."""
    return at.hour * 60 + at.minute


def _next_step(minutes: int) -> int:
    """Round up to where the next visit may begin."""
    return -(-minutes // _STEP_MINUTES) * _STEP_MINUTES
