"""The token endpoint: what is worth a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slotcast.auth import addresses, flows, passwords, refreshing, sessions, store
from slotcast.auth.audit import AuditAction
from slotcast.auth.endpoints import Answer, Endpoint
from slotcast.auth.errors import AuthError, bad_request, invalid, unprocessable
from slotcast.auth.rate_limits import Action
from slotcast.auth.users import AUDIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slotcast.auth.endpoints import Handler, Request
    from slotcast.auth.service import AuthService
    from slotcast.auth.users import User
    from slotcast.claims import JsonValue
    from slotcast.settings import Settings


async def token(service: AuthService, request: Request) -> Answer:
    """Give a session for what the request has, which `grant_type` names."""
    service.limits.count_request(Action.TOKEN, request.address)
    grant = GRANTS.get(request.query.get("grant_type", ""))
    if grant is None:
        raise bad_request("invalid_credentials", "unsupported_grant_type")
    answer = await grant(service, request)
    await service.cleaning.do_if_due(service)
    return answer


async def by_password(service: AuthService, request: Request) -> Answer:
    """Give a session for an email address and its password."""
    body = request.body()
    email, phone, password = body.text("email"), body.text("phone"), body.text("password")
    if email and phone:
        raise invalid("Only an email address or phone number should be provided on login.")
    if phone:
        raise unprocessable("phone_provider_disabled", "Phone logins are disabled")
    if not email:
        raise invalid("missing email or phone")
    if service.settings.auth_email == "off":
        raise unprocessable("email_provider_disabled", "Email logins are disabled")
    user = await _find(service, email)
    hashed = "" if user is None else user.encrypted_password
    account = f"password {email.lower()[: addresses.LIMIT]}"
    service.limits.count_attempt(account)
    is_right = await service.passwords.verify(password, hashed)
    if user is None or not is_right:
        raise _wrong_credentials()
    service.limits.forgive_attempts(account)
    # Only now: who does not know the password shall not learn who has an account.
    if user.is_banned(service.now()):
        raise bad_request("user_banned", "User is banned")
    if not user.is_confirmed:
        raise bad_request("email_not_confirmed", "Email not confirmed")
    async with service.transaction() as connection:
        current = await store.find_user(connection, user.id, for_update=True)
        # While the password was looked at, somebody may have changed it.
        if current is None or current.encrypted_password != hashed:
            raise _wrong_credentials()
        await service.record(connection, AuditAction.LOGIN, current, request, traits=_BY_EMAIL)
        session = await sessions.sign_in(service, connection, current, request, method="password")
    return Answer(body=session | _weakness(service.settings, password))


_BY_EMAIL: Final[dict[str, JsonValue]] = {"provider": "email"}


async def _find(service: AuthService, email: str) -> User | None:
    """Find who signs in with *email*; nobody does with what is no address."""
    try:
        address = addresses.normalised(email)
    except AuthError:
        return None
    async with service.transaction() as connection:
        user = await store.find_user_by_email(connection, address, audience=AUDIENCE)
    return None if user is None or user.deleted_at is not None else user


def _wrong_credentials() -> AuthError:
    return bad_request("invalid_credentials", "Invalid login credentials")


def _weakness(settings: Settings, password: str) -> dict[str, JsonValue]:
    """Say what a password lacks that was chosen under other rules; nothing when it is fine."""
    found = passwords.weaknesses(
        password,
        min_length=settings.auth_password_min_length,
        characters=settings.auth_password_characters,
    )
    if not found:
        return {}
    reasons: list[JsonValue] = [reason for reason, _ in found]
    message = " ".join(sentence for _, sentence in found)
    return {"weak_password": {"message": message, "reasons": reasons}}


GRANTS: Final[Mapping[str, Handler]] = {
    "password": by_password,
    "refresh_token": refreshing.by_refresh_token,
    "pkce": flows.exchange,
}
"""What is given for a session, by the name of its `grant_type`."""

ENDPOINTS: Final = (Endpoint(method="POST", path="/token", handler=token),)
