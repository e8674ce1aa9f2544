"""
Print every change of an appointment that you may see, as it is committed.

    API_URL=… ANON_KEY=… python examples/watch.py [TOKEN]

TOKEN says who you are; without one you are anonymous. README.md beside this file shows how.
"""

import asyncio
import logging
import os
import sys

from realtime.types import (
    PostgresChangesPayload,
    RealtimePostgresChangesListenEvent,
    RealtimeSubscribeStates,
)
from supabase import acreate_client
from websockets.exceptions import InvalidHandshake

closed = asyncio.Event()


def show(payload: PostgresChangesPayload) -> None:
    """Print a change. A DELETE has only the old row, an INSERT only the new one."""
    change = payload["data"]
    row = change.get("record") or change.get("old_record") or {}
    print(change["type"].value, row["customer_name"], row["start_time"], row["status"], flush=True)


def report(status: RealtimeSubscribeStates, error: Exception | None) -> None:
    """Print what became of the channel. Unless it is closed, the client tries again by itself."""
    if status == RealtimeSubscribeStates.SUBSCRIBED:
        print("Watching appointments; Ctrl+C ends it.", file=sys.stderr)
    elif status == RealtimeSubscribeStates.CLOSED:
        print("The server has closed the channel.", file=sys.stderr)
        closed.set()
    else:
        print(f"Nothing will come for now: {error or status.value}", file=sys.stderr)


async def watch(url: str, key: str, token: str | None) -> None:
    """Print changes until the channel is closed."""
    supabase = await acreate_client(url, key)
    if token:
        await supabase.realtime.set_auth(token)
    channel = supabase.channel("appointments")
    channel.on_postgres_changes(
        RealtimePostgresChangesListenEvent.All, show, schema="public", table="appointments"
    )
    # Such as: you may not read the table.
    channel.on_system(lambda payload: print(payload.message, file=sys.stderr))
    await channel.subscribe(report)
    await closed.wait()


def main() -> None:
    """Read the settings and watch."""
    try:
        url, key = os.environ["API_URL"], os.environ["ANON_KEY"]
    except KeyError:
        sys.exit("Set API_URL and ANON_KEY; `slotcast status --output env` prints them.")
    logging.basicConfig(format="%(message)s")  # the client logs why it cannot connect
    try:
        asyncio.run(watch(url, key, sys.argv[1] if len(sys.argv) > 1 else None))
    except OSError:
        sys.exit(f"{url} does not answer.")
    except InvalidHandshake as error:  # 401 when ANON_KEY is not one of its keys
        sys.exit(f"{url} refuses the connection: {error}")
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
