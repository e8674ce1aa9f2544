"""What `slotcast-client` is installed with."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

CLIENT: Final = Path(__file__).parents[3] / "client"


def test_the_wheel_holds_the_package_its_types_and_its_licence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, CLIENT],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout

    [path] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        metadata = wheel.read("slotcast_client-0.1.0.dist-info/METADATA").decode()

    sources = {
        f"slotcast_client/{source.name}" for source in (CLIENT / "src/slotcast_client").glob("*.py")
    }
    assert sources | {"slotcast_client/py.typed"} == {
        name for name in names if not name.startswith("slotcast_client-0.1.0.dist-info/")
    }
    assert "slotcast_client-0.1.0.dist-info/licenses/LICENSE" in names
    assert "License-Expression: Apache-2.0" in metadata
    assert [line for line in metadata.splitlines() if line.startswith("Requires-Dist")] == [
        "Requires-Dist: supabase<3,>=2.34"
    ]
    assert "# slotcast-client" in metadata
