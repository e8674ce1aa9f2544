"""The programs in examples/, as newcomers run them."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from slotcast.appointments.demo import CUSTOMER, STAFF, STRANGER
from support.bookings import bookings
from support.official import NODE, TIMEOUT_S
from support.postgres import free_port
from support.server import ANON_KEY, PUBLISHABLE_KEY, serving, token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from support.postgres import Database

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
PROGRAMS: Final = {
    "javascript": (str(NODE), str(EXAMPLES / "watch.mjs")),
    "python": (sys.executable, str(EXAMPLES / "watch.py")),
}
WATCHING: Final = "Watching appointments"


class Example:
    """An example that runs; what it prints can be waited for."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.changes: list[str] = []
        self.remarks: list[str] = []
        self._news = asyncio.Event()
        self.readers = [
            asyncio.create_task(self._read(process.stdout, self.changes)),
            asyncio.create_task(self._read(process.stderr, self.remarks)),
        ]

    async def _read(self, pipe: asyncio.StreamReader | None, lines: list[str]) -> None:
        assert pipe is not None
        async for line in pipe:
            lines.append(line.decode().rstrip())
            self._news.set()

    async def until(self, lines: list[str], text: str) -> None:
        """Wait until it printed a line with *text* in it."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while not any(text in line for line in lines):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no {text!r} in {self.changes + self.remarks}") from None

    def seen(self) -> list[tuple[str, ...]]:
        """Give the events and names of the changes that it printed."""
        return [tuple(line.split()[:2]) for line in self.changes]


@asynccontextmanager
async def example(
    program: str, url: str, *arguments: str, key: str = ANON_KEY
) -> AsyncGenerator[Example]:
    process = await asyncio.create_subprocess_exec(
        *PROGRAMS[program],
        *arguments,
        env={**os.environ, "API_URL": url, "ANON_KEY": key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    running = Example(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await asyncio.gather(*running.readers)


@pytest.fixture(params=sorted(PROGRAMS))
def program(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


async def test_member_customer_and_stranger_see_what_the_policies_show(
    database: Database, slot_name: str, program: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        bookings(database.url) as staff,
        example(program, url, token(STAFF.id)) as member,
        example(program, url, token(CUSTOMER.id), key=PUBLISHABLE_KEY) as customer,
        example(program, url, token(STRANGER.id)) as stranger,
    ):
        for viewer in (member, customer, stranger):
            await viewer.until(viewer.remarks, WATCHING)

        clara = await staff.insert("Clara", CUSTOMER)
        await staff.insert("Walk-in")
        await staff.update(clara, status="confirmed")
        await staff.delete(clara)
        await staff.insert("Portrait", studio=True)
        await member.until(member.changes, "DELETE Clara")
        await customer.until(customer.changes, "DELETE Clara")
        await stranger.until(stranger.changes, "INSERT Portrait")

    assert member.seen() == [
        ("INSERT", "Clara"),
        ("INSERT", "Walk-in"),
        ("UPDATE", "Clara"),
        ("DELETE", "Clara"),
    ]
    assert customer.seen() == [("INSERT", "Clara"), ("UPDATE", "Clara"), ("DELETE", "Clara")]
    assert stranger.seen() == [("INSERT", "Portrait")]


async def test_nobody_who_has_not_signed_in_is_told_that_nothing_will_come(
    database: Database, slot_name: str, program: str
) -> None:
    async with serving(database.url, slot_name) as url, example(program, url) as nobody:
        await nobody.until(nobody.remarks, "the role anon may not select any of its columns")


async def test_an_expired_token_is_said_to_be_expired(
    database: Database, slot_name: str, program: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        example(program, url, token(STAFF.id, expires_in_s=-50)) as late,
    ):
        await late.until(late.remarks, "InvalidJWTToken: Token has expired")


async def test_a_channel_that_the_server_closes_ends_the_program(
    database: Database, slot_name: str, program: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        # Starting the program may take some seconds of it on a busy machine.
        example(program, url, token(STAFF.id, expires_in_s=15)) as late,
    ):
        await late.until(late.remarks, WATCHING)
        await late.until(late.remarks, "Token has expired 0 seconds ago")
        await late.until(late.remarks, "The server has closed the channel.")
        await asyncio.wait_for(late.process.wait(), TIMEOUT_S)


async def test_a_wrong_key_is_named_as_the_problem(
    database: Database, slot_name: str, program: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        example(program, url, key="sb_publishable_of_another_project") as wrong,
    ):
        said = {"javascript": "is ANON_KEY one of its keys?", "python": "HTTP 401"}
        await wrong.until(wrong.remarks, said[program])


async def test_a_server_that_does_not_run_is_named_as_the_problem(program: str) -> None:
    async with example(program, f"http://127.0.0.1:{free_port()}") as alone:
        said = {"javascript": "does http://127.0.0.1:", "python": "Connection attempt failed"}
        await alone.until(alone.remarks, said[program])


@pytest.mark.parametrize("missing", ["API_URL", "ANON_KEY"])
async def test_a_setting_that_is_missing_is_asked_for(program: str, missing: str) -> None:
    given = {"API_URL": "http://127.0.0.1:54321", "ANON_KEY": ANON_KEY}
    del given[missing]
    process = await asyncio.create_subprocess_exec(
        *PROGRAMS[program], env=given, stderr=asyncio.subprocess.PIPE
    )

    _, said = await asyncio.wait_for(process.communicate(), TIMEOUT_S)

    assert b"Set API_URL and ANON_KEY" in said
    assert process.returncode != 0
