import pytest
from websockets.frames import Frame, Opcode

from slotcast.fanout import frames


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
def test_a_frame_is_what_the_websockets_library_would_send(length: int) -> None:
    payload = b"x" * length

    assert frames.text(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)
    assert frames.binary(payload) == Frame(Opcode.BINARY, payload).serialize(mask=False)
