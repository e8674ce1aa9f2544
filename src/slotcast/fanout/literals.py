"""
Text forms of literals, where Python can tell them as PostgreSQL would.

Only what is certainly valid and certainly printed in one way is told: PostgreSQL is asked
about everything else, and so words every refusal.

Source:
    PostgreSQL manual, "UUID Type", "Integer Types", "Boolean Type", "Array Input and Output
    Syntax".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}", re.ASCII)
_BOOLEANS: Final = {"t": "t", "true": "t", "f": "f", "false": "f"}

# No quotes, escapes, nested arrays or white space, whose meaning depends on where they stand.
_PLAIN_ELEMENT = re.compile(r'[^{}",\\\s]+')


def text_form(type_oid: int, literal: str) -> str | None:
    """
    Give the text form of *literal* as a value of a type, or None if only PostgreSQL can tell.

    Args:
        type_oid: The type, not a domain.
        literal: Without U+0000; for `text` and `varchar`, of characters that the database's
            encoding has.
    """
    read = _READERS.get(type_oid)
    return None if read is None else read(literal)


def element_forms(type_oid: int, array: str) -> list[str] | None:
    """
    Give the text forms of the elements of an array, or None if only PostgreSQL can tell.

    Args:
        type_oid: The type of the elements, not a domain.
        array: In PostgreSQL's notation, with braces around it; as for `text_form`.
    """
    forms: list[str] = []
    for element in array[1:-1].split(","):
        if _PLAIN_ELEMENT.fullmatch(element) is None or element.lower() == "null":
            return None
        form = text_form(type_oid, element)
        if form is None:
            return None
        forms.append(form)
    return forms


def _uuid(literal: str) -> str | None:
    return literal.lower() if _UUID.fullmatch(literal) else None


def _boolean(literal: str) -> str | None:
    return _BOOLEANS.get(literal)


def _text(literal: str) -> str | None:
    return literal


def _integer(bits: int) -> Callable[[str], str | None]:
    limit = 1 << (bits - 1)

    def read(literal: str) -> str | None:
        is_valid = _INTEGER.fullmatch(literal) and -limit <= int(literal) < limit
        return literal if is_valid else None

    return read


_READERS: Final[Mapping[int, Callable[[str], str | None]]] = {
    16: _boolean,
    20: _integer(64),
    21: _integer(16),
    23: _integer(32),
    25: _text,
    1043: _text,  # varchar: a literal has no length to be cut to
    2950: _uuid,
}
