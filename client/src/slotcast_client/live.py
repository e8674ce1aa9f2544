"""
Appointments that stay current: a snapshot, and the change stream merged into it.

Join, wait until changes are live, read all rows, merge (`store` has the rules). After each
further join the rows are read again, and what the gap hid comes out as events, as if it had
just happened.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Self

from realtime.types import RealtimePostgresChangesListenEvent as Operation

from slotcast_client.changes import parse_change
from slotcast_client.errors import SnapshotFailed, SnapshotRefused, UnreadableRow
from slotcast_client.events import EventQueue
from slotcast_client.feed import Feed, Status, require_async
from slotcast_client.limits import DEFAULT_LIMITS, Backoff, Limits
from slotcast_client.membership import Binding
from slotcast_client.scopes import scope_of
from slotcast_client.snapshots import read_snapshot
from slotcast_client.store import GRACE_S, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType
    from uuid import UUID

    from supabase import AsyncClient

    from slotcast_client.appointments import Appointment, JsonObject
    from slotcast_client.events import Event, RowEvent
    from slotcast_client.scopes import Scope
    from slotcast_client.store import Mark

logger = logging.getLogger(__name__)


def live_appointments(
    client: AsyncClient,
    *,
    workspace_id: UUID | str | None = None,
    customer_id: UUID | str | None = None,
    team_member_id: UUID | str | None = None,
    starting: datetime | None = None,
    before: datetime | None = None,
    on_status: Callable[[Status], None] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> LiveAppointments:
    """
    Hold the appointments that the user may see, and keep them current.

    Use it with ``async with``, which returns when the rows are read and changes are live:

        async with live_appointments(client, workspace_id=salon) as live:
            async for event in live:
                ...

    Args:
        client: From `supabase.acreate_client`.
        workspace_id: Those of a workspace; or give one of the two that follow.
        customer_id: Those of a customer, by user id.
        team_member_id: Those of a team member.
        starting: Only those that start at this time (aware) or later.
        before: Only those that start earlier than this time.
        on_status: Is told when changes stop to come, and when they come again. It must not
            block; what it raises is logged.
        limits: How long things may take, and how many events may wait to be iterated over.
            With one more, they are all replaced by a `Snapshot`: nothing grows, and nothing
            is missed.

    Raises:
        InvalidId: The id is not a UUID.
        TypeError: Not exactly one id is given, or *client* is not the client for asyncio.
        ValueError: A time has no zone.
    """
    require_async(client)
    scope = scope_of(
        workspace_id=workspace_id,
        customer_id=customer_id,
        team_member_id=team_member_id,
        starting=starting,
        before=before,
    )
    return LiveAppointments(client, scope, on_status=on_status, limits=limits)


class LiveAppointments:
    """
    Rows and what becomes of them; made by `live_appointments`.

    Iterating gives a `Snapshot` first, then `Inserted`, `Updated` and `Deleted` in the order
    in which they happened to `rows`. One consumer iterates; whoever only looks at `rows` need
    not. Iteration ends when the ``async with`` block is left, and raises what makes it
    impossible to go on: a row that cannot be read.

    Attributes:
        rows: By id, always current; it is ahead of events that were not yet iterated over.
        status: What has become of the subscription; None before it was live.
    """

    def __init__(
        self,
        client: AsyncClient,
        scope: Scope,
        *,
        on_status: Callable[[Status], None] | None,
        limits: Limits,
    ) -> None:
        self.status: Status | None = None
        self._client = client
        self._scope = scope
        self._on_status = on_status
        self._limits = limits
        self._store = Store(scope)
        self.rows: Mapping[UUID, Appointment] = self._store.rows
        self._queue = EventQueue(self.rows, pending_limit=limits.pending_limit)
        self._news = asyncio.Event()
        self._resync_wanted = asyncio.Event()
        self._reading = asyncio.Lock()
        self._second_look: asyncio.TimerHandle | None = None
        self._resyncer: asyncio.Task[None] | None = None
        self._feed = Feed(
            client,
            f"slotcast:live:{scope.column}:{scope.id}",
            _bindings(scope),
            on_change=self._take,
            on_status=self._note,
            limits=limits,
        )

    async def __aenter__(self) -> Self:
        """
        Join, and read the rows.

        Raises:
            ConnectionLost: The server cannot be reached.
            SubscriptionRefused: It refuses; for example, the token has expired.
            JoinTimeout: It did not answer in time.
            SnapshotFailed: The rows cannot be read, or (SnapshotRefused) may not be.
        """
        await self._feed.start()
        self._resync_wanted.clear()
        try:
            await self._read()
        except BaseException:
            await self._feed.stop()
            raise
        self._resyncer = asyncio.create_task(self._keep_current())
        self._resyncer.add_done_callback(self._resyncer_ended)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the channel, and keep nothing: no task, and no socket of its own."""
        if self._resyncer is not None:
            self._resyncer.cancel()
            await asyncio.wait([self._resyncer])
        await self._feed.stop()
        if self._second_look is not None:
            self._second_look.cancel()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """Wait for the next event."""
        if self._resyncer is None:
            raise RuntimeError("iterate within `async with`")
        while not self._resyncer.cancelled():
            event = self._queue.take()
            if event is not None:
                return event
            if self._resyncer.done():
                self._resyncer.result()
            self._news.clear()
            await self._news.wait()
        raise StopAsyncIteration

    async def resync(self) -> None:
        """
        Read the rows again now; what is different comes out as events.

        Only what no change tells calls for it.

        Raises:
            SnapshotFailed: The rows cannot be read, or (SnapshotRefused) may not be.
        """
        await self._read()

    async def _read(self) -> None:
        """Read the rows and merge them, one reading at a time."""
        async with self._reading:
            mark = self._store.mark(now_s=_now_s())
            try:
                rows = await read_snapshot(
                    self._client, self._scope, timeout_s=self._limits.snapshot_timeout_s
                )
            except SnapshotRefused:
                self._merge([], mark)  # what may not be read any more must not be shown
                raise
            self._merge(rows, mark)

    def _merge(self, rows: Sequence[Appointment], mark: Mark) -> None:
        merged = self._store.replace(rows, mark)
        for event in merged.events:
            self._tell(event)
        if merged.is_doubtful:
            self._second_look = asyncio.get_running_loop().call_later(
                GRACE_S, self._resync_wanted.set
            )

    async def _keep_current(self) -> None:
        backoff = Backoff(self._limits)
        wait_s = self._limits.resync_interval_s
        while True:
            await self._resync_wanted_within(wait_s)
            try:
                await self._read()
            except SnapshotFailed as error:
                logger.warning("%s", error)
                wait_s = backoff.next_s()
            else:
                backoff.reset()
                wait_s = self._limits.resync_interval_s

    def _resyncer_ended(self, resyncer: asyncio.Task[None]) -> None:
        if not resyncer.cancelled() and (failure := resyncer.exception()) is not None:
            logger.error("The rows are not kept current any more", exc_info=failure)
        self._news.set()

    async def _resync_wanted_within(self, wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._resync_wanted.wait()
        except TimeoutError:
            pass
        self._resync_wanted.clear()

    def _take(self, data: JsonObject) -> None:
        try:
            change = parse_change(data)
        except UnreadableRow as error:
            logger.warning("A change cannot be read, so all rows are: %s", error)
            self._resync_wanted.set()
            return
        event = self._store.apply(change, now_s=_now_s())
        if event is not None:
            self._tell(event)

    def _tell(self, event: RowEvent) -> None:
        self._queue.put(event)
        self._news.set()

    def _note(self, status: Status) -> None:
        self.status = status
        if status.state == "live":
            self._resync_wanted.set()
        if self._on_status is not None:
            try:
                self._on_status(status)
            except Exception:
                logger.exception("A callback failed")


def _bindings(scope: Scope) -> list[Binding]:
    """
    Ask for the changes of *scope*, and for updates that take a row out of it.

    A filter looks at the row as it is afterwards. So an appointment that goes to another
    team member or customer would not be heard of any more, and stay.
    """
    if scope.is_lasting:
        return [Binding(Operation.All, scope.filter)]
    return [
        Binding(Operation.Insert, scope.filter),
        Binding(Operation.Update, None),
        Binding(Operation.Delete, scope.filter),
    ]


def _now_s() -> float:
    return asyncio.get_running_loop().time()
