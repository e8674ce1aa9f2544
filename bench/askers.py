"""Clients that ask over HTTP as fast as they are answered: `askers.c`, from Python."""

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

SOURCE: Final = Path(__file__).parent / "askers.c"
PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Answers:
    """How long asking took altogether, and each answer."""

    elapsed_s: float
    times_ns: array[int]


class Askers(Clients):
    """Clients of one server, in a process of their own."""

    def begin(self) -> None:
        """Let all of them ask, again and again."""
        self._in.write(b"begin\n")

    async def end(self) -> Answers:
        """Let them stop, and wait for the last answers."""
        self._in.write(b"end\n")
        async with asyncio.timeout(PATIENCE_S):
            count, elapsed_ns = map(int, (await self.line()).split())
            times_ns = array("q")
            times_ns.frombytes(await self._out.readexactly(count * times_ns.itemsize))
        return Answers(elapsed_ns / 1e9, times_ns)


@asynccontextmanager
async def connected_askers(
    program: Path, port: int, client_count: int, status: int, requests: Iterable[bytes]
) -> AsyncGenerator[Askers]:
    """
    Have clients connected within the block.

    Args:
        program: What `askers.c` was compiled to.
        port: The server's, on 127.0.0.1.
        client_count: How many, each with a connection that it keeps.
        status: Of the answers; another is an error.
        requests: What they ask in turn, as bytes of HTTP.
    """
    with tempfile.NamedTemporaryFile("wb", suffix=".requests") as file:
        file.writelines(b"%d\n%b" % (len(request), request) for request in requests)
        file.flush()
        async with running(
            program,
            str(port),
            str(client_count),
            str(status),
            file.name,
        ) as process:
            askers = Askers(process)
            async with asyncio.timeout(PATIENCE_S):
                await askers.line()
            yield askers
