"""Many clients that join and then note what they get: `viewers.c`, from Python."""

from __future__ import annotations

import asyncio
import tempfile
from array import array
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.clients import Clients, running

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

SOURCE: Final = Path(__file__).parent / "viewers.c"
PATIENCE_S: Final = 300.0
_INTEGERS_A_NOTE: Final = 3


@dataclass(frozen=True, slots=True)
class Notes:
    """
    What the viewers got.

    Attributes:
        numbers: Of the changes, an entry for each delivery.
        viewers: Who got it.
        times_ns: When, by CLOCK_MONOTONIC.
        text_bytes: How long the texts were together.
    """

    numbers: array[int]
    viewers: array[int]
    times_ns: array[int]
    text_bytes: int


class Viewers(Clients):
    """Clients of one server, in a process of their own."""

    async def until(self, count: int) -> None:
        """Wait until so many deliveries were noted since the last `take`."""
        self._in.write(b"until %d\n" % count)
        async with asyncio.timeout(PATIENCE_S):
            await self.line()

    async def take(self) -> Notes:
        """Get what was noted since the last time."""
        self._in.write(b"take\n")
        count, text_bytes = map(int, (await self.line()).split())
        notes = array("q")
        notes.frombytes(
            await self._out.readexactly(count * _INTEGERS_A_NOTE * notes.itemsize) if count else b""
        )
        numbers, viewers, times_ns = (
            notes[place::_INTEGERS_A_NOTE] for place in range(_INTEGERS_A_NOTE)
        )
        return Notes(numbers, viewers, times_ns, text_bytes)


@asynccontextmanager
async def joined_viewers(
    program: Path, port: int, openings: Iterable[tuple[str, str]], ready: str
) -> AsyncGenerator[Viewers]:
    """
    Let clients join within the block; it begins when all have.

    Args:
        program: What `viewers.c` was compiled to.
        port: The server's, on 127.0.0.1.
        openings: For each client the path that it opens, and what it sends first, if anything.
        ready: What a text holds that tells a client that it has joined.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.writelines(f"{path}\t{join}\n" for path, join in openings)
        file.flush()
        async with running(
            program,
            str(port),
            file.name,
            ready,
        ) as process:
            viewers = Viewers(process)
            async with asyncio.timeout(PATIENCE_S):
                await viewers.line()
            yield viewers
