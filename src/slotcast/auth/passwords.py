"""
Passwords: what may be one, and hashes of them.

Hashing takes tens of milliseconds of a core on purpose. It is done by few threads, of lower
priority than the rest of the server, and only so many may wait for them: a burst of sign-ins
is slow or turned away, and everybody else does not notice.
"""

from __future__ import annotations

import asyncio
import os
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Semaphore
from typing import TYPE_CHECKING, Final, TypeVar

import argon2
import bcrypt

from slotcast.auth.errors import invalid, too_many, unprocessable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slotcast.auth.errors import AuthError
    from slotcast.claims import JsonValue

T = TypeVar("T")

LIMIT_BYTES: Final = 72
"""Longest password: bcrypt looks at no more."""
BCRYPT_COST: Final = 10
"""Two to this many rounds, for new hashes."""
NICENESS: Final = 10
"""How much less urgent hashing is than the rest of the process, where threads can differ."""

_LOWER: Final = "abcdefghijklmnopqrstuvwxyz"
_UPPER: Final = _LOWER.upper()
_DIGITS: Final = "0123456789"
_SYMBOLS: Final = "!@#$%^&*()_+-=[]{};'\\:\"|<>?,./`~"

CHARACTER_SETS: Final[Mapping[str, tuple[str, ...]]] = {
    "any": (),
    "letters_digits": (_LOWER + _UPPER, _DIGITS),
    "lower_upper_letters_digits": (_LOWER, _UPPER, _DIGITS),
    "lower_upper_letters_digits_symbols": (_LOWER, _UPPER, _DIGITS, _SYMBOLS),
}
"""Of each of the sets, a password needs a character; keys are settings."""

# Verified when there is no user or no password, so that it takes as long as when there is.
_NOBODY: Final = "$2b$10$JQ.IED7Y.wkZcfWrs9KkJuw09yQMZj8Nquh7NJKP.ybhj2M4ppq/W"

# Nobody's hash may keep the threads busy for seconds, or fill the memory.
_HASH: Final = re.compile(
    r"\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}"
    r"|\$argon2(id|i|d)\$v=19\$m=[0-9]{1,6},t=[0-9]{1,2},p=[0-9]{1,2}\$[A-Za-z0-9+/]{8,}\$[A-Za-z0-9+/]{8,}"
)

_RETRY_AFTER_S: Final = 5


def weaknesses(password: str, *, min_length: int, characters: str) -> list[tuple[str, str]]:
    """
    Tell what *password* lacks.

    Args:
        password: Any string.
        min_length: Characters that it needs.
        characters: A key of `CHARACTER_SETS`.

    Returns:
        Reasons, as clients know them (``length``, ``characters``), and a sentence for each.
    """
    found: list[tuple[str, str]] = []
    if len(password) < min_length:
        found.append(("length", f"Password should be at least {min_length} characters."))
    sets = CHARACTER_SETS[characters]
    if any(not set(wanted) & set(password) for wanted in sets):
        listed = ", ".join(sets)
        text = f"Password should contain at least one character of each: {listed}."
        found.append(("characters", text))
    return found


def check_length(password: str) -> None:
    """
    Refuse a password of which the end would not count.

    Raises:
        AuthError: It is too long.
    """
    if len(password.encode()) > LIMIT_BYTES:
        raise invalid(f"Password cannot be longer than {LIMIT_BYTES} characters")


def check_hash(hashed: str) -> None:
    """
    Refuse a hash that passwords could not be verified against.

    Raises:
        AuthError: It is of another kind than `Passwords.verify` takes, or far too expensive.
    """
    if not _HASH.fullmatch(hashed):
        raise invalid("Invalid password hash: it must be of bcrypt or Argon2")


def weak_password(found: list[tuple[str, str]]) -> AuthError:
    """Make the error of a password that lacks what `weaknesses` found."""
    reasons: list[JsonValue] = [reason for reason, _ in found]
    error = unprocessable("weak_password", " ".join(sentence for _, sentence in found))
    error.details["weak_password"] = {"reasons": reasons}
    return error


class Passwords:
    """
    Hashes and verifies in threads of its own.

    Args:
        workers: How many at a time.
        queue_limit: How many more may wait.
    """

    def __init__(self, *, workers: int, queue_limit: int) -> None:
        self._executor = ThreadPoolExecutor(
            workers, thread_name_prefix="passwords", initializer=_yield_to_others
        )
        self._places = Semaphore(workers + queue_limit)

    async def hash(self, password: str) -> str:
        """
        Hash a new password, of at most `LIMIT_BYTES`.

        Raises:
            AuthError: Too many are waiting.
        """
        return await self._run(lambda: _hash(password))

    async def verify(self, password: str, hashed: str) -> bool:
        """
        Tell whether *password* is the one that was hashed.

        Args:
            password: Any string.
            hashed: By bcrypt or Argon2; empty when there is no user or no password, which
                takes as long.

        Raises:
            AuthError: Too many are waiting.
        """
        return await self._run(lambda: _verify(password, hashed or _NOBODY) and hashed != "")

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise too_many(
                "over_request_rate_limit",
                "Request rate limit reached",
                retry_after_s=_RETRY_AFTER_S,
            )
        future = self._executor.submit(work)
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Let the threads end; what waits is dropped. May be called twice."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _yield_to_others() -> None:
    """Make this thread less urgent than the others, where the system's threads can differ."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


def _hash(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(BCRYPT_COST)).decode()


def _verify(password: str, hashed: str) -> bool:
    if hashed.startswith("$argon2"):
        try:
            return argon2.PasswordHasher().verify(hashed, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
    given = password.encode()
    try:
        return len(given) <= LIMIT_BYTES and bcrypt.checkpw(given, hashed.encode())
    except ValueError:
        return False
