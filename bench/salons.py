"""
Workspaces with so many members and customers that their changes concern few or all.

Users are numbered from 0. Workspace *g* has the members 3*g* and 3*g* + 1 and the customer
3*g* + 2, so a change of that customer's concerns three users. All of them are members of the
workspace `EVERYBODY` as well.
"""

from __future__ import annotations

import time
from typing import Final
from uuid import UUID

import psycopg
from psycopg import sql

FEW: Final = 3
"""How many a change concerns, unless it concerns everybody."""

EVERYBODY: Final = UUID("0000000b-0000-4000-8000-ffffffffffff")

APPOINTMENTS: Final = "appointments"
"""Where changes are for a server that reads the write-ahead log."""
TOLD: Final = "told"
"""The same table for servers that are told by a trigger with NOTIFY."""

_SCHEMA: Final = """
create schema bench;
create function bench.id(prefix text, n bigint) returns uuid language sql immutable as
  $$ select (prefix || '-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;

-- What an appointment sets off in its own workspace is not what is measured.
alter table public.appointments disable trigger user;

create table public.told (
  like public.appointments including defaults including generated including indexes
);
create function bench.tell() returns trigger language plpgsql as
  $$ begin perform pg_notify('changes', to_jsonb(new)::text); return null; end $$;
create trigger tell after insert on public.told for each row execute function bench.tell();
"""

_SALONS: Final = """
insert into auth.users (id) select bench.id('0000000a', n) from generate_series(0, %(last)s) n;
insert into public.profiles (id, display_name)
  select bench.id('0000000a', n), 'User ' || n from generate_series(0, %(last)s) n
  on conflict do nothing;
insert into public.workspaces (id, name, slug, time_zone)
  select bench.id('0000000b', g), 'Salon ' || g, 'salon-' || g, 'UTC'
  from generate_series(0, %(last)s / 3) g
  union all select %(everybody)s, 'Everybody', 'everybody', 'UTC';
insert into public.workspace_members (workspace_id, user_id)
  select bench.id('0000000b', n / 3), bench.id('0000000a', n)
  from generate_series(0, %(last)s) n where n %% 3 < 2
  union all
  select %(everybody)s, bench.id('0000000a', n) from generate_series(0, %(last)s) n;
analyze;
"""

_INSERT: Final = """
insert into public.{table}
  (workspace_id, customer_id, customer_name, start_time, end_time, notes)
values ({workspace}, {customer}, 'A customer', '2030-01-01 10:00Z', '2030-01-01 11:00Z', {notes})
"""

# A loop within PostgreSQL: a client that commits so fast would take the machine from the server.
_COMMIT_MANY: Final = """
create procedure bench.commit_{table}(first bigint, amount bigint, salons bigint, filler integer)
language plpgsql as $$
begin
  for n in first .. first + amount - 1 loop
    {insert};
    commit;
  end loop;
end $$
"""


def user_id(number: int) -> UUID:
    return UUID(f"0000000a-0000-4000-8000-{number:012x}")


def workspace_id(number: int) -> UUID:
    return UUID(f"0000000b-0000-4000-8000-{number:012x}")


def concerned(number: int, salon_count: int) -> range:
    """
    Tell whom change *number* concerns among three users a salon.

    Args:
        number: Of the change.
        salon_count: Whose changes take turns.
    """
    first = FEW * (number % salon_count)
    return range(first, first + FEW)


def prepare(url: str, user_count: int) -> None:
    """Fill a database that has the schema of appointments."""
    with psycopg.connect(url) as connection:
        connection.execute(_SCHEMA)
        for table in (APPOINTMENTS, TOLD):
            insert = _insert(
                table,
                sql.SQL(
                    "case salons when 0 then {} else bench.id('0000000b', n % salons) end"
                ).format(EVERYBODY),
                sql.SQL(
                    "case salons when 0 then null"
                    " else bench.id('0000000a', 3 * (n % salons) + 2) end"
                ),
                sql.SQL("'bench:' || n || ':' || repeat('x', filler)"),
            )
            connection.execute(sql.SQL(_COMMIT_MANY).format(table=sql.SQL(table), insert=insert))
    with (
        psycopg.connect(url, autocommit=True) as connection,
        psycopg.ClientCursor(connection) as cursor,
    ):
        cursor.execute(_SALONS, {"last": user_count - 1, "everybody": EVERYBODY})


def _insert(
    table: str, workspace: sql.Composable, customer: sql.Composable, notes: sql.Composable
) -> sql.Composed:
    return sql.SQL(_INSERT).format(
        table=sql.Identifier(table), workspace=workspace, customer=customer, notes=notes
    )


class Writer:
    """
    Commits changes of one table, each in a transaction of its own.

    Args:
        connection: In autocommit.
        table: `APPOINTMENTS` or `TOLD`.
        salon_count: How many salons' changes take turns; 0 for changes that concern all.
        filler: How many letters the notes have besides the change's number.
    """

    def __init__(
        self, connection: psycopg.Connection, table: str, salon_count: int, filler: int
    ) -> None:
        self._connection = connection
        self._many = sql.SQL("call bench.{}(%s, %s, %s, %s)").format(
            sql.Identifier(f"commit_{table}")
        )
        self._one = _insert(table, *([sql.Placeholder()] * 3))
        self._salon_count = salon_count
        self._filler = filler

    def commit_many(self, first: int, amount: int) -> None:
        """Commit changes one after the other, as fast as it goes."""
        self._connection.execute(self._many, [first, amount, self._salon_count, self._filler])

    def commit_at(self, rate: float, first: int, amount: int) -> dict[int, int]:
        """
        Commit changes at a rate, in changes a second.

        Returns:
            When each was committed, in nanoseconds of CLOCK_MONOTONIC.
        """
        committed_ns: dict[int, int] = {}
        begin = time.monotonic()
        for place in range(amount):
            time.sleep(max(0.0, begin + place / rate - time.monotonic()))
            number = first + place
            self._connection.execute(self._one, self._values(number), prepare=True)
            committed_ns[number] = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        return committed_ns

    def _values(self, number: int) -> tuple[UUID, UUID | None, str]:
        notes = f"bench:{number}:{'x' * self._filler}"
        if self._salon_count == 0:
            return EVERYBODY, None, notes
        salon = number % self._salon_count
        return workspace_id(salon), user_id(FEW * salon + 2), notes
