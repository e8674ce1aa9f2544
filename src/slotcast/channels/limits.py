"""What messages count for when a sender's rate is charged with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from slotcast.rates import Rate

MESSAGE_UNIT_BYTES: Final = 4096
"""A larger message counts once for each of these."""


def weight(size_bytes: int, rate: Rate) -> float:
    """
    Tell how many messages a large one counts for, at least 1 and at most a burst.

    Without it one sender of large messages could fill the send queues of all who get them.

    Args:
        size_bytes: Of the payload.
        rate: What the message is counted against.
    """
    return max(1.0, min(size_bytes / MESSAGE_UNIT_BYTES, rate.burst))
