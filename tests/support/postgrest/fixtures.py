"""The database of PostgREST's own tests: roles, schemas and data that their cases ask about."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import sql

from support.postgres import temporary_database

if TYPE_CHECKING:
    from collections.abc import Generator

    from slotcast.postgres.embedded import Cluster
    from support.postgres import Database

CONFORMANCE: Final = Path(__file__).parents[2] / "conformance" / "postgrest"

_FILES: Final = ("database", "roles", "schema", "jwt", "jsonschema", "privileges", "data")

_COPY: Final = re.compile(r"^(COPY .*? FROM STDIN .*?;)\n(.*?)^\\\.\n", re.MULTILINE | re.DOTALL)

_DUMP: Final = "/tmp/projects_dump.csv"
"""A file that the fixtures write on the server; each cluster gets its own."""

_WITHOUT_EXTENSIONS: Final = (
    (re.compile(r"CREATE EXTENSION IF NOT EXISTS pgcrypto;"), ""),
    (re.compile(r"create extension if not exists postgis with schema extensions;"), ""),
    (re.compile(r"extensions\.geometry(\(\w+, \d+\))?"), "text"),
    (re.compile(r"extensions\.ST_GeomFromGeoJSON"), ""),
    (re.compile(r"CREATE VIEW test\.xml AS.*?;", re.DOTALL), ""),
    (re.compile(r"INSERT INTO test\.xmltest .*?;", re.DOTALL), ""),
)
"""
What makes the fixtures load where PostGIS, pgcrypto and XML are missing.

Geometries are text then.
"""


def has_extensions(cluster: Cluster) -> bool:
    """Whether *cluster* can have everything that the fixtures want."""
    with psycopg.connect(cluster.url()) as connection:
        found = connection.execute(
            "select count(*) from pg_available_extensions where name in ('postgis', 'pgcrypto')"
        ).fetchone()
    return found == (2,)


@contextmanager
def fixtures_database(cluster: Cluster) -> Generator[Database]:
    """Make a database with the fixtures, and the cluster's roles that they are about."""
    with temporary_database(cluster) as database:
        _load(database)
        yield database


def _load(database: Database) -> None:
    cluster = database.cluster
    replaced = () if has_extensions(cluster) else _WITHOUT_EXTENSIONS
    with psycopg.connect(database.url, autocommit=True) as connection:
        name = sql.Identifier(database.name)
        setting = sql.SQL("alter database {} set request.jwt.claim.id = '-1'").format(name)
        connection.execute(setting)
        connection.execute("set timezone to 'UTC'")
        connection.execute("set check_function_bodies to off")
        for file in _FILES:
            text = (CONFORMANCE / "fixtures" / f"{file}.sql").read_text()
            text = text.replace(':"PGUSER"', "postgres")
            text = text.replace(_DUMP, str(cluster.directory / "projects_dump.csv"))
            for pattern, replacement in replaced:
                text = pattern.sub(replacement, text)
            _run(connection, text)
        connection.execute("analyze test.items, test.child_entities")


def _run(connection: psycopg.Connection, text: str) -> None:
    """Run a script with COPY … FROM STDIN blocks."""
    before, *copies = _COPY.split(text)
    _execute(connection, before)
    for command, rows, after in zip(copies[::3], copies[1::3], copies[2::3], strict=True):
        with connection.cursor().copy(command.encode()) as copy:
            copy.write(rows)
        _execute(connection, after)


def _execute(connection: psycopg.Connection, script: str) -> None:
    if script.strip():
        connection.execute(script.encode())
