"""The demo salon as tests use it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import psycopg
from psycopg import sql

from slotcast.appointments import demo
from support.postgres import migrated_template

if TYPE_CHECKING:
    from slotcast.postgres.embedded import Cluster

_TEMPLATE: Final = "slotcast_salon_template"

# A member of the salon who may look but not touch.
VIEWER_ID: Final = UUID("00000009-0000-4000-8000-000000000001")


async def insert_salon(url: str) -> None:
    """Insert the demo data and a viewer; bookings begin tomorrow, so that none passes meanwhile."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        await demo.insert(connection, today=tomorrow, past_day_count=0)
        await connection.execute("insert into auth.users (id) values (%s)", [VIEWER_ID])
        await connection.execute(
            "insert into public.workspace_members (workspace_id, user_id, role)"
            " values (%s, %s, 'viewer')",
            [demo.SALON_ID, VIEWER_ID],
        )


def insert_salon_from_fixture(url: str) -> None:
    """As `insert_salon`, in a thread: `asyncio.run` would take pytest-asyncio's loop away."""
    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, insert_salon(url)).result()


def salon_template(cluster: Cluster) -> str:
    """Make a database with the salon to copy from, once a cluster; return its name."""
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        found = connection.execute("select from pg_database where datname = %s", [_TEMPLATE])
        if found.fetchone() is None:
            connection.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(_TEMPLATE), sql.Identifier(migrated_template(cluster))
                )
            )
            insert_salon_from_fixture(cluster.url(_TEMPLATE))
    return _TEMPLATE
