"""
The two apps of the demo: how soon each shows what was done elsewhere.

`slotcast dev` runs as everybody runs it, with an embedded PostgreSQL that waits for its disk,
and one Chromium looks at it, with a context for each person. Times are read off the pages' own
clocks, at the frame that shows what is waited for, and compared as wall-clock times, which
browser and benchmark share.

- A customer confirms, and the time vanishes in the page of another who chooses one: from the
  click, and from the answer that says that it is booked. *A guest* is given an account between
  click and booking; *an account* is there already.
- Staff drag an appointment, and its customer's page shows the new time: from letting go.
- A row is inserted with SQL, and the dashboard shows it: from sending the statement, so that its
  commit counts, too.
- A page is reloaded: until it has rows, and changes of them arrive.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
from bench.report import show_targets

from slotcast import state
from slotcast.appointments import demo
from slotcast.cli.embedded import cluster

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.browser import chromium, page_of
from support.dashboard import drag, expect_live
from support.demo_server import demo_server
from support.postgres import temporary_directory
from support.sightings import CLOCK, done_at, expected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from uuid import UUID

    from playwright.async_api import Browser, Page, Response
    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

SHOWN_MS: Final = 1000
RELOADED_MS: Final = 1500

HAIRCUT: Final = demo.SERVICES[0]
HAIRDRESSER: Final = demo.TEAM[0]
MOVED_MINUTES: Final = 60
_ZONE: Final = ZoneInfo(demo.TIME_ZONE)
_QUIET_FROM_DAYS: Final = demo.DAY_COUNT + 1
_WORKDAYS: Final = range(1, 6)

_APPOINTMENT: Final = """
insert into public.appointments (
  id, workspace_id, team_member_id, service_id, customer_id, customer_name, start_time, end_time,
  status
)
values (%s, %s, %s, %s, %s, %s, %s, %s, 'confirmed')
"""


@dataclass(frozen=True, slots=True)
class Site:
    """The demo, its database, a browser, and working days that nobody has booked yet."""

    url: str
    database: AsyncConnection[TupleRow]
    browser: Browser
    quiet_days: Iterator[date]


@dataclass(frozen=True, slots=True)
class Figure:
    """What takes how long: milliseconds, and the most that the worst of them may be."""

    name: str
    most_ms: float
    values_ms: Sequence[float]


# What is measured.


async def bookings(site: Site, round_count: int, customer: demo.Account | None) -> list[Figure]:
    """Have *customer*, or a new guest each time, book what somebody else is looking at."""
    from_click: list[float] = []
    from_answer: list[float] = []
    async with page_of(site.browser) as watching:
        await watching.add_init_script(CLOCK)
        for day in islice(site.quiet_days, round_count):
            chosen = await _free_time(watching, site.url, day)
            radio = f"input[type=radio][value='{chosen}']"
            vanishing = await expected(watching, absent=[radio])
            async with page_of(site.browser) as booking:
                clicked, answered = await _book(booking, site.url, day, chosen, customer)
                vanished = await vanishing()
            from_click.append(vanished - clicked)
            from_answer.append(vanished - answered)
    who = "account" if customer else "guest"
    return [
        Figure(f"{who} confirms, time vanishes elsewhere: from click", SHOWN_MS, from_click),
        Figure(f"{who} confirms, time vanishes elsewhere: from answer", SHOWN_MS, from_answer),
    ]


async def drags(site: Site, round_count: int) -> list[Figure]:
    """Have staff move an appointment to and fro while its customer looks at it."""
    day = next(site.quiet_days)
    appointment = uuid4()
    start = datetime(day.year, day.month, day.day, 11, tzinfo=_ZONE)
    await _insert(site, appointment, start, demo.CUSTOMER)
    values: list[float] = []
    async with page_of(site.browser) as desk, page_of(site.browser) as mine:
        for page in (desk, mine):
            await page.add_init_script(CLOCK)
        await desk.goto(_desk(site.url, day))
        await mine.goto(f"{site.url}/book/mine?as={demo.CUSTOMER.email}")
        await _settled(desk, mine)
        for number in range(round_count):
            minutes = MOVED_MINUTES if number % 2 == 0 else -MOVED_MINUTES
            start += timedelta(minutes=minutes)
            instant = start.astimezone(UTC).isoformat(timespec="milliseconds")
            moved = f"[data-appointment='{appointment}'][data-start='{instant[:-6]}Z']"
            shown = await expected(mine, [moved])
            await drag(desk, appointment, minutes=minutes)
            values.append(await shown() - await done_at(desk, "pointerup"))
            await desk.wait_for_load_state("networkidle")
    return [Figure("staff drag, customer's page shows it: from drop", SHOWN_MS, values)]


async def inserts(site: Site, round_count: int) -> list[Figure]:
    """Insert rows with SQL while the dashboard shows their day."""
    values: list[float] = []
    async with page_of(site.browser) as desk:
        await desk.add_init_script(CLOCK)
        for day in islice(site.quiet_days, round_count):
            await desk.goto(_desk(site.url, day))
            await _settled(desk)
            appointment = uuid4()
            shown = await expected(desk, [f"[data-appointment='{appointment}']"])
            start = datetime(day.year, day.month, day.day, 11, tzinfo=_ZONE)
            began = time.time() * 1000
            await _insert(site, appointment, start, None)
            values.append(await shown() - began)
    return [Figure("SQL inserts, dashboard shows it: from statement", SHOWN_MS, values)]


async def reloads(site: Site, round_count: int) -> list[Figure]:
    """Reload both pages that staff and customers keep open."""
    today = datetime.now(_ZONE).date()
    day = next(_workdays(today + timedelta(days=1)))
    pages = {
        "dashboard": _desk(site.url, day),
        "my appointments": f"{site.url}/book/mine?as={demo.CUSTOMER.email}",
    }
    figures: list[Figure] = []
    for name, address in pages.items():
        async with page_of(site.browser) as page:
            await page.add_init_script(
                CLOCK
                + "window.isLive = sighting(['[data-connection=live]', '[data-appointment]'], []);"
            )
            await page.goto(address)
            await _settled(page)
            values: list[float] = []
            for _ in range(round_count):
                await page.reload()
                live = await page.evaluate("async () => await isLive - performance.timeOrigin")
                values.append(live)
                await page.wait_for_load_state("networkidle")
        figures.append(Figure(f"reload, live rows: {name}", RELOADED_MS, values))
    return figures


# How it is done.


async def _settled(*pages: Page) -> None:
    """Wait until changes arrive on *pages*, and nothing that they still load takes part."""
    await expect_live(*pages)
    for page in pages:
        await page.wait_for_load_state("networkidle")


async def _free_time(page: Page, url: str, day: date) -> str:
    """Look at the free times of *day* until they are live; gives one of them."""
    await page.goto(f"{url}/book/{demo.SALON_SLUG}?{_choice(day)}&step=time")
    await _settled(page)
    chosen = await page.locator("input[type=radio]").first.get_attribute("value")
    if chosen is None:
        raise AssertionError("free times have a value")
    return chosen


async def _book(
    page: Page, url: str, day: date, chosen: str, customer: demo.Account | None
) -> tuple[float, float]:
    """Book *chosen*; gives when that was clicked, and when it was answered."""
    await page.add_init_script(CLOCK)
    query = f"{_choice(day)}&{urlencode({'step': 'you', 'time': chosen})}"
    person = f"&as={customer.email}" if customer else ""
    await page.goto(f"{url}/book/{demo.SALON_SLUG}?{query}{person}")
    if customer is None:
        await page.get_by_role("textbox", name="Your name").fill("Ivo")
    await _settled(page)
    async with page.expect_response(_is_booking) as answering:
        await page.get_by_role("button", name="Request ").click()
    answer = await answering.value
    await answer.finished()
    timing = answer.request.timing
    return await done_at(page, "click"), timing["startTime"] + timing["responseEnd"]


def _is_booking(response: Response) -> bool:
    return response.request.method == "POST" and "/rest/v1/appointments" in response.url


async def _insert(
    site: Site, appointment: UUID, start: datetime, customer: demo.Account | None
) -> None:
    await site.database.execute(
        _APPOINTMENT,
        [
            *(appointment, demo.SALON_ID, HAIRDRESSER.id, HAIRCUT.id),
            *((customer.id, customer.name) if customer else (None, "Walk-in")),
            *(start, start + timedelta(minutes=HAIRCUT.duration_minutes)),
        ],
    )


def _choice(day: date) -> str:
    return urlencode({"service": HAIRCUT.id, "person": HAIRDRESSER.id, "day": day})


def _desk(url: str, day: date) -> str:
    return f"{url}/dashboard/?view=day&date={day}&as={demo.OWNER.email}"


def _workdays(first: date) -> Iterator[date]:
    """Give days on which the salon is open until the evening, from *first* on, without end."""
    day = first
    while True:
        if day.isoweekday() in _WORKDAYS:
            yield day
        day += timedelta(days=1)


def _report(figures: Sequence[Figure]) -> None:
    print(f"{'milliseconds':<58}{'median':>9}{'worst':>9}")
    for figure in figures:
        median, worst = statistics.median(figure.values_ms), max(figure.values_ms)
        print(f"{figure.name:<58}{median:>9.0f}{worst:>9.0f}   {len(figure.values_ms)} times")
    show_targets(
        (f"{each.name}, worst", each.most_ms, max(each.values_ms), True) for each in figures
    )


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10, help="of each figure, at most 20")
    rounds = min(parser.parse_args().rounds, 20)
    with temporary_directory() as parent:
        directory = parent / "state"
        async with demo_server(directory) as url, chromium() as browser:
            kept = state.load(directory)
            if kept is None:
                raise AssertionError("a running demo keeps its state")
            async with await psycopg.AsyncConnection.connect(
                cluster(directory, kept).url(), autocommit=True
            ) as database:
                first = datetime.now(_ZONE).date() + timedelta(days=_QUIET_FROM_DAYS)
                site = Site(url, database, browser, _workdays(first))
                _report(
                    [
                        *await bookings(site, rounds, None),
                        *await bookings(site, rounds, demo.CUSTOMER),
                        *await drags(site, rounds),
                        *await inserts(site, rounds),
                        *await reloads(site, rounds),
                    ]
                )


if __name__ == "__main__":
    asyncio.run(main())
