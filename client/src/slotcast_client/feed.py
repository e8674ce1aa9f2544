"""A channel that brings changes of appointments, and comes back by itself."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final, Literal

from httpx import HTTPError
from supabase import AsyncClient
from supabase_auth.errors import AuthError

from slotcast_client.errors import ConnectionLost, ResyncAsked, SlotcastClientError
from slotcast_client.limits import Backoff
from slotcast_client.link import Link, hand_over
from slotcast_client.membership import Membership

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from supabase_auth.types import AuthChangeEvent, Session

    from slotcast_client.appointments import JsonObject
    from slotcast_client.limits import Limits
    from slotcast_client.membership import Binding

logger = logging.getLogger(__name__)

_NOTICE_EXTENSION: Final = "slotcast"
_RESYNC: Final = "resync"
"""What a Slotcast server says when it could not deliver some changes."""

_numbers: Final = count(1)


@dataclass(frozen=True, slots=True)
class Status:
    """
    What has become of a subscription.

    Attributes:
        state: ``live``: every change from now on is delivered; some before it may have been
            missed, so read again what you hold. ``reconnecting``: nothing is delivered until
            it is live again, which is tried without end.
        error: Why it is not live, or had to become live anew; None the first time, and
            after a new token.
    """

    state: Literal["live", "reconnecting"]
    error: Exception | None = None


def require_async(client: object) -> None:
    """Raise TypeError unless *client* is supabase's client for asyncio."""
    if not isinstance(client, AsyncClient):
        raise TypeError(
            f"an AsyncClient of supabase is needed, from acreate_client(), not {client!r}"
        )


class Feed:
    """
    Changes, for as long as they are wanted.

    Args:
        client: Its Auth part gives the token, its socket carries the channel.
        topic: Names the channels; each gets a number besides.
        bindings: What is asked for.
        on_change: Gets the `data` of each change, in order. It must not raise.
        on_status: Gets each status. It must not raise.
        limits: How long things may take.
    """

    def __init__(
        self,
        client: AsyncClient,
        topic: str,
        bindings: Sequence[Binding],
        *,
        on_change: Callable[[JsonObject], None],
        on_status: Callable[[Status], None],
        limits: Limits,
    ) -> None:
        self._client = client
        self._topic = topic
        self._bindings = bindings
        self._on_change = on_change
        self._on_status = on_status
        self._limits = limits
        self._link = Link.of(client.realtime)
        self._membership: Membership | None = None
        self._healer: asyncio.Task[None] | None = None
        self._hand_overs: set[asyncio.Task[None]] = set()
        self._token_came = asyncio.Event()

    async def start(self) -> None:
        """
        Return when changes are live.

        Raises:
            ConnectionLost: There is no connection.
            SubscriptionRefused: The server refuses.
            JoinTimeout: It did not answer in time.
        """
        self._auth_events = self._client.auth.on_auth_state_change(self._on_auth_event)
        try:
            await self._link.use(self.lose)
            membership = await self._join_first()
        except BaseException:
            await self._let_go()
            raise
        self._on_status(Status("live"))
        self._healer = asyncio.create_task(self._heal(membership))

    async def stop(self) -> None:
        """Leave the channel, and the socket if nobody else needs it; twice does no harm."""
        healer, self._healer = self._healer, None
        if healer is None:
            return
        healer.cancel()
        try:
            await asyncio.wait([healer])
        finally:
            await self._let_go()

    def lose(self, error: SlotcastClientError) -> None:
        """Take nothing more from the present channel, and come back with a new one."""
        if self._membership is not None:
            self._membership.end(error)

    async def _let_go(self) -> None:
        self._auth_events.unsubscribe()
        for task in self._hand_overs:
            task.cancel()
        if self._hand_overs:
            await asyncio.wait(self._hand_overs)
        try:
            await self._leave()
        finally:
            await self._link.release(self.lose)

    async def _join_first(self) -> Membership:
        await self._link.connect()
        try:
            return await self._join()
        except ConnectionLost:
            # It was lost before anybody noticed, or just now: a new one may do.
            await self._leave()
            await self._link.connect()
            return await self._join()

    async def _heal(self, membership: Membership) -> None:
        loop = asyncio.get_running_loop()
        backoff = Backoff(self._limits)
        while True:
            live_since_s = loop.time()
            error = await membership.ended
            if loop.time() - live_since_s > self._limits.longest_retry_s:
                backoff.reset()
            membership = await self._come_back(error, backoff)
            self._on_status(Status("live", error))

    async def _come_back(self, error: SlotcastClientError, backoff: Backoff) -> Membership:
        while True:
            self._on_status(Status("reconnecting", error))
            await self._leave()
            if self._link.is_connected:
                await self._pause(backoff.next_s())
            await self._link.reconnected(self._limits)
            try:
                return await self._join()
            except SlotcastClientError as again:
                error = again
            except Exception as unexpected:
                logger.exception("Coming back failed")
                error = ConnectionLost(f"coming back failed: {unexpected!r}")

    async def _pause(self, wait_s: float) -> None:
        """Wait, but not longer than until a new token comes, which may be all it takes."""
        self._token_came.clear()
        try:
            async with asyncio.timeout(wait_s):
                await self._token_came.wait()
        except TimeoutError:
            pass

    async def _join(self) -> Membership:
        token = await self._token()
        if token is not None and token != self._client.realtime.access_token:
            await hand_over(self._client.realtime, token)
        self._membership = Membership(
            self._client.realtime,
            f"{self._topic}:{next(_numbers)}",
            self._bindings,
            on_change=self._on_change,
            on_notice=self._on_notice,
        )
        await self._membership.join(timeout_s=self._limits.join_timeout_s)
        await self._link.connect()  # connected it is, but others may have done it
        return self._membership

    async def _leave(self) -> None:
        membership, self._membership = self._membership, None
        if membership is not None:
            await membership.leave(
                timeout_s=self._limits.leave_timeout_s, is_connected=self._link.is_connected
            )

    async def _token(self) -> str | None:
        """
        Give the token that REST requests are made with; None leaves the socket's as it is.

        `supabase` (2.34) hands a token to the socket when the session changes. One that was
        there before, from storage or as a header, it gives to REST alone: the socket would
        show what anonymous users see.
        """
        try:
            session = await self._client.auth.get_session()  # refreshed, if it has expired
        except (AuthError, HTTPError) as error:
            logger.warning("The session cannot be refreshed: %s", error)
            return None
        if session is not None:
            return session.access_token
        if self._client.realtime.access_token != self._client.supabase_key:
            return None  # set by hand
        return self._client.options.headers["Authorization"].removeprefix("Bearer ")

    def _on_auth_event(self, _event: AuthChangeEvent, session: Session | None) -> None:
        token = self._client.supabase_key if session is None else session.access_token
        task = asyncio.create_task(self._take_token(token))
        self._hand_overs.add(task)
        task.add_done_callback(self._hand_overs.discard)

    async def _take_token(self, token: str) -> None:
        # supabase does so, too, but not again when it fails.
        await hand_over(self._client.realtime, token)
        self._token_came.set()
        self._begin_anew(None)  # what may be seen may be other rows now

    def _on_notice(self, extension: str, message: str) -> None:
        if (extension, message) == (_NOTICE_EXTENSION, _RESYNC):
            self._begin_anew(ResyncAsked("the server could not deliver all changes"))
        else:
            logger.warning("The server says of %s: %s", self._topic, message)

    def _begin_anew(self, error: ResyncAsked | None) -> None:
        """Say that there was a gap, unless that is said anyway when the join is done."""
        if self._membership is not None and self._membership.is_live:
            self._on_status(Status("live", error))
