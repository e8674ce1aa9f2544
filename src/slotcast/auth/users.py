"""A user as the database has it, and as clients get it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from slotcast import strict_json
from slotcast.auth.errors import unprocessable

if TYPE_CHECKING:
    from uuid import UUID

    from slotcast.claims import JsonValue

AUDIENCE: Final = "authenticated"
"""The audience of users and of their tokens."""
ROLE: Final = "authenticated"
"""The role of users who were given no other."""

METADATA_LIMIT_BYTES: Final = 6 * 1024
"""Most that users may have stored about themselves: every access token carries it."""

_OPTIONAL_MOMENTS: Final = (
    "email_confirmed_at",
    "invited_at",
    "phone_confirmed_at",
    "confirmation_sent_at",
    "confirmed_at",
    "recovery_sent_at",
    "email_change_sent_at",
    "phone_change_sent_at",
    "reauthentication_sent_at",
    "last_sign_in_at",
    "banned_until",
    "deleted_at",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """
    A row of `auth.users` with its identities; its columns' names and meanings are Supabase's.

    Text columns are empty where the row has NULL, as seeds leave it.

    Attributes:
        identities: As clients get them, the oldest first.
    """

    id: UUID
    aud: str = AUDIENCE
    role: str = ROLE
    email: str = ""
    encrypted_password: str = field(default="", repr=False)
    email_confirmed_at: datetime | None = None
    invited_at: datetime | None = None
    confirmation_token: str = field(default="", repr=False)
    confirmation_sent_at: datetime | None = None
    recovery_token: str = field(default="", repr=False)
    recovery_sent_at: datetime | None = None
    email_change_token_new: str = field(default="", repr=False)
    email_change_token_current: str = field(default="", repr=False)
    email_change_confirm_status: int = 0
    email_change: str = ""
    email_change_sent_at: datetime | None = None
    last_sign_in_at: datetime | None = None
    raw_app_meta_data: dict[str, JsonValue] = field(default_factory=dict[str, "JsonValue"])
    raw_user_meta_data: dict[str, JsonValue] = field(default_factory=dict[str, "JsonValue"])
    created_at: datetime | None = None
    updated_at: datetime | None = None
    phone: str = ""
    phone_confirmed_at: datetime | None = None
    phone_change: str = ""
    phone_change_sent_at: datetime | None = None
    confirmed_at: datetime | None = None
    banned_until: datetime | None = None
    reauthentication_token: str = field(default="", repr=False)
    reauthentication_sent_at: datetime | None = None
    is_sso_user: bool = False
    deleted_at: datetime | None = None
    is_anonymous: bool = False
    identities: list[dict[str, JsonValue]] = field(default_factory=list[dict[str, "JsonValue"]])

    @property
    def is_confirmed(self) -> bool:
        """Whether the user has shown that the email address is theirs."""
        return self.email_confirmed_at is not None

    def is_banned(self, now: datetime) -> bool:
        """Tell whether the user may not sign in for the time being."""
        return self.banned_until is not None and now < self.banned_until


def to_json(user: User) -> dict[str, JsonValue]:
    """Give *user* as clients know it: without passwords and tokens."""
    shown: dict[str, JsonValue] = {
        "id": str(user.id),
        "aud": user.aud,
        "role": user.role,
        "email": user.email,
        "phone": user.phone,
        "app_metadata": user.raw_app_meta_data,
        "user_metadata": user.raw_user_meta_data,
        "identities": [*user.identities],
        "created_at": moment(user.created_at),
        "updated_at": moment(user.updated_at),
        "is_anonymous": user.is_anonymous,
    }
    for name in _OPTIONAL_MOMENTS:
        at: datetime | None = getattr(user, name)
        if at is not None:
            shown[name] = moment(at)
    if user.email_change:
        shown["new_email"] = user.email_change
    if user.phone_change:
        shown["new_phone"] = user.phone_change
    return shown


def moment(at: datetime | None) -> str | None:
    """Write a point in time as RFC 3339 has it, in UTC with a ``Z``."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def merged(current: dict[str, JsonValue], changes: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Change metadata: members of *changes* replace those of *current*, null removes them."""
    return {name: value for name, value in (current | changes).items() if value is not None}


def email_provider() -> dict[str, JsonValue]:
    """Give the app's metadata of a user who signs in by email address."""
    return {"provider": "email", "providers": ["email"]}


def confirmed(user: User, now: datetime) -> User:
    """Give *user*, who has just shown that the email address is theirs."""
    return dataclasses.replace(
        user,
        email_confirmed_at=now,
        raw_user_meta_data={**user.raw_user_meta_data, "email_verified": True},
    )


def checked_metadata(metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """
    Give *metadata* if it can be stored and be part of every access token.

    Raises:
        AuthError: It is too large.
    """
    if len(strict_json.dumps(metadata)) > METADATA_LIMIT_BYTES:
        raise unprocessable(
            "validation_failed",
            f"User metadata cannot be larger than {METADATA_LIMIT_BYTES} bytes",
        )
    return metadata
