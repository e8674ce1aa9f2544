from __future__ import annotations

from slotcast.channels.limits import weight
from slotcast.rates import sustained


def test_a_large_message_counts_for_several_but_never_for_more_than_a_burst() -> None:
    rate = sustained(2.0)

    assert [weight(size, rate) for size in (0, 4096, 8192, 10**7)] == [1.0, 1.0, 2.0, rate.burst]
