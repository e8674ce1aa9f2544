"""
Proof Key for Code Exchange: whoever finishes a flow has to be who began it.

A client keeps a random *verifier* and sends its *challenge*. The link in the mail leads back to
the app with a code, which is worth a session only together with the verifier; whoever else
sees the link's target, such as another app on the phone, cannot use it.

Source:
    RFC 7636.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from slotcast.auth.errors import invalid

if TYPE_CHECKING:
    from slotcast.auth.endpoints import Body

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


class ChallengeMethod(StrEnum):
    """How a challenge is made of a verifier: PostgreSQL's `auth.code_challenge_method`."""

    S256 = "s256"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What whoever knows the verifier can meet."""

    method: ChallengeMethod
    value: str

    def is_met_by(self, verifier: str) -> bool:
        """Tell whether the challenge was made of *verifier*."""
        match self.method:
            case ChallengeMethod.S256:
                digest = hashlib.sha256(verifier.encode()).digest()
                made = base64.urlsafe_b64encode(digest).rstrip(b"=")
            case ChallengeMethod.PLAIN:
                made = verifier.encode()
        return hmac.compare_digest(self.value.encode(), made)


def read_challenge(body: Body) -> Challenge | None:
    """
    Read the challenge of a request, None when the flow is to go without.

    Raises:
        AuthError: Only half of it is there, or it is malformed.
    """
    value, method = body.text("code_challenge"), body.text("code_challenge_method").lower()
    if not value and not method:
        return None
    if not value or not method:
        raise invalid("PKCE flow requires code_challenge_method and code_challenge")
    if method not in set(ChallengeMethod):
        raise invalid("code challenge method must be s256 or plain")
    if not _CHALLENGE.fullmatch(value):
        raise invalid(
            "code challenge has to be between 43 and 128 characters of A-Z, a-z, 0-9, -._~"
        )
    return Challenge(method=ChallengeMethod(method), value=value)
