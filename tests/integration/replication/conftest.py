"""A database to stream from: the roles, a publication `live`, and SQL at hand."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import LiteralString

    from support.postgres import Database

ROLES = ("anon", "authenticated", "service_role")


@dataclass(frozen=True, slots=True)
class Source:
    """A database and a superuser's session in it."""

    url: str
    connection: psycopg.Connection[tuple[Any, ...]]

    def run(self, *statements: str) -> None:
        """Run each of *statements* in a transaction of its own."""
        for statement in statements:
            self.connection.execute(cast("LiteralString", statement))

    def ask(self, query: str) -> Any:
        """Give the single value that *query* gives."""
        row = self.connection.execute(cast("LiteralString", query)).fetchone()
        assert row is not None
        return row[0]

    def confirmed_flush_lsn(self, slot: str) -> str:
        return self.ask(
            f"select confirmed_flush_lsn::text from pg_replication_slots where slot_name = '{slot}'"
        )


@contextmanager
def session(url: str) -> Generator[Source]:
    """Connect to a database as it is."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield Source(url, connection)


@contextmanager
def source_of(url: str) -> Generator[Source]:
    """Give a database the roles and the empty publication that the stream asks for."""
    with session(url) as source:
        for role in ROLES:
            if not source.ask(f"select count(*) from pg_roles where rolname = '{role}'"):
                source.run(f"create role {role}")
        source.run("create publication live with (publish_via_partition_root)")
        yield source


@pytest.fixture
def source(bare_database: Database) -> Generator[Source]:
    with source_of(bare_database.url) as source:
        yield source
