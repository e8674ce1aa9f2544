"""
One-time tokens: a code to type in and a link to open, each good for one confirmation.

Both stand for the same pending confirmation, and are kept apart from each other:

- The **code** has few digits. What is stored is SHA-224 of the address and the code, and it
  can only be tried together with the address, so that attempts can be counted.
- The **link's token** is 224 random bits. Nobody can derive it from the address and a guessed
  code, so links cannot be used to try codes.

A token that was asked for with PKCE begins with `PKCE_PREFIX`: opening its link gives a code
for the token endpoint, and not a session.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from psycopg import sql

from slotcast.auth import store

if TYPE_CHECKING:
    from datetime import datetime

    from slotcast.auth.store import Connection
    from slotcast.auth.users import User

PKCE_PREFIX: Final = "pkce_"
"""What tokens begin with whose link ends in a PKCE exchange."""

_TOKEN_BYTES: Final = 28
_LINK_TOKEN: Final = re.compile(r"[0-9A-Za-z_-]{1,255}")
"""What ours are of, and those that the original may have left behind."""

_REPLACE: Final = """
insert into auth.one_time_tokens
  (id, user_id, token_type, token_hash, relates_to, created_at, updated_at)
values (gen_random_uuid(), %(user_id)s, %(kind)s, %(hash)s, %(email)s,
        %(now)s at time zone 'UTC', %(now)s at time zone 'UTC')
on conflict (user_id, token_type) do update
set token_hash = excluded.token_hash, relates_to = excluded.relates_to,
    created_at = excluded.created_at, updated_at = excluded.updated_at
"""

# The second condition is the index's own, which holds no tokens that are merely digits.
_FIND: Final = """
select id from auth.users where {column} = %s and {column} !~ '^[0-9 ]*$' and not is_sso_user
"""

_FIND_HASH: Final = """
select token_hash from auth.one_time_tokens
where user_id = %s and token_type = %s and lower(relates_to) = %s
"""


class TokenKind(enum.Enum):
    """
    What a token confirms: PostgreSQL's `auth.one_time_token_type`.

    The value is the column of `auth.users` that holds the link's token as well.
    """

    CONFIRMATION = "confirmation_token"
    RECOVERY = "recovery_token"
    EMAIL_CHANGE_NEW = "email_change_token_new"
    EMAIL_CHANGE_CURRENT = "email_change_token_current"
    REAUTHENTICATION = "reauthentication_token"

    @property
    def sent_column(self) -> str:
        """The column of `auth.users` that says when such a token was last sent."""
        match self:
            case TokenKind.CONFIRMATION:
                return "confirmation_sent_at"
            case TokenKind.RECOVERY:
                return "recovery_sent_at"
            case TokenKind.EMAIL_CHANGE_NEW | TokenKind.EMAIL_CHANGE_CURRENT:
                return "email_change_sent_at"
            case TokenKind.REAUTHENTICATION:
                return "reauthentication_sent_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeToken:
    """
    A new token, as only its recipient gets to know it.

    Attributes:
        kind: What it confirms.
        email: The address it is sent to.
        code: Digits.
        link_token: What the link carries.
    """

    kind: TokenKind
    email: str
    code: str = field(repr=False)
    link_token: str = field(repr=False)

    @property
    def code_hash(self) -> str:
        """What is stored of the code."""
        return hash_code(self.email, self.code)


def issue(kind: TokenKind, email: str, *, digits: int, is_pkce: bool) -> OneTimeToken:
    """Make a token for *email* with a code of that many *digits*."""
    return OneTimeToken(
        kind=kind,
        email=email,
        code=f"{secrets.randbelow(10**digits):0{digits}d}",
        link_token=(PKCE_PREFIX if is_pkce else "") + secrets.token_hex(_TOKEN_BYTES),
    )


def hash_code(email: str, code: str) -> str:
    """Give SHA-224 of the address, in lower case, and the code, in hex."""
    return hashlib.sha224((email.lower() + code).encode()).hexdigest()


def is_code(stored: str, email: str, code: str) -> bool:
    """Tell whether *code* is what *stored* was made of, in a time that tells nothing about it."""
    expected = stored.removeprefix(PKCE_PREFIX).encode()
    return hmac.compare_digest(expected, hash_code(email, code).encode())


def is_expired(sent_at: datetime | None, now: datetime, *, valid_s: float) -> bool:
    """Tell whether a token that was sent at *sent_at* no longer counts."""
    return sent_at is None or now - sent_at >= timedelta(seconds=valid_s)


async def save(connection: Connection, user: User, token: OneTimeToken, *, now: datetime) -> User:
    """
    Have *token* expected of *user*, in the place of an earlier one of its kind.

    Returns:
        The user as the database has it now.
    """
    await connection.execute(
        _REPLACE,
        {
            "user_id": user.id,
            "kind": token.kind.value,
            "hash": token.code_hash,
            "email": token.email,
            "now": now,
        },
    )
    changes = {token.kind.value: token.link_token, token.kind.sent_column: now}
    return await store.update_user(connection, user.id, changes, now=now)


async def find_by_link(connection: Connection, kind: TokenKind, link_token: str) -> User | None:
    """Find the user of whom such a token is expected; others wait to change the row."""
    if _LINK_TOKEN.fullmatch(link_token) is None:
        return None
    query = sql.SQL(_FIND).format(column=sql.Identifier(kind.value))
    cursor = await connection.execute(query, [link_token])
    row = await cursor.fetchone()
    user = None if row is None else await store.find_user(connection, row[0], for_update=True)
    # It may have been used while we waited for the row.
    is_expected = user is not None and getattr(user, kind.value) == link_token
    return user if is_expected else None


async def is_expected_code(
    connection: Connection, user: User, kind: TokenKind, *, email: str, code: str
) -> bool:
    """Tell whether *code*, which was sent to *email*, is expected of *user*."""
    cursor = await connection.execute(_FIND_HASH, [user.id, kind.value, email])
    row = await cursor.fetchone()
    return row is not None and is_code(row[0], email, code)


async def clear(connection: Connection, user: User, *, now: datetime) -> User:
    """
    Expect no token of *user* any more, of whatever kind.

    Returns:
        The user as the database has it now.
    """
    await store.delete_one_time_tokens(connection, user.id)
    return await store.update_user(connection, user.id, store.NO_ONE_TIME_TOKENS, now=now)


async def clear_one(connection: Connection, user: User, kind: TokenKind, *, now: datetime) -> User:
    """
    Expect the token of this kind no more.

    Returns:
        The user as the database has it now.
    """
    await connection.execute(
        "delete from auth.one_time_tokens where user_id = %s and token_type = %s",
        [user.id, kind.value],
    )
    return await store.update_user(connection, user.id, {kind.value: ""}, now=now)
