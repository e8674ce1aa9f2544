"""
The command line.

Each command is a module of its own, imported only when it is called, so that `--help` and
`token` answer at once. A module's `run` does the command and returns its exit code.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import slotcast
from slotcast.errors import SlotcastError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotcast.claims import JsonValue

_INTERRUPTED = 130
"""The exit code that shells give for SIGINT."""


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Args:
        arguments: What follows `slotcast`; None takes them from the process.

    Returns:
        The exit code: 1 after a line on standard error that says what is wrong and what to
        do about it, and otherwise the command's.
    """
    chosen = parser().parse_args(arguments)
    try:
        exit_code: int = importlib.import_module(f"slotcast.cli.{chosen.module}").run(chosen)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output, such as `head`, has enough; nothing more may be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SlotcastError as error:
        return _report(chosen.command, error)
    except ExceptionGroup as group:
        ours, others = group.split(SlotcastError)
        if ours is None or others is not None:
            raise
        return _report(chosen.command, _first(ours))
    return exit_code


def _report(command: str, error: SlotcastError) -> int:
    """Say what went wrong; the exit code that goes with it is returned."""
    print(f"slotcast {command}: {error}", file=sys.stderr)
    return 1


def _first(group: ExceptionGroup[SlotcastError]) -> SlotcastError:
    """Give the error that the first failed task of *group* raised; the others follow from it."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first


def parser() -> argparse.ArgumentParser:
    """Describe all commands and their arguments."""
    root = argparse.ArgumentParser(
        prog="slotcast",
        description="Keeps apps in step with PostgreSQL: commits reach the clients that may see"
        " them, over Supabase's realtime protocol.",
    )
    root.add_argument("--version", action="version", version=f"slotcast {slotcast.__version__}")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, module: str, summary: str, description: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=summary, description=description)
        command.set_defaults(module=module)
        command.add_argument("--config", type=Path, metavar="FILE", help="TOML file of settings")
        return command

    _dev(
        add(
            "dev",
            "dev",
            "run everything here, with demo data",
            "Runs an embedded PostgreSQL with demo data, and the server in front of it. Data and"
            " keys are made at the first start and kept.",
        )
    )
    _serve(
        add(
            "serve",
            "serve",
            "run the server in front of your PostgreSQL",
            "Runs the server in front of the PostgreSQL that database_url names.",
        )
    )
    _migrate(
        add(
            "migrate",
            "migrate",
            "bring the database's system objects up to date",
            "Makes or updates what the server needs in the database: roles, the schema auth and"
            " the publication. The database is the one that database_url names, or else that of"
            " this directory's `slotcast dev`. Running it again changes nothing.",
        )
    )
    _status(
        add(
            "status",
            "status",
            "print URLs and keys",
            "Prints the URLs and keys of this directory's `slotcast dev`, under the names that"
            " the Supabase CLI uses, and says on standard error when it does not run.",
        )
    )
    _token(
        add(
            "token",
            "issue_token",
            "print a JWT for testing",
            "Prints a JWT that the server accepts, signed with the setting jwt_secret or else"
            " with the secret of this directory's `slotcast dev`.",
        )
    )
    _tail(
        add(
            "tail",
            "tail",
            "print changes as they are committed",
            "Prints one line for each change that reaches a client, as a given user would get"
            " it. Reconnects when the server restarts.",
        )
    )
    return root


def _dev(command: argparse.ArgumentParser) -> None:
    _add_directory(command)
    _add_address(command)
    command.add_argument(
        "--database-port",
        type=int,
        metavar="PORT",
        help="TCP port of PostgreSQL (default: 54322, or a free one when that is taken)",
    )


def _serve(command: argparse.ArgumentParser) -> None:
    _add_database_url(command)
    _add_address(command)


def _migrate(command: argparse.ArgumentParser) -> None:
    _add_directory(command)
    _add_database_url(command)
    command.add_argument(
        "--appointments", action="store_true", help="make the demo's tables and policies, too"
    )


def _status(command: argparse.ArgumentParser) -> None:
    _add_directory(command)
    command.add_argument(
        "-o",
        "--output",
        choices=["pretty", "env", "json"],
        default="pretty",
        help="a table, lines of NAME=value for a shell, or one JSON object (default: pretty)",
    )


def _token(command: argparse.ArgumentParser) -> None:
    _add_directory(command)
    command.add_argument(
        "--role", default="authenticated", help="PostgreSQL role (default: authenticated)"
    )
    command.add_argument("--sub", metavar="UUID", help="id of the user, what auth.uid() returns")
    command.add_argument(
        "--expires-in",
        type=int,
        default=3600,
        metavar="SECONDS",
        help="seconds until it expires (default: 3600)",
    )
    command.add_argument(
        "--claim",
        type=_claim,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another claim; a VALUE that is JSON is taken as such; may be repeated",
    )


def _tail(command: argparse.ArgumentParser) -> None:
    _add_directory(command)
    command.add_argument("table", metavar="TABLE", help="table, or schema.table")
    command.add_argument(
        "--url", help="the server's URL (default: that of this directory's `slotcast dev`)"
    )
    command.add_argument(
        "--apikey", metavar="KEY", help="API key (default: that of this directory's `slotcast dev`)"
    )
    command.add_argument(
        "--as", dest="token", metavar="TOKEN", help="JWT of the user (default: the API key's role)"
    )
    command.add_argument("--filter", help="only rows that match, such as status=eq.confirmed")
    command.add_argument(
        "--event",
        choices=["*", "INSERT", "UPDATE", "DELETE"],
        default="*",
        help="only changes of this kind (default: *)",
    )
    command.add_argument(
        "-o",
        "--output",
        choices=["line", "json"],
        default="line",
        help="a readable line, or the change as JSON (default: line)",
    )


def _add_directory(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--directory",
        type=Path,
        default=Path(".slotcast"),
        metavar="DIR",
        help="where `slotcast dev` keeps its data and keys (default: .slotcast)",
    )


def _add_address(command: argparse.ArgumentParser) -> None:
    command.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    command.add_argument(
        "--port", type=int, help="TCP port to listen on, 0 for a free one (default: 54321)"
    )


def _add_database_url(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--database-url",
        metavar="URL",
        help="PostgreSQL: postgresql://user:password@host:port/database; better given as"
        " SLOTCAST_DATABASE_URL, since other users can see a process's arguments",
    )


def _claim(text: str) -> tuple[str, JsonValue]:
    """
    Read ``name=value``; a value that is JSON is taken as such, others as text.

    Raises:
        argparse.ArgumentTypeError: There is no ``=``.
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
