"""The life of one replication connection, from the start of its stream to its end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from struct import Struct
from typing import TYPE_CHECKING, Final, NoReturn

from slotcast.errors import DecodeError
from slotcast.lsn import Lsn
from slotcast.replication.connection import StreamBroken
from slotcast.replication.feedback import Feedback

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from slotcast.changes import TransactionSlice
    from slotcast.counters import StreamCounts
    from slotcast.pgoutput.assembler import Assembler
    from slotcast.replication.connection import WalConnection
    from slotcast.replication.positions import Confirmation, Progress

_XLOG_DATA: Final = ord("w")
_XLOG_DATA_HEAD: Final = Struct(">xQQq")
_KEEPALIVE: Final = ord("k")
_KEEPALIVE_BODY: Final = Struct(">xQqB")

_BATCH_LIMIT: Final = 512
_BATCH_LIMIT_BYTES: Final = 1024 * 1024
_CUTS_LIMIT: Final = 16
"""
Most slices of an unfinished transaction that wait for the rest of it.

Who may see its changes depends on all of it, so it is better handed over as a whole.
"""
_MESSAGES_PER_TURN: Final = 128
"""After so many messages, about a millisecond's work, others get the loop."""

_STOP_TIMEOUT_S: Final = 2.0


class _Batch:
    """
    Slices that are ready, until there are enough of them.

    Attributes:
        slices: The slices, in order.
        complete_lsn: All that ended before is among them, or was handed over; None if
            PostgreSQL said nothing of it.
    """

    def __init__(self) -> None:
        self.slices: list[TransactionSlice] = []
        self.complete_lsn: Lsn | None = None
        self._change_count = 0
        self._size_bytes = 0
        self._cut_count = 0  # of the transaction that is last

    @property
    def waits_for_rest(self) -> bool:
        """Whether the rest of the last transaction is awaited; PostgreSQL is sending it."""
        return 0 < self._cut_count < _CUTS_LIMIT

    @property
    def is_full(self) -> bool:
        """Whether to hand over now."""
        return not self.waits_for_rest and (
            self._cut_count > 0
            or self._change_count >= _BATCH_LIMIT
            or self._size_bytes >= _BATCH_LIMIT_BYTES
        )

    def grow(self, size_bytes: int) -> None:
        """Count *size_bytes* of the stream, whether or not they completed a slice."""
        self._size_bytes += size_bytes

    def add(self, piece: TransactionSlice) -> None:
        """Add *piece*."""
        self.slices.append(piece)
        # Empty transactions count too, so that a flood of them is bounded.
        self._change_count += max(1, len(piece.changes))
        self._cut_count = self._cut_count + 1 if piece.end_lsn is None else 0


class Session:
    """
    Receives from *connection*, which streams, and hands over to *deliver*.

    *confirmation*, *progress* and *counts* outlive the session; *assembler* is its own.
    """

    def __init__(
        self,
        connection: WalConnection,
        *,
        confirmation: Confirmation,
        progress: Progress,
        assembler: Assembler,
        deliver: Callable[[Sequence[TransactionSlice]], Awaitable[None]],
        status_interval_s: float,
        counts: StreamCounts,
    ) -> None:
        self._connection = connection
        self._confirmation = confirmation
        self._progress = progress
        self._assembler = assembler
        self._deliver = deliver
        self._feedback = Feedback(connection, confirmation, interval_s=status_interval_s)
        self._batch = _Batch()
        self._counts = counts

    async def run(self) -> NoReturn:
        """
        Stream until cancelled; then confirm everything that was handed over.

        Raises:
            StreamBroken: The connection is gone, or PostgreSQL ended the stream.
            DecodeError: PostgreSQL sent what cannot be understood.
        """
        self._progress.reconnected()
        try:
            await self._receive_and_confirm()
        except asyncio.CancelledError:
            await self._stop()
            raise
        finally:
            self._assembler.close()

    async def _receive_and_confirm(self) -> NoReturn:
        confirming = asyncio.create_task(self._feedback.run())
        try:
            await self._receive()
        finally:
            confirming.cancel()
            await asyncio.wait([confirming])
            if not confirming.cancelled():
                confirming.result()

    async def _receive(self) -> NoReturn:
        """Take what comes; hand over when nothing more is there, or enough."""
        message_count = 0
        while True:
            data = self._connection.receive()
            if data is not None:
                self._counts.received_bytes += len(data)
                for piece in self._take(data):
                    await self._add(piece)
                message_count += 1
                if message_count % _MESSAGES_PER_TURN == 0:
                    await _give_others_a_turn()
            elif self._batch.slices and not self._batch.waits_for_rest:
                await self._hand_over()
            else:
                await self._connection.wait()
                self._counts.heard_at = asyncio.get_running_loop().time()

    def _take(self, data: memoryview) -> Iterable[TransactionSlice]:
        """Take one message of the replication protocol; gives the slices that it completes."""
        kind = data[0]
        if kind == _XLOG_DATA:
            wal_start, _wal_end, _sent_at = _XLOG_DATA_HEAD.unpack_from(data)
            self._batch.grow(len(data))
            self._see(wal_start)  # below those of commits seen before, when it is a row's
            return self._assembler.feed(Lsn(wal_start), data[_XLOG_DATA_HEAD.size :])
        if kind == _KEEPALIVE:
            self._take_keepalive(data)
            return ()
        raise DecodeError(f"there is no replication message of type {bytes(data[:1])!r}")

    async def _add(self, piece: TransactionSlice) -> None:
        remaining = self._progress.remaining(piece)
        if remaining is not None:
            self._counts.changes += len(remaining.changes)
            self._counts.transactions += remaining.end_lsn is not None
            if remaining.end_lsn is None and self._batch.slices and not self._batch.waits_for_rest:
                await self._hand_over()  # what came before does not have to wait
            self._batch.add(remaining)
            if self._batch.is_full:
                await self._hand_over()

    def _take_keepalive(self, data: memoryview) -> None:
        wal_end, _sent_at, must_reply = _KEEPALIVE_BODY.unpack(data)
        self._see(wal_end)
        if must_reply:
            self._feedback.reply()
        # All transactions that end before have come; what is still in progress is sent
        # whole after its commit, whatever is confirmed.
        if self._assembler.is_within_transaction:
            return
        if self._batch.slices:
            # PostgreSQL says so whenever it has sent everything. More may have come since, and
            # goes out together.
            self._batch.complete_lsn = Lsn(wal_end)
        else:
            self._feedback.hand_over(Lsn(wal_end))

    async def _hand_over(self) -> None:
        slices, complete_lsn = self._batch.slices, self._batch.complete_lsn
        self._batch = _Batch()
        self._counts.pending_since = slices[0].committed_at.timestamp()
        await self._deliver(slices)
        self._counts.pending_since = None
        end_lsn = self._progress.handed_over(slices)
        if end_lsn is not None:
            self._see(end_lsn)
            self._feedback.hand_over(end_lsn)
        if complete_lsn is not None and (end_lsn is None or complete_lsn > end_lsn):
            self._feedback.hand_over(complete_lsn)
        await _give_others_a_turn()

    def _see(self, lsn: int) -> None:
        """Note that PostgreSQL spoke of *lsn*."""
        self._counts.seen_lsn = max(self._counts.seen_lsn, lsn)

    async def _stop(self) -> None:
        """Confirm without the delay that a crash calls for, and wait until it is known."""
        self._confirmation.settle_all()
        with suppress(StreamBroken, TimeoutError):
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await self._connection.send_status(
                    written=self._confirmation.handed_over_lsn,
                    confirmed=self._confirmation.confirmed_lsn,
                )
                await self._connection.finish()


async def _give_others_a_turn() -> None:
    """Let the loop serve everybody else, however much the WAL still holds."""
    await asyncio.sleep(0)
