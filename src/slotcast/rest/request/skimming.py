"""
The names in a large JSON body, without a Python object for everything in it.

PostgreSQL reads the body anyway, and says what is wrong with its values. Here strings and
brackets are enough. Unlike the standard library's decoder, which lets nothing else run until
all is decoded, this steps from one to the next, so that a thread doing it gives way.
"""

from __future__ import annotations

import json
import re
from typing import Final

_TOKEN: Final = re.compile(
    r'[^"{}\[\]:]*+(?P<mark>"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]:])', re.DOTALL
)
_SPACE: Final = " \t\r\n"
_OPENING: Final = frozenset("{[")
_CLOSING: Final = frozenset("}]")


class Unalike(ValueError):
    """The body holds objects of different names, or what is no object."""


def skim(text: str) -> tuple[str, ...]:
    """
    Give the names that the objects of a JSON body have, sorted.

    Args:
        text: An object or an array. What is not JSON but looks like it at a glance is not
            told apart.

    Raises:
        ValueError: It is not even that.
        Unalike: Two objects have different names.
    """
    rows = _Rows(depth=1 if text.lstrip(_SPACE).startswith("{") else 2)
    depth = position = 0
    while (found := _TOKEN.match(text, position)) is not None:
        mark = found["mark"]
        position = found.end()
        if mark in _OPENING:
            depth += 1
            rows.opened(mark, depth)
        elif mark in _CLOSING:
            rows.closed(depth)
            depth -= 1
            if depth <= 0:
                break
        else:
            rows.passed(mark, depth)
    if depth != 0 or text[position:].strip(_SPACE):
        raise ValueError("it is not JSON")
    return tuple(sorted(rows.names or ()))


class _Rows:
    """
    Collects the names of objects.

    Args:
        depth: How deeply these are nested.

    Attributes:
        names: Of each of them; None before the end of the first.
    """

    def __init__(self, *, depth: int) -> None:
        self.names: frozenset[str] | None = None
        self._depth = depth
        self._own: list[str] = []
        self._last = ""

    def opened(self, mark: str, depth: int) -> None:
        """See what begins there, at this depth."""
        if depth != self._depth:
            return
        if mark != "{":
            raise Unalike
        self._own = []

    def closed(self, depth: int) -> None:
        """See what ends there."""
        if depth != self._depth:
            return
        own = frozenset(self._own)
        if self.names is None:
            self.names = own
        elif own != self.names:
            raise Unalike

    def passed(self, mark: str, depth: int) -> None:
        """See a string, or the colon after a name."""
        if mark != ":":
            self._last = mark
        elif depth == self._depth:
            self._own.append(_unquoted(self._last))


def _unquoted(text: str) -> str:
    """
    Read a string.

    Raises:
        ValueError: It is none.
    """
    if "\\" not in text:
        return text[1:-1]
    value: str = json.loads(text)
    return value
