"""
PostgREST's own cases, each group under its configuration.

Most of them are asked again on the embedded, newer PostgreSQL, whose database is a bare one: it
lacks PostGIS, pgcrypto and XML.
"""

from __future__ import annotations

import asyncio
import tomllib
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING

import pytest

from support.postgrest.cases import GROUPS, cases_of, expected_failures, run
from support.postgrest.fixtures import CONFORMANCE, fixtures_database, has_extensions
from support.postgrest.http import Client
from support.postgrest.ours import CONFIGURATIONS, serving_cases

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from support.postgres import Database

WANTED_SHARE = 0.98
"""Of all cases on the full database, how many have to pass."""


@pytest.fixture(scope="module")
def database_in(request: pytest.FixtureRequest) -> Generator[Callable[[str], Database]]:
    """Make the cases' database in a kind of cluster; groups share it, for they leave nothing."""
    clusters = request.getfixturevalue("running_clusters")
    with ExitStack() as stack:

        @cache
        def get(kind: str) -> Database:
            return stack.enter_context(fixtures_database(clusters.get(kind)))

        yield get


@pytest.mark.parametrize(
    ("cluster_kind", "group"), [("embedded", "base"), *(("system", group) for group in GROUPS)]
)
async def test_all_cases_pass_but_the_listed_ones(
    database_in: Callable[[str], Database], cluster_kind: str, group: str
) -> None:
    database = database_in(cluster_kind)
    kind = "full" if has_extensions(database.cluster) else "bare"
    async with serving_cases(database.url, CONFIGURATIONS[group]) as url:
        failures = await asyncio.to_thread(failures_of, group, url)

    expected = expected_failures(kind, group)
    unexpected = [f"{case}: {wrong}" for case, wrong in failures.items() if case not in expected]
    assert unexpected == []
    assert sorted(expected.keys() - failures.keys()) == [], "listed, but they pass"


def failures_of(group: str, url: str) -> dict[str, list[str]]:
    """Run the cases of *group* against the server at *url*; tell what was wrong with which."""
    client = Client(url)
    try:
        results = {case["id"]: run(case, client) for case in cases_of(group)}
    finally:
        client.close()
    assert results
    return {case: wrong for case, wrong in results.items() if wrong}


def test_nearly_all_cases_have_to_pass() -> None:
    listed = sum(len(expected_failures("full", group)) for group in GROUPS)
    total = sum(1 for group in GROUPS for _ in cases_of(group))

    assert listed <= (1 - WANTED_SHARE) * total


def test_every_listed_failure_is_of_a_case_and_has_a_reason() -> None:
    known = {case["id"] for group in GROUPS for case in cases_of(group)}
    entries = tomllib.loads((CONFORMANCE / "expected_failures.toml").read_text())["failure"]

    assert [case for entry in entries for case in entry["cases"] if case not in known] == []
    assert all(entry["reason"] for entry in entries)
