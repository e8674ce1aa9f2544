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
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

PKCE_PREFIX: Final = "pkce_"
"""What tokens begin with whose link ends in a PKCE exchange."""

_TOKEN_BYTES: Final = 28


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
