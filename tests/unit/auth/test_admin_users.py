from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotcast.auth.admin_users import PAGE_LIMIT, page_headers, read_ban, read_page
from slotcast.auth.endpoints import Request
from slotcast.auth.errors import AuthError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("none", timedelta()),
        ("24h", timedelta(hours=24)),
        ("1h30m", timedelta(minutes=90)),
        ("1.5s250ms", timedelta(seconds=1.75)),
        ("2m1us", timedelta(minutes=2, microseconds=1)),
    ],
)
def test_bans_are_written_like_durations_of_go(text: str, expected: timedelta | None) -> None:
    assert read_ban(text) == expected


@pytest.mark.parametrize(
    "text", ["1", "h", "-1h", "1d", "1h ", "1 h", "1h30", "9" * 400 + "h", "\u0661h"]
)
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(AuthError, match="ban duration") as refused:
        read_ban(text)

    assert (refused.value.status, refused.value.error_code) == (400, "validation_failed")


@given(st.text(st.sampled_from("0123456789.hmsuµn-+e "), max_size=30))
def test_whatever_is_given_is_a_duration_or_refused(text: str) -> None:
    try:
        ban = read_ban(text)
    except AuthError:
        return

    assert ban is None or timedelta() <= ban < timedelta(days=120_000)


@given(number=st.text(max_size=12), size=st.text(max_size=12))
def test_whatever_is_given_is_a_page_that_postgresql_can_find_or_refused(
    number: str, size: str
) -> None:
    try:
        page = read_page(Request(query={"page": number, "per_page": size}))
    except AuthError:
        return

    assert page.number >= 1
    assert 1 <= page.size <= PAGE_LIMIT
    assert 0 <= page.offset < 2**63


@given(number=st.integers(1, 50), size=st.integers(1, 20), total=st.integers(0, 200))
def test_following_the_links_leads_from_the_first_page_to_the_last(
    number: int, size: int, total: int
) -> None:
    request = Request(query={"page": str(number), "per_page": str(size)})
    headers = page_headers(read_page(request), total, "/admin/users")

    last = max(1, (total + size - 1) // size)
    assert headers["X-Total-Count"] == str(total)
    assert f'page={last}&per_page={size}>; rel="last"' in headers["Link"]
    assert ('rel="next"' in headers["Link"]) is (number < last)
    if number < last:
        assert f'page={number + 1}&per_page={size}>; rel="next"' in headers["Link"]
