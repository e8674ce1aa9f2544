"""What attackers try: forged, stolen and borrowed tokens, guessed passwords, crowds."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from slotcast.tokens import Keyring
from support.accounts import EMAIL, PASSWORD
from support.server import ANON_KEY, PUBLISHABLE_KEY, SECRET, SECRET_KEY

if TYPE_CHECKING:
    from support.accounts import Accounts

KEY = ECKey.generate_key("P-256", {"kid": "mine", "alg": "ES256", "key_ops": ["sign", "verify"]})
ASYMMETRIC = {"jwks": json.dumps({"keys": [KEY.as_dict(private=True)]})}
PUBLIC_PEM = KEY.as_pem(private=False)
PUBLIC_JWK = json.dumps(KEY.as_dict(private=False)).encode()


def part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def read(token: str) -> dict[str, Any]:
    """Read claims as anybody can."""
    return pyjwt.decode(token, options={"verify_signature": False})


async def refused(served: Accounts, token: str | None) -> tuple[int, str, str]:
    reply = await served.call("GET", "/user", token=token)
    return reply.status, reply.code, reply.message


async def test_whoever_has_no_token_is_told_so(served: Accounts) -> None:
    assert await refused(served, None) == (
        401,
        "no_authorization",
        "This endpoint requires a valid Bearer token",
    )


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("x", "The token provided is not a valid JWT"),
        ("a.b.c", "The token provided is not a valid JWT"),
        ("x" * 20_000, "The token provided is not a valid JWT"),
        ("sb_secret_guessed", "Invalid API key"),
        ("\N{SNOWMAN}", "The token provided is not a valid JWT"),
    ],
)
async def test_what_is_no_token_is_told_so(served: Accounts, token: str, said: str) -> None:
    assert await refused(served, token) == (
        403,
        "bad_jwt",
        f"invalid JWT: unable to parse or verify signature, {said}",
    )


@pytest.mark.parametrize("token", [ANON_KEY, PUBLISHABLE_KEY, SECRET_KEY])
async def test_a_key_is_nobody(served: Accounts, token: str) -> None:
    assert await refused(served, token) == (403, "bad_jwt", "invalid claim: missing sub claim")


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS256", "ES256", ""])
async def test_a_token_without_a_signature_is_refused(served: Accounts, algorithm: str) -> None:
    session = await served.sign_up()
    claims = read(session["access_token"])

    for signature in ("", part({})):
        forged = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims)}.{signature}"
        assert (await refused(served, forged))[:2] == (403, "bad_jwt")


@pytest.mark.parametrize("served", [ASYMMETRIC], indirect=True)
@pytest.mark.parametrize("secret", [PUBLIC_PEM, PUBLIC_PEM.strip(), PUBLIC_JWK])
async def test_the_public_key_is_no_secret(served: Accounts, secret: bytes) -> None:
    session = await served.sign_up()
    claims = read(session["access_token"])
    header = {"alg": "HS256", "typ": "JWT", "kid": "mine"}
    signed = f"{part(header)}.{part(claims)}"
    signature = base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), hashlib.sha256))

    forged = f"{signed}.{signature.rstrip(b'=').decode()}"

    assert pyjwt.get_unverified_header(session["access_token"])["alg"] == "ES256"
    assert (await refused(served, forged))[:2] == (403, "bad_jwt")


@pytest.mark.parametrize("served", [ASYMMETRIC], indirect=True)
async def test_a_key_of_ones_own_is_not_trusted(served: Accounts) -> None:
    claims = read((await served.sign_up())["access_token"])
    own = ec.generate_private_key(ec.SECP256R1())
    jwk = ECKey.import_key(
        own.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    ).as_dict(private=False)

    for header in ({"kid": "mine"}, {"jwk": jwk}, {"kid": "../../dev/null"}, {"x5u": "http://x"}):
        forged = pyjwt.encode(claims, own, "ES256", headers=header)
        assert (await refused(served, forged))[:2] == (403, "bad_jwt")


async def test_a_token_is_worth_nothing_when_it_has_expired(served: Accounts) -> None:
    session = await served.sign_up()
    served.clock.forward(seconds=3599)
    assert (await served.user(session)).status == 200

    served.clock.forward(seconds=1)

    assert await refused(served, session["access_token"]) == (
        403,
        "bad_jwt",
        "invalid JWT: unable to parse or verify signature, Token has expired 0 seconds ago",
    )


@pytest.mark.parametrize(
    ("changes", "headers", "status", "code"),
    [
        ({"aud": "other"}, {}, 200, ""),
        ({"aud": "other"}, {"x-jwt-aud": "authenticated"}, 400, "validation_failed"),
        ({}, {"x-jwt-aud": "other"}, 400, "validation_failed"),
        ({"aud": None}, {}, 400, "validation_failed"),
        ({"aud": []}, {}, 400, "validation_failed"),
        ({"aud": ["authenticated", "other"]}, {}, 200, ""),
        ({"sub": ""}, {}, 403, "bad_jwt"),
        ({"sub": None}, {}, 403, "bad_jwt"),
        ({"sub": "ann"}, {}, 400, "bad_jwt"),
        ({"sub": "{uuid}"}, {}, 400, "bad_jwt"),
        ({"sub": str(uuid4())}, {}, 403, "user_not_found"),
        ({"session_id": str(uuid4())}, {}, 403, "session_not_found"),
        ({"session_id": "x"}, {}, 403, "bad_jwt"),
        ({"session_id": 1}, {}, 403, "bad_jwt"),
        ({"session_id": None}, {}, 200, ""),
        ({"exp": None}, {}, 403, "bad_jwt"),
        ({"role": None}, {}, 403, "bad_jwt"),
        ({"nbf": 4_000_000_000}, {}, 403, "bad_jwt"),
    ],
)
async def test_the_claims_of_a_token_have_to_fit(
    served: Accounts,
    changes: dict[str, Any],
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    claims = read((await served.sign_up())["access_token"])
    changed = {name: value for name, value in {**claims, **changes}.items() if value is not None}

    token = pyjwt.encode(changed, SECRET, "HS256")
    reply = await served.call("GET", "/user", token=token, headers=headers)

    assert (reply.status, reply.code) == (status, code)


async def test_a_session_of_somebody_else_does_not_count(served: Accounts) -> None:
    ann, bob = await served.sign_up(), await served.sign_up("bob@mail.example")
    claims = read(ann["access_token"])

    claims["session_id"] = read(bob["access_token"])["session_id"]
    token = pyjwt.encode(claims, SECRET, "HS256")

    assert (await refused(served, token))[:2] == (403, "session_not_found")


async def test_the_token_of_a_user_who_is_gone_is_worth_nothing(served: Accounts) -> None:
    session = await served.sign_up()
    await served.rows("delete from auth.users")

    assert (await served.user(session)).code == "user_not_found"
    assert (await served.refresh(session["refresh_token"])).code == "refresh_token_not_found"
    assert (await served.change_user(session, data={"a": 1})).code == "user_not_found"


async def test_users_are_no_admins(served: Accounts) -> None:
    session = await served.sign_up()

    for token in (session["access_token"], ANON_KEY, PUBLISHABLE_KEY):
        reply = await served.call("GET", "/admin/users", token=token)
        assert (reply.status, reply.code) == (403, "not_admin")
    reply = await served.call("GET", "/admin/users")
    assert (reply.status, reply.code) == (401, "no_authorization")


@pytest.mark.parametrize("served", [{"auth_attempts_per_10_min": 5}], indirect=True)
async def test_guessing_passwords_ends_early_wherever_it_comes_from(served: Accounts) -> None:
    await served.sign_up()
    await served.sign_up("bob@mail.example")

    replies = [
        await served.call(
            "POST",
            "/token",
            {"email": EMAIL, "password": f"guess {n}"},
            address=f"192.0.2.{n}",
            grant_type="password",
        )
        for n in range(7)
    ]
    unknown = [await served.by_password("nobody@mail.example", "guess") for _ in range(7)]

    assert [reply.status for reply in replies] == [400] * 5 + [429] * 2
    assert [reply.status for reply in unknown] == [400] * 5 + [429] * 2
    assert replies[-1].code == "over_request_rate_limit"
    assert (await served.by_password()).status == 429
    assert (await served.by_password("bob@mail.example")).status == 200


@pytest.mark.parametrize("served", [{"auth_attempts_per_10_min": 5}], indirect=True)
async def test_who_knows_the_password_may_sign_in_often(served: Accounts) -> None:
    await served.sign_up()

    for _ in range(8):
        assert (await served.by_password()).status == 200


@pytest.mark.parametrize(
    "served", [{"auth_password_workers": 1, "auth_password_queue": 3}], indirect=True
)
async def test_a_burst_of_sign_ins_is_turned_away_and_holds_nobody_up(served: Accounts) -> None:
    session = await served.sign_up()
    burst = [asyncio.create_task(served.by_password(f"user{n}@mail.example")) for n in range(30)]
    await asyncio.sleep(0)

    began = time.monotonic()
    assert (await served.refresh(session["refresh_token"])).status == 200
    took_s = time.monotonic() - began
    statuses = [reply.status for reply in await asyncio.gather(*burst)]

    assert statuses.count(429) > 0
    assert statuses.count(400) >= 4
    assert set(statuses) == {400, 429}
    assert took_s < 5.0
    assert (await served.by_password()).status == 200


async def test_unknown_addresses_take_as_long_as_known_ones(served: Accounts) -> None:
    await served.sign_up()

    async def fastest_s(email: str) -> float:
        times: list[float] = []
        for _ in range(3):
            began = time.process_time()
            await served.by_password(email, "wrong")
            times.append(time.process_time() - began)
        return min(times)

    known, unknown = await fastest_s(EMAIL), await fastest_s("nobody@mail.example")

    # Without a hash of its own it would be a tenth.
    assert unknown > known / 2


async def test_keys_can_be_changed_while_people_are_signed_in(served: Accounts) -> None:
    session = await served.sign_up()
    before = served.service.keyring
    served.service.keyring = Keyring(secret=SECRET, **ASYMMETRIC)

    assert (await served.user(session)).status == 200
    refreshed = (await served.refresh(session["refresh_token"])).body
    assert pyjwt.get_unverified_header(refreshed["access_token"])["kid"] == "mine"
    assert (await served.user(refreshed)).status == 200
    keys = await served.call("GET", "/.well-known/jwks.json")
    assert [key["kid"] for key in keys.body["keys"]] == ["mine"]
    assert "d" not in keys.body["keys"][0]

    served.service.keyring = before
    assert (await served.user(refreshed)).code == "bad_jwt"


async def test_nothing_secret_is_in_what_strangers_see(served: Accounts) -> None:
    await served.sign_up()

    for path in ("/settings", "/health", "/.well-known/jwks.json"):
        reply = await served.call("GET", path)
        assert reply.status == 200
        for secret in (SECRET, SECRET_KEY, EMAIL, PASSWORD):
            assert secret not in json.dumps(reply.body)
