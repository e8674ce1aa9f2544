"""
Demo data: a salon with two weeks of bookings, a studio next door, and people to act as.

The ids are fixed, so that examples and tests can name them. Inserting again changes nothing
that exists and adds the bookings of the days that have come into the two weeks since.
All accounts have the same `PASSWORD`, which everybody may know.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who can sign in; *id* is what `auth.uid()` returns for them."""

    id: UUID
    email: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMember:
    """Somebody who can be booked, and the indexes in `SERVICES` of what they offer."""

    id: UUID
    name: str
    color: str
    account: Account | None
    offers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What can be booked; the price is in cents of a euro."""

    id: UUID
    name: str
    duration_minutes: int
    buffer_after_minutes: int
    price_cents: int
    color: str


def _id(group: int, number: int) -> UUID:
    """Make an id that shows at a glance what it belongs to."""
    return UUID(f"{group:08x}-0000-4000-8000-{number:012x}")


OWNER: Final = Account(id=_id(1, 1), email="owner@salon.example", name="Olga")
STAFF: Final = Account(id=_id(1, 2), email="staff@salon.example", name="Samir")
CUSTOMER: Final = Account(id=_id(1, 3), email="customer@mail.example", name="Clara")
OTHER_CUSTOMER: Final = Account(id=_id(1, 4), email="other@mail.example", name="Otto")
STRANGER: Final = Account(id=_id(1, 5), email="stranger@studio.example", name="Sten")
ACCOUNTS: Final = (OWNER, STAFF, CUSTOMER, OTHER_CUSTOMER, STRANGER)

PASSWORD: Final = "demo-password"  # noqa: S105 - no secret
_PASSWORD_HASH: Final = "$2b$10$Rlr8NRz3olIhqKEDqUDoE.ZQGggUYe.eETQI9W9Y/Fcz2RNm7B74C"  # noqa: S105

SALON_ID: Final = _id(2, 1)
STUDIO_ID: Final = _id(2, 2)

SERVICES: Final = (
    Service(
        id=_id(3, 1),
        name="Haircut",
        duration_minutes=45,
        buffer_after_minutes=0,
        price_cents=4200,
        color="#2563eb",
    ),
    Service(
        id=_id(3, 2),
        name="Wash and blow-dry",
        duration_minutes=30,
        buffer_after_minutes=0,
        price_cents=2800,
        color="#0891b2",
    ),
    Service(
        id=_id(3, 3),
        name="Colour",
        duration_minutes=90,
        buffer_after_minutes=15,
        price_cents=8900,
        color="#7c3aed",
    ),
    Service(
        id=_id(3, 4),
        name="Beard trim",
        duration_minutes=20,
        buffer_after_minutes=0,
        price_cents=1800,
        color="#b45309",
    ),
    Service(
        id=_id(3, 5),
        name="Manicure",
        duration_minutes=60,
        buffer_after_minutes=0,
        price_cents=3900,
        color="#db2777",
    ),
    Service(
        id=_id(3, 6),
        name="Head massage",
        duration_minutes=30,
        buffer_after_minutes=10,
        price_cents=3000,
        color="#059669",
    ),
)

TEAM: Final = (
    TeamMember(
        id=_id(4, 1), name="Olga", color="#7c3aed", account=OWNER, offers=(0, 1, 2, 3, 4, 5)
    ),
    TeamMember(id=_id(4, 2), name="Samir", color="#2563eb", account=STAFF, offers=(0, 1, 3, 5)),
    TeamMember(id=_id(4, 3), name="Mina", color="#db2777", account=None, offers=(1, 2, 4)),
)

_STUDIO_SERVICE: Final = Service(
    id=_id(3, 101),
    name="Portrait",
    duration_minutes=90,
    buffer_after_minutes=15,
    price_cents=12000,
    color="#475569",
)
_STUDIO_MEMBER: Final = TeamMember(
    id=_id(4, 101), name="Sten", color="#475569", account=STRANGER, offers=()
)

DAY_COUNT: Final = 14

_DEFAULT_TIME_ZONE: Final = "Europe/Paris"
_SUNDAY: Final = 7
_OPENS: Final = time(9)
_CLOSES: Final = time(18)
# Far enough apart for the longest service and its buffer.
_BOOKING_TIMES: Final = (time(9), time(11), time(13, 30), time(15, 30))

_INSERT_ACCOUNT: Final = """
    with account as (
      insert into auth.users (
        instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
        confirmation_token, recovery_token, email_change_token_new, email_change,
        raw_app_meta_data, raw_user_meta_data, created_at, updated_at
      )
      values (
        '00000000-0000-0000-0000-000000000000', %(id)s, 'authenticated', 'authenticated',
        %(email)s, %(hash)s, now(), '', '', '', '',
        '{"provider": "email", "providers": ["email"]}',
        jsonb_build_object('name', %(name)s::text, 'email_verified', true), now(), now()
      )
      on conflict do nothing
      returning id, email
    )
    insert into auth.identities
      (provider_id, user_id, identity_data, provider, created_at, updated_at)
    select id::text, id,
           jsonb_build_object(
             'sub', id, 'email', email, 'email_verified', true, 'phone_verified', false
           ),
           'email', now(), now()
    from account
"""

_INSERT_WORKSPACE: Final = """
    insert into public.workspaces (id, name, slug, time_zone, online_booking, created_by)
    values (%(id)s, %(name)s, %(slug)s, %(time_zone)s, %(online_booking)s, %(owner)s)
    on conflict do nothing
"""

_INSERT_WORKSPACE_MEMBER: Final = """
    insert into public.workspace_members (workspace_id, user_id, role)
    values (%(workspace)s, %(user)s, %(role)s)
    on conflict do nothing
"""

_INSERT_SERVICE: Final = """
    insert into public.services (
      id, workspace_id, name, duration_minutes, buffer_after_minutes, price_cents, currency, color
    )
    values (
      %(id)s, %(workspace)s, %(name)s, %(duration)s, %(buffer)s, %(price)s, 'EUR', %(color)s
    )
    on conflict do nothing
"""

_INSERT_TEAM_MEMBER: Final = """
    insert into public.team_members (id, workspace_id, user_id, name, color, sort_order)
    values (%(id)s, %(workspace)s, %(user)s, %(name)s, %(color)s, %(order)s)
    on conflict do nothing
"""

_INSERT_OFFER: Final = """
    insert into public.team_member_services (workspace_id, team_member_id, service_id)
    values (%(workspace)s, %(member)s, %(service)s)
    on conflict do nothing
"""

_INSERT_WORKING_HOURS: Final = """
    insert into public.working_hours (workspace_id, team_member_id, weekday, opens, closes)
    values (%(workspace)s, %(member)s, %(weekday)s, %(opens)s, %(closes)s)
    on conflict do nothing
"""

_INSERT_CUSTOMER: Final = """
    insert into public.customers (workspace_id, user_id, name, email)
    values (%(workspace)s, %(id)s, %(name)s, %(email)s)
    on conflict do nothing
"""

# Without a conflict target, so that a booking that somebody made meanwhile stands too.
_INSERT_APPOINTMENT: Final = """
    insert into public.appointments (
      id, workspace_id, customer_id, contact_id, team_member_id, service_id, customer_name,
      start_time, end_time, buffer_after_minutes, status, price_cents, currency
    )
    select %(id)s, w.id, %(customer)s, c.id, %(member)s, s.id, %(name)s,
           begins, begins + make_interval(mins => s.duration_minutes), s.buffer_after_minutes,
           case when begins < now() then 'completed' else %(status)s end, s.price_cents, s.currency
    from public.workspaces w
    join public.services s on s.workspace_id = w.id and s.id = %(service)s
    left join public.customers c on c.workspace_id = w.id and c.user_id = %(customer)s
    cross join lateral (
      select (%(day)s::date + %(time)s::time) at time zone w.time_zone as begins
    ) as moment
    where w.id = %(workspace)s
    on conflict do nothing
"""


async def insert(
    connection: AsyncConnection, *, today: date, time_zone: str = _DEFAULT_TIME_ZONE
) -> None:
    """
    Insert the demo data that is missing, in one transaction.

    Args:
        connection: As a role that row level security does not bind.
        today: The first of the days that get bookings.
        time_zone: IANA name of the zone the workspaces are created in; those that exist
            keep theirs.
    """
    async with connection.transaction(), connection.cursor() as cursor:
        await cursor.executemany(_INSERT_ACCOUNT, list(_accounts()))
        await cursor.executemany(_INSERT_WORKSPACE, list(_workspaces(time_zone)))
        await cursor.executemany(_INSERT_WORKSPACE_MEMBER, list(_memberships()))
        await cursor.executemany(_INSERT_SERVICE, list(_services()))
        await cursor.executemany(_INSERT_TEAM_MEMBER, list(_team_members()))
        await cursor.executemany(_INSERT_OFFER, list(_offers()))
        await cursor.executemany(_INSERT_WORKING_HOURS, list(_working_hours()))
        await cursor.executemany(_INSERT_CUSTOMER, list(_customers()))
        await cursor.executemany(_INSERT_APPOINTMENT, list(_appointments(today)))


def _accounts() -> Iterator[Mapping[str, object]]:
    """Their profiles come by a trigger, as everybody's do."""
    for account in ACCOUNTS:
        yield {
            "id": account.id,
            "email": account.email,
            "name": account.name,
            "hash": _PASSWORD_HASH,
        }


def _workspaces(time_zone: str) -> Iterator[Mapping[str, object]]:
    """Two workspaces: what is in the one must never show in the other."""
    yield {
        "id": SALON_ID,
        "name": "Salon am Fluss",
        "slug": "salon",
        "time_zone": time_zone,
        "online_booking": True,
        "owner": OWNER.id,
    }
    yield {
        "id": STUDIO_ID,
        "name": "Studio next door",
        "slug": "studio",
        "time_zone": time_zone,
        "online_booking": False,
        "owner": STRANGER.id,
    }


def _memberships() -> Iterator[Mapping[str, object]]:
    yield {"workspace": SALON_ID, "user": OWNER.id, "role": "owner"}
    yield {"workspace": SALON_ID, "user": STAFF.id, "role": "staff"}
    yield {"workspace": STUDIO_ID, "user": STRANGER.id, "role": "owner"}


def _services() -> Iterator[Mapping[str, object]]:
    for service in (*SERVICES, _STUDIO_SERVICE):
        yield {
            "id": service.id,
            "workspace": STUDIO_ID if service is _STUDIO_SERVICE else SALON_ID,
            "name": service.name,
            "duration": service.duration_minutes,
            "buffer": service.buffer_after_minutes,
            "price": service.price_cents,
            "color": service.color,
        }


def _team_members() -> Iterator[Mapping[str, object]]:
    for order, member in enumerate((*TEAM, _STUDIO_MEMBER)):
        yield {
            "id": member.id,
            "workspace": _workspace_of(member),
            "user": member.account.id if member.account else None,
            "name": member.name,
            "color": member.color,
            "order": order,
        }


def _offers() -> Iterator[Mapping[str, object]]:
    for member in TEAM:
        for index in member.offers:
            yield {"workspace": SALON_ID, "member": member.id, "service": SERVICES[index].id}
    yield {"workspace": STUDIO_ID, "member": _STUDIO_MEMBER.id, "service": _STUDIO_SERVICE.id}


def _working_hours() -> Iterator[Mapping[str, object]]:
    for member in (*TEAM, _STUDIO_MEMBER):
        for weekday in range(1, _SUNDAY):
            yield {
                "workspace": _workspace_of(member),
                "member": member.id,
                "weekday": weekday,
                "opens": _OPENS,
                "closes": _CLOSES,
            }


def _customers() -> Iterator[Mapping[str, object]]:
    for account in (CUSTOMER, OTHER_CUSTOMER):
        yield {
            "workspace": SALON_ID,
            "id": account.id,
            "name": account.name,
            "email": account.email,
        }


def _appointments(today: date) -> Iterator[Mapping[str, object]]:
    """
    Fill about three of four places of each day but Sundays.

    What a place holds depends on its date alone, so that the next day's run agrees.
    """
    for day in (today + timedelta(days=offset) for offset in range(DAY_COUNT)):
        if day.isoweekday() == _SUNDAY:
            continue
        for lane, member in enumerate((*TEAM, _STUDIO_MEMBER)):
            for place, begins in enumerate(_BOOKING_TIMES):
                mix = day.toordinal() * 7 + lane * 3 + place
                if mix % 4 == 0:
                    continue
                yield _appointment(day, begins, member, mix)


def _appointment(day: date, begins: time, member: TeamMember, mix: int) -> Mapping[str, object]:
    """Choose service, customer and status by *mix*, any whole number."""
    in_studio = member is _STUDIO_MEMBER
    customer = None if in_studio else (CUSTOMER, OTHER_CUSTOMER, None)[mix % 3]
    service = _STUDIO_SERVICE if in_studio else SERVICES[member.offers[mix % len(member.offers)]]
    return {
        "id": uuid5(member.id, f"{day} {begins}"),
        "workspace": _workspace_of(member),
        "customer": customer.id if customer else None,
        "name": customer.name if customer else "Walk-in",
        "member": member.id,
        "service": service.id,
        "day": day,
        "time": begins,
        "status": "pending" if mix % 5 == 0 else "confirmed",
    }


def _workspace_of(member: TeamMember) -> UUID:
    return STUDIO_ID if member is _STUDIO_MEMBER else SALON_ID
