"""
What many ask at the same time, asked together.

While a round trip is on its way, questions gather, and the next one is for all of them: so
however many come at once, PostgreSQL is not asked more often than it answers. One that takes
unusually long is not waited for, since those who ask about something else are not at fault.
An answer is never older than its question.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping

K = TypeVar("K")
V = TypeVar("V")

PATIENCE_S: Final = 0.1
"""How long a round trip is waited for before the next one begins, in seconds."""
AT_ONCE_LIMIT: Final = 3
"""Most round trips of one kind on their way at a time."""


class _Gathering(Generic[K, V]):
    """
    Questions that are asked together.

    Attributes:
        keys: The questions, each once.
        done: Set when there are either *answers* or an *error*.
    """

    __slots__ = ("answers", "done", "error", "keys")

    def __init__(self) -> None:
        self.keys: dict[K, None] = {}
        self.done = asyncio.Event()
        self.answers: Mapping[K, V] | None = None
        self.error: Exception | None = None


class Together(Generic[K, V]):
    """
    Asks for many at a time.

    Args:
        start: Runs a coroutine as a task, as `TaskGroup.create_task` does.
        ask: Answers any number of questions, which are hashable, at once.
        timeout_s: Longest that *ask* may take, in seconds.
    """

    def __init__(
        self,
        start: Callable[[Coroutine[None, None, None]], object],
        ask: Callable[[Collection[K]], Awaitable[Mapping[K, V]]],
        *,
        timeout_s: float,
    ) -> None:
        self._start = start
        self._ask = ask
        self._timeout_s = timeout_s
        self._gathering = _Gathering[K, V]()
        self._under_way: set[_Gathering[K, V]] = set()
        self._awaited: _Gathering[K, V] | None = None
        self._patience: asyncio.TimerHandle | None = None

    async def answers(self, keys: Collection[K]) -> Mapping[K, V]:
        """
        Ask *keys*; others' answers may be among those that come back.

        Raises:
            TimeoutError: It took too long.
            Exception: Whatever *ask* raised, to all whom it asked for.
        """
        gathering = self._gathering
        gathering.keys.update(dict.fromkeys(keys))
        self._begin()
        await gathering.done.wait()
        if gathering.answers is None:
            raise gathering.error or AssertionError("what is done has an outcome")
        return gathering.answers

    def _begin(self) -> None:
        """Ask for those who have gathered, unless others are to be waited for."""
        gathering = self._gathering
        if (
            self._awaited is None
            and gathering.keys
            and gathering not in self._under_way
            and len(self._under_way) < AT_ONCE_LIMIT
        ):
            self._awaited = gathering
            self._under_way.add(gathering)
            self._start(self._ask_for(gathering))
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(PATIENCE_S, self._wait_no_more)

    def _wait_no_more(self) -> None:
        self._awaited = None
        self._begin()

    async def _ask_for(self, gathering: _Gathering[K, V]) -> None:
        # Whoever came in the same turn of the loop is among them.
        self._gathering = _Gathering[K, V]()
        try:
            async with asyncio.timeout(self._timeout_s):
                gathering.answers = await self._ask(gathering.keys)
        except Exception as error:  # noqa: BLE001 (it is for those who asked)
            gathering.error = error
        gathering.done.set()
        self._under_way.discard(gathering)
        if self._awaited is gathering:
            self._awaited = None
            if self._patience is not None:
                self._patience.cancel()
        self._begin()
