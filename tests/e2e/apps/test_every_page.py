"""What holds for every page of both apps: small, accessible, at home on a phone."""

from __future__ import annotations

import asyncio
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from playwright.async_api import expect

from support.browser import DESKTOP, PHONE, overflows

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page, Request

    from support.browser import Visit
    from support.shop import Person, Shop

AXE: Final = Path(__file__).resolve().parents[3] / "node_modules" / "axe-core" / "axe.min.js"
FIRST_LOAD_LIMIT_BYTES: Final = 250_000
SERIOUS: Final = ("serious", "critical")

CALENDAR: Final = ("", "?view=week", "?view=month", "?view=agenda")
PAGES: Final = {
    "customers": "New customer",
    "services": "Colour",
    "team": "Ben",
    "settings": "Customers can book online",
}
"""Each other page of the dashboard, and what is there once it has loaded."""

BOOKING: Final = {
    "": "Colour",
    "?service={cut}": "Anyone",
    "?service={cut}&person=anyone&step=time&day={day}": "14:00",
    "?service={cut}&person=anyone&step=you&time={time}": "Who is coming?",
}
"""Each step of a booking, and what is there once it has loaded."""


async def assert_fine(page: Page, complete: Locator) -> None:
    """Let axe look at the page once it is *complete*: nothing is serious, and all of it fits."""
    await expect(complete.locator("visible=true").first).to_be_visible()
    await page.evaluate(AXE.read_text("utf-8"))
    result: dict[str, Any] = await page.evaluate("axe.run({resultTypes: ['violations']})")
    found = [
        f"{violation['id']}: {node['html']}: {node['failureSummary']}"
        for violation in result["violations"]
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]
    assert found == [], page.url
    assert not await overflows(page), page.url


by_size = pytest.mark.parametrize(
    ("size", "is_dark"), [(DESKTOP, False), (PHONE, True)], ids=["desktop-light", "phone-dark"]
)


@by_size
async def test_pages_of_the_dashboard_are_accessible_and_fit(
    shop: Shop, visit: Visit, size: tuple[int, int], is_dark: bool
) -> None:
    mara = await shop.customer("Mara Li")
    await shop.book(shop.at("14:00", days=0), customer=mara)
    await shop.book(shop.at("15:00", days=0), member="Ben", status="pending")
    page = await visit("", shop.owner, size=size, is_dark=is_dark, reduced_motion="reduce")

    for view in CALENDAR:
        await page.goto(f"{shop.url}/dashboard/{view}")
        await assert_fine(page, page.locator("[data-appointment]"))
    for path, word in PAGES.items():
        await page.goto(f"{shop.url}/dashboard/{path}")
        await assert_fine(page, page.get_by_text(word))


@by_size
async def test_pages_of_the_booking_app_are_accessible_and_fit(
    shop: Shop, visit: Visit, size: tuple[int, int], is_dark: bool
) -> None:
    mara = await shop.customer("Mara Li")
    await shop.book(shop.at("15:00"), customer=mara)
    page = await visit("", mara, size=size, is_dark=is_dark, reduced_motion="reduce")
    tomorrow = shop.at("14:00")
    instant = tomorrow.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    names = {"cut": shop.services["Cut"], "day": tomorrow.date(), "time": instant}

    steps = {f"/book/{shop.slug}{path}": word for path, word in BOOKING.items()}
    for path, word in {**steps, "/book/mine": "Cut", "/book/": "Booking"}.items():
        await page.goto(shop.url + path.format(**names))
        await assert_fine(page, page.get_by_text(word))


async def test_all_scripts_of_a_first_visit_are_small(shop: Shop, visit: Visit) -> None:
    mara = await shop.customer("Mara Li")
    for days in (0, 1):
        await shop.book(shop.at("14:00", days=days), customer=mara)
    pages = {
        "/dashboard/": (shop.owner, "Mara Li"),
        f"/book/{shop.slug}": (mara, "Colour"),
        "/book/mine": (mara, "Cut"),
    }

    sizes = await asyncio.gather(
        *(
            script_bytes(visit, shop.url + path, person, word)
            for path, (person, word) in pages.items()
        )
    )

    assert {
        path: size
        for path, size in zip(pages, sizes, strict=True)
        if not 0 < size <= FIRST_LOAD_LIMIT_BYTES
    } == {}


async def script_bytes(visit: Visit, url: str, person: Person, word: str) -> int:
    """Count what a browser with nothing in its cache fetches as scripts until it is at rest."""
    # French comes on top of English, so it takes the most.
    page = await visit("", person, locale="fr-FR")
    scripts: list[Request] = []
    page.on(
        "requestfinished",
        lambda request: scripts.append(request) if request.url.endswith(".js") else None,
    )
    await page.goto(url)
    await expect(page.get_by_text(word).locator("visible=true").first).to_be_visible()
    await page.wait_for_load_state("networkidle")
    for script in scripts:
        response = await script.response()
        assert response is not None
        assert await response.header_value("content-encoding") == "gzip"
    return sum([(await script.sizes())["responseBodySize"] for script in scripts])
