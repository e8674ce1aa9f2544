"""The server works with the rights that docs/own-postgresql.md names, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from support.phoenix import phoenix_client
from support.postgres import unique_name
from support.server import serving, token

if TYPE_CHECKING:
    from support.postgres import Database

ANN = "aaaaaaaa-0000-4000-8000-000000000001"

TABLE = """
create table public.notes (id int primary key, owner uuid, body text);
alter table public.notes enable row level security;
alter table public.notes replica identity full;
create policy own on public.notes for select to authenticated using (owner = (select auth.uid()));
alter publication supabase_realtime add table public.notes;
"""


async def test_a_role_without_any_right_on_tables_serves_them(
    database: Database, slot_name: str
) -> None:
    role = unique_name("server")
    parts = {**conninfo_to_dict(database.url), "user": role, "password": "least"}
    url = f"postgresql://{role}:least@{parts['host']}:{parts['port']}/{parts['dbname']}"
    name = sql.Identifier(role)
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(TABLE)
        for statement in (
            "create role {} login replication password 'least'",
            "grant anon, authenticated, service_role to {}",
            "grant usage on schema slotcast to {}",
        ):
            await writer.execute(sql.SQL(statement).format(name))
        try:
            async with serving(url, slot_name) as address, phoenix_client(address) as ann:
                binding = {
                    "event": "*",
                    "schema": "public",
                    "table": "notes",
                    "filter": "body=eq.x",
                }
                await ann.subscribe("notes", binding, access_token=token(ANN))
                await writer.execute("insert into notes values (1, null, 'x'), (2, %s, 'x')", [ANN])
                await writer.execute("update notes set body = 'x'")
                await writer.execute("delete from notes")
                got = await ann.change_count("notes", 3)
        finally:
            for statement in ("drop owned by {}", "drop role {}"):
                await writer.execute(sql.SQL(statement).format(name))

    assert [(change["data"]["type"], change["data"].get("record")) for change in got] == [
        ("INSERT", {"id": 2, "owner": ANN, "body": "x"}),
        ("UPDATE", {"id": 2, "owner": ANN, "body": "x"}),
        ("DELETE", None),
    ]
