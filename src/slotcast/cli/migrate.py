"""`slotcast migrate`: bring the database's system objects up to date."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from slotcast.cli import project
from slotcast.cli.embedded import cluster
from slotcast.postgres import migrations

if TYPE_CHECKING:
    import argparse


def run(arguments: argparse.Namespace) -> int:
    """Apply what is pending and say what was applied."""
    url = project.settings(arguments).database_url
    if not url:
        url = cluster(arguments.directory, project.known_state(arguments.directory)).url()
    packages = [migrations.SYSTEM]
    if arguments.appointments:
        packages.append(migrations.APPOINTMENTS)
    applied = asyncio.run(migrations.migrate(url, migrations.discover(*packages)))
    for migration in applied:
        print(f"applied {migration.name}")
    if not applied:
        print("up to date")
    return 0
