"""What PostgreSQL knows of the server: its slot, its backends; and ways to end them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import pytest

from slotcast.lsn import Lsn
from support.postgres import BIN_DIRECTORIES, apply_migrations, running_cluster

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from slotcast.postgres.embedded import Cluster

TIMEOUT_S = 30.0


@pytest.fixture(params=sorted(BIN_DIRECTORIES))
def own_cluster(request: pytest.FixtureRequest) -> Generator[Cluster]:
    """A cluster that the test may stop; its database `postgres` has all migrations."""
    with running_cluster(request.param) as cluster:
        apply_migrations(cluster.url())
        yield cluster


@dataclass(frozen=True, slots=True)
class Operator:
    """A superuser's session in the server's database."""

    url: str
    connection: psycopg.AsyncConnection[tuple[Any, ...]]
    slot: str

    async def ask(self, query: LiteralString) -> Any:
        """Give the single value that *query* gives; `%(slot)s` is the slot's name."""
        cursor = await self.connection.execute(query, {"slot": self.slot})
        row = await cursor.fetchone()
        assert row is not None
        return row[0]

    async def until(self, query: LiteralString) -> None:
        """Wait until *query* gives true."""
        async with asyncio.timeout(TIMEOUT_S):
            while not await self.ask(query):  # noqa: ASYNC110 - PostgreSQL has no event for it
                await asyncio.sleep(0.01)

    async def confirmed_lsn(self) -> Lsn:
        return Lsn.parse(
            await self.ask(
                "select confirmed_flush_lsn::text from pg_replication_slots"
                " where slot_name = %(slot)s"
            )
        )

    async def written_lsn(self) -> Lsn:
        return Lsn.parse(await self.ask("select pg_current_wal_insert_lsn()::text"))

    async def confirmed(self) -> None:
        """Wait until everything that was written by now is confirmed."""
        written = await self.written_lsn()
        async with asyncio.timeout(TIMEOUT_S):
            while await self.confirmed_lsn() < written:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)

    async def highest_confirmed_lsn(self, duration_s: float) -> Lsn:
        """Watch the slot for *duration_s* seconds."""
        highest = await self.confirmed_lsn()
        deadline = asyncio.get_running_loop().time() + duration_s
        while asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)
            highest = max(highest, await self.confirmed_lsn())
        return highest

    async def end_walsender(self) -> None:
        """End the walsender of the slot, once there is one, and wait until it is gone."""
        await self.until(
            "select coalesce((select pg_terminate_backend(active_pid, 5000)"
            " from pg_replication_slots where slot_name = %(slot)s), false)"
        )

    async def end_pool(self) -> int:
        """End all the server's backends except the walsender; gives how many there were."""
        return await self.ask(
            "select count(*) filter (where pg_terminate_backend(pid, 5000)) from pg_stat_activity"
            " where datname = current_database() and application_name = 'slotcast'"
            " and backend_type = 'client backend'"
        )

    @asynccontextmanager
    async def gate_closed(self) -> AsyncGenerator[None]:
        """Keep the policy of `numbers` from being evaluated, and so rows from being delivered."""
        async with (
            await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection,
            connection.transaction(),
        ):
            await connection.execute("lock table public.gate in access exclusive mode")
            yield

    async def judge_waits(self) -> None:
        """Wait until a policy is being evaluated before the closed gate."""
        await self.until(
            "select exists (select from pg_locks where not granted"
            " and relation = 'public.gate'::regclass)"
        )


@asynccontextmanager
async def operating(url: str, slot: str) -> AsyncGenerator[Operator]:
    """Open a superuser's session in the database at *url*."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        yield Operator(url, connection, slot)
