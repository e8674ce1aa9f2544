"""Signing out: of this session, of all, or of all others."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from slotcast.auth import sessions
from slotcast.auth.audit import AuditAction
from slotcast.auth.callers import authenticate
from slotcast.auth.endpoints import Answer, Endpoint
from slotcast.auth.errors import invalid

if TYPE_CHECKING:
    from slotcast.auth.endpoints import Request
    from slotcast.auth.service import AuthService


async def sign_out(service: AuthService, request: Request) -> Answer:
    """End sessions of the caller; access tokens stay valid elsewhere until they expire."""
    scope = request.query.get("scope", "") or "global"
    if scope not in {"global", "local", "others"}:
        raise invalid(f'Unsupported logout scope "{scope[:20]}"')
    caller = await authenticate(service, request)
    session_id = caller.session.id if caller.session else None
    async with service.transaction() as connection:
        await service.record(connection, AuditAction.LOGOUT, caller.user, request)
        if scope == "global":
            await sessions.end_all(connection, caller.user.id)
        elif scope == "others":
            await sessions.end_all(connection, caller.user.id, but=session_id)
        elif session_id is not None:
            await sessions.end(connection, session_id)
    return Answer(status=HTTPStatus.NO_CONTENT)


ENDPOINTS: Final = (Endpoint(method="POST", path="/logout", handler=sign_out),)
