"""Links that administrators have made, to send them in ways of their own."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from slotcast.auth import addresses, one_time_tokens, store, users
from slotcast.auth.account import email_exists
from slotcast.auth.confirmations import (
    EMAIL_CHANGE,
    INVITE,
    MAGIC_LINK,
    RECOVERY,
    SIGN_UP,
    expect_change,
    link,
)
from slotcast.auth.endpoints import Access, Answer, Endpoint
from slotcast.auth.errors import AuthError, invalid
from slotcast.auth.mail_requests import find_or_invite
from slotcast.auth.one_time_tokens import TokenKind
from slotcast.auth.sign_up import SAVING_FAILED, check_strength
from slotcast.auth.users import AUDIENCE, User

if TYPE_CHECKING:
    from slotcast.auth.confirmations import Purpose
    from slotcast.auth.endpoints import Body, Request
    from slotcast.auth.one_time_tokens import OneTimeToken
    from slotcast.auth.service import AuthService
    from slotcast.auth.store import Connection
    from slotcast.claims import JsonValue

_CHANGES: Final = {
    "email_change_current": TokenKind.EMAIL_CHANGE_CURRENT,
    "email_change_new": TokenKind.EMAIL_CHANGE_NEW,
}
_TYPES: Final = frozenset({"signup", "invite", "magiclink", "recovery", *_CHANGES})


async def generate(service: AuthService, request: Request) -> Answer:
    """Make a link that confirms something; gives it, its code, and the user."""
    body = request.body()
    kind, email = body.text("type"), addresses.normalised(body.text("email"))
    if kind not in _TYPES:
        raise invalid(f"Invalid email action link type requested: {kind[:40]!r}")
    hashed = await _hashed_password(service, kind, body)
    async with service.transaction(SAVING_FAILED) as connection:
        if kind in _CHANGES:
            user, token = await _for_change(service, connection, kind, email, body)
            purpose = EMAIL_CHANGE
        else:
            user, purpose = await _prepared(service, connection, kind, email, body, hashed)
            token = one_time_tokens.issue(
                purpose.token,
                user.email,
                digits=service.settings.auth_code_digits,
                is_pkce=False,
            )
            user = await one_time_tokens.save(connection, user, token, now=service.now())
        await service.record(connection, purpose.action, user, request)
    return Answer(body=_shown(service, request, body, user, purpose, token))


async def _hashed_password(service: AuthService, kind: str, body: Body) -> str:
    """
    Check and hash the password for a sign-up; empty for other links.

    Raises:
        AuthError: It is missing or weak.
    """
    if kind != "signup":
        return ""
    password = body.text("password")
    if not password:
        raise invalid("Signup requires a valid password")
    check_strength(service, password)
    return await service.passwords.hash(password)


async def _prepared(
    service: AuthService,
    connection: Connection,
    kind: str,
    email: str,
    body: Body,
    hashed: str,
) -> tuple[User, Purpose]:
    """
    Find or make the user for a link of this *kind*.

    Raises:
        AuthError: There is no such user, or one who needs no such link.
    """
    metadata = users.checked_metadata(body.object("data") or {})
    if kind == "invite":
        return await find_or_invite(service, connection, email, metadata), INVITE
    user = await store.find_user_by_email(connection, email, audience=AUDIENCE, for_update=True)
    if kind == "recovery":
        return _existing(user), RECOVERY
    if kind == "magiclink" and user is not None:
        return user, MAGIC_LINK
    return await _signing_up(service, connection, user, email, metadata, hashed), SIGN_UP


async def _signing_up(
    service: AuthService,
    connection: Connection,
    user: User | None,
    email: str,
    metadata: dict[str, JsonValue],
    hashed: str,
) -> User:
    """
    Give the user who signs up with *email*: a new one, or *user* if not confirmed yet.

    Raises:
        AuthError: The address is somebody's already.
    """
    now = service.now()
    if user is None:
        wanted = User(
            id=uuid4(),
            email=email,
            encrypted_password=hashed,
            raw_app_meta_data=users.email_provider(),
            raw_user_meta_data=metadata,
        )
        user = await store.insert_user(connection, wanted, now=now)
        if user is None:
            raise email_exists()
        return user
    if user.is_confirmed:
        raise email_exists()
    changes = {
        "encrypted_password": hashed,
        "raw_user_meta_data": users.merged(user.raw_user_meta_data, metadata),
    }
    return await store.update_user(connection, user.id, changes, now=now)


async def _for_change(
    service: AuthService, connection: Connection, kind: str, email: str, body: Body
) -> tuple[User, OneTimeToken]:
    """
    Have a change of address expected.

    Raises:
        AuthError: There is no such user, or the new address is somebody's.
    """
    new_email = addresses.normalised(body.text("new_email"))
    user = _existing(
        await store.find_user_by_email(connection, email, audience=AUDIENCE, for_update=True)
    )
    if await store.find_user_by_email(connection, new_email, audience=AUDIENCE):
        raise email_exists()
    user, tokens = await expect_change(service, connection, user, new_email, is_pkce=False)
    for token in tokens:
        if token.kind is _CHANGES[kind]:
            return user, token
    raise invalid("Enable secure email change to generate link for current email")


def _existing(user: User | None) -> User:
    if user is None or user.deleted_at is not None:
        raise AuthError(HTTPStatus.NOT_FOUND, "user_not_found", "User with this email not found")
    return user


def _shown(
    service: AuthService,
    request: Request,
    body: Body,
    user: User,
    purpose: Purpose,
    token: OneTimeToken,
) -> dict[str, JsonValue]:
    target = service.confirmations.redirect_target(
        service, request, wanted=body.text("redirect_to")
    )
    return {
        **users.to_json(user),
        "action_link": link(service, token, purpose.link_type, target),
        "email_otp": token.code,
        "hashed_token": token.link_token,
        "verification_type": purpose.link_type,
        "redirect_to": target,
    }


ENDPOINTS: Final = (
    Endpoint(method="POST", path="/admin/generate_link", handler=generate, access=Access.ADMIN),
)
