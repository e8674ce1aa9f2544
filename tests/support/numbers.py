"""Numbered rows under a policy, and a writer that knows when each was committed."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

TIMEOUT_S: Final = 60.0

# The policy reads another table, so whoever locks that one keeps rows from being judged.
TABLES: Final = """
create table public.gate (is_open boolean not null);
insert into public.gate values (true);
grant select on public.gate to anon;
create table public.numbers (id int primary key, note text);
alter table public.numbers enable row level security;
create policy through_the_gate on public.numbers for select to anon
  using ((select is_open from public.gate));
grant select on public.numbers to anon;
alter publication supabase_realtime add table public.numbers;
"""

NUMBERS: Final = {"event": "INSERT", "schema": "public", "table": "numbers"}

_SEVERAL: Final = 10  # every tenth transaction writes
_ROWS: Final = 3  # so many rows


@dataclass(frozen=True, slots=True)
class Commit:
    """A transaction that wrote rows *first* to *last*; times are the loop's, in seconds."""

    first: int
    last: int
    began_at: float
    done_at: float


class Writer:
    """Writes numbered rows, over a new connection when one breaks; each row exactly once."""

    def __init__(self, url: str, padding: int) -> None:
        self._url = url
        self._padding = padding
        self._connection: psycopg.AsyncConnection[tuple[Any, ...]] | None = None
        self._next = 1
        self._grown = asyncio.Condition()
        self.commits: list[Commit] = []

    async def write(self, last: int) -> None:
        """Write the rows up to number *last*, mostly one in a transaction."""
        loop = asyncio.get_running_loop()
        while self._next <= last:
            count = _ROWS if len(self.commits) % _SEVERAL == 0 else 1
            first, until = self._next, min(self._next + count - 1, last)
            began_at = loop.time()
            await self._insert(first, until)
            self.commits.append(Commit(first, until, began_at, loop.time()))
            self._next = until + 1
            async with self._grown:
                self._grown.notify_all()

    async def reached(self, number: int) -> None:
        """Wait until row *number* is committed."""
        async with asyncio.timeout(TIMEOUT_S), self._grown:
            await self._grown.wait_for(lambda: self._next > number)

    def committed_within(self, began_at: float, ended_at: float) -> set[int]:
        """Give the rows whose transactions began and ended within a time."""
        return {
            number
            for commit in self.commits
            if commit.began_at >= began_at and commit.done_at <= ended_at
            for number in range(commit.first, commit.last + 1)
        }

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _insert(self, first: int, last: int) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            while not await self._tried(first, last):  # noqa: ASYNC110 - there is no event for
                await asyncio.sleep(0.05)  # the start of PostgreSQL

    async def _tried(self, first: int, last: int) -> bool:
        """Try to commit; when the connection breaks, the database knows whether it did."""
        try:
            if self._connection is None or self._connection.closed:
                self._connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
            await self._connection.execute(
                "insert into public.numbers select i, 'row ' || i || repeat('.', %s)"
                " from generate_series(%s::int, %s::int) i on conflict do nothing",
                [self._padding, first, last],
            )
        except psycopg.OperationalError:
            return False
        return True


@asynccontextmanager
async def writing(url: str, *, padding: int = 0) -> AsyncGenerator[Writer]:
    """Make the tables in the database at *url*, and a writer of rows longer by *padding*."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(TABLES)
    writer = Writer(url, padding)
    try:
        yield writer
    finally:
        await writer.close()
