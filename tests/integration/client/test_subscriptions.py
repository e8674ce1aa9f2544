"""Callbacks for changes, through the official client and a real server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from realtime.types import RealtimeSubscribeStates
from supabase import acreate_client, create_client

from slotcast.appointments import demo
from slotcast_client import (
    ConnectionLost,
    Delete,
    Insert,
    InvalidId,
    Limits,
    SlowConsumer,
    SubscriptionRefused,
    Update,
    subscribe_to_customer_appointments,
    subscribe_to_team_member_appointments,
    subscribe_to_workspace_appointments,
)
from support.live import QUICK, Journal, cut
from support.postgres import free_port
from support.server import ANON_KEY, token

if TYPE_CHECKING:
    from support.bookings import Bookings
    from support.live import Backend

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    # The official client reads what its WebSocket library has deprecated.
    pytest.mark.filterwarnings(
        r"ignore:ConnectionClosed\.(code|reason) is deprecated:DeprecationWarning"
    ),
]


async def test_staff_customer_and_stranger_are_told_what_they_may_see(
    backend: Backend, staff: Bookings
) -> None:
    at_work, at_home, next_door = Journal(), Journal(), Journal()
    async with (
        backend.client(demo.STAFF) as samir,
        backend.client(demo.CUSTOMER) as clara,
        backend.client(demo.STRANGER) as sten,
        await subscribe_to_workspace_appointments(samir, demo.SALON_ID, **at_work.callbacks),
        await subscribe_to_customer_appointments(clara, str(demo.CUSTOMER.id), **at_home.callbacks),
        await subscribe_to_workspace_appointments(sten, demo.SALON_ID, **next_door.callbacks),
    ):
        booked = await staff.insert("Clara", demo.CUSTOMER)
        walk_in = await staff.insert("Walk-in")
        await staff.update(booked, status="confirmed")
        await staff.delete(booked)
        await staff.delete(walk_in)
        await at_work.changes(5)
        await at_home.changes(3)

    inserted, _, updated, deleted, _ = at_work.items
    assert isinstance(inserted, Insert)
    assert inserted.new.customer_name == "Clara"
    assert inserted.new.start_time.tzinfo is not None
    assert isinstance(updated, Update)
    assert updated.old is not None
    assert (updated.old.status, updated.new.status) == ("pending", "confirmed")
    assert (updated.old.version, updated.new.version) == (1, 2)
    assert isinstance(deleted, Delete)
    assert deleted.old == updated.new
    assert [type(change) for change in at_work.items] == [Insert, Insert, Update, Delete, Delete]
    assert at_home.items == [inserted, updated, deleted]
    assert next_door.items == []


async def test_a_team_member_s_appointments_are_told_alone(
    backend: Backend, staff: Bookings
) -> None:
    journal = Journal()
    olga, samir = demo.TEAM[0].id, demo.TEAM[1].id
    async with (
        backend.client(demo.STAFF) as client,
        await subscribe_to_team_member_appointments(client, olga, **journal.callbacks),
    ):
        booked = await staff.insert("For Samir")
        await staff.update(booked, team_member_id=samir)
        await staff.update(booked, team_member_id=olga)
        await staff.update(booked, team_member_id=samir)
        await staff.update(booked, team_member_id=olga, notes="at last")
        await staff.delete(booked)
        told = await journal.changes(3)

    assert [type(change) for change in told] == [Update, Update, Delete]


async def test_callbacks_of_either_kind_are_called_in_order_and_may_fail(
    backend: Backend, staff: Bookings, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []
    done = asyncio.Event()

    def failing(change: Insert) -> None:
        seen.append(f"inserted {change.new.version}")
        raise LookupError("of the application")

    async def slow(change: Update) -> None:
        await asyncio.sleep(0)
        seen.append(f"updated {change.new.version}")
        raise LookupError("of the application, too")

    async with (
        backend.client(demo.STAFF) as client,
        await subscribe_to_workspace_appointments(
            client,
            demo.SALON_ID,
            on_insert=failing,
            on_update=slow,
            on_delete=lambda _: done.set(),
        ),
    ):
        booked = await staff.insert("Clara")
        await staff.update(booked, notes="1")
        await staff.update(booked, notes="2")
        await staff.delete(booked)
        await asyncio.wait_for(done.wait(), 30)
        is_connected = client.realtime.is_connected

    assert seen == ["inserted 1", "updated 2", "updated 3"]
    assert is_connected
    assert [record.message for record in caplog.records].count("A callback failed") == 3


async def test_nothing_is_left_after_unsubscribing(backend: Backend, staff: Bookings) -> None:
    async with backend.client(demo.STAFF) as client:
        before = asyncio.all_tasks()
        first = Journal()
        subscription = await subscribe_to_workspace_appointments(
            client, demo.SALON_ID, **first.callbacks
        )
        second = await subscribe_to_customer_appointments(client, demo.CUSTOMER.id)
        await client.auth.refresh_session()
        await first.status("live", 2)

        await subscription.unsubscribe()
        await subscription.unsubscribe()
        connected_with_one = client.realtime.is_connected
        booked = await staff.insert("Nobody hears of it")
        await staff.delete(booked)
        await second.unsubscribe()

        assert first.items == []
        assert connected_with_one
        assert asyncio.all_tasks() - before == set()
        assert client.realtime.channels == {}
        assert not client.realtime.is_connected
        assert client.realtime.auto_reconnect


async def test_other_channels_of_the_client_are_left_alone(backend: Backend) -> None:
    async with backend.client(demo.STAFF) as client:
        room = client.channel("room")
        await room.subscribe()

        async with await subscribe_to_workspace_appointments(client, demo.SALON_ID):
            pass

        assert list(client.realtime.channels.values()) == [room]
        assert room.is_joined


async def test_one_may_begin_while_the_last_one_ends(backend: Backend, staff: Bookings) -> None:
    journal = Journal()
    async with backend.client(demo.STAFF) as client:
        first = await subscribe_to_workspace_appointments(client, demo.SALON_ID)

        _, second = await asyncio.gather(
            first.unsubscribe(),
            subscribe_to_workspace_appointments(client, demo.SALON_ID, **journal.callbacks),
        )
        async with second:
            booked = await staff.insert("Clara")
            await journal.changes(1)
            await staff.delete(booked)

        assert client.realtime.auto_reconnect
        assert not client.realtime.is_connected


async def test_a_callback_may_unsubscribe(backend: Backend, staff: Bookings) -> None:
    ended = asyncio.Event()

    async def once(_: Insert) -> None:
        await subscription.unsubscribe()
        ended.set()

    async with backend.client(demo.STAFF) as client:
        subscription = await subscribe_to_workspace_appointments(
            client, demo.SALON_ID, on_insert=once
        )
        booked = await staff.insert("Clara")
        await asyncio.wait_for(ended.wait(), 30)
        await staff.delete(booked)

        assert not client.realtime.is_connected


async def test_a_lost_connection_comes_back_and_is_told_of(
    backend: Backend, staff: Bookings
) -> None:
    journal = Journal()
    room_joined = asyncio.Semaphore(0)

    def watch(state: RealtimeSubscribeStates, _: Exception | None) -> None:
        if state is RealtimeSubscribeStates.SUBSCRIBED:
            room_joined.release()

    async with (
        backend.client(demo.STAFF) as client,
        await subscribe_to_workspace_appointments(
            client, demo.SALON_ID, **journal.callbacks, limits=QUICK
        ) as subscription,
    ):
        await client.channel("room").subscribe(watch)
        await room_joined.acquire()
        cut(client)
        await journal.status("live", 2)
        await asyncio.wait_for(room_joined.acquire(), 30)  # others' channels, too
        booked = await staff.insert("Clara")
        await journal.changes(1)
        await staff.delete(booked)

    assert [status.state for status in journal.statuses] == ["live", "reconnecting", "live"]
    assert isinstance(journal.statuses[1].error, ConnectionLost)
    assert subscription.status == journal.statuses[-1]


async def test_one_may_begin_before_a_lost_connection_is_noticed(
    backend: Backend, staff: Bookings
) -> None:
    journal = Journal()
    async with (
        backend.client(demo.STAFF) as client,
        await subscribe_to_workspace_appointments(client, demo.SALON_ID, limits=QUICK),
    ):
        cut(client)
        async with await subscribe_to_workspace_appointments(
            client, demo.SALON_ID, **journal.callbacks
        ):
            booked = await staff.insert("Clara")
            await journal.changes(1)
            await staff.delete(booked)


async def test_a_failing_callback_of_another_channel_does_not_end_the_subscription(
    backend: Backend, staff: Bookings
) -> None:
    def fail(_: object) -> None:
        raise LookupError("in somebody else's callback")

    journal = Journal()
    async with (
        backend.client(demo.STAFF) as client,
        await subscribe_to_workspace_appointments(
            client, demo.SALON_ID, **journal.callbacks, limits=QUICK
        ),
    ):
        room = client.channel(
            "room",
            {
                "config": {
                    "broadcast": {"self": True, "ack": False},
                    "presence": None,
                    "private": False,
                }
            },
        )
        await room.on_broadcast("shout", fail).subscribe()
        await room.send_broadcast("shout", {})  # ends the task that reads the socket
        await journal.status("live", 2)
        booked = await staff.insert("Clara")
        await journal.changes(1)
        await staff.delete(booked)


async def test_who_is_too_slow_begins_anew_and_is_told(backend: Backend, staff: Bookings) -> None:
    journal, witness = Journal(), Journal()
    go_on = asyncio.Event()

    async def slow(change: Insert) -> None:
        await go_on.wait()
        journal.items.append(change)

    limits = Limits(first_retry_s=0.05, pending_limit=3)
    async with (
        backend.client(demo.STAFF) as client,
        await subscribe_to_workspace_appointments(client, demo.SALON_ID, **witness.callbacks),
        await subscribe_to_workspace_appointments(
            client, demo.SALON_ID, on_insert=slow, on_status=journal.note, limits=limits
        ),
    ):
        booked = [await staff.insert(f"number {number}") for number in range(6)]
        await witness.changes(6)  # so the other has at least five: one in hand, four too many
        go_on.set()
        await journal.status("live", 2)
        for each in booked:
            await staff.delete(each)

    assert isinstance(journal.statuses[-1].error, SlowConsumer)
    assert len(journal.items) == 1


async def test_a_token_that_expires_is_replaced_by_the_next(
    backend: Backend, staff: Bookings
) -> None:
    journal = Journal()
    async with backend.client() as client:
        await client.realtime.set_auth(token(demo.STAFF.id, expires_in_s=2))
        async with await subscribe_to_workspace_appointments(
            client, demo.SALON_ID, **journal.callbacks, limits=QUICK
        ):
            await journal.status("reconnecting", 1)
            error = journal.statuses[-1].error
            await client.realtime.set_auth(token(demo.STAFF.id))
            await journal.status("live", 2)
            booked = await staff.insert("Clara")
            await journal.changes(1)
            await staff.delete(booked)

    assert isinstance(error, SubscriptionRefused)
    assert "Token has expired" in str(error)


async def test_a_refreshed_session_keeps_the_channel(backend: Backend, staff: Bookings) -> None:
    journal = Journal()
    async with (
        backend.client(demo.STAFF) as client,
        await subscribe_to_workspace_appointments(client, demo.SALON_ID, **journal.callbacks),
    ):
        refreshed = await client.auth.refresh_session()
        await journal.status("live", 2)
        booked = await staff.insert("Clara")
        await journal.changes(1)
        await staff.delete(booked)
        used = client.realtime.access_token

    assert refreshed.session is not None
    assert used == refreshed.session.access_token
    assert {status.state for status in journal.statuses} == {"live"}


async def test_a_token_in_the_headers_counts_for_changes_too(
    backend: Backend, staff: Bookings
) -> None:
    journal = Journal()
    async with (
        backend.client(token=token(demo.STAFF.id)) as client,
        await subscribe_to_workspace_appointments(client, demo.SALON_ID, **journal.callbacks),
    ):
        booked = await staff.insert("Clara")
        await journal.changes(1)
        await staff.delete(booked)


async def test_a_session_out_of_storage_counts_for_changes_too(
    backend: Backend, staff: Bookings
) -> None:
    journal = Journal()
    async with backend.client(demo.STAFF) as signed_in, backend.client() as restored:
        restored.options.storage = signed_in.options.storage
        restored.auth._storage = signed_in.auth._storage  # pyright: ignore[reportPrivateUsage]
        async with await subscribe_to_workspace_appointments(
            restored, demo.SALON_ID, **journal.callbacks
        ):
            booked = await staff.insert("Clara")
            await journal.changes(1)
            await staff.delete(booked)


@pytest.mark.parametrize("bad", ["", "salon", "00000002-0000-4000-8000-00000000000", 7, None])
async def test_a_bad_id_is_refused_before_anything_goes_out(bad: Any) -> None:
    client = await acreate_client("http://127.0.0.1:1", ANON_KEY)

    for subscribe in (
        subscribe_to_workspace_appointments,
        subscribe_to_customer_appointments,
        subscribe_to_team_member_appointments,
    ):
        with pytest.raises(InvalidId, match="_id is not a UUID"):
            await subscribe(client, bad)

    assert client.realtime.channels == {}


async def test_a_server_that_is_not_there_is_an_error_at_once() -> None:
    before = asyncio.all_tasks()
    client = await acreate_client(f"http://127.0.0.1:{free_port()}", ANON_KEY)

    with pytest.raises(ConnectionLost):
        await subscribe_to_workspace_appointments(client, uuid4())

    assert client.realtime.auto_reconnect
    assert client.realtime.channels == {}
    assert asyncio.all_tasks() - before == set()


async def test_an_expired_token_is_an_error_that_says_so(backend: Backend) -> None:
    async with backend.client() as client:
        await client.realtime.set_auth(token(demo.STAFF.id, expires_in_s=-60))

        with pytest.raises(SubscriptionRefused, match="Token has expired"):
            await subscribe_to_workspace_appointments(client, demo.SALON_ID)

        assert client.realtime.channels == {}
        assert not client.realtime.is_connected


async def test_the_client_without_asyncio_is_refused() -> None:
    client: Any = create_client("http://127.0.0.1:1", ANON_KEY)

    with pytest.raises(TypeError, match="acreate_client"):
        await subscribe_to_workspace_appointments(client, demo.SALON_ID)
