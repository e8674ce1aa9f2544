"""Filters: conditions on a field, and the trees of them in `and` and `or` parameters."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from slotcast.rest.request.ast import (
    Comparison,
    Condition,
    Connective,
    IsTest,
    IsValue,
    LogicFilter,
    LogicTree,
    Membership,
    Operator,
    Quantifier,
    TextSearch,
    TextSearchOperator,
)
from slotcast.rest.request.names import dotted_path, field
from slotcast.rest.request.scanner import DEPTH_LIMIT, Mismatch, Scanner, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotcast.rest.request.ast import Operation

MEMBER_LIMIT: Final = 1000
"""Most conditions directly inside one ``and`` or ``or``."""

_OPERATORS: Final = {operator.value: operator for operator in Operator}

_SEARCHES: Final = {operator.value: operator for operator in TextSearchOperator}

_QUANTIFIABLE: Final = frozenset(
    {
        Operator.EQ,
        Operator.GTE,
        Operator.GT,
        Operator.LTE,
        Operator.LT,
        Operator.LIKE,
        Operator.ILIKE,
        Operator.MATCH,
        Operator.IMATCH,
    }
)

_PATTERNS: Final = frozenset({Operator.LIKE, Operator.ILIKE})
"""Operators in whose values ``*`` stands for ``%``."""

_WORD: Final = re.compile(
    "|".join(sorted([*_OPERATORS, *_SEARCHES, "in", "is"], key=len, reverse=True))
)

_OPTION: Final = re.compile(r"\(((?:[^\W\d]|[0-9_ $])+)\)")

_IS_VALUES: Final = {
    "not_null": IsValue.NOT_NULL,
    "null": IsValue.NULL,
    "true": IsValue.TRUE,
    "false": IsValue.FALSE,
    "unknown": IsValue.UNKNOWN,
}

_IS_VALUE: Final = re.compile("|".join(_IS_VALUES), re.IGNORECASE | re.ASCII)

_BARE_ELEMENT: Final = re.compile("[^,)]*")

_ARRAY: Final = re.compile(r"\{[^{}]*\}")

_OPERATOR_LABEL: Final = "operator (eq, gt, ...)"

_IS_LABEL: Final = "isVal: (null, not_null, true, false, unknown)"


def parse_operation(text: str) -> tuple[Operation, bool]:
    """
    Read the value of a filter.

    Returns:
        The operation, and whether it is negated.

    Raises:
        RestError: PGRST100.
    """
    return parse("filter", text, lambda scanner: _negatable_operation(scanner, _rest))


def parse_argument_or_operation(text: str) -> tuple[Operation, bool] | None:
    """
    Read the value of a parameter of a function that is called with GET.

    Returns:
        As of `parse_operation`, or None if the value is an argument for the function.

    Raises:
        RestError: PGRST100: it began like an operation.
    """
    if text.startswith(("not.", "in.", "is.")):
        return parse_operation(text)
    scanner = Scanner(text)
    try:
        return _negatable_operation(scanner, _rest)
    except Mismatch:
        return None


def parse_logic(key: str, text: str) -> LogicFilter:
    """
    Read an `and` or `or` parameter.

    Args:
        key: Embeds, ``not`` and the connective, parted by dots.
        text: The conditions in parentheses.

    Raises:
        RestError: PGRST100.
    """
    *path, connective = parse("logic path", key, dotted_path)
    prefix = f"not.{connective}" if "not" in path else connective
    tree = parse("logic tree", text, lambda scanner: _tree(scanner, 1), prefix=prefix)
    return LogicFilter(tuple(name for name in path if name != "not"), tree)


def _negatable_operation(
    scanner: Scanner, value: Callable[[Scanner], str]
) -> tuple[Operation, bool]:
    is_negated = scanner.text.startswith("not.", scanner.position)
    if is_negated:
        scanner.position += len("not.")
    else:
        _expect_not(scanner)
    return _operation(scanner, value), is_negated


def _expect_not(scanner: Scanner) -> None:
    """Note that ``not`` could be here."""
    if scanner.text.startswith("not", scanner.position):
        scanner.expected("delimiter (.)", at=scanner.position + len("not"))
    else:
        scanner.take("not")


def _operation(scanner: Scanner, value: Callable[[Scanner], str]) -> Operation:
    """Read an operator and its operand, which *value* reads unless it has a form of its own."""
    word = scanner.match(_WORD)
    if word is None:
        raise scanner.mismatch(_OPERATOR_LABEL)
    operator = _OPERATORS.get(word[0])
    if operator is not None:
        return _comparison(scanner, operator, value)
    search = _SEARCHES.get(word[0])
    if search is not None:
        return _text_search(scanner, search, value)
    _delimiter(scanner)
    return Membership(_list(scanner)) if word[0] == "in" else IsTest(_is_value(scanner))


def _comparison(
    scanner: Scanner, operator: Operator, value: Callable[[Scanner], str]
) -> Comparison:
    quantifier = _quantifier(scanner) if operator in _QUANTIFIABLE else None
    _delimiter(scanner)
    text = value(scanner)
    if operator in _PATTERNS:
        text = text.replace("*", "%")
    return Comparison(operator, text, quantifier)


def _text_search(
    scanner: Scanner, operator: TextSearchOperator, value: Callable[[Scanner], str]
) -> TextSearch:
    option = scanner.match(_OPTION)
    if option is None and scanner.next == "(":
        raise scanner.mismatch(_OPERATOR_LABEL, at=scanner.position + 1)
    _delimiter(scanner)
    return TextSearch(operator, value(scanner), option[1].strip() if option else None)


def _quantifier(scanner: Scanner) -> Quantifier | None:
    for quantifier in Quantifier:
        literal = f"({quantifier.value})"
        if scanner.text.startswith(literal, scanner.position):
            scanner.position += len(literal)
            return quantifier
    if scanner.next == "(":
        raise scanner.mismatch(_OPERATOR_LABEL, at=scanner.position + 1)
    return None


def _delimiter(scanner: Scanner) -> None:
    if scanner.next != ".":
        raise scanner.mismatch(_OPERATOR_LABEL)
    scanner.position += 1


def _is_value(scanner: Scanner) -> IsValue:
    found = scanner.match(_IS_VALUE)
    if found is None:
        raise scanner.mismatch(_IS_LABEL)
    return _IS_VALUES[found[0].lower()]


def _rest(scanner: Scanner) -> str:
    """Read a value that is a parameter's: everything, as it is."""
    value = scanner.text[scanner.position :]
    scanner.position = len(scanner.text)
    return value


def _value_in_tree(scanner: Scanner) -> str:
    """Read a value inside parentheses: quoted, an array literal, or up to a delimiter."""
    quoted = _quoted_element(scanner)
    if quoted is not None:
        return quoted
    found = scanner.match(_ARRAY) or scanner.match(_BARE_ELEMENT)
    return found[0] if found else ""


def _quoted_element(scanner: Scanner) -> str | None:
    """Read a quoted element if a delimiter follows it; else the quotes are part of it."""
    start = scanner.mark()
    with suppress(Mismatch):
        quoted = scanner.quoted()
        if quoted is None or scanner.is_at_end or scanner.next in ",)":
            return quoted
    scanner.go_back(start)
    return None


def _list(scanner: Scanner) -> tuple[str, ...]:
    """Read ``(a,"b")``; the one empty element of ``()`` counts as none."""
    scanner.skip_blanks()
    scanner.require("(")
    scanner.skip_blanks()
    elements = [_element(scanner)]
    while scanner.take(","):
        elements.append(_element(scanner))
    scanner.skip_blanks()
    scanner.require(")")
    scanner.skip_blanks()
    return () if elements == [""] else tuple(elements)


def _element(scanner: Scanner) -> str:
    quoted = _quoted_element(scanner)
    if quoted is not None:
        return quoted
    found = scanner.match(_BARE_ELEMENT)
    return found[0] if found else ""


def _tree(scanner: Scanner, depth: int) -> LogicTree:
    """Read ``not.and(…)``, at *depth* (from 1)."""
    if depth > DEPTH_LIMIT:
        raise scanner.mismatch(f"at most {DEPTH_LIMIT} levels of conditions")
    is_negated = scanner.text.startswith("not.", scanner.position)
    if is_negated:
        scanner.position += len("not.")
    else:
        scanner.expected("negation operator (not)")
    connective = _connective(scanner)
    scanner.skip_blanks()
    scanner.require("(")
    scanner.skip_blanks()
    members = [_member(scanner, depth)]
    scanner.skip_blanks()
    while scanner.take(","):
        if len(members) == MEMBER_LIMIT:
            raise scanner.mismatch(f"at most {MEMBER_LIMIT} conditions")
        scanner.skip_blanks()
        members.append(_member(scanner, depth))
        scanner.skip_blanks()
    scanner.require(")")
    scanner.skip_blanks()
    return LogicTree(connective, tuple(members), is_negated)


def _connective(scanner: Scanner) -> Connective:
    for connective in Connective:
        literal = connective.value.lower()
        if scanner.text.startswith(literal, scanner.position):
            scanner.position += len(literal)
            return connective
    raise scanner.mismatch("logic operator (and, or)")


def _member(scanner: Scanner, depth: int) -> Condition | LogicTree:
    start = scanner.position
    try:
        return _condition(scanner)
    except Mismatch:
        scanner.position = start
    return _tree(scanner, depth + 1)


def _condition(scanner: Scanner) -> Condition:
    column = field(scanner)
    if scanner.next != ".":
        raise scanner.mismatch("delimiter (.)")
    scanner.position += 1
    operation, is_negated = _negatable_operation(scanner, _value_in_tree)
    return Condition(column, operation, is_negated)
