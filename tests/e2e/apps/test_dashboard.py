"""Staff see what happens as it happens, change it by hand, and never trample on each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import expect

from support.browser import PHONE
from support.dashboard import (
    LIVE_MS,
    calendar,
    card,
    drag,
    draw,
    expect_live,
    grab,
    resize,
    span,
    stored,
    toast,
    toasts,
)
from support.shop import open_shop

if TYPE_CHECKING:
    from support.browser import Site, Visit
    from support.shop import Person, Shop

TOP_IS_SEEN = """appointment => {
  const { x, y, width } = appointment.getBoundingClientRect();
  return appointment.contains(document.elementFromPoint(x + width / 2, y + 2));
}"""


async def colleague(shop: Shop, name: str = "Ben", role: str = "staff") -> Person:
    """Somebody else of the shop's team, with an account."""
    person = await shop.customer(name)
    await shop.join(person, role)
    return person


async def test_bookings_appear_at_once(shop: Shop, visit: Visit) -> None:
    mara = await shop.customer("Mara Li")
    desk = await visit(calendar(shop), shop.owner)
    query = f"service={shop.services['Cut']}&person={shop.members['Ben']}&step=time"
    booking = await visit(f"/book/{shop.slug}?{query}&day={shop.at('9:00').date()}", mara)
    await expect_live(desk, booking)

    by_script = await shop.book(shop.at("10:00"), name="Nour")

    await expect(card(desk, by_script)).to_contain_text("Nour", timeout=LIVE_MS)

    await booking.get_by_role("radio", name="14:00", exact=True).check()
    await booking.get_by_role("button", name="Continue").click()
    await booking.get_by_role("button", name="Request ").click()
    await expect(booking.get_by_role("heading", name="Request sent")).to_be_visible()

    grid = desk.get_by_role("group", name="Appointments")
    await expect(grid.get_by_role("button", name="Pending 14:00")).to_contain_text(
        "Mara Li", timeout=LIVE_MS
    )
    await expect(toast(desk, "New request: Mara Li, Cut")).to_be_visible(timeout=LIVE_MS)


async def test_what_is_dragged_is_saved_and_told_to_the_customer_at_once(
    shop: Shop, visit: Visit
) -> None:
    mara = await shop.customer("Mara Li")
    cut = await shop.book(shop.at("10:00"), customer=mara)
    desk = await visit(calendar(shop), shop.owner)
    mine = await visit("/book/mine", mara, size=PHONE)
    await expect(mine.get_by_role("article")).to_contain_text("10:00")
    await expect_live(desk, mine)

    await drag(desk, cut, minutes=60)
    await expect(toast(desk, "Mara Li moved to")).to_be_visible()

    await expect(mine.get_by_role("article")).to_contain_text(
        span("11:00", "11:45"), timeout=LIVE_MS
    )
    await expect(toast(mine, "Cut was moved to")).to_be_visible(timeout=LIVE_MS)
    assert await stored(shop, cut) == (
        shop.at("11:00"),
        shop.at("11:45"),
        shop.members["Ana"],
        "confirmed",
    )

    await drag(desk, cut, member="Ben", minutes=-30)
    await expect(toast(desk, "with Ben")).to_be_visible()

    await expect(mine.get_by_role("article")).to_contain_text("with Ben", timeout=LIVE_MS)
    await expect(mine.get_by_role("article")).to_contain_text(span("10:30", "11:15"))
    start, _, member, _ = await stored(shop, cut)
    assert (start, member) == (shop.at("10:30"), shop.members["Ben"])


async def test_what_is_dragged_onto_a_taken_time_springs_back_with_words(
    shop: Shop, visit: Visit
) -> None:
    cut = await shop.book(shop.at("10:00"), name="Mara Li")
    await shop.book(shop.at("11:00"), name="Nour")
    # Browsers note that one request is refused.
    desk = await visit(calendar(shop), shop.owner, tolerated="400")
    await expect_live(desk)

    await drag(desk, cut, minutes=60)

    refusal = toast(desk, f"Overlaps with Nour, {span('11:00', '11:45')}")
    await expect(refusal).to_contain_text("Nearest free: ")
    await expect(card(desk, cut)).to_contain_text(span("10:00", "10:45"))
    start, *_ = await stored(shop, cut)
    assert start == shop.at("10:00")


async def test_of_two_who_move_at_once_one_is_asked_before_the_other_is_overruled(
    shop: Shop, visit: Visit
) -> None:
    cut = await shop.book(shop.at("10:00"), name="Mara Li")
    first = await visit(calendar(shop), shop.owner)
    second = await visit(calendar(shop), await colleague(shop))
    await expect_live(first, second)

    await grab(second, cut, minutes=120)
    await drag(first, cut, minutes=60)
    await expect(toast(first, "Mara Li moved to")).to_be_visible()
    await second.mouse.up()

    asked = toast(second, "a moment ago")
    await expect(asked).to_contain_text("Ana moved this to")
    await expect(card(second, cut)).to_contain_text(span("11:00", "11:45"))
    start, *_ = await stored(shop, cut)
    assert start == shop.at("11:00")

    await asked.get_by_role("button", name="Apply mine anyway").click()

    await expect(card(first, cut)).to_contain_text(span("12:00", "12:45"))
    await expect(card(second, cut)).to_contain_text(span("12:00", "12:45"))
    start, *_ = await stored(shop, cut)
    assert start == shop.at("12:00")


async def test_drawing_across_free_time_makes_an_appointment_that_undo_takes_back(
    shop: Shop, visit: Visit
) -> None:
    above = await shop.book(shop.at("10:00"), member="Ben")
    desk = await visit(calendar(shop), shop.owner)
    await expect_live(desk)

    await draw(desk, above, gap_minutes=15, minutes=60)
    sheet = desk.get_by_role("dialog", name="New appointment")
    await expect(sheet.get_by_label("Start")).to_have_value("11:00")
    await expect(sheet.get_by_label("Minutes")).to_have_value("60")
    await sheet.get_by_role("combobox", name="Customer").fill("Ivo")
    await sheet.get_by_role("button", name="Book", exact=True).click()

    grid = desk.get_by_role("group", name="Appointments")
    made = grid.get_by_role("button", name=f"{span('11:00', '12:00')} Ivo")
    booked = toast(desk, "Booked: Ivo")
    await expect(booked).to_be_visible()
    await expect(made).to_be_visible()
    assert await shop.starts() == [
        (shop.at("10:00"), "confirmed"),
        (shop.at("11:00"), "confirmed"),
    ]

    await booked.get_by_role("button", name="Undo").click()

    await expect(made).not_to_be_visible()
    await expect(desk.get_by_role("log").get_by_text("was deleted")).to_be_visible()
    assert await shop.starts() == [(shop.at("10:00"), "confirmed")]


async def test_dragging_the_end_makes_it_longer_and_undo_puts_it_back(
    shop: Shop, visit: Visit
) -> None:
    cut = await shop.book(shop.at("10:00"), name="Mara Li")
    desk, other = [await visit(calendar(shop), shop.owner) for _ in range(2)]
    await expect_live(desk, other)

    await resize(desk, cut, minutes=30)

    done = toast(desk, "Mara Li now ends at 11:15")
    await expect(done).to_be_visible()
    await expect(card(other, cut)).to_contain_text(span("10:00", "11:15"))
    _, end, *_ = await stored(shop, cut)
    assert end == shop.at("11:15")

    await done.get_by_role("button", name="Undo").click()

    await expect(toast(desk, "Taken back.")).to_be_visible()
    await expect(card(other, cut)).to_contain_text(span("10:00", "10:45"))
    _, end, *_ = await stored(shop, cut)
    assert end == shop.at("10:45")


async def test_somebody_moves_an_appointment_with_the_keyboard_alone(
    shop: Shop, visit: Visit
) -> None:
    cut = await shop.book(shop.at("10:00"), name="Mara Li")
    desk = await visit(calendar(shop), shop.owner)
    await expect_live(desk)

    await card(desk, cut).focus()
    await desk.keyboard.press("Enter")
    sheet = desk.get_by_role("dialog", name="Mara Li")
    await sheet.get_by_role("button", name="Edit").press("Enter")
    await sheet.get_by_label("Start").fill("15:30")
    await desk.keyboard.press("Enter")

    await expect(toast(desk, "Saved: Mara Li")).to_be_visible()
    await expect(card(desk, cut)).to_contain_text(span("15:30", "16:15"))
    start, *_ = await stored(shop, cut)
    assert start == shop.at("15:30")


async def test_what_gets_the_focus_is_not_under_the_heads(apps_site: Site, visit: Visit) -> None:
    shop = await open_shop(apps_site.url, apps_site.database, opens="00:00")
    first = await shop.book(shop.at("00:00"))
    desk = await visit(calendar(shop), shop.owner)
    await expect(card(desk, first)).to_be_attached()
    await expect_live(desk)
    await desk.locator(".ec-main").evaluate("grid => grid.scrollTo(0, 40)")
    assert not await card(desk, first).evaluate(TOP_IS_SEEN)

    await card(desk, first).focus()

    assert await card(desk, first).evaluate(TOP_IS_SEEN)


async def test_a_cancelled_appointment_tells_the_customer_why(shop: Shop, visit: Visit) -> None:
    mara = await shop.customer("Mara Li")
    cut = await shop.book(shop.at("10:00"), customer=mara)
    desk = await visit(calendar(shop), shop.owner)
    mine = await visit("/book/mine", mara)
    await expect_live(desk, mine)

    await card(desk, cut).click()
    sheet = desk.get_by_role("dialog", name="Mara Li")
    await sheet.get_by_role("button", name="Cancel…").click()
    question = desk.get_by_role("dialog", name="Cancel this appointment?")
    await question.get_by_label("Reason").fill("Ana is ill")
    await question.get_by_role("button", name="Cancel appointment").click()

    await expect(toast(desk, "Mara Li cancelled")).to_be_visible()
    await expect(toast(mine, f"{shop.name} cancelled Cut")).to_be_visible(timeout=LIVE_MS)
    await mine.get_by_role("tab", name="Cancelled 1").click()
    await expect(mine.get_by_text("Reason: Ana is ill")).to_be_visible()
    *_, status = await stored(shop, cut)
    assert status == "cancelled"


async def test_only_what_others_do_is_told(shop: Shop, visit: Visit) -> None:
    cut = await shop.book(shop.at("10:00"), name="Mara Li")
    mine = await visit(calendar(shop), shop.owner)
    my_other_tab = await mine.context.new_page()
    await my_other_tab.goto(shop.url + calendar(shop))
    theirs = await visit(calendar(shop), await colleague(shop))
    await expect_live(mine, my_other_tab, theirs)

    await drag(mine, cut, minutes=60)

    await expect(toast(theirs, "(was 10:00)")).to_contain_text("by Ana")
    await expect(card(my_other_tab, cut)).to_contain_text(span("11:00", "11:45"))
    await shop.book(shop.at("14:00"), name="Nour")
    for page in (mine, my_other_tab, theirs):
        await expect(toast(page, "New: Nour, Cut")).to_be_visible()
    await expect(toast(mine, "(was ")).to_have_count(0)
    await expect(toasts(my_other_tab)).to_have_count(1)
