"""
Photograph the main pages of a demo of its own, for README and docs.

Run it with ``make screenshots``; it writes docs/images/. Look at them before you commit them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from support.browser import chromium
from support.demo_server import demo_server
from support.postgres import temporary_directory

if TYPE_CHECKING:
    from playwright.async_api import Browser

IMAGES: Final = Path(__file__).resolve().parent.parent / "docs" / "images"
DESKTOP: Final = (1440, 900)
PHONE: Final = (390, 844)
SUNDAY: Final = 7

STAFF: Final = "owner@salon.example"
CUSTOMER: Final = "customer@mail.example"
HAIRCUT: Final = "00000003-0000-4000-8000-000000000001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """
    A page to photograph.

    Attributes:
        name: Of the file, without its suffix.
        path: Of the page, with `{day}` for tomorrow or the day after, if that is a Sunday.
        person: Who is signed in; empty for nobody.
        until: A text that is there once the page is complete.
        size: Width and height in pixels.
        is_dark: Whether the person prefers dark pages.
    """

    name: str
    path: str
    person: str
    until: str
    size: tuple[int, int]
    is_dark: bool = False


SHOTS: Final = (
    Shot(
        name="dashboard-day",
        path="/dashboard/?date={day}",
        person=STAFF,
        until="Recent changes",
        size=DESKTOP,
    ),
    Shot(
        name="dashboard-week-dark",
        path="/dashboard/?view=week&date={day}",
        person=STAFF,
        until="Recent changes",
        size=DESKTOP,
        is_dark=True,
    ),
    Shot(
        name="dashboard-phone",
        path="/dashboard/?date={day}",
        person=STAFF,
        until="Haircut",
        size=PHONE,
    ),
    Shot(
        name="booking-desktop",
        path="/book/salon?service=" + HAIRCUT + "&person=anyone&step=time&day={day}",
        person="",
        until="Afternoon",
        size=DESKTOP,
    ),
    Shot(
        name="booking-phone",
        path="/book/salon?service=" + HAIRCUT + "&person=anyone&step=time&day={day}",
        person="",
        until="Afternoon",
        size=PHONE,
    ),
    Shot(
        name="booking-mine-dark",
        path="/book/mine",
        person=CUSTOMER,
        until="Add to calendar",
        size=PHONE,
        is_dark=True,
    ),
    Shot(name="start", path="/", person="", until="Replication is live", size=(1440, 1000)),
)


async def take(browser: Browser, url: str, shot: Shot, day: str) -> None:
    """Photograph one page, once it is complete and nothing moves any more."""
    width, height = shot.size
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if shot.is_dark else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/Paris",
    )
    page = await context.new_page()
    path = shot.path.format(day=day)
    if shot.person:
        path += f"{'&' if '?' in path else '?'}as={quote(shot.person)}"
    await page.goto(url + path)
    await page.get_by_text(shot.until).locator("visible=true").first.wait_for()
    if len(page.frames) == 1:
        await page.wait_for_load_state("networkidle")
    for frame in page.frames[1:]:
        await frame.get_by_text("Haircut").locator("visible=true").first.wait_for()
    await page.screenshot(path=IMAGES / f"{shot.name}.png", animations="disabled")
    await context.close()
    print(f"{shot.name}.png")


async def main() -> None:
    """Photograph everything."""
    IMAGES.mkdir(exist_ok=True)
    with temporary_directory() as directory:
        async with demo_server(directory) as url, chromium() as browser:
            for shot in SHOTS:
                await take(browser, url, shot, _next_open_day())


def _next_open_day() -> str:
    """Give tomorrow in the demo's salon, or Monday where that is a Sunday."""
    day = datetime.now(ZoneInfo("Europe/Paris")).date() + timedelta(days=1)
    is_sunday = day.isoweekday() == SUNDAY
    return (day + timedelta(days=1) if is_sunday else day).isoformat()


if __name__ == "__main__":
    asyncio.run(main())
