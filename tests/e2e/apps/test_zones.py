"""Shops keep their own wall clock, wherever the reader is, also when clocks change."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pytest
from playwright.async_api import expect

from support.dashboard import calendar, card, drag, expect_live, span, stored, toast
from support.shop import open_shop

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from playwright.async_api import Locator, Page

    from support.browser import Site, Visit
    from support.shop import Shop

TOKYO: Final = "Asia/Tokyo"
QUARTERS: Final = [f"{hour:02}:{minute:02}" for hour in range(1, 4) for minute in (0, 15, 30, 45)]
"""Wall times around the clock changes of all zones here."""


def days_to_look_at(zone: ZoneInfo) -> list[int]:
    """In how many days clocks change within a year; the day after tomorrow where they never do."""
    today = datetime.now(zone).date()
    changes = [
        days for days in range(2, 370) if offset(today, days, zone) != offset(today, days + 1, zone)
    ]
    return changes or [2]


def offset(today: date, days: int, zone: ZoneInfo) -> timedelta | None:
    day = today + timedelta(days=days)
    return datetime(day.year, day.month, day.day, tzinfo=zone).utcoffset()


def showings(shop: Shop, time: str, *, days: int) -> list[datetime]:
    """When that day a wall clock of the shop shows *time*: once, twice or never."""
    instants = [shop.at(time, days=days).replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    shown = {instant for instant in instants if f"{instant.astimezone(shop.zone):%H:%M}" == time}
    return sorted(shown)


@pytest.mark.parametrize(
    "zone", ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]
)
async def test_a_reader_far_away_sees_and_books_wall_times_of_the_shop(
    apps_site: Site, visit: Visit, zone: str
) -> None:
    shop = await open_shop(apps_site.url, apps_site.database, zone=zone, opens="00:00")
    await apps_site.database.execute(
        "update public.workspaces set max_ahead_days = 400 where id = %s", [shop.id]
    )
    booking = await visit("", await shop.customer("Mara Li"), timezone_id=TOKYO)
    desk = await visit("", shop.owner, timezone_id=TOKYO)

    for days in days_to_look_at(shop.zone):
        twice = [time for time in QUARTERS if len(showings(shop, time, days=days)) > 1]
        await book_last(booking, shop, twice[0] if twice else "09:00", days=days)
        await move_across_the_change(desk, shop, days=days)


async def book_last(page: Page, shop: Shop, time: str, *, days: int) -> None:
    """Book a time, the later one if there are two; the instant that it is gets stored."""
    day = shop.at(time, days=days).date().isoformat()
    query = f"service={shop.services['Cut']}&person={shop.members['Ana']}&step=time&day={day}"
    await page.goto(f"{shop.url}/book/{shop.slug}?{query}")
    await expect(offered(page, "09:00")).to_be_enabled()
    for quarter in QUARTERS:
        count = len(showings(shop, quarter, days=days))
        await expect(offered(page, quarter)).to_have_count(count)
    await offered(page, time).last.check()
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("button", name="Request ").click()
    await expect(page.get_by_role("heading", name="Request sent")).to_be_visible()
    assert (showings(shop, time, days=days)[-1], "pending") in await shop.starts()


def offered(page: Page, time: str) -> Locator:
    """The free times that are written *time*; those that come twice have their offset behind."""
    return page.get_by_role("radio", name=re.compile(f"^{time}( GMT|$)"))


async def move_across_the_change(desk: Page, shop: Shop, *, days: int) -> None:
    """Drag an appointment from before the clocks change to after it."""
    early = await shop.book(shop.at("00:15", days=days), member="Ben")
    await desk.goto(shop.url + calendar(shop, days=days))
    await expect(card(desk, early)).to_contain_text(span("00:15", "01:00"))
    grid = desk.get_by_role("group", name="Appointments")
    await expect(grid.get_by_role("button", name="Mara Li")).to_be_visible()
    await expect_live(desk)

    await drag(desk, early, minutes=4 * 60)

    await expect(toast(desk, "Walk-in moved to")).to_be_visible()
    await expect(card(desk, early)).to_contain_text(span("04:15", "05:00"))
    start, end, *_ = await stored(shop, early)
    assert (start, end) == (shop.at("04:15", days=days), shop.at("05:00", days=days))
