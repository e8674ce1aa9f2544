"""Filters and events of bindings, as applications write them: each binding gets exactly its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slotcast.appointments import demo
from slotcast.appointments.demo import CUSTOMER, OTHER_CUSTOMER, STAFF
from support.bookings import bookings
from support.official import official_clients
from support.server import serving, token

if TYPE_CHECKING:
    from support.postgres import Database

APPOINTMENTS: dict[str, Any] = {"event": "*", "schema": "public", "table": "appointments"}

# What each filter lets through of Clara (pending), Otto (confirmed), Walk-in (pending, no
# customer) and a portrait in the studio.
FILTERS = {
    f"customer_id=eq.{CUSTOMER.id}": {"Clara"},
    f"customer_id=neq.{CUSTOMER.id}": {"Otto"},
    f"workspace_id=eq.{demo.SALON_ID}": {"Clara", "Otto", "Walk-in"},
    f"workspace_id=eq.{demo.SALON_ID},status=eq.pending": {"Clara", "Walk-in"},
    f"workspace_id=eq.{demo.STUDIO_ID}": {"Portrait"},
    "status=in.(confirmed,completed)": {"Otto"},
    "status=not.in.(confirmed,completed)": {"Clara", "Walk-in", "Portrait"},
    "customer_name=in.(Clara,Otto)": {"Clara", "Otto"},
    'customer_name=in.("Clara","Walk-in")': {"Clara", "Walk-in"},
    'customer_name=eq."Otto"': {"Otto"},
    "customer_name=not.eq.Otto": {"Clara", "Walk-in", "Portrait"},
    "customer_name=like.%a%": {"Clara", "Walk-in", "Portrait"},
    "customer_name=ilike.o%": {"Otto"},
    "customer_id=is.null": {"Walk-in", "Portrait"},
    "customer_id=not.is.null": {"Clara", "Otto"},
    "version=gte.1,version=lt.2": {"Clara", "Otto", "Walk-in", "Portrait"},
    "allow_overlap=is.true": set[str](),
    "start_time=lt.2020-01-01": set[str](),
    f"workspace_id=eq.{demo.SALON_ID},customer_id=isdistinct.{CUSTOMER.id}": {"Otto", "Walk-in"},
}


async def test_each_filter_lets_exactly_its_rows_through(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(database.url) as staff,
    ):
        client = await connect(token(role="service_role"))
        bindings = [{**APPOINTMENTS, "event": "INSERT", "filter": text} for text in FILTERS]
        await client.subscribe("desk", *bindings, {**APPOINTMENTS, "event": "DELETE"})

        await staff.insert("Clara", CUSTOMER)
        otto = await staff.connection.execute(
            "insert into public.appointments"
            " (workspace_id, customer_id, customer_name, status, start_time, end_time)"
            " values (%s, %s, 'Otto', 'confirmed', now(), now() + interval '1 hour') returning id",
            [demo.SALON_ID, OTHER_CUSTOMER.id],
        )
        await staff.insert("Walk-in")
        await staff.insert("Portrait", studio=True)
        row = await otto.fetchone()
        assert row is not None
        await staff.delete(row[0])
        await client.change_count("desk", 1, binding=len(FILTERS))

    got = {
        text: {change.new["customer_name"] for change in client.changes("desk", index)}
        for index, text in enumerate(FILTERS)
    }
    assert got == FILTERS
    counts = [len(client.changes("desk", index)) for index in range(len(FILTERS))]
    assert counts == [len(names) for names in FILTERS.values()]


async def test_filters_judge_the_new_row_of_an_update_and_the_old_one_of_a_delete(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(database.url) as staff,
    ):
        client = await connect(token(STAFF.id))
        pending = {**APPOINTMENTS, "filter": "status=eq.pending"}
        confirmed = {**APPOINTMENTS, "filter": "status=eq.confirmed"}
        await client.subscribe("desk", pending, confirmed, APPOINTMENTS)

        appointment = await staff.insert("Clara")
        await staff.update(appointment, status="confirmed")
        await staff.update(appointment, notes="see you")
        await staff.delete(appointment)
        await client.change_count("desk", 4, binding=2)

    assert [change.type for change in client.changes("desk", 0)] == ["INSERT"]
    assert [change.type for change in client.changes("desk", 1)] == ["UPDATE", "UPDATE", "DELETE"]


async def test_several_bindings_on_a_channel_get_their_events_and_tables(
    database: Database, slot_name: str, kind: str
) -> None:
    bindings = [
        {**APPOINTMENTS, "event": "INSERT"},
        {**APPOINTMENTS, "event": "UPDATE"},
        {**APPOINTMENTS, "event": "DELETE"},
        {**APPOINTMENTS, "filter": f"customer_id=eq.{CUSTOMER.id}"},
        {"event": "*", "schema": "public", "table": "appointment_events"},
        {"event": "UPDATE", "schema": "public", "table": "services"},
    ]
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(database.url) as staff,
    ):
        client = await connect(token(STAFF.id))
        await client.subscribe("desk", *bindings)

        clara = await staff.insert("Clara", CUSTOMER)
        otto = await staff.insert("Otto", OTHER_CUSTOMER)
        await staff.update(clara, notes="see you")
        await staff.delete(otto)
        await staff.touch_service()
        await client.change_count("desk", 1, binding=5)

    got = [
        [
            (change.payload.get("data", change.payload)["table"], change.type)
            for change in client.changes("desk", index)
        ]
        for index in range(len(bindings))
    ]
    assert got == [
        [("appointments", "INSERT")] * 2,
        [("appointments", "UPDATE")],
        [("appointments", "DELETE")],
        [("appointments", "INSERT"), ("appointments", "UPDATE")],
        [("appointment_events", "INSERT")] * 4,
        [("services", "UPDATE")],
    ]


async def test_wildcards_of_schema_and_table_bring_every_published_table(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(database.url) as staff,
    ):
        client = await connect(token(STAFF.id))
        await client.subscribe("all", {"event": "*", "schema": "public"})

        await staff.insert("Clara")
        await staff.touch_service()
        changes = await client.change_count("all", 3)

    tables = [change.payload.get("data", change.payload)["table"] for change in changes]
    assert tables == ["appointments", "appointment_events", "services"]


@pytest.mark.parametrize(
    ("binding", "message"),
    [
        ({"filter": "wrong"}, 'Error parsing `filter` params: ["wrong"]'),
        ({"filter": "status=foo.1"}, 'Error parsing `filter` params: ["foo", "1"]'),
        ({"filter": "zz=eq.1"}, "invalid column for filter zz"),
        ({"filter": "version=eq.abc"}, 'invalid input syntax for type bigint: "abc"'),
        ({"select": ["zz"]}, "invalid column for select zz"),
        ({"table": "nothing_there"}, "Please check Realtime is enabled"),
    ],
)
async def test_a_binding_that_cannot_be_served_is_told_to_the_application(
    database: Database, slot_name: str, kind: str, binding: dict[str, Any], message: str
) -> None:
    async with serving(database.url, slot_name) as url, official_clients(kind, url) as connect:
        client = await connect(token(STAFF.id))
        await client.subscribe("desk", {**APPOINTMENTS, **binding})

        if kind == "python":  # which turns a `system` error into a status, and joins again
            told = (await client.status("desk", "CHANNEL_ERROR")).error or ""
            assert message in told.replace('\\"', '"')
        else:
            system = await client.system("desk", message)
            assert system.payload["status"] == "error"
            assert system.payload["extension"] == "postgres_changes"
