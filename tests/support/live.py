"""What tests of `slotcast_client` need: a server that can be killed, clients, and a journal."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypedDict

from httpx import AsyncClient
from supabase import AsyncClient as SupabaseClient
from supabase import AsyncClientOptions, acreate_client

from slotcast.appointments.demo import PASSWORD
from slotcast_client import Deleted, Inserted, Limits, Snapshot, Updated
from support.postgres import unique_name
from support.server import ANON_KEY, ServerProcess, start_process

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from uuid import UUID

    from slotcast.appointments.demo import Account
    from slotcast_client import Appointment, Change, Event, LiveAppointments, Status
    from support.postgres import Database

QUICK: Final = Limits(first_retry_s=0.05, longest_retry_s=0.2, join_timeout_s=20)
"""For tests that lose connections."""

TIMEOUT_S: Final = 30.0

MAX_ROWS: Final = 40
"""Fewer than the salon has, so that every snapshot takes several pages."""


@dataclass(slots=True)
class Backend:
    """The server, which can be killed and started again at the same address."""

    database_url: str
    slot: str
    server: ServerProcess = field(init=False)

    async def start(self, port: int = 0) -> None:
        self.server = await start_process(
            self.database_url,
            self.slot,
            port=port,
            environment={"SLOTCAST_AUTH": "on", "SLOTCAST_REST_MAX_ROWS": str(MAX_ROWS)},
        )

    async def restart(self) -> None:
        await self.start(int(self.server.url.rpartition(":")[2]))

    @asynccontextmanager
    async def client(
        self, account: Account | None = None, *, token: str | None = None
    ) -> AsyncGenerator[SupabaseClient]:
        """Make a client, signed in as *account* or with *token* as its header."""
        # A client of its own for HTTP: with supabase's, its parts warn of each other.
        async with AsyncClient(timeout=30) as http:
            options = AsyncClientOptions(auto_refresh_token=False, httpx_client=http)
            if token is not None:
                options.headers["Authorization"] = f"Bearer {token}"
            client = await acreate_client(self.server.url, ANON_KEY, options)
            if account is not None:
                await client.auth.sign_in_with_password(
                    {"email": account.email, "password": PASSWORD}
                )
            try:
                yield client
            finally:
                await client.remove_all_channels()


@asynccontextmanager
async def running_backend(database: Database) -> AsyncGenerator[Backend]:
    """Run a server on *database* until the block is left."""
    running = Backend(database.url, unique_name("slot"))
    await running.start()
    try:
        yield running
    finally:
        await running.server.stop()


class Callbacks(TypedDict):
    """Arguments of the functions that subscribe."""

    on_insert: Callable[[Change], None]
    on_update: Callable[[Change], None]
    on_delete: Callable[[Change], None]
    on_status: Callable[[Status], None]


class Journal:
    """
    What callbacks were told.

    Attributes:
        items: Changes, in order.
        statuses: What became of the subscription, in order.
    """

    def __init__(self) -> None:
        self.items: list[Change] = []
        self.statuses: list[Status] = []
        self._news = asyncio.Event()
        self.callbacks: Callbacks = {
            "on_insert": self._keep,
            "on_update": self._keep,
            "on_delete": self._keep,
            "on_status": self.note,
        }

    def _keep(self, change: Change) -> None:
        self.items.append(change)
        self._news.set()

    def note(self, status: Status) -> None:
        self.statuses.append(status)
        self._news.set()

    async def changes(self, count: int) -> list[Change]:
        """Wait until *count* changes were told; gives them."""
        await self.until(lambda: len(self.items) >= count)
        return self.items

    async def status(self, state: str, count: int) -> None:
        """Wait until *state* was told *count* times."""
        await self.until(lambda: [status.state for status in self.statuses].count(state) >= count)

    async def until(self, is_so: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while not is_so():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"told {self.items} and {self.statuses}") from None


def cut(client: SupabaseClient) -> None:
    """Cut the client's connection, as a network does: without a word."""
    connection = vars(client.realtime)["_ws_connection"]
    connection.transport.abort()


class Follower:
    """
    Iterates over what becomes of rows, and does the same with its own.

    Attributes:
        rows: By id, as the events say; each event has to fit what the ones before it said.
        events: All of them, in order.
    """

    def __init__(self, live: LiveAppointments) -> None:
        self.rows: dict[UUID, Appointment] = {}
        self.events: list[Event] = []
        self._live = live
        self._news = asyncio.Event()

    async def run(self) -> None:
        async for event in self._live:
            self._follow(event)
            self.events.append(event)
            self._news.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while not is_so():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"only {self.events[1:]}") from None

    async def count(self, count: int) -> list[Event]:
        """Wait for *count* events after the first, which is a snapshot; gives them."""
        await self.until(lambda: len(self.events) > count)
        return self.events[1:]

    def _follow(self, event: Event) -> None:
        match event:
            case Snapshot(rows):
                self.rows = dict(rows)
            case Inserted(new):
                assert new.id not in self.rows
                self.rows[new.id] = new
            case Updated(old, new):
                assert self.rows[old.id] == old
                self.rows[new.id] = new
            case Deleted(old):
                assert self.rows.pop(old.id) == old


@asynccontextmanager
async def following(live: LiveAppointments) -> AsyncGenerator[Follower]:
    """Enter *live*, and follow it within the block."""
    async with live:
        follower = Follower(live)
        task = asyncio.create_task(follower.run())
        try:
            yield follower
        finally:
            task.cancel()
            await asyncio.wait([task])
    if not task.cancelled():
        task.result()
