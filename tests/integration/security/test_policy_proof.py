"""
Every judge's verdict is PostgreSQL's own, on random policies, rows, claims and happenings.

What is drawn: `support.proof.grammar`; in which world: `support.proof.world`; what counts as
agreement: `support.proof.trial`; which judges: `support.judges`. To search longer than a test
may take, run ``make prove``; what it finds is SQL that shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import Verbosity, given, settings

from support.judges import KINDS
from support.proof.grammar import Scenario, scenarios
from support.proof.trial import UNCHECKED, Court, Loop, sitting

if TYPE_CHECKING:
    from collections.abc import Generator

    from support.postgres import Database

SCENARIO_COUNT: Final = 10


@pytest.fixture(params=KINDS)
def court(
    request: pytest.FixtureRequest, database: Database, slot_name: str
) -> Generator[tuple[Court, Loop]]:
    with sitting(database.url, slot_name, request.param) as opened:
        yield opened


def test_verdicts_are_what_select_says_before_and_after_anything_changes(
    court: tuple[Court, Loop],
) -> None:
    judged, loop = court

    @settings(
        max_examples=SCENARIO_COUNT,
        deadline=None,
        derandomize=True,
        database=None,
        verbosity=Verbosity.quiet,
        suppress_health_check=UNCHECKED,
    )
    @given(scenarios(table_count=2, step_count=2))
    def search(scenario: Scenario) -> None:
        loop.run(judged.play(scenario))

    search()

    tally = judged.tally
    print(tally)  # noqa: T201 - how much this test has proven
    assert tally.total > 3000
    assert tally.refused_policies < tally.policies / 20
    # A comparison is worth something only where some see what others do not.
    assert min(tally.verdicts[letters] for letters in ("tt", "ff", "ee")) > 100
    # Whether an operand that raises is reached is PostgreSQL's to decide; it must stay rare.
    assert tally.verdicts["te"] + tally.verdicts["et"] < tally.total / 100
