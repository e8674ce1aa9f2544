"""The dashboard as its users have it in hand: appointments to drag, toasts to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from playwright.async_api import expect

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from playwright.async_api import FloatRect, Locator, Page

    from support.shop import Shop

LIVE_MS: Final = 8_000
"""Within it a page has to show what another one did. Alone on a machine that takes far less than a
second; among other tests, waiting for the processor is most of it."""

_QUARTER_HOUR_PX: Final = 17
_DRAG_STEPS: Final = 6


def calendar(shop: Shop, *, days: int = 1, view: str = "day") -> str:
    """Where the calendar shows the day that is some days from today."""
    day = shop.at("12:00", days=days).date().isoformat()
    return f"/dashboard/?workspace={shop.slug}&view={view}&date={day}"


def card(page: Page, appointment: UUID) -> Locator:
    """What stands for an appointment in the grid."""
    return page.locator(f"[data-appointment='{appointment}']")


def toasts(page: Page) -> Locator:
    """All toasts that are on the page."""
    return page.get_by_role("region", name="Notifications").get_by_role("listitem")


def toast(page: Page, text: str) -> Locator:
    """The toast that says *text*."""
    return toasts(page).filter(has_text=text)


async def expect_live(*pages: Page) -> None:
    """Wait until changes arrive on *pages*."""
    for page in pages:
        await expect(page.locator("[data-connection=live]").first).to_be_attached()


async def drag(
    page: Page, appointment: UUID, *, minutes: int = 0, member: str | None = None
) -> None:
    """Drag an appointment to a later time, to another member's column, or both."""
    await grab(page, appointment, minutes=minutes, member=member)
    await page.mouse.up()


async def grab(
    page: Page, appointment: UUID, *, minutes: int = 0, member: str | None = None
) -> None:
    """Drag an appointment without letting go of it."""
    # First the column: to bring its head into sight may scroll.
    column = None if member is None else await _column(page, member)
    box = await box_of(card(page, appointment))
    left = box["x"] + box["width"] / 2
    top = box["y"] + box["height"] / 2
    target = left if column is None else column
    await page.mouse.move(left, top)
    await page.mouse.down()
    await page.mouse.move(target, top + pixels(minutes), steps=_DRAG_STEPS)


async def resize(page: Page, appointment: UUID, *, minutes: int) -> None:
    """Drag the end of an appointment."""
    box = await box_of(card(page, appointment))
    left, bottom = box["x"] + box["width"] / 2, box["y"] + box["height"] - 2
    await page.mouse.move(left, bottom)
    await page.mouse.down()
    await page.mouse.move(left, bottom + pixels(minutes), steps=_DRAG_STEPS)
    await page.mouse.up()


async def draw(page: Page, below: UUID, *, gap_minutes: int, minutes: int) -> None:
    """Draw a new stretch in the column of the appointment *below* which it is, after a gap."""
    box = await box_of(card(page, below))
    left, top = box["x"] + box["width"] / 2, box["y"] + box["height"] + pixels(gap_minutes) + 4
    await page.mouse.move(left, top)
    await page.mouse.down()
    await page.mouse.move(left, top + pixels(minutes) - _QUARTER_HOUR_PX, steps=_DRAG_STEPS)
    await page.mouse.up()


def span(start: str, end: str) -> str:
    """How the pages write from when to when."""
    return f"{start}\N{EN DASH}{end}"


def pixels(minutes: int) -> float:
    """How high a stretch of time is in the grid."""
    return minutes / 15 * _QUARTER_HOUR_PX


async def box_of(locator: Locator) -> FloatRect:
    """Give where something is once it is in sight."""
    await locator.scroll_into_view_if_needed()
    box = await locator.bounding_box()
    if box is None:
        raise AssertionError(f"{locator} is not to be seen")
    return box


async def _column(page: Page, member: str) -> float:
    head = page.get_by_role("group", name="Appointments").get_by_text(member, exact=True)
    box = await box_of(head)
    return box["x"] + box["width"] / 2


async def stored(shop: Shop, appointment: UUID) -> tuple[datetime, datetime, UUID, str]:
    """Give start, end, team member and status as the database has them."""
    cursor = await shop.database.execute(
        "select start_time, end_time, team_member_id, status from public.appointments"
        " where id = %s",
        [appointment],
    )
    row = await cursor.fetchone()
    if row is None:
        raise AssertionError("the appointment is gone")
    return row[0], row[1], row[2], row[3]
