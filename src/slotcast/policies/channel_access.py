"""
What policies on `realtime.messages` permit on private channels.

PostgreSQL answers: the function `slotcast.channel_access` tries a SELECT or an INSERT of rows
of the topic as the role, and with the claims, of whoever asks, and leaves nothing behind.
Nothing is remembered here.

Questions that come while others are being asked are put together, in one round trip, as soon
as those are answered: a thousand clients that join again after a restart cost some dozens of
round trips on one connection, and a single one is asked about at once. A question that
PostgreSQL takes too long over is found by asking each alone, and permits nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import psycopg

from slotcast.observations import Observation, observe
from slotcast.verdicts import Permissions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool

    from slotcast.claims import Claims
    from slotcast.verdicts import Extension

_BATCH_LIMIT: Final = 100
_ASK: Final = "select * from slotcast.channel_access(%s, %s, %s, %s, %s, %s)"
_NOTHING: Final = Permissions(broadcast=False, presence=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPolicyFailed(Observation):
    """A policy on `realtime.messages` raised, or took too long, which permits nothing."""

    level: ClassVar[int] = logging.WARNING
    topic: str
    role: str
    sqlstate: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """Equal ones are asked once."""

    topic: str
    claims: Claims
    headers: str


class PolicyAccess:
    """
    Asks PostgreSQL; a `slotcast.channels.access.ChannelAccess`.

    Args:
        pool: Connections whose role is a member of every role that asks.
        search_path: The search_path under which the functions of policies run.
    """

    def __init__(
        self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]], *, search_path: str
    ) -> None:
        self._pool = pool
        self._search_path = search_path
        self._waiting: defaultdict[bool, dict[_Asked, asyncio.Future[Permissions]]] = defaultdict(
            dict
        )
        self._asking: dict[bool, asyncio.Task[None]] = {}

    async def read(self, topic: str, claims: Claims, headers: str) -> Permissions:
        """Tell what may be read; see `ChannelAccess.read`."""
        return await self._answer(_Asked(topic, claims, headers), write=False)

    async def write(self, topic: str, claims: Claims, headers: str, extension: Extension) -> bool:
        """Tell whether a message of *extension* may be sent; see `ChannelAccess.write`."""
        permissions = await self._answer(_Asked(topic, claims, headers), write=True)
        match extension:
            case "broadcast":
                return permissions.broadcast
            case "presence":
                return permissions.presence

    async def _answer(self, asked: _Asked, *, write: bool) -> Permissions:
        waiting = self._waiting[write]
        answer = waiting.get(asked)
        if answer is None:
            answer = waiting[asked] = asyncio.get_running_loop().create_future()
        if write not in self._asking:
            self._asking[write] = asyncio.create_task(self._ask_all(write=write))
        # Whoever gives up must not take the answer from others who wait for it.
        return await asyncio.shield(answer)

    async def _ask_all(self, *, write: bool) -> None:
        """Ask until nobody waits."""
        try:
            while waiting := self._waiting[write]:
                batch = dict(list(waiting.items())[:_BATCH_LIMIT])
                for asked in batch:
                    del waiting[asked]
                await self._ask_batch(batch, write=write)
        finally:
            del self._asking[write]

    async def _ask_batch(
        self, batch: dict[_Asked, asyncio.Future[Permissions]], *, write: bool
    ) -> None:
        try:
            answers = await self._ask(list(batch), write=write)
        except BaseException as error:
            for future in batch.values():
                if isinstance(error, Exception):
                    future.set_exception(error)
                    future.exception()  # those who asked may have given up
                else:
                    future.cancel()
            if not isinstance(error, Exception):
                raise
        else:
            for future, answer in zip(batch.values(), answers, strict=True):
                future.set_result(answer)

    async def _ask(self, questions: Sequence[_Asked], *, write: bool) -> list[Permissions]:
        async with self._pool.connection() as connection:
            try:
                return await self._put(connection, questions, write=write)
            except psycopg.Error:
                if connection.broken:
                    raise
            return [
                await self._put_alone(connection, question, write=write) for question in questions
            ]

    async def _put_alone(
        self, connection: AsyncConnection[TupleRow], question: _Asked, *, write: bool
    ) -> Permissions:
        """Ask for one alone, so that what is wrong with it, or slow, is its own concern."""
        try:
            (answer,) = await self._put(connection, [question], write=write)
        except psycopg.Error as error:
            if connection.broken:
                raise
            _report(question, error.sqlstate)
            return _NOTHING
        return answer

    async def _put(
        self, connection: AsyncConnection[TupleRow], questions: Sequence[_Asked], *, write: bool
    ) -> list[Permissions]:
        """Ask in one round trip, and roll back."""
        parameters = [
            [question.topic for question in questions],
            [question.claims.role for question in questions],
            [question.claims.document for question in questions],
            [question.headers for question in questions],
            write,
            self._search_path,
        ]
        async with (
            connection.pipeline(),
            connection.transaction(force_rollback=True),
        ):
            await connection.execute("set transaction read write")
            cursor = await connection.execute(_ASK, parameters, prepare=True)
        rows = await cursor.fetchall()
        return [_permissions(question, *row) for question, row in zip(questions, rows, strict=True)]


def _permissions(
    question: _Asked, broadcast: bool, presence: bool, sqlstate: str | None
) -> Permissions:
    if sqlstate is not None:
        _report(question, sqlstate)
    return Permissions(broadcast=broadcast, presence=presence)


def _report(question: _Asked, sqlstate: str | None) -> None:
    observe(
        ChannelPolicyFailed(
            topic=question.topic, role=question.claims.role, sqlstate=sqlstate or "unknown"
        )
    )
