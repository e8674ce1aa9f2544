from __future__ import annotations

import dataclasses

import pytest

import reference
from slotcast.errors import SlotcastError, TruncatedMessage
from slotcast.settings import Settings


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_committed_page_says_what_the_code_says(name: str) -> None:
    committed = (reference.FOLDER / name).read_text("utf-8")

    assert committed == reference.NOTE + reference.PAGES[name](), "run: make reference"


def test_every_setting_has_a_row_with_its_meaning() -> None:
    page = reference.settings_page()

    for field in dataclasses.fields(Settings):
        assert f"| `{field.name}` | `SLOTCAST_{field.name.upper()}` |" in page
        assert len(field.metadata["doc"]) > 10


def test_every_error_has_a_row_and_a_code_of_its_own() -> None:
    page = reference.errors_page()
    codes = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]

    assert SlotcastError.code in codes
    assert TruncatedMessage.code in codes
    assert len(codes) == len(set(codes))


def test_every_command_has_a_section_and_every_argument_a_meaning() -> None:
    page = reference.cli_page()
    rows = [line for line in page.splitlines() if line.startswith("| `")]

    assert "## slotcast token\n" in page
    assert "`--claim NAME=VALUE`" in page
    assert all(row.split(" | ")[1].strip(" |") for row in rows)
