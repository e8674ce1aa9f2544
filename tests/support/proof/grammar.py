"""
What the proof draws: tables, their policies and rows, and what happens to them.

The grammar of conditions is wider than any compiler's: all that people write in policies, and
much that nobody should. An `Author` writes SQL by drawing from Hypothesis, so that a failing
scenario is shrunk; mere data come from a seeded generator, since what shows in a report is one
row of them. The simplest choice always comes first: that is where shrinking goes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, TypeVar

from hypothesis import strategies as st

from support.proof import world
from support.proof.world import MEMBERS, TEAMS, USER_COLUMNS, USERS, VIEWS, literal, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

T = TypeVar("T")

ROW_COUNT: Final = 14

COLUMNS: Final[Mapping[str, str]] = {
    "owner": "uuid",
    "team": "uuid",
    "n": "int",
    "small": "smallint",
    "big": "bigint",
    "num": "numeric",
    "price": "numeric(8,2)",
    "f": "float8",
    "body": "text",
    "Code": "varchar(6)",
    "fixed": "char(6)",
    "mail": "citext",
    "nocase": "nocase",
    "flag": "bool",
    "day": "date",
    "at": "timestamptz",
    "local": "timestamp",
    "rank": "proof.rank",
    "tags": "text[]",
    "ids": "uuid[]",
    "doc": "jsonb",
    "positive": "proof.positive",
    "slug": "proof.slug",
    "raw": "bytea",
}
"""Columns of every drawn table, besides ``id``, ``twin`` (equal) and ``twice`` (generated)."""

_FAMILIES: Final = (
    ("int", "smallint", "bigint", "numeric", "numeric(8,2)", "float8", "proof.positive"),
    ("text", "varchar(6)", "char(6)", "citext", "proof.slug", "nocase"),
    ("timestamptz", "date", "timestamp"),
)

_UID: Final = "auth.uid()"
_JWT: Final = "auth.jwt()"
_FACTS: Final[Mapping[str, Sequence[str]]] = {
    "uuid": (
        _UID,
        f"(select {_UID})",
        f"({_JWT} ->> 'org')::uuid",
        f"(select ({_JWT} -> 'app_metadata' ->> 'org')::uuid)",
        f"((select {_JWT}) #>> '{{app_metadata,team}}')::uuid",
        "nullif(current_setting('request.jwt.claims', true)::json ->> 'sub', '')::uuid",
        "(select proof.my_org_sd())",
        "proof.my_org_pi()",
        "proof.falsely_immutable()",
        "nullif(current_setting('app.tenant', true), '')::uuid",
        f"coalesce({_UID}, {literal('uuid', USERS[0])})",
    ),
    "text": (
        "auth.role()",
        f"({_JWT} ->> 'email')",
        f"(select {_JWT} -> 'app_metadata' ->> 'role')",
        "auth.email()",
        f"((select {_JWT}) ->> 'aal')",
        f"lower({_JWT} ->> 'email')",
        "current_user::text",
        f"{_UID}::text",
        "(select proof.my_role_sd())",
        "proof.my_role_pi()",
        "proof.my_role_cd()",
        "proof.who()",
        "coalesce(current_setting('app.tenant', true), 'staff')",
    ),
    "int": (
        f"({_JWT} ->> 'level')::int",
        f"((select {_JWT}) -> 'app_metadata' ->> 'level')::int",
        "coalesce((select proof.my_level_sd()), 0)",
        "proof.my_level_pd()",
        "(select count(*) from proof.teams)::int",
    ),
    "bool": (
        f"coalesce(({_JWT} ->> 'is_anonymous')::boolean, false)",
        f"(select ({_JWT} ->> 'is_anonymous')::boolean)",
        "proof.is_admin_sd()",
        "(select proof.is_admin_si())",
        "(select proof.is_admin_pd())",
    ),
    "timestamptz": ("now()", "(now() - interval '1 year')", "(select now())"),
    "date": ("current_date",),
    "jsonb": (_JWT, f"({_JWT} -> 'app_metadata')"),
    "uuid[]": (
        "array(select proof.my_teams_sd())",
        "proof.my_teams_array_sd()",
        "(select proof.my_teams_agg_sd())",
        "(select proof.my_teams_array_pi())::uuid[]",
        f"array(select jsonb_array_elements_text({_JWT} -> 'app_metadata' -> 'teams'))::uuid[]",
        f"(select array_agg(m.team) from proof.members m where m.user_id = {_UID})",
    ),
    "text[]": (
        f"array(select jsonb_array_elements_text((select {_JWT}) -> 'tags'))",
        f"string_to_array({_JWT} ->> 'email', '@')",
        f"array(select m.role from proof.members m where m.user_id = {_UID})",
    ),
    "proof.rank": (
        f"({_JWT} -> 'app_metadata' ->> 'role')::proof.rank",
        f"(select max(m.rank) from proof.members m where m.user_id = {_UID})",
    ),
}
_TYPICAL: Final = (
    "{t}.owner = auth.uid()",
    "owner = (select auth.uid())",
    "(select auth.uid()) = owner and flag",
    "team in (select team from proof.members where user_id = auth.uid())",
    (
        "team in (select m.team from proof.members m where m.user_id = (select auth.uid())"
        " and m.role in ('admin', 'staff'))"
    ),
    "exists (select 1 from proof.members m where m.team = {t}.team and m.user_id = auth.uid())",
    (
        "exists (select from proof.members m where m.team = {t}.team"
        " and m.user_id = (select auth.uid()) and m.rank >= {t}.rank)"
    ),
    "auth.uid() in (select user_id from proof.members where members.team = {t}.team)",
    "team = any (array(select proof.my_teams_sd()))",
    "team = any ((select proof.my_teams_agg_sd())::uuid[])",
    "team in (select proof.my_teams_pd())",
    "(select proof.is_member_sd({t}.team))",
    "proof.is_member_pd(team)",
    "team = (auth.jwt() ->> 'org')::uuid",
    "body = (select auth.jwt() -> 'app_metadata' ->> 'role')",
    "(select role from proof.profiles where id = auth.uid()) = 'admin'",
    "exists (select 1 from proof.profiles where id = auth.uid() and role = 'admin')",
    "exists (select from proof.profiles p where p.id = auth.uid() and p.role = {t}.body)",
    "not exists (select from proof.blocks b where b.blocker = owner and b.blocked = auth.uid())",
    "flag or owner = auth.uid()",
    "(select auth.jwt() ->> 'aal') = 'aal2'",
    "at > now() or owner = auth.uid()",
    "body in ('admin', 'staff') and owner = auth.uid()",
    "auth.uid() is not null",
    "auth.uid() = any (ids)",
    "owner in (select id from proof.profiles where org = (select proof.my_org_sd()))",
    "team in (select team from proof.active_members where user_id = auth.uid())",
    "team in (select team from proof.my_memberships)",
    "team in (select team from proof.seats s where s.user_id = auth.uid() and kind = 'staff')",
    (
        "team in (select m.team from proof.members m join proof.teams t on t.id = m.team"
        " where m.user_id = auth.uid() and t.open)"
    ),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """
    A drawn table.

    Attributes:
        name: Qualified and quoted.
        create: SQL that makes it, without policies.
        policies: A statement each; one that PostgreSQL refuses does not count.
        rows: SQL that fills it.
    """

    name: str
    create: str
    policies: tuple[str, ...]
    rows: str


@dataclass(frozen=True, slots=True)
class Step:
    """
    Something that happens in one transaction, before verdicts are compared again.

    Attributes:
        statements: In order; a last ``rollback`` undoes them all.
        is_ddl: Whether definitions change, so that the world has to be built anew.
    """

    statements: tuple[str, ...]
    is_ddl: bool


@dataclass(frozen=True, slots=True)
class Scenario:
    """Tables with policies in a world, and what happens to them."""

    setting: tuple[str, ...]
    tables: tuple[Drawn, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _Scope:
    """A FROM item whose columns a condition may name."""

    alias: str
    columns: Mapping[str, str]

    def named(self, kinds: Sequence[str]) -> list[str]:
        return [
            f"{self.alias}.{_identifier(name)}"
            for name, kind in self.columns.items()
            if kind in kinds
        ]


@cache
def _below(count: int) -> SearchStrategy[int]:
    return st.integers(0, count - 1)


def _identifier(name: str) -> str:
    return name if name.islower() else f'"{name}"'


def _family(kind: str) -> tuple[str, ...]:
    return next((family for family in _FAMILIES if kind in family), (kind,))


class Author:
    """Writes SQL, every choice of which is drawn."""

    def __init__(self, draw: DrawFn) -> None:
        self._draw = draw
        self.chance = random.Random(draw(st.integers(0, 2**32 - 1)))

    def pick(self, options: Sequence[T]) -> T:
        """Choose one; the first is the simplest."""
        return options[self._draw(_below(len(options)))]

    def one_in(self, count: int) -> bool:
        """Choose whether to do something unusual."""
        return self.pick((False,) * (count - 1) + (True,))

    # Values

    def column(self, scopes: Sequence[_Scope], kinds: Sequence[str]) -> str | None:
        """Name a column of one of the types *kinds*, if there is one."""
        names = [name for scope in scopes for name in scope.named(kinds)]
        return self.pick(names) if names else None

    def value(self, scopes: Sequence[_Scope], kind: str, depth: int) -> str:
        """Write a value to compare with one of type *kind*."""
        way = self.pick(("literal", "fact", "fact", "column", "untyped", "query", "computed"))
        if way == "fact" and kind in _FACTS:
            return self.pick(_FACTS[kind])
        if way == "column":
            found = self.column(scopes, _family(kind) if self.one_in(3) else (kind,))
            if found is not None:
                return found
        if way == "query" and depth > 0:
            found = self.scalar_query(scopes, kind, depth)
            if found is not None:
                return found
        if way == "computed":
            return self.computed(scopes, kind, depth)
        text = self.pick(world.VALUES[kind])
        return quote(text).strip() if way == "untyped" else literal(kind, text)

    def computed(self, scopes: Sequence[_Scope], kind: str, depth: int) -> str:
        """Write a value made of others; some raise."""
        name = world.cast_type(kind)
        column = self.column(scopes, (kind,)) or f"null::{name}"
        if kind in _FAMILIES[0][:4]:
            return self.pick(
                (f"{column} + 1", f"10 / {column}", f"abs({column})", f"{column}::text::{name}")
            )
        if kind in _FAMILIES[1][:3]:
            return self.pick(
                (f"lower({column})", f"{column} || ''", f"nullif({column}, 'admin')")
                + ((f"substr({column}, 1, 3)",) if kind == "text" else ())
            )
        other = self.value(scopes, kind, 0) if depth else f"null::{name}"
        return self.pick((f"coalesce({column}, {other})", f"(case when true then {column} end)"))

    # Subqueries

    def source(self) -> tuple[str, Mapping[str, str]]:
        tables = {**MEMBERS, **VIEWS}
        return self.pick([*tables.items(), *list(MEMBERS.items())[:2]])

    def where(self, scopes: Sequence[_Scope], inner: _Scope, table: str, depth: int) -> str:
        """Write what the rows of a subquery have to fulfil."""
        parts: list[str] = []
        if table in USER_COLUMNS and not self.one_in(4):
            fact = self.pick(_FACTS["uuid"][:2] if not self.one_in(4) else _FACTS["uuid"])
            sides = [f"{inner.alias}.{USER_COLUMNS[table]}", fact]
            parts.append(" = ".join(sides if not self.one_in(4) else sides[::-1]))
        if not self.one_in(3):
            correlated = self.correlation(scopes, inner)
            if correlated:
                parts.append(correlated)
        if self.one_in(3) or not parts:
            both = (inner, *scopes)
            parts.append(self.condition((inner,) if self.one_in(2) else both, depth - 1))
        return (" or " if self.one_in(8) else " and ").join(parts)

    def correlation(self, scopes: Sequence[_Scope], inner: _Scope) -> str | None:
        kinds = sorted(set(inner.columns.values()) & {"uuid", "text", "int", "proof.rank"})
        kind = self.pick(kinds)
        mine, theirs = self.column((inner,), (kind,)), self.column(scopes, (kind,))
        if mine is None or theirs is None:
            return None
        operator = "=" if not self.one_in(6) else self.pick(("<=", "<>", "is not distinct from"))
        return f"{mine} {operator} {theirs}"

    def query(self, scopes: Sequence[_Scope], kinds: Sequence[str], depth: int) -> str | None:
        """Write a subquery that gives values of one of the types *kinds*."""
        tables = {**MEMBERS, **VIEWS}
        fitting = [name for name, columns in tables.items() if set(columns.values()) & set(kinds)]
        if not fitting:
            return None
        table = self.pick(fitting)
        inner = _Scope(f"{table.split('.')[1][0]}{len(scopes)}", tables[table])
        column = self.column((inner,), kinds)
        text = f"select {column} from {table} {inner.alias}"
        if not self.one_in(6):
            # Most that people write does not depend on the row.
            outer = scopes if self.one_in(3) else ()
            text += f" where {self.where(outer, inner, table, depth)}"
        if self.one_in(10):
            return f"{text} union all select null where {self.condition(scopes, 0)}"
        return text

    def scalar_query(self, scopes: Sequence[_Scope], kind: str, depth: int) -> str | None:
        """Write a subquery for one value; it raises when it finds several."""
        found = self.query(scopes, (kind,), depth)
        if found is None or " union " in found:
            return None
        if kind not in ("uuid", "bool", "jsonb", "uuid[]") and self.one_in(2):
            head, rest = found.split(" from ", 1)
            return f"(select max({head.removeprefix('select ')}) from {rest})"
        return f"({found})"

    def existence(self, scopes: Sequence[_Scope], depth: int) -> str:
        table, columns = self.source()
        inner = _Scope(f"{table.split('.')[1][0]}{len(scopes)}", columns)
        shown = self.pick(("1", "", "*", "null"))
        join = ""
        if table == "proof.members" and self.one_in(4):
            joined = _Scope("joined", MEMBERS["proof.teams"])
            join = f" join proof.teams joined on joined.id = {inner.alias}.team"
            scopes = (joined, *scopes)
        found = self.where(scopes, inner, table, depth)
        negated = "not " if self.one_in(3) else ""
        return f"{negated}exists (select {shown} from {table} {inner.alias}{join} where {found})"

    # Conditions

    def condition(self, scopes: Sequence[_Scope], depth: int) -> str:
        """Write a boolean expression over columns of *scopes*."""
        if depth > 0 and not self.one_in(3):
            way = self.pick(("and", "or", "not", "and", "or", "coalesce", "case", "is"))
            one = self.condition(scopes, depth - 1)
            if way in ("and", "or"):
                return f"({one} {way} {self.condition(scopes, depth - 1)})"
            match way:
                case "not":
                    return f"not ({one})"
                case "coalesce":
                    return f"coalesce({one}, {self.pick(('false', 'true'))})"
                case "case":
                    other = self.condition(scopes, 0)
                    return f"case when {other} then {one} else {self.pick(('false', other))} end"
                case _:
                    test = self.pick(("true", "not true", "not false", "unknown", "null"))
                    return f"({one}) is {test}"
        return self.pick(self._atoms(depth))(scopes, depth)

    def _atoms(self, depth: int) -> list[Callable[[Sequence[_Scope], int], str]]:
        flat = [
            self.comparison,
            self.comparison,
            self.membership_list,
            self.any_of,
            self.helper,
            self.helper,
            self.text_match,
            self.document,
            self.about_claims,
            self.other,
        ]
        return flat if depth <= 0 else [self.in_query, self.existence, *flat, self.in_query]

    def operand(self, scopes: Sequence[_Scope]) -> tuple[str, str]:
        """Write something on the left of an operator; gives its type, too."""
        scope = scopes[0] if not self.one_in(4) else self.pick(scopes)
        names = list(scope.columns)
        name = self.pick([*names, *([names[0]] * 4)])
        kind = scope.columns[name]
        text = f"{scope.alias}.{_identifier(name)}"
        if kind in _FACTS and self.one_in(6):
            text = self.pick(_FACTS[kind])
        return kind, text

    def comparison(self, scopes: Sequence[_Scope], depth: int) -> str:
        kind, left = self.operand(scopes)
        if self.one_in(8):
            return f"{left} is {self.pick(('not null', 'null'))}"
        right = self.value(scopes, kind, depth)
        if self.one_in(8) and kind != "jsonb":
            return f"{left} between {right} and {self.value(scopes, kind, 0)}"
        operator = (
            "="
            if not self.one_in(3)
            else self.pick(("<>", "<", "<=", ">", ">=", "is distinct from", "is not distinct from"))
        )
        return f"{left} {operator} {right}"

    def membership_list(self, scopes: Sequence[_Scope], depth: int) -> str:
        del depth
        kind, left = self.operand(scopes)
        members = [literal(kind, self.pick(world.VALUES[kind])) for _ in range(2)]
        members += ["null"] if self.one_in(4) else [self.value(scopes, kind, 0)]
        negated = "not " if self.one_in(3) else ""
        return f"{left} {negated}in ({', '.join(members)})"

    def any_of(self, scopes: Sequence[_Scope], depth: int) -> str:
        kind = self.pick(("uuid", "text"))
        left = self.column(scopes, (kind,)) or self.pick(_FACTS[kind])
        if self.one_in(4):
            left = self.pick(_FACTS[kind])
        array = self.value(scopes, f"{kind}[]", depth)
        if array.startswith("'"):
            array = f"{array}::{kind}[]"
        if array.startswith("(select"):
            array = f"({array})::{kind}[]"
        operator = "= any" if not self.one_in(4) else self.pick(("<> all", "<> any", "= all"))
        return f"{left} {operator} ({array})"

    def in_query(self, scopes: Sequence[_Scope], depth: int) -> str:
        kind = self.pick(("uuid", "uuid", "text", "int", "proof.rank", "bool"))
        left = self.column(scopes, (kind,)) or self.pick(_FACTS[kind])
        kinds = _family(kind) if self.one_in(5) else (kind,)
        found = self.query(scopes, kinds, depth) or "select null"
        operator = "in" if not self.one_in(4) else "not in"
        if self.one_in(8):
            operator = self.pick(("= any", "<> all", "= all"))
        return f"{left} {operator} ({found})"

    def helper(self, scopes: Sequence[_Scope], depth: int) -> str:
        del depth
        some = self.column(scopes, ("uuid",)) or "auth.uid()"
        number = self.column(scopes, ("int",)) or "1"
        v = self.pick(world.VARIANTS)
        return self.pick(
            (
                f"proof.is_member_{v}({some})",
                f"proof.has_rank_{v}({some})",
                f"proof.has_rank_{v}({some}, 'admin')",
                f"proof.is_admin_{v}()",
                f"(select proof.is_admin_{v}())",
                f"{some} in (select proof.my_teams_{v}())",
                f"{some} in (select * from proof.my_teams_{v}())",
                f"{some} = any (proof.my_teams_array_{v}())",
                f"{some} = any ((select proof.my_teams_agg_{v}())::uuid[])",
                f"not {some} = any (coalesce(proof.my_teams_agg_{v}(), '{{}}'))",
                f"proof.my_role_{v}() = 'admin'",
                f"(select proof.my_level_{v}()) >= {number}",
                f"{some} = proof.my_org_{v}()",
                f"not proof.is_blocked_{v}({some})",
                f"proof.rank_in_{v}({some}) in ('admin', 'owner')",
                f"(select proof.is_member_{v}({some}))",
                f"proof.bare_member({some})",
                f"proof.atomic_member({some})",
                f"proof.strict_member({some}, auth.uid())",
                f"proof.dynamic_member({some})",
                f"proof.looping_member({some})",
                f"proof.volatile_member({some})",
                f"proof.loose_member({some})",
                f"proof.odd_literals({some})",
                f"proof.cases({some})",
                f"{some} = proof.newest_team()",
                f"proof.has_rank_sd(lowest => 'viewer', wanted => {some})",
                (
                    f"exists (select from public.members x where x.team = {some}"
                    " and x.user_id = auth.uid())"
                ),
                f"proof.checked({number})",
                "exists (select from proof.teams whole where proof.is_open(whole))",
            )
        )

    def text_match(self, scopes: Sequence[_Scope], depth: int) -> str:
        del depth
        left = self.column(scopes, ("text", "varchar(6)", "citext")) or "auth.role()"
        other = self.column(scopes, ("text",)) or "auth.role()"
        return self.pick(
            (
                f"{left} like 'a%'",
                f"{left} ilike '%ADM%'",
                f"{left} not like '_dmin'",
                f"{left} ~ '^a'",
                f"{left} like {other}",
                f"lower({left}) = (select auth.jwt() ->> 'email')",
                f"proof.same({left}::text, {other})",
                f"proof.is_member({left}::text)",
                f"{left}::int > 0",
                f"{left} = current_user::text",
                f"length({left}) > 3",
                f"{other} < 'b' collate \"C\"",
                f"starts_with({other}, 'a')",
            )
        )

    def document(self, scopes: Sequence[_Scope], depth: int) -> str:
        del depth
        doc = self.column(scopes, ("jsonb",)) or "auth.jwt()"
        tags = self.column(scopes, ("text[]",)) or "array['admin']"
        ids = self.column(scopes, ("uuid[]",)) or "array[auth.uid()]"
        return self.pick(
            (
                f"{doc} ->> 'role' = 'admin'",
                f"{doc} @> '{{\"a\": 1}}'",
                f"{doc} ? 'owner'",
                f"({doc} ->> 'owner')::uuid = auth.uid()",
                f"({doc} ->> 'level')::int >= (auth.jwt() ->> 'level')::int",
                f"auth.jwt() @> {doc}",
                f"{doc} = '\"admin\"'",
                f"'admin' = any ({tags})",
                f"{tags} && array['admin', 'staff']",
                f"{tags} @> {self.pick(_FACTS['text[]'])}",
                f"{ids} && array(select proof.my_teams_sd())",
                f"cardinality({ids}) > 0",
                f"auth.uid() = any ({ids})",
                f"{doc} -> 'tags' ? (auth.jwt() ->> 'email')",
                f"jsonb_typeof({doc}) = 'object'",
                f"{tags} = '{{}}'",
            )
        )

    def about_claims(self, scopes: Sequence[_Scope], depth: int) -> str:
        del scopes, depth
        return self.pick(
            (
                "auth.uid() is not null",
                "auth.role() = 'authenticated'",
                "(select auth.jwt() ->> 'aal') = 'aal2'",
                "(auth.jwt() -> 'app_metadata' ->> 'role') = 'admin'",
                "(auth.jwt() ->> 'is_anonymous')::boolean is not true",
                "current_user = 'anon'",
                "auth.jwt() ? 'tags'",
                "(select auth.uid()) is null",
                "(auth.jwt() ->> 'level')::int > 1",
                "auth.jwt() -> 'app_metadata' @> '{\"role\": \"admin\"}'",
                "pg_has_role(current_user, 'proof_group', 'member')",
                f"auth.uid()::text = {quote(USERS[0])}",
                f"auth.uid() in ({quote(USERS[0])}, {quote(USERS[1])})",
                f"(auth.jwt() ->> 'org')::uuid = any (array[{literal('uuid', TEAMS[0])}])",
                "array['aal2'] <@ array[(select auth.jwt() ->> 'aal')]",
            )
        )

    def other(self, scopes: Sequence[_Scope], depth: int) -> str:
        del depth
        one, two = (self.column(scopes, (kind,)) or "null" for kind in ("uuid", "text"))
        flag = self.column(scopes, ("bool",)) or "true"
        number = self.column(scopes, ("int",)) or "1"
        at = self.column(scopes, ("timestamptz",)) or "now()"
        return self.pick(
            (
                flag,
                "true",
                "false",
                "null",
                f"not {flag}",
                f"{flag} is not true",
                f"({one}, {two}) in (select m.team, m.role from proof.members m)",
                f"({one}, {two}) = ((select auth.uid()), 'admin')",
                f"{at} > now()",
                f"{at}::date = '2040-01-02'",
                f"extract(hour from {at}) < 12",
                f"10 / {number} > 1",
                f"{number} % 2 = 0",
                f"{two}::int > 0",
                f"num_nulls({one}, {two}) = 0",
                f"(select count(*) from proof.members) > {number}",
                f"{scopes[0].alias} is not null",
                f"{scopes[0].alias}::text like '%admin%'",
                f"to_jsonb({scopes[0].alias}) ? 'team'",
                f"{one}::text like 'a%'",
            )
        )

    # Policies and tables

    def policies(self, table: str, columns: Mapping[str, str], count: int) -> list[str]:
        """Write policies on a table; the first is permissive."""
        scope = _Scope(table, columns)
        return [self.policy(table, scope, f"p{number}") for number in range(count)]

    def policy(self, table: str, scope: _Scope, name: str) -> str:
        kind = "permissive" if not self.one_in(4) else "restrictive"
        if name == "p0":
            kind = "permissive"
        command = self.pick(("select", "all", "select", "all", "update"))
        roles = self.pick(
            ("public", "authenticated", "public", "anon, authenticated", "proof_group", "anon")
        )
        if self.one_in(2) and "owner" in scope.columns:
            condition = self.pick(_TYPICAL).replace("{t}", table)
        else:
            condition = self.condition((scope,), self.pick((1, 2, 0, 3)))
        return (
            f"create policy {name} on {table} as {kind} for {command} to {roles}"
            f" using ({condition})"
        )

    def table(self, name: str) -> Drawn:
        """Draw a table with policies and rows."""
        columns = {**COLUMNS, "twice": "int"}
        written = ", ".join(
            f"{_identifier(column)} {world.sql_type(kind)}" for column, kind in COLUMNS.items()
        )
        partitions = (
            ""
            if not self.one_in(6)
            else "".join(
                f'create table {name[:-1]}{part}" partition of {name}'
                f" for values with (modulus 2, remainder {part});"
                for part in range(2)
            )
        )
        create = (
            f"create table {name} (gone int, id int primary key, twin int, {written},"
            " twice int generated always as (n % 1000 * 2) stored)"
            f"{' partition by hash (id)' if partitions else ''};{partitions}"
            f"alter table {name} drop column gone; create index on {name} (twin);"
            f"alter table {name} enable row level security;"
            f"{self.pick(_GRANTS).replace('{t}', name)};"
        )
        count = self.pick((1, 2, 3, 4))
        return Drawn(name, create, tuple(self.policies(name, columns, count)), self.rows(name))

    def rows(self, name: str, numbers: Sequence[int] = range(ROW_COUNT)) -> str:
        """Write the INSERT of rows."""
        names = ", ".join(map(_identifier, COLUMNS))
        rows = ", ".join(
            f"({number}, {number}, "
            f"{', '.join(world.value(self.chance, kind) for kind in COLUMNS.values())})"
            for number in numbers
        )
        return f"insert into {name} (id, twin, {names}) values {rows}"

    # The world, and what happens

    def protection(self, table: str) -> list[str]:
        """Write row level security for a members' table; it never leads back to itself."""
        below = _BELOW[table]
        way = self.pick(("off", "own", "all", "definer", "claim", "none", "group", "condition"))
        if way == "off":
            return []
        statements = [f"alter table {table} enable row level security"]
        user = USER_COLUMNS.get(table, "id")
        conditions = {
            "own": f"{user} = (select auth.uid())",
            "all": "true",
            "definer": "(select proof.is_admin_sd())" if table == "proof.profiles" else below,
            "claim": "(auth.jwt() ->> 'aal') = 'aal2'",
            "group": "true",
        }
        if way == "condition":
            scope = _Scope(table, {k: v for k, v in MEMBERS[table].items() if v in _FACTS})
            conditions[way] = self.comparison((scope,), 0)
        if way in conditions:
            roles = "proof_group" if way == "group" else "public"
            condition = conditions[way]
            statements.append(f"create policy w on {table} to {roles} using ({condition})")
        return statements

    def streaming(self, table: str) -> list[str]:
        """Write what is logged of a members' table, and published for clients."""
        return [
            *self.pick(
                (
                    (),
                    (),
                    (f"alter table {table} replica identity full",),
                    (f"alter table {table} replica identity nothing",),
                )
            ),
            *self.pick(
                (
                    (),
                    (),
                    (f"alter publication supabase_realtime add table {table}",),
                    (f"alter publication supabase_realtime add table {table} where (level > 1)",)
                    if table == "proof.profiles"
                    else (),
                )
            ),
        ]

    def happening(self, tables: Sequence[Drawn]) -> Step:
        """Draw what happens in a transaction."""
        if self.one_in(5):
            statements = [self.data_change()] if self.one_in(3) else []
            return Step((*statements, self.definition(tables)), is_ddl=True)
        statements = [self.data_change() for _ in range(self.pick((1, 2, 3)))]
        if self.one_in(5):
            changed = self.pick(tables)
            statements.append(self.row_change(changed.name))
        if self.one_in(10):
            statements.append("rollback")
        return Step(tuple(statements), is_ddl=False)

    def row_change(self, table: str) -> str:
        name, kind = self.pick(list(COLUMNS.items()))
        target = f"{_identifier(name)} = {world.value(self.chance, kind)}"
        return f"update {table} set {target} where id < {self.chance.randrange(ROW_COUNT)}"

    def data_change(self) -> str:
        """Write a change of memberships."""
        chance = self.chance
        table = self.pick(("proof.members", "proof.profiles", *MEMBERS))
        user = literal("uuid", chance.choice(USERS))
        someone_else = literal("uuid", chance.choice(USERS[:5]))
        name, kind = chance.choice([*MEMBERS[table].items()])
        if name in ("id", "user_id", "team", "n", "kind") and table != "proof.blocks":
            name, kind = "level" if "level" in MEMBERS[table] else "user_id", "int"
        who = USER_COLUMNS.get(table)
        some = f"{who} = {user}" if who else f"id = {literal('uuid', chance.choice(TEAMS))}"
        if table == "proof.seats":
            update = f"update {table} set kind = {literal('char(6)', 'staff')} where n % 2 = 0"
        else:
            update = f"update {table} set {name} = {world.value(chance, kind)} where {some}"
        return self.pick(
            (
                f"delete from {table} where {some}",
                world.member_row(chance, table),
                update,
                update,
                f"delete from {table}",
                f"truncate {table} cascade",
                (
                    f"update proof.members set user_id = {someone_else}"
                    f" where (team, user_id) in (select team, user_id from proof.members limit 1)"
                    " and not exists (select from proof.members x where x.team = members.team"
                    f" and x.user_id <> members.user_id)"
                ),
                (
                    "insert into proof.profiles (id, role) select gen_random_uuid(), 'admin'"
                    " from generate_series(1, 700)"
                ),
            )
        )

    def definition(self, tables: Sequence[Drawn]) -> str:
        """Write a change of policies, privileges, functions or roles."""
        table = self.pick([drawn.name for drawn in tables])
        members = self.pick(tuple(MEMBERS))
        scope = _Scope(table, COLUMNS)
        return self.pick(
            (
                f"drop policy p0 on {table}",
                self.policy(table, scope, "p9"),
                f"alter policy p0 on {table} using ({self.condition((scope,), 1)})",
                f"alter policy p0 on {table} to proof_group",
                f"alter table {table} disable row level security",
                f"alter table {table} force row level security",
                f"alter table {table} owner to proof_owner",
                f"alter table {members} enable row level security",
                f"alter table {members} owner to proof_owner",
                (
                    f"alter table {members} enable row level security;"
                    f"create policy x on {members} using (auth.uid() is not null)"
                ),
                f"revoke select on {members} from authenticated, anon",
                (
                    f"revoke select on {members} from public, authenticated;"
                    f"grant select (level) on {members} to authenticated"
                ),
                f"revoke select on {table} from public, authenticated",
                (
                    f"revoke select on {table} from public, authenticated;"
                    f" grant select (twin, body) on {table} to authenticated"
                ),
                "revoke usage on schema proof from public",
                "revoke execute on all functions in schema proof from public",
                world.weakened(self.chance),
                world.weakened(self.chance),
                "alter function proof.is_member_sd(uuid) security invoker",
                "alter function proof.my_teams_si() security definer",
                (
                    "create or replace view proof.active_members as"
                    " select team, user_id, role, level from proof.members where not active"
                ),
                "alter view proof.my_memberships set (security_invoker = false)",
                "alter table proof.members rename column active to is_active",
                "alter table proof.members drop column until",
                "alter table proof.profiles alter column badge type int using 1",
                f"alter table {table} drop column raw",
                f"alter table {table} add column extra int default 3",
                "alter role proof_clerk bypassrls",
                "revoke proof_group from proof_clerk",
                "grant proof_group to authenticated",
                f"alter table {members} rename to moved",
                f"alter table {members} replica identity full",
                "alter table proof.seats detach partition proof.seats_staff",
                "alter domain proof.positive add check (value > 1) not valid",
                "alter table proof.members alter column level type bigint",
                f"alter publication supabase_realtime add table {members}",
                f"drop table {members} cascade",
            )
        )


_BELOW: Final = {
    "proof.profiles": "true",
    "proof.members": "proof.is_admin_si()",
    "proof.teams": "proof.is_member_sd(id) or proof.is_admin_si()",
    "proof.blocks": "blocker = auth.uid() or proof.is_admin_pd()",
    "proof.seats": "team in (select m.team from proof.members m)",
}
_GRANTS: Final = (
    "grant select on {t} to public",
    "grant select on {t} to public",
    "grant select on {t} to anon, authenticated, service_role",
    "grant select (id, owner, body) on {t} to public",
    'grant select (twin, "Code") on {t} to authenticated; grant select on {t} to anon',
    "grant insert on {t} to public; grant select on {t} to authenticated",
)
_NAMES: Final = ('proof."rows0"', 'proof."Odd Rows1"', 'proof."select2"')

RESTORE: Final = """
alter role proof_clerk nobypassrls;
grant proof_group to proof_clerk;
revoke proof_group from authenticated;
"""
"""Undoes what a step did to roles, which building the world anew does not."""


@st.composite
def scenarios(draw: DrawFn, *, table_count: int = 3, step_count: int = 3) -> Scenario:
    """Draw a scenario with up to so many tables and steps."""
    author = Author(draw)
    setting = [
        *(statement for table in MEMBERS for statement in author.protection(table)),
        *world.population(author.chance),
        *(statement for table in MEMBERS for statement in author.streaming(table)),
    ]
    tables = [author.table(name) for name in _NAMES[: author.pick(range(1, table_count + 1))]]
    steps = [author.happening(tables) for _ in range(author.pick(range(step_count + 1)))]
    return Scenario(tuple(setting), tuple(tables), tuple(steps))
