"""Positions in the write-ahead log."""

from __future__ import annotations

import re

_TEXT_FORM = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})")


class Lsn(int):
    """
    A position in the write-ahead log, in bytes from its beginning.

    An LSN is an unsigned 64-bit integer, so positions compare and subtract as
    integers do; `str` gives PostgreSQL's text form.

    Source:
        PostgreSQL manual, "pg_lsn Type".
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Lsn:
        """
        Read PostgreSQL's text form, such as ``16/B374D848``.

        Raises:
            ValueError: *text* is not an LSN.
        """
        match = _TEXT_FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not an LSN; one looks like 16/B374D848")
        return cls((int(match[1], 16) << 32) | int(match[2], 16))

    def __str__(self) -> str:
        return f"{self >> 32:X}/{self & 0xFFFFFFFF:X}"

    def __repr__(self) -> str:
        return f"Lsn({str(self)!r})"
