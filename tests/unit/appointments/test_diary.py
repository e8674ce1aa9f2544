from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from slotcast.appointments.diary import Chair, Offer, Visit, opening_hours, training, visits

MONDAY = date(2026, 11, 23)
OFFERS = [
    Offer(service_id=UUID(int=number), duration_minutes=minutes, buffer_minutes=buffer)
    for number, minutes, buffer in ((1, 45, 0), (2, 20, 0), (3, 90, 15))
]
CHAIR = Chair(id=UUID(int=9), offers=OFFERS)


def planned(day: date = MONDAY, days_ahead: int = 0, chair: Chair = CHAIR) -> list[Visit]:
    return list(visits(chair, day, days_ahead=days_ahead, guest_count=5))


def spans(day_visits: list[Visit]) -> list[tuple[datetime, datetime]]:
    """Give begin and end of each, with its buffer."""
    lengths = {one.service_id: one.duration_minutes + one.buffer_minutes for one in OFFERS}
    begins = [datetime.combine(MONDAY, visit.begins) for visit in day_visits]
    return [
        (begin, begin + timedelta(minutes=lengths[visit.service_id]))
        for begin, visit in zip(begins, day_visits, strict=True)
    ]


def test_the_same_day_is_made_up_alike_each_time() -> None:
    assert planned() == planned()
    assert planned() != planned(MONDAY + timedelta(days=1))


@pytest.mark.parametrize("offset", range(60))
def test_visits_follow_each_other_within_the_hours(offset: int) -> None:
    day = MONDAY + timedelta(days=offset)
    found = spans(planned(day))

    hours = opening_hours(day.isoweekday(), CHAIR)
    if hours is None:
        assert found == []
        return
    assert found[0][0].time() >= hours[0]
    assert found[-1][1] <= datetime.combine(MONDAY, hours[1]) + timedelta(minutes=15)
    assert all(before[1] <= after[0] for before, after in pairwise(found))


def test_days_fill_up_as_they_come_closer_and_lose_nobody() -> None:
    counts: list[int] = []
    later: set[UUID] = set()
    for days_ahead in (13, 7, 3, 0, -5):
        found = {visit.id for visit in planned(days_ahead=days_ahead)}
        assert later <= found
        counts.append(len(found))
        later = found

    assert counts[0] < counts[-1]


def test_the_first_visit_always_takes_place() -> None:
    firsts = {planned(days_ahead=days_ahead)[0].id for days_ahead in range(20)}

    assert len(firsts) == 1


def test_days_off_and_afternoons_away_have_no_visits() -> None:
    off = Chair(id=CHAIR.id, offers=OFFERS, days_off=frozenset({1}), is_training=True)
    away = [
        day
        for day in (MONDAY + timedelta(days=offset) for offset in range(40))
        if training(day, off) is not None
    ]

    assert planned(chair=off) == []
    assert away
    for day in away:
        hours = opening_hours(day.isoweekday(), off)
        assert hours is not None
        assert training(day, off) == (time(15), hours[1])
        assert all(visit.begins < time(15) for visit in planned(day, chair=off))
        assert training(day, CHAIR) is None


def test_all_kinds_of_visits_occur() -> None:
    found = [visit for offset in range(90) for visit in planned(MONDAY + timedelta(days=offset))]

    assert {visit.outcome for visit in found} == {"completed", "no_show", "cancelled"}
    assert {visit.prospect for visit in found} == {"confirmed", "pending", "cancelled"}
    assert {visit.guest for visit in found} == set(range(5))
    assert any(visit.note for visit in found)
    assert any(visit.staff_note for visit in found)
