"""What functions leave in PostgreSQL's sessions, which all requests share, harms nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import psycopg
import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from support.rest import Rest

pytestmark = pytest.mark.asyncio(loop_scope="module")

FUNCTIONS: Final = """
create or replace function notes.locked(notes.folders) returns boolean language sql volatile
  as $$ select pg_advisory_lock(4712) is not null $$;
create or replace function notes.locked_and_failed(notes.folders) returns boolean
  language plpgsql volatile as $$
  begin
    perform pg_advisory_lock(4712);
    raise exception 'it fails';
  end $$;
create or replace function notes.undo(command text, kept text default null) returns text
  language plpgsql volatile as $$
  begin
    if kept is not null then
      insert into notes.notes (body) values (kept);
    end if;
    execute command;
    return command;
  end $$;
create or replace function notes.undo_by(notes.notes) returns text
  language plpgsql volatile as $$ begin execute 'deallocate all'; return 'done'; end $$;
create or replace function notes.take_names() returns text language plpgsql volatile
  as $$
  begin
    for number in 1..400 loop
      begin
        execute format('prepare slotcast_%s as select 1', number);
      exception when duplicate_prepared_statement then null;
      end;
    end loop;
    return 'taken';
  end $$;
notify pgrst;
"""
REPRESENTED: Final = {"Prefer": "return=representation"}


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def functions(served: Rest) -> None:
    await served.sql(FUNCTIONS)
    await served.ask_until(200, "/rpc/undo?command=select")


async def lock_count(served: Rest) -> int:
    connection = await psycopg.AsyncConnection.connect(served.database_url)
    async with connection:
        cursor = await connection.execute("select count(*) from pg_locks where objid = 4712")
        row = await cursor.fetchone()
    assert row is not None
    return row[0]


async def test_a_read_leaves_no_advisory_lock(served: Rest) -> None:
    read = await served.ask("GET", "/folders?select=id,locked")
    failed = await served.ask("GET", "/folders?select=id,locked_and_failed")

    assert (read.status, read.json) == (200, [{"id": 1, "locked": True}])
    assert (failed.status, failed.json["message"]) == (400, "it fails")
    assert await lock_count(served) == 0


@pytest.mark.parametrize("command", ["deallocate all", "deallocate slotcast_1"])
async def test_a_call_that_takes_our_statements_away_is_answered_and_kept_once(
    served: Rest, command: str
) -> None:
    for number in range(3):
        await served.ask("GET", "/notes?id=eq.0")  # so that some are prepared
        body = {"command": command, "kept": f"{command} {number}"}
        call = await served.ask("POST", "/rpc/undo", body=body)
        reading = await served.ask("GET", f"/rpc/undo?command={command}")
        after = await served.ask("GET", f"/notes?body=eq.{command} {number}&select=body")

        assert (call.status, call.json, reading.status) == (200, command, 200)
        assert after.json == [{"body": body["kept"]}]
    await served.ask("DELETE", f"/notes?body=like.{command}*")


async def test_a_write_whose_answer_takes_our_statements_away_is_kept_once(served: Rest) -> None:
    for number in range(3):
        write = await served.ask(
            "POST",
            "/notes?select=body,undo_by",
            body={"body": f"once {number}"},
            headers={**REPRESENTED, "Accept": "application/vnd.pgrst.object+json"},
        )
        assert (write.status, write.json["undo_by"]) == (201, "done")
    after = await served.ask("DELETE", "/notes?body=like.once*", headers=REPRESENTED)

    assert [row["body"] for row in after.json] == ["once 0", "once 1", "once 2"]


async def test_names_that_a_call_has_taken_hinder_nobody_else(served: Rest) -> None:
    await served.ask("POST", "/rpc/take_names", body={})

    reads = [await served.ask("GET", f"/notes?select=id&limit={number}") for number in range(1, 9)]

    assert [read.status for read in reads] == [200] * 8


async def test_a_functions_own_mistake_with_statements_is_told(served: Rest) -> None:
    answer = await served.ask("POST", "/rpc/undo", body={"command": "deallocate nothing"})

    assert (answer.status, answer.json["code"]) == (400, "26000")
