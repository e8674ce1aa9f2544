from __future__ import annotations

import base64
import hashlib
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotcast.auth import refresh_tokens

KEY = refresh_tokens.new_key()
SESSION_ID = UUID("11111111-2222-4333-8444-555555555555")


def altered(token: str, position: int) -> str:
    """Flip a bit of the byte at *position*, and make the checksum right again."""
    content = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    content[position] ^= 1
    checked = bytes(content[:-4])
    checksum = hashlib.sha256(checked).digest()[:4]
    return base64.urlsafe_b64encode(checked + checksum).decode().rstrip("=")


@given(st.uuids(), st.integers(min_value=0, max_value=2**63 - 1))
def test_a_token_says_its_session_and_number_and_proves_it(session_id: UUID, counter: int) -> None:
    token = refresh_tokens.encode(session_id, counter, KEY)

    read = refresh_tokens.decode(token)

    assert read is not None
    assert (read.session_id, read.counter) == (session_id, counter)
    assert read.is_signed_with(KEY)
    assert not read.is_signed_with(refresh_tokens.new_key())


@given(st.text(max_size=120) | st.binary(max_size=60).map(lambda b: base64.b64encode(b).decode()))
def test_whatever_was_never_a_token_is_none(text: str) -> None:
    assert refresh_tokens.decode(text) is None


@pytest.mark.parametrize("position", range(1, 18 + 16))
def test_a_token_that_somebody_altered_is_not_signed(position: int) -> None:
    token = altered(refresh_tokens.encode(SESSION_ID, 5, KEY), position)

    read = refresh_tokens.decode(token)

    assert read is None or not read.is_signed_with(KEY)


def test_a_mistyped_token_is_refused_without_a_key() -> None:
    token = refresh_tokens.encode(SESSION_ID, 5, KEY)

    assert refresh_tokens.decode(token[:-1]) is None
    assert refresh_tokens.decode(token[:10] + "x" + token[11:]) is None
    assert refresh_tokens.decode(token + " ") is None
    assert refresh_tokens.decode(token + "AAAA") is None


def test_another_version_is_not_read() -> None:
    assert refresh_tokens.decode(altered(refresh_tokens.encode(SESSION_ID, 5, KEY), 0)) is None


def test_tokens_of_a_session_differ_and_so_do_sessions_keys() -> None:
    tokens = {refresh_tokens.encode(SESSION_ID, counter, KEY) for counter in range(300)}

    assert len(tokens) == 300
    assert refresh_tokens.encode(uuid4(), 0, KEY) not in tokens
    assert len({refresh_tokens.new_key() for _ in range(10)}) == 10
