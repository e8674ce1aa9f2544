"""How long things may take, how much may wait, and when things are tried again."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    The bounds of a subscription.

    Attributes:
        first_retry_s: In seconds, as all times here: about how long to wait before the
            first attempt to come back; each further wait is twice as long.
        longest_retry_s: The longest of these waits.
        join_timeout_s: How long the server may take to say that changes are live.
        leave_timeout_s: How long it may take to confirm that a channel is left.
        snapshot_timeout_s: How long reading the rows may take.
        resync_interval_s: How often rows are read again though nothing calls for it. It is
            the net for what no change tells, such as a row that is hidden from you.
        pending_limit: Most changes that wait for callbacks, or events to be iterated over.

    Raises:
        ValueError: One of them is not above 0.
    """

    first_retry_s: float = 1.0
    longest_retry_s: float = 30.0
    join_timeout_s: float = 20.0
    leave_timeout_s: float = 2.0
    snapshot_timeout_s: float = 30.0
    resync_interval_s: float = 300.0
    pending_limit: int = 10_000

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not value > 0:
                raise ValueError(f"{name} has to be above 0, and is {value!r}")


DEFAULT_LIMITS: Final = Limits()


class Backoff:
    """Waits that double, each shortened by chance so that not all clients come at once."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._next_s = limits.first_retry_s

    def next_s(self) -> float:
        """Tell how long to wait now, between half of the time and all of it."""
        wait_s = self._next_s
        self._next_s = min(2 * wait_s, self._limits.longest_retry_s)
        return wait_s * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, keeps no secret

    def reset(self) -> None:
        """Begin with the shortest wait again."""
        self._next_s = self._limits.first_retry_s
