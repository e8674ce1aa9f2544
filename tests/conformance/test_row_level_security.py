"""Whoever writes an appointment, each official client gets what its user may see, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slotcast.appointments.demo import CUSTOMER, OTHER_CUSTOMER, STAFF, STRANGER
from support.bookings import bookings
from support.official import Complaint, official_clients
from support.server import PUBLISHABLE_KEY, SECRET_KEY, serving, token

if TYPE_CHECKING:
    from support.official import OfficialClient
    from support.postgres import Database

APPOINTMENTS = {"event": "*", "schema": "public", "table": "appointments"}
SERVICES = {"event": "*", "schema": "public", "table": "services"}


def lives(client: OfficialClient, channel: str = "desk") -> list[tuple[str, str]]:
    """Name the changes of appointments that a client got."""
    return [(change.type, change.row["customer_name"]) for change in client.changes(channel, 0)]


def life(*names: str) -> list[tuple[str, str]]:
    """What everybody gets who may see the appointments *names*."""
    return [(kind, name) for kind in ("INSERT", "UPDATE", "DELETE") for name in names]


@pytest.mark.parametrize("cluster", ["embedded", "system"], indirect=True)
async def test_each_user_gets_the_appointments_that_the_policies_show(
    database: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(database.url) as staff,
    ):
        viewers = {
            "member": await connect(token(STAFF.id)),
            "customer": await connect(token(CUSTOMER.id)),
            "stranger": await connect(token(STRANGER.id)),
            "anon": await connect(),
            "anon by opaque key": await connect(key=PUBLISHABLE_KEY),
            "service": await connect(key=token(role="service_role")),
            "service by opaque key": await connect(key=SECRET_KEY),
        }
        for viewer in viewers.values():
            await viewer.subscribe("desk", APPOINTMENTS, SERVICES)

        own = await staff.insert("Clara", CUSTOMER)
        other = await staff.insert("Otto", OTHER_CUSTOMER)
        walk_in = await staff.insert("Walk-in")
        portrait = await staff.insert("Portrait", studio=True)
        for appointment in (own, other, walk_in):
            await staff.update(appointment, notes="see you")
        await staff.update(portrait, studio=True, notes="see you")
        for appointment in (own, other, walk_in):
            await staff.delete(appointment)
        await staff.delete(portrait, studio=True)
        await staff.touch_service()
        for viewer in viewers.values():
            await viewer.change_count("desk", 1, binding=1)

    assert {name: lives(viewer) for name, viewer in viewers.items()} == {
        "member": life("Clara", "Otto", "Walk-in"),
        "customer": life("Clara"),
        "stranger": life("Portrait"),
        "anon": [],
        "anon by opaque key": [],
        "service": life("Clara", "Otto", "Walk-in", "Portrait"),
        "service by opaque key": life("Clara", "Otto", "Walk-in", "Portrait"),
    }
    assert [viewer.of(Complaint) for viewer in viewers.values()] == [[]] * len(viewers)
