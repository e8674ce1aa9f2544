"""Definitions are checked while changes are ruled on, and no change waits for that."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from slotcast.policies.store import PolicyStore
from slotcast.policies.watched_tables import WatchedTables
from support.judges import PUBLICATION, SEARCH_PATH

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from slotcast.policies.store import Pool

PERIOD_S = 2.0
TIMEOUT_S = 20.0


async def ends_at_once(store: PolicyStore) -> bool:
    """Refresh *store*; tell whether that waited for nothing."""
    refreshing = asyncio.create_task(store.refresh())
    await asyncio.sleep(0)  # lets it begin
    is_over = refreshing.done()
    await refreshing
    return is_over


def count(pool: Pool, what: str) -> int:
    """Give a figure of the pool's."""
    return pool.get_stats().get(what, 0)


@pytest.fixture
async def pool(postgres_url: str) -> AsyncGenerator[Pool]:
    """One connection, for which nobody waits long."""
    opened: Pool = AsyncConnectionPool(
        postgres_url, min_size=1, max_size=1, timeout=0.1, open=False
    )
    async with opened:
        await opened.wait()
        yield opened


@pytest.fixture
def store(pool: Pool) -> PolicyStore:
    watched = WatchedTables(publication=PUBLICATION)
    return PolicyStore(pool, watched, search_path=SEARCH_PATH, check_every_s=PERIOD_S)


async def test_where_changes_follow_quickly_none_waits_for_a_check(
    pool: Pool, store: PolicyStore
) -> None:
    assert not await ends_at_once(store)  # the first one is waited for
    first_count = count(pool, "requests_num")

    async with asyncio.timeout(TIMEOUT_S):
        while count(pool, "requests_num") < first_count + 2:
            assert await ends_at_once(store)


async def test_a_check_that_fails_ahead_is_made_by_who_comes_next(
    pool: Pool, store: PolicyStore
) -> None:
    await store.refresh()

    async with asyncio.timeout(TIMEOUT_S), pool.connection():
        while not count(pool, "requests_errors"):
            with suppress(PoolTimeout):  # of who comes in the very moment
                await store.refresh()
            await asyncio.sleep(0)

    assert not await ends_at_once(store)
    assert await ends_at_once(store)
