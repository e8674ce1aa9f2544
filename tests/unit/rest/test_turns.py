from __future__ import annotations

import asyncio
from itertools import pairwise

from slotcast.rest.turns import Turns


async def noting(turns: Turns, name: str, notes: list[str]) -> None:
    await turns.wait()
    notes.append(name)


async def test_few_requests_go_on_before_others_get_their_turn() -> None:
    notes: list[str] = []
    turns = Turns(2)
    requests = [asyncio.create_task(noting(turns, f"{number}", notes)) for number in range(6)]
    counts: list[int] = []
    while not all(request.done() for request in requests):
        await asyncio.sleep(0)
        counts.append(len(notes))

    assert all(later - sooner <= 2 for sooner, later in pairwise([0, *counts]))
    assert notes == ["0", "1", "2", "3", "4", "5"]


async def test_what_waits_for_results_takes_its_turn_among_requests() -> None:
    notes: list[str] = []
    turns = Turns(1)

    first = asyncio.create_task(noting(turns, "first", notes))
    second = asyncio.create_task(noting(turns, "second", notes))
    await asyncio.sleep(0)
    turns.call(lambda: notes.append("results"))
    assert notes == ["first"]
    await asyncio.gather(first, second)
    await turns.wait()

    assert set(notes) == {"first", "second", "results"}


async def test_nobody_waits_while_few_ask() -> None:
    turns = Turns(2)
    notes: list[str] = []

    turns.call(lambda: notes.append("called"))
    await turns.wait()

    assert notes == ["called"]


async def test_who_has_gone_is_passed_over() -> None:
    turns = Turns(1)
    first, gone, last = (asyncio.create_task(turns.wait()) for _ in range(3))
    await asyncio.sleep(0)
    assert first.done()
    gone.cancel()

    async with asyncio.timeout(5):
        await last

    assert gone.cancelled()
