"""
Fixtures every test may use. The ones that concern PostgreSQL:

- `cluster`: a running private cluster; a test that uses it runs on 18 and on 15. Restrict it
  with `@pytest.mark.parametrize("cluster", ["embedded"], indirect=True)` (or `"system"`).
  Where no version of PostgreSQL makes a difference (`EITHER`), one half of the tests runs on
  the one and the other half on the other; EVERY_CLUSTER=1 runs all of them on both.
- `database`, `postgres_url`: a database of the test's own with all migrations applied.
- `bare_database`: one without any.
- `slot_name`: a replication slot's name that no other test uses; it is dropped afterwards.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from zlib import crc32

import pytest

from slotcast.auth import passwords
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


EITHER: Final = (
    "tests/conformance/test_",
    "tests/integration/appointments/",
    "tests/integration/auth/",
    "tests/integration/channels/",
    "tests/integration/client/",
    "tests/integration/engine/",
    "tests/integration/fanout/",
    "tests/integration/kill/",
    "tests/integration/metrics/",
)
"""Where tests are about us, and PostgreSQL is what we talk to."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose a cluster for each test that may run on either."""
    if os.environ.get("EVERY_CLUSTER"):
        return
    twins: dict[str, list[pytest.Item]] = {}
    for item in items:
        if isinstance(item, pytest.Function) and item.nodeid.startswith(EITHER):
            kind = item.callspec.params.get("cluster") if hasattr(item, "callspec") else None
            if kind is not None:
                twins.setdefault(item.nodeid.replace(str(kind), "*"), []).append(item)
    left = {
        twin
        for name, both in twins.items()
        if len(both) > 1
        for number, twin in enumerate(both)
        if number != crc32(name.encode()) % len(both)
    }
    if left:
        config.hook.pytest_deselected(items=list(left))
        items[:] = [item for item in items if item not in left]


_REAL_COST: Final = passwords.BCRYPT_COST


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Generator[None]:
    """Hash passwords with little work: most tests are not about how long that takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "BCRYPT_COST", 4)
        yield


@pytest.fixture
def costly_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords as in use."""
    monkeypatch.setattr(passwords, "BCRYPT_COST", _REAL_COST)


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
