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
        reasons: All of those given for differences.
    """

    differences: Mapping[str, list[Difference]]
    reasons: frozenset[str]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the table."""
        table: dict[str, Any] = tomllib.loads(path.read_text())
        differences: dict[str, list[Difference]] = {}
        for entry in table["difference"]:
            differences.setdefault(entry["scenario"], []).extend(_expand(entry))
        return cls(
            differences=differences,
            reasons=frozenset(entry["reason"] for entry in table["difference"]),
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
