"""The settings of a transaction as SQL: who asks, what for, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotcast.rest.query.statement import Binder, literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slotcast.rest.query.statement import Statement, Value


def settings_statement(settings: Iterable[tuple[str, Value]]) -> Statement:
    """
    Write a SELECT that sets *settings* until the transaction ends.

    Args:
        settings: Names, which become part of the text, and values. They are set one after
            the other; what is set after ``role`` is set by that role.
    """
    binder = Binder()
    calls = ", ".join(
        f"set_config({literal(name)}, {binder.bind(value)}, true)" for name, value in settings
    )
    return binder.statement(f"SELECT {calls}")
