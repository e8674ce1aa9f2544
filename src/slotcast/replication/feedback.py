"""Standby status updates: what keeps the connection alive and lets PostgreSQL forget."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from slotcast.replication.connection import StreamBroken

if TYPE_CHECKING:
    from slotcast.lsn import Lsn
    from slotcast.replication.connection import WalConnection
    from slotcast.replication.positions import Confirmation

_REPLY_GAP_S: Final = 0.1
"""Least time between two updates that were only asked for, in seconds."""


class Feedback:
    """
    Sends status updates over one connection, however slow the consumer is.

    They are sent when a position becomes due, when PostgreSQL asks, and else every
    *interval_s* seconds. A PostgreSQL that shuts down first waits until all it sent is
    confirmed, and asks again after each answer. It is not made to wait for the window: what
    was handed over is then confirmed at once.
    """

    def __init__(
        self, connection: WalConnection, confirmation: Confirmation, *, interval_s: float
    ) -> None:
        self._connection = connection
        self._confirmation = confirmation
        self._interval_s = interval_s
        self._is_asked = False
        self._answered_at = -math.inf
        self._changed = asyncio.Event()

    def reply(self) -> None:
        """Send an update soon, because PostgreSQL asked for one."""
        if asyncio.get_running_loop().time() < self._answered_at + _REPLY_GAP_S:
            self._confirmation.settle_all()
        self._is_asked = True
        self._changed.set()

    def hand_over(self, lsn: Lsn) -> None:
        """Note that everything before *lsn* was handed over just now."""
        was_settled = self._confirmation.due_at is None
        self._confirmation.hand_over(lsn, asyncio.get_running_loop().time())
        if was_settled:
            self._changed.set()

    async def run(self) -> None:
        """Send updates until cancelled, or until the connection is gone."""
        with suppress(StreamBroken):
            while True:
                if self._is_asked:
                    self._is_asked = False
                    self._answered_at = asyncio.get_running_loop().time()
                await self._connection.send_status(
                    written=self._confirmation.handed_over_lsn,
                    confirmed=self._confirmation.confirmed_lsn,
                )
                await self._wait_for_news()

    async def _wait_for_news(self) -> None:
        """Wait until the next update is to be sent; the last one was sent just now."""
        loop = asyncio.get_running_loop()
        sent_at = loop.time()
        while not self._confirmation.settle(loop.time()):
            wait_s = _REPLY_GAP_S if self._is_asked else self._interval_s
            deadline = sent_at + wait_s
            if loop.time() >= deadline:
                return
            due_at = self._confirmation.due_at
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(deadline, due_at or deadline)):
                    await self._changed.wait()
