"""A database with the demo salon, shared by a module's tests: each works in a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from support.postgres import temporary_database
from support.salon import salon_template

if TYPE_CHECKING:
    from collections.abc import Generator

    from slotcast.postgres.embedded import Cluster


@pytest.fixture(scope="module")
def salon_url(cluster: Cluster) -> Generator[str]:
    with temporary_database(cluster, salon_template(cluster)) as database:
        yield database.url


@pytest.fixture(scope="module")
def connection_to_salon(salon_url: str) -> Generator[psycopg.Connection]:
    with psycopg.connect(salon_url) as connection:
        yield connection


@pytest.fixture
def salon(connection_to_salon: psycopg.Connection) -> Generator[psycopg.Connection]:
    """The superuser's transaction, which is rolled back after the test."""
    yield connection_to_salon
    connection_to_salon.rollback()
