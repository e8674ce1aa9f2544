from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from slotcast.postgres.expressions import ExpressionError, evaluate, given
from support.relations import connect

if TYPE_CHECKING:
    from support.postgres import Database


async def test_expressions_are_evaluated_in_order(bare_database: Database) -> None:
    async with await connect(bare_database.url) as connection:
        outcomes = await evaluate(
            connection,
            [sql.SQL("1 + 1"), sql.SQL("null"), sql.SQL("true"), sql.Literal('it\'s \\ "é"\n')],
        )

    assert outcomes == ["2", None, "true", 'it\'s \\ "é"\n']


async def test_expressions_refer_to_values_that_are_sent_once(bare_database: Database) -> None:
    large = "it's \\ " * 100_000
    async with await connect(bare_database.url) as connection:
        outcomes = await evaluate(
            connection, [given(2), sql.SQL("length({})").format(given(1))], [large, "second"]
        )
        cursor = await connection.execute("select current_setting('slotcast.value_1', true)")
        left_behind = await cursor.fetchone()

    assert outcomes == ["second", str(len(large))]
    assert left_behind in [("",), (None,)]


async def test_equal_expressions_are_evaluated_once(bare_database: Database) -> None:
    async with await connect(bare_database.url) as connection:
        first, other, again = await evaluate(
            connection, [sql.SQL("clock_timestamp()"), sql.SQL("1"), sql.SQL("clock_timestamp()")]
        )

    assert first == again
    assert other == "1"


async def test_failing_expression_does_not_harm_the_others(bare_database: Database) -> None:
    async with await connect(bare_database.url) as connection:
        outcomes = await evaluate(
            connection,
            [sql.SQL("1 / 0"), sql.SQL("2"), sql.SQL("syntax error"), sql.SQL("'x'::int"),
             sql.SQL("3")],
        )  # fmt: skip

    division, two, syntax, cast, three = outcomes
    assert division == ExpressionError(sqlstate="22012", message="division by zero")
    assert isinstance(syntax, ExpressionError)
    assert syntax.sqlstate == "42601"
    assert isinstance(cast, ExpressionError)
    assert str(cast) == (
        'ERROR 22P02 (invalid_text_representation) invalid input syntax for type integer: "x"'
    )
    assert (two, three) == ("2", "3")


async def test_nothing_is_left_behind_in_the_session(bare_database: Database) -> None:
    async with await connect(bare_database.url) as connection:
        await evaluate(connection, [sql.SQL("1")])
        cursor = await connection.execute("select current_setting('slotcast.outcomes', true)")
        row = await cursor.fetchone()

    assert row in {("",), (None,)}


async def test_search_path_of_the_session_does_not_matter(bare_database: Database) -> None:
    async with await connect(bare_database.url) as connection:
        await connection.execute(
            "create schema evil; create function evil.array_append(text[], text) returns text[]"
            " language sql as 'select null::text[]'; set search_path = evil, pg_catalog"
        )

        assert await evaluate(connection, [sql.SQL("1")]) == ["1"]


async def test_no_expressions_take_no_round_trip(bare_database: Database) -> None:
    connection = await connect(bare_database.url)
    await connection.close()

    assert await evaluate(connection, []) == []
