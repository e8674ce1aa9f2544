"""Every kind of policy means for a row image what it means for a SELECT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from support.scene import Viewer, scene, user

if TYPE_CHECKING:
    from support.postgres import Database

ANN: Final = "aaaaaaaa-0000-4000-8000-000000000001"
BEN: Final = "aaaaaaaa-0000-4000-8000-000000000002"

COLUMNS: Final = """
  id int primary key, owner uuid, team text, body text, level int, tags text[], doc jsonb,
  at timestamptz, "Order" numeric(6,2), given text, image text, twice int
"""

# Roles belong to the cluster and outlive the test's database.
ROLES: Final = """
do $$ begin
  if to_regrole('"Front Desk"') is null then
    create role "Front Desk" noinherit;
    create role clerk inherit;
    create role apprentice noinherit;
    grant "Front Desk" to clerk, apprentice;
  end if;
end $$;
grant usage on schema public, auth to "Front Desk", clerk, apprentice;
"""

VIEWERS: Final = (
    user("ann", ANN, team="red", app_metadata={"level": 2}),
    user("ben", BEN, team="blue", email="ben@mail.example"),
    user("malformed", "somebody"),
    Viewer(name="nobody"),
    Viewer(name="anon", role="anon", claims={"sub": ANN, "team": "red"}),
    Viewer(name="service", role="service_role"),
    Viewer(name="desk", role="Front Desk", claims={"sub": ANN}),
    Viewer(name="clerk", role="clerk"),
    Viewer(name="apprentice", role="apprentice"),
)

HELPERS: Final = """
create table public.teams (name text primary key, member uuid);
insert into public.teams values ('red', 'aaaaaaaa-0000-4000-8000-000000000001'),
                                ('blue', 'aaaaaaaa-0000-4000-8000-000000000002');
alter table public.teams enable row level security;
create policy own on public.teams for select to authenticated using (member = auth.uid());
grant select on public.teams to public;
create function public.teams_of_all() returns setof text language sql stable security definer
  as 'select name from public.teams';
create function public.teams_of_mine() returns setof text language sql stable
  as 'select name from public.teams';
create function public.is_red(team text) returns boolean language plpgsql stable
  as 'begin if team is null then raise exception ''no team''; end if; return team = ''red''; end';
"""

ROW_HELPER: Final = """
create function public.is_mine(whole public.whole_row_function) returns boolean language sql stable
  as 'select whole.owner = auth.uid()';
"""

KINDS: Final[dict[str, str]] = {
    "without_rls": "alter table {t} disable row level security",
    "without_policies": "",
    "own": "create policy p on {t} using (owner = (select auth.uid()))",
    "for_insert_only": "create policy p on {t} for insert with check (true)",
    "claim": "create policy p on {t} for select using (team = auth.jwt() ->> 'team')",
    "nested_claim": "create policy p on {t}"
    " using (level <= (auth.jwt() #>> '{app_metadata,level}')::int)",
    "setting": "create policy p on {t} using"
    " (owner::text = current_setting('request.jwt.claims', true)::json ->> 'sub')",
    "who": "create policy p on {t} using (current_user = 'clerk' or auth.role() = 'anon'"
    " or auth.email() like 'ben@%')",
    "raises_by_row": "create policy p on {t} using (body::int > 0)",
    "raises_by_division": "create policy p on {t} using (10 / level > 2)",
    "raises_in_function": "create policy p on {t} using (public.is_red(team))",
    "raises_if_reached": "create policy a on {t} using (1 / level > 0);"
    "create policy b on {t} using (level = 0)",
    "raises_unless_reached": "create policy a on {t} using (level = 0);"
    "create policy b on {t} using (1 / level > 0)",
    "restrictive": "create policy p on {t} using (true);"
    "create policy r on {t} as restrictive using (owner = auth.uid());"
    "create policy s on {t} as restrictive for select using (level > 0)",
    "restrictive_alone": "create policy r on {t} as restrictive using (true)",
    "restrictive_guards": "create policy p on {t} using (10 / level > 0);"
    "create policy r on {t} as restrictive using (level <> 0)",
    "whole_row": "create policy p on {t} using ({n} is not null)",
    "whole_row_text": "create policy p on {t} using ({n}::text like '%red%')",
    "whole_row_function": ROW_HELPER + "create policy p on {t} using (public.is_mine({n}))",
    "generated": "alter table {t} drop column twice;"
    " alter table {t} add column twice int generated always as (level * 2) stored;"
    " create policy p on {t} using (twice >= 4)",
    "other_table": "create policy p on {t}"
    " using (exists (select from public.teams x where x.name = {n}.team))",
    "same_name_elsewhere": "create schema elsewhere; create table elsewhere.{n} (team text);"
    " insert into elsewhere.{n} values ('red'); grant usage on schema elsewhere to anon;"
    " grant select on elsewhere.{n} to anon;"
    " create policy p on {t} using (team in (select e.team from elsewhere.{n} e))",
    "definer": "create policy p on {t} using (team in (select public.teams_of_all()))",
    "invoker": "create policy p on {t} using (team in (select public.teams_of_mine()))",
    "recursive": "create policy p on {t} using (exists (select from {t} x where x.id < {n}.id))",
    "to_role": 'create policy p on {t} to "Front Desk" using (level > 0)',
    "to_public": "create policy p on {t} to public using (level > 0);"
    "create policy q on {t} to anon using (true)",
    "odd_columns": 'create policy p on {t} using ("Order" > 2 and given = image)',
    "arrays": "create policy p on {t} using ('x' = any (tags) and doc ? 'k')",
    "nulls": "create policy p on {t} using (owner is null or team is distinct from 'red')",
    "collated": """create policy p on {t} using (body < 'b' collate "C")""",
    "owned": 'alter table {t} owner to "Front Desk"',
    "owned_and_forced": 'alter table {t} owner to "Front Desk";'
    "alter table {t} force row level security; create policy p on {t} using (level > 0)",
    "columns_granted": "revoke all on {t} from public, anon, authenticated;"
    " grant select (id, body) on {t} to authenticated; grant select (team) on {t} to anon;"
    " create policy p on {t} using (owner = auth.uid() or auth.uid() is null)",
    "key_not_granted": "revoke all on {t} from public, anon, authenticated;"
    " grant select (body, level) on {t} to authenticated;"
    " create policy p on {t} using (owner = auth.uid())",
    "nothing_granted": "revoke all on {t} from public, anon, authenticated",
    "writes": "create policy p on {t} using (nextval('public.ticket') > 0)",
}


def create(name: str, kind: str) -> str:
    table = f"public.{name}"
    return (
        f"create table {table} ({COLUMNS});"
        f" alter table {table} enable row level security; grant select on {table} to public;"
        f"{kind.replace('{t}', table).replace('{n}', name)};"
    )


INSERTS: Final = (
    f"(1, '{ANN}', 'red', '1', 2, '{{x,y}}', '{{\"k\": 1}}', now(), 3.50, 'a', 'a')",
    f"(2, '{BEN}', 'blue', 'text', 0, '{{}}', '[]', null, 1, 'a', 'b')",
    "(3, null, null, null, null, null, null, null, null, null, null)",
    f"(4, '{ANN}', 'blue', '-1', 3, '{{x}}', '{{\"k\": null}}', now(), 2.01, '', '')",
)
NAMES: Final = 'id, owner, team, body, level, tags, doc, at, "Order", given, image'


async def test_an_image_is_sent_to_exactly_who_may_select_it(
    database: Database, slot_name: str
) -> None:
    kinds = dict(KINDS)
    del kinds["writes"]
    tables = [f"public.{name}" for name in kinds]
    setup = ROLES + HELPERS + "".join(create(name, kind) for name, kind in kinds.items())
    async with scene(database.url, slot_name, setup, tables, VIEWERS) as stage:
        for name in kinds:
            await stage.commit(f"insert into {name} ({NAMES}) values {', '.join(INSERTS)}")
            await stage.commit(
                f"update {name} set owner = '{BEN}', team = 'blue', level = 5 where id = 1",
                f"update {name} set owner = '{ANN}', team = 'red', body = 'b' where id = 2",
                f"update {name} set id = 30 where id = 3",
            )
            await stage.commit(f"delete from {name} where id <> 2", f"delete from {name}")
        await stage.check()

        counts = {name: len(events) for name, events in stage.expected.items()}
    assert counts["service"] > counts["ann"] > counts["nobody"] > 0, counts
