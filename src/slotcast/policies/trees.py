"""
Handling parsed SQL expressions: what refers to the row, and back to text.

Expressions come deparsed by PostgreSQL under an empty search_path: every cast is written out,
every name that is not built in has its schema, and in subqueries every column its table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import postgast
from google.protobuf.descriptor import FieldDescriptor
from postgast import pg_query_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Node: TypeAlias = Any
"""A message of `postgast.pg_query_pb2`, not wrapped in its `Node`."""

ROW: Final = "?row"
"""Stands for the row in question, where its table's name could be taken for another."""


_PLACES: Final = frozenset(
    (
        "location",
        "name_location",
        "stmt_location",
        "stmt_len",
        "list_start",
        "list_end",
        "rexpr_list_start",
        "rexpr_list_end",
    )
)
"""Fields that tell where in a text something stood."""


class NotCompiled(Exception):
    """Why an expression is not compiled; the message is for people."""


def expression(text: str) -> Node:
    """Parse an expression."""
    return unwrapped(statement(f"select {text}").target_list[0].res_target.val)


def statement(text: str) -> Node:
    """Parse one statement."""
    return unwrapped(postgast.parse(text).stmts[0].stmt)


def unwrapped(node: Node) -> Node:
    """Take a message out of its `Node`."""
    return getattr(node, node.WhichOneof("node"))


def wrapped(node: Node) -> Node:
    """Put a message into a `Node`."""
    wrapper: Node = pb.Node()
    for description in wrapper.DESCRIPTOR.fields:
        if description.message_type is node.DESCRIPTOR:
            getattr(wrapper, description.name).CopyFrom(node)
            return wrapper
    raise AssertionError(f"{node.DESCRIPTOR.name} is a node")


def copied(node: Node) -> Node:
    """Copy a message."""
    copy = type(node)()
    copy.CopyFrom(node)
    return copy


def text_of(node: Node) -> str:
    """
    Write an expression as SQL.

    Raises:
        NotCompiled: Its text would mean something else.
    """
    return _text(_select_of(node)).removeprefix("SELECT ")


def shown(node: Node) -> str:
    """Write an expression for people, who are not misled if parentheses are missing."""
    return postgast.deparse(_select_of(node)).removeprefix("SELECT ")


def _select_of(node: Node) -> Node:
    tree: Node = postgast.parse("select 1")
    target = unwrapped(tree.stmts[0].stmt).target_list[0].res_target
    target.val.CopyFrom(wrapped(node))
    return tree


def query_text(node: Node) -> str:
    """
    Write a statement as SQL.

    Raises:
        NotCompiled: See `text_of`.
    """
    tree: Node = postgast.parse("select 1")
    tree.stmts[0].stmt.CopyFrom(wrapped(node))
    return _text(tree)


def from_text(table: Node) -> str:
    """
    Write an item of FROM as SQL.

    Raises:
        NotCompiled: See `text_of`.
    """
    tree: Node = postgast.parse("select 1 from x")
    select = unwrapped(tree.stmts[0].stmt)
    select.from_clause[0].CopyFrom(wrapped(table))
    return _text(tree).removeprefix("SELECT 1 FROM ")


def _text(tree: Node) -> str:
    """Write what was parsed; some parentheses get lost, as of ``(a AND b) IS NULL``."""
    text = postgast.deparse(tree)
    try:
        is_same = _without_places(postgast.parse(text)) == _without_places(tree)
    except postgast.PgQueryError:
        is_same = False
    if not is_same:
        raise NotCompiled(f"{text.removeprefix('SELECT ')} means something else in parentheses")
    return text


def _without_places(tree: Node) -> Node:
    """Copy what was parsed, without where in the text it stood."""
    copy = copied(tree)
    for message, _ in messages(copy):
        for name in _PLACES.intersection(message.DESCRIPTOR.fields_by_name):
            message.ClearField(name)
    return copy


def messages(node: Node, *, in_subquery: bool = False) -> Iterator[tuple[Node, bool]]:
    """Walk through everything in *node*, telling what is within a subquery."""
    yield node, in_subquery
    for description, value in node.ListFields():
        if description.type != FieldDescriptor.TYPE_MESSAGE:
            continue
        inside = in_subquery or description.name == "subselect"
        for item in [value] if isinstance(value, type(node)) or _is_message(value) else value:
            yield from messages(item, in_subquery=inside)


def _is_message(value: object) -> bool:
    return hasattr(value, "ListFields")


def fields_of(column: Node) -> list[str]:
    """Give the parts of a column's name; an asterisk is ``*``."""
    return [
        field.string.sval if field.WhichOneof("node") == "string" else "*"
        for field in column.fields
    ]


def rename(column: Node, parts: list[str]) -> None:
    """Let a column reference mean something else."""
    del column.fields[:]
    for part in parts:
        column.fields.add().string.sval = part


def with_row(node: Node, table: str) -> Node:
    """Mark all references to the columns of *table*, whose row an expression is about."""
    marked = copied(node)
    for message, in_subquery in messages(marked):
        if isinstance(message, pb.ColumnRef):
            parts = fields_of(message)
            if (len(parts) == 1 and not in_subquery) or (len(parts) > 1 and parts[0] == table):
                rename(message, [ROW, parts[-1]])
    return marked


def without_row(node: Node, table: str) -> Node:
    """Write the references to the row as columns of *table* again."""
    marked = copied(node)
    for message, _ in messages(marked):
        if isinstance(message, pb.ColumnRef):
            parts = fields_of(message)
            if parts[0] == ROW:
                rename(message, [table, *parts[1:]])
    return marked


def row_columns(node: Node) -> set[str]:
    """Name the columns of the row that *node* needs; ``*`` for what is not clear."""
    names: set[str] = set()
    for message, _ in messages(node):
        if isinstance(message, pb.ColumnRef):
            parts = fields_of(message)
            if parts[0] == ROW:
                names.add(parts[1])
            elif len(parts) == 1:
                names.add("*")
    return names


def is_about_row(node: Node) -> bool:
    """Tell whether *node* depends on the row."""
    return bool(row_columns(node))


def has(node: Node, *kinds: type) -> bool:
    """Tell whether a message of one of *kinds* is in *node*."""
    return any(isinstance(message, kinds) for message, _ in messages(node))


def conjuncts(node: Node) -> list[Node]:
    """Split what is joined by AND."""
    if isinstance(node, pb.BoolExpr) and node.boolop == pb.AND_EXPR:
        return [part for arg in node.args for part in conjuncts(unwrapped(arg))]
    return [node]


def replaced(node: Node, choose: Callable[[Node], Node | None]) -> Node:
    """Copy *node*, with every wrapped message for which *choose* gives another replaced by it."""
    copy = copied(node)
    chosen = choose(copy)
    if chosen is not None:
        return copied(chosen)
    _replace_within(copy, choose)
    return copy


def _replace_within(node: Node, choose: Callable[[Node], Node | None]) -> None:
    for description, value in node.ListFields():
        if description.type != FieldDescriptor.TYPE_MESSAGE:
            continue
        for item in [value] if _is_message(value) else value:
            if isinstance(item, pb.Node):
                chosen = choose(unwrapped(item))
                if chosen is not None:
                    item.CopyFrom(wrapped(chosen))
                    continue
            _replace_within(item, choose)


def with_arguments(node: Node, function: str, arguments: Mapping[str, Node]) -> Node:
    """Put *arguments* where the parameters of *function* are."""

    def choose(message: Node) -> Node | None:
        if isinstance(message, pb.ColumnRef):
            parts = fields_of(message)
            if len(parts) > 1 and parts[0] == function:
                return arguments.get(parts[1])
        return None

    return replaced(node, choose)


def function_name(node: Node) -> tuple[str, ...]:
    """Give the name that a function is called by."""
    return tuple(part.string.sval for part in node.funcname)


def operator(node: Node) -> str:
    """Give the operator of an `A_Expr`; empty if it is not a built-in one."""
    return node.name[0].string.sval if len(node.name) == 1 else ""


def type_name(node: Node) -> str:
    """Give the type of a cast, such as ``text`` or ``uuid[]``; empty if it has a modifier."""
    parts = [part.string.sval for part in node.type_name.names]
    if node.type_name.typmods or node.type_name.setof:
        return ""
    if parts and parts[0] == "pg_catalog":
        parts = parts[1:]
    return ".".join(parts) + "[]" * len(node.type_name.array_bounds)
