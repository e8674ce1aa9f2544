"""Commits that wait for a standby that never comes: logged, and not visible."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg

from support.phoenix import TIMEOUT_S

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@asynccontextmanager
async def without_standby(writer: psycopg.AsyncConnection[Any]) -> AsyncGenerator[None]:
    """Let commits of other sessions wait for a standby within the block."""
    await writer.execute("set synchronous_commit = local")
    await writer.execute("alter system set synchronous_standby_names = 'nobody'")
    try:
        await writer.execute("select pg_reload_conf()")
        await _until_commits_wait(writer)
        yield
    finally:
        await writer.execute("alter system reset synchronous_standby_names")
        await writer.execute("select pg_reload_conf()")


async def _until_commits_wait(writer: psycopg.AsyncConnection[Any]) -> None:
    """Commit until one has to wait: the setting counts once the checkpointer has noticed it."""
    async with (
        asyncio.timeout(TIMEOUT_S),
        await psycopg.AsyncConnection.connect(
            writer.info.dsn, password=writer.info.password, autocommit=True
        ) as probe,
    ):
        await probe.execute("set synchronous_commit = on")
        while True:
            commit = asyncio.create_task(
                probe.execute("select pg_logical_emit_message(true, 'probe', '')")
            )
            while not commit.done():
                cursor = await writer.execute(
                    "select pg_cancel_backend(pid) from pg_stat_activity"
                    " where pid = %s and wait_event = 'SyncRep'",
                    [probe.info.backend_pid],
                )
                if await cursor.fetchone():
                    await commit
                    return
            await commit


async def poll(writer: psycopg.AsyncConnection[Any], question: LiteralString, *values: str) -> None:
    """Ask until the answer is yes, for PostgreSQL tells nobody by itself."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            cursor = await writer.execute(question, values)
            row = await cursor.fetchone()
            if row is not None and row[0]:
                return
