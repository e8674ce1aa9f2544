"""Private channels and broadcasts from the database, through the whole server."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from support.phoenix import KIND_4, phoenix_client
from support.server import serving, token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

    from support.phoenix import Message, PhoenixClient
    from support.postgres import Database

ANN = "aaaaaaaa-0000-4000-8000-000000000001"
BEN = "aaaaaaaa-0000-4000-8000-000000000002"

POLICIES = """
create policy rooms_read on realtime.messages for select to authenticated
  using (realtime.topic() like 'room-%');
create policy rooms_write on realtime.messages for insert to authenticated
  with check (realtime.topic() like 'room-rw%' and extension = 'broadcast');
"""


@pytest.fixture
def rooms(database: Database) -> Database:
    with psycopg.connect(database.url) as connection:
        connection.execute(POLICIES.encode())
    return database


@asynccontextmanager
async def stage(
    database: Database, slot: str, **settings: object
) -> AsyncGenerator[tuple[AsyncConnection[TupleRow], str]]:
    """A writer, and a server's URL."""
    async with (
        await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer,
        serving(database.url, slot, **settings) as url,
    ):
        yield writer, url


async def join(
    client: PhoenixClient, name: str, who: str | None = ANN, *, private: bool = True, **config: Any
) -> dict[str, Any]:
    access_token = None if who is None else token(who)
    return await client.join(name, access_token=access_token, private=private, **config)


def broadcasts(client: PhoenixClient) -> list[dict[str, Any]]:
    """Give the broadcasts that came, whatever their frames."""
    return [
        {"type": "broadcast", **{key: value for key, value in message[4].items() if value}}
        for message in client.messages
        if message[3] in ("broadcast", KIND_4)
    ]


async def broadcast_count(client: PhoenixClient, count: int) -> list[dict[str, Any]]:
    await client.until(lambda _: len(broadcasts(client)) >= count)
    return broadcasts(client)


def is_closing(name: str) -> Any:
    def wanted(message: Message) -> bool:
        return message[3] == "phx_close" and message[2] == f"realtime:{name}"

    return wanted


async def test_policies_decide_who_joins(rooms: Database, slot_name: str) -> None:
    async with stage(rooms, slot_name) as (_, url), phoenix_client(url) as client:
        refused = await join(client, "room-1", None)
        elsewhere = await join(client, "attic")
        joined = await join(client, "room-1")

    assert refused == {
        "status": "error",
        "response": {
            "reason": "Unauthorized: You do not have permissions to read from this Channel topic:"
            " room-1"
        },
    }
    assert elsewhere["status"] == "error"
    assert joined == {"status": "ok", "response": {"postgres_changes": []}}


async def test_who_may_not_write_is_not_heard_and_not_answered(
    rooms: Database, slot_name: str
) -> None:
    message = {"type": "broadcast", "event": "e", "payload": {"n": 1}}
    async with (
        stage(rooms, slot_name) as (_, url),
        phoenix_client(url) as ann,
        phoenix_client(url) as ben,
    ):
        for client in (ann, ben):
            for name in ("room-ro", "room-rw"):
                await join(client, name, broadcast={"ack": True})
        silent = await ann.push("realtime:room-ro", "broadcast", message)
        heard = await ann.push("realtime:room-rw", "broadcast", message)
        acknowledged = await ann.reply(heard)
        denied = await ann.reply(
            await ann.push("realtime:room-rw", "presence", {"event": "track", "payload": {}})
        )
        got = await broadcast_count(ben, 1)
        answered = [m for m in ann.messages if m[3] == "phx_reply" and m[1] == silent]

    assert acknowledged == {"status": "ok", "response": {}}
    assert denied == {"status": "error", "response": {}}
    assert got == [message]
    assert answered == []


async def test_a_message_of_the_database_reaches_the_channel_it_is_for(
    rooms: Database, slot_name: str
) -> None:
    async with (
        stage(rooms, slot_name) as (writer, url),
        phoenix_client(url, version="2.0.0") as new,
        phoenix_client(url, version="1.0.0") as old,
        phoenix_client(url) as outsider,
    ):
        await join(new, "room-1")
        await join(old, "room-1")
        await join(outsider, "room-1", private=False)
        await writer.execute("select realtime.send('{\"n\": 1}', 'ev', 'room-1')")
        await writer.execute(r"select realtime.send_binary('\x00ff', 'bin', 'room-1')")
        await writer.execute("select realtime.send('{\"id\": \"mine\"}', 'ev', 'room-1')")
        await writer.execute("select realtime.send('{\"n\": 2}', 'ev', 'room-1', false)")
        got_new = await broadcast_count(new, 3)
        got_old = await broadcast_count(old, 2)
        got_outside = await broadcast_count(outsider, 1)

    first_id = got_new[0]["meta"]["id"]
    assert got_new[0] == {
        "type": "broadcast",
        "event": "ev",
        "payload": {"n": 1, "id": first_id},
        "meta": {"id": first_id},
    }
    assert got_new[1]["payload"] == b"\x00\xff"
    assert got_new[2]["payload"] == {"id": "mine"}
    assert got_old == [got_new[0], got_new[2]]
    assert [message["payload"]["n"] for message in got_outside] == [2]


async def test_messages_come_in_the_order_in_which_they_were_sent(
    rooms: Database, slot_name: str
) -> None:
    async with stage(rooms, slot_name) as (writer, url), phoenix_client(url) as client:
        await join(client, "room-1")
        await writer.execute(
            "select realtime.send(jsonb_build_object('n', n), 'e', 'room-1')"
            " from generate_series(1, 500) as n"
        )
        got = await broadcast_count(client, 500)

    assert [message["payload"]["n"] for message in got] == list(range(1, 501))


async def test_earlier_messages_are_replayed_before_later_ones(
    rooms: Database, slot_name: str
) -> None:
    since = int(time.time() * 1000) - 60_000
    async with (
        stage(rooms, slot_name) as (writer, url),
        phoenix_client(url, version="2.0.0") as new,
        phoenix_client(url, version="1.0.0") as old,
    ):
        await writer.execute(
            "select realtime.send(jsonb_build_object('n', n), 'e', 'room-1')"
            " from generate_series(1, 30) as n"
        )
        await join(new, "room-1", broadcast={"replay": {"since": since, "limit": 100}})
        await join(old, "room-1", broadcast={"replay": {"since": since, "limit": 2}})
        await broadcast_count(new, 25)
        await broadcast_count(old, 2)
        await writer.execute("select realtime.send('{\"n\": 31}', 'e', 'room-1')")
        got_new = await broadcast_count(new, 26)
        got_old = await broadcast_count(old, 3)
        replayed = next(m for m in new.messages if m[3] == "broadcast")

    assert [message["payload"]["n"] for message in got_new] == list(range(6, 32))
    assert [message["meta"].get("replayed") for message in got_new] == [True] * 25 + [None]
    assert replayed[0] == "1"
    assert [message["payload"]["n"] for message in got_old] == [29, 30, 31]


async def test_nothing_is_lost_or_doubled_between_replay_and_stream(
    rooms: Database, slot_name: str
) -> None:
    since = int(time.time() * 1000) - 60_000
    async with stage(rooms, slot_name) as (writer, url), phoenix_client(url) as client:
        for turn in range(20):
            name = f"room-{turn}"
            await client.push(
                f"realtime:{name}",
                "phx_join",
                {
                    "config": {"private": True, "broadcast": {"replay": {"since": since}}},
                    "access_token": token(ANN),
                },
            )
            for n in range(3):
                await writer.execute(
                    "select realtime.send("
                    "jsonb_build_object('at', %s::text, 'n', %s::int), 'e', %s)",
                    [name, n, name],
                )
        got = await broadcast_count(client, 60)

    order: dict[str, list[int]] = {}
    for message in got:
        order.setdefault(message["payload"]["at"], []).append(message["payload"]["n"])
    assert order == {f"room-{turn}": [0, 1, 2] for turn in range(20)}


@pytest.mark.parametrize(
    ("private", "replay", "reason"),
    [
        (False, {"since": 1}, "Replay is not allowed for public channels"),
        (True, {"since": "yesterday"}, "Replay params are not valid"),
        (True, {}, "Replay params are not valid"),
        (True, {"since": 1, "limit": 0}, "Replay params are not valid"),
    ],
)
async def test_a_replay_that_cannot_be_is_refused(
    rooms: Database, slot_name: str, private: bool, replay: dict[str, Any], reason: str
) -> None:
    async with stage(rooms, slot_name) as (_, url), phoenix_client(url) as client:
        reply = await join(client, "room-1", private=private, broadcast={"replay": replay})

    assert reply == {
        "status": "error",
        "response": {"reason": f"UnableToReplayMessages: {reason}"},
    }


async def test_readiness_is_told_to_who_asks(rooms: Database, slot_name: str) -> None:
    async with stage(rooms, slot_name) as (_, url), phoenix_client(url) as client:
        await join(client, "room-1", broadcast={"replication_ready": True})
        message = await client.until(lambda m: m[3] == "system")

    assert message[4] == {
        "channel": "room-1",
        "extension": "system",
        "status": "ok",
        "message": "Replication connection established",
    }


async def test_a_token_that_may_not_read_ends_the_channel(rooms: Database, slot_name: str) -> None:
    async with stage(rooms, slot_name) as (_, url), phoenix_client(url) as client:
        await join(client, "room-1")
        await client.push("realtime:room-1", "access_token", {"access_token": token(role="anon")})
        system = await client.until(lambda m: m[3] == "system")
        await client.until(is_closing("room-1"))

    assert system[4]["status"] == "error"
    assert system[4]["message"] == (
        "You do not have permissions to read from this Channel topic: room-1"
    )
