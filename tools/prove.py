"""
Search for a policy, row and claims on which a judge and PostgreSQL disagree.

Draws scenarios as `tests/integration/security/test_policy_proof.py` does, new ones each time,
for as long as it is told, on both versions of PostgreSQL in turn. A disagreement is reduced,
printed as SQL that shows it, and ends the search with exit code 1.

Run it with ``make prove``, ``SECONDS=600 make prove`` or ``make prove ARGS="--judge oracle"``.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from typing import Final

from hypothesis import Verbosity, given, seed, settings

from support.judges import KINDS
from support.postgres import BIN_DIRECTORIES, migrated_template, running_cluster, temporary_database
from support.proof.grammar import Scenario, scenarios
from support.proof.trial import UNCHECKED, Court, DisagreementError, Loop, Tally, sitting

_ROUND: Final = 15
"""Scenarios of one seed."""
_SEEDS_APART: Final = 2**20


def main() -> int:
    """Search until the time is over; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--judge", choices=KINDS, default=KINDS[-1])
    parser.add_argument("--cluster", choices=sorted(BIN_DIRECTORIES), action="append")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    options = parser.parse_args()
    clusters: list[str] = options.cluster or sorted(BIN_DIRECTORIES)
    for number, kind in enumerate(clusters):
        first_seed = options.seed + number * _SEEDS_APART
        print(f"{options.judge} against PostgreSQL ({kind}), seed {first_seed}")
        until = time.monotonic() + options.seconds / len(clusters)
        if not _search(kind, options.judge, until, first_seed):
            return 1
    return 0


def _search(kind: str, judge: str, until: float, first_seed: int) -> bool:
    """Search on one cluster; returns whether nothing was found."""
    with (
        running_cluster(kind, autovacuum="off") as cluster,
        temporary_database(cluster, migrated_template(cluster)) as database,
        sitting(database.url, "proof", judge) as (court, loop),
    ):
        number = first_seed
        try:
            while time.monotonic() < until:
                _round(court, loop, number)
                number += 1
                _show(court.tally)
        except DisagreementError as found:
            print(f"\n{found}\n\nfound with seed {number}", file=sys.stderr)
            return False
        finally:
            _show(court.tally)
            print()
    return True


def _round(court: Court, loop: Loop, number: int) -> None:
    @seed(number)
    @settings(
        max_examples=_ROUND,
        deadline=None,
        database=None,
        verbosity=Verbosity.quiet,
        suppress_health_check=UNCHECKED,
    )
    @given(scenarios())
    def play(scenario: Scenario) -> None:
        loop.run(court.play(scenario))

    play()


def _show(tally: Tally) -> None:
    letters = ", ".join(f"{pair} {count}" for pair, count in tally.verdicts.most_common())
    print(
        f"\r{tally.total} verdicts, {tally.scenarios} scenarios, {tally.policies} policies"
        f" (PostgreSQL and judge: {letters})",
        end="",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
