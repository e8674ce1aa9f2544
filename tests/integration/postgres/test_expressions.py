from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from slotcast.postgres.expressions import ExpressionError, evaluate
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
