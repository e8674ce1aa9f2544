"""Answers whose time does not tell who has an account."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

PACE_S: Final = 0.025
"""Several times what it takes to make an account."""


@asynccontextmanager
async def paced() -> AsyncGenerator[None]:
    """
    Let the block take `PACE_S`, if it takes less and succeeds.

    To make an account takes some milliseconds more than to find one. An error needs no pace:
    it says itself what it is about.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    yield
    await asyncio.sleep(began + PACE_S - loop.time())
