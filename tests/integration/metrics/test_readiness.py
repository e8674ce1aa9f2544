"""What `/readyz` and `/healthz` say while PostgreSQL hangs, and how soon."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import psycopg
import pytest

from support.server import serving

if TYPE_CHECKING:
    from collections.abc import Generator

    from support.postgres import Database

pytestmark = pytest.mark.parametrize("cluster", ["embedded"], indirect=True)

PATIENCE_S = 30.0
IDLE_BACKENDS = """
select pid from pg_stat_activity
where application_name = 'slotcast' and backend_type = 'client backend'
  and datname = current_database()
"""


@contextmanager
def stopped(process_ids: list[int]) -> Generator[None]:
    """Let processes hang within the block."""
    for process_id in process_ids:
        os.kill(process_id, signal.SIGSTOP)
    try:
        yield
    finally:
        for process_id in process_ids:
            os.kill(process_id, signal.SIGCONT)


async def get(url: str) -> tuple[int, Any, float]:
    """Ask for a page; gives status, body and how long it took in seconds."""
    began = time.monotonic()
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        is_json = answer.content_type == "application/json"
        body = await answer.json() if is_json else await answer.text()
        return answer.status, body, time.monotonic() - began


async def test_a_hanging_postgresql_is_told_of_in_time_and_again_when_it_goes_on(
    database: Database, slot_name: str
) -> None:
    async with serving(database.url, slot_name) as url:
        ready, _, _ = await get(f"{url}/readyz")
        async with await psycopg.AsyncConnection.connect(
            database.url, autocommit=True, application_name="observer"
        ) as observer:
            cursor = await observer.execute(IDLE_BACKENDS)
            backends: list[int] = [row[0] for row in await cursor.fetchall()]

        with stopped(backends):
            hanging = await asyncio.gather(*(get(f"{url}/readyz") for _ in range(3)))
            health, _, health_s = await get(f"{url}/healthz")
            page, _, page_s = await get(url)

        async with asyncio.timeout(PATIENCE_S):
            while (await get(f"{url}/readyz"))[0] != 200:
                pass

    assert ready == 200
    assert backends
    for status, body, took_s in hanging:
        assert status == 503
        assert body["reasons"] == ["PostgreSQL does not answer: no answer within 2 s"]
        assert took_s < 5
    assert (health, page) == (200, 200)
    assert health_s < 2
    assert page_s < 5


async def test_a_server_that_waits_for_the_slot_is_alive_and_not_ready(
    database: Database, slot_name: str
) -> None:
    async with serving(database.url, slot_name), serving(database.url, slot_name) as second:
        status, body, _ = await get(f"{second}/readyz")
        health, _, _ = await get(f"{second}/healthz")

    assert status == 503
    assert body["reasons"] == ["the replication stream is waiting for the slot"]
    assert health == 200
