"""The programs of client/README.md and examples/, as their readers run them."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from runpy import run_path
from typing import TYPE_CHECKING, Any, Final

import pytest

from slotcast.appointments import demo
from support.live import TIMEOUT_S
from support.server import ANON_KEY

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable

    from support.bookings import Bookings
    from support.live import Backend

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    # supabase's parts warn of each other.
    pytest.mark.filterwarnings("ignore:The '(timeout|verify)' parameter:DeprecationWarning"),
]

ROOT: Final = Path(__file__).parents[3]


class Screen:
    """What programs print; it can be waited for."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.text = ""
        self._capsys = capsys

    async def until(self, text: str, program: asyncio.Task[None] | None = None) -> None:
        """Wait until *text* was printed; fail if the *program* ends before."""
        async with asyncio.timeout(TIMEOUT_S):
            while text not in self._read():
                if program is not None and program.done():
                    program.result()
                    raise AssertionError(f"it has ended, and printed {self.text!r}")
                await asyncio.sleep(0.01)

    def _read(self) -> str:
        self.text += self._capsys.readouterr().out
        return self.text


@pytest.fixture
def screen(capsys: pytest.CaptureFixture[str]) -> Screen:
    return Screen(capsys)


@asynccontextmanager
async def running(program: Awaitable[Any]) -> AsyncGenerator[asyncio.Task[None]]:
    """Run *program* until the block is left."""

    async def run() -> None:
        await program

    task = asyncio.create_task(run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_the_readme_does_what_it_says(
    backend: Backend, staff: Bookings, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_URL", backend.server.url)
    monkeypatch.setenv("ANON_KEY", ANON_KEY)
    text = (ROOT / "client" / "README.md").read_text("utf-8")
    sign_in, live, subscribe, unsubscribe = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}

    async def run(source: str) -> None:
        code = compile(source, "README.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, names)
        if inspect.isawaitable(result):
            await result

    await run(sign_in)
    try:
        async with running(run(live)) as program:
            await screen.until("all of them:", program)
            booked = await staff.insert("Clara", demo.CUSTOMER)
            await screen.until("new: Clara", program)
            await staff.update(booked, status="confirmed")
            await screen.until("changed: Clara pending → confirmed", program)
            await staff.delete(booked)
            await screen.until("gone: Clara", program)

        await run(subscribe)
        await screen.until("live")
        booked = await staff.insert("Ben")
        await screen.until("booked: Ben")
        await staff.update(booked, status="confirmed")
        await screen.until("was pending and is confirmed")
        await run(unsubscribe)
        await staff.delete(booked)

        assert not names["client"].realtime.is_connected
    finally:
        await names["client"].remove_all_channels()
        await names["client"].auth.close()
        await names["client"].postgrest.aclose()


async def test_a_day_is_shown_as_it_is_now(
    backend: Backend, staff: Bookings, screen: Screen
) -> None:
    show = run_path(str(ROOT / "examples" / "day.py"))["show"]
    booked = await staff.insert("Clara", demo.CUSTOMER)  # in thirty days
    day = (datetime.now().astimezone() + timedelta(days=30)).date()

    async with (
        backend.client(demo.STAFF) as client,
        running(show(client, str(demo.SALON_ID), day)) as program,
    ):
        await screen.until("1 appointments", program)
        await screen.until("pending    Clara", program)
        await staff.update(booked, status="confirmed")
        await screen.until("Clara is confirmed now", program)
        start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30, seconds=1)
        await staff.update(booked, start_time=start)
        await screen.until("Clara moved from", program)
        await staff.update(booked, notes="A window seat")
        await screen.until("Clara was edited", program)
        await staff.delete(booked)
        await screen.until("Clara has gone", program)
