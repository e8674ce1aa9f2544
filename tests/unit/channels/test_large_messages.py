"""Large messages are decoded beside the loop, within bounds."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from slotcast.channels.large_messages import (
    OTHERS_LIMIT,
    LargeMessages,
    TooLaborious,
)
from slotcast.channels.protocol.serializers import (
    ClientMessage,
    VerbatimBroadcast,
    holds_json,
    negotiate,
)
from slotcast.errors import ProtocolError
from slotcast.side_thread import SideThread

if TYPE_CHECKING:
    from collections.abc import Generator

SERIALIZER = negotiate("2.0.0")


@pytest.fixture
def thread() -> Generator[SideThread]:
    with SideThread("messages") as side_thread:
        yield side_thread


def text(event: str, payload: object) -> str:
    return json.dumps(["1", "2", "realtime:room", event, payload])


async def decode(thread: SideThread, data: str) -> ClientMessage:
    return await LargeMessages(thread).decode(SERIALIZER.decode_text, data)


async def test_a_broadcast_is_encoded_for_its_receivers(thread: SideThread) -> None:
    message = await decode(thread, text("broadcast", {"a": "é"}))

    assert message.payload == VerbatimBroadcast(payload='{"a":"é"}'.encode())


@pytest.mark.parametrize("payload", [None, [], "x", 1])
async def test_what_is_no_broadcast_stays_what_it_is(thread: SideThread, payload: object) -> None:
    data = text("broadcast", payload)

    assert await decode(thread, data) == SERIALIZER.decode_text(data)


async def test_only_broadcasts_may_be_very_large(thread: SideThread) -> None:
    long = {"x": "x" * OTHERS_LIMIT}

    assert (await decode(thread, text("broadcast", long))).event == "broadcast"
    with pytest.raises(TooLaborious):
        await decode(thread, text("presence", long))


async def test_what_has_too_many_parts_is_not_read(thread: SideThread) -> None:
    many: list[list[int]] = [[] for _ in range(70_000)]

    with pytest.raises(TooLaborious):
        await decode(thread, text("broadcast", {"x": many}))
    assert (await decode(thread, text("broadcast", {"x": json.dumps(many)}))).event == "broadcast"


async def test_what_is_no_message_is_told(thread: SideThread) -> None:
    with pytest.raises(ProtocolError):
        await decode(thread, "[1,2")


async def test_those_who_wait_at_one_address_are_passed_by_somebody_elsewhere(
    thread: SideThread,
) -> None:
    large = LargeMessages(thread)
    told: list[str] = []

    async def wait(name: str, address: str) -> None:
        async with large.turn(address):
            told.append(name)

    async with asyncio.TaskGroup() as tasks, large.turn("192.0.2.1"):
        for number in range(13):
            tasks.create_task(wait(f"greedy {number}", "192.0.2.1"))
        for number in range(13):
            tasks.create_task(wait(f"greedier {number}", "192.0.2.2"))
        tasks.create_task(wait("polite", "192.0.2.3"))
        await asyncio.sleep(0)

    assert told.index("polite") <= 2
    assert len(told) == 27


async def test_who_gives_up_waiting_is_passed_over(thread: SideThread) -> None:
    large = LargeMessages(thread)
    told: list[int] = []

    async def wait(number: int) -> None:
        async with large.turn("192.0.2.1"):
            told.append(number)

    async with asyncio.TaskGroup() as tasks, large.turn("192.0.2.1"):
        waiting = [tasks.create_task(wait(number)) for number in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()

    assert told == [0, 2]


def test_bytes_are_no_json_unless_the_frame_says_so() -> None:
    header = bytes((3, 0, 0, 0, 0, 0))

    assert [holds_json(header + bytes((encoding,)) + b"[") for encoding in (0, 1)] == [False, True]
    assert holds_json("[")
