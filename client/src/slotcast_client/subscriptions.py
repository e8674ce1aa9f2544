"""Callbacks for every change of the appointments of a workspace, a customer or a team member."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Self, TypeAlias, TypeVar, assert_never

from realtime.types import RealtimePostgresChangesListenEvent

from slotcast_client.appointments import checked_id
from slotcast_client.changes import Change, Delete, Insert, Update, parse_change
from slotcast_client.errors import SlowConsumer, UnreadableRow
from slotcast_client.feed import Feed, Status, require_async
from slotcast_client.limits import DEFAULT_LIMITS, Limits
from slotcast_client.membership import Binding
from slotcast_client.scopes import Scope

if TYPE_CHECKING:
    from types import TracebackType
    from uuid import UUID

    from supabase import AsyncClient

    from slotcast_client.appointments import JsonObject

logger = logging.getLogger(__name__)

T = TypeVar("T")

Callback: TypeAlias = Callable[[T], object]
"""What is told of something; what it returns is awaited, if that can be."""


class Subscription:
    """
    Callbacks that are called for changes, until `unsubscribe`.

    Made by `subscribe_to_workspace_appointments` and its siblings. They are called one
    after another, in commit order; one that is a coroutine function is awaited first. What
    one raises is logged, and the next change is delivered. If more than
    `Limits.pending_limit` changes wait for them, these are dropped and the subscription
    begins anew, as `on_status` is told.

    Attributes:
        status: What has become of it; None before it was live.
    """

    def __init__(
        self,
        client: AsyncClient,
        scope: Scope,
        *,
        on_insert: Callback[Insert] | None,
        on_update: Callback[Update] | None,
        on_delete: Callback[Delete] | None,
        on_status: Callback[Status] | None,
        limits: Limits,
    ) -> None:
        self.status: Status | None = None
        self._on_insert = on_insert
        self._on_update = on_update
        self._on_delete = on_delete
        self._on_status = on_status
        self._backlog: deque[Change | Status] = deque()
        self._pending_limit = limits.pending_limit
        self._news = asyncio.Event()
        self._caller: asyncio.Task[None] | None = None
        self._feed = Feed(
            client,
            f"slotcast:{scope.column}:{scope.id}",
            [Binding(RealtimePostgresChangesListenEvent.All, scope.filter)],
            on_change=self._take,
            on_status=self._note,
            limits=limits,
        )

    async def start(self) -> None:
        """Return when changes are live; see `Feed.start` for what may be raised."""
        await self._feed.start()
        self._caller = asyncio.create_task(self._call())

    async def unsubscribe(self) -> None:
        """
        Call nothing any more, and keep nothing: no channel, no task, no socket of its own.

        It may be called from a callback, and more than once. A callback that is awaited
        meanwhile is cancelled.
        """
        caller, self._caller = self._caller, None
        if caller is not None and caller is not asyncio.current_task():
            caller.cancel()
            await asyncio.wait([caller])
        await self._feed.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.unsubscribe()

    def _take(self, data: JsonObject) -> None:
        try:
            change = parse_change(data)
        except UnreadableRow as error:
            logger.exception("A change cannot be read")
            self._note(Status("live", error))
            return
        # Callbacks are called once the subscriber has its subscription; until then there is
        # what a restarted server delivers late, which the server bounds.
        if self._caller is None or len(self._backlog) < self._pending_limit:
            self._backlog.append(change)
            self._news.set()
        else:
            self._backlog.clear()
            self._feed.lose(SlowConsumer(f"{self._pending_limit} changes waited for callbacks"))

    def _note(self, status: Status) -> None:
        self.status = status
        self._backlog.append(status)
        self._news.set()

    async def _call(self) -> None:
        while self._caller is not None:
            if not self._backlog:
                self._news.clear()
                await self._news.wait()
            elif (called := self._callback(self._backlog.popleft())) is not None:
                await _guarded(called)

    def _callback(self, item: Change | Status) -> Callable[[], object] | None:
        """Give what is to be called for *item*, if anything."""
        match item:
            case Insert():
                return self._on_insert and partial(self._on_insert, item)
            case Update():
                return self._on_update and partial(self._on_update, item)
            case Delete():
                return self._on_delete and partial(self._on_delete, item)
            case Status():
                return self._on_status and partial(self._on_status, item)
            case _:
                assert_never(item)


async def _guarded(call: Callable[[], object]) -> None:
    """Call, and wait if there is something to wait for; what is raised goes to the log."""
    try:
        result = call()
        if inspect.isawaitable(result):
            await result
    except Exception:
        logger.exception("A callback failed")


async def subscribe_to_workspace_appointments(
    client: AsyncClient,
    workspace_id: UUID | str,
    *,
    on_insert: Callback[Insert] | None = None,
    on_update: Callback[Update] | None = None,
    on_delete: Callback[Delete] | None = None,
    on_status: Callback[Status] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Subscription:
    """
    Call back for every change of a workspace's appointments that the user may see.

    Returns once changes are live: everything that is committed later is delivered.

    Args:
        client: From `supabase.acreate_client`.
        workspace_id: Whose appointments.
        on_insert: Gets each row that was inserted.
        on_update: Gets each row that was updated, if it belongs here afterwards.
        on_delete: Gets each row that was deleted.
        on_status: Gets each `Status`; after one that is ``live``, read again what you hold.
        limits: How long things may take, and how many changes may wait for callbacks.

    Raises:
        InvalidId: *workspace_id* is not a UUID.
        TypeError: *client* is not the client for asyncio.
        ConnectionLost: The server cannot be reached.
        SubscriptionRefused: It refuses; for example, the token has expired.
        JoinTimeout: It did not answer in time.
    """
    return await _subscribe(
        client,
        Scope(column="workspace_id", id=checked_id("workspace_id", workspace_id)),
        on_insert=on_insert,
        on_update=on_update,
        on_delete=on_delete,
        on_status=on_status,
        limits=limits,
    )


async def subscribe_to_customer_appointments(
    client: AsyncClient,
    customer_id: UUID | str,
    *,
    on_insert: Callback[Insert] | None = None,
    on_update: Callback[Update] | None = None,
    on_delete: Callback[Delete] | None = None,
    on_status: Callback[Status] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Subscription:
    """
    Call back for every change of a customer's appointments that the user may see.

    As `subscribe_to_workspace_appointments`. An update that gives an appointment to somebody
    else is not delivered; `live_appointments` notices it.

    Args:
        client: See there, as for all that is not said here.
        customer_id: The customer's user id.
        on_insert: As there.
        on_update: As there.
        on_delete: As there.
        on_status: As there.
        limits: As there.
    """
    return await _subscribe(
        client,
        Scope(column="customer_id", id=checked_id("customer_id", customer_id)),
        on_insert=on_insert,
        on_update=on_update,
        on_delete=on_delete,
        on_status=on_status,
        limits=limits,
    )


async def subscribe_to_team_member_appointments(
    client: AsyncClient,
    team_member_id: UUID | str,
    *,
    on_insert: Callback[Insert] | None = None,
    on_update: Callback[Update] | None = None,
    on_delete: Callback[Delete] | None = None,
    on_status: Callback[Status] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Subscription:
    """
    Call back for every change of a team member's appointments that the user may see.

    As `subscribe_to_workspace_appointments`. An update that gives an appointment to somebody
    else is not delivered; `live_appointments` notices it.

    Args:
        client: See there, as for all that is not said here.
        team_member_id: Who does the work.
        on_insert: As there.
        on_update: As there.
        on_delete: As there.
        on_status: As there.
        limits: As there.
    """
    return await _subscribe(
        client,
        Scope(column="team_member_id", id=checked_id("team_member_id", team_member_id)),
        on_insert=on_insert,
        on_update=on_update,
        on_delete=on_delete,
        on_status=on_status,
        limits=limits,
    )


async def _subscribe(
    client: AsyncClient,
    scope: Scope,
    *,
    on_insert: Callback[Insert] | None,
    on_update: Callback[Update] | None,
    on_delete: Callback[Delete] | None,
    on_status: Callback[Status] | None,
    limits: Limits,
) -> Subscription:
    require_async(client)
    subscription = Subscription(
        client,
        scope,
        on_insert=on_insert,
        on_update=on_update,
        on_delete=on_delete,
        on_status=on_status,
        limits=limits,
    )
    await subscription.start()
    return subscription
