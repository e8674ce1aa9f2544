"""Who an official client is: its key, its user's token, another user's token, none any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slotcast.appointments.demo import CUSTOMER, STAFF, STRANGER
from support.bookings import bookings
from support.official import Complaint, Status, System, official_clients
from support.server import ANON_KEY, serving, token

if TYPE_CHECKING:
    from support.official import OfficialClient
    from support.postgres import Database

APPOINTMENTS: dict[str, Any] = {"event": "*", "schema": "public", "table": "appointments"}
SUBSCRIBED = "Subscribed to PostgreSQL"


def names(client: OfficialClient, channel: str) -> list[str]:
    return [change.row["customer_name"] for change in client.changes(channel)]


async def renewed(client: OfficialClient, channel: str) -> None:
    """Wait until the server has said a second time that *channel* is subscribed."""

    def count() -> int:
        told = client.of(System, channel)
        return sum(system.payload["message"] == SUBSCRIBED for system in told)

    await client.until(lambda: count() >= 2)


async def test_another_user_on_the_same_channel_gets_their_rows_at_once(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(database.url) as staff,
    ):
        client = await connect(token(STAFF.id))
        await client.subscribe("desk", APPOINTMENTS)
        await client.subscribe("front", APPOINTMENTS)
        await staff.insert("Studio before", studio=True)
        await staff.insert("Salon before")
        await client.change_count("desk", 1)
        await client.change_count("front", 1)

        await client.act_as(token(STRANGER.id))
        await renewed(client, "desk")
        await renewed(client, "front")
        await staff.insert("Salon after")
        await staff.insert("Studio after", studio=True)
        await client.change_count("desk", 2)
        await client.change_count("front", 2)

    assert names(client, "desk") == ["Salon before", "Studio after"]
    assert names(client, "front") == ["Salon before", "Studio after"]
    assert client.of(Complaint) == []


async def test_a_user_who_signs_in_on_a_joined_channel_gets_their_rows(
    database: Database, slot_name: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients("python", url) as connect,
        bookings(database.url) as staff,
    ):
        client = await connect()
        await client.subscribe("desk", APPOINTMENTS)
        await client.system("desk", "the role anon may not select")
        await staff.insert("Before")

        await client.act_as(token(CUSTOMER.id))
        await renewed(client, "desk")
        await staff.insert("Clara", CUSTOMER)
        await client.change_count("desk", 1)

    assert names(client, "desk") == ["Clara"]


async def test_a_refreshed_token_of_the_same_user_changes_nothing(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(database.url) as staff,
    ):
        client = await connect(token(STAFF.id, expires_in_s=100))
        await client.subscribe("desk", APPOINTMENTS)

        await client.act_as(token(STAFF.id, expires_in_s=3600))
        await renewed(client, "desk")
        await staff.insert("Walk-in")
        await client.change_count("desk", 1)

    assert names(client, "desk") == ["Walk-in"]
    assert client.of(Status) == [Status("desk", "SUBSCRIBED", None)]


async def test_a_channel_is_closed_when_its_token_expires(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(database.url) as staff,
    ):
        member = await connect(token(STAFF.id))
        await member.subscribe("desk", APPOINTMENTS)
        client = await connect(token(STAFF.id, expires_in_s=3))
        await client.subscribe("desk", APPOINTMENTS)

        await client.status("desk", "CLOSED")
        await staff.insert("Walk-in")
        await member.change_count("desk", 1)

    if kind == "python":  # which turns a `system` error into a status
        told = client.of(Status, "desk")[-2]
        assert told.status == "CHANNEL_ERROR"
        assert "Token has expired 0 seconds ago" in (told.error or "")
    else:
        assert client.of(System, "desk")[-1].payload["message"] == "Token has expired 0 seconds ago"
    assert names(client, "desk") == []


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (token(STAFF.id, expires_in_s=-50), "InvalidJWTToken: Token has expired "),
        (token(STAFF.id) + "x", "JwtSignatureError: Failed to validate JWT signature"),
        ("no token", "MalformedJWT: The token provided is not a valid JWT"),
    ],
    ids=["expired", "forged", "malformed"],
)
async def test_a_bad_token_is_refused_with_the_reason(
    database: Database, slot_name: str, kind: str, given: str, reason: str
) -> None:
    async with serving(database.url, slot_name) as url, official_clients(kind, url) as connect:
        client = await connect(given)

        await client.start("desk", APPOINTMENTS)

        refused = await client.status("desk")
        assert refused.status == "CHANNEL_ERROR"
        assert reason in (refused.error or "")


@pytest.mark.parametrize(
    "key", ["sb_publishable_of_another_project", ANON_KEY + "x"], ids=["opaque", "JWT"]
)
async def test_a_wrong_key_never_connects(
    database: Database, slot_name: str, kind: str, key: str
) -> None:
    async with serving(database.url, slot_name) as url, official_clients(kind, url) as connect:
        if kind == "python":
            client = await connect(token(STAFF.id), key=key, max_retries=1)
            await client.start("desk", APPOINTMENTS)
            await client.until(
                lambda: [c for c in client.of(Complaint) if "HTTP 401" in c.text] or None
            )
        else:
            client = await connect(token(STAFF.id), key=key)
            await client.start("desk", APPOINTMENTS)
            assert (await client.status("desk")).status == "CHANNEL_ERROR"

    assert "SUBSCRIBED" not in [status.status for status in client.of(Status)]
