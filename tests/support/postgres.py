"""
Private PostgreSQL clusters for the tests, and a database for each test.

A cluster starts when the first test asks for it and stops with the session. It lies in memory
where there is room, since most of the time that tests take is making and removing the thousand
files of a database. A database is copied from a template of its cluster, in about 20 ms.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import shutil
import socket
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import sql

from slotcast.postgres import migrations
from slotcast.postgres.embedded import Cluster
from support.missing import give_up

if TYPE_CHECKING:
    from collections.abc import Generator

# Which PostgreSQL the tests run on: name of the fixture's parameter → directory of programs.
BIN_DIRECTORIES: Final[dict[str, Path | None]] = {
    "embedded": None,  # 18, from the wheel
    "system": Path("/usr/lib/postgresql/15/bin"),
}

# Nothing here has to survive a power cut, and what lies in memory is kept small.
FAST_OPTIONS: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_replication_slots": "40",
    "max_wal_size": "256MB",
}

_MEMORY: Final = Path("/dev/shm")
_ROOM_BYTES: Final = 8 << 30
"""What has to be free there: a container's is often 64 MiB, which is for other things."""

_PORTS: Final = range(15_000, 32_000)

_EMPTY_TEMPLATE: Final = "template0"
_MIGRATED_TEMPLATE: Final = "slotcast_template"

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Database:
    """A database of a test's own. *url* connects as the superuser `postgres`."""

    cluster: Cluster
    name: str

    @property
    def url(self) -> str:
        return self.cluster.url(self.name)


def free_port() -> int:
    """
    Find a TCP port on the loopback address that nothing listens on.

    It is none of those that the system gives to outgoing connections, which would take it as
    soon as whoever listens on it makes a pause.
    """
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def unique_name(prefix: str) -> str:
    """Make a name, of a database or replication slot, that no other test uses."""
    return f"{prefix}_{os.getpid()}_{next(_numbers)}"


def bin_directory(kind: str) -> Path | None:
    """
    Tell where the programs of *kind* are, or how to install them.

    `make test` installs them where it may (as root on Debian). Elsewhere the tests that want
    them are skipped, but never in continuous integration.
    """
    directory = BIN_DIRECTORIES[kind]
    if directory is not None and not (directory / "postgres").exists():
        message = f"PostgreSQL 15 is not in {directory}: apt-get install postgresql-15"
        give_up(message)
    return directory


@contextmanager
def temporary_directory() -> Generator[Path]:
    """A short path that PostgreSQL's account may pass through, unlike pytest's `tmp_path`."""
    directory = Path(tempfile.mkdtemp(prefix="slotcast-", dir=_memory()))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def _memory() -> Path | None:
    """Find a directory that lies in memory and has room for clusters, on systems that have one."""
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < _ROOM_BYTES:
        return None
    return _MEMORY


@contextmanager
def running_cluster(kind: str, **options: str) -> Generator[Cluster]:
    """Run a fresh cluster of *kind*, a key of `BIN_DIRECTORIES`; remove it afterwards."""
    with temporary_directory() as directory:
        cluster = Cluster(
            directory / "data",
            bin_directory=bin_directory(kind),
            port=free_port(),
            password=secrets.token_urlsafe(12),
            options={**FAST_OPTIONS, **options},
        )
        cluster.initialise()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop("immediate")


class RunningClusters:
    """The session's clusters, each started when the first test asks for it."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._clusters: dict[str, Cluster] = {}

    def get(self, kind: str) -> Cluster:
        if kind not in self._clusters:
            self._clusters[kind] = self._stack.enter_context(running_cluster(kind))
        return self._clusters[kind]

    def stop(self) -> None:
        self._stack.close()


@contextmanager
def temporary_database(cluster: Cluster, template: str = _EMPTY_TEMPLATE) -> Generator[Database]:
    """
    Copy *template* for one test.

    Afterwards the database goes, with the sessions and replication slots that it still has.
    """
    name = unique_name("test")
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        try:
            yield Database(cluster, name)
        finally:
            drop_slots(connection, name)
            connection.execute(
                sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            )


def migrated_template(cluster: Cluster) -> str:
    """Make the template with all migrations applied, once a cluster; return its name."""
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        found = connection.execute(
            "select from pg_database where datname = %s", [_MIGRATED_TEMPLATE]
        )
        if found.fetchone() is None:
            with _new_database(connection, _MIGRATED_TEMPLATE, _EMPTY_TEMPLATE):
                apply_migrations(cluster.url(_MIGRATED_TEMPLATE))
    return _MIGRATED_TEMPLATE


def apply_migrations(url: str) -> None:
    """
    Apply all migrations from synchronous code.

    In a thread, for `asyncio.run` would take the event loop away from pytest-asyncio.
    """
    all_migrations = migrations.discover(migrations.SYSTEM, migrations.APPOINTMENTS)
    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, migrations.migrate(url, all_migrations)).result()


@contextmanager
def _new_database(connection: psycopg.Connection, name: str, template: str) -> Generator[None]:
    """Create a database that stays only when the body succeeds."""
    connection.execute(
        sql.SQL("create database {} template {}").format(
            sql.Identifier(name), sql.Identifier(template)
        )
    )
    try:
        yield
    except BaseException:
        connection.execute(sql.SQL("drop database {}").format(sql.Identifier(name)))
        raise


def drop_slots(connection: psycopg.Connection, database: str) -> None:
    """End the walsenders on *database* and drop its replication slots."""
    connection.execute(
        "select pg_terminate_backend(active_pid, 5000) from pg_replication_slots"
        " where database = %s and active",
        [database],
    )
    connection.execute(
        "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = %s",
        [database],
    )
