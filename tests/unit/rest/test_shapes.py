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


def post(path: str, body: str, query: str = "", **headers: str) -> HttpRequest:
    fields = {"content-type": "application/json", **headers}
    return HttpRequest(
        method="POST",
        path=path,
        query=query.encode(),
        headers=list(fields.items()),
        body=body.encode(),
    )


@pytest.mark.parametrize(
    ("query", "prefer", "first", "second"),
    [
        ("", "return=minimal", '{"id":1,"name":"a"}', ' { "name": "b", "id": 22}'),
        ("", "return=representation", '[{"id":1},{"id":2}]', '[{"id":3}]'),
        ("", "missing=default", '[{"name":"a"}]', '[{"name":null},{"name":"c"}]'),
        ("on_conflict=id", "resolution=merge-duplicates", '{"id":1}', '{"id":2}'),
        ("select=id,name", "return=representation", '{"id":1}', '{"id":"2"}'),
        ("columns=%22id%22,%22name%22", "", '[{"id":1},{"name":"a"}]', '[{"id":2,"name":"b"}]'),
        ("", "", "[]", "7"),
        ("", "", "[{}]", "[{},{}]"),
    ],
)
def test_an_insert_of_other_values_is_planned_once(
    query: str, prefer: str, first: str, second: str
) -> None:
    planner = Planner()
    cache = ShapeCache(planner)
    cache.prepared(post("/projects", first, query, prefer=prefer))
    planned = Planner()(post("/projects", second, query, prefer=prefer))

    prepared = cache.prepared(post("/projects", second, query, prefer=prefer))

    assert prepared.composed == planned.composed
    is_without_values = not any(isinstance(one, bytes) for one in planned.composed.main.values)
    assert planner.count == 1 + is_without_values


@pytest.mark.parametrize(
    "other",
    [
        post("/projects", '{"id":1,"name":"a"}'),
        post("/projects", '[{"id":1}]'),
        post("/tasks", '{"id":1}'),
        post("/projects", '{"id":1}', prefer="return=representation"),
        post("/projects", '{"id":1}', "select=id"),
        post("/projects", '{"id":1}', "columns=id,name"),
        post("/projects", '{"id":1}', "%63olumns=id,name"),
        post("/projects", "id=1", **{"content-type": "application/x-www-form-urlencoded"}),
    ],
)
def test_an_insert_that_is_planned_otherwise_has_another_shape(other: HttpRequest) -> None:
    planner = Planner()
    cache = ShapeCache(planner)
    cache.prepared(post("/projects", '{"id":1}'))

    prepared = cache.prepared(other)

    assert planner.count == 2
    assert prepared == Planner()(other)


def patch(path: str, body: str, query: str) -> HttpRequest:
    return replace(post(path, body, query, prefer="return=minimal"), method="PATCH")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("id=eq.1", '{"name":"a"}'), ("id=eq.2", '{"name": "b"}')),
        (
            ("id=gt.1&name=eq.x&select=id", '{"name":"a"}'),
            ("id=gt.2&name=eq.y&select=id", '{"name":7}'),
        ),
        (("id=eq.1&columns=name", '{"name":"a"}'), ("id=eq.2&columns=name", '{"id":3,"name":"b"}')),
    ],
)
def test_an_update_of_other_values_is_planned_once(
    first: tuple[str, str], second: tuple[str, str]
) -> None:
    planner = Planner()
    cache = ShapeCache(planner)
    query, body = first
    cache.prepared(patch("/projects", body, query))
    query, body = second
    planned = Planner()(patch("/projects", body, query))

    prepared = cache.prepared(patch("/projects", body, query))

    assert prepared.composed == planned.composed
    assert prepared.canonical == planned.canonical
    assert planner.count == 1


@pytest.mark.parametrize(
    "other",
    [
        patch("/projects", '{"name":"a","id":1}', "id=eq.1"),
        patch("/projects", "{}", "id=eq.1"),
        patch("/projects", '[{"name":"a"}]', "id=eq.1"),
        patch("/projects", '{"name":"a"}', "name=eq.1"),
        patch("/projects", '{"name":"a"}', "id=eq.1&columns=name"),
    ],
)
def test_an_update_that_is_planned_otherwise_has_another_shape(other: HttpRequest) -> None:
    planner = Planner()
    cache = ShapeCache(planner)
    cache.prepared(patch("/projects", '{"name":"a"}', "id=eq.1"))

    prepared = cache.prepared(other)

    assert planner.count > 1
    assert prepared.composed == Planner()(other).composed


@pytest.mark.parametrize(
    ("path", "query", "first", "second"),
    [
        ("/rpc/add", "", '{"a":1,"b":2}', '{"b": 4, "a": 3}'),
        ("/rpc/add", "columns=a", '{"a":1,"b":2}', '{"a":3}'),
        ("/rpc/add", "", '[{"a":1},{"a":2}]', '[{"a":3}]'),
        ("/rpc/twice", "", '{"x":1,"y":2}', '{"x":3,"y":null}'),
        ("/rpc/many", "", '{"v":["a"]}', '{"v":[]}'),
        ("/rpc/raw", "", '{"any":[1]}', '{"any":{}}'),
        ("/rpc/all_projects", "id=eq.1&order=name", "{}", " { } "),
        ("/rpc/all_projects", "id=eq.1&order=name", "", "{}"),
    ],
)
def test_a_call_with_other_values_is_planned_once(
    path: str, query: str, first: str, second: str
) -> None:
    planner = Planner()
    cache = ShapeCache(planner)
    cache.prepared(post(path, first, query))
    other = post(path, second, query.replace("1", "7"))
    planned = Planner()(other)

    prepared = cache.prepared(other)

    assert prepared.composed == planned.composed
    assert prepared.canonical == planned.canonical
    assert planner.count == 1


@pytest.mark.parametrize(
    "other",
    [
        post("/rpc/add", '{"a":1,"b":2}'),
        post("/rpc/add", '[{"a":1}]'),
        post("/rpc/add", '{"a":1}', "columns=a"),
        post("/rpc/add", '{"a":1}', accept="text/csv"),
        post("/rpc/%61dd", '{"a":1}'),
        post("/%72pc/add", '{"a":1}'),
        post("/rpc/twice", '{"x":1,"y":2}'),
        post("/rpc/all_projects", "{}"),
        post("/rpc/add", "a=1", **{"content-type": "application/x-www-form-urlencoded"}),
    ],
)
def test_a_call_that_is_planned_otherwise_has_another_shape(other: HttpRequest) -> None:
    planner = Planner()
    cache = ShapeCache(planner)
    cache.prepared(post("/rpc/add", '{"a":1}'))

    prepared = cache.prepared(other)

    assert planner.count == 2
    assert prepared.composed == Planner()(other).composed


@pytest.mark.parametrize("body", ['{"c":1}', "[]", "x", '[{"a":1},{"b":1}]'])
def test_a_call_that_is_refused_is_told_about_each_time(body: str) -> None:
    cache = ShapeCache(Planner())
    cache.prepared(post("/rpc/add", '{"a":1}'))

    for _ in range(2):
        with pytest.raises(RestError):
            cache.prepared(post("/rpc/add", body))


def test_a_body_that_is_no_rows_is_told_about_each_time() -> None:
    cache = ShapeCache(Planner())

    for _ in range(2):
        with pytest.raises(RestError) as told:
            cache.prepared(post("/projects", '[{"id":1},{"name":"a"}]'))
        assert told.value.body.message == "All object keys must match"


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
