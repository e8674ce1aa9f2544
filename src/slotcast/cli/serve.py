"""`slotcast serve`: the server in front of your PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import uvloop

from slotcast import app
from slotcast.cli import project
from slotcast.errors import SettingsError
from slotcast.observations import configure_logging

if TYPE_CHECKING:
    import argparse


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP."""
    given = project.settings(arguments)
    if not given.database_url:
        raise SettingsError(
            "no database_url is set: export"
            " SLOTCAST_DATABASE_URL=postgresql://user:password@host:port/database, or run"
            " `slotcast dev`, which brings a PostgreSQL along"
        )
    configure_logging(given.log_level, given.log_format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(app.serve(given))
    return 0
