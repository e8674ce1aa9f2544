"""A commit in PostgreSQL reaches who asked for it and may see it, through the whole server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from support.phoenix import phoenix_client
from support.server import serving, token

if TYPE_CHECKING:
    from support.postgres import Database

ANN = "aaaaaaaa-0000-4000-8000-000000000001"
BEN = "aaaaaaaa-0000-4000-8000-000000000002"

TABLE = """
create table public.notes (id int primary key, owner uuid, body text);
alter table public.notes enable row level security;
alter table public.notes replica identity full;
create policy own on public.notes for select to authenticated using (owner = (select auth.uid()));
alter publication supabase_realtime add table public.notes;
"""

NOTES = {"event": "*", "schema": "public", "table": "notes"}


async def test_each_client_gets_the_rows_that_it_may_see_and_no_others(
    database: Database, slot_name: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(TABLE)
        async with (
            serving(database.url, slot_name) as url,
            phoenix_client(url) as ann,
            phoenix_client(url) as ben,
        ):
            await ann.subscribe("notes", NOTES, access_token=token(ANN))
            await ben.subscribe("notes", NOTES, access_token=token(BEN))

            await writer.execute("insert into notes values (1, %s, 'first')", [ANN])
            await writer.execute("update notes set owner = %s", [BEN])
            await writer.execute("delete from notes")
            await writer.execute("insert into notes values (2, %s, 'last')", [ANN])
            await writer.execute("insert into notes values (3, %s, 'last')", [BEN])

            got_ann = [change["data"] for change in await ann.change_count("notes", 2)]
            got_ben = [change["data"] for change in await ben.change_count("notes", 3)]

    assert [(data["type"], data["record"]) for data in got_ann] == [
        ("INSERT", {"id": 1, "owner": ANN, "body": "first"}),
        ("INSERT", {"id": 2, "owner": ANN, "body": "last"}),
    ]
    assert [(data["type"], data.get("record"), data.get("old_record")) for data in got_ben] == [
        ("UPDATE", {"id": 1, "owner": BEN, "body": "first"}, {"id": 1}),
        ("DELETE", None, {"id": 1, "owner": BEN, "body": "first"}),
        ("INSERT", {"id": 3, "owner": BEN, "body": "last"}, None),
    ]
