"""Whatever a peer sends, the protocol neither raises nor keeps more than it may."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from slotcast.fanout import frames
from slotcast.transports.websocket import WebSocketConnection, WebSocketServer
from support.transport import UPGRADE, Echo, Echoes, limits, masked

if TYPE_CHECKING:
    from collections.abc import Callable

FRAME_LIMIT_BYTES = 300


class Pipe(asyncio.Transport):
    """A transport whose other end is the test."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.written = bytearray()
        self.is_ended = False
        self.is_reading_paused = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.is_ended, "written after the end"
        self.written += data

    def write_eof(self) -> None:
        self.is_ended = True

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        self.is_ended = True

    def abort(self) -> None:
        self.is_ended = True

    def pause_reading(self) -> None:
        self.is_reading_paused = True

    def resume_reading(self) -> None:
        self.is_reading_paused = False

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high == 0
        assert not low


async def converse(pieces: list[bytes]) -> tuple[Echo | None, Pipe]:
    """Send *pieces* to a new connection, each when it is ready to read, then hang up."""
    failures: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: failures.append(context)
    )
    echoes = Echoes()
    server = WebSocketServer(echoes.open_session, limits(frame_limit_bytes=FRAME_LIMIT_BYTES))
    connection: WebSocketConnection = server.protocol()
    pipe = Pipe()
    connection.connection_made(pipe)
    for piece in pieces:
        connection.data_received(piece)
        while pipe.is_reading_paused:
            if echoes.sessions:
                connection.resume()
            await asyncio.sleep(0)
    await asyncio.sleep(0)  # what the last turn sent goes out
    connection.connection_lost(None)
    await asyncio.sleep(0)  # the session is told
    assert server.connection_count == 0
    assert not failures
    assert [session.closed_count for session in echoes.sessions] == [1] * len(echoes.sessions)
    return (echoes.sessions[0] if echoes.sessions else None), pipe


texts = st.text(max_size=40).filter(lambda text: text not in ("close", "raise", "pause"))
payloads = st.one_of(texts.map(str.encode), st.binary(max_size=FRAME_LIMIT_BYTES + 20))
opcodes = st.sampled_from((0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A, 0x83, 0xC1))
wild_frames = st.builds(masked, opcodes, payloads, st.binary(min_size=4, max_size=4))


@st.composite
def cuts(draw: Callable[[st.SearchStrategy[int]], int], data: bytes) -> list[bytes]:
    """Cut *data* at some places, as a network does."""
    pieces: list[bytes] = []
    while data:
        length = draw(st.integers(1, len(data)))
        pieces.append(data[:length])
        data = data[length:]
    return pieces


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_random_bytes_instead_of_a_request_do_no_harm(pieces: list[bytes]) -> None:
    session, _ = asyncio.run(converse(pieces))

    assert session is None


@given(st.lists(wild_frames, max_size=12), st.data())
@settings(deadline=None)
def test_any_sequence_of_frames_does_no_harm(sent: list[bytes], data: st.DataObject) -> None:
    pieces = data.draw(cuts(b"".join(sent)))

    session, _ = asyncio.run(converse([UPGRADE, *pieces]))

    assert session is not None
    for message in session.received:
        size = len(message if isinstance(message, bytes) else message.encode())
        assert size <= FRAME_LIMIT_BYTES


@given(st.lists(wild_frames, min_size=1, max_size=6), st.data())
@settings(deadline=None)
def test_flipped_bytes_do_no_harm(sent: list[bytes], data: st.DataObject) -> None:
    stream = bytearray(b"".join(sent))
    for _ in range(data.draw(st.integers(1, 5))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))

    session, _ = asyncio.run(converse([UPGRADE, bytes(stream)]))

    assert session is not None


@given(st.lists(st.one_of(texts, st.binary(max_size=FRAME_LIMIT_BYTES)), max_size=12), st.data())
@settings(deadline=None)
def test_valid_messages_arrive_and_come_back_however_they_are_cut(
    messages: list[str | bytes], data: st.DataObject
) -> None:
    stream = b"".join(
        masked(0x81, message.encode()) if isinstance(message, str) else masked(0x82, message)
        for message in messages
    )
    pieces = data.draw(cuts(stream))

    session, pipe = asyncio.run(converse([UPGRADE, *pieces]))

    assert session is not None
    assert session.received == messages
    echoed = b"".join(
        frames.text(message.encode()) if isinstance(message, str) else frames.binary(message)
        for message in messages
    )
    _, _, answered = bytes(pipe.written).partition(b"\r\n\r\n")
    assert answered == echoed


@given(st.lists(st.sampled_from(["close", "raise", "pause", "text"]), max_size=12))
@settings(deadline=None)
def test_whatever_a_session_does_it_is_ended_once(orders: list[str]) -> None:
    stream = b"".join(masked(0x81, order.encode()) for order in orders)

    session, _ = asyncio.run(converse([UPGRADE, stream]))

    assert session is not None
    until_end = next(
        (position for position, order in enumerate(orders, 1) if order in ("close", "raise")),
        len(orders),
    )
    assert session.received == orders[:until_end]
