"""
Find what must not be committed, in every file that git knows or would add.

    python tools/hygiene.py

Prints one line a finding and fails when there is one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT: Final = Path(__file__).resolve().parent.parent

# The patterns are written so that they do not find themselves.
RULES: Final = {
    re.compile(r"\b(?:pypi|pythonhosted|npmjs|yarnpkg|debian)\.(?:com|io|net|org)\b"): (
        "names a package registry; name the package, the machine knows where from"
    ),
    re.compile(r"(?<![\w./])/(?:work|root|farm|Users)/"): "is a path of one machine",
    re.compile(r"\.\./[s]hared\b"): "is a path outside the project",
    re.compile(r"\b(?:TO[D]O|FIX[M]E)\b"): "is left over; do it, or open an issue",
}
"""What no line may contain, and why."""

EXECUTABLES: Final = (".ci/run",)


def findings_in(name: str, text: str) -> Iterator[str]:
    """Yield ``name:line: found: reason`` for each match of a rule in *text*."""
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, reason in RULES.items():
            for match in pattern.finditer(line):
                yield f"{name}:{number}: {match[0]!r} {reason}"


def findings(root: Path, names: Iterable[str]) -> Iterator[str]:
    """Yield a line for everything wrong in the files *names* under *root*."""
    for name in names:
        try:
            text = (root / name).read_text("utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # a picture, or deleted but not yet committed
        yield from findings_in(name, text)
    for name in EXECUTABLES:
        if not os.access(root / name, os.X_OK):
            yield f"{name}: is not executable; run: chmod +x {name}"


def tracked(root: Path, pattern: str = ".") -> list[str]:
    """
    Return the files git tracks or would add, relative to *root*.

    Args:
        root: The top of a git checkout.
        pattern: A git pathspec, such as ``*.md``.
    """
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", pattern]
    output = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return sorted(name for name in output.split("\0") if name)


def main() -> int:
    """Check the checkout this file is in; return the exit code."""
    found = list(findings(ROOT, tracked(ROOT)))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
