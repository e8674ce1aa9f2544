"""Waits between attempts, and events that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from uuid import UUID

import pytest

from slotcast_client import Inserted, Limits, Snapshot
from slotcast_client.events import EventQueue
from slotcast_client.limits import Backoff

if TYPE_CHECKING:
    from slotcast_client import Appointment


def test_waits_double_up_to_the_longest_and_are_shortened_by_chance() -> None:
    backoff = Backoff(Limits())

    waits_s = [backoff.next_s() for _ in range(8)]
    backoff.reset()
    again_s = backoff.next_s()

    for wait_s, whole_s in zip(waits_s, [1, 2, 4, 8, 16, 30, 30, 30], strict=True):
        assert whole_s / 2 <= wait_s <= whole_s
    assert len(set(waits_s)) == len(waits_s)
    assert 0.5 <= again_s <= 1


@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_limit_that_lets_nothing_through_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="join_timeout_s has to be above 0"):
        Limits(join_timeout_s=value)


def some_row(number: int) -> Appointment:
    """Stand for a row; the queue does not look at it."""
    return cast("Appointment", number)


def test_a_queue_begins_with_all_rows_and_goes_on_with_events() -> None:
    rows = {UUID(int=1): some_row(1)}
    queue = EventQueue(rows, pending_limit=2)

    queue.put(Inserted(some_row(1)))  # which the first snapshot shows
    first = queue.take()
    queue.put(Inserted(some_row(2)))
    rest = [queue.take(), queue.take()]

    assert first == Snapshot({UUID(int=1): some_row(1)})
    assert rest == [Inserted(some_row(2)), None]


def test_a_snapshot_takes_the_place_of_what_was_too_much_and_of_what_came_after() -> None:
    rows = {UUID(int=1): some_row(1)}
    queue = EventQueue(rows, pending_limit=2)
    queue.take()

    for number in range(2, 7):
        rows[UUID(int=number)] = some_row(number)
        queue.put(Inserted(some_row(number)))
    taken = [queue.take(), queue.take()]
    queue.put(Inserted(some_row(8)))

    assert taken == [Snapshot(dict(rows)), None]
    assert queue.take() == Inserted(some_row(8))


def test_as_many_as_the_limit_wait() -> None:
    queue = EventQueue({}, pending_limit=2)
    queue.take()

    for number in range(2):
        queue.put(Inserted(some_row(number)))

    assert [queue.take() for _ in range(3)] == [
        Inserted(some_row(0)),
        Inserted(some_row(1)),
        None,
    ]
