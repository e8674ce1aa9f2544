"""
How far the stream was handed over, and how far it may be confirmed.

Two promises are kept here, without I/O or a clock of its own:

- Confirmation never passes hand-over, and follows it a window later, so that after a crash
  PostgreSQL sends the last moments again.
- What was handed over is not handed over again by this process, although a new connection
  makes PostgreSQL send a transaction that was cut in the middle whole.
"""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from typing import TYPE_CHECKING

from slotcast.lsn import Lsn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slotcast.changes import TransactionSlice

_STEPS_PER_WINDOW = 20


class Confirmation:
    """
    Decides when which position is confirmed.

    Args:
        window_s: How long after hand-over a position is confirmed, in seconds; 0 confirms
            at once. Positions are confirmed in steps of a twentieth of it, so that no more
            than that many are remembered, and no more status updates are sent.

    Attributes:
        handed_over_lsn: Everything before it was handed over.
        confirmed_lsn: Everything before it may be forgotten by PostgreSQL.
    """

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._step_s = window_s / _STEPS_PER_WINDOW
        self._due: deque[tuple[float, Lsn]] = deque()
        self.handed_over_lsn = Lsn(0)
        self.confirmed_lsn = Lsn(0)

    @property
    def unconfirmed_since(self) -> float | None:
        """About when the oldest unconfirmed position was handed over; None without one."""
        return self._due[0][0] - self._window_s if self._due else None

    @property
    def due_at(self) -> float | None:
        """When `settle` has something to do next; None while all is confirmed."""
        return self._due[0][0] if self._due else None

    def hand_over(self, lsn: Lsn, now: float) -> None:
        """Note that everything before *lsn* was handed over by *now*, in seconds."""
        if lsn <= self.handed_over_lsn:
            return
        self.handed_over_lsn = lsn
        due_at = now
        if self._step_s > 0:
            due_at = math.ceil((now + self._window_s) / self._step_s) * self._step_s
        if self._due and self._due[-1][0] >= due_at:
            due_at, _ = self._due.pop()
        self._due.append((due_at, lsn))

    def settle(self, now: float) -> bool:
        """Confirm what is due by *now*; tell whether that moved `confirmed_lsn`."""
        before = self.confirmed_lsn
        while self._due and self._due[0][0] <= now:
            _, self.confirmed_lsn = self._due.popleft()
        return self.confirmed_lsn > before

    def settle_all(self) -> None:
        """Confirm all that was handed over: for a clean stop."""
        self._due.clear()
        self.confirmed_lsn = self.handed_over_lsn


class Progress:
    """
    Remembers which changes were handed over, across connections.

    Transactions come in the order of their commit LSN, on every connection the same, and
    with the same changes in the same order.
    """

    def __init__(self) -> None:
        self._complete_lsn: Lsn = Lsn(0)
        self._cut_lsn: Lsn = Lsn(0)
        self._cut_count = 0
        self._arriving_lsn: Lsn = Lsn(0)
        self._arriving_count = 0

    def reconnected(self) -> None:
        """Expect the transaction that was arriving to come again from its beginning."""
        self._arriving_lsn = Lsn(0)

    def remaining(self, piece: TransactionSlice) -> TransactionSlice | None:
        """
        Take away from *piece*, which just arrived, what was handed over before.

        Returns:
            What is left, or None if that is nothing. A last slice is left even without
            changes, since it completes its transaction.
        """
        if piece.commit_lsn <= self._complete_lsn:
            return None
        if piece.commit_lsn != self._arriving_lsn:
            self._arriving_lsn, self._arriving_count = piece.commit_lsn, 0
        start = self._arriving_count
        self._arriving_count += len(piece.changes)
        if piece.commit_lsn != self._cut_lsn or start >= self._cut_count:
            return piece
        known_count = self._cut_count - start
        changes = piece.changes[known_count:]
        if not changes and piece.end_lsn is None:
            return None
        truncations = tuple(
            dataclasses.replace(each, place=each.place - known_count)
            for each in piece.truncations
            if each.place >= known_count
        )
        return dataclasses.replace(piece, changes=changes, truncations=truncations)

    def handed_over(self, pieces: Iterable[TransactionSlice]) -> Lsn | None:
        """
        Note that *pieces*, which `remaining` gave, were handed over.

        Returns:
            The end of the last transaction that they complete, if they complete one.
        """
        end_lsn: Lsn | None = None
        for piece in pieces:
            if piece.commit_lsn != self._cut_lsn:
                self._cut_lsn, self._cut_count = piece.commit_lsn, 0
            self._cut_count += len(piece.changes)
            if piece.end_lsn is not None:
                end_lsn, self._complete_lsn = piece.end_lsn, piece.commit_lsn
        return end_lsn
