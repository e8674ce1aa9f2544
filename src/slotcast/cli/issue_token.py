"""`slotcast token`: a JWT for testing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotcast.cli import project

if TYPE_CHECKING:
    import argparse

    from slotcast.claims import JsonValue


def run(arguments: argparse.Namespace) -> int:
    """Print a token that the server accepts."""
    given = project.settings(arguments)
    if not given.jwt_secret:
        given = project.completed(given, project.known_state(arguments.directory))
    claims: dict[str, JsonValue] = {"role": arguments.role}
    if arguments.sub is not None:
        claims["sub"] = arguments.sub
    claims.update(arguments.claim)
    print(project.keyring(given).sign(claims, expires_in_s=arguments.expires_in))
    return 0
