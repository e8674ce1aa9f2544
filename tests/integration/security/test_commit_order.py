"""
Who gets a change is who was entitled when it was committed, however fast memberships change.

Several writers change memberships and rows at once, on the real stream, while clients are
subscribed, join and leave. The truth is taken from a replication slot of the test's own
(`test_decoding`): it tells memberships and rows in commit order, and a change belongs to those
whom the memberships right after its own transaction entitle.

The compiled judge is exact: clients get precisely these changes, in this order. The oracle
looks memberships up when it is asked, which is some time after the commit. Of it is demanded
that whoever was entitled from the commit on gets the change, and whoever was not entitled at
the commit or ever after does not.
"""

from __future__ import annotations

import asyncio
import random
import re
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import psycopg
import pytest

from support.phoenix import phoenix_client
from support.server import serving, token

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from support.phoenix import PhoenixClient
    from support.postgres import Database

Connection = psycopg.AsyncConnection[Any]

WORKSPACES: Final = tuple(UUID(int=0xA0 + n) for n in range(3))
USERS: Final = tuple(UUID(int=0xB0 + n) for n in range(5))
ROLES: Final = ("owner", "admin", "staff", "viewer")
STAFF: Final = frozenset({"owner", "admin", "staff"})
WRITER_COUNT: Final = 4
LARGE_COUNT: Final = 300
"""Rows of a large statement: more than the server takes at a time."""
EVERYTHING: Final = "everything"
FILTERED: Final = "filtered"

SETUP: Final = f"""
alter table public.appointments disable trigger user;
alter table public.workspace_members disable trigger user;
alter table public.customers replica identity full;
create table public.marker (id int primary key);
grant select on public.marker to public;
alter publication supabase_realtime add table public.marker;
insert into auth.users (id) select unnest(array{[str(user) for user in USERS]}::uuid[]);
insert into public.profiles (id, display_name)
  select id, 'Somebody' from auth.users on conflict do nothing;
insert into public.workspaces (id, name, slug, time_zone)
  select id, 'Salon', 'salon-' || right(id::text, 4), 'UTC'
  from unnest(array{[str(workspace) for workspace in WORKSPACES]}::uuid[]) as w(id);
"""
# What a row says of itself, so that changes can be told apart: a number that each change renews.
TAGS: Final = {"appointments": "notes", "customers": "name"}

_TUPLE: Final = re.compile(r"(\w+)\[[^\]]*\]:('(?:[^']|'')*'|\S+)")

OLD_USER: Final = "old user_id"

Row = dict[str, str | None]
Members = dict[tuple[str, str], str]
"""Workspace and user → role."""
Seen = tuple[str, str, str]
"""Table, operation and tag of a change."""


@dataclass(frozen=True, slots=True)
class Committed:
    """
    A change of a row.

    Attributes:
        seen: What clients are told.
        row: The row that decides who gets it.
        state: Number of the state of memberships that its transaction left.
    """

    seen: Seen
    row: Row
    state: int

    def entitles(self, user: UUID, members: Members) -> bool:
        """Tell whether memberships let *user* see the row; see the policies on the tables."""
        role = members.get((str(self.row["workspace_id"]), str(user)))
        if self.seen[0] == "customers":
            return role in STAFF
        return role is not None or self.row.get("customer_id") == str(user)


class History:
    """
    Everything that was committed, in order.

    Args:
        lines: Transactions as `test_decoding` prints them.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.changes: list[Committed] = []
        self.markers: dict[int, int] = {}
        self.truncations: list[str] = []
        self.transaction_count = 0
        self.large_count = 0
        self._states: list[Members] = [{}]
        rows: list[tuple[str, str, Row]] = []
        for line in lines:
            if line.startswith("BEGIN"):
                rows = []
            elif line.startswith("COMMIT"):
                self._commit(rows)
            else:
                rows += _parsed(line)

    def _commit(self, rows: Sequence[tuple[str, str, Row]]) -> None:
        self.transaction_count += 1
        self.large_count += len(rows) >= LARGE_COUNT
        members = dict(self._states[-1])
        for table, operation, row in rows:
            if operation == "TRUNCATE":
                self.truncations.append(table)
                if table == "workspace_members":
                    members.clear()
            elif table == "workspace_members":
                old_key = (str(row["workspace_id"]), str(row.get(OLD_USER, row["user_id"])))
                members.pop(old_key, None)
                if operation != "DELETE":
                    members[old_key[0], str(row["user_id"])] = str(row["role"])
        if members != self._states[-1]:
            self._states.append(members)
        for table, operation, row in rows:
            if table == "marker":
                self.markers[int(str(row["id"]))] = len(self.changes)
            elif table in TAGS and operation != "TRUNCATE":
                seen = (table, operation, str(row[TAGS[table]]))
                self.changes.append(Committed(seen, row, len(self._states) - 1))

    def due(self, subscriber: Subscriber, *, since: int) -> list[Seen]:
        """Give what a subscriber has to get from change number *since* on."""
        return [
            committed.seen
            for committed in self.changes[since:]
            if subscriber.asks_for(committed)
            and committed.entitles(subscriber.user, self._states[committed.state])
        ]

    def bounds(self, subscriber: Subscriber, *, since: int) -> tuple[set[Seen], set[Seen]]:
        """
        Give what a subscriber has to get, and what it may get, of a judge that asks later.

        The one is what it was entitled to at the commit and ever after, the other what it was
        entitled to at the commit or some time later.
        """
        certain: set[Seen] = set()
        possible: set[Seen] = set()
        for committed in self.changes[since:]:
            if subscriber.asks_for(committed):
                verdicts = {
                    committed.entitles(subscriber.user, members)
                    for members in self._states[committed.state :]
                }
                if True in verdicts:
                    possible.add(committed.seen)
                if False not in verdicts:
                    certain.add(committed.seen)
        return certain, possible


def _parsed(line: str) -> list[tuple[str, str, Row]]:
    """Read ``table public.name: OPERATION: [old-key: … new-tuple: ]column[type]:value …``."""
    names, operation, values = line.removeprefix("table ").split(": ", 2)
    tables = [name.removeprefix("public.") for name in names.split(", ")]
    old, _, new = values.rpartition("new-tuple: ")
    row = _row(new)
    if old and tables == ["workspace_members"]:
        row[OLD_USER] = _row(old)["user_id"]
    return [(table, operation, row) for table in tables]


def _row(values: str) -> Row:
    return {
        name: None if value == "null" else value.strip("'")
        for name, value in _TUPLE.findall(values)
    }


@dataclass(frozen=True, slots=True)
class Subscriber:
    """
    A channel of a user.

    Attributes:
        marker: The first one that it surely got; what was committed before may be missing.
    """

    user: UUID
    channel: str
    client: PhoenixClient
    marker: int

    def asks_for(self, committed: Committed) -> bool:
        return self.channel == EVERYTHING or (
            committed.seen[0] == "appointments"
            and committed.row["workspace_id"] == str(WORKSPACES[0])
        )

    def got(self) -> Iterator[Seen | int]:
        """Give what came, in order: changes, and the numbers of markers."""
        for change in self.client.changes(self.channel):
            data = change["data"]
            record = data["old_record"] if data["type"] == "DELETE" else data["record"]
            if data["table"] == "marker":
                yield int(record["id"])
            else:
                yield data["table"], data["type"], record[TAGS[data["table"]]]


@dataclass(slots=True)
class Storm:
    """Writers that change memberships and rows at once."""

    url: str
    transaction_count: int
    _tags: Iterator[int] = field(default_factory=lambda: count(1))

    async def blow(self) -> None:
        async with asyncio.TaskGroup() as writers:
            for number in range(WRITER_COUNT):
                writers.create_task(self._write(random.Random(number)))

    async def _write(self, chance: random.Random) -> None:
        async with await Connection.connect(self.url, autocommit=True) as connection:
            await connection.execute("set deadlock_timeout = '20ms'")
            for _ in range(self.transaction_count // WRITER_COUNT):
                try:
                    await self._transaction(connection, chance)
                except (psycopg.errors.DeadlockDetected, psycopg.errors.UniqueViolation):
                    await connection.execute("rollback")

    async def _transaction(self, connection: Connection, chance: random.Random) -> None:
        await connection.execute("begin")
        for _ in range(chance.choice((1, 1, 2, 3))):
            is_undone = chance.random() < 0.1
            if is_undone:
                await connection.execute("savepoint s")
            await connection.execute(self._statement(chance).encode())
            if is_undone:
                await connection.execute("rollback to s")
        await connection.execute("rollback" if chance.random() < 0.08 else "commit")

    def _statement(self, chance: random.Random) -> str:
        workspace, user = chance.choice(WORKSPACES), chance.choice(USERS)
        if chance.random() < 0.02:
            return chance.choice(
                (
                    self.insert("customers", workspace, None, LARGE_COUNT),
                    f"delete from customers where workspace_id = '{workspace}'",
                    "truncate workspace_members",
                    "truncate appointments cascade",
                )
            )
        if chance.random() < 0.4:
            member = f"workspace_id = '{workspace}' and user_id = '{user}'"
            one_of_them = (
                "(workspace_id, user_id) = (select workspace_id, user_id from workspace_members"
                f" where workspace_id = '{workspace}' order by random() limit 1)"
            )
            role = chance.choice(ROLES)
            return chance.choice(
                (
                    (
                        "insert into workspace_members (workspace_id, user_id, role) values"
                        f" ('{workspace}', '{user}', '{role}') on conflict (workspace_id, user_id)"
                        " do update set role = excluded.role"
                    ),
                    f"delete from workspace_members where {member}",
                    f"update workspace_members set role = '{role}' where {member}",
                    f"delete from workspace_members where user_id = '{user}'",
                    f"update workspace_members set user_id = '{user}' where {one_of_them}",
                )
            )
        table = chance.choice(("appointments", "appointments", "customers"))
        tag = f"{TAGS[table]} = '{next(self._tags)}'"
        some = f"id = (select id from {table} order by random() limit 1)"
        return chance.choice(
            (
                self.insert(table, workspace, chance.choice((None, *USERS))),
                f"update {table} set {tag} where {some}",
                f"update {table} set {tag}, workspace_id = '{workspace}' where {some}",
                f"delete from {table} where {some}",
            )
        )

    def insert(self, table: str, workspace: UUID, user: UUID | None, row_count: int = 1) -> str:
        tag = next(self._tags)
        if table == "customers":
            return (
                "insert into customers (workspace_id, name)"
                f" select '{workspace}', '{tag}.' || n from generate_series(1, {row_count}) n"
            )
        customer = f"'{user}'" if user else "null"
        return (
            "insert into appointments (workspace_id, customer_id, customer_name, start_time,"
            f" end_time, notes) values ('{workspace}', {customer}, 'Somebody',"
            f" '2040-01-01 10:00+00', '2040-01-01 11:00+00', '{tag}')"
        )


@dataclass(slots=True)
class Stage:
    """The server with its clients, and a slot that tells the truth."""

    address: str
    connection: Connection
    truth_slot: str
    clients: AsyncExitStack
    subscribers: list[Subscriber] = field(default_factory=list["Subscriber"])
    _markers: Iterator[int] = field(default_factory=lambda: count(1))

    async def mark(self) -> int:
        """Commit something that everybody sees; gives its number."""
        number = next(self._markers)
        await self.connection.execute("insert into public.marker values (%s)", [number])
        return number

    async def connect(self, user: UUID, channel: str) -> None:
        """Let *user* subscribe; whatever is committed from now on is for its channel."""
        client = await self.clients.enter_async_context(phoenix_client(self.address))
        await client.subscribe(channel, *_bindings(channel), access_token=token(user))
        self.subscribers.append(Subscriber(user, channel, client, await self.mark()))

    async def come_and_go(self, user: UUID) -> None:
        """Join and leave until cancelled, so that what is known of a user comes and goes, too."""
        async with phoenix_client(self.address) as client:
            while True:
                await client.subscribe(
                    EVERYTHING, *_bindings(EVERYTHING), access_token=token(user, claims={"n": 1})
                )
                await client.reply(await client.push(f"realtime:{EVERYTHING}", "phx_leave", {}))

    async def settle(self) -> None:
        """Wait until everybody got everything."""
        last = await self.mark()
        for subscriber in self.subscribers:
            await subscriber.client.until(
                lambda message: (
                    message[3] == "postgres_changes"
                    and message[4]["data"]["table"] == "marker"
                    and message[4]["data"]["record"]["id"] == last
                )
            )

    async def history(self) -> History:
        cursor = await self.connection.execute(
            "select data from pg_logical_slot_get_changes(%s, null, null,"
            " 'include-xids', '0', 'skip-empty-xacts', '1')",
            [self.truth_slot],
        )
        return History([row[0] async for row in cursor])


def _bindings(channel: str) -> list[dict[str, Any]]:
    appointments = {"event": "*", "schema": "public", "table": "appointments"}
    marker = {"event": "INSERT", "schema": "public", "table": "marker"}
    if channel == FILTERED:
        return [{**appointments, "filter": f"workspace_id=eq.{WORKSPACES[0]}"}, marker]
    return [appointments, {**appointments, "table": "customers"}, marker]


async def play(
    database: Database, slot: str, transaction_count: int, policies: str
) -> tuple[History, list[Subscriber]]:
    """Blow a storm over subscribers that were there before, and others that come meanwhile."""
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(
            await Connection.connect(database.url, autocommit=True)
        )
        await connection.execute(SETUP.encode())
        truth_slot = f"{slot}_truth"
        await connection.execute(
            "select pg_create_logical_replication_slot(%s, 'test_decoding')", [truth_slot]
        )
        address = await stack.enter_async_context(
            serving(
                database.url,
                slot,
                policies=policies,
                recovery_window_s=0,
                max_joins_per_second=100_000,
            )
        )
        stage = Stage(address, connection, truth_slot, stack)
        for user in USERS[:4]:
            for channel in (EVERYTHING, FILTERED):
                await stage.connect(user, channel)
        storm = asyncio.create_task(Storm(database.url, transaction_count).blow())
        churn = asyncio.create_task(stage.come_and_go(USERS[0]))
        for user in USERS:
            await stage.connect(user, EVERYTHING)
        await storm
        churn.cancel()
        await asyncio.wait([churn])
        await stage.settle()
        return await stage.history(), stage.subscribers


@pytest.mark.parametrize("transaction_count", [1200])
async def test_changes_go_to_whom_the_memberships_of_their_commit_entitle(
    database: Database, slot_name: str, transaction_count: int
) -> None:
    history, subscribers = await play(database, slot_name, transaction_count, "compiled")

    for subscriber in subscribers:
        got = list(subscriber.got())
        first = got.index(subscriber.marker)
        came = [seen for seen in got[first:] if not isinstance(seen, int)]
        due = history.due(subscriber, since=history.markers[subscriber.marker])
        assert came == due, difference(subscriber, came, due, history)
        # What came before it was sure to come was not sent to somebody else's.
        early = [seen for seen in got[:first] if not isinstance(seen, int)]
        assert set(early) <= set(history.due(subscriber, since=0))
    some = [len(history.due(subscriber, since=0)) for subscriber in subscribers]
    print(  # noqa: T201 - how much this test has proven
        f"{history.transaction_count} transactions, {history.large_count} of them large,"
        f" {len(history.truncations)} truncations, {len(history.changes)} changes, due {some}"
    )
    assert history.large_count > 0
    assert {"workspace_members", "appointments"} <= set(history.truncations)
    assert len(history.changes) > transaction_count / 2
    assert max(some) < len(history.changes)
    assert min(some) > 0


async def test_the_oracle_is_as_exact_as_memberships_stay_the_same(
    database: Database, slot_name: str
) -> None:
    history, subscribers = await play(database, slot_name, 300, "oracle")

    for subscriber in subscribers:
        since = history.markers[subscriber.marker]
        got = list(subscriber.got())
        came = {seen for seen in got[got.index(subscriber.marker) :] if not isinstance(seen, int)}
        certain, possible = history.bounds(subscriber, since=since)
        assert came >= certain
        assert came <= possible


def difference(
    subscriber: Subscriber, came: Sequence[Seen], due: Sequence[Seen], history: History
) -> str:
    """Tell what is wrong, and the order in which it was committed."""
    lost = [seen for seen in due if seen not in came]
    leaked = [seen for seen in came if seen not in due]
    order = [
        f"{place}: {committed}"
        for place, committed in enumerate(history.changes)
        if committed.seen in lost or committed.seen in leaked
    ]
    return f"{subscriber.user} on {subscriber.channel}: lost {lost}, leaked {leaked}; {order}"
