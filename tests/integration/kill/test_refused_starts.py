"""`slotcast serve` says in plain words why it cannot start, and how to mend it."""

from __future__ import annotations

import logging
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

import psycopg
import pytest
from psycopg import conninfo, sql

from slotcast import cli
from support.postgres import free_port, running_cluster, unique_name
from support.server import SECRET

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType
    from typing import LiteralString

    from support.postgres import Database


class Refusal(Protocol):
    """Starts the server with a database URL and further settings."""

    def __call__(self, url: str, **environment: str) -> str: ...


PATIENCE_S: Final = 20.0
PREFIX: Final = "slotcast serve: "


@pytest.fixture
def refusal(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Generator[Refusal]:
    """Start the server, in this process; it must give up, and what it says at last is given."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def refuse(url: str, **environment: str) -> str:
        given = {"database_url": url, "slot": "refused", "port": "0", "jwt_secret": SECRET}
        for name, value in {**given, **environment}.items():
            monkeypatch.setenv(f"SLOTCAST_{name.upper()}", value)
        with giving_up_after(PATIENCE_S):
            exit_code = cli.main(["serve"])
        output, text = capfd.readouterr()
        assert (exit_code, output) == (1, ""), text
        log, prefix, reason = text.partition(PREFIX)
        assert prefix, text
        assert all(" INFO " in line for line in log.splitlines()), text
        assert "Traceback" not in reason
        return reason

    yield refuse
    root.handlers[:] = handlers
    root.setLevel(level)


@contextmanager
def giving_up_after(seconds: float) -> Generator[None]:
    """Raise TimeoutError in a block that takes longer, whatever it waits for."""

    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    former = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


def run(url: str, *statements: LiteralString) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def role(database: Database) -> Generator[str]:
    """A role that may log in and nothing else."""
    name = unique_name("role")
    identifier = sql.Identifier(name)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(sql.SQL("create role {} login password 'secret'").format(identifier))
        yield name
        connection.execute(sql.SQL("drop owned by {0}; drop role {0}").format(identifier))


@pytest.fixture
def role_url(database: Database, role: str) -> str:
    return conninfo.make_conninfo(database.url, user=role, password="secret")


def test_a_database_that_is_not_there(refusal: Refusal) -> None:
    port = free_port()

    text = refusal(f"postgresql://me:pa55@127.0.0.1:{port}/shop")

    assert f"cannot connect to PostgreSQL at host 127.0.0.1, port {port}, database shop" in text
    assert "SLOTCAST_DATABASE_URL" in text
    assert "pa55" not in text


def test_a_wrong_password(refusal: Refusal, role_url: str) -> None:
    text = refusal(conninfo.make_conninfo(role_url, password="wr0ng"))

    assert "password authentication failed" in text
    assert "SLOTCAST_DATABASE_URL names the right host, port, user, password and database" in text
    assert "wr0ng" not in text


def test_a_database_url_that_is_none(refusal: Refusal) -> None:
    text = refusal("postgresql//me:pa55@host")

    assert "it looks like postgresql://user:password@host:5432/database" in text
    assert "pa55" not in text


def test_a_wal_level_that_is_too_low(refusal: Refusal) -> None:
    with running_cluster("system", wal_level="replica") as cluster:
        run(
            cluster.url(),
            "create role anon; create role authenticated; create role service_role",
            "create publication supabase_realtime",
        )

        text = refusal(cluster.url())

    assert "ALTER SYSTEM SET wal_level = 'logical';\nand restart PostgreSQL." in text


def test_a_role_without_replication(refusal: Refusal, role_url: str, role: str) -> None:
    text = refusal(role_url)

    assert f'ALTER ROLE "{role}" REPLICATION;' in text


def test_a_role_that_may_not_act_as_clients(
    refusal: Refusal, database: Database, role_url: str, role: str
) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(sql.SQL("alter role {} replication").format(sql.Identifier(role)))

    text = refusal(role_url)

    assert f'GRANT anon, authenticated, service_role TO "{role}";' in text


def test_a_role_that_may_not_use_our_schema(
    refusal: Refusal, database: Database, role_url: str, role: str
) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL(
                "alter role {0} replication; grant anon, authenticated, service_role to {0}"
            ).format(sql.Identifier(role))
        )

    text = refusal(role_url)

    assert f'GRANT USAGE ON SCHEMA slotcast TO "{role}";' in text


def test_a_publication_that_does_not_exist(refusal: Refusal, database: Database) -> None:
    text = refusal(database.url, publication="No such")

    assert 'the publication "No such" does not exist in this database' in text
    assert 'CREATE PUBLICATION "No such";' in text


def test_a_database_that_was_never_migrated(refusal: Refusal, bare_database: Database) -> None:
    text = refusal(bare_database.url)

    assert "Run: slotcast migrate" in text


def test_a_database_whose_migrations_are_gone(refusal: Refusal, database: Database) -> None:
    run(database.url, "drop schema slotcast cascade")

    text = refusal(database.url)

    assert "run `slotcast migrate`" in text


def test_a_port_that_is_taken(refusal: Refusal, database: Database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        text = refusal(database.url, port=str(port))

    assert f"port {port} of 127.0.0.1 is taken by another program" in text
    assert "SLOTCAST_PORT" in text


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({"port": "many"}, "the setting port must be a int, not 'many'"),
        ({"pool_size": "-1"}, "pool_size is -1; it must not be negative"),
        ({"log_level": "loud"}, "it must be debug, info, warning or error"),
        ({"prot": "1"}, "unknown setting 'prot' (environment SLOTCAST_PROT); known are: "),
        ({"jwt_secret": "short"}, "32 bytes"),
        ({"jwt_secret": ""}, "set jwt_secret, jwks or both"),
        ({"slot": "My slot"}, "set SLOTCAST_SLOT to at most 63"),
        ({"host": "192.0.2.1"}, "SLOTCAST_HOST"),
        ({"port": "70000"}, "port is 70000; it must be at most 65535"),
        ({"pool_size": "0"}, "pool_size is 0; it must be at least 1"),
    ],
)
@pytest.mark.parametrize("cluster", ["embedded"], indirect=True)
def test_a_setting_that_cannot_be_used(
    refusal: Refusal, database: Database, environment: dict[str, str], problem: str
) -> None:
    text = refusal(database.url, **environment)

    assert problem in text
