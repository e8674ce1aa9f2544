from __future__ import annotations

import asyncio
import threading

import pytest

from slotcast.side_thread import SideThread, SideThreadBusy

TIMEOUT_S = 10


async def test_the_loop_goes_on_meanwhile() -> None:
    side_thread = SideThread("test")
    may_end = threading.Event()

    computing = asyncio.create_task(side_thread.run(lambda: may_end.wait(TIMEOUT_S)))
    await asyncio.sleep(0)
    may_end.set()

    assert await computing is True
    side_thread.close()


async def test_what_goes_wrong_is_for_whoever_asked() -> None:
    side_thread = SideThread("test")

    with pytest.raises(ZeroDivisionError):
        await side_thread.run(lambda: 1 / 0)

    assert await side_thread.run(lambda: 1) == 1
    side_thread.close()


async def test_more_than_may_wait_is_refused_until_there_is_room() -> None:
    side_thread = SideThread("test", queue_limit=1)
    may_end = threading.Event()
    begun = asyncio.create_task(side_thread.run(lambda: may_end.wait(TIMEOUT_S)))
    waiting = asyncio.create_task(side_thread.run(lambda: None))
    await asyncio.sleep(0)

    with pytest.raises(SideThreadBusy):
        await side_thread.run(lambda: None)
    waiting.cancel()
    await asyncio.wait([waiting])
    await asyncio.sleep(0)
    last = asyncio.create_task(side_thread.run(lambda: "served"))
    await asyncio.sleep(0)
    may_end.set()

    assert await last == "served"
    assert await begun is True
    side_thread.close()
