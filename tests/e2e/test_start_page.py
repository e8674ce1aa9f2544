"""The start page's live panel, in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from support.browser import PHONE, overflows, page_of

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from support.browser import Site

pytestmark = pytest.mark.parametrize("cluster", ["embedded"], indirect=True)


async def test_a_change_that_anybody_may_see_arrives(site: Site, browser: Browser) -> None:
    async with page_of(browser) as page:
        await page.goto(site.url)
        await page.get_by_role("button", name="Watch changes").click()
        await expect(page.get_by_role("status")).to_have_text("Live: waiting for changes.")

        await site.database.execute("insert into notes values (1, null, 'for all', 0)")

        await expect(page.locator("#changes li")).to_contain_text("for all")
        await page.get_by_role("button", name="Stop").click()
        await expect(page.get_by_role("status")).to_have_text("Not connected.")


async def test_tabs_are_moved_through_with_the_keyboard(site: Site, browser: Browser) -> None:
    async with page_of(browser) as page:
        await page.goto(site.url)

        await page.get_by_role("tab", name="JavaScript").press("ArrowRight")

        await expect(page.get_by_role("tab", name="Python")).to_be_focused()
        await expect(page.get_by_role("tabpanel", name="Python")).to_be_visible()


async def test_it_leads_to_the_inspector_and_fits_a_phone(site: Site, browser: Browser) -> None:
    async with page_of(browser, size=PHONE) as page:
        await page.goto(site.url)
        assert not await overflows(page)

        await page.get_by_role("link", name="open the inspector").click()

        await expect(page.get_by_role("heading", name="Inspector")).to_be_visible()
