"""Staff at work in plain SQL, as a back office that knows nothing of Slotcast."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg

from slotcast.appointments import demo

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from uuid import UUID

    from psycopg import AsyncConnection

    from slotcast.appointments.demo import Account


@dataclass(frozen=True, slots=True)
class Bookings:
    """
    Writes appointments. Each method is one transaction, committed when it returns.

    They are of the salon and written by its staff, or of the studio and written by the
    stranger, whose it is.
    """

    connection: AsyncConnection

    async def insert(
        self, name: str, customer: Account | None = None, *, studio: bool = False
    ) -> UUID:
        """Book for *customer*, or a walk-in, under *name*; gives the appointment's id."""
        begins = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
        async with self._as_staff(studio=studio) as connection:
            cursor = await connection.execute(
                "insert into public.appointments"
                " (workspace_id, customer_id, customer_name, start_time, end_time)"
                " values (%s, %s, %s, %s, %s) returning id",
                [
                    demo.STUDIO_ID if studio else demo.SALON_ID,
                    None if customer is None else customer.id,
                    name,
                    begins,
                    begins + timedelta(hours=1),
                ],
            )
            row = await cursor.fetchone()
        if row is None:
            raise AssertionError("INSERT … RETURNING returns a row")
        return row[0]

    async def update(self, appointment_id: UUID, *, studio: bool = False, **values: object) -> None:
        """Set columns of an appointment."""
        assignments = ", ".join(f"{column} = %({column})s" for column in values)
        async with self._as_staff(studio=studio) as connection:
            await connection.execute(
                f"update public.appointments set {assignments} where id = %(id)s".encode(),
                {**values, "id": appointment_id},
            )

    async def delete(self, appointment_id: UUID, *, studio: bool = False) -> None:
        """Delete an appointment."""
        async with self._as_staff(studio=studio) as connection:
            await connection.execute(
                "delete from public.appointments where id = %s", [appointment_id]
            )

    async def touch_service(self) -> None:
        """Change a service of the salon, which everybody may see, even without signing in."""
        await self.connection.execute(
            "update public.services set price_cents = price_cents + 1 where id = %s",
            [demo.SERVICES[0].id],
        )

    async def row(self, appointment_id: UUID) -> dict[str, Any]:
        """Read an appointment as PostgreSQL makes JSON of it."""
        cursor = await self.connection.execute(
            "select to_jsonb(a) from public.appointments a where id = %s", [appointment_id]
        )
        row = await cursor.fetchone()
        if row is None:
            raise AssertionError("there is no such appointment")
        return row[0]

    @asynccontextmanager
    async def _as_staff(self, *, studio: bool) -> AsyncGenerator[AsyncConnection]:
        actor = demo.STRANGER if studio else demo.STAFF
        claims = json.dumps({"sub": str(actor.id), "role": "authenticated"})
        async with self.connection.transaction():
            await self.connection.execute(
                "select set_config('request.jwt.claims', %s, true)", [claims]
            )
            await self.connection.execute("set local role authenticated")
            yield self.connection


@asynccontextmanager
async def bookings(url: str) -> AsyncGenerator[Bookings]:
    """Open a connection to write with."""
    async with await psycopg.AsyncConnection.connect(
        url, autocommit=True, options="-c timezone=UTC"
    ) as connection:
        yield Bookings(connection)
