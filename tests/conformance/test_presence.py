"""Presence as the official clients show it to an application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.official import Complaint, Present, official_clients, unnamed
from support.phoenix import phoenix_client
from support.server import serving

if TYPE_CHECKING:
    from support.official import OfficialClient
    from support.postgres import Database

ANN = {"name": "Ann", "since": 1}
BEN = {"name": "Ben"}
ALLOWED_CALLS = 5


def keyed(key: str) -> dict[str, Any]:
    return {"presence": {"key": key, "enabled": True}}


def told(client: OfficialClient, event: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """List who came or went as the callbacks of the channel ``desk`` were told."""
    happened = [p for p in client.of(Present, "desk") if p.event == event]
    return [(present.key, unnamed(present.metas)) for present in happened]


async def test_those_who_come_and_go_are_seen_by_all(
    database: Database, slot_name: str, kind: str
) -> None:
    async with serving(database.url, slot_name) as url, official_clients(kind, url) as connect:
        ann, ben = await connect(), await connect()
        await ann.subscribe("desk", presence=True, config=keyed("ann"))
        await ben.subscribe("desk", presence=True, config=keyed("ben"))
        await ben.sees("desk", {})

        assert await ann.track("desk", ANN) == "ok"
        assert await ben.track("desk", BEN) == "ok"
        for client in (ann, ben):
            await client.sees("desk", {"ann": [ANN], "ben": [BEN]})
        assert await ben.untrack("desk") == "ok"
        for client in (ann, ben):
            await client.sees("desk", {"ann": [ANN]})

        for client in (ann, ben):
            assert told(client, "join") == [("ann", [ANN]), ("ben", [BEN])]
            assert told(client, "leave") == [("ben", [BEN])]
            assert client.of(Complaint) == []


async def test_who_joins_later_is_told_who_is_there(
    database: Database, slot_name: str, kind: str
) -> None:
    async with serving(database.url, slot_name) as url, official_clients(kind, url) as connect:
        ann, late = await connect(), await connect()
        await ann.subscribe("desk", presence=True, config=keyed("ann"))
        await ann.track("desk", ANN)

        await late.subscribe("desk", presence=True)
        await late.sees("desk", {"ann": [ANN]})

        assert told(late, "join") == [("ann", [ANN])]
        assert told(late, "leave") == []


async def test_tracking_again_replaces_what_was_tracked(
    database: Database, slot_name: str, kind: str
) -> None:
    async with serving(database.url, slot_name) as url, official_clients(kind, url) as connect:
        ann, ben = await connect(), await connect()
        for client in (ann, ben):
            await client.subscribe("desk", presence=True, config=keyed("ann"))

        await ann.track("desk", ANN)
        await ben.sees("desk", {"ann": [ANN]})
        await ann.track("desk", {"name": "Ann", "since": 2})
        await ben.sees("desk", {"ann": [{"name": "Ann", "since": 2}]})

        assert told(ben, "leave") == [("ann", [ANN])]


async def test_tracking_the_same_again_tells_nobody(
    database: Database, slot_name: str, kind: str
) -> None:
    async with serving(database.url, slot_name) as url, official_clients(kind, url) as connect:
        ann, ben = await connect(), await connect()
        await ann.subscribe("desk", presence=True, config=keyed("ann"))
        await ben.subscribe("desk", presence=True, config=keyed("ben"))

        await ann.track("desk", ANN)
        assert await ann.track("desk", dict(reversed(ANN.items()))) == "ok"
        await ben.track("desk", BEN)
        await ben.sees("desk", {"ann": [ANN], "ben": [BEN]})

        assert told(ben, "join") == [("ann", [ANN]), ("ben", [BEN])]
        assert told(ben, "leave") == []


async def test_several_clients_share_a_key_and_leave_one_by_one(
    database: Database, slot_name: str, kind: str
) -> None:
    async with serving(database.url, slot_name) as url, official_clients(kind, url) as connect:
        phone, laptop, viewer = await connect(), await connect(), await connect()
        for client in (phone, laptop):
            await client.subscribe("desk", presence=True, config=keyed("ann"))
        await viewer.subscribe("desk", presence=True)

        await phone.track("desk", {"on": "phone"})
        await laptop.track("desk", {"on": "laptop"})
        await viewer.sees("desk", {"ann": [{"on": "laptop"}, {"on": "phone"}]})
        await phone.untrack("desk")
        await viewer.sees("desk", {"ann": [{"on": "laptop"}]})
        await laptop.remove("desk")
        await viewer.sees("desk", {})

        assert told(viewer, "leave") == [("ann", [{"on": "phone"}]), ("ann", [{"on": "laptop"}])]


async def test_a_client_without_a_key_gets_one_of_its_own(
    database: Database, slot_name: str, kind: str
) -> None:
    async with serving(database.url, slot_name) as url, official_clients(kind, url) as connect:
        ann, ben = await connect(), await connect()
        for client in (ann, ben):
            await client.subscribe("desk", presence=True)

        await ann.track("desk", ANN)
        await ben.track("desk", ANN)
        await ann.until(lambda: len(ann.presence("desk") or {}) == 2)

        state = ann.presence("desk") or {}
        assert list(state.values()) == [[ANN], [ANN]]
        assert all(len(key) == 36 for key in state)


async def test_whose_socket_dies_is_seen_to_leave_at_once(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        phoenix_client(url) as dying,
    ):
        viewer = await connect()
        await viewer.subscribe("desk", presence=True)
        await dying.join("desk", presence={"key": "ann"})
        ref = await dying.push("realtime:desk", "presence", {"event": "track", "payload": ANN})
        await dying.reply(ref)
        await viewer.sees("desk", {"ann": [ANN]})

        dying.connection.transport.abort()
        await viewer.sees("desk", {})

        assert told(viewer, "leave") == [("ann", [ANN])]


async def test_who_changes_too_often_what_it_tracks_loses_its_channel_alone(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        phoenix_client(url) as busy,
    ):
        viewer = await connect()
        await viewer.subscribe("desk", presence=True)
        await busy.join("desk", presence={"key": "ann"})
        await busy.join("other", presence={"key": "ann"})

        for number in range(ALLOWED_CALLS):
            track = {"event": "track", "payload": {"n": number}}
            ref = await busy.push("realtime:desk", "presence", track)
            assert (await busy.reply(ref))["status"] == "ok"
        await viewer.sees("desk", {"ann": [{"n": ALLOWED_CALLS - 1}]})
        await busy.push("realtime:desk", "presence", {"event": "track", "payload": {"n": "more"}})
        system = await busy.until(lambda m: m[3] == "system")
        await busy.until(lambda m: m[3] == "phx_close")
        await viewer.sees("desk", {})
        ref = await busy.push("realtime:other", "presence", {"event": "track", "payload": ANN})

        assert system[2:4] == ["realtime:desk", "system"]
        assert system[4]["message"] == "Client presence rate limit exceeded"
        assert told(viewer, "join")[-1] == ("ann", [{"n": ALLOWED_CALLS - 1}])
        assert (await busy.reply(ref))["status"] == "ok"
