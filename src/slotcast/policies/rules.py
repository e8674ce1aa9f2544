"""
Compiled policies: what is left of an expression when PostgreSQL has evaluated its facts.

A rule is a small closed set of nodes over three-valued logic. It is evaluated on a row
image for a viewer, from left to right and no further than needed, as PostgreSQL does. What
is not certain raises `Undecided`: then PostgreSQL is asked about the whole policy. Values are
compared by their text form only where equal text means an equal value; the compiler sees to it.

Source:
    PostgreSQL manual, "Logical Operators", "Row and Array Comparisons", "Subquery Expressions".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from slotcast.changes import Absent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slotcast.changes import Image
    from slotcast.policies.facts import Computed, Fact, Viewer

Truth: TypeAlias = "bool | None"
"""A value of three-valued logic; None is SQL's NULL."""

Key: TypeAlias = "bytes | tuple[bytes, ...]"
"""One value, or one of each of several columns, in text form."""


class Undecided(Exception):
    """What is known here does not decide; PostgreSQL has to be asked."""


class Rule(Protocol):
    """Some expression that is true, false or NULL for a row and a viewer."""

    def value(self, image: Image, viewer: Viewer) -> Truth:
        """
        Evaluate.

        Raises:
            Undecided: Only PostgreSQL can tell.
        """
        ...


class Operand(Protocol):
    """Some value for a row and a viewer."""

    def text(self, image: Image, viewer: Viewer) -> bytes | None:
        """
        Give its text form, None for NULL.

        Raises:
            Undecided: Only PostgreSQL can tell.
        """
        ...


@dataclass(frozen=True, slots=True)
class Column:
    """The row's value in the column at a place."""

    place: int

    def text(self, image: Image, viewer: Viewer) -> bytes | None:  # noqa: ARG002
        """See `Operand.text`."""
        value = image[self.place]
        if isinstance(value, Absent):
            raise Undecided
        return value


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: bytes | None

    def text(self, image: Image, viewer: Viewer) -> bytes | None:  # noqa: ARG002
        """See `Operand.text`."""
        return self.value


@dataclass(frozen=True, slots=True)
class Scalar:
    """What is the same for all rows: the one value of a fact."""

    fact: Fact

    def text(self, image: Image, viewer: Viewer) -> bytes | None:  # noqa: ARG002
        """See `Operand.text`."""
        return self.fact.known(viewer).sole()


@dataclass(frozen=True, slots=True)
class Constant:
    """True, false or NULL."""

    truth: Truth

    def value(self, image: Image, viewer: Viewer) -> Truth:  # noqa: ARG002
        """See `Rule.value`."""
        return self.truth


@dataclass(frozen=True, slots=True)
class And:
    """True if all parts are."""

    parts: tuple[Rule, ...]

    def value(self, image: Image, viewer: Viewer) -> Truth:
        """See `Rule.value`."""
        result: Truth = True
        for part in self.parts:
            truth = part.value(image, viewer)
            if truth is False:
                return False
            if truth is None:
                result = None
        return result


@dataclass(frozen=True, slots=True)
class Or:
    """True if any part is."""

    parts: tuple[Rule, ...]

    def value(self, image: Image, viewer: Viewer) -> Truth:
        """See `Rule.value`."""
        result: Truth = False
        for part in self.parts:
            truth = part.value(image, viewer)
            if truth is True:
                return True
            if truth is None:
                result = None
        return result


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; of NULL, NULL."""

    part: Rule

    def value(self, image: Image, viewer: Viewer) -> Truth:
        """See `Rule.value`."""
        truth = self.part.value(image, viewer)
        return None if truth is None else not truth


@dataclass(frozen=True, slots=True)
class Is:
    """``IS [NOT] TRUE``, ``FALSE`` or ``UNKNOWN``: never NULL itself."""

    part: Rule
    wanted: Truth

    def value(self, image: Image, viewer: Viewer) -> Truth:
        """See `Rule.value`."""
        return self.part.value(image, viewer) is self.wanted


@dataclass(frozen=True, slots=True)
class Coalesce:
    """The first part that is not NULL."""

    parts: tuple[Rule, ...]

    def value(self, image: Image, viewer: Viewer) -> Truth:
        """See `Rule.value`."""
        for part in self.parts:
            truth = part.value(image, viewer)
            if truth is not None:
                return truth
        return None


@dataclass(frozen=True, slots=True)
class Case:
    """The result that belongs to the first condition that is true, else *otherwise*."""

    branches: tuple[tuple[Rule, Rule], ...]
    otherwise: Rule

    def value(self, image: Image, viewer: Viewer) -> Truth:
        """See `Rule.value`."""
        for condition, result in self.branches:
            if condition.value(image, viewer) is True:
                return result.value(image, viewer)
        return self.otherwise.value(image, viewer)


@dataclass(frozen=True, slots=True)
class ColumnTruth:
    """The value of a boolean column."""

    place: int

    def value(self, image: Image, viewer: Viewer) -> Truth:  # noqa: ARG002
        """See `Rule.value`."""
        value = image[self.place]
        if isinstance(value, Absent):
            raise Undecided
        return None if value is None else value == b"t"


@dataclass(frozen=True, slots=True)
class FactTruth:
    """The value of a boolean fact."""

    fact: Fact

    def value(self, image: Image, viewer: Viewer) -> Truth:  # noqa: ARG002
        """See `Rule.value`."""
        value = self.fact.known(viewer).sole()
        return None if value is None else value == b"true"


@dataclass(frozen=True, slots=True)
class ComputedTruth:
    """What an immutable expression over the row alone is, as PostgreSQL said."""

    computed: Computed

    def value(self, image: Image, viewer: Viewer) -> Truth:  # noqa: ARG002
        """See `Rule.value`."""
        return self.computed.known(image)


@dataclass(frozen=True, slots=True)
class IsNull:
    """Whether a value is NULL."""

    operand: Operand

    def value(self, image: Image, viewer: Viewer) -> Truth:
        """See `Rule.value`."""
        return self.operand.text(image, viewer) is None


@dataclass(frozen=True, slots=True)
class Equal:
    """Whether two values are equal; NULL if one of them is."""

    left: Operand
    right: Operand

    def value(self, image: Image, viewer: Viewer) -> Truth:
        """See `Rule.value`."""
        left, right = self.left.text(image, viewer), self.right.text(image, viewer)
        return None if left is None or right is None else left == right


@dataclass(frozen=True, slots=True)
class Same:
    """``IS NOT DISTINCT FROM``: equal, or both NULL."""

    left: Operand
    right: Operand

    def value(self, image: Image, viewer: Viewer) -> Truth:
        """See `Rule.value`."""
        return self.left.text(image, viewer) == self.right.text(image, viewer)


@dataclass(frozen=True, slots=True)
class Among:
    """``= ANY (array)`` or ``IN (subquery)``: whether a value is one of a fact's."""

    operand: Operand
    fact: Fact

    def value(self, image: Image, viewer: Viewer) -> Truth:
        """See `Rule.value`."""
        values = self.fact.known(viewer)
        operand = self.operand.text(image, viewer)
        if values.is_null or (values.is_empty and self.fact.null_if_empty):
            return None
        if operand is None:
            return False if values.is_empty else None
        if operand in values:
            return True
        return None if values.has_null else False


@dataclass(frozen=True, slots=True)
class OneOf:
    """``= ANY`` of an array of constants."""

    operand: Operand
    values: frozenset[bytes]
    has_null: bool

    def value(self, image: Image, viewer: Viewer) -> Truth:
        """See `Rule.value`."""
        operand = self.operand.text(image, viewer)
        if operand is None:
            return None if self.values or self.has_null else False
        if operand in self.values:
            return True
        return None if self.has_null else False


@dataclass(frozen=True, slots=True)
class Exists:
    """``EXISTS``, joined to the row by equalities: whether there is such a value; never NULL."""

    operands: tuple[Operand, ...]
    fact: Fact

    def value(self, image: Image, viewer: Viewer) -> Truth:
        """See `Rule.value`."""
        values = self.fact.known(viewer)
        if not self.operands:
            return not values.is_empty
        key = row_key(self.operands, image, viewer)
        return key is not None and key in values


@dataclass(frozen=True, slots=True)
class Opaque:
    """
    What was not compiled.

    Attributes:
        problem: Why not, for people.
    """

    problem: str

    def value(self, image: Image, viewer: Viewer) -> Truth:  # noqa: ARG002
        """See `Rule.value`."""
        raise Undecided


def row_key(operands: tuple[Operand, ...], image: Image, viewer: Viewer) -> Key | None:
    """Give the values of *operands* as they are kept in facts; None if one of them is NULL."""
    if len(operands) == 1:
        return operands[0].text(image, viewer)
    texts = tuple(operand.text(image, viewer) for operand in operands)
    key = tuple(text for text in texts if text is not None)
    return key if len(key) == len(texts) else None


def both(parts: Iterable[Rule]) -> Rule:
    """Give the rule that all *parts* hold."""
    gathered = tuple(parts)
    return gathered[0] if len(gathered) == 1 else And(gathered)


def parts_of(rule: Rule) -> tuple[Rule, ...]:
    """Give the rules that *rule* is made of."""
    match rule:
        case And(parts) | Or(parts) | Coalesce(parts):
            return parts
        case Not(part) | Is(part, _):
            return (part,)
        case Case(branches, otherwise):
            return (*(part for branch in branches for part in branch), otherwise)
        case _:
            return ()


def walk(rule: Rule) -> Iterable[Rule]:
    """Go through *rule* and all that it is made of."""
    yield rule
    for part in parts_of(rule):
        yield from walk(part)


def facts_of(rule: Rule) -> set[Fact]:
    """Collect the facts that *rule* asks for."""
    found: set[Fact] = set()
    for node in walk(rule):
        match node:
            case FactTruth(fact) | Among(_, fact) | Exists(_, fact):
                found.add(fact)
            case _:
                pass
        found.update(operand.fact for operand in operands_of(node) if isinstance(operand, Scalar))
    return found


def operands_of(rule: Rule) -> tuple[Operand, ...]:
    """Give the values that *rule* itself compares."""
    match rule:
        case Equal(left, right) | Same(left, right):
            return (left, right)
        case IsNull(operand) | Among(operand, _) | OneOf(operand, _, _):
            return (operand,)
        case Exists(operands, _):
            return operands
        case _:
            return ()


def computed_of(rule: Rule) -> list[Computed]:
    """Collect the expressions of *rule* that PostgreSQL computes from the row alone."""
    return [node.computed for node in walk(rule) if isinstance(node, ComputedTruth)]


def problems_of(rule: Rule) -> list[str]:
    """Tell why parts of *rule* were not compiled; nothing if all of it was."""
    return [node.problem for node in walk(rule) if isinstance(node, Opaque)]


ALWAYS: Final = Constant(truth=True)
NEVER: Final = Constant(truth=False)
