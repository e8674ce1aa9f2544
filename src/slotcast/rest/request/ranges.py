"""Which rows are wanted: `limit`, `offset` and the Range header."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.request.ast import ALL_ROWS, Method, Range

if TYPE_CHECKING:
    from collections.abc import Mapping

_INTEGER: Final = re.compile(r"\s*(-?[0-9]{1,18})\s*", re.ASCII)
"""At most 18 digits, so that the sum of two still is a `bigint`."""

_RANGE_HEADER: Final = re.compile("([0-9]{1,18})-([0-9]{0,18})", re.ASCII)

_NOTHING: Final = Range(0, 0)
"""Empty, but allowed; with an offset it is not, as in the original."""

_BELOW_ZERO: Final = "Limit should be greater than or equal to zero."

_UPSIDE_DOWN: Final = (
    "The lower boundary must be lower than or equal to the upper boundary in the Range header."
)


def combine(limits: Mapping[str, str], offsets: Mapping[str, str]) -> dict[str, Range]:
    """
    Join limits with offsets.

    Args:
        limits: Values of `limit` parameters by what their keys begin with.
        offsets: Likewise of `offset` parameters.

    Returns:
        The ranges by those beginnings. What is no integer does not count.
    """
    return {
        path: Range(_integer(offsets.get(path)) or 0, _integer(limits.get(path)))
        for path in {**limits, **offsets}
    }


def _integer(text: str | None) -> int | None:
    found = _INTEGER.fullmatch(text) if text is not None else None
    return int(found[1]) if found else None


def effective_range(method: Method, asked: Range, header: str | None) -> Range:
    """
    Narrow the requested range by the Range header, which only counts for GET.

    Args:
        method: Of the request.
        asked: What `limit` and `offset` say.
        header: The value of the Range header.

    Raises:
        RestError: PGRST103: nothing can be in it; PGRST114: PUT has no range.
    """
    if asked == _NOTHING:
        return asked
    lower, upper = 0, None
    if header is not None and method is Method.GET:
        lower, upper = _header_bounds(header)
    if upper is not None and lower > upper:
        raise not_satisfiable(_UPSIDE_DOWN)
    result = _intersection(asked, lower, upper)
    if result.limit is not None and result.limit <= 0:
        raise not_satisfiable(_BELOW_ZERO)
    if method is Method.PUT and result != ALL_ROWS:
        message = "limit/offset querystring parameters are not allowed for PUT"
        raise RestError(400, ErrorBody("PGRST114", message))
    return result


def _header_bounds(header: str) -> tuple[int, int | None]:
    """Read the first and the last row's number; what is not understood is ignored."""
    found = _RANGE_HEADER.fullmatch(header)
    if found is None:
        return 0, None
    return int(found[1]), int(found[2]) if found[2] else None


def _intersection(asked: Range, lower: int, upper: int | None) -> Range:
    """Keep the rows of *asked* that are between *lower* and *upper*, both included."""
    ends = [] if upper is None else [upper + 1]
    if asked.limit is not None:
        ends.append(asked.offset + asked.limit)
    offset = max(asked.offset, lower) if lower else asked.offset
    return Range(offset, min(ends) - offset if ends else None)


def not_satisfiable(details: str) -> RestError:
    """Make the error for a range that no row can be in."""
    return RestError(416, ErrorBody("PGRST103", "Requested range not satisfiable", details))
