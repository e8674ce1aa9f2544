"""The mailbox at /mail, in a browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import expect

from support.browser import PHONE, overflows, page_of
from support.mail import received, serving_with_mail
from support.server import PUBLISHABLE_KEY

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from playwright.async_api import Browser

    from slotcast.auth.mailbox import Mailbox
    from support.postgres import Database

pytestmark = pytest.mark.parametrize("cluster", ["embedded"], indirect=True)

LONG = "a-person-with-a-remarkably-long-name-and-many-letters@mail.example"


@dataclass(slots=True)
class App:
    """An app that people sign up to, and the mailbox that its mails end in."""

    url: str
    mailbox: Mailbox

    async def sign_up(self, email: str) -> str:
        """Sign up; gives the code of the mail."""
        async with aiohttp.ClientSession(headers={"apikey": PUBLISHABLE_KEY}) as http:
            body = {"email": email, "password": "correct horse"}
            async with http.post(f"{self.url}/auth/v1/signup", json=body) as response:
                assert response.status == 200
        return (await received(self.mailbox, email)).code


@pytest_asyncio.fixture(loop_scope="session")
async def app(database: Database, slot_name: str) -> AsyncGenerator[App]:
    async with serving_with_mail(database.url, slot_name) as (url, mailbox):
        yield App(url, mailbox)


async def test_a_mail_appears_at_once_and_its_link_confirms(app: App, browser: Browser) -> None:
    async with page_of(browser) as page:
        await page.goto(app.url)
        await page.get_by_role("link", name="open the mailbox").click()
        await expect(page.get_by_text("No mails yet.")).to_be_visible()

        code = await app.sign_up("mara@mail.example")
        await page.get_by_role("link", name="Confirm your email address").click()

        await expect(page.locator("#code")).to_have_text(code)
        mail = page.frame_locator("iframe")
        await expect(mail.get_by_role("link", name="Confirm", exact=True)).to_be_visible()
        async with page.expect_popup() as opening:
            await page.get_by_role("link", name="Open the link").click()
        confirmed = await opening.value
        await expect(confirmed.get_by_role("heading", name="Slotcast")).to_be_visible()
        assert "access_token=" in confirmed.url


async def test_a_mail_can_be_read_as_plain_text_and_links_in_it_open_elsewhere(
    app: App, browser: Browser
) -> None:
    async with page_of(browser) as page:
        code = await app.sign_up("mara@mail.example")
        await page.goto(f"{app.url}/mail#1")

        await page.get_by_role("button", name="Plain text").click()
        await expect(page.locator("#text")).to_contain_text(f"Or enter this code: {code}")
        await page.get_by_role("button", name="As sent").click()
        async with page.expect_popup() as opening:
            await page.frame_locator("iframe").get_by_role("link", name="Confirm").click()

        opened = await opening.value
        await expect(opened.get_by_role("heading", name="Slotcast")).to_be_visible()
        assert page.url.endswith("/mail#1")


async def test_on_a_phone_there_is_the_list_or_a_mail(app: App, browser: Browser) -> None:
    async with page_of(browser, size=PHONE) as page:
        await app.sign_up(LONG)
        await page.goto(f"{app.url}/mail")
        assert not await overflows(page)

        await page.get_by_role("link", name=LONG).click()
        await expect(page.get_by_role("heading", name="Received")).to_be_hidden()
        assert not await overflows(page)
        await page.get_by_role("link", name="All mails").click()

        await expect(page.get_by_role("heading", name="Received")).to_be_visible()
        await expect(page.locator("#message")).to_be_hidden()


async def test_all_mails_can_be_deleted(app: App, browser: Browser) -> None:
    async with page_of(browser) as page:
        await app.sign_up("mara@mail.example")
        await page.goto(f"{app.url}/mail#1")
        await expect(page.get_by_text("1 mail", exact=True)).to_be_visible()

        await page.get_by_role("button", name="Delete all").click()

        await expect(page.get_by_text("No mails yet.")).to_be_visible()
        await expect(page.locator("#message")).to_be_hidden()


async def test_a_mail_that_is_gone_is_said_to_be(app: App, browser: Browser) -> None:
    async with page_of(browser) as page:
        await page.goto(f"{app.url}/mail#7")

        await expect(page.get_by_role("alert")).to_contain_text("This mail is gone")
