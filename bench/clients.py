"""Clients in a process of their own, written in C, that are told what to do line by line."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path


class Clients:
    """A running program."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both were asked for")
        self._in = process.stdin
        self._out = process.stdout

    async def line(self) -> bytes:
        """Get the next line of what the program says."""
        line = await self._out.readline()
        if not line:
            raise RuntimeError("the clients have ended")
        return line


@asynccontextmanager
async def running(*command: str | Path) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run a program within the block."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
