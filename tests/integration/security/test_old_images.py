"""What is logged of an old row decides who gets it: nobody whom it might not be for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg

from support.phoenix import phoenix_client
from support.server import SECRET_KEY, serving, token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.phoenix import PhoenixClient
    from support.postgres import Database

ANN: Final = "aaaaaaaa-0000-4000-8000-000000000001"
BEN: Final = "aaaaaaaa-0000-4000-8000-000000000002"

IDENTITIES: Final = {
    "by_default": "",
    "by_full": "alter table by_full replica identity full;",
    "by_index": "create unique index by_index_owner on by_index (owner, id);"
    "alter table by_index replica identity using index by_index_owner;",
}
LONG: Final = "string_agg(md5(n::text), '')"


def create(name: str, identity: str) -> str:
    return f"""
    create table {name} (id int primary key, owner uuid not null, body text);
    alter table {name} enable row level security;
    create policy own on {name} to authenticated using (owner = (select auth.uid()));
    alter table {name} alter column body set storage external;
    {identity}
    alter publication supabase_realtime add table {name};
    """


def shown(client: PhoenixClient, table: str) -> list[tuple[str, Any, Any]]:
    """Give type, record and old record of a table's changes, long values by their length."""
    return [
        (data["type"], brief(data.get("record")), brief(data.get("old_record")))
        for data in (change["data"] for change in client.changes("all"))
        if data["table"] == table
    ]


def brief(record: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {
        name: len(value) if name == "body" and value and len(value) > 100 else value
        for name, value in record.items()
        if name != "owner"
    }


async def test_old_rows_go_to_those_who_could_see_them_as_far_as_they_are_logged(
    database: Database, slot_name: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        for name, identity in IDENTITIES.items():
            await writer.execute(create(name, identity).encode())
        await writer.execute(
            "create table done (id int); alter publication supabase_realtime add table done"
        )
        async with (
            serving(database.url, slot_name) as url,
            phoenix_client(url) as ann,
            phoenix_client(url) as ben,
            phoenix_client(url, apikey=SECRET_KEY) as service,
        ):
            everything = {"event": "*", "schema": "public", "table": "*"}
            await ann.subscribe("all", everything, access_token=token(ANN))
            await ben.subscribe("all", everything, access_token=token(BEN))
            await service.subscribe("all", everything)
            count = 0
            for name in IDENTITIES:
                for statement in (
                    f"insert into {name} select 1, '{ANN}', {LONG} from generate_series(1, 300) n",
                    f"update {name} set owner = '{ANN}'",
                    f"update {name} set id = 2",
                    f"update {name} set owner = '{BEN}'",
                    f"delete from {name}",
                ):
                    await writer.execute(statement.encode())
                    # A value that was not logged can be read while the row is this version.
                    count += 1
                    await service.change_count("all", count)
            await writer.execute("insert into done values (1)")
            for client in (ann, ben, service):
                await client.until(
                    lambda m: m[3] == "postgres_changes" and m[4]["data"]["table"] == "done"
                )
            warnings = [m[4]["message"] for m in ann.messages if m[3] == "system"]

    row = {"id": 1, "body": 9600}
    moved = {"id": 2, "body": 9600}
    insert = ("INSERT", row, None)
    assert shown(ann, "by_full") == [insert, ("UPDATE", row, row), ("UPDATE", moved, row)]
    assert shown(ben, "by_full") == [("UPDATE", moved, {"id": 2}), ("DELETE", None, moved)]
    # Only the key is logged, and that does not tell whose row it was.
    assert shown(ann, "by_default") == [
        insert,
        ("UPDATE", row, {"id": 1}),
        ("UPDATE", moved, {"id": 2}),
    ]
    assert shown(ben, "by_default") == [("UPDATE", moved, {"id": 2})]
    # This key does tell.
    assert shown(ann, "by_index") == [
        insert,
        ("UPDATE", row, {"id": 1}),
        ("UPDATE", moved, {"id": 1}),
    ]
    assert shown(ben, "by_index") == [("UPDATE", moved, {"id": 2}), ("DELETE", None, {"id": 2})]
    # Whom no policy concerns gets all that is logged.
    for name in IDENTITIES:
        assert [kind for kind, _, _ in shown(service, name)] == [
            "INSERT",
            *["UPDATE"] * 3,
            "DELETE",
        ]
    advised = [message for message in warnings if "TABLE public.by_" in message]
    assert len(advised) == 1
    assert "ALTER TABLE public.by_default REPLICA IDENTITY FULL" in advised[0]


async def test_a_role_that_may_select_no_column_is_told_so_and_gets_nothing(
    database: Database, slot_name: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(create("hidden", "").encode())
        await writer.execute("revoke all on hidden from anon")
        await writer.execute("create policy p on hidden using (true)")
        async with (
            serving(database.url, slot_name) as url,
            phoenix_client(url) as client,
            phoenix_client(url, apikey=SECRET_KEY) as service,
        ):
            hidden = {"event": "*", "schema": "public", "table": "hidden"}
            await client.subscribe("all", hidden)
            await service.subscribe("all", hidden)
            await client.until(
                lambda m: m[3] == "system" and "GRANT SELECT ON public.hidden" in m[4]["message"]
            )
            await writer.execute("insert into hidden values (1, gen_random_uuid())")
            await service.change_count("all", 1)
            await writer.execute("grant select (id) on hidden to anon")
            await writer.execute("insert into hidden values (2, gen_random_uuid())")
            (only,) = await client.change_count("all", 1)

    assert only["data"]["record"] == {"id": 2}
    assert [column["name"] for column in only["data"]["columns"]] == ["id"]
