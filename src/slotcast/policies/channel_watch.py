"""
Knowing when the policies on `realtime.messages` may say something else than before.

Theory of operation
-------------------
Permissions on private channels are kept, so something has to tell when they are out of date.
The tables that the policies depend on (`slotcast.policies.dependencies`) are put into the
private publication, so that their changes come in the stream, in commit order with the
messages they permit or forbid. A table counts as watched before it is put there, and
permissions are asked for only afterwards: whatever is committed later is seen.

Dependencies are looked for again, at most every `kept_s` seconds, when somebody joins or a
message comes: a policy that is written anew is in no stream. Where they are incomplete,
because policies depend on the time for example, what was asked counts for `kept_s` seconds;
then it is asked again before the next message of the topic. Without messages nothing is asked.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import psycopg
from psycopg_pool import PoolTimeout

from slotcast.observations import Observation, observe, problem
from slotcast.policies.dependencies import Dependencies, Reason, find
from slotcast.postgres.visibility import until_visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool

    from slotcast.changes import Change
    from slotcast.claims import Claims
    from slotcast.policies.channel_access import PolicyAccess
    from slotcast.policies.watched_tables import WatchedTables
    from slotcast.verdicts import Extension, Permissions

_COMMANDS: Final = "ra*"

_MESSAGES: Final = "select 'realtime.messages'::regclass::oid::int8"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPoliciesUnclear(Observation):
    """Permissions on private channels are asked again every few seconds, and why."""

    reasons: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPoliciesUnknown(Observation):
    """What the policies depend on could not be found out; it is tried again."""

    level: ClassVar[int] = logging.WARNING
    problem: str


class ChannelWatch:
    """
    Watches what the policies on `realtime.messages` depend on.

    Args:
        pool: For the catalog.
        watched: Has them streamed.
        search_path: The search_path under which the functions of policies run.
        kept_s: How long dependencies count, and permissions where these are incomplete.
        on_change: Is called when permissions have to be asked for again.

    Attributes:
        reasons: Why the tables that are watched are not all that counts.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool[AsyncConnection[TupleRow]],
        *,
        watched: WatchedTables,
        search_path: str,
        kept_s: float,
        on_change: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._watched = watched
        self._search_path = search_path
        self._kept_s = kept_s
        self._on_change = on_change
        self._tables: frozenset[int] = frozenset()
        self._known: Dependencies | None = None
        self._known_at = 0.0
        self._looking: asyncio.Task[None] | None = None
        self._xids: set[int] = set()
        self.reasons: tuple[Reason, ...] = ()

    def concerns(self, change: Change) -> bool:
        """Tell whether the policies may say something else after *change*."""
        return change.relation.oid in self._tables

    def changed(self, xid: int) -> None:
        """Note that transaction *xid* changed a table, which has yet to be seen by others."""
        self._xids.add(xid)

    def is_outdated(self, asked_at: float) -> bool:
        """
        Tell whether permissions have to be asked for again before the next message.

        Args:
            asked_at: When they were asked for, by `time.monotonic`.
        """
        now = time.monotonic()
        if now - self._known_at > self._kept_s and self._looking is None:
            self._looking = asyncio.create_task(self._look())
        return bool(self.reasons) and now - asked_at > self._kept_s

    async def ready(self) -> None:
        """
        Wait until every change that is committed from now on will be noticed.

        Raises:
            psycopg.OperationalError: PostgreSQL did not answer.
            PoolTimeout: Likewise.
        """
        if self._known is None or time.monotonic() - self._known_at > self._kept_s:
            if self._looking is None:
                self._looking = asyncio.create_task(self._look())
            await asyncio.shield(self._looking)
            if self._known is None:
                raise psycopg.OperationalError("the dependencies of policies are not known")
        if self._xids:
            await self._until_visible()

    async def _until_visible(self) -> None:
        xids = set(self._xids)
        async with self._pool.connection() as connection:
            await until_visible(connection, xids)
        self._xids -= xids

    async def _look(self) -> None:
        """Find the dependencies anew; what goes wrong is told, and tried again later."""
        try:
            async with self._pool.connection() as connection:
                await self._update(connection)
        except (psycopg.Error, PoolTimeout) as error:
            observe(ChannelPoliciesUnknown(problem=problem(error)))
        finally:
            self._looking = None

    async def _update(self, connection: AsyncConnection[TupleRow]) -> None:
        cursor = await connection.execute(_MESSAGES)
        row = await cursor.fetchone()
        if row is None:
            raise AssertionError("a SELECT without FROM returns a row")
        found = await find(connection, row[0], commands=_COMMANDS, search_path=self._search_path)
        former = self._known
        reasons = list(found.reasons)
        self._tables |= found.tables
        unwatched = await self._watched.want(connection, "private channels", found.tables)
        reasons += unwatched.values()
        self._tables = found.tables
        self._note(found, tuple(sorted(reasons)))
        if former is not None and former != found:
            self._on_change()

    def _note(self, found: Dependencies, reasons: tuple[Reason, ...]) -> None:
        if reasons and reasons != self.reasons:
            told = "; ".join(f"{reason.subject}: {reason.problem}" for reason in reasons)
            observe(ChannelPoliciesUnclear(reasons=told))
        self.reasons = reasons
        self._known = found
        self._known_at = time.monotonic()


class WatchedAccess:
    """
    Asks for permissions whose end will be noticed; a `slotcast.channels.access.ChannelAccess`.

    Args:
        access: Asks PostgreSQL.
        watch: Notices.
    """

    def __init__(self, access: PolicyAccess, watch: ChannelWatch) -> None:
        self._access = access
        self._watch = watch

    async def read(self, topic: str, claims: Claims, headers: str) -> Permissions:
        """Tell what may be read; see `ChannelAccess.read`."""
        await self._watch.ready()
        return await self._access.read(topic, claims, headers)

    async def write(self, topic: str, claims: Claims, headers: str, extension: Extension) -> bool:
        """Tell whether a message of *extension* may be sent; see `ChannelAccess.write`."""
        await self._watch.ready()
        return await self._access.write(topic, claims, headers, extension)
