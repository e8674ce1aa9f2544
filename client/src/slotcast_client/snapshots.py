"""Reading all rows of a scope by REST, in pages."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

from httpx import HTTPError
from postgrest.exceptions import APIError
from postgrest.types import CountMethod

from slotcast_client.appointments import parse_appointment
from slotcast_client.errors import SnapshotFailed, SnapshotRefused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from postgrest import APIResponse
    from supabase import AsyncClient

    from slotcast_client.appointments import Appointment, JsonObject
    from slotcast_client.scopes import Scope

PAGE_ROWS: Final = 1000
_INSUFFICIENT_PRIVILEGE: Final = "42501"


async def read_snapshot(
    client: AsyncClient, scope: Scope, *, timeout_s: float
) -> list[Appointment]:
    """
    Read all rows of *scope* that may be seen.

    A server may give fewer rows at a time than asked for (its `max_rows`), so each page says
    how many remain. Pages continue after an id, which no row changes: rows that come or go
    meanwhile shift nothing.

    Args:
        client: Reads as its user.
        scope: Which rows.
        timeout_s: For all pages together.

    Raises:
        SnapshotRefused: The table may not be read.
        SnapshotFailed: It cannot be read now.
        UnreadableRow: A row is no appointment.
    """
    rows: list[Appointment] = []
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                page, remaining_count = await _read_page(
                    client, scope, after=rows[-1].id if rows else None
                )
                rows += map(parse_appointment, page)
                if len(page) >= remaining_count:
                    return rows
    except APIError as error:
        kind = SnapshotRefused if error.code == _INSUFFICIENT_PRIVILEGE else SnapshotFailed
        raise kind(f"appointments cannot be read: {error.message}") from error
    except (HTTPError, OSError) as error:
        raise SnapshotFailed(f"appointments cannot be read: {error!r}") from error


async def _read_page(
    client: AsyncClient, scope: Scope, *, after: UUID | None
) -> tuple[Sequence[JsonObject], int]:
    """Give a page, and how many rows there are from its first one on."""
    query = client.table("appointments").select("*", count=CountMethod.exact)
    query = query.eq(scope.column, str(scope.id))
    if scope.starting is not None:
        query = query.gte("start_time", _utc(scope.starting))
    if scope.before is not None:
        query = query.lt("start_time", _utc(scope.before))
    if after is not None:
        query = query.gt("id", str(after))
    # It is tried again by whoever wants the rows, with what is current then.
    answer: APIResponse = await query.order("id").limit(PAGE_ROWS).retry(enabled=False).execute()
    page = cast("Sequence[JsonObject]", answer.data)
    if not page:
        return page, 0
    return page, len(page) if answer.count is None else answer.count


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()
