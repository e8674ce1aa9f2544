from __future__ import annotations

from slotcast.rest.relationships import (
    ForeignKey,
    ViewColumn,
    ViewColumns,
    derive,
    with_view_keys,
)
from slotcast.rest.schema import Cardinality, ForeignKeyRelationship, QualifiedName
from support.schemas import CACHE, foreign_key, named, relation

HIDDEN = QualifiedName("hidden", "junction")


def names_from(origin: str) -> set[tuple[str, Cardinality]]:
    return {
        (way.target.name, way.cardinality)
        for way in CACHE.relationships[named(origin), "api"]
        if isinstance(way, ForeignKeyRelationship)
    }


def test_a_foreign_key_is_a_way_there_and_back() -> None:
    assert ("clients", Cardinality.MANY_TO_ONE) in names_from("projects")
    assert ("projects", Cardinality.ONE_TO_MANY) in names_from("clients")


def test_two_keys_within_the_primary_key_make_a_junction() -> None:
    assert ("tasks", Cardinality.MANY_TO_MANY) in names_from("users")
    assert ("clients", Cardinality.MANY_TO_MANY) not in names_from("users")


def test_a_view_has_the_ways_and_the_key_of_its_table() -> None:
    assert ("clients", Cardinality.MANY_TO_ONE) in names_from("projects_view")
    assert ("tasks", Cardinality.ONE_TO_MANY) in names_from("projects_view")
    assert CACHE.relations[named("projects_view")].primary_key == ("id",)


def test_a_view_that_shows_half_a_key_has_no_way() -> None:
    key = ForeignKey(
        name="pair_fkey",
        table=named("tasks"),
        referenced=named("users_tasks"),
        columns=(("a", "user_id"), ("b", "task_id")),
    )
    half = ViewColumns(
        [ViewColumn(view=named("v"), name="a", table=named("tasks"), table_column="a")]
    )

    found = derive([key], {}, half, [], ["api"])

    assert (named("v"), "api") not in found


def test_a_view_that_shows_a_key_twice_has_two_ways() -> None:
    twice = ViewColumns(
        ViewColumn(view=named("v"), name=name, table=named("tasks"), table_column="project_id")
        for name in ("first", "second")
    )

    found = derive([foreign_key("k", "tasks", "project_id", "projects")], {}, twice, [], ["api"])

    columns = [
        way.columns for way in found[named("v"), "api"] if isinstance(way, ForeignKeyRelationship)
    ]
    assert columns == [(("first", "id"),), (("second", "id"),)]


def test_a_junction_that_is_not_exposed_joins_nothing() -> None:
    keys = [
        ForeignKey(name=name, table=HIDDEN, referenced=named(target), columns=((column, "id"),))
        for name, target, column in (("a", "users", "u"), ("b", "tasks", "t"))
    ]
    junction = relation("junction", "u t", u="integer", t="integer")

    found = derive(keys, {HIDDEN: junction}, ViewColumns([]), [], ["api"])

    assert found == {(named("users"), "api"): (), (named("tasks"), "api"): ()}


def test_a_view_of_several_tables_has_all_their_keys() -> None:
    tables = [relation("a", "x", x="integer"), relation("b", "y", y="integer")]
    view = relation("v", "", is_view=True, y2="integer", x2="integer")
    shown = ViewColumns(
        ViewColumn(view=named("v"), name=f"{column}2", table=named(table), table_column=column)
        for table, column in (("a", "x"), ("b", "y"))
    )

    found = with_view_keys({one.name: one for one in [*tables, view]}, shown)

    assert found[named("v")].primary_key == ("y2", "x2")
