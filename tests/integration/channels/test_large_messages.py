"""Who sends large messages waits for them, and nobody else does."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest

from slotcast.channels.session import Handshake, Refusal
from support.channels import channel_server
from support.phoenix import KIND_4, phoenix_client
from support.server import ANON_KEY

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from support.channels import ChannelServer
    from support.phoenix import Message, PhoenixClient

TOPIC: Final = "realtime:room"
LARGE: Final[dict[str, Any]] = {"type": "broadcast", "event": "large", "x": "é\\" * 50_000}
TRACK: Final[dict[str, Any]] = {"event": "track", "payload": {}}
SMALL: Final[dict[str, Any]] = {"type": "broadcast", "event": "small"}


@asynccontextmanager
async def busy(server: ChannelServer) -> AsyncGenerator[None]:
    """Decode no large message within the block."""
    gate = threading.Event()
    occupied = asyncio.create_task(server.messages.run(gate.wait))
    try:
        yield
    finally:
        gate.set()
        await occupied


def send_and_close(client: PhoenixClient, payload: object) -> None:
    """Broadcast and end in one write, so that the end is there while the message waits."""
    protocol = client.connection.protocol
    protocol.send_text(json.dumps(["2", "9", TOPIC, "broadcast", payload]).encode())
    protocol.send_close(1000)
    client.connection.transport.write(b"".join(protocol.data_to_send()))


def is_leave(message: Message) -> bool:
    return message[3] == "presence_diff" and bool(message[4]["leaves"])


@asynccontextmanager
async def seen_in_room() -> AsyncGenerator[tuple[ChannelServer, PhoenixClient, PhoenixClient]]:
    """Serve a sender, and a receiver who sees that it is there."""
    async with (
        channel_server() as server,
        phoenix_client(server.url) as sender,
        phoenix_client(server.url) as receiver,
    ):
        for client in (receiver, sender):
            await client.join("room", presence={"enabled": True})
        await sender.push(TOPIC, "presence", TRACK)
        await receiver.until(lambda m: m[3] == "presence_diff")
        yield server, sender, receiver


def events(client: PhoenixClient) -> list[str]:
    return [m[4]["event"] for m in client.messages if m[3] in ("broadcast", KIND_4)]


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
async def test_what_comes_after_a_large_message_waits_for_it_and_others_go_on(
    version: str,
) -> None:
    async with (
        channel_server() as server,
        phoenix_client(server.url, version=version) as sender,
        phoenix_client(server.url) as other,
        phoenix_client(server.url) as receiver,
    ):
        for client in (sender, other, receiver):
            await client.join("room")
        async with busy(server):
            await sender.push(TOPIC, "broadcast", LARGE)
            await sender.push(TOPIC, "broadcast", SMALL)
            await other.push(TOPIC, "broadcast", {**SMALL, "event": "of another"})
            await receiver.until(lambda m: m[3] == "broadcast")
            before = events(receiver)
        await sender.settle()
        await receiver.until(lambda m: m[3] == "broadcast" and m[4] == SMALL)

    assert before == ["of another"]
    assert events(receiver) == ["of another", "large", "small"]
    assert receiver.messages[-2] == [None, None, TOPIC, "broadcast", LARGE]


async def test_large_binary_frames_keep_their_place_whatever_they_hold() -> None:
    async with (
        channel_server() as server,
        phoenix_client(server.url) as sender,
        phoenix_client(server.url) as receiver,
    ):
        for client in (sender, receiver):
            await client.join("room")
        for number, payload in enumerate((b'{"x":"%b"}' % (b"x" * 100_000), b"[" * 500_000)):
            await sender.push_binary(TOPIC, str(number), payload, is_json=payload[:1] == b"{")
        await sender.push(TOPIC, "broadcast", SMALL)
        await receiver.until(lambda m: m[3] == "broadcast")

    assert events(receiver) == ["0", "1", "small"]


async def test_who_goes_right_after_a_large_message_has_said_it() -> None:
    async with seen_in_room() as (server, sender, receiver):
        async with busy(server):
            send_and_close(sender, LARGE)
            await receiver.settle()
            before = events(receiver)
        await receiver.until(is_leave)

    assert before == []
    assert events(receiver) == ["large"]


async def test_what_is_too_much_closes_its_sender_and_what_is_broken_is_ignored() -> None:
    async with (
        channel_server() as server,
        phoenix_client(server.url) as laborious,
        phoenix_client(server.url) as large,
        phoenix_client(server.url) as broken,
    ):
        for client in (laborious, large, broken):
            await client.join("room")
        many: list[list[int]] = [[] for _ in range(100_000)]
        await laborious.push(TOPIC, "broadcast", {"x": many})
        await large.push(TOPIC, "presence", {"event": "track", "payload": {"x": "x" * 2_000_000}})
        await broken.connection.send("[" + " " * 100_000)

        assert [await laborious.closed(), await large.closed()] == [1009, 1009]
        await broken.settle()


async def test_many_who_send_very_large_messages_shut_nobody_out() -> None:
    longest = json.dumps(["1", "2", TOPIC, "broadcast", {"x": "x" * 4_990_000}])
    async with (
        channel_server() as server,
        AsyncExitStack() as crowd,
        phoenix_client(server.url) as polite,
        phoenix_client(server.url) as receiver,
    ):
        for client in (polite, receiver):
            await client.join("room")
        async with busy(server):
            many = [await crowd.enter_async_context(phoenix_client(server.url)) for _ in range(13)]
            for greedy in many:
                await greedy.connection.send(longest)
            await polite.push(TOPIC, "broadcast", {**LARGE, "x": "x" * 2_900_000})
            await receiver.settle()
        await receiver.until(lambda m: m[3] == "broadcast")
        for greedy in many:
            await greedy.settle()

    assert events(receiver) == ["large"]


async def test_who_goes_before_the_turn_of_a_large_message_has_not_said_it() -> None:
    async with seen_in_room() as (server, sender, receiver):
        async with server.realtime.large_messages.turn("192.0.2.1"):
            send_and_close(sender, LARGE)
            await receiver.until(is_leave)
        await receiver.push(TOPIC, "broadcast", LARGE)
        await receiver.settle()

    assert events(receiver) == []


class GoneConnection:
    """The connection of somebody to whom nothing can be said any more."""

    remote = "192.0.2.1:50000"

    def send(self, frame: bytes, /) -> None: ...
    def close(self, code: int, reason: str) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...


async def test_who_goes_in_the_moment_in_which_a_large_message_came_is_gone() -> None:
    handshake = Handshake(
        path="/", query={"apikey": ANON_KEY, "vsn": "2.0.0"}, headers={}, remote="192.0.2.1:50000"
    )
    join: dict[str, Any] = {"config": {"presence": {"enabled": True}}}
    async with seen_in_room() as (server, _, receiver):
        session = server.realtime.open_session(handshake, GoneConnection())
        assert not isinstance(session, Refusal)
        for event, payload in (("phx_join", join), ("presence", TRACK), ("broadcast", LARGE)):
            session.receive_text(json.dumps(["1", "1", TOPIC, event, payload]))
        session.closed()
        await receiver.until(is_leave)


async def test_large_messages_of_a_sender_above_its_rate_are_not_even_decoded() -> None:
    async with (
        channel_server(max_events_per_second=2.0) as server,
        phoenix_client(server.url) as sender,
        phoenix_client(server.url) as receiver,
    ):
        for client in (sender, receiver):
            await client.join("room")
        await sender.push(TOPIC, "broadcast", LARGE)
        await sender.push(TOPIC, "broadcast", LARGE)

        assert await sender.closed() == 1013
        await receiver.until(lambda m: m[3] == "broadcast")
        await receiver.settle()

    assert events(receiver) == ["large"]
