"""`slotcast status`: URLs and keys, under the names that the Supabase CLI prints."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Final

from slotcast import state
from slotcast.cli import project
from slotcast.cli.embedded import cluster

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from slotcast.settings import Settings
    from slotcast.state import State

_SPECIAL_IN_DOUBLE_QUOTES: Final = re.compile(r'[\\"$`]')


def run(arguments: argparse.Namespace) -> int:
    """Print what an app needs to know."""
    kept = project.known_state(arguments.directory)
    given = project.completed(project.settings(arguments), kept)
    print(FORMATS[arguments.output](values(arguments.directory, kept, given)))
    if state.holder(arguments.directory) is None:
        print(f"slotcast dev is not running in {arguments.directory}", file=sys.stderr)
    return 0


def values(directory: Path, kept: State, given: Settings) -> dict[str, str]:
    """
    Collect names and values.

    Args:
        directory: Where `slotcast dev` keeps its data.
        kept: What it keeps.
        given: The settings, completed.

    Returns:
        Without the keys that only a secret could sign when a JWKS is used instead.
    """
    found = {
        "API_URL": kept.url,
        "DB_URL": cluster(directory, kept).url(),
        "PUBLISHABLE_KEY": given.publishable_key,
        "SECRET_KEY": given.secret_key,
    }
    if given.jwt_secret:
        keys = project.keyring(given)
        found["JWT_SECRET"] = given.jwt_secret
        found["ANON_KEY"] = project.role_key(keys, "anon", kept)
        found["SERVICE_ROLE_KEY"] = project.role_key(keys, "service_role", kept)
    return found


def pretty(found: Mapping[str, str]) -> str:
    """Lay *found* out as a table."""
    width = max(map(len, found))
    return "\n".join(f"{name:>{width}}: {value}" for name, value in found.items())


def env(found: Mapping[str, str]) -> str:
    """Write *found* so that a POSIX shell or a `.env` file reads it."""
    return "\n".join(f'{name}="{_escape(value)}"' for name, value in found.items())


def _escape(value: str) -> str:
    """Take from the characters that are special inside double quotes their meaning."""
    return _SPECIAL_IN_DOUBLE_QUOTES.sub(r"\\\g<0>", value)


FORMATS: Final[dict[str, Callable[[Mapping[str, str]], str]]] = {
    "pretty": pretty,
    "env": env,
    "json": lambda found: json.dumps(dict(found), indent=2),
}
"""What `--output` offers."""
