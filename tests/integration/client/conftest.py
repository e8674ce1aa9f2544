"""
One server process and its salon, shared by a module's tests.

All tests of a module run in one loop, which the server's process belongs to. The server is a
process of its own, so that the tasks of the loop are the client's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from support.bookings import bookings
from support.clusters import embedded_cluster
from support.live import Backend
from support.postgres import migrated_template, temporary_database, unique_name
from support.salon import insert_salon_from_fixture

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from slotcast.postgres.embedded import Cluster
    from support.bookings import Bookings
    from support.postgres import Database

cluster = embedded_cluster


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
