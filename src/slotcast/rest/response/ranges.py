"""How many rows there are: Content-Range, and the status of a read."""

from __future__ import annotations

from slotcast.rest.request.ranges import not_satisfiable

_OK = 200
_PARTIAL = 206


def content_range(offset: int, row_count: int, total: int | None) -> str:
    """
    Write a Content-Range.

    Args:
        offset: Number of the first row, from 0.
        row_count: How many rows there are in the response.
        total: How many rows there are in all; None if nobody asked.
    """
    rows = f"{offset}-{offset + row_count - 1}" if row_count > 0 and total != 0 else "*"
    return f"{rows}/{'*' if total is None else total}"


def content_range_of_write(affected: int, total: int | None, *, is_update: bool) -> str:
    """
    Write the Content-Range of a write.

    Args:
        affected: How many rows were written.
        total: The same number if the client asked for a count, else None.
        is_update: Whether it was a PATCH; only its rows are named.
    """
    return content_range(0, affected if is_update else 0, total)


def read_status(offset: int, row_count: int, total: int | None) -> int:
    """
    Give the status of a read: 200, or 206 if the response does not have all rows.

    Args:
        offset: How many rows were to be left out.
        row_count: How many rows there are in the response.
        total: How many rows there are in all; None if nobody asked.

    Raises:
        RestError: PGRST103: *offset* is beyond the last row.
    """
    if total is None:
        return _OK
    if offset > total:
        error = not_satisfiable(
            f"An offset of {offset} was requested, but there are only {total} rows."
        )
        error.headers = (("Content-Range", f"*/{total}"),)
        raise error
    return _PARTIAL if row_count < total else _OK
