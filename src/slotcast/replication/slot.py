"""
Is PostgreSQL as it has to be? Checks before the stream starts, and the slot's creation.

Every failure says what to run. The checks need no superuser, and they ask over an ordinary
connection, because a missing right or a full table of walsenders refuses the other kind
with words that depend on the server's language.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Any, ClassVar, Final, LiteralString

import psycopg
from psycopg import sql

from slotcast.errors import DatabaseError
from slotcast.observations import Observation, observe
from slotcast.replication.connection import connect

if TYPE_CHECKING:
    from collections.abc import Sequence

PLUGIN: Final = "pgoutput"

_OLDEST_VERSION: Final = 150000
_VERSION_WITH_SET_OPTION: Final = 160000
_VERSION_WITH_FAILOVER: Final = 170000
_CLIENT_ROLES: Final = ("anon", "authenticated", "service_role")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SlotCreating(Observation):
    """The slot does not exist; creating it waits for the transactions that are running."""

    slot: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SlotCreated(Observation):
    """From now on PostgreSQL keeps WAL for the slot, also while nobody reads it."""

    slot: str
    survives_failover: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SlotDuplicate(Observation):
    """Another process created the slot at the same moment."""

    level: ClassVar[int] = logging.DEBUG

    slot: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """
    What the checks learned.

    Attributes:
        version: As `server_version_num`, such as 150013.
        sender_timeout_s: `wal_sender_timeout` in seconds, 0 for none: a walsender that
            heard nothing for so long ends.
    """

    version: int
    sender_timeout_s: float


async def prepare(
    conninfo: str, *, slot: str, publications: Sequence[str], may_create_slot: bool = True
) -> Server:
    """
    Check that the stream can start, and create the slot if it is missing.

    Args:
        conninfo: Where PostgreSQL is.
        slot: Name of the replication slot.
        publications: Names of the publications.
        may_create_slot: False once the stream has run: then a missing slot means that
            changes were lost, which must not pass unnoticed.

    Raises:
        DatabaseError: Something has to be mended first; the message says what to run.
    """
    connection = await connect(conninfo)
    try:
        check = _Check(connection)
        await check.version()
        await check.primary()
        await check.role()
        await check.wal_level()
        for publication in publications:
            await check.publication(publication)
        if not await check.slot(slot):
            if not may_create_slot:
                raise DatabaseError(
                    f"the replication slot {slot!r} is gone, and with it the changes since"
                    " it was last read. Restart Slotcast: it creates a new slot, and clients"
                    " load their data anew."
                )
            await check.free_slot()
            await _create(connection, slot)
        await check.free_sender()
        return Server(
            version=connection.info.server_version,
            sender_timeout_s=await check.sender_timeout_s(),
        )
    except psycopg.Error as error:
        raise DatabaseError(f"PostgreSQL could not be examined: {error}") from error
    finally:
        await connection.close()


class _Check:
    """Each method is one demand on PostgreSQL, and raises DatabaseError if it is not met."""

    def __init__(self, connection: psycopg.AsyncConnection[tuple[Any, ...]]) -> None:
        self._connection = connection

    async def version(self) -> None:
        found = self._connection.info.server_version
        if found < _OLDEST_VERSION:
            raise DatabaseError(
                f"this is PostgreSQL {found // 10000}; Slotcast needs 15 or newer. Upgrade the"
                " server, for example with pg_upgrade."
            )

    async def primary(self) -> None:
        (is_standby,) = await self._one("select pg_is_in_recovery()")
        if is_standby:
            raise DatabaseError(
                "this PostgreSQL is a standby; Slotcast needs the primary. Name that in"
                " database_url, or all servers, and have the primary found:"
                " postgresql://user@one,two/database?target_session_attrs=read-write"
            )

    async def role(self) -> None:
        name, may_replicate = await self._one(
            "select rolname, rolreplication or rolsuper from pg_roles where rolname = current_user"
        )
        quoted = _identifier(name)
        if not may_replicate:
            raise DatabaseError(
                f"the role {quoted} may not use replication. As a superuser run:\n"
                f"ALTER ROLE {quoted} REPLICATION;"
            )
        await self._memberships(quoted)

    async def _memberships(self, quoted: str) -> None:
        """SET ROLE, under which rows are judged, needs membership in every client's role."""
        version = self._connection.info.server_version
        right = "SET" if version >= _VERSION_WITH_SET_OPTION else "MEMBER"
        rows = await self._all(
            "select rolname, pg_has_role(oid, %s) from pg_roles where rolname = any(%s)",
            [right, list(_CLIENT_ROLES)],
        )
        is_member: dict[str, bool] = dict(rows)
        missing = [role for role in _CLIENT_ROLES if role not in is_member]
        if missing:
            raise DatabaseError(
                f"the roles {', '.join(missing)} do not exist. Run: slotcast migrate"
            )
        closed = [role for role in _CLIENT_ROLES if not is_member[role]]
        if closed:
            raise DatabaseError(
                f"the role {quoted} may not act as {', '.join(closed)}. As a superuser run:\n"
                f"GRANT {', '.join(closed)} TO {quoted};"
            )

    async def wal_level(self) -> None:
        (found,) = await self._one("show wal_level")
        if found != "logical":
            raise DatabaseError(
                f"wal_level is {found}; Slotcast reads the WAL, which needs logical. As a"
                " superuser run:\nALTER SYSTEM SET wal_level = 'logical';\n"
                "and restart PostgreSQL."
            )

    async def publication(self, name: str) -> None:
        if not await self._all("select from pg_publication where pubname = %s", [name]):
            quoted = _identifier(name)
            raise DatabaseError(
                f"the publication {quoted} does not exist in this database. Run:"
                f" slotcast migrate\nor, as the database's owner:\nCREATE PUBLICATION {quoted};\n"
                f"ALTER PUBLICATION {quoted} ADD TABLE …;"
            )

    async def slot(self, name: str) -> bool:
        """Tell whether the slot exists; if so, it is ours and fit for use."""
        found = await self._all(
            "select coalesce(plugin, slot_type), database, database = current_database(),"
            " current_database(), wal_status from pg_replication_slots where slot_name = %s",
            [name],
        )
        if not found:
            return False
        plugin, database, is_here, here, wal_status = found[0]
        if plugin != PLUGIN:
            raise DatabaseError(
                f"the replication slot {name!r} is used by {plugin}, not by {PLUGIN}. Set"
                f" SLOTCAST_SLOT to another name or, if nobody needs it, run:\n{_drop(name)}"
            )
        if not is_here:
            raise DatabaseError(
                f"the replication slot {name!r} belongs to the database {_identifier(database)},"
                f" this one is {_identifier(here)}. Set SLOTCAST_SLOT to another name; every"
                " database needs a slot of its own."
            )
        if wal_status == "lost":
            raise DatabaseError(
                f"the replication slot {name!r} was invalidated: it fell so far behind that"
                " PostgreSQL removed the WAL it needed (max_slot_wal_keep_size), or it was"
                " idle for too long, so the changes since it was last read are lost. To"
                f" start anew from now on, run:\n{_drop(name)}\nand restart Slotcast; clients"
                " load their data anew."
            )
        return True

    async def free_slot(self) -> None:
        used, limit = await self._one(
            "select count(*), current_setting('max_replication_slots')::int"
            " from pg_replication_slots"
        )
        if used >= limit:
            raise DatabaseError(
                f"all {limit} replication slots are taken. Drop one that nobody needs (the view"
                " pg_replication_slots lists them) or, as a superuser, run:\n"
                f"ALTER SYSTEM SET max_replication_slots = {limit + 10};\n"
                "and restart PostgreSQL."
            )

    async def free_sender(self) -> None:
        used, limit = await self._one(
            "select count(*), current_setting('max_wal_senders')::int from pg_stat_replication"
        )
        if used >= limit:
            raise DatabaseError(
                f"all {limit} walsenders are taken. As a superuser run:\n"
                f"ALTER SYSTEM SET max_wal_senders = {limit + 10};\nand restart PostgreSQL."
            )

    async def sender_timeout_s(self) -> float:
        (seconds,) = await self._one(
            "select extract(epoch from current_setting('wal_sender_timeout')::interval)::float8"
        )
        return seconds

    async def _one(self, query: LiteralString) -> tuple[Any, ...]:
        (row,) = await self._all(query)
        return row

    async def _all(
        self, query: LiteralString, parameters: Sequence[object] | None = None
    ) -> list[tuple[Any, ...]]:
        cursor = await self._connection.execute(query, parameters)
        return await cursor.fetchall()


async def _create(connection: psycopg.AsyncConnection[tuple[Any, ...]], slot: str) -> None:
    """Create the slot, such that it survives a failover where the server offers that."""
    observe(SlotCreating(slot=slot))
    survives_failover = connection.info.server_version >= _VERSION_WITH_FAILOVER
    try:
        if survives_failover:
            survives_failover = await _create_failover(connection, slot)
        if not survives_failover:
            await connection.execute(
                "select pg_create_logical_replication_slot(%s, %s)", [slot, PLUGIN]
            )
    except psycopg.errors.DuplicateObject:
        observe(SlotDuplicate(slot=slot))
        return
    except psycopg.errors.InvalidName as error:
        raise DatabaseError(
            f"{slot!r} cannot be a replication slot's name: set SLOTCAST_SLOT to at most 63"
            " lower-case letters, digits and underscores"
        ) from error
    observe(SlotCreated(slot=slot, survives_failover=survives_failover))


async def _create_failover(connection: psycopg.AsyncConnection[tuple[Any, ...]], slot: str) -> bool:
    """Try to create the slot with `failover`; tell whether the server accepts that."""
    try:
        await connection.execute(
            "select pg_create_logical_replication_slot(%s, %s, failover => true)", [slot, PLUGIN]
        )
    except psycopg.errors.ObjectNotInPrerequisiteState:
        return False  # A standby cannot keep a slot for a failover.
    return True


def _identifier(name: str) -> str:
    """Quote *name* for SQL that a person will run."""
    return sql.Identifier(name).as_string()


def _drop(slot: str) -> str:
    return f"SELECT pg_drop_replication_slot({sql.Literal(slot).as_string()});"
