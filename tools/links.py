"""
Check that relative links in Markdown files lead somewhere; needs no network.

    python tools/links.py

A link to a heading (``file.md#heading``) must name one that exists, by the anchor that
GitHub gives it.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from hygiene import ROOT, tracked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FENCE: Final = re.compile(r"^(?P<fence>```+|~~~+).*?^(?P=fence)\s*$", re.DOTALL | re.MULTILINE)
_CODE: Final = re.compile(r"`[^`\n]*`")
_LINK: Final = re.compile(r"\[[^\]]*\]\(\s*<?(?P<target>[^)\s>]+)>?[^)]*\)")
_HEADING: Final = re.compile(r"^#{1,6}\s+(?P<title>.+?)\s*#*$", re.MULTILINE)
_EXTERNAL: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def anchors(markdown: str) -> set[str]:
    """Return the anchors of the headings in *markdown*."""
    found: set[str] = set()
    for match in _HEADING.finditer(_FENCE.sub("", markdown)):
        anchor = re.sub(r"[^\w\- ]", "", match["title"].lower()).replace(" ", "-")
        number = 0
        while anchor + (f"-{number}" if number else "") in found:
            number += 1
        found.add(anchor + (f"-{number}" if number else ""))
    return found


def links(markdown: str) -> Iterator[str]:
    """Yield the targets of the links in *markdown* that lead into the project."""
    for match in _LINK.finditer(_CODE.sub("", _FENCE.sub("", markdown))):
        if not _EXTERNAL.match(match["target"]):
            yield unquote(match["target"])


def broken(page: Path) -> Iterator[str]:
    """Yield those link targets of the file *page* that lead nowhere."""
    markdown = page.read_text("utf-8")
    for target in links(markdown):
        name, _, anchor = target.partition("#")
        goal = page.parent / name if name else page
        if not goal.exists() or (
            anchor and goal.suffix == ".md" and anchor not in anchors(goal.read_text("utf-8"))
        ):
            yield target


def main() -> int:
    """Check all Markdown files of the checkout; return the exit code."""
    pages = [ROOT / name for name in tracked(ROOT, "*.md")]
    found = [
        f"{page.relative_to(ROOT)}: the link {target} leads nowhere"
        for page in pages
        if page.exists()
        for target in broken(page)
    ]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
