from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import bcrypt
import psycopg

from slotcast.appointments import demo
from support.clusters import embedded_cluster

if TYPE_CHECKING:
    from support.postgres import Database

cluster = embedded_cluster

TABLES = (
    "auth.users",
    "auth.identities",
    "public.profiles",
    "public.workspaces",
    "public.workspace_members",
    "public.team_members",
    "public.services",
    "public.team_member_services",
    "public.working_hours",
    "public.customers",
    "public.time_off",
    "public.appointments",
    "public.appointment_staff_notes",
)

OPEN_IDS = """
select id from public.appointments where status in ('pending', 'confirmed') order by id
"""

# Far enough in the future to stay there.
TODAY = date(2126, 1, 7)


async def insert(
    url: str, today: date, *, past_day_count: int = demo.PAST_DAY_COUNT
) -> dict[str, int]:
    """Insert the demo data and count what there is."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await demo.insert(connection, today=today, past_day_count=past_day_count)
        counts: dict[str, int] = {}
        for table in TABLES:
            cursor = await connection.execute(f"select count(*) from {table}".encode())
            row = await cursor.fetchone()
            assert row is not None
            counts[table] = row[0]
        return counts


async def test_there_are_two_weeks_of_bookings_for_everybody_in_the_team(
    database: Database,
) -> None:
    await insert(database.url, TODAY)

    with psycopg.connect(database.url) as connection:
        rows = connection.execute(
            "select t.name, count(distinct (a.start_time at time zone w.time_zone)::date)"
            " from public.appointments a join public.team_members t on t.id = a.team_member_id"
            " join public.workspaces w on w.id = a.workspace_id"
            " where a.workspace_id = %s group by t.name",
            [demo.SALON_ID],
        ).fetchall()

    # Nobody works on Sundays, and Mina not on Mondays either.
    assert dict(rows) == {"Olga": 18, "Samir": 18, "Mina": 15}


async def test_inserting_twice_changes_nothing(database: Database) -> None:
    first = await insert(database.url, TODAY)

    second = await insert(database.url, TODAY)

    assert all(first.values())
    assert first["auth.users"] == len(demo.ACCOUNTS)
    assert second == first


async def test_a_later_run_adds_the_days_that_came(database: Database) -> None:
    first = await insert(database.url, TODAY)

    second = await insert(database.url, TODAY + timedelta(days=3))

    grown = {table for table in TABLES if second[table] > first[table]}
    assert grown == {"public.appointments", "public.appointment_staff_notes"}
    assert all(second[table] == first[table] for table in TABLES if table not in grown)


async def test_a_booking_that_took_a_demo_bookings_place_stays(database: Database) -> None:
    await insert(database.url, TODAY)
    with psycopg.connect(database.url) as connection:
        # Somebody else's bookings at the same times; the guard would not let the ids change.
        connection.execute("set session_replication_role = replica")
        connection.execute("update public.appointments set id = gen_random_uuid()")
    with psycopg.connect(database.url) as connection:
        before = connection.execute(OPEN_IDS).fetchall()

    await insert(database.url, TODAY)

    with psycopg.connect(database.url) as connection:
        after = connection.execute(OPEN_IDS).fetchall()
    assert after == before


async def test_bookings_lie_within_opening_hours_and_pay_the_services_price(
    database: Database,
) -> None:
    await insert(database.url, TODAY)

    with psycopg.connect(database.url) as connection:
        rows = connection.execute(
            "select from public.appointments a"
            " join public.services s on s.id = a.service_id"
            " left join public.team_member_services ts"
            "   on ts.service_id = a.service_id and ts.team_member_id = a.team_member_id"
            " where ts is null or a.price_cents <> s.price_cents"
            "   or not app_private.fits(a.team_member_id, a.start_time, a.end_time, 0, 0)"
        ).fetchall()
    assert rows == []


async def test_everybody_can_sign_in_with_the_demos_password(database: Database) -> None:
    await insert(database.url, TODAY)

    with psycopg.connect(database.url) as connection:
        rows = connection.execute(
            "select u.email, u.encrypted_password, i.provider_id = u.id::text, p.display_name"
            " from auth.users u join auth.identities i on i.user_id = u.id"
            " join public.profiles p on p.id = u.id order by u.id"
        ).fetchall()

    assert [(email, linked, name) for email, _, linked, name in rows] == [
        (account.email, True, account.name) for account in demo.ACCOUNTS
    ]
    (hashed,) = {hashed for _, hashed, _, _ in rows}
    assert bcrypt.checkpw(demo.PASSWORD.encode(), hashed.encode())


def rows_of(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


async def test_the_days_that_were_have_ended_and_those_to_come_have_not(
    database: Database,
) -> None:
    await insert(database.url, datetime.now(UTC).date())

    rows = rows_of(
        database.url,
        "select end_time < now(), status, count(*) from public.appointments"
        f" where workspace_id = '{demo.SALON_ID}' group by 1, 2",
    )
    past = {status for is_past, status, _ in rows if is_past}
    future = {status for is_past, status, _ in rows if not is_past}
    assert past == {"completed", "no_show", "cancelled"}
    assert future == {"pending", "confirmed", "cancelled"}


async def test_what_has_passed_since_the_last_start_is_closed(database: Database) -> None:
    today = datetime.now(UTC).date()
    await insert(database.url, today)
    # Two weeks ago it was today, but for what somebody has touched since.
    touched = "select id from public.appointments where status = 'confirmed' order by id limit 1"
    with psycopg.connect(database.url) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(
            "update public.appointments set start_time = start_time - interval '15 days',"
            " end_time = end_time - interval '15 days'"
        )
        connection.execute(
            f"update public.appointments set updated_by = %s where id = ({touched})".encode(),
            [demo.OWNER.id],
        )

    await insert(database.url, today)

    left = rows_of(
        database.url,
        "select updated_by from public.appointments"
        " where status in ('pending', 'confirmed') and end_time < now()",
    )
    assert left == [(demo.OWNER.id,)]


async def test_people_the_salon_knows_have_visits_and_those_with_a_login_a_few(
    database: Database,
) -> None:
    await insert(database.url, TODAY)

    rows = rows_of(
        database.url,
        "select c.name, c.user_id is not null, count(a.id) from public.customers c"
        " left join public.appointments a on a.contact_id = c.id group by 1, 2",
    )
    known = {name for name, has_login, _ in rows if not has_login}
    assert known == {contact.name for contact in demo.CONTACTS}
    assert all(count > 0 for _, _, count in rows)
    assert {name for name, has_login, count in rows if has_login and 2 <= count <= 10} == {
        demo.CUSTOMER.name,
        demo.OTHER_CUSTOMER.name,
    }


async def test_recent_changes_are_what_people_did(database: Database) -> None:
    await insert(database.url, datetime.now(UTC).date())
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection:
        assert await demo.is_untouched(connection)
        await demo.enliven(connection)
        assert not await demo.is_untouched(connection)
    await insert(database.url, datetime.now(UTC).date())

    rows = rows_of(
        database.url,
        "select actor_name, actor_kind, action from public.appointment_events order by id",
    )
    assert rows == [
        ("Clara", "customer", "edited"),
        ("Otto", "customer", "status"),
        ("Olga", "staff", "status"),
        ("Olga", "staff", "status"),
    ]


async def test_days_before_today_can_be_left_out(database: Database) -> None:
    await insert(database.url, TODAY, past_day_count=0)

    [(first,)] = rows_of(
        database.url,
        "select min((a.start_time at time zone w.time_zone)::date) from public.appointments a"
        " join public.workspaces w on w.id = a.workspace_id",
    )
    assert first == TODAY
