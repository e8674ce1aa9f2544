"""`slotcast status` and `slotcast token`: what they print works."""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from slotcast import cli, state
from slotcast.tokens import Keyring

if TYPE_CHECKING:
    from pathlib import Path

OTHER_SECRET = 'another "secret" of $HOME and `at` least 32 \\ bytes'


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("SLOTCAST_"):
            monkeypatch.delenv(name)


@pytest.fixture
def kept(tmp_path: Path) -> state.State:
    kept = state.new(
        created_at=int(time.time()) - 5, url="http://127.0.0.1:54321", database_port=54322
    )
    state.save(tmp_path, kept)
    return kept


def output(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Run the command line and give what it prints."""
    assert cli.main([str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out


def test_a_token_says_who_it_is_for(
    tmp_path: Path, kept: state.State, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--role", "anon", "--sub", "u1", "--claim", "n=1", "--claim", "t=text=x"]

    token = output(capsys, "token", "--directory", tmp_path, *options, "--expires-in", "60")

    claims = Keyring(secret=kept.jwt_secret).verify(token.strip(), time.time())
    document: dict[str, Any] = json.loads(claims.document)
    assert (claims.role, claims.subject) == ("anon", "u1")
    assert (document["n"], document["t"]) == (1, "text=x")
    assert claims.expires_at is not None
    assert 50 < claims.expires_at - time.time() <= 60


def test_a_token_without_options_is_for_a_signed_in_user(
    tmp_path: Path, kept: state.State, capsys: pytest.CaptureFixture[str]
) -> None:
    token = output(capsys, "token", "--directory", tmp_path)

    claims = Keyring(secret=kept.jwt_secret).verify(token.strip(), time.time())
    assert (claims.role, claims.subject) == ("authenticated", None)


def test_a_secret_in_the_settings_needs_no_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLOTCAST_JWT_SECRET", OTHER_SECRET)

    token = output(capsys, "token", "--directory", tmp_path / "missing")

    assert Keyring(secret=OTHER_SECRET).verify(token.strip(), time.time()).role == "authenticated"


@pytest.mark.parametrize("command", [["token"], ["status"], ["tail", "t"], ["migrate"]])
def test_without_secrets_a_command_says_what_to_start(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, "--directory", str(tmp_path)]) == 1

    assert "slotcast dev has not run in" in capsys.readouterr().err


def test_keys_are_under_the_names_that_the_supabase_cli_prints(
    tmp_path: Path, kept: state.State, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(output(capsys, "status", "--directory", tmp_path, "-o", "json"))

    assert found["API_URL"] == "http://127.0.0.1:54321"
    assert found["DB_URL"].startswith("postgresql://postgres:")
    assert found["DB_URL"].endswith("@127.0.0.1:54322/postgres")
    assert found["JWT_SECRET"] == kept.jwt_secret
    assert found["PUBLISHABLE_KEY"] == kept.publishable_key
    assert found["SECRET_KEY"] == kept.secret_key


def test_role_keys_are_valid_and_stay_the_same(
    tmp_path: Path, kept: state.State, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["status", "--directory", str(tmp_path), "-o", "json"]
    first, second = (json.loads(output(capsys, *command)) for _ in range(2))

    keys = Keyring(secret=kept.jwt_secret)
    assert first == second
    assert keys.verify(first["ANON_KEY"], time.time()).role == "anon"
    assert keys.verify(first["SERVICE_ROLE_KEY"], time.time()).role == "service_role"


@pytest.mark.usefixtures("kept")
def test_settings_win_over_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLOTCAST_JWT_SECRET", OTHER_SECRET)
    monkeypatch.setenv("SLOTCAST_PUBLISHABLE_KEY", "sb_publishable_mine")

    found = json.loads(output(capsys, "status", "--directory", tmp_path, "-o", "json"))

    assert found["JWT_SECRET"] == OTHER_SECRET
    assert found["PUBLISHABLE_KEY"] == "sb_publishable_mine"
    assert Keyring(secret=OTHER_SECRET).verify(found["ANON_KEY"], time.time()).role == "anon"


@pytest.mark.usefixtures("kept")
def test_with_a_key_set_there_is_no_secret_to_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLOTCAST_JWKS", '{"keys": []}')

    found = json.loads(output(capsys, "status", "--directory", tmp_path, "-o", "json"))

    assert found.keys() == {"API_URL", "DB_URL", "PUBLISHABLE_KEY", "SECRET_KEY"}


@pytest.mark.usefixtures("kept")
def test_env_output_is_read_by_a_shell_as_it_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLOTCAST_JWT_SECRET", OTHER_SECRET)
    command = ["status", "--directory", str(tmp_path)]
    names = json.loads(output(capsys, *command, "-o", "json"))
    script = output(capsys, *command, "-o", "env")

    for name, value in names.items():
        read = subprocess.run(
            ["sh", "-c", f'{script}\nprintf %s "${name}"'],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert read == value


@pytest.mark.usefixtures("kept")
def test_status_tells_whether_dev_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", "--directory", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert "  API_URL: http://127.0.0.1:54321\n" in captured.out
    assert "not running" in captured.err

    with state.hold(tmp_path):
        assert cli.main(["status", "--directory", str(tmp_path)]) == 0
    assert capsys.readouterr().err == ""
