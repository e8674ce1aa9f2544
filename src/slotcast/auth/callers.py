"""Who calls: the user of a token, whose session has to be alive."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import UUID

from slotcast.auth import sessions, store
from slotcast.auth.errors import AuthError, bad_request, forbidden, invalid
from slotcast.auth.users import AUDIENCE
from slotcast.errors import TokenError

if TYPE_CHECKING:
    from slotcast.auth.endpoints import Request
    from slotcast.auth.service import AuthService
    from slotcast.auth.sessions import Session
    from slotcast.auth.users import User
    from slotcast.claims import Claims, JsonValue

ADMIN_ROLES: Final = frozenset({"service_role", "supabase_admin"})

_UUID_LENGTH: Final = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """
    Whose token a request came with.

    Attributes:
        user: As the database had them a moment ago.
        session: That the token belongs to; None for a token of another issuer, which names
            none.
    """

    user: User
    session: Session | None


def verified(service: AuthService, request: Request) -> Claims:
    """
    Verify the token of a request; an opaque API key counts as one.

    Raises:
        AuthError: There is none, or it is not valid.
    """
    if request.token is None:
        raise AuthError(
            HTTPStatus.UNAUTHORIZED,
            "no_authorization",
            "This endpoint requires a valid Bearer token",
        )
    try:
        return service.keyring.from_api_key(request.token, service.now().timestamp())
    except TokenError as error:
        raise forbidden(
            "bad_jwt", f"invalid JWT: unable to parse or verify signature, {error}"
        ) from None


def verified_admin(service: AuthService, request: Request) -> Claims:
    """
    Verify that the token of a request is of a role that may administer accounts.

    Raises:
        AuthError: It is not, or not valid.
    """
    claims = verified(service, request)
    if claims.role not in ADMIN_ROLES:
        raise forbidden("not_admin", "User not allowed")
    return claims


async def authenticate(service: AuthService, request: Request) -> Caller:
    """
    Find the user whose token a request came with.

    Raises:
        AuthError: The token is not valid, or names nobody, or the user is gone or banned, or
            the session has ended.
    """
    claims = verified(service, request)
    document: dict[str, JsonValue] = json.loads(claims.document)
    user_id = _user_id(claims)
    session_id = _session_id(document.get("session_id"))
    _check_audience(request, claims, document.get("aud"))
    async with service.transaction() as connection:
        user = await store.find_user(connection, user_id)
        session = session_id and await sessions.find_session(connection, session_id)
    if user is None or user.deleted_at is not None:
        raise store.user_gone()
    if session_id is not None and (session is None or session.user_id != user.id):
        raise forbidden("session_not_found", "Session from session_id claim in JWT does not exist")
    if user.is_banned(service.now()):
        raise forbidden("user_banned", "User is banned")
    return Caller(user=user, session=session)


def as_uuid(text: str) -> UUID | None:
    """Read a UUID in its usual form; None for anything else."""
    try:
        return UUID(text) if len(text) == _UUID_LENGTH else None
    except ValueError:
        return None


def _user_id(claims: Claims) -> UUID:
    if not claims.subject:
        raise forbidden("bad_jwt", "invalid claim: missing sub claim")
    user_id = as_uuid(claims.subject)
    if user_id is None:
        raise bad_request("bad_jwt", "invalid claim: sub claim must be a UUID")
    return user_id


def _session_id(claim: JsonValue) -> UUID | None:
    if claim is None or claim == "":
        return None
    session_id = as_uuid(claim) if isinstance(claim, str) else None
    if session_id is None:
        raise forbidden("bad_jwt", "invalid claim: session_id claim must be a UUID")
    return session_id


def _check_audience(request: Request, claims: Claims, claim: JsonValue) -> None:
    """Refuse a token that is meant for others than the request."""
    first = claim[0] if isinstance(claim, list) and claim else claim
    meant = None if claims.role in ADMIN_ROLES else first
    if first is None or first != (request.headers.get("x-jwt-aud") or meant or AUDIENCE):
        raise invalid("Token audience doesn't match request audience")
