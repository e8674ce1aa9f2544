"""
What becomes of the policies on a table: compiled or opaque, and why.

Asking changes nothing: no table is watched for it, and no facts are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slotcast.policies import index
from slotcast.policies.compiler import Compiler
from slotcast.policies.facts import READ_FACTS, reading

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

    from slotcast.changes import Relation
    from slotcast.claims import Claims
    from slotcast.policies.compiler import Policy

_TABLES: Final = "select array(select unnest(%s::int8[])::oid::regclass::text order by 1)"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactReport:
    """
    Something that policies ask PostgreSQL for, once for each viewer.

    Attributes:
        query: How it is asked.
        tables: The tables that it is read from.
        is_followed: Whether changed rows of these keep it right; else it is asked for again.
        result: What it is for the claims in question; None for NULL, or if there are none.
        sqlstate: Of the error that it raises for these claims, or None.
    """

    query: str
    tables: tuple[str, ...]
    is_followed: bool
    result: str | None = None
    sqlstate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """
    How rows of a table are judged for a role.

    Attributes:
        readable: Names of the columns that the role may select.
        is_unconditional: Whether it sees every row.
        is_indexed: Whether a row leads to those who may see it, so that nobody else is tried.
        policies: Those that apply, each with the problems that keep (parts of) it from being
            compiled; PostgreSQL is asked where these decide.
        facts: What they ask for.
    """

    readable: frozenset[str]
    is_unconditional: bool
    is_indexed: bool
    policies: tuple[Policy, ...]
    facts: tuple[FactReport, ...]

    @property
    def is_compiled(self) -> bool:
        """Whether PostgreSQL does not have to be asked about rows."""
        return not any(policy.problems for policy in self.policies)


async def explain(
    connection: AsyncConnection[TupleRow],
    relation: Relation,
    role: str,
    *,
    search_path: str,
    claims: Claims | None = None,
) -> Explanation:
    """
    Explain how rows of a table are judged.

    Args:
        connection: In autocommit mode, of the server's own role.
        relation: The table.
        role: Who looks at it.
        search_path: Under which the functions of policies run.
        claims: Of that role; None for no viewer in particular.
    """
    async with connection.transaction(force_rollback=True):
        await connection.execute("set transaction read write")
        await connection.execute("set local search_path = ''")
        access = await Compiler(connection, search_path, {}, {}).access(relation, role)
        answers: list[TupleRow] = [(None, None)] * len(access.facts)
        if claims is not None and access.facts:
            parameters = reading(role, [claims], access.facts, search_path=search_path, after=())
            cursor = await connection.execute(READ_FACTS, parameters)
            answers = (await cursor.fetchall())[1:]
        facts = [
            FactReport(
                query=fact.query,
                tables=await _names(connection, fact.tables),
                is_followed=not fact.tables or fact.source is not None,
                result=result,
                sqlstate=sqlstate,
            )
            for fact, (result, sqlstate) in zip(access.facts, answers, strict=True)
        ]
    return Explanation(
        readable=access.readable,
        is_unconditional=access.is_unconditional,
        is_indexed=access.rule is not None and index.lookup(access.rule) is not None,
        policies=access.policies,
        facts=tuple(facts),
    )


async def _names(connection: AsyncConnection[TupleRow], tables: frozenset[int]) -> tuple[str, ...]:
    cursor = await connection.execute(_TABLES, [list(tables)])
    row = await cursor.fetchone()
    return tuple(row[0]) if row is not None else ()
