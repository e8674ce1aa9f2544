"""What of the preferences took effect."""

from __future__ import annotations

import pytest

from slotcast.rest.errors import RestError
from slotcast.rest.request.ast import (
    NO_PREFERENCES,
    Count,
    Function,
    Handling,
    Method,
    Missing,
    Preferences,
    Relation,
    Request,
    Resolution,
    Return,
    Target,
    TransactionEnd,
)
from slotcast.rest.response.preferences import (
    check_max_affected,
    check_strictness,
    preference_applied,
)

EVERYTHING = Preferences(
    returning=Return.MINIMAL,
    count=Count.PLANNED,
    resolution=Resolution.IGNORE_DUPLICATES,
    missing=Missing.NULL,
    transaction=TransactionEnd.COMMIT,
    handling=Handling.STRICT,
    timezone="UTC",
    max_affected=3,
)

COMMON = "count=planned, tx=commit, handling=strict, timezone=UTC"


@pytest.mark.parametrize(
    ("method", "target", "text"),
    [
        (Method.GET, Relation("t"), COMMON),
        (
            Method.POST,
            Relation("t"),
            f"resolution=ignore-duplicates, missing=null, return=minimal, {COMMON}",
        ),
        (
            Method.PATCH,
            Relation("t"),
            f"missing=null, return=minimal, {COMMON}, max-affected=3",
        ),
        (Method.PUT, Relation("t"), f"return=minimal, {COMMON}"),
        (Method.DELETE, Relation("t"), f"return=minimal, {COMMON}, max-affected=3"),
        (Method.POST, Function("f"), f"{COMMON}, max-affected=3"),
        (Method.GET, Function("f"), f"{COMMON}, max-affected=3"),
    ],
)
def test_each_action_applies_what_concerns_it(method: Method, target: Target, text: str) -> None:
    request = Request(method=method, target=target, schema="s", preferences=EVERYTHING)

    assert preference_applied(request, has_conflict_target=True) == text


def test_duplicates_are_not_resolved_without_a_key() -> None:
    preferences = Preferences(resolution=Resolution.MERGE_DUPLICATES)
    request = Request(method=Method.POST, target=Relation("t"), schema="s", preferences=preferences)

    assert preference_applied(request) is None


@pytest.mark.parametrize("handling", [None, Handling.LENIENT])
def test_without_strictness_nothing_is_limited(handling: Handling | None) -> None:
    preferences = Preferences(max_affected=1, handling=handling, unknown=("x",))

    check_max_affected(preferences, 2)
    check_strictness(preferences)


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(RestError) as caught:
        check_max_affected(EVERYTHING, 4)

    check_max_affected(EVERYTHING, 3)
    assert caught.value.body.code == "PGRST124"
    assert caught.value.body.details == "The query affects 4 rows"


def test_strictness_refuses_what_it_does_not_know() -> None:
    check_strictness(NO_PREFERENCES)
    with pytest.raises(RestError) as caught:
        check_strictness(Preferences(handling=Handling.STRICT, unknown=("a", "b=c")))

    assert caught.value.status == 400
    assert caught.value.body.code == "PGRST122"
    assert caught.value.body.details == "Invalid preferences: a, b=c"
