"""
Demo data: a salon with three weeks of bookings, a studio next door, and people to act as.

The ids are fixed, so that examples and tests can name them. Inserting again keeps what people
did, adds the bookings that have come closer since, and closes those that have passed.
All accounts have the same `PASSWORD`, which everybody may know.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from slotcast.appointments import demo_statements
from slotcast.appointments.acting import acting_as
from slotcast.appointments.diary import Chair, Offer, Visit, opening_hours, training, visits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """
    Somebody who can sign in.

    Attributes:
        id: What `auth.uid()` returns for them.
        email: To sign in with.
        name: Of the profile.
        role: In a workspace, `customer` or a membership's; nobody has several here.
        workspace_slug: Which workspace that is.
        phone: Of the profile, for customers.
    """

    id: UUID
    email: str
    name: str
    role: str
    workspace_slug: str
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody whom the salon knows and who has no login."""

    id: UUID
    name: str
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMember:
    """
    Somebody who can be booked.

    Attributes:
        id: Theirs.
        name: As customers see it.
        title: What they do.
        color: In calendars.
        account: Their login; None for those without.
        offers: Indexes in `SERVICES`.
        days_off: ISO weekdays on which they never work, besides Sunday.
        is_training: Whether they are away on some afternoons.
    """

    id: UUID
    name: str
    title: str
    color: str
    account: Account | None
    offers: tuple[int, ...]
    days_off: frozenset[int] = frozenset()
    is_training: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What can be booked; the price is in cents of a euro."""

    id: UUID
    name: str
    description: str
    duration_minutes: int
    buffer_after_minutes: int
    price_cents: int
    color: str


def _id(group: int, number: int) -> UUID:
    """Make an id that shows at a glance what it belongs to."""
    return UUID(f"{group:08x}-0000-4000-8000-{number:012x}")


SALON_SLUG: Final = "salon"
STUDIO_SLUG: Final = "studio"

OWNER: Final = Account(
    id=_id(1, 1),
    email="owner@salon.example",
    name="Olga",
    role="owner",
    workspace_slug=SALON_SLUG,
)
STAFF: Final = Account(
    id=_id(1, 2),
    email="staff@salon.example",
    name="Samir",
    role="staff",
    workspace_slug=SALON_SLUG,
)
CUSTOMER: Final = Account(
    id=_id(1, 3),
    email="customer@mail.example",
    name="Clara",
    role="customer",
    workspace_slug=SALON_SLUG,
    phone="+33 1 99 00 10 01",
)
OTHER_CUSTOMER: Final = Account(
    id=_id(1, 4),
    email="other@mail.example",
    name="Otto",
    role="customer",
    workspace_slug=SALON_SLUG,
    phone="+33 1 99 00 10 02",
)
STRANGER: Final = Account(
    id=_id(1, 5),
    email="stranger@studio.example",
    name="Sten",
    role="owner",
    workspace_slug=STUDIO_SLUG,
)
ACCOUNTS: Final = (OWNER, STAFF, CUSTOMER, OTHER_CUSTOMER, STRANGER)

PASSWORD: Final = "demo-password"  # noqa: S105 - no secret
_PASSWORD_HASH: Final = "$2b$10$Rlr8NRz3olIhqKEDqUDoE.ZQGggUYe.eETQI9W9Y/Fcz2RNm7B74C"  # noqa: S105

SALON_ID: Final = _id(2, 1)
STUDIO_ID: Final = _id(2, 2)

SERVICES: Final = (
    Service(
        id=_id(3, 1),
        name="Haircut",
        description="Wash, cut and finish.",
        duration_minutes=45,
        buffer_after_minutes=0,
        price_cents=4200,
        color="#2563eb",
    ),
    Service(
        id=_id(3, 2),
        name="Wash and blow-dry",
        description="For a quick fresh start.",
        duration_minutes=30,
        buffer_after_minutes=0,
        price_cents=2800,
        color="#0891b2",
    ),
    Service(
        id=_id(3, 3),
        name="Colour",
        description="One colour from roots to tips, with care after it.",
        duration_minutes=90,
        buffer_after_minutes=15,
        price_cents=8900,
        color="#7c3aed",
    ),
    Service(
        id=_id(3, 4),
        name="Beard trim",
        description="Trim and contours, with a hot towel.",
        duration_minutes=20,
        buffer_after_minutes=0,
        price_cents=1800,
        color="#b45309",
    ),
    Service(
        id=_id(3, 5),
        name="Manicure",
        description="Shape, care and varnish.",
        duration_minutes=60,
        buffer_after_minutes=0,
        price_cents=3900,
        color="#db2777",
    ),
    Service(
        id=_id(3, 6),
        name="Head massage",
        description="Half an hour in which nobody wants anything from you.",
        duration_minutes=30,
        buffer_after_minutes=10,
        price_cents=3000,
        color="#059669",
    ),
)

TEAM: Final = (
    TeamMember(
        id=_id(4, 1),
        name="Olga",
        title="Master stylist",
        color="#7c3aed",
        account=OWNER,
        offers=(0, 1, 2, 3, 4, 5),
    ),
    TeamMember(
        id=_id(4, 2),
        name="Samir",
        title="Barber",
        color="#2563eb",
        account=STAFF,
        offers=(0, 1, 3, 5),
        is_training=True,
    ),
    TeamMember(
        id=_id(4, 3),
        name="Mina",
        title="Colour and nails",
        color="#db2777",
        account=None,
        offers=(1, 2, 4),
        days_off=frozenset({1}),
    ),
)

_NAMES: Final = (
    "Amara", "Bruno", "Chiara", "David", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas",
    "Keiko", "Liam", "Maya", "Noor",
)  # fmt: skip

CONTACTS: Final = tuple(
    Contact(
        id=_id(5, number),
        name=name,
        phone=None if number % 4 == 0 else f"+33 1 99 00 20 {number:02}",
        email=None if number % 3 == 0 else f"{name.lower()}@mail.example",
    )
    for number, name in enumerate(_NAMES, 1)
)
"""The phone numbers are set aside for fiction."""

_STUDIO_SERVICE: Final = Service(
    id=_id(3, 101),
    name="Portrait",
    description="One sitting, ten pictures.",
    duration_minutes=90,
    buffer_after_minutes=15,
    price_cents=12000,
    color="#475569",
)
_STUDIO_MEMBER: Final = TeamMember(
    id=_id(4, 101),
    name="Sten",
    title="Photographer",
    color="#475569",
    account=STRANGER,
    offers=(),
)

PAST_DAY_COUNT: Final = 7
DAY_COUNT: Final = 14
"""How many days have bookings: before today, and from today on."""

TIME_ZONE: Final = "Europe/Paris"

_WEEKDAYS: Final = range(1, 8)
_REGULARS: Final = {0: (0, CUSTOMER), 2: (1, OTHER_CUSTOMER)}
"""By the number of the day, of 4: in whose place somebody with a login comes first, and who."""


async def insert(
    connection: AsyncConnection,
    *,
    today: date,
    time_zone: str = TIME_ZONE,
    past_day_count: int = PAST_DAY_COUNT,
) -> None:
    """
    Insert the demo data that is missing, in one transaction.

    Args:
        connection: As a role that row level security does not bind.
        today: The day from which on `DAY_COUNT` days get bookings.
        time_zone: IANA name of the zone the workspaces are created in; those that exist
            keep theirs.
        past_day_count: How many days before *today* get bookings, too.
    """
    days = [today + timedelta(days=days_ahead) for days_ahead in range(-past_day_count, DAY_COUNT)]
    workspaces = {"workspaces": [SALON_ID, STUDIO_ID]}
    async with connection.transaction(), connection.cursor() as cursor:
        await cursor.executemany(demo_statements.INSERT_ACCOUNT, list(_accounts()))
        await cursor.executemany(demo_statements.SET_PHONE, list(_phones()))
        await cursor.executemany(demo_statements.INSERT_WORKSPACE, list(_workspaces(time_zone)))
        await cursor.executemany(demo_statements.INSERT_WORKSPACE_MEMBER, list(_memberships()))
        await cursor.executemany(demo_statements.INSERT_SERVICE, list(_services()))
        await cursor.executemany(demo_statements.INSERT_TEAM_MEMBER, list(_team_members()))
        await cursor.executemany(demo_statements.INSERT_OFFER, list(_offers()))
        await cursor.executemany(demo_statements.INSERT_WORKING_HOURS, list(_working_hours()))
        await cursor.executemany(demo_statements.INSERT_CUSTOMER, list(_customers()))
        await cursor.execute(demo_statements.CLOSE_PASSED, workspaces)
        bookings = [booking for day in days for booking in _bookings(day, today)]
        await cursor.executemany(
            demo_statements.INSERT_TIME_OFF, [off for day in days for off in _time_off(day)]
        )
        await cursor.executemany(demo_statements.INSERT_APPOINTMENT, bookings)
        noted = [booking for booking in bookings if booking["staff_note"]]
        await cursor.executemany(demo_statements.INSERT_STAFF_NOTE, noted)
        await cursor.execute(demo_statements.FORGET_INSERTING, workspaces)


async def is_untouched(connection: AsyncConnection) -> bool:
    """Tell whether nobody has done anything in the salon yet."""
    cursor = await connection.execute(
        "select from public.appointment_events where workspace_id = %s limit 1", [SALON_ID]
    )
    return await cursor.fetchone() is None


async def enliven(connection: AsyncConnection) -> None:
    """
    Have people do something, so that there are recent changes to look at.

    Args:
        connection: As a role that may become `authenticated`, outside of any transaction.
    """
    for account, statement, subject in (
        (CUSTOMER, demo_statements.SAY_SOMETHING, CUSTOMER.id),
        (OTHER_CUSTOMER, demo_statements.CANCEL, OTHER_CUSTOMER.id),
        (OWNER, demo_statements.CONFIRM, SALON_ID),
    ):
        async with acting_as(connection, account.id):
            await connection.execute(statement.encode(), [subject])


def _accounts() -> Iterator[Mapping[str, object]]:
    """Their profiles come by a trigger, as everybody's do."""
    for account in ACCOUNTS:
        yield {
            "id": account.id,
            "email": account.email,
            "name": account.name,
            "hash": _PASSWORD_HASH,
        }


def _phones() -> Iterator[Mapping[str, object]]:
    for account in ACCOUNTS:
        if account.phone is not None:
            yield {"id": account.id, "phone": account.phone}


def _workspaces(time_zone: str) -> Iterator[Mapping[str, object]]:
    """Two workspaces: what is in the one must never show in the other."""
    yield {
        "id": SALON_ID,
        "name": "Salon am Fluss",
        "slug": SALON_SLUG,
        "description": "Hair, beards and nails by the river. Walk in, or book ahead.",
        "address": "12 quai des Saules, Paris",
        "phone": "+33 1 99 00 12 34",
        "time_zone": time_zone,
        "online_booking": True,
    }
    yield {
        "id": STUDIO_ID,
        "name": "Studio next door",
        "slug": STUDIO_SLUG,
        "description": "Portraits by appointment.",
        "address": "14 quai des Saules, Paris",
        "phone": None,
        "time_zone": time_zone,
        "online_booking": False,
    }


def _memberships() -> Iterator[Mapping[str, object]]:
    yield {"workspace": SALON_ID, "user": OWNER.id, "role": OWNER.role}
    yield {"workspace": SALON_ID, "user": STAFF.id, "role": STAFF.role}
    yield {"workspace": STUDIO_ID, "user": STRANGER.id, "role": STRANGER.role}


def _services() -> Iterator[Mapping[str, object]]:
    for order, service in enumerate((*SERVICES, _STUDIO_SERVICE)):
        yield {
            "id": service.id,
            "workspace": STUDIO_ID if service is _STUDIO_SERVICE else SALON_ID,
            "name": service.name,
            "description": service.description,
            "duration": service.duration_minutes,
            "buffer": service.buffer_after_minutes,
            "price": service.price_cents,
            "color": service.color,
            "order": order,
        }


def _team_members() -> Iterator[Mapping[str, object]]:
    for order, member in enumerate((*TEAM, _STUDIO_MEMBER)):
        yield {
            "id": member.id,
            "workspace": _workspace_of(member),
            "user": member.account.id if member.account else None,
            "name": member.name,
            "title": member.title,
            "color": member.color,
            "order": order,
        }


def _offers() -> Iterator[Mapping[str, object]]:
    for member in (*TEAM, _STUDIO_MEMBER):
        for service in _services_of(member):
            yield {
                "workspace": _workspace_of(member),
                "member": member.id,
                "service": service.id,
            }


def _working_hours() -> Iterator[Mapping[str, object]]:
    for member in (*TEAM, _STUDIO_MEMBER):
        for weekday in _WEEKDAYS:
            hours = opening_hours(weekday, _chair(member))
            if hours is not None:
                yield {
                    "workspace": _workspace_of(member),
                    "member": member.id,
                    "weekday": weekday,
                    "opens": hours[0],
                    "closes": hours[1],
                }


def _customers() -> Iterator[Mapping[str, object]]:
    for account in (CUSTOMER, OTHER_CUSTOMER):
        yield {
            "id": _contact_id(account),
            "workspace": SALON_ID,
            "user": account.id,
            "name": account.name,
            "email": account.email,
            "phone": account.phone,
        }
    for contact in CONTACTS:
        yield {
            "id": contact.id,
            "workspace": SALON_ID,
            "user": None,
            "name": contact.name,
            "email": contact.email,
            "phone": contact.phone,
        }


def _time_off(day: date) -> Iterator[Mapping[str, object]]:
    for member in TEAM:
        away = training(day, _chair(member))
        if away is not None:
            yield {
                "id": uuid5(member.id, f"away {day}"),
                "workspace": SALON_ID,
                "member": member.id,
                "day": day,
                "begins": away[0],
                "ends": away[1],
            }


def _bookings(day: date, today: date) -> Iterator[Mapping[str, object]]:
    """Book what the diary says, and those with a login now and then."""
    place, regular = _REGULARS.get(day.toordinal() % 4, (None, None))
    for number, member in enumerate((*TEAM, _STUDIO_MEMBER)):
        planned = visits(
            _chair(member), day, days_ahead=(day - today).days, guest_count=len(CONTACTS) + 1
        )
        for order, visit in enumerate(planned):
            is_regular = regular is not None and number == place and order == 0
            yield _booking(member, day, visit, regular if is_regular else None)


def _booking(
    member: TeamMember, day: date, visit: Visit, regular: Account | None
) -> Mapping[str, object]:
    """Book for *regular*, or for whom the diary says; the last of its guests walks in."""
    contact = CONTACTS[visit.guest].id if visit.guest < len(CONTACTS) else None
    return {
        "id": visit.id,
        "workspace": _workspace_of(member),
        "contact": _contact_id(regular) if regular else contact,
        "member": member.id,
        "service": visit.service_id,
        "day": day,
        "time": visit.begins,
        "outcome": "completed" if regular else visit.outcome,
        "prospect": "confirmed" if regular else visit.prospect,
        "cancel_reason": visit.cancel_reason,
        "note": visit.note,
        "staff_note": visit.staff_note,
    }


def _chair(member: TeamMember) -> Chair:
    return Chair(
        id=member.id,
        offers=[
            Offer(
                service_id=service.id,
                duration_minutes=service.duration_minutes,
                buffer_minutes=service.buffer_after_minutes,
            )
            for service in _services_of(member)
        ],
        days_off=member.days_off,
        is_training=member.is_training,
    )


def _services_of(member: TeamMember) -> list[Service]:
    if member is _STUDIO_MEMBER:
        return [_STUDIO_SERVICE]
    return [SERVICES[index] for index in member.offers]


def _contact_id(account: Account) -> UUID:
    """Give the id of the salon's record of somebody with a login."""
    return uuid5(account.id, SALON_SLUG)


def _workspace_of(member: TeamMember) -> UUID:
    return STUDIO_ID if member is _STUDIO_MEMBER else SALON_ID
