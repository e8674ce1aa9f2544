"""
Show a day's appointments in the terminal, always as they are now.

    API_URL=… ANON_KEY=… python examples/day.py [--date 2027-03-01] WORKSPACE_ID EMAIL PASSWORD

You see what the account may see. README.md beside this file shows how.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from supabase import AsyncClient, AuthError, acreate_client

from slotcast_client import (
    Appointment,
    Deleted,
    Event,
    Inserted,
    SlotcastClientError,
    Snapshot,
    Updated,
    live_appointments,
)

CLEAR = "\033[2J\033[H"


def page(day: date, rows: Iterable[Appointment], news: str) -> str:
    """Draw the day, with what happened last below it."""
    lines = [f"{day:%A, %d %B %Y}", ""]
    for row in sorted(rows, key=lambda row: (row.start_time, row.id)):
        begins, ends = row.start_time.astimezone(), row.end_time.astimezone()
        lines.append(f"{begins:%H:%M}-{ends:%H:%M}  {row.status:<10} {row.customer_name}")
    return "\n".join([*lines, "", news])


def news_of(event: Event) -> str:
    """Say in a few words what happened."""
    match event:
        case Snapshot(rows):
            return f"{len(rows)} appointments"
        case Inserted(new):
            return f"{new.customer_name} has come"
        case Deleted(old):
            return f"{old.customer_name} has gone"
        case Updated(old, new) if old.status != new.status:
            return f"{new.customer_name} is {new.status} now"
        case Updated(old, new) if old.start_time != new.start_time:
            return f"{new.customer_name} moved from {old.start_time.astimezone():%H:%M}"
        case Updated(_, new):
            return f"{new.customer_name} was edited"


async def show(client: AsyncClient, workspace_id: str, day: date) -> None:
    """Draw the day anew with each event."""
    midnight = datetime(day.year, day.month, day.day).astimezone()  # of this machine's zone
    following = datetime.combine(day + timedelta(days=1), midnight.time()).astimezone()
    async with live_appointments(
        client, workspace_id=workspace_id, starting=midnight, before=following
    ) as live:
        async for event in live:
            clear = CLEAR if sys.stdout.isatty() else ""
            print(f"{clear}{page(day, live.rows.values(), news_of(event))}", flush=True)


async def sign_in_and_show(arguments: argparse.Namespace, url: str, key: str) -> None:
    """Be the account, and show what it may see."""
    client = await acreate_client(url, key)
    await client.auth.sign_in_with_password(
        {"email": arguments.email, "password": arguments.password}
    )
    await show(client, arguments.workspace_id, arguments.date)


def main() -> None:
    """Read the arguments and the settings."""
    parser = argparse.ArgumentParser(description="Show a day's appointments, live.")
    parser.add_argument(
        "--date", type=date.fromisoformat, default=datetime.now().astimezone().date()
    )
    parser.add_argument("workspace_id")
    parser.add_argument("email")
    parser.add_argument("password")
    arguments = parser.parse_args()
    try:
        url, key = os.environ["API_URL"], os.environ["ANON_KEY"]
    except KeyError:
        sys.exit("Set API_URL and ANON_KEY; `slotcast status --output env` prints them.")
    try:
        asyncio.run(sign_in_and_show(arguments, url, key))
    except (SlotcastClientError, AuthError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
