"""The calendar feed, read as calendars read it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

from slotcast.appointments.demo import CUSTOMER, OTHER_CUSTOMER, STAFF
from support.clusters import embedded_cluster
from support.desk import OLGA, SAMIR, acting, insert, quiet_day, update, visit

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection

cluster = embedded_cluster

Event = dict[str, str]
LONGEST_LINE_OCTETS: Final = 75


def token(connection: Connection, user: UUID, *, renew: bool = False) -> str:
    with acting(connection, user):
        row = connection.execute("select public.calendar_token(%s)", [renew]).fetchone()
    assert row is not None
    found: str = row[0]
    return found


def feed(connection: Connection, key: str) -> str:
    """Read a feed as nobody, who has the token alone."""
    with acting(connection, None, "anon"):
        row = connection.execute("select public.calendar_feed(%s)", [key]).fetchone()
    assert row is not None
    body: bytes = row[0]
    return body.decode()


def lines(text: str) -> list[str]:
    """Unfold the lines, as RFC 5545 has it in section 3.1."""
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert "\r" not in text.replace("\r\n", "")
    for line in text.split("\r\n"):
        assert len(line.encode()) <= LONGEST_LINE_OCTETS
    return text.replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def unescaped(text: str) -> str:
    """Read a TEXT, section 3.3.11."""
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], text)


def events(text: str) -> dict[str, Event]:
    """Give the events by UID, in order."""
    found: dict[str, Event] = {}
    event: Event | None = None
    for line in lines(text):
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            event = {}
        elif line == "END:VEVENT":
            assert event is not None
            found[event["UID"]] = event
            event = None
        elif event is not None:
            event[name] = value
    return found


def instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def test_a_feed_is_a_calendar_of_the_persons_own_appointments(salon: Connection) -> None:
    row = insert(salon, "appointments", visit(customer_id=CUSTOMER.id, notes="Bring the dog"))
    insert(salon, "appointments", visit(start_time=quiet_day(14), customer_id=OTHER_CUSTOMER.id))

    text = feed(salon, token(salon, CUSTOMER.id))

    assert lines(text)[:3] == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Slotcast//Appointments//EN",
    ]
    assert lines(text)[-1] == "END:VCALENDAR"
    assert "METHOD:PUBLISH" in lines(text)
    own = salon.execute(
        "select id::text from public.appointments where customer_id = %s order by start_time",
        [CUSTOMER.id],
    ).fetchall()
    found = events(text)
    assert list(found) == [identifier for (identifier,) in own]
    event = found[str(row["id"])]
    assert instant(event["DTSTART"]) == quiet_day()
    assert instant(event["DTEND"]) == quiet_day(10, 45)
    assert instant(event["DTSTAMP"]) == row["updated_at"].replace(microsecond=0)
    assert unescaped(event["SUMMARY"]) == "Haircut · Salon am Fluss"
    assert unescaped(event["DESCRIPTION"]) == "Samir\nBring the dog"
    assert unescaped(event["LOCATION"]) == "12 quai des Saules, Paris"


@pytest.mark.parametrize(
    ("status", "shown", "transparency"),
    [
        ("pending", "TENTATIVE", "OPAQUE"),
        ("confirmed", "CONFIRMED", "OPAQUE"),
        ("completed", "CONFIRMED", "OPAQUE"),
        ("no_show", "CONFIRMED", "OPAQUE"),
        ("cancelled", "CANCELLED", "TRANSPARENT"),
    ],
)
def test_every_status_is_one_that_calendars_know(
    salon: Connection, status: str, shown: str, transparency: str
) -> None:
    row = insert(salon, "appointments", visit(customer_id=CUSTOMER.id, status=status))

    event = events(feed(salon, token(salon, CUSTOMER.id)))[str(row["id"])]

    assert (event["STATUS"], event["TRANSP"]) == (shown, transparency)


def test_a_change_raises_the_sequence_of_the_same_event(salon: Connection) -> None:
    row = insert(salon, "appointments", visit(customer_id=CUSTOMER.id))
    key = token(salon, CUSTOMER.id)
    before = events(feed(salon, key))[str(row["id"])]
    with acting(salon, CUSTOMER.id):
        update(salon, row["id"], start_time=quiet_day(15))

    after = events(feed(salon, key))[str(row["id"])]

    assert (before["SEQUENCE"], after["SEQUENCE"]) == ("1", "2")
    assert instant(after["DTSTART"]) == quiet_day(15)


TEXTS: Final = [
    "plain",
    "a, b; c\\d: e",
    "two\nlines",
    "windows\r\nlines\rold",
    "BEGIN:VEVENT\r\nUID:forged",
    "tab\there, bell\a gone",
    "x" * 400,
    "é" * 300,
    "漢字" * 150,
    "👩‍🔧" * 60,
    "mixed é " * 40,
]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_any_text_comes_out_as_it_went_in(salon: Connection, text: str) -> None:
    row = insert(salon, "appointments", visit(customer_id=CUSTOMER.id, notes=text))

    found = events(feed(salon, token(salon, CUSTOMER.id)))

    expected = text.replace("\r\n", "\n").replace("\r", "\n").replace("\a", "")
    assert unescaped(found[str(row["id"])]["DESCRIPTION"]) == f"Samir\n{expected}"
    assert "forged" not in found


def test_what_is_long_past_is_left_out(salon: Connection) -> None:
    now = datetime.now(UTC)
    rows = [
        insert(
            salon,
            "appointments",
            visit(id=uuid4(), customer_id=CUSTOMER.id, start_time=now - timedelta(days=days)),
        )
        for days in (89, 91)
    ]

    found = events(feed(salon, token(salon, CUSTOMER.id)))

    assert [str(row["id"]) in found for row in rows] == [True, False]


def test_those_who_are_booked_find_whom_they_expect(salon: Connection) -> None:
    row = insert(salon, "appointments", visit(customer_name="Maya", notes="first time"))
    insert(salon, "appointments", visit(team_member_id=OLGA.id))
    key = token(salon, STAFF.id)

    found = events(feed(salon, key))

    own = salon.execute(
        "select count(*) from public.appointments where team_member_id = %s", [SAMIR.id]
    ).fetchone()
    assert own == (len(found),)
    event = found[str(row["id"])]
    assert unescaped(event["SUMMARY"]) == "Haircut · Maya"
    assert event["DESCRIPTION"] == "first time"
    assert "LOCATION" not in event
    # Who is no longer a member has no business with them, whatever the team's list says.
    salon.execute("delete from public.workspace_members where user_id = %s", [STAFF.id])
    assert events(feed(salon, key)) == {}


def test_a_person_without_appointments_has_an_empty_calendar(salon: Connection) -> None:
    person = uuid4()
    salon.execute("insert into auth.users (id) values (%s)", [person])

    assert events(feed(salon, token(salon, person))) == {}


def test_a_token_stays_until_it_is_renewed_and_is_worthless_then(salon: Connection) -> None:
    first = token(salon, CUSTOMER.id)
    again = token(salon, CUSTOMER.id)
    other = token(salon, OTHER_CUSTOMER.id)
    renewed = token(salon, CUSTOMER.id, renew=True)

    assert first == again
    assert len({first, other, renewed}) == 3
    assert len(first) == 64
    assert events(feed(salon, renewed)) == events(feed(salon, token(salon, CUSTOMER.id)))
    for worthless in (first, "", "' or true --", first.upper()):
        with pytest.raises(psycopg.Error) as caught:
            feed(salon, worthless)
        assert caught.value.sqlstate == "PT404"


def test_an_account_that_goes_takes_its_feed_with_it(salon: Connection) -> None:
    key = token(salon, CUSTOMER.id)

    salon.execute("delete from auth.users where id = %s", [CUSTOMER.id])

    with pytest.raises(psycopg.Error, match="no such calendar"):
        feed(salon, key)


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_tokens_are_for_those_who_are_signed_in_and_read_by_nobody(
    salon: Connection, role: str
) -> None:
    with pytest.raises(errors.InsufficientPrivilege), acting(salon, None, role):
        salon.execute("select public.calendar_token()")
    with pytest.raises(errors.InsufficientPrivilege), acting(salon, CUSTOMER.id, role):
        salon.execute("select * from app_private.calendar_tokens")


def test_what_writes_calendars_is_nobodys_to_call(salon: Connection) -> None:
    with pytest.raises(errors.InsufficientPrivilege), acting(salon, CUSTOMER.id):
        salon.execute("select app_private.ics_calendar(%s)", [OTHER_CUSTOMER.id])
