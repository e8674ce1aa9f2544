"""What can be booked when, across clock changes too."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import errors

from slotcast.appointments import demo
from slotcast.appointments.demo import CUSTOMER, OTHER_CUSTOMER, OWNER, STAFF, STRANGER
from support.clusters import embedded_cluster
from support.desk import (
    COLOUR,
    HAIRCUT,
    MINA,
    OLGA,
    SAMIR,
    ZONE,
    acting,
    insert,
    quiet_day,
    visit,
    wish,
)

if TYPE_CHECKING:
    from psycopg import Connection

cluster = embedded_cluster

SLOTS: Final = b"select start_time, end_time, team_member_ids from public.available_slots"
DAY: Final = timedelta(days=1)
PORTRAIT_ID: Final = UUID("00000003-0000-4000-8000-000000000065")
"""What the studio offers, which takes no bookings online."""


def slots(
    connection: Connection,
    member: UUID | None = SAMIR.id,
    *,
    begins: datetime | None = None,
    ends: datetime | None = None,
    service: UUID = HAIRCUT.id,
    ignore: object = None,
) -> list[datetime]:
    """Give the free times; of the quiet day, unless others are named."""
    begins = begins or quiet_day(0)
    rows = connection.execute(
        SLOTS + b"(%s, %s, %s, %s, %s)", [service, member, begins, ends or begins + DAY, ignore]
    ).fetchall()
    return [row[0] for row in rows]


def quarters(begins: datetime, count: int) -> list[datetime]:
    return [begins + timedelta(minutes=15 * step) for step in range(count)]


def test_a_free_day_is_free_from_opening_until_the_service_just_fits(salon: Connection) -> None:
    assert slots(salon) == quarters(quiet_day(9), 34)


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_whoever_asks_gets_the_same(salon: Connection, role: str) -> None:
    insert(salon, "appointments", visit())
    with acting(salon, None if role == "anon" else CUSTOMER.id, role):
        found = slots(salon)

    taken = quarters(quiet_day(9, 30), 5)
    assert found == [slot for slot in quarters(quiet_day(9), 34) if slot not in taken]


def test_what_takes_time_takes_slots(salon: Connection) -> None:
    insert(
        salon,
        "time_off",
        {
            "workspace_id": demo.SALON_ID,
            "team_member_id": SAMIR.id,
            "start_time": quiet_day(9) - timedelta(days=30),
            "end_time": quiet_day(13),
        },
    )
    insert(salon, "appointments", visit(start_time=quiet_day(16)))
    insert(salon, "appointments", visit(start_time=quiet_day(14), status="cancelled"))
    salon.execute("update public.services set buffer_before_minutes = 5, buffer_after_minutes = 10")

    assert slots(salon) == [*quarters(quiet_day(13, 15), 8), *quarters(quiet_day(17), 2)]


def test_the_appointment_that_is_moved_does_not_stand_in_its_own_way(salon: Connection) -> None:
    row = insert(salon, "appointments", visit(customer_id=CUSTOMER.id))

    assert quiet_day(10) not in slots(salon)
    with acting(salon, CUSTOMER.id):
        assert slots(salon, ignore=row["id"]) == quarters(quiet_day(9), 34)


WHO_MAY_MOVE_IT: Final = {
    "its customer": (CUSTOMER.id, "authenticated", True),
    "the owner": (OWNER.id, "authenticated", True),
    "staff": (STAFF.id, "authenticated", True),
    "a server": (None, "service_role", True),
    "another customer": (OTHER_CUSTOMER.id, "authenticated", False),
    "another workspace's owner": (STRANGER.id, "authenticated", False),
    "a visitor": (None, "anon", False),
}


@pytest.mark.parametrize("who", WHO_MAY_MOVE_IT)
def test_whoever_may_not_see_an_appointment_learns_nothing_from_leaving_it_out(
    salon: Connection, who: str
) -> None:
    person, role, may_see = WHO_MAY_MOVE_IT[who]
    row = insert(salon, "appointments", visit(customer_id=CUSTOMER.id))
    arguments = [HAIRCUT.id, SAMIR.id, quiet_day(0).date(), quiet_day(0).date()]

    with acting(salon, person, role):
        is_free = quiet_day(10) in slots(salon, ignore=row["id"])
        [(counted, counted_without)] = salon.execute(
            "select with_it.slot_count, without_it.slot_count"
            " from available_days(%s, %s, %s, %s) with_it"
            " join available_days(%s, %s, %s, %s, %s) without_it using (day)",
            [*arguments, *arguments, row["id"]],
        ).fetchall()
        nearest = salon.execute(
            "select start_time from nearest_slots(%s, %s, %s, 1, %s)",
            [HAIRCUT.id, SAMIR.id, quiet_day(10), row["id"]],
        ).fetchone()

    assert is_free == may_see
    assert (counted_without > counted) == may_see
    assert (nearest == (quiet_day(10),)) == may_see


def test_anyones_times_say_who_is_free(salon: Connection) -> None:
    insert(salon, "appointments", visit(team_member_id=OLGA.id))

    rows = salon.execute(
        SLOTS + b"(%s, null, %s, %s)", [HAIRCUT.id, quiet_day(9), quiet_day(11)]
    ).fetchall()

    free = {begins: members for begins, _, members in rows}
    assert list(free) == quarters(quiet_day(9), 8)
    assert free[quiet_day(9)] == [OLGA.id, SAMIR.id]
    assert free[quiet_day(10)] == [SAMIR.id]
    assert MINA.id not in {member for members in free.values() for member in members}


@pytest.mark.parametrize(
    "closing",
    [
        "update public.workspaces set online_booking = false",
        "update public.services set active = false",
        "update public.team_members set bookable = false",
        "delete from public.team_member_services",
        "delete from public.working_hours",
        (
            "insert into public.working_hour_exceptions (workspace_id, team_member_id, on_date)"
            f" select workspace_id, id, '{quiet_day():%Y-%m-%d}' from public.team_members"
        ),
    ],
)
def test_what_is_closed_has_no_free_times(salon: Connection, closing: str) -> None:
    salon.execute(closing.encode())

    with acting(salon, CUSTOMER.id):
        assert slots(salon) == []
        assert slots(salon, None) == []


def test_unknown_services_and_members_have_no_free_times(salon: Connection) -> None:
    assert slots(salon, service=uuid4()) == []
    assert slots(salon, uuid4()) == []
    assert slots(salon, MINA.id) == []


def test_more_than_two_months_are_not_computed(salon: Connection) -> None:
    begins = datetime.now(UTC)

    assert slots(salon, begins=begins, ends=begins + 62 * DAY)
    assert slots(salon, begins=begins, ends=begins + 62 * DAY + timedelta(seconds=1)) == []
    assert slots(salon, begins=begins, ends=begins - DAY) == []


def test_notice_and_horizon_bind_customers_and_not_staff(salon: Connection) -> None:
    salon.execute("delete from public.appointments")
    salon.execute(
        "update public.workspaces set min_notice_minutes = 3 * 24 * 60, max_ahead_days = 7"
    )
    now = datetime.now(UTC)
    spans: dict[UUID, tuple[timedelta, timedelta]] = {}
    for user in (CUSTOMER.id, OWNER.id, STRANGER.id):
        with acting(salon, user):
            found = slots(salon, begins=now - 10 * DAY, ends=now + 40 * DAY)
        spans[user] = (found[0] - now, found[-1] - now)

    first, last = spans[CUSTOMER.id]
    assert spans[STRANGER.id] == spans[CUSTOMER.id]
    assert 3 * DAY <= first < 5 * DAY
    assert 5 * DAY < last <= 7 * DAY
    first, last = spans[OWNER.id]
    assert timedelta() <= first < 2 * DAY
    assert last > 37 * DAY


def test_staff_see_free_times_of_a_workspace_that_takes_no_bookings_online(
    salon: Connection,
) -> None:
    with acting(salon, STRANGER.id):
        own = slots(salon, None, service=PORTRAIT_ID)
    with acting(salon, OWNER.id):
        others = slots(salon, None, service=PORTRAIT_ID)

    assert own
    assert others == []


# Days


def days(connection: Connection, member: UUID | None, first: date, last: date) -> list[Any]:
    return connection.execute(
        "select day, slot_count, is_open from public.available_days(%s, %s, %s, %s)",
        [HAIRCUT.id, member, first, last],
    ).fetchall()


def test_days_are_counted_closed_and_full_ones_among_them(salon: Connection) -> None:
    tuesday = quiet_day().date()
    insert(
        salon,
        "time_off",
        {
            "workspace_id": demo.SALON_ID,
            "team_member_id": SAMIR.id,
            "start_time": quiet_day(0) + DAY,
            "end_time": quiet_day(0) + 2 * DAY,
        },
    )

    with acting(salon, None, "anon"):
        found = days(salon, SAMIR.id, tuesday, tuesday + 5 * DAY)
        of_anyone = days(salon, None, tuesday, tuesday + 5 * DAY)

    counts = [34, 0, 34, 34, 26, 0]
    is_open = [True, True, True, True, True, False]
    dates = [tuesday + DAY * step for step in range(6)]
    assert found == list(zip(dates, counts, is_open, strict=True))
    assert [count for _, count, _ in of_anyone] == [34, 34, 34, 34, 26, 0]


def test_days_are_at_most_62_and_none_of_what_is_hidden(salon: Connection) -> None:
    today = quiet_day().date()

    assert len(days(salon, None, today, today + 400 * DAY)) == 62
    salon.execute("update public.workspaces set online_booking = false")
    with acting(salon, None, "anon"):
        assert days(salon, None, today, today + DAY) == []


@pytest.mark.parametrize("start", ["-infinity", "infinity"])
@pytest.mark.parametrize("end", ["-infinity", "infinity", "2027-01-01"])
def test_what_never_ends_is_not_computed(salon: Connection, start: str, end: str) -> None:
    """On some versions of PostgreSQL what is infinite cannot be subtracted."""
    salon.execute("set local statement_timeout = '5s'")
    calls = {
        "available_slots(%(service)s, null, %(start)s, %(end)s)",
        "available_days(%(service)s, null, %(start)s, %(end)s)",
        "nearest_slots(%(service)s, null, %(start)s)",
    }
    found: list[object] = []
    for call in calls:
        values = {"service": HAIRCUT.id, "start": start, "end": end}
        try:
            with salon.transaction():
                found += salon.execute(f"select * from public.{call}".encode(), values).fetchall()
        except psycopg.DataError as error:
            found += [] if "infin" in str(error) or "range" in str(error) else [str(error)]

    assert found == []


def test_a_member_elsewhere_has_days_and_hours_of_their_own(salon: Connection) -> None:
    salon.execute(
        "update public.team_members set time_zone = 'Asia/Tokyo' where id = %s", [SAMIR.id]
    )
    day = quiet_day().date()
    tokyo = ZoneInfo("Asia/Tokyo")
    nine = datetime(day.year, day.month, day.day, 9, tzinfo=tokyo)

    assert slots(salon, begins=nine - timedelta(hours=9)) == quarters(nine, 34)
    assert days(salon, SAMIR.id, day, day) == [(day, 34, True)]


# The nearest


def nearest(connection: Connection, around: datetime, limit: int = 3) -> list[datetime]:
    rows = connection.execute(
        "select start_time from public.nearest_slots(%s, %s, %s, %s)",
        [HAIRCUT.id, SAMIR.id, around, limit],
    ).fetchall()
    return [row[0] for row in rows]


def test_the_nearest_free_times_are_on_both_sides(salon: Connection) -> None:
    insert(salon, "appointments", visit())

    with acting(salon, None, "anon"):
        found = nearest(salon, quiet_day(10))

    assert found == [quiet_day(9, 15), quiet_day(10, 45), quiet_day(9)]


def test_the_nearest_free_time_may_be_days_away(salon: Connection) -> None:
    # The quiet day is a Tuesday; Sunday is closed.
    sunday = quiet_day(12) + 5 * DAY

    [found] = nearest(salon, sunday, 1)

    assert found.astimezone(ZONE).isoweekday() in (1, 6)
    assert len(nearest(salon, sunday, 1000)) == 50
    assert nearest(salon, datetime.now(UTC) - 100 * DAY) == []


def test_a_taken_time_has_alternatives_that_can_be_booked(salon: Connection) -> None:
    insert(salon, "appointments", visit())
    with pytest.raises(errors.ExclusionViolation), acting(salon, CUSTOMER.id):
        insert(salon, "appointments", wish(CUSTOMER.id))

    alternatives = nearest(salon, quiet_day())

    assert len(alternatives) == 3
    for begins in alternatives:
        with salon.transaction(force_rollback=True), acting(salon, CUSTOMER.id):
            insert(salon, "appointments", wish(CUSTOMER.id, start_time=begins))


# Clock changes: (zone, day, how many quarter-hours from 01:00 on an hour's service may begin
# before 18:00). An ordinary day has 65.
CHANGES: Final = [
    ("Europe/Paris", date(2027, 3, 28), 61),
    ("Europe/Paris", date(2027, 10, 31), 69),
    ("Europe/Paris", date(2027, 4, 4), 65),
    ("America/New_York", date(2027, 3, 14), 61),
    ("America/New_York", date(2027, 11, 7), 69),
    ("Australia/Lord_Howe", date(2027, 4, 4), 67),
    ("Australia/Lord_Howe", date(2027, 10, 3), 63),
    ("Asia/Kolkata", date(2027, 3, 28), 65),
]


def open_in(connection: Connection, zone: str, opens: str, closes: str) -> None:
    """Let the salon be in *zone*, with these hours all week, and an hour's haircut."""
    connection.execute("update public.workspaces set time_zone = %s, max_ahead_days = 730", [zone])
    connection.execute("delete from public.appointments")
    connection.execute("delete from public.working_hours")
    connection.execute(
        "insert into public.working_hours (workspace_id, team_member_id, weekday, opens, closes)"
        " select workspace_id, id, weekday, %s, %s"
        " from public.team_members, generate_series(1, 7) weekday",
        [opens, closes],
    )
    connection.execute("update public.services set duration_minutes = 60 where name = 'Haircut'")


@pytest.mark.parametrize(("zone", "day", "count"), CHANGES)
def test_slots_step_in_real_time_on_days_when_clocks_change(
    salon: Connection, zone: str, day: date, count: int
) -> None:
    open_in(salon, zone, "01:00", "18:00")
    local = ZoneInfo(zone)
    midnight = datetime(day.year, day.month, day.day, tzinfo=local)
    tomorrow = datetime(day.year, day.month, day.day, tzinfo=local) + DAY

    found = slots(salon, begins=midnight, ends=tomorrow)

    opening = midnight.replace(hour=1).astimezone(UTC)
    assert found == quarters(opening, count)
    assert found[-1].astimezone(local).hour == 17
    assert days(salon, SAMIR.id, day, day) == [(day, count, True)]
    fitting = salon.execute(
        "select bool_and(app_private.fits(%s, begins, begins + interval '1 hour', 0, 0))"
        " from unnest(%s::timestamptz[]) begins",
        [SAMIR.id, found],
    ).fetchone()
    assert fitting == (True,)


def test_both_of_the_hours_that_come_twice_can_be_booked(salon: Connection) -> None:
    open_in(salon, "Europe/Paris", "01:00", "18:00")
    # 02:30 in summer time, and 02:30 in winter time.
    twice = [datetime(2027, 10, 31, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    assert {one.astimezone(ZONE).hour for one in twice} == {2}
    salon.execute("update public.services set duration_minutes = 45 where name = 'Haircut'")

    for begins in twice:
        with acting(salon, CUSTOMER.id):
            insert(salon, "appointments", wish(CUSTOMER.id, start_time=begins))

    left = slots(salon, begins=twice[0], ends=twice[1] + timedelta(minutes=45))
    assert left == []


def test_an_opening_within_the_hour_that_is_skipped_is_none(salon: Connection) -> None:
    open_in(salon, "Europe/Paris", "02:00", "03:00")
    day = date(2027, 3, 28)

    assert days(salon, SAMIR.id, day - DAY, day + DAY) == [
        (day - DAY, 1, True),
        (day, 0, False),
        (day + DAY, 1, True),
    ]


def test_colours_take_their_time(salon: Connection) -> None:
    assert slots(salon, OLGA.id, service=COLOUR.id) == quarters(quiet_day(9), 31)
