"""Channels of the official clients: many, joined again, removed, refused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from slotcast.appointments.demo import CUSTOMER, STAFF
from support.bookings import bookings
from support.official import Complaint, Heartbeat, Status, official_clients
from support.server import serving, token

if TYPE_CHECKING:
    from support.official import OfficialClient
    from support.postgres import Database

APPOINTMENTS: dict[str, Any] = {"event": "*", "schema": "public", "table": "appointments"}
JAVASCRIPT = ["javascript-2.0.0", "javascript-1.0.0"]


def names(client: OfficialClient, channel: str) -> list[str]:
    return [change.row["customer_name"] for change in client.changes(channel)]


async def test_two_channels_of_a_client_get_their_own_changes(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(database.url) as staff,
    ):
        client = await connect(token(STAFF.id))
        await client.subscribe("all", APPOINTMENTS)
        await client.subscribe("hers", {**APPOINTMENTS, "filter": f"customer_id=eq.{CUSTOMER.id}"})

        await staff.insert("Walk-in")
        await staff.insert("Clara", CUSTOMER)
        await client.change_count("all", 2)
        await client.change_count("hers", 1)

    assert names(client, "all") == ["Walk-in", "Clara"]
    assert names(client, "hers") == ["Clara"]
    assert client.of(Complaint) == []


async def test_a_removed_channel_is_closed_and_gets_nothing_more(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(database.url) as staff,
    ):
        client = await connect(token(STAFF.id))
        await client.subscribe("stays", APPOINTMENTS)
        await client.subscribe("goes", APPOINTMENTS)

        await client.remove("goes")
        await client.status("goes", "CLOSED")
        await staff.insert("Walk-in")
        await client.change_count("stays", 1)

    assert client.changes("goes") == []
    assert [status.status for status in client.of(Status, "goes")] == ["SUBSCRIBED", "CLOSED"]


async def test_a_topic_that_was_left_can_be_joined_again(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(database.url) as staff,
    ):
        client = await connect(token(STAFF.id))
        await client.subscribe("first", APPOINTMENTS, topic="desk")
        await client.remove("first")
        await client.status("first", "CLOSED")

        await client.subscribe("second", APPOINTMENTS, topic="desk")
        await staff.insert("Walk-in")
        await client.change_count("second", 1)

    assert names(client, "first") == []
    assert names(client, "second") == ["Walk-in"]


@pytest.mark.parametrize("kind", JAVASCRIPT)
@pytest.mark.parametrize("is_joined", [False, True])
async def test_a_component_that_mounts_again_at_once_gets_each_change_once(
    database: Database, slot_name: str, kind: str, *, is_joined: bool
) -> None:
    """
    Components leave a topic and join it again in one go, joined or not yet.

    React's strict mode does so at the first mount, any effect when what it depends on changes.
    The Python client cannot: it takes the old channel's `phx_close` for the new one's.
    """
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(database.url) as staff,
    ):
        client = await connect(token(STAFF.id))
        await client.start("first", APPOINTMENTS, topic="desk")
        if is_joined:
            await client.status("first", "SUBSCRIBED")

        await asyncio.gather(
            client.remove("first"), client.subscribe("second", APPOINTMENTS, topic="desk")
        )
        await staff.insert("Walk-in")
        await staff.insert("Clara", CUSTOMER)
        await client.change_count("second", 2)

    assert names(client, "first") == []
    assert names(client, "second") == ["Walk-in", "Clara"]
    assert client.of(Complaint) == []


async def test_two_clients_share_a_topic_without_sharing_rights(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(database.url) as staff,
    ):
        member = await connect(token(STAFF.id))
        customer = await connect(token(CUSTOMER.id))
        for client in (member, customer):
            await client.subscribe("desk", APPOINTMENTS)

        await staff.insert("Walk-in")
        await staff.insert("Clara", CUSTOMER)
        await member.change_count("desk", 2)
        await customer.change_count("desk", 1)

    assert names(member, "desk") == ["Walk-in", "Clara"]
    assert names(customer, "desk") == ["Clara"]


async def test_a_hundred_channels_on_a_connection_each_get_a_change_and_one_more_is_refused(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(database.url) as staff,
    ):
        client = await connect(token(STAFF.id))
        channels = [f"desk-{number}" for number in range(100)]
        for channel in channels:
            await client.start(channel, APPOINTMENTS)
        for channel in channels:
            assert (await client.status(channel)).status == "SUBSCRIBED"

        await client.start("one more", APPOINTMENTS)
        refused = await client.status("one more")
        await staff.insert("Walk-in")
        for channel in channels:
            await client.change_count(channel, 1)

    assert refused.status == "CHANNEL_ERROR"
    assert "ChannelRateLimitReached: Too many channels" in (refused.error or "")
    assert [len(client.changes(channel)) for channel in channels] == [1] * len(channels)


@pytest.mark.parametrize("kind", JAVASCRIPT)
async def test_heartbeats_are_answered(database: Database, slot_name: str, kind: str) -> None:
    async with serving(database.url, slot_name) as url, official_clients(kind, url) as connect:
        client = await connect(token(STAFF.id), heartbeatIntervalMs=100)
        await client.subscribe("desk", APPOINTMENTS)

        await client.until(lambda: client.of(Heartbeat).count(Heartbeat("ok")) >= 3)

    assert Heartbeat("timeout") not in client.of(Heartbeat)
    assert [status.status for status in client.of(Status, "desk")][:1] == ["SUBSCRIBED"]


async def test_a_private_channel_is_refused_with_the_reason(
    database: Database, slot_name: str, kind: str
) -> None:
    async with serving(database.url, slot_name) as url, official_clients(kind, url) as connect:
        client = await connect(token(STAFF.id))

        await client.start("desk", APPOINTMENTS, config={"private": True})

        refused = await client.status("desk")
        assert refused.status == "CHANNEL_ERROR"
        assert "You do not have permissions to read from this Channel topic: desk" in (
            refused.error or ""
        )


@pytest.mark.parametrize("kind", JAVASCRIPT)
async def test_a_join_that_waits_is_subscribed_when_changes_flow(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(database.url) as staff,
    ):
        client = await connect(token(STAFF.id))
        await client.subscribe(
            "desk", APPOINTMENTS, config={"postgres_changes_options": {"wait": True}}
        )

        await staff.insert("Walk-in")
        await client.change_count("desk", 1)

    assert names(client, "desk") == ["Walk-in"]


@pytest.mark.parametrize("kind", JAVASCRIPT)
async def test_a_join_that_waits_fails_with_what_is_wrong_with_its_bindings(
    database: Database, slot_name: str, kind: str
) -> None:
    async with serving(database.url, slot_name) as url, official_clients(kind, url) as connect:
        client = await connect(token(STAFF.id))

        await client.start(
            "desk",
            {**APPOINTMENTS, "filter": "zz=eq.1"},
            config={"postgres_changes_options": {"wait": True}},
        )

        refused = await client.status("desk")
        assert refused.status == "CHANNEL_ERROR"
        assert (refused.error or "").startswith("RealtimeDisabledForConfiguration: Unable to")
        assert "invalid column for filter zz" in (refused.error or "")


async def test_a_join_is_answered_only_when_the_stream_is_live(
    database: Database, slot_name: str, kind: str
) -> None:
    """PostgreSQL lets nobody create a slot while an older transaction may still write."""
    impatient = {"postgres_changes_options": {"wait": True, "timeout": 500}}
    async with await psycopg.AsyncConnection.connect(database.url) as long_transaction:
        await long_transaction.execute("select pg_current_xact_id()")
        async with (
            serving(database.url, slot_name) as url,
            official_clients(kind, url) as connect,
            bookings(database.url) as staff,
        ):
            client = await connect(token(STAFF.id))
            if kind == "python":  # which cannot say how long it waits
                await client.start("desk", APPOINTMENTS)
            else:
                await client.start("desk", APPOINTMENTS, config=impatient)
                refused = await client.status("desk", "CHANNEL_ERROR")
                assert "PostgresChangesSubscribeTimeout: Timed out" in (refused.error or "")
            assert client.of(Status, "desk").count(Status("desk", "SUBSCRIBED", None)) == 0

            await long_transaction.rollback()
            await client.status("desk", "SUBSCRIBED")
            await staff.insert("Walk-in")
            await client.change_count("desk", 1)

    assert names(client, "desk") == ["Walk-in"]
