from __future__ import annotations

import asyncio
import socket
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import aiohttp
import pytest
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from slotcast.errors import ListenError
from slotcast.transports import http as http_module
from slotcast.transports.http import HttpServer
from support.transport import TIMEOUT_S, Echoes, limits, serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/realtime/v1/api/ping", '{"message":"Success"}'),
        ("/api/ping", '{"message":"Success"}'),
        ("/realtime/v1/healthcheck", "ok"),
        ("/healthcheck", "ok"),
        ("/healthz", "ok"),
        ("/readyz", '{"ready":true,"reasons":[]}'),
    ],
)
async def test_a_route_answers_get_and_head(path: str, body: str) -> None:
    async with serving() as served, aiohttp.ClientSession(served.url) as http:
        async with http.get(path) as response:
            assert response.status == 200
            assert await response.text() == body
            assert parsedate_to_datetime(response.headers["Date"]).year >= 2025
        async with http.head(path) as response:
            assert response.status == 200
            assert response.headers["Content-Length"] == str(len(body))


async def test_a_server_that_is_not_ready_says_why() -> None:
    async with serving() as served, aiohttp.ClientSession(served.url) as http:
        served.echoes.reasons = ["the replication stream is not live"]
        async with http.get("/readyz") as response:
            assert response.status == 503
            assert await response.json() == {
                "ready": False,
                "reasons": ["the replication stream is not live"],
            }


@pytest.mark.parametrize("prefix", ["", "/realtime/v1"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_api_answers_for_unknown_paths_in_plain_text(prefix: str, method: str) -> None:
    async with (
        serving() as served,
        aiohttp.ClientSession(served.url) as http,
        http.request(method, f"{prefix}/api/nothing/here") as response,
    ):
        assert (response.status, await response.text()) == (404, "Not Found")


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/nothing/here", 404, "There is nothing at /nothing/here"),
        ("GET", "/healthz/", 404, "There is nothing at /healthz/"),
        ("DELETE", "/healthz", 405, "DELETE is not offered at /healthz"),
        ("GET", "/socket/websocket", 426, "This is a WebSocket endpoint"),
    ],
)
async def test_what_is_not_offered_is_said_in_json(
    method: str, path: str, status: int, message: str
) -> None:
    async with (
        serving() as served,
        aiohttp.ClientSession(served.url) as http,
        http.request(method, path) as response,
    ):
        assert response.status == status
        assert (await response.json())["error"].startswith(message)


async def test_a_route_that_fails_answers_in_json_and_with_cors() -> None:
    async with serving() as served, aiohttp.ClientSession(served.url) as http:
        served.echoes.is_failing = True
        async with http.get("/", headers={"Origin": "http://app.test"}) as response:
            assert response.status == 500
            assert "failed" in (await response.json())["error"]
            assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_pages_of_any_origin_may_call_with_supabases_headers() -> None:
    wanted = "authorization,x-client-info,apikey,content-type"
    async with serving() as served, aiohttp.ClientSession(served.url) as http:
        headers = {
            "Origin": "http://app.test",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": wanted,
        }
        async with http.options("/realtime/v1/api/broadcast", headers=headers) as response:
            assert response.status == 200
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert response.headers["Access-Control-Allow-Headers"] == wanted
            assert "PATCH" in response.headers["Access-Control-Allow-Methods"]
        async with http.get("/nothing", headers={"Origin": "http://app.test"}) as response:
            assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_the_start_page_runs_nothing_but_its_own_style_and_script() -> None:
    async with (
        serving() as served,
        aiohttp.ClientSession(served.url) as http,
        http.get("/") as response,
    ):
        policy = response.headers["Content-Security-Policy"]
        page = await response.text()

    assert response.status == 200
    assert response.content_type == "text/html"
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "public.appointments" in page


def a_server(port: int, *routes: Route) -> HttpServer:
    return HttpServer(
        host="127.0.0.1",
        port=port,
        routes=routes,
        open_session=Echoes().open_session,
        limits=limits(close_timeout_s=0.3),
    )


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    """Read until the server is done; a reset counts as the end."""
    data = b""
    try:
        while piece := await reader.read(65_536):
            data += piece
    except ConnectionResetError:
        pass
    return data


async def test_a_taken_port_is_named_with_the_way_to_choose_another() -> None:
    async with serving() as served:
        second = a_server(served.port)

        with pytest.raises(ListenError) as refused:
            await second.start()
        await second.stop()

    assert str(served.port) in str(refused.value)
    assert "--port" in str(refused.value)
    assert "SLOTCAST_PORT" in str(refused.value)


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
async def test_an_address_of_another_machine_is_refused(host: str) -> None:
    server = HttpServer(
        host=host, port=0, routes=(), open_session=Echoes().open_session, limits=limits()
    )

    with pytest.raises(ListenError, match="SLOTCAST_HOST"):
        await server.start()


async def test_a_port_can_be_taken_again_at_once_after_a_stop() -> None:
    async with (
        serving() as served,
        aiohttp.ClientSession(served.url) as http,
        http.get("/healthz"),
    ):
        pass
    again = a_server(served.port)
    _, port = await again.start()
    await again.stop()

    assert port == served.port


async def test_a_request_in_flight_is_answered_before_the_server_stops() -> None:
    begun, finish = asyncio.Event(), asyncio.Event()

    async def slow(_request: object) -> Response:
        begun.set()
        await finish.wait()
        return PlainTextResponse("done")

    server = a_server(0, Route("/slow", slow))
    _, port = await server.start()
    async with aiohttp.ClientSession() as http:
        response = asyncio.ensure_future(http.get(f"http://127.0.0.1:{port}/slow"))
        await begun.wait()
        stopping = asyncio.ensure_future(server.stop())
        finish.set()
        async with asyncio.timeout(TIMEOUT_S):
            assert await (await response).text() == "done"
            await stopping


async def test_a_request_that_never_ends_does_not_keep_the_server() -> None:
    begun = asyncio.Event()

    async def endless(_request: object) -> Response:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    server = a_server(0, Route("/endless", endless))
    _, port = await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(TIMEOUT_S):
        await begun.wait()
        await server.stop()
        await reader.read()
    writer.close()


async def test_idle_http_connections_do_not_keep_the_server() -> None:
    async with asyncio.timeout(TIMEOUT_S):
        server = a_server(0)
        _, port = await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await server.stop()
        await reader.read()
        writer.close()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost:"])
async def test_a_client_that_never_finishes_its_request_is_dropped(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_module, "_HEAD_TIMEOUT_S", 0.1)
    async with serving() as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(sent)
        async with asyncio.timeout(TIMEOUT_S):
            assert await read_to_end(reader) == b""
        writer.close()


async def test_a_request_head_without_end_is_refused() -> None:
    async with serving() as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"GET / HTTP/1.1\r\n" + b"X-Filler: yes\r\n" * 20_000)
        async with asyncio.timeout(TIMEOUT_S):
            answer = await read_to_end(reader)
        writer.close()

    assert answer.startswith(b"HTTP/1.1 400")


async def test_the_server_listens_where_it_says() -> None:
    server = a_server(0)
    host, port = await server.start()
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_S):
            pass
    finally:
        await server.stop()
        await server.stop()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, port), timeout=TIMEOUT_S)


async def test_an_answer_comes_in_one_piece() -> None:
    async with serving() as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(TIMEOUT_S):
            first = await reader.read(65_536)
        writer.close()

    assert first.startswith(b"HTTP/1.1 200 ")
    assert first.endswith(b"\r\n\r\nok")


async def test_an_answer_begins_before_its_body_is_ready() -> None:
    ready = asyncio.Event()

    async def body() -> AsyncGenerator[bytes]:
        await ready.wait()
        yield b"at last"

    async def slow(_request: object) -> Response:
        return StreamingResponse(body())

    server = a_server(0, Route("/slow", slow))
    _, port = await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(TIMEOUT_S):
        head = await reader.readuntil(b"\r\n\r\n")
        ready.set()
        rest = await reader.readuntil(b"0\r\n\r\n")
        await server.stop()
    writer.close()

    assert head.startswith(b"HTTP/1.1 200 ")
    assert rest == b"7\r\nat last\r\n0\r\n\r\n"
