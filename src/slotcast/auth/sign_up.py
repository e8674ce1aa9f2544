"""Signing up: with email address and password, or anonymously."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from slotcast.auth import addresses, passwords, sessions, store, users
from slotcast.auth.audit import AuditAction
from slotcast.auth.confirmations import SIGN_UP
from slotcast.auth.endpoints import Answer, Endpoint
from slotcast.auth.errors import bad_request, invalid, unprocessable
from slotcast.auth.pacing import paced
from slotcast.auth.pkce import read_challenge
from slotcast.auth.rate_limits import Action
from slotcast.auth.users import User

if TYPE_CHECKING:
    from slotcast.auth.endpoints import Body, Request
    from slotcast.auth.service import AuthService
    from slotcast.auth.store import Connection
    from slotcast.claims import JsonValue

SAVING_FAILED: Final = "Database error saving new user"
"""What people are told whose sign-up a trigger of the app refuses; they search for it."""


async def sign_up(service: AuthService, request: Request) -> Answer:
    """Make an account; gives a session, or the user while the address is not confirmed."""
    body = request.body()
    email, phone = body.text("email"), body.text("phone")
    if not email and not phone:
        return await _sign_up_anonymously(service, request, body)
    service.limits.count_request(Action.SIGN_UP, request.address)
    refuse_if_closed(service)
    password = body.text("password")
    if not password:
        raise invalid("Signup requires a valid password")
    check_strength(service, password)
    if email and phone:
        raise invalid("Only an email address or phone number should be provided on signup.")
    if phone:
        raise bad_request("phone_provider_disabled", "Phone signups are disabled")
    if service.settings.auth_email == "off":
        raise bad_request("email_provider_disabled", "Email signups are disabled")
    read_challenge(body)  # refused whoever has the address
    user = User(
        id=uuid4(),
        email=addresses.normalised(email),
        raw_app_meta_data=users.email_provider(),
        raw_user_meta_data=users.checked_metadata(body.object("data") or {}),
    )
    hashed = await service.passwords.hash(password)
    disputed = await _disputed(service, user, password)
    # Where no address has to be confirmed, the answer itself says that one is taken.
    pace = nullcontext() if service.settings.auth_autoconfirm == "on" else paced()
    async with pace, service.transaction(SAVING_FAILED) as connection:
        await _drop_disputed(service, connection, user, disputed)
        return await _register(
            service, connection, dataclasses.replace(user, encrypted_password=hashed), request, body
        )


async def _disputed(service: AuthService, wanted: User, password: str) -> str:
    """
    Find another password that somebody chose for the address of *wanted* and never confirmed.

    Two people claim the address then, and the mail will not tell whose password it confirms.
    It takes as long whoever has the address.

    Returns:
        Its hash, or nothing.
    """
    async with service.transaction() as connection:
        found = await store.find_user_by_email(connection, wanted.email, audience=wanted.aud)
    known = "" if found is None or found.is_confirmed else found.encrypted_password
    return "" if await service.passwords.verify(password, known) else known


async def _drop_disputed(
    service: AuthService, connection: Connection, wanted: User, disputed: str
) -> None:
    """Let nobody sign in with a password that two people who claim an address do not share."""
    if not disputed:
        return
    found = await store.find_user_by_email(connection, wanted.email, audience=wanted.aud)
    if found is not None and not found.is_confirmed and found.encrypted_password == disputed:
        changes = {"encrypted_password": None}
        await store.update_user(connection, found.id, changes, now=service.now())


def refuse_if_closed(service: AuthService) -> None:
    """
    Refuse new users unless the operator wants them.

    Raises:
        AuthError: The operator does not.
    """
    if service.settings.auth_sign_up == "off":
        raise unprocessable("signup_disabled", "Signups not allowed for this instance")


def check_strength(service: AuthService, password: str) -> None:
    """
    Refuse a new password that is too long or too weak.

    Raises:
        AuthError: It is; the reasons are in the answer.
    """
    passwords.check_length(password)
    found = passwords.weaknesses(
        password,
        min_length=service.settings.auth_password_min_length,
        characters=service.settings.auth_password_characters,
    )
    if found:
        raise passwords.weak_password(found)


async def _register(
    service: AuthService, connection: Connection, wanted: User, request: Request, body: Body
) -> Answer:
    """Insert the user *wanted*, unless somebody has the address already."""
    is_confirmed_at_once = service.settings.auth_autoconfirm == "on"
    if is_confirmed_at_once:
        wanted = users.confirmed(wanted, service.now())
    find = partial(
        store.find_user_by_email, connection, wanted.email, audience=wanted.aud, for_update=True
    )
    inserted = await find() or await store.insert_user(connection, wanted, now=service.now())
    user = inserted or await find()
    if is_confirmed_at_once:
        if user is None or user.id != wanted.id:
            raise unprocessable("user_already_exists", "User already registered")
        await service.record(connection, AuditAction.USER_SIGNED_UP, user, request, traits=_TRAITS)
        return Answer(
            body=await sessions.sign_in(service, connection, user, request, method="password")
        )
    if user is None or user.is_confirmed:
        # As often as somebody who would get a mail, so that the refusals tell nothing either.
        service.confirmations.admit(service, SIGN_UP, wanted.email)
        if user is not None:
            await service.record(
                connection, AuditAction.USER_REPEATED_SIGN_UP, user, request, traits=_TRAITS
            )
        return Answer(body=_as_if_registered(service, wanted))
    # Who comes a second time gets a second mail; nothing else of the first time is changed.
    user = await service.confirmations.confirm_sign_up(service, connection, user, request, body)
    return Answer(body=users.to_json(user))


_TRAITS: Final[dict[str, JsonValue]] = {"provider": "email"}


def _as_if_registered(service: AuthService, wanted: User) -> dict[str, JsonValue]:
    """
    Give what a new user would be answered with, so that nobody learns who has an account.

    Apps know it by the empty list of identities.
    """
    now = service.now()
    return users.to_json(
        dataclasses.replace(
            wanted, role="", created_at=now, updated_at=now, confirmation_sent_at=now
        )
    )


async def _sign_up_anonymously(service: AuthService, request: Request, body: Body) -> Answer:
    """Make an account that nobody can sign in to again once its session is lost."""
    service.limits.count_request(Action.ANONYMOUS, request.address)
    if service.settings.auth_anonymous != "on":
        raise unprocessable("anonymous_provider_disabled", "Anonymous sign-ins are disabled")
    refuse_if_closed(service)
    user = User(
        id=uuid4(),
        is_anonymous=True,
        raw_user_meta_data=users.checked_metadata(body.object("data") or {}),
    )
    async with service.transaction(SAVING_FAILED) as connection:
        inserted = await store.insert_user(connection, user, now=service.now()) or user
        await service.record(connection, AuditAction.USER_SIGNED_UP, inserted, request)
        session = await sessions.sign_in(service, connection, inserted, request, method="anonymous")
    return Answer(body=session)


ENDPOINTS: Final = (Endpoint(method="POST", path="/signup", handler=sign_up),)
