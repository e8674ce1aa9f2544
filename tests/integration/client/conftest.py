"""
One server process and its salon, shared by all tests of the client.

They run in one loop, which the server's process belongs to. The server is a process of its
own, so that the tasks of the loop are the client's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from support.bookings import bookings
from support.clusters import embedded_cluster
from support.live import running_backend
from support.postgres import migrated_template, temporary_database
from support.salon import insert_salon_from_fixture

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from slotcast.postgres.embedded import Cluster
    from support.bookings import Bookings
    from support.live import Backend
    from support.postgres import Database

cluster = embedded_cluster


@pytest.fixture(scope="session")
def salon_template(cluster: Cluster) -> Generator[Database]:
    with temporary_database(cluster, migrated_template(cluster)) as template:
        insert_salon_from_fixture(template.url)
        yield template


@pytest.fixture(scope="session")
def salon(salon_template: Database) -> Generator[Database]:
    with temporary_database(salon_template.cluster, salon_template.name) as copy:
        yield copy


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def backend(salon: Database) -> AsyncGenerator[Backend]:
    async with running_backend(salon) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def staff(salon: Database) -> AsyncGenerator[Bookings]:
    """Whoever writes to the database meanwhile."""
    async with bookings(salon.url) as writer:
        yield writer


@pytest.fixture
def salon_of_its_own(salon_template: Database) -> Generator[Database]:
    """For a server that is killed: what it delivers late would confuse others."""
    with temporary_database(salon_template.cluster, salon_template.name) as copy:
        yield copy
