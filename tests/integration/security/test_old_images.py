"""What is logged of an old row decides who gets it: nobody whom it might not be for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import psycopg

from support.phoenix import TIMEOUT_S, phoenix_client
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


async def test_a_large_value_written_later_in_the_transaction_is_not_shown_before(
    database: Database, slot_name: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(create("by_default", "").encode())
        await writer.execute("alter table by_default disable row level security")
        await writer.execute("alter table by_default add n int")
        await writer.execute(
            f"insert into by_default select 1, %s, {LONG} from generate_series(1, 300) n", [ANN]
        )
        async with (
            serving(database.url, slot_name) as url,
            phoenix_client(url, apikey=SECRET_KEY) as service,
        ):
            everything = {"event": "*", "schema": "public", "table": "by_default"}
            await service.subscribe("all", everything)
            async with writer.transaction():
                await writer.execute("update by_default set n = 1")
                await writer.execute("update by_default set body = 'short'")
            await writer.execute(
                f"update by_default set body = (select {LONG} from generate_series(1, 400) n)"
            )
            async with writer.transaction():
                await writer.execute("insert into by_default values (2, %s, 'other')", [ANN])
                await writer.execute("update by_default set n = 2 where id = 1")
            await service.change_count("all", 5)

    assert [record for _, record, _ in shown(service, "by_default")] == [
        {"id": 1, "n": 1},  # the value was another than the one that the row has by now
        {"id": 1, "n": 1, "body": "short"},
        {"id": 1, "n": 1, "body": 12800},
        {"id": 2, "n": None, "body": "other"},
        {"id": 1, "n": 2, "body": 12800},
    ]


async def until_somebody_waits_for_a_lock(
    connection: psycopg.AsyncConnection[Any], *, is_waiting: bool
) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            cursor = await connection.execute(
                "select exists (select from pg_locks where not granted)"
            )
            if await cursor.fetchone() == (is_waiting,):
                return


async def test_a_table_that_is_locked_costs_nobody_a_change(
    database: Database, slot_name: str
) -> None:
    async with (
        await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer,
        await psycopg.AsyncConnection.connect(database.url) as locker,
    ):
        await writer.execute(
            """
            create table members (user_id uuid);
            create table things (id int primary key);
            alter table things enable row level security;
            create policy member on things using
                (exists (select from members m where m.user_id = (select auth.uid())));
            alter publication supabase_realtime add table things;
            """
        )
        await writer.execute("insert into members values (%s)", [ANN])
        async with (
            serving(database.url, slot_name, judge_timeout_s=0.2) as url,
            phoenix_client(url) as ann,
        ):
            await ann.subscribe(
                "all",
                {"event": "*", "schema": "public", "table": "things"},
                access_token=token(ANN),
            )
            await locker.execute("lock table members in access exclusive mode")
            await writer.execute("insert into things values (1)")
            for is_waiting in (True, False, True):  # it is asked, gives up, and asked again
                await until_somebody_waits_for_a_lock(writer, is_waiting=is_waiting)
            await locker.rollback()
            await writer.execute("insert into things values (2)")
            got = await ann.change_count("all", 2)

    assert [change["data"]["record"]["id"] for change in got] == [1, 2]
    assert not [m for m in ann.messages if m[3] == "system" and m[4]["extension"] == "slotcast"]
