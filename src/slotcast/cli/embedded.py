"""The embedded PostgreSQL of a `slotcast dev` directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotcast.postgres.embedded import Cluster

if TYPE_CHECKING:
    from pathlib import Path

    from slotcast.state import State


def cluster(directory: Path, kept: State) -> Cluster:
    """Describe the cluster of *directory*; whether it runs is another matter."""
    return Cluster(directory / "database", port=kept.database_port, password=kept.database_password)
