"""The settings of a transaction as SQL: who asks, what for, and how."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from slotcast.rest.query.statement import Statement, literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slotcast.rest.query.statement import Value

_TEXT_LIMIT: Final = 100
"""Most lists of names whose text is remembered; roles and functions decide about them."""


def settings_statement(settings: Iterable[tuple[str, Value]]) -> Statement:
    """
    Write a SELECT that sets *settings* until the transaction ends.

    Args:
        settings: Names, which become part of the text, and values. They are set one after
            the other; what is set after ``role`` is set by that role.
    """
    listed = tuple(settings)
    names = tuple(name for name, _ in listed)
    return Statement(_text(names), tuple(value for _, value in listed))


@lru_cache(_TEXT_LIMIT)
def _text(names: tuple[str, ...]) -> str:
    calls = ", ".join(
        f"set_config({literal(name)}, ${number}, true)" for number, name in enumerate(names, 1)
    )
    return f"SELECT {calls}"
