"""What is said of policies: compiled or not, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from slotcast.claims import Claims
from slotcast.policies.explain import Explanation, explain
from slotcast.postgres.catalog import table_by_oid

if TYPE_CHECKING:
    from support.postgres import Database

ANN = "aaaaaaaa-0000-4000-8000-000000000001"
SEARCH_PATH = "public, extensions"

TABLES = """
create table docs (id int primary key, owner uuid, body text, until timestamptz);
alter table docs enable row level security;
create table teams (id int primary key, who uuid);
insert into teams values (1, 'aaaaaaaa-0000-4000-8000-000000000001');
revoke select on docs from authenticated;
grant select (id, owner) on docs to authenticated;
grant select on teams to authenticated;
"""


async def explained(
    connection: psycopg.AsyncConnection, table: str, role: str, claims: Claims | None = None
) -> Explanation:
    cursor = await connection.execute("select %s::regclass::oid::int8", [table])
    row = await cursor.fetchone()
    assert row is not None
    found = await table_by_oid(connection, row[0])
    assert found is not None
    return await explain(connection, found.relation, role, search_path=SEARCH_PATH, claims=claims)


async def test_every_policy_of_the_appointments_schema_is_compiled(database: Database) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection:
        cursor = await connection.execute(
            "select relname from pg_class where relrowsecurity"
            " and relnamespace = 'public'::regnamespace"
        )
        tables = [row[0] for row in await cursor.fetchall()]
        opaque = {
            (table, role): explanation.policies
            for table in tables
            for role in ("anon", "authenticated")
            if not (explanation := await explained(connection, table, role)).is_compiled
        }
        indexed = [
            (await explained(connection, table, "authenticated")).is_indexed for table in tables
        ]

    assert len(tables) == 15
    assert opaque == {}
    assert all(indexed)


async def test_it_tells_why_a_policy_is_put_to_postgresql(database: Database) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection:
        await connection.execute(TABLES)
        await connection.execute("create policy own on docs using (owner = auth.uid())")
        await connection.execute("create policy timed on docs using (until > now())")
        explanation = await explained(connection, "docs", "authenticated")

    problems = {policy.name: policy.problems for policy in explanation.policies}
    assert explanation.readable == {"id", "owner"}
    assert not explanation.is_compiled
    assert problems["own"] == ()
    assert "now()" in problems["timed"][0]


async def test_it_tells_what_facts_are_for_given_claims(database: Database) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection:
        await connection.execute(TABLES)
        await connection.execute(
            "create policy team on docs using (id in (select id from teams where who = auth.uid()))"
        )
        ann = Claims(role="authenticated", document=f'{{"sub":"{ANN}"}}', subject=ANN)
        odd = Claims(role="authenticated", document='{"sub":"nobody"}', subject="nobody")
        told = await explained(connection, "docs", "authenticated", ann)
        failed = await explained(connection, "docs", "authenticated", odd)

    (team,) = [fact for fact in told.facts if fact.tables]
    assert (team.tables, team.is_followed, team.sqlstate) == (("public.teams",), True, None)
    assert team.result is not None
    assert '["1"]' in team.result
    assert {fact.sqlstate for fact in failed.facts} == {"22P02"}


async def test_a_role_that_sees_everything_has_no_policies(database: Database) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection:
        await connection.execute(TABLES)
        explanation = await explained(connection, "docs", "service_role")

    assert explanation.is_unconditional
    assert explanation.policies == ()
