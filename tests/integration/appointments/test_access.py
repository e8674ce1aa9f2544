"""
Who may do what, walked in full: roles, tables, operations.

An outcome is one character: ``+`` done, ``-`` nothing found to do it with, ``x`` refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors, sql

from slotcast.appointments import demo
from support.clusters import embedded_cluster
from support.desk import HAIRCUT, MINA, SAMIR, acting, insert, quiet_day, visit
from support.salon import VIEWER_ID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

cluster = embedded_cluster

ADMIN: Final = UUID("00000009-0000-4000-8000-000000000002")
NAMELESS: Final = UUID("00000009-0000-4000-8000-000000000003")
NEWCOMER: Final = UUID("00000009-0000-4000-8000-000000000004")
SECOND_NEWCOMER: Final = UUID("00000009-0000-4000-8000-000000000005")

# In the order of the outcomes. Otto is whose appointment and profile it is about.
ROLES: Final[tuple[tuple[str, UUID | None], ...]] = (
    ("anon", None),
    ("stranger", demo.STRANGER.id),
    ("nameless", NAMELESS),
    ("clara", demo.CUSTOMER.id),
    ("otto", demo.OTHER_CUSTOMER.id),
    ("viewer", VIEWER_ID),
    ("staff", demo.STAFF.id),
    ("admin", ADMIN),
    ("owner", demo.OWNER.id),
    ("service_role", None),
)
PEOPLE: Final = b"""
insert into auth.users (id, is_anonymous) values (%(admin)s, false), (%(nameless)s, true),
  (%(newcomer)s, false), (%(second)s, false)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    A table, and what becomes of each operation.

    *row* is there when others are read and written, *another* is what is inserted.
    """

    table: str
    row: Mapping[str, object]
    another: Mapping[str, object]
    change: str
    #       anon, stranger, nameless, clara, otto; viewer, staff, admin, owner; service_role
    select: str
    insert: str
    update: str
    delete: str


OTTO: Final = {"customer_id": demo.OTHER_CUSTOMER.id}
APPOINTMENT: Final = visit(start_time=quiet_day(10), **OTTO)
ANOTHER_APPOINTMENT: Final = visit(start_time=quiet_day(15), **OTTO)
IN_SALON: Final = {"workspace_id": demo.SALON_ID}
INVITATION: Final = {**IN_SALON, "role": "staff", "invited_by": demo.OWNER.id}
OF_MINA: Final = {**IN_SALON, "team_member_id": MINA.id}

PAGE: Final = {
    "select": "+++++ ++++ +",
    "insert": "xxxxx xx++ +",
    "update": "x---- --++ +",
    "delete": "x---- --++ +",
}
BACK_ROOM: Final = {
    "select": "x---- -+++ +",
    "insert": "xxxxx x+++ +",
    "update": "x---- -+++ +",
    "delete": "x---- -+++ +",
}


def with_id(**values: object) -> dict[str, object]:
    return {"id": uuid4(), **values}


CASES: Final = (
    Case(
        table="appointments",
        row=APPOINTMENT,
        another=ANOTHER_APPOINTMENT,
        change="notes = 'see you'",
        select="x---+ ++++ +",
        insert="xxxx+ x+++ +",
        update="x---+ -+++ +",
        delete="x---+ -+++ +",
    ),
    Case(
        table="workspaces",
        row=with_id(name="Barber", slug="barber", time_zone="UTC"),
        another=with_id(name="Other", slug="other", time_zone="UTC"),
        change="name = 'Renamed'",
        # Its members are the salon's: see `inserted`.
        select="+++++ ++++ +",
        insert="xxxxx xxxx +",
        update="x---- --++ +",
        delete="xxxxx xxxx +",
    ),
    Case(
        table="workspace_members",
        row={**IN_SALON, "user_id": NEWCOMER, "role": "staff"},
        another={**IN_SALON, "user_id": SECOND_NEWCOMER, "role": "staff"},
        change="role = 'viewer'",
        select="x---- ++++ +",
        insert="xxxxx xx++ +",
        update="x---- --++ +",
        delete="x---- --++ +",
    ),
    Case(
        table="workspace_invitations",
        row=with_id(**INVITATION, email="ivo@mail.example", token_hash=b"one"),
        another=with_id(**INVITATION, email="nour@mail.example", token_hash=b"two"),
        change="role = 'owner'",
        select="x---- --++ +",
        insert="xxxxx xxxx +",
        update="xxxxx xxxx +",
        delete="x---- --++ +",
    ),
    Case(
        table="profiles",
        row={"id": demo.OTHER_CUSTOMER.id},
        another={"id": demo.OTHER_CUSTOMER.id, "display_name": "Otto"},
        change="display_name = 'Otto the Second'",
        select="x---+ ---- +",
        insert="xxxx- xxxx -",
        update="x---+ ---- +",
        delete="x---+ ---- +",
    ),
    Case(
        table="team_members",
        row=with_id(**IN_SALON, name="New"),
        another=with_id(**IN_SALON, name="Newer"),
        change="name = 'Renamed'",
        **PAGE,
    ),
    Case(
        table="services",
        row=with_id(**IN_SALON, name="Shave", duration_minutes=15),
        another=with_id(**IN_SALON, name="Plait", duration_minutes=15),
        change="price_cents = 0",
        **PAGE,
    ),
    Case(
        table="team_member_services",
        row={**OF_MINA, "service_id": HAIRCUT.id},
        another={**OF_MINA, "service_id": demo.SERVICES[3].id},
        change="workspace_id = workspace_id",
        **PAGE,
    ),
    Case(
        table="working_hours",
        row=with_id(**OF_MINA, weekday=7, opens="09:00", closes="10:00"),
        another=with_id(**OF_MINA, weekday=7, opens="11:00", closes="12:00"),
        change="closes = '10:30'",
        **PAGE,
    ),
    Case(
        table="working_hour_exceptions",
        row=with_id(**OF_MINA, on_date="2040-01-01"),
        another=with_id(**OF_MINA, on_date="2040-01-02"),
        change="on_date = '2040-01-03'",
        **PAGE,
    ),
    Case(
        table="time_off",
        row=with_id(**OF_MINA, start_time="2040-01-01", end_time="2040-01-02"),
        another=with_id(**OF_MINA, start_time="2040-02-01", end_time="2040-02-02"),
        change="reason = 'none'",
        **BACK_ROOM,
    ),
    Case(
        table="customers",
        row=with_id(**IN_SALON, name="Walk-in"),
        another=with_id(**IN_SALON, name="Another"),
        change="phone = '+33 1'",
        **BACK_ROOM,
    ),
    Case(
        table="appointment_staff_notes",
        row={**IN_SALON, "appointment_id": APPOINTMENT["id"], "body": "Tips well"},
        another={**IN_SALON, "appointment_id": ANOTHER_APPOINTMENT["id"], "body": "Late"},
        change="body = 'Tips'",
        **BACK_ROOM,
    ),
    Case(
        table="appointment_events",
        row={"appointment_id": APPOINTMENT["id"]},
        another={
            **IN_SALON,
            "appointment_id": APPOINTMENT["id"],
            "customer_name": "Otto",
            "start_time": quiet_day(),
            "actor_kind": "system",
            "action": "edited",
            "version": 9,
        },
        change="action = 'edited'",
        select="x---- ++++ +",
        insert="xxxxx xxxx +",
        update="xxxxx xxxx +",
        delete="xxxxx xxxx +",
    ),
    Case(
        table="busy_slots",
        row={"start_time": quiet_day()},
        another=with_id(
            **OF_MINA, start_time="2040-01-01", end_time="2040-01-02", source_id=uuid4()
        ),
        change="end_time = '2041-01-01'",
        select="+++++ ++++ +",
        insert="xxxxx xxxx +",
        update="xxxxx xxxx +",
        delete="xxxxx xxxx +",
    ),
)
WRITTEN_BY_OTHERS: Final = {"profiles", "appointment_events", "busy_slots", "appointments"}
"""Their rows come with accounts and with the appointment, which is always there."""


@pytest.fixture
def people(salon: Connection) -> Connection:
    """The salon with an admin, somebody without a name, and Otto's appointment."""
    salon.execute(
        PEOPLE,
        {"admin": ADMIN, "nameless": NAMELESS, "newcomer": NEWCOMER, "second": SECOND_NEWCOMER},
    )
    insert(
        salon,
        "workspace_members",
        {"workspace_id": demo.SALON_ID, "user_id": ADMIN, "role": "admin"},
    )
    insert(salon, "appointments", APPOINTMENT)
    return salon


def prepared(connection: Connection, case: Case) -> None:
    """Have the rows there that *case* is about."""
    if case.table not in WRITTEN_BY_OTHERS:
        insert(connection, case.table, case.row)
    if case.table == "workspaces":
        connection.execute(
            "insert into public.workspace_members select %s, user_id, role"
            " from public.workspace_members where workspace_id = %s",
            [case.row["id"], demo.SALON_ID],
        )
    if case.table == "appointment_staff_notes":
        insert(connection, "appointments", ANOTHER_APPOINTMENT)


def statement(case: Case, operation: str) -> sql.Composed:
    table = sql.Identifier("public", case.table)
    found = sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in case.row.items()
        if name.endswith("id") or name == "start_time"
    )
    match operation:
        case "select":
            column = sql.Identifier(next(iter(case.row)))
            return sql.SQL("select {} from {} where {}").format(column, table, found)
        case "update":
            change = sql.SQL(case.change)  # pyright: ignore[reportArgumentType] - of this file
            return sql.SQL("update {} set {} where {}").format(table, change, found)
        case "delete":
            return sql.SQL("delete from {} where {}").format(table, found)
        case _:
            return sql.SQL("insert into {} ({}) values ({}) on conflict do nothing").format(
                table,
                sql.SQL(", ").join(map(sql.Identifier, case.another)),
                sql.SQL(", ").join(map(sql.Literal, case.another.values())),
            )


def outcome(connection: Connection, user: tuple[str, UUID | None], asked: sql.Composed) -> str:
    """Run a statement as somebody, and undo it."""
    name, identifier = user
    role = name if name in ("anon", "service_role") else "authenticated"
    try:
        with acting(connection, identifier, role):
            count = connection.execute(asked).rowcount
            raise psycopg.Rollback
    except errors.InsufficientPrivilege:
        return "x"
    return "+" if count else "-"


@pytest.mark.parametrize("operation", ["select", "insert", "update", "delete"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.table)
def test_everybody_may_do_exactly_what_the_table_says(
    people: Connection, case: Case, operation: str
) -> None:
    prepared(people, case)
    asked = statement(case, operation)

    outcomes = {name: outcome(people, (name, user), asked) for name, user in ROLES}

    expected = getattr(case, operation).replace(" ", "")
    assert outcomes == dict(zip((name for name, _ in ROLES), expected, strict=True))


def test_the_cases_are_all_tables_there_are(salon: Connection) -> None:
    rows = salon.execute(
        "select relname, relrowsecurity from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
    ).fetchall()

    assert dict(rows) == {case.table: True for case in CASES}
    assert SAMIR.id != MINA.id


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.table)
def test_nobody_empties_a_table(people: Connection, case: Case) -> None:
    asked = sql.SQL("truncate {} cascade").format(sql.Identifier("public", case.table))

    outcomes = {name: outcome(people, (name, user), asked) for name, user in ROLES[:-1]}

    assert set(outcomes.values()) == {"x"}


# What is in a workspace that takes no bookings online is its members' alone.
WALLED: Final = (
    "appointments",
    "appointment_events",
    "busy_slots",
    "services",
    "team_members",
    "team_member_services",
    "time_off",
    "working_hours",
    "workspace_members",
    "workspaces",
)


@pytest.mark.parametrize("table", WALLED)
def test_a_workspace_behind_walls_is_its_members_alone(people: Connection, table: str) -> None:
    insert(
        people,
        "time_off",
        {
            "workspace_id": demo.STUDIO_ID,
            "team_member_id": "00000004-0000-4000-8000-000000000065",
            "start_time": "2040-01-01",
            "end_time": "2040-01-02",
        },
    )
    people.execute(
        "update public.appointments set notes = '' where workspace_id = %s", [demo.STUDIO_ID]
    )
    key = sql.Identifier("id" if table == "workspaces" else "workspace_id")
    asked = sql.SQL("select {} from {} where {} = {}").format(
        key, sql.Identifier("public", table), key, sql.Literal(demo.STUDIO_ID)
    )

    outcomes = {name: outcome(people, (name, user), asked) for name, user in ROLES}

    seen = {name for name, one in outcomes.items() if one == "+"}
    assert seen == {"stranger", "service_role"}


# Columns that some may not select although they may select the row.
@pytest.mark.parametrize(
    ("table", "column", "denied"),
    [
        ("team_members", "user_id", {"anon"}),
        ("team_members", "created_at", {"anon"}),
        ("busy_slots", "source_id", {name for name, _ in ROLES[:-1]}),
        ("workspaces", "id", set[str]()),
    ],
)
def test_some_columns_are_for_some_only(
    people: Connection, table: str, column: str, denied: set[str]
) -> None:
    asked = sql.SQL("select {} from {}").format(
        sql.Identifier(column), sql.Identifier("public", table)
    )

    outcomes = {name: outcome(people, (name, user), asked) for name, user in ROLES}

    assert {name for name, one in outcomes.items() if one == "x"} == denied


def test_which_login_a_record_is_of_is_not_for_staff_to_say(people: Connection) -> None:
    for asked in (
        b"update public.customers set user_id = null",
        b"insert into public.customers (workspace_id, name, user_id) values (null, 'x', null)",
    ):
        with (
            pytest.raises(errors.InsufficientPrivilege, match="permission denied"),
            acting(people, demo.OWNER.id),
        ):
            people.execute(asked)


def test_a_note_of_another_workspace_cannot_take_an_appointments_place(people: Connection) -> None:
    note = {"workspace_id": demo.STUDIO_ID, "appointment_id": APPOINTMENT["id"], "body": "mine"}

    with pytest.raises(errors.ForeignKeyViolation), acting(people, demo.STRANGER.id):
        insert(people, "appointment_staff_notes", note)
