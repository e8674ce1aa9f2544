from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from slotcast.auth.one_time_tokens import (
    PKCE_PREFIX,
    TokenKind,
    hash_code,
    is_code,
    is_expired,
    issue,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize("digits", [6, 8, 10])
def test_codes_have_as_many_digits_as_asked_for(digits: int) -> None:
    codes = {
        issue(TokenKind.RECOVERY, "a@b.c", digits=digits, is_pkce=False).code for _ in range(300)
    }

    assert all(len(code) == digits and code.isdecimal() for code in codes)
    assert len(codes) > 200
    assert any(code.startswith("0") for code in codes)


def test_links_tell_nothing_of_codes() -> None:
    token = issue(TokenKind.RECOVERY, "a@b.c", digits=6, is_pkce=False)

    assert token.link_token != token.code_hash
    assert len(token.link_token) == 56


def test_what_is_stored_of_a_code_is_sha_224_of_address_and_code() -> None:
    assert hash_code("Mara@Example.com", "012345") == (
        hashlib.sha224(b"mara@example.com012345").hexdigest()
    )


def test_a_code_counts_for_its_address_alone() -> None:
    token = issue(TokenKind.RECOVERY, "mara@example.com", digits=6, is_pkce=True)

    assert is_code(token.code_hash, "MARA@example.com", token.code)
    assert is_code(PKCE_PREFIX + token.code_hash, "mara@example.com", token.code)
    assert not is_code(token.code_hash, "jo@example.com", token.code)
    assert not is_code(token.code_hash, "mara@example.com", token.code[:-1])


def test_a_token_of_a_flow_with_pkce_says_so() -> None:
    assert issue(TokenKind.RECOVERY, "a@b.c", digits=6, is_pkce=True).link_token.startswith("pkce_")


def test_a_token_counts_until_its_time_is_over() -> None:
    sent_at = NOW - timedelta(seconds=60)

    assert not is_expired(sent_at, NOW, valid_s=60.001)
    assert is_expired(sent_at, NOW, valid_s=60.0)
    assert is_expired(None, NOW, valid_s=60.0)


def test_representations_hold_no_secrets() -> None:
    token = issue(TokenKind.RECOVERY, "a@b.c", digits=6, is_pkce=False)

    assert token.code not in repr(token)
    assert token.link_token not in repr(token)
