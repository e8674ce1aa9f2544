"""Fixtures that folders of tests take under other names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from slotcast.postgres.embedded import Cluster


@pytest.fixture(scope="session", params=["embedded"])
def embedded_cluster(request: pytest.FixtureRequest) -> Cluster:
    """The embedded PostgreSQL alone: tests that take it as `cluster` run once, not twice."""
    clusters = request.getfixturevalue("running_clusters")
    return clusters.get(request.param)
