from __future__ import annotations

import pytest

from slotcast.rest.errors import RestError
from slotcast.rest.plan.nodes import DeletePlan, InsertPlan, UpdatePlan
from slotcast.rest.plan.planning import Plan, PlanRules, RelationWrite, plan
from slotcast.rest.request.ast import Resolution
from support.schemas import CACHE, request


def planned(method: str, query: str = "", body: bytes = b"", **headers: str) -> Plan:
    return plan(request(method, "/projects", query, body=body, **headers), CACHE, PlanRules())


def written(method: str, query: str = "", body: bytes = b"", **headers: str) -> object:
    found = planned(method, query, body, **headers)
    assert isinstance(found, RelationWrite)
    return found.write


def code(method: str, query: str = "", body: bytes = b"", **headers: str) -> str:
    with pytest.raises(RestError) as caught:
        planned(method, query, body, **headers)
    return caught.value.body.code


def test_the_keys_of_the_payload_are_the_columns() -> None:
    write = written("POST", body=b'[{"name":"a","id":1}]')

    assert isinstance(write, InsertPlan)
    assert [(column.name, column.type) for column in write.columns] == [
        ("id", "integer"),
        ("name", "text"),
    ]
    assert write.returning == ()


def test_the_parameter_columns_counts_more_than_the_keys() -> None:
    write = written("POST", "columns=id", b'[{"name":"a","id":1}]')

    assert isinstance(write, InsertPlan)
    assert [column.name for column in write.columns] == ["id"]


@pytest.mark.parametrize(
    ("query", "preference", "expected"),
    [
        ("", "return=minimal", None),
        ("", "resolution=merge-duplicates", (Resolution.MERGE_DUPLICATES, ("id",))),
        (
            "on_conflict=name",
            "resolution=ignore-duplicates",
            (Resolution.IGNORE_DUPLICATES, ("name",)),
        ),
        ("on_conflict=name", "", None),
    ],
)
def test_a_preference_says_what_happens_to_rows_that_exist(
    query: str, preference: str, expected: object
) -> None:
    write = written("POST", query, b'{"id":1}', prefer=preference)

    assert isinstance(write, InsertPlan)
    assert write.conflict == expected


def test_an_update_and_a_delete_take_filters_without_a_path_only() -> None:
    query = "id=eq.1&tasks.id=eq.2&or=(id.eq.1,id.eq.2)&select=id,tasks(id)"

    update = written("PATCH", query, b'{"name":"a"}', prefer="return=representation")
    delete = written("DELETE", query)

    assert isinstance(update, UpdatePlan)
    assert isinstance(delete, DeletePlan)
    assert len(update.conditions) == len(delete.conditions) == 2
    assert update.returning == ("id",)


@pytest.mark.parametrize(
    ("method", "query", "body", "expected"),
    [
        ("POST", "", b'{"nothing":1}', "PGRST204"),
        ("PATCH", "", b'{"nothing":1}', "PGRST204"),
        ("PUT", "id=eq.1", b'{"nothing":1}', "PGRST204"),
        ("PUT", "", b'{"id":1}', "PGRST105"),
        ("PUT", "id=gt.1", b'{"id":1}', "PGRST105"),
        ("PUT", "id=not.eq.1", b'{"id":1}', "PGRST105"),
        ("PUT", "id=eq.1&name=eq.a", b'{"id":1}', "PGRST105"),
        ("PUT", "or=(id.eq.1)", b'{"id":1}', "PGRST105"),
    ],
)
def test_a_write_that_cannot_be_meant_is_refused(
    method: str, query: str, body: bytes, expected: str
) -> None:
    assert code(method, query, body) == expected


def test_a_table_that_does_not_exist_is_an_error_that_may_suggest_another() -> None:
    with pytest.raises(RestError) as caught:
        plan(request("GET", "/project"), CACHE, PlanRules())

    assert (caught.value.status, caught.value.body.code) == (404, "PGRST205")
    assert caught.value.body.hint == "Perhaps you meant the table 'api.projects'"


@pytest.mark.parametrize("accept", ["text/html", "application/vnd.pgrst.plan+json"])
def test_a_media_type_that_nobody_makes_is_refused(accept: str) -> None:
    assert code("GET", accept=accept) == "PGRST107"


def test_a_plan_is_shown_where_that_is_allowed() -> None:
    asked = request("GET", "/projects", accept="application/vnd.pgrst.plan+json")

    assert plan(asked, CACHE, PlanRules(may_explain=True))
