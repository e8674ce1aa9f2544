"""
Broadcasts that are rows of `realtime.messages`: those that come, and those that came before.

The stream brings every row as it is committed, in commit order and within a transaction in
the order in which it was inserted. Who joins a private channel may ask for the last ones.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import psycopg
from psycopg_pool import PoolTimeout

from slotcast.changes import Operation
from slotcast.channels.topics import StoredBroadcast, TopicKey
from slotcast.observations import Observation, observe, problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool

    from slotcast.changes import Change, Value
    from slotcast.channels.protocol.joins import ReplayRequest
    from slotcast.channels.topics import Topics

_SCHEMA: Final = "realtime"
_TABLE: Final = "messages"
_EXTENSION: Final = b"broadcast"
_TRUE: Final = b"t"
_BYTES_PREFIX: Final = b"\\x"

_LOOK_AFTER_EVERY_S: Final = 6 * 3600.0
_LOOK_AFTER: Final = (
    "select slotcast.add_message_partitions(), slotcast.drop_message_partitions(%s)"
)
_RECENT: Final = (
    "select id::text, event, payload, binary_payload from slotcast.recent_messages(%s, %s, %s)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionsNeglected(Observation):
    """The partitions of `realtime.messages` could not be looked after."""

    level: ClassVar[int] = logging.WARNING
    problem: str


class StoredMessages:
    """
    Gives messages of the database to those they are for.

    Args:
        pool: For messages that were sent before.
        topics: Who gets those that come.
    """

    def __init__(
        self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]], topics: Topics
    ) -> None:
        self._pool = pool
        self._topics = topics

    def deliver(self, change: Change) -> None:
        """Send what *change* stored to the members of its topic, if it stored a message."""
        found = stored_broadcast(change)
        if found is not None:
            self._topics.deliver_stored(*found)

    async def look_after(self, *, kept_days: int) -> None:
        """
        Have partitions ready for the messages to come, and drop those of old ones.

        Until cancelled, several times a day. Where another role owns the table this does
        nothing. What goes wrong is told, and tried again the next time.

        Args:
            kept_days: How long messages are kept.
        """
        while True:
            try:
                async with self._pool.connection() as connection, connection.transaction():
                    await connection.execute("set transaction read write")
                    await connection.execute(_LOOK_AFTER, [kept_days])
            except (psycopg.Error, PoolTimeout) as error:
                observe(PartitionsNeglected(problem=problem(error)))
            await asyncio.sleep(_LOOK_AFTER_EVERY_S)

    async def before(self, name: str, request: ReplayRequest) -> Sequence[StoredBroadcast]:
        """
        Give the messages to a private topic that a join asks for, oldest first.

        Args:
            name: Of the topic, without ``realtime:``.
            request: Which of them.

        Raises:
            psycopg.Error: PostgreSQL did not answer.
            PoolTimeout: Likewise.
        """
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_RECENT, [name, request.since_ms, request.limit])
            rows = await cursor.fetchall()
        return [_make(*row) for row in rows]


def is_message(change: Change) -> bool:
    """Tell whether *change* is of `realtime.messages`."""
    return change.relation.schema == _SCHEMA and change.relation.name == _TABLE


def stored_broadcast(change: Change) -> tuple[TopicKey, StoredBroadcast] | None:
    """Read the broadcast that *change* stored; None if it stored none."""
    if not is_message(change) or change.operation is not Operation.INSERT or change.new is None:
        return None
    row: dict[str, Value] = {
        column.name: value
        for column, value in zip(change.relation.columns, change.new, strict=True)
    }
    if row.get("extension") != _EXTENSION:
        return None
    binary = _bytes(row.get("binary_payload"))
    key = TopicKey(name=_text(row.get("topic")), is_private=row.get("private") == _TRUE)
    return key, _make(
        _text(row.get("id")),
        _text(row.get("event")),
        _text(row.get("payload")) or None,
        None if binary is None else bytes.fromhex(binary.removeprefix(_BYTES_PREFIX).decode()),
    )


def _make(
    message_id: str, event: str | None, payload: str | None, binary_payload: bytes | None
) -> StoredBroadcast:
    """Make a broadcast of a row; one without any payload is JSON's null."""
    is_json = binary_payload is None
    return StoredBroadcast(
        id=message_id,
        event=event or "",
        payload=(payload or "null").encode() if binary_payload is None else binary_payload,
        is_json=is_json,
    )


def _bytes(value: Value) -> bytes | None:
    return value if isinstance(value, bytes) else None


def _text(value: Value) -> str:
    return (_bytes(value) or b"").decode()
