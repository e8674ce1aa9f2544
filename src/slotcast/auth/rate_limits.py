"""
How often what may be done, so that nobody guesses codes, fills tables or sends mails at will.

Three things are counted, all in memory:

- requests, by the client's address: these cost the server something;
- attempts at a secret, by the account: wherever they come from, codes of six digits do not
  last against many of them;
- mails, by kind and recipient, and all of them.

What is counted by account or recipient is counted before anybody looks whether there is such
an account, so that being refused does not tell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from slotcast.auth.errors import too_many
from slotcast.rates import BucketsByKey, Rate, TokenBucket, network_of, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slotcast.auth.errors import AuthError

_KEYS_LIMIT: Final = 50_000
_WINDOW_S: Final = 300.0
_HOUR_S: Final = 3600.0
_ATTEMPTS_WINDOW_S: Final = 600.0


class Action(StrEnum):
    """What is counted by the client's address."""

    SIGN_UP = "sign_up"
    ANONYMOUS = "anonymous"
    TOKEN = "token"  # noqa: S105 - an endpoint's name
    OTP = "otp"
    RECOVER = "recover"
    RESEND = "resend"
    VERIFY = "verify"
    USER = "user"


class MailUse(StrEnum):
    """What mails are for, as far as one of them makes a second one superfluous."""

    CONFIRMATION = "confirmation"
    RECOVERY = "recovery"
    EMAIL_CHANGE = "email_change"
    REAUTHENTICATION = "reauthentication"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    What is allowed; 0 stands for no limit.

    Attributes:
        requests_per_5_min: Of one address, of each of the actions without a limit of its own.
        tokens_per_5_min: Of one address, at the token endpoint.
        verifications_per_5_min: Of one address.
        anonymous_per_h: Anonymous sign-ups of one address.
        attempts_per_10_min: Wrong secrets for one account.
        mail_interval_s: Least time between mails of one use to one recipient.
        mails_per_h: Of the whole server.
    """

    requests_per_5_min: int
    tokens_per_5_min: int
    verifications_per_5_min: int
    anonymous_per_h: int
    attempts_per_10_min: int
    mail_interval_s: float
    mails_per_h: int


class RateLimits:
    """
    Counts, and refuses with 429 what is too much.

    Args:
        limits: What is allowed.
        clock: Gives monotonic seconds.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._clock = clock
        usual = _spread(limits.requests_per_5_min, _WINDOW_S)
        special: Mapping[Action, Rate | None] = {
            Action.TOKEN: _spread(limits.tokens_per_5_min, _WINDOW_S),
            Action.VERIFY: _spread(limits.verifications_per_5_min, _WINDOW_S),
            Action.ANONYMOUS: _spread(limits.anonymous_per_h, _HOUR_S),
        }
        self._requests = {action: _buckets(special.get(action, usual)) for action in Action}
        self._attempts = _buckets(_spread(limits.attempts_per_10_min, _ATTEMPTS_WINDOW_S))
        self._mails_to = _buckets(
            _spread(1 if limits.mail_interval_s else 0, limits.mail_interval_s)
        )
        hourly = _spread(limits.mails_per_h, _HOUR_S)
        self._mails = None if hourly is None else TokenBucket(hourly, clock())

    def count_request(self, action: Action, address: str) -> None:
        """
        Count a request.

        Args:
            action: What it asks for.
            address: The client's; of IPv6 its network counts, of which everybody has plenty
                of addresses.

        Raises:
            AuthError: They are too many.
        """
        self._charge(self._requests[action], network_of(address))

    def count_attempt(self, account: str) -> None:
        """
        Count an attempt at a secret of *account* before it is looked at.

        Raises:
            AuthError: There were too many; the secret must not be looked at.
        """
        self._charge(self._attempts, account)

    def forgive_attempts(self, account: str) -> None:
        """Forget the attempts at a secret of *account*, since the right one was given."""
        if self._attempts is not None:
            self._attempts.forget(account)

    def count_recipient(self, use: MailUse, email: str) -> None:
        """
        Count a mail to *email* that is asked for, whether there is somebody to get it or not.

        Raises:
            AuthError: One was sent a moment ago, or the server may send none at the moment.
        """
        now = self._clock()
        if self._mails is not None and self._mails.level(now) < 1.0:
            raise _mails_exceeded()
        if self._mails_to is None:
            return
        bucket = self._mails_to.of(f"{use} {email}", now)
        if not bucket.take(now):
            raise mail_too_soon((1.0 - bucket.level(now)) / bucket.rate.per_s)

    def count_mail(self) -> None:
        """
        Count a mail that is about to be sent.

        Raises:
            AuthError: The server sends too many.
        """
        if self._mails is not None and not self._mails.take(self._clock()):
            raise _mails_exceeded()

    def _charge(self, buckets: BucketsByKey[str] | None, key: str) -> None:
        now = self._clock()
        if buckets is None:
            return
        bucket = buckets.of(key, now)
        if not bucket.take(now):
            wait_s = (1.0 - bucket.level(now)) / bucket.rate.per_s
            raise too_many(
                "over_request_rate_limit",
                "Request rate limit reached",
                retry_after_s=math.ceil(wait_s),
            )


def _mails_exceeded() -> AuthError:
    return too_many("over_email_send_rate_limit", "email rate limit exceeded")


def mail_too_soon(wait_s: float) -> AuthError:
    """Make the error of a mail that is asked for *wait_s* too early."""
    seconds = max(math.ceil(wait_s), 1)
    return too_many(
        "over_email_send_rate_limit",
        f"For security purposes, you can only request this after {seconds} seconds.",
        retry_after_s=seconds,
    )


def _spread(count: int, over_s: float) -> Rate | None:
    return spread(count, over_s) if count else None


def _buckets(rate: Rate | None) -> BucketsByKey[str] | None:
    return None if rate is None else BucketsByKey(rate, keys_limit=_KEYS_LIMIT)
