from __future__ import annotations

import pytest

from slotcast.rest.errors import RestError
from slotcast.rest.plan.embedding import find_relationship
from slotcast.rest.schema import Cardinality, ComputedRelationship, ForeignKeyRelationship
from support.schemas import CACHE, named


def found(origin: str, target: str, hint: str | None = None) -> tuple[str, Cardinality]:
    way = find_relationship(CACHE, named(origin), target, hint)
    assert isinstance(way, ForeignKeyRelationship)
    return way.target.name, way.cardinality


@pytest.mark.parametrize(
    ("origin", "target", "hint", "expected"),
    [
        ("projects", "clients", None, ("clients", Cardinality.MANY_TO_ONE)),
        ("projects", "client_id", None, ("clients", Cardinality.MANY_TO_ONE)),
        ("projects", "projects_client_fkey", None, ("clients", Cardinality.MANY_TO_ONE)),
        ("projects", "clients", "client_id", ("clients", Cardinality.MANY_TO_ONE)),
        ("projects", "clients", "id", ("clients", Cardinality.MANY_TO_ONE)),
        ("projects", "clients", "projects_client_fkey", ("clients", Cardinality.MANY_TO_ONE)),
        ("clients", "projects", None, ("projects", Cardinality.ONE_TO_MANY)),
        ("projects", "details", None, ("details", Cardinality.ONE_TO_ONE)),
        ("details", "projects", None, ("projects", Cardinality.ONE_TO_ONE)),
        ("users", "tasks", None, ("tasks", Cardinality.MANY_TO_MANY)),
        ("users", "tasks", "users_tasks", ("tasks", Cardinality.MANY_TO_MANY)),
        ("tasks", "users", None, ("users", Cardinality.MANY_TO_MANY)),
        ("projects_view", "clients", None, ("clients", Cardinality.MANY_TO_ONE)),
        ("clients", "projects_view", None, ("projects_view", Cardinality.ONE_TO_MANY)),
        ("people", "people", None, ("people", Cardinality.ONE_TO_MANY)),
        ("people", "parent_id", None, ("people", Cardinality.MANY_TO_ONE)),
        ("people", "people", "parent_id", ("people", Cardinality.ONE_TO_MANY)),
    ],
)
def test_an_embed_finds_its_relationship(
    origin: str, target: str, hint: str | None, expected: tuple[str, Cardinality]
) -> None:
    assert found(origin, target, hint) == expected


def test_a_function_makes_a_relationship_of_its_own_name() -> None:
    way = find_relationship(CACHE, named("users"), "led", None)

    assert isinstance(way, ComputedRelationship)
    assert way.target == named("projects")


@pytest.mark.parametrize(
    ("origin", "target", "hint", "suggestion"),
    [
        ("clients", "users", None, None),
        ("clients", "project", None, "Perhaps you meant 'projects' instead of 'project'."),
        ("projects", "clients", "nonsense", None),
        ("client", "projects", None, "Perhaps you meant 'clients' instead of 'client'."),
    ],
)
def test_no_relationship_is_an_error_that_may_suggest_another(
    origin: str, target: str, hint: str | None, suggestion: str | None
) -> None:
    with pytest.raises(RestError) as caught:
        find_relationship(CACHE, named(origin), target, hint)

    assert (caught.value.status, caught.value.body.code) == (400, "PGRST200")
    assert caught.value.body.hint == suggestion


def test_several_relationships_are_an_error_that_lists_them() -> None:
    with pytest.raises(RestError) as caught:
        find_relationship(CACHE, named("projects"), "projects_view", None)

    assert caught.value.status == 400

    cache = CACHE
    ways = cache.relationships[named("clients"), "api"]
    assert [way.target.name for way in ways if isinstance(way, ForeignKeyRelationship)] == [
        "projects",
        "projects_view",
    ]
