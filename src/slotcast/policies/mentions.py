"""
What SQL text mentions: relations, functions, operators, and what makes it unpredictable.

Text is parsed by PostgreSQL's own grammar (`postgast`), never searched. Names are taken as
they are written; what they mean is for the catalog to say. Everything is given, used or not,
so that a reader who follows all of it misses nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import postgast
from postgast import PgQueryError, pg_query_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

Name: TypeAlias = "tuple[str, ...]"
"""One or more identifiers, unquoted: a name, or a schema and a name."""

_ASSIGNMENT: Final = re.compile(r".*?(?::=|=)", re.DOTALL)
_EXPRESSION_MODE: Final = 2
_ASSIGNMENT_MODE: Final = 3
_CLOCK_WORDS: Final = frozenset({"now", "today", "tomorrow", "yesterday"})
_SESSION_VALUES: Final = frozenset(
    {"SVFOP_CURRENT_ROLE", "SVFOP_CURRENT_USER", "SVFOP_USER", "SVFOP_SESSION_USER"}
    | {"SVFOP_CURRENT_CATALOG", "SVFOP_CURRENT_SCHEMA"}
)
_WRITES: Final = ("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt")
_DYNAMIC: Final = ("PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors")


@dataclass(slots=True)
class Mentions:
    """
    What some text mentions.

    Attributes:
        relations: Tables and views, as written; also names of WITH queries.
        queries: Names of WITH queries, which hide relations of the same name.
        functions: As written.
        operators: Without schema.
        problems: Why the text's result may change although nothing it mentions does.
    """

    relations: set[Name] = field(default_factory=set["Name"])
    queries: set[str] = field(default_factory=set[str])
    functions: set[Name] = field(default_factory=set["Name"])
    operators: set[str] = field(default_factory=set[str])
    problems: set[str] = field(default_factory=set[str])


def of_expression(text: str) -> Mentions:
    """Read an expression, such as a policy's."""
    return of_statements(f"select {text}")


def of_statements(text: str) -> Mentions:
    """Read statements, such as a view's or the body of a function in SQL."""
    found = Mentions()
    _read(text, found)
    return found


def of_plpgsql(definition: str) -> Mentions:
    """Read a function in PL/pgSQL, given the CREATE FUNCTION statement that makes it."""
    found = Mentions()
    try:
        tree: Any = postgast.parse_plpgsql(definition)
    except PgQueryError as error:
        found.problems.add(f"its body cannot be parsed: {error}")
        return found
    for key, value in _members(tree):
        if key == "PLpgSQL_expr":
            _read(_statement(value["query"], value.get("parseMode", 0)), found)
        elif key in _DYNAMIC or key == "dynquery":
            found.problems.add("it executes a string as SQL")
    return found


def _statement(text: str, mode: int) -> str:
    """Make a statement of a piece of PL/pgSQL."""
    if mode >= _ASSIGNMENT_MODE:
        text = _ASSIGNMENT.sub("", text, count=1)
    return f"select {text}" if mode >= _EXPRESSION_MODE else text


def _members(tree: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 (JSON of a parser)
    """Walk through all objects' members, however deep."""
    if isinstance(tree, dict):
        for key, value in tree.items():  # pyright: ignore[reportUnknownVariableType] - JSON
            yield str(key), value  # pyright: ignore[reportUnknownArgumentType] - JSON
            yield from _members(value)
    elif isinstance(tree, list):
        for value in tree:  # pyright: ignore[reportUnknownVariableType] - JSON
            yield from _members(value)


def _read(text: str, found: Mentions) -> None:
    try:
        tree = postgast.parse(text)
    except PgQueryError as error:
        found.problems.add(f"its text cannot be parsed: {error}")
        return
    for _, node in postgast.walk(tree):
        _note(node, found)


def _note(node: object, found: Mentions) -> None:
    match node:
        case pg_query_pb2.RangeVar(schemaname=schema, relname=name):
            found.relations.add((schema, name) if schema else (name,))
        case pg_query_pb2.CommonTableExpr(ctename=name):
            found.queries.add(name)
        case pg_query_pb2.FuncCall(funcname=parts):
            found.functions.add(tuple(part.string.sval for part in parts))
        case pg_query_pb2.A_Expr(name=parts) | pg_query_pb2.SubLink(oper_name=parts) if parts:
            found.operators.add(parts[-1].string.sval)
        case _:
            problem = _problem(node)
            if problem is not None:
                found.problems.add(problem)


def _problem(node: object) -> str | None:
    """Tell why the same rows may give another result where *node* is, or None."""
    match node:
        case pg_query_pb2.SQLValueFunction(op=operation):
            if pg_query_pb2.SQLValueFunctionOp.Name(operation) not in _SESSION_VALUES:
                return "it depends on the time"
        case pg_query_pb2.A_Const(sval=constant):
            if constant.sval.strip().lower() in _CLOCK_WORDS:
                return f"it may depend on the time ({constant.sval!r})"
        case pg_query_pb2.RangeTableSample():
            return "it reads a sample"
        case _ if type(node).__name__ in _WRITES:
            return "it writes"
        case _:
            pass
    return None
