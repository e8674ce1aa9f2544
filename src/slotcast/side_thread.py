"""
One thread beside the loop, for computations that would hold up everything else.

What computes in it has to give way now and then: a single call into C that takes a second
holds up the loop from there just as well.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

T = TypeVar("T")

QUEUE_LIMIT: Final = 16
"""How many computations wait for the thread."""


class SideThreadBusy(Exception):
    """Too much waits for the thread already."""


class SideThread:
    """
    Computes one thing at a time; a context that closes it at the end.

    Args:
        name: Of the thread.
        queue_limit: How many more may wait.
    """

    def __init__(self, name: str, *, queue_limit: int = QUEUE_LIMIT) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._room = 1 + queue_limit

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def run(self, work: Callable[[], T]) -> T:
        """
        Compute *work* in the thread.

        Who gives up waiting makes room at once, or when the computation ends if it has begun.

        Raises:
            SideThreadBusy: Too much waits already.
        """
        if not self._room:
            raise SideThreadBusy
        loop = asyncio.get_running_loop()
        self._room -= 1
        future = self._executor.submit(work)
        future.add_done_callback(lambda _: self._make_room_in(loop))
        return await asyncio.wrap_future(future)

    def _make_room_in(self, loop: asyncio.AbstractEventLoop) -> None:
        # Once the loop is closed nobody asks for room any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._make_room)

    def _make_room(self) -> None:
        self._room += 1

    def close(self) -> None:
        """Let the thread end; what waits is dropped. May be called twice."""
        self._executor.shutdown(wait=False, cancel_futures=True)
