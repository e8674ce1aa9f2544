"""What a busy server writes to its log."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from slotcast.observations import configure_logging
from support.phoenix import phoenix_client
from support.server import ANON_KEY, PUBLISHABLE_KEY, SECRET, SECRET_KEY, serving, token

if TYPE_CHECKING:
    from collections.abc import Generator

    from support.postgres import Database

pytestmark = pytest.mark.parametrize("cluster", ["embedded"], indirect=True)

ANN = "aaaaaaaa-0000-4000-8000-000000000001"
ROW_VALUE = "a-value-of-a-row"
FILTER_VALUE = "a-value-of-a-filter"
PAYLOAD_VALUE = "a-value-of-a-payload"

TABLE = """
create table public.notes (id int primary key, owner text, body text);
alter table public.notes enable row level security;
create policy own on public.notes for select to authenticated
    using (owner::uuid = (select auth.uid()));
alter publication supabase_realtime add table public.notes;
"""
NOTES = {"event": "*", "schema": "public", "table": "notes"}


@pytest.fixture
def log() -> Generator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging("info", "json", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


async def test_no_secret_and_no_value_reaches_the_log_of_a_busy_server(
    database: Database, slot_name: str, log: io.StringIO
) -> None:
    user_token, expired_token = token(ANN), token(ANN, expires_in_s=-1)
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(TABLE)
        async with (
            serving(database.url, slot_name, metrics="open") as url,
            phoenix_client(url) as ann,
            phoenix_client(url, version="1.0.0") as other,
        ):
            await ann.subscribe("notes", NOTES, access_token=user_token)
            await ann.join("expired", [NOTES], access_token=expired_token)
            await ann.join("private", private=True, access_token=user_token)
            bad_filter = {**NOTES, "filter": f"id=eq.{FILTER_VALUE}"}
            await ann.join("filtered", [bad_filter], access_token=user_token)
            await other.connection.send(f"[{PAYLOAD_VALUE}")
            await other.connection.send(PAYLOAD_VALUE.encode())
            await other.join("room", broadcast={"self": True})
            await other.push("realtime:room", "broadcast", {"payload": PAYLOAD_VALUE})
            await other.push("realtime:room", "presence", {"event": "track", "payload": 1})

            # The cast in the policy fails, and PostgreSQL's message quotes the value.
            await writer.execute("insert into notes values (1, %s, 'text')", [ROW_VALUE])
            await ann.until(lambda message: "raised an error" in str(message))
            await writer.execute(
                "select pg_terminate_backend(active_pid) from pg_replication_slots"
                " where slot_name = %s",
                [slot_name],
            )
            await writer.execute("insert into notes values (2, %s, %s)", [ANN, ROW_VALUE])
            await ann.change_count("notes", 1)

    written = log.getvalue()
    events = [json.loads(line)["event"] for line in written.splitlines()]
    assert {"StreamLive", "StreamLost"} <= set(events)
    password = conninfo_to_dict(database.url).get("password")
    for secret in (SECRET, SECRET_KEY, PUBLISHABLE_KEY, ANON_KEY, user_token, expired_token):
        assert secret not in written
    for value in (ROW_VALUE, FILTER_VALUE, PAYLOAD_VALUE):
        assert value not in written
    assert password is None or str(password) not in written
