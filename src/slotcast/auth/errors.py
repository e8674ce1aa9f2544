"""Errors as clients of Supabase Auth know them: a status, a code, and a message."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slotcast.claims import JsonValue

API_VERSION_HEADER: Final = "x-supabase-api-version"
API_VERSION: Final = "2024-01-01"
"""Clients that say so in `API_VERSION_HEADER` get errors in the newer of the two forms."""


class AuthError(Exception):
    """
    A request is refused; the client is told so.

    Attributes:
        status: HTTP status. Clients repeat what was answered with 502 to 504, so the server's
            own troubles alone may have one from 500 on.
        error_code: What clients branch on, such as ``invalid_credentials``.
        message: For people.
        details: Further members of the body, such as ``weak_password``.
        headers: Further headers, such as ``Retry-After``.
    """

    def __init__(
        self,
        status: int,
        error_code: str,
        message: str,
        *,
        details: Mapping[str, JsonValue] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = error_code
        self.message = message
        self.details = dict(details or {})
        self.headers = dict(headers or {})

    def body(self, api_version: str | None) -> dict[str, JsonValue]:
        """
        Give the body.

        Args:
            api_version: What the client said in `API_VERSION_HEADER`, a date; None for nothing.
        """
        if is_current(api_version):
            return {"code": self.error_code, "message": self.message, **self.details}
        return {
            "code": int(self.status),
            "error_code": self.error_code,
            "msg": self.message,
            **self.details,
        }


class OAuthError(AuthError):
    """A request is refused in the form of OAuth 2.0, as some of the token endpoint's are."""

    def __init__(self, error_code: str, message: str) -> None:
        super().__init__(HTTPStatus.BAD_REQUEST, error_code, message)

    def body(self, api_version: str | None) -> dict[str, JsonValue]:
        """Give the body, which is the same for all versions of the API."""
        del api_version
        return {"error": self.error_code, "error_description": self.message}


def is_current(api_version: str | None) -> bool:
    """Tell whether a client that says *api_version* knows the newer form of errors."""
    return api_version is not None and api_version >= API_VERSION


def bad_request(error_code: str, message: str) -> AuthError:
    """Make the error of a request that cannot be served as it is (400)."""
    return AuthError(HTTPStatus.BAD_REQUEST, error_code, message)


def invalid(message: str) -> AuthError:
    """Make the error of a parameter that is missing or malformed (400)."""
    return bad_request("validation_failed", message)


def forbidden(error_code: str, message: str) -> AuthError:
    """Make the error of somebody who may not do this (403)."""
    return AuthError(HTTPStatus.FORBIDDEN, error_code, message)


def unprocessable(error_code: str, message: str) -> AuthError:
    """Make the error of a request that the state of things stands against (422)."""
    return AuthError(HTTPStatus.UNPROCESSABLE_ENTITY, error_code, message)


def too_many(error_code: str, message: str, *, retry_after_s: int | None = None) -> AuthError:
    """Make the error of somebody who asks too often (429)."""
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return AuthError(HTTPStatus.TOO_MANY_REQUESTS, error_code, message, headers=headers)
