"""
What a join asks for, checked before it is said to be live.

Each entry of `postgres_changes` becomes a `Binding`, and PostgreSQL confirms that its
tables are published, its columns exist and may be selected, and its literals fit. Refusals
are worded as Supabase's server words them, since clients show and compare them. What is no
error and yet means that some events will never come is a warning.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from slotcast.changes import Operation
from slotcast.errors import SubscriptionError
from slotcast.fanout import filters
from slotcast.fanout.binding import bind, bind_here
from slotcast.fanout.subscriptions import ANY, Binding, Equality
from slotcast.fanout.surveyor import Surveyor
from slotcast.postgres.survey import Wanted
from slotcast.postgres.together import Together
from slotcast.postgres.types import BUILT_IN, TypeCatalog

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool

    from slotcast.changes import Relation
    from slotcast.claims import Claims, JsonValue
    from slotcast.fanout.filters import Conditions
    from slotcast.fanout.row_filters import RowFilter
    from slotcast.lsn import Lsn
    from slotcast.postgres.catalog import Table
    from slotcast.postgres.survey import Description
    from slotcast.snapshots import Snapshot
    from slotcast.verdicts import Judge

_DEFAULT_SCHEMA: Final = "public"
_BUILT_IN: Final = TypeCatalog(BUILT_IN)
_ADMISSION_TIMEOUT_S: Final = 20.0
_FIRST_DELAY_S: Final = 0.0005
_DELAY_LIMIT_S: Final = 0.2
_REFUSED: Final = "Unable to subscribe to changes with given parameters. "


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """
    What PostgreSQL said of a join's bindings.

    Attributes:
        seen: Everything that this does not show is for the subscription.
        bindings: The bindings, with what was learnt of them.
        warnings: What will not come, and what to do about it.
    """

    seen: Snapshot
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
    xid: JsonValue,
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
        xid: Whether changes bring the id of their transaction, or None if not given.
        requested: The entry as the client sent it, to show it.

    Raises:
        SubscriptionError: It names no table, or its filter, select, xid or a name is malformed.
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
        has_xid=filters.parse_xid(xid),
    )


@dataclass(frozen=True, slots=True)
class _Newcomer:
    """A viewer of some tables, of which the judge is to learn."""

    claims: Claims
    oids: tuple[int, ...]
    relations: tuple[Relation, ...] = field(compare=False)


class Registrar:
    """
    Checks bindings against the database.

    Args:
        pool: For what has to be asked for one join alone.
        judge: Learns of every viewer.
        tasks: Owns the tasks that ask for many joins together.
        publication: The publication that is streamed.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool[AsyncConnection[TupleRow]],
        judge: Judge,
        tasks: asyncio.TaskGroup,
        *,
        publication: str,
    ) -> None:
        self._pool = pool
        self._judge = judge
        self._surveyor = Surveyor(pool, tasks, publication=publication)
        self._admissions = Together(tasks.create_task, self._admit, timeout_s=_ADMISSION_TIMEOUT_S)

    async def check(self, bindings: Sequence[Binding], claims: Claims) -> Registered:
        """
        Check all bindings of a join; one that is bad makes all of them fail.

        Raises:
            SubscriptionError: A binding cannot be served; the message is the client's.
            psycopg.OperationalError: PostgreSQL could not be asked.
            TimeoutError: PostgreSQL did not answer.
        """
        wanted = [_wanted(binding, claims) for binding in bindings]
        found = await self._surveyor.describe(wanted)
        check = _Check(self._pool, claims, bindings)
        checked = [
            await check.binding(binding, found[each])
            for binding, each in zip(bindings, wanted, strict=True)
        ]
        relations = {
            description.table.relation.oid: description.table.relation
            for each in wanted
            if not each.is_wildcard
            for description in found[each]
        }
        # What the judge learns has to be as of an earlier moment than the first change.
        await self._admissions.answers(
            [_Newcomer(claims, tuple(relations), tuple(relations.values()))]
        )
        return Registered(
            seen=await self._surveyor.snapshot(),
            bindings=tuple(checked),
            warnings=tuple(check.warnings),
        )

    async def until_seen(self, transactions: Sequence[tuple[int, Lsn]]) -> None:
        """
        Wait until whoever reads sees what some transactions did.

        Their commits were logged, which is an instant before, or as long before as a
        synchronous standby takes.

        Args:
            transactions: Their ids (32 bits), and where they were committed.

        Raises:
            psycopg.OperationalError: PostgreSQL could not be asked.
            TimeoutError: It did not answer.
        """
        delay_s = _FIRST_DELAY_S
        while transactions:
            snapshot = await self._surveyor.snapshot()
            transactions = [each for each in transactions if not snapshot.shows(*each)]
            if transactions:
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, _DELAY_LIMIT_S)

    async def _admit(self, newcomers: Collection[_Newcomer]) -> Mapping[_Newcomer, None]:
        """Let the judge learn of viewers, all who want the same tables together."""
        groups: defaultdict[tuple[int, ...], list[_Newcomer]] = defaultdict(list)
        for newcomer in newcomers:
            groups[newcomer.oids].append(newcomer)
        for group in groups.values():
            await self._judge.admit(group[0].relations, [each.claims for each in group])
        return dict.fromkeys(newcomers)


class _Check:
    """
    The check of one join.

    Args:
        pool: For filters that PostgreSQL has to look at.
        claims: The client's.
        bindings: All of the join.

    Attributes:
        warnings: What will not come, each said once.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool[AsyncConnection[TupleRow]],
        claims: Claims,
        bindings: Sequence[Binding],
    ) -> None:
        self.warnings: dict[str, None] = {}
        self._pool = pool
        self._claims = claims
        self._bindings = bindings
        self._filters: dict[int, dict[Conditions, RowFilter | SubscriptionError]] = {}

    async def binding(self, binding: Binding, found: Sequence[Description]) -> Binding:
        """
        Check one binding against the tables that it names, and note what its filter says.

        Raises:
            SubscriptionError: It cannot be served.
        """
        is_wildcard = ANY in (binding.schema, binding.table)
        if not found and not is_wildcard:
            raise SubscriptionError(
                f"{_REFUSED}Please check Realtime is enabled for the given connect parameters:"
                f" {_describe(binding)}"
            )
        equality = None
        for description in found:
            try:
                equality = await self._table(binding, description)
            except SubscriptionError as error:
                raise SubscriptionError(
                    f"{_REFUSED}An exception happened so please check your connect parameters:"
                    f" {_describe(binding)}. Exception: {error}"
                ) from error
            self._warn(binding, description, is_wildcard=is_wildcard)
        return binding if is_wildcard else replace(binding, equality=equality)

    async def _table(self, binding: Binding, description: Description) -> Equality | None:
        """Check one table of a binding; gives what the filter says of one of its columns."""
        if not description.role_exists:
            raise filters.invalid(f'role "{self._claims.role}" does not exist')
        filters.check_columns(binding.conditions, binding.select, description.readable)
        if not binding.conditions:
            return None
        bound = await self._row_filter(description, binding.conditions)
        if isinstance(bound, SubscriptionError):
            raise bound
        return _equality(bound, description.table)

    def _warn(self, binding: Binding, description: Description, *, is_wildcard: bool) -> None:
        """Note what will not come of a table."""
        if not description.readable:
            if not is_wildcard:
                self.warnings[_unreadable(description.table, self._claims)] = None
        elif binding.wants(Operation.DELETE) and not description.judges_deletions:
            self.warnings[_unjudgeable(description.table)] = None

    async def _row_filter(
        self, description: Description, conditions: Conditions
    ) -> RowFilter | SubscriptionError:
        """Bind the filter of a binding to a table, and all others of the join along with it."""
        relation = description.table.relation
        if relation.oid not in self._filters:
            wanted = list(
                dict.fromkeys(
                    binding.conditions
                    for binding in self._bindings
                    if binding.conditions
                    and binding.schema in (ANY, relation.schema)
                    and binding.table in (ANY, relation.name)
                )
            )
            bound = await self._bind(description, wanted)
            self._filters[relation.oid] = dict(zip(wanted, bound, strict=True))
        return self._filters[relation.oid][conditions]

    async def _bind(
        self, description: Description, wanted: Sequence[Conditions]
    ) -> list[RowFilter | SubscriptionError]:
        """Bind filters to a table, asking PostgreSQL only about those that it alone knows."""
        relation = description.table.relation
        bound = bind_here(relation, _BUILT_IN, description.collations, wanted)
        rest = [
            conditions for conditions, known in zip(wanted, bound, strict=True) if known is None
        ]
        if not rest:
            return [known for known in bound if known is not None]
        async with self._pool.connection() as connection:
            asked = iter(await bind(connection, relation, TypeCatalog(), rest))
        return [next(asked) if known is None else known for known in bound]


def _wanted(binding: Binding, claims: Claims) -> Wanted:
    return Wanted(schema=binding.schema, table=binding.table, role=claims.role)


def _equality(row_filter: RowFilter, table: Table) -> Equality | None:
    """Find the column of which the filter lets only a few values through."""
    found = row_filter.equalities()
    if found is None:
        return None
    place, texts = found
    column = table.relation.columns[place]
    return Equality(column=column.name, type_oid=column.type_oid, texts=texts)


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
