"""The differences from the recorded server that are meant, from ``differences.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Self

from support.recorded.recording import Difference

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliberate:
    """
    What is meant to differ.

    Attributes:
        differences: By scenario.
        not_served: Scenarios about what the server does not do yet.
        reasons: All of those given.
    """

    differences: Mapping[str, list[Difference]]
    not_served: frozenset[str]
    reasons: frozenset[str]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the table."""
        table: dict[str, list[dict[str, Any]]] = tomllib.loads(path.read_text())
        differences: dict[str, list[Difference]] = {}
        for entry in table["difference"]:
            differences.setdefault(entry["scenario"], []).extend(_expand(entry))
        entries = [*table["difference"], *table["not_served"]]
        return cls(
            differences=differences,
            not_served=frozenset(
                scenario for entry in table["not_served"] for scenario in entry["scenarios"]
            ),
            reasons=frozenset(entry["reason"] for entry in entries),
        )


def _expand(entry: Mapping[str, Any]) -> list[Difference]:
    """Make the differences of an entry, one for each note and connection."""
    return [
        Difference(
            note=note,
            connection=connection,
            message=entry["message"],
            path=entry.get("path", ""),
            original=entry["original"],
            ours=entry["ours"],
        )
        for note, connection in product(entry["notes"], entry["connections"])
    ]
