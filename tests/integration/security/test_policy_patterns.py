"""The policies that everybody writes: each means what SELECT says, and is compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from support.judges import KINDS
from support.proof.grammar import Drawn, Scenario, Step
from support.proof.trial import Court, Loop, sitting
from support.proof.world import PEOPLE, TEAMS, USERS

if TYPE_CHECKING:
    from collections.abc import Generator

    from support.postgres import Database

SCHEMA: Final = f"""
drop schema if exists app cascade;
create schema app;
create table app.profiles (id uuid primary key, role text, org uuid);
create table app.members (team_id uuid, user_id uuid, role text, primary key (team_id, user_id));
create table app.posts (id int primary key, author uuid, published boolean);
create table app.blocks (blocker uuid, blocked uuid, primary key (blocker, blocked));
alter table app.profiles enable row level security;
create policy own on app.profiles for select using (id = (select auth.uid()));
alter table app.members enable row level security;
create policy own on app.members for select using (user_id = (select auth.uid()));
alter table app.posts enable row level security;
create policy own on app.posts for select using (published or author = (select auth.uid()));
alter table app.blocks enable row level security;
create policy mine on app.blocks for select using (blocked = (select auth.uid()));
create function app.is_member(team uuid) returns boolean language sql stable security definer
  set search_path = '' as $$
  select exists (select 1 from app.members m where m.team_id = team and m.user_id = auth.uid()) $$;
create function app.my_teams() returns setof uuid language sql stable security definer
  set search_path = '' as $$
  select team_id from app.members where user_id = (select auth.uid()) $$;
create function app.my_team_ids() returns uuid[] language sql stable security definer
  set search_path = '' as $$
  select coalesce(array_agg(team_id), '{{}}') from app.members
  where user_id = (select auth.uid()) $$;
create function app.has_role(team uuid, wanted text) returns boolean language plpgsql stable
  security definer set search_path = '' as $$
  begin
    return exists (select 1 from app.members
                   where team_id = team and user_id = auth.uid() and role = wanted);
  end $$;
create function app.role_of_mine() returns text language sql stable security definer
  set search_path = '' as $$ select role from app.profiles where id = auth.uid() $$;
grant usage on schema app to anon, authenticated, service_role;
grant select on all tables in schema app to anon, authenticated, service_role;
grant usage on schema auth to anon, authenticated;
grant select on auth.mfa_factors to authenticated;
drop policy if exists own on auth.mfa_factors;
create policy own on auth.mfa_factors for select using (user_id = (select auth.uid()));
insert into auth.users (id) select unnest(array['{"','".join(USERS)}']::uuid[])
  on conflict do nothing;
insert into app.profiles values ('{USERS[0]}', 'admin', '{TEAMS[0]}'),
  ('{USERS[1]}', 'member', '{TEAMS[1]}'), ('{USERS[2]}', null, null);
insert into app.members values ('{TEAMS[0]}', '{USERS[0]}', 'admin'),
  ('{TEAMS[1]}', '{USERS[0]}', 'member'), ('{TEAMS[1]}', '{USERS[1]}', 'admin'),
  ('{TEAMS[2]}', '{USERS[2]}', 'viewer');
insert into app.posts values (1, '{USERS[0]}', true), (2, '{USERS[1]}', false);
insert into app.blocks values ('{USERS[0]}', '{USERS[1]}'), ('{USERS[2]}', '{USERS[0]}');
"""

PATTERNS: Final[dict[str, str]] = {
    "own": "create policy p on {t} for select using (auth.uid() = user_id)",
    "own, evaluated once": "create policy p on {t} for select to authenticated"
    " using ((select auth.uid()) = user_id)",
    "team by IN": "create policy p on {t} using"
    " (team_id in (select team_id from app.members where user_id = (select auth.uid())))",
    "team by IN, the other way round": "create policy p on {t} using (auth.uid() in"
    " (select user_id from app.members where members.team_id = {t}.team_id))",
    "team by EXISTS": "create policy p on {t} using (exists (select 1 from app.members m"
    " where m.team_id = {t}.team_id and m.user_id = auth.uid()))",
    "team by EXISTS with roles": "create policy p on {t} using (exists (select 1 from app.members m"
    " where m.team_id = {t}.team_id and m.user_id = auth.uid() and m.role in ('admin', 'member')))",
    "team by a function of the row": "create policy p on {t} using (app.is_member(team_id))",
    "team by a function of the row, in SELECT": "create policy p on {t}"
    " using ((select app.is_member(team_id)))",
    "team by a function with a role": "create policy p on {t}"
    " using (app.has_role(team_id, 'admin'))",
    "team by a function that returns a set": "create policy p on {t}"
    " using (team_id in (select app.my_teams()))",
    "team by a function that returns an array": "create policy p on {t}"
    " using (team_id = any ((select app.my_team_ids())::uuid[]))",
    "claim": "create policy p on {t} using (team_id = (auth.jwt() ->> 'org')::uuid)",
    "claim in app_metadata": "create policy p on {t} to authenticated"
    " using (team_id = ((select auth.jwt()) -> 'app_metadata' ->> 'org')::uuid)",
    "role in app_metadata": "create policy p on {t}"
    " using ((select auth.jwt() -> 'app_metadata' ->> 'role') = 'admin')",
    "teams in app_metadata": "create policy p on {t} to authenticated using"
    " (team_id::text in (select jsonb_array_elements_text("
    "coalesce(nullif(auth.jwt() -> 'app_metadata' -> 'teams', '{{}}'), '[]'))))",
    "role by EXISTS": "create policy p on {t} using (exists (select 1 from app.profiles"
    " where profiles.id = auth.uid() and profiles.role = 'admin'))",
    "role by scalar subquery": "create policy p on {t}"
    " using ((select role from app.profiles where id = auth.uid()) = 'admin')",
    "role by function": "create policy p on {t} using ((select app.role_of_mine()) = 'admin')",
    "public or own": "create policy p on {t} using (is_public or user_id = auth.uid())",
    "public, and own": "create policy everybody on {t} for select using (is_public);"
    "create policy owner on {t} for all to authenticated using ((select auth.uid()) = user_id)",
    "restrictive, aal2": "create policy p on {t} to authenticated using (true);"
    "create policy r on {t} as restrictive to authenticated"
    " using ((select auth.jwt() ->> 'aal') = 'aal2')",
    "restrictive, aal2 for who enrolled": "create policy p on {t} to authenticated using (true);"
    "create policy r on {t} as restrictive to authenticated using"
    " (array[(select auth.jwt() ->> 'aal')] <@ (select case when count(id) > 0 then array['aal2']"
    " else array['aal1', 'aal2'] end as aal from auth.mfa_factors"
    " where (select auth.uid()) = user_id and status = 'verified'))",
    "of own posts": "create policy p on {t} using (exists"
    " (select 1 from app.posts where posts.id = {t}.post_id and posts.author = auth.uid()))",
    "of own posts, by IN": "create policy p on {t} using"
    " (post_id in (select id from app.posts where author = (select auth.uid())))",
    "published for anon": "create policy p on {t} for select to anon using (status = 'published')",
    "tenant by setting": "create policy p on {t} using"
    " (team_id = (current_setting('request.jwt.claims', true)::jsonb ->> 'org')::uuid)",
    "admin or owner": "create policy p on {t} using (user_id = auth.uid() or exists"
    " (select 1 from app.profiles where id = auth.uid() and role = 'admin'))",
    "not blocked": "create policy p on {t} to authenticated using (not exists (select 1 from"
    " app.blocks b where b.blocker = {t}.user_id and b.blocked = auth.uid()))",
    "status in a list, and own": "create policy p on {t} using"
    " (status in ('draft', 'published') and user_id = auth.uid())",
    "signed in": "create policy p on {t} using (auth.uid() is not null)",
    "signed in, by role": "create policy p on {t} using (auth.role() = 'authenticated')",
    "not anonymous": "create policy p on {t} as permissive to authenticated using (true);"
    "create policy r on {t} as restrictive to authenticated"
    " using ((select (auth.jwt() ->> 'is_anonymous')::boolean) is false)",
    "everybody": "create policy p on {t} for select to anon, authenticated using (true)",
    "same organisation": "create policy p on {t} using"
    " (team_id = (select org from app.profiles where id = (select auth.uid())))",
    "time-boxed": "create policy p on {t} using"
    " (ends_at > now() and (starts_at is null or starts_at <= now()))",
}
PARENTHESES: Final[dict[str, str]] = {
    "unknown": "create policy p on {t} using ((is_public and post_id < 3) is null)",
    "known": "create policy p on {t} using (not ((is_public or post_id < 3) is null))",
    "not distinct": "create policy p on {t}"
    " using ((is_public or post_id > 2) is not distinct from (status = 'draft'))",
}
"""Not seen often; without their parentheses they would mean something else."""

OPAQUE: Final = frozenset({"time-boxed"})
"""Those that PostgreSQL has to be asked about at every change, since they change by themselves."""

POLICIES: Final = PATTERNS | PARENTHESES

ROWS: Final = f"""insert into {{t}} values
  (1, '{USERS[0]}', '{TEAMS[0]}', 1, true, 'published', '2020-01-01', null),
  (2, '{USERS[1]}', '{TEAMS[1]}', 2, false, 'draft', 'infinity', '2020-01-01'),
  (3, '{USERS[2]}', '{TEAMS[2]}', null, null, 'archived', 'infinity', '2099-01-01'),
  (4, null, null, 1, false, null, null, null),
  (5, '{USERS[5]}', '{TEAMS[0]}', 3, null, 'published', '2099-01-01', null)"""

STEPS: Final = (
    (
        f"delete from app.members where user_id = '{USERS[0]}' and team_id = '{TEAMS[0]}';"
        f" insert into app.members values ('{TEAMS[0]}', '{USERS[1]}', 'member');"
        f" update app.profiles set role = 'admin', org = '{TEAMS[2]}' where id <> '{USERS[0]}'"
    ),
    (
        f"update app.members set role = 'admin'; delete from app.blocks;"
        f" update app.posts set author = '{USERS[2]}', published = not published"
    ),
    (
        "insert into auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at)"
        f" values (gen_random_uuid(), '{USERS[1]}', 'totp', 'verified', now(), now());"
        f" update app.members set user_id = '{USERS[4]}' where team_id = '{TEAMS[2]}'"
    ),
    "truncate app.members; delete from app.profiles",
)


def drawn(number: int, name: str) -> Drawn:
    table = f"public.pattern_{number:02}"
    return Drawn(
        name=table,
        create=f"create table {table} (id int primary key, user_id uuid, team_id uuid,"
        " post_id int, is_public boolean, status text, ends_at timestamptz,"
        f" starts_at timestamptz); alter table {table} enable row level security;"
        f" grant select on {table} to public",
        policies=tuple(POLICIES[name].replace("{t}", table).replace("{{}}", "{}").split(";")),
        rows=ROWS.replace("{t}", table),
    )


API_ROLES: Final = ("anon", "authenticated", "service_role")
VIEWERS: Final = tuple(someone for someone in PEOPLE if someone.role in API_ROLES)


@pytest.fixture(params=KINDS)
def court(
    request: pytest.FixtureRequest, database: Database, slot_name: str
) -> Generator[tuple[Court, Loop]]:
    with sitting(database.url, slot_name, request.param, VIEWERS) as opened:
        yield opened


def test_patterns_mean_what_select_says_and_are_compiled(court: tuple[Court, Loop]) -> None:
    judged, loop = court
    tables = {name: drawn(number, name) for number, name in enumerate(POLICIES)}
    steps = tuple(Step((statement,), is_ddl=False) for statement in STEPS)

    loop.run(judged.play(Scenario((SCHEMA,), tuple(tables.values()), steps)))

    assert judged.tally.refused_policies == 0
    assert min(judged.tally.verdicts[letters] for letters in ("tt", "ff")) > 1000
    if judged.compiles:
        opaque = {
            name: problems
            for name, table in tables.items()
            if (problems := loop.run(judged.problems(table, "authenticated")))
        }
        assert opaque.keys() == OPAQUE, opaque
