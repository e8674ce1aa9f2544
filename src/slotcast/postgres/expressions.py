"""
Many SQL expressions in one round trip, where one that fails does not harm the others.

PostgreSQL gives up a whole query at the first error, and only 16 and later can test a
literal without one. A PL/pgSQL block can catch errors, and `DO` needs nothing installed;
what it found comes back through a setting that ends with the statement.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from psycopg import AsyncClientCursor, errors, sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionError:
    """
    Why PostgreSQL could not evaluate an expression.

    Attributes:
        sqlstate: Five characters, such as ``22P02``.
        message: PostgreSQL's primary message.
    """

    sqlstate: str
    message: str

    def __str__(self) -> str:
        return describe_error(self.sqlstate, self.message)


Outcome: TypeAlias = "str | ExpressionError | None"
"""An expression's value as text (None is NULL), or why it has none."""

_EVALUATE: Final = sql.SQL("do language plpgsql {block}; select current_setting({setting})")

# The block's own calls are resolved in pg_catalog, whatever the search path is.
_BLOCK: Final = """
declare
    expression pg_catalog.text;
    outcome pg_catalog.text;
    outcomes pg_catalog.text[] := '{{}}';
    given pg_catalog.text[] := {values}::pg_catalog.text[];
begin
    for number in 1 .. pg_catalog.cardinality(given) loop
        perform pg_catalog.set_config({prefix} operator(pg_catalog.||) number::pg_catalog.text,
            given[number], true);
    end loop;
    foreach expression in array {expressions}::pg_catalog.text[] loop
        begin
            execute expression into outcome;
            outcomes := pg_catalog.array_append(outcomes,
                pg_catalog.json_build_array(outcome)::pg_catalog.text);
        exception when others then
            outcomes := pg_catalog.array_append(outcomes,
                pg_catalog.json_build_array(sqlstate, sqlerrm)::pg_catalog.text);
        end;
    end loop;
    perform pg_catalog.set_config({setting},
        pg_catalog.array_to_json(outcomes)::pg_catalog.text, true);
end
"""
_SETTING: Final = "slotcast.outcomes"
_VALUE_PREFIX: Final = "slotcast.value_"

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


def given(number: int) -> sql.Composable:
    """Write an expression for the value *number*, from 1, that `evaluate` is given: a text."""
    return sql.SQL("pg_catalog.current_setting({})").format(sql.Literal(f"{_VALUE_PREFIX}{number}"))


async def evaluate(
    connection: AsyncConnection[Any],
    expressions: Sequence[sql.Composable],
    values: Sequence[str] = (),
) -> list[Outcome]:
    """
    Evaluate SQL expressions, each by itself, in one round trip.

    Args:
        connection: In autocommit mode.
        expressions: Of a type that casts to text. They are executed as they are, so they
            have to quote what comes from a client (`sql.Literal`, `sql.Identifier`). Equal
            ones are evaluated once.
        values: What many of them are about, sent once: `given` refers to it.

    Returns:
        One outcome for each expression, in order.

    Raises:
        psycopg.Error: The connection failed, or the whole was cancelled by
            `statement_timeout`.
    """
    if not expressions:
        return []
    queries = [f"select ({part.as_string(connection)})::pg_catalog.text" for part in expressions]
    different = list(dict.fromkeys(queries))
    block = sql.SQL(_BLOCK).format(
        expressions=sql.Literal(different),
        setting=sql.Literal(_SETTING),
        values=sql.Literal(list(values)),
        prefix=sql.Literal(_VALUE_PREFIX),
    )
    statement = _EVALUATE.format(
        block=sql.Literal(block.as_string(connection)), setting=sql.Literal(_SETTING)
    )
    # Two statements in one message: only the simple query protocol takes them.
    async with AsyncClientCursor(connection) as cursor:
        await cursor.execute(statement)
        cursor.nextset()
        row = await cursor.fetchone()
    found: list[str] = json.loads(row[0]) if row else []
    outcomes = dict(zip(different, (_outcome(json.loads(text)) for text in found), strict=True))
    return [outcomes[query] for query in queries]


def describe_error(sqlstate: str, message: str) -> str:
    """
    Show an error the way clients of the protocol know it.

    For example ``ERROR 22P02 (invalid_text_representation) invalid input syntax …``.
    """
    try:
        name = _WORD_START.sub("_", errors.lookup(sqlstate).__name__).lower()
    except KeyError:
        return f"ERROR {sqlstate} {message}"
    return f"ERROR {sqlstate} ({name}) {message}"


def _outcome(parts: list[str | None]) -> Outcome:
    match parts:
        case [value]:
            return value
        case [sqlstate, message]:
            return ExpressionError(sqlstate=sqlstate or "", message=message or "")
        case _:
            raise ValueError(f"an outcome has one or two parts: {parts!r}")
