"""Whoever is subscribed to the salon gets exactly what PostgreSQL lets them SELECT."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import psycopg

from slotcast.appointments import demo
from slotcast.appointments.demo import CUSTOMER, OTHER_CUSTOMER, OWNER, STAFF, STRANGER
from support.salon import VIEWER_ID, insert_salon
from support.scene import Viewer, scene, user
from support.standby import poll, without_standby

if TYPE_CHECKING:
    from support.postgres import Database

TABLES: Final = (
    "public.appointments",
    "public.busy_slots",
    "public.appointment_events",
    "public.team_members",
    "public.services",
)
ADMIN_ID: Final = UUID("00000009-0000-4000-8000-000000000002")
NEWCOMER_ID: Final = UUID("00000009-0000-4000-8000-000000000003")

PEOPLE: Final = f"""
insert into auth.users (id) values ('{ADMIN_ID}'), ('{NEWCOMER_ID}');
insert into public.workspace_members (workspace_id, user_id, role)
  values ('{demo.SALON_ID}', '{ADMIN_ID}', 'admin');
"""

VIEWERS: Final = (
    user("owner", OWNER.id),
    user("admin", ADMIN_ID),
    user("staff", STAFF.id),
    user("viewer", VIEWER_ID),
    user("customer", CUSTOMER.id),
    user("other customer", OTHER_CUSTOMER.id),
    user("stranger", STRANGER.id),
    user("newcomer", NEWCOMER_ID),
    Viewer(name="nobody"),
    user("malformed", "not-a-uuid"),
    Viewer(name="anon", role="anon"),
    Viewer(name="service", role="service_role"),
)

APPOINTMENT: Final = "aaaaaaaa-0000-4000-8000-000000000001"
BRIEF: Final = "aaaaaaaa-0000-4000-8000-000000000002"


def booking(identifier: str, customer: UUID | None, day: int) -> str:
    """Write the INSERT of an appointment in the salon, long after the demo's."""
    return f"""
    insert into public.appointments (id, workspace_id, customer_id, team_member_id, service_id,
                                     customer_name, start_time, end_time, price_cents, notes)
    values ('{identifier}', '{demo.SALON_ID}', {f"'{customer}'" if customer else "null"},
            '{demo.TEAM[1].id}', '{demo.SERVICES[0].id}', 'Somebody',
            '2040-01-0{day} 10:00+00', '2040-01-0{day} 10:45+00', 4200, 'a note')
    """


def one(identifier: str, assignment: str) -> str:
    return f"update public.appointments set {assignment} where id = '{identifier}'"


async def test_every_change_of_every_table_goes_to_exactly_who_may_select_it(
    database: Database, slot_name: str
) -> None:
    await insert_salon(database.url)
    async with scene(database.url, slot_name, PEOPLE, TABLES, VIEWERS) as salon:
        # A row's whole life.
        await salon.commit(booking(APPOINTMENT, CUSTOMER.id, 1))
        await salon.commit(one(APPOINTMENT, "notes = 'other notes'"))
        await salon.commit(one(APPOINTMENT, f"customer_id = '{OTHER_CUSTOMER.id}'"))
        await salon.commit(one(APPOINTMENT, "customer_id = null"))
        await salon.commit(one(APPOINTMENT, "status = 'confirmed'"))
        await salon.commit(one(APPOINTMENT, "start_time = start_time + interval '1 minute'"))
        await salon.commit(f"delete from public.appointments where id = '{APPOINTMENT}'")

        # Rows that never are in the table for others to look them up.
        await salon.commit(
            booking(BRIEF, CUSTOMER.id, 2), f"delete from appointments where id = '{BRIEF}'"
        )
        await salon.commit(
            booking(BRIEF, CUSTOMER.id, 2),
            one(BRIEF, f"customer_id = '{OTHER_CUSTOMER.id}'"),
            f"delete from appointments where id = '{BRIEF}'",
        )

        # To another workspace, which the guard forbids to clients but not to an operator.
        await salon.commit(
            "alter table appointments disable trigger user",
            "alter table appointments enable trigger a_capture",
        )
        await salon.commit(booking(APPOINTMENT, None, 3))
        await salon.commit(
            f"update appointments set workspace_id = '{demo.STUDIO_ID}', team_member_id = null,"
            f" service_id = null where id = '{APPOINTMENT}'"
        )
        await salon.commit(f"delete from appointments where id = '{APPOINTMENT}'")
        await salon.commit("alter table appointments enable trigger user")

        # The other tables, with columns that not every role may select.
        for table in ("team_members", "services"):
            await salon.commit(f"update public.{table} set name = name || '!'")
        await salon.commit(
            f"insert into team_members (id, workspace_id, user_id, name) values"
            f" ('{APPOINTMENT}', '{demo.SALON_ID}', '{VIEWER_ID}', 'Vera')",
            f"insert into services (id, workspace_id, name, duration_minutes) values"
            f" ('{APPOINTMENT}', '{demo.SALON_ID}', 'Shave', 15)",
        )
        await salon.commit(
            f"delete from team_members where id = '{APPOINTMENT}'",
            f"delete from services where id = '{APPOINTMENT}'",
        )
        await salon.check()

        expected = salon.expected
        told = salon.notices("malformed")

    # The comparison is worth something only if some saw what others did not.
    assert len(expected["service"]) > len(expected["owner"]) > len(expected["customer"])
    assert len(expected["customer"]) > len(expected["anon"]) > 0
    assert any("SQLSTATE 22P02" in message for message in told)


async def test_a_membership_that_comes_or_goes_counts_from_its_own_commit_on(
    database: Database, slot_name: str
) -> None:
    await insert_salon(database.url)
    join = (
        "insert into workspace_members (workspace_id, user_id, role)"
        f" values ('{demo.SALON_ID}', '{NEWCOMER_ID}', 'staff')"
    )
    leave = f"delete from workspace_members where user_id = '{NEWCOMER_ID}'"
    newcomer = user("newcomer", NEWCOMER_ID)
    async with scene(
        database.url,
        slot_name,
        PEOPLE,
        TABLES,
        [newcomer, user("staff", STAFF.id), user("customer", CUSTOMER.id)],
    ) as salon:
        await salon.commit(booking(APPOINTMENT, CUSTOMER.id, 1))
        await salon.settle()
        seen_before = len(salon.got("newcomer"))
        await salon.commit(join, one(APPOINTMENT, "notes = 'with the new colleague'"))
        await salon.settle()
        seen_joined = len(salon.got("newcomer"))
        await salon.commit(one(APPOINTMENT, "notes = 'without'"), leave)
        await salon.settle()
        await salon.commit(one(APPOINTMENT, "notes = 'after'"))
        await salon.check()
        of_appointments = [e for e in salon.got("newcomer") if e.table == "public.appointments"]

    assert seen_joined > seen_before
    assert [e.record and e.record["notes"] for e in of_appointments] == ["with the new colleague"]


async def test_a_commit_is_judged_when_others_can_see_it_not_when_it_is_logged(
    database: Database, slot_name: str
) -> None:
    await insert_salon(database.url)
    newcomer = user("newcomer", NEWCOMER_ID)
    async with (
        scene(database.url, slot_name, PEOPLE, TABLES, [newcomer, user("o", OWNER.id)]) as salon,
        await psycopg.AsyncConnection.connect(database.url) as other,
    ):
        await salon.commit(
            booking(APPOINTMENT, CUSTOMER.id, 1),
            "insert into workspace_members (workspace_id, user_id, role)"
            f" values ('{demo.SALON_ID}', '{NEWCOMER_ID}', 'staff')",
        )
        await salon.settle()
        seen = len(salon.got("newcomer"))

        # A commit waits for a standby that never comes: logged, and not visible.
        async with without_standby(salon.writer):
            await other.execute(one(APPOINTMENT, "notes = 'not for the newcomer'").encode())
            await other.execute(
                f"delete from workspace_members where user_id = '{NEWCOMER_ID}'".encode()
            )
            commit = asyncio.create_task(other.commit())
            await sent(salon.writer, slot_name)
            for client in salon.clients.values():
                await client.reply(await client.push("phoenix", "heartbeat", {}))
            assert not commit.done()
        await commit
        await salon.settle()

        assert len(salon.got("newcomer")) == seen
        last = salon.got("o")[-1]
    assert last.table == "public.appointment_events"


async def sent(writer: psycopg.AsyncConnection[Any], slot: str) -> None:
    """Wait until a commit waits for its standby, and the server was sent everything logged."""
    await poll(writer, "select exists (select from pg_stat_activity where wait_event = 'SyncRep')")
    await poll(
        writer,
        "select sent_lsn >= pg_current_wal_insert_lsn() from pg_stat_replication r"
        " join pg_replication_slots s on s.active_pid = r.pid where slot_name = %s",
        slot,
    )


async def test_a_hidden_workspace_hides_its_page_at_once(
    database: Database, slot_name: str
) -> None:
    await insert_salon(database.url)
    async with scene(
        database.url,
        slot_name,
        PEOPLE,
        TABLES,
        [Viewer(name="anon", role="anon"), user("customer", CUSTOMER.id), user("o", OWNER.id)],
    ) as salon:
        await salon.commit("update services set name = name || '!'")
        await salon.settle()
        await salon.commit(
            "update workspaces set online_booking = false",
            "update services set name = name || '?'",
        )
        await salon.check()
        anon = [event.record and event.record["name"][-1] for event in salon.got("anon")]

    assert set(anon) == {"!"}
