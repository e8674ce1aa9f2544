from __future__ import annotations

import pytest

from slotcast.rest.plan.similarity import LIKELY, VERY_LIKELY, most_similar


@pytest.mark.parametrize(
    ("name", "candidates", "least", "expected"),
    [
        ("projectx", ["projects", "clients"], VERY_LIKELY, "projects"),
        ("PROJECTS", ["projects"], VERY_LIKELY, "projects"),
        ("clientele", ["clients"], VERY_LIKELY, None),
        ("(nam)", ["(name)", "(a, b)"], LIKELY, "(name)"),
        ("x", ["projects"], LIKELY, None),
        ("projects", [], LIKELY, None),
        ("", ["projects"], LIKELY, None),
    ],
)
def test_the_nearest_name_is_found_if_it_is_near_enough(
    name: str, candidates: list[str], least: float, expected: str | None
) -> None:
    assert most_similar(name, candidates, least) == expected


def test_a_name_of_any_length_is_answered_at_once() -> None:
    assert most_similar("x" * 100_000, ["x" * 100_000], LIKELY) is None
