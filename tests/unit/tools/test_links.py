from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import links

if TYPE_CHECKING:
    from pathlib import Path

OTHER = "# A title: with `code`\n\n## Again\n\n## Again\n\n```sh\n# not a heading\n```\n"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "other.md").write_text(OTHER)
    return tmp_path / "page.md"


@pytest.mark.parametrize(
    "target", ["other.md", "other.md#again-1", "other.md#a-title-with-code", "#here", "./"]
)
def test_a_link_that_leads_somewhere_is_accepted(page: Path, target: str) -> None:
    page.write_text(f"# Here\n\n[text]({target})\n")

    assert list(links.broken(page)) == []


@pytest.mark.parametrize(
    "target", ["gone.md", "other.md#again-2", "other.md#not-a-heading", "#nowhere", "../gone/"]
)
def test_a_link_that_leads_nowhere_is_named(page: Path, target: str) -> None:
    page.write_text(f'# Here\n\n![picture]({target} "title")\n')

    assert list(links.broken(page)) == [target]


@pytest.mark.parametrize(
    "text", ["[a](https://example.com/x)", "`[a](gone.md)`", "```\n[a](gone.md)\n```\n"]
)
def test_other_sites_and_code_are_not_looked_at(page: Path, text: str) -> None:
    page.write_text(text)

    assert list(links.broken(page)) == []
