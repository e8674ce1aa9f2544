"""The tables behind policies, compared with those that PostgreSQL opens to evaluate them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
import pytest

from slotcast.policies.dependencies import Dependencies, find

if TYPE_CHECKING:
    from support.postgres import Database

SEARCH_PATH = "public, extensions"

TABLES = """
create table docs (id int primary key, team int, body text);
create table teams (id int primary key, org int);
create table members (team int, who text, primary key (team, who));
create table orgs (id int primary key);
create table grown (id int primary key) partition by range (id);
create table grown_low partition of grown for values from (0) to (100);
create table parent (id int primary key);
create table child (extra int) inherits (parent);
insert into docs values (1, 1, 'x');
insert into teams values (1, 1);
insert into members values (1, 'ann');
insert into orgs values (1);
alter table docs enable row level security;
grant select on all tables in schema public to authenticated;
"""


@dataclass(frozen=True)
class Case:
    """
    A policy on `docs`.

    Attributes:
        policy: Its expression.
        tables: Those that it depends on.
        reason: Part of why that is not all; None if it is.
        before: What has to exist first.
    """

    policy: str
    tables: set[str]
    reason: str | None = None
    before: str = ""


CASES = {
    "constant": Case("true", set()),
    "claims": Case("body = auth.jwt() ->> 'sub' or auth.uid() is null", set()),
    "setting": Case("realtime.topic() is null and current_setting('a.b', true) is null", set()),
    "subquery": Case("team in (select team from members)", {"members"}),
    "exists": Case("exists (select from members m where m.team = docs.team)", {"members"}),
    "join": Case(
        "exists (select from teams t join members m on m.team = t.id)", {"teams", "members"}
    ),
    "with": Case(
        "exists (with q as (select * from members) select from q join teams on true)",
        {"members", "teams"},
    ),
    "view": Case(
        "exists (select from v)",
        {"members", "teams"},
        before="create view v as select m.* from members m join (select * from teams) t on true;"
        " grant select on v to authenticated",
    ),
    "view on a view with a function": Case(
        "exists (select from w)",
        {"members", "orgs"},
        before="create function f() returns bool language sql stable as"
        " 'select exists (select from public.orgs)';"
        " create view v as select * from members; create view w as select * from v where f();"
        " grant select on v, w to authenticated",
    ),
    "SQL function as a string": Case(
        "may(team)",
        {"members"},
        before="create function may(t int) returns bool language sql stable as"
        " 'select exists (select from members m where m.team = t)'",
    ),
    "SQL function as statements": Case(
        "may(team)",
        {"members", "teams"},
        before="create function may(t int) returns bool language sql stable begin atomic"
        " select exists (select from members m join teams on true where m.team = t); end",
    ),
    "SQL function as an expression": Case(
        "may(team)",
        {"teams"},
        before="create function may(t int) returns bool language sql stable"
        " return t in (select id from teams)",
    ),
    "function in a function": Case(
        "outer_f(team)",
        {"members"},
        before="create function inner_f(t int) returns bool language sql stable as"
        " 'select exists (select from members m where m.team = t)';"
        " create function outer_f(t int) returns bool language sql stable as 'select inner_f(t)'",
    ),
    "PL/pgSQL": Case(
        "may(team)",
        {"members", "teams", "orgs", "grown"},
        before="""
            create function may(t int) returns bool language plpgsql as $$
            declare n int := (select count(*) from orgs); r record;
            begin
              select n + count(*) into n from public.teams;
              for r in select * from grown loop n := n + 1; end loop;
              if n = 0 then return false; end if;
              n := n + (select count(*) from members);
              return n > 0;
            end $$""",
    ),
    "PL/pgSQL with a search_path": Case(
        "may()",
        {"elsewhere.hidden"},
        before="create schema elsewhere; create table elsewhere.hidden (id int primary key);"
        " create function may() returns bool language plpgsql stable security definer"
        " set search_path = elsewhere as"
        " $$ begin return not exists (select from hidden); end $$",
    ),
    "security definer": Case(
        "may(team)",
        {"members"},
        before="alter table members enable row level security;"
        " create policy p on members using (exists (select from orgs));"
        " create function may(t int) returns bool language sql stable security definer as"
        " 'select exists (select from members m where m.team = t)'",
    ),
    "security invoker meets nested policies": Case(
        "exists (select from members)",
        {"members", "teams", "orgs"},
        before="alter table members enable row level security;"
        " create policy p on members using (exists (select from teams));"
        " alter table teams enable row level security;"
        " create policy q on teams using (exists (select from orgs))",
    ),
    "policies that lead in a circle": Case(
        "exists (select from members)",
        {"members", "teams"},
        before="create function f() returns bool language sql stable security definer as"
        " 'select exists (select from teams)';"
        " alter table members enable row level security; create policy p on members using (f());"
        " alter table teams enable row level security; alter table teams force row level security;"
        " create policy q on teams using (exists (select from members))",
    ),
    "partitioned": Case("exists (select from grown) or true", {"grown"}),
    "inheritance": Case("exists (select from parent) or true", {"parent", "child"}),
    "operator": Case(
        "team === 1",
        {"members"},
        before="create function same(a int, b int) returns bool language sql stable as"
        " 'select a = b and exists (select from members)';"
        " create operator === (function = same, leftarg = int, rightarg = int)",
    ),
    "operator within a function": Case(
        "may(team)",
        {"members"},
        before="create function same(a int, b int) returns bool language sql stable as"
        " 'select a = b and exists (select from members)';"
        " create operator === (function = same, leftarg = int, rightarg = int);"
        " create function may(t int) returns bool language sql stable as 'select t === 1'",
    ),
    "time": Case("now() > '2020-01-01'", set(), "depends on the time"),
    "date": Case("current_date > '2020-01-01'", set(), "depends on the time"),
    "time within a function": Case(
        "may()",
        set(),
        "may depend on the time",
        before="create function may() returns bool language sql as"
        " $$ select 'now'::timestamptz > '2020-01-01' $$",
    ),
    "random": Case("random() >= 0", set(), "volatile"),
    "dynamic": Case(
        "may()",
        set(),
        "executes a string",
        before="create function may() returns bool language plpgsql as"
        " $$ declare n int; begin execute 'select 1' into n; return n = 1; end $$",
    ),
    "catalog": Case("exists (select from pg_catalog.pg_roles)", set(), "system catalog"),
    "privileges": Case("has_table_privilege('docs', 'select')", set(), "cannot be seen"),
    "itself": Case("exists (select from docs d) or true", set(), "the table itself"),
    "materialized view": Case(
        "exists (select from mv)",
        set(),
        "write-ahead log",
        before="create materialized view mv as select 1 as n; grant select on mv to authenticated",
    ),
    "writes": Case(
        "may()",
        {"orgs"},
        "it writes",
        before="create function may() returns bool language sql security definer as"
        " 'insert into orgs values (7) on conflict do nothing; select true'",
    ),
}


async def dependencies(url: str, table: str = "docs") -> tuple[set[str], Dependencies]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        cursor = await connection.execute("select %s::regclass::oid::int8", [table])
        row = await cursor.fetchone()
        assert row is not None
        found = await find(connection, row[0], commands="r*", search_path=SEARCH_PATH)
        cursor = await connection.execute(
            "select oid::regclass::text from pg_class where oid = any(%s)", [list(found.tables)]
        )
        return {name for (name,) in await cursor.fetchall()}, found


def really_opened(url: str) -> set[str]:
    """Tell which tables PostgreSQL locks when a member reads `docs`."""
    with psycopg.connect(url) as connection:
        connection.execute("set local search_path = public, extensions")
        connection.execute("set local role authenticated")
        connection.execute("select from docs")
        connection.execute("reset role")
        rows = connection.execute(
            "select c.oid::regclass::text from pg_locks l join pg_class c on c.oid = l.relation"
            " where l.pid = pg_backend_pid() and c.relkind in ('r', 'p') and c.oid >= 16384"
            " and not c.relispartition"
        ).fetchall()
        connection.rollback()
        return {name for (name,) in rows} - {"docs"}


@pytest.mark.parametrize("name", CASES)
async def test_the_tables_behind_a_policy_are_found(database: Database, name: str) -> None:
    case = CASES[name]
    with psycopg.connect(database.url) as connection:
        connection.execute(TABLES.encode())
        connection.execute((case.before or "select").encode())
        connection.execute(f"create policy p on docs for select using ({case.policy})".encode())

    tables, found = await dependencies(database.url)

    assert tables == case.tables
    if case.reason is None:
        assert found.reasons == ()
    else:
        assert any(case.reason in reason.problem for reason in found.reasons)
    if name != "itself":  # PostgreSQL refuses to evaluate it: infinite recursion
        assert really_opened(database.url) <= tables


async def test_the_digest_tells_when_a_function_changes(database: Database) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(TABLES.encode())
        define = "create or replace function f() returns bool language sql as 'select {}'"
        connection.execute(define.format("true").encode())
        connection.execute("create policy p on docs for select using (f())")
        _, first = await dependencies(database.url)
        _, again = await dependencies(database.url)
        connection.execute(define.format("false").encode())
        _, changed = await dependencies(database.url)

    assert first == again
    assert first.digest != changed.digest


async def test_the_salons_own_policies_are_understood(database: Database) -> None:
    tables, found = await dependencies(database.url, "public.appointments")

    assert found.is_complete, found.reasons
    assert "workspace_members" in tables
