"""Connections break, tabs sleep and changes come in floods: the pages agree with the database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from playwright.async_api import expect

from support.dashboard import calendar, card, expect_live, span, toast
from support.postgres import free_port, unique_name
from support.shop import serving_apps, stored_session

if TYPE_CHECKING:
    from uuid import UUID

    from playwright.async_api import Locator, Page

    from support.browser import Visit
    from support.postgres import Database
    from support.shop import Person, Shop

BROKEN: Final = "ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED|ERR_NETWORK|WebSocket"
"""What browsers note while there is no way to the server."""

FLOOD: Final = 500
LONGEST_STANDSTILL_MS: Final = 3_000
"""How long the page may not draw while a flood arrives, on a busy machine."""

_HIDE: Final = """isHidden => {
  const state = isHidden ? "hidden" : "visible";
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
  Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
_WATCH_FRAMES: Final = """() => {
  let last = performance.now();
  window.longestStandstill = 0;
  const watch = now => {
    window.longestStandstill = Math.max(window.longestStandstill, now - last);
    last = now;
    requestAnimationFrame(watch);
  };
  requestAnimationFrame(watch);
}"""


async def change_everything(shop: Shop, moved: UUID, cancelled: UUID, customer: Person) -> UUID:
    """Move, cancel and book by SQL; gives the new appointment, at 16:00."""
    await shop.move(moved, shop.at("11:00"))
    await shop.database.execute(
        "update public.appointments set status = 'cancelled' where id = %s", [cancelled]
    )
    return await shop.book(shop.at("16:00"), customer=customer)


async def expect_agreement(desk: Page, moved: UUID, cancelled: UUID, new: UUID) -> None:
    """Wait until the calendar shows what `change_everything` did."""
    await expect(card(desk, moved)).to_contain_text(span("11:00", "11:45"))
    await expect(card(desk, cancelled)).to_have_count(0)
    await expect(card(desk, new)).to_contain_text(span("16:00", "16:45"))
    await expect_live(desk)


def banner(page: Page, text: str) -> Locator:
    """The strip that says that what is shown may be old."""
    return page.get_by_role("status").filter(has_text=text)


async def test_pages_that_were_offline_agree_with_the_database_again(
    shop: Shop, visit: Visit
) -> None:
    mara = await shop.customer("Mara Li")
    moved = await shop.book(shop.at("10:00"), customer=mara)
    cancelled = await shop.book(shop.at("14:00"), customer=mara)
    desk = await visit(calendar(shop), shop.owner, tolerated=BROKEN)
    mine = await visit("/book/mine", mara, tolerated=BROKEN)
    await expect(mine.get_by_role("article")).to_have_count(2)
    await expect(card(desk, moved)).to_be_visible()
    await expect_live(desk, mine)

    for page in (desk, mine):
        await page.context.set_offline(True)
        await expect(banner(page, "You are offline. Showing what we knew at")).to_be_visible()
    new = await change_everything(shop, moved, cancelled, mara)
    for page in (desk, mine):
        await page.context.set_offline(False)

    await expect(toast(desk, "3 changes while you were away")).to_be_visible()
    await expect_agreement(desk, moved, cancelled, new)
    tickets = mine.get_by_role("article")
    await expect(tickets).to_have_count(2)
    await expect(tickets.first).to_contain_text(span("11:00", "11:45"))
    await expect(tickets.last).to_contain_text(span("16:00", "16:45"))
    for page in (desk, mine):
        await expect(banner(page, "offline")).to_have_count(0)


async def test_pages_find_a_restarted_server_and_all_that_changed_meanwhile(
    shop: Shop, visit: Visit, apps_database: Database
) -> None:
    mara = await shop.customer("Mara Li")
    moved = await shop.book(shop.at("10:00"), customer=mara)
    cancelled = await shop.book(shop.at("14:00"), customer=mara)
    slot, port = unique_name("slot"), free_port()
    session = stored_session(f"http://127.0.0.1:{port}", shop.owner)
    desk = await visit("", storage_state=session, tolerated=BROKEN)
    booking = await visit("", tolerated=BROKEN)
    async with serving_apps(apps_database.url, slot, port=port) as url:
        await desk.goto(url + calendar(shop))
        await booking.goto(url + times(shop))
        await expect(card(desk, moved)).to_be_visible()
        await expect(booking.get_by_role("radio", name="11:00", exact=True)).to_be_enabled()
        await expect_live(desk)

    await expect(banner(desk, "Reconnecting… showing what we knew at")).to_be_visible()
    await expect(banner(booking, "Reconnecting…")).to_be_visible()
    new = await change_everything(shop, moved, cancelled, mara)
    async with serving_apps(apps_database.url, slot, port=port):
        await expect_agreement(desk, moved, cancelled, new)
        await expect(booking.get_by_role("radio", name="11:00", exact=True)).to_have_count(0)
        await expect(booking.get_by_role("radio", name="14:00", exact=True)).to_be_enabled()
        for page in (desk, booking):
            await expect(banner(page, "Reconnecting")).to_have_count(0)
            await page.close()


def times(shop: Shop) -> str:
    """Where tomorrow's free times for a cut with Ana are."""
    day = shop.at("12:00").date().isoformat()
    query = f"service={shop.services['Cut']}&person={shop.members['Ana']}&step=time&day={day}"
    return f"/book/{shop.slug}?{query}"


async def test_a_tab_that_was_hidden_sums_up_and_reads_again(shop: Shop, visit: Visit) -> None:
    mara = await shop.customer("Mara Li")
    moved = await shop.book(shop.at("10:00"), customer=mara)
    cancelled = await shop.book(shop.at("14:00"), customer=mara)
    desk = await visit("", shop.owner)
    await desk.clock.install()
    await desk.goto(shop.url + calendar(shop))
    await expect(card(desk, moved)).to_be_visible()
    await expect_live(desk)

    await desk.evaluate(_HIDE, True)
    new = await change_everything(shop, moved, cancelled, mara)
    await expect(desk).to_have_title(re.compile(r"^\(3\) Calendar"))
    await desk.clock.fast_forward("10:00")
    async with desk.expect_request("**/rest/v1/appointments?*"):
        await desk.evaluate(_HIDE, False)

    await expect(toast(desk, "3 changes while you were away")).to_be_visible()
    await expect_agreement(desk, moved, cancelled, new)
    await expect(desk.get_by_text("Reconnecting")).to_have_count(0)


async def test_a_flood_of_changes_leaves_the_page_in_hand(shop: Shop, visit: Visit) -> None:
    desk = await visit(calendar(shop), shop.owner)
    await expect_live(desk)
    await desk.evaluate(_WATCH_FRAMES)

    await shop.database.execute(
        "insert into public.appointments (workspace_id, team_member_id, service_id, customer_name,"
        " start_time, end_time, status) select %(shop)s, %(ana)s, %(cut)s, 'Guest ' || n,"
        " %(first)s + (n %% 9) * interval '1 hour' + n / 9 * interval '1 day',"
        " %(first)s + (n %% 9) * interval '1 hour' + n / 9 * interval '1 day'"
        " + interval '45 minutes', 'confirmed' from generate_series(0, %(count)s - 1) n",
        {
            "shop": shop.id,
            "ana": shop.members["Ana"],
            "cut": shop.services["Cut"],
            "first": shop.at("09:00"),
            "count": FLOOD,
        },
    )

    guests = desk.get_by_role("group", name="Appointments").get_by_role("button", name="Guest")
    await expect(guests).to_have_count(9)
    await expect(toast(desk, f"{FLOOD} changes")).to_be_visible()
    await desk.get_by_role("radio", name="Week").click()
    await expect(guests.nth(9)).to_be_attached()
    assert await desk.evaluate("window.longestStandstill") < LONGEST_STANDSTILL_MS
