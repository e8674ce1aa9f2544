"""Accounts on the embedded PostgreSQL, unless a test says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.accounts import accounts

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from slotcast.postgres.embedded import Cluster
    from support.accounts import Accounts
    from support.postgres import Database


@pytest.fixture(scope="session", params=["embedded"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    clusters = request.getfixturevalue("running_clusters")
    return clusters.get(request.param)


@pytest.fixture
async def served(database: Database, request: pytest.FixtureRequest) -> AsyncGenerator[Accounts]:
    """Accounts; settings of the test's own by `@pytest.mark.parametrize(..., indirect=True)`."""
    async with accounts(database.url, **getattr(request, "param", {})) as serving:
        yield serving
