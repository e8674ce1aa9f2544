"""
Names that a client may have meant.

Names are compared by the n-grams they share (cosine of their counts), first with three
letters, then with two; the best of those by their edit distance. That finds what the
original finds, and so gives its hints.
"""

from __future__ import annotations

from collections import Counter
from math import sqrt
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

LIKELY: Final = 0.33
"""How similar argument lists and relationships have to be, from 0 to 1."""

VERY_LIKELY: Final = 0.75
"""How similar tables and functions have to be."""

_GRAM_SIZES: Final = (3, 2)
_FINALISTS: Final = 50
_LENGTH_LIMIT: Final = 200
"""Longer names are not compared, since edit distances cost the product of lengths."""


def most_similar(name: str, candidates: Iterable[str], least: float) -> str | None:
    """
    Find the candidate most similar to *name*.

    Args:
        name: What the client wrote.
        candidates: What there is.
        least: How similar it has to be, from 0 to 1.

    Returns:
        None if there is no such candidate.
    """
    wanted = name.lower()
    if len(wanted) > _LENGTH_LIMIT:
        return None
    known = {one.lower(): one for one in candidates}
    if wanted in known:
        return known[wanted]
    for size in _GRAM_SIZES:
        closeness = {one: _cosine(_grams(wanted, size), _grams(one, size)) for one in known}
        finalists = sorted((one for one in known if closeness[one] > 0), key=closeness.__getitem__)
        scored = [(_likeness(wanted, one), one) for one in reversed(finalists[-_FINALISTS:])]
        scored = [entry for entry in scored if entry[0] >= least]
        if scored:
            return known[max(scored, key=lambda entry: entry[0])[1]]
    return None


def _grams(text: str, size: int) -> Counter[str]:
    padded = f"-{text}-".ljust(size, "-")
    return Counter(padded[start : start + size] for start in range(len(padded) - size + 1))


def _cosine(first: Counter[str], second: Counter[str]) -> float:
    shared = sum(count * second[gram] for gram, count in first.items())
    lengths = (sum(count * count for count in grams.values()) for grams in (first, second))
    return shared / sqrt(next(lengths) * next(lengths))


def _likeness(first: str, second: str) -> float:
    return 1 - _distance(first, second) / max(len(first), len(second), 1)


def _distance(first: str, second: str) -> int:
    """Count the insertions, deletions and replacements that turn one into the other."""
    row = list(range(len(second) + 1))
    for number, letter in enumerate(first, 1):
        previous, row[0] = row[0], number
        for position, other in enumerate(second, 1):
            cost = previous + (letter != other)
            previous = row[position]
            row[position] = min(row[position] + 1, row[position - 1] + 1, cost)
    return row[-1]
