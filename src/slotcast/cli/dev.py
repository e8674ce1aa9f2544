"""`slotcast dev`: everything on this machine, with demo data."""

from __future__ import annotations

import asyncio
import dataclasses
import shlex
import signal
import socket
import sys
import time
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final, NoReturn
from zoneinfo import ZoneInfo

import uvloop
from psycopg import AsyncConnection

from slotcast import app, state
from slotcast.appointments import demo
from slotcast.appointments.simulation import Impossible, SimulatedCustomer
from slotcast.auth.mailbox import Mailbox
from slotcast.cli import project
from slotcast.cli.embedded import cluster
from slotcast.errors import StateError
from slotcast.observations import configure_logging
from slotcast.postgres import migrations
from slotcast.transports import apps
from slotcast.transports.demo import CannotAct, DemoAccount, DemoPages

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator, Mapping
    from pathlib import Path
    from types import FrameType

    from slotcast.appointments.simulation import Deed
    from slotcast.claims import JsonValue
    from slotcast.settings import Settings
    from slotcast.state import State

_LOOPBACK: Final = "127.0.0.1"
_DEFAULT_DATABASE_PORT: Final = 54322
_EVERY_ADDRESS: Final = {"0.0.0.0": _LOOPBACK, "::": "::1"}  # noqa: S104 - compared, not bound

SAMPLE: Final = app.Sample(
    table="services",
    statement="update public.services set price_cents = price_cents + 100 where name = 'Haircut'",
    dashboard=f"/dashboard/?as={demo.OWNER.email}",
    booking=f"/book/salon?as={demo.CUSTOMER.email}",
)
"""What the start page invites to try: a change that the public key may see."""


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP; PostgreSQL stops with us."""
    # Until the server takes the signals over, they end us the way that stops PostgreSQL.
    signal.signal(signal.SIGTERM, _exit)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _exit)
    given = project.settings(arguments)
    configure_logging(given.log_level, given.log_format)
    directory: Path = arguments.directory
    with state.hold(directory):
        given, kept = prepare(directory, given, arguments.database_port)
        with _running_database(directory, kept) as url:
            print(welcome(directory, kept, url), flush=True)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_serve(dataclasses.replace(given, database_url=url)))
    return 0


def welcome(directory: Path, kept: State, database_url: str) -> str:
    """Say where everything is, and what to try next; the commands can be pasted."""
    where = f" --directory {shlex.quote(str(directory))}"
    token = f"{sys.argv[0]} token{where} --sub {demo.OWNER.id}"
    return (
        f"PostgreSQL  {database_url}\n"
        f"Slotcast    {kept.url}\n"
        f"Keys        {sys.argv[0]} status{where}\n"
        f"Mail        {kept.url}/mail\n"
        f"Sign in     {demo.OWNER.email} or {demo.CUSTOMER.email}, password {demo.PASSWORD}\n"
        f'Changes     {sys.argv[0]} tail{where} appointments --as "$({token})"'
    )


def _exit(signal_number: int, _frame: FrameType | None) -> NoReturn:
    """Leave as shells expect it of a process that a signal ended."""
    sys.exit(128 + signal_number)


def prepare(directory: Path, given: Settings, database_port: int | None) -> tuple[Settings, State]:
    """
    Settle keys and ports, and keep them.

    Args:
        directory: Where they are kept.
        given: The settings as the user gave them.
        database_port: The port the user wants PostgreSQL on; None means the former one, or
            a free one when that is taken.

    Returns:
        The settings with keys and port filled in, and what is kept from now on.

    Raises:
        StateError: What is kept is damaged or gone, or the directory cannot be written.
    """
    given = dataclasses.replace(given, port=given.port or free_port(given.host))
    url = public_url(given.host, given.port)
    kept = state.load(directory)
    if kept is None:
        _refuse_orphan(directory)
        kept = state.new(created_at=int(time.time()), url=url, database_port=_DEFAULT_DATABASE_PORT)
    if database_port is None and not cluster(directory, kept).is_running():
        database_port = free_port(_LOOPBACK, preferred=kept.database_port)
    kept = dataclasses.replace(kept, url=url, database_port=database_port or kept.database_port)
    state.save(directory, kept)
    return _with_tools(project.completed(given, kept)), kept


def _with_tools(given: Settings) -> Settings:
    """Offer what helps in development, unless the user decided otherwise."""
    return dataclasses.replace(
        given,
        apps=_offered_apps(given) if given.apps == "auto" else given.apps,
        inspector="on" if given.inspector == "auto" else given.inspector,
        auth=_offered_accounts(given) if given.auth == "auto" else given.auth,
        auth_anonymous="on" if given.auth_anonymous == "auto" else given.auth_anonymous,
        auth_autoconfirm="on" if given.auth_autoconfirm == "auto" else given.auth_autoconfirm,
        metrics="open" if given.metrics == "token" and not given.metrics_token else given.metrics,
    )


def _offered_apps(given: Settings) -> str:
    """Serve the apps where they were built, and people can sign in."""
    can_sign_in = given.auth == "on" or _offered_accounts(given) == "on"
    return "on" if apps.are_built() and can_sign_in else "off"


def _offered_accounts(given: Settings) -> str:
    """Serve accounts where there is a key to sign with; a JWKS of somebody else has none."""
    return "on" if project.keyring(given).can_issue else "off"


def free_port(host: str, *, preferred: int = 0) -> int:
    """Find a TCP port of *host* to listen on: *preferred*, or any when that is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: connections of a former one that linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, preferred))
        except OSError:
            return free_port(host) if preferred else 0
        port: int = probe.getsockname()[1]
        return port


def public_url(host: str, port: int) -> str:
    """Tell under which URL a server on *host* and *port* is reached from this machine."""
    host = _EVERY_ADDRESS.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _refuse_orphan(directory: Path) -> None:
    """Refuse a database whose password is lost."""
    if (directory / "database").exists():
        raise StateError(
            f"{directory} has a database, but its keys and password in state.json are gone;"
            f" restore that file, or remove {directory} to begin anew without its data"
        )


@contextmanager
def _running_database(directory: Path, kept: State) -> Generator[str]:
    """Run the embedded PostgreSQL; give its URL."""
    database = cluster(directory, kept)
    database.initialise()
    try:
        database.start()
        yield database.url()
    finally:
        database.stop()


async def _serve(given: Settings) -> None:
    """Bring the database up to date, with demo data in it, and serve."""
    wanted = migrations.discover(migrations.SYSTEM, migrations.APPOINTMENTS)
    await migrations.migrate(given.database_url, wanted)
    async with await AsyncConnection.connect(given.database_url, autocommit=True) as connection:
        await demo.insert(connection, today=datetime.now(ZoneInfo(demo.TIME_ZONE)).date())
        if await demo.is_untouched(connection):
            await demo.enliven(connection)
    mailbox = None if given.smtp_host else Mailbox(lambda: datetime.now(UTC))
    await app.serve(
        given,
        sample=SAMPLE,
        mailbox=mailbox,
        demo=_demo_pages(SimulatedCustomer(given.database_url)),
    )


def _demo_pages(customer: SimulatedCustomer) -> DemoPages:
    """Offer the demo's accounts, and let *customer* act."""

    async def act(action: str, day: date | None) -> Mapping[str, JsonValue]:
        try:
            return _told(await customer.act(action, day))
        except Impossible as impossible:
            raise CannotAct(str(impossible)) from impossible

    accounts = [
        DemoAccount(
            email=account.email,
            password=demo.PASSWORD,
            name=account.name,
            role=account.role,
            workspace=account.workspace_slug,
        )
        for account in demo.ACCOUNTS
    ]
    return DemoPages(accounts, act)


def _told(deed: Deed) -> dict[str, JsonValue]:
    visit, before = deed.visit, deed.before
    return {
        "action": deed.action,
        "appointment": {
            "id": str(visit.id),
            "customer_name": visit.customer_name,
            "service": visit.service,
            "team_member": visit.team_member,
            "start_time": visit.start_time.isoformat(),
            "end_time": visit.end_time.isoformat(),
            "status": visit.status,
            "time_zone": demo.TIME_ZONE,
        },
        "was": before
        and {"start_time": before.start_time.isoformat(), "team_member": before.team_member},
    }
