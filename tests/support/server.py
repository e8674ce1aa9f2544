"""The real server on a test's database, in this process or as one of its own."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slotcast import app
from slotcast.settings import Settings
from slotcast.tokens import Keyring

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from slotcast.claims import JsonValue

SECRET: Final = "test-secret-that-is-longer-than-32-bytes"
PUBLISHABLE_KEY: Final = "sb_publishable_test"
SECRET_KEY: Final = "sb_secret_test"
START_TIMEOUT_S: Final = 60.0

_KEYRING: Final = Keyring(secret=SECRET)


def token(
    sub: object = None,
    role: str = "authenticated",
    *,
    expires_in_s: float = 3600.0,
    claims: Mapping[str, JsonValue] | None = None,
) -> str:
    """Sign a token for *sub* (None for nobody) as *role*."""
    subject: dict[str, JsonValue] = {} if sub is None else {"sub": str(sub)}
    return _KEYRING.sign({"role": role, **subject, **(claims or {})}, expires_in_s=expires_in_s)


ANON_KEY: Final = token(role="anon", expires_in_s=86_400)


def settings(url: str, slot: str, **changes: object) -> Settings:
    """Make the settings of a server on the database at *url*, on a free port."""
    chosen: dict[str, object] = {
        "database_url": url,
        "port": 0,
        "slot": slot,
        "jwt_secret": SECRET,
        "publishable_key": PUBLISHABLE_KEY,
        "secret_key": SECRET_KEY,
        **changes,
    }
    return Settings(**chosen)  # pyright: ignore[reportArgumentType] - checked by Settings itself


@asynccontextmanager
async def serving(url: str, slot: str, **changes: object) -> AsyncGenerator[str]:
    """Run the server in this process and loop; gives its URL, ``http://127.0.0.1:port``."""
    async with app.running(settings(url, slot, **changes)) as address:
        yield address


@dataclass(slots=True)
class ServerProcess:
    """A server in a process of its own, that can be killed."""

    process: asyncio.subprocess.Process
    url: str
    _log: asyncio.Task[None]

    @property
    def websocket_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/realtime/v1/websocket"

    async def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        await self._log

    async def stop(self) -> int:
        """Ask it to stop; gives its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(self.process.wait(), START_TIMEOUT_S)
        await self._log
        return code


async def start_process(
    url: str,
    slot: str,
    *,
    port: int = 0,
    environment: Mapping[str, str] | None = None,
    module: str = "slotcast",
) -> ServerProcess:
    """
    Start `slotcast serve` and wait until it listens; further settings by *environment*.

    *module* may be another one that does the same.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        "serve",
        env={
            **os.environ,
            "SLOTCAST_DATABASE_URL": url,
            "SLOTCAST_SLOT": slot,
            "SLOTCAST_PORT": str(port),
            "SLOTCAST_JWT_SECRET": SECRET,
            "SLOTCAST_PUBLISHABLE_KEY": PUBLISHABLE_KEY,
            "SLOTCAST_SECRET_KEY": SECRET_KEY,
            **(environment or {}),
        },
        stderr=asyncio.subprocess.PIPE,
    )
    stream = process.stderr
    if stream is None:
        raise AssertionError("stderr was asked for")
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            address = await address_in(stream)
    except BaseException:
        process.kill()
        await process.wait()
        raise
    return ServerProcess(process, address, asyncio.create_task(_forward(stream)))


@asynccontextmanager
async def server_process(
    url: str,
    slot: str,
    *,
    port: int = 0,
    environment: Mapping[str, str] | None = None,
    module: str = "slotcast",
) -> AsyncGenerator[ServerProcess]:
    """Run a server process within the block; see `start_process`."""
    server = await start_process(url, slot, port=port, environment=environment, module=module)
    try:
        yield server
    finally:
        await server.stop()


async def address_in(stream: asyncio.StreamReader) -> str:
    """Give the address that a server writes into its log once it listens."""
    seen = ""
    while line := (await stream.readline()).decode():
        seen += line
        found = re.search(r"Serving url=(\S+)", line)
        if found is not None:
            return found[1]
    raise AssertionError(f"the server ended before it listened:\n{seen}")


async def _forward(stream: asyncio.StreamReader) -> None:
    """Show the server's log where pytest captures it."""
    while line := await stream.readline():
        sys.stderr.write(line.decode())
