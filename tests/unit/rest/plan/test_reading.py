from __future__ import annotations

import pytest

from slotcast.rest.errors import RestError
from slotcast.rest.plan.nodes import EmbedForm, EmbedTest, ReadPlan
from slotcast.rest.plan.reading import ReadRules, needed_columns, plan_read, plan_representation
from slotcast.rest.request.ast import Range
from support.schemas import CACHE, named, request


def planned(path: str, query: str, rules: ReadRules | None = None) -> ReadPlan:
    asked = request("GET", f"/{path}", query)
    return plan_read(named(path), asked.query, asked.range, CACHE, rules or ReadRules())


def code(path: str, query: str, rules: ReadRules | None = None) -> str:
    with pytest.raises(RestError) as caught:
        planned(path, query, rules)
    return caught.value.body.code


def forms(plan: ReadPlan) -> list[EmbedForm]:
    return [child.embed.form for child in plan.children if child.embed]


def test_embeds_of_one_are_objects_and_of_many_arrays() -> None:
    plan = planned("projects", "select=clients(*),tasks(*),details(*)")

    assert forms(plan) == [EmbedForm.OBJECT, EmbedForm.ARRAY, EmbedForm.OBJECT]


def test_filters_orders_and_ranges_go_to_the_embed_they_name_by_alias_or_relation() -> None:
    plan = planned(
        "projects",
        "select=id,todo:tasks(id)&todo.id=gt.1&tasks.order=id&todo.limit=2&todo.or=(id.eq.1,id.eq.2)",
    )

    [todo] = plan.children
    assert len(todo.conditions) == 2
    assert len(todo.order) == 1
    assert todo.range == Range(0, 2)
    assert plan.conditions == ()


def test_every_level_has_at_most_as_many_rows_as_the_server_allows() -> None:
    plan = planned("projects", "select=tasks(id)&limit=50&tasks.limit=3", ReadRules(row_limit=10))

    assert plan.range.limit == 10
    assert plan.children[0].range.limit == 3


def test_what_is_written_is_returned_whole_however_few_rows_reads_may_have() -> None:
    asked = request("POST", "/projects", "select=tasks(id)", body=b"{}")

    plan = plan_representation(named("projects"), asked.query, CACHE, ReadRules(row_limit=1))

    assert plan.range.limit is None
    assert plan.children[0].range.limit is None


@pytest.mark.parametrize(
    ("query", "is_negated"),
    [
        ("clients=is.null", False),
        ("clients=not.is.null", True),
        ("clients=is.not_null", True),
        ("clients=not.is.not_null", False),
    ],
)
def test_null_on_the_name_of_an_embed_asks_whether_there_is_one(
    query: str, is_negated: bool
) -> None:
    plan = planned("projects", f"select=clients()&{query}")

    assert plan.conditions == (EmbedTest("projects_clients_1", is_negated),)


def test_null_on_the_name_of_a_column_asks_about_the_column() -> None:
    [condition] = planned("projects", "client_id=is.null").conditions

    assert not isinstance(condition, EmbedTest)


def test_an_embed_that_selects_nothing_is_silent() -> None:
    plan = planned("projects", "select=id,clients(),tasks(users())")

    assert [child.embed.is_silent for child in plan.children if child.embed] == [True, True]


def test_a_star_becomes_all_columns_where_there_are_aggregates() -> None:
    plan = planned("tasks", "select=*,id.max()", ReadRules(has_aggregates=True))

    assert [column.key for column in plan.columns] == ["id", "name", "project_id", "id"]


def test_the_aggregate_of_a_spread_is_its_parents() -> None:
    plan = planned("tasks", "select=name,...projects(top:id.max())", ReadRules(has_aggregates=True))

    [projects] = plan.children
    assert projects.embed is not None
    assert [column.aggregate for column in projects.columns] == [None]
    assert [(one.alias, one.aggregate is not None) for one in projects.embed.columns] == [
        ("top", True)
    ]


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("projects", "id.x=eq.1", "PGRST108"),
        ("projects", "select=id&clients.id=eq.1", "PGRST108"),
        ("projects", "select=nothing(id)", "PGRST200"),
        ("projects", "select=nothing(id)&other.id=eq.1", "PGRST108"),
        ("projects", "select=id&order=clients(id)", "PGRST108"),
        ("projects", "select=id,tasks(id)&order=tasks(id)", "PGRST118"),
        ("projects", "select=id.max()", "PGRST123"),
        ("projects", "select=clients(id.max())", "PGRST123"),
        ("projects", "select=nothing(id.max())", "PGRST200"),
    ],
)
def test_of_several_mistakes_the_first_is_told(path: str, query: str, expected: str) -> None:
    assert code(path, query) == expected


def test_aggregates_of_many_are_not_spread() -> None:
    rules = ReadRules(has_aggregates=True)

    assert code("clients", "select=...projects(id.max())", rules) == "PGRST127"


@pytest.mark.parametrize(
    ("query", "rules"),
    [
        ("select=tasks(projects(tasks(id)))", ReadRules(depth_limit=2)),
        ("select=a:tasks(id),b:tasks(id)", ReadRules(embed_limit=1)),
        ("id=eq.1&or=(id.eq.1,and(id.eq.2,id.eq.3))", ReadRules(condition_limit=3)),
    ],
)
def test_a_request_beyond_a_bound_is_refused(query: str, rules: ReadRules) -> None:
    assert code("projects", query, rules) == "PGRST100"


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("*", ("*",)),
        ("name", ("name", "id")),
        ("name,clients(name)", ("name", "client_id", "id")),
        ("name,tasks(name)", ("name", "id")),
        ("data->a", ("data", "id")),
    ],
)
def test_a_write_returns_what_its_representation_needs(
    select: str, expected: tuple[str, ...]
) -> None:
    asked = request("POST", "/projects", f"select={select}", body=b"{}")
    plan = plan_representation(named("projects"), asked.query, CACHE, ReadRules())

    assert needed_columns(plan, ["id"]) == expected


def test_a_computed_relationship_needs_the_whole_row() -> None:
    asked = request("POST", "/users", "select=name,led(id)", body=b"{}")
    plan = plan_representation(named("users"), asked.query, CACHE, ReadRules())

    assert needed_columns(plan, ["id"]) == ("*",)
