"""What a sender may do in a time, charged to the sender alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MESSAGE_UNIT_BYTES: Final = 4096
"""A larger message counts once for each of these."""
BURST_S: Final = 5.0
"""How many seconds' worth may happen at once, after a quiet time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """
    How often something may happen.

    Attributes:
        per_s: How often in the long run.
        burst: How often at once, after a quiet time.
    """

    per_s: float
    burst: float


def sustained(per_s: float) -> Rate:
    """Make the rate of what may happen *per_s* times a second, with `BURST_S` to spare."""
    return Rate(per_s=per_s, burst=per_s * BURST_S)


def spread(count: int, over_s: float) -> Rate:
    """Make the rate of what may happen *count* times in *over_s* seconds."""
    return Rate(per_s=count / over_s, burst=count)


def weight(size_bytes: int, rate: Rate) -> float:
    """
    Tell how many messages a large one counts for, at least 1 and at most a burst.

    Without it one sender of large messages could fill the send queues of all who get them.

    Args:
        size_bytes: Of the payload.
        rate: What the message is counted against.
    """
    return max(1.0, min(size_bytes / MESSAGE_UNIT_BYTES, rate.burst))


class TokenBucket:
    """
    Counts what happens against a `Rate`: full at first, and refilled steadily.

    Args:
        rate: What is allowed.
        now: Any clock's seconds, the same as the methods get.
    """

    __slots__ = ("_at", "_level", "rate")

    def __init__(self, rate: Rate, now: float) -> None:
        self.rate = rate
        self._level = rate.burst
        self._at = now

    def take(self, now: float, count: float = 1.0) -> bool:
        """Count *count* events; False, and nothing is counted, if they are too many."""
        level = self.level(now)
        if level < count:
            return False
        self._level = level - count
        self._at = now
        return True

    def level(self, now: float) -> float:
        """Tell how many events would be allowed at once."""
        elapsed_s = max(now - self._at, 0.0)
        return min(self._level + elapsed_s * self.rate.per_s, self.rate.burst)
