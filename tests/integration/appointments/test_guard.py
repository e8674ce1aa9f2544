"""What row level security cannot say: columns and transitions, each walked in full."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors, sql

from slotcast.appointments import demo
from slotcast.appointments.demo import CUSTOMER, OTHER_CUSTOMER, OWNER, STAFF, STRANGER
from support.clusters import embedded_cluster
from support.desk import (
    COLOUR,
    HAIRCUT,
    MINA,
    OLGA,
    SAMIR,
    acting,
    hint_of,
    insert,
    quiet_day,
    read,
    update,
    visit,
    wish,
)
from support.salon import VIEWER_ID

if TYPE_CHECKING:
    from psycopg import Connection

cluster = embedded_cluster

OTHER_CONTACT: Final = demo.CONTACTS[0].id
STATUSES: Final = ("pending", "confirmed", "completed", "cancelled", "no_show")
REFUSALS: Final = (errors.RaiseException, errors.InsufficientPrivilege, errors.ExclusionViolation)


def refusal(connection: Connection, user: UUID | None, **changes: object) -> str | None:
    """Change the appointment *changes* name as *user*; gives the hint, or None if it is done."""
    key = changes.pop("key")
    with ExitStack() as stack:
        if user is not None:
            stack.enter_context(acting(connection, user))
        try:
            with connection.transaction():
                assert update(connection, key, **changes) is not None
        except psycopg.Error as error:
            return hint_of(error)
    return None


# Columns

# What becomes of a value that somebody gives a column of an appointment of theirs: it is
# changed, ignored (the database has its own), or refused with a hint.
BY_CUSTOMER: Final = {
    "id": "immutable_column",
    "workspace_id": "immutable_column",
    "customer_id": "staff_only_column",
    "contact_id": "staff_only_column",
    "team_member_id": "changed",
    "service_id": "staff_only_column",
    "customer_name": "changed",
    "start_time": "changed",
    "end_time": "ignored",
    "buffer_before_minutes": "staff_only_column",
    "buffer_after_minutes": "staff_only_column",
    "status": "changed",
    "price_cents": "staff_only_column",
    "currency": "staff_only_column",
    "notes": "changed",
    "cancel_reason": "changed",
    "allow_overlap": "staff_only_column",
    "version": "ignored",
    "mutation_id": "changed",
    "created_by": "immutable_column",
    "updated_by": "ignored",
    "created_at": "immutable_column",
    "updated_at": "ignored",
    "blocked": "428C9",
}
BY_STAFF: Final = {
    **{
        column: "changed" if fate == "staff_only_column" else fate
        for column, fate in BY_CUSTOMER.items()
    },
    "end_time": "changed",
}
VALUES: Final[dict[str, object]] = {
    "id": uuid4(),
    "workspace_id": demo.STUDIO_ID,
    "customer_id": OTHER_CUSTOMER.id,
    "contact_id": OTHER_CONTACT,
    "team_member_id": OLGA.id,
    "service_id": COLOUR.id,
    "customer_name": "Somebody else",
    "start_time": quiet_day(10, 15),
    "end_time": quiet_day(15),
    "buffer_before_minutes": 5,
    "buffer_after_minutes": 5,
    "status": "cancelled",
    "price_cents": 0,
    "currency": "USD",
    "notes": "my note",
    "cancel_reason": "a reason",
    "allow_overlap": True,
    "version": 77,
    "mutation_id": uuid4(),
    "created_by": OTHER_CUSTOMER.id,
    "updated_by": OTHER_CUSTOMER.id,
    "created_at": quiet_day(),
    "updated_at": quiet_day(),
    "blocked": "empty",
}


def fate(connection: Connection, user: UUID, key: object, column: str) -> str:
    """Tell what becomes of the value of `VALUES` that *user* gives *column*."""
    before = read(connection, key)
    hint = refusal(connection, user, key=key, **{column: VALUES[column]})
    if hint is not None:
        return hint
    after = read(connection, key)
    if after[column] == VALUES[column] != before[column]:
        return "changed"
    assert after[column] != VALUES[column]
    return "ignored"


def test_every_column_is_decided(salon: Connection) -> None:
    rows = salon.execute(
        "select attname from pg_attribute"
        " where attrelid = 'public.appointments'::regclass and attnum > 0 and not attisdropped"
    ).fetchall()

    assert {name for (name,) in rows} == set(BY_CUSTOMER) == set(VALUES)


@pytest.mark.parametrize(
    ("user", "fates"), [(CUSTOMER.id, BY_CUSTOMER), (STAFF.id, BY_STAFF)], ids=["customer", "staff"]
)
def test_what_becomes_of_every_column_that_is_written(
    salon: Connection, user: UUID, fates: dict[str, str]
) -> None:
    found: dict[str, str] = {}
    for column in fates:
        with salon.transaction(force_rollback=True):
            row = insert(salon, "appointments", visit(customer_id=CUSTOMER.id))
            found[column] = fate(salon, user, row["id"], column)

    assert found == fates


def test_a_write_that_names_no_mutation_is_not_taken_for_the_one_before(salon: Connection) -> None:
    row = insert(salon, "appointments", visit(customer_id=CUSTOMER.id, mutation_id=uuid4()))

    with acting(salon, STAFF.id):
        update(salon, row["id"], start_time=quiet_day(11), end_time=quiet_day(12))

    assert read(salon, row["id"])["mutation_id"] is None


def test_what_a_customer_writes_into_a_new_appointment_is_the_services_to_say(
    salon: Connection,
) -> None:
    sent = wish(
        CUSTOMER.id,
        end_time=quiet_day(15),
        contact_id=OTHER_CONTACT,
        buffer_before_minutes=60,
        status="completed",
        price_cents=0,
        currency="USD",
        cancel_reason="none",
        allow_overlap=True,
        version=9,
        created_by=OTHER_CUSTOMER.id,
        updated_by=OTHER_CUSTOMER.id,
    )

    with acting(salon, CUSTOMER.id):
        row = insert(salon, "appointments", sent)

    own = salon.execute("select id from public.customers where user_id = %s", [CUSTOMER.id])
    assert (row["contact_id"],) == own.fetchone()
    stored = {name: row[name] for name in sent if row[name] != sent[name]}
    stored.pop("contact_id")
    assert stored == {
        "end_time": quiet_day(10, HAIRCUT.duration_minutes),
        "buffer_before_minutes": 0,
        "status": "pending",
        "price_cents": HAIRCUT.price_cents,
        "currency": "EUR",
        "cancel_reason": None,
        "allow_overlap": False,
        "version": 1,
        "created_by": CUSTOMER.id,
        "updated_by": CUSTOMER.id,
    }


def test_a_new_appointment_that_is_cancelled_already_gets_round_no_rule(salon: Connection) -> None:
    with pytest.raises(errors.RaiseException) as caught, acting(salon, CUSTOMER.id):
        insert(
            salon,
            "appointments",
            wish(CUSTOMER.id, workspace_id=demo.STUDIO_ID, status="cancelled"),
        )

    assert hint_of(caught.value) == "not_bookable"


def test_what_staff_leave_out_is_as_the_service_and_the_record_have_it(salon: Connection) -> None:
    sent = {
        "workspace_id": demo.SALON_ID,
        "team_member_id": OLGA.id,
        "service_id": COLOUR.id,
        "start_time": quiet_day(),
    }
    clara = salon.execute("select id from public.customers where user_id = %s", [CUSTOMER.id])
    row = clara.fetchone()
    assert row is not None

    with acting(salon, STAFF.id):
        by_record = insert(salon, "appointments", {**sent, "contact_id": row[0]})
        by_login = insert(
            salon,
            "appointments",
            {
                **sent,
                "start_time": quiet_day(13),
                "customer_id": CUSTOMER.id,
                "price_cents": 1,
                "end_time": quiet_day(14),
            },
        )
        no_login = insert(
            salon,
            "appointments",
            {**sent, "start_time": quiet_day(16), "contact_id": OTHER_CONTACT},
        )

    assert by_record["customer_id"] == CUSTOMER.id
    assert by_record["customer_name"] == no_login["customer_name"].replace("Amara", "Clara")
    assert by_record["end_time"] == quiet_day(11, 30)
    assert (by_record["price_cents"], by_record["currency"]) == (COLOUR.price_cents, "EUR")
    assert by_record["buffer_after_minutes"] == COLOUR.buffer_after_minutes
    assert by_login["contact_id"] == row[0]
    assert (by_login["price_cents"], by_login["end_time"]) == (1, quiet_day(14))
    assert no_login["customer_id"] is None


@pytest.mark.parametrize(
    ("customer", "hint"),
    [(STRANGER.id, "not_a_customer"), (VIEWER_ID, "not_a_customer"), (STAFF.id, None)],
)
def test_staff_write_into_nobodys_list_but_their_customers_and_their_own(
    salon: Connection, customer: UUID, hint: str | None
) -> None:
    row = insert(salon, "appointments", visit())

    assert refusal(salon, STAFF.id, key=row["id"], customer_id=customer) == hint


# Statuses

BY_CUSTOMERS: Final = {("pending", "cancelled"), ("confirmed", "cancelled")}
BY_OTHERS: Final = {
    ("pending", "confirmed"),
    ("pending", "cancelled"),
    ("confirmed", "pending"),
    ("confirmed", "completed"),
    ("confirmed", "cancelled"),
    ("confirmed", "no_show"),
    ("completed", "confirmed"),
    ("completed", "no_show"),
    ("no_show", "confirmed"),
    ("no_show", "completed"),
    ("cancelled", "confirmed"),
    ("cancelled", "pending"),
}


@pytest.mark.parametrize(
    ("user", "allowed"),
    [(CUSTOMER.id, BY_CUSTOMERS), (STAFF.id, BY_OTHERS), (None, BY_OTHERS)],
    ids=["customer", "staff", "system"],
)
def test_every_status_goes_only_where_it_may(
    salon: Connection, user: UUID | None, allowed: set[tuple[str, str]]
) -> None:
    found: set[tuple[str, str]] = set()
    hints: set[str] = set()
    for older in STATUSES:
        row = insert(
            salon, "appointments", visit(customer_id=CUSTOMER.id, status=older, id=uuid4())
        )
        for newer in STATUSES:
            if newer == older:
                continue
            with salon.transaction(force_rollback=True):
                hint = refusal(salon, user, key=row["id"], status=newer)
                found |= {(older, newer)} if hint is None else set()
                hints |= set() if hint is None else {hint}
        salon.execute("delete from public.appointments where id = %s", [row["id"]])

    assert found == allowed
    assert hints == {"bad_transition"}


@pytest.mark.parametrize("status", ["completed", "cancelled", "no_show"])
def test_customers_do_not_touch_what_is_over(salon: Connection, status: str) -> None:
    row = insert(salon, "appointments", visit(customer_id=CUSTOMER.id, status=status))

    assert refusal(salon, CUSTOMER.id, key=row["id"], notes="x") == "appointment_locked"


def test_an_appointment_is_moved_or_cancelled_but_not_both(salon: Connection) -> None:
    row = insert(salon, "appointments", visit(customer_id=CUSTOMER.id))

    hint = refusal(salon, CUSTOMER.id, key=row["id"], status="cancelled", start_time=quiet_day(11))

    assert hint == "bad_transition"


@pytest.mark.parametrize(("auto_confirm", "status"), [(False, "pending"), (True, "confirmed")])
def test_a_moved_appointment_is_confirmed_anew(
    salon: Connection, auto_confirm: bool, status: str
) -> None:
    salon.execute("update public.workspaces set auto_confirm = %s", [auto_confirm])
    row = insert(salon, "appointments", visit(customer_id=CUSTOMER.id, status="confirmed"))

    with acting(salon, CUSTOMER.id):
        moved = update(salon, row["id"], start_time=quiet_day(15), team_member_id=OLGA.id)

    assert moved is not None
    assert (moved["status"], moved["version"]) == (status, 2)
    assert moved["end_time"] == quiet_day(15, HAIRCUT.duration_minutes)


# Times


def open_around(connection: Connection, minutes: int) -> datetime:
    """
    Give a time that far from now, and let the salon be open then: notice and cut-off count alone.

    It is noon there in the salon's time zone, since no opening hours reach across midnight.
    """
    row = connection.execute("select now()").fetchone()
    assert row is not None
    begins: datetime = row[0] + timedelta(minutes=minutes)
    west = begins.hour - 12
    connection.execute("update public.workspaces set time_zone = %s", [f"Etc/GMT{west:+}"])
    connection.execute("delete from public.working_hours")
    connection.execute(
        "insert into public.working_hours (workspace_id, team_member_id, weekday, opens, closes)"
        " select workspace_id, id, weekday, '00:00', '24:00'"
        " from public.team_members, generate_series(1, 7) weekday"
    )
    connection.execute("delete from public.appointments")
    connection.execute("delete from public.time_off")
    return begins


@pytest.mark.parametrize("change", ["move", "reassign", "cancel", "delete"])
@pytest.mark.parametrize(
    ("minutes", "hint"), [(-60, "past_cutoff"), (119, "past_cutoff"), (121, None)]
)
def test_customers_change_nothing_from_the_cut_off_on(
    salon: Connection, change: str, minutes: int, hint: str | None
) -> None:
    begins = open_around(salon, minutes)
    salon.execute("update public.workspaces set change_cutoff_minutes = 120")
    row = insert(
        salon, "appointments", visit(customer_id=CUSTOMER.id, start_time=begins, status="pending")
    )

    changes: dict[str, dict[str, Any]] = {
        "move": {"start_time": begins + timedelta(minutes=90)},
        "reassign": {"team_member_id": OLGA.id},
        "cancel": {"status": "cancelled"},
    }

    if change == "delete":
        found = deletion(salon, row["id"])
    else:
        found = refusal(salon, CUSTOMER.id, key=row["id"], **changes[change])

    assert found == hint
    assert hint is None or refusal(salon, STAFF.id, key=row["id"], status="cancelled") is None


def deletion(connection: Connection, key: object) -> str | None:
    """Delete as the customer; gives the hint, or None if it is done."""
    try:
        with acting(connection, CUSTOMER.id):
            connection.execute("delete from public.appointments where id = %s", [key])
    except psycopg.Error as error:
        return hint_of(error)
    left = connection.execute("select from public.appointments where id = %s", [key]).fetchall()
    assert left == []
    return None


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        ("pending", None),
        ("confirmed", None),
        ("cancelled", None),
        ("completed", "appointment_locked"),
        ("no_show", "appointment_locked"),
    ],
)
def test_customers_delete_no_visit_that_took_place(
    salon: Connection, status: str, hint: str | None
) -> None:
    row = insert(salon, "appointments", visit(customer_id=CUSTOMER.id, status=status))

    assert deletion(salon, row["id"]) == hint


@pytest.mark.parametrize(
    ("minutes", "hint"),
    [
        (-5, "outside_window"),
        (59, "outside_window"),
        (61, None),
        (30 * 1440 - 60, None),
        (30 * 1440 + 1, "outside_window"),
    ],
)
def test_customers_book_between_notice_and_horizon(
    salon: Connection, minutes: int, hint: str | None
) -> None:
    begins = open_around(salon, minutes)
    salon.execute("update public.workspaces set min_notice_minutes = 60, max_ahead_days = 30")

    assert booking(salon, start_time=begins) == hint
    with acting(salon, STAFF.id):
        insert(salon, "appointments", visit(start_time=begins + timedelta(hours=2)))


def booking(connection: Connection, **changes: object) -> str | None:
    """Book as Clara; gives the hint, or None if it is done."""
    try:
        with acting(connection, CUSTOMER.id):
            insert(connection, "appointments", wish(CUSTOMER.id, **changes))
    except REFUSALS as error:
        return hint_of(error)
    return None


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"start_time": quiet_day(8, 59)}, "outside_hours"),
        ({"start_time": quiet_day(9)}, None),
        ({"start_time": quiet_day(17, 15)}, None),
        ({"start_time": "infinity"}, "outside_window"),
        ({"start_time": "-infinity"}, "outside_window"),
        ({"start_time": "infinity", "team_member_id": None}, "nobody_free"),
        ({"start_time": quiet_day(17, 16)}, "outside_hours"),
        ({"service_id": COLOUR.id}, "not_bookable"),
        ({"service_id": None}, "not_bookable"),
        ({"service_id": uuid4()}, "not_bookable"),
        ({"team_member_id": uuid4()}, "not_bookable"),
        ({"workspace_id": uuid4()}, "not_bookable"),
        ({"workspace_id": demo.STUDIO_ID}, "not_bookable"),
    ],
)
def test_customers_book_what_is_offered_when_it_is(
    salon: Connection, changes: dict[str, object], hint: str | None
) -> None:
    assert booking(salon, **changes) == hint


@pytest.mark.parametrize(
    "closing",
    [
        "update public.workspaces set online_booking = false",
        "update public.services set active = false",
        "update public.team_members set bookable = false",
        "delete from public.team_member_services",
    ],
)
def test_customers_book_nothing_that_was_closed(salon: Connection, closing: str) -> None:
    row = insert(salon, "appointments", visit(customer_id=CUSTOMER.id))
    salon.execute(closing.encode())

    assert booking(salon, start_time=quiet_day(12)) == "not_bookable"
    moved = refusal(salon, CUSTOMER.id, key=row["id"], start_time=quiet_day(12))
    assert moved == "not_bookable"
    assert refusal(salon, CUSTOMER.id, key=row["id"], status="cancelled") is None


def test_an_exception_takes_the_place_of_a_days_hours(salon: Connection) -> None:
    day = quiet_day().date()
    row = {"workspace_id": demo.SALON_ID, "team_member_id": SAMIR.id, "on_date": day}
    insert(salon, "working_hour_exceptions", {**row, "opens": "19:00", "closes": "20:00"})

    assert booking(salon, start_time=quiet_day(10)) == "outside_hours"
    assert booking(salon, start_time=quiet_day(19)) is None
    salon.execute("update public.working_hour_exceptions set opens = null, closes = null")
    assert booking(salon, start_time=quiet_day(19, 15)) == "outside_hours"


def test_time_off_and_the_buffers_around_a_service_keep_away_from_each_other(
    salon: Connection,
) -> None:
    off = {
        "workspace_id": demo.SALON_ID,
        "team_member_id": SAMIR.id,
        "start_time": quiet_day(11),
        "end_time": quiet_day(12),
    }
    insert(salon, "time_off", off)
    salon.execute(
        "update public.services set buffer_before_minutes = 10, buffer_after_minutes = 15"
    )

    assert booking(salon, start_time=quiet_day(10, 15)) == "outside_hours"
    assert booking(salon, start_time=quiet_day(10, 0)) is None
    assert booking(salon, start_time=quiet_day(12, 5)) == "outside_hours"
    assert booking(salon, start_time=quiet_day(12, 10)) is None


def test_buffers_keep_appointments_apart(salon: Connection) -> None:
    salon.execute("update public.services set buffer_before_minutes = 5, buffer_after_minutes = 10")
    assert booking(salon, start_time=quiet_day(10)) is None

    assert booking(salon, start_time=quiet_day(10, 59)) == "23P01"
    assert booking(salon, start_time=quiet_day(11)) is None


def test_staff_may_overbook_on_purpose(salon: Connection) -> None:
    with acting(salon, STAFF.id):
        insert(salon, "appointments", visit())
        insert(salon, "appointments", visit(allow_overlap=True))
        with pytest.raises(errors.ExclusionViolation), salon.transaction():
            insert(salon, "appointments", visit())


def test_an_appointment_taken_up_again_needs_its_time_to_be_free(salon: Connection) -> None:
    row = insert(salon, "appointments", visit(status="cancelled"))
    insert(salon, "appointments", visit())

    assert refusal(salon, STAFF.id, key=row["id"], status="confirmed") == "23P01"


def test_a_customer_has_only_so_many_appointments_ahead(salon: Connection) -> None:
    salon.execute("delete from public.appointments")
    salon.execute("update public.workspaces set max_open_per_customer = 2")
    assert booking(salon, start_time=quiet_day(9)) is None
    assert booking(salon, start_time=quiet_day(10)) is None

    assert booking(salon, start_time=quiet_day(11)) == "too_many_open"
    salon.execute(
        "update public.appointments set status = 'cancelled' where start_time = %s", [quiet_day(9)]
    )
    assert booking(salon, start_time=quiet_day(11)) is None


# Anyone


def test_anyone_is_whoever_is_free_and_has_least_to_do_that_day(salon: Connection) -> None:
    insert(salon, "appointments", visit(team_member_id=OLGA.id, start_time=quiet_day(15)))

    chosen: list[object] = []
    for _ in range(2):
        with acting(salon, CUSTOMER.id):
            row = insert(salon, "appointments", wish(CUSTOMER.id, team_member_id=None))
        chosen.append(row["team_member_id"])

    assert chosen == [SAMIR.id, OLGA.id]
    # Mina does not cut hair.
    assert booking(salon, team_member_id=None) == "nobody_free"
    assert MINA.id not in chosen


def test_nobody_is_free_when_all_are_at_home(salon: Connection) -> None:
    assert booking(salon, team_member_id=None, start_time=quiet_day(3)) == "nobody_free"


# The service role, cascades


def test_the_service_role_is_bound_by_transitions_alone(salon: Connection) -> None:
    with acting(salon, None, "service_role"):
        row = insert(salon, "appointments", visit(start_time=quiet_day(3)))
        changed = update(
            salon,
            row["id"],
            price_cents=1,
            start_time=quiet_day(4),
            end_time=quiet_day(5),
            version=9,
        )
    assert changed is not None
    assert (changed["version"], changed["price_cents"], changed["updated_by"]) == (2, 1, None)
    assert refusal(salon, None, key=row["id"], workspace_id=demo.STUDIO_ID) == "immutable_column"


def test_a_person_who_goes_leaves_appointments_and_records_without_a_login(
    salon: Connection,
) -> None:
    row = insert(salon, "appointments", visit(customer_id=CUSTOMER.id, created_by=CUSTOMER.id))
    before = salon.execute("select count(*) from public.appointments").fetchone()

    salon.execute("delete from auth.users where id = %s", [CUSTOMER.id])

    kept = read(salon, row["id"])
    assert (kept["customer_id"], kept["customer_name"]) == (None, "Somebody")
    assert salon.execute("select count(*) from public.appointments").fetchone() == before
    records = salon.execute("select user_id from public.customers where name = 'Clara'").fetchall()
    assert records == [(None,)]


def test_a_team_member_who_goes_must_have_no_appointments(salon: Connection) -> None:
    with pytest.raises(errors.ForeignKeyViolation), acting(salon, OWNER.id):
        salon.execute("delete from public.team_members where id = %s", [SAMIR.id])
    salon.execute("delete from public.appointments")

    with acting(salon, OWNER.id):
        salon.execute("delete from public.team_members where id = %s", [SAMIR.id])

    for table in ("working_hours", "team_member_services", "time_off", "busy_slots"):
        query = sql.SQL("select from public.{} where team_member_id = %s").format(
            sql.Identifier(table)
        )
        assert salon.execute(query, [SAMIR.id]).fetchall() == []


def test_a_workspace_that_goes_takes_everything_with_it(salon: Connection) -> None:
    salon.execute("delete from public.workspaces where id = %s", [demo.SALON_ID])

    tables = salon.execute(
        "select attrelid::regclass::text from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " where attname = 'workspace_id' and relkind = 'r'"
        "   and relnamespace = 'public'::regnamespace"
    ).fetchall()
    assert len(tables) == 13
    for (table,) in tables:
        query = f"select from {table} where workspace_id = '{demo.SALON_ID}'".encode()
        assert salon.execute(query).fetchall() == []


# Memberships


@pytest.mark.parametrize(
    ("user", "change", "hint"),
    [
        (OWNER.id, "set role = 'admin' where user_id = '{owner}'", "last_owner"),
        (OWNER.id, "set role = 'owner' where user_id = '{staff}'", None),
        (STAFF.id, "set role = 'viewer' where user_id = '{owner}'", "only_owners"),
        (STAFF.id, "set role = 'owner' where user_id = '{staff}'", "only_owners"),
        (STAFF.id, "set role = 'viewer' where user_id = '{viewer}'", None),
        (OWNER.id, "set user_id = '{customer}' where user_id = '{staff}'", "immovable"),
        (OWNER.id, "set role = 'king' where user_id = '{staff}'", "23514"),
    ],
)
def test_memberships_change_only_upwards_of_oneself(
    salon: Connection, user: UUID, change: str, hint: str | None
) -> None:
    """Samir is made an admin first."""
    salon.execute("update public.workspace_members set role = 'admin' where role = 'staff'")
    people = {"owner": OWNER.id, "staff": STAFF.id, "viewer": VIEWER_ID, "customer": CUSTOMER.id}

    assert membership(salon, user, f"update public.workspace_members {change}", people) == hint


@pytest.mark.parametrize(
    ("user", "gone", "hint"),
    [
        (OWNER.id, OWNER.id, "last_owner"),
        (OWNER.id, STAFF.id, None),
        (STAFF.id, OWNER.id, "only_owners"),
        (STAFF.id, VIEWER_ID, None),
        (VIEWER_ID, VIEWER_ID, None),
    ],
)
def test_members_leave_and_are_removed(
    salon: Connection, user: UUID, gone: UUID, hint: str | None
) -> None:
    salon.execute("update public.workspace_members set role = 'admin' where role = 'staff'")
    statement = "delete from public.workspace_members where user_id = '{gone}'"

    assert membership(salon, user, statement, {"gone": gone}) == hint


def membership(
    connection: Connection, user: UUID, statement: str, people: dict[str, UUID]
) -> str | None:
    """Run *statement* as *user*; gives the hint, or None if it changed a row."""
    try:
        with acting(connection, user):
            assert connection.execute(statement.format(**people).encode()).rowcount == 1
    except psycopg.Error as error:
        return hint_of(error)
    return None


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "FOO3", "", "Europe/Paris; drop", "+02:00"])
def test_a_workspaces_time_zone_is_one_that_browsers_know_too(salon: Connection, zone: str) -> None:
    for statement in (
        b"update public.workspaces set time_zone = %s",
        b"update public.team_members set time_zone = %s",
        b"select public.create_workspace('New', 'new', %s)",
    ):
        with (
            pytest.raises((errors.CheckViolation, errors.InvalidParameterValue)),
            acting(salon, OWNER.id),
        ):
            salon.execute(statement, [zone])
