"""
Refresh tokens: what a session shows to go on.

A token says of itself which session it belongs to and the how manieth it is; a key that only
the session's row holds proves it. So a refresh writes one row, and no token is ever stored::

    base64url( 00 │ session id, 16 bytes │ counter, varint │ HMAC-SHA-256[:16] │ SHA-256[:4] )

The HMAC covers all before it, under the session's key; the last four bytes are a checksum of
all before them, so that what was never a token is refused without asking the database.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final
from uuid import UUID

KEY_BYTES: Final = 32

_VERSION: Final = b"\x00"
_ID_BYTES: Final = 16
_MAC_BYTES: Final = 16
_CHECKSUM_BYTES: Final = 4
_COUNTER_LIMIT: Final = 2**63
_LENGTH_LIMIT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """
    What a token says, before its signature is checked.

    Attributes:
        session_id: The session that it goes on with.
        counter: How many came before it; the newest has the session's own counter.
        signed: The bytes that the signature covers.
        signature: To compare with what the session's key makes.
    """

    session_id: UUID
    counter: int
    signed: bytes
    signature: bytes

    def is_signed_with(self, key: str) -> bool:
        """Tell whether the session whose key this is has given the token out."""
        return hmac.compare_digest(self.signature, _sign(self.signed, key))


def new_key() -> str:
    """Make a session's key: 256 bits in base64url."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).rstrip(b"=").decode()


def encode(session_id: UUID, counter: int, key: str) -> str:
    """Make the token with number *counter* of the session with this key."""
    signed = _VERSION + session_id.bytes + _varint(counter)
    checked = signed + _sign(signed, key)
    return base64.urlsafe_b64encode(checked + _checksum(checked)).rstrip(b"=").decode()


def decode(token: str) -> RefreshToken | None:
    """Read a token; None for what this format cannot be."""
    if len(token) > _LENGTH_LIMIT:
        return None
    try:
        content = base64.b64decode(
            token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True
        )
    except (binascii.Error, UnicodeEncodeError):
        return None
    checked, checksum = content[:-_CHECKSUM_BYTES], content[-_CHECKSUM_BYTES:]
    signed, signature = checked[:-_MAC_BYTES], checked[-_MAC_BYTES:]
    head = len(_VERSION) + _ID_BYTES
    if len(signed) <= head or signed[:1] != _VERSION or checksum != _checksum(checked):
        return None
    counter = _read_varint(signed[head:])
    if counter is None:
        return None
    return RefreshToken(
        session_id=UUID(bytes=signed[1:head]), counter=counter, signed=signed, signature=signature
    )


def _sign(signed: bytes, key: str) -> bytes:
    secret = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    return hmac.digest(secret, signed, "sha256")[:_MAC_BYTES]


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:_CHECKSUM_BYTES]


def _varint(number: int) -> bytes:
    """Write *number* in groups of seven bits, the lowest first; all but the last have bit 7."""
    groups = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def _read_varint(groups: bytes) -> int | None:
    """Read the number that is all of *groups*; None if there is none that a counter can be."""
    number = sum((group & 0x7F) << 7 * position for position, group in enumerate(groups))
    is_whole = all(group & 0x80 for group in groups[:-1]) and groups[-1] <= 0x7F  # noqa: PLR2004
    return number if is_whole and number < _COUNTER_LIMIT else None
