from __future__ import annotations

import pytest

from slotcast.rest.errors import RestError
from slotcast.rest.plan.calling import find_routine, plan_arguments
from slotcast.rest.plan.nodes import BodyArgument, DirectArguments, JsonArguments
from support.schemas import CACHE, request


def arguments(query: str) -> list[tuple[str, tuple[str, ...]]]:
    name, _, rest = query.partition("?")
    asked = request("GET", f"/rpc/{name}", rest)
    planned = plan_arguments(asked, find_routine(asked, name, CACHE))
    assert isinstance(planned, DirectArguments)
    return [(one.parameter.name, one.values) for one in planned.arguments]


def failure(
    method: str, name: str, query: str = "", body: bytes = b"", **headers: str
) -> RestError:
    asked = request(method, f"/rpc/{name}", query, body=body, **headers)
    with pytest.raises(RestError) as caught:
        find_routine(asked, name, CACHE)
    return caught.value


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("add?a=1&b=2", [("a", ("1",)), ("b", ("2",))]),
        ("add?a=1", [("a", ("1",))]),
        ("add?a=1&a=2", [("a", ("2",))]),
        ("many?v=1&v=2", [("v", ("1", "2"))]),
        ("all_projects?id=eq.1", []),
    ],
)
def test_a_get_names_its_arguments(query: str, expected: object) -> None:
    assert arguments(query) == expected


def test_only_given_members_of_an_object_are_arguments() -> None:
    asked = request("POST", "/rpc/add", body=b'{"a":1}')
    planned = plan_arguments(asked, find_routine(asked, "add", CACHE))

    assert isinstance(planned, JsonArguments)
    assert [one.name for one in planned.parameters] == ["a"]


def test_a_body_is_the_argument_of_a_parameter_without_a_name() -> None:
    asked = request("POST", "/rpc/raw", body=b'{"a":1}')

    assert isinstance(plan_arguments(asked, find_routine(asked, "raw", CACHE)), BodyArgument)


def test_the_type_of_the_body_decides_which_parameter_without_a_name_takes_it() -> None:
    failed = failure("POST", "raw", body=b"<a/>", content_type="text/xml")

    assert failed.body.code == "PGRST202"
    assert failed.body.message == "Could not find the function api.raw in the schema cache"
    assert failed.body.hint is None


@pytest.mark.parametrize("query", ["", "b=1", "a=1&c=2"])
def test_arguments_that_fit_no_function_are_an_error(query: str) -> None:
    failed = failure("GET", "add", query)

    assert (failed.status, failed.body.code) == (404, "PGRST202")


def test_a_function_of_a_similar_name_is_suggested() -> None:
    failed = failure("GET", "all_project")

    assert failed.body.hint == "Perhaps you meant to call the function api.all_projects"
    assert failed.body.message == (
        "Could not find the function api.all_project without parameters in the schema cache"
    )


def test_arguments_that_fit_several_functions_are_an_error_that_lists_them() -> None:
    failed = failure("GET", "twice", "x=1")

    assert (failed.status, failed.body.code) == (300, "PGRST203")
    assert "api.twice(x => integer), api.twice(x => integer, y => integer)" in failed.body.message
