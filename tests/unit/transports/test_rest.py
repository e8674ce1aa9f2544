from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from slotcast.claims import Claims
from slotcast.rest.response.answer import Response
from slotcast.transports.rest import RestApi

if TYPE_CHECKING:
    from starlette.types import Message

    from slotcast.rest.request.reading import HttpRequest
    from slotcast.rest.service import RestService


ANYBODY = Claims(role="anon", document="{}")


class Service:
    """Answers everything, or fails, and remembers what it was asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[HttpRequest] = []
        self._error = error

    async def admit(self, http: HttpRequest) -> Claims | Response:
        return ANYBODY if http.header("apikey") != "wrong" else Response(status=401, headers=())

    async def answer(self, http: HttpRequest, claims: Claims) -> Response:
        assert claims is ANYBODY
        self.asked.append(http)
        if self._error is not None:
            raise self._error
        return Response(status=200, headers=(("X-Name", "välue"),), body=b"[]")


def api(service: Service, path: str = "/rest/v1", bodies_limit_bytes: int = 100) -> RestApi:
    return RestApi(
        cast("RestService", service),
        path=path,
        body_limit_bytes=10,
        bodies_limit_bytes=bodies_limit_bytes,
    )


def scope(path: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"select=id",
        "headers": [(n.replace("_", "-").encode(), v.encode()) for n, v in headers.items()],
    }


async def answer(
    app: RestApi, asked: dict[str, Any], *received: Message
) -> tuple[int, dict[str, str], bytes] | None:
    """Ask *app*; None if it did not answer."""
    messages = iter(received)
    sent: list[Message] = []

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(asked, receive, send)
    if not sent:
        return None
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, sent[1]["body"]


@pytest.mark.parametrize(
    ("mounted", "path", "expected"),
    [
        ("/rest/v1", "/rest/v1", True),
        ("/rest/v1", "/rest/v1/a", True),
        ("/rest/v1/", "/rest/v1/a", True),
        ("/rest/v1", "/rest/v12/a", False),
        ("/rest/v1", "/", False),
        ("/", "/a", True),
        ("/", "/", True),
        ("/", "/healthz", False),
        ("/", "/realtime/v1/websocket", False),
        ("/", "/auth/v1/token", False),
    ],
)
def test_what_is_below_its_path_is_served(mounted: str, path: str, expected: bool) -> None:
    assert api(Service(), mounted).serves(scope(path)) is expected


def test_websockets_are_not() -> None:
    assert not api(Service(), "/").serves({"type": "websocket", "path": "/a"})


async def test_the_service_sees_paths_below_its_own() -> None:
    service = Service()

    answered = await answer(api(service), scope("/rest/v1/a%2Fb", accept="text/csv"))

    assert answered is not None
    assert (answered[0], answered[1]["x-name"], answered[2]) == (200, "välue", b"[]")
    assert "date" in answered[1]
    [asked] = service.asked
    assert (asked.path, asked.query, asked.header("accept")) == ("/a%2Fb", b"select=id", "text/csv")


async def test_a_body_comes_in_pieces() -> None:
    service = Service()

    await answer(
        api(service),
        scope("/rest/v1/a", "POST"),
        {"type": "http.request", "body": b"[1", "more_body": True},
        {"type": "http.request", "body": b"]"},
    )

    assert service.asked[0].body == b"[1]"


async def test_a_body_beyond_the_bound_is_refused_before_all_of_it_came() -> None:
    service = Service()
    piece = {"type": "http.request", "body": b"x" * 11, "more_body": True}

    answered = await answer(api(service), scope("/rest/v1/a", "POST"), piece)

    assert answered is not None
    assert answered[0] == 413
    assert service.asked == []


async def test_all_bodies_share_a_bound_and_make_room_when_they_are_answered() -> None:
    service = Service()
    app = api(service, bodies_limit_bytes=8)
    whole = {"type": "http.request", "body": b"x" * 6}
    held = asyncio.Event()

    async def hold(http: HttpRequest, _claims: Claims) -> Response:
        service.asked.append(http)
        await held.wait()
        return Response(status=200, headers=())

    setattr(service, "answer", hold)  # noqa: B010 - it has a method of another type
    first = asyncio.create_task(answer(app, scope("/rest/v1/a", "POST"), whole))
    await asyncio.sleep(0)
    refused = await answer(app, scope("/rest/v1/b", "POST"), whole)
    held.set()
    served = await first
    later = await answer(app, scope("/rest/v1/c", "POST"), whole)

    assert refused is not None
    assert served is not None
    assert later is not None
    assert (refused[0], refused[1]["retry-after"]) == (503, "1")
    assert [one.path for one in service.asked] == ["/a", "/c"]
    assert (served[0], later[0]) == (200, 200)


async def test_a_client_that_goes_while_it_sends_is_not_answered() -> None:
    gone = {"type": "http.disconnect"}

    assert await answer(api(Service()), scope("/rest/v1/a", "POST"), gone) is None


async def test_a_failure_of_the_servers_is_an_answer_that_tells_nothing() -> None:
    answered = await answer(api(Service(ValueError("secret"))), scope("/rest/v1/a"))

    assert answered is not None
    assert answered[0] == 500
    assert b"PGRSTX00" in answered[2]
    assert b"secret" not in answered[2]


async def test_a_browser_may_send_whatever_it_asks_for() -> None:
    asked = scope(
        "/rest/v1/a",
        "OPTIONS",
        origin="http://a",
        access_control_request_method="POST",
        access_control_request_headers="apikey, x-client-info",
    )

    answered = await answer(api(Service()), asked)

    assert answered is not None
    assert answered[0] == 200
    assert "apikey, x-client-info" in answered[1]["access-control-allow-headers"]
    assert answered[1]["access-control-allow-origin"] == "*"


async def test_pages_of_any_origin_may_read_the_snapshot() -> None:
    answered = await answer(api(Service()), scope("/rest/v1/a", origin="http://a"))

    assert answered is not None
    assert answered[1]["access-control-allow-origin"] == "*"
    assert "Slotcast-Snapshot" in answered[1]["access-control-expose-headers"]


async def test_the_body_of_a_request_that_is_refused_anyway_is_not_read() -> None:
    service = Service()

    # It does not wait for a body: none comes.
    refused = await answer(api(service), scope("/rest/v1/notes", "POST", apikey="wrong"))

    assert refused is not None
    assert refused[0] == 401
    assert service.asked == []
