"""The Prefer headers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

from slotcast.rest.request.ast import (
    NO_PREFERENCES,
    Count,
    Handling,
    Missing,
    Preferences,
    Resolution,
    Return,
    TransactionEnd,
)

if TYPE_CHECKING:
    import enum
    from collections.abc import Container, Sequence

    _Choice = TypeVar("_Choice", bound=enum.Enum)

_TIMEZONE: Final = "timezone="

_MAX_AFFECTED: Final = "max-affected="

_COUNT_OF_ROWS: Final = re.compile("[0-9]{1,18}", re.ASCII)

_CHOICES: Final[tuple[tuple[str, type[enum.Enum]], ...]] = (
    ("return", Return),
    ("count", Count),
    ("resolution", Resolution),
    ("missing", Missing),
    ("tx", TransactionEnd),
    ("handling", Handling),
)

_KNOWN: Final = {f"{key}={choice.value}": choice for key, choices in _CHOICES for choice in choices}


def parse_preferences(
    values: Sequence[str], *, may_choose_end: bool, timezones: Container[str]
) -> Preferences:
    """
    Read the Prefer headers; the first preference of a kind counts.

    Args:
        values: Of all Prefer headers, in order.
        may_choose_end: Whether clients may choose how the transaction ends.
        timezones: The time zones that PostgreSQL knows.
    """
    if not values:
        return NO_PREFERENCES
    stated = [one.strip(" \t") for value in values for one in value.split(",")]
    known = [_KNOWN[one] for one in stated if one in _KNOWN]
    timezone = _first_after(_TIMEZONE, stated)
    if timezone is not None and timezone not in timezones:
        timezone = None
    max_affected = _first_after(_MAX_AFFECTED, stated)
    if max_affected is not None and _COUNT_OF_ROWS.fullmatch(max_affected) is None:
        max_affected = None
    return Preferences(
        returning=_first(Return, known),
        count=_first(Count, known),
        resolution=_first(Resolution, known),
        missing=_first(Missing, known),
        transaction=_first(TransactionEnd, known) if may_choose_end else None,
        handling=_first(Handling, known),
        timezone=timezone,
        max_affected=None if max_affected is None else int(max_affected),
        unknown=tuple(
            one
            for one in stated
            if one not in _KNOWN
            and not (timezone is not None and one.startswith(_TIMEZONE))
            and not (max_affected is not None and one.startswith(_MAX_AFFECTED))
        ),
    )


def _first(kind: type[_Choice], known: Sequence[enum.Enum]) -> _Choice | None:
    return next((one for one in known if isinstance(one, kind)), None)


def _first_after(prefix: str, stated: list[str]) -> str | None:
    return next((one.removeprefix(prefix) for one in stated if one.startswith(prefix)), None)
