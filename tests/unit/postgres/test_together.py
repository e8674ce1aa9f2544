from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from slotcast.postgres import together
from slotcast.postgres.together import AT_ONCE_LIMIT, Together

if TYPE_CHECKING:
    from collections.abc import Collection, Coroutine, Mapping

PATIENCE_S = 0.01
TIMEOUT_S = 5.0


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "PATIENCE_S", PATIENCE_S)


class Oracle:
    """Answers each question with itself when it is let go."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.may_answer: list[asyncio.Event] = []
        self.has_come = asyncio.Condition()

    async def ask(self, keys: Collection[str]) -> Mapping[str, str]:
        gate = asyncio.Event()
        async with self.has_come:
            self.asked.append(list(keys))
            self.may_answer.append(gate)
            self.has_come.notify_all()
        await gate.wait()
        if "bad" in keys:
            raise ValueError("bad")
        return {key: key.upper() for key in keys}

    async def come(self, count: int) -> None:
        """Wait until *count* round trips were begun."""
        async with asyncio.timeout(TIMEOUT_S), self.has_come:
            await self.has_come.wait_for(lambda: len(self.asked) >= count)


async def test_what_is_asked_in_one_turn_or_meanwhile_goes_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(together, "PATIENCE_S", TIMEOUT_S)
    oracle = Oracle()
    async with asyncio.TaskGroup() as tasks:
        asker = Together(tasks.create_task, oracle.ask, timeout_s=TIMEOUT_S)
        first = [tasks.create_task(asker.answers([key])) for key in ("a", "b", "a")]
        await oracle.come(1)
        later = [tasks.create_task(asker.answers([key])) for key in ("c", "d")]
        await asyncio.sleep(0)
        oracle.may_answer[0].set()
        await oracle.come(2)
        oracle.may_answer[1].set()

    assert oracle.asked == [["a", "b"], ["c", "d"]]
    assert [task.result()[key] for task, key in zip(first, "aba", strict=True)] == ["A", "B", "A"]
    assert [task.result()[key] for task, key in zip(later, "cd", strict=True)] == ["C", "D"]


async def test_one_that_takes_long_holds_up_nobody_and_only_so_many_are_under_way() -> None:
    oracle = Oracle()
    async with asyncio.TaskGroup() as tasks:
        asker = Together(tasks.create_task, oracle.ask, timeout_s=TIMEOUT_S)
        slow: list[asyncio.Task[Mapping[str, str]]] = []
        for number in range(AT_ONCE_LIMIT):
            slow.append(tasks.create_task(asker.answers([f"slow {number}"])))
            await oracle.come(number + 1)
        last = tasks.create_task(asker.answers(["last"]))
        await asyncio.sleep(2 * PATIENCE_S)
        begun_count = len(oracle.asked)
        oracle.may_answer[1].set()
        await oracle.come(AT_ONCE_LIMIT + 1)
        oracle.may_answer[-1].set()
        answer = await last
        were_done = [task.done() for task in slow]
        for gate in oracle.may_answer:
            gate.set()

    assert begun_count == AT_ONCE_LIMIT
    assert answer == {"last": "LAST"}
    assert were_done == [False, True, False]


async def test_nobody_is_forgotten_when_patience_ends_before_the_question_is_put() -> None:
    oracle = Oracle()
    held: list[Coroutine[None, None, None]] = []
    async with asyncio.TaskGroup() as tasks:
        asker = Together(held.append, oracle.ask, timeout_s=TIMEOUT_S)
        first = tasks.create_task(asker.answers(["a"]))
        await asyncio.sleep(2 * PATIENCE_S)
        second = tasks.create_task(asker.answers(["b"]))
        await asyncio.sleep(0)
        begun_count = len(held)
        tasks.create_task(held.pop())
        await oracle.come(1)
        third = tasks.create_task(asker.answers(["c"]))
        await asyncio.sleep(0)
        oracle.may_answer[0].set()
        await first
        tasks.create_task(held.pop())
        await oracle.come(2)
        oracle.may_answer[1].set()

    assert begun_count == 1
    assert oracle.asked == [["a", "b"], ["c"]]
    assert first.result() == second.result() == {"a": "A", "b": "B"}
    assert third.result() == {"c": "C"}


async def test_what_goes_wrong_is_told_to_those_whom_it_concerns() -> None:
    oracle = Oracle()
    async with asyncio.TaskGroup() as tasks:
        asker = Together(tasks.create_task, oracle.ask, timeout_s=TIMEOUT_S)
        bad = [asyncio.create_task(asker.answers([key])) for key in ("bad", "beside")]
        await oracle.come(1)
        good = tasks.create_task(asker.answers(["good"]))
        for gate in oracle.may_answer:
            gate.set()
        await oracle.come(2)
        oracle.may_answer[1].set()
        outcomes = await asyncio.gather(*bad, return_exceptions=True)

    assert [repr(outcome) for outcome in outcomes] == ["ValueError('bad')"] * 2
    assert good.result() == {"good": "GOOD"}


async def test_whoever_goes_away_takes_nobody_along() -> None:
    oracle = Oracle()
    async with asyncio.TaskGroup() as tasks:
        asker = Together(tasks.create_task, oracle.ask, timeout_s=TIMEOUT_S)
        gone = asyncio.create_task(asker.answers(["gone"]))
        stays = tasks.create_task(asker.answers(["stays"]))
        await oracle.come(1)
        gone.cancel()
        oracle.may_answer[0].set()

    assert stays.result()["stays"] == "STAYS"
    assert gone.cancelled()


async def test_a_question_without_an_answer_ends_in_time_and_another_is_asked() -> None:
    oracle = Oracle()
    async with asyncio.TaskGroup() as tasks:
        asker = Together(tasks.create_task, oracle.ask, timeout_s=PATIENCE_S)
        with pytest.raises(TimeoutError):
            await asker.answers(["lost"])
        second = asyncio.create_task(asker.answers(["found"]))
        await oracle.come(2)
        oracle.may_answer[1].set()

        assert await second == {"found": "FOUND"}
