"""
The official clients against the real server, which serves the demo salon.

Tests run on the embedded PostgreSQL, unless they say otherwise, and with every client of
`support.official.KINDS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.clusters import embedded_cluster
from support.official import KINDS
from support.postgres import migrated_template, temporary_database
from support.salon import insert_salon_from_fixture

if TYPE_CHECKING:
    from collections.abc import Generator

    from slotcast.postgres.embedded import Cluster
    from support.postgres import Database


cluster = embedded_cluster


@pytest.fixture(scope="module")
def salon_template(cluster: Cluster) -> Generator[Database]:
    with temporary_database(cluster, migrated_template(cluster)) as template:
        insert_salon_from_fixture(template.url)
        yield template


@pytest.fixture
def database(salon_template: Database) -> Generator[Database]:
    with temporary_database(salon_template.cluster, salon_template.name) as copy:
        yield copy


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen
