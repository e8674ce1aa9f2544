"""How many rows there are."""

from __future__ import annotations

import pytest

from slotcast.rest.errors import RestError
from slotcast.rest.response.ranges import content_range, content_range_of_write, read_status


@pytest.mark.parametrize(
    ("offset", "row_count", "total", "status", "text"),
    [
        (0, 3, None, 200, "0-2/*"),
        (5, 2, None, 200, "5-6/*"),
        (0, 0, None, 200, "*/*"),
        (0, 3, 3, 200, "0-2/3"),
        (1, 2, 5, 206, "1-2/5"),
        (0, 0, 0, 200, "*/0"),
        (3, 0, 3, 206, "*/3"),
        (0, 1, 0, 200, "*/0"),
    ],
)
def test_the_status_follows_from_the_numbers(
    offset: int, row_count: int, total: int | None, status: int, text: str
) -> None:
    assert read_status(offset, row_count, total) == status
    assert content_range(offset, row_count, total) == text


def test_an_offset_beyond_the_last_row_is_refused() -> None:
    with pytest.raises(RestError) as caught:
        read_status(5, 0, 2)

    assert caught.value.status == 416
    assert caught.value.body.details == ("An offset of 5 was requested, but there are only 2 rows.")


@pytest.mark.parametrize(
    ("affected", "total", "is_update", "text"),
    [
        (2, None, False, "*/*"),
        (2, 2, False, "*/2"),
        (2, None, True, "0-1/*"),
        (2, 2, True, "0-1/2"),
        (0, 0, True, "*/0"),
        (0, None, True, "*/*"),
    ],
)
def test_only_updates_name_their_rows(
    affected: int, total: int | None, is_update: bool, text: str
) -> None:
    assert content_range_of_write(affected, total, is_update=is_update) == text
