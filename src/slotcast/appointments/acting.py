"""Acting in the database as a signed-in user, under all the rules there are for them."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from uuid import UUID

    from psycopg import AsyncConnection


@asynccontextmanager
async def acting_as(connection: AsyncConnection[Any], user_id: UUID) -> AsyncGenerator[None]:
    """
    Run a transaction as a signed-in user.

    Args:
        connection: As a role that may become `authenticated`, outside of any transaction: what
            is set here lasts until its end.
        user_id: What `auth.uid()` returns meanwhile.
    """
    claims = json.dumps({"sub": str(user_id), "role": "authenticated"})
    async with connection.transaction():
        await connection.execute("select set_config('request.jwt.claims', %s, true)", [claims])
        await connection.execute("set local role authenticated")
        yield
