"""
A server with a table under row level security, and a browser.

All tests share one browser, and so one event loop; each opens pages in contexts of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
import pytest
import pytest_asyncio

from support.browser import Site, chromium
from support.server import serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from playwright.async_api import Browser

    from support.postgres import Database

FOLDER: Final = Path(__file__).parent
TABLES = """
create table public.notes (id int primary key, owner uuid, body text, size bigint);
alter table public.notes enable row level security;
alter table public.notes replica identity full;
create policy own on public.notes for select to authenticated using (owner = (select auth.uid()));
create policy shared on public.notes for select to anon using (owner is null);
create table public.unpublished (id int primary key);
alter publication supabase_realtime add table public.notes;
"""


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.path.is_relative_to(FOLDER):
        item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(loop_scope="session")
async def site(database: Database, slot_name: str) -> AsyncGenerator[Site]:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(TABLES)
        async with serving(database.url, slot_name, inspector="on") as url:
            yield Site(url, writer)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    async with chromium() as started:
        yield started
