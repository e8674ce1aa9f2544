"""A whole request."""

from __future__ import annotations

import pytest

from slotcast.rest.errors import RestError
from slotcast.rest.request.ast import (
    ALL_ROWS,
    Function,
    JsonPayload,
    Method,
    Query,
    Range,
    Relation,
    Root,
    Target,
)
from slotcast.rest.request.media_types import ANY
from slotcast.rest.request.reading import HttpRequest, RequestRules, read_request

RULES = RequestRules(schemas=("public", "other"))


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/", Root()),
        ("", Root()),
        ("/projects", Relation("projects")),
        ("/two%20words", Relation("two words")),
        ("/a%2Fb", Relation("a/b")),
        ("/rpc", Relation("rpc")),
        ("/rpc/f", Function("f")),
    ],
)
def test_the_path_says_what_it_is_about(path: str, target: Target) -> None:
    assert read_request(HttpRequest(method="GET", path=path), RULES).target == target


@pytest.mark.parametrize("path", ["/a/b", "/projects/", "/rpc/f/", "//a"])
def test_other_paths_lead_nowhere(path: str) -> None:
    with pytest.raises(RestError) as caught:
        read_request(HttpRequest(method="GET", path=path), RULES)

    assert caught.value.status == 404
    assert caught.value.body.code == "PGRST125"


def test_the_root_can_be_a_function_or_nothing() -> None:
    http = HttpRequest(method="GET", path="/")

    called = read_request(http, RequestRules(schemas=("public",), root_function="root"))
    assert called.target == Function("root")
    with pytest.raises(RestError) as caught:
        read_request(http, RequestRules(schemas=("public",), is_root_served=False))
    assert caught.value.body.code == "PGRST126"


@pytest.mark.parametrize(
    ("method", "header"),
    [
        ("GET", "accept-profile"),
        ("HEAD", "accept-profile"),
        ("POST", "content-profile"),
        ("PATCH", "content-profile"),
        ("PUT", "content-profile"),
        ("DELETE", "content-profile"),
    ],
)
def test_the_profile_chooses_the_schema(method: str, header: str) -> None:
    headers = [("accept-profile", "x"), ("content-profile", "x")]
    http = HttpRequest(
        method=method,
        path="/t",
        headers=[(header, "other"), *headers],
        body=b"{}",
    )

    request = read_request(http, RULES)

    assert request.schema == "other"
    assert request.is_profile_echoed


def test_a_schema_that_is_not_exposed_is_refused() -> None:
    http = HttpRequest(method="GET", path="/t", headers=[("accept-profile", "secret")])

    with pytest.raises(RestError) as caught:
        read_request(http, RULES)

    assert caught.value.status == 406
    assert caught.value.body.code == "PGRST106"
    assert caught.value.body.message == "Invalid schema: secret"
    assert caught.value.body.hint == "Only the following schemas are exposed: public, other"


def test_without_a_profile_it_is_the_first_schema() -> None:
    http = HttpRequest(method="GET", path="/t")

    assert read_request(http, RULES).schema == "public"
    assert not read_request(http, RequestRules(schemas=("public",))).is_profile_echoed


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("DELETE", "/rpc/f", "PGRST101"),
        ("PUT", "/rpc/f", "PGRST101"),
        ("TRACE", "/t", "PGRST117"),
        ("POST", "/", "PGRST117"),
        ("get", "/t", "PGRST117"),
    ],
)
def test_a_method_that_means_nothing_is_refused(method: str, path: str, code: str) -> None:
    with pytest.raises(RestError) as caught:
        read_request(HttpRequest(method=method, path=path), RULES)

    assert caught.value.status == 405
    assert caught.value.body.code == code


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_function_gets_arguments_from_the_url_when_it_is_read(method: str) -> None:
    request = read_request(HttpRequest(method=method, path="/rpc/f", query=b"a=1"), RULES)

    assert request.query.arguments == (("a", "1"),)


@pytest.mark.parametrize(("method", "path"), [("POST", "/rpc/f"), ("GET", "/t")])
def test_elsewhere_everything_is_a_filter(method: str, path: str) -> None:
    with pytest.raises(RestError, match="failed to parse filter"):
        read_request(HttpRequest(method=method, path=path, query=b"a=1"), RULES)


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
def test_the_body_of_other_methods_is_not_looked_at(method: str) -> None:
    request = read_request(HttpRequest(method=method, path="/t", body=b"no json"), RULES)

    assert request.payload is None


def test_a_plain_request_has_defaults() -> None:
    request = read_request(HttpRequest(method="GET", path="/t"), RULES)

    assert request.method is Method.GET
    assert request.query == Query()
    assert request.range == ALL_ROWS
    assert request.accepted == (ANY,)


def test_what_columns_name_saves_reading_the_body() -> None:
    http = HttpRequest(method="POST", path="/t", query=b"columns=a", body=b"whatever")

    assert read_request(http, RULES).payload == JsonPayload(b"whatever", None, is_object=False)


def test_the_range_header_narrows_the_request() -> None:
    http = HttpRequest(
        method="GET", path="/t", query=b"limit=9", headers=[("range", "2-3"), ("range", "0-")]
    )

    request = read_request(http, RULES)

    assert request.query.range == Range(0, 9)
    assert request.range == Range(2, 2)


@pytest.mark.parametrize(
    ("http", "code"),
    [
        (HttpRequest(method="X", path="/a/b", headers=[("accept-profile", "x")]), "PGRST125"),
        (HttpRequest(method="X", path="/a", headers=[("accept-profile", "x")]), "PGRST106"),
        (HttpRequest(method="X", path="/a", query=b"a=b"), "PGRST117"),
        (HttpRequest(method="PUT", path="/a", query=b"limit=1&a=b", body=b"x"), "PGRST100"),
        (HttpRequest(method="PUT", path="/a", query=b"limit=1", body=b"x"), "PGRST114"),
        (HttpRequest(method="PUT", path="/a", body=b"x"), "PGRST102"),
    ],
)
def test_the_first_mistake_is_told(http: HttpRequest, code: str) -> None:
    with pytest.raises(RestError) as caught:
        read_request(http, RULES)

    assert caught.value.body.code == code
