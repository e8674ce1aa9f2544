"""
What a join asks for, checked before it is said to be live.

Each entry of `postgres_changes` becomes a `Binding`, and PostgreSQL confirms that its
tables are published, its columns exist and may be selected, and its literals fit. Refusals
are worded as Supabase's server words them, since clients show and compare them. What is no
error and yet means that some events will never come is a warning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from slotcast.changes import UNKNOWN, Operation, ReplicaIdentity
from slotcast.errors import SubscriptionError
from slotcast.fanout import filters
from slotcast.fanout.binding import bind
from slotcast.fanout.subscriptions import ANY, Binding, Equality
from slotcast.lsn import Lsn
from slotcast.postgres.catalog import privileges, published_tables
from slotcast.postgres.types import TypeCatalog
from slotcast.verdicts import Question, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool

    from slotcast.changes import Image
    from slotcast.claims import Claims, JsonValue
    from slotcast.fanout.filters import Conditions
    from slotcast.fanout.row_filters import RowFilter
    from slotcast.postgres.catalog import Privileges, Table
    from slotcast.verdicts import Judge

_DEFAULT_SCHEMA: Final = "public"
_REFUSED: Final = "Unable to subscribe to changes with given parameters. "


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """
    What PostgreSQL said of a join's bindings.

    Attributes:
        since: Everything committed from here on is for the subscription.
        bindings: The bindings, with what was learnt of them.
        warnings: What will not come, and what to do about it.
    """

    since: Lsn
    bindings: tuple[Binding, ...]
    warnings: tuple[str, ...]


def make_binding(
    *,
    binding_id: int,
    event: str,
    schema: str | None,
    table: str | None,
    condition_text: str | None,
    select: JsonValue,
    requested: Mapping[str, JsonValue],
) -> Binding:
    """
    Make the binding that one entry of `postgres_changes` asks for.

    Args:
        binding_id: What clients will know it by.
        event: ``INSERT``, ``UPDATE``, ``DELETE`` or ``*``.
        schema: A schema, ``*``, or None if not given: then it is `public`.
        table: A table, ``*``, or None if not given: then it is any.
        condition_text: The filter, or None if not given.
        select: A list of columns, or None if not given.
        requested: The entry as the client sent it, to show it.

    Raises:
        SubscriptionError: It names no table, or its filter, select or a name is malformed.
    """
    if not schema and not table:
        raise SubscriptionError(
            "No subscription params provided. Please provide at least a `schema` or `table` to"
            f" subscribe to: {_inspect(dict(requested))}"
        )
    schema, table = schema or _DEFAULT_SCHEMA, table or ANY
    for name in (schema, table):
        filters.check_encoding(name)
    return Binding(
        id=binding_id,
        event=event,
        schema=schema,
        table=table,
        conditions=filters.parse_filter(condition_text or ""),
        select=filters.parse_select(select, schema=schema, table=table),
    )


class Registrar:
    """
    Checks bindings against the database.

    Args:
        pool: For catalog queries.
        judge: Tells which events a viewer can get at all.
        publication: The publication that is streamed.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool[AsyncConnection[TupleRow]],
        judge: Judge,
        *,
        publication: str,
    ) -> None:
        self._pool = pool
        self._judge = judge
        self._publication = publication

    async def check(self, bindings: Sequence[Binding], claims: Claims) -> Registered:
        """
        Check all bindings of a join; one that is bad makes all of them fail.

        Raises:
            SubscriptionError: A binding cannot be served; the message is the client's.
            psycopg.OperationalError: PostgreSQL could not be asked.
        """
        checked: list[Binding] = []
        warnings: dict[str, None] = {}
        probes: dict[int, Question] = {}
        tables: dict[int, Table] = {}
        await self._learn(bindings, claims)
        async with self._pool.connection() as connection:
            since = await _position(connection)
            catalog = _Catalog(connection, self._publication, claims.role, bindings)
            for asked in bindings:
                binding = asked
                for table in await catalog.tables(binding):
                    readable, equality = await _check_table(catalog, binding, table)
                    if ANY not in (binding.schema, binding.table):
                        binding = replace(binding, equality=equality)
                    tables[table.relation.oid] = table
                    if not readable and ANY not in (binding.schema, binding.table):
                        warnings[_unreadable(table, claims)] = None
                    elif (
                        readable
                        and binding.wants(Operation.DELETE)
                        and table.relation.replica_identity
                        in (
                            ReplicaIdentity.DEFAULT,
                            ReplicaIdentity.NOTHING,
                        )
                    ):
                        probes[table.relation.oid] = _deletion(table, claims)
                checked.append(binding)
        for oid, answer in zip(probes, await self._judge.judge(list(probes.values())), strict=True):
            if answer[claims].verdict is Verdict.UNKNOWABLE:
                warnings[_unjudgeable(tables[oid])] = None
        return Registered(since=since, bindings=tuple(checked), warnings=tuple(warnings))

    async def _learn(self, bindings: Sequence[Binding], claims: Claims) -> None:
        """Let the judge learn what it has to know of a viewer, before the position is read."""
        async with self._pool.connection() as connection:
            catalog = _Catalog(connection, self._publication, claims.role, bindings)
            relations = {
                table.relation.oid: table.relation
                for binding in bindings
                if ANY not in (binding.schema, binding.table)
                for table in await catalog.tables(binding)
            }
        await self._judge.admit(list(relations.values()), claims)


class _Catalog:
    """
    What one join has to know of the database; each thing is asked once, however many bindings.

    Args:
        connection: Any connection of the pool.
        publication: The publication that is streamed.
        role: The client's.
        bindings: All of the join.
    """

    def __init__(
        self,
        connection: AsyncConnection[TupleRow],
        publication: str,
        role: str,
        bindings: Sequence[Binding],
    ) -> None:
        self.role = role
        self._connection = connection
        self._publication = publication
        self._bindings = bindings
        self._types = TypeCatalog()
        self._tables: dict[tuple[str, str], list[Table]] = {}
        self._privileges: dict[int, Privileges] = {}
        self._filters: dict[int, dict[Conditions, RowFilter | SubscriptionError]] = {}

    async def tables(self, binding: Binding) -> list[Table]:
        """
        Find the published tables that *binding* names.

        Raises:
            SubscriptionError: It names one table, which is not published.
        """
        key = (binding.schema, binding.table)
        if key not in self._tables:
            self._tables[key] = await published_tables(
                self._connection, self._publication, schema=binding.schema, table=binding.table
            )
        if not self._tables[key] and ANY not in key:
            raise SubscriptionError(
                f"{_REFUSED}Please check Realtime is enabled for the given connect parameters:"
                f" {_describe(binding)}"
            )
        return self._tables[key]

    async def privileges(self, table: Table) -> Privileges:
        """Tell what the role may select of *table*."""
        oid = table.relation.oid
        if oid not in self._privileges:
            self._privileges[oid] = await privileges(self._connection, oid, self.role)
        return self._privileges[oid]

    async def row_filter(
        self, table: Table, conditions: Conditions
    ) -> RowFilter | SubscriptionError:
        """Bind the filter of a binding to *table*, and all others of the join along with it."""
        oid = table.relation.oid
        if oid not in self._filters:
            wanted = list(
                dict.fromkeys(
                    binding.conditions
                    for binding in self._bindings
                    if binding.conditions
                    and binding.schema in (ANY, table.relation.schema)
                    and binding.table in (ANY, table.relation.name)
                )
            )
            bound = await bind(self._connection, table.relation, self._types, wanted)
            self._filters[oid] = dict(zip(wanted, bound, strict=True))
        return self._filters[oid][conditions]


async def _check_table(
    catalog: _Catalog, binding: Binding, table: Table
) -> tuple[frozenset[str], Equality | None]:
    """
    Check one table of a binding.

    Returns:
        The columns that the role may select, and what the filter says of one of them.
    """
    equality = None
    allowed = await catalog.privileges(table)
    try:
        if not allowed.role_exists:
            raise filters.invalid(f'role "{catalog.role}" does not exist')
        filters.check_columns(binding.conditions, binding.select, allowed.readable)
        if binding.conditions:
            bound = await catalog.row_filter(table, binding.conditions)
            if isinstance(bound, SubscriptionError):
                raise bound
            equality = _equality(bound, table)
    except SubscriptionError as error:
        raise SubscriptionError(
            f"{_REFUSED}An exception happened so please check your connect parameters:"
            f" {_describe(binding)}. Exception: {error}"
        ) from error
    return allowed.readable, equality


async def _position(connection: AsyncConnection[TupleRow]) -> Lsn:
    cursor = await connection.execute("select pg_catalog.pg_current_wal_insert_lsn()::text")
    row = await cursor.fetchone()
    if row is None:
        raise AssertionError("a SELECT without FROM returns a row")
    return Lsn.parse(row[0])


def _equality(row_filter: RowFilter, table: Table) -> Equality | None:
    """Find the column of which the filter lets only a few values through."""
    found = row_filter.equalities()
    if found is None:
        return None
    place, texts = found
    column = table.relation.columns[place]
    return Equality(column=column.name, type_oid=column.type_oid, texts=texts)


def _deletion(table: Table, claims: Claims) -> Question:
    """Ask whether the old image of a DELETE could be judged at all."""
    image: Image = tuple(None if column.is_key else UNKNOWN for column in table.relation.columns)
    return Question(relation=table.relation, image=image, viewers=frozenset({claims}))


def _unreadable(table: Table, claims: Claims) -> str:
    return (
        f"Changes of {table.identifier} are not sent to you: the role {claims.role} may not"
        f" select any of its columns. If it should: GRANT SELECT ON {table.identifier} TO"
        f" {claims.role};"
    )


def _unjudgeable(table: Table) -> str:
    return (
        f"DELETE events of {table.identifier} are not sent to you: only the key of a deleted row"
        " is logged, which its row level security policies cannot be judged on. To get them:"
        f" ALTER TABLE {table.identifier} REPLICA IDENTITY FULL;"
    )


def _describe(binding: Binding) -> str:
    select = (
        "nil"
        if binding.select is None
        else f"[{', '.join(filters.inspect(column) for column in binding.select)}]"
    )
    return (
        f"[event: {binding.event}, schema: {binding.schema}, table: {binding.table},"
        f" filters: {filters.describe(binding.conditions)}, select: {select}]"
    )


def _inspect(value: JsonValue) -> str:
    """Show a JSON value in the notation of the protocol's messages."""
    match value:
        case None:
            return "nil"
        case bool():
            return str(value).lower()
        case str():
            return filters.inspect(value)
        case list():
            return f"[{', '.join(_inspect(item) for item in value)}]"
        case dict():
            members = ", ".join(
                f"{filters.inspect(key)} => {_inspect(item)}" for key, item in value.items()
            )
            return f"%{{{members}}}"
        case _:
            return str(value)
