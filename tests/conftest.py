"""
Fixtures every test may use. The ones that concern PostgreSQL:

- `cluster`: a running private cluster; a test that uses it runs on 18 and on 15. Restrict it
  with `@pytest.mark.parametrize("cluster", ["embedded"], indirect=True)` (or `"system"`).
- `database`, `postgres_url`: a database of the test's own with all migrations applied.
- `bare_database`: one without any.
- `slot_name`: a replication slot's name that no other test uses; it is dropped afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.postgres import (
    BIN_DIRECTORIES,
    RunningClusters,
    migrated_template,
    temporary_database,
    unique_name,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    from slotcast.postgres.embedded import Cluster
    from support.postgres import Database


@pytest.fixture(scope="session")
def running_clusters() -> Generator[RunningClusters]:
    clusters = RunningClusters()
    yield clusters
    clusters.stop()


@pytest.fixture(scope="session", params=sorted(BIN_DIRECTORIES))
def cluster(request: pytest.FixtureRequest, running_clusters: RunningClusters) -> Cluster:
    return running_clusters.get(request.param)


@pytest.fixture
def database(cluster: Cluster) -> Generator[Database]:
    with temporary_database(cluster, migrated_template(cluster)) as copy:
        yield copy


@pytest.fixture
def postgres_url(database: Database) -> str:
    return database.url


@pytest.fixture
def bare_database(cluster: Cluster) -> Generator[Database]:
    with temporary_database(cluster) as empty:
        yield empty


@pytest.fixture
def slot_name() -> str:
    return unique_name("slot")
