"""
Nothing a client writes, wherever it writes it, becomes SQL of its own.

Whatever text stands for a name, type, alias, operator, value, order, header or argument: the
server answers 2xx or 4xx, and never with what the caller's role may not read.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import Counter
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.postgrest.http import Client
from support.server import ANON_KEY, serving

if TYPE_CHECKING:
    from support.postgres import Database

EXAMPLES: Final = int(os.environ.get("SLOTCAST_INJECTION_EXAMPLES", "120"))

CANARY: Final = "canary-that-nobody-may-read"

SCHEMA: Final = f"""
    create table public.hidden (id int primary key, secret text);
    insert into public.hidden values (1, '{CANARY}');
    revoke all on public.hidden from anon, authenticated, service_role;
    create table public.shown (id int primary key, name text, data jsonb, tags text[], day date);
    create table public.part (id int primary key, shown_id int references public.shown, size int);
    insert into public.shown
    select i, 'name ' || i, jsonb_build_object('k', i), array['a', 'b'], date '2026-01-01' + i
    from generate_series(1, 5) i;
    insert into public.part select i, i % 5 + 1, i from generate_series(1, 9) i;
    grant select, insert, update, delete on public.shown, public.part to anon;
    create function public.echo(word text, count int default 1) returns text
    language sql stable as $$ select repeat(word, least(count, 3)) $$;
    create function public.rows_named(word text) returns setof public.shown
    language sql stable as $$ select * from public.shown where name = word $$;
    notify pgrst, 'reload schema';
"""

FRAGMENTS: Final = (
    "'",
    "''",
    '"',
    '""',
    "\\",
    "\\'",
    "$$",
    "$1",
    "$x$",
    "--",
    "/*",
    "*/",
    ";",
    "(",
    ")",
    ",",
    ".",
    ":",
    "::",
    "->",
    "->>",
    "!",
    "*",
    "%",
    "{",
    "}",
    "[",
    "]",
    " ",
    "\t",
    "\n",
    "\0",
    "\x7f",
    "é",
    "U&'\\0027'",
    "E'\\x27'",
    "null",
    "hidden",
    "public.hidden",
    "secret",
    "shown",
    "part",
    "id",
    "name",
    "data",
    "regclass",
    "text",
    "xml",
    "select secret from public.hidden",
    " union all select secret from public.hidden",
    "(select secret from public.hidden)",
    "'; drop table public.shown; --",
    "set role postgres",
    "pg_read_file",
    "query_to_xml",
    "eq.",
    "in.(",
    "is.null",
    "not.",
    "or(",
    "count()",
    "...",
    "asc",
    "inner",
)

text = st.lists(
    st.one_of(st.sampled_from(FRAGMENTS), st.text(st.characters(codec="utf-8"), max_size=3)),
    max_size=6,
).map("".join)
header_text = text.map(lambda one: "".join(c for c in one if c >= " " and c != "\x7f").strip())


class Templates:
    """
    Places of a request that text is put into.

    At ``{q}`` it is in quotes, so that it is a name or value whatever it holds; at ``{w}``
    there are only characters that need none; at ``{}`` it is as it is.
    """

    QUERY: Final = (
        "select={}",
        "select=id,{}",
        "select={}:id",
        "select=id::{}",
        "select=data->{}",
        "select=data->>{}::text",
        'select="{}"',
        "select=part({})",
        "select=part!{}(id)",
        "select={}(id)",
        "select=...{}(id)",
        "select=id.{}()",
        "{}=eq.1",
        "id={}",
        "id=eq.{}",
        "name=like.{}",
        "name=in.({})",
        'name=in.("{}")',
        "name=fts({}).x",
        "name=is.{}",
        "name=match.{}",
        "data->{}=eq.1",
        "tags=cs.{}",
        "name=like(any).{}",
        "or=({})",
        "or=(name.eq.{})",
        'or=(name.eq."{}",{}.eq.1)',
        "part.{}=eq.1&select=*,part(*)",
        "{}.id=eq.1&select=*,part(*)",
        "order={}",
        "order=id.{}",
        "order=part({})",
        "limit={}",
        "offset={}",
        "columns={}",
        "on_conflict={}",
        "{}={}",
    )

    WELL_FORMED: Final = (
        "select={q}",
        "select=id,{q}:name",
        "select=data->{q}->>{q}",
        "select=name::{w}",
        "select=part!{q}({q})",
        "{q}=eq.1",
        "name=in.({q},{q})",
        "name=eq.{q}",
        "id=eq.{w}",
        "or=(name.eq.{q},name.like.{q})",
        "or=({q}.is.null,data->>{q}.eq.{q})",
        "select=id,part(size)&part.{q}=eq.1",
        "order={q}",
        "order=data->{q}.desc",
        "columns={q}",
        "on_conflict={q}",
    )

    PATHS: Final = (*["/shown"] * 12, "/{}", "/rpc/{}", "/rpc/rows_named?word=name 1&")

    HEADERS: Final = (
        "Accept",
        "Accept-Profile",
        "Content-Profile",
        *["Prefer", "Range", "Cookie", "X-Client-Info", "X-Forwarded-For"] * 3,
        "Content-Type",
    )

    VALUES: Final = (
        "{}",
        "timezone={}",
        "count={}",
        "handling=strict, {}",
        "application/vnd.pgrst.plan; for={}",
        "0-{}",
    )


def filled(templates: tuple[str, ...], words: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(templates), words, words).map(lambda found: fill(*found))


def fill(template: str, first: str, second: str) -> str:
    """Put *first* into the first place of *template*, and *second* into all others."""
    place = re.compile(r"\{([qw]?)\}")
    words = iter([first])

    def put(found: re.Match[str]) -> str:
        word = next(words, second)
        match found[1]:
            case "q":
                escaped = word.replace("\\", "\\\\").replace('"', '\\"')
                return f'"{escaped}"'
            case "w":
                return re.sub(r"[^\w $]", "", word)
            case _:
                return word

    return place.sub(put, template)


def encoded(parameter: str) -> str:
    key, equals, value = parameter.partition("=")
    return quote(key, safe="") + equals + quote(value, safe="()=&")


queries = st.one_of(
    st.lists(filled(Templates.WELL_FORMED, text).map(encoded), min_size=1, max_size=2),
    st.lists(filled(Templates.QUERY, text).map(encoded), max_size=2),
).map("&".join)
headers = st.lists(
    st.tuples(
        st.sampled_from(Templates.HEADERS),
        filled(Templates.VALUES, header_text),
    ),
    max_size=2,
)
documents = st.recursive(
    st.one_of(text, st.integers(), st.none(), st.booleans(), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(text, inner, max_size=3)),
    max_leaves=5,
)
rows = st.dictionaries(
    st.one_of(st.sampled_from(["id", "name", "data", "tags", "day", "word", "count"]), text),
    documents,
    max_size=4,
)
bodies = st.one_of(
    rows.map(lambda row: json.dumps(row).encode()),
    st.lists(rows, max_size=2).map(lambda found: json.dumps(found).encode()),
    st.binary(max_size=20),
    text.map(str.encode),
)


class Attacker:
    """Sends requests as the role `anon`, and looks for what it must not see."""

    def __init__(self, url: str) -> None:
        self._client = Client(f"{url}/rest/v1")
        self.statuses: Counter[int] = Counter()

    def close(self) -> None:
        self._client.close()

    def try_(
        self, method: str, path: str, fields: list[tuple[str, str]], body: bytes = b""
    ) -> None:
        answer = self._client.send(method, path, [("apikey", ANON_KEY), *fields], body)

        assert 200 <= answer.status < 500, answer
        assert CANARY.encode() not in answer.body
        assert CANARY not in str(answer.headers)
        self.statuses[answer.status] += 1


@pytest.mark.parametrize("cluster", ["embedded"], indirect=True)
async def test_text_never_becomes_sql(database: Database, slot_name: str) -> None:
    with psycopg.connect(database.url, autocommit=True) as owner:
        owner.execute(SCHEMA.encode())
        async with serving(database.url, slot_name) as url:
            statuses = await asyncio.to_thread(attack, url)

        assert owner.execute("select secret from public.hidden").fetchall() == [(CANARY,)]
        assert owner.execute("select to_regclass('public.shown')").fetchone() != (None,)
    # Attacks that fail before any SQL is made would prove nothing.
    assert statuses[200] > 0.1 * statuses.total()


def attack(url: str) -> Counter[int]:
    """Attack the server at *url* in every way; count the statuses it answered with."""
    attacker = Attacker(url)
    patiently = settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )

    @patiently
    @given(st.sampled_from(["GET", "HEAD"]), filled(Templates.PATHS, text), queries, headers)
    def reads(method: str, path: str, query: str, fields: list[tuple[str, str]]) -> None:
        attacker.try_(method, f"{quote(path, safe='/?=&')}?{query}", fields)

    @patiently
    @given(
        st.sampled_from(["POST", "PATCH", "DELETE", "PUT"]),
        filled(Templates.PATHS, text),
        queries,
        headers,
        bodies,
    )
    def writes(
        method: str, path: str, query: str, fields: list[tuple[str, str]], body: bytes
    ) -> None:
        attacker.try_(method, f"{quote(path, safe='/?=&')}?{query}", fields, body)

    @patiently
    @given(
        st.sampled_from(["echo", "rows_named"]),
        st.one_of(st.just({}), st.dictionaries(text, text, max_size=2)),
        text,
    )
    def calls(name: str, others: dict[str, str], word: str) -> None:
        given_arguments = {"word": word, **others}
        query = "&".join(f"{quote(key)}={quote(one)}" for key, one in given_arguments.items())
        attacker.try_("GET", f"/rpc/{name}?{query}", [])
        attacker.try_("POST", f"/rpc/{name}", [], json.dumps(given_arguments).encode())

    try:
        attacker.try_("GET", "/shown?select=id,part(size)&name=eq.name 1", [])
        attacker.try_("GET", "/hidden", [])
        reads()
        writes()
        calls()
    finally:
        attacker.close()
    return attacker.statuses
