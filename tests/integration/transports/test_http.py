from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import aiohttp
import pytest
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from websockets.asyncio.client import connect

from slotcast.errors import ListenError
from slotcast.transports.bounded_http import HttpLimits
from slotcast.transports.http import HttpServer
from support.transport import TIMEOUT_S, Echoes, limits, serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request

    from support.transport import Serving


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


async def asking(served: Serving, *pieces: bytes) -> tuple[bytes, asyncio.StreamWriter]:
    """Send *pieces* on a new connection, and read until the server is done."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    async with asyncio.timeout(TIMEOUT_S):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await read_to_end(reader), writer


POST = b"POST /api/broadcast HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        (b"", b""),
        (b"GET / HTTP/1.1\r\nHost:", b'{"error": "The request\'s head took too long"}'),
        (POST, b'{"error": "The request\'s body took too long"}'),
        (POST + b"{", b'{"error": "The request\'s body took too long"}'),
    ],
)
async def test_a_client_that_never_finishes_its_request_is_told_and_dropped(
    sent: bytes, refusal: bytes
) -> None:
    http_limits = HttpLimits(head_timeout_s=0.1, body_timeout_s=0.1)
    reading = Route("/api/broadcast", read_all, methods=["POST"])
    async with serving(http_limits=http_limits, routes=[reading]) as served:
        answer, writer = await asking(served, sent)
        writer.close()

    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n" if refusal else b"")
    assert answer.endswith(refusal)


async def read_all(request: Request) -> Response:
    with suppress(ClientDisconnect):
        await request.body()
    return PlainTextResponse("read")


async def test_a_trickle_does_not_extend_the_time_for_a_body() -> None:
    async with serving(
        http_limits=HttpLimits(body_timeout_s=0.3),
        routes=[Route("/api/broadcast", read_all, methods=["POST"])],
    ) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(POST)
        answering = asyncio.create_task(read_to_end(reader))
        sent = 0
        while not answering.done() and sent < 99:
            writer.write(b"x")
            sent += 1
            await asyncio.wait([answering], timeout=0.05)
        answer = await answering
        writer.close()

    assert answer.startswith(b"HTTP/1.1 408")
    assert sent < 99


async def test_a_body_that_comes_in_time_is_read() -> None:
    async with serving(
        http_limits=HttpLimits(body_timeout_s=5),
        routes=[Route("/api/broadcast", read_all, methods=["POST"])],
    ) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        for _ in range(2):
            writer.write(POST)
            await writer.drain()
            writer.write(b"x" * 100)
            async with asyncio.timeout(TIMEOUT_S):
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(4)
            assert (head[:12], body) == (b"HTTP/1.1 200", b"read")
        writer.close()


PING = b"GET /api/ping HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_a_connection_beyond_the_limit_is_refused_while_none_is_idle() -> None:
    async with serving(http_limits=HttpLimits(connection_limit=1)) as served:
        _, busy = await asyncio.open_connection("127.0.0.1", served.port)
        busy.write(b"GET / HTTP/1.1\r\n")
        await busy.drain()

        answer, refused = await asking(served, PING)
        refused.close()
        busy.close()

    assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n")
    assert answer.endswith(b'{"error": "There are too many connections"}')


async def test_the_connection_that_is_idle_longest_makes_room() -> None:
    async with serving(http_limits=HttpLimits(connection_limit=2)) as served:
        kept = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(2)]
        async with asyncio.timeout(TIMEOUT_S):
            for reader, writer in (*kept, kept[0]):
                writer.write(PING)
                assert b"Success" in await reader.readuntil(b"}")
            newest, newest_writer = await asyncio.open_connection("127.0.0.1", served.port)
            newest_writer.write(PING)
            found = await newest.readuntil(b"}")
            assert await kept[1][0].read() == b""
            kept[0][1].write(PING)
            assert b"Success" in await kept[0][0].readuntil(b"}")
        for writer in (newest_writer, *(writer for _, writer in kept)):
            writer.close()

    assert b"Success" in found


async def test_an_idle_connection_is_closed_after_its_time() -> None:
    async with serving(http_limits=HttpLimits(idle_timeout_s=0.5)) as served:
        answer, writer = await asking(served, PING)
        writer.close()

    assert b"Success" in answer


LARGE = 20_000_000


async def large(_request: Request) -> Response:
    return Response(b"x" * LARGE)


@pytest.mark.parametrize("more", [b"", b"Connection: close\r\n"])
async def test_a_client_that_stops_reading_is_cut_off(more: bytes) -> None:
    ask = b"GET /large HTTP/1.1\r\nHost: x\r\n" + more + b"\r\n"
    async with serving(
        http_limits=HttpLimits(idle_timeout_s=0.5, connection_limit=1),
        routes=[Route("/large", large)],
    ) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1000)
        writer.write(ask)
        await reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(TIMEOUT_S):
            # As soon as it is gone, there is room for somebody else.
            answer = b""
            while not answer.startswith(b"HTTP/1.1 200"):
                answer, other = await asking(served, PING)
                other.close()
            received = await read_to_end(reader)
        writer.close()

    assert len(received) < LARGE


async def test_a_client_that_reads_slowly_gets_all() -> None:
    async with serving(
        http_limits=HttpLimits(idle_timeout_s=0.6), routes=[Route("/large", large)]
    ) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1000)
        writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(TIMEOUT_S):
            await reader.readuntil(b"\r\n\r\n")
            for _ in range(8):
                await reader.readexactly(LARGE // 8)
                await asyncio.sleep(0.15)  # so slowly does it read
            assert await reader.read() == b""
        writer.close()


async def test_websockets_do_not_count_as_connections_of_http() -> None:
    last = PING.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    async with (
        serving(http_limits=HttpLimits(connection_limit=1)) as served,
        connect(served.websocket_url),
        connect(served.websocket_url),
    ):
        answer, writer = await asking(served, last)
        writer.close()

    assert b"Success" in answer


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
