"""
Filters, compared with the verdicts of PostgreSQL on the table itself.

Every column gets edge values as rows, and every condition that can be made of a column,
an operator and a literal is judged twice: by a bound filter on the row's image, and by
``select … where`` on the table.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest
from psycopg import sql

from slotcast.errors import SubscriptionError
from slotcast.fanout.binding import bind
from slotcast.fanout.filters import Condition, Conditions, Operator, parse_filter
from slotcast.fanout.row_filters import RowFilter, ask
from slotcast.postgres.types import TypeCatalog
from support.relations import connect, describe_relation, images

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

    from slotcast.changes import Image, Relation
    from support.postgres import Database

SETUP: Final = """
create schema "odd.""schema";
create type public.mood as enum ('zen', 'happy', 'so so');
create type "odd.""schema".text as enum ('not', 'a text');
create type public.pair as (n int, label text);
create schema extensions;
create extension citext schema extensions;
create domain public.price as numeric(10, 2) check (value > -100);
"""

ICU_SETUP: Final = """
create collation public.caseless
    (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create collation public.german (provider = icu, locale = 'de');
"""

WORDS: Final = [
    "", "a", "A", "b", "B", "ab", "Ab", "a b", "ab  ", "é", "É", "z", "_", "%", "a%b", "a\\b",
    "Z\n", "ß", "ss", "i", "I", "\u0130", "\u0131", "NULL", "null", '"', "1",
]  # fmt: skip
PATTERNS: Final = [
    "%",
    "_",
    "a%",
    "%b",
    "A_",
    "a\\%b",
    "é",
    "É",
    "%I%",
    "",
    "[ab]",
    "^a",
    "(",
    "a|b$",
]

# Column type → values of rows, which are also the literals; the last few do not cast.
COLUMNS: Final[dict[str, list[str]]] = {
    "int2": ["-32768", "-1", "0", "7", "32767", " 7 ", "40000", "x"],
    "int4": ["-2147483648", "0", "7", "10", "9", "2147483648", "1.5"],
    "int8": ["9007199254740992", "9007199254740993", "-1", "abc"],
    "float4": ["0.1", "0.10000001", "-0", "0", "NaN", "Infinity", "-Infinity", "1e-30", "x"],
    "float8": ["0.1", "1e20", "-0", "0", "NaN", "Infinity", "-Infinity", "1e-300", ""],
    "numeric": ["1", "1.0", "1.00", "-1e-20", "NaN", "Infinity", "-Infinity", "1e40", "x"],
    "numeric(10,2)": ["1.005", "1.01", "-3", "0"],
    "price": ["1.005", "1.01", "-3", "99"],
    "bool": ["t", "false", "yes", "0", "maybe"],
    "text": WORDS,
    'text collate "C"': WORDS,
    'text collate "C.utf8"': WORDS,
    "varchar": WORDS,
    "varchar(2)": ["a", "ab", "b "],
    "char(4)": ["a", "ab", "b", "ab  ", " ab", ""],
    'char(4) collate "C"': ["a", "ab", "b", " ab", "a!"],
    "name": ["a", "B", "ab", ""],
    '"char"': ["a", "b", ""],
    "extensions.citext": WORDS,
    "uuid": [
        "6BA7B810-9dad-11d1-80b4-00c04fd430c8", "00000000-0000-0000-0000-000000000000", "{nope}",
    ],
    "date": ["2026-01-02", "0044-03-15 BC", "0001-01-01", "infinity", "-infinity", "10000-01-01",
             "Jan 5 2026", "2026-13-01"],
    "timestamp": ["2026-01-02 03:04:05.1", "2026-01-02 03:04:05.12", "2026-01-02", "infinity",
                  "0044-03-15 01:02:03 BC", "0045-03-15 01:02:03 BC", "20000-01-01", "yesterdaily"],
    "timestamptz": ["2026-01-02 03:04:05+02", "2026-01-02 01:04:05Z", "2026-01-02 01:04:05.5Z",
                    "-infinity", "0044-03-15 01:02:03+00 BC", "20000-01-01 00:00+00", "x"],
    "time": ["03:04:05", "03:04:05.5", "24:00", "00:00", "25:00"],
    "timetz": ["03:04:05+02", "01:04:05+00", "23:00-05"],
    "interval": ["1 day", "24:00:00", "1 mon", "30 days", "-1 year", "soon"],
    "bytea": ["\\xdeadbeef", "\\xde", "", "abc", "\\x0"],
    "json": ["{}", "1"],
    "jsonb": ['{"a": 1}', '{"a": 1.0}', "1", "[]", "{"],
    "inet": ["10.0.0.1", "10.0.0.1/32", "10.0.0.0/8", "::1", "x"],
    "cidr": ["10.0.0.0/8", "::/0", "x"],
    "macaddr": ["08:00:2b:01:02:03", "08002b010203"],
    "mood": ["zen", "happy", "so so", "sad"],
    '"odd.""schema".text': ["not", "a text", "x"],
    "int4[]": ["{}", "{1,2}", "{1,2,3}", "{NULL}", "[0:1]={1,2}", "{x}"],
    "text[]": ["{a,B}", "{}", '{"a b"}'],
    "int4range": ["[1,5)", "(0,4]", "empty", "(,)", "[5,1]"],
    "pair": ["(1,a)", '(1,"a")', "(,)", "(1)"],
    "money": ["12.34", "-1", "x"],
    "bit(3)": ["101", "000"],
    "varbit": ["101", "1010", ""],
    "oid": ["0", "26", "4294967295"],
    "point": ["(1,2)"],
    "tsvector": ["a b", "b a"],
}  # fmt: skip

PATTERN_OPERATORS: Final = (Operator.LIKE, Operator.ILIKE, Operator.MATCH, Operator.IMATCH)
SYMBOLS: Final = {
    Operator.EQ: sql.SQL("="),
    Operator.NEQ: sql.SQL("<>"),
    Operator.LT: sql.SQL("<"),
    Operator.LTE: sql.SQL("<="),
    Operator.GT: sql.SQL(">"),
    Operator.GTE: sql.SQL(">="),
    Operator.ISDISTINCT: sql.SQL("is distinct from"),
    Operator.LIKE: sql.SQL("like"),
    Operator.ILIKE: sql.SQL("ilike"),
    Operator.MATCH: sql.SQL("~"),
    Operator.IMATCH: sql.SQL("~*"),
}
IS_KEYWORDS: Final = {
    "null": sql.SQL("null"),
    "true": sql.SQL("true"),
    "false": sql.SQL("false"),
    "unknown": sql.SQL("unknown"),
}


ICU_COLUMNS: Final[dict[str, list[str]]] = {
    "text collate public.german": WORDS,
    "text collate public.caseless": WORDS,
    "char(4) collate public.caseless": ["a", "A", "b"],
}
BUILTIN_COLUMNS: Final[dict[str, list[str]]] = {"text collate pg_catalog.pg_c_utf8": WORDS}


async def available_columns(connection: AsyncConnection[Any]) -> dict[str, list[str]]:
    """Give the columns that this build of PostgreSQL can have."""
    cursor = await connection.execute(
        "select exists (select from pg_collation where collname = 'pg_c_utf8')"
    )
    row = await cursor.fetchone()
    has_builtin = row is not None and row[0]
    try:
        await connection.execute(ICU_SETUP)
        has_icu = True
    except psycopg.errors.FeatureNotSupported:
        has_icu = False
    return {
        **COLUMNS,
        **(ICU_COLUMNS if has_icu else {}),
        **(BUILTIN_COLUMNS if has_builtin else {}),
    }


async def fill_table(connection: AsyncConnection[Any]) -> dict[str, list[str]]:
    """
    Make the table `sample`.

    A row has one value and is NULL elsewhere; one row is all NULLs.

    Returns:
        The columns' names, which hold what names may hold, and values.
    """
    await connection.execute(SETUP)
    columns = await available_columns(connection)
    names = {type_: f'c {place} "{type_}".x' for place, type_ in enumerate(columns)}
    defined = ["row_id int generated always as identity"]
    defined += [f"{sql.Identifier(name).as_string()} {type_}" for type_, name in names.items()]
    await connection.execute(f"create table sample ({', '.join(defined)})".encode())
    await connection.execute("insert into sample default values")
    for type_, name in names.items():
        for value in columns[type_]:
            insert = sql.SQL("insert into sample ({}) values ({})").format(
                sql.Identifier(name), sql.Literal(value)
            )
            try:
                await connection.execute(insert)
            except psycopg.DataError:
                continue  # one of the literals that do not cast
    return {names[type_]: values for type_, values in columns.items()}


def draw_conditions(draw: random.Random, columns: dict[str, list[str]]) -> list[Condition]:
    conditions: list[Condition] = []
    for name, values in columns.items():
        for operator in Operator:
            if operator in PATTERN_OPERATORS and '""char""' in name:
                continue  # PostgreSQL takes it for a text here, the protocol does not
            match operator:
                case Operator.IS:
                    literals = list(IS_KEYWORDS)
                case Operator.IN:
                    literals = [in_list(draw, values) for _ in range(4)] + ["{}", "{"]
                case operator if operator in PATTERN_OPERATORS:
                    literals = draw.sample(PATTERNS, 6)
                case _:
                    literals = values if len(values) < 12 else draw.sample(values, 12)
            conditions += [
                Condition(
                    column=name,
                    operator=operator,
                    value=literal,
                    is_negated=draw.random() < 0.4,
                )
                for literal in literals
            ]
    return conditions


def in_list(draw: random.Random, values: Sequence[str]) -> str:
    chosen = draw.choices(values, k=draw.randrange(1, 4))
    quoted = ['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in chosen]
    if draw.random() < 0.3:
        quoted.append("null")
    return "{" + ",".join(quoted) + "}"


def where(condition: Condition) -> sql.Composable:
    """The condition as a user would write it, with the protocol's rule for NULL."""
    column = sql.Identifier(condition.column)
    literal = sql.Literal(condition.value)
    # An untyped literal beside a composite would be an anonymous record.
    is_composite = '"pair"' in condition.column and condition.operator not in PATTERN_OPERATORS
    match condition.operator:
        case Operator.IS:
            test = sql.SQL("{} is {}").format(column, IS_KEYWORDS[condition.value])
        case Operator.IN:
            cast = sql.SQL("::pair[]" if is_composite else "")
            test = sql.SQL("{} = any ({}{})").format(column, literal, cast)
        case _:
            cast = sql.SQL("::pair" if is_composite else "")
            test = sql.SQL("{} {} {}{}").format(column, SYMBOLS[condition.operator], literal, cast)
    if condition.is_negated:
        test = sql.SQL("not ({})").format(test)
    if condition.operator in {Operator.IS, Operator.ISDISTINCT}:
        return test
    return sql.SQL("{} is distinct from null and {}").format(column, test)


async def selected_rows(
    connection: AsyncConnection[Any], condition: Condition
) -> set[bytes] | psycopg.Error:
    """Ask PostgreSQL; it needs a search path to find the operators of extensions, we do not."""
    query = sql.SQL("select row_id from sample where {}").format(where(condition))
    try:
        async with connection.transaction():
            await connection.execute("set local search_path = public, extensions")
            rows = await images(connection, query.as_string(connection))
    except psycopg.Error as error:
        return error
    return {row[0] for row in rows if isinstance(row[0], bytes)}


async def bind_one(
    connection: AsyncConnection[Any], relation: Relation, conditions: Conditions
) -> RowFilter:
    (bound,) = await bind(connection, relation, TypeCatalog(), [conditions])
    assert isinstance(bound, RowFilter)
    return bound


async def matching_rows(
    connection: AsyncConnection[Any], row_filter: RowFilter, rows: Sequence[Image]
) -> set[bytes] | SubscriptionError:
    verdicts = {row: row_filter.matches(row) for row in rows}
    undecided = [row for row, verdict in verdicts.items() if verdict is None]
    answers = await ask(connection, [(row_filter, row) for row in undecided], timeout_s=60)
    for row, answer in zip(undecided, answers, strict=True):
        if isinstance(answer, SubscriptionError):
            return answer
        verdicts[row] = answer
    return {row[0] for row, verdict in verdicts.items() if verdict and isinstance(row[0], bytes)}


async def test_filters_select_the_rows_that_postgresql_selects(bare_database: Database) -> None:
    async with await connect(bare_database.url) as connection:
        conditions = draw_conditions(random.Random(4), await fill_table(connection))
        relation = await describe_relation(connection, "sample")
        rows = await images(connection, "select * from sample")
        filters = await bind(connection, relation, TypeCatalog(), [(one,) for one in conditions])
        differences: list[tuple[Condition, object, object]] = []
        for condition, row_filter in zip(conditions, filters, strict=True):
            theirs = await selected_rows(connection, condition)
            ours = (
                await matching_rows(connection, row_filter, rows)
                if isinstance(row_filter, RowFilter)
                else row_filter
            )
            both_refuse = isinstance(ours, SubscriptionError) and isinstance(theirs, psycopg.Error)
            if not both_refuse and ours != theirs:
                differences.append((condition, ours, theirs))

    bound = [row_filter for row_filter in filters if isinstance(row_filter, RowFilter)]
    in_python = [
        row_filter
        for row_filter in bound
        if all(row_filter.matches(row) is not None for row in rows)
    ]
    assert differences == []
    assert len(bound) > 1800
    assert len(bound) > len(in_python) > 800
    assert len(filters) > len(bound) + 200


async def make_visits(connection: AsyncConnection[Any]) -> Relation:
    await connection.execute("create domain price as int check (value >= 0)")
    await connection.execute(
        "create table visits (n int, a text, b bool, tags text[], doc json, price price, c text)"
    )
    return await describe_relation(connection, "visits")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("zz=eq.1", "ERROR P0001 (raise_exception) invalid column for filter zz"),
        (
            "n=eq.abc",
            (
                "ERROR 22P02 (invalid_text_representation) "
                'invalid input syntax for type integer: "abc"'
            ),
        ),
        (
            "n=in.(1,x)",
            'ERROR 22P02 (invalid_text_representation) invalid input syntax for type integer: "x"',
        ),
        (
            "n=eq.99999999999",
            (
                "ERROR 22003 (numeric_value_out_of_range) "
                'value "99999999999" is out of range for type integer'
            ),
        ),
        (
            "n=like.1%",
            (
                "ERROR P0001 (raise_exception) "
                "operator like requires a text-compatible column type, got integer"
            ),
        ),
        (
            "n=not.imatch.1",
            (
                "ERROR P0001 (raise_exception) "
                "operator imatch requires a text-compatible column type, got integer"
            ),
        ),
        (
            "a=is.banana",
            (
                "ERROR P0001 (raise_exception) "
                "invalid value for is filter: must be null, true, false, or unknown"
            ),
        ),
        (
            "a=is.true",
            "ERROR P0001 (raise_exception) is true filter requires a boolean column, got text",
        ),
        (
            "a=match.[",
            (
                "ERROR P0001 (raise_exception) invalid regular expression for match filter: "
                "invalid regular expression: brackets [] not balanced"
            ),
        ),
        (
            "a=like.x\\",
            "ERROR 22025 (invalid_escape_sequence) LIKE pattern must not end with escape character",
        ),
        (
            f"n=in.({','.join(map(str, range(101)))})",
            "ERROR P0001 (raise_exception) too many values for `in` filter. Maximum 100",
        ),
        (
            "tags=in.(1)",
            (
                "ERROR P0001 (raise_exception) "
                "operator in does not support array columns, got text[]"
            ),
        ),
    ],
)
async def test_filter_that_does_not_fit_is_refused_in_the_words_clients_compare(
    bare_database: Database, text: str, error: str
) -> None:
    async with await connect(bare_database.url) as connection:
        relation = await make_visits(connection)
        outcomes = await bind(
            connection, relation, TypeCatalog(), [parse_filter(text), parse_filter("n=eq.1")]
        )

    refusal, other = outcomes
    assert isinstance(refusal, SubscriptionError)
    assert str(refusal) == error
    assert isinstance(other, RowFilter)


async def test_type_without_equality_is_refused(bare_database: Database) -> None:
    async with await connect(bare_database.url) as connection:
        relation = await make_visits(connection)
        (refusal,) = await bind(connection, relation, TypeCatalog(), [parse_filter("doc=eq.{}")])

    assert isinstance(refusal, SubscriptionError)
    assert "42883 (undefined_function) operator does not exist" in str(refusal)


async def test_equalities_hold_text_forms_as_the_stream_prints_them(
    bare_database: Database,
) -> None:
    async with await connect(bare_database.url) as connection:
        relation = await make_visits(connection)
        integers = await bind_one(connection, relation, parse_filter("n=in.(007, 8,null)"))
        booleans = await bind_one(connection, relation, parse_filter("b=eq.yes,a=neq.x"))
        none = await bind_one(connection, relation, parse_filter("n=not.eq.7,a=like.x,tags=eq.{}"))

    assert integers.equalities() == (0, frozenset({b"7", b"8"}))
    assert booleans.equalities() == (2, frozenset({b"t"}))
    assert none.equalities() is None


async def test_literal_outside_a_domain_is_compared_in_its_base_type(
    bare_database: Database,
) -> None:
    async with await connect(bare_database.url) as connection:
        relation = await make_visits(connection)
        row_filter = await bind_one(connection, relation, parse_filter("price=gt.-5"))

    assert row_filter.matches((None,) * 5 + (b"3", None)) is True


async def test_column_dropped_meanwhile_is_refused(bare_database: Database) -> None:
    async with await connect(bare_database.url) as connection:
        relation = await make_visits(connection)
        await connection.execute("alter table visits drop column a")
        (refusal,) = await bind(connection, relation, TypeCatalog(), [parse_filter("a=eq.x")])

    assert str(refusal) == "ERROR P0001 (raise_exception) invalid column for filter a"


async def test_literal_that_no_longer_fits_is_refused_when_bound_again(
    bare_database: Database,
) -> None:
    conditions = parse_filter("a=eq.x")
    async with await connect(bare_database.url) as connection:
        await bind_one(connection, await make_visits(connection), conditions)
        await connection.execute("alter table visits alter a type int using 1")
        changed = await describe_relation(connection, "visits")
        (refusal,) = await bind(connection, changed, TypeCatalog(), [conditions])

    assert isinstance(refusal, SubscriptionError)
    assert "invalid input syntax for type integer" in str(refusal)


async def test_pair_that_postgresql_cannot_judge_fails_alone(bare_database: Database) -> None:
    async with await connect(bare_database.url) as connection:
        await connection.execute("create type pair as (n int, label text)")
        await connection.execute("create table visits (p pair, a text)")
        relation = await describe_relation(connection, "visits")
        by_pair = await bind_one(connection, relation, parse_filter('p=eq."(1,x)"'))
        by_regex = await bind_one(connection, relation, parse_filter("a=match.^x"))
        await connection.execute("alter type pair drop attribute label cascade")

        failed, yes, no = await ask(
            connection,
            [(by_pair, (b"(secret)", b"x")), (by_regex, (None, b"xy")), (by_regex, (None, b"yx"))],
            timeout_s=60,
        )

    assert str(failed) == (
        "ERROR 22P02 (invalid_text_representation) the filter cannot be evaluated"
    )
    assert (yes, no) == (True, False)


async def test_expensive_expression_fails_alone(bare_database: Database) -> None:
    # No halves are equal, and with back references each way to split one is tried.
    pattern = r"^(x+)(x+)(x+)(x+)y\1\2\3\4$"
    image: Image = (None, b"x" * 400 + b"y" + b"x" * 399, None, None, None, None, None)
    async with await connect(bare_database.url) as connection:
        relation = await make_visits(connection)
        expensive = await bind_one(connection, relation, parse_filter(f"a=match.{pattern}"))
        cheap = await bind_one(connection, relation, parse_filter("a=match.^x"))

        failed, matched = await ask(connection, [(expensive, image), (cheap, image)], timeout_s=0.1)

        cursor = await connection.execute("show statement_timeout")
        assert await cursor.fetchone() == ("0",)

    assert str(failed) == "ERROR 57014 (query_canceled) the filter cannot be evaluated"
    assert matched is True


async def test_many_pairs_are_answered_in_order(bare_database: Database) -> None:
    async with await connect(bare_database.url) as connection:
        relation = await make_visits(connection)
        matching = await bind_one(connection, relation, parse_filter("a=match.^x"))
        images: list[Image] = [
            (None, b"x" if number % 3 else b"y", None, None, None, None, None)
            for number in range(250)
        ]

        answers = await ask(connection, [(matching, image) for image in images], timeout_s=60)

    assert answers == [number % 3 != 0 for number in range(250)]


async def test_nothing_to_ask_is_no_question(bare_database: Database) -> None:
    async with await connect(bare_database.url) as connection:
        assert await ask(connection, [], timeout_s=60) == []
