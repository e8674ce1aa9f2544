from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import errors

from slotcast.appointments import demo
from slotcast.appointments.demo import CUSTOMER, OTHER_CUSTOMER, OWNER, STAFF, STRANGER
from support.clients import act_as, client, signed_in
from support.salon import VIEWER_ID

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection

MEMBER_IDS = {"owner": OWNER.id, "staff": STAFF.id, "viewer": VIEWER_ID}
HAIRCUT = demo.SERVICES[0]
SAMIR = demo.TEAM[1]

POLICIES = {
    ("Customers can view their own appointments", "r"),
    ("Workspace members can view their workspace appointments", "r"),
    ("Customers can create their own appointments", "a"),
    ("Workspace members can create appointments for their workspace", "a"),
    ("Customers can update their own appointments", "w"),
    ("Workspace members can update appointments for their workspace", "w"),
    ("Customers can delete their own appointments", "d"),
    ("Workspace members can delete appointments for their workspace", "d"),
}

INSERT = b"""
    insert into public.appointments
      (workspace_id, customer_id, team_member_id, service_id, customer_name, start_time, end_time)
    values (%(workspace)s, %(customer)s, %(member)s, %(service)s, %(name)s, %(begins)s, %(ends)s)
"""


def free_monday(hour: int = 10, minute: int = 0) -> datetime:
    """A time on a Monday that the demo data has no bookings for."""
    zone = ZoneInfo("Europe/Paris")
    day = datetime.now(zone).date() + timedelta(days=demo.DAY_COUNT + 2)
    day += timedelta(days=(7 - day.weekday()) % 7)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)


def booking(customer_id: UUID | None, **changes: object) -> dict[str, object]:
    begins = free_monday()
    return {
        "workspace": demo.SALON_ID,
        "customer": customer_id,
        "member": SAMIR.id,
        "service": HAIRCUT.id,
        "name": "Somebody",
        "begins": begins,
        "ends": begins + timedelta(minutes=HAIRCUT.duration_minutes),
        **changes,
    }


@dataclass(frozen=True, slots=True)
class Rows:
    """Appointments the demo has: one of each kind, and how many there are."""

    salon_count: int
    studio_count: int
    own_count: int
    own_id: UUID
    other_id: UUID


@pytest.fixture(scope="module")
def rows(salon_url: str) -> Rows:
    with psycopg.connect(salon_url) as connection:
        row = connection.execute(
            "select count(*) filter (where workspace_id = %(salon)s),"
            " count(*) filter (where workspace_id <> %(salon)s),"
            " count(*) filter (where customer_id = %(customer)s),"
            " (array_agg(id order by start_time) filter (where customer_id = %(customer)s))[1],"
            " (array_agg(id order by start_time) filter (where customer_id = %(other)s))[1]"
            " from public.appointments",
            {"salon": demo.SALON_ID, "customer": CUSTOMER.id, "other": OTHER_CUSTOMER.id},
        ).fetchone()
    assert row is not None
    found = Rows(*row)
    assert found.own_count > 0
    assert found.studio_count > 0
    return found


def count(connection: Connection, query: bytes) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    value: int = row[0]
    return value


def update_notes(connection: Connection, appointment_id: UUID) -> int:
    return connection.execute(
        "update public.appointments set notes = 'see you' where id = %s", [appointment_id]
    ).rowcount


def delete(connection: Connection, appointment_id: UUID) -> int:
    return connection.execute(
        "delete from public.appointments where id = %s", [appointment_id]
    ).rowcount


# The eight policies


def test_the_eight_policies_have_their_names_and_commands(salon_url: str) -> None:
    with psycopg.connect(salon_url) as connection:
        found = connection.execute(
            "select polname, polcmd, polroles = array['authenticated'::regrole::oid]"
            " from pg_policy where polrelid = 'public.appointments'::regclass"
        ).fetchall()

    assert {(name, command) for name, command, _ in found} == POLICIES
    assert all(only_authenticated for *_, only_authenticated in found)


def test_a_customer_sees_own_appointments_only(salon_url: str, rows: Rows) -> None:
    with signed_in(salon_url, CUSTOMER.id) as connection:
        seen = connection.execute("select customer_id from public.appointments").fetchall()

    assert seen == [(CUSTOMER.id,)] * rows.own_count


@pytest.mark.parametrize("member", sorted(MEMBER_IDS))
def test_members_see_all_of_their_workspace_and_nothing_of_others(
    salon_url: str, rows: Rows, member: str
) -> None:
    with signed_in(salon_url, MEMBER_IDS[member]) as connection:
        seen = connection.execute("select workspace_id from public.appointments").fetchall()

    assert seen == [(demo.SALON_ID,)] * rows.salon_count


def test_a_stranger_sees_nothing_of_the_salon(salon_url: str, rows: Rows) -> None:
    with signed_in(salon_url, STRANGER.id) as connection:
        seen = connection.execute("select workspace_id from public.appointments").fetchall()

    assert seen == [(demo.STUDIO_ID,)] * rows.studio_count


@pytest.mark.parametrize(
    "statement",
    [
        "select from public.appointments",
        "insert into public.appointments default values",
        "update public.appointments set notes = ''",
        "delete from public.appointments",
        "truncate public.appointments cascade",
    ],
)
def test_anonymous_callers_have_no_right_to_the_table(salon_url: str, statement: str) -> None:
    with (
        client(salon_url, "anon") as connection,
        pytest.raises(errors.InsufficientPrivilege, match="permission denied for table"),
    ):
        connection.execute(statement.encode())


def test_service_role_sees_everything(salon_url: str, rows: Rows) -> None:
    with client(salon_url, "service_role") as connection:
        seen = count(connection, b"select count(*) from public.appointments")

    assert seen == rows.salon_count + rows.studio_count


@pytest.mark.parametrize("user_id", [CUSTOMER.id, OTHER_CUSTOMER.id, STRANGER.id])
def test_anybody_may_book_for_oneself_where_booking_is_open(salon_url: str, user_id: UUID) -> None:
    with signed_in(salon_url, user_id) as connection:
        assert connection.execute(INSERT, booking(user_id)).rowcount == 1


@pytest.mark.parametrize("member", ["owner", "staff"])
def test_staff_book_for_customers_and_walk_ins(salon_url: str, member: str) -> None:
    with signed_in(salon_url, MEMBER_IDS[member]) as connection:
        assert connection.execute(INSERT, booking(CUSTOMER.id)).rowcount == 1
        later = free_monday(12)
        walk_in = booking(None, begins=later, ends=later + timedelta(minutes=30))
        assert connection.execute(INSERT, walk_in).rowcount == 1


@pytest.mark.parametrize("user_id", [CUSTOMER.id, VIEWER_ID, STRANGER.id])
@pytest.mark.parametrize("customer_id", [OTHER_CUSTOMER.id, None])
def test_nobody_else_books_for_others(
    salon_url: str, user_id: UUID, customer_id: UUID | None
) -> None:
    with (
        signed_in(salon_url, user_id) as connection,
        pytest.raises(errors.InsufficientPrivilege, match="row-level security"),
    ):
        connection.execute(INSERT, booking(customer_id))


@pytest.mark.parametrize(
    ("user_id", "own", "others"),
    [
        (OWNER.id, 1, 1),
        (STAFF.id, 1, 1),
        (CUSTOMER.id, 1, 0),
        (VIEWER_ID, 0, 0),
        (STRANGER.id, 0, 0),
    ],
)
def test_updates_and_deletes_touch_what_the_policies_allow(
    salon_url: str, rows: Rows, user_id: UUID, own: int, others: int
) -> None:
    with signed_in(salon_url, user_id) as connection:
        assert update_notes(connection, rows.own_id) == own
        assert update_notes(connection, rows.other_id) == others
        assert delete(connection, rows.own_id) == own
        assert delete(connection, rows.other_id) == others


def test_a_customer_cannot_hand_an_appointment_to_somebody_else(salon_url: str, rows: Rows) -> None:
    with (
        signed_in(salon_url, CUSTOMER.id) as connection,
        pytest.raises(errors.InsufficientPrivilege) as caught,
    ):
        connection.execute(
            "update public.appointments set customer_id = %s where id = %s",
            [OTHER_CUSTOMER.id, rows.own_id],
        )
    assert caught.value.diag.message_hint == "staff_only_column"


# The guard


def test_the_service_decides_what_a_customer_gets(salon_url: str) -> None:
    wish = booking(CUSTOMER.id, ends=free_monday() + timedelta(hours=5))
    with signed_in(salon_url, CUSTOMER.id) as connection:
        row = connection.execute(
            INSERT + b" returning end_time - start_time, price_cents, status, version, created_by,"
            b" contact_id is not null",
            wish,
        ).fetchone()

    assert row == (
        timedelta(minutes=HAIRCUT.duration_minutes),
        HAIRCUT.price_cents,
        "pending",
        1,
        CUSTOMER.id,
        True,
    )


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"begins": free_monday(3)}, "outside_hours"),
        ({"begins": free_monday(17, 50)}, "outside_hours"),
        ({"begins": datetime.now(UTC) - timedelta(days=1)}, "outside_window"),
        ({"begins": free_monday() + timedelta(days=364)}, "outside_window"),
        ({"service": demo.SERVICES[2].id}, "not_bookable"),
        ({"workspace": demo.STUDIO_ID}, "not_bookable"),
    ],
)
def test_a_customer_books_only_what_is_offered(
    salon_url: str, changes: dict[str, object], hint: str
) -> None:
    wish = booking(CUSTOMER.id, **changes)
    begins = wish["begins"]
    assert isinstance(begins, datetime)
    with (
        signed_in(salon_url, CUSTOMER.id) as connection,
        pytest.raises(errors.RaiseException) as caught,
    ):
        connection.execute(INSERT, {**wish, "ends": begins + timedelta(minutes=30)})

    assert caught.value.diag.message_hint == hint


@pytest.mark.parametrize(
    ("assignment", "hint"),
    [
        ("price_cents = 0", "staff_only_column"),
        ("allow_overlap = true", "staff_only_column"),
        ("status = 'completed'", None),
        ("workspace_id = gen_random_uuid()", "immutable_column"),
        ("created_at = now()", "immutable_column"),
    ],
)
def test_a_customer_cannot_change_what_is_the_workspaces(
    salon_url: str, rows: Rows, assignment: str, hint: str | None
) -> None:
    with (
        signed_in(salon_url, CUSTOMER.id) as connection,
        pytest.raises((errors.InsufficientPrivilege, errors.RaiseException)) as caught,
    ):
        connection.execute(
            f"update public.appointments set {assignment} where id = '{rows.own_id}'".encode()
        )
    assert caught.value.diag.message_hint == (hint or "bad_transition")


def test_a_customer_may_cancel_and_the_slot_is_free_again(salon_url: str, rows: Rows) -> None:
    with signed_in(salon_url, CUSTOMER.id) as connection:
        row = connection.execute(
            "update public.appointments set status = 'cancelled' where id = %s"
            " returning status, version",
            [rows.own_id],
        ).fetchone()
        connection.execute("reset role")
        busy = connection.execute(
            "select from public.busy_slots where source_id = %s", [rows.own_id]
        ).fetchall()

    assert row == ("cancelled", 2)
    assert busy == []


def test_a_customer_cannot_cancel_at_the_last_minute(salon_url: str, rows: Rows) -> None:
    with psycopg.connect(salon_url) as connection:
        connection.execute(
            "update public.appointments set start_time = now() + interval '1 hour',"
            " end_time = now() + interval '2 hours', team_member_id = null where id = %s",
            [rows.own_id],
        )
        act_as(connection, "authenticated", {"sub": str(CUSTOMER.id)})

        with pytest.raises(errors.RaiseException) as caught:
            connection.execute(
                "update public.appointments set status = 'cancelled' where id = %s", [rows.own_id]
            )
        connection.rollback()

    assert caught.value.diag.message_hint == "past_cutoff"


def test_staff_cannot_push_an_appointment_into_a_strangers_list(salon_url: str) -> None:
    with signed_in(salon_url, STAFF.id) as connection:
        with pytest.raises(errors.InsufficientPrivilege) as caught:
            connection.execute(INSERT, booking(STRANGER.id))
        connection.rollback()

    assert caught.value.diag.message_hint == "not_a_customer"


def test_staff_cannot_make_a_stranger_their_customer_either(salon_url: str) -> None:
    with (
        signed_in(salon_url, STAFF.id) as connection,
        pytest.raises(errors.InsufficientPrivilege, match="permission denied for table customers"),
    ):
        connection.execute(
            "insert into public.customers (workspace_id, user_id, name) values (%s, %s, 'Sten')",
            [demo.SALON_ID, STRANGER.id],
        )


def test_staff_keep_records_of_walk_ins(salon_url: str) -> None:
    with signed_in(salon_url, STAFF.id) as connection:
        connection.execute(
            "insert into public.customers (workspace_id, name) values (%s, 'Walk-in')",
            [demo.SALON_ID],
        )
        changed = connection.execute(
            "update public.customers set phone = '1' where name = 'Walk-in'"
        ).rowcount
        deleted = connection.execute("delete from public.customers where phone = '1'").rowcount

    assert (changed, deleted) == (1, 1)


def test_a_team_member_of_another_workspace_cannot_be_attached(salon_url: str) -> None:
    with psycopg.connect(salon_url) as connection:
        row = connection.execute(
            "select id from public.team_members where workspace_id = %s", [demo.STUDIO_ID]
        ).fetchone()
    assert row is not None
    with (
        signed_in(salon_url, STAFF.id) as connection,
        pytest.raises(errors.ForeignKeyViolation),
    ):
        connection.execute(INSERT, booking(None, member=row[0]))


# No double booking


def test_two_bookings_of_a_member_cannot_overlap(salon_url: str) -> None:
    with signed_in(salon_url, STAFF.id) as connection:
        connection.execute(INSERT, booking(None))

        with pytest.raises(errors.ExclusionViolation) as caught:
            connection.execute(INSERT, booking(CUSTOMER.id))

    assert caught.value.sqlstate == "23P01"
    assert caught.value.diag.constraint_name == "appointments_no_double_booking"


def test_bookings_may_touch_and_cancelled_ones_do_not_block(salon_url: str) -> None:
    with signed_in(salon_url, STAFF.id) as connection:
        first = booking(None)
        connection.execute(INSERT, first)
        connection.execute(INSERT, booking(None, begins=first["ends"], ends=free_monday(11, 30)))
        connection.execute(
            "update public.appointments set status = 'cancelled' where start_time = %(begins)s"
            " and team_member_id = %(member)s",
            first,
        )

        assert connection.execute(INSERT, first).rowcount == 1


def test_buffers_block_too(salon_url: str) -> None:
    with signed_in(salon_url, STAFF.id) as connection:
        first = booking(None)
        connection.execute(INSERT, first)
        connection.execute(
            "update public.appointments set buffer_after_minutes = 15"
            " where start_time = %(begins)s and team_member_id = %(member)s",
            first,
        )

        with pytest.raises(errors.ExclusionViolation):
            connection.execute(
                INSERT, booking(None, begins=first["ends"], ends=free_monday(11, 30))
            )


# What everybody may know


def test_busy_slots_of_a_public_workspace_are_public(salon_url: str) -> None:
    query = b"select workspace_id, team_member_id, start_time, end_time from public.busy_slots"
    with client(salon_url, "anon") as connection:
        seen = connection.execute(query).fetchall()

    assert {row[0] for row in seen} == {demo.SALON_ID}


@pytest.mark.parametrize("user_id", [CUSTOMER.id, STAFF.id])
def test_busy_slots_of_a_private_workspace_are_hidden_from_others(
    salon_url: str, user_id: UUID
) -> None:
    with signed_in(salon_url, user_id) as connection:
        seen = connection.execute("select distinct workspace_id from public.busy_slots").fetchall()

    assert seen == [(demo.SALON_ID,)]


def test_members_see_busy_slots_of_their_private_workspace(salon_url: str) -> None:
    with signed_in(salon_url, STRANGER.id) as connection:
        seen = connection.execute("select distinct workspace_id from public.busy_slots").fetchall()

    assert {row[0] for row in seen} == {demo.SALON_ID, demo.STUDIO_ID}


def test_closing_online_booking_hides_busy_slots_at_once(salon_url: str) -> None:
    with psycopg.connect(salon_url) as connection:
        connection.execute("update public.workspaces set online_booking = false")
        connection.execute("set local role anon")
        seen = count(connection, b"select count(id) from public.busy_slots")
        connection.rollback()

    assert seen == 0


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_what_makes_somebody_busy_is_not_told(salon_url: str, role: str) -> None:
    with (
        client(salon_url, role) as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute("select source_id from public.busy_slots")


def test_busy_slots_follow_appointments_and_time_off(salon_url: str) -> None:
    begins = free_monday()
    with psycopg.connect(salon_url) as connection:
        before = count(connection, b"select count(*) from public.busy_slots")
        connection.execute(INSERT, booking(None))
        connection.execute(
            "insert into public.time_off (workspace_id, team_member_id, start_time, end_time)"
            " values (%s, %s, %s, %s)",
            [demo.SALON_ID, SAMIR.id, begins, begins + timedelta(days=1)],
        )
        after = count(connection, b"select count(*) from public.busy_slots")
        connection.execute("delete from public.time_off")
        connection.execute("delete from public.appointments")
        empty = count(connection, b"select count(*) from public.busy_slots")
        connection.rollback()

    assert (after - before, empty) == (2, 0)


@pytest.mark.parametrize(
    "table",
    ["team_members", "services", "team_member_services", "working_hours"],
)
def test_a_workspaces_page_is_as_visible_as_the_workspace(salon_url: str, table: str) -> None:
    query = f"select distinct workspace_id from public.{table}".encode()
    with client(salon_url, "anon") as connection:
        public = connection.execute(query).fetchall()
    with signed_in(salon_url, STRANGER.id) as connection:
        to_its_owner = connection.execute(query).fetchall()

    assert public == [(demo.SALON_ID,)]
    assert {row[0] for row in to_its_owner} == {demo.SALON_ID, demo.STUDIO_ID}


def test_customers_of_a_closed_workspace_still_see_its_page(salon_url: str) -> None:
    with psycopg.connect(salon_url) as connection:
        connection.execute("update public.workspaces set online_booking = false")
        act_as(connection, "authenticated", {"sub": str(CUSTOMER.id)})
        seen = count(connection, b"select count(*) from public.services")
        busy = count(connection, b"select count(id) from public.busy_slots")
        connection.rollback()

    assert (seen, busy) == (len(demo.SERVICES), 0)


def test_free_slots_leave_out_what_is_taken(salon_url: str) -> None:
    begins = free_monday()
    query = b"select start_time from public.available_slots(%s, %s, %s, %s)"
    parameters = [HAIRCUT.id, SAMIR.id, begins, begins + timedelta(hours=3)]
    with client(salon_url, "anon") as connection:
        before = {row[0] for row in connection.execute(query, parameters)}
    with psycopg.connect(salon_url) as connection:
        connection.execute(INSERT, booking(None))
        after = {row[0] for row in connection.execute(query, parameters)}
        connection.rollback()

    assert begins in before
    assert before - after == {begins + timedelta(minutes=15 * step) for step in range(3)}


# History, memberships, workspaces


def test_history_tells_who_did_what(salon_url: str) -> None:
    with signed_in(salon_url, CUSTOMER.id) as connection:
        row = connection.execute(INSERT + b" returning id", booking(CUSTOMER.id)).fetchone()
        assert row is not None
        update_notes(connection, row[0])
        delete(connection, row[0])
        connection.execute("reset role")
        events = connection.execute(
            "select action, actor_kind, actor_id, version, before ->> 'notes', after ->> 'notes'"
            " from public.appointment_events where appointment_id = %s order by id",
            [row[0]],
        ).fetchall()

    assert events == [
        ("created", "customer", CUSTOMER.id, 1, None, None),
        ("edited", "customer", CUSTOMER.id, 2, None, "see you"),
        ("deleted", "customer", CUSTOMER.id, 2, "see you", None),
    ]


def test_deleting_a_workspace_leaves_nothing_behind(salon_url: str) -> None:
    with psycopg.connect(salon_url) as connection:
        connection.execute("delete from public.workspaces where id = %s", [demo.SALON_ID])
        left = count(connection, b"select count(*) from public.busy_slots")
        studio = count(
            connection,
            b"select count(*) from public.appointments where status in ('pending', 'confirmed')",
        )
        connection.rollback()

    assert left == studio


def test_only_owners_make_owners_and_the_last_one_stays(salon_url: str) -> None:
    promote = b"update public.workspace_members set role = 'owner' where user_id = %s"
    with signed_in(salon_url, STAFF.id) as connection:
        assert connection.execute(promote, [STAFF.id]).rowcount == 0
    with (
        signed_in(salon_url, OWNER.id) as connection,
        pytest.raises(errors.RaiseException, match="needs an owner"),
    ):
        connection.execute("delete from public.workspace_members where user_id = %s", [OWNER.id])
    with signed_in(salon_url, OWNER.id) as connection:
        assert connection.execute(promote, [STAFF.id]).rowcount == 1
        left = connection.execute(
            "delete from public.workspace_members where user_id = %s", [OWNER.id]
        )
        assert left.rowcount == 1


def test_whoever_creates_a_workspace_owns_it(salon_url: str) -> None:
    with signed_in(salon_url, STRANGER.id) as connection:
        connection.execute("select public.create_workspace('New', 'new', 'UTC')")
        row = connection.execute(
            "select slug, app_private.my_role(id) from public.workspaces where slug = 'new'"
        ).fetchone()

    assert row == ("new", "owner")


@pytest.mark.parametrize("role", ["anon", "service_role"])
def test_only_people_create_workspaces(salon_url: str, role: str) -> None:
    with (
        client(salon_url, role) as connection,
        pytest.raises(errors.InsufficientPrivilege, match="permission denied for function"),
    ):
        connection.execute("select public.create_workspace('New', 'new', 'UTC')")


@pytest.mark.parametrize("table", ["appointments", "busy_slots", "team_members", "services"])
def test_old_rows_are_logged_whole(salon_url: str, table: str) -> None:
    with psycopg.connect(salon_url) as connection:
        row = connection.execute(
            "select relreplident from pg_class where oid = to_regclass(%s)", [f"public.{table}"]
        ).fetchone()

    assert row == ("f",)


def test_the_subscribed_tables_are_published(salon_url: str) -> None:
    with psycopg.connect(salon_url) as connection:
        rows = connection.execute(
            "select tablename from pg_publication_tables where pubname = 'supabase_realtime'"
        ).fetchall()

    assert {name for (name,) in rows} == {
        "appointment_events",
        "appointment_staff_notes",
        "appointments",
        "busy_slots",
        "customers",
        "services",
        "team_member_services",
        "team_members",
        "time_off",
        "working_hour_exceptions",
        "working_hours",
        "workspace_members",
        "workspaces",
    }
