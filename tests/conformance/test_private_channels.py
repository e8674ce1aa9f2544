"""Private channels and broadcasts from the database, with the official clients."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from slotcast.appointments.demo import OTHER_CUSTOMER, SALON_ID, STAFF, STRANGER
from support.bookings import bookings
from support.official import Complaint, Received, official_clients
from support.salon import VIEWER_ID
from support.server import ANON_KEY, serving, token

if TYPE_CHECKING:
    from support.official import OfficialClient
    from support.postgres import Database

DESK = f"desk:{SALON_ID}"
PRIVATE: dict[str, Any] = {"private": True}
SEEN: dict[str, Any] = {"private": True, "presence": {"key": "ann", "enabled": True}}
JAVASCRIPT = ["javascript-2.0.0", "javascript-1.0.0"]

POLICIES = """
create policy desk_read on realtime.messages for select to authenticated using (
  exists (select from public.workspace_members as m
          where m.user_id = auth.uid() and realtime.topic() = 'desk:' || m.workspace_id));
create policy desk_write on realtime.messages for insert to authenticated with check (
  exists (select from public.workspace_members as m
          where m.user_id = auth.uid() and realtime.topic() = 'desk:' || m.workspace_id
            and m.role <> 'viewer'));
create function public.tell_desk() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform realtime.broadcast_changes(
    'desk:' || coalesce(new.workspace_id, old.workspace_id),
    tg_op, tg_op, tg_table_name, tg_table_schema, new, old);
  return null;
end $$;
create trigger tell_desk after insert or update or delete on public.appointments
  for each row execute function public.tell_desk();
"""


@pytest.fixture
def salon(database: Database) -> Database:
    with psycopg.connect(database.url) as connection:
        connection.execute(POLICIES.encode())
    return database


def send_from_database(salon: Database, *numbers: int, private: bool = True) -> None:
    """Broadcast *numbers* to the desk, each in a transaction of its own."""
    with psycopg.connect(salon.url, autocommit=True) as connection:
        for number in numbers:
            connection.execute(
                "select realtime.send(jsonb_build_object('n', %s::int), 'number', %s, %s)",
                [number, DESK, private],
            )


def numbers(client: OfficialClient, channel: str = "desk") -> list[int]:
    return [payload["n"] for _, payload in client.broadcasts(channel)]


async def test_policies_decide_who_joins_a_private_channel(
    salon: Database, slot_name: str, kind: str
) -> None:
    async with serving(salon.url, slot_name) as url, official_clients(kind, url) as connect:
        member = await connect(token(STAFF.id))
        await member.subscribe("desk", topic=DESK, config=PRIVATE)
        for stranger in (await connect(token(OTHER_CUSTOMER.id)), await connect()):
            await stranger.start("desk", topic=DESK, config=PRIVATE)
            refused = await stranger.status("desk")

            assert refused.status == "CHANNEL_ERROR"
            assert (
                "Unauthorized: You do not have permissions to read from this Channel topic: " + DESK
            ) in (refused.error or "")


async def test_a_private_channel_and_a_public_one_of_its_name_are_two(
    salon: Database, slot_name: str, kind: str
) -> None:
    async with serving(salon.url, slot_name) as url, official_clients(kind, url) as connect:
        clients = [await connect(token(STAFF.id)) for _ in range(4)]
        for client, config in zip(clients, (PRIVATE, PRIVATE, {}, {}), strict=True):
            await client.subscribe("desk", topic=DESK, config=config)
        private, private_sender, public, public_sender = clients

        await private_sender.send("desk", "number", {"n": 1})
        await public_sender.send("desk", "number", {"n": 2})
        await private.broadcast_count("desk", 1)
        await public.broadcast_count("desk", 1)
        send_from_database(salon, 3)
        send_from_database(salon, 4, private=False)
        await private.broadcast_count("desk", 2)
        await public.broadcast_count("desk", 2)

    assert (numbers(private), numbers(public)) == ([1, 3], [2, 4])


async def test_who_may_only_read_is_not_heard(salon: Database, slot_name: str, kind: str) -> None:
    async with serving(salon.url, slot_name) as url, official_clients(kind, url) as connect:
        reader, writer = await connect(token(VIEWER_ID)), await connect(token(STAFF.id))
        for client in (reader, writer):
            await client.subscribe("desk", topic=DESK, config=SEEN, presence=True)

        assert await reader.track("desk", {"name": "Reader"}) == "error"
        assert await writer.track("desk", {"name": "Writer"}) == "ok"
        await reader.send("desk", "number", {"n": 1})
        # Its own presence call comes after the broadcast: whatever that does is done by then.
        await reader.untrack("desk")
        await writer.send("desk", "number", {"n": 2})
        await reader.broadcast_count("desk", 1)
        await reader.sees("desk", {"ann": [{"name": "Writer"}]})
        send_from_database(salon, 3)
        await writer.broadcast_count("desk", 1)

        assert (numbers(reader)[0], numbers(writer)) == (2, [3])


@pytest.mark.parametrize("kind", JAVASCRIPT)
async def test_over_http_policies_decide_as_well(
    salon: Database, slot_name: str, kind: str
) -> None:
    async with serving(salon.url, slot_name) as url, official_clients(kind, url) as connect:
        receiver = await connect(token(STAFF.id))
        await receiver.subscribe("desk", topic=DESK, config=PRIVATE)
        writer, reader = await connect(token(STAFF.id)), await connect(token(VIEWER_ID))
        for client in (writer, reader):
            await client.act_as(token(STAFF.id if client is writer else VIEWER_ID))
            await client.open("desk", topic=DESK, config=PRIVATE)

        outcomes = [
            await reader.http_send("desk", "number", {"n": 1}),
            await reader.send("desk", "number", {"n": 2}),
            await writer.http_send("desk", "number", {"n": 3}),
            await writer.send("desk", "number", {"n": 4}),
        ]
        await receiver.broadcast_count("desk", 2)

    # A batch says nothing of those of its messages that were not permitted.
    assert outcomes == ["Unauthorized", "ok", "ok", "ok"]
    assert numbers(receiver) == [3, 4]


async def test_a_trigger_tells_the_desk_of_every_change(
    salon: Database, slot_name: str, kind: str
) -> None:
    async with (
        serving(salon.url, slot_name) as url,
        official_clients(kind, url) as connect,
        bookings(salon.url) as staff,
    ):
        member, stranger = await connect(token(STAFF.id)), await connect(token(STRANGER.id))
        await member.subscribe("desk", topic=DESK, config=PRIVATE)
        await stranger.subscribe("desk", topic=DESK)

        appointment = await staff.insert("Walk-in")
        await staff.insert("Elsewhere", studio=True)
        await staff.update(appointment, notes="see you")
        await staff.delete(appointment)
        await member.broadcast_count("desk", 3)

    told = member.broadcasts("desk")
    assert [(event, payload["operation"]) for event, payload in told] == [
        (operation, operation) for operation in ("INSERT", "UPDATE", "DELETE")
    ]
    inserted, updated, deleted = (payload for _, payload in told)
    assert inserted["record"]["customer_name"] == "Walk-in"
    assert (inserted["schema"], inserted["table"]) == ("public", "appointments")
    assert inserted["old_record"] is None
    assert (updated["old_record"]["notes"], updated["record"]["notes"]) == (None, "see you")
    assert deleted["record"] is None
    assert [received.meta for received in member.of(Received)] == [
        {"id": payload["id"]} for _, payload in told
    ]
    assert stranger.broadcasts("desk") == []
    assert member.of(Complaint) == []


async def test_what_was_sent_before_is_replayed_and_then_the_rest_follows(
    salon: Database, slot_name: str, kind: str
) -> None:
    since = int(time.time() * 1000)
    replaying = {"private": True, "broadcast": {"replay": {"since": since, "limit": 3}}}
    async with serving(salon.url, slot_name) as url, official_clients(kind, url) as connect:
        client = await connect(token(STAFF.id))
        send_from_database(salon, 1, 2, 3, 4)

        await client.subscribe("desk", topic=DESK, config=replaying)
        await client.broadcast_count("desk", 3)
        send_from_database(salon, 5)
        await client.broadcast_count("desk", 4)

    assert numbers(client) == [2, 3, 4, 5]
    metas = [received.meta or {} for received in client.of(Received)]
    assert [meta.get("replayed") for meta in metas] == [True, True, True, None]


async def test_another_user_on_a_private_channel_keeps_it_if_the_policies_let_them(
    salon: Database, slot_name: str, kind: str
) -> None:
    async with serving(salon.url, slot_name) as url, official_clients(kind, url) as connect:
        client, other = await connect(token(STAFF.id)), await connect(token(STAFF.id))
        for member in (client, other):
            await member.subscribe("desk", topic=DESK, config=SEEN, presence=True)
        await client.send("desk", "number", {"n": 1})
        await other.broadcast_count("desk", 1)

        await client.act_as(token(VIEWER_ID))
        assert await client.track("desk", {}) == "error"
        send_from_database(salon, 2)
        await client.broadcast_count("desk", 1)

        assert numbers(client) == [2]


async def test_another_user_on_a_private_channel_loses_it_if_the_policies_do_not(
    salon: Database, slot_name: str, kind: str
) -> None:
    async with serving(salon.url, slot_name) as url, official_clients(kind, url) as connect:
        client, other = await connect(token(STAFF.id)), await connect(token(STAFF.id))
        for member in (client, other):
            await member.subscribe("desk", topic=DESK, config=PRIVATE)

        await client.act_as(token(OTHER_CUSTOMER.id))
        await client.status("desk", "CLOSED")
        send_from_database(salon, 1)
        await other.broadcast_count("desk", 1)

    assert numbers(client) == []


async def test_a_user_named_after_connecting_may_join(
    salon: Database, slot_name: str, kind: str
) -> None:
    """A client made with a key alone, and told of its user by `setAuth`."""
    async with serving(salon.url, slot_name) as url, official_clients(kind, url) as connect:
        client = await connect(key=ANON_KEY)
        await client.act_as(token(STAFF.id))

        await client.subscribe("desk", topic=DESK, config=PRIVATE)
        send_from_database(salon, 1)
        await client.broadcast_count("desk", 1)

    assert numbers(client) == [1]
