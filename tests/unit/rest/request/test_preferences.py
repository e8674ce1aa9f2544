"""The Prefer headers."""

from __future__ import annotations

import pytest

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
from slotcast.rest.request.preferences import parse_preferences


def parse(*values: str, may_choose_end: bool = True) -> Preferences:
    return parse_preferences(values, may_choose_end=may_choose_end, timezones={"Europe/Berlin"})


def test_no_header_is_no_preference() -> None:
    assert parse() == NO_PREFERENCES


def test_all_headers_count_and_of_a_kind_the_first() -> None:
    assert parse(
        "return=representation, count=exact",
        "return=minimal,resolution=merge-duplicates , missing=default",
        "tx=rollback, handling=strict, timezone=Europe/Berlin, max-affected=10",
    ) == Preferences(
        returning=Return.REPRESENTATION,
        count=Count.EXACT,
        resolution=Resolution.MERGE_DUPLICATES,
        missing=Missing.DEFAULT,
        transaction=TransactionEnd.ROLLBACK,
        handling=Handling.STRICT,
        timezone="Europe/Berlin",
        max_affected=10,
    )


def test_what_means_nothing_is_kept_for_strictness() -> None:
    found = parse("Return=minimal, count=some, timezone=Nowhere, max-affected=-1, x")

    assert found == Preferences(
        unknown=("Return=minimal", "count=some", "timezone=Nowhere", "max-affected=-1", "x")
    )


def test_a_transaction_s_end_that_may_not_be_chosen_is_ignored_without_complaint() -> None:
    assert parse("tx=rollback", may_choose_end=False) == NO_PREFERENCES


@pytest.mark.parametrize("text", ["", "1.5", "9" * 19, "٣"])
def test_how_many_may_be_affected_is_a_number(text: str) -> None:
    assert parse(f"max-affected={text}").max_affected is None
