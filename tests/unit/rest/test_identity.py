"""Who sends a REST request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from slotcast.rest.errors import RestError
from slotcast.rest.identity import LEEWAY_S, Identification
from slotcast.tokens import Keyring

if TYPE_CHECKING:
    from slotcast.claims import JsonValue

SECRET = "a secret of at least thirty-two bytes"
NOW = 1_800_000_000.0


def bearer(claims: JsonValue, secret: str = SECRET, algorithm: str = "HS256") -> str:
    key = OctKey.import_key(secret)
    return "Bearer " + jws.serialize_compact({"alg": algorithm}, json.dumps(claims), key)


def identification(
    *, anonymous_role: str | None = "anon", audience: str | None = None
) -> Identification:
    return Identification(Keyring(secret=SECRET), anonymous_role=anonymous_role, audience=audience)


@pytest.mark.parametrize("header", [None, "", "Basic abc", "bearer-token x"])
def test_who_says_nothing_is_anonymous(header: str | None) -> None:
    who = identification()

    claims = who.identify(header, NOW)

    assert claims.role == "anon"
    assert claims.document == '{"role":"anon"}'
    assert who.is_anonymous(claims)


def test_anonymity_can_be_refused() -> None:
    with pytest.raises(RestError) as caught:
        identification(anonymous_role=None).identify(None, NOW)

    assert caught.value.status == 401
    assert caught.value.body.code == "PGRST302"
    assert caught.value.headers == (("WWW-Authenticate", "Bearer"),)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_token_says_who_it_is(scheme: str) -> None:
    who = identification()
    header = bearer({"sub": "u1", "role": "author", "b": 1, "a": [2]})

    claims = who.identify(header.replace("Bearer", scheme), NOW)

    assert claims.role == "author"
    assert claims.subject == "u1"
    assert claims.document == '{"a":[2],"b":1,"role":"author","sub":"u1"}'
    assert claims.expires_at is None
    assert not who.is_anonymous(claims)


def test_a_token_without_a_role_acts_as_the_anonymous_one() -> None:
    claims = identification().identify(bearer({"sub": "u1"}), NOW)

    assert claims.role == "anon"
    assert claims.document == '{"role":"anon","sub":"u1"}'
    with pytest.raises(RestError):
        identification(anonymous_role=None).identify(bearer({"sub": "u1"}), NOW)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("Bearer ", "Empty JWT is sent in Authorization header"),
        ("Bearer", "Empty JWT is sent in Authorization header"),
        ("Bearer a.b", "Expected 3 parts in JWT; got 2"),
        ("Bearer a.b.c.d.e", "Expected 3 parts in JWT; got 5"),
        ("Bearer a.b.c", "JWT couldn't be decoded"),
        (bearer({}, "another secret of more than 32 bytes"), "JWT cryptographic operation failed"),
        (bearer([]), "JWT couldn't be decoded"),
    ],
)
def test_a_bad_token_is_refused(header: str, message: str) -> None:
    with pytest.raises(RestError) as caught:
        identification().identify(header, NOW)

    assert caught.value.status == 401
    assert caught.value.body.code == "PGRST301"
    assert caught.value.body.message == message
    assert caught.value.headers == (
        (
            "WWW-Authenticate",
            f'Bearer error="invalid_token", error_description="{message}"',
        ),
    )


def test_a_key_of_another_kind_is_no_key() -> None:
    with pytest.raises(RestError) as caught:
        identification().identify("Bearer eyJhbGciOiJSUzI1NiJ9.e30.AA", NOW)

    assert caught.value.body.message == "No suitable key or wrong key type"


def test_without_keys_no_token_can_be_verified() -> None:
    who = Identification(None, anonymous_role="anon")

    assert who.identify(None, NOW).role == "anon"
    with pytest.raises(RestError) as caught:
        who.identify(bearer({}), NOW)
    assert caught.value.status == 500
    assert caught.value.body.code == "PGRST300"


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"exp": NOW - LEEWAY_S - 1}, "JWT expired"),
        ({"nbf": NOW + LEEWAY_S + 1}, "JWT not yet valid"),
        ({"iat": NOW + LEEWAY_S + 1}, "JWT issued at future"),
        ({"exp": "soon"}, "The JWT 'exp' claim must be a number"),
        ({"nbf": True}, "The JWT 'nbf' claim must be a number"),
        ({"iat": []}, "The JWT 'iat' claim must be a number"),
        ({"exp": 10**400}, "The JWT 'exp' claim must be a number"),
        ({"aud": 1}, "The JWT 'aud' claim must be a string or an array of strings"),
        ({"aud": ["a", 1]}, "The JWT 'aud' claim must be a string or an array of strings"),
        ({"aud": "them"}, "JWT not in audience"),
        ({"aud": ["them"]}, "JWT not in audience"),
    ],
)
def test_claims_that_do_not_hold_are_refused(claims: dict[str, JsonValue], message: str) -> None:
    with pytest.raises(RestError) as caught:
        identification(audience="us").identify(bearer({"role": "author", **claims}), NOW)

    assert caught.value.status == 401
    assert caught.value.body.code == "PGRST303"
    assert caught.value.body.message == message


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW - LEEWAY_S + 1, "nbf": NOW + LEEWAY_S - 1, "iat": NOW + LEEWAY_S - 1},
        {"exp": None, "aud": None},
        {"aud": []},
        {"aud": "us"},
        {"aud": ["them", "us"]},
    ],
)
def test_claims_that_hold_are_taken(claims: dict[str, JsonValue]) -> None:
    who = identification(audience="us")

    assert who.identify(bearer({"role": "author", **claims}), NOW).role == "author"


def test_a_token_that_is_remembered_still_expires() -> None:
    who = identification()
    header = bearer({"role": "author", "exp": NOW})

    assert who.identify(header, NOW).role == "author"
    with pytest.raises(RestError, match="JWT expired"):
        who.identify(header, NOW + LEEWAY_S + 1)
