"""
Who sends a REST request: the Authorization header → `Claims`.

The original's rules differ from those of channels: a token need not expire, one without a
role acts as the anonymous role, and each mistake has its own message.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from slotcast import strict_json
from slotcast.claims import Claims
from slotcast.errors import TokenError
from slotcast.rest.errors import ErrorBody, RestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slotcast.claims import JsonValue
    from slotcast.tokens import Keyring

LEEWAY_S: Final = 30.0
"""How far the clock of whoever signed a token may be from ours."""

CACHED_TOKENS: Final = 1000
"""How many verified tokens are remembered; their times are looked at each time."""

_SCHEME: Final = "bearer"

_PART_COUNT: Final = 3

_TIMES: Final = ("exp", "nbf", "iat")


class Identification:
    """
    Tells who sends a request.

    Args:
        keyring: Verifies tokens; None when the server has no keys.
        anonymous_role: Role of requests that do not say who sends them; None to refuse those.
        audience: What the ``aud`` claim has to be or contain; None for anything.
    """

    def __init__(
        self, keyring: Keyring | None, *, anonymous_role: str | None, audience: str | None = None
    ) -> None:
        self._keyring = keyring
        self._anonymous_role = anonymous_role
        self._audience = audience
        self._anonymous = (
            None
            if anonymous_role is None
            else Claims(
                role=anonymous_role, document=strict_json.canonical({"role": anonymous_role})
            )
        )
        self._verified = lru_cache(CACHED_TOKENS)(self._verify)

    def identify(self, authorization: str | None, now: float) -> Claims:
        """
        Give the role and claims a request acts with.

        Args:
            authorization: The header's value; None without one.
            now: Seconds since the epoch.

        Raises:
            RestError: PGRST300: there are no keys; PGRST301: the token is no good; PGRST302:
                there is none, and there has to be; PGRST303: its claims do not hold now.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != _SCHEME:
            return self._nobody()
        verified = self._verified(token.strip())
        _check_times(verified, now)
        return verified.claims or self._nobody()

    def is_anonymous(self, claims: Claims) -> bool:
        """Whether *claims* are those of requests that do not say who sends them."""
        return claims.role == self._anonymous_role

    def _nobody(self) -> Claims:
        if self._anonymous is None:
            raise RestError(
                401,
                ErrorBody("PGRST302", "Anonymous access is disabled"),
                headers=(("WWW-Authenticate", "Bearer"),),
            )
        return self._anonymous

    def _verify(self, token: str) -> _Verified:
        """Verify all of a token that stays true."""
        if self._keyring is None:
            raise RestError(500, ErrorBody("PGRST300", "Server lacks JWT secret"))
        claims = _signed_claims(self._keyring, token)
        times = {name: _time(claims, name) for name in _TIMES}
        self._check_audience(claims.get("aud"))
        return _Verified(claims=self._claims(claims), **times)

    def _check_audience(self, audience: JsonValue) -> None:
        match audience:
            case None | []:
                return
            case str():
                found: list[JsonValue] = [audience]
            case list() if all(isinstance(one, str) for one in audience):
                found = audience
            case _:
                raise _bad_claims("The JWT 'aud' claim must be a string or an array of strings")
        if self._audience is not None and self._audience not in found:
            raise _bad_claims("JWT not in audience")

    def _claims(self, claims: Mapping[str, JsonValue]) -> Claims | None:
        """Give what PostgreSQL is told; None if there is no role to act as."""
        role = claims.get("role", self._anonymous_role)
        if not isinstance(role, str):
            return None
        subject = claims.get("sub")
        return Claims(
            role=role,
            document=strict_json.canonical({**claims, "role": role}),
            subject=subject if isinstance(subject, str) else None,
            expires_at=_time(claims, "exp"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verified:
    """A token whose signature is right, with its times in seconds since the epoch."""

    claims: Claims | None
    exp: float | None
    nbf: float | None
    iat: float | None


def _signed_claims(keyring: Keyring, token: str) -> dict[str, JsonValue]:
    if not token:
        raise _bad_token("Empty JWT is sent in Authorization header")
    parts = token.count(".") + 1
    if parts != _PART_COUNT:
        raise _bad_token(f"Expected {_PART_COUNT} parts in JWT; got {parts}")
    try:
        claims, _ = keyring.signed_claims(token)
    except TokenError as error:
        raise _bad_token(*_DECODING.get(error.reason, _UNREADABLE)) from None
    return claims


_UNREADABLE: Final = ("JWT couldn't be decoded",)

_DECODING: Final[Mapping[str, tuple[str, ...]]] = {
    "JwtSignerError": (
        "No suitable key or wrong key type",
        "None of the keys was able to decode the JWT",
    ),
    "JwtSignatureError": ("JWT cryptographic operation failed",),
}


def _time(claims: Mapping[str, JsonValue], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _bad_claims(f"The JWT '{name}' claim must be a number")
    try:
        return float(value)
    except OverflowError:
        raise _bad_claims(f"The JWT '{name}' claim must be a number") from None


def _check_times(verified: _Verified, now: float) -> None:
    if verified.exp is not None and verified.exp < now - LEEWAY_S:
        raise _bad_claims("JWT expired")
    if verified.nbf is not None and verified.nbf > now + LEEWAY_S:
        raise _bad_claims("JWT not yet valid")
    if verified.iat is not None and verified.iat > now + LEEWAY_S:
        raise _bad_claims("JWT issued at future")


def _bad_token(message: str, details: str | None = None) -> RestError:
    return _unauthorized(ErrorBody("PGRST301", message, details))


def _bad_claims(message: str) -> RestError:
    return _unauthorized(ErrorBody("PGRST303", message))


def _unauthorized(body: ErrorBody) -> RestError:
    description = body.message.replace('"', "'")
    challenge = f'Bearer error="invalid_token", error_description="{description}"'
    return RestError(401, body, headers=(("WWW-Authenticate", challenge),))
