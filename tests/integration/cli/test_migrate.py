from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from slotcast import cli
from slotcast.postgres import migrations

if TYPE_CHECKING:
    import pytest

    from support.postgres import Database


def names(*packages: str) -> list[str]:
    return [migration.name for migration in migrations.discover(*packages)]


def test_it_applies_the_systems_migrations_once(
    bare_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["migrate", "--database-url", bare_database.url]

    assert cli.main(command) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"applied {name}" for name in names(migrations.SYSTEM)
    ]

    assert cli.main(command) == 0
    assert capsys.readouterr().out == "up to date\n"


def test_the_appointments_come_when_they_are_asked_for(
    bare_database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLOTCAST_DATABASE_URL", bare_database.url)

    assert cli.main(["migrate", "--appointments"]) == 0

    assert len(capsys.readouterr().out.splitlines()) == len(
        names(migrations.SYSTEM, migrations.APPOINTMENTS)
    )
    with psycopg.connect(bare_database.url) as connection:
        row = connection.execute("select to_regclass('public.appointments')").fetchone()
    assert row == ("appointments",)


def test_a_database_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    url = "postgresql://nobody:secret@127.0.0.1:1/none"

    assert cli.main(["migrate", "--database-url", url]) == 1

    message = capsys.readouterr().err
    assert message.startswith("slotcast migrate: cannot connect to PostgreSQL: ")
    assert "secret" not in message
