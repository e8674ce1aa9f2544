"""A consumer for the replication stream that remembers what it was given."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from slotcast.replication.stream import Replication

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from slotcast.changes import Change, TransactionSlice
    from slotcast.replication.stream import StreamState

TIMEOUT_S = 60.0


class Recorder:
    """Takes batches; `transaction` gives them back one whole transaction at a time."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.states: list[StreamState] = []
        self.largest_batch = 0
        self._slices: asyncio.Queue[TransactionSlice] = asyncio.Queue()
        self._state_changed = asyncio.Event()

    async def deliver(self, batch: Sequence[TransactionSlice]) -> None:
        """Take *batch*, as soon as `open` is set."""
        await self.open.wait()
        self.largest_batch = max(self.largest_batch, sum(len(each.changes) for each in batch))
        for piece in batch:
            self._slices.put_nowait(piece)

    def on_state(self, state: StreamState) -> None:
        self.states.append(state)
        self._state_changed.set()

    async def wait_state(self, state: StreamState) -> None:
        """Wait until the stream has been in *state*, and forget the states up to then."""
        async with asyncio.timeout(TIMEOUT_S):
            while state not in self.states:
                self._state_changed.clear()
                await self._state_changed.wait()
        del self.states[: self.states.index(state) + 1]

    async def slice(self) -> TransactionSlice:
        async with asyncio.timeout(TIMEOUT_S):
            return await self._slices.get()

    async def transaction(self) -> list[Change]:
        """Give the changes of the next transaction."""
        changes: list[Change] = []
        while True:
            piece = await self.slice()
            changes += piece.changes
            if piece.end_lsn is not None:
                return changes

    @property
    def is_empty(self) -> bool:
        return self._slices.empty()


@asynccontextmanager
async def streaming(
    url: str, *, slot: str, publication: str = "live", replay_window_s: float = 0
) -> AsyncGenerator[tuple[Replication, Recorder]]:
    """Stream into a recorder, live from the start of the body to its end."""
    recorder = Recorder()
    replication = Replication(
        url,
        slot=slot,
        publications=[publication],
        replay_window_s=replay_window_s,
        on_state=recorder.on_state,
    )
    task = asyncio.create_task(replication.run(recorder.deliver))
    try:
        await _live_or_failed(replication, task)
        recorder.states.clear()
        yield replication, recorder
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _live_or_failed(replication: Replication, task: asyncio.Task[None]) -> None:
    """Wait until the stream is live, or raise what *task* raised."""
    live = asyncio.create_task(replication.wait_live())
    async with asyncio.timeout(TIMEOUT_S):
        await asyncio.wait([live, task], return_when=asyncio.FIRST_COMPLETED)
    live.cancel()
    if task.done():
        task.result()
