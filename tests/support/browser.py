"""The system's Chromium, for tests that look at pages."""

from __future__ import annotations

import re
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from playwright.async_api import async_playwright, expect

from support.missing import give_up

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from playwright.async_api import Browser, ConsoleMessage, Page
    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

    from support.shop import Person

TIMEOUT_MS: Final = 20_000
DESKTOP: Final = (1280, 800)
PHONE: Final = (390, 844)

expect.set_options(timeout=TIMEOUT_MS)

_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True, slots=True)
class Site:
    """A running server, and a connection to its database."""

    url: str
    database: AsyncConnection[TupleRow]


class Visit(Protocol):
    """Opens a page of an app, as somebody who is signed in, or as nobody."""

    async def __call__(self, path: str, person: Person | None = None, **options: Any) -> Page: ...


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """Run a browser with a profile of its own; without one the test is skipped, but fails in CI."""
    path = shutil.which("chromium")
    if path is None:
        message = "there is no chromium; on Debian: apt-get install chromium fonts-liberation"
        give_up(message)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*_FLAGS])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def page_of(
    browser: Browser,
    *,
    size: tuple[int, int] = DESKTOP,
    is_dark: bool = False,
    expected_complaints: int = 0,
    tolerated: str | None = None,
    **options: Any,
) -> AsyncGenerator[Page]:
    """
    Open an empty page, in a context that shares nothing with others.

    On the way out anything that the page complained of fails the test, such as what its
    security policy kept from running; browsers complain of refused connections, too.

    Args:
        browser: Where.
        size: Width and height in pixels; a `PHONE` has a touch screen.
        is_dark: Whether the person prefers dark pages.
        expected_complaints: How many there have to be.
        tolerated: A regular expression of what does not count as one.
        options: Further ones of the context, such as its `locale` or `timezone_id`.
    """
    width, height = size
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if is_dark else "light",
        has_touch=size == PHONE,
        **options,
    )
    context.set_default_timeout(TIMEOUT_MS)
    page = await context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        is_tolerated = tolerated is not None and re.search(tolerated, message.text)
        if message.type in ("error", "warning") and not is_tolerated:
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page
    finally:
        await context.close()
    assert len(complaints) == expected_complaints, complaints


async def overflows(page: Page) -> bool:
    """Tell whether the page is wider than its window."""
    width: int = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return width > 0
