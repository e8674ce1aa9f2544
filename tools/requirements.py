"""
Keep `requirements/` equal to what `pyproject.toml` asks for.

    python tools/requirements.py export [--upgrade]   needs uv and the network
    python tools/requirements.py check                needs neither

Each file pins every package with its hashes, for all platforms, and names no package index,
so an install takes them from wherever the machine is set up to. A file's first line
carries a digest of the tables it was made from; `check` compares only that.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
OUTPUTS: Final = {
    "dev.txt": ["pyproject.toml", "--group", "dev"],
    "runtime.txt": ["pyproject.toml", "--constraint", "requirements/dev.txt"],
    "build.txt": ["--group", "build"],
    "uv.txt": ["--group", "uv"],
}
"""What each file is compiled from, as arguments of `uv pip compile`.

In this order: what runs is what was tested, so the runtime pins follow those of the tests.
"""


def digest(pyproject: str) -> str:
    """
    Sum up what *pyproject* says about dependencies.

    Returns:
        SHA-256 in hex of the tables that decide which packages are installed.
    """
    document = tomllib.loads(pyproject)
    asked = [
        document["build-system"]["requires"],
        document["project"]["requires-python"],
        document["project"]["dependencies"],
        document["dependency-groups"],
    ]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def header(pyproject: str) -> str:
    """Return the first line of every file made from *pyproject*."""
    return f"# `make requirements` made this from pyproject.toml {digest(pyproject)}\n"


def export(root: Path, *, upgrade: bool) -> None:
    """
    Write all files anew; pins stay as they are where they still fit.

    Args:
        root: The checkout.
        upgrade: Take the newest versions instead of keeping the pins.

    Raises:
        subprocess.CalledProcessError: uv found no versions that fit together.
    """
    first_line = header((root / "pyproject.toml").read_text("utf-8"))
    for name, sources in OUTPUTS.items():
        path = root / "requirements" / name
        command = ["uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
        command += ["--no-header", "--no-emit-index-url", "--python-version", "3.11"]
        command += ["--upgrade"] if upgrade else []
        subprocess.run(
            [*command, *sources, "--output-file", str(path)],
            cwd=root,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        path.write_text(first_line + path.read_text("utf-8"), "utf-8")


def stale(root: Path) -> list[str]:
    """Return the names of the files that were not made from the present `pyproject.toml`."""
    first_line = header((root / "pyproject.toml").read_text("utf-8"))
    folder = root / "requirements"
    return [
        name
        for name in OUTPUTS
        if not (folder / name).exists()
        or not (folder / name).read_text("utf-8").startswith(first_line)
    ]


def main(arguments: list[str]) -> int:
    """Run the command line; return the exit code."""
    match arguments:
        case ["export"]:
            export(ROOT, upgrade=False)
        case ["export", "--upgrade"]:
            export(ROOT, upgrade=True)
        case ["check"]:
            names = stale(ROOT)
            if names:
                print("requirements/ is older than pyproject.toml; run: make requirements")
                return 1
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
