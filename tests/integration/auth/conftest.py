"""Accounts on the embedded PostgreSQL, unless a test says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.accounts import accounts
from support.clusters import embedded_cluster
from support.postgres import migrated_template, temporary_database

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from slotcast.postgres.embedded import Cluster
    from support.accounts import Accounts
    from support.postgres import Database


cluster = embedded_cluster


@pytest.fixture(scope="module")
def shared_database(cluster: Cluster) -> Generator[Database]:
    """A database for all tests of a module, for they want nothing but an empty schema auth."""
    with temporary_database(cluster, migrated_template(cluster)) as copy:
        yield copy


@pytest.fixture
async def served(
    shared_database: Database, request: pytest.FixtureRequest
) -> AsyncGenerator[Accounts]:
    """Nobody's accounts yet; settings by `@pytest.mark.parametrize(..., indirect=True)`."""
    async with accounts(shared_database.url, **getattr(request, "param", {})) as serving:
        await serving.rows("delete from auth.users")
        await serving.rows("delete from auth.audit_log_entries")
        yield serving


@pytest.fixture
async def served_alone(database: Database) -> AsyncGenerator[Accounts]:
    """Accounts of a database of the test's own."""
    async with accounts(database.url) as serving:
        yield serving
