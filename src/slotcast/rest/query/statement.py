"""The parts that statements are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from slotcast.rest.schema import QualifiedName

Value: TypeAlias = "str | bytes | None"


@dataclass(frozen=True, slots=True)
class Statement:
    """
    SQL and the values of its parameters.

    Attributes:
        text: With placeholders ``$1``, ``$2`` …
        values: In text form; their types are PostgreSQL's to infer.
    """

    text: str
    values: tuple[Value, ...] = ()


class Binder:
    """Collects the values of a statement."""

    def __init__(self) -> None:
        self._values: list[Value] = []

    def bind(self, value: Value) -> str:
        """Give the placeholder of *value*."""
        self._values.append(value)
        return f"${len(self._values)}"

    def statement(self, text: str) -> Statement:
        """Join *text* with the values that were bound for it."""
        return Statement(text, tuple(self._values))


def identifier(name: str) -> str:
    """
    Quote a name.

    A NUL, which PostgreSQL's text cannot hold, ends it.
    """
    name = name.partition("\0")[0]
    return '"' + name.replace('"', '""') + '"'


def qualified(name: QualifiedName) -> str:
    """Quote a qualified name; one without a schema is a name of the query's own."""
    if not name.schema:
        return identifier(name.name)
    return f"{identifier(name.schema)}.{identifier(name.name)}"


def literal(text: str) -> str:
    """Quote text that comes from the catalog; standard strings know no escapes but ``''``."""
    return "'" + text.replace("'", "''") + "'"
