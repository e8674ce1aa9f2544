"""Waiting until a commit that was seen in the log is seen by everybody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

_FIRST_DELAY_S: Final = 0.0005
_DELAY_LIMIT_S: Final = 0.2
_ARE_VISIBLE: Final = "select slotcast.are_visible(%s::bigint[])"


async def until_visible(connection: AsyncConnection[TupleRow], xids: Iterable[int]) -> None:
    """
    Wait until PostgreSQL shows what transactions did to whoever asks.

    Their commits were logged, which is an instant before: a membership that came or went
    with them would be overlooked, and unchanged values not be found.
    """
    delay_s = _FIRST_DELAY_S
    while True:
        cursor = await connection.execute(_ARE_VISIBLE, [list(xids)], prepare=True)
        row = await cursor.fetchone()
        if row is not None and row[0]:
            return
        await asyncio.sleep(delay_s)
        delay_s = min(2 * delay_s, _DELAY_LIMIT_S)
