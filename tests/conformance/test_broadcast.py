"""Broadcasts among the official clients, over the connection and over HTTP."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from support.official import KINDS, Complaint, official_clients
from support.server import serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from support.official import Connector, OfficialClient
    from support.postgres import Database

JAVASCRIPT = ["javascript-2.0.0", "javascript-1.0.0"]
ACKNOWLEDGED = {"broadcast": {"ack": True, "self": False}}
ECHOED = {"broadcast": {"ack": False, "self": True}}
PAYLOAD: dict[str, Any] = {
    "who": "Ann",
    "at": [1, 2.5, None, True],
    "text": "Grüße 👋",
    "in": {"": {}},
}


@asynccontextmanager
async def connectors(url: str) -> AsyncGenerator[dict[str, Connector]]:
    """Give a maker of clients of every kind."""
    async with AsyncExitStack() as opened:
        yield {
            kind: await opened.enter_async_context(official_clients(kind, url)) for kind in KINDS
        }


async def everybody(makers: dict[str, Connector], channel: str) -> dict[str, OfficialClient]:
    """Give a client of every kind, joined."""
    clients = {kind: await connect() for kind, connect in makers.items()}
    for client in clients.values():
        await client.subscribe(channel)
    return clients


@pytest.mark.parametrize("kind", KINDS)
async def test_a_broadcast_reaches_every_kind_of_client_as_it_was_sent(
    database: Database, slot_name: str, kind: str
) -> None:
    async with serving(database.url, slot_name) as url, connectors(url) as makers:
        sender = await makers[kind]()
        await sender.subscribe("room")
        receivers = await everybody(makers, "room")

        for number in range(20):
            assert await sender.send("room", "typing", {**PAYLOAD, "number": number}) == "ok"
        got = {name: await client.broadcast_count("room", 20) for name, client in receivers.items()}

    expected = [("typing", {**PAYLOAD, "number": number}) for number in range(20)]
    assert got == dict.fromkeys(KINDS, expected)
    assert sender.broadcasts("room") == []
    assert [client.of(Complaint) for client in receivers.values()] == [[], [], []]


async def test_a_sender_that_asks_for_its_own_broadcasts_gets_each_once(
    database: Database, slot_name: str, kind: str
) -> None:
    async with serving(database.url, slot_name) as url, official_clients(kind, url) as connect:
        client = await connect()
        await client.subscribe("room", config=ECHOED)

        await client.send("room", "first", {"n": 1})
        await client.send("room", "second", {"n": 2})
        await client.broadcast_count("room", 2)

    assert client.broadcasts("room") == [("first", {"n": 1}), ("second", {"n": 2})]


async def test_an_acknowledged_broadcast_is_answered(
    database: Database, slot_name: str, kind: str
) -> None:
    async with serving(database.url, slot_name) as url, official_clients(kind, url) as connect:
        sender, receiver = await connect(), await connect()
        await sender.subscribe("room", config=ACKNOWLEDGED)
        await receiver.subscribe("room")

        outcome = await sender.send("room", "typing", {"n": 1})
        await receiver.broadcast_count("room", 1)

    assert outcome == "ok"
    assert sender.broadcasts("room") == []


async def test_an_acknowledged_broadcast_that_is_too_large_is_refused(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name, max_payload_size_in_kb=1) as url,
        official_clients(kind, url) as connect,
    ):
        sender, receiver = await connect(), await connect()
        await sender.subscribe("room", config=ACKNOWLEDGED)
        await receiver.subscribe("room")

        outcome = await sender.send("room", "large", {"text": "x" * 1000})
        await sender.send("room", "small", {})
        await receiver.broadcast_count("room", 1)

    assert outcome == "error"
    assert receiver.broadcasts("room") == [("small", {})]


async def test_bytes_reach_the_clients_that_can_take_them(
    database: Database, slot_name: str
) -> None:
    """Serializer 1.0.0, and so the Python client, has no place for bytes."""
    blob = bytes(range(256))
    async with serving(database.url, slot_name) as url, connectors(url) as makers:
        sender = await makers["javascript-2.0.0"]()
        await sender.subscribe("room", config=ACKNOWLEDGED)
        receivers = await everybody(makers, "room")

        assert await sender.send("room", "blob", blob) == "ok"
        assert await sender.send("room", "empty", b"") == "ok"
        assert await sender.send("room", "last", {}) == "ok"
        await receivers["javascript-2.0.0"].broadcast_count("room", 3)
        for client in receivers.values():
            await client.broadcast_count("room", 1)

    assert {kind: client.broadcasts("room") for kind, client in receivers.items()} == {
        "javascript-2.0.0": [("blob", blob), ("empty", b""), ("last", {})],
        "javascript-1.0.0": [("last", {})],
        "python": [("last", {})],
    }
    assert [client.of(Complaint) for client in receivers.values()] == [[], [], []]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_broadcast_over_http_reaches_every_kind_of_client(
    database: Database, slot_name: str, kind: str
) -> None:
    async with serving(database.url, slot_name) as url, connectors(url) as makers:
        receivers = await everybody(makers, "room: täglich/1")
        sender = await makers[kind]()
        await sender.open("room: täglich/1")

        outcome = await sender.http_send("room: täglich/1", "now/then?", PAYLOAD)
        blob_outcome = await sender.http_send("room: täglich/1", "blob", b"\x00\xff")
        for client in receivers.values():
            await client.broadcast_count("room: täglich/1", 1)
        await receivers["javascript-2.0.0"].broadcast_count("room: täglich/1", 2)

    assert (outcome, blob_outcome) == ("ok", "ok")
    got = {name: client.broadcasts("room: täglich/1") for name, client in receivers.items()}
    assert got == {
        "javascript-2.0.0": [("now/then?", PAYLOAD), ("blob", b"\x00\xff")],
        "javascript-1.0.0": [("now/then?", PAYLOAD)],
        "python": [("now/then?", PAYLOAD)],
    }


@pytest.mark.parametrize("kind", JAVASCRIPT)
async def test_a_channel_that_is_not_joined_sends_over_http_by_itself(
    database: Database, slot_name: str, kind: str
) -> None:
    async with serving(database.url, slot_name) as url, connectors(url) as makers:
        receivers = await everybody(makers, "room")
        sender = await makers[kind]()
        await sender.open("room")

        outcome = await sender.send("room", "typing", PAYLOAD)
        for client in receivers.values():
            await client.broadcast_count("room", 1)

    assert outcome == "ok"
    got = [client.broadcasts("room") for client in receivers.values()]
    assert got == [[("typing", PAYLOAD)]] * len(KINDS)
    assert "falling back to REST" in sender.of(Complaint)[0].text


async def test_topics_do_not_hear_of_one_another(
    database: Database, slot_name: str, kind: str
) -> None:
    async with serving(database.url, slot_name) as url, official_clients(kind, url) as connect:
        sender, receiver = await connect(), await connect()
        for room in ("room", "room2", "ROOM"):
            await sender.subscribe(room)
            await receiver.subscribe(room)

        for room in ("ROOM", "room2", "room"):
            await sender.send(room, "hello", {"to": room})
        await receiver.broadcast_count("room", 1)

    assert {room: receiver.broadcasts(room) for room in ("room", "room2", "ROOM")} == {
        room: [("hello", {"to": room})] for room in ("room", "room2", "ROOM")
    }


async def test_a_channel_that_was_removed_gets_no_broadcast(
    database: Database, slot_name: str, kind: str
) -> None:
    async with serving(database.url, slot_name) as url, official_clients(kind, url) as connect:
        sender, receiver, gone = await connect(), await connect(), await connect()
        for client in (sender, receiver, gone):
            await client.subscribe("room")

        await gone.remove("room")
        await gone.status("room", "CLOSED")
        await sender.send("room", "typing", {})
        await receiver.broadcast_count("room", 1)

    assert gone.broadcasts("room") == []
