"""When a server stops or dies, the official clients come back and have missed nothing."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from slotcast.appointments.demo import CUSTOMER, STAFF
from support.bookings import bookings
from support.official import official_clients
from support.postgres import free_port
from support.server import server_process, start_process, token

if TYPE_CHECKING:
    from support.official import OfficialClient
    from support.postgres import Database

# The Python client reads what its WebSocket library has deprecated.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:ConnectionClosed\.(code|reason) is deprecated:DeprecationWarning"
)

APPOINTMENTS: dict[str, Any] = {"event": "*", "schema": "public", "table": "appointments"}


def names(client: OfficialClient, binding: int) -> list[str]:
    return [change.row["customer_name"] for change in client.changes("desk", binding)]


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_clients_get_what_was_committed_while_the_server_was_gone(
    database: Database, slot_name: str, kind: str, end: str
) -> None:
    port = free_port()
    async with AsyncExitStack() as stack:
        staff = await stack.enter_async_context(bookings(database.url))
        server = await start_process(database.url, slot_name, port=port)
        stack.push_async_callback(server.stop)
        connect = await stack.enter_async_context(official_clients(kind, server.url))
        member = await connect(token(STAFF.id))
        customer = await connect(token(CUSTOMER.id))
        for client in (member, customer):
            await client.subscribe("desk", APPOINTMENTS, {**APPOINTMENTS, "event": "DELETE"})
        await staff.insert("Walk-in before")
        clara = await staff.insert("Clara before", CUSTOMER)
        for client, count in ((member, 2), (customer, 1)):
            await client.change_count("desk", count)

        await (server.stop() if end == "stop" else server.kill())
        await staff.insert("Walk-in meanwhile")
        await staff.insert("Clara meanwhile", CUSTOMER)
        await staff.delete(clara)
        async with server_process(database.url, slot_name, port=port):
            for client in (member, customer):
                await client.status("desk", "SUBSCRIBED", count=2)
            await staff.insert("Walk-in after")
            await staff.delete(await staff.insert("Clara after", CUSTOMER))
            for client in (member, customer):
                await client.change_count("desk", 2, binding=1)

    everything = ["Walk-in before", "Clara before", "Walk-in meanwhile", "Clara meanwhile"]
    everything += ["Clara before", "Walk-in after", "Clara after", "Clara after"]
    hers = [name for name in everything if name.startswith("Clara")]
    if end == "stop":
        assert names(member, 0) == everything
        assert names(customer, 0) == hers
    else:  # the last moments before a crash may come again
        assert names(member, 0)[-6:] == everything[-6:]
        assert names(customer, 0)[-4:] == hers[-4:]
    for client in (member, customer):
        assert names(client, 1) == ["Clara before", "Clara after"]
