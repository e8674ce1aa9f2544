from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import hygiene

if TYPE_CHECKING:
    from pathlib import Path

REGISTRY = "https://files.python" + "hosted.org/packages/x.whl"
MACHINE_PATH = "/" + "work/main/README.md"


@pytest.mark.parametrize(
    "line",
    [
        f"x = '{REGISTRY}'",
        "index: py" + "pi.org",
        f"see {MACHINE_PATH}",
        "see ." + "./shared/notes.md",
        "# TO" + "DO: later",
    ],
)
def test_a_line_that_must_not_be_committed_is_named_with_its_place(line: str) -> None:
    (finding,) = hygiene.findings_in("page.md", f"fine\n{line}\n")

    assert finding.startswith("page.md:2: ")


@pytest.mark.parametrize(
    "line",
    [
        "https://example.com/work/report",
        "tests/root/file",
        "a.py" + "pi_name = 1",
        "mastodon",
        "shared/",
    ],
)
def test_a_harmless_line_is_left_alone(line: str) -> None:
    assert list(hygiene.findings_in("page.md", line)) == []


def test_binary_and_deleted_files_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci/run").touch(mode=0o755)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff\xfe")

    assert list(hygiene.findings(tmp_path, ["picture.png", "gone.py"])) == []


def test_a_script_that_must_run_has_to_be_executable(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci/run").touch(mode=0o644)

    (finding,) = hygiene.findings(tmp_path, [])

    assert "chmod +x" in finding


def test_the_files_of_this_checkout_are_found() -> None:
    names = hygiene.tracked(hygiene.ROOT, "*.md")

    assert "README.md" in names
    assert all(name.endswith(".md") for name in names)
    assert not any(name.startswith((".venv" + os.sep, "node_modules")) for name in names)
