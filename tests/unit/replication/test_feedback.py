"""When status updates are sent."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from slotcast.lsn import Lsn
from slotcast.replication.connection import StreamBroken, WalConnection
from slotcast.replication.feedback import Feedback
from slotcast.replication.positions import Confirmation

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

TIMEOUT_S = 5


class FakeConnection:
    """Keeps the positions that would have been sent, as (written, confirmed)."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[tuple[Lsn, Lsn]] = asyncio.Queue()
        self.is_broken = False

    async def send_status(self, *, written: Lsn, confirmed: Lsn) -> None:
        if self.is_broken:
            raise StreamBroken("gone")
        self.sent.put_nowait((written, confirmed))

    async def next(self) -> tuple[Lsn, Lsn]:
        async with asyncio.timeout(TIMEOUT_S):
            return await self.sent.get()


@asynccontextmanager
async def feeding_back(
    *, window_s: float, interval_s: float = 60
) -> AsyncGenerator[tuple[Feedback, FakeConnection]]:
    connection = FakeConnection()
    feedback = Feedback(
        cast("WalConnection", connection), Confirmation(window_s), interval_s=interval_s
    )
    task = asyncio.create_task(feedback.run())
    assert await connection.next() == (0, 0)
    yield feedback, connection
    task.cancel()
    await asyncio.wait([task])


async def test_hand_over_is_confirmed_at_once_without_a_window() -> None:
    async with feeding_back(window_s=0) as (feedback, connection):
        feedback.hand_over(Lsn(10))

        assert await connection.next() == (10, 10)


async def test_hand_over_is_confirmed_after_the_window() -> None:
    async with feeding_back(window_s=0.2) as (feedback, connection):
        loop = asyncio.get_running_loop()
        handed_over_at = loop.time()
        feedback.hand_over(Lsn(10))

        assert await connection.next() == (10, 10)
        assert loop.time() - handed_over_at >= 0.2


async def test_a_question_is_answered_without_confirming_more() -> None:
    async with feeding_back(window_s=60) as (feedback, connection):
        feedback.hand_over(Lsn(10))
        feedback.reply()

        assert await connection.next() == (10, 0)


async def test_a_question_right_after_an_answer_confirms_all_since_postgresql_shuts_down() -> None:
    async with feeding_back(window_s=60) as (feedback, connection):
        feedback.hand_over(Lsn(10))
        feedback.reply()
        answer = await connection.next()
        feedback.reply()

        assert answer == (10, 0)
        assert await connection.next() == (10, 10)


async def test_questions_that_follow_every_answer_are_answered_ten_times_a_second() -> None:
    async with feeding_back(window_s=60) as (feedback, connection):
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        for _ in range(4):
            feedback.reply()
            await connection.next()

        assert loop.time() - asked_at >= 0.3


async def test_an_idle_connection_is_kept_alive() -> None:
    async with feeding_back(window_s=60, interval_s=0.05) as (_, connection):
        assert await connection.next() == (0, 0)
        assert await connection.next() == (0, 0)


async def test_a_lost_connection_ends_the_updates_without_an_error() -> None:
    connection = FakeConnection()
    connection.is_broken = True
    feedback = Feedback(cast("WalConnection", connection), Confirmation(0), interval_s=60)

    async with asyncio.timeout(TIMEOUT_S):
        await feedback.run()

    assert connection.sent.empty()
