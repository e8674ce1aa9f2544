"""Values as JSON, compared with what PostgreSQL's own `to_json` makes of them."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any, Final

import pytest
from psycopg import sql

from slotcast.fanout.values import converter
from slotcast.postgres.types import TypeCatalog, TypeKind
from support.relations import connect, describe_relation, images

if TYPE_CHECKING:
    from support.postgres import Database

SETUP: Final = """
create schema "odd.""schema";
create type public.mood as enum ('happy', 'so so', 'quo"te', 'c,omma');
create type "odd.""schema".text as enum ('not', 'text at all');
create type public.pair as (n int, "la""bel" text, at timestamptz);
create type public.nested as (pairs public.pair[], one public.pair, doc jsonb, mood public.mood);
create domain public.price as numeric(10, 2);
create domain public.prices as public.price[];
create domain public.place as public.pair;
create type public.span as range (subtype = float8);
create type public.empty as ();
"""

# Type → literals whose JSON is what `to_json` says.
LIKE_TO_JSON: Final = {
    "int2": ["-32768", "0", "32767"],
    "int4": ["-2147483648", "7"],
    "int8": ["9007199254740993", "-9223372036854775808"],
    "float4": ["0.1", "1e-30", "-0", "3.4028235e38"],
    "float8": ["0.1", "1e20", "-1e-7", "1e300", "123456.789", "-0"],
    "numeric": ["10.50", "0.00", "-0.000001", "1" * 100 + ".5", "1e-20"],
    "numeric(10,2)": ["1.005", "-3"],
    "bool": ["t", "f"],
    "text": ["", "plain", 'quo"te', "back\\slash", "new\nline\ttab\x01\x7f", "é漢🦀", "NULL", "{}"],
    "varchar(5)": ["abc"],
    "char(5)": ["ab", "é"],
    '"char"': ["x", ""],
    "name": ["some name"],
    "uuid": ["6BA7B810-9dad-11d1-80b4-00c04fd430c8"],
    "json": ['{"a" : [1,\n 2, "\\u0000\\ud83e"]}', "null", '"s"', "1e400", '{"a":1,"a":2}'],
    "jsonb": ['{"b": 1.50, "a": [true, null, "é\\n"]}', "[]", "1E+400"],
    "date": ["2026-01-02", "0044-03-15 BC", "infinity", "-infinity", "5874897-12-31", "0001-01-01"],
    "timestamp": [
        "2026-01-02 03:04:05.123456", "2026-01-02", "0044-03-15 01:02:03 BC", "infinity",
        "294276-12-31 23:59:59.999999",
    ],
    "timestamptz": [
        "2026-01-02 03:04:05.123456+02", "2026-01-02 00:00Z", "0044-03-15 01:02:03+00 BC",
        "-infinity", "294276-12-31 23:59:59.999999+00",
    ],
    "timestamptz(3)": ["2026-01-02 03:04:05.1239+00"],
    "time": ["03:04:05.5", "24:00:00"],
    "timetz": ["03:04:05+02", "03:04:05.123456-05:30"],
    "interval": ["1 year 2 mons -3 days 04:05:06.789", "-1 day", "0"],
    "inet": ["10.0.0.1", "10.0.0.0/8", "::1"],
    "cidr": ["10.0.0.0/8"],
    "macaddr": ["08:00:2b:01:02:03"],
    "money": ["12.34", "-1"],
    "oid": ["26", "4294967295"],
    "bit(3)": ["101"],
    "varbit": ["10101", ""],
    "point": ["(1,2.5)"],
    "box": ["((0,0),(1,1))"],
    "tsvector": ["a 'b c':1A"],
    "int4range": ["[1,5)", "empty", "(,)"],
    "int4multirange": ["{[1,5),[7,9)}", "{}"],
    "span": ["[1.5,2]"],
    "mood": ["happy", "so so", 'quo"te', "c,omma"],
    '"odd.""schema".text': ["not", "text at all"],
    "price": ["10.5"],
    "prices": ["{1,NULL,2.555}"],
    "place": ['(1,"x y",)'],
    "pair": ['(1,"a ""b"" \\\\ , ()",2026-01-02 00:00+00)', "(,,)", '(,"",)'],
    "empty": ["()"],
    "nested": [
        r"""("{""(1,\\""x y\\"",)"",NULL}","(2,z,infinity)","{""k"": [1, ""v""]}","so so")""",
        r'''({},,"""\\\\""",)''',
    ],
    "int4[]": ["{}", "{1,NULL,-3}", "{{1,2},{3,4}}", "[0:1]={1,2}", "[-2:-1][5:5]={{1},{2}}"],
    "text[]": ['{a,"b c","",NULL,"NULL","a\\"b\\\\c","{x,y}","[0:1]={1}",é}', "{{{a}},{{b}}}"],
    "bool[]": ["{t,f,NULL}"],
    "timestamptz[]": ['{"2026-01-02 03:04:05+00",infinity}'],
    "jsonb[]": ['{"{\\"a\\": [1, 2]}","null",NULL}'],
    "uuid[]": ["{6ba7b810-9dad-11d1-80b4-00c04fd430c8}"],
    "box[]": ["{(1,1),(0,0);(3,3),(2,2)}"],
    "mood[]": ['{happy,"so so","c,omma",NULL}'],
    "price[]": ["{1.5,NULL}"],
    "pair[]": ['{"(1,\\"a,b\\",)",NULL}'],
    "nested[]": ['{"(\\"{\\"\\"(1,x,)\\"\\"}\\",,,happy)"}'],
    "int4range[]": ['{"[1,5)",empty}'],
}  # fmt: skip

# Type → literal → JSON, where the protocol has it differently.
UNLIKE_TO_JSON: Final = {
    "float8": {"NaN": None, "Infinity": None, "-Infinity": None},
    "float4": {"NaN": None},
    "numeric": {"NaN": None, "Infinity": None, "-Infinity": None},
    "bytea": {"\\xdeadbeef": "deadbeef", "": ""},
    "float8[]": {"{1.5,NaN,-Infinity}": ["1.5", None, None]},
    "bytea[]": {'{"\\\\x01","\\\\xff00"}': ["01", "ff00"]},
}


def exact(fragment: bytes | str) -> object:
    """Read JSON without losing a digit: numbers become their own text, in a list."""

    def digits(text: str) -> list[str]:
        return ["number", text]

    return json.loads(fragment, parse_int=digits, parse_float=digits)


def plain(fragment: bytes) -> object:
    return json.loads(fragment, parse_int=str, parse_float=str)


async def text_forms(
    database: Database, literals: dict[str, list[str]]
) -> list[tuple[str, bytes, bytes, str]]:
    """Give type, text form, our JSON and PostgreSQL's JSON of each literal."""
    found: list[tuple[str, bytes, bytes, str]] = []
    types = TypeCatalog()
    async with await connect(database.url) as connection:
        await connection.execute(SETUP)
        for name, texts in literals.items():
            await connection.execute(f"create table sample (v {name})".encode())
            for text in texts:
                await connection.execute(
                    sql.SQL("insert into sample values ({})").format(sql.Literal(text))
                )
            relation = await describe_relation(connection, "sample")
            await types.load(connection, [relation.columns[0].type_oid])
            convert = converter(relation.columns[0].type_oid, types)
            for value, expected in await images(connection, "select v, to_json(v) from sample"):
                assert isinstance(value, bytes)
                assert isinstance(expected, bytes)
                found.append((name, value, convert(value), expected.decode()))
            await connection.execute("drop table sample")
    return found


async def test_values_have_the_json_that_postgresql_gives_them(bare_database: Database) -> None:
    found = await text_forms(bare_database, LIKE_TO_JSON)

    assert len(found) == sum(map(len, LIKE_TO_JSON.values()))
    different = [
        (name, text, ours, theirs)
        for name, text, ours, theirs in found
        if exact(ours) != exact(theirs)
    ]
    assert different == []


async def test_values_without_json_of_their_own_have_the_protocol_form(
    bare_database: Database,
) -> None:
    found = await text_forms(
        bare_database, {name: list(texts) for name, texts in UNLIKE_TO_JSON.items()}
    )

    expected = [json for texts in UNLIKE_TO_JSON.values() for json in texts.values()]
    assert [plain(ours) for _, _, ours, _ in found] == expected


async def test_random_arrays_and_composites_have_the_json_that_postgresql_gives_them(
    bare_database: Database,
) -> None:
    draw = random.Random(20261123)
    alphabet = " ,;{}()[]\"\\=\n\t'aNUL0é🦀"

    def text() -> str | None:
        length = draw.randrange(6)
        return None if length == 5 else "".join(draw.choices(alphabet, k=length))

    async with await connect(bare_database.url) as connection:
        await connection.execute(SETUP)
        await connection.execute("create table sample (v pair[], w text[])")
        for _ in range(300):
            pairs = [(draw.randrange(9), text()) for _ in range(draw.randrange(4))]
            await connection.execute(
                "insert into sample select array(select row(n, t, null)::pair"
                " from unnest(%s::int[], %s::text[]) as given (n, t)), %s::text[]",
                [[n for n, _ in pairs], [t for _, t in pairs], [text() for _ in range(3)]],
            )
        relation = await describe_relation(connection, "sample")
        types = TypeCatalog()
        await types.load(connection, [column.type_oid for column in relation.columns])
        rows = await images(connection, "select v, w, to_json(v), to_json(w) from sample")

    converters = [converter(column.type_oid, types) for column in relation.columns]
    assert len(rows) == 300
    for pairs, texts, *expected in rows:
        assert isinstance(pairs, bytes)
        assert isinstance(texts, bytes)
        ours = [converters[0](pairs), converters[1](texts)]
        assert [exact(one) for one in ours] == [
            exact(one) for one in expected if isinstance(one, bytes)
        ]


async def test_types_are_told_apart_by_oid_and_not_by_name(bare_database: Database) -> None:
    types = TypeCatalog()
    async with await connect(bare_database.url) as connection:
        await connection.execute(SETUP)
        row: Any = await (
            await connection.execute(
                """select '"odd.""schema".text'::regtype::oid, 'pg_catalog.text'::regtype::oid"""
            )
        ).fetchone()
        await types.load(connection, row)

    ours, builtin = (types.get(oid) for oid in row)
    assert ours is not None
    assert builtin is not None
    assert (ours.kind, ours.schema, ours.name) == (TypeKind.ENUM, 'odd."schema', "text")
    assert (builtin.kind, builtin.schema, builtin.name) == (TypeKind.BASE, "pg_catalog", "text")


async def test_changed_type_is_learned_after_forgetting(bare_database: Database) -> None:
    types = TypeCatalog()
    async with await connect(bare_database.url) as connection:
        await connection.execute("create type pair as (a int)")
        row: Any = await (await connection.execute("select 'pair'::regtype::oid")).fetchone()
        await types.load(connection, row)
        await connection.execute("alter type pair add attribute b text")

        await types.load(connection, row)
        before = converter(row[0], types)(b"(1,x)")
        types.forget()
        await types.load(connection, row)
        after = converter(row[0], types)(b"(1,x)")

    assert (before, after) == (b'"(1,x)"', b'{"a":1,"b":"x"}')


async def test_unknown_oid_is_ignored(bare_database: Database) -> None:
    types = TypeCatalog()
    async with await connect(bare_database.url) as connection:
        await types.load(connection, [4294967295, 25])

    assert types.get(4294967295) is None
    assert types.get(25) is not None


@pytest.mark.parametrize("oid", [22, 30])
async def test_vectors_of_system_catalogs_are_strings(bare_database: Database, oid: int) -> None:
    types = TypeCatalog()
    async with await connect(bare_database.url) as connection:
        await types.load(connection, [oid])

    assert converter(oid, types)(b"1 2 3") == b'"1 2 3"'
