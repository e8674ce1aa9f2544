from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from slotcast.auth.refreshing import Use, expiry, judge
from slotcast.auth.sessions import Session
from slotcast.settings import Settings

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
REUSE_INTERVAL_S = 10.0


def session(counter: int, *, age_s: float = 60.0, refreshed_s: float | None = None) -> Session:
    """A session that began, and went on, so many seconds ago."""
    return Session(
        id=uuid4(),
        user_id=uuid4(),
        created_at=NOW - timedelta(seconds=age_s),
        refreshed_at=None if refreshed_s is None else NOW - timedelta(seconds=refreshed_s),
        refresh_token_counter=counter,
    )


@pytest.mark.parametrize("refreshed_s", [None, 0.0, 1.0, 10_000.0])
@pytest.mark.parametrize(("counter", "use"), [(8, Use.UNKNOWN), (7, Use.FIRST), (6, Use.LOST)])
def test_the_newest_tokens_count_at_any_time(
    counter: int, use: Use, refreshed_s: float | None
) -> None:
    current = session(7, age_s=20_000, refreshed_s=refreshed_s)

    assert judge(current, counter, NOW, REUSE_INTERVAL_S) is use


@pytest.mark.parametrize("counter", [0, 5])
@pytest.mark.parametrize(
    ("refreshed_s", "use"),
    [
        (0.0, Use.SIMULTANEOUS),
        (9.9, Use.SIMULTANEOUS),
        (10.0, Use.STOLEN),
        (10_000.0, Use.STOLEN),
    ],
)
def test_older_ones_count_only_just_after_a_refresh(
    counter: int, refreshed_s: float, use: Use
) -> None:
    assert judge(session(7, refreshed_s=refreshed_s), counter, NOW, REUSE_INTERVAL_S) is use


def test_without_an_interval_older_ones_never_count() -> None:
    assert judge(session(7, refreshed_s=0.0), 5, NOW, 0.0) is Use.STOLEN


def test_a_session_is_over_at_the_earlier_of_two_ends() -> None:
    began = NOW - timedelta(hours=1)
    later, sooner = NOW + timedelta(hours=9), NOW - timedelta(minutes=30)
    bounded = Session(id=uuid4(), user_id=uuid4(), created_at=began, not_after=later)
    ended = Session(id=uuid4(), user_id=uuid4(), created_at=began, not_after=sooner)
    unbounded = session(0)

    limited = Settings(auth_session_lifetime_s=3600.0)
    assert expiry(unbounded, Settings()) is None
    assert expiry(bounded, Settings()) == later
    assert expiry(bounded, limited) == NOW
    assert expiry(ended, limited) == sooner
