"""A server with a table under row level security, and a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from support.browser import Site, chromium
from support.server import serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from playwright.async_api import Browser

    from support.postgres import Database

TABLES = """
create table public.notes (id int primary key, owner uuid, body text, size bigint);
alter table public.notes enable row level security;
alter table public.notes replica identity full;
create policy own on public.notes for select to authenticated using (owner = (select auth.uid()));
create policy shared on public.notes for select to anon using (owner is null);
create table public.unpublished (id int primary key);
alter publication supabase_realtime add table public.notes;
"""


@pytest.fixture
async def site(database: Database, slot_name: str) -> AsyncGenerator[Site]:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(TABLES)
        async with serving(database.url, slot_name, inspector="on") as url:
            yield Site(url, writer)


@pytest.fixture
async def browser() -> AsyncGenerator[Browser]:
    async with chromium() as started:
        yield started
