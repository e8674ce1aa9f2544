"""Clients know who is present in a topic, and hear of every change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.channels import channel_server
from support.phoenix import phoenix_client

if TYPE_CHECKING:
    from support.phoenix import PhoenixClient

TOPIC = "realtime:room"
OK: dict[str, Any] = {"status": "ok", "response": {}}


async def enter(client: PhoenixClient, key: str = "", *, enabled: bool = True) -> None:
    reply = await client.join("room", presence={"key": key, "enabled": enabled})
    assert reply["status"] == "ok"


async def call(client: PhoenixClient, event: str, payload: Any = None) -> dict[str, Any]:
    fields = {"type": "presence", "event": event}
    ref = await client.push(
        TOPIC, "presence", fields if payload is None else {**fields, "payload": payload}
    )
    return await client.reply(ref)


def of_event(client: PhoenixClient, event: str) -> list[Any]:
    return [message[4] for message in client.messages if message[3] == event]


async def next_diff(client: PhoenixClient, number: int) -> Any:
    """Wait for the diff of that number; gives it."""
    await client.until(lambda _: len(of_event(client, "presence_diff")) >= number)
    return of_event(client, "presence_diff")[number - 1]


def ref_of(diff: Any, key: str) -> str:
    return diff["joins"][key]["metas"][0]["phx_ref"]


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
async def test_a_member_gets_the_state_and_then_what_changes(version: str) -> None:
    async with (
        channel_server() as server,
        phoenix_client(server.url, version=version) as ann,
        phoenix_client(server.url) as ben,
    ):
        await enter(ann, "ann")
        state = await ann.until(lambda m: m[3] == "presence_state")
        assert state == ["1" if version == "2.0.0" else None, None, TOPIC, "presence_state", {}]
        assert await call(ann, "track", {"x": 1}) == OK
        joined = await next_diff(ann, 1)
        first = ref_of(joined, "ann")
        assert joined == {"joins": {"ann": {"metas": [{"phx_ref": first, "x": 1}]}}, "leaves": {}}

        await enter(ben, "ben")
        await ben.until(lambda m: m[3] == "presence_state")
        assert of_event(ben, "presence_state") == [{"ann": {"metas": [{"phx_ref": first, "x": 1}]}}]
        assert [m[3] for m in ben.messages] == ["phx_reply", "presence_state"]

        assert await call(ann, "TRACK", {"x": 2}) == OK
        updated = await next_diff(ben, 1)
        second = ref_of(updated, "ann")
        assert updated == {
            "joins": {"ann": {"metas": [{"phx_ref": second, "phx_ref_prev": first, "x": 2}]}},
            "leaves": {"ann": {"metas": [{"phx_ref": first, "x": 1}]}},
        }
        assert second != first

        assert await call(ann, "untrack") == OK
        left = {"ann": {"metas": [{"phx_ref": second, "phx_ref_prev": first, "x": 2}]}}
        assert await next_diff(ben, 2) == {"joins": {}, "leaves": left}
        assert await next_diff(ann, 3) == {"joins": {}, "leaves": left}


async def test_what_changes_nothing_is_told_to_nobody() -> None:
    async with channel_server() as server, phoenix_client(server.url) as ann:
        await enter(ann, "ann")
        await call(ann, "track", {"x": 1, "y": 2})
        await next_diff(ann, 1)

        assert await call(ann, "track", {"y": 2, "x": 1}) == OK
        assert await call(ann, "untrack") == OK
        assert await call(ann, "untrack") == OK
        await ann.settle()

        assert len(of_event(ann, "presence_diff")) == 2


async def test_a_channel_without_presence_gets_no_state_until_it_takes_part() -> None:
    async with (
        channel_server() as server,
        phoenix_client(server.url) as observer,
        phoenix_client(server.url) as ann,
    ):
        await enter(observer, enabled=False)
        await enter(ann, "ann")

        assert await call(observer, "track", {"z": 1}) == OK
        diff = await next_diff(ann, 1)

        (key,) = diff["joins"]
        assert len(key) == 36
        assert await next_diff(observer, 1) == diff
        assert of_event(observer, "presence_state") == []


async def test_channels_that_share_a_key_come_and_go_on_their_own() -> None:
    async with channel_server() as server, phoenix_client(server.url) as observer:
        await enter(observer, "observer")
        async with phoenix_client(server.url) as first, phoenix_client(server.url) as second:
            await enter(first, "ben")
            await enter(second, "ben")
            await call(first, "track", {"y": 1})
            gone = (await next_diff(observer, 1))["joins"]
            await call(second, "track", {"y": 2})
            await next_diff(observer, 2)

            await first.connection.close()

            assert await next_diff(observer, 3) == {"joins": {}, "leaves": gone}
            async with phoenix_client(server.url) as late:
                await enter(late)
                await late.until(lambda m: m[3] == "presence_state")
                (state,) = of_event(late, "presence_state")
                assert [meta["y"] for meta in state["ben"]["metas"]] == [2]


@pytest.mark.parametrize("how", ["leave", "abort", "join again"])
async def test_who_goes_is_gone_at_once(how: str) -> None:
    async with (
        channel_server() as server,
        phoenix_client(server.url) as observer,
        phoenix_client(server.url) as ann,
    ):
        await enter(observer, "observer")
        await enter(ann, "ann")
        await call(ann, "track", {"x": 1})
        joined = await next_diff(observer, 1)

        match how:
            case "leave":
                await ann.push(TOPIC, "phx_leave", {})
            case "abort":
                ann.connection.transport.abort()
            case _:
                await enter(ann, "ann")

        assert await next_diff(observer, 2) == {"joins": {}, "leaves": joined["joins"]}


async def test_calls_that_make_no_sense_are_refused_and_not_counted() -> None:
    async with channel_server() as server, phoenix_client(server.url) as ann:
        await enter(ann, "ann")

        for _ in range(10):
            assert await call(ann, "track", "text") == {
                "status": "error",
                "response": {"reason": "Presence track payload must be a map"},
            }
            assert await call(ann, "dance", {}) == {"status": "error", "response": {}}
        for number in range(5):
            assert await call(ann, "track", {"x": number}) == OK


async def test_too_many_calls_close_the_channel() -> None:
    async with (
        channel_server() as server,
        phoenix_client(server.url) as ann,
        phoenix_client(server.url) as observer,
    ):
        await enter(observer, "observer")
        await enter(ann, "ann")
        for number in range(5):
            assert await call(ann, "track", {"x": number}) == OK
            await next_diff(observer, number + 1)

        await ann.push(TOPIC, "presence", {"event": "track", "payload": {"x": 6}})

        system = await ann.until(lambda m: m[3] == "system")
        assert system[4] == {
            "channel": "room",
            "extension": "system",
            "status": "error",
            "message": "Client presence rate limit exceeded",
        }
        assert (await ann.until(lambda m: m[3] == "phx_close"))[:3] == ["1", "1", TOPIC]
        assert (await next_diff(observer, 6))["leaves"]["ann"]["metas"][0]["x"] == 4


@pytest.mark.parametrize(
    "payload", [{"x": "z" * 100}, {f"k{number}": 1 for number in range(9)}], ids=["size", "keys"]
)
async def test_an_object_that_is_too_large_closes_the_channel(payload: dict[str, Any]) -> None:
    async with (
        channel_server(presence_limit_bytes=100, presence_keys_limit=8) as server,
        phoenix_client(server.url) as ann,
    ):
        await enter(ann, "ann")

        await ann.push(TOPIC, "presence", {"event": "track", "payload": payload})

        system = await ann.until(lambda m: m[3] == "system")
        assert system[4]["message"] == "Track message size exceeded"
        await ann.until(lambda m: m[3] == "phx_close")


async def test_a_full_state_refuses_who_would_make_it_larger() -> None:
    async with (
        channel_server(presence_state_limit_bytes=60) as server,
        phoenix_client(server.url) as ann,
        phoenix_client(server.url) as ben,
    ):
        await enter(ann, "ann")
        await enter(ben, "ben")
        assert await call(ann, "track", {"x": "z" * 40}) == OK

        assert (await call(ben, "track", {"x": "z" * 40}))["status"] == "error"
        await call(ann, "untrack")
        assert await call(ben, "track", {"x": "z" * 40}) == OK
