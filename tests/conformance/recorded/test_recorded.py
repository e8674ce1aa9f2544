"""
The server beside a recording of Supabase Realtime 2.122.0, frame by frame.

A difference that is not in ``differences.toml`` fails, and so does one in there that is gone.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
import pytest

from support.recorded.deliberate import Deliberate
from support.recorded.recording import differences, steps
from support.recorded.scenarios import SCENARIOS
from support.recorded.stage import Stage
from support.server import serving

if TYPE_CHECKING:
    from support.postgres import Database
    from support.recorded.recording import Line

HERE: Final = Path(__file__).parent
RECORDING: Final[dict[str, list[Line]]] = json.loads(
    (HERE / "supabase-realtime-2.122.0.json").read_text()
)
DELIBERATE: Final = Deliberate.load(HERE / "differences.toml")
PAGE: Final = HERE.parents[2] / "docs" / "realtime-differences.md"


@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_answers_are_those_recorded_but_for_the_listed_differences(
    database: Database, slot_name: str, name: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        await psycopg.AsyncConnection.connect(database.url, autocommit=True) as owner,
        Stage(url, owner) as stage,
    ):
        await SCENARIOS[name](stage)

    found = Counter(differences(steps(RECORDING[name]), steps(stage.lines)))
    listed = Counter(DELIBERATE.differences.get(name, []))
    assert sorted(found - listed) == []
    assert sorted(listed - found) == []


def test_every_recorded_scenario_is_compared() -> None:
    assert sorted(SCENARIOS) == sorted(RECORDING)


def test_every_listed_difference_is_of_a_scenario() -> None:
    assert DELIBERATE.differences.keys() <= SCENARIOS.keys()


@pytest.mark.parametrize("reason", sorted(DELIBERATE.reasons))
def test_the_reason_for_a_difference_stands_on_the_page_for_users(reason: str) -> None:
    cells = [line.split("|")[-2] for line in PAGE.read_text().splitlines() if line.endswith("|")]

    assert [cell for cell in cells if reason in cell]
