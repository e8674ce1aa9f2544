"""What is broadcast reaches the members of the topic, in the form each of them understands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.channels import channel_server
from support.phoenix import KIND_4, phoenix_client

if TYPE_CHECKING:
    from support.phoenix import Message, PhoenixClient

TOPIC = "realtime:room"
SAID: dict[str, Any] = {"type": "broadcast", "event": "e", "payload": {"n": 1}}
OK: dict[str, Any] = {"status": "ok", "response": {}}


def broadcasts(client: PhoenixClient) -> list[Message]:
    return [message for message in client.messages if message[3] in ("broadcast", KIND_4)]


async def test_a_text_broadcast_reaches_all_others_word_for_word() -> None:
    async with (
        channel_server() as server,
        phoenix_client(server.url) as sender,
        phoenix_client(server.url) as second,
        phoenix_client(server.url, version="1.0.0") as first,
    ):
        for client in (sender, second, first):
            await client.join("room")

        await sender.push(TOPIC, "broadcast", SAID)
        await sender.push(TOPIC, "broadcast", {"event": "no payload", "x": [1, None]})
        for client in (second, first):
            await client.until(lambda m: m[4].get("event") == "no payload")

        for client in (second, first):
            assert broadcasts(client) == [
                [None, None, TOPIC, "broadcast", SAID],
                [None, None, TOPIC, "broadcast", {"event": "no payload", "x": [1, None]}],
            ]
        await sender.settle()
        assert broadcasts(sender) == []


async def test_a_broadcast_from_version_one_reaches_version_two() -> None:
    async with (
        channel_server() as server,
        phoenix_client(server.url, version="1.0.0") as sender,
        phoenix_client(server.url) as second,
    ):
        await sender.join("room")
        await second.join("room")

        await sender.push(TOPIC, "broadcast", SAID)

        got = await second.until(lambda m: m[3] == "broadcast")
        assert got == [None, None, TOPIC, "broadcast", SAID]


async def test_a_binary_frame_of_json_reaches_both_versions() -> None:
    async with (
        channel_server() as server,
        phoenix_client(server.url) as sender,
        phoenix_client(server.url) as second,
        phoenix_client(server.url, version="1.0.0") as first,
    ):
        for client in (sender, second, first):
            await client.join("room")

        await sender.push_binary(TOPIC, "é✓", '{"ü":"✓"}'.encode(), is_json=True, meta=b'{"foo":1}')

        assert await second.until(lambda m: m[3] == KIND_4) == [
            None,
            None,
            TOPIC,
            KIND_4,
            {"event": "é✓", "meta": None, "payload": {"ü": "✓"}},
        ]
        assert await first.until(lambda m: m[3] == "broadcast") == [
            None,
            None,
            TOPIC,
            "broadcast",
            {"type": "broadcast", "event": "é✓", "payload": {"ü": "✓"}},
        ]


async def test_a_binary_frame_of_bytes_reaches_version_two_alone() -> None:
    async with (
        channel_server() as server,
        phoenix_client(server.url) as sender,
        phoenix_client(server.url) as second,
        phoenix_client(server.url, version="1.0.0") as first,
    ):
        for client in (sender, second, first):
            await client.join("room")

        await sender.push_binary(TOPIC, "bytes", b"\x00\x01\xff")
        await sender.push(TOPIC, "broadcast", SAID)

        got = await second.until(lambda m: m[3] == KIND_4)
        assert got[4] == {"event": "bytes", "meta": None, "payload": b"\x00\x01\xff"}
        await first.until(lambda m: m[3] == "broadcast")
        assert [m[4] for m in broadcasts(first)] == [SAID]


async def test_broken_json_in_a_binary_frame_reaches_nobody() -> None:
    async with (
        channel_server() as server,
        phoenix_client(server.url) as sender,
        phoenix_client(server.url) as second,
    ):
        await sender.join("room", broadcast={"ack": True, "self": True})
        await second.join("room")

        await sender.push_binary(TOPIC, "e", b"{nope", is_json=True)
        await sender.connection.send(b"\x03\x01\x02")
        assert await sender.reply(await sender.push(TOPIC, "broadcast", SAID)) == OK

        await second.until(lambda m: m[3] == "broadcast")
        assert len(broadcasts(second)) == len(broadcasts(sender)) == 1


async def test_who_asks_for_it_gets_its_own_broadcasts_and_acknowledgements() -> None:
    async with channel_server() as server, phoenix_client(server.url) as sender:
        await sender.join("room", broadcast={"ack": True, "self": True})

        ref = await sender.push(TOPIC, "broadcast", SAID)

        assert await sender.reply(ref) == OK
        assert [m[3] for m in sender.messages[1:]] == ["broadcast", "phx_reply"]


async def test_nobody_else_is_acknowledged() -> None:
    async with channel_server() as server, phoenix_client(server.url) as sender:
        await sender.join("room")

        await sender.push(TOPIC, "broadcast", SAID)
        await sender.settle()

        assert [m[3] for m in sender.messages] == ["phx_reply", "phx_reply"]


async def test_topics_and_those_who_left_get_nothing() -> None:
    async with (
        channel_server() as server,
        phoenix_client(server.url) as sender,
        phoenix_client(server.url) as gone,
        phoenix_client(server.url) as elsewhere,
    ):
        await sender.join("room", broadcast={"ack": True})
        await gone.join("room")
        await elsewhere.join("other")
        await gone.push(TOPIC, "phx_leave", {})
        await gone.until(lambda m: m[3] == "phx_close")

        await sender.reply(await sender.push(TOPIC, "broadcast", SAID))
        for client in (gone, elsewhere):
            await client.settle()
            assert broadcasts(client) == []


async def test_nothing_is_kept_of_topics_without_members() -> None:
    async with channel_server() as server, phoenix_client(server.url) as client:
        await client.join("room", presence={"enabled": True})
        await client.push(TOPIC, "presence", {"event": "track", "payload": {"x": 1}})
        await client.until(lambda m: m[3] == "presence_diff")
        await client.join("other")
        assert len(server.topics) == 2

        await client.push(TOPIC, "phx_leave", {})
        await client.push("realtime:other", "phx_leave", {})
        await client.until(lambda m: m[3] == "phx_close" and m[2] != TOPIC)
        await client.settle()

        assert len(server.topics) == 0


@pytest.mark.parametrize("is_binary", [False, True])
async def test_a_payload_over_the_limit_is_refused(*, is_binary: bool) -> None:
    async with (
        channel_server(max_payload_size_in_kb=0.1) as server,
        phoenix_client(server.url) as sender,
        phoenix_client(server.url) as quiet,
    ):
        await sender.join("room", broadcast={"ack": True})
        await quiet.join("room")
        content = {"event": "e", "payload": {"x": "z" * 100}}

        if is_binary:
            ref = await sender.push_binary(TOPIC, "e", json.dumps(content).encode(), is_json=True)
        else:
            ref = await sender.push(TOPIC, "broadcast", content)

        assert await sender.reply(ref) == {
            "status": "error",
            "response": {"error": "payload_size_exceeded"},
        }
        await quiet.push(TOPIC, "broadcast", content)
        await quiet.settle()
        assert broadcasts(quiet) == broadcasts(sender) == []
        assert [m[3] for m in quiet.messages] == ["phx_reply", "phx_reply"]


async def test_who_sends_too_often_is_closed_and_nobody_else() -> None:
    async with (
        channel_server(max_events_per_second=2.0) as server,
        phoenix_client(server.url) as sender,
        phoenix_client(server.url) as receiver,
    ):
        await sender.join("room")
        await sender.join("quiet")
        await receiver.join("room")

        for _ in range(30):
            await sender.push(TOPIC, "broadcast", SAID)

        system = await sender.until(lambda m: m[3] == "system")
        assert system[4] == {
            "channel": "room",
            "extension": "system",
            "status": "error",
            "message": "Too many messages per second",
        }
        assert (await sender.until(lambda m: m[3] == "phx_close"))[2] == TOPIC
        await receiver.settle()
        assert 10 <= len(broadcasts(receiver)) < 30
        assert [m[3] for m in receiver.messages if m[3] != "broadcast"] == ["phx_reply"] * 2


async def test_large_messages_count_for_several() -> None:
    async with (
        channel_server(max_events_per_second=2.0) as server,
        phoenix_client(server.url) as sender,
        phoenix_client(server.url) as receiver,
    ):
        await sender.join("room")
        await receiver.join("room")

        for _ in range(6):
            await sender.push_binary(TOPIC, "e", bytes(4096 * 3))

        await sender.until(lambda m: m[3] == "phx_close")
        await receiver.settle()
        assert len(broadcasts(receiver)) == 3


async def test_who_joins_too_often_is_disconnected() -> None:
    async with (
        channel_server(max_joins_per_second=1.0) as server,
        phoenix_client(server.url) as client,
    ):
        for number in range(5):
            assert (await client.join(f"room-{number}"))["status"] == "ok"

        assert await client.join("one-more") == {
            "status": "error",
            "response": {"reason": "ClientJoinRateLimitReached: Too many joins per second"},
        }
        assert await client.closed() == 1001


async def test_a_page_may_join_all_its_channels_at_once_and_again_after_a_loss() -> None:
    async with channel_server() as server, phoenix_client(server.url) as client:
        for _ in range(3):
            refs = [
                await client.push(f"realtime:room-{number}", "phx_join", {"config": {}})
                for number in range(100)
            ]
            for ref in refs:
                assert (await client.reply(ref))["status"] == "ok"
