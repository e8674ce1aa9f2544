"""The whole server over the salon: what the apps ask for, subscribe to, and are told."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
import pytest_asyncio

from slotcast.appointments import demo
from slotcast.appointments.demo import CUSTOMER, OTHER_CUSTOMER, OWNER, STAFF, STRANGER
from support.clusters import embedded_cluster
from support.desk import HAIRCUT, MINA, OLGA, SAMIR, acting, insert, quiet_day, update, visit, wish
from support.phoenix import phoenix_client
from support.postgres import unique_name
from support.server import ANON_KEY, PUBLISHABLE_KEY, serving, token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from support.phoenix import PhoenixClient

cluster = embedded_cluster
pytestmark = pytest.mark.asyncio(loop_scope="module")

FEED: Final = "/rest/v1/rpc/calendar_feed"
PAGE: Final = (
    "id,name,slug,description,address,phone,currency,time_zone,online_booking,auto_confirm,"
    "slot_step_minutes,min_notice_minutes,max_ahead_days,change_cutoff_minutes,"
    "services(id,name,description,duration_minutes,price_cents,currency,color,active,sort_order),"
    "team_members(id,name,title,color,time_zone,bookable,sort_order,"
    "team_member_services(service_id),working_hours(weekday,opens,closes),"
    "working_hour_exceptions(on_date,opens,closes))"
)


@dataclass(frozen=True, slots=True)
class Served:
    """The server's address, the database behind it, and HTTP without any headers of its own."""

    url: str
    database_url: str
    http: httpx.AsyncClient

    async def ask(
        self, method: str, path: str, user: UUID | None = None, **more: Any
    ) -> httpx.Response:
        """Ask as a browser does: with the public key, and the user's token."""
        headers = {"apikey": PUBLISHABLE_KEY, "Prefer": "return=representation"}
        if user is not None:
            headers["Authorization"] = f"Bearer {token(user)}"
        return await self.http.request(method, path, headers=headers, **more)

    @asynccontextmanager
    async def subscribed(
        self, user: UUID | None, *tables: str, workspace: UUID = demo.SALON_ID
    ) -> AsyncGenerator[PhoenixClient]:
        """Subscribe as *user*, or with the public key alone, to one workspace's rows."""
        bindings = [
            {
                "event": "*",
                "schema": "public",
                "table": table,
                "filter": f"{'id' if table == 'workspaces' else 'workspace_id'}=eq.{workspace}",
            }
            for table in tables
        ]
        async with phoenix_client(self.url) as client:
            await client.subscribe(
                "shop", *bindings, access_token=ANON_KEY if user is None else token(user)
            )
            yield client

    def sql(self) -> psycopg.Connection:
        return psycopg.connect(self.database_url)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(salon_url: str) -> AsyncGenerator[Served]:
    async with (
        serving(
            salon_url, unique_name("slot"), auth="on", auth_anonymous="on", auth_autoconfirm="on"
        ) as url,
        httpx.AsyncClient(base_url=url) as http,
    ):
        yield Served(url, salon_url, http)


def seen(client: PhoenixClient) -> list[tuple[str, str]]:
    """Give what kind of change came, and of which table."""
    return [(one["data"]["table"], one["data"]["type"]) for one in client.changes("shop")]


# What everybody may ask


async def test_a_workspaces_page_is_one_request_with_the_public_key(served: Served) -> None:
    answer = await served.ask("GET", "/rest/v1/workspaces", params={"select": PAGE})

    [page] = answer.json()
    assert page["slug"] == "salon"
    assert len(page["services"]) == len(demo.SERVICES)
    team = {member["name"]: member for member in page["team_members"]}
    assert set(team) == {"Olga", "Samir", "Mina"}
    assert {one["weekday"] for one in team["Mina"]["working_hours"]} == {2, 3, 4, 5, 6}
    assert len(team["Samir"]["team_member_services"]) == len(SAMIR.offers)


async def test_free_times_days_and_alternatives_are_functions_to_call(served: Served) -> None:
    day = quiet_day()
    asked = {"p_service": str(HAIRCUT.id), "p_member": None}

    slots = await served.ask(
        "POST",
        "/rest/v1/rpc/available_slots",
        json={**asked, "p_from": day.isoformat(), "p_to": quiet_day(12).isoformat()},
    )
    days = await served.ask(
        "POST",
        "/rest/v1/rpc/available_days",
        json={**asked, "p_from": f"{day:%Y-%m-%d}", "p_to": f"{day:%Y-%m-%d}"},
    )
    nearest = await served.ask(
        "POST", "/rest/v1/rpc/nearest_slots", json={**asked, "p_around": day.isoformat()}
    )

    assert [one["team_member_ids"] for one in slots.json()][:1] == [[str(OLGA.id), str(SAMIR.id)]]
    assert len(slots.json()) == 8
    assert days.json() == [{"day": f"{day:%Y-%m-%d}", "slot_count": 34, "is_open": True}]
    assert len(nearest.json()) == 3


# Booking


async def test_a_nameless_customer_books_signs_up_and_keeps_the_appointment(
    served: Served,
) -> None:
    signed_up = await served.ask("POST", "/auth/v1/signup", json={})
    session = signed_up.json()
    headers = {
        "apikey": PUBLISHABLE_KEY,
        "Authorization": f"Bearer {session['access_token']}",
        "Prefer": "return=representation",
    }
    row = wish(UUID(session["user"]["id"]), start_time=quiet_day(9).isoformat())
    body = {name: str(value) for name, value in row.items()}
    booked = await served.http.post("/rest/v1/appointments", json=body, headers=headers)
    lost = await served.ask(
        "POST",
        "/rest/v1/appointments",
        CUSTOMER.id,
        json={**body, "id": str(uuid4()), "customer_id": str(CUSTOMER.id)},
    )
    named = await served.http.put(
        "/auth/v1/user", json={"email": "nia@mail.example"}, headers=headers
    )
    own = await served.http.get("/rest/v1/appointments?select=id,status", headers=headers)

    assert booked.status_code == 201
    assert (lost.status_code, lost.json()["code"]) == (400, "23P01")
    assert named.status_code == 200
    assert own.json() == [{"id": body["id"], "status": "pending"}]


async def test_a_refusal_carries_its_hint(served: Served) -> None:
    row = wish(CUSTOMER.id, start_time=quiet_day(3).isoformat())
    body = {name: str(value) for name, value in row.items()}

    answer = await served.ask("POST", "/rest/v1/appointments", CUSTOMER.id, json=body)

    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["hint"]) == ("P0001", "outside_hours")


async def test_an_old_version_changes_nothing(served: Served) -> None:
    with served.sql() as connection:
        row = insert(connection, "appointments", visit(start_time=quiet_day(16)))
    path = f"/rest/v1/appointments?id=eq.{row['id']}&version=eq.1"

    first = await served.ask("PATCH", path, STAFF.id, json={"notes": "first"})
    second = await served.ask("PATCH", path, OWNER.id, json={"notes": "second"})

    assert [one["version"] for one in first.json()] == [2]
    assert second.json() == []


# Calendars


async def test_a_calendar_needs_nothing_but_its_url(served: Served) -> None:
    answer = await served.ask("POST", "/rest/v1/rpc/calendar_token", CUSTOMER.id)
    url = f"{FEED}?token={answer.json()}&apikey={PUBLISHABLE_KEY}"
    for accept in ("*/*", "text/calendar", "text/html,application/xml;q=0.9,*/*;q=0.8"):
        feed = await served.http.get(url, headers={"Accept": accept})

        assert feed.status_code == 200
        assert feed.headers["content-type"] == "text/calendar; charset=utf-8"
        assert feed.text.startswith("BEGIN:VCALENDAR\r\n")


async def test_a_calendar_that_is_not_there_is_not_found(served: Served) -> None:
    keyless = await served.http.get(f"{FEED}?token=x")
    unknown = await served.http.get(f"{FEED}?token=x&apikey={PUBLISHABLE_KEY}")

    assert keyless.status_code == 401
    assert (unknown.status_code, unknown.json()["hint"]) == (404, "no_such_calendar")


# Live


async def test_slots_that_others_take_move_and_give_back_reach_whoever_looks(
    served: Served,
) -> None:
    async with (
        served.subscribed(None, "busy_slots") as anybody,
        served.subscribed(None, "busy_slots", workspace=demo.STUDIO_ID) as beyond_the_wall,
    ):
        with served.sql() as connection:
            other = {"workspace_id": demo.STUDIO_ID, "team_member_id": None, "service_id": None}
            insert(connection, "appointments", visit(start_time=quiet_day(11), **other))
            row = insert(connection, "appointments", visit(start_time=quiet_day(11)))
        with served.sql() as connection:
            update(connection, row["id"], start_time=quiet_day(12), end_time=quiet_day(13))
        with served.sql() as connection:
            update(connection, row["id"], status="cancelled")
        came = await anybody.change_count("shop", 3)
        await beyond_the_wall.settle()

        assert seen(anybody) == [("busy_slots", kind) for kind in ("INSERT", "UPDATE", "DELETE")]
        assert seen(beyond_the_wall) == []
    inserted, updated, deleted = (one["data"] for one in came)
    assert set(inserted["record"]) == {
        "id",
        "workspace_id",
        "team_member_id",
        "start_time",
        "end_time",
    }
    assert updated["old_record"]["start_time"] == inserted["record"]["start_time"]
    assert deleted["old_record"]["start_time"] == updated["record"]["start_time"]
    assert deleted["old_record"]["id"] == inserted["record"]["id"]


STAFF_TABLES: Final = (
    "appointment_staff_notes",
    "customers",
    "services",
    "team_members",
    "team_member_services",
    "time_off",
    "working_hours",
    "working_hour_exceptions",
    "workspace_members",
)


def change_settings(connection: psycopg.Connection, person: UUID) -> None:
    """Write, change and remove a row of every one of `STAFF_TABLES`, each committed."""
    salon = {"workspace_id": demo.SALON_ID}
    of_mina = {**salon, "team_member_id": MINA.id}
    appointment = insert(connection, "appointments", visit(start_time=quiet_day(14)))["id"]
    rows: dict[str, tuple[dict[str, object], str, str]] = {
        "appointment_staff_notes": (
            {**salon, "appointment_id": appointment, "body": "x"},
            "body = 'y'",
            f"appointment_id = '{appointment}'",
        ),
        "customers": ({**salon, "name": "New"}, "phone = '+33 1'", "name = 'New'"),
        "services": (
            {**salon, "name": "New", "duration_minutes": 5},
            "color = null",
            "name = 'New'",
        ),
        "team_members": ({**salon, "name": "New"}, "title = 'New'", "name = 'New'"),
        "team_member_services": (
            {**of_mina, "service_id": HAIRCUT.id},
            "service_id = service_id",
            f"team_member_id = '{MINA.id}' and service_id = '{HAIRCUT.id}'",
        ),
        "time_off": (
            {**of_mina, "start_time": "2040-01-01", "end_time": "2040-01-02"},
            "reason = 'x'",
            "start_time > '2039-01-01'",
        ),
        "working_hours": (
            {**of_mina, "weekday": 7, "opens": "09:00", "closes": "10:00"},
            "closes = '11:00'",
            "weekday = 7",
        ),
        "working_hour_exceptions": (
            {**of_mina, "on_date": "2040-01-01"},
            "on_date = '2040-01-02'",
            "on_date > '2039-01-01'",
        ),
        "workspace_members": (
            {**salon, "user_id": person, "role": "viewer"},
            "role = 'staff'",
            f"user_id = '{person}'",
        ),
    }
    assert tuple(rows) == STAFF_TABLES
    for table, (row, change, condition) in rows.items():
        insert(connection, table, row)
        connection.commit()
        for statement in (
            f"update public.{table} set {change} where {condition}",
            f"delete from public.{table} where {condition}",
        ):
            assert connection.execute(statement.encode()).rowcount == 1
            connection.commit()


async def test_everything_that_staff_look_at_is_live_and_stays_within_the_walls(
    served: Served,
) -> None:
    person = uuid4()
    with served.sql() as connection:
        connection.execute("insert into auth.users (id) values (%s)", [person])
    async with (
        served.subscribed(OWNER.id, *STAFF_TABLES) as owner,
        served.subscribed(STRANGER.id, *STAFF_TABLES) as stranger,
    ):
        with served.sql() as connection:
            change_settings(connection, person)
        await owner.change_count("shop", 3 * len(STAFF_TABLES))
        await stranger.settle()

        kinds = ("INSERT", "UPDATE", "DELETE")
        assert seen(owner) == [(table, kind) for table in STAFF_TABLES for kind in kinds]
        # The salon's page is public, the rest is not.
        page = {table for table, _ in seen(stranger)}
        assert page == {
            "services",
            "team_members",
            "team_member_services",
            "working_hours",
            "working_hour_exceptions",
        }


async def test_a_week_that_is_saved_is_live_as_a_whole(served: Served) -> None:
    async def save(week: list[dict[str, object]]) -> None:
        body = {"p_member": str(MINA.id), "p_hours": week}
        path = "/rest/v1/rpc/save_working_hours"
        assert (await served.ask("POST", path, OWNER.id, json=body)).is_success

    path = f"/rest/v1/working_hours?team_member_id=eq.{MINA.id}"
    before = (await served.ask("GET", path, OWNER.id)).json()
    rows = {row["id"]: row for row in before}
    async with served.subscribed(OWNER.id, "working_hours") as owner:
        await save([{"weekday": day, "opens": "10:00", "closes": "16:00"} for day in range(1, 8)])
        changes = [one["data"] for one in await owner.change_count("shop", len(rows) + 7)]
    await save(before)

    for change in changes:
        if change["type"] == "DELETE":
            del rows[change["old_record"]["id"]]
        else:
            rows[change["record"]["id"]] = change["record"]
    assert len({change["commit_timestamp"] for change in changes}) == 1
    assert sorted((row["weekday"], row["opens"], row["closes"]) for row in rows.values()) == [
        (day, "10:00:00", "16:00:00") for day in range(1, 8)
    ]


async def test_a_removed_member_sees_nothing_from_that_commit_on(served: Served) -> None:
    tables = ("appointments", "appointment_events", "customers", "workspace_members")
    async with AsyncExitStack() as stack:
        staff = await stack.enter_async_context(served.subscribed(STAFF.id, *tables))
        owner = await stack.enter_async_context(served.subscribed(OWNER.id, *tables))
        with served.sql() as connection:
            row = insert(connection, "appointments", visit(start_time=quiet_day(15)))
        await staff.change_count("shop", 2)

        removed = await served.ask(
            "DELETE",
            f"/rest/v1/workspace_members?workspace_id=eq.{demo.SALON_ID}&user_id=eq.{STAFF.id}",
            OWNER.id,
        )
        with served.sql() as connection:
            update(connection, row["id"], notes="not for Samir")
            connection.execute("update public.customers set phone = '+33 2' where name = 'Amara'")
        # INSERT and its event, the membership, UPDATE and its event, the customer.
        await owner.change_count("shop", 6)
        await staff.settle()
        read = await served.ask("GET", "/rest/v1/appointments?select=id", STAFF.id)

        with served.sql() as connection:
            insert(
                connection,
                "workspace_members",
                {"workspace_id": demo.SALON_ID, "user_id": STAFF.id, "role": "staff"},
            )
        with served.sql() as connection:
            update(connection, row["id"], notes="back again")
        await owner.change_count("shop", 9)
        await staff.settle()

        got = [one["data"] for one in staff.changes("shop")]
    assert len(removed.json()) == 1
    assert read.json() == []
    notes = [one["record"]["notes"] for one in got if one["table"] == "appointments"]
    assert notes == [None, "back again"]
    assert not [one for one in got if one["table"] == "customers"]
    # But for one thing: that it happened, and to whom.
    memberships = [one for one in got if one["table"] == "workspace_members"]
    assert [one["type"] for one in memberships] == ["DELETE", "INSERT"]
    assert memberships[0]["old_record"]["user_id"] == str(STAFF.id)


async def test_customers_see_what_becomes_of_theirs_and_of_nobody_elses(served: Served) -> None:
    async with (
        served.subscribed(CUSTOMER.id, "appointments", "appointment_events") as clara,
        served.subscribed(OTHER_CUSTOMER.id, "appointments", "appointment_events") as otto,
    ):
        with served.sql() as connection, acting(connection, STAFF.id):
            begins = quiet_day(13)
            row = insert(
                connection,
                "appointments",
                visit(start_time=begins, customer_id=CUSTOMER.id, team_member_id=OLGA.id),
            )
        with served.sql() as connection, acting(connection, STAFF.id):
            update(connection, row["id"], start_time=quiet_day(13, 5))
        came = await clara.change_count("shop", 2)
        await otto.settle()

        assert seen(clara) == [("appointments", "INSERT"), ("appointments", "UPDATE")]
        assert seen(otto) == []
    moved = came[1]["data"]
    assert moved["old_record"]["start_time"] != moved["record"]["start_time"]
    assert moved["record"]["version"] == 2


async def test_a_workspace_that_closes_its_page_is_gone_for_whoever_looks(served: Served) -> None:
    async with (
        served.subscribed(None, "workspaces", "busy_slots") as anybody,
        served.subscribed(OWNER.id, "workspaces") as owner,
    ):
        with served.sql() as connection:
            connection.execute(
                "update public.workspaces set online_booking = false where id = %s",
                [demo.SALON_ID],
            )
            insert(connection, "appointments", visit(start_time=quiet_day(9, 50)))
        await owner.change_count("shop", 1)
        await anybody.settle()
        page = await served.ask("GET", "/rest/v1/workspaces?select=id&slug=eq.salon")
        with served.sql() as connection:
            connection.execute("update public.workspaces set online_booking = true")
        await anybody.change_count("shop", 1)

        assert page.json() == []
        assert seen(anybody) == [("workspaces", "UPDATE")]
        assert seen(owner)[0] == ("workspaces", "UPDATE")
