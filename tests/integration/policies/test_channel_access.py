"""PostgreSQL's answers about private channels."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from slotcast.claims import Claims
from slotcast.policies.channel_access import PolicyAccess
from slotcast.postgres.pool import make_pool
from slotcast.verdicts import Permissions

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from support.postgres import Database

POLICIES = """
create table rooms (name text, owner text, primary key (name, owner));
insert into rooms values ('lobby', 'ann'), ('attic', 'ben');
grant select on rooms to authenticated;
create policy by_claim on realtime.messages for select to authenticated using (
  extension = 'broadcast' and exists (
    select from public.rooms where name = realtime.topic() and owner = auth.jwt() ->> 'name'));
create policy by_header on realtime.messages for select to authenticated using (
  extension = 'presence'
  and current_setting('request.headers', true)::json ->> 'x-floor' = '2');
create policy raises on realtime.messages for select to authenticated using (
  case when realtime.topic() = 'broken' then 1 / (length(extension) - length(extension)) = 1
       when realtime.topic() = 'slow' then pg_sleep(20) is null else false end);
create policy writes on realtime.messages for insert to authenticated
  with check (realtime.topic() = 'lobby' and extension = 'broadcast');
"""

NOTHING = Permissions(broadcast=False, presence=False)
BROADCAST = Permissions(broadcast=True, presence=False)


USER = "aaaaaaaa-0000-4000-8000-000000000001"
"""A user's id, as the policies of appointments want it."""


def claims(name: str, role: str = "authenticated") -> Claims:
    document = f'{{"name":"{name}","role":"{role}","sub":"{USER}"}}'
    return Claims(role=role, document=document, subject=USER)


@pytest.fixture
def policies(database: Database) -> Database:
    with psycopg.connect(database.url) as connection:
        connection.execute(POLICIES.encode())
    return database


@asynccontextmanager
async def policy_access(
    database: Database, timeout_s: float = 10.0
) -> AsyncGenerator[PolicyAccess]:
    pool = make_pool(database.url, size=2, statement_timeout_s=timeout_s)
    async with pool:
        yield PolicyAccess(pool, search_path="public, extensions")


async def test_claims_topic_and_headers_decide(policies: Database) -> None:
    async with policy_access(policies) as access:
        assert await access.read("lobby", claims("ann"), "{}") == BROADCAST
        assert await access.read("attic", claims("ann"), "{}") == NOTHING
        assert await access.read("attic", claims("ann", "anon"), "{}") == NOTHING
        assert await access.read("attic", claims("ann"), '{"x-floor":"2"}') == Permissions(
            broadcast=False, presence=True
        )


async def test_writing_is_asked_about_by_extension(policies: Database) -> None:
    async with policy_access(policies) as access:
        assert await access.write("lobby", claims("ann"), "{}", "broadcast")
        assert not await access.write("lobby", claims("ann"), "{}", "presence")
        assert not await access.write("attic", claims("ben"), "{}", "broadcast")


async def test_a_thousand_questions_at_once_each_get_their_own_answer(policies: Database) -> None:
    async with policy_access(policies) as access:
        answers = await asyncio.gather(
            *(access.read("lobby", claims("ann" if n % 7 else f"u{n}"), "{}") for n in range(1000))
        )

    assert [answer.broadcast for answer in answers] == [bool(n % 7) for n in range(1000)]


async def test_what_raises_or_cannot_be_asked_is_its_own_misfortune(policies: Database) -> None:
    async with policy_access(policies) as access:
        answers = await asyncio.gather(
            access.read("broken", claims("ann"), "{}"),
            access.read("no\0text", claims("ann"), "{}"),
            access.read("lobby", claims("ann", "nobody"), "{}"),
            access.read("lobby", claims("ann"), "{}"),
            access.read("attic", claims("ben"), "{}"),
        )

    assert answers == [NOTHING, NOTHING, NOTHING, BROADCAST, BROADCAST]


async def test_a_policy_that_takes_too_long_denies_its_own_channel(policies: Database) -> None:
    async with policy_access(policies, timeout_s=0.5) as access:
        answers = await asyncio.gather(
            access.read("slow", claims("ann"), "{}"), access.read("lobby", claims("ann"), "{}")
        )

    assert answers == [NOTHING, BROADCAST]


async def test_who_gives_up_does_not_take_the_answer_from_others(policies: Database) -> None:
    async with policy_access(policies) as access:
        hasty = asyncio.create_task(access.read("lobby", claims("ann"), "{}"))
        patient = asyncio.create_task(access.read("lobby", claims("ann"), "{}"))
        await asyncio.sleep(0)
        hasty.cancel()

        assert await patient == BROADCAST


async def test_a_policy_that_changes_counts_at_once(policies: Database) -> None:
    async with policy_access(policies) as access:
        before = await access.read("lobby", claims("ann"), "{}")
        with psycopg.connect(policies.url) as connection:
            connection.execute("drop policy by_claim on realtime.messages")
        after = await access.read("lobby", claims("ann"), "{}")

    assert (before, after) == (BROADCAST, NOTHING)
