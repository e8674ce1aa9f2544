"""Sessions: signing in, and the tokens that show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from psycopg.rows import class_row

from slotcast.auth import refresh_tokens, store, users
from slotcast.auth.errors import unprocessable
from slotcast.tokens import TOKEN_LIMIT_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from slotcast.auth.endpoints import Request
    from slotcast.auth.service import AuthService
    from slotcast.auth.store import Connection
    from slotcast.auth.users import User
    from slotcast.claims import JsonValue

USER_AGENT_LIMIT: Final = 1000
"""Characters of a client's name for itself that a session keeps."""

_SESSION: Final = """
select s.id, s.user_id, s.created_at, s.aal::text as aal, s.not_after, s.refreshed_at,
       coalesce(s.refresh_token_hmac_key, '') as refresh_token_hmac_key,
       coalesce(s.refresh_token_counter, 0) as refresh_token_counter,
       array(
         select jsonb_build_object('method', c.authentication_method,
                                   'timestamp', extract(epoch from c.updated_at)::bigint)
         from auth.mfa_amr_claims c where c.session_id = s.id order by c.updated_at desc
       ) as amr
from (
  select id, user_id, created_at, coalesce(aal, 'aal1') as aal, not_after,
         refreshed_at at time zone 'UTC' as refreshed_at, refresh_token_hmac_key,
         refresh_token_counter
  from auth.sessions where id = %(session_id)s
"""

_CREATE_SESSION: Final = """
with session as (
  insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip,
                             refresh_token_hmac_key, refresh_token_counter)
  values (%(session_id)s, %(user_id)s, %(now)s, %(now)s, 'aal1', %(user_agent)s, %(ip)s,
          %(key)s, 0)
  returning id
)
insert into auth.mfa_amr_claims (id, session_id, authentication_method, created_at, updated_at)
select gen_random_uuid(), id, %(method)s, %(now)s, %(now)s from session
"""

_NOTE_SIGN_IN: Final = """
update auth.identities set last_sign_in_at = %(now)s, updated_at = %(now)s
where user_id = %(user_id)s and provider = 'email'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """
    A row of `auth.sessions`.

    Attributes:
        aal: How sure it is who signed in: ``aal1``, or ``aal2`` with a second factor.
        not_after: When it ends at the latest, None for never.
        refreshed_at: When it last went on, None if it never did.
        refresh_token_hmac_key: Signs its refresh tokens.
        refresh_token_counter: The number of the refresh token that is to be used next.
        amr: How the user signed in, as the token has it, the newest first.
    """

    id: UUID
    user_id: UUID
    created_at: datetime | None = None
    aal: str = "aal1"
    not_after: datetime | None = None
    refreshed_at: datetime | None = None
    refresh_token_hmac_key: str = field(default="", repr=False)
    refresh_token_counter: int = 0
    amr: list[dict[str, JsonValue]] = field(default_factory=list[dict[str, "JsonValue"]])

    @property
    def refresh_token(self) -> str:
        """The token that is to be used next."""
        return refresh_tokens.encode(
            self.id, self.refresh_token_counter, self.refresh_token_hmac_key
        )


async def find_session(
    connection: Connection, session_id: UUID, *, for_update: bool = False
) -> Session | None:
    """Find the session with this id; *for_update* makes other writers of the row wait."""
    lock = " for update) s" if for_update else ") s"
    async with connection.cursor(row_factory=class_row(Session)) as cursor:
        await cursor.execute(_SESSION + lock, {"session_id": session_id})
        return await cursor.fetchone()


async def sign_in(
    service: AuthService, connection: Connection, user: User, request: Request, *, method: str
) -> dict[str, JsonValue]:
    """
    Begin a session for *user*.

    Args:
        service: Of this server.
        connection: In a transaction.
        user: Who has just shown who they are.
        request: That it was shown by; the session keeps who sent it.
        method: How: ``password``, ``otp``, ``anonymous``, ``recovery`` …

    Returns:
        The session as clients know it, with tokens and the user.
    """
    now = service.now()
    session = Session(
        id=uuid4(),
        user_id=user.id,
        refresh_token_hmac_key=refresh_tokens.new_key(),
        amr=[{"method": method, "timestamp": int(now.timestamp())}],
    )
    await connection.execute(
        _CREATE_SESSION,
        {
            "session_id": session.id,
            "user_id": user.id,
            "now": now,
            "key": session.refresh_token_hmac_key,
            "method": method,
            **client_of(request),
        },
    )
    await connection.execute(_NOTE_SIGN_IN, {"now": now, "user_id": user.id})
    signed_in = await store.update_user(connection, user.id, {"last_sign_in_at": now}, now=now)
    return to_json(service, signed_in, session)


def client_of(request: Request) -> Mapping[str, object]:
    """Give what a session keeps of the client: `user_agent` and `ip`."""
    return {
        "user_agent": request.user_agent[:USER_AGENT_LIMIT] or None,
        "ip": _ip(request.address),
    }


def _ip(address: str) -> str | None:
    """Give *address* as PostgreSQL takes it; None for what is no address."""
    try:
        return str(ip_address(address.partition("%")[0]))
    except ValueError:
        return None


def to_json(service: AuthService, user: User, session: Session) -> dict[str, JsonValue]:
    """
    Give a session as clients know it, with a new access token.

    Raises:
        AuthError: The token would be too large to be of use.
    """
    lifetime_s = service.settings.auth_jwt_lifetime_s
    now = service.now().timestamp()
    token = service.keyring.issue(
        access_claims(service, user, session), expires_in_s=lifetime_s, now=now
    )
    if len(token) > TOKEN_LIMIT_BYTES:
        raise unprocessable(
            "validation_failed", "The user's metadata is too large for an access token"
        )
    return {
        "access_token": token,
        "token_type": "bearer",
        "expires_in": lifetime_s,
        "expires_at": int(now) + lifetime_s,
        "refresh_token": session.refresh_token,
        "user": users.to_json(user),
    }


def access_claims(service: AuthService, user: User, session: Session) -> dict[str, JsonValue]:
    """Give what an access token says of a user and their session, but for its times."""
    return {
        "iss": service.url,
        "sub": str(user.id),
        "aud": user.aud or users.AUDIENCE,
        "email": user.email,
        "phone": user.phone,
        "app_metadata": user.raw_app_meta_data,
        "user_metadata": user.raw_user_meta_data,
        "role": user.role or users.ROLE,
        "aal": session.aal,
        "amr": [*session.amr],
        "session_id": str(session.id),
        "is_anonymous": user.is_anonymous,
    }


async def end(connection: Connection, session_id: UUID) -> None:
    """End a session, with all its tokens."""
    await connection.execute("delete from auth.sessions where id = %s", [session_id])


async def end_all(connection: Connection, user_id: UUID, *, but: UUID | None = None) -> None:
    """End the sessions of a user, all or all but one."""
    await connection.execute(
        "delete from auth.sessions where user_id = %s and id is distinct from %s", [user_id, but]
    )
