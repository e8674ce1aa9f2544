"""What the official clients hand to an application's callbacks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from slotcast.appointments.demo import CUSTOMER, STAFF
from support.bookings import bookings
from support.official import Complaint, official_clients
from support.server import serving, token

if TYPE_CHECKING:
    from support.postgres import Database

APPOINTMENTS = {"event": "*", "schema": "public", "table": "appointments"}

CREATE = """
create table public.kinds (
  id int8 primary key, small int2, amount numeric(10, 2), ratio float8, done bool, name text,
  code char(5), document jsonb, numbers int4[], words text[], day date, moment timestamp,
  instant timestamptz, span int4range, owner uuid, bytes bytea, nothing text
);
grant select on public.kinds to anon;
alter publication supabase_realtime add table public.kinds;
"""

INSERT = r"""
insert into public.kinds values (
  9007199254740993, -3, 10.50, 0.5, true, 'O''Neill "é" 🎈', 'ab',
  '{"a": [1, {"b": null}]}', '{1,null,3}', '{a,"b,c",null}', '2026-01-02',
  '2026-01-02 03:04:05.123456', '2026-01-02 03:04:05.5+02', '[1,5)',
  'aaaaaaaa-0000-4000-8000-000000000001', '\xdeadbeef', null
)
"""

SAME_IN_ALL_CLIENTS: dict[str, Any] = {
    "small": -3,
    "amount": 10.5,
    "ratio": 0.5,
    "done": True,
    "name": 'O\'Neill "é" 🎈',
    "code": "ab   ",
    "document": {"a": [1, {"b": None}]},
    "numbers": [1, None, 3],
    "words": ["a", "b,c", None],
    "day": "2026-01-02",
    "instant": "2026-01-02T01:04:05.5+00:00",
    "span": "[1,5)",
    "owner": "aaaaaaaa-0000-4000-8000-000000000001",
    "bytes": "deadbeef",
    "nothing": None,
    "moment": "2026-01-02T03:04:05.123456",
}


async def test_a_life_of_an_appointment_in_the_shape_that_applications_expect(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(database.url) as staff,
    ):
        client = await connect(token(STAFF.id))
        await client.subscribe("desk", APPOINTMENTS)

        appointment = await staff.insert("Clara", CUSTOMER)
        first = await staff.row(appointment)
        await staff.update(appointment, notes="see you")
        second = await staff.row(appointment)
        await staff.delete(appointment)
        inserted, updated, deleted = await client.change_count("desk", 3)

    assert (inserted.type, inserted.new, inserted.old) == ("INSERT", first, {})
    assert (updated.type, updated.new, updated.old) == ("UPDATE", second, first)
    assert (deleted.type, deleted.new, deleted.old) == ("DELETE", {}, second)
    for change in (inserted, updated, deleted):
        envelope = change.payload.get("data", change.payload)
        assert (envelope["schema"], envelope["table"]) == ("public", "appointments")
        assert envelope["errors"] is None
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(envelope["commit_timestamp"])
        )
    assert client.of(Complaint) == []


async def test_javascript_gets_the_keys_that_its_types_declare_and_no_others(
    database: Database, slot_name: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients("javascript-2.0.0", url) as connect,
        bookings(database.url) as staff,
    ):
        client = await connect(token(STAFF.id))
        await client.subscribe("desk", APPOINTMENTS)

        await staff.insert("Clara")
        (inserted,) = await client.change_count("desk", 1)

    assert set(inserted.payload) == {
        "schema", "table", "commit_timestamp", "eventType", "new", "old", "errors"
    }  # fmt: skip


async def test_python_gets_the_columns_with_their_types(database: Database, slot_name: str) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients("python", url) as connect,
        bookings(database.url) as staff,
    ):
        client = await connect(token(STAFF.id))
        await client.subscribe("desk", APPOINTMENTS)

        await staff.insert("Clara")
        (inserted,) = await client.change_count("desk", 1)

    columns = inserted.payload["data"]["columns"]
    assert {"name": "id", "type": "uuid"} in columns
    assert {"name": "start_time", "type": "timestamptz"} in columns
    assert {"name": "currency", "type": "bpchar"} in columns
    assert [column["name"] for column in columns] == list(inserted.new)


async def test_values_of_many_types_arrive_as_each_language_has_them(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        bookings(database.url) as staff,
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
    ):
        await staff.connection.execute(CREATE)
        client = await connect()
        await client.subscribe("kinds", {"event": "INSERT", "schema": "public", "table": "kinds"})

        await staff.connection.execute(INSERT)
        (inserted,) = await client.change_count("kinds", 1)

    # JavaScript has no integers above 2^53.
    identity = 9007199254740993 if kind == "python" else 9007199254740992
    assert inserted.new == {"id": identity, **SAME_IN_ALL_CLIENTS}


async def test_select_leaves_the_chosen_columns_and_the_key(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(database.url) as staff,
    ):
        client = await connect(token(STAFF.id))
        await client.subscribe("desk", {**APPOINTMENTS, "select": ["status", "notes"]})

        appointment = await staff.insert("Clara")
        await staff.update(appointment, status="confirmed")
        await staff.delete(appointment)
        inserted, updated, deleted = await client.change_count("desk", 3)

    key = str(appointment)
    assert inserted.new == {"id": key, "status": "pending", "notes": None}
    assert updated.new == {"id": key, "status": "confirmed", "notes": None}
    assert updated.old == inserted.new
    assert deleted.old == updated.new
