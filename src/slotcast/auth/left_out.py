"""What the original serves and this server does not, answered so that clients understand."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from slotcast.auth.callers import authenticate
from slotcast.auth.endpoints import Access, Answer, Endpoint
from slotcast.auth.errors import AuthError, invalid, unprocessable

if TYPE_CHECKING:
    from slotcast.auth.endpoints import Request
    from slotcast.auth.service import AuthService


async def other_provider(_service: AuthService, _request: Request) -> Answer:
    """Refuse to sign in with the account of another provider."""
    raise invalid("Unsupported provider: provider is not enabled")


async def link_provider(service: AuthService, request: Request) -> Answer:
    """Refuse to add the account of another provider."""
    await authenticate(service, request)
    raise AuthError(HTTPStatus.NOT_FOUND, "manual_linking_disabled", "Manual linking is disabled")


async def single_sign_on(_service: AuthService, _request: Request) -> Answer:
    """Refuse single sign-on."""
    raise AuthError(HTTPStatus.NOT_FOUND, "saml_provider_disabled", "SAML 2.0 is disabled")


async def enroll_factor(service: AuthService, request: Request) -> Answer:
    """Refuse to add a second factor."""
    await authenticate(service, request)
    raise unprocessable("mfa_totp_enroll_not_enabled", "MFA enroll is disabled for TOTP")


async def use_factor(service: AuthService, request: Request) -> Answer:
    """Refuse to use a second factor, since nobody has one."""
    await authenticate(service, request)
    raise AuthError(HTTPStatus.NOT_FOUND, "mfa_factor_not_found", "Factor not found")


async def passkey(_service: AuthService, _request: Request) -> Answer:
    """Refuse passkeys."""
    raise AuthError(HTTPStatus.NOT_FOUND, "passkey_disabled", "Passkeys are disabled")


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/authorize", handler=other_provider, access=Access.OPEN),
    Endpoint(method="GET", path="/callback", handler=other_provider, access=Access.OPEN),
    Endpoint(method="POST", path="/callback", handler=other_provider, access=Access.OPEN),
    Endpoint(method="GET", path="/user/identities/authorize", handler=link_provider),
    Endpoint(method="POST", path="/sso", handler=single_sign_on),
    Endpoint(method="POST", path="/factors", handler=enroll_factor),
    Endpoint(method="DELETE", path="/factors/{factor_id}", handler=use_factor),
    Endpoint(method="POST", path="/factors/{factor_id}/challenge", handler=use_factor),
    Endpoint(method="POST", path="/factors/{factor_id}/verify", handler=use_factor),
    Endpoint(method="GET", path="/passkeys", handler=passkey),
    Endpoint(method="POST", path="/passkeys/{rest:path}", handler=passkey),
)
