"""What one client may ask for at once costs others neither changes nor their joins."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

import psycopg

from slotcast.channels.protocol.lifecycle import ChannelTable
from support.phoenix import phoenix_client
from support.server import serving

if TYPE_CHECKING:
    import pytest

    from support.postgres import Database

SETUP: Final = """
create table public.notes (id bigint primary key);
create table public.other (id bigint primary key);
alter publication supabase_realtime add table public.notes, public.other;
"""
NOTES: Final = {"event": "*", "schema": "public", "table": "notes"}
OTHER: Final = {"event": "*", "schema": "public", "table": "other"}


def above(first: int, count: int) -> list[dict[str, str]]:
    """Make bindings with different filters, of a kind that cannot be indexed."""
    return [{**NOTES, "filter": f"id=gt.{number}"} for number in range(first, first + count)]


async def test_filters_too_many_for_one_statement_hold_up_no_changes(
    database: Database, slot_name: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(SETUP.encode())
        async with (
            serving(database.url, slot_name, judge_timeout_s=0.4) as url,
            phoenix_client(url) as greedy,
            phoenix_client(url) as greedier,
            phoenix_client(url) as modest,
        ):
            await modest.subscribe("modest", OTHER)
            await greedy.subscribe("lower", *above(0, 1000))
            await greedier.subscribe("upper", *above(1000, 1000))

            await writer.execute("insert into notes values (1500)")
            await writer.execute("insert into other values (1)")

            await modest.change_count("modest", 1)
            (lower,) = await greedy.change_count("lower", 1)
            (upper,) = await greedier.change_count("upper", 1)

    assert (len(lower["ids"]), len(upper["ids"])) == (1000, 500)


async def test_a_join_does_not_wait_for_all_the_joins_of_another_client(
    database: Database, slot_name: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(SETUP.encode())
        async with (
            serving(database.url, slot_name, pool_size=2) as url,
            phoenix_client(url) as greedy,
            phoenix_client(url) as modest,
        ):
            refs = [
                await greedy.push(
                    f"realtime:{number}",
                    "phx_join",
                    {"config": {"postgres_changes": above(100 * number, 100)}},
                )
                for number in range(10)
            ]
            await greedy.reply(refs[0])

            await modest.subscribe("modest", OTHER)

            answered = {message[1] for message in greedy.messages if message[3] == "phx_reply"}
            assert refs[-1] not in answered
            assert (await greedy.reply(refs[-1]))["status"] == "ok"


async def test_a_flood_of_joins_does_not_hold_up_changes(
    database: Database, slot_name: str
) -> None:
    async with AsyncExitStack() as stack:
        writer = await stack.enter_async_context(
            await psycopg.AsyncConnection.connect(database.url, autocommit=True)
        )
        await writer.execute(SETUP.encode())
        url = await stack.enter_async_context(serving(database.url, slot_name, pool_size=2))
        modest, *flood = [await stack.enter_async_context(phoenix_client(url)) for _ in range(13)]
        await modest.subscribe("modest", OTHER)
        joins = [
            (
                client,
                await client.push(
                    "realtime:x", "phx_join", {"config": {"postgres_changes": wanted}}
                ),
            )
            for client, wanted in zip(
                flood, (above(1000 * number, 1000) for number in range(12)), strict=True
            )
        ]

        await writer.execute("insert into other values (1)")
        await modest.change_count("modest", 1)

        answered = [
            any(message[3] == "phx_reply" and message[1] == ref for message in client.messages)
            for client, ref in joins
        ]
        assert not all(answered)


async def test_a_defect_in_one_join_ends_its_connection_and_not_the_server(
    database: Database, slot_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = ChannelTable.accept

    def fail_once(_self: ChannelTable, *_arguments: object) -> None:
        monkeypatch.setattr(ChannelTable, "accept", accept)
        raise RuntimeError

    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(SETUP.encode())
        async with (
            serving(database.url, slot_name) as url,
            phoenix_client(url) as unlucky,
            phoenix_client(url) as other,
        ):
            monkeypatch.setattr(ChannelTable, "accept", fail_once)
            await unlucky.push("realtime:x", "phx_join", {"config": {"postgres_changes": [NOTES]}})
            assert await unlucky.closed() == 1011

            await other.subscribe("notes", NOTES)
            await writer.execute("insert into notes values (1)")
            await other.change_count("notes", 1)
