"""
Changes made under row level security, and PostgreSQL's own word on who may see them.

A `Scene` subscribes viewers to tables of replica identity full, commits transactions, and
compares what each viewer got with what PostgreSQL lets the same role and claims SELECT when
it is given the same row images back. The images come from triggers, not from the server.
"""

from __future__ import annotations

import json
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, LiteralString

import psycopg
from psycopg import sql

from support.phoenix import phoenix_client
from support.server import serving, token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence

    from support.phoenix import Message, PhoenixClient

Row = dict[str, Any]
Connection = psycopg.AsyncConnection[Any]

CHANNEL: Final = "scene"
_MARKER: Final = "scene_marker"

_SETUP: Final = b"""
create schema scene;
create table scene.captured (
  number bigint generated always as identity, "table" text, operation text, new jsonb, old jsonb
);
create function scene.capture() returns trigger language plpgsql security definer as $$
begin
  insert into scene.captured ("table", operation, new, old)
  values (format('%I.%I', tg_table_schema, tg_table_name), tg_op, to_jsonb(new), to_jsonb(old));
  return null;
end $$;
create table public.scene_marker (id bigint generated always as identity primary key);
grant select on public.scene_marker to public;
"""

_COLUMNS: Final = """
select a.attname, t.typname, a.attgenerated <> '',
       has_schema_privilege(%(role)s, c.relnamespace, 'USAGE')
         and has_column_privilege(%(role)s, c.oid, a.attnum, 'SELECT'),
       coalesce(a.attnum = any (i.indkey::int2[]), false)
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
left join pg_index i on i.indrelid = c.oid and i.indisprimary
where c.oid = %(table)s::regclass
order by a.attnum
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """
    Somebody who is subscribed.

    Attributes:
        name: Shown when something is wrong.
        role: What the token names.
        claims: Of the token, besides the role.
    """

    name: str
    role: str = "authenticated"
    claims: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def token(self) -> str:
        return token(role=self.role, claims=self.claims)


def user(name: str, identifier: object, **claims: Any) -> Viewer:
    """Make a signed-in viewer whose ``sub`` is *identifier*."""
    return Viewer(name=name, claims={"sub": str(identifier), **claims})


@dataclass(frozen=True, slots=True)
class Event:
    """What a viewer gets of one change."""

    table: str
    type: str
    columns: tuple[tuple[str, str], ...]
    record: Row | None
    old_record: Row | None


@dataclass(frozen=True, slots=True)
class _Column:
    """A column as one role has it."""

    name: str
    type: str
    is_generated: bool
    is_readable: bool
    is_key: bool


class Witness:
    """PostgreSQL, asked by a superuser."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._seen_number = 0

    async def images(self) -> list[tuple[str, str, Row | None, Row | None]]:
        """Give table, operation, new and old row of all changes since the last call."""
        cursor = await self.connection.execute(
            'select number, "table", operation, new, old from scene.captured'
            " where number > %s order by number",
            [self._seen_number],
        )
        rows = await cursor.fetchall()
        if rows:
            self._seen_number = rows[-1][0]
        return [row[1:] for row in rows]

    async def events(
        self,
        viewers: Sequence[Viewer],
        table: str,
        operation: str,
        new: Row | None,
        old: Row | None,
    ) -> dict[str, Event]:
        """Say what viewers have to get of a change, by name; who gets nothing is left out."""
        columns = {role: await self._columns(table, role) for role in {v.role for v in viewers}}
        shown_new = await self._shown(viewers, table, columns, new)
        shown_old = await self._shown(viewers, table, columns, old)
        events: dict[str, Event] = {}
        for viewer in viewers:
            record, old_record = shown_new.get(viewer.name), shown_old.get(viewer.name)
            if (old_record if operation == "DELETE" else record) is None:
                continue
            described = columns[viewer.role]
            if operation == "UPDATE" and record is not None and old_record is None:
                key = [column.name for column in described if column.is_key] or list(record)
                old_record = {name: record[name] for name in key if name in record}
            types = tuple((column.name, column.type) for column in described if column.is_readable)
            events[viewer.name] = Event(table, operation, types, record, old_record)
        return events

    async def _columns(self, table: str, role: str) -> list[_Column]:
        cursor = await self.connection.execute(_COLUMNS, {"role": role, "table": table})
        return [_Column(*row) for row in await cursor.fetchall()]

    async def _shown(
        self,
        viewers: Sequence[Viewer],
        table: str,
        columns: Mapping[str, Sequence[_Column]],
        row: Row | None,
    ) -> dict[str, Row]:
        """Put a row image back as the only row, SELECT it as each viewer, and undo it."""
        if row is None:
            return {}
        place = sql.SQL(_literal(table))
        await self.connection.execute("begin; set local session_replication_role = replica")
        try:
            await self.connection.execute(sql.SQL("delete from {}").format(place))
            written = next(iter(columns.values()))
            await self.connection.execute(
                sql.SQL(
                    "insert into {table} ({columns}) overriding system value"
                    " select {columns} from jsonb_populate_record(null::{table}, %s)"
                ).format(
                    table=place,
                    columns=_names(column for column in written if not column.is_generated),
                ),
                [json.dumps(row)],
            )
            shown: dict[str, Row] = {}
            for viewer in viewers:
                readable = [column for column in columns[viewer.role] if column.is_readable]
                if not readable:
                    continue
                found = await select_as(self.connection, viewer, place, readable)
                if found is not None:
                    shown[viewer.name] = found
            return shown
        finally:
            await self.connection.execute("rollback")


async def select_as(
    connection: Connection, viewer: Viewer, place: sql.Composable, columns: Sequence[_Column]
) -> Row | None:
    """SELECT a table's only row in the open transaction; None if that shows nothing or raises."""
    claims = json.dumps({**viewer.claims, "role": viewer.role})
    await connection.execute(
        sql.SQL("savepoint asking; set local role {}; set local {} = {}").format(
            sql.Identifier(viewer.role),
            sql.Identifier("request.jwt.claims"),
            sql.Literal(claims),
        )
    )
    try:
        cursor = await connection.execute(
            sql.SQL("select to_json(row) from (select {} from {}) row").format(
                _names(columns), place
            )
        )
        found = await cursor.fetchone()
    except psycopg.Error:
        return None
    else:
        return found[0] if found else None
    finally:
        await connection.execute("rollback to asking")


def _names(columns: Iterable[_Column]) -> sql.Composable:
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)


def _literal(text: str) -> LiteralString:
    """Take SQL that a test wrote as it is."""
    return text  # pyright: ignore[reportReturnType] - a test's own table name, quoted by it


class Scene:
    """
    Viewers, subscribed to tables, and what they should have got so far.

    Attributes:
        writer: The superuser's connection, in autocommit mode.
        clients: By the viewer's name.
    """

    def __init__(
        self,
        writer: Connection,
        witness: Witness,
        tables: Sequence[str],
        viewers: Sequence[Viewer],
        clients: Sequence[PhoenixClient],
    ) -> None:
        self.writer = writer
        self.clients = dict(zip((viewer.name for viewer in viewers), clients, strict=True))
        self._viewers = viewers
        self._witness = witness
        self._tables = tables
        self.expected: dict[str, list[Event]] = {viewer.name: [] for viewer in viewers}

    async def commit(self, *statements: str) -> None:
        """Run *statements* in one transaction, and ask PostgreSQL who may see what they did."""
        async with self.writer.transaction():
            for statement in statements:
                await self.writer.execute(statement.encode())
        for table, operation, new, old in await self._witness.images():
            events = await self._witness.events(self._viewers, table, operation, new, old)
            for name, event in events.items():
                self.expected[name].append(event)

    async def settle(self, *names: str) -> None:
        """Wait until everybody, or those who are named, got everything that was committed."""
        cursor = await self.writer.execute(
            "insert into public.scene_marker default values returning id"
        )
        row = await cursor.fetchone()
        assert row is not None
        number: int = row[0]
        for name in names or self.clients:
            await self.clients[name].until(lambda message: _is_marker(message, number))

    def got(self, name: str) -> list[Event]:
        """Give what a viewer got of the scene's tables so far."""
        return [
            _event(change["data"])
            for change in self.clients[name].changes(CHANNEL)
            if change["data"]["table"] != _MARKER
        ]

    def notices(self, name: str) -> list[str]:
        """Give what the server told a viewer about the channel, besides that it is subscribed."""
        return [
            m[4]["message"]
            for m in self.clients[name].messages
            if m[3] == "system" and m[4]["extension"] != "postgres_changes"
        ]

    async def check(self) -> None:
        """Compare, viewer by viewer and table by table, what came with what had to come."""
        await self.settle()
        wrong: list[str] = []
        for viewer in self._viewers:
            got = self.got(viewer.name)
            for table in self._tables:
                came = [event for event in got if event.table == table]
                due = [event for event in self.expected[viewer.name] if event.table == table]
                if came != due:
                    wrong.append(f"{viewer.name} on {table}:\n  came {came}\n  due  {due}")
        assert not wrong, "\n".join(wrong)


def _is_marker(message: Message, number: int) -> bool:
    if message[3] != "postgres_changes":
        return False
    data = message[4]["data"]
    return bool(data["table"] == _MARKER and data["record"]["id"] == number)


def _event(data: Mapping[str, Any]) -> Event:
    return Event(
        f"{data['schema']}.{data['table']}",
        data["type"],
        tuple((column["name"], column["type"]) for column in data["columns"]),
        data.get("record"),
        data.get("old_record"),
    )


@asynccontextmanager
async def scene(
    url: str,
    slot: str,
    setup: str,
    tables: Sequence[str],
    viewers: Sequence[Viewer],
    **settings: object,
) -> AsyncGenerator[Scene]:
    """
    Set a scene: run the server, with all *viewers* subscribed to *tables*.

    Args:
        url: Of a migrated database.
        slot: Name of a replication slot.
        setup: SQL to run before the server starts.
        tables: Qualified names; they are published with replica identity full.
        viewers: With distinct names and roles that exist.
        settings: Of the server.
    """
    async with AsyncExitStack() as stack:
        writer = await stack.enter_async_context(
            await Connection.connect(url, autocommit=True, options="-c timezone=UTC")
        )
        await prepare(writer, setup, tables)
        address = await stack.enter_async_context(serving(url, slot, **settings))
        clients: list[PhoenixClient] = []
        for viewer in viewers:
            client = await stack.enter_async_context(phoenix_client(address))
            bindings = [
                {"event": "*", "schema": name.split(".")[0], "table": name.split(".")[1]}
                for name in (*tables, f"public.{_MARKER}")
            ]
            await client.subscribe(CHANNEL, *bindings, access_token=viewer.token)
            clients.append(client)
        yield Scene(writer, Witness(writer), tables, viewers, clients)


async def prepare(writer: Connection, setup: str, tables: Sequence[str]) -> None:
    """Run *setup*, publish *tables*, and note down whatever happens to them."""
    await writer.execute(_SETUP)
    await writer.execute(setup.encode())
    for table in (*tables, f"public.{_MARKER}"):
        await writer.execute(f"alter table {table} replica identity full".encode())
        cursor = await writer.execute(
            "select from pg_publication_tables where pubname = 'supabase_realtime'"
            " and format('%%s.%%s', schemaname, tablename) = %s",
            [table],
        )
        if await cursor.fetchone() is None:
            await writer.execute(f"alter publication supabase_realtime add table {table}".encode())
    for table in tables:
        # The first of its triggers, so that it notes rows in the order they were written.
        await writer.execute(
            f"create trigger a_capture after insert or update or delete on {table}"
            " for each row execute function scene.capture()".encode()
        )
