"""
Reading a text from left to right, and saying where and why it stopped making sense.

The rules of the grammar are functions of a `Scanner`. A rule either consumes what it
reads, or raises `Mismatch`; whoever has an alternative goes back to an earlier position
and tries that. What was expected is noted along the way, and the error speaks of the
furthest position that any rule got to, since that is where the client went wrong.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from slotcast.rest.errors import ErrorBody, RestError

if TYPE_CHECKING:
    from collections.abc import Callable

_Result = TypeVar("_Result")

DEPTH_LIMIT: Final = 32
"""How deeply embeds, or conditions, may be nested; PostgreSQL would manage more."""

END: Final = "end of input"

_ESCAPED: Final = {'"': r"\"", "\\": r"\\"}

_BLANKS: Final = re.compile(r"[ \t]*")

_QUOTED: Final = re.compile(r'"((?:[^\\"]|\\.)*)"', re.DOTALL)

_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


class Mismatch(Exception):  # It is no error: another rule may match.
    """The text is not what a rule of the grammar says."""


class Mark(NamedTuple):
    """A state of a `Scanner`."""

    position: int
    furthest: int
    unexpected: int | None
    expected: tuple[str, ...]


class Scanner:
    """
    A text and a position in it.

    Attributes:
        text: What is read.
        position: Index of the next character.
    """

    __slots__ = ("_expected", "_furthest", "_unexpected", "position", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self._furthest = 0
        self._unexpected: int | None = None
        self._expected: list[str] = []

    @property
    def is_at_end(self) -> bool:
        """Whether nothing is left."""
        return self.position == len(self.text)

    @property
    def next(self) -> str:
        """The next character; empty at the end."""
        return self.text[self.position : self.position + 1]

    def expected(self, *what: str, at: int | None = None, unexpected: int | None = None) -> None:
        """
        Note what would have been right, for the error if there will be one.

        Args:
            what: In the words of the error, characters in double quotes.
            at: Where; the present position by default.
            unexpected: Where the character is that was wrong; *at* by default.
        """
        place = self.position if at is None else at
        if place < self._furthest:
            return
        if place > self._furthest or self._unexpected is None:
            self._furthest = place
            self._unexpected = place if unexpected is None else unexpected
            self._expected = []
        self._expected += [one for one in what if one not in self._expected]

    def mismatch(self, *what: str, at: int | None = None) -> Mismatch:
        """Note what would have been right, as `expected` does; the caller raises the result."""
        self.expected(*what, at=at)
        return Mismatch()

    def take(self, literal: str) -> bool:
        """Consume *literal* if it is next, else note that it was expected."""
        if self.text.startswith(literal, self.position):
            self.position += len(literal)
            return True
        right = 0
        while self.text[self.position + right : self.position + right + 1] == literal[right]:
            right += 1
        self.expected(f'"{literal}"', unexpected=self.position + right)
        return False

    def require(self, literal: str) -> None:
        """
        Consume *literal*.

        Raises:
            Mismatch: Something else is next.
        """
        if not self.take(literal):
            raise Mismatch

    def require_end(self) -> None:
        """
        See that nothing is left.

        Raises:
            Mismatch: Something is.
        """
        if not self.is_at_end:
            raise self.mismatch(END)

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Consume what *pattern* matches here, if it does; notes nothing."""
        found = pattern.match(self.text, self.position)
        if found:
            self.position = found.end()
        return found

    def mark(self) -> Mark:
        """Remember where reading is, and what was noted so far."""
        return Mark(self.position, self._furthest, self._unexpected, tuple(self._expected))

    def go_back(self, mark: Mark) -> None:
        """Forget what was read and noted since *mark*."""
        self.position = mark.position
        self._furthest = mark.furthest
        self._unexpected = mark.unexpected
        self._expected = list(mark.expected)

    def skip_blanks(self) -> None:
        """Consume spaces and tabs."""
        self.match(_BLANKS)

    def quoted(self) -> str | None:
        """
        Consume text in double quotes, where a backslash escapes any character.

        Returns:
            The text, or None if the next character is no quote.

        Raises:
            Mismatch: The closing quote is missing.
        """
        found = self.match(_QUOTED)
        if found is None:
            if self.next == '"':
                raise self.mismatch(r'"\\"', r'"\""', at=len(self.text))
            return None
        inner = found[1]
        return _ESCAPE.sub(r"\1", inner) if "\\" in inner else inner

    def complaint(self) -> tuple[int, str]:
        """
        Say where the text stopped making sense, and what was wrong there.

        Returns:
            The column, from 1, and what was found and would have been right.
        """
        where = self._furthest if self._unexpected is None else self._unexpected
        character = self.text[where : where + 1]
        if not character:
            found = END
        elif END in self._expected:
            found = f"'{character}'"
        else:
            found = f'"{_ESCAPED.get(character, character)}"'
        wanted = [one for one in self._expected if one != END]
        if END in self._expected and found != END:
            wanted.append(END)
        details = f"unexpected {found}"
        if wanted:
            *first, last = wanted
            details += " expecting " + (f"{', '.join(first)} or {last}" if first else last)
        return self._furthest + 1, details


def parse(what: str, text: str, rule: Callable[[Scanner], _Result], *, prefix: str = "") -> _Result:
    """
    Read *text* by *rule*; what the rule leaves over is ignored.

    Args:
        what: What the text is, for the error.
        text: What the client sent.
        rule: What it should be.
        prefix: Is read before the text, and counts for the columns.

    Raises:
        RestError: The text is not what the rule says, or nested too deeply.
    """
    scanner = Scanner(prefix + text)
    try:
        return rule(scanner)
    except Mismatch:
        column, details = scanner.complaint()
        raise refusal(what, text, column, details) from None


def refusal(what: str, text: str, column: int, details: str) -> RestError:
    """Make the error for a part of the query string that cannot be read."""
    message = f'"failed to parse {what} ({text})" (line 1, column {column})'
    return RestError(400, ErrorBody("PGRST100", message, details))
