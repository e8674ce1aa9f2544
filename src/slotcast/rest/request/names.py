"""Names and fields: the words that all other rules of the grammar are made of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from slotcast.rest.request.ast import Field, JsonIndex, JsonKey
from slotcast.rest.request.scanner import END

if TYPE_CHECKING:
    from slotcast.rest.request.ast import JsonStep, Path
    from slotcast.rest.request.scanner import Mismatch, Scanner

JSON_PATH_LIMIT: Final = 64
"""Most steps of one JSON path; each is an operator nested in the next one's."""

_WORD: Final = re.compile(r"(?:[^\W\d]|[0-9_ $])+")

_KEY_PART: Final = re.compile(r"[^(\-:.,>)]+")

_INDEX: Final = re.compile(r"(-?[0-9]+)(?=\Z|->|::|[.,])")

_DIGITS: Final = re.compile("-[0-9]+")

_NAME_LABEL: Final = "field name (* or [a..z0..9_$])"

_KEY_LABEL: Final = "any non reserved character different from: .,>()"


def word(scanner: Scanner) -> str:
    """
    Read letters, digits, ``_``, ``$`` and spaces; those at the ends do not count.

    Raises:
        Mismatch: There is not even one.
    """
    found = scanner.match(_WORD)
    if found is None:
        raise scanner.mismatch("letter", "digit")
    return found[0].strip()


def name(scanner: Scanner) -> str:
    """
    Read a name: anything in quotes, or words joined by ``-``.

    Raises:
        Mismatch: There is none, or no word follows a ``-``.
    """
    quoted = scanner.quoted()
    if quoted is not None:
        return quoted
    found = scanner.match(_WORD)
    if found is None:
        raise scanner.mismatch(_NAME_LABEL)
    result = found[0].strip()
    while _dash(scanner):
        result += "-" + word(scanner)
    scanner.expected("letter", "digit", '"-"')
    return result


def _dash(scanner: Scanner) -> bool:
    """Read a ``-``, but not of an arrow."""
    text, at = scanner.text, scanner.position
    if text.startswith("-", at) and not text.startswith("->", at):
        scanner.position += 1
        scanner.expected('">"')
        return True
    return False


def field(scanner: Scanner) -> Field:
    """
    Read a column, perhaps with a JSON path, and blanks around it.

    Raises:
        Mismatch: There is no name, or something is missing after an arrow.
    """
    scanner.skip_blanks()
    column = name(scanner)
    result = Field(column, json_path(scanner))
    scanner.skip_blanks()
    return result


def json_path(scanner: Scanner) -> tuple[JsonStep, ...]:
    """
    Read arrows and what they point to, perhaps none.

    Raises:
        Mismatch: There is nothing after an arrow, or there are too many.
    """
    steps: list[JsonStep] = []
    while True:
        if scanner.take("->>"):
            steps.append(_operand(scanner, as_text=True))
        elif scanner.take("->"):
            steps.append(_operand(scanner, as_text=False))
        else:
            return tuple(steps)
        if len(steps) > JSON_PATH_LIMIT:
            raise scanner.mismatch(f"at most {JSON_PATH_LIMIT} steps into JSON")


def _operand(scanner: Scanner, *, as_text: bool) -> JsonStep:
    index = scanner.match(_INDEX)
    if index is not None:
        return JsonIndex(index[1], as_text)
    if scanner.next == "-":
        raise _bad_index(scanner)
    key = scanner.quoted()
    if key is None:
        key = _key_part(scanner)
        while _dash(scanner):
            key += "-" + _key_part(scanner)
    return JsonKey(key, as_text)


def _bad_index(scanner: Scanner) -> Mismatch:
    """Note what is wrong with what begins like a negative index."""
    digits = scanner.match(_DIGITS)
    if digits is None:
        return scanner.mismatch("digit", at=scanner.position + 1)
    return scanner.mismatch("digit", '"->"', '"::"', '"."', '","', END)


def _key_part(scanner: Scanner) -> str:
    found = scanner.match(_KEY_PART)
    if found is None:
        raise scanner.mismatch('"-"', "digit", _KEY_LABEL)
    return found[0].strip()


def names(scanner: Scanner) -> tuple[str, ...]:
    """
    Read names parted by commas; repetitions and order do not matter.

    Returns:
        The names, sorted, each once.

    Raises:
        Mismatch: A name is missing.
    """
    return tuple(sorted(set(ordered_names(scanner))))


def ordered_names(scanner: Scanner) -> tuple[str, ...]:
    """Read names as `names` does, but leave them as they are."""
    found = [name(scanner)]
    while scanner.next and scanner.next in " \t,":
        scanner.skip_blanks()
        scanner.require(",")
        scanner.skip_blanks()
        found.append(name(scanner))
    return tuple(found)


def _dotted_names(scanner: Scanner) -> Path:
    found = [name(scanner)]
    while scanner.take("."):
        found.append(name(scanner))
    return tuple(found)


def dotted_path(scanner: Scanner) -> Path:
    """
    Read a key that is only names.

    Raises:
        Mismatch: A name is missing, or something else follows.
    """
    found = _dotted_names(scanner)
    scanner.require_end()
    return found


def path_and_field(scanner: Scanner) -> tuple[Path, Field]:
    """
    Read the key of a parameter: embeds, outermost first, and a field of the last one.

    Raises:
        Mismatch: A name is missing, or something after an arrow, or something else follows.
    """
    *embeds, column = _dotted_names(scanner)
    result = Field(column, json_path(scanner))
    scanner.require_end()
    return tuple(embeds), result
