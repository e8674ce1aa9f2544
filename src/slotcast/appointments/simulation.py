"""
A customer who books, moves and cancels, so that one person alone sees the apps live.

He acts as everybody else does: as `authenticated` with his own claims. Policies and guard
decide about him as about a request.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from psycopg import AsyncConnection, errors
from psycopg.rows import DictRow, dict_row

from slotcast.appointments.acting import acting_as
from slotcast.appointments.demo import OTHER_CUSTOMER, SALON_ID

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import date, datetime
    from uuid import UUID

_Connection: TypeAlias = AsyncConnection[DictRow]

CUSTOMER: Final = OTHER_CUSTOMER
"""Who it is."""

_ATTEMPT_LIMIT: Final = 3
"""How often a time is chosen that somebody else takes at that moment."""

_CONNECT_TIMEOUT_S: Final = 5

# One of the first times, of a day or at all, that he could still change a little later.
_FREE_TIME: Final = """
with free as (
  select s.id as service_id, f.start_time
  from public.workspaces w
  join public.services s on s.workspace_id = w.id and s.active
  cross join lateral (
    select now() + make_interval(mins => w.change_cutoff_minutes + 15) as earliest,
           %(day)s::date::timestamp at time zone w.time_zone as begins,
           (%(day)s::date + 1)::timestamp at time zone w.time_zone as ends
  ) looked_at
  cross join lateral public.available_slots(
    s.id, null, greatest(earliest, begins),
    greatest(earliest, coalesce(ends, now() + interval '8 days'))
  ) f
  where w.id = %(salon)s
)
select service_id, start_time from free
where start_time <= (select min(start_time) from free) + interval '3 hours'
order by random() limit 1
"""

_BOOK: Final = """
insert into public.appointments (workspace_id, customer_id, service_id, customer_name, start_time)
values (%s, %s, %s, %s, %s)
returning id
"""

_NEXT_OPEN: Final = """
select a.id, a.version, a.service_id, a.team_member_id, a.start_time,
       now() + make_interval(mins => w.change_cutoff_minutes + 15) as earliest
from public.appointments a join public.workspaces w on w.id = a.workspace_id
where a.workspace_id = %(salon)s and a.customer_id = %(customer)s
  and a.status in ('pending', 'confirmed')
  and a.start_time >= now() + make_interval(mins => w.change_cutoff_minutes)
order by (a.start_time at time zone w.time_zone)::date is distinct from %(day)s::date, a.start_time
limit 1
"""

_ANOTHER_TIME: Final = """
select start_time, team_member_ids[1] as team_member_id
from public.nearest_slots(%(service_id)s, %(member)s, %(start_time)s, 12, %(id)s)
where start_time <> %(start_time)s and start_time >= %(earliest)s
order by random() limit 1
"""

_MOVE: Final = """
update public.appointments set start_time = %s, team_member_id = %s where id = %s and version = %s
"""

_CANCEL: Final = """
update public.appointments set status = 'cancelled', cancel_reason = 'Something came up'
where id = %s and version = %s
"""

_DESCRIBE: Final = """
select a.id, a.customer_name, s.name as service, t.name as team_member, a.start_time, a.end_time,
       a.status
from public.appointments a
left join public.services s on s.id = a.service_id
left join public.team_members t on t.id = a.team_member_id
where a.id = %s
"""


class Impossible(Exception):
    """The customer cannot do that now; the message says why, and what helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """An appointment as people speak of it."""

    id: UUID
    customer_name: str
    service: str | None
    team_member: str | None
    start_time: datetime
    end_time: datetime
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """
    What the customer did.

    Attributes:
        action: `book`, `move` or `cancel`.
        visit: The appointment since then.
        before: As it was; None for a new one.
    """

    action: str
    visit: Visit
    before: Visit | None


class SimulatedCustomer:
    """
    Acts when asked to, one thing after the other.

    Args:
        database_url: As a role that may become `authenticated`.
    """

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._is_acting = asyncio.Lock()

    async def act(self, action: str, day: date | None = None) -> Deed:
        """
        Do something.

        Args:
            action: `book`, `move` or `cancel`.
            day: Where somebody is looking, in the salon's time zone: that is where it is done,
                if it can be.

        Raises:
            Impossible: It cannot be done, or there is no such action.
            psycopg.Error: The database failed.
        """
        do = _ACTIONS.get(action)
        if do is None:
            raise Impossible(f"{CUSTOMER.name} can {', '.join(_ACTIONS)}, and nothing else")
        async with (
            self._is_acting,
            await _Connection.connect(
                self._database_url,
                autocommit=True,
                row_factory=dict_row,
                connect_timeout=_CONNECT_TIMEOUT_S,
            ) as connection,
        ):
            for _ in range(_ATTEMPT_LIMIT):
                try:
                    async with acting_as(connection, CUSTOMER.id):
                        return await do(connection, day)
                except (_Overtaken, errors.ExclusionViolation):
                    continue
                except (errors.RaiseException, errors.InsufficientPrivilege) as refused:
                    message = refused.diag.message_primary or str(refused)
                    raise Impossible(f"{CUSTOMER.name} was refused: {message}") from refused
        raise Impossible("Others were faster each time; try again")


class _Overtaken(Exception):
    """Somebody else changed the appointment first."""


async def _book(connection: _Connection, day: date | None) -> Deed:
    free = await _free_time(connection, day) or await _free_time(connection, None)
    if free is None:
        raise Impossible("Nothing is free in the next eight days")
    booked = await _first(
        connection,
        _BOOK,
        SALON_ID,
        CUSTOMER.id,
        free["service_id"],
        CUSTOMER.name,
        free["start_time"],
    )
    if booked is None:
        raise AssertionError("INSERT … RETURNING returns a row")
    return Deed(action="book", visit=await _describe(connection, booked["id"]), before=None)


async def _free_time(connection: _Connection, day: date | None) -> DictRow | None:
    cursor = await connection.execute(_FREE_TIME, {"salon": SALON_ID, "day": day})
    return await cursor.fetchone()


async def _move(connection: _Connection, day: date | None) -> Deed:
    found = await _next_open(connection, day)
    before = await _describe(connection, found["id"])
    other: DictRow | None = None
    # Rather with the same person.
    for member in (found["team_member_id"], None):
        cursor = await connection.execute(_ANOTHER_TIME, {**found, "member": member})
        other = await cursor.fetchone()
        if other is not None:
            break
    if other is None:
        raise Impossible("No other time is free within two weeks")
    await _change(
        connection,
        _MOVE,
        other["start_time"],
        other["team_member_id"],
        found["id"],
        found["version"],
    )
    return Deed(action="move", visit=await _describe(connection, found["id"]), before=before)


async def _cancel(connection: _Connection, day: date | None) -> Deed:
    found = await _next_open(connection, day)
    before = await _describe(connection, found["id"])
    await _change(connection, _CANCEL, found["id"], found["version"])
    return Deed(action="cancel", visit=await _describe(connection, found["id"]), before=before)


async def _next_open(connection: _Connection, day: date | None) -> DictRow:
    cursor = await connection.execute(
        _NEXT_OPEN, {"salon": SALON_ID, "customer": CUSTOMER.id, "day": day}
    )
    found = await cursor.fetchone()
    if found is None:
        raise Impossible(
            f"{CUSTOMER.name} has no appointment that may still be changed; let him book first"
        )
    return found


async def _change(connection: _Connection, statement: str, *values: object) -> None:
    cursor = await connection.execute(statement.encode(), values)
    if cursor.rowcount == 0:
        raise _Overtaken


async def _describe(connection: _Connection, appointment_id: UUID) -> Visit:
    row = await _first(connection, _DESCRIBE, appointment_id)
    if row is None:
        raise _Overtaken
    return Visit(**row)


async def _first(connection: _Connection, query: str, *values: object) -> DictRow | None:
    cursor = await connection.execute(query.encode(), values)
    return await cursor.fetchone()


_ACTIONS: Final[Mapping[str, Callable[[_Connection, date | None], Awaitable[Deed]]]] = {
    "book": _book,
    "move": _move,
    "cancel": _cancel,
}
