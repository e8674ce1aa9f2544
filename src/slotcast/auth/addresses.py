"""Email addresses, as accounts are known by them: well-formed and in lower case."""

from __future__ import annotations

import re
from typing import Final

from slotcast.auth.errors import invalid

LIMIT: Final = 255
"""Characters that an address may have."""

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS: Final = re.compile(rf"[a-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})*")


def normalised(address: str) -> str:
    """
    Give *address* as it is stored.

    Raises:
        AuthError: It is too long, or no address.
    """
    # Before it is put in lower case: that makes ASCII of some letters that are not.
    if not address.isascii():
        raise invalid("Unable to validate email address: invalid format")
    if len(address) > LIMIT:
        raise invalid(f"Unable to validate email address: longer than {LIMIT} characters")
    lowered = address.lower()
    if not _ADDRESS.fullmatch(lowered):
        raise invalid("Unable to validate email address: invalid format")
    return lowered
