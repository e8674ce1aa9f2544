"""A database with the demo salon, shared by a module's tests: each works in a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.postgres import migrated_template, temporary_database
from support.salon import insert_salon_from_fixture

if TYPE_CHECKING:
    from collections.abc import Generator

    from slotcast.postgres.embedded import Cluster


@pytest.fixture(scope="module")
def salon_url(cluster: Cluster) -> Generator[str]:
    with temporary_database(cluster, migrated_template(cluster)) as database:
        insert_salon_from_fixture(database.url)
        yield database.url
