"""Which relationship an embed means, and what the client is told if that is not clear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.plan.similarity import LIKELY, most_similar
from slotcast.rest.schema import (
    Cardinality,
    ComputedRelationship,
    ForeignKeyRelationship,
    QualifiedName,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotcast.claims import JsonValue
    from slotcast.rest.schema import Relationship, SchemaCache

_BAD_REQUEST = 400
_AMBIGUOUS = 300


def find_relationship(
    cache: SchemaCache, origin: QualifiedName, target: str, hint: str | None
) -> Relationship:
    """
    Find the way from *origin* that an embed means.

    Args:
        cache: What there is.
        origin: The relation that embeds.
        target: A relation, foreign key, column of one or computed relationship.
        hint: A foreign key, a column of one or a junction; None without one.

    Raises:
        RestError: PGRST200: there is none; PGRST201: there are several.
    """
    ways = cache.relationships.get((origin, origin.schema), ())
    match [way for way in ways if _is_meant(way, target, hint)]:
        case []:
            raise _not_found(cache, origin, target, hint)
        case [way]:
            return way
        case several:
            raise _ambiguous(origin, target, several)


def _is_meant(way: Relationship, target: str, hint: str | None) -> bool:
    if isinstance(way, ComputedRelationship):
        return target == way.function.name
    if way.is_self:
        return _is_self_meant(way, target, hint)
    if hint is not None:
        return target == way.target.name and _fits_hint(way, hint)
    return target == way.target.name or (
        not way.target_is_view and _is_key(way) and target in (way.constraint, _near_column(way))
    )


def _is_self_meant(way: ForeignKeyRelationship, target: str, hint: str | None) -> bool:
    """Tell by convention: the table's name means the many, the column's name the one."""
    if way.cardinality is Cardinality.ONE_TO_MANY:
        return target == way.target.name and hint in (None, _far_column(way))
    return (
        hint is None and way.cardinality is Cardinality.MANY_TO_ONE and target == _near_column(way)
    )


def _fits_hint(way: ForeignKeyRelationship, hint: str) -> bool:
    if way.junction is not None:
        return hint == way.junction.relation.name
    return hint in (way.constraint, _near_column(way), _far_column(way))


def _is_key(way: ForeignKeyRelationship) -> bool:
    return way.junction is None


def _near_column(way: ForeignKeyRelationship) -> str | None:
    """Give the key's column on the origin's side, if it is one column."""
    return way.columns[0][0] if len(way.columns) == 1 else None


def _far_column(way: ForeignKeyRelationship) -> str | None:
    return way.columns[0][1] if len(way.columns) == 1 else None


def _not_found(
    cache: SchemaCache, origin: QualifiedName, target: str, hint: str | None
) -> RestError:
    searched = f"between '{origin.name}' and '{target}'"
    hinted = "" if hint is None else f" using the hint '{hint}'"
    return RestError(
        _BAD_REQUEST,
        ErrorBody(
            "PGRST200",
            f"Could not find a relationship {searched} in the schema cache",
            f"Searched for a foreign key relationship {searched}{hinted} in the schema"
            f" '{origin.schema}', but no matches were found.",
            _suggestion(cache, origin, target, hint),
        ),
    )


def _suggestion(
    cache: SchemaCache, origin: QualifiedName, target: str, hint: str | None
) -> str | None:
    """Suggest another origin if that one has no relationships, else another target."""
    ways = cache.relationships.get((origin, origin.schema), ())
    if not ways:
        origins = {
            source.name
            for source, schema in cache.relationships
            if source.schema == schema == origin.schema
        }
        similar = most_similar(origin.name, sorted(origins), LIKELY)
        wrong = origin.name
    elif hint is not None and any(_target_name(way) == target for way in ways):
        return None
    else:
        similar = most_similar(target, sorted({_target_name(way) for way in ways}), LIKELY)
        wrong = target
    if similar is None or similar == wrong:
        return None
    return f"Perhaps you meant '{similar}' instead of '{wrong}'."


def _target_name(way: Relationship) -> str:
    return way.function.name if isinstance(way, ComputedRelationship) else way.target.name


def _ambiguous(origin: QualifiedName, target: str, ways: Sequence[Relationship]) -> RestError:
    keys = [way for way in ways if isinstance(way, ForeignKeyRelationship)]
    choices = ", ".join(f"'{target}!{_disambiguation(way)}'" for way in keys)
    details: list[JsonValue] = [_describe(way) for way in keys]
    return RestError(
        _AMBIGUOUS,
        ErrorBody(
            "PGRST201",
            "Could not embed because more than one relationship was found for"
            f" '{origin.name}' and '{target}'",
            details,
            f"Try changing '{target}' to one of the following: {choices}. Find the desired"
            " relationship in the 'details' key.",
        ),
    )


def _disambiguation(way: ForeignKeyRelationship) -> str:
    return way.constraint if way.junction is None else way.junction.relation.name


def _describe(way: ForeignKeyRelationship) -> dict[str, JsonValue]:
    description = {
        "cardinality": way.cardinality.name.lower().replace("_", "-"),
        "embedding": f"{way.source.name} with {way.target.name}",
    }
    junction = way.junction
    if junction is None:
        near = _list([column for column, _ in way.columns])
        far = _list([column for _, column in way.columns])
        through = f"{way.constraint} using {way.source.name}{near} and {way.target.name}{far}"
    else:
        first = _list([column for _, column in junction.source_columns])
        second = _list([column for _, column in junction.target_columns])
        through = (
            f"{junction.relation.name} using {junction.source_constraint}{first}"
            f" and {junction.target_constraint}{second}"
        )
    return {**description, "relationship": through}


def _list(columns: Sequence[str]) -> str:
    return f"({', '.join(columns)})"
