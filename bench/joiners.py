"""
Clients that join and then only stay: one process of them.

They speak just enough of the protocol to tell when a join is done, so that on a machine that
is shared the server gets most of it. Tokens are signed before the start is given.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast
from uuid import UUID

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.server import ANON_KEY, token

# What Chromium sends.
if TYPE_CHECKING:
    from slotcast.claims import JsonValue

REQUEST: Final = (
    f"GET /realtime/v1/websocket?apikey={ANON_KEY}&vsn=2.0.0 HTTP/1.1\r\n"
    "Host: 127.0.0.1:54321\r\nConnection: Upgrade\r\nPragma: no-cache\r\n"
    "Cache-Control: no-cache\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"
    " (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\nUpgrade: websocket\r\n"
    "Origin: https://salon.example.com\r\nSec-WebSocket-Version: 13\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
).encode()
# Whoever is idle still says so now and then; masked with zeros, as joins are.
HEARTBEAT: Final = b'\x81\xa3\0\0\0\0[null,"2","phoenix","heartbeat",{}]'
SUBSCRIBED: Final = b"Subscribed to PostgreSQL"
TIMEOUT_S: Final = 120.0


def user(number: int) -> UUID:
    """Name the user *number*, from 0."""
    return UUID(int=0xAAAAAAAA_0000_4000_8000_000000000000 + number)


class Joiner(asyncio.Protocol):
    """One connection: opens, joins, and tells when it is subscribed."""

    def __init__(self, join: bytes) -> None:
        self._join = join
        self._seen = b""
        self._is_open = False
        self._asked_at = 0.0
        self.done: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        if self.done.done():
            return
        self._seen += data
        if not self._is_open and b"\r\n\r\n" in self._seen:
            if not self._seen.startswith(b"HTTP/1.1 101"):
                self.done.set_exception(AssertionError(self._seen))
            self._is_open = True
            self._asked_at = time.perf_counter()
            self._transport.write(self._join)
        elif SUBSCRIBED in self._seen:
            self.done.set_result(time.perf_counter() - self._asked_at)
            self._seen = b""
            self._transport.write(HEARTBEAT)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or AssertionError(f"closed after {self._seen!r}"))


async def main() -> None:
    port, first, count, window, is_filtered = map(int, sys.argv[1:])
    joins = [_join(number, is_filtered=bool(is_filtered)) for number in range(first, first + count)]
    print("ready", flush=True)
    sys.stdin.readline()
    used_before = _cpu_s()
    waits = await _join_all(port, joins, window)
    print(json.dumps({"waits": waits, "cpu_s": _cpu_s() - used_before}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)


async def _join_all(port: int, joins: list[bytes], window: int) -> list[float]:
    """Join with *window* joins under way at a time; gives how long each took, in seconds."""
    loop = asyncio.get_running_loop()
    waits: list[float] = []
    rest = iter(joins)

    async def one_after_the_other() -> None:
        for join in rest:
            _, joiner = await loop.create_connection(partial(Joiner, join), "127.0.0.1", port)
            waits.append(await joiner.done)

    async with asyncio.timeout(TIMEOUT_S), asyncio.TaskGroup() as tasks:
        for _ in range(window):
            tasks.create_task(one_after_the_other())
    return waits


def _join(number: int, *, is_filtered: bool) -> bytes:
    """Make the frame of a join by a user of its own."""
    binding = {"event": "*", "schema": "public", "table": "appointments"}
    if is_filtered:
        binding["filter"] = f"customer_id=eq.{user(number)}"
    payload = {"config": {"postgres_changes": [binding]}, "access_token": _token(number)}
    message = json.dumps(["1", "1", "realtime:bench", "phx_join", payload]).encode()
    # Masked with zeros, which leaves the payload as it is.
    return b"\x81\xfe" + len(message).to_bytes(2, "big") + b"\0\0\0\0" + message


def _token(number: int) -> str:
    """Sign what Supabase's Auth puts into a token of somebody with a password."""
    email = f"member{number}@salon.example.com"
    claims: dict[str, JsonValue] = {
        "aud": "authenticated",
        "iss": "https://salon.example.com/auth/v1",
        "email": email,
        "phone": "",
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "user_metadata": {"email": email, "email_verified": True, "full_name": "A Member"},
        "aal": "aal1",
        "amr": [{"method": "password", "timestamp": 1_700_000_000 + number}],
        "session_id": str(user(number)),
        "is_anonymous": False,
    }
    return token(user(number), claims=claims)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    uvloop.run(main())
