"""Preference-Applied: what of the client's preferences took effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.request.ast import Function, Handling, Method

if TYPE_CHECKING:
    from slotcast.rest.request.ast import Preferences, Request

_WRITES = frozenset({Method.POST, Method.PUT, Method.PATCH, Method.DELETE})


def preference_applied(request: Request, *, has_conflict_target: bool = False) -> str | None:
    """
    Write the header's value; None if there is nothing to say.

    Args:
        request: The request.
        has_conflict_target: Whether an insert could tell duplicates by a key.
    """
    preferences = request.preferences
    is_call = isinstance(request.target, Function)
    method = request.method
    is_write = method in _WRITES and not is_call
    is_insert = is_write and method is Method.POST
    stated = [
        ("resolution", preferences.resolution, is_insert and has_conflict_target),
        ("missing", preferences.missing, is_insert or (is_write and method is Method.PATCH)),
        ("return", preferences.returning, is_write),
        ("count", preferences.count, True),
        ("tx", preferences.transaction, True),
        ("handling", preferences.handling, True),
    ]
    applied = [f"{name}={choice.value}" for name, choice, counts in stated if choice and counts]
    if preferences.timezone is not None:
        applied.append(f"timezone={preferences.timezone}")
    may_limit = is_call or method in {Method.PATCH, Method.DELETE}
    limit = effective_max_affected(preferences)
    if may_limit and limit is not None:
        applied.append(f"max-affected={limit}")
    return ", ".join(applied) or None


def effective_max_affected(preferences: Preferences) -> int | None:
    """Give how many rows may be changed at most; None for any number."""
    return preferences.max_affected if preferences.handling is Handling.STRICT else None


def check_strictness(preferences: Preferences) -> None:
    """
    Refuse preferences that nobody understands, if the client wants that.

    Raises:
        RestError: PGRST122.
    """
    if preferences.handling is Handling.STRICT and preferences.unknown:
        message = "Invalid preferences given with handling=strict"
        details = f"Invalid preferences: {', '.join(preferences.unknown)}"
        raise RestError(400, ErrorBody("PGRST122", message, details))


def check_max_affected(preferences: Preferences, affected: int) -> None:
    """
    Refuse to change more rows than the client expects.

    Raises:
        RestError: PGRST124; the transaction must be rolled back.
    """
    limit = effective_max_affected(preferences)
    if limit is not None and affected > limit:
        message = "Query result exceeds max-affected preference constraint"
        raise RestError(400, ErrorBody("PGRST124", message, f"The query affects {affected} rows"))
