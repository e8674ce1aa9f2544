"""
The world that policies of the proof live in: memberships, helper functions, roles, people.

Everything is in the schema ``proof``, but for the roles, which belong to the cluster. The
drawn tables come on top of it (`support.proof.grammar`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slotcast import strict_json
from slotcast.claims import Claims

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping, Sequence

    from slotcast.claims import JsonValue

USERS: Final = tuple(f"aaaaaaaa-0000-4000-8000-00000000000{n}" for n in range(1, 7))
"""The last one has no profile, and so no memberships."""
TEAMS: Final = tuple(f"bbbbbbbb-0000-4000-8000-00000000000{n}" for n in range(1, 5))
ROLES: Final = ("anon", "authenticated", "proof_clerk", "proof_stranger", "proof_owner")
"""Roles that policies and grants may name; `service_role` bypasses them all."""

VALUES: Final[Mapping[str, Sequence[str]]] = {
    "uuid": (USERS[0], USERS[1], USERS[2], TEAMS[0], TEAMS[1], TEAMS[2], USERS[5]),
    "int": ("0", "1", "2", "3", "-7", "2147483647"),
    "smallint": ("0", "1", "2", "-32768"),
    "bigint": ("0", "1", "3", "9007199254740993", "-9223372036854775808"),
    "numeric": ("0", "1", "1.0", "1.50", "NaN", "-3", "1e30", "Infinity"),
    "numeric(8,2)": ("0", "1", "1.5", "2.00", "-0.01"),
    "float8": ("0", "-0", "0.1", "1", "NaN", "-Infinity", "1e300"),
    "text": ("admin", "Admin", "staff", "", "a%b", "ä'\"\\", "1", " admin", "it's", "Ädmin"),
    "varchar(6)": ("admin", "staff", "", "ADMIN", "1", "a "),
    "char(6)": ("admin", "staff", "", "a", "1"),
    "citext": ("admin", "ADMIN", "jörg@mail.example", "Jörg@mail.example", ""),
    "nocase": ("admin", "ADMIN", "staff", "", "e\u0301", "\u00e9"),
    "bool": ("t", "f"),
    "date": ("2020-01-01", "2040-01-02", "0044-03-15 BC", "infinity"),
    "timestamptz": ("2020-01-01 20:00:00+00", "2040-01-02 02:00:00+09", "infinity", "-infinity"),
    "timestamp": ("2020-01-01 20:00:00", "2040-01-02 00:00:00"),
    "proof.rank": ("viewer", "staff", "admin", "owner"),
    "text[]": ("{}", "{admin,NULL}", '{"a%b",staff}', "{Admin}", "[0:1]={admin,staff}"),
    "uuid[]": ("{}", f"{{{USERS[0]},{TEAMS[0]}}}", f"{{NULL,{TEAMS[1]}}}", f"{{{USERS[1]}}}"),
    "jsonb": (
        "{}",
        '{"a": 1}',
        '{"role": "admin", "level": 2, "tags": ["admin", null]}',
        f'{{"owner": "{USERS[0]}", "a": null}}',
        "[1, null]",
        '"admin"',
        "null",
    ),
    "proof.positive": ("1", "2", "2147483647"),
    "proof.slug": ("admin", "staff", "1"),
    "bytea": ("\\x", "\\x61646d696e"),
}
"""Values of each type in text form; few, so that equal ones meet."""

# Of the members' tables: type → columns. A column's type is that of the values it is drawn from.
MEMBERS: Final[Mapping[str, Mapping[str, str]]] = {
    "proof.members": {
        "team": "uuid",
        "user_id": "uuid",
        "rank": "proof.rank",
        "role": "text",
        "level": "int",
        "until": "timestamptz",
        "active": "bool",
    },
    "proof.profiles": {
        "id": "uuid",
        "role": "text",
        "org": "uuid",
        "level": "int",
        "mail": "citext",
        "active": "bool",
        "expires": "timestamptz",
        "badge": "bigint",
        "nick": "nocase",
    },
    "proof.teams": {
        "id": "uuid",
        "org": "uuid",
        "slug": "varchar(6)",
        "ids": "uuid[]",
        "meta": "jsonb",
        "level": "smallint",
        "open": "bool",
    },
    "proof.blocks": {"blocker": "uuid", "blocked": "uuid", "reason": "text"},
    "proof.seats": {"team": "uuid", "user_id": "uuid", "kind": "char(6)", "n": "int"},
}
VIEWS: Final[Mapping[str, Mapping[str, str]]] = {
    "proof.active_members": {"team": "uuid", "user_id": "uuid", "role": "text", "level": "int"},
    "proof.my_memberships": {"team": "uuid", "user_id": "uuid", "role": "text", "level": "int"},
}
USER_COLUMNS: Final[Mapping[str, str]] = {
    "proof.members": "user_id",
    "proof.profiles": "id",
    "proof.blocks": "blocked",
    "proof.seats": "user_id",
    "proof.active_members": "user_id",
    "proof.my_memberships": "user_id",
}

CLUSTER: Final = """
do $$ begin
  if to_regrole('proof_clerk') is null then
    create role proof_group;
    create role proof_clerk inherit;
    create role proof_stranger noinherit;
    create role proof_owner;
    grant proof_group to proof_clerk, proof_stranger;
  end if;
end $$;
create extension if not exists citext with schema extensions;
grant usage on schema public, auth, extensions to proof_group, proof_clerk, proof_owner;
-- Has the name of another one, which functions mean or do not.
create table public.members (team uuid, user_id uuid, primary key (team, user_id));
insert into public.members select t::uuid, u::uuid
  from unnest(array['TEAMS']) as t, unnest(array['USERS']) as u;
grant select on public.members to public;
""".replace("TEAMS", "','".join(TEAMS[:2])).replace("USERS", "','".join(USERS[1:3]))
"""Has to be run once in a database, before `build`."""

_TABLES: Final = """
drop schema if exists proof cascade;
create schema proof;
grant usage on schema proof to public;
create type proof.rank as enum ('viewer', 'staff', 'admin', 'owner');
create domain proof.positive as int check (value > 0);
create domain proof.slug as text check (value <> '');
{collation};
create table proof.profiles (id uuid primary key, role text, org uuid, level int,
  mail extensions.citext, active bool, expires timestamptz, badge bigint,
  nick text collate proof.nocase);
create table proof.members (team uuid, user_id uuid references proof.profiles on delete cascade
  on update cascade, rank proof.rank, role text, level int, until timestamptz, active bool,
  primary key (team, user_id));
create table proof.teams (id uuid primary key, org uuid, slug varchar(6), ids uuid[], meta jsonb,
  level smallint, open bool);
create table proof.blocks (blocker uuid, blocked uuid, reason text);
alter table proof.blocks replica identity full;
create table proof.seats (team uuid, user_id uuid, kind char(6), n int, primary key (n, kind))
  partition by list (kind);
create table proof.seats_staff partition of proof.seats for values in ('staff');
create table proof.seats_else partition of proof.seats default;
create view proof.active_members as
  select team, user_id, role, level from proof.members where active;
create view proof.my_memberships as
  select team, user_id, role, level from proof.members where user_id = auth.uid();
alter view proof.my_memberships set (security_invoker = true);
grant select on all tables in schema proof
  to anon, authenticated, service_role, proof_group, proof_owner;
"""

_BODIES: Final = (
    # name, arguments, result, expression or query
    ("is_member", "wanted uuid", "boolean",
     "exists (select from proof.members m where m.team = wanted and m.user_id = auth.uid())"),
    ("has_rank", "wanted uuid, lowest proof.rank default 'staff'", "boolean",
     ("exists (select 1 from proof.members m where m.team = wanted and m.user_id = "
     "(select auth.uid()) and m.rank >= lowest)")),
    ("is_admin", "", "boolean",
     "coalesce((select p.role = 'admin' from proof.profiles p where p.id = auth.uid()), false)"),
    ("my_teams", "", "setof uuid",
     "select m.team from proof.members m where m.user_id = auth.uid()"),
    ("my_teams_array", "", "uuid[]",
     "array(select m.team from proof.members m where m.user_id = (select auth.uid()))"),
    ("my_teams_agg", "", "uuid[]",
     "(select array_agg(m.team) from proof.members m where m.user_id = auth.uid() and m.active)"),
    ("my_role", "", "text", "(select p.role from proof.profiles p where p.id = auth.uid())"),
    ("my_level", "", "int",
     "(select max(m.level) from proof.members m where m.user_id = auth.uid())"),
    ("my_org", "", "uuid", "(select p.org from proof.profiles p where p.id = auth.uid())"),
    ("is_blocked", "by_whom uuid", "boolean",
     "exists (select 1 from proof.blocks b where b.blocker = by_whom and b.blocked = auth.uid())"),
    ("rank_in", "wanted uuid", "proof.rank",
     "(select m.rank from proof.members m where m.team = wanted and m.user_id = auth.uid())"),
)  # fmt: skip
VARIANTS: Final = ("sd", "si", "pd", "pi", "cd")
"""sql or plpgsql, definer or invoker; the last is a definer function of a clerk's."""

_SPECIAL: Final = """
create function proof.bare_member(wanted uuid) returns boolean language sql stable
  security definer set search_path = proof, auth as
  'select exists (select from members where team = wanted and user_id = uid())';
create function proof.atomic_member(wanted uuid) returns boolean language sql stable
  security definer begin atomic
  select exists (select from proof.members m where m.team = wanted and m.user_id = auth.uid()); end;
create function proof.strict_member(wanted uuid, who uuid) returns boolean language sql stable
  strict security definer as
  'select exists (select from proof.members m where m.team = wanted and m.user_id = who)';
create function proof.dynamic_member(wanted uuid) returns boolean language plpgsql stable
  security definer as $$ declare found boolean; begin
  execute 'select exists (select from proof.members where team = $1 and user_id = auth.uid())'
    into found using wanted;
  return found; end $$;
create function proof.looping_member(wanted uuid) returns boolean language plpgsql stable
  security definer as $$ declare m record; begin
  for m in select * from proof.members where user_id = auth.uid() loop
    if m.team = wanted and m.active then return true; end if;
  end loop;
  return false; end $$;
create function proof.volatile_member(wanted uuid) returns boolean language sql volatile
  security definer as
  'select exists (select from proof.members m where m.team = wanted and m.user_id = auth.uid())';
create function proof.is_member(wanted text) returns boolean language sql immutable as
  'select wanted = ''admin''';
create function proof.checked(n int) returns boolean language plpgsql immutable as
  $$ begin if n is null then raise exception 'no number'; end if; return n > 0; end $$;
create function proof.same(one text, other text) returns boolean language sql immutable as
  'select lower(one) = lower(other)';
create function proof.falsely_immutable() returns uuid language sql immutable security definer as
  'select p.org from proof.profiles p where p.id = auth.uid()';
create function proof.who() returns text language sql stable security definer as
  'select current_user::text';
create function proof.loose_member(wanted uuid) returns boolean language sql stable as
  'select exists (select from members where team = wanted and user_id = auth.uid())';
create function proof.odd_literals(wanted uuid) returns boolean language sql stable
  security definer as $$ select exists (select from proof.members m where m.user_id = auth.uid()
    and (m.level = '02' or m.team = '{BBBBBBBB-0000-4000-8000-000000000001}' or m.active = 'yes')
    and m.team = wanted) $$;
create function proof.cases(wanted uuid) returns boolean language plpgsql stable as $$
  declare found proof.members; begin
  select * into found from proof.members where team = wanted and user_id = auth.uid();
  if not found then return null; end if;
  return found.level > 1; end $$;
create function proof.newest_team() returns uuid language sql stable security definer as
  'select team from proof.members where user_id = auth.uid() order by until desc, team limit 1';
create function proof.is_open(whole proof.teams) returns boolean language sql stable as
  'select whole.open';
"""


@dataclass(frozen=True, slots=True)
class Someone:
    """Whose token it is: role, and claims besides it."""

    role: str
    content: Mapping[str, JsonValue]

    @property
    def claims(self) -> Claims:
        """The claims as the server makes them of a token."""
        subject = self.content.get("sub")
        return Claims(
            role=self.role,
            document=strict_json.canonical({**self.content, "role": self.role}),
            subject=subject if isinstance(subject, str) else None,
        )


PEOPLE: Final = (
    Someone("authenticated", {"sub": USERS[0], "email": "admin", "aal": "aal2", "org": TEAMS[0],
            "team": TEAMS[0], "level": 2, "is_anonymous": False, "tags": ["admin", None],
            "app_metadata": {"org": TEAMS[0], "team": TEAMS[1], "teams": [TEAMS[0], TEAMS[2]],
                             "role": "admin", "level": 2}}),
    Someone("authenticated", {"sub": USERS[1], "email": "jörg@mail.example", "aal": "aal1",
            "org": TEAMS[1], "level": "3", "is_anonymous": True, "tags": [],
            "app_metadata": {"org": TEAMS[1], "teams": [], "role": "Ädmin", "level": "1"}}),
    Someone("authenticated", {"sub": USERS[2].upper(), "team": TEAMS[2], "tags": ["staff"]}),
    Someone("authenticated", {"sub": f"{{{USERS[3]}}}", "app_metadata": None, "level": None}),
    Someone("authenticated", {"sub": USERS[4], "aal": None, "app_metadata": {}}),
    Someone("authenticated", {"sub": USERS[5], "app_metadata": {"role": "staff", "org": None}}),
    Someone("authenticated", {"sub": "somebody", "level": "x", "is_anonymous": "perhaps",
            "app_metadata": "admin", "tags": "admin", "org": "none"}),
    Someone("authenticated", {}),
    Someone("authenticated", {"sub": "", "team": "", "app_metadata": {"teams": {}, "level": 1.5}}),
    Someone("authenticated", {"sub": None, "tags": {"admin": 1}, "app_metadata": ["admin"]}),
    Someone("authenticated", {"sub": 12, "email": "ä'\"\\", "level": 1e30, "aal": ["aal2"]}),
    Someone("anon", {}),
    Someone("anon", {"sub": USERS[0], "app_metadata": {"role": "admin"}}),
    Someone("service_role", {}),
    Someone("proof_clerk", {"sub": USERS[1], "level": 1}),
    Someone("proof_stranger", {"sub": USERS[0]}),
    Someone("proof_owner", {"sub": USERS[0]}),
)  # fmt: skip
"""Whom verdicts are asked for."""


def quote(text: str) -> str:
    """Write a string as SQL does."""
    escaped = text.replace("'", "''")
    return f" E'{escaped.replace(chr(92), chr(92) * 2)}'" if "\\" in text else f"'{escaped}'"


def sql_type(kind: str) -> str:
    """Give the type of a key of `VALUES` as a column has it."""
    return {"citext": "extensions.citext", "nocase": "text collate proof.nocase"}.get(kind, kind)


def cast_type(kind: str) -> str:
    """Give the type of a key of `VALUES` as a cast names it."""
    return {"citext": "extensions.citext", "nocase": "text"}.get(kind, kind)


def literal(kind: str, text: str) -> str:
    """Write a value of a type."""
    return f"{quote(text)}::{cast_type(kind)}"


def build(*, has_icu: bool) -> str:
    """Give the SQL that makes the world anew, empty and without policies."""
    collation = (
        "provider = icu, locale = 'und-u-ks-level2', deterministic = false"
        if has_icu
        else "provider = libc, locale = 'C'"
    )
    return "".join(
        (
            _TABLES.replace("{collation}", f"create collation proof.nocase ({collation})"),
            *_functions(),
            _SPECIAL,
            "grant execute on all functions in schema proof to public;",
        )
    )


def _functions() -> Iterator[str]:
    for name, arguments, result, body in _BODIES:
        for variant in VARIANTS:
            yield function(name, arguments, result, body, variant)


def function(name: str, arguments: str, result: str, body: str, variant: str) -> str:
    """Write a helper function in one of the `VARIANTS`."""
    if variant[0] == "p":
        kind = "query" if result.startswith("setof") else ""
        language, text = "plpgsql", f"begin return {kind} {body}; end"
    else:
        language, text = "sql", body if result.startswith("setof") else f"select {body}"
    security = "definer" if variant[1] == "d" else "invoker"
    written = (
        f"create or replace function proof.{name}_{variant}({arguments}) returns {result}"
        f" language {language} stable security {security} as $$ {text} $$;\n"
    )
    if variant == "cd":
        types = ", ".join(part.split()[1] for part in arguments.split(", ") if part)
        written += f"alter function proof.{name}_{variant}({types}) owner to proof_clerk;\n"
    return written


def weakened(chance: random.Random) -> str:
    """Write one of the helper functions anew, with another meaning."""
    name, arguments, result, body = chance.choice(_BODIES)
    variant = chance.choice(VARIANTS[:4])
    other = {
        "boolean": "true",
        "setof uuid": "select p.org from proof.profiles p where p.id = auth.uid()",
        "uuid[]": f"array[{literal('uuid', TEAMS[0])}]",
        "text": "'admin'::text",
        "int": "2",
        "uuid": literal("uuid", TEAMS[1]),
        "proof.rank": "'owner'::proof.rank",
    }[result]
    return function(name, arguments, result, chance.choice((other, body)), variant)


def value(chance: random.Random, kind: str) -> str:
    """Draw a value, as SQL."""
    if chance.random() < 0.15:
        return "null"
    return literal(kind, chance.choice(VALUES[kind]))


def member_row(chance: random.Random, table: str, user: str | None = None) -> str:
    """Write the INSERT of a row of a members' table; one that exists is overwritten or left."""
    columns = MEMBERS[table]
    fixed = {
        "team": literal("uuid", chance.choice(TEAMS)),
        "user_id": literal("uuid", user or chance.choice(USERS[:5])),
        "blocked": literal("uuid", user or chance.choice(USERS)),
        "id": literal("uuid", user or chance.choice(USERS[:5]))
        if table == "proof.profiles"
        else literal("uuid", chance.choice(TEAMS)),
        "n": str(chance.randrange(12)),
        "kind": literal("char(6)", chance.choice(VALUES["char(6)"])),
    }
    values = ", ".join(fixed.get(name) or value(chance, kind) for name, kind in columns.items())
    insert = f"insert into {table} ({', '.join(columns)}) values ({values})"
    if table == "proof.blocks":
        return insert
    key = {"proof.members": "team, user_id", "proof.seats": "n, kind"}.get(table, "id")
    assigned = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
    return f"{insert} on conflict ({key}) do update set {assigned}"


def population(chance: random.Random) -> list[str]:
    """Write statements that fill the members' tables."""
    return [
        *(member_row(chance, "proof.profiles", user) for user in USERS[:5]),
        *(member_row(chance, "proof.members") for _ in range(10)),
        *(member_row(chance, "proof.teams") for _ in range(5)),
        *(member_row(chance, "proof.blocks") for _ in range(4)),
        *(member_row(chance, "proof.seats") for _ in range(6)),
    ]
