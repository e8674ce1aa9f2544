"""What users see and change of their own account."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from psycopg.errors import UniqueViolation

from slotcast.auth import addresses, callers, sessions, store, users
from slotcast.auth.audit import AuditAction
from slotcast.auth.callers import authenticate
from slotcast.auth.endpoints import Answer, Endpoint
from slotcast.auth.errors import AuthError, bad_request, forbidden, unprocessable
from slotcast.auth.rate_limits import Action
from slotcast.auth.sign_up import check_strength

if TYPE_CHECKING:
    from collections.abc import Generator

    from slotcast.auth.callers import Caller
    from slotcast.auth.endpoints import Body, Request
    from slotcast.auth.service import AuthService
    from slotcast.auth.store import Connection
    from slotcast.auth.users import User
    from slotcast.claims import JsonValue

_CURRENT_PASSWORD: Final = "current_password"  # noqa: S105 - a choice in the settings
_REAUTHENTICATION: Final = "reauthentication"

RECENT: Final = timedelta(hours=24)
"""How old a session may be whose user need not show again who they are."""


async def show(service: AuthService, request: Request) -> Answer:
    """Give the caller."""
    caller = await authenticate(service, request)
    return Answer(body=users.to_json(caller.user))


async def change(service: AuthService, request: Request) -> Answer:
    """Change password, metadata or email address of the caller; gives them as they are then."""
    service.limits.count_request(Action.USER, request.address)
    body = request.body()
    caller = await authenticate(service, request)
    wish = _read_wish(caller.user, body)
    hashed = await _new_password(service, caller, wish, body) if wish.password else None
    async with service.transaction() as connection:
        user = await store.get_user(connection, caller.user.id, for_update=True)
        if wish.email:
            await _refuse_taken(connection, wish.email)
        if hashed:
            await _check_nonce(service, connection, caller, body)
            user = await _set_password(service, connection, caller, hashed)
            await service.record(connection, AuditAction.USER_UPDATED_PASSWORD, user, request)
        if wish.metadata:
            metadata = users.merged(user.raw_user_meta_data, wish.metadata)
            changes = {"raw_user_meta_data": users.checked_metadata(metadata)}
            user = await store.update_user(connection, user.id, changes, now=service.now())
        if wish.email:
            user = await _change_email(service, connection, user, wish.email, request, body)
        await service.record(connection, AuditAction.USER_MODIFIED, user, request)
    return Answer(body=users.to_json(user))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """
    What a user wants changed.

    Attributes:
        email: Another address, as it is stored; empty for none.
        password: A new one, empty for none.
        metadata: Members to change; null removes one.
    """

    email: str
    password: str = field(repr=False)
    metadata: dict[str, JsonValue]


def _read_wish(user: User, body: Body) -> _Wish:
    """
    Read what *user* wants changed.

    Raises:
        AuthError: It is malformed, weak, or not for users to change.
    """
    if "app_metadata" in body:
        raise forbidden("not_admin", "Updating app_metadata requires admin privileges")
    if body.text("phone") not in {"", user.phone}:
        raise bad_request("phone_provider_disabled", "Unsupported phone provider")
    given = body.text("email")
    email = addresses.normalised(given) if given else ""
    wish = _Wish(
        email="" if email == user.email else email,
        password=body.text("password"),
        metadata=body.object("data") or {},
    )
    if wish.password and user.is_anonymous and not email:
        raise unprocessable(
            "validation_failed",
            "Updating password of an anonymous user without an email or phone is not allowed",
        )
    return wish


async def _new_password(service: AuthService, caller: Caller, wish: _Wish, body: Body) -> str:
    """
    Check the password that *caller* wants, and hash it.

    Raises:
        AuthError: It is weak or the same as before, or the current one is needed.
    """
    check_strength(service, wish.password)
    current = caller.user.encrypted_password
    if current:
        if service.settings.auth_password_change == _CURRENT_PASSWORD:
            await _check_current(service, current, body.text("current_password"))
        if await service.passwords.verify(wish.password, current):
            raise unprocessable(
                "same_password", "New password should be different from the old password."
            )
    return await service.passwords.hash(wish.password)


async def _check_current(service: AuthService, hashed: str, given: str) -> None:
    """Refuse who does not know the password that is to be changed."""
    if not given:
        raise bad_request(
            "current_password_required", "Current password required when setting new password."
        )
    if not await service.passwords.verify(given, hashed):
        raise bad_request("current_password_invalid", "Current password is not correct.")


async def _check_nonce(
    service: AuthService, connection: Connection, caller: Caller, body: Body
) -> None:
    """Refuse who signed in long ago and did not show since who they are, if that is asked for."""
    began = caller.session.created_at if caller.session else None
    is_recent = began is not None and service.now() - began < RECENT
    if service.settings.auth_password_change != _REAUTHENTICATION or is_recent:
        return
    nonce = body.text("nonce")
    if not nonce:
        raise bad_request("reauthentication_needed", "Password update requires reauthentication")
    await service.confirmations.check_nonce(service, connection, caller.user, nonce)


async def _set_password(
    service: AuthService, connection: Connection, caller: Caller, hashed: str
) -> User:
    """Set the password; who is signed in elsewhere, or has a mail that signs in, is out."""
    user_id = caller.user.id
    await sessions.end_all(connection, user_id, but=caller.session.id if caller.session else None)
    await store.delete_one_time_tokens(connection, user_id)
    return await store.update_user(
        connection,
        user_id,
        {"encrypted_password": hashed, **store.NO_ONE_TIME_TOKENS},
        now=service.now(),
    )


async def _change_email(
    service: AuthService,
    connection: Connection,
    user: User,
    email: str,
    request: Request,
    body: Body,
) -> User:
    """Change the address at once where that is as good as signing up; else by mail."""
    if user.is_anonymous and service.settings.auth_autoconfirm == "on":
        return await adopt_email(service, connection, user, email)
    return await service.confirmations.change_email(service, connection, user, email, request, body)


async def adopt_email(service: AuthService, connection: Connection, user: User, email: str) -> User:
    """
    Make of an anonymous user one who signs in with *email*, which is known to be theirs.

    Args:
        service: Of this server.
        connection: In a transaction.
        user: Who was anonymous until now.
        email: As it is stored.

    Raises:
        AuthError: Somebody has the address.
    """
    now = service.now()
    owner = users.confirmed(
        dataclasses.replace(
            user,
            email=email,
            is_anonymous=False,
            raw_app_meta_data={**user.raw_app_meta_data, **users.email_provider()},
        ),
        now,
    )
    changes: dict[str, object] = {
        name: getattr(owner, name)
        for name in (
            "email",
            "email_confirmed_at",
            "is_anonymous",
            "raw_app_meta_data",
            "raw_user_meta_data",
        )
    }
    with refusing_taken_email():
        await store.update_user(connection, user.id, changes, now=now)
    await store.insert_identity(connection, owner, now=now)
    return await store.get_user(connection, user.id)


async def _refuse_taken(connection: Connection, email: str) -> None:
    if await store.find_user_by_email(connection, email, audience=users.AUDIENCE):
        raise email_exists()


@contextmanager
def refusing_taken_email() -> Generator[None]:
    """
    Refuse what would give two users the same address.

    Raises:
        AuthError: The block would have.
    """
    try:
        yield
    except UniqueViolation as error:
        if error.diag.constraint_name == store.UNIQUE_EMAIL:
            raise email_exists() from None
        raise


def email_exists() -> AuthError:
    """Make the error of an address that somebody else has."""
    return unprocessable(
        "email_exists", "A user with this email address has already been registered"
    )


async def unlink(service: AuthService, request: Request) -> Answer:
    """Take from the caller one of several ways to sign in."""
    if service.settings.auth_manual_linking == "off":
        raise AuthError(
            HTTPStatus.NOT_FOUND, "manual_linking_disabled", "Manual linking is disabled"
        )
    caller = await authenticate(service, request)
    identity_id = callers.as_uuid(request.path["identity_id"])
    if identity_id is None:
        raise AuthError(HTTPStatus.NOT_FOUND, "validation_failed", "identity_id must be an UUID")
    async with service.transaction() as connection:
        user = await store.get_user(connection, caller.user.id, for_update=True)
        kept = [i for i in user.identities if i["identity_id"] != str(identity_id)]
        if len(user.identities) <= 1:
            raise unprocessable(
                "single_identity_not_deletable",
                "User must have at least 1 identity after unlinking",
            )
        if len(kept) == len(user.identities):
            raise unprocessable("identity_not_found", "Identity doesn't exist")
        await store.delete_identity(connection, user.id, identity_id)
        providers = sorted({str(i["provider"]) for i in kept})
        changes = {"raw_app_meta_data": user.raw_app_meta_data | {"providers": [*providers]}}
        await store.update_user(connection, user.id, changes, now=service.now())
    return Answer(body={})


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/user", handler=show),
    Endpoint(method="PUT", path="/user", handler=change),
    Endpoint(method="DELETE", path="/user/identities/{identity_id}", handler=unlink),
)
