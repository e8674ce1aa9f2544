"""
One server process and its salon, shared by a module's tests, and clients of it.

All tests of a module run in one loop, which the server's process belongs to. The server is a
process of its own, so that the tasks of the loop are the client's.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pytest
import pytest_asyncio
from httpx import AsyncClient
from supabase import AsyncClient as SupabaseClient
from supabase import AsyncClientOptions, acreate_client

from slotcast.appointments.demo import PASSWORD
from slotcast_client import Limits
from support.bookings import Bookings, bookings
from support.clusters import embedded_cluster
from support.postgres import migrated_template, temporary_database, unique_name
from support.salon import insert_salon_from_fixture
from support.server import ANON_KEY, ServerProcess, start_process

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from slotcast.appointments.demo import Account
    from slotcast.postgres.embedded import Cluster
    from support.postgres import Database

cluster = embedded_cluster

QUICK: Final = Limits(first_retry_s=0.05, longest_retry_s=0.2, join_timeout_s=20)
"""For tests that lose connections."""

MAX_ROWS: Final = 40
"""Fewer than the salon has, so that every snapshot takes several pages."""


@dataclass(slots=True)
class Backend:
    """The server, which can be killed and started again at the same address."""

    database_url: str
    slot: str
    server: ServerProcess = field(init=False)

    async def start(self, port: int = 0) -> None:
        self.server = await start_process(
            self.database_url,
            self.slot,
            port=port,
            environment={"SLOTCAST_AUTH": "on", "SLOTCAST_REST_MAX_ROWS": str(MAX_ROWS)},
        )

    async def restart(self) -> None:
        await self.start(int(self.server.url.rpartition(":")[2]))

    @asynccontextmanager
    async def client(
        self, account: Account | None = None, *, token: str | None = None
    ) -> AsyncGenerator[SupabaseClient]:
        """Make a client, signed in as *account* or with *token* as its header."""
        # A client of its own for HTTP: with supabase's, its parts warn of each other.
        async with AsyncClient(timeout=30) as http:
            options = AsyncClientOptions(auto_refresh_token=False, httpx_client=http)
            if token is not None:
                options.headers["Authorization"] = f"Bearer {token}"
            client = await acreate_client(self.server.url, ANON_KEY, options)
            if account is not None:
                await client.auth.sign_in_with_password(
                    {"email": account.email, "password": PASSWORD}
                )
            try:
                yield client
            finally:
                await client.remove_all_channels()


@pytest.fixture(scope="module")
def salon(cluster: Cluster) -> Generator[Database]:
    with temporary_database(cluster, migrated_template(cluster)) as database:
        insert_salon_from_fixture(database.url)
        yield database


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def backend(salon: Database) -> AsyncGenerator[Backend]:
    running = Backend(salon.url, unique_name("slot"))
    await running.start()
    try:
        yield running
    finally:
        await running.server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def staff(salon: Database) -> AsyncGenerator[Bookings]:
    """Whoever writes to the database meanwhile."""
    async with bookings(salon.url) as writer:
        yield writer
