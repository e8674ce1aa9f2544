"""A broadcast over HTTP reaches the members of its topic; what is wrong with it is said."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
import pytest

from slotcast.channels.access import Permissions
from slotcast.side_thread import QUEUE_LIMIT
from slotcast.transports import broadcasts
from support.channels import FakeAccess, channel_server
from support.phoenix import KIND_4, phoenix_client
from support.server import ANON_KEY, PUBLISHABLE_KEY, token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.channels import ChannelServer

TOPIC = "realtime:room"
ANON = {"Authorization": f"Bearer {ANON_KEY}"}
JSON = {**ANON, "Content-Type": "application/json"}
UNSUPPORTED = "Unsupported Media Type. Use application/json or application/octet-stream"
BYTES = {**ANON, "Content-Type": "application/octet-stream"}


async def post(
    server: ChannelServer, path: str, body: bytes, headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as http,
        http.post(
            server.url + path,
            data=io.BytesIO(body),
            headers=headers,
            skip_auto_headers=["Content-Type"],
        ) as response,
    ):
        return response.status, await response.text()


async def post_batch(
    server: ChannelServer, messages: Any, headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    body = json.dumps({"messages": messages}).encode()
    return await post(server, "/api/broadcast", body, ANON if headers is None else headers)


def said(event: str = "e", topic: str = "room", **more: Any) -> dict[str, Any]:
    return {"topic": topic, "event": event, "payload": {"k": 1}, **more}


@pytest.mark.parametrize("prefix", ["", "/realtime/v1"])
async def test_a_batch_reaches_members_in_order(prefix: str) -> None:
    async with (
        channel_server() as server,
        phoenix_client(server.url) as second,
        phoenix_client(server.url, version="1.0.0") as first,
    ):
        await second.join("room")
        await first.join("room")
        body = json.dumps({"messages": [said("r1"), said("r2", private=False)]}).encode()

        assert await post(server, f"{prefix}/api/broadcast", body, ANON) == (202, "")

        for client in (second, first):
            await client.until(lambda m: m[4].get("event") == "r2")
            assert client.messages[1:] == [
                [
                    None,
                    None,
                    TOPIC,
                    "broadcast",
                    {"event": event, "payload": {"k": 1}, "type": "broadcast"},
                ]
                for event in ("r1", "r2")
            ]


@pytest.mark.parametrize("prefix", ["", "/realtime/v1"])
@pytest.mark.parametrize("payload", [{"k": 3}, [1, 2], "text", None])
async def test_any_json_can_be_sent_as_a_single_event(prefix: str, payload: Any) -> None:
    async with (
        channel_server() as server,
        phoenix_client(server.url) as second,
        phoenix_client(server.url, version="1.0.0") as first,
    ):
        await second.join("room")
        await first.join("room")
        body = json.dumps(payload).encode()

        path = f"{prefix}/api/broadcast/room/events/r3"
        assert await post(server, path, body, JSON) == (202, "")

        got = await second.until(lambda m: m[3] == KIND_4)
        assert got[4] == {"event": "r3", "meta": None, "payload": payload}
        got = await first.until(lambda m: m[3] == "broadcast")
        assert got[4] == {"event": "r3", "payload": payload, "type": "broadcast"}


async def test_bytes_reach_version_two_alone() -> None:
    async with (
        channel_server() as server,
        phoenix_client(server.url) as second,
        phoenix_client(server.url, version="1.0.0") as first,
    ):
        await second.join("room")
        await first.join("room")

        path = "/api/broadcast/room/events/r4"
        assert await post(server, path, b"\x01\xff", BYTES) == (202, "")

        got = await second.until(lambda m: m[3] == KIND_4)
        assert got[4] == {"event": "r4", "meta": None, "payload": b"\x01\xff"}
        await first.settle()
        assert all(message[3] == "phx_reply" for message in first.messages)


async def test_names_may_hold_anything() -> None:
    name, event = "ä/events/b c%", "x/y?"
    async with channel_server() as server, phoenix_client(server.url) as client:
        await client.join(name)

        path = f"/api/broadcast/{quote(name, safe='')}/events/{quote(event, safe='')}"
        assert await post(server, path, b"{}", JSON) == (202, "")

        got = await client.until(lambda m: m[3] == KIND_4)
        assert (got[2], got[4]["event"]) == (f"realtime:{name}", event)


async def test_json_whose_names_are_too_long_for_a_binary_frame_is_sent_as_text() -> None:
    name = "n" * 300
    async with channel_server() as server, phoenix_client(server.url) as client:
        await client.join(name)

        path = f"/api/broadcast/{name}/events/e"
        assert await post(server, path, b"5", JSON) == (202, "")
        got = await client.until(lambda m: m[3] == "broadcast")
        assert got[4] == {"event": "e", "payload": 5, "type": "broadcast"}

        assert await post(server, path, b"5", BYTES) == (
            422,
            '{"errors":{"topic":["is too long"]}}',
        )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer nope"}, 401),
        ({"Authorization": f"Bearer {token(expires_in_s=-10.0)}"}, 401),
        ({"Authorization": "Bearer nope", "apikey": ANON_KEY}, 401),
        ({"apikey": "sb_publishable_unknown"}, 401),
        ({"apikey": ANON_KEY}, 202),
        ({"apikey": PUBLISHABLE_KEY}, 202),
        ({"Authorization": f"bearer {PUBLISHABLE_KEY}"}, 202),
    ],
)
async def test_who_may_broadcast(headers: dict[str, str], status: int) -> None:
    answer = (401, '{"message":"Unauthorized"}') if status == 401 else (202, "")
    single = {**headers, "Content-Type": "application/json"}
    async with channel_server() as server:
        assert await post_batch(server, [said()], headers) == answer
        assert await post(server, "/api/broadcast/room/events/e", b"1", single) == answer


MALFORMED_BATCHES: list[tuple[Any, dict[str, Any]]] = [
    (None, {"messages": ["can't be blank"]}),
    ([], {"messages": ["can't be blank"]}),
    ("text", {"messages": ["is invalid"]}),
    ([5], {"messages": ["is invalid"]}),
    ([{"topic": "x", "event": "e"}], {"messages": [{"payload": ["can't be blank"]}]}),
    (
        [said(topic=""), said(topic="y")],
        {"messages": [{"topic": ["can't be blank"]}, {}]},
    ),
    ([said(payload="string")], {"messages": [{"payload": ["is invalid"]}]}),
    (
        [{"topic": 5, "event": " ", "payload": [], "private": "yes"}],
        {
            "messages": [
                {
                    "topic": ["is invalid"],
                    "event": ["can't be blank"],
                    "payload": ["is invalid"],
                    "private": ["is invalid"],
                }
            ]
        },
    ),
    ([said("e" * 256)], {"messages": [{"event": ["is too long"]}]}),
    ([said(topic="t" * 1016)], {"messages": [{"topic": ["is too long"]}]}),
    (
        [said(payload={"x": "z" * 400})],
        {"messages": [{"payload": ["Payload size exceeds tenant limit"]}]},
    ),
]


@pytest.mark.parametrize(("messages", "errors"), MALFORMED_BATCHES)
async def test_what_is_wrong_with_a_batch_is_said_and_nothing_is_sent(
    messages: Any, errors: dict[str, Any]
) -> None:
    async with (
        channel_server(max_payload_size_in_kb=0.4) as server,
        phoenix_client(server.url) as client,
    ):
        await client.join("y")

        status, text = await post_batch(server, messages)
        await client.settle()

        assert (status, json.loads(text)) == (422, {"errors": errors})
        assert all(message[3] == "phx_reply" for message in client.messages)


@pytest.mark.parametrize(
    ("path", "body", "headers", "answer"),
    [
        ("", b"{bad", JSON, (400, "Bad Request")),
        ("", b"{}", JSON, (422, '{"errors":{"messages":["can\'t be blank"]}}')),
        ("", b"[" * 2000, JSON, (413, '{"message":"Payload Too Large"}')),
        ("/x/events/e", b"{bad", JSON, (400, "Bad Request")),
        ("/x/events/e", b"", JSON, (400, "Bad Request")),
        ("/x/events/e", b"1" * 101, JSON, (413, '{"message":"Payload Too Large"}')),
        ("/x/events/e", b"1" * 101, BYTES, (413, '{"message":"Payload Too Large"}')),
        ("//events/e", b"1", JSON, (422, '{"errors":{"topic":["can\'t be blank"]}}')),
        ("/x/events/", b"1", JSON, (422, '{"errors":{"event":["can\'t be blank"]}}')),
        ("/x/event/e", b"1", JSON, (404, "Not Found")),
        ("/x", b"1", JSON, (404, "Not Found")),
        (
            "/x/events/e",
            b"hi",
            {**ANON, "Content-Type": "text/plain"},
            (415, json.dumps({"error": UNSUPPORTED}, separators=(",", ":"))),
        ),
        ("/x/events/e?private=true", b"1", JSON, (403, '{"message":"Unauthorized"}')),
    ],
)
async def test_requests_that_cannot_be_served(
    path: str, body: bytes, headers: dict[str, str], answer: tuple[int, str]
) -> None:
    async with channel_server(frame_limit_bytes=1000, max_payload_size_in_kb=0.1) as server:
        assert await post(server, f"/api/broadcast{path}", body, headers) == answer


async def test_private_messages_go_where_policies_let_them() -> None:
    access = FakeAccess(
        read_by={"authenticated": Permissions(broadcast=True, presence=False)},
        write_by={("authenticated", "broadcast")},
    )
    access.gate.set()
    user = {"Authorization": f"Bearer {token('ann')}"}
    async with channel_server(access=access) as server, phoenix_client(server.url) as client:
        await client.join("room", private=True, access_token=token("ann"))

        assert await post_batch(server, [said("no", private=True)]) == (202, "")
        assert await post_batch(server, [said("public")], user) == (202, "")
        assert await post_batch(server, [said("yes", private=True)], user) == (202, "")

        got = await client.until(lambda m: m[3] == "broadcast")
        assert got[4]["event"] == "yes"
        path = "/api/broadcast/room/events/single?private=true"
        user["Content-Type"] = "application/json"
        assert await post(server, path, b"1", user) == (202, "")
        await client.until(lambda m: m[3] == KIND_4)


async def test_each_sender_has_a_rate_of_its_own() -> None:
    async with (
        channel_server(http_message_rate_per_s=2.0) as server,
        aiohttp.ClientSession(server.url, headers=JSON) as http,
    ):
        path = "/api/broadcast/room/events/e"
        async with http.post(path, data=b"1") as response:
            assert response.status == 202
            assert response.headers["x-rate-limit"] == "2"
            assert response.headers["x-rate-limit-remaining"] == "2"
            assert response.headers["x-rate-rolling"] == "0.20"
        async with http.post("/api/broadcast", json={"messages": [said()] * 10}) as response:
            assert (response.status, await response.json()) == (
                429,
                {"message": "Too many messages to broadcast, please reduce the batch size"},
            )
        async with http.post("/api/broadcast", json={"messages": [said()] * 9}) as response:
            assert response.status == 202
        async with http.post(path, data=b"1") as response:
            assert (response.status, await response.json()) == (
                429,
                {"message": "You have exceeded your rate limit"},
            )
            assert response.headers["x-rate-limit-remaining"] == "0"

        other = {"Authorization": f"Bearer {token('ann')}"}
        async with http.post(path, data=b"1", headers=other) as response:
            assert response.status == 202


LARGE = [{**said(), "payload": {"text": "x" * 100_000}}]


async def test_heartbeats_are_answered_while_large_bodies_are_read_and_few_of_these_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_read = threading.Event()
    parse = broadcasts._parse  # pyright: ignore[reportPrivateUsage]

    def parse_slowly(body: bytes) -> object:
        assert may_read.wait(30)
        return parse(body)

    monkeypatch.setattr(broadcasts, "_parse", parse_slowly)
    async with channel_server() as server, phoenix_client(server.url) as client:
        await client.join("room")
        sending = [asyncio.create_task(post_batch(server, LARGE)) for _ in range(QUEUE_LIMIT + 2)]
        done, reading = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        await client.settle()  # by a heartbeat
        may_read.set()
        sent = [await each for each in reading]

    [refused] = [each.result() for each in done]
    assert refused == (503, '{"message":"Too many large messages wait to be read"}')
    assert sent == [(202, "")] * (QUEUE_LIMIT + 1)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"a":[' + b"[]," * 200_000 + b"1]}",
        b"{" + b",".join(b'"%d":1' % number for number in range(150_000)) + b"}",
        b'{"a":[' + b"1," * 600_000 + b"1]}",
        b'{"a":[' + b"[]," * 200_000 + b'"' + b'\\"' * 100_000,
    ],
)
async def test_a_body_of_too_many_parts_is_refused_before_it_is_parsed(payload: bytes) -> None:
    async with channel_server() as server:
        batch = b'{"messages":[{"topic":"room","event":"e","payload":%b}]}' % payload
        in_batch = await post(server, "/api/broadcast", batch, ANON)
        single = await post(server, "/api/broadcast/room/events/e", payload, JSON)

    assert in_batch == single == (413, '{"message":"Payload Too Large"}')


async def test_what_stands_in_strings_is_no_part() -> None:
    text = json.dumps([{"a": [number]} for number in range(100_000)])
    async with channel_server() as server:
        assert await post_batch(server, [{**said(), "payload": {"text": text}}]) == (202, "")
