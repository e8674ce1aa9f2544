"""How long to wait before the next attempt."""

from __future__ import annotations

import random
from typing import Final

_FIRST_S: Final = 0.05
_CAP_S: Final = 0.8


class Backoff:
    """
    Delays for attempts to reconnect: none, then 50 ms, then twice as much up to 0.8 s.

    Each is shortened by up to half at random, so that servers that lost PostgreSQL
    together do not come back together. The cap keeps the return within a second of
    PostgreSQL's own.
    """

    def __init__(self) -> None:
        self._next_s = 0.0

    def next_delay_s(self) -> float:
        """Give the delay before the next attempt, in seconds."""
        delay_s = self._next_s
        self._next_s = min(_CAP_S, max(_FIRST_S, delay_s * 2))
        return delay_s * random.uniform(0.5, 1)  # noqa: S311 - spreads load, guards nothing

    def reset(self) -> None:
        """Begin anew, because an attempt succeeded."""
        self._next_s = 0.0
