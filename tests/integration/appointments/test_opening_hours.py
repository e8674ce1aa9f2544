"""A member's weekly hours are replaced as a whole, by those who may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import psycopg
import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from slotcast.appointments.demo import CUSTOMER, OWNER, STAFF, STRANGER
from support.clusters import embedded_cluster
from support.desk import OLGA, SAMIR, acting, hint_of
from support.salon import VIEWER_ID

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection

cluster = embedded_cluster

MONDAY: Final = [(1, "09:00", "12:00"), (1, "13:00", "18:00")]


def save(connection: Connection, *hours: tuple[int | None, str, str]) -> None:
    """Make *hours* the whole week of Samir's."""
    week = [
        {"weekday": weekday, "opens": opens, "closes": closes} for weekday, opens, closes in hours
    ]
    connection.execute("select public.save_working_hours(%s, %s)", [SAMIR.id, Jsonb(week)])


def week_of(connection: Connection, member: UUID = SAMIR.id) -> list[tuple[int, str, str]]:
    return connection.execute(
        "select weekday, to_char(opens, 'HH24:MI'), to_char(closes, 'HH24:MI')"
        " from public.working_hours where team_member_id = %s order by 1, 2",
        [member],
    ).fetchall()


def test_what_is_saved_is_the_whole_week_of_one_member(salon: Connection) -> None:
    others = week_of(salon, OLGA.id)
    with acting(salon, OWNER.id):
        save(salon, *MONDAY)
        assert week_of(salon) == MONDAY
        save(salon)

    assert week_of(salon) == []
    assert week_of(salon, OLGA.id) == others


def test_what_stays_keeps_its_row(salon: Connection) -> None:
    rows = b"select opens::text, xmin::text, id from public.working_hours where team_member_id = %s"
    with acting(salon, OWNER.id):
        save(salon, *MONDAY)
        before = {row[0]: row for row in salon.execute(rows, [SAMIR.id])}
        # The afternoon takes the place of what was before it.
        save(salon, (1, "08:00", "13:00"), MONDAY[1])

    after = {row[0]: row for row in salon.execute(rows, [SAMIR.id])}
    assert after["13:00:00"] == before["13:00:00"]
    assert set(after) == {"08:00:00", "13:00:00"}


@pytest.mark.parametrize(
    ("hours", "refusal"),
    [
        ([(2, "09:00", "12:00"), (2, "11:00", "18:00")], "hours_overlap"),
        ([(2, "12:00", "09:00")], errors.CheckViolation.sqlstate),
        ([(8, "09:00", "12:00")], errors.CheckViolation.sqlstate),
        ([(None, "09:00", "12:00")], errors.NotNullViolation.sqlstate),
        ([(2, "noon", "15:00")], errors.InvalidDatetimeFormat.sqlstate),
    ],
)
def test_a_week_that_makes_no_sense_leaves_the_former_one(
    salon: Connection, hours: list[tuple[int | None, str, str]], refusal: str
) -> None:
    before = week_of(salon)

    with pytest.raises(psycopg.Error) as refused, acting(salon, OWNER.id):
        save(salon, (1, "10:00", "11:00"), *hours)

    assert hint_of(refused.value) == refusal
    assert week_of(salon) == before


@pytest.mark.parametrize("week", [None, Jsonb(None), Jsonb({"weekday": 1})])
def test_what_is_no_week_does_not_close_the_salon(salon: Connection, week: Jsonb | None) -> None:
    with pytest.raises(errors.InvalidParameterValue), acting(salon, OWNER.id):
        salon.execute("select public.save_working_hours(%s, %s)", [SAMIR.id, week])


@pytest.mark.parametrize("who", [STAFF.id, VIEWER_ID, CUSTOMER.id, STRANGER.id])
@pytest.mark.parametrize("hours", [MONDAY, []])
def test_only_admins_of_the_workspace_change_hours(
    salon: Connection, who: UUID, hours: list[tuple[int, str, str]]
) -> None:
    before = week_of(salon)

    with pytest.raises(errors.InsufficientPrivilege) as refused, acting(salon, who):
        save(salon, *hours)

    assert hint_of(refused.value) == "only_admins"
    assert week_of(salon) == before


def test_visitors_cannot_even_ask(salon: Connection) -> None:
    with pytest.raises(errors.InsufficientPrivilege), acting(salon, None, "anon"):
        save(salon, *MONDAY)


def test_an_admin_may_and_so_may_a_server(salon: Connection) -> None:
    salon.execute(
        "update public.workspace_members set role = 'admin' where user_id = %s", [STAFF.id]
    )
    with acting(salon, STAFF.id):
        save(salon, *MONDAY)
    with acting(salon, None, "service_role"):
        save(salon, MONDAY[0])

    assert week_of(salon) == MONDAY[:1]
