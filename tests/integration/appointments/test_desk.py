"""What staff work with: history and undo, figures, customers, notes."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest
from psycopg import errors, sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from slotcast.appointments import demo
from slotcast.appointments.demo import CUSTOMER, OTHER_CUSTOMER, OWNER, STAFF, STRANGER
from support.clusters import embedded_cluster
from support.desk import (
    HAIRCUT,
    OLGA,
    SAMIR,
    ZONE,
    acting,
    insert,
    quiet_day,
    read,
    update,
    visit,
    wish,
)
from support.salon import VIEWER_ID

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection

cluster = embedded_cluster

BOOKKEEPING: Final = {"version", "updated_at", "updated_by", "mutation_id"}
TODAY: Final = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)


def history(connection: Connection, appointment: object) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select * from public.appointment_events where appointment_id = %s order by id",
            [appointment],
        ).fetchall()


# History


def test_an_event_says_all_that_a_sentence_about_it_needs(salon: Connection) -> None:
    mutation = uuid4()
    with acting(salon, CUSTOMER.id):
        row = insert(salon, "appointments", wish(CUSTOMER.id, customer_name="Clara"))
        update(salon, row["id"], start_time=quiet_day(11), mutation_id=mutation)

    _, event = history(salon, row["id"])
    assert isinstance(event.pop("id"), int)
    assert isinstance(event.pop("at"), datetime)
    before, after = event.pop("before"), event.pop("after")
    assert event == {
        "appointment_id": row["id"],
        "workspace_id": demo.SALON_ID,
        "customer_id": CUSTOMER.id,
        "customer_name": "Clara",
        "team_member_id": SAMIR.id,
        "service_id": HAIRCUT.id,
        "start_time": quiet_day(11),
        "actor_id": CUSTOMER.id,
        "actor_kind": "customer",
        "actor_name": "Clara",
        "action": "rescheduled",
        "version": 2,
        "mutation_id": mutation,
    }
    assert set(before) == set(after) == {"start_time", "end_time"}
    assert datetime.fromisoformat(before["start_time"]) == quiet_day(10)
    assert datetime.fromisoformat(after["start_time"]) == quiet_day(11)


@pytest.mark.parametrize(
    ("changes", "action"),
    [
        ({"notes": "x"}, "edited"),
        ({"status": "cancelled"}, "status"),
        ({"status": "pending"}, "status"),
        ({"team_member_id": OLGA.id}, "reassigned"),
        ({"start_time": quiet_day(9)}, "rescheduled"),
        ({"end_time": quiet_day(12)}, "rescheduled"),
        ({"start_time": quiet_day(9), "team_member_id": OLGA.id}, "rescheduled"),
        ({"start_time": quiet_day(9), "status": "pending"}, "rescheduled"),
        ({"start_time": quiet_day(9), "status": "completed"}, "status"),
    ],
)
def test_every_change_has_its_kind(
    salon: Connection, changes: dict[str, object], action: str
) -> None:
    row = insert(salon, "appointments", visit())
    with acting(salon, STAFF.id):
        update(salon, row["id"], **changes)

    event = history(salon, row["id"])[-1]
    assert (event["action"], event["actor_kind"]) == (action, "staff")
    assert set(event["after"]) == set(changes)


@pytest.mark.parametrize(
    ("user", "kind", "name"),
    [
        (OWNER.id, "staff", "Olga"),
        (STAFF.id, "staff", "Samir"),
        (VIEWER_ID, "customer", "Guest"),
        (CUSTOMER.id, "customer", "Clara"),
        (STRANGER.id, "customer", "Sten"),
        (None, "system", None),
    ],
)
def test_every_actor_has_their_kind(
    salon: Connection, user: UUID | None, kind: str, name: str | None
) -> None:
    if user is None:
        row = insert(salon, "appointments", visit())
    else:
        with acting(salon, user):
            row = insert(salon, "appointments", wish(user))

    [event] = history(salon, row["id"])
    assert (event["actor_kind"], event["actor_name"]) == (kind, name)
    assert event["before"] is None
    assert event["after"]["id"] == str(row["id"])
    assert "blocked" not in event["after"]


def test_what_changes_nothing_leaves_no_event(salon: Connection) -> None:
    row = insert(salon, "appointments", visit())

    update(salon, row["id"], notes=None, mutation_id=uuid4())

    assert len(history(salon, row["id"])) == 1


# Undo: what a dashboard sends to take a change back.

DEEDS: Final[dict[str, dict[str, object]]] = {
    "edited": {"notes": "x", "customer_name": "Y"},
    "moved": {"start_time": quiet_day(9), "end_time": quiet_day(9, 30), "team_member_id": OLGA.id},
    "cancelled": {"status": "cancelled", "cancel_reason": "ill"},
    "completed": {"status": "completed"},
    "unconfirmed": {"status": "pending"},
    "priced": {"price_cents": 1, "currency": "USD", "allow_overlap": True},
}


def put_back(connection: Connection, event: dict[str, Any]) -> int:
    """Update an appointment to what it was before *event*, unless it has changed since."""
    values = sql.SQL(", ").join(
        sql.SQL("{0} = (jsonb_populate_record(null::public.appointments, %(before)s)).{0}").format(
            sql.Identifier(column)
        )
        for column in event["before"]
    )
    statement = sql.SQL(
        "update public.appointments set {} where id = %(id)s and version = %(version)s"
    ).format(values)
    return connection.execute(
        statement,
        {
            "before": Jsonb(event["before"]),
            "id": event["appointment_id"],
            "version": event["version"],
        },
    ).rowcount


@pytest.mark.parametrize("deed", sorted(DEEDS))
def test_every_change_can_be_taken_back(salon: Connection, deed: str) -> None:
    first = insert(salon, "appointments", visit(customer_id=CUSTOMER.id))
    with acting(salon, STAFF.id):
        update(salon, first["id"], **DEEDS[deed])
        event = history(salon, first["id"])[-1]

        assert put_back(salon, event) == 1
        # Somebody has changed it since: that was we.
        assert put_back(salon, event) == 0

    last = read(salon, first["id"])
    assert {name: last[name] for name in last if name not in BOOKKEEPING} == {
        name: first[name] for name in first if name not in BOOKKEEPING
    }


def test_what_was_deleted_can_be_brought_back_with_its_id(salon: Connection) -> None:
    first = insert(salon, "appointments", visit(customer_id=CUSTOMER.id, notes="n"))
    with acting(salon, STAFF.id):
        salon.execute("delete from public.appointments where id = %s", [first["id"]])
        event = history(salon, first["id"])[-1]
        columns = sql.SQL(", ").join(map(sql.Identifier, event["before"]))
        salon.execute(
            sql.SQL(
                "insert into public.appointments ({0}) select {0}"
                " from jsonb_populate_record(null::public.appointments, %s)"
            ).format(columns),
            [Jsonb(event["before"])],
        )

    assert (event["action"], event["version"]) == ("deleted", 1)
    changed = {"created_at", "created_by", "contact_id", "price_cents", "currency"} | BOOKKEEPING
    last = read(salon, first["id"])
    assert {name: last[name] for name in last if name not in changed} == {
        name: first[name] for name in first if name not in changed
    }


# Figures


def figures(connection: Connection, day: datetime | None = None) -> dict[str, Any]:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "select * from public.day_figures(%s, %s)",
            [demo.SALON_ID, None if day is None else day.date()],
        ).fetchone()
    assert row is not None
    return row


def test_the_days_figures_count_what_the_day_has(salon: Connection) -> None:
    salon.execute("delete from public.appointments")
    for hour, status in ((9, "confirmed"), (10, "pending"), (11, "cancelled"), (12, "no_show")):
        insert(salon, "appointments", visit(start_time=quiet_day(hour), status=status))
    insert(salon, "appointments", visit(start_time=quiet_day(9) + timedelta(days=1)))
    for days, status in ((1, "completed"), (2, "no_show"), (3, "completed"), (200, "no_show")):
        begins = quiet_day(9) - timedelta(days=days)
        insert(salon, "appointments", visit(start_time=begins, status=status))

    with acting(salon, VIEWER_ID):
        found = figures(salon, quiet_day())

    assert found == {
        "day": quiet_day().date(),
        "appointment_count": 3,
        "next_start": quiet_day(9),
        "to_confirm_count": 1,
        "no_show_percent": Decimal("50.0"),
    }


def test_a_day_is_the_workspaces_and_today_when_none_is_named(salon: Connection) -> None:
    salon.execute("delete from public.appointments")
    with acting(salon, STAFF.id):
        found = figures(salon)

    assert found["day"] in (TODAY.date(), TODAY.date() + timedelta(days=1))
    assert found["no_show_percent"] is None
    # 23:30 in Paris is the day before in UTC's afternoon, and the next day in Tokyo.
    begins = quiet_day(23, 30)
    insert(salon, "appointments", visit(start_time=begins))
    assert figures(salon, begins)["appointment_count"] == 1
    salon.execute("update public.workspaces set time_zone = 'Asia/Tokyo'")
    assert figures(salon, begins)["appointment_count"] == 0
    assert figures(salon, begins + timedelta(days=1))["appointment_count"] == 1


@pytest.mark.parametrize("user", [STRANGER.id, CUSTOMER.id])
def test_figures_are_of_what_one_may_see(salon: Connection, user: UUID) -> None:
    insert(salon, "appointments", visit())
    with acting(salon, user):
        found = figures(salon, quiet_day())

    assert found["appointment_count"] == 0


# Customers


def summary(connection: Connection, name: str) -> dict[str, Any]:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "select * from public.customer_summaries where name = %s", [name]
        ).fetchone()
    assert row is not None
    return row


def test_a_customer_is_listed_with_what_they_came_for(salon: Connection) -> None:
    salon.execute("delete from public.appointments")
    contact = demo.CONTACTS[0]
    past = TODAY - timedelta(days=30)
    for begins, status in (
        (past, "completed"),
        (past + timedelta(days=1), "completed"),
        (past + timedelta(days=2), "no_show"),
        (past + timedelta(days=3), "confirmed"),
        (quiet_day(9), "cancelled"),
        (quiet_day(10), "pending"),
        (quiet_day(11), "confirmed"),
    ):
        row = visit(start_time=begins, status=status, contact_id=contact.id)
        insert(salon, "appointments", row)

    with acting(salon, VIEWER_ID), pytest.raises(AssertionError):
        summary(salon, contact.name)
    with acting(salon, STAFF.id):
        found = summary(salon, contact.name)

    assert (found["id"], found["phone"], found["email"]) == (
        contact.id,
        contact.phone,
        contact.email,
    )
    assert (found["visit_count"], found["no_show_count"], found["cancelled_count"]) == (2, 1, 1)
    assert found["last_visit"] == past + timedelta(days=1)
    assert found["next_visit"] == quiet_day(10)


def test_a_customer_without_visits_is_listed_too(salon: Connection) -> None:
    with acting(salon, STAFF.id):
        insert(salon, "customers", {"workspace_id": demo.SALON_ID, "name": "Newly"})
        found = summary(salon, "Newly")

    assert (found["visit_count"], found["last_visit"], found["next_visit"]) == (0, None, None)


def test_a_booking_makes_a_person_known_and_how_to_reach_them(salon: Connection) -> None:
    newcomer = uuid4()
    salon.execute("insert into auth.users (id, email) values (%s, 'new@mail.example')", [newcomer])
    with acting(salon, newcomer):
        salon.execute("update public.profiles set phone = '+33 1 99 00 77 77'")
        insert(salon, "appointments", wish(newcomer, customer_name="Nia"))

    found = summary(salon, "Nia")
    assert (found["user_id"], found["email"], found["phone"]) == (
        newcomer,
        "new@mail.example",
        "+33 1 99 00 77 77",
    )
    assert found["next_visit"] == quiet_day()


def test_an_anonymous_user_who_signs_up_keeps_appointments_and_is_reachable_then(
    salon: Connection,
) -> None:
    nameless = uuid4()
    salon.execute("insert into auth.users (id, is_anonymous) values (%s, true)", [nameless])
    with acting(salon, nameless):
        row = insert(salon, "appointments", wish(nameless, customer_name="Nia"))
    before = summary(salon, "Nia")

    salon.execute(
        "update auth.users set email = 'nia@mail.example', is_anonymous = false where id = %s",
        [nameless],
    )
    with acting(salon, nameless):
        salon.execute("update public.profiles set display_name = 'Nia N.', phone = '+33 1'")
        seen = salon.execute("select id from public.appointments").fetchall()

    after = summary(salon, "Nia")
    assert (before["email"], before["phone"]) == (None, None)
    assert (after["email"], after["phone"]) == ("nia@mail.example", "+33 1")
    assert seen == [(row["id"],)]


def test_what_a_workspace_has_noted_down_itself_stays(salon: Connection) -> None:
    with acting(salon, STAFF.id):
        salon.execute(
            "update public.customers set name = 'Clara B.', email = 'b@mail.example', phone = '111'"
            " where user_id = %s",
            [CUSTOMER.id],
        )
    salon.execute("update auth.users set email = 'c@mail.example' where id = %s", [CUSTOMER.id])
    salon.execute(
        "update auth.users set email = 'otto@mail.example' where id = %s", [OTHER_CUSTOMER.id]
    )
    for account in (CUSTOMER, OTHER_CUSTOMER):
        with acting(salon, account.id):
            salon.execute("update public.profiles set display_name = 'New', phone = '222'")

    rows = salon.execute(
        "select name, email, phone from public.customers where user_id is not null order by email"
    ).fetchall()
    assert rows == [("Clara B.", "b@mail.example", "111"), ("New", "otto@mail.example", "222")]


# Notes and bookkeeping


def test_notes_are_signed_by_the_database(salon: Connection) -> None:
    row = insert(salon, "appointments", visit())
    with acting(salon, STAFF.id):
        note = insert(
            salon,
            "appointment_staff_notes",
            {
                "workspace_id": demo.SALON_ID,
                "appointment_id": row["id"],
                "body": "x",
                "updated_by": OWNER.id,
                "updated_at": quiet_day(),
            },
        )

    assert (note["updated_by"], note["updated_at"] < quiet_day()) == (STAFF.id, True)
    salon.execute("delete from public.appointments where id = %s", [row["id"]])
    left = salon.execute("select from public.appointment_staff_notes where body = 'x'").fetchall()
    assert left == []


@pytest.mark.parametrize("table", ["workspaces", "profiles"])
def test_updates_are_dated_by_the_database(salon: Connection, table: str) -> None:
    place = sql.Identifier("public", table)
    salon.execute(sql.SQL("update {} set updated_at = '2001-01-01'").format(place))

    rows = salon.execute(
        sql.SQL("select from {} where updated_at < '2002-01-01'").format(place)
    ).fetchall()
    assert rows == []


def test_a_workspace_is_created_with_its_owner_and_defaults(salon: Connection) -> None:
    with acting(salon, CUSTOMER.id):
        salon.execute("select public.create_workspace('Mine', 'mine', 'America/New_York')")
        rows = salon.execute(
            "select w.name, w.currency, m.role from public.workspaces w"
            " join public.workspace_members m on m.workspace_id = w.id where slug = 'mine'"
        ).fetchall()

    assert rows == [("Mine", "EUR", "owner")]
    with pytest.raises(errors.UniqueViolation), acting(salon, OWNER.id):
        salon.execute("select public.create_workspace('Mine', 'mine', 'UTC')")
