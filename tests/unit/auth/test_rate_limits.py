from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from slotcast.auth.errors import AuthError
from slotcast.auth.rate_limits import Action, Limits, MailUse, RateLimits


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def limits(clock: Clock, **changes: Any) -> RateLimits:
    values: dict[str, Any] = {
        "requests_per_5_min": 3,
        "tokens_per_5_min": 5,
        "verifications_per_5_min": 3,
        "anonymous_per_h": 2,
        "attempts_per_10_min": 4,
        "mail_interval_s": 60.0,
        "mails_per_h": 10,
        **changes,
    }
    return RateLimits(Limits(**values), clock)


def allowed(count: int, limited: RateLimits, action: Action, address: str = "192.0.2.1") -> int:
    done = 0
    for _ in range(count):
        with suppress(AuthError):
            limited.count_request(action, address)
            done += 1
    return done


def test_a_refusal_says_when_to_come_back() -> None:
    limited = limits(Clock())
    assert allowed(3, limited, Action.OTP) == 3

    with pytest.raises(AuthError, match="Request rate limit reached") as refused:
        limited.count_request(Action.OTP, "192.0.2.1")

    assert (refused.value.status, refused.value.error_code) == (429, "over_request_rate_limit")
    assert refused.value.headers == {"Retry-After": "100"}


def test_every_action_is_counted_for_itself() -> None:
    limited = limits(Clock())

    assert allowed(9, limited, Action.SIGN_UP) == 3
    assert allowed(9, limited, Action.OTP) == 3
    assert allowed(9, limited, Action.TOKEN) == 5
    assert allowed(9, limited, Action.ANONYMOUS) == 2


def test_every_client_is_counted_for_itself_and_gets_more_with_time() -> None:
    clock = Clock()
    limited = limits(clock)
    assert allowed(9, limited, Action.OTP, "192.0.2.1") == 3
    assert allowed(9, limited, Action.OTP, "192.0.2.2") == 3

    clock.now += 100.0

    assert allowed(9, limited, Action.OTP, "192.0.2.1") == 1


def test_a_network_of_ipv6_is_one_client() -> None:
    limited = limits(Clock())
    assert allowed(9, limited, Action.OTP, "2001:db8::1") == 3

    assert allowed(9, limited, Action.OTP, "2001:db8::ffff:1") == 0
    assert allowed(9, limited, Action.OTP, "2001:db8:0:1::1") == 3
    assert allowed(9, limited, Action.OTP, "192.0.2.1") == 3
    assert allowed(9, limited, Action.OTP, "::ffff:192.0.2.1") == 0


def test_attempts_are_counted_by_account_until_the_right_one() -> None:
    limited = limits(Clock())
    for _ in range(4):
        limited.count_attempt("mara@example.com")
    with pytest.raises(AuthError, match="Request rate limit reached"):
        limited.count_attempt("mara@example.com")
    limited.count_attempt("jo@example.com")

    limited.forgive_attempts("mara@example.com")

    limited.count_attempt("mara@example.com")


def test_a_second_mail_has_to_wait_and_is_told_how_long() -> None:
    clock = Clock()
    limited = limits(clock)
    limited.count_recipient(MailUse.RECOVERY, "mara@example.com")
    clock.now += 18.5

    with pytest.raises(AuthError, match="only request this after 42 seconds") as refused:
        limited.count_recipient(MailUse.RECOVERY, "mara@example.com")
    limited.count_recipient(MailUse.CONFIRMATION, "mara@example.com")
    limited.count_recipient(MailUse.RECOVERY, "jo@example.com")

    assert refused.value.status == 429
    assert refused.value.error_code == "over_email_send_rate_limit"
    assert refused.value.headers == {"Retry-After": "42"}
    clock.now += 41.6
    limited.count_recipient(MailUse.RECOVERY, "mara@example.com")


def test_the_whole_server_sends_so_many_mails_an_hour() -> None:
    clock = Clock()
    limited = limits(clock)
    for _ in range(10):
        limited.count_mail()

    with pytest.raises(AuthError, match="email rate limit exceeded"):
        limited.count_mail()
    with pytest.raises(AuthError, match="email rate limit exceeded"):
        limited.count_recipient(MailUse.RECOVERY, "mara@example.com")

    clock.now += 360.0
    limited.count_recipient(MailUse.RECOVERY, "mara@example.com")
    limited.count_mail()


def test_asking_for_mails_that_nobody_gets_uses_up_nothing_of_the_others() -> None:
    limited = limits(Clock())

    for number in range(100):
        limited.count_recipient(MailUse.RECOVERY, f"{number}@example.com")

    limited.count_mail()


def test_zero_is_no_limit() -> None:
    limited = limits(
        Clock(), requests_per_5_min=0, attempts_per_10_min=0, mail_interval_s=0.0, mails_per_h=0
    )

    assert allowed(500, limited, Action.OTP) == 500
    for _ in range(500):
        limited.count_attempt("mara@example.com")
        limited.count_recipient(MailUse.RECOVERY, "mara@example.com")
        limited.count_mail()
    limited.forgive_attempts("mara@example.com")
