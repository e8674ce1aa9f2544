"""What the page about appointments lists is what the schema has."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "appointments.md").read_text("utf-8")
SCHEMA = "\n".join(
    file.read_text("utf-8")
    for file in resources.files("slotcast.appointments.sql").iterdir()
    if file.name.endswith(".sql")
)


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_hint_is_explained_with_its_code() -> None:
    raised = {
        (hint, code) for code, hint in re.findall(r"errcode = '(\w+)', hint = '(\w+)'", SCHEMA)
    }

    explained = set(re.findall(r"^\| `(\w+)` \| `(\w+)` \|", section("Errors"), re.MULTILINE))

    assert explained == raised
    # All of them were found.
    assert len(re.findall(r"hint = '", SCHEMA)) == len(
        re.findall(r"errcode = '\w+', hint = '", SCHEMA)
    )


def test_every_table_is_listed() -> None:
    created = set(re.findall(r"^create table public\.(\w+)", SCHEMA, re.MULTILINE))

    first_cells = re.findall(r"^\| (`.+?) \|", section("The tables"), re.MULTILINE)
    listed = {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)}

    assert listed == created


def test_every_function_that_can_be_called_is_listed_with_its_parameters() -> None:
    created = {
        (name, tuple(re.findall(r"(?:^|,)\s*(\w+) ", parameters)))
        for name, parameters in re.findall(
            r"create function public\.(\w+)\(([^)]*)\)\s*returns", SCHEMA
        )
    }

    listed = {
        (name, tuple(parameters.split(", ")))
        for name, parameters in re.findall(r"^\| `(\w+)\(([^)]*)\)` \|", PAGE, re.MULTILINE)
    }

    assert listed == created
