from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from slotcast.errors import DatabaseError
from slotcast.postgres import migrations
from slotcast.postgres.migrations import Statement, discover, split

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("", []),
        (" \n-- nothing; at all\n/* ; */", []),
        (";;", []),
        ("select 1", [Statement(1, "select 1")]),
        ("select 1;\n\nselect 2;\n", [Statement(1, "select 1"), Statement(3, "select 2")]),
        ("-- why;\nselect 1; -- and so on", [Statement(2, "select 1")]),
        ("/* a;\n b */ select 1;", [Statement(2, "select 1")]),
        ("select ';', 'it''s;';", [Statement(1, "select ';', 'it''s;'")]),
        (r"select E'it\'s;';", [Statement(1, r"select E'it\'s;'")]),
        (r"select e'a''\';', ';';", [Statement(1, r"select e'a''\';', ';'")]),
        ('select 1 as ";""";', [Statement(1, 'select 1 as ";"""')]),
        ("do $$ begin; end $$;", [Statement(1, "do $$ begin; end $$")]),
        ("do $a$ x; $$ y; $$ $a$; z", [Statement(1, "do $a$ x; $$ y; $$ $a$"), Statement(1, "z")]),
        ("select $1;$2", [Statement(1, "select $1"), Statement(1, "$2")]),
        ("select name'x;y';", [Statement(1, "select name'x;y'")]),
    ],
)
def test_text_is_cut_at_the_semicolons_that_end_statements(
    text: str, statements: list[Statement]
) -> None:
    assert list(split(text)) == statements


def test_the_shipped_migrations_are_in_order_and_system_comes_first() -> None:
    found = discover(migrations.APPOINTMENTS, migrations.SYSTEM)

    versions = [migration.version for migration in found]
    assert versions == sorted(set(versions))
    assert versions[0] == 1
    assert {migration.name for migration in found} >= {"0001_roles.sql", "1001_schema.sql"}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that `discover` finds under the name of its folder."""
    directory = tmp_path / "some_migrations"
    directory.mkdir()
    (directory / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "some_migrations", raising=False)
    return directory


def test_a_file_with_another_name_is_refused(package: Path) -> None:
    (package / "first.sql").touch()

    with pytest.raises(DatabaseError, match=r"first\.sql is no name"):
        discover("some_migrations")


def test_two_files_of_a_version_are_refused(package: Path) -> None:
    (package / "0001_this.sql").touch()
    (package / "0001_that.sql").touch()

    with pytest.raises(DatabaseError, match="have the same version"):
        discover("some_migrations")


def test_the_checksum_tells_texts_apart(package: Path) -> None:
    file = package / "0001_this.sql"
    file.write_text("select 1")
    (former,) = discover("some_migrations")
    file.write_text("select 2")
    (newer,) = discover("some_migrations")

    assert former.checksum != newer.checksum
