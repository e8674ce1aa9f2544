"""The server works with the rights that docs/own-postgresql.md names, and no others."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from support.phoenix import phoenix_client
from support.postgres import unique_name
from support.server import ANON_KEY, serving, token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

    from support.postgres import Database

ANN = "aaaaaaaa-0000-4000-8000-000000000001"

TABLE = """
create table public.notes (id int primary key, owner uuid, body text);
alter table public.notes enable row level security;
alter table public.notes replica identity full;
create policy own on public.notes for select to authenticated using (owner = (select auth.uid()));
alter publication supabase_realtime add table public.notes;
"""

MEMBERS = f"""
create table public.crew (who uuid primary key);
grant select on public.crew to authenticated;
insert into public.crew values ('{ANN}');
create policy crew on realtime.messages to authenticated
  using (exists (select from public.crew where who = auth.uid()));
"""


@asynccontextmanager
async def least_role(writer: AsyncConnection[TupleRow], database: Database) -> AsyncGenerator[str]:
    """Make a role with what the documentation grants, and give its URL."""
    role = unique_name("server")
    parts = {**conninfo_to_dict(database.url), "user": role, "password": "least"}
    name = sql.Identifier(role)
    for statement in (
        "create role {} login replication password 'least'",
        "grant anon, authenticated, service_role to {}",
        "grant usage on schema slotcast to {}",
    ):
        await writer.execute(sql.SQL(statement).format(name))
    try:
        yield f"postgresql://{role}:least@{parts['host']}:{parts['port']}/{parts['dbname']}"
    finally:
        for statement in ("drop owned by {}", "drop role {}"):
            await writer.execute(sql.SQL(statement).format(name))


async def test_a_role_without_any_right_on_tables_serves_them(
    database: Database, slot_name: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(TABLE)
        async with (
            least_role(writer, database) as url,
            serving(url, slot_name) as address,
            phoenix_client(address) as ann,
        ):
            binding = {"event": "*", "schema": "public", "table": "notes", "filter": "body=eq.x"}
            await ann.subscribe("notes", binding, access_token=token(ANN))
            await writer.execute("insert into notes values (1, null, 'x'), (2, %s, 'x')", [ANN])
            await writer.execute("update notes set body = 'x'")
            await writer.execute("delete from notes")
            got = await ann.change_count("notes", 3)

    assert [(change["data"]["type"], change["data"].get("record")) for change in got] == [
        ("INSERT", {"id": 2, "owner": ANN, "body": "x"}),
        ("UPDATE", {"id": 2, "owner": ANN, "body": "x"}),
        ("DELETE", None),
    ]


async def test_it_serves_accounts_with_one_right_more(database: Database, slot_name: str) -> None:
    async with (
        await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer,
        least_role(writer, database) as url,
    ):
        with pytest.raises(BaseExceptionGroup) as refused:
            async with serving(url, slot_name, auth="on"):
                pass
        (error,) = refused.value.exceptions
        advice = re.search("GRANT supabase_auth_admin TO .*;", str(error))
        assert advice is not None
        await writer.execute(advice[0].encode())

        async with (
            serving(url, slot_name, auth="on", auth_autoconfirm="on") as address,
            aiohttp.ClientSession(address, headers={"apikey": ANON_KEY}) as http,
            http.post(
                "/auth/v1/signup", json={"email": "ann@mail.example", "password": "correct horse"}
            ) as answer,
        ):
            session = await answer.json()
            cursor = await writer.execute("select id::text from public.profiles")
            profiles = await cursor.fetchall()

    assert profiles == [(session["user"]["id"],)]


async def test_it_serves_private_channels_too(database: Database, slot_name: str) -> None:
    message = {"type": "broadcast", "event": "e", "payload": {"n": 1}}
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(MEMBERS)
        async with (
            least_role(writer, database) as url,
            serving(url, slot_name) as address,
            phoenix_client(address) as ann,
        ):
            replay = {"ack": True, "replay": {"since": 0}}
            await writer.execute("select realtime.send('{}', 'e', 'desk')")
            joined = await ann.join("desk", access_token=token(ANN), private=True, broadcast=replay)
            await ann.until(lambda m: m[3] == "broadcast")
            pushed = await ann.reply(await ann.push("realtime:desk", "broadcast", message))
            await writer.execute("delete from crew")
            await ann.until(lambda m: m[3] == "phx_close")

    assert joined["status"] == pushed["status"] == "ok"
