"""
JSON Web Tokens and API keys, verified into `Claims`.

A client proves who it is twice: with the API key of its connection, and with the token of
a signed-in user. Both end here. Every rejection is a `TokenError` whose reason and message
are the ones Supabase Realtime answers with, because clients show and compare them.

Which key may verify a token is decided by the kind of its algorithm before any signature is
computed: HMAC takes the project's secret or a symmetric key of the JWKS, everything else an
asymmetric key of the JWKS. A public key therefore never serves as an HMAC secret.

The key of the JWKS whose `key_ops` name ``sign`` signs the tokens of users, so that others can
verify them by its public half. Keys are changed without signing anybody out: the new one is
added without ``sign`` until everybody who keeps a copy of the public keys has it, then it gets
``sign`` and the old one loses it, and once the old one's tokens have expired it is removed.

Source:
    RFC 7515 (JWS), RFC 7517 (JWK), RFC 7518 (JWA), RFC 7519 (JWT), RFC 8037 (EdDSA),
    RFC 8725 (JWT Best Current Practices).
"""

from __future__ import annotations

import binascii
import hmac
import time
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeGuard, cast
from urllib.parse import unquote

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning, UnsupportedAlgorithmError
from joserfc.jwk import JWKRegistry, Key, OctKey
from joserfc.util import urlsafe_b64decode

from slotcast import strict_json
from slotcast.claims import Claims
from slotcast.errors import ExpiredToken, SettingsError, TokenError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joserfc._rfc7515.model import JWSAlgModel
    from joserfc.jwk import DictKey

    from slotcast.claims import JsonValue

TOKEN_LIMIT_BYTES: Final = 16 * 1024
"""Longest token that is looked at."""
SECRET_MINIMUM_BYTES: Final = 32
"""Shortest HMAC secret: the output of SHA-256, as RFC 7518 section 3.2 demands."""
KEYS_KEPT: Final = 64
"""Most API keys whose signature is not verified again; of more, the ones longest not shown are."""
NOT_BEFORE_LEEWAY_S: Final = 30.0
"""How far the clock of whoever signed a token may be ahead of ours."""

NOT_A_JWT: Final = "The token provided is not a valid JWT"
BAD_SIGNATURE: Final = "Failed to validate JWT signature"
MISSING_FIELDS: Final = "Fields `role` and `exp` are required in JWT"
BAD_EXPIRATION: Final = "Token expiration time is invalid"
BAD_ISSUED_AT: Final = "Field `iat` must be a number in JWT"
NOT_YET_VALID: Final = "Token is not valid yet"
HOLDS_NULL_CHARACTER: Final = "JWT claims must not contain the character \\u0000"
KEY_MISSING: Final = "API key is missing"
KEY_UNKNOWN: Final = "Invalid API key"

_OPAQUE_PREFIX: Final = "sb_"
_HMAC_ALGORITHMS: Final = frozenset({"HS256", "HS384", "HS512"})
_ASYMMETRIC_ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
    | {"ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
_SIGNING_ALGORITHMS: Final = ("ES256", "RS256", "EdDSA", "ES384", "ES512", "HS256")
"""What a key that does not say its algorithm signs with: the first that it fits."""
_LATEST_EXPIRATION_S: Final = 2**53
"""Beyond it a float no longer holds whole seconds."""
_SHOWN_KEY_ID_LIMIT: Final = 64


class Keyring:
    """
    The keys of a project: verifies tokens and API keys, and signs tokens.

    Args:
        secret: For HS256, HS384 and HS512; empty when only the JWKS is used.
        jwks: A JSON Web Key Set as JSON text; empty for none. Keys of unknown types are
            passed over. A single one may be for signing.
        publishable_key: The opaque API key for the role `anon`; empty for none.
        secret_key: The opaque API key for the role `service_role`; empty for none.

    Raises:
        SettingsError: A key is too short or malformed.
    """

    __slots__ = ("_keys", "_known_keys", "_opaque_keys", "_secret", "_signer")

    def __init__(
        self, *, secret: str, jwks: str = "", publishable_key: str = "", secret_key: str = ""
    ) -> None:
        if not secret and not jwks:
            raise SettingsError("no tokens can be verified: set jwt_secret, jwks or both")
        self._secret = _import_secret(secret) if secret else None
        keys = _import_jwks(jwks) if jwks else ()
        self._signer = _signer(keys)
        self._keys = tuple(map(_verifier, keys))
        self._known_keys: dict[str, tuple[dict[str, JsonValue], str]] = {}
        self._opaque_keys = tuple(
            (key.encode(), role)
            for key, role in ((publishable_key, "anon"), (secret_key, "service_role"))
            if key
        )

    def verify(self, token: str, now: float) -> Claims:
        """
        Verify a JWT and give what it says.

        Args:
            token: Compact serialization; percent-encoding and white space are undone.
            now: Seconds since the epoch.

        Raises:
            ExpiredToken: It was valid until at most *now*.
            TokenError: Anything else is wrong with it.
        """
        claims, document = self.signed_claims(token)
        return _read_claims(claims, document, now)

    def signed_claims(self, token: str) -> tuple[dict[str, JsonValue], str]:
        """
        Verify who signed a JWT; what it says is not judged, not even whether it has expired.

        Args:
            token: As for `verify`.

        Returns:
            The claims, and the same as JSON in canonical form.

        Raises:
            TokenError: No key fits, the signature is wrong, or it holds no JSON object.
        """
        payload = self._verified_payload(_clean(token))
        try:
            claims = strict_json.loads(payload)
            document = strict_json.canonical(claims)
        except ValueError:
            raise _malformed() from None
        if not isinstance(claims, dict):
            raise _malformed()
        # In canonical form the character is always written as an escape, and a backslash
        # as two, so that removing those pairs leaves only true escapes.
        if "\\u0000" in document.replace("\\\\", ""):
            raise _invalid(HOLDS_NULL_CHARACTER)
        return claims, document

    def from_api_key(self, key: str | None, now: float) -> Claims:
        """
        Verify the API key of a connection: an opaque ``sb_…`` key or a JWT.

        An opaque key names a role and nobody, and does not expire.

        Args:
            key: As the client sent it; None or empty when it sent none.
            now: Seconds since the epoch.

        Raises:
            TokenError: It is missing, unknown or not a valid JWT.
        """
        if not key:
            raise TokenError("MalformedJWT", KEY_MISSING)
        role = self._opaque_role(key)
        if role is not None:
            return Claims(role=role, document=strict_json.canonical({"role": role}))
        if key.startswith(_OPAQUE_PREFIX):
            raise TokenError("MalformedJWT", KEY_UNKNOWN)
        claims, document = self._key_claims(key)
        return _read_claims(claims, document, now)

    def _key_claims(self, key: str) -> tuple[dict[str, JsonValue], str]:
        """Do as `signed_claims`; most connections show the same few keys, which are kept."""
        found = self._known_keys.pop(key, None) or self.signed_claims(key)
        self._known_keys[key] = found
        if len(self._known_keys) > KEYS_KEPT:
            del self._known_keys[next(iter(self._known_keys))]
        return found

    def sign(
        self,
        claims: Mapping[str, JsonValue],
        *,
        expires_in_s: float,
        now: float | None = None,
    ) -> str:
        """
        Make an HS256 token that `verify` accepts.

        Args:
            claims: Should name a `role`; `iat` and `exp` are added.
            expires_in_s: How long the token is valid from *now* on.
            now: Seconds since the epoch; None for the current time.

        Raises:
            SettingsError: There is no secret to sign with.
        """
        if self._secret is None:
            raise SettingsError("tokens cannot be signed without a secret: set jwt_secret")
        return _signed({"alg": "HS256", "typ": "JWT"}, claims, self._secret, expires_in_s, now)

    def issue(
        self,
        claims: Mapping[str, JsonValue],
        *,
        expires_in_s: float,
        now: float | None = None,
    ) -> str:
        """
        Make a token that `verify` accepts, with the key of the JWKS that is for signing.

        Args:
            claims: As for `sign`, which does the same when there is no such key.
            expires_in_s: As for `sign`.
            now: As for `sign`.

        Raises:
            SettingsError: There is nothing to sign with.
        """
        if self._signer is None:
            return self.sign(claims, expires_in_s=expires_in_s, now=now)
        key, algorithm = self._signer
        header: dict[str, JsonValue] = {"alg": algorithm, "kid": key.kid, "typ": "JWT"}
        return _signed(header, claims, key, expires_in_s, now)

    @property
    def can_issue(self) -> bool:
        """Whether there is a key to sign with."""
        return self._signer is not None or self._secret is not None

    def public_keys(self) -> list[JsonValue]:
        """Give the keys that others can verify tokens by, as JWKs."""
        return [
            cast(
                "JsonValue",
                {**key.as_dict(private=False), "key_ops": ["verify"], "use": "sig"},
            )
            for key in self._keys
            if any(_fits(_REGISTRY.get_alg(name), key) for name in _ASYMMETRIC_ALGORITHMS)
        ]

    def _opaque_role(self, key: str) -> str | None:
        """Compare *key* with every opaque key, in a time that tells nothing about them."""
        given = key.encode(errors="replace")
        found = None
        for known, role in self._opaque_keys:
            if hmac.compare_digest(given, known):
                found = role
        return found

    def _verified_payload(self, token: str) -> bytes:
        """
        Give the payload of *token*, whose signature is right.

        Raises:
            TokenError: It is no JWS, no key fits it, or its signature is wrong.
        """
        header = _decode_header(token)
        algorithm, key_id = header["alg"], header.get("kid")
        if not isinstance(algorithm, str):
            raise _malformed()
        key = self._key(algorithm, key_id if isinstance(key_id, str) else None)
        try:
            signed = jws.deserialize_compact(token, key, registry=_REGISTRY)
        except (JoseError, ValueError, TypeError):
            raise TokenError("JwtSignatureError", BAD_SIGNATURE) from None
        return signed.payload

    def _key(self, algorithm: str, key_id: str | None) -> Key:
        """
        Choose the key for a token by what its header says.

        Raises:
            TokenError: There is none, or the algorithm is not served (such as ``none``).
        """
        if algorithm in _HMAC_ALGORITHMS | _ASYMMETRIC_ALGORITHMS:
            fitting = self._fitting(algorithm)
            for key in fitting:
                if key_id is not None and key.kid == key_id:
                    return key
            if algorithm in _HMAC_ALGORITHMS and self._secret is not None:
                return self._secret
            if len(fitting) == 1 and (key_id is None or fitting[0].kid is None):
                return fitting[0]
        raise TokenError("JwtSignerError", signer_error(key_id))

    def _fitting(self, algorithm: str) -> list[Key]:
        """List the keys of the JWKS that are meant for *algorithm*."""
        model = _REGISTRY.get_alg(algorithm)
        return [key for key in self._keys if _fits(model, key)]


def _signed(
    header: dict[str, JsonValue],
    claims: Mapping[str, JsonValue],
    key: Key,
    expires_in_s: float,
    now: float | None,
) -> str:
    """Make a token of *claims*, with its times."""
    issued_at = int(time.time() if now is None else now)
    full = {**claims, "iat": issued_at, "exp": issued_at + int(expires_in_s)}
    return jws.serialize_compact(header, strict_json.dumps(full), key, registry=_REGISTRY)


def handshake_text(error: TokenError) -> str:
    """Give the text with which a handshake is refused; it does not count seconds."""
    return "Token has expired" if isinstance(error, ExpiredToken) else str(error)


def signer_error(key_id: str | None) -> str:
    """Say that no key fits a token, naming the key it asked for."""
    subject = "" if key_id is None else f' for key ID (kid) "{key_id[:_SHOWN_KEY_ID_LIMIT]}"'
    return f"Failed to generate JWT signer{subject}, check your JWT secret or JWKS configuration"


class _Registry(jws.JWSRegistry):
    """
    What joserfc may accept: our algorithms, and headers it does not know.

    Identity providers put members of their own into the header; those that would change
    how the token is read are refused by `_decode_header`.
    """

    max_header_length = TOKEN_LIMIT_BYTES
    max_payload_length = TOKEN_LIMIT_BYTES
    max_signature_length = TOKEN_LIMIT_BYTES

    def get_alg(self, name: str) -> JWSAlgModel:
        # The original warns of EdDSA, which RFC 9864 renamed but nobody's tokens follow.
        if name not in _HMAC_ALGORITHMS | _ASYMMETRIC_ALGORITHMS:
            raise UnsupportedAlgorithmError(f"{name} is not served")
        return self.algorithms[name]


_REGISTRY: Final = _Registry(strict_check_header=False)


def _clean(token: str) -> str:
    """
    Undo what carrying a token in a URL or a header did to it.

    Raises:
        TokenError: It is too long.
    """
    if len(token) > TOKEN_LIMIT_BYTES:
        raise _malformed()
    return "".join(unquote(token).split())


def _decode_header(token: str) -> dict[str, JsonValue]:
    """
    Read the header of a JWS in compact serialization.

    Raises:
        TokenError: *token* has no such header, or one that asks for an extension (`crit`,
            `b64`) under which the token would mean something else.
    """
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, payload, signature; a JWE has five
        raise _malformed()
    try:
        header = strict_json.loads(urlsafe_b64decode(parts[0].encode()))
    except (binascii.Error, ValueError):
        raise _malformed() from None
    if not isinstance(header, dict) or "alg" not in header:
        raise _malformed()
    if "crit" in header or "b64" in header:
        raise _malformed()
    return header


def _read_claims(claims: dict[str, JsonValue], document: str, now: float) -> Claims:
    """
    Check the registered claims of a token whose signature is right.

    Raises:
        ExpiredToken: `exp` is not later than *now*.
        TokenError: A claim is missing, of the wrong type or not valid yet.
    """
    role, expiration, subject = claims.get("role"), claims.get("exp"), claims.get("sub")
    if not isinstance(role, str) or not role or expiration is None:
        raise _invalid(MISSING_FIELDS)
    if not _is_number(expiration) or abs(expiration) > _LATEST_EXPIRATION_S:
        raise _invalid(BAD_EXPIRATION)
    if expiration <= now:
        raise ExpiredToken("InvalidJWTToken", expired(now - expiration))
    if "iat" in claims and not _is_number(claims["iat"]):
        raise _invalid(BAD_ISSUED_AT)
    not_before = claims.get("nbf", now)
    if not _is_number(not_before) or not_before > now + NOT_BEFORE_LEEWAY_S:
        raise _invalid(NOT_YET_VALID)
    return Claims(
        role=role,
        document=document,
        subject=subject if isinstance(subject, str) else None,
        expires_at=float(expiration),
    )


def expired(seconds: float) -> str:
    """Say that a token expired *seconds* ago, 0 at the moment it does."""
    return f"Token has expired {int(seconds)} seconds ago"


def _is_number(value: JsonValue) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _malformed() -> TokenError:
    return TokenError("MalformedJWT", NOT_A_JWT)


def _invalid(message: str) -> TokenError:
    return TokenError("InvalidJWTToken", message)


def _import_secret(secret: str) -> OctKey:
    """
    Make the HMAC key of the project.

    Raises:
        SettingsError: *secret* is too short, or is really a public key.
    """
    if len(secret.encode()) < SECRET_MINIMUM_BYTES:
        raise SettingsError(
            f"jwt_secret is shorter than {SECRET_MINIMUM_BYTES} bytes, so its tokens could be"
            " forged; make one with: openssl rand -base64 48"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", SecurityWarning)
            return OctKey.import_key(secret)
    except (ValueError, SecurityWarning):
        raise SettingsError(
            "jwt_secret is a public key, which anybody may know; put it into jwks"
        ) from None


def _import_jwks(text: str) -> tuple[Key, ...]:
    """
    Read the keys of a JSON Web Key Set.

    Raises:
        SettingsError: *text* is not a key set, or one of its keys is malformed or weak.
    """
    try:
        key_set = strict_json.loads(text)
    except ValueError as error:
        raise SettingsError(f"jwks is not JSON: {error}") from None
    entries = key_set.get("keys") if isinstance(key_set, dict) else None
    if not isinstance(entries, list):
        raise SettingsError('jwks must look like {"keys": [...]}')
    return tuple(
        _import_key(position, entry)
        for position, entry in enumerate(entries)
        if not isinstance(entry, dict) or entry.get("kty") in JWKRegistry.key_types
    )


def _import_key(position: int, entry: JsonValue) -> Key:
    """Make a key of the JWK *entry*, which stands at *position* in its set."""
    if not isinstance(entry, dict):
        raise SettingsError(f"key {position} of jwks is not an object")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", SecurityWarning)
            key = JWKRegistry.import_key(cast("DictKey", entry))
    except (JoseError, ValueError, TypeError, KeyError, SecurityWarning):
        # What was wrong is not repeated: it may quote the key.
        raise SettingsError(f"key {position} of jwks is malformed or too weak") from None
    if isinstance(key, OctKey) and len(key.raw_value) < SECRET_MINIMUM_BYTES:
        raise SettingsError(f"key {position} of jwks is shorter than {SECRET_MINIMUM_BYTES} bytes")
    return key


def _signer(keys: tuple[Key, ...]) -> tuple[Key, str] | None:
    """
    Find the key that is for signing, and its algorithm.

    Raises:
        SettingsError: There are several, or it is not a private one.
    """
    signers = [key for key in keys if _is_for_signing(key)]
    if not signers:
        return None
    if len(signers) > 1:
        raise SettingsError('more than one key of jwks has "sign" among its key_ops')
    (key,) = signers
    if not key.is_private:
        raise SettingsError('the key of jwks with "sign" among its key_ops is not a private one')
    for name in (key.alg, *_SIGNING_ALGORITHMS):
        with suppress(JoseError):
            if name is not None:
                _REGISTRY.get_alg(name).check_key(key)
                key.ensure_kid()
                return key, name
    raise SettingsError('the key of jwks with "sign" among its key_ops fits no algorithm')


def _verifier(key: Key) -> Key:
    """Give the half of *key* that verifies; all of it when it is not for signing."""
    if not _is_for_signing(key):
        return key
    half = key.as_dict(private=isinstance(key, OctKey))
    return JWKRegistry.import_key({**half, "key_ops": ["verify"]})


def _is_for_signing(key: Key) -> bool:
    return "sign" in (key.get("key_ops") or ())


def _fits(model: JWSAlgModel, key: Key) -> bool:
    """Tell whether *key* has the type, curve and purpose that the algorithm needs."""
    try:
        model.check_key(key)
        key.check_key_op("verify")
    except JoseError:
        return False
    return True
