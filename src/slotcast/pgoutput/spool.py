"""Where the messages of a streamed transaction wait for its commit."""

from __future__ import annotations

import tempfile
from struct import Struct
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

_LENGTH: Final = Struct(">I")


class SpoolFile(Protocol):
    """What a spool needs of a file: written once, then read once from the beginning."""

    def write(self, data: bytes, /) -> int:
        """Append *data*."""
        ...

    def seek(self, offset: int, /) -> int:
        """Go to *offset*, in bytes from the beginning."""
        ...

    def read(self, size: int, /) -> bytes:
        """Read up to *size* bytes."""
        ...

    def close(self) -> None:
        """Give the file's space back."""
        ...


def temporary_file(memory_limit_bytes: int) -> SpoolFile:
    """Open a nameless temporary file that stays in memory up to *memory_limit_bytes*."""
    # A maximum of 0 would mean none.
    return tempfile.SpooledTemporaryFile(max_size=max(1, memory_limit_bytes))


class Spool:
    """The raw messages of one streamed transaction, each behind its length (Int32)."""

    def __init__(self, file: SpoolFile) -> None:
        self._file = file

    def append(self, message: bytes) -> None:
        """Keep *message*."""
        self._file.write(_LENGTH.pack(len(message)) + message)

    def messages(self) -> Iterator[bytes]:
        """Give every message in the order of `append`; to be called once."""
        self._file.seek(0)
        while head := self._file.read(_LENGTH.size):
            yield self._file.read(_LENGTH.unpack(head)[0])

    def close(self) -> None:
        """Forget everything."""
        self._file.close()
