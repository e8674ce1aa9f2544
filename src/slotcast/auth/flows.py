"""
Flows with PKCE in the database: begun by a request, issued by a link, finished by an exchange.

A flow's row in `auth.flow_state` keeps the challenge. When the link in the mail is opened, its
code is handed to the app by the link's redirect; the app exchanges it, with the verifier, for
a session.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from psycopg.rows import class_row

from slotcast.auth import sessions, store
from slotcast.auth.audit import AuditAction
from slotcast.auth.callers import as_uuid
from slotcast.auth.endpoints import Answer
from slotcast.auth.errors import AuthError, bad_request, forbidden, invalid, unprocessable
from slotcast.auth.pkce import Challenge, ChallengeMethod

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from slotcast.auth.endpoints import Request
    from slotcast.auth.service import AuthService
    from slotcast.auth.store import Connection
    from slotcast.auth.users import User

EXCHANGE_LIMIT: Final = timedelta(minutes=5)
"""How long after the link was opened the code can be exchanged."""
_VERIFIER_LIMIT: Final = 128
_BY_EMAIL: Final = {"provider": "email"}

_BEGIN: Final = """
with former as (
  delete from auth.flow_state where user_id = %(user_id)s and authentication_method = %(method)s
)
insert into auth.flow_state
  (id, user_id, auth_code, code_challenge_method, code_challenge, provider_type,
   created_at, updated_at, authentication_method)
values (gen_random_uuid(), %(user_id)s, gen_random_uuid(), %(challenge_method)s, %(challenge)s,
        'email', %(now)s, %(now)s, %(method)s)
"""

_ISSUE: Final = """
update auth.flow_state set auth_code_issued_at = %(now)s, updated_at = %(now)s
where user_id = %(user_id)s and authentication_method = %(method)s and auth_code_issued_at is null
returning auth_code
"""

# Whoever comes first has it; the row is gone even if the verifier turns out to be wrong.
_TAKE: Final = """
delete from auth.flow_state where auth_code = %s and user_id is not null
returning user_id, code_challenge_method::text as challenge_method, code_challenge as challenge,
          authentication_method as method, auth_code_issued_at as issued_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flow:
    """A flow that is to be finished."""

    user_id: UUID
    challenge_method: str
    challenge: str = field(repr=False)
    method: str
    issued_at: datetime | None


async def begin(
    connection: Connection, user: User, method: str, challenge: Challenge, *, now: datetime
) -> None:
    """Begin a flow by which *user* signs in by *method*, in the place of an earlier one."""
    await connection.execute(
        _BEGIN,
        {
            "user_id": user.id,
            "method": method,
            "challenge_method": challenge.method.value,
            "challenge": challenge.value,
            "now": now,
        },
    )


async def issue_code(connection: Connection, user: User, method: str, *, now: datetime) -> str:
    """
    Give the code that the flow of *user* ends with.

    Raises:
        AuthError: No such flow was begun.
    """
    cursor = await connection.execute(_ISSUE, {"user_id": user.id, "method": method, "now": now})
    row = await cursor.fetchone()
    if row is None:
        raise _unknown_flow()
    return str(row[0])


async def exchange(service: AuthService, request: Request) -> Answer:
    """Give a session for a flow's code and verifier."""
    body = request.body()
    code, verifier = body.text("auth_code"), body.text("code_verifier")
    if not code or not verifier:
        raise invalid("invalid request: both auth code and code verifier should be non-empty")
    async with service.transaction() as connection:
        flow = await _take(connection, code)
    now = service.now()
    if flow is None or flow.issued_at is None:
        raise _unknown_flow()
    if now - flow.issued_at > EXCHANGE_LIMIT:
        raise unprocessable("flow_state_expired", "invalid flow state, flow state has expired")
    challenge = Challenge(method=ChallengeMethod(flow.challenge_method), value=flow.challenge)
    if len(verifier) > _VERIFIER_LIMIT or not challenge.is_met_by(verifier):
        raise bad_request(
            "bad_code_verifier", "code challenge does not match previously saved code verifier"
        )
    async with service.transaction() as connection:
        user = await store.find_user(connection, flow.user_id, for_update=True)
        if user is None or user.deleted_at is not None:
            raise _unknown_flow()
        if user.is_banned(now):
            raise forbidden("user_banned", "User is banned")
        await service.record(connection, AuditAction.LOGIN, user, request, traits=_BY_EMAIL)
        session = await sessions.sign_in(service, connection, user, request, method=flow.method)
    return Answer(body=session)


async def _take(connection: Connection, code: str) -> _Flow | None:
    if as_uuid(code) is None:
        return None
    async with connection.cursor(row_factory=class_row(_Flow)) as cursor:
        await cursor.execute(_TAKE, [code])
        return await cursor.fetchone()


def _unknown_flow() -> AuthError:
    return AuthError(
        HTTPStatus.NOT_FOUND,
        "flow_state_not_found",
        "invalid flow state, no valid flow state found",
    )
