"""What decides about changes is switched while somebody is subscribed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from support.phoenix import phoenix_client
from support.server import SECRET_KEY, serving, token

if TYPE_CHECKING:
    from support.phoenix import PhoenixClient
    from support.postgres import Database

ANN = "aaaaaaaa-0000-4000-8000-000000000001"

TABLE = """
create table things (id int primary key, owner uuid);
alter table things replica identity full;
create table done (id int);
alter publication supabase_realtime add table things, done;
"""

MAY = "function may() returns bool language sql as"

SWITCHES = [
    ("without row level security", "select", True),
    ("enabled, no policy", "alter table things enable row level security", False),
    ("a policy", "create policy own on things using (owner = (select auth.uid()))", True),
    ("its expression", "alter policy own on things using (owner is null)", False),
    ("and back", "alter policy own on things using (owner is not null)", True),
    ("a restrictive one", "create policy never on things as restrictive using (id < 0)", False),
    ("dropped", "drop policy never on things", True),
    ("for others", "alter policy own on things to service_role", False),
    ("for all", "alter policy own on things to public", True),
    ("revoked", "revoke select on things from authenticated", False),
    ("a column", "grant select (id) on things to authenticated", True),
    ("the schema", "revoke usage on schema public from authenticated, public", False),
    ("granted", "grant usage on schema public to authenticated", True),
    ("a function", "create policy f on things as restrictive using (public.may())", True),
    ("its body", f"create or replace {MAY} 'select false'", False),
]


def numbers(client: PhoenixClient) -> list[int]:
    data: list[dict[str, Any]] = [change["data"] for change in client.changes("all")]
    return [change["record"]["id"] for change in data if change["table"] == "things"]


async def test_each_switch_counts_for_the_next_change(database: Database, slot_name: str) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(TABLE)
        await writer.execute(f"create {MAY} 'select true'".encode())
        async with (
            serving(database.url, slot_name) as url,
            phoenix_client(url) as ann,
            phoenix_client(url, apikey=SECRET_KEY) as witness,
        ):
            everything = {"event": "*", "schema": "public", "table": "*"}
            await ann.subscribe("all", everything, access_token=token(ANN))
            await witness.subscribe("done", {"event": "*", "schema": "public", "table": "done"})
            for number, (_, statement, _) in enumerate(SWITCHES):
                await writer.execute(statement.encode())
                await writer.execute("insert into things values (%s, %s)", [number, ANN])
                await writer.execute("insert into done values (%s)", [number])
                await witness.change_count("done", number + 1)

    wanted = [number for number, (_, _, is_seen) in enumerate(SWITCHES) if is_seen]
    assert numbers(ann) == wanted


async def test_a_table_whose_old_rows_are_not_logged_gives_its_inserts(
    database: Database, slot_name: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(
            "create table log (line text); alter table log replica identity nothing;"
            "alter publication supabase_realtime add table log"
        )
        async with serving(database.url, slot_name) as url, phoenix_client(url) as anybody:
            await anybody.subscribe("all", {"event": "*", "schema": "public", "table": "log"})
            await writer.execute("insert into log values ('first')")
            with pytest.raises(psycopg.Error, match="replica identity"):
                await writer.execute("update log set line = 'second'")
            await writer.execute("insert into log values ('third')")
            got = await anybody.change_count("all", 2)

    assert [change["data"]["record"]["line"] for change in got] == ["first", "third"]


@pytest.mark.parametrize("cluster", ["embedded"], indirect=True)
async def test_virtual_generated_columns_are_computed_from_the_image(
    database: Database, slot_name: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(
            """
            create table prices (
              id int primary key, net int, gross int generated always as (net * 120 / 100) virtual,
              label text generated always as ('no. ' || id) virtual, note text
            );
            alter table prices enable row level security;
            create policy dear on prices using (gross > 100);
            alter publication supabase_realtime add table prices;
            """
        )
        async with serving(database.url, slot_name) as url, phoenix_client(url) as anybody:
            binding = {
                "event": "*",
                "schema": "public",
                "table": "prices",
                "filter": "gross=lt.999",
            }
            await anybody.subscribe("all", binding)
            await writer.execute("insert into prices values (1, 50), (2, 100), (3, 900)")
            await writer.execute("update prices set net = 101 where id in (1, 3)")
            got = await anybody.change_count("all", 3)

    assert [(change["data"]["type"], change["data"]["record"]) for change in got] == [
        ("INSERT", {"id": 2, "net": 100, "gross": 120, "label": "no. 2", "note": None}),
        ("UPDATE", {"id": 1, "net": 101, "gross": 121, "label": "no. 1", "note": None}),
        ("UPDATE", {"id": 3, "net": 101, "gross": 121, "label": "no. 3", "note": None}),
    ]
