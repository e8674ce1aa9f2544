"""The web apps' library keeps rows live: whatever happens, it ends with what the database holds."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from slotcast.appointments.demo import CUSTOMER, OWNER, SALON_ID, TEAM
from support.official import NODE
from support.server import ANON_KEY, SECRET_KEY, serving, token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.postgres import Database

SCRIPT: Final = Path(__file__).parent / "js" / "live_rows.mjs"
TIMEOUT_S: Final = 60.0


async def run_script(told: Mapping[str, object]) -> dict[str, Any]:
    """Run the script with what it is told; gives its answer."""
    process = await asyncio.create_subprocess_exec(
        NODE, SCRIPT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            output, _ = await process.communicate(json.dumps(told).encode())
    except BaseException:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0
    answer: dict[str, Any] = json.loads(output)
    return answer


@pytest.mark.parametrize("seed", [1])
async def test_live_rows_end_as_the_database_whatever_is_written_and_cut(
    database: Database, slot_name: str, seed: int
) -> None:
    async with serving(database.url, slot_name) as url:
        answer = await run_script(
            {
                "url": url,
                "key": ANON_KEY,
                "secretKey": SECRET_KEY,
                "owner": token(OWNER.id),
                "customer": token(CUSTOMER.id),
                "customerId": str(CUSTOMER.id),
                "workspaceId": str(SALON_ID),
                "memberIds": [str(member.id) for member in TEAM],
                "seed": seed,
            }
        )

    assert answer["wereLive"]
    assert answer["differences"] == {"all": 0, "week": 0, "member": 0, "customer": 0}
    assert min(answer["told"].values()) > 0
    assert answer["outcomes"].get("saved", 0) > 0
