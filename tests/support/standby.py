"""Commits that wait for a standby that never comes: logged, and not visible."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, LiteralString

from support.phoenix import TIMEOUT_S

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import psycopg


@asynccontextmanager
async def without_standby(writer: psycopg.AsyncConnection[Any]) -> AsyncGenerator[None]:
    """Let commits of other sessions wait for a standby within the block."""
    await writer.execute("set synchronous_commit = local")
    await writer.execute("alter system set synchronous_standby_names = 'nobody'")
    try:
        await writer.execute("select pg_reload_conf()")
        await poll(writer, "select current_setting('synchronous_standby_names') = 'nobody'")
        yield
    finally:
        await writer.execute("alter system reset synchronous_standby_names")
        await writer.execute("select pg_reload_conf()")


async def poll(writer: psycopg.AsyncConnection[Any], question: LiteralString, *values: str) -> None:
    """Ask until the answer is yes, for PostgreSQL tells nobody by itself."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            cursor = await writer.execute(question, values)
            row = await cursor.fetchone()
            if row is not None and row[0]:
                return
