"""
Complete WebSocket frames from a server, ready to be written to any number of sockets.

A server does not mask its frames, so the bytes depend on the payload alone: they are made
once and written as they are to everybody who gets the message.

Source:
    RFC 6455, section 5.2, Base Framing Protocol.
"""

from __future__ import annotations

import struct
from typing import Final

_FINAL_TEXT: Final = 0x81
_FINAL_BINARY: Final = 0x82

_LENGTH_IN_HEADER: Final = 125
"""The longest payload whose length fits the header's second byte."""
_LENGTH_IN_16_BITS: Final = 0xFFFF

_short: Final = struct.Struct("!BB").pack
_medium: Final = struct.Struct("!BBH").pack
_long: Final = struct.Struct("!BBQ").pack


def text(payload: bytes) -> bytes:
    """
    Frame *payload* as one text message.

    Args:
        payload: UTF-8; it is not checked.
    """
    return _header(_FINAL_TEXT, len(payload)) + payload


def binary(payload: bytes) -> bytes:
    """Frame *payload* as one binary message."""
    return _header(_FINAL_BINARY, len(payload)) + payload


def _header(first: int, length: int) -> bytes:
    """Make the 2, 4 or 10 bytes that stand before a payload of *length* bytes."""
    if length <= _LENGTH_IN_HEADER:
        return _short(first, length)
    if length <= _LENGTH_IN_16_BITS:
        return _medium(first, 126, length)
    return _long(first, 127, length)
