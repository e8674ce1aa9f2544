"""What commands share: the settings, completed by what `slotcast dev` keeps."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from slotcast import settings as settings_module
from slotcast import state
from slotcast.errors import StateError
from slotcast.tokens import Keyring

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from slotcast.settings import Settings
    from slotcast.state import State

_KEY_LIFETIME_S: Final = 10 * 365 * 24 * 60 * 60


def settings(arguments: argparse.Namespace) -> Settings:
    """
    Read the settings: command line over environment over `--config`.

    Raises:
        SettingsError: A setting is unknown or has a bad value.
    """
    return settings_module.load(
        file=arguments.config,
        host=getattr(arguments, "host", None),
        port=getattr(arguments, "port", None),
        database_url=getattr(arguments, "database_url", None),
    )


def known_state(directory: Path) -> State:
    """
    Read what `slotcast dev` keeps in *directory*.

    Raises:
        StateError: It has never run there, or what it keeps is damaged.
    """
    kept = state.load(directory)
    if kept is None:
        raise StateError(
            f"slotcast dev has not run in {directory} yet; start it, or name its directory with"
            " --directory"
        )
    return kept


def completed(given: Settings, kept: State) -> Settings:
    """Fill in from *kept* the keys that *given* leaves out."""
    has_own_keys = given.jwt_secret or given.jwks
    return dataclasses.replace(
        given,
        jwt_secret=given.jwt_secret if has_own_keys else kept.jwt_secret,
        jwks=given.jwks if has_own_keys else f'{{"keys": [{kept.signing_key}]}}',
        publishable_key=given.publishable_key or kept.publishable_key,
        secret_key=given.secret_key or kept.secret_key,
    )


def keyring(given: Settings) -> Keyring:
    """
    Make the keyring that *given* describes.

    Raises:
        SettingsError: There is no key, or one is too short or malformed.
    """
    return Keyring(
        secret=given.jwt_secret,
        jwks=given.jwks,
        publishable_key=given.publishable_key,
        secret_key=given.secret_key,
    )


def role_key(keys: Keyring, role: str, kept: State) -> str:
    """Make the API key that is a JWT of *role*; it is the same each time, for ten years."""
    return keys.sign(
        {"iss": "slotcast", "role": role}, expires_in_s=_KEY_LIFETIME_S, now=kept.created_at
    )
