"""What a client may not read or write on a private channel stays unread and unwritten."""

from __future__ import annotations

from typing import Any

from slotcast.channels.access import Permissions
from support.channels import FakeAccess, channel_server
from support.phoenix import phoenix_client
from support.server import token

TOPIC = "realtime:room"
OK: dict[str, Any] = {"status": "ok", "response": {}}
BROADCAST_ONLY = Permissions(broadcast=True, presence=False)
ACKNOWLEDGED: dict[str, Any] = {"private": True, "broadcast": {"ack": True, "self": True}}


def said(number: int) -> dict[str, Any]:
    return {"event": "e", "payload": {"n": number}}


async def test_who_may_read_nothing_cannot_join() -> None:
    async with channel_server(access=FakeAccess()) as server, phoenix_client(server.url) as client:
        reply = await client.join("room", private=True)

    assert reply == {
        "status": "error",
        "response": {
            "reason": "Unauthorized: You do not have permissions to read from this Channel"
            " topic: room"
        },
    }


async def test_pushes_wait_in_order_for_the_first_answer_and_others_do_not() -> None:
    access = FakeAccess(
        read_by={"anon": BROADCAST_ONLY}, write_by={("anon", "broadcast"), ("anon", "presence")}
    )
    async with channel_server(access=access) as server, phoenix_client(server.url) as client:
        await client.join("room", **ACKNOWLEDGED)
        await client.join("public", broadcast={"ack": True})

        refs = [await client.push(TOPIC, "broadcast", said(number)) for number in range(3)]
        refs.append(await client.push(TOPIC, "presence", {"event": "untrack"}))
        refs.append(await client.push(TOPIC, "broadcast", said(3)))
        public = await client.push("realtime:public", "broadcast", said(9))
        assert await client.reply(public) == OK
        access.gate.set()
        for ref in refs:
            assert await client.reply(ref) == OK

        assert [m[1] for m in client.messages if m[1] in refs] == refs
        assert [m[4]["payload"]["n"] for m in client.messages if m[3] == "broadcast"] == [
            0,
            1,
            2,
            3,
        ]
        assert [question[0] for question in access.questions] == ["read", "broadcast", "presence"]


async def test_what_may_not_be_written_reaches_nobody() -> None:
    access = FakeAccess(read_by={"anon": BROADCAST_ONLY})
    access.gate.set()
    async with channel_server(access=access) as server, phoenix_client(server.url) as client:
        await client.join("room", **ACKNOWLEDGED)

        await client.push(TOPIC, "broadcast", said(1))
        ref = await client.push(TOPIC, "presence", {"event": "track", "payload": {}})

        assert await client.reply(ref) == {"status": "error", "response": {}}
        await client.settle()
        assert all(message[3] == "phx_reply" for message in client.messages)


async def test_a_new_token_is_asked_about_anew() -> None:
    access = FakeAccess(
        read_by={"anon": BROADCAST_ONLY, "authenticated": BROADCAST_ONLY},
        write_by={("authenticated", "broadcast")},
    )
    access.gate.set()
    async with channel_server(access=access) as server, phoenix_client(server.url) as client:
        await client.join("room", **ACKNOWLEDGED)
        await client.push(TOPIC, "broadcast", said(1))
        refused = await client.push(TOPIC, "presence", {"event": "untrack"})
        assert await client.reply(refused) == {"status": "error", "response": {}}

        await client.push(TOPIC, "access_token", {"access_token": token("ann")})
        assert await client.reply(await client.push(TOPIC, "broadcast", said(2))) == OK
        assert [m[4]["payload"]["n"] for m in client.messages if m[3] == "broadcast"] == [2]

        del access.read_by["authenticated"]
        await client.push(TOPIC, "access_token", {"access_token": token("ben")})
        system = await client.until(lambda m: m[3] == "system")
        assert system[4]["message"] == (
            "You do not have permissions to read from this Channel topic: room"
        )
        await client.until(lambda m: m[3] == "phx_close")
