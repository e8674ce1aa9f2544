"""What benchmarks ask about other processes, and how they start some."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


def cpu_s(process_id: int) -> float:
    """Tell how long a process has computed so far, in user and kernel mode."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family_cpu_s(process_id: int) -> float:
    """Tell how long a process and its living children have computed so far."""
    children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    return sum(map(cpu_s, [process_id, *map(int, children)]))


def compiled(source: Path, directory: Path) -> Path:
    """Compile a program in C into *directory*, or end this one."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        sys.exit("this benchmark needs a C compiler for its clients")
    program = directory / source.stem
    subprocess.run([compiler, "-O2", "-o", str(program), str(source)], check=True)
    return program


@asynccontextmanager
async def listening(*command: str | Path) -> AsyncGenerator[tuple[int, int]]:
    """Run a server that prints its port when it listens; gives its process id and port."""
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    if process.stdout is None:
        raise AssertionError("stdout was asked for")
    try:
        yield process.pid, int(await process.stdout.readline())
    finally:
        process.terminate()
        await process.wait()
