"""What one subscriber brings about (errors, slowness, probing) concerns that one alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from support.scene import Viewer, scene, user

if TYPE_CHECKING:
    from support.phoenix import PhoenixClient
    from support.postgres import Database

ANN: Final = "aaaaaaaa-0000-4000-8000-000000000001"
BEN: Final = "aaaaaaaa-0000-4000-8000-000000000002"
EVE: Final = "aaaaaaaa-0000-4000-8000-000000000003"

NOTES: Final = """
create table public.notes (id int primary key, owner uuid, body text);
alter table public.notes enable row level security;
create policy own on public.notes for select to authenticated using (owner = auth.uid());
create table public.open (id int primary key);
"""
SLOW_FOR_EVE: Final = f"""
create function public.wait() returns boolean language plpgsql as
  'begin perform pg_sleep(60); return true; end';
create policy slow on public.notes for select to authenticated
  using (auth.uid() = '{EVE}' and auth.jwt() ->> 'patience' is null and public.wait());
"""
# Every way to cut up a text in three, and then that it does not go on so.
HOPELESS: Final = {
    "event": "*",
    "schema": "public",
    "table": "notes",
    "filter": r"body=match.^(.+)(.+)(.+)\1\2\3\1$",
}
LONG: Final = "ab" * 300

TABLES: Final = ("public.notes", "public.open")


def ids(client: PhoenixClient, name: str, table: str) -> list[Any]:
    return [
        change["data"]["record"]["id"]
        for change in client.changes(name)
        if change["data"]["table"] == table and "record" in change["data"]
    ]


async def test_a_slow_policy_ends_only_its_own_channel_until_another_token_is_shown(
    database: Database, slot_name: str
) -> None:
    viewers = [user("ann", ANN), user("eve", EVE)]
    async with scene(
        database.url, slot_name, NOTES + SLOW_FOR_EVE, TABLES, viewers, judge_timeout_s=0.3
    ) as stage:
        eve = stage.clients["eve"]
        await stage.writer.execute(f"insert into notes values (1, '{ANN}')".encode())
        told = await eve.until(lambda m: m[3] == "system" and "Nothing more" in m[4]["message"])
        await stage.writer.execute(f"insert into notes values (2, '{ANN}')".encode())
        await stage.clients["ann"].until(
            lambda _: len(ids(stage.clients["ann"], "scene", "notes")) == 2
        )

        # Said to be subscribed again, she is.
        patient = user("eve", EVE, patience=1)
        before = len(eve.messages)
        await eve.push("realtime:scene", "access_token", {"access_token": patient.token}, "1")
        await eve.until(
            lambda m: m[3] == "system" and m[4]["extension"] == "postgres_changes", after=before
        )
        await stage.writer.execute(f"insert into notes values (3, '{EVE}')".encode())
        await stage.settle()

        assert ids(eve, "scene", "notes") == [3]
        assert "judge_timeout_s" in told[4]["message"]


async def test_a_filter_that_takes_too_long_is_waited_for_once(
    database: Database, slot_name: str
) -> None:
    viewers = [user("ann", ANN), user("eve", EVE)]
    async with scene(database.url, slot_name, NOTES, TABLES, viewers, judge_timeout_s=0.3) as stage:
        eve = stage.clients["eve"]
        await eve.subscribe("hopeless", HOPELESS, access_token=user("eve", EVE).token)

        await stage.writer.execute(
            "insert into notes select n, %s, %s || n from generate_series(1, 20) n", [EVE, LONG]
        )
        told = await eve.until(lambda m: m[3] == "system" and "Nothing more" in m[4]["message"])
        await stage.settle()

        assert told[2] == "realtime:hopeless"
        assert "57014" in told[4]["message"]
        assert ids(eve, "scene", "notes") == list(range(1, 21))
        assert ids(eve, "hopeless", "notes") == []


async def test_a_filter_is_never_tried_on_a_row_that_its_owner_may_not_see(
    database: Database, slot_name: str
) -> None:
    viewers = [user("ann", ANN), user("eve", EVE)]
    async with scene(database.url, slot_name, NOTES, TABLES, viewers, judge_timeout_s=0.3) as stage:
        eve = stage.clients["eve"]
        await eve.subscribe("hopeless", HOPELESS, access_token=user("eve", EVE).token)
        before = len(eve.messages)

        await stage.writer.execute("insert into notes values (1, %s, %s)", [ANN, LONG])
        await stage.settle()

        assert {m[3] for m in eve.messages[before:]} == {"postgres_changes"}
        assert ids(stage.clients["ann"], "scene", "notes") == [1]


async def test_deletes_sent_as_the_original_does_tell_the_key_and_nothing_else(
    database: Database, slot_name: str
) -> None:
    async with scene(
        database.url, slot_name, NOTES, TABLES, [user("eve", EVE)], delete_events="supabase"
    ) as stage:
        eve = stage.clients["eve"]
        table = {"event": "DELETE", "schema": "public", "table": "notes"}
        token = user("eve", EVE).token
        await eve.subscribe("key", {**table, "filter": "id=eq.1"}, access_token=token)
        await eve.subscribe("probe", {**table, "filter": "body=eq.secret"}, access_token=token)
        await eve.subscribe("probe more", {**table, "filter": "body=match.^s"}, access_token=token)

        await stage.writer.execute("insert into notes values (1, %s, 'secret')", [ANN])
        await stage.writer.execute("delete from notes")
        await stage.settle()

        (deleted,) = eve.changes("key")
        assert deleted["data"]["old_record"] == {"id": 1}
        assert eve.changes("probe") == eve.changes("probe more") == []


async def test_a_policy_that_raises_costs_its_viewer_that_table_and_nobody_else_anything(
    database: Database, slot_name: str
) -> None:
    viewers = [user("ann", ANN), user("malformed", "nobody"), Viewer(name="anon", role="anon")]
    async with scene(database.url, slot_name, NOTES, TABLES, viewers) as stage:
        for number in range(1, 4):
            await stage.commit(
                f"insert into notes values ({number}, '{ANN}')",
                f"insert into open values ({number})",
            )
        await stage.check()
        told = stage.notices("malformed")

        assert ids(stage.clients["malformed"], "scene", "open") == [1, 2, 3]
        assert len(told) == 1
        assert "public.notes" in told[0]
        assert "22P02" in told[0]
        assert stage.notices("ann") == []
