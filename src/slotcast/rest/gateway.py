"""
Who sends a request, once the API key has been looked at.

Supabase has a gateway in front of PostgREST that asks for an API key and turns opaque keys
into tokens. Here both are in one place: the key of a project opens the door, and decides
the role of requests that bring no token of a user.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

from slotcast import strict_json
from slotcast.errors import TokenError
from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.identity import Identification
from slotcast.rest.response.answer import Response

if TYPE_CHECKING:
    from slotcast.claims import Claims
    from slotcast.rest.request.reading import HttpRequest
    from slotcast.tokens import Keyring

OPAQUE_PREFIX: Final = "sb_"
_UNAUTHORIZED: Final = 401
_BEARER: Final = "bearer"
_KEY_PARAMETER: Final = b"apikey="


class KeyRefused(RestError):
    """The API key is missing or unknown; the gateway's body is another than REST's."""


class Gateway:
    """
    Tells who sends a request.

    Args:
        keyring: Verifies tokens and API keys.
        is_key_needed: Whether requests have to bring an API key.
        audience: What the ``aud`` claim has to be or contain; None for anything.
    """

    def __init__(
        self, keyring: Keyring, *, is_key_needed: bool, audience: str | None = None
    ) -> None:
        self._keyring = keyring
        self._is_key_needed = is_key_needed
        self._audience = audience
        self._identification = Identification(keyring, anonymous_role=None, audience=audience)
        self._anonymous_role: str | None = None

    def follow(self, anonymous_role: str | None) -> None:
        """Have requests that do not say who sends them act as *anonymous_role* from now on."""
        if anonymous_role != self._anonymous_role:
            self._anonymous_role = anonymous_role
            self._identification = Identification(
                self._keyring, anonymous_role=anonymous_role, audience=self._audience
            )

    def with_key_of_url(self, http: HttpRequest) -> HttpRequest:
        """
        Take the API key out of the query string, for what follows to find it in the header.

        It is there where no header can be sent, as by calendars that subscribe to a URL. A
        header that is sent as well wins.
        """
        if not self._is_key_needed or _KEY_PARAMETER not in http.query:
            return http
        parts = http.query.split(b"&")
        keys = [part for part in parts if part.startswith(_KEY_PARAMETER)]
        if not keys:
            return http
        headers = list(http.headers)
        if http.header("apikey") is None:
            headers.append(
                ("apikey", unquote_plus(keys[0][len(_KEY_PARAMETER) :].decode("latin-1")))
            )
        query = b"&".join(part for part in parts if part not in keys)
        return replace(http, query=query, headers=headers)

    def identify(self, http: HttpRequest, now: float) -> Claims:
        """
        Give the role and claims that a request acts with.

        Args:
            http: The request.
            now: Seconds since the epoch.

        Raises:
            KeyRefused: The API key is missing or unknown.
            RestError: The token is no good.
        """
        authorization = http.header("authorization")
        key = http.header("apikey")
        if self._is_key_needed:
            from_key = self._check_key(key, now)
            if authorization is None:
                return from_key
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() == _BEARER and token.strip().startswith(OPAQUE_PREFIX):
            return self._check_key(token.strip(), now)
        return self._identification.identify(authorization, now)

    def _check_key(self, key: str | None, now: float) -> Claims:
        """
        Verify an API key.

        Raises:
            KeyRefused: It is missing or unknown.
        """
        if not key:
            message = "No API key found in request"
            raise KeyRefused(
                _UNAUTHORIZED,
                ErrorBody("", message, None, "No `apikey` request header or url param was found."),
            )
        if not key.startswith(OPAQUE_PREFIX):
            return self._identify_key(key, now)
        try:
            return self._keyring.from_api_key(key, now)
        except TokenError:
            raise _unknown_key() from None

    def _identify_key(self, key: str, now: float) -> Claims:
        """Verify a key that is a token; those are remembered."""
        try:
            return self._identification.identify(f"Bearer {key}", now)
        except RestError:
            raise _unknown_key() from None


def _unknown_key() -> KeyRefused:
    hint = "Double check your Supabase `anon` or `service_role` API key."
    return KeyRefused(_UNAUTHORIZED, ErrorBody("", "Invalid API key", None, hint))


def key_response(refused: KeyRefused) -> Response:
    """Answer as the gateway does."""
    body = strict_json.dumps({"message": refused.body.message, "hint": refused.body.hint})
    headers = (
        ("Content-Type", "application/json; charset=utf-8"),
        ("Content-Length", str(len(body))),
    )
    return Response(status=refused.status, headers=headers, body=body)
