from __future__ import annotations

from dataclasses import replace

import pytest

from slotcast.rest.errors import RestError
from slotcast.rest.plan.planning import PlanRules, plan
from slotcast.rest.query.composing import compose
from slotcast.rest.request.reading import HttpRequest, RequestRules, read_request
from slotcast.rest.shapes import Prepared, ShapeCache
from support.schemas import CACHE, SCHEMA


class Planner:
    """Counts how often something is prepared from scratch."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, http: HttpRequest) -> Prepared:
        self.count += 1
        request = read_request(http, RequestRules(schemas=(SCHEMA,)))
        planned = plan(request, CACHE, PlanRules())
        composed = compose(planned, request.preferences, row_limit=None)
        return Prepared(request, planned, composed, request.query.canonical)


def get(path: str, query: str) -> HttpRequest:
    return HttpRequest(method="GET", path=path, query=query.encode())


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/projects", "id=eq.1&name=neq.x%20y+z&select=id,tasks(id)&tasks.id=gt.5"),
        ("/projects", "id=gt.1&id=lt.9"),
        ("/projects", "id=in.(1,2)&name=like.a*&or=(id.eq.1,id.eq.2)&limit=5&order=id"),
        ("/projects", "name=eq."),
        ("/projects", "data->>a=eq.b"),
        ("/rpc/add", "a=1&b=2"),
        ("/rpc/all_projects", "id=eq.1&name=is.null"),
        ("/rpc/many", "v=1&v=2"),
        ("/projects", "id=eq.%EE%80%800%EE%80%81"),
        ("/projects", ""),
    ],
)
def test_what_is_remembered_is_what_would_have_been_planned(path: str, query: str) -> None:
    cache = ShapeCache(Planner())
    cache.prepared(get(path, query.replace("1", "7")))
    planned = Planner()(get(path, query))

    prepared = cache.prepared(get(path, query))

    assert prepared.composed == planned.composed
    assert prepared.canonical == planned.canonical


def test_one_shape_is_planned_once() -> None:
    planner = Planner()
    cache = ShapeCache(planner)

    values = [cache.prepared(get("/projects", f"id=eq.{n}")).composed.main.values for n in range(9)]

    assert planner.count == 1
    assert values == [(str(n),) for n in range(9)]


def test_what_has_a_say_in_the_plan_makes_another_shape() -> None:
    planner = Planner()
    cache = ShapeCache(planner)
    plain = get("/projects", "id=eq.1")
    for http in (
        plain,
        replace(plain, method="HEAD"),
        replace(plain, headers=[("accept", "text/csv")]),
        replace(plain, headers=[("prefer", "count=exact")]),
        replace(plain, headers=[("range", "0-1")]),
        get("/tasks", "id=eq.1"),
        get("/projects", "id=gt.1"),
    ):
        cache.prepared(http)

    assert planner.count == 7


def test_a_request_that_is_refused_is_told_about_itself() -> None:
    cache = ShapeCache(Planner())

    with pytest.raises(RestError) as caught:
        cache.prepared(get("/projects", "id=eq.1&x=foo.bar"))

    assert "\ue000" not in caught.value.body.message


def test_the_canonical_query_has_the_values() -> None:
    cache = ShapeCache(Planner())
    cache.prepared(get("/projects", "id=eq.1"))

    assert cache.prepared(get("/projects", "id=eq.a%26b")).canonical == "id=eq.a%26b"
