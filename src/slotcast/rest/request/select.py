"""The `select` parameter: columns, aggregates and embeds."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from slotcast.rest.request.ast import Aggregate, AllColumns, Embed, Join, RowCount, SelectedField
from slotcast.rest.request.ast import Field as Column
from slotcast.rest.request.names import field, name, word
from slotcast.rest.request.scanner import DEPTH_LIMIT, END, Mismatch, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotcast.rest.request.ast import SelectItem
    from slotcast.rest.request.scanner import Scanner

ITEM_LIMIT: Final = 1000
"""Most items of one level; PostgreSQL has 1664 at most in a result."""

_PLAIN: Final = re.compile(r"[ \t]*([A-Za-z_][A-Za-z0-9_]*)(?=[,)]|\Z)")
"""A column and nothing else, which most items are."""

_JOINS: Final = {join.value: join for join in Join}


def parse_select(text: str) -> tuple[SelectItem, ...]:
    """
    Read the value of `select`.

    Returns:
        What to select; empty if *text* is.

    Raises:
        RestError: PGRST100.
    """
    return parse("select parameter", text, lambda scanner: _items(scanner, 1))


def _items(scanner: Scanner, depth: int) -> tuple[SelectItem, ...]:
    """Read items parted by commas, perhaps none, of the level *depth* (from 1)."""
    if depth > DEPTH_LIMIT:
        raise scanner.mismatch(f"at most {DEPTH_LIMIT} levels of embeds")
    if scanner.is_at_end or scanner.next == ")":
        return ()
    items = [_item(scanner, depth)]
    while True:
        scanner.skip_blanks()
        if not scanner.take(","):
            return tuple(items)
        scanner.skip_blanks()
        if len(items) == ITEM_LIMIT:
            raise scanner.mismatch(f"at most {ITEM_LIMIT} items")
        items.append(_item(scanner, depth))


def _item(scanner: Scanner, depth: int) -> SelectItem:
    plain = scanner.match(_PLAIN)
    if plain is not None:
        return SelectedField(Column(plain[1]))
    scanner.skip_blanks()
    if scanner.take("..."):
        return _embed(scanner, depth, _head(scanner), is_spread=True)
    head = _attempt(scanner, _aliased_head)
    if head is not None:
        return _embed(scanner, depth, head, is_spread=False)
    return _column(scanner)


class _Head:
    """What stands before the parentheses of an embed."""

    __slots__ = ("alias", "hint", "join", "target")

    def __init__(self, target: str) -> None:
        self.target = target
        self.alias: str | None = None
        self.hint: str | None = None
        self.join: Join | None = None


def _attempt(scanner: Scanner, rule: Callable[[Scanner], _Head]) -> _Head | None:
    """Read by *rule*, or go back to where it began and give None."""
    start = scanner.mark()
    try:
        return rule(scanner)
    except Mismatch:
        scanner.go_back(start)
        return None


def _aliased_head(scanner: Scanner) -> _Head:
    alias = _alias(scanner)
    head = _head(scanner)
    head.alias = alias
    if head.target == "count":
        raise Mismatch
    return head


def _head(scanner: Scanner) -> _Head:
    """Read the target and up to two of ``!hint``, ``!left`` and ``!inner``; "(" is next."""
    head = _Head(name(scanner))
    for _ in range(2):
        if scanner.take("!"):
            _embed_parameter(scanner, head)
    if scanner.next != "(":
        raise scanner.mismatch('"("')
    return head


def _embed_parameter(scanner: Scanner, head: _Head) -> None:
    is_quoted = scanner.next == '"'
    text = name(scanner)
    join = None if is_quoted else _JOINS.get(text)
    if join is None:
        head.hint = text if head.hint is None else head.hint
    else:
        head.join = join if head.join is None else head.join


def _embed(scanner: Scanner, depth: int, head: _Head, *, is_spread: bool) -> Embed:
    scanner.require("(")
    items = _items(scanner, depth + 1)
    scanner.require(")")
    return Embed(head.target, items, head.alias, head.hint, head.join, is_spread)


def _alias(scanner: Scanner) -> str | None:
    """Read a name and ``:``, but not of ``::``; None if that is not what is next."""
    start = scanner.mark()
    with suppress(Mismatch):
        alias = name(scanner)
        text, at = scanner.text, scanner.position
        if text.startswith(":", at) and not text.startswith("::", at):
            scanner.position += 1
            return alias
    scanner.go_back(start)
    return None


def _column(scanner: Scanner) -> AllColumns | RowCount | SelectedField:
    if scanner.take("*"):
        _end_of_item(scanner)
        return AllColumns()
    alias = _alias(scanner)
    if scanner.take("count()"):
        cast = _cast(scanner)
        _end_of_item(scanner)
        return RowCount(alias, cast)
    column = field(scanner)
    cast = _cast(scanner)
    aggregate = _aggregate(scanner)
    aggregate_cast = _cast(scanner)
    _end_of_item(scanner)
    return SelectedField(column, alias, cast, aggregate, aggregate_cast if aggregate else None)


def _aggregate(scanner: Scanner) -> Aggregate | None:
    start = scanner.position
    if not scanner.take("."):
        return None
    for aggregate in Aggregate:
        if scanner.take(aggregate.value):
            if scanner.take("()"):
                return aggregate
            break
    scanner.position = start
    return None


def _cast(scanner: Scanner) -> str | None:
    return word(scanner) if scanner.take("::") else None


def _end_of_item(scanner: Scanner) -> None:
    scanner.skip_blanks()
    if not scanner.is_at_end and scanner.next not in "),":
        raise scanner.mismatch('")"', '","', END)
