"""
Who did what: rows of `auth.audit_log_entries`, in the transaction of what they tell of.

Source:
    The actions and the members of their payload are those that Supabase Auth writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from psycopg.types.json import Json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from slotcast.auth.store import Connection
    from slotcast.auth.users import User
    from slotcast.claims import JsonValue

_ADDRESS_LIMIT: Final = 64
_NOBODY: Final = UUID(int=0)

_COUNT: Final = "select count(*) from auth.audit_log_entries"
_READ: Final = """
select jsonb_build_object('id', id, 'payload', payload, 'created_at', created_at,
                          'ip_address', ip_address)
from auth.audit_log_entries order by created_at desc, id offset %s limit %s
"""

_RECORD: Final = """
insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address)
values ('00000000-0000-0000-0000-000000000000', gen_random_uuid(), %s, %s, %s)
"""


class AuditAction(StrEnum):
    """What was done."""

    LOGIN = "login"
    LOGOUT = "logout"
    INVITE_ACCEPTED = "invite_accepted"
    USER_SIGNED_UP = "user_signedup"
    USER_INVITED = "user_invited"
    USER_DELETED = "user_deleted"
    USER_MODIFIED = "user_modified"
    USER_RECOVERY_REQUESTED = "user_recovery_requested"
    USER_REAUTHENTICATE_REQUESTED = "user_reauthenticate_requested"
    USER_CONFIRMATION_REQUESTED = "user_confirmation_requested"
    USER_REPEATED_SIGN_UP = "user_repeated_signup"
    USER_UPDATED_PASSWORD = "user_updated_password"  # noqa: S105 - an action's name
    TOKEN_REVOKED = "token_revoked"  # noqa: S105
    TOKEN_REFRESHED = "token_refreshed"  # noqa: S105


_LOG_TYPES: Final[Mapping[AuditAction, str]] = {
    AuditAction.LOGIN: "account",
    AuditAction.LOGOUT: "account",
    AuditAction.INVITE_ACCEPTED: "account",
    AuditAction.USER_SIGNED_UP: "team",
    AuditAction.USER_INVITED: "team",
    AuditAction.USER_DELETED: "team",
    AuditAction.TOKEN_REVOKED: "token",
    AuditAction.TOKEN_REFRESHED: "token",
}
"""What the actions are filed under; all others are of ``user``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """
    Who did it.

    Attributes:
        id: The user's; all zeros for somebody with an administrator's key.
        name: The user's address, or the key's role.
    """

    id: UUID
    name: str


def user_actor(user: User) -> Actor:
    """Give *user* as the one who acts."""
    return Actor(id=user.id, name=user.email or user.phone)


def admin_actor(role: str) -> Actor:
    """Give whoever has a key of *role* as the one who acts."""
    return Actor(id=_NOBODY, name=role)


async def record(
    connection: Connection,
    action: AuditAction,
    actor: Actor,
    *,
    address: str,
    now: datetime,
    traits: Mapping[str, JsonValue] | None = None,
) -> None:
    """
    Write down that *actor* did *action*.

    Args:
        connection: In the transaction that does it.
        action: What was done.
        actor: By whom.
        address: The client's IP address.
        now: When.
        traits: What else belongs to it. Nothing secret.
    """
    payload: dict[str, JsonValue] = {
        "action": action.value,
        "actor_id": str(actor.id),
        "actor_username": actor.name,
        "actor_via_sso": False,
        "log_type": _LOG_TYPES.get(action, "user"),
    }
    if traits:
        payload["traits"] = dict(traits)
    await connection.execute(_RECORD, [Json(payload), now, address[:_ADDRESS_LIMIT]])


async def read(
    connection: Connection, *, offset: int, limit: int
) -> tuple[int, list[dict[str, JsonValue]]]:
    """Give how many entries there are, and some of them, the newest first."""
    cursor = await connection.execute(_COUNT)
    counted = await cursor.fetchone()
    cursor = await connection.execute(_READ, [offset, limit])
    return counted[0] if counted else 0, [row[0] for row in await cursor.fetchall()]
