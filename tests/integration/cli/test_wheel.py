"""The wheel, as it is released, on a machine without Node."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from slotcast.transports import apps
from support.missing import give_up
from support.server import server_process

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.postgres import Database

ROOT = Path(__file__).resolve().parents[3]
MODULE_FILE = "import slotcast; print(slotcast.__file__)"


def run(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> str:
    """Run Python with *arguments*; gives what it prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def install_wheel(folder: Path) -> None:
    """Unpack into *folder* the wheel of a release, built with the tools that are here."""
    built = folder.with_name("built")
    run("-m", "build", "--wheel", "--no-isolation", "--outdir", built, ROOT)
    [path] = built.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        wheel.extractall(folder)


@pytest.mark.parametrize("cluster", ["embedded"], indirect=True)
async def test_it_serves_both_apps(database: Database, slot_name: str, tmp_path: Path) -> None:
    if not apps.are_built():
        give_up("the apps are not built; run: make web")
    installed = tmp_path / "installed"
    await asyncio.to_thread(install_wheel, installed)
    environment = {"PYTHONPATH": str(installed), "PATH": "/usr/bin", "SLOTCAST_APPS": "on"}
    imported = await asyncio.to_thread(run, "-c", MODULE_FILE, environment=environment)

    async with (
        server_process(database.url, slot_name, environment=environment) as server,
        httpx.AsyncClient(base_url=server.url) as client,
    ):
        pages = [await client.get(path) for path in ("/dashboard/", "/book/any-shop")]
        assets = {
            name for page in pages for name in re.findall(r'"(/app-assets/[^"]+)"', page.text)
        }
        loaded = [await client.get(name) for name in assets]

    assert imported.startswith(str(installed))
    assert [page.status_code for page in pages] == [200, 200]
    assert {Path(name).suffix for name in assets} == {".js", ".css"}
    assert all(asset.status_code == 200 for asset in loaded)
