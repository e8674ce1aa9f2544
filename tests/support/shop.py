"""A shop of a test's own: workspace, team, services, hours, and people who can sign in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx

from support.server import PUBLISHABLE_KEY, SECRET_KEY, serving

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager
    from typing import Any

    from playwright.async_api import Page
    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

PASSWORD: Final = "correct horse battery"
_TIMEOUT_S: Final = 20.0

_SHOP: Final = """
with shop as (
  insert into public.workspaces
    (id, name, slug, time_zone, auto_confirm, min_notice_minutes)
  values (%(id)s, %(name)s, %(slug)s, %(zone)s, %(auto_confirm)s, 0)
)
insert into public.workspace_members (workspace_id, user_id, role)
values (%(id)s, %(owner)s, 'owner')
on conflict (workspace_id, user_id) do update set role = 'owner'
"""
_SERVICE: Final = """
insert into public.services (id, workspace_id, name, duration_minutes, price_cents, currency)
values (%s, %s, %s, %s, %s, 'EUR')
"""
_TEAM_MEMBER: Final = """
insert into public.team_members (id, workspace_id, user_id, name, color, sort_order)
values (%s, %s, %s, %s, %s, %s)
"""
_OFFERS: Final = "insert into public.team_member_services values (%s, %s, %s)"
_HOURS: Final = """
insert into public.working_hours (workspace_id, team_member_id, weekday, opens, closes)
select %s, %s, weekday, %s, '18:00' from generate_series(1, 7) weekday
"""
_APPOINTMENT: Final = """
insert into public.appointments (
  id, workspace_id, team_member_id, service_id, customer_id, customer_name, start_time, end_time,
  status
)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account; *session* is what supabase-js keeps of being signed in."""

    id: UUID
    email: str
    name: str
    session: Mapping[str, Any]

    @property
    def token(self) -> str:
        return self.session["access_token"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """
    A workspace, open every day from 9 to 18, that asks for no notice.

    Attributes:
        services: By name: Cut (45 minutes) and Colour (90 minutes).
        members: The team, by name: Ana, who is the owner, and Ben.
    """

    id: UUID
    slug: str
    name: str
    zone: ZoneInfo
    owner: Person
    services: Mapping[str, UUID]
    members: Mapping[str, UUID]
    url: str
    database: AsyncConnection[TupleRow]

    def at(self, time: str, *, days: int = 1) -> datetime:
        """Give the instant of *time* ("14:00") in the shop's zone, some days from today."""
        day = datetime.now(self.zone).date() + timedelta(days=days)
        hour, minute = map(int, time.split(":"))
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)

    async def book(
        self,
        start: datetime,
        *,
        member: str = "Ana",
        service: str = "Cut",
        customer: Person | None = None,
        name: str = "Walk-in",
        status: str = "confirmed",
    ) -> UUID:
        """Insert an appointment past all apps, as a script with SQL would."""
        identifier = uuid4()
        minutes = 45 if service == "Cut" else 90
        end = start.astimezone(UTC) + timedelta(minutes=minutes)
        who = (customer.id, customer.name) if customer else (None, name)
        await self.database.execute(
            _APPOINTMENT,
            [
                identifier,
                self.id,
                self.members[member],
                self.services[service],
                *who,
                start,
                end,
                status,
            ],
        )
        return identifier

    async def move(self, appointment: UUID, start: datetime, *, minutes: int = 45) -> None:
        """Move an appointment past all apps."""
        start = start.astimezone(UTC)
        await self.database.execute(
            "update public.appointments set start_time = %s, end_time = %s where id = %s",
            [start, start + timedelta(minutes=minutes), appointment],
        )

    async def starts(self) -> list[tuple[datetime, str]]:
        """Give start and status of all appointments, in order."""
        cursor = await self.database.execute(
            "select start_time, status from public.appointments where workspace_id = %s"
            " order by start_time, id",
            [self.id],
        )
        return [(start, status) for start, status in await cursor.fetchall()]

    async def join(self, person: Person, role: str = "staff") -> None:
        """Make *person* a member of the workspace."""
        await self.database.execute(
            "insert into public.workspace_members (workspace_id, user_id, role)"
            " values (%s, %s, %s)",
            [self.id, person.id, role],
        )

    async def customer(self, name: str) -> Person:
        """Sign up somebody who has no booking yet."""
        return await sign_up(self.url, name)


async def end_session(page: Page, app: str) -> None:
    """Let the session of *page* run out, with nothing to renew it by; the app finds out later."""
    await page.evaluate(
        """(key) => {
          const session = JSON.parse(localStorage.getItem(key));
          const ended = { ...session, expires_at: 1, refresh_token: "gone" };
          localStorage.setItem(key, JSON.stringify(ended));
        }""",
        f"slotcast.{app}",
    )


def serving_apps(url: str, slot: str, **changes: object) -> AbstractAsyncContextManager[str]:
    """Run a server with both apps, and accounts that need no mail; see `serving`."""
    return serving(
        url, slot, apps="on", auth="on", auth_autoconfirm="on", auth_anonymous="on", **changes
    )


async def sign_up(url: str, name: str) -> Person:
    """Make a confirmed account, and sign in to it."""
    email = f"{name.lower().replace(' ', '.')}-{uuid4().hex[:8]}@mail.example"
    async with httpx.AsyncClient(base_url=f"{url}/auth/v1", timeout=_TIMEOUT_S) as client:
        made = await client.post(
            "/admin/users",
            headers={"apikey": SECRET_KEY, "Authorization": f"Bearer {SECRET_KEY}"},
            json={
                "email": email,
                "password": PASSWORD,
                "email_confirm": True,
                "user_metadata": {"name": name},
            },
        )
        made.raise_for_status()
        session = await client.post(
            "/token?grant_type=password",
            headers={"apikey": PUBLISHABLE_KEY},
            json={"email": email, "password": PASSWORD},
        )
        session.raise_for_status()
    return Person(UUID(made.json()["id"]), email, name, session.json())


async def open_shop(
    url: str,
    database: AsyncConnection[TupleRow],
    *,
    zone: str = "Europe/Paris",
    auto_confirm: bool = False,
    opens: str = "09:00",
) -> Shop:
    """
    Open a shop for a test.

    Args:
        url: The server, which serves accounts.
        database: A connection in autocommit mode, of a superuser.
        zone: Where the shop is.
        auto_confirm: Whether what customers book is confirmed at once.
        opens: When it does each day; it closes at 18:00.
    """
    owner = await sign_up(url, "Ana")
    identifier = uuid4()
    slug = f"shop-{identifier.hex[:8]}"
    name = f"Shop {identifier.hex[:4]}"
    await database.execute(
        _SHOP,
        {
            "id": identifier,
            "name": name,
            "slug": slug,
            "zone": zone,
            "auto_confirm": auto_confirm,
            "owner": owner.id,
        },
    )
    services = {"Cut": (uuid4(), 45, 4500), "Colour": (uuid4(), 90, 12000)}
    for title, (service, minutes, cents) in services.items():
        await database.execute(_SERVICE, [service, identifier, title, minutes, cents])
    members = {"Ana": uuid4(), "Ben": uuid4()}
    for number, (member_name, member) in enumerate(members.items()):
        user = owner.id if member_name == "Ana" else None
        color = "#2563eb" if member_name == "Ana" else "#b45309"
        await database.execute(_TEAM_MEMBER, [member, identifier, user, member_name, color, number])
        await database.execute(_HOURS, [identifier, member, opens])
        for service, _, _ in services.values():
            await database.execute(_OFFERS, [identifier, member, service])
    return Shop(
        id=identifier,
        slug=slug,
        name=name,
        zone=ZoneInfo(zone),
        owner=owner,
        services={title: service for title, (service, _, _) in services.items()},
        members=members,
        url=url,
        database=database,
    )


def stored_session(url: str, person: Person) -> dict[str, Any]:
    """Give the browser's storage in which *person* is signed in to both apps."""
    session = json.dumps(person.session)
    kept = [{"name": f"slotcast.{app}", "value": session} for app in ("dashboard", "booking")]
    return {"cookies": [], "origins": [{"origin": url, "localStorage": kept}]}
