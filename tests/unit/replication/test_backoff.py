"""The pace of attempts."""

from __future__ import annotations

from slotcast.replication.backoff import Backoff


def test_the_first_attempt_comes_at_once_and_the_later_ones_within_a_second() -> None:
    backoff = Backoff()

    delays = [backoff.next_delay_s() for _ in range(10)]

    assert delays[0] == 0
    for delay, longest in zip(delays[1:], [0.05, 0.1, 0.2, 0.4, *[0.8] * 5], strict=True):
        assert longest / 2 <= delay <= longest


def test_success_makes_the_next_attempt_come_at_once_again() -> None:
    backoff = Backoff()
    for _ in range(3):
        backoff.next_delay_s()

    backoff.reset()

    assert backoff.next_delay_s() == 0
