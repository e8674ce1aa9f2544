"""Tables without a key, with a key besides the primary one, or with one not for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from support.phoenix import phoenix_client
from support.server import serving

if TYPE_CHECKING:
    from support.postgres import Database

TABLES = """
create table public.log (line text, owner text);
alter table public.log replica identity full;
alter table public.log enable row level security;
create policy own on public.log for select using (owner = 'anon');
create table public.visits (id int primary key, code text not null unique, note text);
alter table public.visits replica identity using index visits_code_key;
create table public.scores (id int primary key, points int, secret text);
revoke select on public.scores from anon, authenticated;
grant select (points) on public.scores to anon;
alter publication supabase_realtime add table public.log, public.visits, public.scores;
"""


def all_of(table: str, **more: object) -> dict[str, Any]:
    return {"event": "*", "schema": "public", "table": table, **more}


async def test_rows_of_a_table_without_a_key_come_whole_to_those_who_may_read_them(
    database: Database, slot_name: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(TABLES)
        async with serving(database.url, slot_name) as url, phoenix_client(url) as client:
            await client.subscribe("log", all_of("log"))
            await writer.execute("insert into log values ('hidden', 'ann'), ('shown', 'anon')")
            await writer.execute("update log set line = 'mine now', owner = 'anon'")
            await writer.execute("delete from log where line = 'mine now'")
            changes = [change["data"] for change in await client.change_count("log", 5)]

    assert [change.get("record") for change in changes] == [
        {"line": "shown", "owner": "anon"},
        {"line": "mine now", "owner": "anon"},
        {"line": "mine now", "owner": "anon"},
        None,
        None,
    ]
    assert [change.get("old_record") for change in changes] == [
        None,
        {},  # what ann's row was is not for anon
        {"line": "shown", "owner": "anon"},
        {"line": "mine now", "owner": "anon"},
        {"line": "mine now", "owner": "anon"},
    ]


async def test_deletes_sent_to_everybody_show_nothing_of_a_row_without_a_key(
    database: Database, slot_name: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(TABLES)
        async with (
            serving(database.url, slot_name, delete_events="supabase") as url,
            phoenix_client(url) as client,
        ):
            await client.subscribe("log", all_of("log"))
            await writer.execute("insert into log values ('hidden', 'ann')")
            await writer.execute("delete from log")
            (change,) = await client.change_count("log", 1)

    assert (change["data"]["type"], change["data"]["old_record"]) == ("DELETE", {})


async def test_selected_columns_come_with_every_key_that_there_is(
    database: Database, slot_name: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(TABLES)
        async with serving(database.url, slot_name) as url, phoenix_client(url) as client:
            await client.subscribe("visits", all_of("visits", select=[]))
            await writer.execute("insert into visits values (1, 'a', 'note')")
            await writer.execute("update visits set id = 2, code = 'b'")
            changes = [change["data"] for change in await client.change_count("visits", 2)]

    assert [change["record"] for change in changes] == [
        {"id": 1, "code": "a"},
        {"id": 2, "code": "b"},
    ]
    assert changes[1]["old_record"] == {"code": "a"}


async def test_a_role_that_may_not_read_the_key_gets_the_columns_that_it_may(
    database: Database, slot_name: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(TABLES)
        async with serving(database.url, slot_name) as url, phoenix_client(url) as client:
            await client.subscribe("scores", all_of("scores"))
            await writer.execute("insert into scores values (1, 10, 'x')")
            await writer.execute("update scores set points = 20")
            changes = [change["data"] for change in await client.change_count("scores", 2)]

    assert [change["record"] for change in changes] == [{"points": 10}, {"points": 20}]
    assert changes[1]["old_record"] == {}
    assert changes[1]["columns"] == [{"name": "points", "type": "int4"}]
    assert changes[1]["errors"] is None
