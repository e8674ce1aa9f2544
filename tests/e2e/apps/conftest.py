"""
One server with both apps, for all tests of the apps.

It lives on from test to test; each test opens a shop of its own (`shop`), which nobody else sees.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import pytest_asyncio

from slotcast.transports import apps
from support.browser import Site, page_of
from support.missing import give_up
from support.postgres import migrated_template, temporary_database, unique_name
from support.shop import open_shop, serving_apps, stored_session

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from playwright.async_api import Browser, Page

    from slotcast.postgres.embedded import Cluster
    from support.browser import Visit
    from support.postgres import Database, RunningClusters
    from support.shop import Person, Shop


@pytest.fixture(scope="session")
def apps_cluster(running_clusters: RunningClusters) -> Cluster:
    return running_clusters.get("embedded")


@pytest.fixture(scope="session")
def apps_database(apps_cluster: Cluster) -> Generator[Database]:
    with temporary_database(apps_cluster, migrated_template(apps_cluster)) as database:
        yield database


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def apps_site(apps_database: Database) -> AsyncGenerator[Site]:
    if not apps.are_built():
        give_up("the apps are not built; run: make web")
    async with (
        await psycopg.AsyncConnection.connect(apps_database.url, autocommit=True) as connection,
        serving_apps(apps_database.url, unique_name("slot")) as url,
    ):
        yield Site(url, connection)


@pytest_asyncio.fixture(loop_scope="session")
async def shop(apps_site: Site) -> Shop:
    return await open_shop(apps_site.url, apps_site.database)


@pytest_asyncio.fixture(loop_scope="session")
async def visit(apps_site: Site, browser: Browser) -> AsyncGenerator[Visit]:
    """
    Give a way to open pages; *options* are those of `page_of`. They close with the test.

    People are in Paris and read English as in Britain, unless *options* say otherwise. Without
    a path nothing is opened yet.
    """
    async with AsyncExitStack() as pages:

        async def open_page(path: str, person: Person | None = None, **options: Any) -> Page:
            if person is not None:
                options["storage_state"] = stored_session(apps_site.url, person)
            options = {"locale": "en-GB", "timezone_id": "Europe/Paris", **options}
            page = await pages.enter_async_context(page_of(browser, **options))
            if path:
                await page.goto(apps_site.url + path)
            return page

        yield open_page
