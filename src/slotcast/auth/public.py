"""What everybody may know: health, settings, and the keys that tokens are verified by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import slotcast
from slotcast.auth.endpoints import Access, Answer, Endpoint

if TYPE_CHECKING:
    from slotcast.auth.endpoints import Request
    from slotcast.auth.service import AuthService
    from slotcast.claims import JsonValue

_KEYS_CACHED: Final = {"Cache-Control": "public, max-age=600"}

_EXTERNAL_PROVIDERS: Final = (
    "apple",
    "azure",
    "bitbucket",
    "discord",
    "facebook",
    "figma",
    "fly",
    "github",
    "gitlab",
    "google",
    "kakao",
    "keycloak",
    "linkedin",
    "linkedin_oidc",
    "notion",
    "slack",
    "slack_oidc",
    "snapchat",
    "spotify",
    "twitch",
    "twitter",
    "workos",
    "x",
    "zoom",
)
"""Of the original's, which clients may look for; none is served."""


async def health(_service: AuthService, _request: Request) -> Answer:
    """Tell that there is somebody."""
    return Answer(
        body={
            "version": slotcast.__version__,
            "name": "GoTrue",
            "description": "GoTrue is a user registration and authentication API",
        }
    )


async def settings(service: AuthService, _request: Request) -> Answer:
    """Tell what sign-up pages need to know."""
    given = service.settings
    external: dict[str, JsonValue] = dict.fromkeys(_EXTERNAL_PROVIDERS, False)
    external |= {
        "anonymous_users": given.auth_anonymous == "on",
        "email": given.auth_email == "on",
        "phone": False,
    }
    return Answer(
        body={
            "external": external,
            "disable_signup": given.auth_sign_up == "off",
            "mailer_autoconfirm": given.auth_autoconfirm == "on",
            "phone_autoconfirm": False,
            "sms_provider": "",
            "saml_enabled": False,
            "saml_private_key_next_configured": False,
            "passkeys_enabled": False,
        }
    )


async def keys(service: AuthService, _request: Request) -> Answer:
    """Give the public keys; a client may keep them for ten minutes."""
    return Answer(body={"keys": service.keyring.public_keys()}, headers=_KEYS_CACHED)


async def discovery(service: AuthService, _request: Request) -> Answer:
    """Tell, as OpenID Connect Discovery has it, who issues tokens and where the keys are."""
    return Answer(
        body={
            "issuer": service.url,
            "jwks_uri": f"{service.url}/.well-known/jwks.json",
            "token_endpoint": f"{service.url}/token",
            "userinfo_endpoint": f"{service.url}/user",
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256"],
            "subject_types_supported": ["public"],
        },
        headers=_KEYS_CACHED,
    )


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/health", handler=health, access=Access.OPEN),
    Endpoint(method="GET", path="/settings", handler=settings),
    Endpoint(method="GET", path="/.well-known/jwks.json", handler=keys, access=Access.OPEN),
    Endpoint(
        method="GET",
        path="/.well-known/openid-configuration",
        handler=discovery,
        access=Access.OPEN,
    ),
)
