"""`slotcast tail` against a server that follows a script."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.asyncio.server import ServerConnection, serve

from slotcast.cli import tail
from slotcast.errors import TailError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from websockets.http11 import Request as HttpRequest
    from websockets.http11 import Response

    Script = Callable[[ServerConnection], Awaitable[None]]

JOINED: tuple[str, dict[str, Any], str] = (
    "phx_reply",
    {"status": "ok", "response": {"postgres_changes": []}},
    "1",
)
SUBSCRIBED: tuple[str, dict[str, Any], None] = (
    "system",
    {"status": "ok", "extension": "postgres_changes", "message": "Subscribed to PostgreSQL"},
    None,
)
CHANGE = {
    "type": "UPDATE",
    "schema": "public",
    "table": "visits",
    "commit_timestamp": "2026-11-22T08:53:22.704Z",
    "record": {"id": 1, "note": "né"},
    "old_record": {"id": 1},
    "errors": None,
}


@asynccontextmanager
async def server(*scripts: Script) -> AsyncGenerator[tuple[str, list[str]]]:
    """Serve each connection with the next script; the last one serves all that follow."""
    paths: list[str] = []

    async def handler(connection: ServerConnection) -> None:
        assert connection.request is not None
        paths.append(connection.request.path)
        await scripts[min(len(paths), len(scripts)) - 1](connection)

    async with serve(handler, "127.0.0.1", 0) as listening:
        host, port = next(iter(listening.sockets)).getsockname()
        yield f"http://{host}:{port}", paths


def request(url: str, **fields: str) -> tail.Request:
    defaults: dict[str, Any] = {"apikey": "k&y", "token": None, "filter": None}
    defaults |= {"schema": "public", "table": "visits", "event": "*"}
    return tail.Request(url=url, **(defaults | fields))


async def say(
    connection: ServerConnection, event: str, payload: dict[str, Any], ref: str | None
) -> None:
    message = {"topic": "realtime:slotcast-tail", "event": event, "payload": payload, "ref": ref}
    await connection.send(json.dumps(message))


async def follow_one(request: tail.Request) -> dict[str, Any]:
    """Give the first change that arrives."""
    first: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    following = asyncio.create_task(tail.follow(request, first.set_result))
    async with asyncio.timeout(10):
        await asyncio.wait([first, following], return_when=asyncio.FIRST_COMPLETED)
    if following.done():
        await following
    following.cancel()
    return await first


def answering(event: str, payload: dict[str, Any], ref: str | None) -> Script:
    """Answer the join with one message, and wait."""

    async def script(connection: ServerConnection) -> None:
        await connection.recv()
        await say(connection, event, payload, ref)
        await connection.wait_closed()

    return script


async def changing(connection: ServerConnection) -> None:
    """Accept the join and send a change."""
    await connection.recv()
    await say(connection, *JOINED)
    await say(connection, *SUBSCRIBED)
    await say(connection, "postgres_changes", {"ids": [1], "data": CHANGE}, None)
    await connection.wait_closed()


async def test_it_asks_for_what_the_command_line_says() -> None:
    joins: list[Any] = []

    async def script(connection: ServerConnection) -> None:
        joins.append(json.loads(await connection.recv()))
        await say(connection, *SUBSCRIBED)
        await say(connection, "postgres_changes", {"ids": [1], "data": CHANGE}, None)
        await connection.wait_closed()

    async with server(script) as (url, paths):
        wanted = request(url, token="a.b.c", filter="id=eq.1", event="UPDATE")
        change = await follow_one(wanted)

    assert change == CHANGE
    path = urlsplit(paths[0])
    assert path.path == "/realtime/v1/websocket"
    assert parse_qs(path.query) == {"apikey": ["k&y"], "vsn": ["1.0.0"]}
    payload = joins[0]["payload"]
    assert joins[0]["event"] == "phx_join"
    assert payload["access_token"] == "a.b.c"
    assert payload["config"]["postgres_changes"] == [
        {"event": "UPDATE", "schema": "public", "table": "visits", "filter": "id=eq.1"}
    ]


@pytest.mark.parametrize(
    "answer",
    [
        ("phx_reply", {"status": "error", "response": {"reason": "MalformedJWT: no"}}, "1"),
        ("system", {"status": "error", "extension": "system", "message": "MalformedJWT: no"}, None),
    ],
)
async def test_a_refusal_ends_it_with_the_servers_reason(
    answer: tuple[str, dict[str, Any], str | None],
) -> None:
    async with server(answering(*answer)) as (url, paths):
        with pytest.raises(TailError, match="the server refuses: MalformedJWT: no"):
            await follow_one(request(url))

    assert len(paths) == 1


async def test_a_refused_handshake_ends_it_with_the_servers_words() -> None:
    def refuse(connection: ServerConnection, _request: HttpRequest) -> Response:
        return connection.respond(401, '{"error": "API key is missing"}')

    async with serve(changing, "127.0.0.1", 0, process_request=refuse) as listening:
        host, port = next(iter(listening.sockets)).getsockname()
        with pytest.raises(TailError, match="401: API key is missing; see --url and --apikey"):
            await follow_one(request(f"http://{host}:{port}"))


async def test_a_server_that_is_not_there_ends_it() -> None:
    async with server(changing) as (url, _):
        pass

    with pytest.raises(TailError, match=r"cannot connect to .*; is the server running"):
        await follow_one(request(url))


async def test_once_live_it_comes_back_after_a_lost_connection(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tail, "BACKOFF_S", (0.0,))

    async def leaving(connection: ServerConnection) -> None:
        await connection.recv()
        await say(connection, *SUBSCRIBED)
        await connection.close(1012)

    not_ready = {"status": "error", "response": {"reason": "RealtimeRestarting: wait"}}
    scripts = (leaving, answering("phx_reply", not_ready, "1"), changing)
    async with server(*scripts) as (url, paths):
        change = await follow_one(request(url))

    assert change == CHANGE
    assert len(paths) == 3
    notes = capsys.readouterr().err.splitlines()
    assert notes[0].startswith("following public.visits at")
    assert "the connection was closed" in notes[1] or "the server closed" in notes[1]
    assert "changes may be missed" in notes[1]
    assert "the server is not ready (RealtimeRestarting: wait)" in notes[2]


async def test_it_shows_that_it_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "HEARTBEAT_S", 0.01)

    async def script(connection: ServerConnection) -> None:
        await connection.recv()
        beat = json.loads(await connection.recv())
        assert (beat["topic"], beat["event"]) == ("phoenix", "heartbeat")
        await say(connection, *SUBSCRIBED)
        await say(connection, "postgres_changes", {"ids": [1], "data": CHANGE}, None)
        await connection.wait_closed()

    async with server(script) as (url, _):
        assert await follow_one(request(url)) == CHANGE


async def test_a_silent_server_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "JOIN_TIMEOUT_S", 0.05)

    async with server(ServerConnection.wait_closed) as (url, _):
        with pytest.raises(TailError, match="did not answer"):
            await follow_one(request(url))
