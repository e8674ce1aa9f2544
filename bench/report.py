"""How benchmarks show figures, and whether targets are met."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def form(value: float | None, width: int = 11, kind: str = ",.0f") -> str:
    if value is not None and kind == ",.0f" and value < 100:
        kind = ".1f"
    return f"{'-' if value is None else format(value, kind):>{width}}"


def show_targets(targets: Iterable[tuple[str, float, float, bool]]) -> None:
    """Show targets: each its text, the bound, the figure, and whether the bound is a most."""
    print("\ntargets")
    for text, wanted, got, is_most in targets:
        is_met = got <= wanted if is_most else got >= wanted
        bound = "at most" if is_most else "at least"
        print(
            f"  {text:<58}{bound:>9}{form(wanted, 9, ',g')}{form(got, 11, ',.4g')}"
            f"  {'met' if is_met else 'MISSED'}"
        )
