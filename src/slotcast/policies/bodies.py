"""
What functions in SQL and PL/pgSQL return, as one expression.

PostgreSQL itself reads a body: made a view, it comes back with all names resolved and all
casts written out. Whoever calls rolls back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, LiteralString, cast

import postgast
import psycopg
from postgast import PgQueryError
from postgast import pg_query_pb2 as pb
from psycopg import sql

from slotcast.policies import trees

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

    from slotcast.policies.trees import Node

_VIEW: Final = "slotcast_function_body"

_FUNCTIONS: Final = """
select p.oid::regprocedure::text, p.proname::text, r.rolname::text, p.prosecdef, l.lanname::text,
       p.prosrc,
       case when p.prosqlbody is not null then pg_catalog.pg_get_function_sqlbody(p.oid) end,
       case when l.lanname = 'plpgsql' then pg_catalog.pg_get_functiondef(p.oid) end,
       p.proargnames,
       array(select pg_catalog.format_type(t.oid, null)
             from unnest(p.proargtypes) with ordinality a(oid, n)
             join pg_catalog.pg_type t on t.oid = a.oid where t.typtype <> 'p' order by a.n),
       p.pronargs, pg_catalog.pg_get_expr(p.proargdefaults, 0), p.pronargdefaults, p.proretset,
       p.proisstrict, p.provolatile::text, p.provariadic <> 0 or p.proargmodes is not null,
       p.proconfig, pg_catalog.has_function_privilege(%(role)s, p.oid, 'EXECUTE')
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
join pg_catalog.pg_roles r on r.oid = p.proowner
where n.nspname = %(schema)s and p.proname = %(name)s and p.prokind = 'f' and p.oid >= 16384
  and %(count)s between p.pronargs - p.pronargdefaults and p.pronargs
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """
    A function that may be read.

    Attributes:
        signature: As SQL names it.
        name: Its name alone.
        owner: The role that owns it.
        is_definer: Whether it runs as its owner.
        body: What it returns, as SQL: an expression, or a SELECT for a set of rows.
        returns_rows: Whether it returns a set.
        search_path: Its own, or None.
        parameters: Names and types.
        defaults: Of the last parameters, as SQL.
    """

    signature: str
    name: str
    owner: str
    is_definer: bool
    body: str
    returns_rows: bool
    search_path: str | None
    parameters: tuple[tuple[str, str], ...]
    defaults: tuple[str, ...]


async def find(connection: AsyncConnection[TupleRow], call: Node, *, role: str) -> Function | str:
    """
    Find the function that *call* calls.

    Args:
        connection: Any connection.
        call: A `FuncCall`, its name with a schema.
        role: Who calls it.

    Returns:
        The function, or why it cannot be read.
    """
    name = trees.function_name(call)
    shown = ".".join(name)
    if len(name) != 2:  # noqa: PLR2004 (a schema and a name)
        return f"{shown} is built in, and not compiled"
    if (
        call.agg_star
        or call.func_variadic
        or any(isinstance(trees.unwrapped(arg), pb.NamedArgExpr) for arg in call.args)
    ):
        return f"{shown} is called in a way that is not compiled"
    cursor = await connection.execute(
        _FUNCTIONS, {"schema": name[0], "name": name[1], "count": len(call.args), "role": role}
    )
    rows = await cursor.fetchall()
    if len(rows) != 1:
        return f"which function {shown} is cannot be told"
    return _readable(rows[0])


def _readable(row: TupleRow) -> Function | str:  # noqa: PLR0911 (one for each reason)
    signature, name, owner, is_definer, language, source, body, definition = row[:8]
    names, types, count, defaults, default_count, returns_rows = row[8:14]
    is_strict, volatility, has_modes, config, may_call = row[14:]
    settings: dict[str, str] = dict(str(setting).split("=", 1) for setting in config or ())
    path = settings.pop("search_path", None)
    if not may_call:
        return f"{signature} may not be called"
    if volatility == "v":
        return f"{signature} is volatile"
    if is_strict or has_modes or settings or len(types) != count:
        return f"{signature} is declared in a way that is not compiled"
    try:
        match language:
            case "sql":
                text = _sql_body(body or source)
            case "plpgsql":
                text = _plpgsql_body(definition)
            case _:
                return f"{signature} is written in {language}"
        parsed: list[Node] = (
            list(trees.statement(f"select {defaults}").target_list) if default_count else []
        )
    except PgQueryError as error:
        return f"{signature} cannot be parsed: {error}"
    if text is None:
        return f"{signature} does more than return an expression"
    return Function(
        signature=signature,
        name=name,
        owner=owner,
        is_definer=is_definer,
        body=text,
        returns_rows=returns_rows,
        search_path=path,
        parameters=tuple(
            (name or f"p{number}", type_name)
            for number, (name, type_name) in enumerate(
                zip(names or [""] * len(types), types, strict=True), 1
            )
        ),
        defaults=tuple(trees.text_of(trees.unwrapped(target.res_target.val)) for target in parsed),
    )


def _sql_body(source: str) -> str | None:
    """Take the SELECT out of a body in SQL."""
    text = source.strip()
    if text[:6].upper() == "RETURN":
        return f"select {text[6:]}"
    if text[:12].upper() == "BEGIN ATOMIC":
        text = text[12:].rstrip().removesuffix("END")
    statements = postgast.parse(text).stmts
    if len(statements) != 1 or not isinstance(trees.unwrapped(statements[0].stmt), pb.SelectStmt):
        return None
    return text.strip().rstrip(";")


def _plpgsql_body(definition: str) -> str | None:
    """Take the SELECT out of a body in PL/pgSQL that only returns."""
    tree: Any = postgast.parse_plpgsql(definition)
    block: Any = tree[0]["PLpgSQL_function"]["action"]["PLpgSQL_stmt_block"]
    steps: list[Any] = block.get("body", [])
    if "exceptions" in block or not steps:
        return None
    match steps[0]:
        case {"PLpgSQL_stmt_return": {"expr": {"PLpgSQL_expr": {"query": str(query)}}}} if (
            len(steps) == 1
        ):
            return f"select {query}"
        case {"PLpgSQL_stmt_return_query": {"query": {"PLpgSQL_expr": {"query": str(query)}}}} if (
            all(set(step) == {"PLpgSQL_stmt_return"} for step in steps[1:])
        ):
            return query
        case _:
            return None


async def read(
    connection: AsyncConnection[TupleRow], function: Function, *, search_path: str
) -> Node | str:
    """
    Let PostgreSQL read the body of *function*.

    Args:
        connection: With a transaction that may write.
        function: The function.
        search_path: Under which it runs unless it has one of its own.

    Returns:
        An expression, in which the parameters are columns of a table called as the function
        is; or why there is none.
    """
    try:
        statement = _view(function)
        async with connection.transaction(force_rollback=True):
            path = search_path if function.search_path is None else function.search_path
            await connection.execute("select set_config('search_path', %s, true)", [path])
            await connection.execute(statement)
            await connection.execute("select set_config('search_path', '', true)")
            cursor = await connection.execute(
                "select pg_catalog.pg_get_viewdef(%s::pg_catalog.regclass)", [f"pg_temp.{_VIEW}"]
            )
            row = await cursor.fetchone()
    except psycopg.Error as error:
        if connection.broken:
            raise
        return f"{function.signature}: {error.diag.message_primary}"
    if row is None:
        raise AssertionError("a view has a definition")
    target = trees.statement(row[0].rstrip(";")).target_list[0]
    return trees.unwrapped(target.res_target.val)


def _view(function: Function) -> sql.Composed:
    """Write the statement that makes a view of a function's body."""
    body = _with_names(function)
    columns = sql.SQL(", ").join(
        sql.SQL("null::{} as {}").format(sql.SQL(cast("LiteralString", kind)), sql.Identifier(name))
        for name, kind in function.parameters
    )
    return sql.SQL(
        "create temporary view {view} as"
        " select {array}({body}) as value from (select {columns}) as {name}"
    ).format(
        view=sql.Identifier(_VIEW),
        array=sql.SQL("array" if function.returns_rows else ""),
        body=sql.SQL(cast("LiteralString", body)),
        columns=columns if function.parameters else sql.SQL("1"),
        name=sql.Identifier(function.name),
    )


def _with_names(function: Function) -> str:
    """Put the names of parameters where a body has their numbers."""
    parsed = trees.statement(function.body)
    if not trees.has(parsed, pb.ParamRef):
        return function.body

    def choose(message: Node) -> Node | None:
        if isinstance(message, pb.ParamRef) and 0 < message.number <= len(function.parameters):
            column = pb.ColumnRef()
            trees.rename(column, [function.name, function.parameters[message.number - 1][0]])
            return column
        return None

    return trees.query_text(trees.replaced(parsed, choose))


def arguments(function: Function, call: Node) -> dict[str, Node]:
    """Give what each parameter of *function* is in *call*, cast to its type."""
    given = [trees.text_of(trees.unwrapped(arg)) for arg in call.args]
    missing = len(function.parameters) - len(given)
    texts = [*given, *function.defaults[len(function.defaults) - missing :]] if missing else given
    return {
        name: trees.expression(f"({text})::{kind}")
        for (name, kind), text in zip(function.parameters, texts, strict=True)
    }
