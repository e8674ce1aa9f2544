"""
Going on with a session: a refresh token for the next one, and a new access token.

Each refresh token is used once. When one comes again, either the answer to its first use was
lost, or tabs refreshed at once, or somebody has stolen it:

- The one that came just before the current is always answered with the current: its user never
  got that, or has it in another tab.
- Older ones are, too, for a moment after a refresh. Those do not prolong that moment.
- After it, the session ends for everybody who has any of its tokens.
"""

from __future__ import annotations

import dataclasses
import enum
from datetime import timedelta
from typing import TYPE_CHECKING, Final, assert_never

from slotcast.auth import refresh_tokens, sessions, store
from slotcast.auth.audit import AuditAction
from slotcast.auth.endpoints import Answer
from slotcast.auth.errors import OAuthError, bad_request, invalid

if TYPE_CHECKING:
    from datetime import datetime

    from slotcast.auth.endpoints import Request
    from slotcast.auth.errors import AuthError
    from slotcast.auth.service import AuthService
    from slotcast.auth.sessions import Session
    from slotcast.auth.store import Connection
    from slotcast.auth.users import User
    from slotcast.settings import Settings

_GO_ON: Final = """
update auth.sessions
set refresh_token_counter = %(counter)s, refreshed_at = %(now)s at time zone 'UTC',
    updated_at = %(now)s, user_agent = %(user_agent)s, ip = %(ip)s
where id = %(session_id)s
"""


class Use(enum.Enum):
    """What using a refresh token amounts to."""

    FIRST = enum.auto()
    """It is the current one."""
    LOST = enum.auto()
    """It came before the current one, which its user may never have got."""
    SIMULTANEOUS = enum.auto()
    """It is older, but the current one is only a moment old."""
    STOLEN = enum.auto()
    """It is older, and its user has had time to know the current one."""
    UNKNOWN = enum.auto()
    """It is newer than all that were given out."""


def judge(session: Session, counter: int, now: datetime, reuse_interval_s: float) -> Use:
    """
    Tell what using the token with number *counter* of *session* amounts to.

    Args:
        session: As it was before.
        counter: The token's.
        now: The time.
        reuse_interval_s: How long after a refresh older tokens are taken for simultaneous.
    """
    age = session.refresh_token_counter - counter
    if age < 0:
        return Use.UNKNOWN
    if age == 0:
        return Use.FIRST
    if age == 1:
        return Use.LOST
    last = session.refreshed_at or session.created_at
    is_recent = last is not None and now - last < timedelta(seconds=reuse_interval_s)
    return Use.SIMULTANEOUS if is_recent else Use.STOLEN


async def by_refresh_token(service: AuthService, request: Request) -> Answer:
    """Give the session of a refresh token, with the token that is to be used next."""
    given = request.body().text("refresh_token")
    if not given:
        raise OAuthError("invalid_request", "refresh_token required")
    shown = refresh_tokens.decode(given)
    if shown is None:
        raise _not_found()
    async with service.transaction() as connection:
        # Those who use tokens of one session at once take turns from here on.
        session = await sessions.find_session(connection, shown.session_id, for_update=True)
        if session is None or not shown.is_signed_with(session.refresh_token_hmac_key):
            raise _not_found()
        user = await store.find_user(connection, session.user_id)
        if user is None:
            raise _not_found()
        _check(service, user, session)
        use = judge(
            session,
            shown.counter,
            service.now(),
            service.settings.auth_refresh_reuse_interval_s,
        )
        match use:
            case Use.FIRST | Use.LOST:
                session = await _go_on(service, connection, session, use, request)
                await service.record(connection, AuditAction.TOKEN_REFRESHED, user, request)
            case Use.SIMULTANEOUS:
                await service.record(connection, AuditAction.TOKEN_REFRESHED, user, request)
            case Use.STOLEN:
                await sessions.end(connection, session.id)
                await service.record(connection, AuditAction.TOKEN_REVOKED, user, request)
            case Use.UNKNOWN:
                raise invalid("Invalid Refresh Token: Not Issued By This Server")
            case _:
                assert_never(use)
    # Not before the end of the session counts.
    if use is Use.STOLEN:
        raise bad_request("refresh_token_already_used", "Invalid Refresh Token: Already Used")
    return Answer(body=sessions.to_json(service, user, session))


async def _go_on(
    service: AuthService, connection: Connection, session: Session, use: Use, request: Request
) -> Session:
    """Note that a session goes on, with the next token if the current one was used."""
    counter = session.refresh_token_counter + (use is Use.FIRST)
    values = {
        "session_id": session.id,
        "counter": counter,
        "now": service.now(),
        **sessions.client_of(request),
    }
    await connection.execute(_GO_ON, values)
    return dataclasses.replace(session, refresh_token_counter=counter)


def _check(service: AuthService, user: User, session: Session) -> None:
    """
    Refuse users who are banned, and sessions that are over.

    Raises:
        AuthError: Neither may go on.
    """
    now = service.now()
    if user.is_banned(now) or user.deleted_at is not None:
        raise bad_request("user_banned", "Invalid Refresh Token: User Banned")
    end = expiry(session, service.settings)
    if end is not None and now >= end:
        raise bad_request("session_expired", "Invalid Refresh Token: Session Expired")
    last = session.refreshed_at or session.created_at
    idle_s = service.settings.auth_session_inactivity_s
    if idle_s and last is not None and now - last > timedelta(seconds=idle_s):
        raise bad_request("session_expired", "Invalid Refresh Token: Session Expired (Inactivity)")


def expiry(session: Session, settings: Settings) -> datetime | None:
    """Tell when *session* is over, whatever its user does; None for never."""
    ends = [session.not_after] if session.not_after else []
    if settings.auth_session_lifetime_s and session.created_at:
        ends.append(session.created_at + timedelta(seconds=settings.auth_session_lifetime_s))
    return min(ends, default=None)


def _not_found() -> AuthError:
    return bad_request("refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
