"""What Python says of literals and built-in types, compared with what PostgreSQL says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import sql

from slotcast.fanout.literals import element_forms, text_form
from slotcast.postgres.types import BUILT_IN, TypeCatalog

if TYPE_CHECKING:
    from support.postgres import Database

LITERALS: Final = [
    "", " ", "0", "-0", "+1", "1", "-1", "01", "1e3", "1.0", "1_000", "0x1f", " 7", "7 ", "32767",
    "32768", "-32769", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808",
    "t", "f", "true", "false", "TRUE", "yes", "on", "tru", "null", "NULL", "a", "A b", "ü", "🦊",
    "a,b", '"a"', "a\\b", "{a}", "\n", "1\n", "\u00a0", "\u2003x",
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6BA7B810-9DAD-11D1-80B4-00C04FD430C8",
    "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}", "6ba7b8109dad11d180b400c04fd430c8",
    "6ba7-b810-9dad-11d1-80b4-00c0-4fd4-30c8", "6ba7b810-9dad-11d1-80b4-00c04fd430c8 ",
]  # fmt: skip


async def test_whatever_python_tells_postgresql_prints(database: Database) -> None:
    told_count = 0
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection:
        for known in BUILT_IN:
            for literal in LITERALS:
                form = text_form(known.oid, literal)
                if form is not None:
                    told_count += 1
                    assert await printed(connection, known.identifier, literal) == form
                array = f"{{{literal}}}"
                forms = element_forms(known.oid, array)
                if forms is not None:
                    told_count += 1
                    assert await elements(connection, known.identifier, array) == forms

    assert told_count > 100


async def test_the_built_in_types_are_those_of_postgresql(database: Database) -> None:
    types = TypeCatalog()
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection:
        await types.load(connection, [known.oid for known in BUILT_IN])

    assert [types.get(known.oid) for known in BUILT_IN] == list(BUILT_IN)


async def printed(
    connection: psycopg.AsyncConnection[Any], identifier: sql.Identifier, literal: str
) -> str:
    query = sql.SQL("select format('%s', {}::{})").format(sql.Literal(literal), identifier)
    row = await (await connection.execute(query)).fetchone()
    assert row is not None
    return row[0]


async def elements(
    connection: psycopg.AsyncConnection[Any], identifier: sql.Identifier, array: str
) -> list[str]:
    query = sql.SQL("select array(select format('%s', e) from unnest({}::{}[]) as e)").format(
        sql.Literal(array), identifier
    )
    row = await (await connection.execute(query)).fetchone()
    assert row is not None
    return row[0]
