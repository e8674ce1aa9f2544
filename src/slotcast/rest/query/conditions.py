"""Fields, conditions and orders as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from slotcast.rest.plan.nodes import ALL, EmbedTest, PlannedCondition, PlannedTree
from slotcast.rest.query.statement import identifier
from slotcast.rest.request.ast import (
    Comparison,
    IsTest,
    JsonKey,
    Membership,
    Operator,
    Quantifier,
    TextSearch,
    TextSearchOperator,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slotcast.rest.plan.nodes import (
        PlannedField,
        PlannedLogic,
        PlannedOrder,
    )
    from slotcast.rest.query.statement import Binder
    from slotcast.rest.request.ast import JsonStep

_OPERATORS: Final = {
    Operator.EQ: "=",
    Operator.NEQ: "<>",
    Operator.GT: ">",
    Operator.GTE: ">=",
    Operator.LT: "<",
    Operator.LTE: "<=",
    Operator.LIKE: "like",
    Operator.ILIKE: "ilike",
    Operator.MATCH: "~",
    Operator.IMATCH: "~*",
    Operator.CONTAINS: "@>",
    Operator.CONTAINED: "<@",
    Operator.OVERLAPS: "&&",
    Operator.STRICTLY_LEFT: "<<",
    Operator.STRICTLY_RIGHT: ">>",
    Operator.NOT_RIGHT: "&<",
    Operator.NOT_LEFT: "&>",
    Operator.ADJACENT: "-|-",
    Operator.IS_DISTINCT: "IS DISTINCT FROM",
}
_QUANTIFIERS: Final = {Quantifier.ANY: "ANY", Quantifier.ALL: "ALL"}
_TEXT_SEARCHES: Final = {
    TextSearchOperator.FTS: "to_tsquery",
    TextSearchOperator.PLFTS: "plainto_tsquery",
    TextSearchOperator.PHFTS: "phraseto_tsquery",
    TextSearchOperator.WFTS: "websearch_to_tsquery",
}
_UNPARSED: Final = frozenset({Operator.LIKE, Operator.ILIKE, Operator.IS_DISTINCT})
"""Operators whose values are patterns, or compared as they are."""


def column(table: str, name: str) -> str:
    """
    Write a column, or all of them.

    Args:
        table: The table's name or alias, quoted.
        name: The column's, not quoted, or `ALL`.
    """
    return f"{table}.*" if name == ALL else f"{table}.{identifier(name)}"


def field_sql(table: str, field: PlannedField, binder: Binder) -> str:
    """Write a field of *table* (quoted)."""
    if field.is_whole_row:
        return table
    if not field.json_path:
        return column(table, field.name)
    path = "".join(_step(step, binder) for step in field.json_path)
    base = column(table, field.name)
    return (base if field.is_json else f"to_jsonb({base})") + path


def _step(step: JsonStep, binder: Binder) -> str:
    arrow = "->>" if step.as_text else "->"
    if isinstance(step, JsonKey):
        return arrow + binder.bind(step.key)
    return f"{arrow}{binder.bind(step.index)}::int"


def logic_sql(
    table: str,
    logic: PlannedLogic,
    binder: Binder,
    embed_test: Callable[[EmbedTest], str] | None = None,
) -> str:
    """
    Write a condition or tree of conditions on *table* (quoted).

    Args:
        table: What fields belong to.
        logic: What has to hold.
        binder: Takes the values.
        embed_test: Writes tests of embeds where these are not joined.
    """
    match logic:
        case PlannedTree():
            members = f" {logic.connective.value} ".join(
                logic_sql(table, member, binder, embed_test) for member in logic.members
            )
            return f"{'NOT ' if logic.is_negated else ''}({members})"
        case EmbedTest():
            if embed_test is not None:
                return embed_test(logic)
            negation = "" if logic.is_negated else "NOT "
            return f"{identifier(logic.row_alias)} IS {negation}DISTINCT FROM NULL"
        case PlannedCondition():
            return _condition(table, logic, binder)
        case _:
            assert_never(logic)


def _condition(table: str, condition: PlannedCondition, binder: Binder) -> str:
    operation = condition.operation
    base = field_sql(table, condition.field, binder)
    match operation:
        case Comparison():
            text = f"{base} {_comparison(operation, condition.parser, binder)}"
        case Membership(()):
            text = f"{base} = ANY ('{{}}')"
        case Membership():
            text = f"{base} = ANY ({_array(operation, condition.parser, binder)})"
        case IsTest(value):
            text = f"{base} IS {value.value}"
        case TextSearch():
            text = _text_search(base, operation, binder, is_document=condition.is_document)
        case _:
            assert_never(operation)
    return f"NOT {text}" if condition.is_negated else text


def _comparison(comparison: Comparison, parser: str | None, binder: Binder) -> str:
    value = binder.bind(comparison.value)
    if parser is not None and comparison.operator not in _UNPARSED:
        value = f"{parser}({value})"
    if comparison.quantifier is not None:
        value = f"{_QUANTIFIERS[comparison.quantifier]}({value})"
    return f"{_OPERATORS[comparison.operator]} {value}"


def _array(membership: Membership, parser: str | None, binder: Binder) -> str:
    value = binder.bind(membership.array_literal())
    return value if parser is None else f"(SELECT {parser}(unnest({value}::text[])))"


def _text_search(base: str, search: TextSearch, binder: Binder, *, is_document: bool) -> str:
    def language() -> str:
        return "" if search.language is None else f"{binder.bind(search.language)}, "

    document = f"to_tsvector({language()}{base})" if is_document else base
    function = _TEXT_SEARCHES[search.operator]
    return f"{document} @@ {function}({language()}{binder.bind(search.value)})"


def order_sql(table: str, terms: Sequence[PlannedOrder], binder: Binder) -> str:
    """Write an ORDER BY with a space before it; nothing without terms."""
    if not terms:
        return ""
    return " ORDER BY " + ", ".join(_term(table, term, binder) for term in terms)


def _term(table: str, term: PlannedOrder, binder: Binder) -> str:
    base = table if term.row_alias is None else identifier(term.row_alias)
    words = [field_sql(base, term.field, binder)]
    words += [] if term.direction is None else [term.direction.value]
    words += [] if term.nulls is None else [term.nulls.value]
    return " ".join(words)
