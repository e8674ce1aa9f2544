"""Policies that select from tables which the viewer's role may not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from slotcast.claims import Claims
from slotcast.postgres.catalog import table_by_oid
from slotcast.postgres.pool import make_pool
from slotcast.verdicts import Question, Verdict
from support.judges import KINDS, make_judge

if TYPE_CHECKING:
    from support.postgres import Database

# The limits are compared in a way that is not compiled.
SCHEMA = """
create table public.notes (id int primary key, is_public bool, size int);
create table public.limits (size int);
insert into public.limits values (10);
revoke all on public.limits from authenticated;
alter table public.notes enable row level security;
grant select on public.notes to authenticated;
create policy small on public.notes for select to authenticated
  using (is_public or exists (select from public.limits l where l.size > notes.size));
"""
VIEWER = Claims(role="authenticated", document='{"role":"authenticated"}')


async def verdicts(url: str, kind: str) -> list[Verdict]:
    """Rule on a public and on a large row."""
    async with make_pool(url, size=2, statement_timeout_s=30) as pool:
        async with pool.connection() as connection:
            cursor = await connection.execute("select 'public.notes'::regclass::oid")
            row = await cursor.fetchone()
            assert row is not None
            table = await table_by_oid(connection, row[0])
        assert table is not None
        judge = make_judge(kind, pool).judge
        questions = [
            Question(relation=table.relation, image=image, viewers=frozenset({VIEWER}))
            for image in ((b"1", b"t", b"99"), (b"2", b"f", b"99"))
        ]
        return [rulings[VIEWER].verdict for rulings in await judge.judge(questions)]


@pytest.mark.parametrize("kind", KINDS)
async def test_who_may_not_read_a_table_of_a_policy_sees_nothing_even_if_it_is_not_reached(
    database: Database, kind: str
) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(SCHEMA)

        refused = await verdicts(database.url, kind)
        connection.execute("grant select on public.limits to authenticated")
        granted = await verdicts(database.url, kind)

    assert refused == [Verdict.FAILED, Verdict.FAILED]
    assert granted == [Verdict.VISIBLE, Verdict.HIDDEN]
