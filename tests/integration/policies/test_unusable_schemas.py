"""Policies that use what is in a schema without USAGE for the viewer, as PostgreSQL allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import psycopg
import pytest

from slotcast.claims import Claims
from slotcast.postgres.catalog import table_by_oid
from slotcast.postgres.pool import make_pool
from slotcast.verdicts import Question, Verdict
from support.judges import KINDS, make_judge

if TYPE_CHECKING:
    from slotcast.changes import Image
    from support.postgres import Database

ANN = "aaaaaaaa-0000-4000-8000-000000000001"
BEN = "aaaaaaaa-0000-4000-8000-000000000002"
USERS = (ANN, BEN, "aaaaaaaa-0000-4000-8000-000000000009")
IMAGES: tuple[Image, ...] = ((b"1", ANN.encode(), b"1"), (b"2", BEN.encode(), b"2"))
SCHEMA: LiteralString = """
create schema hidden;
create table hidden.members (user_id uuid, team int, primary key (user_id, team));
grant select on hidden.members to authenticated;
create function hidden.is_member(wanted int) returns boolean language sql stable security definer as
  'select exists (select from hidden.members m where m.team = wanted and m.user_id = auth.uid())';
create function hidden.is_anybody() returns boolean language plpgsql stable security definer as $$
declare
  team_count int := 0;
begin
  select count(*) into team_count from hidden.members m where m.user_id = auth.uid();
  if team_count > 0 then
    return true;
  end if;
  return false;
end $$;
create table public.notes (id int primary key, owner uuid, team int);
alter table public.notes enable row level security;
grant select on public.notes to authenticated;
insert into public.notes values
  (1, 'aaaaaaaa-0000-4000-8000-000000000001', 1), (2, 'aaaaaaaa-0000-4000-8000-000000000002', 2);
insert into hidden.members values
  ('aaaaaaaa-0000-4000-8000-000000000001', 2), ('aaaaaaaa-0000-4000-8000-000000000002', 1);
"""


def claims(user: str) -> Claims:
    return Claims(role="authenticated", document=f'{{"role":"authenticated","sub":"{user}"}}')


def selected(connection: psycopg.Connection, user: str) -> list[bool]:
    """Ask PostgreSQL which rows *user* sees."""
    with connection.transaction(force_rollback=True):
        document = claims(user).document
        connection.execute("select set_config('request.jwt.claims', %s, true)", [document])
        connection.execute("set local role authenticated")
        ids = {row[0] for row in connection.execute("select id from public.notes").fetchall()}
    return [number in ids for number in (1, 2)]


async def judged(url: str, kind: str) -> dict[str, list[bool]]:
    """Ask the judge which rows the users see."""
    async with make_pool(url, size=2, statement_timeout_s=30) as pool:
        async with pool.connection() as connection:
            cursor = await connection.execute("select 'public.notes'::regclass::oid")
            row = await cursor.fetchone()
            assert row is not None
            table = await table_by_oid(connection, row[0])
        assert table is not None
        viewers = frozenset(map(claims, USERS))
        questions = [Question(relation=table.relation, image=i, viewers=viewers) for i in IMAGES]
        answers = await make_judge(kind, pool).judge.judge(questions)
    return {
        user: [rulings[claims(user)].verdict is Verdict.VISIBLE for rulings in answers]
        for user in USERS
    }


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_in_a_schema_without_usage_counts_as_in_a_select(
    database: Database, kind: str
) -> None:
    policies: dict[str, LiteralString] = {
        "a function that is read": "hidden.is_member(team)",
        "a function that is not": "hidden.is_anybody() and id = 1",
        "a function beside what is compiled": "owner = auth.uid() or hidden.is_anybody()",
        "a table": "team in (select team from hidden.members where user_id = auth.uid())",
    }
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(SCHEMA)
        for name, expression in policies.items():
            connection.execute("drop policy if exists p on public.notes")
            connection.execute(f"create policy p on public.notes for select using ({expression})")
            wanted = {user: selected(connection, user) for user in USERS}

            assert await judged(database.url, kind) == wanted, name
            assert any(map(any, wanted.values()))
