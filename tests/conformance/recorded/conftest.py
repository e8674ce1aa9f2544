"""Both servers that are supported, with what the server itself needs and no application."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from slotcast.postgres import migrations
from support.postgres import BIN_DIRECTORIES, temporary_database

if TYPE_CHECKING:
    from collections.abc import Generator

    from slotcast.postgres.embedded import Cluster
    from support.postgres import Database


@pytest.fixture(scope="session", params=sorted(BIN_DIRECTORIES))
def cluster(request: pytest.FixtureRequest) -> Cluster:
    clusters = request.getfixturevalue("running_clusters")
    return clusters.get(request.param)


@pytest.fixture(scope="module")
def system_template(cluster: Cluster) -> Generator[Database]:
    with temporary_database(cluster) as template:
        system = migrations.discover(migrations.SYSTEM)
        with ThreadPoolExecutor(1) as executor:
            executor.submit(asyncio.run, migrations.migrate(template.url, system)).result()
        yield template


@pytest.fixture
def database(system_template: Database) -> Generator[Database]:
    with temporary_database(system_template.cluster, system_template.name) as copy:
        yield copy
