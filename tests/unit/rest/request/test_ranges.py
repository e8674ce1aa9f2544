"""Which rows are wanted."""

from __future__ import annotations

import pytest

from slotcast.rest.errors import RestError
from slotcast.rest.request.ast import ALL_ROWS, Method, Range
from slotcast.rest.request.ranges import effective_range


@pytest.mark.parametrize(
    ("asked", "header", "result"),
    [
        (ALL_ROWS, None, ALL_ROWS),
        (ALL_ROWS, "0-9", Range(0, 10)),
        (ALL_ROWS, "5-", Range(5, None)),
        (ALL_ROWS, "5-5", Range(5, 1)),
        (ALL_ROWS, "items=0-9", ALL_ROWS),
        (ALL_ROWS, "-5", ALL_ROWS),
        (Range(2, 3), None, Range(2, 3)),
        (Range(2, 3), "0-9", Range(2, 3)),
        (Range(2, 3), "3-", Range(3, 2)),
        (Range(2, 30), "0-9", Range(2, 8)),
        (Range(0, 0), "7-9", Range(0, 0)),
        (Range(0, 0), "9-7", Range(0, 0)),
        (Range(-5, None), None, Range(-5, None)),
    ],
)
def test_the_header_narrows_what_is_asked(asked: Range, header: str | None, result: Range) -> None:
    assert effective_range(Method.GET, asked, header) == result


@pytest.mark.parametrize("method", [Method.HEAD, Method.POST, Method.PATCH, Method.DELETE])
def test_the_header_counts_for_get_only(method: Method) -> None:
    assert effective_range(method, ALL_ROWS, "3-2") == ALL_ROWS


@pytest.mark.parametrize(
    ("asked", "header", "details"),
    [
        (Range(5, 0), None, "Limit should be greater than or equal to zero."),
        (Range(0, -1), None, "Limit should be greater than or equal to zero."),
        (Range(0, 3), "5-9", "Limit should be greater than or equal to zero."),
        (
            ALL_ROWS,
            "1-0",
            (
                "The lower boundary must be lower than or equal to the upper boundary in the Range"
                " header."
            ),
        ),
    ],
)
def test_an_impossible_range_is_refused(asked: Range, header: str | None, details: str) -> None:
    with pytest.raises(RestError) as caught:
        effective_range(Method.GET, asked, header)

    assert caught.value.status == 416
    assert caught.value.body.code == "PGRST103"
    assert caught.value.body.details == details


def test_a_single_upsert_has_no_range() -> None:
    with pytest.raises(RestError) as caught:
        effective_range(Method.PUT, Range(0, 1), None)

    assert caught.value.status == 400
    assert caught.value.body.code == "PGRST114"
