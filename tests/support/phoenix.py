"""A client that speaks the protocol itself, for what official clients hide."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlencode

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from support.server import ANON_KEY

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from websockets.asyncio.client import ClientConnection

TIMEOUT_S: Final = 30.0
"""How long a test waits for what has to happen."""

Message = list[Any]
"""``[join_ref, ref, topic, event, payload]``"""


class ConnectionLost(AssertionError):
    """The connection was closed, so what a test waited for cannot come any more."""


class PhoenixClient:
    """
    One connection; keeps every message it got, in order and in the form of version 2.0.0.

    A binary frame is kept as ``[None, None, topic, KIND_4, {event, meta, payload}]``, with a
    payload of bytes unless it is JSON.
    """

    def __init__(self, connection: ClientConnection, version: str = "2.0.0") -> None:
        self.connection = connection
        self.version = version
        self.messages: list[Message] = []
        self._next_ref = 0
        self._arrived = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for data in self.connection:
                self.messages.append(decode(data))
                async with self._arrived:
                    self._arrived.notify_all()
        except ConnectionClosed:
            pass
        async with self._arrived:
            self._arrived.notify_all()

    async def until(self, wanted: Callable[[Message], bool], *, after: int = 0) -> Message:
        """Wait for a message, among those from number *after* on, that *wanted* accepts."""

        def found() -> Message | None:
            return next((message for message in self.messages[after:] if wanted(message)), None)

        async with asyncio.timeout(TIMEOUT_S), self._arrived:
            await self._arrived.wait_for(lambda: found() or self._reader.done())
        message = found()
        if message is None:
            problem = f"the connection was closed; it brought {self.messages[after:]}"
            raise ConnectionLost(problem)
        return message

    async def closed(self) -> int | None:
        """Wait until the connection is gone; gives the close code (1006: without a word)."""
        await asyncio.wait([self._reader])
        return self.connection.close_code

    async def push(
        self, topic: str, event: str, payload: object, join_ref: str | None = None
    ) -> str:
        """Send a message; gives its ref."""
        self._next_ref += 1
        ref = str(self._next_ref)
        if event == "phx_join":
            join_ref = ref
        if self.version == "2.0.0":
            text = json.dumps([join_ref, ref, topic, event, payload])
        else:
            parts = {"topic": topic, "event": event, "payload": payload, "ref": ref}
            text = json.dumps(parts if join_ref is None else {**parts, "join_ref": join_ref})
        await self.connection.send(text)
        return ref

    async def push_binary(
        self, topic: str, event: str, payload: bytes, *, is_json: bool = False, meta: bytes = b""
    ) -> str:
        """Send a broadcast as a binary frame of kind 3; gives its ref."""
        self._next_ref += 1
        ref = str(self._next_ref)
        names = (b"", ref.encode(), topic.encode(), event.encode(), meta)
        header = bytes((3, *map(len, names), is_json))
        await self.connection.send(header + b"".join(names) + payload)
        return ref

    async def settle(self) -> None:
        """Wait until everything that the server has sent so far has come."""
        await self.reply(await self.push("phoenix", "heartbeat", {}))

    async def reply(self, ref: str) -> dict[str, Any]:
        """Wait for the reply to the message *ref*; gives its payload."""
        message = await self.until(lambda m: m[3] == "phx_reply" and m[1] == ref)
        return message[4]

    async def join(
        self,
        name: str,
        bindings: Sequence[dict[str, Any]] = (),
        *,
        access_token: str | None = None,
        **config: object,
    ) -> dict[str, Any]:
        """Join ``realtime:name``; gives the reply's payload."""
        payload: dict[str, Any] = {"config": {"postgres_changes": list(bindings), **config}}
        if access_token is not None:
            payload["access_token"] = access_token
        return await self.reply(await self.push(f"realtime:{name}", "phx_join", payload))

    async def subscribe(
        self,
        name: str,
        *bindings: dict[str, Any],
        access_token: str | None = None,
    ) -> list[int]:
        """Join with *bindings* and wait until they are live; gives their ids."""
        before = len(self.messages)
        reply = await self.join(name, bindings, access_token=access_token)
        if reply["status"] != "ok":
            raise AssertionError(f"the join was refused: {reply}")
        system = await self.until(
            lambda m: m[3] == "system" and m[4]["channel"] == name, after=before
        )
        if system[4]["status"] != "ok":
            raise AssertionError(f"the subscription failed: {system}")
        return [binding["id"] for binding in reply["response"]["postgres_changes"]]

    def changes(self, name: str) -> list[dict[str, Any]]:
        """Give the payloads of all changes that came on a channel so far."""
        topic = f"realtime:{name}"
        return [m[4] for m in self.messages if m[3] == "postgres_changes" and m[2] == topic]

    async def change_count(self, name: str, count: int) -> list[dict[str, Any]]:
        """Wait until a channel got *count* changes; gives all of them."""
        await self.until(lambda _: len(self.changes(name)) >= count)
        return self.changes(name)


KIND_4: Final = "kind 4"
"""Stands for the event of a binary frame."""


def decode(data: str | bytes) -> Message:
    """Read a message of the server, of either version."""
    if isinstance(data, str):
        read: Any = json.loads(data)
        if isinstance(read, list):
            return cast("Message", read)
        return [None, *(read[key] for key in ("ref", "topic", "event", "payload"))]
    kind, *lengths, encoding = data[:5]
    assert kind == 4
    parts: list[bytes] = []
    start = 5
    for length in lengths:
        parts.append(data[start : start + length])
        start += length
    topic, event, meta = (part.decode() for part in parts)
    payload = json.loads(data[start:]) if encoding == 1 else data[start:]
    content = {"event": event, "meta": json.loads(meta or "null"), "payload": payload}
    return [None, None, topic, KIND_4, content]


@asynccontextmanager
async def phoenix_client(
    url: str, *, apikey: str = ANON_KEY, version: str = "2.0.0"
) -> AsyncGenerator[PhoenixClient]:
    """Connect to the server at *url* (http)."""
    address = url.replace("http", "ws", 1) + "/realtime/v1/websocket"
    query = urlencode({"apikey": apikey, "vsn": version})
    async with connect(f"{address}?{query}", max_size=None, compression=None) as connection:
        client = PhoenixClient(connection, version)
        yield client
