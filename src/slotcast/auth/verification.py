"""
Confirming: the code or the link of a mail, in return for a session.

A link is opened by a browser (GET), which is sent on to the app with the session in the
fragment, or, in a flow with PKCE, with a code in the query. Apps that ask for the code, or
build links of their own, ask for the session themselves (POST).
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from slotcast.auth import addresses, flows, one_time_tokens, sessions, store, users
from slotcast.auth.account import adopt_email, refusing_taken_email
from slotcast.auth.audit import AuditAction
from slotcast.auth.confirmations import (
    EMAIL_CHANGE,
    EMAIL_CHANGE_CURRENT,
    INVITE,
    MAGIC_LINK,
    RECOVERY,
    SIGN_UP,
    is_outdated,
)
from slotcast.auth.endpoints import Access, Answer, Endpoint
from slotcast.auth.errors import AuthError, forbidden, invalid
from slotcast.auth.one_time_tokens import PKCE_PREFIX, TokenKind
from slotcast.auth.rate_limits import Action
from slotcast.auth.redirects import with_fragment, with_query
from slotcast.auth.users import AUDIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slotcast.auth.confirmations import Purpose
    from slotcast.auth.endpoints import Request
    from slotcast.auth.service import AuthService
    from slotcast.auth.store import Connection
    from slotcast.auth.users import User
    from slotcast.claims import JsonValue

_PURPOSES: Final[Mapping[str, tuple[Purpose, ...]]] = {
    "signup": (SIGN_UP,),
    "invite": (INVITE,),
    "magiclink": (MAGIC_LINK,),
    "recovery": (RECOVERY,),
    "email": (SIGN_UP, MAGIC_LINK),
    "email_change": (EMAIL_CHANGE_CURRENT, EMAIL_CHANGE),
}
"""What may be confirmed by a token of the types that clients name."""

_PHONE_TYPES: Final = frozenset({"sms", "phone_change"})

_ONE_OF_TWO: Final = (
    "Confirmation link accepted. Please proceed to confirm link sent to the other email"
)

_OAUTH_ERRORS: Final[Mapping[int, str]] = {
    400: "invalid_request",
    401: "unauthorized_client",
    500: "server_error",
    503: "temporarily_unavailable",
}
"""What the redirect of a link calls a status; all others are ``access_denied``."""

_URL_CHARACTERS: Final = "".join(map(chr, range(0x21, 0x7F)))

_MARK: Final = {"sb": ""}
"""Clients know by it that a fragment is meant for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Confirmed:
    """
    A token that was expected.

    Attributes:
        user: As the database has them now.
        purpose: What it was sent for.
        is_complete: False when another address has to confirm as well.
    """

    user: User
    purpose: Purpose
    is_complete: bool = True


async def verify(service: AuthService, request: Request) -> Answer:
    """Give a session for a code or the token of a link."""
    service.limits.count_request(Action.VERIFY, request.address)
    body = request.body()
    kind, token, token_hash = body.text("type"), body.text("token"), body.text("token_hash")
    email, phone = body.text("email"), body.text("phone")
    if not kind:
        raise invalid("Verify requires a verification type")
    if bool(token) == bool(token_hash):
        raise invalid("Verify requires either a token or a token hash")
    if token_hash and (email or phone):
        raise invalid("Only the token_hash and type should be provided")
    if token and bool(email) == bool(phone):
        raise invalid("Only an email address or phone number should be provided on verify")
    purposes = _purposes(kind)
    async with service.transaction() as connection:
        confirmed = (
            await _by_link(service, connection, purposes, token_hash, request)
            if token_hash
            else await _by_code(service, connection, purposes, email or phone, token, request)
        )
        if not confirmed.is_complete:
            return Answer(body={"msg": _ONE_OF_TWO, "code": "200"})
        session = await sessions.sign_in(service, connection, confirmed.user, request, method="otp")
    return Answer(body=session)


async def open_link(service: AuthService, request: Request) -> Answer:
    """Send whoever opened a link on to the app, with what it takes to be signed in there."""
    token, kind = request.query.get("token", ""), request.query.get("type", "")
    if not kind:
        raise invalid("Verify requires a verification type")
    if not token:
        raise invalid("Verify requires a token or a token hash")
    target = service.confirmations.redirect_target(service, request)
    is_pkce = token.startswith(PKCE_PREFIX)
    try:
        service.limits.count_request(Action.VERIFY, request.address)
        return _redirect(await _finish(service, request, kind, token, target))
    except AuthError as error:
        failure = {
            "error": _OAUTH_ERRORS.get(error.status, "access_denied"),
            "error_code": error.error_code,
            "error_description": error.message,
        }
        if is_pkce:
            target = with_query(target, failure)
        return _redirect(with_fragment(target, {**failure, **_MARK}))


async def _finish(
    service: AuthService, request: Request, kind: str, token: str, target: str
) -> str:
    """
    Confirm by the token of a link.

    Returns:
        *target* with what the app needs to go on.

    Raises:
        AuthError: The token is not expected.
    """
    is_pkce = token.startswith(PKCE_PREFIX)
    async with service.transaction() as connection:
        confirmed = await _by_link(service, connection, _purposes(kind), token, request)
        if not confirmed.is_complete:
            return with_fragment(target, {"message": _ONE_OF_TWO, **_MARK})
        if is_pkce:
            code = await flows.issue_code(
                connection, confirmed.user, confirmed.purpose.method, now=service.now()
            )
            return with_query(target, {"code": code})
        session = await sessions.sign_in(service, connection, confirmed.user, request, method="otp")
    names = ("access_token", "expires_at", "expires_in", "refresh_token", "token_type")
    shown = {name: str(session[name]) for name in names}
    return with_fragment(target, {**shown, "type": kind, **_MARK})


def _purposes(kind: str) -> tuple[Purpose, ...]:
    """
    Give what a token of the type *kind* may confirm.

    Raises:
        AuthError: There is no such type.
    """
    if kind in _PHONE_TYPES:
        return ()
    if kind not in _PURPOSES:
        raise invalid("Unsupported verification type")
    return _PURPOSES[kind]


async def _by_link(
    service: AuthService,
    connection: Connection,
    purposes: tuple[Purpose, ...],
    token: str,
    request: Request,
) -> _Confirmed:
    """
    Confirm whatever of *purposes* the token of a link was sent for.

    Raises:
        AuthError: It was sent for none of them, or too long ago, or the user is banned.
    """
    for purpose in purposes:
        user = await one_time_tokens.find_by_link(connection, purpose.token, token)
        if user is not None and not is_outdated(service, user, purpose.token):
            return await _confirm(service, connection, user, purpose, request)
    raise forbidden("otp_expired", "Email link is invalid or has expired")


async def _by_code(
    service: AuthService,
    connection: Connection,
    purposes: tuple[Purpose, ...],
    given: str,
    code: str,
    request: Request,
) -> _Confirmed:
    """
    Confirm whatever of *purposes* the code was sent for to the address *given*.

    Raises:
        AuthError: As for `_by_link`; or too many codes were tried.
    """
    wrong = forbidden("otp_expired", "Token has expired or is invalid")
    try:
        email = addresses.normalised(given)
    except AuthError:
        raise wrong from None
    service.limits.count_attempt(f"code {email}")
    for purpose in purposes:
        user = await _recipient(connection, purpose, email)
        if (
            user is not None
            and not is_outdated(service, user, purpose.token)
            and await one_time_tokens.is_expected_code(
                connection, user, purpose.token, email=email, code=code
            )
        ):
            service.limits.forgive_attempts(f"code {email}")
            return await _confirm(service, connection, user, purpose, request)
    raise wrong


async def _recipient(connection: Connection, purpose: Purpose, email: str) -> User | None:
    """Find who gets mails for *purpose* at *email*; others wait to change the row."""
    if purpose.token is TokenKind.EMAIL_CHANGE_NEW:
        return await store.find_user_by_new_email(connection, email, for_update=True)
    return await store.find_user_by_email(connection, email, audience=AUDIENCE, for_update=True)


async def _confirm(
    service: AuthService, connection: Connection, user: User, purpose: Purpose, request: Request
) -> _Confirmed:
    """
    Do what *user* has just confirmed.

    Raises:
        AuthError: The user is banned, or somebody else has the new address by now.
    """
    if user.is_banned(service.now()):
        raise forbidden("user_banned", "User is banned")
    if purpose.token in (TokenKind.EMAIL_CHANGE_NEW, TokenKind.EMAIL_CHANGE_CURRENT):
        return await _confirm_change(service, connection, user, purpose, request)
    action = AuditAction.LOGIN
    if not user.is_confirmed:
        is_invited = user.invited_at is not None
        action = AuditAction.INVITE_ACCEPTED if is_invited else AuditAction.USER_SIGNED_UP
        user = await _confirm_address(service, connection, user, purpose)
    user = await one_time_tokens.clear(connection, user, now=service.now())
    await service.record(connection, action, user, request, traits={"provider": "email"})
    return _Confirmed(user=user, purpose=purpose)


async def _confirm_address(
    service: AuthService, connection: Connection, user: User, purpose: Purpose
) -> User:
    """Note that the address of *user* is theirs."""
    now = service.now()
    changes: dict[str, object] = {
        "email_confirmed_at": now,
        "raw_user_meta_data": users.confirmed(user, now).raw_user_meta_data,
    }
    if purpose.token is TokenKind.RECOVERY:
        # Whoever chose the password never showed that the address was theirs; whoever opened
        # this mail did, and did not choose it.
        changes["encrypted_password"] = None
    await store.update_identity(connection, user.id, {"email_verified": True}, now=now)
    return await store.update_user(connection, user.id, changes, now=now)


async def _confirm_change(
    service: AuthService, connection: Connection, user: User, purpose: Purpose, request: Request
) -> _Confirmed:
    """
    Change the address of *user*, or wait for the other address to confirm it, too.

    Raises:
        AuthError: Somebody else has the new address by now.
    """
    now = service.now()
    needs_both = service.settings.auth_secure_email_change == "on" and bool(user.email)
    if needs_both and user.email_change_confirm_status == 0:
        user = await one_time_tokens.clear_one(connection, user, purpose.token, now=now)
        user = await store.update_user(
            connection, user.id, {"email_change_confirm_status": 1}, now=now
        )
        return _Confirmed(user=user, purpose=purpose, is_complete=False)
    user = await _adopt(service, connection, user)
    await service.record(connection, AuditAction.USER_MODIFIED, user, request)
    return _Confirmed(user=user, purpose=purpose)


async def _adopt(service: AuthService, connection: Connection, user: User) -> User:
    """
    Make the new address of *user* the one they sign in with.

    Raises:
        AuthError: Somebody else has it by now.
    """
    now, email = service.now(), user.email_change
    changes: dict[str, object] = {"email_change": "", "email_change_confirm_status": 0}
    if user.is_anonymous:
        user = await adopt_email(service, connection, user, email)
    else:
        changes |= {"email": email, "email_confirmed_at": user.email_confirmed_at or now}
    with refusing_taken_email():
        user = await store.update_user(connection, user.id, changes, now=now)
    identity: dict[str, JsonValue] = {"email": email, "email_verified": True}
    await store.update_identity(connection, user.id, identity, now=now)
    return await one_time_tokens.clear(connection, user, now=now)


def _redirect(target: str) -> Answer:
    # Headers are ASCII; whatever else a URL holds stands for its UTF-8.
    location = quote(target, safe=_URL_CHARACTERS)
    return Answer(
        status=HTTPStatus.SEE_OTHER, headers={"Location": location, "Cache-Control": "no-store"}
    )


ENDPOINTS: Final = (
    Endpoint(method="POST", path="/verify", handler=verify),
    Endpoint(method="GET", path="/verify", handler=open_link, access=Access.OPEN, is_safe=False),
)
