"""What the dashboard shows besides the grid, and how one gets about in it."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import expect

from support.dashboard import LIVE_MS, calendar, card, drag, expect_live, span, stored, toast

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from uuid import UUID

    from playwright.async_api import Page

    from support.browser import Visit
    from support.shop import Shop


def shown(page: Page) -> dict[str, list[str]]:
    """What the address says of what is shown."""
    return parse_qs(urlsplit(page.url).query)


async def test_filters_view_and_day_survive_a_reload(shop: Shop, visit: Visit) -> None:
    others = [await shop.book(shop.at("10:00"), member=name) for name in ("Ana", "Ben")]
    pending = await shop.book(shop.at("12:00"), member="Ben", name="Ivo", status="pending")
    page = await visit(calendar(shop, days=0), shop.owner)
    await page.get_by_role("button", name="Later").click()
    await expect(card(page, others[0])).to_be_visible()

    for item in ("Ben", "Pending"):
        await page.get_by_role("button", name="Filter").click()
        await page.get_by_role("menuitemcheckbox", name=item).click()
        await page.keyboard.press("Escape")
    await page.get_by_role("radio", name="Week").click()
    await expect_only(page, pending, others)
    address = page.url
    await page.reload()

    await expect_only(page, pending, others)
    await expect(page.get_by_role("radio", name="Week")).to_be_checked()
    assert page.url == address
    assert shown(page) == {
        "workspace": [shop.slug],
        "view": ["week"],
        "date": [shop.at("10:00").date().isoformat()],
        "members": [str(shop.members["Ben"])],
        "statuses": ["pending"],
    }


async def expect_only(page: Page, appointment: UUID, others: Iterable[UUID]) -> None:
    await expect(card(page, appointment)).to_be_visible()
    for other in others:
        await expect(card(page, other)).to_have_count(0)
    await expect_live(page)


async def test_all_views_show_the_same_and_stay_live(shop: Shop, visit: Visit) -> None:
    cut = await shop.book(shop.at("10:00"), name="Mara Li")
    page = await visit(calendar(shop), shop.owner)

    for number, view in enumerate(("Day", "Week", "Month"), start=11):
        await page.get_by_role("radio", name=view).click()
        await expect(card(page, cut)).to_contain_text("Mara Li")
        await expect_live(page)
        await shop.move(cut, shop.at(f"{number}:00"))
        await expect(card(page, cut)).to_contain_text(f"{number}:00", timeout=LIVE_MS)
    await page.get_by_role("radio", name="Agenda").click()
    entry = page.get_by_role("region", name="Agenda").get_by_role("button", name="Mara Li")
    await expect(entry).to_contain_text("13:00")
    await expect_live(page)
    await shop.move(cut, shop.at("14:00"))
    await expect(entry).to_contain_text("14:00", timeout=LIVE_MS)


async def test_recent_changes_survive_a_reload_and_can_be_taken_back(
    shop: Shop, visit: Visit
) -> None:
    cut = await shop.book(shop.at("10:00"), name="Mara Li")
    page = await visit(calendar(shop), shop.owner)
    await expect_live(page)
    await drag(page, cut, minutes=60)
    changes = page.get_by_role("log", name="Recent changes").get_by_role("listitem")
    moved = changes.filter(has_text="(was 10:00)")
    await expect(moved).to_contain_text("by you")

    await page.reload()

    await expect(changes).to_have_count(2)
    await moved.get_by_role("button", name="Undo").click()
    await expect(toast(page, "Taken back.")).to_be_visible()
    await expect(card(page, cut)).to_contain_text(span("10:00", "10:45"))
    await expect(changes).to_have_count(3)
    await expect(changes.first).to_contain_text("(was 11:00)")
    start, *_ = await stored(shop, cut)
    assert start == shop.at("10:00")


async def test_customers_are_found_and_followed_live(shop: Shop, visit: Visit) -> None:
    page = await visit("/dashboard/customers", shop.owner)
    await page.get_by_role("button", name="New customer").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Name").fill("Mara Li")
    await form.get_by_label("Phone").fill("+33 1 99 00 10 99")
    await form.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("main").get_by_text("Mara Li").first).to_be_visible()

    await page.goto(f"{shop.url}/dashboard/customers")
    entry = page.get_by_role("main").get_by_role("link", name="Mara Li")
    await expect(entry).to_be_visible()
    await expect_live(page)
    await page.get_by_role("searchbox").fill("nobody")
    await expect(page.get_by_text("Nobody found for “nobody”")).to_be_visible()
    await page.get_by_role("searchbox").fill("mara")
    await expect(entry).to_be_visible()

    await shop.database.execute(
        "update public.customers set name = 'Mara Lind' where workspace_id = %s", [shop.id]
    )

    await expect(entry).to_contain_text("Mara Lind", timeout=2 * LIVE_MS)


async def test_a_week_is_saved_at_once_and_kept_in_the_form_until_it_is(
    shop: Shop, visit: Visit
) -> None:
    # Browsers note the request that fails.
    page = await visit("/dashboard/team", shop.owner, tolerated="ERR_FAILED")
    opens, closes = page.get_by_label("Monday, from"), page.get_by_label("Monday, to")
    await opens.fill("08:00")
    await closes.fill("12:00")
    await page.get_by_role("button", name="Copy Monday to Monday\N{EN DASH}Friday").click()
    hours = page.get_by_role("region", name="Weekly hours")
    saving = "**/rest/v1/rpc/save_working_hours"
    await page.route(saving, lambda route: route.abort())
    await hours.get_by_role("button", name="Save").click()
    await expect(hours.get_by_text("We can't reach the server")).to_be_visible()
    await expect(opens).to_have_value("08:00")

    await page.unroute(saving)
    await hours.get_by_role("button", name="Save").click()

    await expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    cursor = await shop.database.execute(
        "select weekday, opens::text, closes::text from public.working_hours"
        " where team_member_id = %s order by 1",
        [shop.members["Ana"]],
    )
    assert await cursor.fetchall() == [
        *((day, "08:00:00", "12:00:00") for day in range(1, 6)),
        *((day, "09:00:00", "18:00:00") for day in (6, 7)),
    ]


async def test_the_appointments_in_sight_are_saved_as_a_table(shop: Shop, visit: Visit) -> None:
    await shop.book(shop.at("12:00"), member="Ben", name='Nour "the 2nd", O.', status="pending")
    await shop.book(shop.at("10:00"), name="=1+1")
    await shop.book(shop.at("10:00", days=2), name="Another day")
    await shop.database.execute(
        "update public.appointments set price_cents = 4500, currency = 'EUR'"
        " where workspace_id = %s",
        [shop.id],
    )
    page = await visit(calendar(shop), shop.owner)
    await expect(page.get_by_text("Nour").first).to_be_visible()
    await expect_live(page)

    async with page.expect_download() as started:
        await page.get_by_role("button", name="Export CSV").click()

    download = await started.value
    day = shop.at("10:00").date().isoformat()
    assert download.suggested_filename == f"{shop.slug}-{day}.csv"
    rows = rows_in(await download.path())
    # What begins like a formula must not become one in a spreadsheet.
    cut = ["45.00", "EUR", ""]
    assert rows[1:] == [
        [day, "10:00", "10:45", "Europe/Paris", "'=1+1", "Cut", "Ana", "Confirmed", *cut],
        [
            day,
            "12:00",
            "12:45",
            "Europe/Paris",
            'Nour "the 2nd", O.',
            "Cut",
            "Ben",
            "Pending",
            *cut,
        ],
    ]


def rows_in(path: Path) -> list[list[str]]:
    """Read a table as spreadsheets do."""
    return list(csv.reader(path.read_text("utf-8-sig").splitlines()))


async def test_keys_lead_everywhere_but_not_while_somebody_writes(shop: Shop, visit: Visit) -> None:
    await shop.book(shop.at("10:00", days=0), name="Mara Li")
    page = await visit(calendar(shop, days=0), shop.owner)
    await expect(page.get_by_text("Mara Li").first).to_be_visible()

    for key, view in {"w": "Week", "m": "Month", "a": "Agenda", "d": "Day"}.items():
        await page.keyboard.press(key)
        await expect(page.get_by_role("radio", name=view)).to_be_checked()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("button", name="Today")).to_have_attribute(
        "aria-pressed", "false"
    )
    await page.keyboard.press("t")
    await expect(page.get_by_role("button", name="Today")).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("n")
    sheet = page.get_by_role("dialog", name="New appointment")
    await sheet.get_by_role("combobox", name="Customer").press_sequentially("want")
    await expect(sheet.get_by_role("combobox", name="Customer")).to_have_value("want")
    await expect(page.get_by_role("radio", name="Day")).to_be_checked()
    await page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)

    await page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Go to or do…")
    await palette.get_by_role("combobox").fill("Customers")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Customers")).to_be_visible()
