"""Large messages are decoded beside the loop, within bounds."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING

import pytest

from slotcast.channels.large_messages import (
    OTHERS_LIMIT,
    LargeMessages,
    TooLaborious,
    TooManyLargeMessages,
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


async def test_what_waits_is_bounded_and_who_gives_up_makes_room(thread: SideThread) -> None:
    gate = threading.Event()
    occupied = asyncio.create_task(thread.run(gate.wait))
    data = text("broadcast", {})
    large = LargeMessages(thread, waiting_limit=len(data))
    waiting = asyncio.create_task(large.decode(SERIALIZER.decode_text, data))
    await asyncio.sleep(0)

    with pytest.raises(TooManyLargeMessages):
        await large.decode(SERIALIZER.decode_text, data)
    waiting.cancel()
    await asyncio.wait([waiting])
    later = asyncio.create_task(large.decode(SERIALIZER.decode_text, data))
    gate.set()

    assert (await later).event == "broadcast"
    await occupied


def test_bytes_are_no_json_unless_the_frame_says_so() -> None:
    header = bytes((3, 0, 0, 0, 0, 0))

    assert [holds_json(header + bytes((encoding,)) + b"[") for encoding in (0, 1)] == [False, True]
    assert holds_json("[")
