"""
Whom a row concerns: looked up by the row's values, not asked viewer by viewer.

A rule of the form *column = fact*, or *column among a fact's values*, leads from a row's value
to the viewers whose fact has it. AND and OR of such rules meet and join these sets. What the
index gives is never too few viewers; where it is *exact*, it is nobody else either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from slotcast.policies import rules
from slotcast.policies.facts import Viewer
from slotcast.policies.rules import (
    Among,
    And,
    Column,
    Equal,
    Exists,
    FactTruth,
    Or,
    Scalar,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from slotcast.changes import Image
    from slotcast.policies.facts import Fact
    from slotcast.policies.rules import Key, Operand, Rule

Lookup: TypeAlias = "Callable[[Image], Found]"
"""
From a row image to those who may see it.

Raises `Undecided` when the image does not have the values.
"""


class Found(NamedTuple):
    """
    Those who may see a row.

    Attributes:
        viewers: Who; None stands for everybody.
        is_exact: Whether they certainly do. That needs their facts to be known.
    """

    viewers: AbstractSet[Viewer] | None
    is_exact: bool


_NONE: frozenset[Viewer] = frozenset()
_NOBODY: Found = Found(_NONE, is_exact=True)
_EVERYBODY: Found = Found(None, is_exact=True)


def lookup(rule: Rule) -> Lookup | None:  # noqa: PLR0911 (one for each form)
    """Make the lookup for a rule, or return None if all viewers have to be tried."""
    match rule:
        case Equal(Column(place), Scalar(fact)) | Equal(Scalar(fact), Column(place)):
            return _by_value((Column(place),), fact)
        case Among(Column() as column, fact):
            return _by_value((column,), fact)
        case Exists(operands, fact) if all(isinstance(each, Column) for each in operands):
            return _by_value(operands, fact) if operands else _filled(fact)
        case FactTruth(fact):
            return _true(fact)
        case Or(parts):
            found = [lookup(part) for part in parts]
            known = [each for each in found if each is not None]
            return _any_of(known) if len(known) == len(found) else None
        case And(parts):
            known = [each for part in parts if (each := lookup(part)) is not None]
            return _all_of(known, is_complete=len(known) == len(parts)) if known else None
        case _ if not _asks_facts(rule):
            return _row_alone(rule)
        case _:
            return None


def _asks_facts(rule: Rule) -> bool:
    return bool(rules.facts_of(rule)) or bool(rules.problems_of(rule))


def _by_value(operands: tuple[Operand, ...], fact: Fact) -> Lookup:
    index = fact.by_value

    def find(image: Image) -> Found:
        key: Key | None = rules.row_key(operands, image, _ANYBODY)
        return _NOBODY if key is None else Found(index.get(key, _NONE), is_exact=True)

    return find


def _filled(fact: Fact) -> Lookup:
    return lambda _image: Found(fact.filled, is_exact=True)


def _true(fact: Fact) -> Lookup:
    return lambda _image: Found(fact.by_value.get(b"true", _NONE), is_exact=True)


def _row_alone(rule: Rule) -> Lookup:
    return lambda image: _EVERYBODY if rule.value(image, _ANYBODY) is True else _NOBODY


def _any_of(parts: list[Lookup]) -> Lookup:
    if len(parts) == 1:
        return parts[0]

    def find(image: Image) -> Found:
        viewers: AbstractSet[Viewer] = frozenset()
        is_exact = True
        for part in parts:
            found = part(image)
            if found.viewers is None:
                return found
            is_exact = is_exact and found.is_exact
            viewers = viewers | found.viewers if viewers else found.viewers
        return Found(viewers, is_exact)

    return find


def _all_of(parts: list[Lookup], *, is_complete: bool) -> Lookup:
    if len(parts) == 1 and is_complete:
        return parts[0]

    def find(image: Image) -> Found:
        viewers: AbstractSet[Viewer] | None = None
        is_exact = is_complete
        for part in parts:
            found = part(image)
            is_exact = is_exact and found.is_exact
            if found.viewers is None:
                continue
            viewers = found.viewers if viewers is None else viewers & found.viewers
        return Found(viewers, is_exact)

    return find


class _Nobody(Viewer):
    """Stands for a viewer where none is asked about."""

    __slots__ = ()

    def __init__(self) -> None:  # pyright: ignore[reportMissingSuperCall] - it has no claims
        self.facts = set()
        self.user_count = 0


_ANYBODY = _Nobody()
