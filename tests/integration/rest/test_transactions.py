"""What is kept of a request, and what a read has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from support.rest import ALICE, rest

if TYPE_CHECKING:
    from support.postgres import Database
    from support.rest import Rest

pytestmark = pytest.mark.asyncio(loop_scope="module")

REPRESENTED = {"Prefer": "return=representation"}


async def count(served: Rest, body: str) -> int:
    connection = await psycopg.AsyncConnection.connect(served.database_url)
    async with connection:
        cursor = await connection.execute("select from notes.notes where body = %s", [body])
        return cursor.rowcount


async def test_a_write_is_kept(served: Rest) -> None:
    answer = await served.ask("POST", "/notes", body={"body": "kept"})

    assert (answer.status, answer.json) == (201, None)
    assert await count(served, "kept") == 1


@pytest.mark.parametrize("preference", ["", "return=representation"])
async def test_a_write_is_undone_when_its_result_is_not_the_one_row_asked_for(
    served: Rest, preference: str
) -> None:
    headers = {"Accept": "application/vnd.pgrst.object+json", "Prefer": preference}
    body = [{"body": "twin"}, {"body": "twin"}]

    answer = await served.ask("POST", "/notes", body=body, headers=headers)

    assert (answer.status, answer.json["code"]) == (406, "PGRST116")
    assert await count(served, "twin") == 0


async def test_a_write_of_too_many_rows_is_undone(served: Rest) -> None:
    headers = {"Prefer": "handling=strict, max-affected=1"}

    answer = await served.ask("PATCH", "/notes", body={"body": "overwritten"}, headers=headers)

    assert (answer.status, answer.json["code"]) == (400, "PGRST124")
    assert await count(served, "overwritten") == 0


async def test_a_constraint_that_waits_for_the_end_is_told_of(served: Rest) -> None:
    body = {"body": "nowhere", "folder_id": 99}

    answer = await served.ask("POST", "/notes", body=body, headers=REPRESENTED)

    assert (answer.status, answer.json["code"]) == (409, "23503")
    assert await count(served, "nowhere") == 0


async def test_the_connection_serves_on_after_every_kind_of_error(served: Rest) -> None:
    for method, path, body in (
        ("POST", "/notes", {"body": None}),
        ("POST", "/notes", {"body": "x", "folder_id": 99}),
        ("GET", "/notes?id=eq.x", None),
        ("GET", "/notes?nothing=eq.1", None),
        ("PATCH", "/notes?id=eq.1", {"id": "x"}),
    ):
        refused = await served.ask(method, path, body=body)
        answered = await served.ask("GET", "/folders")

        assert refused.status in (400, 409)
        assert answered.status == 200


@pytest.mark.parametrize(
    ("served", "preference", "kept"),
    [
        ({"rest_tx_end": "rollback"}, "tx=commit", 0),
        ({"rest_tx_end": "rollback-allow-override"}, "tx=commit", 1),
        ({"rest_tx_end": "rollback-allow-override"}, "", 0),
        ({"rest_tx_end": "commit-allow-override"}, "tx=rollback", 0),
        ({"rest_tx_end": "commit"}, "tx=rollback", 1),
    ],
    indirect=["served"],
)
async def test_the_server_decides_whether_clients_choose_how_it_ends(
    served: Rest, preference: str, kept: int, request: pytest.FixtureRequest
) -> None:
    name = request.node.name

    answer = await served.ask("POST", "/notes", body={"body": name}, headers={"Prefer": preference})

    assert answer.status == 201
    assert await count(served, name) == kept


@pytest.mark.parametrize("served", [{"rest_tx_end": "rollback"}], indirect=True)
async def test_a_constraint_that_waits_for_the_end_is_told_of_even_if_nothing_is_kept(
    served: Rest,
) -> None:
    answer = await served.ask("POST", "/notes", body={"body": "nowhere", "folder_id": 99})

    assert (answer.status, answer.json["code"]) == (409, "23503")


async def test_a_read_cannot_write(served: Rest) -> None:
    await served.sql(
        "create or replace function notes.scribble() returns void language sql volatile"
        " as $$ insert into notes.folders values (7, 'scribbled') $$;"
        " notify pgrst"
    )
    await served.ask_until(405, "/rpc/scribble")

    answer = await served.ask("GET", "/rpc/scribble")

    assert answer.json["code"] == "25006"


async def test_a_read_names_the_snapshot_that_it_has_seen(served: Rest) -> None:
    open_writer = await psycopg.AsyncConnection.connect(served.database_url)
    async with open_writer:
        cursor = await open_writer.execute(
            "insert into notes.notes (owner, body) values (%s, 'open')"
            " returning pg_current_xact_id()::text",
            [ALICE],
        )
        row = await cursor.fetchone()
        assert row is not None
        answer = await served.ask("GET", "/notes?body=eq.open")
        await open_writer.rollback()

    connection = await psycopg.AsyncConnection.connect(served.database_url)
    async with connection:
        cursor = await connection.execute(
            "select pg_visible_in_snapshot(%s::xid8, %s::pg_snapshot)",
            [row[0], answer.headers["Slotcast-Snapshot"]],
        )
        visible = await cursor.fetchone()
    assert answer.json == []
    assert visible == (False,)


async def test_a_snapshot_comes_with_heads_but_not_with_writes(served: Rest) -> None:
    head = await served.ask("HEAD", "/notes")
    write = await served.ask("PATCH", "/notes?id=eq.0", body={"body": "x"}, headers=REPRESENTED)

    assert "Slotcast-Snapshot" in head.headers
    assert "Slotcast-Snapshot" not in write.headers


@pytest.mark.parametrize("served", [{"rest_pre_request": "notes.gate"}], indirect=True)
async def test_the_function_that_runs_before_can_refuse_and_knows_who_asks(served: Rest) -> None:
    await served.sql(
        "create or replace function notes.gate() returns void language plpgsql as $$ begin"
        " if auth.uid() is null then raise sqlstate 'PT402' using message = 'Pay first'; end if;"
        " end $$"
    )

    refused = await served.ask("GET", "/folders", sub=None)
    allowed = await served.ask("GET", "/folders")

    assert (refused.status, refused.json["message"]) == (402, "Pay first")
    assert allowed.status == 200


async def test_a_role_may_have_an_isolation_level_of_its_own(notes: Database) -> None:
    with psycopg.connect(notes.url, autocommit=True) as connection:
        connection.execute(
            "alter role authenticated set default_transaction_isolation = serializable"
        )
        try:
            async with rest(notes.url) as served:
                read = await served.ask("GET", "/rpc/setting?name=transaction_isolation")
                read_only = await served.ask("GET", "/rpc/setting?name=transaction_read_only")
        finally:
            connection.execute("alter role authenticated reset default_transaction_isolation")

    assert (read.json, read_only.json) == ("serializable", "on")


async def test_settings_of_the_server_are_in_every_transaction(notes: Database) -> None:
    async with rest(notes.url, rest_app_settings="app.settings.motto=onward") as served:
        answer = await served.ask("GET", "/rpc/setting?name=app.settings.motto")

    assert answer.json == "onward"
