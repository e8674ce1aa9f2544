"""The `order` parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from slotcast.rest.request.ast import Direction, Nulls, OrderTerm
from slotcast.rest.request.names import field, name
from slotcast.rest.request.scanner import END, Mismatch, parse

if TYPE_CHECKING:
    from slotcast.rest.request.ast import Field
    from slotcast.rest.request.scanner import Scanner

_Keyword = TypeVar("_Keyword")

TERM_LIMIT: Final = 200
"""Most terms of one order."""

_DIRECTIONS: Final = {".asc": Direction.ASC, ".desc": Direction.DESC}

_NULLS: Final = {".nullsfirst": Nulls.FIRST, ".nullslast": Nulls.LAST}


def parse_order(text: str) -> tuple[OrderTerm, ...]:
    """
    Read the value of an `order` parameter.

    Raises:
        RestError: PGRST100.
    """
    return parse("order", text, _terms)


def _terms(scanner: Scanner) -> tuple[OrderTerm, ...]:
    terms = [_term(scanner)]
    while scanner.take(","):
        if len(terms) == TERM_LIMIT:
            raise scanner.mismatch(f"at most {TERM_LIMIT} terms")
        terms.append(_term(scanner))
    return tuple(terms)


def _term(scanner: Scanner) -> OrderTerm:
    scanner.skip_blanks()
    embed, column = _embed_and_field(scanner)
    direction = None
    nulls = None
    if scanner.next == ".":
        direction = _keyword(scanner, _DIRECTIONS)
        nulls = _keyword(scanner, _NULLS)
        if direction is None and nulls is None:
            raise scanner.mismatch(
                '"asc"', '"desc"', '"nullsfirst"', '"nullslast"', at=scanner.position + 1
            )
        if scanner.next == "." and nulls is None:
            raise scanner.mismatch('"nullsfirst"', '"nullslast"', at=scanner.position + 1)
    if nulls is None:
        scanner.expected("delimiter (.)")
    if not scanner.is_at_end and scanner.next != ",":
        scanner.skip_blanks()
    if not scanner.is_at_end and scanner.next != ",":
        raise scanner.mismatch('","', END)
    return OrderTerm(column, embed, direction, nulls)


def _embed_and_field(scanner: Scanner) -> tuple[str | None, Field]:
    start = scanner.mark()
    try:
        embed = name(scanner)
        if scanner.next == "(":
            scanner.position += 1
            column = field(scanner)
            scanner.require(")")
            return embed, column
    except Mismatch:
        pass
    scanner.go_back(start)
    return None, field(scanner)


def _keyword(scanner: Scanner, keywords: dict[str, _Keyword]) -> _Keyword | None:
    for keyword, meaning in keywords.items():
        if scanner.text.startswith(keyword, scanner.position):
            scanner.position += len(keyword)
            return meaning
    return None
