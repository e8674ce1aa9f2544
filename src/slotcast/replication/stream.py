"""
The stream of committed transactions, kept up for ever.

Theory of operation. One task, `Replication.run`, receives, decodes and awaits the consumer;
while the consumer is busy nothing is received, so a slow one is felt by the walsender
through TCP. Beside it, one task a connection sends status updates. A connection that breaks
is replaced: `Progress` then drops what was handed over before, and `Confirmation` carries
the positions on. The consumer is never cancelled because a connection broke.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from enum import Enum
from typing import TYPE_CHECKING, ClassVar, Final

from psycopg import sql

from slotcast.counters import StreamCounts
from slotcast.errors import DatabaseError, SpoolError
from slotcast.observations import Observation, observe
from slotcast.pgoutput.assembler import Assembler
from slotcast.replication.backoff import Backoff
from slotcast.replication.connection import (
    Identity,
    SlotInUse,
    StreamBroken,
    StreamRefused,
    WalConnection,
)
from slotcast.replication.positions import Confirmation, Progress
from slotcast.replication.session import Session
from slotcast.replication.slot import Server, prepare

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from slotcast.changes import TransactionSlice
    from slotcast.lsn import Lsn

_STATUS_INTERVAL_S: Final = 10.0
_SLOT_RETRY_FIRST_S: Final = 0.02
_SLOT_RETRY_CAP_S: Final = 0.5
_STABLE_AFTER_S: Final = 1.0
"""A stream that lasted so long does not count as a failed attempt when it breaks."""


class StreamState(Enum):
    """What the stream is doing."""

    CONNECTING = "connecting"
    WAITING = "waiting for the slot"
    LIVE = "live"
    LOST = "lost"
    STOPPED = "stopped"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StreamLive(Observation):
    """The stream has begun after *start_lsn*; 0/0 is where the slot was confirmed."""

    slot: str
    start_lsn: Lsn


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SlotAwaited(Observation):
    """Another process reads the slot; this one takes over when that one is gone."""

    level: ClassVar[int] = logging.WARNING

    slot: str
    reason: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StreamLost(Observation):
    """The stream broke off, or could not be taken up; it is tried again."""

    level: ClassVar[int] = logging.WARNING

    slot: str
    reason: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HistoryChanged(Observation):
    """
    PostgreSQL was replaced, as by a failover, so positions begin anew from the slot.

    What was handed over within the last moments may come again.
    """

    level: ClassVar[int] = logging.WARNING

    slot: str


class Replication:
    """
    Reads a replication slot and hands committed transactions over, in commit order.

    Args:
        conninfo: Where PostgreSQL is.
        slot: Name of the replication slot; created if it is missing.
        publications: Names of the publications, any identifiers.
        replay_window_s: How long after hand-over a position is confirmed, in seconds: what
            a crash can deliver again.
        spool_memory_bytes: See `Assembler`.
        on_state: Is called with every new state.

    Attributes:
        state: What the stream is doing.
        boot_lsn: How far the WAL was flushed when this process first took the slot; None
            before. A transaction whose commit LSN is below was found in the slot: it was
            committed before this process could serve anybody. Set before the first
            delivery.
        counts: What the stream brought, over all its connections.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        slot: str,
        publications: Sequence[str],
        replay_window_s: float,
        spool_memory_bytes: int = 1024 * 1024,
        on_state: Callable[[StreamState], None] | None = None,
    ) -> None:
        self._conninfo = conninfo
        self._slot = slot
        self._publications = tuple(publications)
        self._spool_memory_bytes = spool_memory_bytes
        self._on_state = on_state
        self._replay_window_s = replay_window_s
        self._confirmation = Confirmation(replay_window_s)
        self._progress = Progress()
        self._history: tuple[str, int] | None = None
        self._is_prepared = False
        self._was_live = False
        self._live = asyncio.Event()
        self._connection: WalConnection | None = None
        self.state = StreamState.CONNECTING
        self.boot_lsn: Lsn | None = None
        self.counts = StreamCounts()

    @property
    def live(self) -> bool:
        """Whether the slot is ours and streams: every later commit will be delivered."""
        return self._live.is_set()

    @property
    def handed_over_lsn(self) -> Lsn:
        """Everything committed before was handed over; 0/0 until the server said anything."""
        return self._confirmation.handed_over_lsn

    @property
    def confirmed_lsn(self) -> Lsn:
        """Everything before may be forgotten by PostgreSQL."""
        return self._confirmation.confirmed_lsn

    @property
    def unconfirmed_since(self) -> float | None:
        """About when the oldest unconfirmed position was handed over, in the loop's time."""
        return self._confirmation.unconfirmed_since

    async def wait_live(self) -> None:
        """Wait until the stream is live."""
        await self._live.wait()

    def let_go(self) -> None:
        """
        Cut the connection; when the consumer is done with its batch, another one takes over.

        For a consumer that cannot go on without PostgreSQL: one that shuts down waits until
        all that it sent is confirmed, so the two would wait for each other.
        """
        if self._connection is not None:
            self._connection.cut()

    async def run(self, deliver: Callable[[Sequence[TransactionSlice]], Awaitable[None]]) -> None:
        """
        Stream until cancelled; to be called once.

        On cancellation everything handed over is confirmed; the slot stays.

        Args:
            deliver: Takes a batch, at most some thousands of changes, in commit order. When
                it returns, the batch counts as handed over. What it raises ends the stream.

        Raises:
            DatabaseError: PostgreSQL was not as it has to be at the first attempt; later
                the stream is tried again for ever.
            DecodeError: PostgreSQL sent what cannot be understood.
        """
        loop = asyncio.get_running_loop()
        self.counts.lost_at = loop.time()
        backoff = Backoff()
        observed_reason: str | None = None
        try:
            while True:
                attempted_at = loop.time()
                reason = await self._attempt(deliver)
                if loop.time() - attempted_at >= _STABLE_AFTER_S:
                    backoff.reset()
                    observed_reason = None
                if reason != observed_reason:
                    observe(StreamLost(slot=self._slot, reason=reason))
                    observed_reason = reason
                self._become(StreamState.LOST)
                await asyncio.sleep(backoff.next_delay_s())
        finally:
            self._become(StreamState.STOPPED)

    async def _attempt(
        self, deliver: Callable[[Sequence[TransactionSlice]], Awaitable[None]]
    ) -> str:
        """Connect and stream until that breaks; return why it did."""
        self._become(StreamState.CONNECTING)
        try:
            server = await prepare(
                self._conninfo,
                slot=self._slot,
                publications=self._publications,
                may_create_slot=not self._was_live,
            )
            connection = await WalConnection.open(self._conninfo)
        except DatabaseError as error:
            if not self._is_prepared:
                raise
            return str(error)
        self._is_prepared = True
        self._connection = connection
        try:
            await self._take_slot(connection)
            session = Session(
                connection,
                confirmation=self._confirmation,
                progress=self._progress,
                assembler=Assembler(spool_memory_bytes=self._spool_memory_bytes),
                deliver=deliver,
                status_interval_s=_status_interval_s(server),
                counts=self.counts,
            )
            await session.run()
        except StreamRefused as error:
            if not self._was_live:
                raise
            return str(error)
        except (StreamBroken, SpoolError) as error:
            return str(error)
        finally:
            self._connection = None
            await connection.close()

    async def _take_slot(self, connection: WalConnection) -> None:
        """Start to stream, as soon as nobody else reads the slot."""
        retry_s = _SLOT_RETRY_FIRST_S
        while True:
            identity = await connection.identify()
            self._follow_history(identity)
            try:
                await connection.start(
                    _start_command(self._slot, self._publications, self.handed_over_lsn)
                )
                break
            except SlotInUse as error:
                if self.state is not StreamState.WAITING:
                    observe(SlotAwaited(slot=self._slot, reason=str(error).strip()))
                    self._become(StreamState.WAITING)
            await asyncio.sleep(retry_s)
            retry_s = min(_SLOT_RETRY_CAP_S, retry_s * 2)
        if self.boot_lsn is None:
            self.boot_lsn = identity.flush_lsn
        self._was_live = True
        self.counts.connections += 1
        observe(StreamLive(slot=self._slot, start_lsn=self.handed_over_lsn))
        self._become(StreamState.LIVE)

    def _follow_history(self, identity: Identity) -> None:
        """Forget all positions if they are not of the history that the server has."""
        history = (identity.system, identity.timeline)
        if self._history not in (None, history):
            observe(HistoryChanged(slot=self._slot))
            self._confirmation = Confirmation(self._replay_window_s)
            self._progress = Progress()
            self.counts.seen_lsn = 0
        self._history = history

    def _become(self, state: StreamState) -> None:
        if state is self.state:
            return
        self.state = state
        if state is StreamState.LIVE:
            self._live.set()
            self.counts.lost_at = None
        else:
            self._live.clear()
            self.counts.lost_at = self.counts.lost_at or asyncio.get_running_loop().time()
        if self._on_state is not None:
            self._on_state(state)


def _start_command(slot: str, publications: Sequence[str], start_lsn: Lsn) -> str:
    """
    Write the START_REPLICATION command.

    Transactions that ended before *start_lsn* are not sent, and neither are those before
    the confirmed position of the slot.
    """
    # The option is a list of identifiers inside of a string, and the replication grammar
    # has strings without escapes only.
    names = ",".join(sql.Identifier(name).as_string() for name in publications)
    quoted_names = names.replace("'", "''")
    return (
        f"START_REPLICATION SLOT {sql.Identifier(slot).as_string()} LOGICAL {start_lsn}"
        " (proto_version '2', streaming 'on', messages 'true',"
        f" publication_names '{quoted_names}')"
    )


def _status_interval_s(server: Server) -> float:
    """Send status updates well before the walsender gives up, when idle seldom."""
    if server.sender_timeout_s <= 0:
        return _STATUS_INTERVAL_S
    return min(_STATUS_INTERVAL_S, server.sender_timeout_s / 3)
