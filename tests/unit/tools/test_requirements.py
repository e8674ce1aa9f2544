from __future__ import annotations

from typing import TYPE_CHECKING

import requirements

if TYPE_CHECKING:
    from pathlib import Path

PYPROJECT = """
[build-system]
requires = ["hatchling"]
[project]
requires-python = ">=3.11"
dependencies = ["psycopg"]
description = "first"
[dependency-groups]
dev = ["pytest"]
"""


def export(root: Path, pyproject: str) -> None:
    (root / "requirements").mkdir()
    for name in requirements.OUTPUTS:
        (root / "requirements" / name).write_text(requirements.header(pyproject) + "psycopg==3\n")


def test_files_made_from_this_pyproject_are_fresh(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    export(tmp_path, PYPROJECT)

    assert requirements.stale(tmp_path) == []


def test_another_dependency_makes_them_stale_and_another_description_does_not(
    tmp_path: Path,
) -> None:
    export(tmp_path, PYPROJECT)

    (tmp_path / "pyproject.toml").write_text(PYPROJECT.replace("first", "second"))
    assert requirements.stale(tmp_path) == []

    (tmp_path / "pyproject.toml").write_text(PYPROJECT.replace('"pytest"', '"pytest", "ruff"'))
    assert requirements.stale(tmp_path) == list(requirements.OUTPUTS)


def test_a_missing_file_is_stale(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    export(tmp_path, PYPROJECT)
    (tmp_path / "requirements" / "uv.txt").unlink()

    assert requirements.stale(tmp_path) == ["uv.txt"]
