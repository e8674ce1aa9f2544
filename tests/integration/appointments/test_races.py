"""Several at once: one wins, the others are told so at once, and nothing is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import psycopg
from psycopg import errors

from slotcast.appointments import demo
from slotcast.appointments.demo import CUSTOMER, OTHER_CUSTOMER, OWNER, STAFF
from support.desk import OLGA, SAMIR, acting, hint_of, insert, quiet_day, update, visit, wish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from psycopg import Connection

CROWD: Final = 12
TIMEOUT_S: Final = 30


def at_once(url: str, works: Sequence[tuple[UUID, Callable[[Connection], object]]]) -> list[object]:
    """Do each work as its user, in a transaction and thread of its own; gives results or hints."""
    barrier = Barrier(len(works), timeout=TIMEOUT_S)

    def work(item: tuple[UUID, Callable[[Connection], object]]) -> object:
        user, do = item
        with psycopg.connect(url) as connection:
            # A deadlock that has to be detected would take that long, and fail the test.
            connection.execute("set deadlock_timeout = '20s'")
            barrier.wait()
            try:
                with acting(connection, user):
                    return do(connection)
            except errors.Error as error:
                return hint_of(error)

    with ThreadPoolExecutor(len(works)) as executor:
        return list(executor.map(work, works, timeout=TIMEOUT_S))


def booking(user: UUID, begins: datetime, member: UUID | None) -> Callable[[Connection], object]:
    """Book; gives the member."""

    def do(connection: Connection) -> object:
        row = wish(user, start_time=begins, team_member_id=member)
        return insert(connection, "appointments", row)["team_member_id"]

    return do


def inviting(email: str) -> Callable[[Connection], object]:
    """Invite somebody."""

    def do(connection: Connection) -> object:
        connection.execute("select public.invite_member(%s, %s, 'staff')", [demo.SALON_ID, email])
        return "invited"

    return do


def test_of_twelve_who_want_the_same_time_one_gets_it(salon_url: str) -> None:
    users = [(CUSTOMER, OTHER_CUSTOMER)[number % 2].id for number in range(CROWD)]

    told = at_once(salon_url, [(one, booking(one, quiet_day(9), SAMIR.id)) for one in users])

    assert sorted(map(str, told)) == sorted([str(SAMIR.id), *["23P01"] * (CROWD - 1)])


def test_of_twelve_who_overlap_somehow_some_get_theirs_and_none_overlap(salon_url: str) -> None:
    begins = [quiet_day(14) + timedelta(minutes=15 * (number % 6)) for number in range(CROWD)]

    told = at_once(
        salon_url, [(CUSTOMER.id, booking(CUSTOMER.id, one, SAMIR.id)) for one in begins]
    )

    assert set(map(str, told)) == {str(SAMIR.id), "23P01"}
    with psycopg.connect(salon_url) as connection:
        overlaps = connection.execute(
            "select from public.appointments a join public.appointments b"
            " on a.team_member_id = b.team_member_id and a.id < b.id and a.blocked && b.blocked"
            " where a.status in ('pending', 'confirmed') and b.status in ('pending', 'confirmed')"
        ).fetchall()
    assert overlaps == []


def test_of_twelve_who_take_anyone_as_many_get_somebody_as_there_are(salon_url: str) -> None:
    users = [(CUSTOMER, OTHER_CUSTOMER)[number % 2].id for number in range(CROWD)]

    told = at_once(salon_url, [(one, booking(one, quiet_day(12), None)) for one in users])

    assert sorted(map(str, told)) == sorted(
        [str(OLGA.id), str(SAMIR.id), *["nobody_free"] * (CROWD - 2)]
    )


def test_of_two_who_change_the_same_version_one_is_told_that_it_is_old(salon_url: str) -> None:
    with psycopg.connect(salon_url) as connection:
        row = insert(connection, "appointments", visit(start_time=quiet_day(17)))

    def noting(text: str) -> Callable[[Connection], object]:
        def do(connection: Connection) -> object:
            return connection.execute(
                "update public.appointments set notes = %s where id = %s and version = 1",
                [text, row["id"]],
            ).rowcount

        return do

    told = at_once(salon_url, [(OWNER.id, noting("Olga's")), (STAFF.id, noting("Samir's"))])

    assert sorted(map(str, told)) == ["0", "1"]


def test_two_who_swap_their_places_do_not_wait_for_each_other(salon_url: str) -> None:
    with psycopg.connect(salon_url) as connection:
        day = quiet_day(10) + timedelta(days=1)
        rows = [
            insert(
                connection,
                "appointments",
                visit(id=uuid4(), start_time=day, end_time=day + timedelta(minutes=45), **who),
            )
            for who in ({"team_member_id": OLGA.id}, {"team_member_id": SAMIR.id})
        ]

    def moving(number: int, member: UUID) -> Callable[[Connection], object]:
        def do(connection: Connection) -> object:
            return update(connection, rows[number]["id"], team_member_id=member) is not None

        return do

    told = at_once(salon_url, [(OWNER.id, moving(0, SAMIR.id)), (STAFF.id, moving(1, OLGA.id))])

    assert told == ["23P01", "23P01"]


def test_the_last_two_owners_do_not_both_leave(salon_url: str) -> None:
    with psycopg.connect(salon_url) as connection:
        connection.execute(
            "update public.workspace_members set role = 'owner' where user_id = %s", [STAFF.id]
        )

    def leaving(user: UUID) -> Callable[[Connection], object]:
        def do(connection: Connection) -> object:
            statement = "delete from public.workspace_members where user_id = %s"
            return connection.execute(statement, [user]).rowcount

        return do

    told = at_once(salon_url, [(user, leaving(user)) for user in (OWNER.id, STAFF.id)])

    with psycopg.connect(salon_url) as connection:
        connection.execute(
            "insert into public.workspace_members (workspace_id, user_id, role)"
            " values (%(salon)s, %(owner)s, 'owner'), (%(salon)s, %(staff)s, 'staff')"
            " on conflict (workspace_id, user_id) do update set role = excluded.role",
            {"salon": demo.SALON_ID, "owner": OWNER.id, "staff": STAFF.id},
        )
    assert sorted(map(str, told)) == ["1", "last_owner"]


def test_a_booking_and_a_closing_at_once_leave_no_half_of_either(salon_url: str) -> None:
    def closing(connection: Connection) -> object:
        return connection.execute(
            "update public.workspaces set online_booking = false where id = %s", [demo.SALON_ID]
        ).rowcount

    begins = quiet_day(9) + timedelta(days=2)
    told = at_once(
        salon_url,
        [(OWNER.id, closing), (CUSTOMER.id, booking(CUSTOMER.id, begins, SAMIR.id))],
    )

    with psycopg.connect(salon_url) as connection:
        connection.execute("update public.workspaces set online_booking = true")
        found = connection.execute(
            "select from public.appointments where start_time = %s and team_member_id = %s"
            " and customer_id = %s",
            [begins, SAMIR.id, CUSTOMER.id],
        ).fetchall()
    assert told[0] == 1
    assert told[1] in (SAMIR.id, "not_bookable")
    assert len(found) == (told[1] == SAMIR.id)


def test_of_twelve_who_are_invited_at_once_the_last_free_place_is_one_s(salon_url: str) -> None:
    with psycopg.connect(salon_url) as connection, acting(connection, OWNER.id):
        for number in range(99):
            inviting(f"{number}@mail.example")(connection)

    told = at_once(
        salon_url,
        [(OWNER.id, inviting(f"late-{number}@mail.example")) for number in range(CROWD)],
    )

    assert sorted(map(str, told)) == ["invited", *["too_many_invitations"] * (CROWD - 1)]
