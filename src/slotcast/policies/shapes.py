"""Shapes of SQL expressions that the compiler tells apart, and the queries that it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from postgast import pg_query_pb2 as pb
from psycopg import sql

from slotcast.policies import rules, trees
from slotcast.policies.rules import And, Column, Equal, Is, Not, Scalar
from slotcast.policies.trees import NotCompiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotcast.policies.facts import Fact
    from slotcast.policies.rules import Rule
    from slotcast.policies.trees import Node

ROWS_LIMIT: Final = 10_000
"""Most rows that a fact is made of for one viewer; beyond it PostgreSQL is asked."""


def shown(node: Node) -> str:
    """Show an expression to people."""
    return trees.shown(node).replace(f'"{trees.ROW}".', "")


def boolean_test(part: Rule, kind: int) -> Rule:
    """Make ``IS TRUE`` and its like of *part*."""
    tests: dict[int, tuple[bool | None, bool]] = {
        pb.IS_TRUE: (True, False),
        pb.IS_NOT_TRUE: (True, True),
        pb.IS_FALSE: (False, False),
        pb.IS_NOT_FALSE: (False, True),
        pb.IS_UNKNOWN: (None, False),
        pb.IS_NOT_UNKNOWN: (None, True),
    }
    wanted, is_negated = tests[kind]
    test = Is(part, wanted)
    return Not(test) if is_negated else test


def is_constant(node: Node) -> bool:
    """Tell whether *node* is a constant, cast or not."""
    while isinstance(node, pb.TypeCast):
        node = trees.unwrapped(node.arg)
    if isinstance(node, pb.A_ArrayExpr):
        return all(is_constant(trees.unwrapped(element)) for element in node.elements)
    return isinstance(node, pb.A_Const)


_is_constant_array = is_constant


def is_empty_array(node: Node) -> bool:
    """Tell whether *node* is an array without elements."""
    while isinstance(node, pb.TypeCast):
        node = trees.unwrapped(node.arg)
    match node:
        case pb.A_ArrayExpr():
            return not node.elements
        case pb.A_Const():
            return node.sval.sval == "{}"
        case _:
            return False


def only_target(select: Node) -> Node | None:
    """Give the expression of a SELECT that is nothing but one expression."""
    if len(select.target_list) != 1 or any(
        description.name not in ("target_list", "limit_option", "op")
        for description, _ in select.ListFields()
    ):
        return None
    return trees.unwrapped(select.target_list[0].res_target.val)


def apart_from_where(select: Node) -> list[Node]:
    """Give the parts of a SELECT other than its WHERE."""
    rest = trees.copied(select)
    rest.ClearField("where_clause")
    return [rest]


def joined(condition: Node) -> tuple[Node, Node]:
    """Split ``inner = outer``, which joins a subquery to the row."""
    if (
        isinstance(condition, pb.A_Expr)
        and condition.kind == pb.AEXPR_OP
        and trees.operator(condition) == "="
    ):
        left, right = trees.unwrapped(condition.lexpr), trees.unwrapped(condition.rexpr)
        for inner, outer in ((left, right), (right, left)):
            if not trees.is_about_row(inner) and not trees.has(outer, pb.SubLink):
                return inner, outer
    raise NotCompiled(f"{shown(condition)} joins the row in a way that is not compiled")


def with_equality(select: Node, node: Node) -> Node:
    """Write ``x IN (select y from …)``, if it is asked whether it is true, as of an EXISTS."""
    if len(select.target_list) != 1:
        raise NotCompiled("IN compares several columns")
    value = trees.text_of(trees.unwrapped(node.testexpr))
    target = trees.text_of(trees.unwrapped(select.target_list[0].res_target.val))
    conditions = [f"({target}) = ({value})"]
    if select.HasField("where_clause"):
        conditions.append(f"({trees.text_of(trees.unwrapped(select.where_clause))})")
    joined = trees.copied(select)
    joined.where_clause.CopyFrom(trees.wrapped(trees.expression(" and ".join(conditions))))
    return joined


def of_kind(fact: Fact, found: str, kind: str) -> Fact:
    """Give *fact* if its values are of *kind*."""
    if found != kind:
        raise NotCompiled(f"rows of {found} become {kind}")
    return fact


def rows_query(
    source: str, alias: str, identity: Sequence[str], keys: Sequence[str], conditions: Sequence[str]
) -> str:
    """Write the query for a fact that is made of rows; see `Fact.query`."""
    name = sql.Identifier(alias).as_string(None)
    ids = [f"{name}.{sql.Identifier(column).as_string(None)}::text" for column in identity]
    ids = ids or ["(pg_catalog.row_number() over ())::text"]
    columns = [
        *(f"{text} as i{n}" for n, text in enumerate(ids)),
        *(f"({text})::text as k{n}" for n, text in enumerate(keys)),
    ]
    where = f" where {' and '.join(f'({text})' for text in conditions)}" if conditions else ""
    rows = f"select {', '.join(columns)} from {source}{where} limit {ROWS_LIMIT + 1}"
    row_id = ", ".join(f"s.i{n}" for n in range(len(ids)))
    values = ", ".join(f"s.k{n}" for n in range(len(keys)))
    return (
        "select pg_catalog.json_build_array(false, (select pg_catalog.json_agg("
        f"pg_catalog.json_build_array(pg_catalog.json_build_array({row_id}),"
        f" pg_catalog.json_build_array({values}))) from ({rows}) s))::text"
    )


def link(rule: Rule) -> tuple[int, Fact] | None:
    """Find a column that has the value of a fact in all rows that *rule* lets through."""
    match rule:
        case Equal(Column(place), Scalar(fact)) | Equal(Scalar(fact), Column(place)):
            return None if fact.tables else (place, fact)
        case And(parts):
            return next((found for part in parts if (found := link(part)) is not None), None)
        case _:
            return None


def in_order(facts: set[Fact]) -> list[Fact]:
    """List *facts* and those that they are read through, these first."""
    ordered: dict[Fact, None] = {}

    def visit(fact: Fact) -> None:
        if fact in ordered:
            return
        if fact.source is not None:
            for inner in rules.facts_of(fact.source.rule):
                visit(inner)
        ordered[fact] = None

    for fact in sorted(facts, key=lambda fact: fact.identity):
        visit(fact)
    return list(ordered)
