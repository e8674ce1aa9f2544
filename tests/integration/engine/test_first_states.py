"""A first state read by REST and the changes after it make the table, without gap or double."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import psycopg
import pytest
import pytest_asyncio

from slotcast.channels import server as server_half
from slotcast.fanout.hub import RESYNC
from support.clusters import embedded_cluster
from support.phoenix import TIMEOUT_S, phoenix_client
from support.postgres import migrated_template, temporary_database, unique_name
from support.server import ANON_KEY, serving
from support.standby import poll, without_standby

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from slotcast.postgres.embedded import Cluster
    from support.phoenix import PhoenixClient
    from support.postgres import Database

pytestmark = pytest.mark.asyncio(loop_scope="module")

cluster = embedded_cluster

TABLE: Final = """
create table public.accounts (id int primary key, balance int not null);
alter table public.accounts replica identity full;
grant select on public.accounts to anon;
create table public.others (id int primary key);
grant select on public.others to anon;
alter publication supabase_realtime add table public.accounts, public.others;
"""
ROWS: Final = """
truncate public.accounts;
insert into public.accounts select id, 0 from generate_series(1, 20) id;
"""
MOVE: Final = """
with chosen as (select 1 + (random() * 19)::int as id, pg_sleep(random() * 0.004))
insert into public.accounts select id, 1 from chosen
on conflict (id) do update set balance = accounts.balance + 1
"""
CLOSE: Final = "delete from public.accounts where id = 1 + (random() * 19)::int"
ACCOUNTS: Final = {"event": "*", "schema": "public", "table": "accounts", "xid": True}
ASKED_AGAIN: Final = """
select exists (
  select from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid()
  and query like '%%pg_current_snapshot()%%' and query_start > %s::timestamptz + interval '0.1 s'
)
"""
WRITERS: Final = 4
ROUNDS: Final = 25


@dataclass
class Served:
    """A server with the table above; *owner* owns it."""

    url: str
    owner: psycopg.AsyncConnection[Any]
    database: Database
    http: aiohttp.ClientSession

    async def read(self) -> tuple[Counter[int], str]:
        """Read the balances, and what was seen."""
        headers = {"apikey": ANON_KEY}
        async with self.http.get(f"{self.url}/rest/v1/accounts", headers=headers) as response:
            rows = await response.json()
            return balances(rows), response.headers["Slotcast-Snapshot"]


@pytest.fixture(scope="module")
def shared(cluster: Cluster) -> Generator[Database]:
    with temporary_database(cluster, migrated_template(cluster)) as copy:
        with psycopg.connect(copy.url, autocommit=True) as owner:
            owner.execute(TABLE)
        yield copy


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(shared: Database) -> AsyncGenerator[str]:
    async with serving(shared.url, unique_name("slot")) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="module")
async def served(shared: Database, server: str) -> AsyncGenerator[Served]:
    async with (
        await psycopg.AsyncConnection.connect(shared.url, autocommit=True) as owner,
        aiohttp.ClientSession() as http,
    ):
        await owner.execute(ROWS)
        yield Served(server, owner, shared, http)


def balances(rows: list[dict[str, int]]) -> Counter[int]:
    return Counter({row["id"]: row["balance"] for row in rows})


def is_seen(xid: int, snapshot: str) -> bool:
    """The rule as it is documented."""
    xmin, xmax, running = snapshot.split(":")
    return xid < int(xmin) or (xid < int(xmax) and str(xid) not in running.split(","))


def brought_up_to_date(
    first: Counter[int], snapshot: str, changes: list[dict[str, Any]]
) -> Counter[int]:
    """Add to *first* what each change adds: one too few or too many would show."""
    state = Counter(first)
    for change in changes:
        data = change["data"]
        if not is_seen(data["xid"], snapshot):
            new, old = data.get("record"), data.get("old_record")
            state.update(balances([new] if new else []))
            state.subtract(balances([old] if old else []))
    return state


@asynccontextmanager
async def writing(database: Database) -> AsyncGenerator[None]:
    """Write within the block, in transactions that overlap."""
    is_over = asyncio.Event()

    async def write() -> None:
        async with await psycopg.AsyncConnection.connect(database.url) as connection:
            while not is_over.is_set():
                await connection.execute(MOVE)
                await connection.commit()
                await connection.execute(CLOSE)
                await connection.commit()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(WRITERS):
            tasks.create_task(write())
        yield
        is_over.set()


async def last_change(served: Served, client: PhoenixClient, names: list[str]) -> int:
    """Write once more, and wait until every channel got it; gives the transaction's id."""
    cursor = await served.owner.execute(
        "insert into public.accounts values (100, 1) returning pg_current_xact_id()::text"
    )
    row = await cursor.fetchone()
    assert row is not None
    for name in names:
        await client.until(
            lambda m, topic=f"realtime:{name}": (
                m[2] == topic
                and m[3] == "postgres_changes"
                and m[4]["data"].get("record", {}).get("id") == 100
            )
        )
    return int(row[0])


async def now(owner: psycopg.AsyncConnection[Any]) -> str:
    cursor = await owner.execute("select clock_timestamp()::text")
    row = await cursor.fetchone()
    assert row is not None
    return row[0]


async def test_what_was_read_and_what_it_had_not_seen_make_the_table(served: Served) -> None:
    names = [f"round-{number}" for number in range(ROUNDS)]
    firsts: dict[str, tuple[Counter[int], str]] = {}
    async with phoenix_client(served.url) as client:
        async with writing(served.database):
            for name in names:
                reply = await client.join(name, [ACCOUNTS])
                assert reply["status"] == "ok"
                firsts[name] = await served.read()
        last = await last_change(served, client, names)
        table, _ = await served.read()

        changes = {name: client.changes(name) for name in names}
    assert all(each[-1]["data"]["xid"] == last for each in changes.values())
    brought = {name: brought_up_to_date(*firsts[name], changes[name]) for name in names}
    assert brought == dict.fromkeys(names, table)
    assert any(
        is_seen(change["data"]["xid"], snapshot)
        for name, (_, snapshot) in firsts.items()
        for change in changes[name]
    )  # else there would have been nothing to leave out


async def test_who_joins_while_a_commit_is_logged_but_not_seen_yet_misses_nothing(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_half, "VISIBILITY_TIMEOUT_S", TIMEOUT_S)
    async with (
        phoenix_client(served.url) as witness,
        phoenix_client(served.url) as client,
        await psycopg.AsyncConnection.connect(served.database.url, autocommit=True) as writer,
    ):
        await witness.subscribe("before", ACCOUNTS)
        async with without_standby(served.owner):
            write = asyncio.create_task(writer.execute("update accounts set balance = 5"))
            await witness.change_count("before", 20)
            first, _ = await served.read()
            joining = asyncio.create_task(client.join("after", [ACCOUNTS]))
            await client.settle()
            await poll(served.owner, ASKED_AGAIN, await now(served.owner))
            has_joined = joining.done()
        await write
        reply = await joining
        state = brought_up_to_date(*await served.read(), client.changes("after"))

    assert set(first.values()) == {0}
    assert (has_joined, reply["status"]) == (False, "ok")
    assert set(state.values()) == {5}


async def test_a_join_does_not_wait_for_long_and_not_for_other_tables(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = {**ACCOUNTS, "table": "others"}
    async with (
        phoenix_client(served.url) as client,
        await psycopg.AsyncConnection.connect(served.database.url, autocommit=True) as writer,
    ):
        await client.subscribe("before", ACCOUNTS)
        async with without_standby(served.owner):
            write = asyncio.create_task(writer.execute("update accounts set balance = 5"))
            await client.change_count("before", 20)
            monkeypatch.setattr(server_half, "VISIBILITY_TIMEOUT_S", TIMEOUT_S)
            elsewhere = await client.join("elsewhere", [others])
            monkeypatch.setattr(server_half, "VISIBILITY_TIMEOUT_S", 0.0)
            here = await client.join("here", [ACCOUNTS])
            has_written = write.done()
        await write
        await client.until(lambda message: message[4].get("message") == RESYNC)

    assert (has_written, elsewhere["status"], here["status"]) == (False, "ok", "ok")


async def test_without_the_key_changes_bring_no_id_and_only_a_switch_is_taken(
    served: Served,
) -> None:
    plain = {key: value for key, value in ACCOUNTS.items() if key != "xid"}
    async with phoenix_client(served.url) as client:
        await client.subscribe("both", plain, ACCOUNTS, {**ACCOUNTS, "xid": False})
        reply = await client.join("wrong", [{**ACCOUNTS, "xid": "yes"}])
        system = await client.until(lambda m: m[3] == "system" and m[2] == "realtime:wrong")

        last = await last_change(served, client, ["both"])
        await client.until(lambda m: m[3] == "postgres_changes" and m[4]["data"].get("xid") == last)

    # What was committed just before the join may come, too.
    got = [each for each in client.changes("both") if each["data"]["record"]["id"] == 100]
    assert reply["status"] == "ok"
    assert (system[4]["status"], system[4]["message"]) == (
        "error",
        "Error parsing `xid` params: expected a boolean, e.g. xid: true",
    )
    assert [(len(each["ids"]), each["data"].get("xid")) for each in got] == [(2, None), (1, last)]
