"""`slotcast dev` as a process, with data of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from support.server import START_TIMEOUT_S, address_in

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path


@asynccontextmanager
async def demo_server(directory: Path) -> AsyncGenerator[str]:
    """Run it within the block, with its state in *directory*; gives its URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "slotcast", "dev", "--directory", directory, "--port", "0"),
        env={name: value for name, value in os.environ.items() if "SLOTCAST_" not in name},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    if process.stderr is None:
        raise AssertionError("stderr was asked for")
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            url = await address_in(process.stderr)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), START_TIMEOUT_S)
