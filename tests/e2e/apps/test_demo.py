"""`slotcast dev` shows both apps side by side, as somebody who sees them for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import expect

from slotcast.appointments import demo
from support.browser import page_of
from support.dashboard import LIVE_MS, expect_live
from support.demo_server import demo_server
from support.postgres import temporary_directory

if TYPE_CHECKING:
    from playwright.async_api import Browser, FrameLocator, Locator, Page


async def test_the_start_page_shows_both_apps_live_and_anybody_can_sign_in(
    browser: Browser,
) -> None:
    with temporary_directory() as parent:
        async with (
            demo_server(parent / "state") as url,
            page_of(browser, locale="en-GB") as page,
        ):
            await page.goto(url)
            dashboard = page.frame_locator("iframe[title='The dashboard']")
            booking = page.frame_locator("iframe[title='The booking page']")
            await expect(dashboard.locator("[data-connection=live]").first).to_be_attached()
            await expect(booking.get_by_role("link", name="Haircut")).to_be_visible()
            news = await shown_changes(dashboard)

            async with page.expect_response("**/demo/customer") as answering:
                await page.get_by_role("button", name="Let a customer book").click()
            booked = (await (await answering.value).json())["appointment"]

            # On whichever day it is, that is the one that is shown then.
            place = dashboard.locator(f"[data-appointment='{booked['id']}']")
            await expect(place).to_be_in_viewport(timeout=LIVE_MS)
            expected = f"New request: {demo.OTHER_CUSTOMER.name}"
            await expect(news.first).to_contain_text(expected, timeout=LIVE_MS)
            await expect(page.get_by_text(f"{demo.OTHER_CUSTOMER.name} booked")).to_be_visible()
            async with page.expect_popup() as opened:
                await page.get_by_role("link", name="open", exact=True).first.click()
            await expect_one_click_accounts(await opened.value)


async def shown_changes(dashboard: FrameLocator) -> Locator:
    """Open the recent changes, newest first."""
    await dashboard.get_by_role("button", name="Show recent changes").click()
    changes = dashboard.get_by_role("log", name="Recent changes").get_by_role("listitem")
    await expect(changes.first).to_be_visible()
    return changes


async def expect_one_click_accounts(desk: Page) -> None:
    """Change from the owner to somebody of the staff without typing anything."""
    await desk.get_by_role("button", name="Account").click()
    await desk.get_by_role("menuitem", name="Sign out").click()
    await desk.get_by_role("button", name=demo.STAFF.name).click()
    await expect_live(desk)
    await desk.get_by_role("button", name="Account").click()
    await expect(desk.get_by_text(f"Signed in as {demo.STAFF.email}")).to_be_visible()
