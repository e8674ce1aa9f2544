"""Rows that stay current, through the official client and a real server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from supabase import acreate_client

from slotcast.appointments import demo
from slotcast_client import (
    ConnectionLost,
    Deleted,
    Inserted,
    InvalidId,
    Limits,
    Snapshot,
    SnapshotFailed,
    SnapshotRefused,
    SubscriptionRefused,
    UnreadableRow,
    Updated,
    appointments,
    live_appointments,
    parse_appointment,
)
from slotcast_client.scopes import Scope
from slotcast_client.snapshots import read_snapshot
from support.bookings import bookings
from support.live import MAX_ROWS, QUICK, TIMEOUT_S, cut, following, running_backend
from support.server import ANON_KEY, token

if TYPE_CHECKING:
    from uuid import UUID

    from slotcast_client import Appointment, Status
    from support.bookings import Bookings
    from support.live import Backend
    from support.postgres import Database

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    # The official client reads what its WebSocket library has deprecated.
    pytest.mark.filterwarnings(
        r"ignore:ConnectionClosed\.(code|reason) is deprecated:DeprecationWarning"
    ),
]


async def truth(staff: Bookings, condition: str) -> dict[UUID, Appointment]:
    """Read the appointments that *condition* is true of from the database itself."""
    cursor = await staff.connection.execute(
        f"select to_jsonb(a) from public.appointments a where {condition}".encode()
    )
    rows = [parse_appointment(row) for (row,) in await cursor.fetchall()]
    return {row.id: row for row in rows}


SALONS = f"workspace_id = '{demo.SALON_ID}'"


async def test_the_snapshot_comes_first_and_then_every_change(
    backend: Backend, staff: Bookings
) -> None:
    async with (
        backend.client(demo.STAFF) as client,
        following(live_appointments(client, workspace_id=demo.SALON_ID)) as follower,
    ):
        await follower.count(0)
        at_first = await truth(staff, SALONS)
        (snapshot,) = follower.events
        booked = await staff.insert("Clara", demo.CUSTOMER)
        await staff.update(booked, status="confirmed")
        await staff.delete(booked)
        events = await follower.count(3)

    assert snapshot == Snapshot(at_first)
    assert len(at_first) > 2 * MAX_ROWS
    match events:
        case [Inserted(first), Updated(second, third), Deleted(last)]:
            assert first == second
            assert (second.status, third.status) == ("pending", "confirmed")
            assert third == last
            assert first.id == booked
        case _:
            pytest.fail(f"{events}")


async def test_rows_are_those_of_the_viewer(backend: Backend, staff: Bookings) -> None:
    async with (
        backend.client(demo.CUSTOMER) as clara,
        backend.client(demo.STRANGER) as sten,
        live_appointments(clara, workspace_id=demo.SALON_ID) as hers,
        live_appointments(sten, workspace_id=demo.SALON_ID) as strangers,
    ):
        expected = await truth(staff, f"customer_id = '{demo.CUSTOMER.id}' and {SALONS}")

        assert hers.rows == expected
        assert strangers.rows == {}


async def test_an_appointment_that_is_given_to_somebody_else_goes(
    backend: Backend, staff: Bookings
) -> None:
    olga, samir = demo.TEAM[0].id, demo.TEAM[1].id
    async with (
        backend.client(demo.STAFF) as client,
        following(live_appointments(client, team_member_id=olga)) as olgas,
        following(live_appointments(client, customer_id=str(demo.CUSTOMER.id))) as claras,
    ):
        booked = await staff.insert("Clara", demo.CUSTOMER)
        await staff.update(booked, team_member_id=olga)
        await staff.update(booked, team_member_id=samir)
        await staff.update(booked, customer_id=demo.OTHER_CUSTOMER.id)
        await staff.delete(booked)

        for_olga = await olgas.count(2)
        for_clara = await claras.count(4)

    assert [type(event) for event in for_olga] == [Inserted, Deleted]
    assert [type(event) for event in for_clara] == [Inserted, Updated, Updated, Deleted]


async def test_times_bound_what_is_held(backend: Backend, staff: Bookings) -> None:
    starting = datetime.now(UTC) + timedelta(days=29)
    before = starting + timedelta(days=2)
    async with (
        backend.client(demo.STAFF) as client,
        following(
            live_appointments(client, workspace_id=demo.SALON_ID, starting=starting, before=before)
        ) as follower,
    ):
        booked = await staff.insert("Clara")
        await staff.update(booked, start_time=before, end_time=before + timedelta(hours=1))
        await staff.update(booked, start_time=starting, end_time=before - timedelta(hours=30))
        await staff.delete(booked)
        events = await follower.count(4)

    assert follower.events[0] == Snapshot({})
    assert [type(event) for event in events] == [Inserted, Deleted, Inserted, Deleted]


async def test_a_socket_that_is_cut_leaves_no_gap(backend: Backend, staff: Bookings) -> None:
    statuses: list[Status] = []
    gone, stays = await staff.insert("gone"), await staff.insert("stays")
    async with (
        backend.client(demo.STAFF) as client,
        following(
            live_appointments(
                client, workspace_id=demo.SALON_ID, on_status=statuses.append, limits=QUICK
            )
        ) as follower,
    ):
        await follower.count(0)

        cut(client)
        for number in range(5):
            await staff.update(stays, notes=f"note {number}")
        await staff.delete(gone)
        new = await staff.insert("new")

        expected = await truth(staff, SALONS)
        await follower.until(lambda: follower.rows == expected)
        await staff.delete(stays)
        await staff.delete(new)
        await follower.until(lambda: stays not in follower.rows and new not in follower.rows)

    assert [status.state for status in statuses] == ["live", "reconnecting", "live"]
    assert not any(isinstance(event, Snapshot) for event in follower.events[1:])


async def test_a_server_that_is_killed_and_comes_back_leaves_no_gap(
    salon_of_its_own: Database,
) -> None:
    async with (
        running_backend(salon_of_its_own) as backend,
        bookings(salon_of_its_own.url) as staff,
        backend.client(demo.STAFF) as samir,
        backend.client(demo.CUSTOMER) as clara,
        following(live_appointments(samir, workspace_id=demo.SALON_ID, limits=QUICK)) as at_work,
        following(live_appointments(clara, customer_id=demo.CUSTOMER.id, limits=QUICK)) as at_home,
    ):
        gone, stays = await staff.insert("gone"), await staff.insert("stays")
        await at_work.until(lambda: stays in at_work.rows)

        await backend.server.kill()
        await staff.update(stays, notes="while it was away")
        await staff.delete(gone)
        new = await staff.insert("new", demo.CUSTOMER)
        await backend.restart()

        expected = await truth(staff, SALONS)
        hers = await truth(staff, f"customer_id = '{demo.CUSTOMER.id}'")
        await at_work.until(lambda: at_work.rows == expected)
        await at_home.until(lambda: at_home.rows == hers)
        await staff.delete(new)
        await at_work.until(lambda: new not in at_work.rows)
        await at_home.until(lambda: new not in at_home.rows)


async def test_a_slow_consumer_gets_one_snapshot_instead_of_a_backlog(
    backend: Backend, staff: Bookings
) -> None:
    async with (
        backend.client(demo.STAFF) as client,
        following(live_appointments(client, workspace_id=demo.SALON_ID)) as witness,
        live_appointments(
            client, workspace_id=demo.SALON_ID, limits=Limits(pending_limit=3)
        ) as live,
    ):
        first = await anext(live)
        booked = [await staff.insert(f"number {number}") for number in range(6)]
        last = await staff.insert("the last")
        await witness.until(lambda: last in witness.rows)  # then the other has one less at most

        second = await anext(live)
        for each in (*booked, last):
            await staff.delete(each)
        await witness.until(lambda: last not in witness.rows)

    assert isinstance(first, Snapshot)
    assert isinstance(second, Snapshot)
    assert set(booked) <= second.rows.keys()


async def test_what_a_new_session_may_see_takes_the_place_of_the_old(
    backend: Backend, staff: Bookings
) -> None:
    async with (
        backend.client(demo.STAFF) as client,
        following(live_appointments(client, workspace_id=demo.SALON_ID)) as follower,
    ):
        await client.auth.sign_in_with_password(
            {"email": demo.CUSTOMER.email, "password": demo.PASSWORD}
        )
        hers = await truth(staff, f"customer_id = '{demo.CUSTOMER.id}' and {SALONS}")
        await follower.until(lambda: follower.rows == hers)

        await client.auth.sign_out()
        await follower.until(lambda: follower.rows == {})


async def test_a_member_who_is_removed_gets_no_more_and_keeps_nothing(
    backend: Backend, staff: Bookings
) -> None:
    often = Limits(resync_interval_s=0.2)
    async with (
        backend.client(demo.STAFF) as samir,
        backend.client(demo.OWNER) as olga,
        following(live_appointments(samir, workspace_id=demo.SALON_ID, limits=often)) as his,
        following(live_appointments(olga, workspace_id=demo.SALON_ID)) as hers,
    ):
        booked = await staff.insert("Clara")
        await staff.connection.execute(
            "delete from public.workspace_members where user_id = %s", [demo.STAFF.id]
        )
        try:
            await staff.connection.execute(
                "update public.appointments set notes = 'private' where id = %s", [booked]
            )
            await hers.until(lambda: booked in hers.rows and hers.rows[booked].version == 2)
            await his.until(lambda: his.rows == {})
        finally:
            await staff.connection.execute(
                "insert into public.workspace_members (workspace_id, user_id, role)"
                " values (%s, %s, 'staff')",
                [demo.SALON_ID, demo.STAFF.id],
            )
            await staff.delete(booked)

    assert not any(isinstance(event, Updated) for event in his.events)


async def test_nothing_is_left_after_the_block(backend: Backend) -> None:
    async with backend.client(demo.STAFF) as client:
        before = asyncio.all_tasks()
        async with live_appointments(client, workspace_id=demo.SALON_ID) as live:
            iteration = asyncio.create_task(consume(live))
            await asyncio.sleep(0)
        seen_count = await asyncio.wait_for(iteration, 30)

        assert seen_count == 1
        assert asyncio.all_tasks() - before == set()
        assert client.realtime.channels == {}
        assert not client.realtime.is_connected


async def consume(live: Any) -> int:
    """Count events until there are no more."""
    return len([event async for event in live])


async def test_nothing_is_left_after_a_first_snapshot_that_fails(backend: Backend) -> None:
    async with backend.client(token=token(demo.STAFF.id)) as client:
        before = asyncio.all_tasks()
        client.postgrest.headers["Authorization"] = "Bearer of bad news"

        with pytest.raises(SnapshotFailed):
            async with live_appointments(client, workspace_id=demo.SALON_ID):
                pytest.fail("it cannot be read")

        assert asyncio.all_tasks() - before == set()
        assert not client.realtime.is_connected


async def test_who_has_not_signed_in_is_told_that_there_is_nothing_to_read(
    backend: Backend,
) -> None:
    async with backend.client() as nobody:
        with pytest.raises(SubscriptionRefused, match="invalid column for filter workspace_id"):
            async with live_appointments(nobody, workspace_id=demo.SALON_ID):
                pytest.fail("it may not be read")
        with pytest.raises(SnapshotRefused, match="permission denied"):
            await read_snapshot(
                nobody, Scope(column="workspace_id", id=demo.SALON_ID), timeout_s=TIMEOUT_S
            )


async def test_a_row_that_cannot_be_read_ends_the_iteration(
    backend: Backend, staff: Bookings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        backend.client(demo.STAFF) as client,
        live_appointments(client, workspace_id=demo.SALON_ID) as live,
    ):
        await anext(live)
        monkeypatch.setitem(vars(appointments)["_COLUMNS"], "room", str)
        booked = await staff.insert("Clara")
        with pytest.raises(UnreadableRow, match="no column 'room'"):
            await asyncio.wait_for(anext(live), 30)

    await staff.delete(booked)


async def test_what_is_asked_for_is_checked_before_anything_goes_out() -> None:
    client = await acreate_client("http://127.0.0.1:1", ANON_KEY)

    with pytest.raises(InvalidId, match="customer_id is not a UUID: 'Clara'"):
        live_appointments(client, customer_id="Clara")
    with pytest.raises(TypeError, match="give one of"):
        live_appointments(client)
    with pytest.raises(TypeError, match="give one of"):
        live_appointments(client, customer_id=demo.CUSTOMER.id, workspace_id=demo.SALON_ID)
    with pytest.raises(ValueError, match="starting has no time zone"):
        live_appointments(
            client,
            workspace_id=demo.SALON_ID,
            starting=datetime(2027, 3, 1),  # noqa: DTZ001 - what is refused
        )
    with pytest.raises(RuntimeError, match="async with"):
        await anext(live_appointments(client, workspace_id=demo.SALON_ID))
    with pytest.raises(ConnectionLost):
        await live_appointments(client, workspace_id=demo.SALON_ID).__aenter__()
