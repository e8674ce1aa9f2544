"""The schema cache follows the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from support.rest import rest

if TYPE_CHECKING:
    from support.postgres import Database
    from support.rest import Rest

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_new_table_is_served_after_its_creation(served: Rest) -> None:
    assert (await served.ask("GET", "/fresh")).json["code"] == "PGRST205"

    await served.sql(
        "create table notes.fresh (id integer); grant select on notes.fresh to authenticated"
    )

    assert (await served.ask_until(200, "/fresh")).json == []


async def test_a_table_is_gone_after_it_was_dropped(served: Rest) -> None:
    await served.sql("create table notes.brief (); grant select on notes.brief to authenticated")
    await served.ask_until(200, "/brief")

    await served.sql("drop table notes.brief")

    assert (await served.ask_until(404, "/brief")).json["code"] in ("PGRST205", "42P01")


async def test_a_notification_is_enough_where_event_triggers_are_missing(notes: Database) -> None:
    with psycopg.connect(notes.url, autocommit=True) as connection:
        connection.execute("alter event trigger pgrst_ddl_watch disable")
        try:
            async with rest(notes.url) as served:
                await served.sql("create view notes.seen as select title from notes.folders")
                await served.sql("grant select on notes.seen to authenticated")
                before = await served.ask("GET", "/seen")
                await served.sql("notify pgrst, 'reload schema'")
                after = await served.ask_until(200, "/seen")
        finally:
            connection.execute("alter event trigger pgrst_ddl_watch enable")

    assert before.status == 404
    assert after.json == [{"title": "inbox"}]


async def test_prepared_statements_survive_that_their_table_changes(served: Rest) -> None:
    await served.sql(
        "create table notes.changing (id integer); insert into notes.changing values (1);"
        " grant select on notes.changing to authenticated"
    )
    await served.ask_until(200, "/changing?select=*")

    await served.sql("alter table notes.changing add name text default 'new'")
    answer = await served.ask("GET", "/changing?select=*")

    assert answer.json == [{"id": 1, "name": "new"}]


async def test_what_the_database_says_counts_more_than_the_settings(notes: Database) -> None:
    with psycopg.connect(notes.url, autocommit=True) as connection:
        connection.execute("alter role authenticator set pgrst.db_max_rows = '1'")
        try:
            async with rest(notes.url) as served:
                limited = await served.ask("GET", "/notes?select=id")
                connection.execute("alter role authenticator reset pgrst.db_max_rows")
                connection.execute("notify pgrst, 'reload config'")
                unlimited = limited
                while len(unlimited.json) == 1:
                    unlimited = await served.ask_until(200, "/notes?select=id")
        finally:
            connection.execute("alter role authenticator reset pgrst.db_max_rows")

    assert len(limited.json) == 1
    assert len(unlimited.json) == 2


@pytest.mark.parametrize("value", ["-1", "many"])
async def test_what_the_database_says_senselessly_does_not_count(
    notes: Database, value: str
) -> None:
    with psycopg.connect(notes.url, autocommit=True) as connection:
        connection.execute(f"alter role authenticator set pgrst.db_max_rows = '{value}'".encode())
        try:
            async with rest(notes.url) as served:
                answer = await served.ask("GET", "/notes?select=id")
        finally:
            connection.execute("alter role authenticator reset pgrst.db_max_rows")

    assert len(answer.json) == 2


async def test_a_listener_that_was_ended_comes_back(served: Rest) -> None:
    await served.sql(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where application_name = 'slotcast rest schema' and datname = current_database()"
    )

    await served.sql("create table notes.later (); grant select on notes.later to authenticated")

    assert (await served.ask_until(200, "/later")).json == []
