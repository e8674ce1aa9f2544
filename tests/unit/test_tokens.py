from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from slotcast.claims import Claims
from slotcast.errors import ExpiredToken, SettingsError, TokenError
from slotcast.tokens import KEYS_KEPT, TOKEN_LIMIT_BYTES, Keyring, handshake_text

NOW = 1_800_000_000.0
SECRET = "a secret of at least thirty-two bytes, for the tests"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEYS = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
}
ED_KEY = ed25519.Ed25519PrivateKey.generate()
OTHER_SECRET = b"another secret of more than thirty-two bytes in a JWKS"

RSA_PEM = RSA_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwk(key: Any, algorithm: type[Any], **members: Any) -> dict[str, Any]:
    exported: dict[str, Any] = json.loads(algorithm.to_jwk(key))
    exported.pop("key_ops", None)
    return {**exported, **members}


JWKS: dict[str, list[dict[str, Any]]] = {
    "keys": [
        jwk(RSA_KEY.public_key(), RSAAlgorithm, kid="rsa"),
        *(jwk(key.public_key(), ECAlgorithm, kid=name.lower()) for name, key in EC_KEYS.items()),
        jwk(ED_KEY.public_key(), OKPAlgorithm, kid="ed"),
        {"kty": "oct", "k": base64url(OTHER_SECRET), "kid": "symmetric"},
        {"kty": "AKP", "kid": "post-quantum", "pub": "xyz"},
    ]
}
KEYRING = Keyring(
    secret=SECRET,
    jwks=json.dumps(JWKS),
    publishable_key="sb_publishable_one",
    secret_key="sb_secret_two",
)


def claims(**others: Any) -> dict[str, Any]:
    full = {"role": "authenticated", "exp": NOW + 60, **others}
    return {name: value for name, value in full.items() if value is not ...}


def make(
    payload: dict[str, Any], key: Any = SECRET, algorithm: str = "HS256", **header: Any
) -> str:
    return pyjwt.encode(payload, key, algorithm, headers=header)


def forge(header: Any, payload: Any, signature: bytes = b"", key: bytes | None = None) -> str:
    """Make a token byte by byte; what is not bytes is written as JSON."""
    parts = [
        part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)
    ]
    signed = ".".join(map(base64url, parts))
    if key is not None:
        signature = hmac.digest(key, signed.encode(), hashlib.sha256)
    return f"{signed}.{base64url(signature)}"


def hs256(payload: Any) -> str:
    return forge({"alg": "HS256"}, payload, key=SECRET.encode())


def refusal(token: str, keyring: Keyring = KEYRING) -> tuple[str, str]:
    with pytest.raises(TokenError) as caught:
        keyring.verify(token, NOW)
    return caught.value.reason, str(caught.value)


MALFORMED = ("MalformedJWT", "The token provided is not a valid JWT")
BAD_SIGNATURE = ("JwtSignatureError", "Failed to validate JWT signature")
NO_SIGNER = (
    "JwtSignerError",
    "Failed to generate JWT signer, check your JWT secret or JWKS configuration",
)
MISSING_FIELDS = ("InvalidJWTToken", "Fields `role` and `exp` are required in JWT")


class TestClaims:
    def test_a_token_becomes_claims_in_canonical_form(self) -> None:
        token = make(claims(sub="aaaa", app_metadata={"z": [1, "é"], "a": None}))

        assert KEYRING.verify(token, NOW) == Claims(
            role="authenticated",
            document=(
                '{"app_metadata":{"a":null,"z":[1,"é"]},"exp":1800000060.0,'
                '"role":"authenticated","sub":"aaaa"}'
            ),
            subject="aaaa",
            expires_at=NOW + 60,
        )

    def test_the_order_of_claims_does_not_matter(self) -> None:
        one = KEYRING.verify(hs256(b'{"role":"anon","exp":1800000060}'), NOW)
        other = KEYRING.verify(hs256(b'{ "exp" : 1800000060, "role":"\\u0061non" }'), NOW)

        assert one == other

    def test_a_subject_that_is_no_string_is_none(self) -> None:
        assert KEYRING.verify(make(claims(user=1)), NOW).subject is None
        assert KEYRING.verify(hs256(claims(sub=5)), NOW).subject is None

    def test_the_audience_is_not_checked(self) -> None:
        assert KEYRING.verify(make(claims(aud="elsewhere")), NOW).role == "authenticated"

    @pytest.mark.parametrize("payload", [claims(role=...), claims(exp=...), {}])
    def test_role_and_exp_are_required(self, payload: dict[str, Any]) -> None:
        assert refusal(hs256(payload)) == MISSING_FIELDS

    @pytest.mark.parametrize("role", ["", None, 5, ["anon"], True])
    def test_the_role_must_be_a_name(self, role: Any) -> None:
        assert refusal(hs256(claims(role=role))) == MISSING_FIELDS

    @pytest.mark.parametrize(
        "exp", ["soon", "1900000000", True, [1], {}, 2**53 + 1, 10**400, -(10**400)]
    )
    def test_the_expiration_must_be_a_time(self, exp: Any) -> None:
        expected = ("InvalidJWTToken", "Token expiration time is invalid")

        assert refusal(hs256(claims(exp=exp))) == expected

    @pytest.mark.parametrize(
        ("exp", "seconds"),
        [(NOW, 0), (NOW - 0.5, 0), (NOW - 50, 50), (NOW - 50.9, 50), (0, 1_800_000_000)],
    )
    def test_an_expired_token_says_since_when(self, exp: float, seconds: int) -> None:
        with pytest.raises(
            ExpiredToken, match=f"^Token has expired {seconds} seconds ago$"
        ) as caught:
            KEYRING.verify(make(claims(exp=exp)), NOW)

        assert caught.value.reason == "InvalidJWTToken"

    def test_a_token_is_valid_until_the_moment_it_expires(self) -> None:
        token = make(claims(exp=NOW))

        assert KEYRING.verify(token, math.nextafter(NOW, 0)).expires_at == NOW

    @pytest.mark.parametrize("iat", ["now", None, True])
    def test_the_time_of_issue_must_be_a_number(self, iat: Any) -> None:
        assert refusal(hs256(claims(iat=iat))) == (
            "InvalidJWTToken",
            "Field `iat` must be a number in JWT",
        )

    def test_the_time_of_issue_may_be_ahead(self) -> None:
        assert KEYRING.verify(hs256(claims(iat=NOW + 3600)), NOW).role == "authenticated"

    @pytest.mark.parametrize("nbf", [NOW + 31, "later", None])
    def test_a_token_is_not_valid_before_its_time(self, nbf: Any) -> None:
        assert refusal(hs256(claims(nbf=nbf))) == ("InvalidJWTToken", "Token is not valid yet")

    def test_clocks_may_differ_a_little(self) -> None:
        assert KEYRING.verify(hs256(claims(nbf=NOW + 30)), NOW).role == "authenticated"

    @pytest.mark.parametrize(
        "payload",
        [
            rb'{"role":"anon","exp":1900000000,"a":"\u0000"}',
            rb'{"role":"anon","exp":1900000000,"a":"\\\u0000"}',
            rb'{"role":"anon","exp":1900000000,"\u0000":1}',
            rb'{"role":"an\u0000on","exp":1900000000}',
        ],
    )
    def test_a_character_that_jsonb_cannot_hold_is_refused(self, payload: bytes) -> None:
        assert refusal(hs256(payload)) == (
            "InvalidJWTToken",
            "JWT claims must not contain the character \\u0000",
        )

    def test_text_that_looks_like_that_characters_escape_is_not(self) -> None:
        token = hs256(rb'{"role":"anon","exp":1900000000,"a":"\\u0000","b":"\\\\u0000"}')

        assert json.loads(KEYRING.verify(token, NOW).document)["a"] == "\\u0000"

    @pytest.mark.parametrize(
        "payload",
        [
            b"",
            b"[]",
            b"7",
            b"null",
            b'"text"',
            b"{",
            b"\xff",
            b'{"role":"anon","exp":NaN}',
            b'{"role":"anon","exp":1e999}',
            b'{"role":"anon","exp":1900000000,"a":"\\ud800"}',
            b'{"role":"anon","exp":1900000000,"a":' + b"[" * 200 + b"]" * 200 + b"}",
        ],
    )
    def test_a_payload_that_is_no_object_is_malformed(self, payload: bytes) -> None:
        assert refusal(hs256(payload)) == MALFORMED


class TestCarriage:
    def test_percent_encoding_and_white_space_are_undone(self) -> None:
        token = make(claims())
        carried = " " + token.replace(".", "%2E", 1).replace(".", ".\n") + "%20\t"

        assert KEYRING.verify(carried, NOW) == KEYRING.verify(token, NOW)

    @pytest.mark.parametrize(
        "token", ["", " ", "abc", "a.b", "a.b.c", "a.b.c.d.e", "..", "é.é.é", "%ff.a.b", "\ud800"]
    )
    def test_what_is_no_jwt_is_malformed(self, token: str) -> None:
        assert refusal(token) == MALFORMED

    def test_a_token_that_is_too_long_is_not_looked_at(self) -> None:
        fitting = make(claims(padding="x" * 10_000))
        too_long = make(claims(padding="x" * TOKEN_LIMIT_BYTES))

        assert KEYRING.verify(fitting, NOW).role == "authenticated"
        assert refusal(too_long) == MALFORMED

    @pytest.mark.parametrize(
        "header",
        [
            b"",
            b"7",
            b'"alg"',
            b'["alg"]',
            b"{",
            b"\xff",
            {},
            {"alg": 5},
            {"alg": None},
            {"alg": ["HS256"]},
            {"alg": "HS256", "crit": ["exp"]},
            {"alg": "HS256", "crit": []},
            {"alg": "HS256", "b64": False, "crit": ["b64"]},
            {"alg": "HS256", "b64": False},
        ],
    )
    def test_a_header_that_is_not_understood_is_malformed(self, header: Any) -> None:
        assert refusal(forge(header, claims(), key=SECRET.encode())) == MALFORMED

    def test_an_encrypted_token_is_malformed(self) -> None:
        header = base64url(b'{"alg":"dir","enc":"A128GCM"}')

        assert refusal(f"{header}..AAAA.AAAA.AAAA") == MALFORMED

    def test_members_that_only_an_identity_provider_knows_are_ignored(self) -> None:
        token = make(claims(), cat="cl_B7d4PD111AAA", x=1)

        assert KEYRING.verify(token, NOW).role == "authenticated"

    def test_a_registered_member_of_the_wrong_type_is_refused(self) -> None:
        token = forge({"alg": "HS256", "x5c": 5}, claims(), key=SECRET.encode())

        assert refusal(token) == BAD_SIGNATURE


class TestSignatures:
    @pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
    def test_the_secret_verifies_hmac(self, algorithm: str) -> None:
        token = make(claims(), SECRET + "x" * 64, algorithm)
        keyring = Keyring(secret=SECRET + "x" * 64)

        assert keyring.verify(token, NOW).role == "authenticated"
        assert refusal(token) == BAD_SIGNATURE

    @pytest.mark.parametrize(
        ("algorithm", "key", "key_id"),
        [
            *((name, RSA_KEY, "rsa") for name in ("RS256", "RS384", "RS512")),
            *((name, RSA_KEY, "rsa") for name in ("PS256", "PS384", "PS512")),
            *((name, key, name.lower()) for name, key in EC_KEYS.items()),
            ("EdDSA", ED_KEY, "ed"),
        ],
    )
    def test_the_jwks_verifies_the_others(self, algorithm: str, key: Any, key_id: str) -> None:
        token = make(claims(), key, algorithm, kid=key_id)
        head, _, tail = token.partition(".")

        assert KEYRING.verify(token, NOW).role == "authenticated"
        assert refusal(f"{head}.{base64url(b'{}')}.{tail.partition('.')[2]}") == BAD_SIGNATURE

    def test_a_symmetric_key_of_the_jwks_is_chosen_by_its_id(self) -> None:
        assert KEYRING.verify(make(claims(), OTHER_SECRET, kid="symmetric"), NOW)
        assert refusal(make(claims(), SECRET, kid="symmetric")) == BAD_SIGNATURE
        assert refusal(make(claims(), OTHER_SECRET)) == BAD_SIGNATURE

    @pytest.mark.parametrize("key_id", ["unknown", "rsa", ""])
    def test_the_secret_verifies_hmac_with_any_other_id(self, key_id: str) -> None:
        assert KEYRING.verify(make(claims(), kid=key_id), NOW).role == "authenticated"

    def test_without_an_id_the_only_fitting_key_is_chosen(self) -> None:
        assert KEYRING.verify(make(claims(), EC_KEYS["ES256"], "ES256"), NOW)
        assert KEYRING.verify(make(claims(), ED_KEY, "EdDSA"), NOW)

    def test_a_single_key_needs_no_id_of_its_own(self) -> None:
        keyring = Keyring(
            secret="",
            jwks=json.dumps({"keys": [jwk(RSA_KEY.public_key(), RSAAlgorithm)]}),
        )

        assert keyring.verify(make(claims(), RSA_KEY, "RS256"), NOW)
        assert keyring.verify(make(claims(), RSA_KEY, "RS256", kid="any"), NOW)

    def test_of_several_keys_none_is_guessed(self) -> None:
        entry = jwk(RSA_KEY.public_key(), RSAAlgorithm)
        keyring = Keyring(secret="", jwks=json.dumps({"keys": [entry, entry]}))

        assert refusal(make(claims(), RSA_KEY, "RS256"), keyring) == NO_SIGNER

    def test_an_unknown_key_is_named(self) -> None:
        token = make(claims(), RSA_KEY, "RS256", kid="next")

        assert refusal(token) == (
            "JwtSignerError",
            (
                'Failed to generate JWT signer for key ID (kid) "next",'
                " check your JWT secret or JWKS configuration"
            ),
        )

    def test_the_name_of_an_unknown_key_is_not_repeated_at_length(self) -> None:
        _, message = refusal(make(claims(), RSA_KEY, "RS256", kid="k" * 5000))

        assert len(message) < 200

    def test_hmac_needs_a_symmetric_key(self) -> None:
        keyring = Keyring(secret="", jwks=json.dumps({"keys": JWKS["keys"][:1]}))

        assert refusal(make(claims()), keyring) == NO_SIGNER

    def test_hmac_without_an_id_prefers_the_secret(self) -> None:
        jwks = json.dumps({"keys": [{"kty": "oct", "k": base64url(OTHER_SECRET)}]})

        assert Keyring(secret=SECRET, jwks=jwks).verify(make(claims()), NOW)
        assert Keyring(secret="", jwks=jwks).verify(make(claims(), OTHER_SECRET), NOW)


class TestAttacks:
    @pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", "HS1", "RSA-OAEP"])
    @pytest.mark.parametrize("key", [None, SECRET.encode()])
    def test_an_unsigned_token_is_refused(self, algorithm: str, key: bytes | None) -> None:
        assert refusal(forge({"alg": algorithm}, claims(), key=key)) == NO_SIGNER

    def test_a_signature_that_was_removed_is_missed(self) -> None:
        token = make(claims())

        assert refusal(token.rpartition(".")[0] + ".") == BAD_SIGNATURE

    @pytest.mark.parametrize("key_id", ["rsa", None])
    @pytest.mark.parametrize(
        "key", [RSA_PEM, RSA_PEM.strip(), json.dumps(JWKS["keys"][0]).encode()]
    )
    def test_a_public_key_is_no_hmac_secret(self, key: bytes, key_id: str | None) -> None:
        header = {"alg": "HS256"} if key_id is None else {"alg": "HS256", "kid": key_id}

        assert refusal(forge(header, claims(), key=key)) == BAD_SIGNATURE

    @pytest.mark.parametrize(
        ("algorithm", "key_id"),
        [
            ("RS256", "es256"),
            ("ES256", "rsa"),
            ("ES256", "es384"),
            ("EdDSA", "rsa"),
            ("RS256", "symmetric"),
        ],
    )
    def test_an_algorithm_gets_only_a_key_of_its_kind(self, algorithm: str, key_id: str) -> None:
        reason, _ = refusal(forge({"alg": algorithm, "kid": key_id}, claims(), b"x" * 64))

        assert reason == "JwtSignerError"

    def test_a_key_may_be_meant_for_one_algorithm(self) -> None:
        entry = jwk(RSA_KEY.public_key(), RSAAlgorithm, kid="k", alg="RS256")
        keyring = Keyring(secret="", jwks=json.dumps({"keys": [entry]}))

        assert keyring.verify(make(claims(), RSA_KEY, "RS256", kid="k"), NOW)
        assert refusal(make(claims(), RSA_KEY, "PS256", kid="k"), keyring)[0] == "JwtSignerError"

    def test_a_key_for_encryption_verifies_nothing(self) -> None:
        entry = jwk(RSA_KEY.public_key(), RSAAlgorithm, kid="k", use="enc")
        keyring = Keyring(secret="", jwks=json.dumps({"keys": [entry]}))

        assert refusal(make(claims(), RSA_KEY, "RS256", kid="k"), keyring)[0] == "JwtSignerError"

    def test_a_key_in_the_header_is_not_trusted(self) -> None:
        attacker = ec.generate_private_key(ec.SECP256R1())
        own = jwk(attacker.public_key(), ECAlgorithm, kid="es256")

        token = make(claims(), attacker, "ES256", kid="es256", jwk=own)

        assert refusal(token) == BAD_SIGNATURE

    @pytest.mark.parametrize("signature", [b"", b"\x00" * 64, b"\x00" * 63, b"x"])
    @pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256", "PS256", "HS256"])
    def test_signatures_of_nothing_are_refused(self, algorithm: str, signature: bytes) -> None:
        key_id = {"ES256": "es256", "EdDSA": "ed", "RS256": "rsa", "PS256": "rsa"}.get(algorithm)

        assert (
            refusal(forge({"alg": algorithm, "kid": key_id}, claims(), signature)) == BAD_SIGNATURE
        )


class TestApiKeys:
    @pytest.mark.parametrize(
        ("key", "role"), [("sb_publishable_one", "anon"), ("sb_secret_two", "service_role")]
    )
    def test_an_opaque_key_names_a_role_and_does_not_expire(self, key: str, role: str) -> None:
        assert KEYRING.from_api_key(key, NOW) == Claims(role=role, document=f'{{"role":"{role}"}}')

    def test_a_jwt_is_verified_like_any_token(self) -> None:
        token = make(claims(role="anon"))

        assert KEYRING.from_api_key(token, NOW) == KEYRING.verify(token, NOW)
        with pytest.raises(ExpiredToken):
            KEYRING.from_api_key(token, NOW + 60)

    def test_many_keys_are_told_apart_whichever_are_kept(self) -> None:
        keys = [make(claims(role="anon", sub=str(n))) for n in range(KEYS_KEPT + 2)]

        subjects = [KEYRING.from_api_key(key, NOW).subject for key in (*keys, *keys)]

        assert subjects == [str(n) for n in range(KEYS_KEPT + 2)] * 2

    @pytest.mark.parametrize("key", [None, ""])
    def test_a_missing_key_is_said_to_be(self, key: str | None) -> None:
        with pytest.raises(TokenError, match=r"^API key is missing$"):
            KEYRING.from_api_key(key, NOW)

    @pytest.mark.parametrize(
        "key", ["sb_publishable_", "sb_secret_tw", "sb_secret_two ", "sb_é\ud800"]
    )
    def test_an_unknown_opaque_key_is_refused_without_repeating_it(self, key: str) -> None:
        with pytest.raises(TokenError, match=r"^Invalid API key$"):
            KEYRING.from_api_key(key, NOW)

    def test_keys_that_are_not_configured_open_nothing(self) -> None:
        with pytest.raises(TokenError):
            Keyring(secret=SECRET).from_api_key("sb_publishable_one", NOW)


class TestHandshakeTexts:
    """The texts Supabase Realtime 2.122.0 refuses handshakes with."""

    @pytest.mark.parametrize(
        ("key", "text"),
        [
            (None, "API key is missing"),
            ("nonsense", "The token provided is not a valid JWT"),
            (make(claims(), "x" * 40), "Failed to validate JWT signature"),
            (make(claims(exp=NOW - 100)), "Token has expired"),
            (make({"exp": 2_100_000_000}), "Fields `role` and `exp` are required in JWT"),
            (make({"role": "anon"}), "Fields `role` and `exp` are required in JWT"),
        ],
    )
    def test_a_refused_key_is_told_why(self, key: str | None, text: str) -> None:
        with pytest.raises(TokenError) as caught:
            KEYRING.from_api_key(key, NOW)

        assert handshake_text(caught.value) == text


class TestSigning:
    def test_what_is_signed_can_be_verified_here_and_elsewhere(self) -> None:
        token = KEYRING.sign({"role": "anon", "sub": "é"}, expires_in_s=60.9, now=NOW)

        assert KEYRING.verify(token, NOW).expires_at == NOW + 60
        elsewhere = pyjwt.decode(
            token, SECRET, ["HS256"], options={"verify_exp": False, "verify_iat": False}
        )
        assert elsewhere == {"role": "anon", "sub": "é", "iat": NOW, "exp": NOW + 60}

    def test_the_current_time_is_the_default(self) -> None:
        token = KEYRING.sign({"role": "anon"}, expires_in_s=3600)

        assert pyjwt.decode(token, SECRET, ["HS256"])["role"] == "anon"

    def test_a_keyring_without_a_secret_cannot_sign(self) -> None:
        keyring = Keyring(secret="", jwks=json.dumps(JWKS))

        with pytest.raises(SettingsError, match="set jwt_secret"):
            keyring.sign({"role": "anon"}, expires_in_s=60)


def signing(key: Any, algorithm: type[Any], **members: Any) -> dict[str, Any]:
    """Make a private JWK that is for signing."""
    return jwk(key, algorithm, **{"key_ops": ["sign"], **members})


class TestIssuing:
    @pytest.mark.parametrize(
        ("name", "entry", "key"),
        [
            ("ES256", signing(EC_KEYS["ES256"], ECAlgorithm), EC_KEYS["ES256"].public_key()),
            ("ES384", signing(EC_KEYS["ES384"], ECAlgorithm), EC_KEYS["ES384"].public_key()),
            ("RS256", signing(RSA_KEY, RSAAlgorithm), RSA_KEY.public_key()),
            ("PS256", signing(RSA_KEY, RSAAlgorithm, alg="PS256"), RSA_KEY.public_key()),
            ("EdDSA", signing(ED_KEY, OKPAlgorithm), ED_KEY.public_key()),
            (
                "HS256",
                {"kty": "oct", "k": base64url(OTHER_SECRET), "key_ops": ["sign", "verify"]},
                OTHER_SECRET,
            ),
        ],
    )
    def test_the_key_for_signing_signs_by_its_name(
        self, name: str, entry: dict[str, Any], key: Any
    ) -> None:
        keyring = Keyring(secret=SECRET, jwks=json.dumps({"keys": [{**entry, "kid": "mine"}]}))

        token = keyring.issue({"role": "authenticated", "sub": "u"}, expires_in_s=60, now=NOW)

        header = pyjwt.get_unverified_header(token)
        assert header == {"alg": name, "kid": "mine", "typ": "JWT"}
        assert keyring.verify(token, NOW).subject == "u"
        options: Any = {"verify_exp": False, "verify_iat": False}
        assert pyjwt.decode(token, key, [name], options=options)["sub"] == "u"

    def test_without_such_a_key_the_secret_signs(self) -> None:
        token = KEYRING.issue({"role": "anon"}, expires_in_s=60, now=NOW)

        assert pyjwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
        assert KEYRING.verify(token, NOW).role == "anon"
        assert KEYRING.can_issue

    def test_without_any_key_nothing_is_issued(self) -> None:
        keyring = Keyring(secret="", jwks=json.dumps(JWKS))

        assert not keyring.can_issue
        with pytest.raises(SettingsError):
            keyring.issue({"role": "anon"}, expires_in_s=60)

    def test_a_key_without_a_name_gets_one(self) -> None:
        keyring = Keyring(
            secret="", jwks=json.dumps({"keys": [signing(EC_KEYS["ES256"], ECAlgorithm)]})
        )

        token = keyring.issue({"role": "anon"}, expires_in_s=60, now=NOW)

        (public,) = keyring.public_keys()
        assert isinstance(public, dict)
        assert pyjwt.get_unverified_header(token)["kid"] == public["kid"]
        assert keyring.verify(token, NOW).role == "anon"

    def test_a_secret_still_signs_api_keys(self) -> None:
        entry = signing(EC_KEYS["ES256"], ECAlgorithm, kid="mine")
        keyring = Keyring(secret=SECRET, jwks=json.dumps({"keys": [entry]}))

        token = keyring.sign({"role": "anon"}, expires_in_s=60, now=NOW)

        assert pyjwt.get_unverified_header(token)["alg"] == "HS256"
        assert keyring.verify(token, NOW).role == "anon"

    def test_keys_are_changed_without_signing_anybody_out(self) -> None:
        first, second = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

        def keyring(**operations: list[str]) -> Keyring:
            keys = {"first": first, "second": second}
            entries = [
                jwk(keys[name], ECAlgorithm, kid=name, key_ops=asked)
                for name, asked in operations.items()
            ]
            return Keyring(secret="", jwks=json.dumps({"keys": entries}))

        before = keyring(first=["sign", "verify"])
        standby = keyring(first=["sign", "verify"], second=["verify"])
        changed = keyring(first=["verify"], second=["sign", "verify"])
        after = keyring(second=["sign", "verify"])
        old = before.issue({"role": "anon"}, expires_in_s=60, now=NOW)
        new = changed.issue({"role": "anon"}, expires_in_s=60, now=NOW)

        assert pyjwt.get_unverified_header(new)["kid"] == "second"
        for keys in (standby, changed):
            assert keys.verify(old, NOW) == keys.verify(new, NOW)
        assert after.verify(new, NOW).role == "anon"
        assert refusal(old, after)[0] == "JwtSignerError"

    def test_only_public_halves_are_shown(self) -> None:
        entries = [
            signing(EC_KEYS["ES256"], ECAlgorithm, kid="ec", use="sig"),
            jwk(RSA_KEY, RSAAlgorithm, kid="rsa", alg="RS256"),
            jwk(RSA_KEY.public_key(), RSAAlgorithm, kid="encryption", use="enc"),
            {"kty": "oct", "k": base64url(OTHER_SECRET), "kid": "symmetric"},
        ]

        shown = Keyring(secret=SECRET, jwks=json.dumps({"keys": entries})).public_keys()

        assert shown == [
            {
                **jwk(EC_KEYS["ES256"].public_key(), ECAlgorithm, kid="ec"),
                "key_ops": ["verify"],
                "use": "sig",
            },
            {
                **jwk(RSA_KEY.public_key(), RSAAlgorithm, kid="rsa", alg="RS256"),
                "key_ops": ["verify"],
                "use": "sig",
            },
        ]

    @pytest.mark.parametrize(
        ("entries", "text"),
        [
            (
                [signing(RSA_KEY, RSAAlgorithm), signing(ED_KEY, OKPAlgorithm)],
                "more than one key of jwks",
            ),
            ([signing(RSA_KEY.public_key(), RSAAlgorithm)], "not a private one"),
        ],
    )
    def test_what_cannot_sign_is_refused(self, entries: list[Any], text: str) -> None:
        with pytest.raises(SettingsError, match=text):
            Keyring(secret=SECRET, jwks=json.dumps({"keys": entries}))


class TestSettings:
    def test_some_key_is_needed(self) -> None:
        with pytest.raises(SettingsError, match="set jwt_secret, jwks or both"):
            Keyring(secret="")

    def test_a_short_secret_is_refused_with_advice(self) -> None:
        with pytest.raises(SettingsError, match=r"shorter than 32 bytes.*openssl rand"):
            Keyring(secret="x" * 31)

    def test_a_secret_that_is_a_public_key_is_refused(self) -> None:
        with pytest.raises(SettingsError, match="put it into jwks"):
            Keyring(secret=RSA_PEM.decode())
        with pytest.raises(SettingsError, match="put it into jwks"):
            Keyring(secret="-----BEGIN something that only looks like a key")

    @pytest.mark.parametrize(
        ("jwks", "text"),
        [
            ("{", "jwks is not JSON"),
            ("[]", "must look like"),
            ('{"keys": {}}', "must look like"),
            ('{"keys": ["x"]}', "key 0 of jwks is not an object"),
            ('{"keys": [{"kty": "RSA"}]}', "key 0 of jwks is malformed or too weak"),
            ('{"keys": [{"kty": "oct", "k": ""}]}', "key 0 of jwks is malformed or too weak"),
            (
                '{"keys": [{"kty": "oct", "k": "c2hvcnQ"}]}',
                "key 0 of jwks is malformed or too weak",
            ),
            (
                json.dumps({"keys": [{"kty": "oct", "k": base64url(b"x" * 31)}]}),
                "key 0 of jwks is shorter than 32 bytes",
            ),
            (
                '{"keys": [{"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}]}',
                "key 0 of jwks is malformed or too weak",
            ),
            ('{"keys": [{"kty": "OKP", "crv": "X", "x": "AAAA"}]}', "malformed or too weak"),
            ('{"keys": [{"kty": "RSA", "use": 5, "key_ops": 5}]}', "malformed or too weak"),
        ],
    )
    def test_a_bad_key_set_is_refused(self, jwks: str, text: str) -> None:
        with pytest.raises(SettingsError, match=text):
            Keyring(secret=SECRET, jwks=jwks)

    def test_a_weak_rsa_key_is_refused(self) -> None:
        weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
        entry = jwk(weak.public_key(), RSAAlgorithm)

        with pytest.raises(SettingsError, match="too weak"):
            Keyring(secret="", jwks=json.dumps({"keys": [entry]}))

    def test_secrets_are_not_shown(self) -> None:
        assert SECRET not in repr(KEYRING)
        assert "sb_secret_two" not in repr(KEYRING)
        with pytest.raises(SettingsError) as caught:
            Keyring(secret="short but secret")
        assert "short but secret" not in str(caught.value)
