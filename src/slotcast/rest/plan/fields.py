"""Fields and conditions: what the client wrote, joined with what the relation's columns are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slotcast.rest.plan.nodes import (
    PayloadColumn,
    PlannedCondition,
    PlannedField,
    PlannedTree,
)
from slotcast.rest.request.ast import Condition, IsTest, TextSearch

if TYPE_CHECKING:
    from slotcast.rest.plan.nodes import PlannedLogic, UnplannedLogic
    from slotcast.rest.request.ast import Field
    from slotcast.rest.schema import Column, Relation, SchemaCache

_JSON_TYPES: Final = frozenset({"json", "jsonb"})
_DOCUMENT: Final = "tsvector"
_TEXT: Final = "text"
_JSON: Final = "json"


class Fields:
    """
    Knows the columns of a relation.

    Args:
        cache: Where representations are.
        relation: None for what only PostgreSQL knows; then nothing is known of its fields.
    """

    def __init__(self, cache: SchemaCache, relation: Relation | None) -> None:
        self._representations = cache.representations
        self._relation = relation

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns that are known."""
        return () if self._relation is None else tuple(self._relation.columns.values())

    @property
    def have_representations(self) -> bool:
        """Whether a column is shown otherwise than it is stored."""
        return any((column.type, _JSON) in self._representations for column in self.columns)

    def selected(self, field: Field) -> PlannedField:
        """Plan a field that is shown."""
        return PlannedField(
            field.name,
            field.json_path,
            self._is_json(field.name),
            self._representations.get((self._type(field.name), _JSON)),
        )

    def column(self, column: Column) -> PlannedField:
        """Plan a whole column that is shown."""
        transform = self._representations.get((column.type, _JSON))
        return PlannedField(column.name, (), self._is_json(column.name), transform)

    def ordered(self, field: Field) -> PlannedField:
        """Plan a field that rows are sorted by."""
        return PlannedField(field.name, field.json_path, self._is_json(field.name))

    def condition(self, condition: Condition) -> PlannedCondition:
        """Plan a condition."""
        field, operation = condition.field, condition.operation
        type_ = self._type(field.name)
        parser = None
        if not isinstance(operation, (IsTest, TextSearch)):
            parser = self._representations.get((_TEXT, type_))
        return PlannedCondition(
            self.ordered(field),
            operation,
            condition.is_negated,
            isinstance(operation, TextSearch) and self._base_type(field.name) != _DOCUMENT,
            parser,
        )

    def logic(self, unplanned: UnplannedLogic) -> PlannedLogic:
        """Plan a condition or a tree of conditions."""
        if isinstance(unplanned, Condition):
            return self.condition(unplanned)
        members = tuple(self.logic(member) for member in unplanned.members)
        return PlannedTree(unplanned.connective, members, unplanned.is_negated)

    def payload_column(self, name: str) -> PayloadColumn | None:
        """Plan a column that is written; None if there is none of that name."""
        column = None if self._relation is None else self._relation.columns.get(name)
        if column is None:
            return None
        parser = self._representations.get((_JSON, column.type))
        type_ = column.type if parser is None else _JSON
        return PayloadColumn(name, type_, column.default, parser)

    def _type(self, name: str) -> str:
        column = None if self._relation is None else self._relation.columns.get(name)
        return "" if column is None else column.type

    def _base_type(self, name: str) -> str:
        column = None if self._relation is None else self._relation.columns.get(name)
        return "" if column is None else column.base_type

    def _is_json(self, name: str) -> bool:
        return self._base_type(name) in _JSON_TYPES
