"""Two servers on one slot: the second waits, and takes over when the first is gone."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import urlopen

from support.numbers import NUMBERS, writing
from support.reconnecting import reconnecting_client
from support.server import server_process

if TYPE_CHECKING:
    from support.postgres import Database

TAKEOVER_LIMIT_S = 5.0


async def readiness(url: str) -> tuple[int, dict[str, Any]]:
    """Ask a server whether it is ready; gives the status and what it says."""

    def ask() -> tuple[int, dict[str, Any]]:
        try:
            with urlopen(f"{url}/readyz") as response:
                return response.status, json.load(response)
        except HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    return await asyncio.to_thread(ask)


async def test_a_second_server_takes_over_from_a_killed_one(
    database: Database, slot_name: str
) -> None:
    loop = asyncio.get_running_loop()
    async with (
        writing(database.url) as writer,
        server_process(database.url, slot_name) as first,
        server_process(database.url, slot_name) as second,
        reconnecting_client(first.url, NUMBERS) as client,
    ):
        waiting = await readiness(second.url)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(writer.write(1000))
            await writer.reached(500)
            client.move(second.url)
            await first.kill()
            killed_at = loop.time()
            stay = await client.stay(2)
            took_s = loop.time() - killed_at
        ready = await readiness(second.url)
        await writer.write(1100)
        await stay.has(1100)

    promised = writer.committed_within(client.stays[0].joined_at, client.stays[0].dropped_at)
    reasons = ["the replication stream is waiting for the slot"]
    assert waiting == (503, {"ready": False, "reasons": reasons})
    assert ready == (200, {"ready": True, "reasons": []})
    assert took_s < TAKEOVER_LIMIT_S
    assert promised <= set(client.numbers)
    assert set(range(1001, 1101)) <= set(stay.numbers)


async def test_a_server_that_waits_for_the_slot_stops_at_once(
    database: Database, slot_name: str
) -> None:
    async with server_process(database.url, slot_name) as first:
        async with server_process(database.url, slot_name) as second:
            async with asyncio.timeout(TAKEOVER_LIMIT_S):
                code = await second.stop()

        ready = await readiness(first.url)

    assert code == 0
    assert ready == (200, {"ready": True, "reasons": []})
