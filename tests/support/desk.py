"""Writing appointments in a transaction that is rolled back, as any of the salon's people."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from slotcast.appointments import demo

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from psycopg import Connection

ZONE: Final = ZoneInfo(demo.TIME_ZONE)
HAIRCUT: Final = demo.SERVICES[0]
COLOUR: Final = demo.SERVICES[2]
OLGA, SAMIR, MINA = demo.TEAM


def quiet_day(hour: int = 10, minute: int = 0) -> datetime:
    """A time on a Tuesday, when all work, that the demo has no bookings for."""
    day = datetime.now(ZONE).date() + timedelta(days=demo.DAY_COUNT + 2)
    while day.isoweekday() != 2:
        day += timedelta(days=1)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)


def visit(**changes: object) -> dict[str, object]:
    """A row of an appointment in the salon: a walk-in's haircut, confirmed."""
    begins = changes.get("start_time", quiet_day())
    assert isinstance(begins, datetime)
    return {
        "id": uuid4(),
        "workspace_id": demo.SALON_ID,
        "team_member_id": SAMIR.id,
        "service_id": HAIRCUT.id,
        "customer_name": "Somebody",
        "start_time": begins,
        "end_time": begins + timedelta(minutes=HAIRCUT.duration_minutes),
        "status": "confirmed",
        **changes,
    }


def wish(customer: UUID, **changes: object) -> dict[str, object]:
    """What a customer sends to book a haircut."""
    return {
        "id": uuid4(),
        "workspace_id": demo.SALON_ID,
        "customer_id": customer,
        "team_member_id": SAMIR.id,
        "service_id": HAIRCUT.id,
        "customer_name": "Somebody",
        "start_time": quiet_day(),
        **changes,
    }


def insert(connection: Connection, table: str, row: Mapping[str, object]) -> dict[str, Any]:
    """Insert *row* into a table of schema public; gives it as it is then."""
    statement = sql.SQL("insert into public.{} ({}) values ({}) returning *").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Placeholder, row)),
    )
    return _one(connection, statement, row)


def update(connection: Connection, appointment: object, **changes: object) -> dict[str, Any] | None:
    """Change columns of an appointment; gives the row, or None if there was none to change."""
    statement = sql.SQL("update public.appointments set {} where id = %(key)s returning *").format(
        sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name))
            for name in changes
        )
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, {**changes, "key": appointment}).fetchone()


def read(connection: Connection, appointment: object) -> dict[str, Any]:
    """Give an appointment's row."""
    query = sql.SQL("select * from public.appointments where id = %(key)s")
    return _one(connection, query, {"key": appointment})


def _one(
    connection: Connection, statement: sql.SQL | sql.Composed, values: Mapping[str, object]
) -> dict[str, Any]:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(statement, values).fetchone()
    assert row is not None
    return row


@contextmanager
def acting(
    connection: Connection, user: UUID | None, role: str = "authenticated"
) -> Generator[None]:
    """Act as *user* within the block, in a savepoint; what is done there stays."""
    claims = {"role": role} if user is None else {"role": role, "sub": str(user)}
    connection.execute(
        "select set_config('request.jwt.claims', %s, true), set_config('role', %s, true)",
        [json.dumps(claims), role],
    )
    try:
        with connection.transaction():
            yield
    finally:
        connection.execute(
            "select set_config('request.jwt.claims', '', true), set_config('role', 'none', true)"
        )


def hint_of(error: psycopg.Error) -> str:
    """Give what a client can tell an error by: its hint, or its code."""
    return error.diag.message_hint or error.sqlstate or ""
