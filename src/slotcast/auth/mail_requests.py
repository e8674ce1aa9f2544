"""Asking for mails: to sign in by, to choose a new password, once more; and to invite somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import uuid4

from slotcast.auth import addresses, callers, store, users
from slotcast.auth.account import email_exists
from slotcast.auth.audit import AuditAction
from slotcast.auth.confirmations import (
    EMAIL_CHANGE,
    INVITE,
    MAGIC_LINK,
    REAUTHENTICATION,
    RECOVERY,
    SIGN_UP,
)
from slotcast.auth.endpoints import Access, Answer, Endpoint
from slotcast.auth.errors import AuthError, bad_request, invalid, unprocessable
from slotcast.auth.pacing import paced
from slotcast.auth.pkce import read_challenge
from slotcast.auth.rate_limits import Action
from slotcast.auth.sign_up import SAVING_FAILED
from slotcast.auth.users import AUDIENCE, User

if TYPE_CHECKING:
    from slotcast.auth.endpoints import Body, Request
    from slotcast.auth.pkce import Challenge
    from slotcast.auth.service import AuthService
    from slotcast.auth.store import Connection
    from slotcast.claims import JsonValue

_RESENT: Final = {"signup": SIGN_UP, "email_change": EMAIL_CHANGE}
_PHONE_TYPES: Final = frozenset({"sms", "phone_change"})

_NOTHING: Final = Answer(body={})
"""What whoever asked for a mail is told, whether there is one or not."""


async def one_time_password(service: AuthService, request: Request) -> Answer:
    """Send a mail to sign in by; makes the account, unless that is not wanted."""
    body = request.body()
    may_create = body.flag("create_user", default=True)
    return await _send_sign_in(service, request, body, may_create=may_create)


async def magic_link(service: AuthService, request: Request) -> Answer:
    """Do what `one_time_password` does, for clients that know only this older form."""
    return await _send_sign_in(service, request, request.body(), may_create=True)


async def _send_sign_in(
    service: AuthService, request: Request, body: Body, *, may_create: bool
) -> Answer:
    service.limits.count_request(Action.OTP, request.address)
    email = _email(body, neither="One of email or phone must be set")
    if service.settings.auth_email == "off":
        raise unprocessable("email_provider_disabled", "Email logins are disabled")
    challenge = read_challenge(body)
    metadata = users.checked_metadata(body.object("data") or {})
    async with paced(), service.transaction(SAVING_FAILED) as connection:
        user = await store.find_user_by_email(connection, email, audience=AUDIENCE, for_update=True)
        if user is None:
            if not may_create or service.settings.auth_sign_up == "off":
                raise unprocessable("otp_disabled", "Signups not allowed for otp")
            user = await _create(service, connection, request, email, metadata)
        # Whoever chose a password for an address that nobody has confirmed yet may be somebody
        # else. Signing in by a magic link does not confirm that password, but removes it.
        is_new = not user.is_confirmed and not user.encrypted_password
        purpose = SIGN_UP if is_new else MAGIC_LINK
        service.confirmations.admit(service, purpose, email)
        await service.confirmations.send(service, connection, user, request, purpose, challenge)
    return _NOTHING


async def _create(
    service: AuthService,
    connection: Connection,
    request: Request,
    email: str,
    metadata: dict[str, JsonValue],
) -> User:
    """
    Insert a user who has no password.

    Raises:
        AuthError: The address belongs to a user of another audience.
    """
    wanted = User(
        id=uuid4(),
        email=email,
        raw_app_meta_data=users.email_provider(),
        raw_user_meta_data=metadata,
    )
    if service.settings.auth_autoconfirm == "on":
        wanted = users.confirmed(wanted, service.now())
    user = await store.insert_user(connection, wanted, now=service.now())
    if user is None:
        # Somebody asked at the same time, and was first; others may have lost likewise.
        user = await store.find_user_by_email(connection, email, audience=AUDIENCE, for_update=True)
        if user is None:
            raise email_exists()
        return user
    if user.is_confirmed:
        await service.record(connection, AuditAction.USER_SIGNED_UP, user, request)
    return user


async def recover(service: AuthService, request: Request) -> Answer:
    """Send a mail to sign in by and choose a new password, if there is such a user."""
    service.limits.count_request(Action.RECOVER, request.address)
    body = request.body()
    if not body.text("email"):
        raise invalid("Password recovery requires an email")
    email = addresses.normalised(body.text("email"))
    challenge = read_challenge(body)
    service.confirmations.admit(service, RECOVERY, email)
    service.confirmations.prepare(_recover(service, request, email, challenge))
    return _NOTHING


async def _recover(
    service: AuthService, request: Request, email: str, challenge: Challenge | None
) -> None:
    async with service.transaction() as connection:
        user = await store.find_user_by_email(connection, email, audience=AUDIENCE, for_update=True)
        if user is not None and user.deleted_at is None:
            await service.confirmations.send(
                service, connection, user, request, RECOVERY, challenge
            )


async def resend(service: AuthService, request: Request) -> Answer:
    """Send a mail to confirm an address once more, if there is something to confirm."""
    service.limits.count_request(Action.RESEND, request.address)
    body = request.body()
    kind, email = body.text("type"), body.text("email")
    if kind not in _RESENT and kind not in _PHONE_TYPES:
        raise invalid("Missing one of these types: signup, email_change, sms, phone_change")
    if kind in _PHONE_TYPES:
        raise _no_phones()
    if not email or body.text("phone"):
        raise invalid("Type provided requires an email address")
    email = addresses.normalised(email)
    service.confirmations.admit(service, _RESENT[kind], email)
    job = _resend_change if kind == "email_change" else _resend_sign_up
    service.confirmations.prepare(job(service, request, email))
    return _NOTHING


async def _resend_sign_up(service: AuthService, request: Request, email: str) -> None:
    async with service.transaction() as connection:
        user = await store.find_user_by_email(connection, email, audience=AUDIENCE, for_update=True)
        if user is not None and not user.is_confirmed:
            await service.confirmations.send(service, connection, user, request, SIGN_UP)


async def _resend_change(service: AuthService, request: Request, email: str) -> None:
    async with service.transaction() as connection:
        user = await store.find_user_by_email(connection, email, audience=AUDIENCE, for_update=True)
        if user is not None and user.email_change:
            await service.confirmations.send_change(
                service, connection, user, user.email_change, request
            )


async def reauthenticate(service: AuthService, request: Request) -> Answer:
    """Send the caller a code that shows, once, that it is still them."""
    caller = await callers.authenticate(service, request)
    if not caller.user.email:
        raise invalid("Reauthentication requires the user to have an email or a phone number")
    if not caller.user.is_confirmed:
        raise unprocessable("email_not_confirmed", "Please verify your email first.")
    service.confirmations.admit(service, REAUTHENTICATION, caller.user.email)
    async with service.transaction() as connection:
        user = await store.get_user(connection, caller.user.id, for_update=True)
        await service.confirmations.send(service, connection, user, request, REAUTHENTICATION)
    return _NOTHING


async def invite(service: AuthService, request: Request) -> Answer:
    """Make an account without a password and send an invitation; gives the user."""
    body = request.body()
    email = addresses.normalised(body.text("email"))
    metadata = users.checked_metadata(body.object("data") or {})
    async with service.transaction(SAVING_FAILED) as connection:
        user = await find_or_invite(service, connection, email, metadata)
        user = await service.confirmations.send(service, connection, user, request, INVITE)
    return Answer(body=users.to_json(user))


async def find_or_invite(
    service: AuthService, connection: Connection, email: str, metadata: dict[str, JsonValue]
) -> User:
    """
    Give the user with *email*, who is invited now and new unless invited before.

    Raises:
        AuthError: The user is there already and confirmed.
    """
    now = service.now()
    user = await store.find_user_by_email(connection, email, audience=AUDIENCE, for_update=True)
    if user is None:
        wanted = User(
            id=uuid4(),
            email=email,
            invited_at=now,
            raw_app_meta_data=users.email_provider(),
            raw_user_meta_data=metadata,
        )
        user = await store.insert_user(connection, wanted, now=now)
    if user is None or user.is_confirmed:
        raise email_exists()
    return await store.update_user(connection, user.id, {"invited_at": now}, now=now)


def _email(body: Body, *, neither: str) -> str:
    """
    Read the address that a request is about.

    Raises:
        AuthError: It is not an email address, or there is none.
    """
    email, phone = body.text("email"), body.text("phone")
    if email and phone:
        raise invalid("Only an email address or phone number should be provided")
    if phone:
        raise _no_phones()
    if not email:
        raise invalid(neither)
    return addresses.normalised(email)


def _no_phones() -> AuthError:
    return bad_request("phone_provider_disabled", "Unsupported phone provider")


ENDPOINTS: Final = (
    Endpoint(method="POST", path="/otp", handler=one_time_password),
    Endpoint(method="POST", path="/magiclink", handler=magic_link),
    Endpoint(method="POST", path="/recover", handler=recover),
    Endpoint(method="POST", path="/resend", handler=resend),
    Endpoint(method="GET", path="/reauthenticate", handler=reauthenticate),
    Endpoint(method="POST", path="/invite", handler=invite, access=Access.ADMIN),
)
