"""
Photograph the main pages of a demo of its own, for README and docs.

    python tools/screenshots.py        writes docs/images/

Look at what it wrote before you commit it.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from playwright.async_api import Browser

IMAGES: Final = Path(__file__).resolve().parent.parent / "docs" / "images"
CHROMIUM: Final = "/usr/bin/chromium"
DESKTOP: Final = (1440, 900)
PHONE: Final = (390, 844)
SUNDAY: Final = 7
START_TIMEOUT_S: Final = 120.0
STOP_TIMEOUT_S: Final = 30.0

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


@asynccontextmanager
async def demo() -> AsyncGenerator[str]:
    """Run `slotcast dev` in a directory of its own; gives its URL."""
    with tempfile.TemporaryDirectory() as directory:
        command = ["-m", "slotcast", "dev", "--directory", directory, "--port", "0"]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                url = await _address(process)
            # Whatever else it says is read, or it would wait for a reader at last.
            rest = asyncio.create_task(process.communicate())
            yield url
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
        await rest


async def _address(process: asyncio.subprocess.Process) -> str:
    """Read the log until the server says where it serves."""
    if process.stderr is None:
        raise AssertionError("stderr was asked for")
    while line := (await process.stderr.readline()).decode():
        found = re.search(r"Serving url=(\S+)", line)
        if found is not None:
            return found[1]
    raise SystemExit("the demo ended before it served")


async def main() -> None:
    """Photograph everything."""
    IMAGES.mkdir(exist_ok=True)
    async with demo() as url, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        for shot in SHOTS:
            await take(browser, url, shot, _next_open_day())
        await browser.close()


def _next_open_day() -> str:
    """Give tomorrow in the demo's salon, or Monday where that is a Sunday."""
    day = datetime.now(ZoneInfo("Europe/Paris")).date() + timedelta(days=1)
    is_sunday = day.isoweekday() == SUNDAY
    return (day + timedelta(days=1) if is_sunday else day).isoformat()


if __name__ == "__main__":
    asyncio.run(main())
