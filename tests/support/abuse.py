"""
Clients that mean no good, in a process of their own: ``python -m support.abuse NAME URL SEED``.

Each goes on for `DURATION_S`, as fast as it can, and then prints as JSON how often the server
told it what: by the message of a `system` message, the reason of a refused join, or the code
that its connection was closed with.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from support.server import ANON_KEY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from websockets.asyncio.client import ClientConnection

DURATION_S: Final = 3.0
JOIN: Final[dict[str, Any]] = {"config": {}}
ODD: Final[list[Any]] = [None, 1, True, [], {}, "", {"config": 1}, {"event": []}, {"payload": {}}]
"""Payloads that no client of ours would send."""
_BATCH: Final = 50
"""Messages sent between looks at what came."""


class Attacker:
    """One connection at a time, made anew whenever the server closes it."""

    def __init__(self, url: str, seed: int) -> None:
        self._address = url.replace("http", "ws", 1) + "/realtime/v1/websocket"
        self._ends_at = time.monotonic() + DURATION_S
        self.chance = random.Random(seed)
        self.told: Counter[str] = Counter()

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self._ends_at

    async def attack(self, once: Callable[[Attacker, ClientConnection], Awaitable[None]]) -> None:
        """Do *once* again and again."""
        while not self.is_over:
            version = self.chance.choice(["1.0.0", "2.0.0"])
            query = urlencode({"apikey": ANON_KEY, "vsn": version})
            async with connect(
                f"{self._address}?{query}", max_size=None, compression=None, close_timeout=1
            ) as connection:
                self.version = version
                try:
                    while not self.is_over:
                        await once(self, connection)
                        await self.listen(connection)
                except ConnectionClosed as closed:
                    self.told[f"closed with {closed.rcvd.code if closed.rcvd else 1006}"] += 1

    async def send(
        self, connection: ClientConnection, topic: str, event: str, payload: object
    ) -> None:
        """Send a message in the version that the connection speaks."""
        await connection.send(self.text(topic, event, payload))

    def text(self, topic: str, event: str, payload: object, ref: str = "1") -> str:
        if self.version == "2.0.0":
            return json.dumps(["1", ref, topic, event, payload])
        return json.dumps({"topic": topic, "event": event, "payload": payload, "ref": ref})

    async def listen(self, connection: ClientConnection) -> None:
        """Note what the server has said by now."""
        with suppress(TimeoutError):
            async with asyncio.timeout(0.001):
                while True:
                    self._note(await connection.recv())

    def _note(self, data: str | bytes) -> None:
        if isinstance(data, bytes):
            return
        message: Any = json.loads(data)
        payload: Any = message["payload"] if self.version == "1.0.0" else message[4]
        response: dict[str, Any] = payload.get("response", payload)
        text = response.get("reason") or response.get("message")
        if isinstance(text, str):
            self.told[text] += 1


async def flood(attacker: Attacker, connection: ClientConnection) -> None:
    """Broadcast, without ever pausing, to a topic of two."""
    await attacker.send(connection, "realtime:flood", "phx_join", JOIN)
    for _ in range(_BATCH):
        payload = {"type": "broadcast", "event": "x", "payload": {"x": "x" * 200}}
        await attacker.send(connection, "realtime:flood", "broadcast", payload)


async def never_read(attacker: Attacker, connection: ClientConnection) -> None:
    """Ask for large broadcasts of its own and read none of them."""
    broadcast = {"config": {"broadcast": {"self": True}}}
    await attacker.send(connection, "realtime:deaf", "phx_join", broadcast)
    connection.transport.pause_reading()
    try:
        for _ in range(_BATCH):
            payload = {"type": "broadcast", "event": "x", "payload": {"x": "x" * 200_000}}
            await attacker.send(connection, "realtime:deaf", "broadcast", payload)
    finally:
        connection.transport.resume_reading()  # to learn how the server closed it


async def garble(attacker: Attacker, connection: ClientConnection) -> None:
    """Send messages that are nearly right, and ones that are nothing at all."""
    chance = attacker.chance
    await attacker.send(connection, "realtime:garbled", "phx_join", JOIN)
    for _ in range(_BATCH):
        if chance.random() < 0.5:
            await connection.send(_garbled_binary(chance))
        else:
            await connection.send(_garbled_text(attacker))


def _garbled_binary(chance: random.Random) -> bytes:
    names = (b"1", b"2", b"realtime:garbled", b"event", b"")
    frame = bytearray((3, *map(len, names), 1)) + b"".join(names) + b'{"a":1}'
    for _ in range(chance.randint(1, 5)):
        frame[chance.randrange(len(frame))] = chance.randrange(256)
    return bytes(frame[: chance.randint(0, len(frame))])


def _garbled_text(attacker: Attacker) -> str:
    chance = attacker.chance
    event = chance.choice(["broadcast", "presence", "access_token", "phx_join", "phx_leave", "x"])
    odd: Any = chance.choice(ODD)
    text = attacker.text("realtime:garbled", event, odd)
    start = chance.randrange(len(text))
    cut = text[:start] + chance.choice(["", "\x00", "\u2028", "[", "{", '"', "1e999", "NaN"])
    return chance.choice([text, cut, cut + text[start + 1 :]])


async def storm_joins(attacker: Attacker, connection: ClientConnection) -> None:
    """Join and leave, without ever pausing."""
    for number in range(_BATCH):
        await attacker.send(connection, f"realtime:{number}", "phx_join", JOIN)
        await attacker.send(connection, f"realtime:{number}", "phx_leave", {})


async def storm_presence(attacker: Attacker, connection: ClientConnection) -> None:
    """Change what is tracked, without ever pausing."""
    config = {"config": {"presence": {"enabled": True}}}
    await attacker.send(connection, "realtime:storm", "phx_join", config)
    for number in range(_BATCH):
        track = {"type": "presence", "event": "track", "payload": {"n": number}}
        await attacker.send(connection, "realtime:storm", "presence", track)


async def exaggerate(attacker: Attacker, connection: ClientConnection) -> None:
    """Send what is too large, too deep, too long or too many."""
    depth = 50_000
    deep = attacker.text("realtime:big", "broadcast", "@").replace('"@"', "[" * depth + "]" * depth)
    await attacker.send(connection, "realtime:big", "phx_join", JOIN)
    await attacker.send(connection, "realtime:" + "t" * 1_000_000, "phx_join", JOIN)
    await connection.send(attacker.text("realtime:big", "phx_join", JOIN, ref="r" * 1_000_000))
    await connection.send(deep)
    await attacker.send(
        connection, "realtime:big", "presence", {"event": "track", "payload": {"x": "x" * 100_000}}
    )
    for number in range(200):
        await attacker.send(connection, f"realtime:many-{number}", "phx_join", JOIN)
    await attacker.listen(connection)
    await attacker.send(connection, "realtime:many-1", "broadcast", {"x": "x" * 6_000_000})


ATTACKS: Final[Mapping[str, Callable[[Attacker, ClientConnection], Awaitable[None]]]] = {
    "flood": flood,
    "never read": never_read,
    "garble": garble,
    "storm joins": storm_joins,
    "storm presence": storm_presence,
    "exaggerate": exaggerate,
}


async def main(name: str, url: str, seed: str) -> None:
    attacker = Attacker(url, int(seed))
    await attacker.attack(ATTACKS[name])
    print(json.dumps(attacker.told))  # noqa: T201 - this is how it tells the test


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
