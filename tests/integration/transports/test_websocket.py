from __future__ import annotations

import asyncio
import json
import socket
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import aiohttp
import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from slotcast.channels.session import Refusal
from slotcast.fanout import frames
from slotcast.transports.websocket import WebSocketConnection, WebSocketServer
from support.transport import (
    TIMEOUT_S,
    UPGRADE,
    Echoes,
    RawClient,
    close_code,
    limits,
    masked,
    serving,
)

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from support.transport import Echo, Serving


async def closing(connection: ClientConnection) -> ConnectionClosed:
    """Read until the server closes."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            try:
                await connection.recv()
            except ConnectionClosed as closed:
                return closed


def received_code(closed: ConnectionClosed) -> int | None:
    return None if closed.rcvd is None else closed.rcvd.code


async def test_text_and_bytes_go_both_ways() -> None:
    async with serving() as served, connect(served.websocket_url) as client:
        for message in ("héllo", "", "x" * 200_000, b"bytes", b"", bytes(range(256)) * 1000):
            await client.send(message)
            assert await client.recv() == message


async def test_aiohttps_client_is_served_too() -> None:
    async with (
        serving() as served,
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{served.url}/socket/websocket", compress=15) as client,
    ):
        await client.send_str("hello")
        assert (await client.receive(timeout=TIMEOUT_S)).data == "hello"
        await client.ping(b"?")
        await client.send_bytes(b"\x00")
        assert (await client.receive(timeout=TIMEOUT_S)).data == b"\x00"
        assert client.compress == 0


async def test_a_session_learns_what_the_handshake_said() -> None:
    async with serving() as served:
        url = f"{served.websocket_url}?apikey=a%2Fb&vsn=1.0.0&vsn=2.0.0&empty="
        async with connect(url, additional_headers={"X-Api-Key": "header"}):
            handshake = served.echoes.sessions[0].handshake
            remote = served.echoes.sessions[0].connection.remote

    assert handshake.path == "/realtime/v1/websocket"
    assert handshake.query == {"apikey": "a/b", "vsn": "2.0.0", "empty": ""}
    assert handshake.headers["x-api-key"] == "header"
    assert handshake.remote == remote
    assert remote.startswith("127.0.0.1:")


async def test_small_frames_are_not_delayed_by_nagles_algorithm() -> None:
    async with serving() as served, connect(served.websocket_url):
        connection = served.echoes.sessions[0].connection
        assert isinstance(connection, WebSocketConnection)
        transport = connection._transport  # pyright: ignore[reportPrivateUsage]
        accepted: socket.socket = transport.get_extra_info("socket")
        nodelay = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    assert nodelay


async def test_fragments_are_put_together_with_control_frames_between() -> None:
    async with serving() as served, RawClient.connect(served.port) as client:
        client.send(masked(0x01, b"he"))
        client.send(masked(0x89, b"ping"))
        client.send(masked(0x00, b"") * 10)
        client.send(masked(0x00, b"ll"))
        client.send(masked(0x80, b"o"))
        expected = b"\x8a\x04ping" + frames.text(b"hello")
        async with asyncio.timeout(TIMEOUT_S):
            assert await client.reader.readexactly(len(expected)) == expected


async def test_a_character_may_be_split_between_fragments() -> None:
    async with serving() as served, RawClient.connect(served.port) as client:
        client.send(masked(0x01, "é".encode()[:1]) + masked(0x80, "é".encode()[1:]))
        expected = frames.text("é".encode())
        async with asyncio.timeout(TIMEOUT_S):
            assert await client.reader.readexactly(len(expected)) == expected


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (masked(0x81, b"\xff\xfe"), 1007),
        (masked(0x01, b"\xc3") + masked(0x80, b"("), 1007),
        (frames.text(b"unmasked"), 1002),
        (masked(0x83, b"reserved opcode"), 1002),
        (masked(0xC1, b"reserved bit"), 1002),
        (masked(0x80, b"nothing to continue"), 1002),
        (masked(0x01, b"a") + masked(0x81, b"b"), 1002),
        (masked(0x89, b"x" * 126), 1002),
        (masked(0x09, b"fragmented ping"), 1002),
        (masked(0x88, b"\x00"), 1002),
        (masked(0x88, b"\x03\xe7"), 1002),
        (masked(0x81, b"x" * 1001), 1009),
        (masked(0x82, b"x" * 100_000), 1009),
        (b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 1009),
        (masked(0x01, b"x" * 600) + masked(0x80, b"x" * 600), 1009),
        (masked(0x81, b"raise"), 1011),
        (masked(0x88, b"\x03\xe8"), 1000),
    ],
    ids=[
        "invalid UTF-8",
        "UTF-8 that ends early",
        "unmasked",
        "reserved opcode",
        "reserved bit",
        "nothing to continue",
        "message within a message",
        "long ping",
        "fragmented ping",
        "close of one byte",
        "close with code 999",
        "too long",
        "much too long",
        "length beyond bounds",
        "too long in fragments",
        "session raises",
        "orderly close",
    ],
)
async def test_what_breaks_the_rules_closes_only_its_own_connection(sent: bytes, code: int) -> None:
    async with (
        serving(limits(frame_limit_bytes=1000)) as served,
        connect(served.websocket_url) as healthy,
        RawClient.connect(served.port) as client,
    ):
        client.send(sent)

        assert close_code(await client.read_to_end()) == code
        client.writer.close()
        async with asyncio.timeout(TIMEOUT_S):
            await served.echoes.sessions[1].gone.wait()
        await healthy.send("still here")
        assert await healthy.recv() == "still here"
        assert served.echoes.sessions[1].closed_count == 1


async def test_a_message_of_exactly_the_limit_passes() -> None:
    async with (
        serving(limits(frame_limit_bytes=1000)) as served,
        connect(served.websocket_url) as client,
    ):
        await client.send("x" * 1000)
        assert await client.recv() == "x" * 1000
        await client.send(["x" * 500, "y" * 500])
        assert await client.recv() == "x" * 500 + "y" * 500


async def test_what_was_sent_arrives_before_the_close() -> None:
    async with serving() as served, connect(served.websocket_url) as client:
        connection = served.echoes.sessions[0].connection
        connection.send(frames.text(b"one"))
        connection.send(frames.text(b"two"))
        connection.close(4000, "é" * 200)
        connection.send(frames.text(b"too late"))

        assert [await client.recv(), await client.recv()] == ["one", "two"]
        closed = await closing(client)

    assert received_code(closed) == 4000
    assert closed.rcvd is not None
    assert closed.rcvd.reason == "é" * 61
    assert served.echoes.sessions[0].closed_count == 1


async def test_frames_do_not_overtake_the_answer_to_an_earlier_request() -> None:
    loop = asyncio.get_running_loop()
    echoes = Echoes()
    server = WebSocketServer(echoes.open_session, limits())
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    earlier = b"x" * 4_000_000
    frame = frames.text(b"at last")
    transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, ours)
    transport.write(earlier)
    assert transport.get_write_buffer_size()

    protocol = server.protocol()
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    protocol.data_received(UPGRADE)
    received = bytearray(theirs.recv(1_000_000))  # now the kernel has room
    echoes.sessions[0].connection.send(frame)
    async with asyncio.timeout(TIMEOUT_S):
        while not received.endswith(frame):
            received += await loop.sock_recv(theirs, 1_000_000)

    assert received.startswith(earlier + b"HTTP/1.1 101 ")
    theirs.close()
    await echoes.sessions[0].gone.wait()


async def test_a_session_that_closed_hears_nothing_more() -> None:
    async with serving() as served, RawClient.connect(served.port) as client:
        client.send(masked(0x81, b"close") + masked(0x81, b"more"))

        assert close_code(await client.read_to_end()) == 4000
        client.writer.close()
        await served.all_gone()

    assert served.echoes.sessions[0].received == ["close"]


async def test_messages_before_the_peers_close_are_heard() -> None:
    async with serving() as served, RawClient.connect(served.port) as client:
        client.send(masked(0x81, b"last words") + masked(0x88, b"\x03\xe8"))
        await client.read_to_end()
        await served.all_gone()

    assert served.echoes.sessions[0].received == ["last words"]


async def test_a_peer_that_never_answers_the_close_is_dropped_in_time() -> None:
    async with (
        serving(limits(close_timeout_s=0.2)) as served,
        RawClient.connect(served.port) as client,
    ):
        served.echoes.sessions[0].connection.close(4000, "")

        assert close_code(await client.read_to_end()) == 4000
        await served.all_gone()


@pytest.mark.parametrize("is_reset", [True, False])
async def test_a_client_that_vanishes_ends_its_session_once(is_reset: bool) -> None:
    async with serving() as served, RawClient.connect(served.port) as client:
        client.send(masked(0x01, b"unfinished"))
        if is_reset:
            client.writer.transport.abort()
        else:
            client.writer.write_eof()
        await served.all_gone()

    assert served.echoes.sessions[0].closed_count == 1


async def test_a_silent_client_is_closed_and_a_heard_one_is_not() -> None:
    async with (
        serving(limits(idle_timeout_s=0.4)) as served,
        connect(served.websocket_url) as silent,
        connect(served.websocket_url) as heard,
    ):
        closed = asyncio.ensure_future(closing(silent))
        while not closed.done():
            await heard.send("heartbeat")
            assert await heard.recv() == "heartbeat"
            await asyncio.wait([closed], timeout=0.05)

        assert received_code(await closed) == 1000
        await heard.send("still here")
        assert await heard.recv() == "still here"


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/realtime/v1/other", 404, "There is no WebSocket at /realtime/v1/other"),
        ("/", 404, "There is no WebSocket at /"),
        ("/socket/websocket?" + "a=1&" * 101, 400, "More than 100 query parameters"),
        ("/socket/websocket?apikey=" + "x" * 9000, 431, "The request has a line of more than"),
    ],
)
async def test_a_handshake_that_asks_for_nothing_we_have_is_refused(
    path: str, status: int, text: str
) -> None:
    async with serving() as served:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{served.port}{path}")

    assert refused.value.response.status_code == status
    assert json.loads(refused.value.response.body or b"")["error"].startswith(text)
    assert not served.echoes.sessions


async def test_a_refusal_is_an_http_answer() -> None:
    async with serving() as served:
        served.echoes.refusal = Refusal(
            status=401, body=b'{"error":"API key is missing"}', headers={"X-Why": "test"}
        )
        with pytest.raises(InvalidStatus) as refused:
            await connect(served.websocket_url)

    response = refused.value.response
    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Why"] == "test"
    assert response.body == b'{"error":"API key is missing"}'


async def test_a_session_that_cannot_be_opened_is_a_server_error() -> None:
    async with serving() as served:
        served.echoes.is_failing = True
        with pytest.raises(InvalidStatus) as refused:
            await connect(served.websocket_url)

    assert refused.value.response.status_code == 500


async def test_an_upgrade_without_a_key_is_refused_in_json() -> None:
    async with serving() as served, aiohttp.ClientSession() as http:
        headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
        async with http.get(f"{served.url}/socket/websocket", headers=headers) as response:
            assert response.status == 400
            assert "Sec-WebSocket-Key" in (await response.json())["error"]


async def test_connections_over_the_limit_are_refused_until_one_leaves() -> None:
    async with serving(limits(connection_limit=2)) as served:
        first = await connect(served.websocket_url)
        async with connect(served.websocket_url):
            with pytest.raises(InvalidStatus) as refused:
                await connect(served.websocket_url)
            assert refused.value.response.status_code == 429
            assert refused.value.response.body == b'{"error": "Too many connected users"}'

            await first.close()
            async with connect(served.websocket_url) as third:
                await third.send("in")
                assert await third.recv() == "in"


async def test_a_paused_session_gets_nothing_and_the_client_has_to_wait() -> None:
    roomy = limits(send_queue_limit_bytes=100_000_000)  # the echo of all of it
    async with serving(roomy) as served, RawClient.connect(served.port) as client:
        message = masked(0x81, b"x" * 1000)
        client.send(masked(0x81, b"pause") + message * 1000)
        session = served.echoes.sessions[0]
        async with asyncio.timeout(TIMEOUT_S):
            await session.heard.wait()
        # Far more than any buffer holds: the client can only have to wait.
        client.send(message * 20_000)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.writer.drain(), timeout=0.3)

        assert session.received == ["pause"]

        session.connection.resume()
        async with asyncio.timeout(TIMEOUT_S):
            await client.reader.readexactly(len(frames.text(b"x" * 1000)) * 21_000)

    assert session.received[1:] == ["x" * 1000] * 21_000


async def test_a_flood_of_tiny_frames_does_not_keep_others_waiting() -> None:
    async with (
        serving() as served,
        RawClient.connect(served.port) as flooder,
        connect(served.websocket_url) as other,
    ):
        count = 40_000
        flooder.send(masked(0x81, b"") * count)
        async with asyncio.timeout(TIMEOUT_S):
            await other.send("patience")
            assert await other.recv() == "patience"
            heard_meanwhile = len(served.echoes.sessions[0].received)
            await flooder.reader.readexactly(2 * count)

    assert heard_meanwhile < count


async def test_a_client_that_pings_and_never_reads_closes_itself() -> None:
    async with (
        serving(limits(send_queue_limit_bytes=20_000, close_timeout_s=0.2)) as served,
        RawClient.connect(served.port) as client,
    ):
        client.stop_reading()
        pings = masked(0x89, b"x" * 125) * 100
        session = served.echoes.sessions[0]
        async with asyncio.timeout(TIMEOUT_S):
            while not session.gone.is_set():
                client.send(pings)
                await asyncio.sleep(0)

    assert session.closed_count == 1


async def stall(served: Serving, stack: AsyncExitStack, count: int) -> list[Echo]:
    """Open *count* connections whose clients read nothing but the handshake's answer."""
    for _ in range(count):
        client = await stack.enter_async_context(RawClient.connect(served.port))
        client.stop_reading()
    return served.echoes.sessions[-count:]


async def test_stalled_readers_are_closed_with_bounded_memory_and_others_go_on() -> None:
    reader_count = 100
    limit_bytes = 1024 * 1024
    process = psutil.Process()
    async with (
        serving(limits(send_queue_limit_bytes=limit_bytes, close_timeout_s=0.5)) as served,
        AsyncExitStack() as stack,
        connect(served.websocket_url) as healthy,
    ):
        stalled = await stall(served, stack, reader_count)
        everybody = [session.connection for session in served.echoes.sessions]
        memory_before = process.memory_info().rss
        memory_peak = 0
        sent = 0

        async with asyncio.timeout(60):
            while not all(session.gone.is_set() for session in stalled):
                frame = frames.text(f"{sent:<2000}".encode())
                for connection in everybody:
                    connection.send(frame)
                assert int(await healthy.recv()) == sent
                sent += 1
                memory_peak = max(memory_peak, process.memory_info().rss)

        await healthy.send("alive")
        assert await healthy.recv() == "alive"

    grown_bytes = memory_peak - memory_before
    print(  # noqa: T201 (the figure is of interest: pytest -s)
        f"{reader_count} stalled readers, {sent} frames of 2,000 bytes:"
        f" {grown_bytes / 1e6:.1f} MB more memory"
    )
    assert [session.closed_count for session in stalled] == [1] * reader_count
    # A copy of the limit for each would be 105 MB; shared frames are a few.
    assert grown_bytes < reader_count * limit_bytes / 3


async def test_a_stalled_reader_that_wakes_up_in_time_learns_why_it_was_closed() -> None:
    async with (
        serving(limits(send_queue_limit_bytes=100_000, close_timeout_s=1)) as served,
        RawClient.connect(served.port) as client,
    ):
        client.stop_reading()
        session = served.echoes.sessions[0]
        async with asyncio.timeout(TIMEOUT_S):
            while not session.gone.is_set():
                session.connection.send(frames.text(b"x" * 10_000))
                await asyncio.sleep(0)
        client.go_on_reading()

        assert close_code(await client.read_to_end()) == 4429


async def test_a_thousand_clients_are_served_and_told_when_the_server_stops() -> None:
    client_count = 1000
    async with AsyncExitStack() as stack:
        async with serving() as served:
            clients = [
                await stack.enter_async_context(RawClient.connect(served.port))
                for _ in range(client_count)
            ]
            frame = frames.text(b"to all")
            for session in served.echoes.sessions:
                session.connection.send(frame)
            async with asyncio.timeout(TIMEOUT_S):
                for client in clients:
                    assert await client.reader.readexactly(len(frame)) == frame
            assert served.server.connection_count == client_count
        endings = [await client.read_to_end() for client in clients]

    assert {close_code(ending) for ending in endings} == {1012}
    assert [session.closed_count for session in served.echoes.sessions] == [1] * client_count
    assert served.server.connection_count == 0


async def test_stopping_answers_clients_that_answer_and_drops_those_that_do_not() -> None:
    async with AsyncExitStack() as stack:
        async with serving(limits(close_timeout_s=0.3)) as served:
            polite = await stack.enter_async_context(connect(served.websocket_url))
            await stall(served, stack, 1)
            begin = asyncio.get_running_loop().time()
            closed = asyncio.ensure_future(closing(polite))
            await served.server.stop()
            elapsed = asyncio.get_running_loop().time() - begin
            assert received_code(await closed) == 1012

        await served.server.stop()

    assert 0.2 < elapsed < 5
    assert [session.closed_count for session in served.echoes.sessions] == [1, 1]


async def test_no_task_is_left_behind() -> None:
    tasks_before = asyncio.all_tasks()
    async with serving() as served, RawClient.connect(served.port) as client:
        assert asyncio.all_tasks() == tasks_before
        client.send(masked(0x83, b"wrong"))
        await client.read_to_end()

    assert asyncio.all_tasks() == tasks_before
