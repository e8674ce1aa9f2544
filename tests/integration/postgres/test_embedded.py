from __future__ import annotations

import os
import signal
import socket
import stat
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest

from slotcast.errors import DatabaseError
from slotcast.postgres import embedded
from slotcast.postgres.embedded import Cluster
from support.postgres import (
    BIN_DIRECTORIES,
    bin_directory,
    free_port,
    running_cluster,
    temporary_directory,
)

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

WAIT_TIMEOUT_S = 10


@pytest.fixture(params=sorted(BIN_DIRECTORIES))
def own_cluster(request: pytest.FixtureRequest) -> Generator[Cluster]:
    """A cluster that the test may stop and break."""
    with running_cluster(request.param) as cluster:
        yield cluster


@pytest.fixture(params=sorted(BIN_DIRECTORIES))
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def directory() -> Generator[Path]:
    with temporary_directory() as path:
        yield path


def new_cluster(directory: Path, kind: str, port: int, password: str = "secret") -> Cluster:
    return Cluster(
        directory,
        bin_directory=bin_directory(kind),
        port=port,
        password=password,
        options={"fsync": "off"},
    )


def fetch_one(cluster: Cluster, query: bytes) -> object:
    with psycopg.connect(cluster.url()) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def test_a_cluster_is_ready_for_logical_replication(own_cluster: Cluster) -> None:
    assert fetch_one(own_cluster, b"show wal_level") == "logical"


def test_the_log_quotes_neither_statements_nor_rows(own_cluster: Cluster) -> None:
    with psycopg.connect(own_cluster.url(), autocommit=True) as connection:
        connection.execute("create table secrets (name text primary key, hash text not null)")
        connection.execute("insert into secrets values ('Confidential', '$2b$')")
        for statement, values in (
            ("insert into secrets values (%s, %s)", ["Confidential", "$2b$"]),
            ("insert into secrets values (%s, null)", ["Confidential"]),
            ("insert into secrets values ('Confidential', null)", None),
        ):
            with pytest.raises(psycopg.IntegrityError):
                connection.execute(statement.encode(), values)

    log = (own_cluster.directory / "postgres.log").read_text("utf-8")
    assert "duplicate key value" in log
    assert "Confidential" not in log


def test_a_wrong_password_is_refused(own_cluster: Cluster) -> None:
    url = f"postgresql://postgres:wrong@127.0.0.1:{own_cluster.port}/postgres"

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


def test_it_listens_on_the_loopback_address_only(own_cluster: Cluster) -> None:
    assert own_cluster.process_id is not None
    listening = {
        connection.laddr.ip
        for connection in psutil.Process(own_cluster.process_id).net_connections("all")
        if connection.status == psutil.CONN_LISTEN
    }

    assert listening == {"127.0.0.1"}
    assert fetch_one(own_cluster, b"show unix_socket_directories") == ""


def test_starting_a_running_cluster_keeps_it_running(own_cluster: Cluster) -> None:
    former = own_cluster.process_id

    own_cluster.initialise()
    own_cluster.start()

    assert own_cluster.process_id == former


def test_stopping_twice_does_no_harm_and_keeps_the_data(own_cluster: Cluster) -> None:
    with psycopg.connect(own_cluster.url()) as connection:
        connection.execute("create table kept as select 42 as value")

    own_cluster.stop()
    own_cluster.stop()

    assert not own_cluster.is_running()
    assert own_cluster.process_id is None
    own_cluster.start()
    assert fetch_one(own_cluster, b"select value from kept") == 42


def test_a_restart_gives_a_new_process(own_cluster: Cluster) -> None:
    former = own_cluster.process_id

    own_cluster.restart()

    assert own_cluster.process_id not in {None, former}


def test_a_killed_postmaster_is_noticed_and_the_next_start_recovers(own_cluster: Cluster) -> None:
    with psycopg.connect(own_cluster.url()) as connection:
        connection.execute("create table kept as select 42 as value")
    assert own_cluster.process_id is not None
    postmaster = psutil.Process(own_cluster.process_id)

    postmaster.send_signal(signal.SIGKILL)
    psutil.wait_procs([postmaster], timeout=WAIT_TIMEOUT_S)

    assert not own_cluster.is_running()
    own_cluster.start()
    assert fetch_one(own_cluster, b"select value from kept") == 42


def test_a_pid_file_that_names_a_foreign_process_is_stale(own_cluster: Cluster) -> None:
    pid_file = own_cluster.directory / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    own_cluster.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    assert not own_cluster.is_running()
    own_cluster.start()

    assert own_cluster.process_id not in {None, os.getpid()}


def test_a_cluster_is_found_on_another_port(own_cluster: Cluster) -> None:
    other = Cluster(
        own_cluster.directory,
        bin_directory=own_cluster.bin_directory,
        port=free_port(),
        password="any",
    )

    with pytest.raises(DatabaseError, match=f"already served on port {own_cluster.port}"):
        other.start()


def test_another_password_than_at_first_is_explained(own_cluster: Cluster) -> None:
    other = Cluster(
        own_cluster.directory,
        bin_directory=own_cluster.bin_directory,
        port=own_cluster.port,
        password="another",
    )

    with pytest.raises(DatabaseError, match="initialised with another password"):
        other.start()


def test_settings_that_postgresql_refuses_are_shown_from_its_log(own_cluster: Cluster) -> None:
    own_cluster.stop()
    broken = Cluster(
        own_cluster.directory,
        bin_directory=own_cluster.bin_directory,
        port=own_cluster.port,
        password="any",
        options={"wal_level": "it's nonsense"},
    )

    with pytest.raises(DatabaseError, match='invalid value for parameter "wal_level"'):
        broken.start()


def test_a_taken_port_is_named(kind: str, directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupant:
        port: int = occupant.getsockname()[1]
        cluster = new_cluster(directory / "data", kind, port)
        cluster.initialise()

        with pytest.raises(DatabaseError, match=rf"127\.0\.0\.1:{port}.*choose another port"):
            cluster.start()


def test_a_directory_of_another_version_is_refused(kind: str, directory: Path) -> None:
    (directory / "PG_VERSION").write_text("9\n")
    cluster = new_cluster(directory, kind, free_port())

    with pytest.raises(DatabaseError, match="made by PostgreSQL 9"):
        cluster.initialise()
    with pytest.raises(DatabaseError, match="made by PostgreSQL 9"):
        cluster.start()


def test_a_directory_with_other_things_is_left_alone(kind: str, directory: Path) -> None:
    (directory / "thesis.txt").write_text("years of work")
    cluster = new_cluster(directory, kind, free_port())

    with pytest.raises(DatabaseError, match="not empty"):
        cluster.initialise()

    assert [file.name for file in directory.iterdir()] == ["thesis.txt"]


def test_an_uninitialised_directory_does_not_start(kind: str, directory: Path) -> None:
    cluster = new_cluster(directory / "data", kind, free_port())

    with pytest.raises(DatabaseError, match="initialise it first"):
        cluster.start()


def test_a_cluster_that_somebody_else_made_is_left_alone(kind: str, directory: Path) -> None:
    cluster = new_cluster(directory / "data", kind, free_port())
    cluster.initialise()
    configuration = directory / "data" / "postgresql.conf"
    configuration.write_text("port = 5432\n")

    with pytest.raises(DatabaseError, match="not made by Slotcast"):
        cluster.initialise()
    with pytest.raises(DatabaseError, match="not made by Slotcast"):
        cluster.start()


def test_a_path_that_is_closed_to_others_does_not_stop_postgresql(
    kind: str, directory: Path
) -> None:
    closed = directory / "closed"
    closed.mkdir(mode=0o700)
    cluster = new_cluster(closed / "data", kind, free_port())
    cluster.initialise()
    closed.chmod(0o700)

    cluster.start()
    try:
        assert cluster.is_running()
    finally:
        cluster.stop("immediate")
    assert stat.S_IMODE(closed.stat().st_mode) in {0o700, 0o701}


def test_a_shutdown_that_a_client_holds_up_is_forced(
    own_cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(embedded, "_STOP_TIMEOUT_S", 1)
    client = psycopg.connect(own_cluster.url())

    own_cluster.stop("smart")

    client.close()
    assert not own_cluster.is_running()
    assert "ShutdownForced" in caplog.messages


def test_programs_that_may_not_be_run_are_explained(directory: Path) -> None:
    programs = directory / "bin"
    programs.mkdir()
    (programs / "postgres").touch(mode=0o600)
    cluster = Cluster(
        directory / "data", bin_directory=programs, port=free_port(), password="secret"
    )

    with pytest.raises(DatabaseError, match=r"Permission denied.*chmod -R o\+rX"):
        cluster.initialise()


def test_missing_programs_are_named(directory: Path) -> None:
    cluster = Cluster(
        directory / "data", bin_directory=directory / "bin", port=free_port(), password="secret"
    )

    with pytest.raises(DatabaseError, match="there is no postgres in"):
        cluster.initialise()


def test_a_password_may_hold_anything(kind: str, directory: Path) -> None:
    cluster = new_cluster(directory / "data", kind, free_port(), password="a b/c@d:e?f#'%\"é")
    cluster.initialise()

    cluster.start()
    try:
        assert fetch_one(cluster, b"select current_user") == "postgres"
    finally:
        cluster.stop("immediate")


def test_variables_of_the_environment_do_not_reach_into_the_cluster(
    kind: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGUSER", "nobody")
    cluster = new_cluster(directory / "data", kind, free_port())
    cluster.initialise()

    cluster.start()
    try:
        assert fetch_one(cluster, b"select current_user") == "postgres"
    finally:
        cluster.stop("immediate")
