"""
Bringing a database's schema up to date.

A migration is a file `NNNN_name.sql` in a package: the system's are in `slotcast.sql`, from
0001; the product's in `slotcast.appointments.sql`, from 1001. Adding one is adding a file. A
file is a transaction, is applied once, and must not change afterwards: the table
`slotcast.migrations` keeps its checksum.

Migrations of one database take turns under an advisory lock. Roles belong to the whole
cluster, where no such lock exists, so a file that meets another database's concurrent
migration is rolled back and tried again.

Files are executed statement by statement, so that a failure can name its line. The splitter
knows comments, quotes and dollar quotes, not `BEGIN ATOMIC`: write function bodies as strings.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import AsyncConnection, errors

from slotcast.errors import DatabaseError
from slotcast.observations import Observation, observe

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence

SYSTEM: Final = "slotcast.sql"
APPOINTMENTS: Final = "slotcast.appointments.sql"

_FILE_NAME: Final = re.compile(r"(\d{4})_\w+\.sql")
_LOCK_KEY: Final = 0x510CA57  # any number, the same for every Slotcast
_LOCK_TIMEOUT_S: Final = 60
_ATTEMPT_LIMIT: Final = 5

_CREATE_LEDGER: Final = """
    create schema if not exists slotcast;
    revoke all on schema slotcast from public;
    create table if not exists slotcast.migrations (
      version    integer primary key,
      name       text not null,
      applied_at timestamptz not null default now(),
      checksum   text not null
    );
"""

_TOKEN: Final = re.compile(
    r"""
      (?P<space> \s+ | --[^\n]* | /\*.*?\*/ )
    | [eE]'(?:[^'\\]|\\.|'')*'
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | (?P<dollar> \$(?:[A-Za-z_]\w*)?\$ ) .*? (?P=dollar)
    | (?P<end> ; )
    | \w+
    | .
    """,
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationApplied(Observation):
    """A migration file was applied."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """
    One file of SQL.

    Attributes:
        version: The number the file's name begins with; unique among all packages.
        name: The file's name.
        sql: The file's text.
    """

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """The SHA-256 of the text, in hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Statement:
    """
    One statement of a migration.

    Attributes:
        line: Where it begins in its file, from 1.
        sql: Its text, without the semicolon and what stands before it.
    """

    line: int
    sql: str


def discover(*packages: str) -> tuple[Migration, ...]:
    """
    Find the migrations of *packages*, ordered by version.

    Raises:
        DatabaseError: A file's name is not `NNNN_name.sql`, or two have the same version.
    """
    found: dict[int, Migration] = {}
    for file in (file for package in packages for file in files(package).iterdir()):
        if not file.name.endswith(".sql"):
            continue
        match = _FILE_NAME.fullmatch(file.name)
        if match is None:
            raise DatabaseError(f"{file.name} is no name for a migration; use NNNN_name.sql")
        migration = Migration(
            version=int(match[1]), name=file.name, sql=file.read_text(encoding="utf-8")
        )
        former = found.setdefault(migration.version, migration)
        if former is not migration:
            raise DatabaseError(f"{former.name} and {file.name} have the same version")
    return tuple(found[version] for version in sorted(found))


async def pending(
    connection: AsyncConnection, migrations: Iterable[Migration]
) -> tuple[Migration, ...]:
    """
    Tell which of *migrations* the database has yet to see; changes nothing.

    Raises:
        DatabaseError: A file was changed after it had been applied.
    """
    cursor = await connection.execute("select to_regclass('slotcast.migrations') is not null")
    row = await cursor.fetchone()
    if row is None or not row[0]:
        return tuple(migrations)
    cursor = await connection.execute("select version, checksum from slotcast.migrations")
    applied: dict[int, str] = dict(await cursor.fetchall())
    for migration in migrations:
        if applied.get(migration.version, migration.checksum) != migration.checksum:
            raise DatabaseError(
                f"the migration {migration.name} was changed after it had been applied; restore"
                " the file and put the change into a new one"
            )
    return tuple(migration for migration in migrations if migration.version not in applied)


async def migrate(url: str, migrations: Sequence[Migration]) -> tuple[Migration, ...]:
    """
    Apply what is pending, each file in a transaction of its own.

    Args:
        url: The database, as a role that may create roles, schemas and publications; a
            superuser may.
        migrations: As `discover` finds them.

    Returns:
        The migrations that were applied; empty when the database was up to date.

    Raises:
        DatabaseError: PostgreSQL cannot be reached, a file was changed after it had been
            applied, or one failed; files before that one stay applied.
    """
    applied: list[Migration] = []
    async with _connect(url) as connection:
        await _lock(connection)
        try:
            await connection.execute(_CREATE_LEDGER)
        except psycopg.Error as error:
            raise DatabaseError(f"cannot create the schema slotcast: {_reason(error)}") from error
        for migration in await pending(connection, migrations):
            await _apply(connection, migration)
            applied.append(migration)
    return tuple(applied)


def split(text: str) -> Iterator[Statement]:
    """Cut *text* into its statements."""
    begin: int | None = None
    for token in _TOKEN.finditer(text):
        if token["end"]:
            if begin is not None:
                yield _statement(text, begin, token.start())
            begin = None
        elif begin is None and not token["space"]:
            begin = token.start()
    if begin is not None:
        yield _statement(text, begin, len(text))


def _statement(text: str, begin: int, end: int) -> Statement:
    return Statement(line=_line(text, begin), sql=text[begin:end])


def _line(text: str, position: int) -> int:
    """Number the line at *position* of *text*, from 1."""
    return text.count("\n", 0, position) + 1


@asynccontextmanager
async def _connect(url: str) -> AsyncGenerator[AsyncConnection]:
    try:
        connection = await AsyncConnection.connect(url, autocommit=True)
    except psycopg.OperationalError as error:
        raise DatabaseError(f"cannot connect to PostgreSQL: {error}") from error
    async with connection:
        # Every name in a migration is qualified, and means the same whatever the role's path.
        await connection.execute("set search_path = ''")
        await connection.execute("set client_min_messages = warning")
        yield connection


async def _lock(connection: AsyncConnection) -> None:
    """Take the lock that makes migrations of this database take turns, until it closes."""
    limit = f"{_LOCK_TIMEOUT_S}s"
    await connection.execute("select set_config('lock_timeout', %s, false)", [limit])
    try:
        await connection.execute("select pg_advisory_lock(%s)", [_LOCK_KEY])
    except errors.LockNotAvailable as error:
        raise DatabaseError(
            f"another migration of this database has been running for {_LOCK_TIMEOUT_S} s;"
            " find its session in pg_stat_activity, or try again later"
        ) from error


async def _apply(connection: AsyncConnection, migration: Migration) -> None:
    for attempt in range(1, _ATTEMPT_LIMIT + 1):
        try:
            await _execute(connection, migration)
        except _FailedError as failure:
            if attempt == _ATTEMPT_LIMIT or not _is_race(failure.cause):
                raise DatabaseError(
                    f"the migration {migration.name} failed in line {failure.line}:"
                    f" {_reason(failure.cause)}"
                ) from failure.cause
        else:
            break
    observe(MigrationApplied(name=migration.name))


class _FailedError(Exception):
    """A statement failed; the transaction is to be rolled back."""

    def __init__(self, line: int, cause: psycopg.Error) -> None:
        super().__init__(line, cause)
        self.line = line
        self.cause = cause


async def _execute(connection: AsyncConnection, migration: Migration) -> None:
    """Run the file and record it, or raise `_FailedError` and leave no trace."""
    async with connection.transaction():
        for statement in split(migration.sql):
            try:
                await connection.execute(statement.sql.encode())
            except psycopg.Error as error:
                raise _FailedError(_failed_line(statement, error), error) from error
        await connection.execute(
            "insert into slotcast.migrations (version, name, checksum) values (%s, %s, %s)",
            [migration.version, migration.name, migration.checksum],
        )


def _failed_line(statement: Statement, error: psycopg.Error) -> int:
    """Give the file's line the error is in; the statement's first when PostgreSQL is silent."""
    position = int(error.diag.statement_position or 1)
    return statement.line + _line(statement.sql, position - 1) - 1


def _is_race(error: psycopg.Error) -> bool:
    """Whether another database's migration was at the same role at the same time."""
    return isinstance(
        error, (errors.UniqueViolation, errors.DuplicateObject, errors.DeadlockDetected)
    ) or "tuple concurrently" in str(error)


def _reason(error: psycopg.Error) -> str:
    """Give PostgreSQL's words, and the rights that help when rights are missing."""
    diagnosis = error.diag
    words = diagnosis.message_primary or str(error)
    for addition in (diagnosis.message_detail, diagnosis.message_hint, diagnosis.context):
        if addition:
            words += f"; {addition}"
    if isinstance(error, errors.InsufficientPrivilege):
        words += (
            "; migrate as a superuser, or as a role that owns the database and has CREATEROLE"
            " and BYPASSRLS"
        )
    return f"{words} ({error.sqlstate})"
