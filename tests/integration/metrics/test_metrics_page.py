"""What `/metrics` says of a server that is used, and to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from slotcast.transports.metrics import METRICS
from support.phoenix import phoenix_client
from support.server import ANON_KEY, PUBLISHABLE_KEY, SECRET, SECRET_KEY, serving, token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.postgres import Database

pytestmark = pytest.mark.parametrize("cluster", ["embedded"], indirect=True)

ANN = "aaaaaaaa-0000-4000-8000-000000000001"
METRICS_TOKEN = "a-token-for-the-metrics-page"
ROW_VALUE = "a-value-of-a-row"

TABLE = """
create table public.notes (id int primary key, owner uuid, body text);
alter table public.notes enable row level security;
create policy own on public.notes for select to authenticated using (owner = (select auth.uid()));
alter publication supabase_realtime add table public.notes;
"""
NOTES = {"event": "*", "schema": "public", "table": "notes"}


async def scrape(url: str, bearer: str | None = None) -> tuple[int, str]:
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    async with aiohttp.ClientSession() as http, http.get(f"{url}/metrics", headers=headers) as got:
        return got.status, await got.text()


def values(text: str) -> Mapping[tuple[str, ...], float]:
    """Give each value by its name and the values of its labels, in the order of their names."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_the_page_counts_what_happened_and_shows_no_value(
    database: Database, slot_name: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer:
        await writer.execute(TABLE)
        async with (
            serving(database.url, slot_name, metrics="open") as url,
            phoenix_client(url) as ann,
            phoenix_client(url) as anybody,
        ):
            user_token = token(ANN)
            await ann.subscribe("notes", NOTES, access_token=user_token)
            await anybody.subscribe("notes", NOTES)
            refused = await anybody.join("", [])
            await ann.connection.send("this is not of the protocol")

            await writer.execute("insert into notes values (1, %s, %s)", [ANN, ROW_VALUE])
            await ann.change_count("notes", 1)
            await anybody.settle()
            await ann.settle()
            status, text = await scrape(url)

    assert refused["status"] == "error"
    assert status == 200
    shown = values(text)
    for name, expected in {
        ("slotcast_replication_state", "live"): 1,
        ("slotcast_replication_connections_total",): 1,
        ("slotcast_changes_total", "public.notes"): 1,
        ("slotcast_deliveries_total", "public.notes"): 1,
        ("slotcast_denied_total", "public.notes"): 1,
        ("slotcast_connections",): 2,
        ("slotcast_channels",): 2,
        ("slotcast_subscriptions",): 2,
        ("slotcast_joins_total",): 2,
        ("slotcast_refused_joins_total", "TopicNameRequired"): 1,
        ("slotcast_ignored_frames_total",): 1,
        ("slotcast_topic_channels", "false", "notes"): 2,
        ("slotcast_slow_consumers_total",): 0,
    }.items():
        assert (name, shown.get(name)) == (name, expected)
    assert shown["slotcast_decided_pairs_total",] >= 2
    assert ("slotcast_judge_round_trip_seconds_count",) in shown
    assert shown["slotcast_sent_frames_total",] >= 6
    assert shown["slotcast_sent_bytes_total",] > 1000
    assert shown["slotcast_replication_transactions_total",] >= 1
    assert shown["slotcast_replication_lag_bytes", "handed_over"] == 0
    assert 0 <= shown["slotcast_replication_lag_seconds", "confirmed"] < 30
    assert shown["slotcast_pool_size",] >= 1
    for secret in (SECRET, SECRET_KEY, PUBLISHABLE_KEY, ANON_KEY, user_token, ROW_VALUE, ANN):
        assert secret not in text


async def test_everything_in_the_reference_is_on_the_page(
    database: Database, slot_name: str
) -> None:
    async with serving(database.url, slot_name, metrics="open") as url:
        _, text = await scrape(url)

    families = {family.name for family in text_string_to_metric_families(text)}
    assert {metric.name for metric in METRICS} <= families
    assert "process_resident_memory_bytes" in families


async def test_only_who_shows_the_token_may_read(database: Database, slot_name: str) -> None:
    async with serving(database.url, slot_name, metrics_token=METRICS_TOKEN) as url:
        without, _ = await scrape(url)
        wrong, body = await scrape(url, "another-token-for-the-page")
        right, _ = await scrape(url, METRICS_TOKEN)

    assert (without, wrong, right) == (401, 401, 200)
    assert METRICS_TOKEN not in body


@pytest.mark.parametrize("changes", [{}, {"metrics": "off", "metrics_token": METRICS_TOKEN}])
async def test_nobody_may_read_unless_it_was_allowed(
    database: Database, slot_name: str, changes: Mapping[str, object]
) -> None:
    async with serving(database.url, slot_name, **changes) as url:
        status, _ = await scrape(url, METRICS_TOKEN)

    assert status == 404


async def test_servers_in_one_process_count_apart(database: Database, slot_name: str) -> None:
    async with (
        serving(database.url, slot_name, metrics="open") as first,
        serving(database.url, slot_name, metrics="open") as second,
        phoenix_client(first),
    ):
        _, of_first = await scrape(first)
        _, of_second = await scrape(second)

    assert values(of_first)["slotcast_opened_connections_total",] == 1
    assert values(of_second)["slotcast_opened_connections_total",] == 0
    assert values(of_second)["slotcast_replication_state", "waiting"] == 1
    assert values(of_second)["slotcast_replication_lag_seconds", "handed_over"] > 0
