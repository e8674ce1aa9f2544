"""
REST on the embedded PostgreSQL, with a small schema that all tests of a module share.

Tests write only what they take away again, or what no other test looks at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
import pytest_asyncio

from support.clusters import embedded_cluster
from support.postgres import migrated_template, temporary_database
from support.rest import SCHEMA, Rest, rest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from slotcast.postgres.embedded import Cluster
    from support.postgres import Database


cluster = embedded_cluster


@pytest.fixture(scope="module")
def notes(cluster: Cluster) -> Generator[Database]:
    """A database with the schema `notes`."""
    with temporary_database(cluster, migrated_template(cluster)) as copy:
        with psycopg.connect(copy.url, autocommit=True) as connection:
            connection.execute(SCHEMA)
        yield copy


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(notes: Database, request: pytest.FixtureRequest) -> AsyncGenerator[Rest]:
    """REST over it; settings by `@pytest.mark.parametrize(..., indirect=True)`."""
    async with rest(notes.url, **getattr(request, "param", {})) as serving:
        yield serving
