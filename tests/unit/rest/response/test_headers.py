"""Header fields."""

from __future__ import annotations

import pytest

from slotcast.rest.errors import RestError
from slotcast.rest.response.headers import (
    content_location,
    location,
    overridden,
    requested_headers,
    requested_status,
)


def test_where_rows_are() -> None:
    assert content_location("t", "") == "/t"
    assert content_location("a b", "id=eq.1") == "/a%20b?id=eq.1"


def test_where_a_new_row_is() -> None:
    assert location("t", [("a", "1"), ("b c", None), ("d", "x&y")]) == (
        "/t?a=eq.1&b%20c=is.null&d=eq.x%26y"
    )


@pytest.mark.parametrize(
    ("text", "status"), [(None, None), ("", None), ("204", 204), ("404 Not Found", 404)]
)
def test_a_function_can_set_the_status(text: str | None, status: int | None) -> None:
    assert requested_status(text) == status


@pytest.mark.parametrize("text", ["bad", "1", "100", "2000", "-200"])
def test_a_bad_status_is_an_error(text: str) -> None:
    with pytest.raises(RestError) as caught:
        requested_status(text)

    assert caught.value.status == 500
    assert caught.value.body.code == "PGRST112"


def test_a_function_can_set_headers() -> None:
    text = '[{"Set-Cookie": "a=b"}, {"Set-Cookie": "c=d"}, {"X-Ä": "é"}]'.replace("Ä", "A")

    requested = requested_headers(text)

    assert requested == (("Set-Cookie", "a=b"), ("Set-Cookie", "c=d"), ("X-A", "é"))
    assert requested_headers(None) == ()
    assert overridden((("set-cookie", "own"), ("X", "y")), requested) == (("X", "y"), *requested)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "no json",
        "[1]",
        '[{"a": 1}]',
        '[{"a": "b", "c": "d"}]',
        '[{"a": "b\\r\\nc: d"}]',
        '[{"a b": "c"}]',
        '[{"": "c"}]',
        "[" * 100_000,
    ],
)
def test_bad_headers_are_an_error(text: str) -> None:
    with pytest.raises(RestError) as caught:
        requested_headers(text)

    assert caught.value.status == 500
    assert caught.value.body.code == "PGRST111"
