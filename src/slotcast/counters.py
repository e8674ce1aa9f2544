"""
What the stages count about themselves, for whoever wants to know.

A stage owns one of these objects and adds to its fields: plain integers, so that counting
costs next to nothing where everything is fast, and several servers in one process count
apart. Nothing here is shown or sent anywhere; `slotcast.transports.metrics` reads it when
it is asked. Names of tables and reasons are kept, never a token, a key or a row's value.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

OTHER: Final = "other"
"""What is counted together once there are too many names."""

_TABLE_LIMIT: Final = 500
_REASON_LIMIT: Final = 100

JUDGE_BOUNDS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
"""Upper bounds of the buckets of a round trip's time, in seconds."""


class Histogram:
    """
    How often values fell between bounds.

    Attributes:
        bounds: Upper bounds of the buckets, ascending; the last bucket has none.
        total: Sum of the values.
    """

    __slots__ = ("_counts", "bounds", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.total = 0.0
        self._counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        """Count *value*; one that equals a bound is within it."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def cumulative(self) -> list[int]:
        """Count the values up to each bound, and at last all of them."""
        return list(accumulate(self._counts))


@dataclass(slots=True)
class StreamCounts:
    """
    What the replication stream brought, duplicates after a reconnection left out.

    Attributes:
        connections: How often the slot was taken.
        transactions: Complete ones.
        changes: Rows written by them.
        received_bytes: Of the stream, duplicates included.
        seen_lsn: The furthest position that PostgreSQL spoke of.
        heard_at: When it last said anything, in the loop's time; None before.
        pending_since: When the oldest transaction that is being handed over was committed,
            in Unix time; None when there is none.
        lost_at: Since when the stream is not live, in the loop's time; None while it is.
    """

    connections: int = 0
    transactions: int = 0
    changes: int = 0
    received_bytes: int = 0
    seen_lsn: int = 0
    heard_at: float | None = None
    pending_since: float | None = None
    lost_at: float | None = None


@dataclass(slots=True)
class TableCounts:
    """
    What became of one table's changes that somebody asked for.

    Attributes:
        changes: That passed somebody's filter.
        deliveries: Messages, one for each channel that got a change.
        denied: Bindings that row level security or grants kept a change from.
        failed: Bindings whose policies raised or took too long.
        lost: Changes that a defect kept from everybody, who was told.
    """

    changes: int = 0
    deliveries: int = 0
    denied: int = 0
    failed: int = 0
    lost: int = 0


@dataclass(slots=True)
class DeliveryCounts:
    """
    What became of changes.

    Attributes:
        recovered: Changes found in the slot at the start and kept for returning clients.
        delays: How often PostgreSQL had to be asked again about a batch.
        sent_at: When somebody was last sent one, in the loop's time.
        tables: By ``schema.name``.
    """

    recovered: int = 0
    delays: int = 0
    sent_at: float = -math.inf
    tables: dict[str, TableCounts] = field(default_factory=dict[str, TableCounts])

    def table(self, schema: str, name: str) -> TableCounts:
        """Get the counts of a table, or those of all others beyond the limit."""
        key = f"{schema}.{name}"
        counts = self.tables.get(key)
        if counts is None:
            key = key if len(self.tables) < _TABLE_LIMIT else OTHER
            counts = self.tables.setdefault(key, TableCounts())
        return counts


@dataclass(slots=True)
class JudgeCounts:
    """
    Who may see row images: what was decided here, and what PostgreSQL was asked.

    Attributes:
        decided: Pairs of image and viewer that were ruled on without PostgreSQL.
        pairs: Those that it was asked about.
        round_trip_s: Time of each batch of questions, waiting for a connection included.
    """

    decided: int = 0
    pairs: int = 0
    round_trip_s: Histogram = field(default_factory=lambda: Histogram(JUDGE_BOUNDS_S))


@dataclass(slots=True)
class SendCounts:
    """
    What send queues wrote.

    Attributes:
        sent_bytes: Size of the WebSocket frames.
        writes: System calls, roughly: frames of one turn go out together.
        joined_frames: Those that went out with another one.
        overflows: Connections closed since they read too slowly.
    """

    sent_bytes: int = 0
    writes: int = 0
    joined_frames: int = 0
    overflows: int = 0

    @property
    def frames(self) -> int:
        """How many WebSocket frames were sent."""
        return self.writes + self.joined_frames


@dataclass(slots=True)
class ChannelCounts:
    """
    What clients asked of their channels.

    Attributes:
        connections: That were opened.
        accepted: Joins.
        refused: Joins, by the code that the reason begins with.
        received: Messages, by what they are; see `receive`.
        ignored: Frames that are not of the protocol.
    """

    connections: int = 0
    accepted: int = 0
    refused: dict[str, int] = field(default_factory=dict[str, int])
    received: dict[str, int] = field(default_factory=dict[str, int])
    ignored: int = 0

    def refuse(self, reason: str) -> None:
        """
        Count a refused join.

        Args:
            reason: As the client gets it: a code, a colon, a sentence; or a sentence alone.
        """
        code, colon, _ = reason.partition(":")
        _add(self.refused, code if colon and code.isalnum() else OTHER)

    def receive(self, kind: str) -> None:
        """
        Count a message of a client.

        Args:
            kind: One of a few words that the server chose, such as ``broadcast``.
        """
        _add(self.received, kind)


def _add(counts: dict[str, int], name: str) -> None:
    if name not in counts and len(counts) >= _REASON_LIMIT:
        name = OTHER
    counts[name] = counts.get(name, 0) + 1
