"""What the start page tells everybody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.request import urlopen

from support.server import PUBLISHABLE_KEY, serving

if TYPE_CHECKING:
    from support.postgres import Database


def read(url: str) -> str:
    with urlopen(url) as response:
        return response.read().decode()


async def test_it_shows_the_public_key_and_never_makes_one_up(
    database: Database, slot_name: str
) -> None:
    async with serving(database.url, slot_name) as url:
        with_key = await asyncio.to_thread(read, url)
    async with serving(database.url, slot_name, publishable_key="") as url:
        without_key = await asyncio.to_thread(read, url)

    assert PUBLISHABLE_KEY in with_key
    assert "YOUR_API_KEY" in without_key
    assert "eyJ" not in without_key, "every JWT begins so"
