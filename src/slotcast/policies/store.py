"""
What is known for judging without PostgreSQL: compiled policies, and the facts of viewers.

Theory of operation
-------------------
Policies are compiled when the first viewer of a role asks for a table. The facts of a viewer
are read when it joins, before the join says from where in the log it is live; so they are as of
an earlier moment, and the changes that follow in the stream bring them to any later one.

`follow` is told of every transaction before its changes are judged. It knows which tables
facts are read from (`WatchedTables` has them streamed), and lets each fact follow its rows. What
cannot follow is forgotten, and read again before it is needed. Facts that are being read
while transactions pass by follow these afterwards, so far as their snapshot does not show them.
A part of a huge transaction tells nothing of the rest: everything read from tables is then read
anew, from a snapshot that shows all of it.

Definitions (policies, functions, roles, privileges) are compared whenever the stream
describes a table anew, and at most every `CHECK_EVERY_S` while there is something to judge.
Where changes follow each other quickly, that is done ahead of time, so that none waits for it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias, cast

import psycopg
from psycopg import errors as postgres_errors

from slotcast.changes import UNKNOWN
from slotcast.lsn import Lsn
from slotcast.observations import Observation, observe, problem
from slotcast.policies import index, rules
from slotcast.policies.compiler import Access, Compiler
from slotcast.policies.facts import (
    READ_FACTS,
    Computed,
    Fact,
    Values,
    Viewer,
    column_places,
    reading,
)
from slotcast.policies.rules import Opaque
from slotcast.policies.shapes import ROWS_LIMIT
from slotcast.postgres.visibility import until_visible
from slotcast.snapshots import Snapshot
from slotcast.verdicts import Ruling, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool

    from slotcast.changes import Change, Image, Relation, TransactionSlice
    from slotcast.claims import Claims
    from slotcast.policies.dependencies import Reason
    from slotcast.policies.facts import FactId
    from slotcast.policies.index import Lookup
    from slotcast.policies.rules import Key
    from slotcast.policies.watched_tables import WatchedTables

Pool: TypeAlias = "AsyncConnectionPool[AsyncConnection[TupleRow]]"

CHECK_EVERY_S: Final = 0.5
"""How long a change of a function, role or schema may go unnoticed, in seconds."""

VIEWERS_A_CALL: Final = 100
RECENT_LIMIT: Final = 1_000
_FIRST_DELAY_S: Final = 0.0005
_DELAY_LIMIT_S: Final = 0.05

_COMPUTED: Final = "select * from slotcast.computed(%s::int8::oid, %s, %s::jsonb[], %s)"
_DEFINITIONS: Final = "select * from slotcast.definitions(%s)"


@dataclass(frozen=True, slots=True, kw_only=True)
class PoliciesCompiled(Observation):
    """What became of the policies on a table for a role."""

    level: ClassVar[int] = logging.DEBUG
    table: str
    role: str
    opaque: str


_NOBODY: Final[set[Viewer]] = set()


class Compiled:
    """
    The compiled policies on a table for a role, and those who are subject to them.

    Attributes:
        access: The policies.
        lookup: Finds those whom a row concerns; None if all have to be tried.
        viewers: Everybody whose facts are kept for it.
        visible: The ruling on a row for those who may see it.
        hidden: For those who may not.
    """

    __slots__ = (
        "_given",
        "_is_given_same",
        "_missing",
        "_places",
        "access",
        "hidden",
        "lookup",
        "viewers",
        "visible",
    )

    def __init__(
        self,
        access: Access,
        lookup: Lookup | None,
        viewers: set[Viewer],
        missing: Mapping[Viewer, set[Fact]],
    ) -> None:
        self.access = access
        self.lookup = lookup
        self.viewers = viewers
        self.visible = Ruling(
            verdict=Verdict.VISIBLE,
            readable=access.readable,
            unconditional=access.is_unconditional,
        )
        self.hidden = Ruling(verdict=Verdict.HIDDEN, readable=access.readable)
        self._missing = missing
        self._given: Relation | None = None
        self._places: tuple[int, ...] = ()
        self._is_given_same = False

    @property
    def missing(self) -> set[Viewer]:
        """Those of *viewers* of whom something is not known just now."""
        return self.viewers & self._missing.keys() if self._missing else _NOBODY

    @property
    def odd(self) -> set[Viewer]:
        """
        Those of *viewers* for whom PostgreSQL raised an error.

        It may do so while it plans what it would not evaluate in the end, so only it can tell.
        """
        failed = [fact.failed for fact in self.access.facts if fact.failed]
        return self.viewers.intersection(set[Viewer]().union(*failed)) if failed else _NOBODY

    def knows(self, relation: Relation) -> bool:
        """Tell whether the policies were compiled for the columns of *relation*."""
        self._look_at(relation)
        return self._is_given_same

    def row(self, relation: Relation, image: Image) -> Image:
        """Put an image of *relation* in the order of the columns that the policies know."""
        self._look_at(relation)
        if self._is_given_same:
            return image
        return tuple([UNKNOWN if place < 0 else image[place] for place in self._places])

    def is_cut(self, relation: Relation, image: Image) -> bool:
        """Tell whether values that are needed were not logged with an image of *relation*."""
        row = self.row(relation, image)
        return any(
            row[place] is UNKNOWN and self._places[place] >= 0 for place in self.access.needed
        )

    def _look_at(self, relation: Relation) -> None:
        if relation is not self._given:
            self._given = relation
            self._places = column_places(relation, self.access.relation)
            self._is_given_same = _is_same(self.access.relation, relation)


@dataclass(frozen=True, slots=True)
class _Event:
    """
    Something in the stream that facts have to follow.

    Attributes:
        xid: Its transaction.
        commit_lsn: Where that was committed.
        change: A changed row, or None for any number of any table's.
        emptied: A table that was emptied instead.
    """

    xid: int
    commit_lsn: Lsn
    change: Change | None = None
    emptied: int | None = None


class PolicyStore:
    """
    Keeps compiled policies and facts.

    Args:
        pool: For the catalog and for facts.
        watched: Has the tables streamed that facts are read from.
        search_path: Under which the functions of policies run.
        check_every_s: How long a change of definitions may go unnoticed, in seconds.
    """

    def __init__(
        self,
        pool: Pool,
        watched: WatchedTables,
        *,
        search_path: str,
        check_every_s: float = CHECK_EVERY_S,
    ) -> None:
        self._pool = pool
        self._watched = watched
        self._search_path = search_path
        self._check_every_s = check_every_s
        self._compiled: dict[tuple[int, str], Compiled] = {}
        self._facts: dict[FactId, Fact] = {}
        self._by_table: defaultdict[int, list[Fact]] = defaultdict(list)
        self._by_oid: defaultdict[int, list[Compiled]] = defaultdict(list)
        self._unwatchable: dict[int, Reason] = {}
        self._viewers: dict[Claims, Viewer] = {}
        self._strays: list[Viewer] = []
        self._missing: defaultdict[Viewer, set[Fact]] = defaultdict(set)
        self._readings: list[list[_Event]] = []
        self._recent: dict[int, None] = {}
        self._described: dict[int, Relation] = {}
        self._in_parts: int | None = None
        self._generation = 0
        self._roles: str | None = None
        self._objects: str | None = None
        self._checked_at = 0.0
        self._checking: asyncio.Task[None] | None = None
        # How often definitions may have changed, and how often when they were checked last.
        self._suspicions = 1
        self._settled: int = 0
        self._compiling = asyncio.Lock()

    # Viewers

    def viewer(self, claims: Claims) -> Viewer:
        """Find the viewer with *claims*, or make it."""
        found = self._viewers.get(claims)
        if found is None:
            found = self._viewers[claims] = Viewer(claims)
            self._strays.append(found)
        return found

    def retain(self, claims: Claims) -> None:
        """Keep what is known of *claims* until `release` is called as often."""
        viewer = self._viewers.get(claims)
        if viewer is None:
            viewer = self._viewers[claims] = Viewer(claims)
        viewer.user_count += 1

    def release(self, claims: Claims) -> None:
        """Forget *claims*, unless others have them."""
        viewer = self._viewers.get(claims)
        if viewer is not None:
            viewer.user_count -= 1
            if viewer.user_count <= 0:
                self._drop(viewer)

    def sweep(self) -> None:
        """Forget those who were asked about and never retained."""
        while self._strays:
            viewer = self._strays.pop()
            if viewer.user_count <= 0 and self._viewers.get(viewer.claims) is viewer:
                self._drop(viewer)

    def _drop(self, viewer: Viewer) -> None:
        del self._viewers[viewer.claims]
        self._missing.pop(viewer, None)
        for fact in list(viewer.facts):
            fact.forget(viewer)
        for compiled in self._compiled.values():
            compiled.viewers.discard(viewer)

    # Compiling

    async def compiled(self, relation: Relation, role: str) -> Compiled:
        """
        Give the compiled policies on *relation* for *role*.

        Raises:
            psycopg.OperationalError: PostgreSQL could not be asked.
        """
        key = (relation.oid, role)
        found = self._compiled.get(key)
        if found is None or not _is_same(found.access.relation, relation):
            async with self._compiling:
                found = self._compiled.get(key)
                if found is None or not _is_same(found.access.relation, relation):
                    async with self._pool.connection() as connection:
                        found = await self._compile(connection, relation, role)
        return found

    def is_current(self, compiled: Compiled) -> bool:
        """Tell whether policies were not compiled anew meanwhile."""
        access = compiled.access
        return self._compiled.get((access.relation.oid, access.role)) is compiled

    def of_table(self, table: int) -> list[Compiled]:
        """Give the compiled policies on a table, by its OID, for all roles."""
        return self._by_oid.get(table, [])

    async def _compile(
        self, connection: AsyncConnection[TupleRow], relation: Relation, role: str
    ) -> Compiled:
        """Compile, have the tables watched that facts are read from, and keep the result."""
        while True:
            access = await self._access(connection, relation, role)
            tables = {table for fact in self._used(access) for table in fact.tables}
            reasons = await self._watched.want(connection, "policies", tables)
            if not reasons.keys() - self._unwatchable.keys():
                break
            self._unwatchable |= reasons
        former = self._compiled.get((relation.oid, role))
        lookup = None
        if access.rule is not None and not access.is_unconditional:
            lookup = index.lookup(access.rule)
        viewers: set[Viewer] = set() if former is None else former.viewers
        made = Compiled(access, lookup, viewers, self._missing)
        self._compiled[relation.oid, role] = made
        self._arrange()
        for viewer in made.viewers:
            self._note_missing(viewer, access)
        opaque = "; ".join(text for policy in access.policies for text in policy.problems)
        observe(
            PoliciesCompiled(table=f"{relation.schema}.{relation.name}", role=role, opaque=opaque)
        )
        return made

    async def _access(
        self, connection: AsyncConnection[TupleRow], relation: Relation, role: str
    ) -> Access:
        try:
            async with connection.transaction(force_rollback=True):
                await connection.execute("set transaction read write")
                await connection.execute("set local search_path = ''")
                compiler = Compiler(
                    connection, self._search_path, dict(self._facts), self._unwatchable
                )
                access = await compiler.access(relation, role)
        except psycopg.Error as error:
            if connection.broken or isinstance(error, psycopg.OperationalError):
                raise
            opaque = Opaque(f"PostgreSQL said: {problem(error)}")
            return Access(relation, role, frozenset(), is_unconditional=False, rule=opaque)
        for fact in access.facts:
            self._facts.setdefault(fact.identity, fact)
        return access

    def _used(self, access: Access | None = None) -> list[Fact]:
        """List all facts that are needed, those first that others are read through."""
        accesses = [compiled.access for compiled in self._compiled.values()]
        if access is not None:
            accesses.append(access)
        return list(dict.fromkeys(fact for access in accesses for fact in access.facts))

    def _arrange(self) -> None:
        """Drop the facts that nobody needs any more, and note which tables matter to which."""
        used = self._used()
        for identity, fact in list(self._facts.items()):
            if fact not in used:
                del self._facts[identity]
                for viewer in fact.holders():
                    fact.forget(viewer)
        needed = frozenset(used)
        for viewer, missing in list(self._missing.items()):
            missing.intersection_update(needed)
            if not missing:
                del self._missing[viewer]
        self._by_oid.clear()
        for compiled in self._compiled.values():
            self._by_oid[compiled.access.relation.oid].append(compiled)
        self._by_table.clear()
        for fact in used:
            source = None if fact.source is None else fact.source.relation.oid
            for table in fact.tables if source is None else {source}:
                self._by_table[table].append(fact)

    async def refresh(self) -> None:
        """
        Compile anew what was defined anew, if it is time to look.

        Raises:
            psycopg.OperationalError: PostgreSQL could not be asked.
        """
        age_s = time.monotonic() - self._checked_at
        if self._suspicions != self._settled or age_s >= self._check_every_s:
            await self._check()
        elif age_s >= self._check_every_s / 2 and self._checking is None:
            self._checking = asyncio.create_task(self._check_ahead())

    async def _check_ahead(self) -> None:
        """Check while nobody waits; if that fails, whoever comes next does it."""
        try:
            await self._check()
        except psycopg.Error:
            self._suspicions += 1
        finally:
            self._checking = None

    async def _check(self) -> None:
        async with self._compiling:
            suspicions = self._suspicions
            is_suspect = suspicions != self._settled
            if not is_suspect and time.monotonic() - self._checked_at < self._check_every_s / 2:
                return  # it was done while the lock was waited for
            async with self._pool.connection() as connection:
                if is_suspect:
                    await until_visible(connection, self._recent)
                roles, objects = await _definitions(connection, with_objects=is_suspect)
                checked_at = time.monotonic()
                if roles != self._roles or objects not in (None, self._objects):
                    await self._compile_all(connection)
                    self._roles, self._objects = roles, objects or self._objects
            self._settled, self._checked_at = suspicions, checked_at

    async def _compile_all(self, connection: AsyncConnection[TupleRow]) -> None:
        self._unwatchable.clear()
        # What decides about a fact besides rows is more than can be told apart: privileges, owners,
        # domains. So all are read again.
        self._generation += 1
        for fact in self._facts.values():
            for viewer in fact.holders():
                fact.forget(viewer)
        # At once, since changes may be ruled on while policies are compiled.
        for compiled in self._compiled.values():
            for viewer in compiled.viewers:
                self._note_missing(viewer, compiled.access)
        for key, former in list(self._compiled.items()):
            if former.viewers:
                await self._compile(connection, former.access.relation, former.access.role)
            else:
                del self._compiled[key]  # it is compiled when somebody asks
        self._arrange()

    # Facts

    async def admit(
        self, compiled: Compiled, viewers: Iterable[Viewer], *, pool: Pool | None = None
    ) -> None:
        """
        Make sure that everything is known that *compiled* needs of *viewers*.

        Args:
            compiled: The policies.
            viewers: Those who are subject to them.
            pool: What to ask with; by default that of the stream.

        Raises:
            psycopg.OperationalError: PostgreSQL could not be asked.
        """
        for viewer in viewers:
            if viewer not in compiled.viewers:
                compiled.viewers.add(viewer)
                self._note_missing(viewer, compiled.access)
        if not self._missing:
            return
        wanted = {viewer: frozenset(self._missing[viewer]) for viewer in compiled.missing}
        if wanted:
            await self._read(wanted, pool or self._pool)

    def _note_missing(self, viewer: Viewer, access: Access) -> None:
        missing = {fact for fact in access.facts if fact.needs(viewer)}
        if missing:
            self._missing[viewer] |= missing

    async def _read(self, wanted: Mapping[Viewer, frozenset[Fact]], pool: Pool) -> None:
        """Read facts, group by group of viewers who lack the same ones."""
        groups: defaultdict[tuple[str, tuple[Fact, ...]], list[Viewer]] = defaultdict(list)
        for viewer, facts in wanted.items():
            in_order = tuple(sorted(facts, key=lambda fact: fact.identity))
            groups[viewer.claims.role, in_order].append(viewer)
        for (role, facts), viewers in groups.items():
            for first in range(0, len(viewers), VIEWERS_A_CALL):
                some = viewers[first : first + VIEWERS_A_CALL]
                await self._read_some(role, facts, some, pool)

    async def _read_some(
        self, role: str, facts: Sequence[Fact], viewers: Sequence[Viewer], pool: Pool
    ) -> None:
        passed: list[_Event] = []
        self._readings.append(passed)
        after = list(self._recent)
        generation = self._generation
        try:
            rows = await self._ask_when_visible(role, facts, viewers, after, pool)
            computed_count = 0
            while computed_count < len(passed):
                await self._compute(passed[computed_count].change)
                computed_count += 1
            if generation != self._generation:
                return  # something was defined anew: it is read again when it is needed
            # Nothing passes by from here on.
            for xid in after:
                self._recent.pop(xid, None)
            self._learn(rows, facts, viewers)
            for event in passed:
                self._take(event, set(viewers))
        except postgres_errors.QueryCanceled:
            if len(viewers) == 1:
                for fact in facts:
                    self._found_out(viewers[0], fact)
                    fact.fail(viewers[0])
                return
        else:
            return
        finally:
            self._readings = [reading for reading in self._readings if reading is not passed]
        for viewer in viewers:
            await self._read_some(role, facts, [viewer], pool)

    def _learn(
        self, rows: Sequence[TupleRow], facts: Sequence[Fact], viewers: Sequence[Viewer]
    ) -> None:
        """Take what `slotcast.facts` returned."""
        snapshot = Snapshot.parse(rows[0][0], Lsn.parse(rows[0][1]))
        answers = iter(rows[1:])
        for viewer in viewers:
            for fact in facts:
                text, failure = next(answers)
                self._found_out(viewer, fact)
                if self._viewers.get(viewer.claims) is not viewer:
                    continue  # it left meanwhile
                values = None if failure is not None else _values(fact, text, snapshot)
                if values is None:
                    fact.fail(viewer)
                else:
                    fact.learn(viewer, values)
            for fact in facts:
                # Without what tells which rows count, it could not follow them.
                if fact.source is not None and any(
                    viewer not in inner.values for inner in rules.facts_of(fact.source.rule)
                ):
                    fact.fail(viewer)

    def _found_out(self, viewer: Viewer, fact: Fact) -> None:
        missing = self._missing.get(viewer)
        if missing is not None:
            missing.discard(fact)
            if not missing:
                del self._missing[viewer]

    async def _ask_when_visible(
        self,
        role: str,
        facts: Sequence[Fact],
        viewers: Sequence[Viewer],
        after: Sequence[int],
        pool: Pool,
    ) -> list[TupleRow]:
        parameters = reading(
            role,
            [viewer.claims for viewer in viewers],
            facts,
            search_path=self._search_path,
            after=after,
        )
        delay_s = _FIRST_DELAY_S
        while True:
            async with pool.connection() as connection:
                cursor = await connection.execute(READ_FACTS, parameters, prepare=True)
                rows = await cursor.fetchall()
            if rows:
                return rows
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, _DELAY_LIMIT_S)

    # The stream

    def concerns(self, slices: Sequence[TransactionSlice]) -> bool:
        """Tell whether `follow` has to be told of *slices* before they are judged."""
        if slices[0].xid == self._in_parts or slices[-1].end_lsn is None:
            return True
        for each in slices:
            if each.truncations or each.redefines:
                return True
            for change in each.changes:
                relation = change.relation
                if (
                    relation.oid in self._by_table
                    or self._described.get(relation.oid) is not relation
                ):
                    return True
        return False

    async def follow(self, slices: Sequence[TransactionSlice]) -> None:
        """
        Bring the facts to the moment after a transaction.

        Args:
            slices: All of it, or a part.

        Raises:
            psycopg.OperationalError: PostgreSQL could not be asked; tell again.
        """
        xid, commit_lsn = slices[0].xid, slices[0].commit_lsn
        for each in slices:
            for change in each.changes:
                self._note_description(change.relation)
        if any(each.redefines for each in slices):
            self._note_recent(xid)
            self._suspicions += 1
        is_begun, is_over = xid == self._in_parts, slices[-1].end_lsn is not None
        if is_begun:
            events: list[_Event] = []
        elif is_over:
            events = self._events(slices)
        else:
            events = [_Event(xid, commit_lsn)]
        self._in_parts = None if is_over else xid
        for event in events:
            await self._compute(event.change)
        if events:
            self._note_recent(xid)
        for event in events:
            for passed in self._readings:
                passed.append(event)
            self._take(event, None)

    def _events(self, slices: Sequence[TransactionSlice]) -> list[_Event]:
        """List what a whole transaction did to the tables that facts are read from, in order."""
        xid, commit_lsn = slices[0].xid, slices[0].commit_lsn
        events: list[_Event] = []
        for each in slices:
            emptied: defaultdict[int, list[int]] = defaultdict(list)
            for truncation in each.truncations:
                emptied[truncation.place] += truncation.tables
            for place, change in enumerate((*each.changes, None)):
                events += [
                    _Event(xid, commit_lsn, emptied=table) for table in emptied.get(place, ())
                ]
                if change is not None and change.relation.oid in self._by_table:
                    events.append(_Event(xid, commit_lsn, change=change))
        return events

    def _note_description(self, relation: Relation) -> None:
        former = self._described.get(relation.oid)
        if former is not relation:
            self._described[relation.oid] = relation
            self._suspicions += 1

    def _note_recent(self, xid: int) -> None:
        self._recent[xid] = None
        while len(self._recent) > RECENT_LIMIT:
            self._recent.pop(next(iter(self._recent)))

    def _take(self, event: _Event, among: set[Viewer] | None) -> None:
        """Let all facts follow *event*, or only those of some viewers."""
        change, emptied, xid, commit_lsn = event.change, event.emptied, event.xid, event.commit_lsn
        if change is not None:
            for fact in self._by_table.get(change.relation.oid, ()):
                self._forgotten(fact, fact.apply(change, xid, commit_lsn, among))
        elif emptied is not None:
            for fact in self._by_table.get(emptied, ()):
                self._forgotten(fact, fact.empty(xid, commit_lsn, among))
        else:
            for fact in self._used():
                if fact.tables:
                    self._forgotten(fact, fact.doubt(xid, commit_lsn, among))

    def _forgotten(self, fact: Fact, changed: set[Viewer]) -> None:
        """Note what has to be read again, since *fact* is something else for some viewers."""
        for viewer in changed:
            if viewer.claims not in self._viewers:
                continue
            if fact.needs(viewer):
                self._missing[viewer].add(fact)
            for derived in fact.derived:
                if viewer in derived.values:
                    derived.forget(viewer)
                    self._forgotten(derived, {viewer})

    async def _compute(self, change: Change | None) -> None:
        """Have everything computed that the facts read from a table need of a changed row."""
        if change is None:
            return
        for fact in self._by_table.get(change.relation.oid, ()):
            source = fact.source
            if source is None or change.new is None:
                continue
            places = column_places(change.relation, source.relation)
            if -1 not in places:
                image = tuple([change.new[place] for place in places])
                await self.compute(rules.computed_of(source.rule), [image])

    async def compute(self, wanted: Sequence[Computed], images: Collection[Image]) -> None:
        """
        Let PostgreSQL compute expressions on row images, where it was not asked before.

        Raises:
            psycopg.OperationalError: PostgreSQL could not be asked.
        """
        if not wanted:
            return
        unknown = [image for image in images if any(each.needs(image) for each in wanted)]
        if not unknown:
            return
        relation = wanted[0].relation
        places = sorted({place for each in wanted for place in each.places})
        rows = [
            json.dumps(
                [cast("bytes", image[p]).decode() if image[p] is not None else None for p in places]
            )
            if all(image[p] is None or isinstance(image[p], bytes) for p in places)
            else None
            for image in unknown
        ]
        asked = [(image, row) for image, row in zip(unknown, rows, strict=True) if row is not None]
        parameters = [
            relation.oid,
            [relation.columns[place].name for place in places],
            [row for _, row in asked],
            [each.text for each in wanted],
        ]
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(_COMPUTED, parameters, prepare=True)
                answers = await cursor.fetchall()
        except psycopg.Error as error:
            if isinstance(error, (psycopg.OperationalError, postgres_errors.LockNotAvailable)):
                raise
            return  # the table is another one by now: it is for PostgreSQL to say
        for (image, _), (letters,) in zip(asked, answers, strict=True):
            for each, letter in zip(wanted, letters, strict=True):
                each.learn(image, letter)


async def _definitions(
    connection: AsyncConnection[TupleRow], *, with_objects: bool
) -> tuple[str, str | None]:
    cursor = await connection.execute(_DEFINITIONS, [with_objects], prepare=True)
    row = await cursor.fetchone()
    if row is None:
        raise AssertionError("a SELECT without FROM returns a row")
    return row[0], row[1]


def _is_same(known: Relation, given: Relation) -> bool:
    """Tell whether two descriptions have the same columns at the same places."""
    return known is given or [(c.name, c.type_oid) for c in known.columns] == [
        (c.name, c.type_oid) for c in given.columns
    ]


def _values(fact: Fact, text: str | None, snapshot: Snapshot) -> Values | None:
    """Read the result of a fact's query; None if it is too much to keep."""
    if not fact.is_set:
        return Values({(): None if text is None else text.encode()}, snapshot)
    is_null, rows = json.loads(text or "[false, null]")
    if rows is not None and len(rows) > ROWS_LIMIT:
        return None
    read: dict[tuple[bytes, ...], Key | None] = {}
    for row_id, key in rows or ():
        read[tuple(part.encode() for part in row_id)] = _key(key)
    return Values(read, snapshot, is_null=is_null)


def _key(parts: list[str | None]) -> Key | None:
    texts = tuple(part.encode() for part in parts if part is not None)
    if len(texts) < len(parts):
        return None
    return texts[0] if len(texts) == 1 else texts
