"""Where the messages of a streamed transaction wait for its commit."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from struct import Struct
from typing import TYPE_CHECKING, Final, Protocol

from slotcast.errors import SpoolError

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
    """
    The raw messages of one streamed transaction, each behind its length (Int32).

    Raises:
        SpoolError: From every method but `close`: the file cannot be written or read.
    """

    def __init__(self, file: SpoolFile) -> None:
        self._file = file

    def append(self, message: bytes) -> None:
        """Keep *message*."""
        try:
            self._file.write(_LENGTH.pack(len(message)) + message)
        except OSError as error:
            raise _failed(error) from error

    def messages(self) -> Iterator[bytes]:
        """Give every message in the order of `append`; to be called once."""
        try:
            self._file.seek(0)
            while head := self._file.read(_LENGTH.size):
                yield self._file.read(_LENGTH.unpack(head)[0])
        except OSError as error:
            raise _failed(error) from error

    def close(self) -> None:
        """Forget everything."""
        with suppress(OSError):  # what could not be written before cannot be written now
            self._file.close()


def _failed(error: OSError) -> SpoolError:
    return SpoolError(
        f"a large transaction in progress cannot be kept in a temporary file: {error.strerror};"
        " make room, or name a directory that has some with TMPDIR and restart Slotcast"
    )
