"""Whatever is offered as a token is refused with a `TokenError` or becomes canonical claims."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from hypothesis import event, example, given
from hypothesis import strategies as st

from slotcast import strict_json
from slotcast.errors import TokenError
from slotcast.tokens import Keyring

if TYPE_CHECKING:
    from slotcast.claims import Claims, JsonValue

NOW = 1_800_000_000.0
KEYRING = Keyring(secret="a secret of at least thirty-two bytes, for the tests")

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
CLAIMS = st.dictionaries(TEXT, JSON, max_size=4)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def refuse_or_verify(token: str) -> Claims | None:
    try:
        return KEYRING.from_api_key(token, NOW)
    except TokenError:
        return None


@given(token=st.text(st.characters()))
@example(token="sb_\ud800")
@example(token="%00.%00.%00")
def test_arbitrary_text(token: str) -> None:
    assert refuse_or_verify(token) is None


@given(
    header=st.binary()
    | JSON.map(strict_json.dumps)
    | st.fixed_dictionaries(
        {"alg": st.sampled_from(["HS256", "RS256", "ES256", "EdDSA", "none"]) | JSON},
        optional=dict.fromkeys(("kid", "typ", "jwk", "jku", "x5c", "crit", "b64"), JSON),
    ).map(strict_json.dumps),
    payload=st.binary() | JSON.map(strict_json.dumps),
    signature=st.binary(),
)
@example(header=b"[" * 10_000, payload=b"{}", signature=b"")
def test_arbitrary_parts(header: bytes, payload: bytes, signature: bytes) -> None:
    token = ".".join(map(base64url, (header, payload, signature)))

    assert refuse_or_verify(token) is None


@given(claims=CLAIMS, place=st.integers(0, 10_000), bit=st.integers(0, 6))
def test_a_token_with_one_bit_flipped_is_not_the_same(
    claims: dict[str, Any], place: int, bit: int
) -> None:
    token = KEYRING.sign({**claims, "role": "anon", "nbf": 0}, expires_in_s=60, now=NOW)
    place %= len(token)
    flipped = token[:place] + chr(ord(token[place]) ^ (1 << bit)) + token[place + 1 :]

    verified = refuse_or_verify(flipped)

    # Only white space and percent-encoding are undone before a token is verified.
    assert verified is None


@given(claims=CLAIMS)
def test_signed_claims_come_back_in_canonical_form(claims: dict[str, Any]) -> None:
    given_claims = {**claims, "role": "anon", "nbf": 0}
    token = KEYRING.sign(given_claims, expires_in_s=60, now=NOW)

    verified = refuse_or_verify(token)

    expected = {**given_claims, "iat": int(NOW), "exp": int(NOW) + 60}
    if "\0" in joined_texts({**expected}):
        event("holds a null character")
        assert verified is None
        return
    assert verified is not None
    assert json.loads(verified.document) == expected
    assert verified.document == strict_json.canonical(json.loads(verified.document))
    assert "\\u0000" not in verified.document.replace("\\\\", "")


def joined_texts(value: JsonValue) -> str:
    """Join all strings inside *value*."""
    if isinstance(value, dict):
        return "".join(key + joined_texts(inner) for key, inner in value.items())
    if isinstance(value, list):
        return "".join(map(joined_texts, value))
    return value if isinstance(value, str) else ""
