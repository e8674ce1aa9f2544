"""
Where a recorded scenario is played again: connections to a server, and its database.

The transcript has the recording's form and placeholders. Nothing sleeps: that no more comes
is known from a *marker*, a message that is not in the transcript and whose answer comes
after everything else.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlencode

import aiohttp
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from support.phoenix import TIMEOUT_S, decode, phoenix_client
from support.recorded.recording import MEMBERS
from support.server import ANON_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import psycopg
    from websockets.asyncio.client import ClientConnection

    from support.phoenix import Message, PhoenixClient
    from support.recorded.recording import Line

USER_1: Final = "aaaaaaaa-0000-4000-8000-000000000001"
USER_2: Final = "aaaaaaaa-0000-4000-8000-000000000002"
SOME_UUID: Final = "aaaaaaaa-0000-4000-8000-0000000000ab"

_PLACEHOLDERS: Final = {USER_1: "U1", USER_2: "U2", SOME_UUID: "<uuid1>"}
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_MOMENT = re.compile(r'(?<="since": )\d+')
_LONG_TEXT = re.compile(r"x{1000,}|y{300,}|z{300,}")
RUN: Final = "8caee0"
"""Ends the topics of the recording; where frames are binary they have to be the same ones."""
_MARKER_REF: Final = "marker-"
_MARKER_TABLE: Final = """
create table public.marker (id int generated always as identity primary key);
grant select on public.marker to anon;
alter publication supabase_realtime add table public.marker;
"""
_SEND_MARKER: Final = "select realtime.send('{}', 'marker', 'marker', false)"


def with_placeholders(text: str) -> str:
    """Replace what differs from run to run in a sent or received text."""
    for value, placeholder in _PLACEHOLDERS.items():
        text = text.replace(value, placeholder)
    text = _MOMENT.sub("<ms>", _TOKEN.sub("<jwt>", text).replace(RUN, "~"))
    return _LONG_TEXT.sub(lambda found: f"{found[0][0]}…({len(found[0])})", text)


def _described(data: bytes) -> str:
    """Describe a binary frame of the server as the recording does."""
    _, _, topic, _, content = decode(data)
    is_json = data[4] == 1
    start = 5 + sum(data[1:4])
    payload = data[start:].decode() if is_json else data[start:].hex()
    meta = "-" if content["meta"] is None else json.dumps(content["meta"], separators=(",", ":"))
    return (
        f"BIN kind4 topic={topic} event={content['event']} meta={meta}"
        f" enc={int(is_json)} payload={payload}"
    )


def _message(text: str) -> Message:
    """Read a message of either version, in the form of version 2.0.0."""
    decoded: Any = json.loads(text)
    if text.startswith("["):
        return decoded
    return [decoded.get(member) for member in MEMBERS]


async def _close(connection: ClientConnection) -> None:
    # When the other end goes while something large is being written, asyncio forgets its loop,
    # and then cannot abort what the library asks it to.
    with suppress(AttributeError):
        await connection.close()


class Stage:
    """
    A server, its database, and the connections of one scenario.

    Args:
        url: The server's, ``http://host:port``.
        database: As the owner of the tables.
        key: The anonymous API key.
    """

    def __init__(
        self, url: str, database: psycopg.AsyncConnection[Any], *, key: str = ANON_KEY
    ) -> None:
        self.lines: list[Line] = []
        self._url = url.replace("http", "ws", 1) + "/realtime/v1/websocket"
        self._http_url = url
        self._database = database
        self._key = key
        self._actors: list[Actor] = []
        self._resources = AsyncExitStack()
        self._watcher: PhoenixClient | None = None
        self._listener: PhoenixClient | None = None

    async def __aenter__(self) -> Self:
        await self._resources.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._resources.aclose()

    def note(self, text: str) -> None:
        """Note what is tried next."""
        self.lines.append(["#", with_placeholders(text)])

    async def connect(
        self,
        name: str,
        version: str | None = "2.0.0",
        *,
        key: str | None = "",
        headers: dict[str, str] | None = None,
    ) -> Actor | None:
        """
        Open a connection; gives None if it is refused.

        Args:
            name: What the transcript calls it.
            version: Of the serializer; None names none.
            key: The API key, by default the anonymous one; None sends none.
            headers: Further headers of the handshake.
        """
        query = {"apikey": self._key if key == "" else key, "vsn": version}
        given = urlencode({name: value for name, value in query.items() if value is not None})
        began = time.monotonic()
        try:
            connection = await connect(
                f"{self._url}?{given}",
                additional_headers=headers,
                compression=None,
                max_size=None,
            )
        except InvalidStatus as error:
            response = error.response
            body = bytes(response.body or b"").decode()
            duration_s = round((time.monotonic() - began) / 2) * 2
            self.lines.append(
                ["<", name, f"HTTP {response.status_code} {body} (after ~{duration_s}s)"]
            )
            return None
        self._resources.push_async_callback(_close, connection)
        actor = Actor(self, name, connection, is_version_2=(version or "1")[0] == "2")
        self._actors.append(actor)
        return actor

    async def enter(self, name: str, version: str = "2.0.0", key: str = "") -> Actor:
        """Open a connection that has to be accepted."""
        actor = await self.connect(name, version, key=key)
        if actor is None:
            raise AssertionError(f"the handshake was refused: {self.lines[-1]}")
        return actor

    async def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        **headers: str,
    ) -> None:
        """
        Send an HTTP request, and wait until all that it brings has come.

        Args:
            method: Such as ``POST``.
            path: Below ``/realtime/v1``.
            body: Sent as JSON if it is not None.
            raw: Sent as it is.
            headers: An underscore stands for a hyphen.
        """
        shown = repr(raw if body is None else json.dumps(body))
        self.lines.append([">", "http", with_placeholders(f"{method} {path} {shown}")])
        async with (
            aiohttp.ClientSession(f"{self._http_url}/realtime/v1/") as http,
            http.request(
                method,
                path.removeprefix("/"),
                headers={name.replace("_", "-"): value for name, value in headers.items()},
                json=body,
                data=raw,
            ) as response,
        ):
            self.lines.append(["<", "http", f"{response.status} {await response.text()}"])
        await self.settle()

    async def settle(self) -> None:
        """Wait until everything that the server has sent so far on any connection has come."""
        for _ in range(2):  # what is gathered within one turn of its loop comes in the second
            for actor in self._actors:
                if actor.is_open:
                    await actor.settle()

    async def run(self, statement: str) -> None:
        """Run SQL, and note it."""
        self.note(f"SQL {statement}")
        await self._database.execute(statement.encode())

    async def change(self, statement: str) -> None:
        """Run SQL that changes rows, and wait until all that it brings has come."""
        await self.run(statement)
        watcher = await self._watch_marker()
        count = len(watcher.changes("marker"))
        await self._database.execute("insert into public.marker default values")
        await watcher.change_count("marker", count + 1)
        for actor in self._actors:
            await actor.settle()

    async def store(self, statement: str) -> None:
        """Run SQL that broadcasts, and wait until all that it brings has come."""
        await self.run(statement)
        listener = await self._listen_for_marker()
        count = len(listener.messages)
        await self._database.execute(_SEND_MARKER)
        await listener.until(lambda _: True, after=count)
        await self.settle()

    async def _listen_for_marker(self) -> PhoenixClient:
        """Join the topic whose broadcasts come after those that were sent before."""
        if self._listener is None:
            self._listener = await self._resources.enter_async_context(
                phoenix_client(self._http_url, apikey=self._key)
            )
            config = {"replication_ready": True}
            await self._listener.join("marker", broadcast=config)
            await self._listener.until(lambda m: m[3] == "system")
        return self._listener

    async def _watch_marker(self) -> PhoenixClient:
        """Make the table whose changes are handed over after those made before."""
        if self._watcher is None:
            await self._database.execute(_MARKER_TABLE)
            self._watcher = await self._resources.enter_async_context(
                phoenix_client(self._http_url, apikey=self._key)
            )
            binding = {"event": "INSERT", "schema": "public", "table": "marker"}
            await self._watcher.subscribe("marker", binding)
        return self._watcher


class Actor:
    """One connection of a scenario, in either version of the serializer."""

    def __init__(
        self, stage: Stage, name: str, connection: ClientConnection, *, is_version_2: bool
    ) -> None:
        self._stage = stage
        self.name = name
        self._connection = connection
        self._is_version_2 = is_version_2
        self._last_ref = 0
        self._marker_count = 0
        self._received: list[Message] = []
        self._arrived = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    @property
    def is_open(self) -> bool:
        """Whether the connection is still there."""
        return not self._reader.done()

    async def send(self, data: str | bytes) -> None:
        """Send a frame as it is, and wait until it is answered, if it is."""
        shown = with_placeholders(data) if isinstance(data, str) else f"BIN {data.hex()}"
        self._stage.lines.append([">", self.name, shown])
        await self.send_unnoted(data)

    async def send_unnoted(self, data: str | bytes) -> None:
        """Send a frame that is too large for the transcript, and wait for its answer."""
        await self._connection.send(data)
        await self.settle()

    async def send_last(self, data: str) -> None:
        """Send a frame for which the server closes the connection, and note how it does."""
        with suppress(ConnectionClosed):
            await self._connection.send(data)
        await asyncio.wait([self._reader], timeout=TIMEOUT_S)
        self._stage.lines.append(["<", self.name, f"CLOSE {self._connection.close_code}"])

    async def push(
        self,
        topic: str,
        event: str,
        payload: object,
        join_ref: str | None = None,
        *,
        ref: str | None = None,
    ) -> None:
        """Send a message, under the next ref unless one is given."""
        await self.send(self._encode(topic, event, payload, join_ref, ref or self._take_ref()))

    async def join(
        self, name: str, config: object = None, *, ref: str | None = None, **payload: object
    ) -> str:
        """
        Join ``realtime:name`` and wait for the reply, and for what follows it.

        Args:
            name: Of the topic.
            config: None sends none.
            ref: Of the join; None takes the next one.
            payload: Further members.

        Returns:
            The join ref.
        """
        ref = ref or self._take_ref()
        topic = f"realtime:{name}"
        body = payload if config is None else {"config": config, **payload}
        await self.push(topic, "phx_join", body, ref, ref=ref)
        reply = await self.until(lambda m: m[3] == "phx_reply" and m[1] == ref)
        if reply[4]["response"].get("postgres_changes"):
            await self.until(lambda m: m[2:4] == [topic, "system"])
            await self.settle()
        return ref

    async def leave(self, name: str, join_ref: str) -> None:
        """Leave ``realtime:name`` and wait for its end."""
        topic = f"realtime:{name}"
        await self.push(topic, "phx_leave", {}, join_ref)
        await self.until(lambda m: m[1:4] == [join_ref, topic, "phx_close"])

    async def until(self, wanted: Callable[[Message], bool]) -> Message:
        """Wait for a message, in the form of version 2.0.0, that *wanted* accepts."""

        def found() -> Message | None:
            return next((message for message in self._received if wanted(message)), None)

        async with asyncio.timeout(TIMEOUT_S), self._arrived:
            await self._arrived.wait_for(lambda: found() or self._reader.done())
        message = found()
        if message is None:
            raise AssertionError(f"the server closed the connection {self.name}")
        return message

    async def settle(self) -> None:
        """Wait until everything that the server has sent so far has come."""
        self._marker_count += 1
        ref = f"{_MARKER_REF}{self._marker_count}"
        await self._connection.send(self._encode("phoenix", "heartbeat", {}, None, ref))
        await self.until(lambda message: message[1] == ref)

    async def settle_channel(self, name: str, join_ref: str) -> None:
        """
        Wait until everything has come that the server looks up for a channel first.

        What a client pushes to a channel waits for it, and an end of presence is answered
        even where there was none.
        """
        self._marker_count += 1
        ref = f"{_MARKER_REF}{self._marker_count}"
        untrack = {"type": "presence", "event": "untrack"}
        text = self._encode(f"realtime:{name}", "presence", untrack, join_ref, ref)
        await self._connection.send(text)
        await self.until(lambda message: message[1] == ref)

    async def send_all(self, messages: Iterable[tuple[str, str, object, str, str]]) -> None:
        """
        Send as fast as possible, noting nothing, and wait for the answers.

        Args:
            messages: Topic, event, payload, join ref and ref of each.
        """
        for message in messages:
            await self._connection.send(self._encode(*message))
        await self.settle()

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    def _take_ref(self) -> str:
        self._last_ref += 1
        return str(self._last_ref)

    def _encode(
        self, topic: str, event: str, payload: object, join_ref: str | None, ref: str
    ) -> str:
        if self._is_version_2:
            return json.dumps([join_ref, ref, topic, event, payload])
        message = {"topic": topic, "event": event, "payload": payload, "ref": ref}
        return json.dumps(message if join_ref is None else {**message, "join_ref": join_ref})

    async def _read(self) -> None:
        try:
            async for data in self._connection:
                if isinstance(data, str):
                    await self._take(data)
                else:
                    self._stage.lines.append(["<", self.name, with_placeholders(_described(data))])
        except ConnectionClosed:
            pass
        async with self._arrived:
            self._arrived.notify_all()

    async def _take(self, text: str) -> None:
        message = _message(text)
        if not str(message[1]).startswith(_MARKER_REF):
            self._stage.lines.append(["<", self.name, with_placeholders(text)])
        async with self._arrived:
            self._received.append(message)
            self._arrived.notify_all()
