"""The simulated customer does what a customer may, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest

from slotcast.appointments import demo
from slotcast.appointments.simulation import CUSTOMER, Impossible, SimulatedCustomer
from support.clusters import embedded_cluster
from support.desk import quiet_day
from support.postgres import temporary_database
from support.salon import salon_template

if TYPE_CHECKING:
    from collections.abc import Generator

    from slotcast.postgres.embedded import Cluster

cluster = embedded_cluster


@pytest.fixture(scope="module")
def url(cluster: Cluster) -> Generator[str]:
    with temporary_database(cluster, salon_template(cluster)) as database:
        yield database.url


def one(url: str, query: str) -> tuple[Any, ...]:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row


def run(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


async def test_he_books_moves_and_cancels_as_himself(url: str) -> None:
    customer = SimulatedCustomer(url)
    # What the demo has him do is out of the way.
    run(url, f"delete from public.appointments where customer_id = '{CUSTOMER.id}'")

    booked = await customer.act("book")
    moved = await customer.act("move")
    cancelled = await customer.act("cancel")

    assert (booked.visit.status, booked.before) == ("pending", None)
    assert moved.before is not None
    assert moved.before == booked.visit
    assert moved.visit.start_time != booked.visit.start_time
    assert moved.before.service == moved.visit.service
    assert cancelled.before == moved.visit
    assert cancelled.visit.status == "cancelled"
    assert {booked.visit.id, moved.visit.id} == {cancelled.visit.id}
    assert booked.visit.customer_name == CUSTOMER.name
    actors = one(
        url,
        "select array_agg(distinct (actor_id, actor_kind)::text) from public.appointment_events"
        f" where appointment_id = '{booked.visit.id}'",
    )
    assert actors == ([f"({CUSTOMER.id},customer)"],)


def first_day(url: str) -> object:
    """Give the first day with a time that he could still move or cancel in a quarter-hour."""
    [day] = one(
        url,
        "select min(f.start_time at time zone 'Europe/Paris')::date"
        " from public.services s cross join lateral public.available_slots("
        "   s.id, null, now() + interval '2 hours 15 minutes', now() + interval '8 days') f"
        f" where s.workspace_id = '{demo.SALON_ID}'",
    )
    return day


async def test_he_books_on_the_first_day_that_has_a_time(url: str) -> None:
    before = first_day(url)
    booked = await SimulatedCustomer(url).act("book")

    assert booked.visit.start_time.date() in (before, first_day(url))


async def test_he_acts_where_somebody_is_looking_if_he_can(url: str) -> None:
    customer = SimulatedCustomer(url)
    day = quiet_day().date()
    sunday = day + timedelta(days=7 - day.isoweekday())
    await customer.act("book")

    booked = await customer.act("book", day)
    moved = await customer.act("move", day)
    cancelled = await customer.act("cancel", moved.visit.start_time.date())
    elsewhere = await customer.act("book", sunday)
    past = await customer.act("book", day - timedelta(days=365))

    assert booked.visit.start_time.date() == day
    assert {booked.visit.id, moved.visit.id} == {cancelled.visit.id}
    # Else as soon as he can, which is before the day without bookings.
    assert max(elsewhere.visit.start_time, past.visit.start_time).date() < day


# A column of a table, the value that hinders him, what he is asked, and what he says.
HINDRANCES: Final = [
    ("workspaces.change_cutoff_minutes", "525600", "move", "let him book first"),
    ("workspaces.change_cutoff_minutes", "525600", "cancel", "let him book first"),
    ("workspaces.online_booking", "false", "book", "Nothing is free"),
    ("services.active", "false", "book", "Nothing is free"),
    ("team_members.bookable", "false", "move", "No other time is free"),
    ("workspaces.max_open_per_customer", "1", "book", "was refused: no more than 1"),
    ("workspaces.name", "'Renamed'", "sing", "can book, move, cancel"),
]


@pytest.mark.parametrize(("column", "value", "action", "reason"), HINDRANCES)
async def test_he_says_why_he_cannot_and_has_done_nothing(
    url: str, column: str, value: str, action: str, reason: str
) -> None:
    # One appointment of his is enough for the limit.
    await SimulatedCustomer(url).act("book")
    table, _, name = column.partition(".")
    salon = f"where {'id' if table == 'workspaces' else 'workspace_id'} = '{demo.SALON_ID}'"
    [usual] = one(url, f"select {name}::text from public.{table} {salon} limit 1")
    before = one(url, "select count(*), sum(version) from public.appointments")
    run(url, f"update public.{table} set {name} = {value} {salon}")
    try:
        with pytest.raises(Impossible, match=reason):
            await SimulatedCustomer(url).act(action)
    finally:
        run(url, f"update public.{table} set {name} = '{usual}' {salon}")

    assert one(url, "select count(*), sum(version) from public.appointments") == before
