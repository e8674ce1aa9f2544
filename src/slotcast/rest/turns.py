"""
How much of REST is done before everything else of the server gets its turn.

All of the server shares one loop. When REST is busy, dozens of requests can go on at once,
and a change on its way to clients passes through the loop several times: it would wait for
all of them each time. So at each turn of the loop only few requests go on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

TURN_LIMIT: Final = 2
"""How many requests go on at a turn: well below a millisecond's work."""


class Turns:
    """
    Lets few go on at each turn of the loop, in the order in which they came.

    Args:
        limit: How many.
    """

    def __init__(self, limit: int = TURN_LIMIT) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit = limit
        self._left = limit
        self._is_counting = False
        self._waiting: deque[Callable[[], None]] = deque()

    async def wait(self) -> None:
        """Wait until one may go on."""
        if self._left:
            self._take()
            return
        turn: asyncio.Future[None] = self._loop.create_future()

        def go_on() -> None:
            if not turn.done():
                turn.set_result(None)

        self._waiting.append(go_on)
        await turn

    def call(self, callback: Callable[[], None]) -> None:
        """Call *callback*, which lets one go on, as soon as one may."""
        if self._left:
            self._take()
            callback()
        else:
            self._waiting.append(callback)

    def _take(self) -> None:
        self._left -= 1
        if not self._is_counting:
            self._is_counting = True
            self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        """Begin the next turn; whoever waits comes first."""
        self._is_counting = False
        self._left = self._limit
        while self._waiting and self._left:
            self._take()
            self._waiting.popleft()()
