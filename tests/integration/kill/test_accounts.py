"""Whoever is signed in stays so while PostgreSQL is restarted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from support.server import PUBLISHABLE_KEY, server_process

if TYPE_CHECKING:
    from slotcast.postgres.embedded import Cluster, ShutdownMode

AT_ONCE = 6
ENVIRONMENT = {
    "SLOTCAST_AUTH": "on",
    "SLOTCAST_AUTH_AUTOCONFIRM": "on",
    "SLOTCAST_AUTH_TIMEOUT_S": "2",
    "SLOTCAST_REST": "off",
}


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_sessions_are_refreshed_after_a_restart_and_put_off_during_it(
    own_cluster: Cluster, slot_name: str, mode: ShutdownMode
) -> None:
    async with (
        server_process(own_cluster.url(), slot_name, environment=ENVIRONMENT) as server,
        aiohttp.ClientSession(headers={"apikey": PUBLISHABLE_KEY}) as http,
    ):

        async def ask(path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
            async with http.post(f"{server.url}/auth/v1/{path}", json=body) as response:
                return response.status, await response.json()

        async def refresh(token: str) -> tuple[int, dict[str, Any]]:
            return await ask("token?grant_type=refresh_token", {"refresh_token": token})

        people = [
            await ask("signup", {"email": f"{name}@mail.example", "password": "correct horse"})
            for name in range(AT_ONCE)
        ]
        tokens = [session["refresh_token"] for _, session in people]
        before = await asyncio.gather(*map(refresh, tokens))
        tokens = [session["refresh_token"] for _, session in before]

        await asyncio.to_thread(own_cluster.stop, mode)
        meanwhile = await refresh(tokens[0])
        await asyncio.to_thread(own_cluster.start)
        after = await asyncio.gather(*map(refresh, tokens))

    # Clients repeat what is answered with 503; with 500 they would sign out.
    assert (meanwhile[0], meanwhile[1]["error_code"]) == (503, "request_timeout")
    assert [status for status, _ in after] == [200] * AT_ONCE
