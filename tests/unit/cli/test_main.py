from __future__ import annotations

import subprocess
import sys

import pytest

from slotcast import cli
from slotcast.errors import DatabaseError, SettingsError, SlotcastError

COMMANDS = ["dev", "serve", "migrate", "status", "token", "tail"]


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make `slotcast status` raise *error*."""

    class Module:
        @staticmethod
        def run(_arguments: object) -> int:
            raise error

    def import_module(_name: str) -> type[Module]:
        return Module

    monkeypatch.setattr("importlib.import_module", import_module)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main([command, "--help"])

    assert exit_.value.code == 0
    assert f"usage: slotcast {command}" in capsys.readouterr().out


def test_help_imports_neither_a_server_nor_a_driver() -> None:
    program = (
        "import sys, slotcast.cli as cli\n"
        "cli.parser().format_help()\n"
        "print(sorted({'asyncio', 'psycopg', 'starlette', 'websockets'} & set(sys.modules)))"
    )

    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout

    assert output == "[]\n"


def test_our_errors_are_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, SettingsError("port is -1; it must not be negative"))

    exit_code = cli.main(["status"])

    assert exit_code == 1
    assert capsys.readouterr().err == "slotcast status: port is -1; it must not be negative\n"


def test_of_a_group_of_our_errors_the_first_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = ExceptionGroup("tasks", [DatabaseError("first"), SlotcastError("second")])
    raising(monkeypatch, ExceptionGroup("service", [inner, SlotcastError("third")]))

    exit_code = cli.main(["status"])

    assert exit_code == 1
    assert capsys.readouterr().err == "slotcast status: first\n"


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError(),
        ExceptionGroup("tasks", [DatabaseError("known"), ZeroDivisionError()]),
        ExceptionGroup("tasks", [ZeroDivisionError()]),
    ],
)
def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    raising(monkeypatch, error)

    with pytest.raises(type(error)):
        cli.main(["status"])


def test_an_interrupt_gives_the_exit_code_that_shells_expect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raising(monkeypatch, KeyboardInterrupt())

    assert cli.main(["status"]) == 130


def test_a_reader_that_has_enough_is_no_error() -> None:
    program = (
        "import importlib, sys, slotcast.cli as cli\n"
        "class Module:\n"
        "    run = staticmethod(lambda _: [print(n) for n in range(100_000)] and 0)\n"
        "importlib.import_module = lambda _: Module\n"
        "sys.exit(cli.main(['status']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"0\n"
        process.stdout.close()

        assert process.stderr.read() == b""
        assert process.wait(timeout=10) == 0


@pytest.mark.parametrize("claim", ["name", "=value", ""])
def test_a_claim_without_a_name_or_value_is_a_usage_error(
    claim: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(["token", "--claim", claim])

    assert exit_.value.code == 2
    assert "is not NAME=VALUE" in capsys.readouterr().err
