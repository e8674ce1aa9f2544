"""The inspector, in a browser, against the whole server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from support.browser import PHONE, overflows, page_of
from support.server import SECRET, SECRET_KEY, token

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from support.browser import Site

pytestmark = pytest.mark.parametrize("cluster", ["embedded"], indirect=True)

ANN = "aaaaaaaa-0000-4000-8000-000000000001"


async def join(page: Page, site: Site, *, table: str = "notes", token: str = "") -> None:
    await page.goto(f"{site.url}/inspector")
    await page.get_by_label("Table").fill(table)
    await page.get_by_label("User token").fill(token)
    await page.get_by_role("button", name="Join", exact=True).click()


async def subscribe(page: Page, site: Site, *, token: str = "") -> None:
    await join(page, site, token=token)
    await expect(page.get_by_text("Subscribed to PostgreSQL")).to_be_visible()


async def test_changes_made_by_sql_arrive_with_what_differs_marked(
    site: Site, browser: Browser
) -> None:
    async with page_of(browser) as page:
        await subscribe(page, site, token=token(ANN))

        await site.database.execute(
            "insert into notes values (1, %s, 'first', 9007199254740993), (2, null, 'hidden', 0)",
            [ANN],
        )
        await site.database.execute("update notes set body = 'second' where id = 1")

        events = page.locator("#events > li[data-kind=change]")
        await expect(events).to_have_count(2)
        update = events.first
        await expect(update).to_contain_text("UPDATE public.notes")
        await expect(update.locator("tr.changed")).to_have_text('body"first""second"')
        await expect(events.last).to_contain_text("9007199254740993")
        await expect(page.get_by_text("heartbeat")).to_be_visible()


async def test_two_inspectors_see_each_other_and_what_they_broadcast(
    site: Site, browser: Browser
) -> None:
    async with page_of(browser) as ann, page_of(browser) as ben:
        for page, key in ((ann, "ann"), (ben, "ben")):
            await page.goto(f"{site.url}/inspector")
            await page.get_by_role("button", name="Remove").click()
            await page.get_by_text("Broadcast and presence").click()
            await page.get_by_label("Presence key").fill(key)
            await page.get_by_label("Ask for acknowledgements").check()
            await page.get_by_role("button", name="Join", exact=True).click()
            await expect(page.get_by_text("Joined inspector")).to_be_visible()
        for page in (ann, ben):
            await page.get_by_role("button", name="Track", exact=True).click()
        for page in (ann, ben):
            await expect(page.locator("#present-count")).to_have_text("2 here")
            await expect(page.locator("#present strong")).to_have_text(["ann", "ben"])

        await ann.get_by_label("Payload, JSON").fill('{"text": "good morning ☀"}')
        await ann.get_by_role("button", name="Send").click()
        heard = ben.locator("#events > li[data-kind=broadcast]")
        await expect(heard).to_contain_text("good morning ☀")
        await expect(ann.locator("#events > li[data-kind=broadcast]")).to_have_count(0)

        await ben.get_by_role("button", name="Leave").click()
        await expect(ann.locator("#present strong")).to_have_text(["ann"])
        await expect(ann.locator("#broadcast-problem")).to_be_hidden()


@pytest.mark.parametrize(
    ("table", "token_text", "explanation"),
    [
        ("notes", token(ANN, expires_in_s=-60), "The token has expired"),
        ("notes", "not a token", "That is not a token"),
        ("unpublished", "", "alter publication supabase_realtime add table public.unpublished;"),
    ],
)
async def test_a_refusal_is_explained(
    site: Site, browser: Browser, table: str, token_text: str, explanation: str
) -> None:
    async with page_of(browser) as page:
        await join(page, site, table=table, token=token_text)

        await expect(page.locator("#advice")).to_contain_text(explanation)


async def test_a_private_channel_without_a_policy_is_explained_with_one(
    site: Site, browser: Browser
) -> None:
    async with page_of(browser) as page:
        await page.goto(f"{site.url}/inspector")
        await page.get_by_label("Private channel").check()
        await page.get_by_role("button", name="Join", exact=True).click()

        await expect(page.locator("#advice")).to_contain_text("on realtime.messages")


async def test_what_came_can_be_paused_filtered_and_cleared(site: Site, browser: Browser) -> None:
    async with page_of(browser) as page:
        await subscribe(page, site, token=token(ANN))
        changes = page.locator("#events > li[data-kind=change]")

        await page.get_by_role("button", name="Pause").click()
        await site.database.execute("insert into notes values (1, %s, 'held', 0)", [ANN])
        await expect(page.locator("#event-count")).to_contain_text("1 held back")
        await expect(changes).to_have_count(0)
        await page.get_by_role("button", name="Pause").click()
        await expect(changes).to_have_count(1)

        await page.get_by_label("Changes", exact=True).uncheck()
        await expect(changes).to_be_hidden()
        await page.get_by_role("button", name="Clear").click()
        await expect(page.locator("#events > li")).to_have_count(0)


@pytest.mark.parametrize("is_dark", [False, True])
async def test_it_fits_a_phone_and_works_without_a_mouse(
    site: Site, browser: Browser, *, is_dark: bool
) -> None:
    async with page_of(browser, size=PHONE, is_dark=is_dark) as page:
        await page.goto(f"{site.url}/inspector")
        await page.get_by_label("Table").fill("notes")
        await page.get_by_label("User token").fill(token(ANN))
        await page.get_by_label("Name", exact=True).press("Enter")
        await expect(page.get_by_text("Subscribed to PostgreSQL")).to_be_visible()
        await site.database.execute("insert into notes values (1, %s, %s, 0)", [ANN, "x" * 500])
        await expect(page.locator("#events > li[data-kind=change]")).to_have_count(1)

        assert not await overflows(page)
        ground = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert ("0.19" in ground) is is_dark


async def test_no_secret_is_on_the_page(site: Site, browser: Browser) -> None:
    async with page_of(browser) as page:
        await page.goto(f"{site.url}/inspector")
        content = await page.content()

    assert SECRET not in content
    assert SECRET_KEY not in content


async def test_a_wrong_key_is_told_from_a_lost_connection(site: Site, browser: Browser) -> None:
    async with page_of(browser, expected_complaints=1) as page:
        await page.goto(f"{site.url}/inspector")
        await page.get_by_label("API key").fill("not a key")
        await page.get_by_role("button", name="Join", exact=True).click()

        await expect(page.locator("#advice")).to_contain_text("The server refused the connection")
