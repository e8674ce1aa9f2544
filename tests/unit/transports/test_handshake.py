from __future__ import annotations

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request

from slotcast.channels.session import Handshake, Refusal
from slotcast.transports import handshake


def request(path: str, *headers: tuple[str, str]) -> Request:
    return Request(path=path, headers=Headers(list(headers)))


def test_a_repeated_header_is_joined_and_names_are_lower_case() -> None:
    wanted = request("/socket/websocket", ("X-Api-Key", "a"), ("x-api-KEY", "b"), ("Host", "h"))

    read = handshake.read(wanted, "1.2.3.4:5")

    assert isinstance(read, Handshake)
    assert read.headers == {"x-api-key": "a, b", "host": "h"}
    assert read.remote == "1.2.3.4:5"


@pytest.mark.parametrize("path", ["/realtime/v1/websocket", "/realtime%2Fv1/websocket"])
def test_a_path_is_percent_decoded(path: str) -> None:
    read = handshake.read(request(path), "")

    assert isinstance(read, Handshake)
    assert read.path == "/realtime/v1/websocket"


def test_bytes_that_are_not_utf8_in_a_query_are_replaced() -> None:
    read = handshake.read(request("/socket/websocket?apikey=%ff"), "")

    assert isinstance(read, Handshake)
    assert read.query == {"apikey": "\ufffd"}


def test_an_answer_states_length_and_type_even_for_an_unknown_status() -> None:
    answer = handshake.answer(Refusal(status=499, body=b"{}"))

    assert answer.serialize() == (
        b"HTTP/1.1 499 \r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
        b"Connection: close\r\n\r\n{}"
    )
