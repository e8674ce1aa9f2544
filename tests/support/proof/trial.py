"""
Comparing a judge's verdicts with what PostgreSQL lets the same role and claims SELECT.

A `Court` is a database with a judge that is fed from its replication stream. It plays a
scenario (`support.proof.grammar`): builds the world, asks the judge about every row image and
everybody's claims, asks PostgreSQL by ``SET LOCAL ROLE``, ``request.jwt.claims`` and SELECT on
the real table, lets something happen, and asks again.

What counts as agreement (t: seen, f: not seen, e: an error):

======== ========= ====================================================================
SELECT   judge     verdict of the proof
======== ========= ====================================================================
t        t         right
t        e         right only if PostgreSQL itself raises, for this row and these claims,
                   when it is made to evaluate every policy on its own: SQL leaves open
                   which operand of AND and OR comes first, and so whether it is reached;
                   or if it refuses to make one of the row's values from its text, since
                   the domain got a constraint that the value breaks
t        f         wrong
f        f, e      right: nothing is sent (e for the reason above)
e        e, f      right: nothing is sent
e        t         right only if SELECT returns the row when one alternative is left of the
                   permissive policies (one policy, one operand of its outermost OR), and
                   the planner cannot look into it: then what raised is an alternative that
                   need not be reached, or an estimate of how many rows come through. Where
                   a function hides a query to estimate, its plan has to be another's
f        t         wrong: a leak
======== ========= ====================================================================

An image without all of its columns may be answered with UNKNOWABLE, and else must be
answered as the whole row is. Whoever sees a row has to be in a party of its changes, once the
judge was asked about its table; and what is told of a party has to be the answer for each of it.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, LiteralString, TypeVar

import psycopg
from hypothesis import HealthCheck

from slotcast.changes import UNKNOWN, Change, Operation
from slotcast.postgres.catalog import table_by_oid
from slotcast.postgres.pool import TEXT_FORMS, make_pool
from slotcast.replication.stream import Replication, StreamState
from slotcast.verdicts import Question, Verdict
from support.judges import PUBLICATION, SEARCH_PATH, hand_over, make_judge
from support.proof import grammar, world
from support.proof.world import quote

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator, Iterable, Mapping, Sequence

    from psycopg.rows import TupleRow

    from slotcast.changes import Image, Relation, TransactionSlice
    from slotcast.claims import Claims
    from slotcast.verdicts import Judge, Ruling
    from support.proof.grammar import Drawn, Scenario
    from support.proof.world import Someone

T = TypeVar("T")
Connection = psycopg.AsyncConnection[Any]

TIMEOUT_S: Final = 60.0
UNCHECKED: Final = (
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
    HealthCheck.too_slow,
)
"""What Hypothesis finds unhealthy, and scenarios cannot help being."""

_LETTERS: Final = {
    Verdict.VISIBLE: "t",
    Verdict.HIDDEN: "f",
    Verdict.FAILED: "e",
    Verdict.UNKNOWABLE: "u",
    Verdict.TOO_SLOW: "s",
}

_SETUP: Final = """
create table public.proof_marker (id int generated always as identity primary key);
alter publication supabase_realtime add table public.proof_marker;
-- What the server's own sessions have must not matter to a policy.
do $$ begin
  execute format('alter database %I set timezone = ''Asia/Tokyo''', current_database());
  execute format('alter database %I set datestyle = ''SQL, DMY''', current_database());
  execute format('alter database %I set intervalstyle = ''iso_8601''', current_database());
end $$;
-- The real SELECT of single rows, in one round trip: t, f or e for each.
create function public.proof_row_by_row(
  relation text, key text, numbers int[], role_name text, claims text
) returns text language plpgsql volatile as $$
declare
  found text;
  answer text := '';
  number int;
begin
  set local enable_seqscan = off;
  foreach number in array numbers loop
    begin
      perform set_config('request.jwt.claims', claims, true);
      perform set_config('role', role_name, true);
      execute format('select case when exists (select %1$I from %2$s where %1$I = %3$s)'
                     ' then ''t'' else ''f'' end', key, relation, number) into found;
    exception when others then found := 'e';
    end;
    perform set_config('role', 'none', true);
    answer := answer || found;
  end loop;
  return answer;
end $$;
"""
_READABLE: Final = """
select r.role, array(
  select a.attname::text from pg_attribute a
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    and has_schema_privilege(r.role, c.relnamespace, 'USAGE')
    and has_column_privilege(r.role, c.oid, a.attnum, 'SELECT'))
from pg_class c, unnest(%s::text[]) as r(role) where c.oid = %s
"""


class DisagreementError(AssertionError):
    """A judge's verdict is not PostgreSQL's."""


@dataclass(slots=True)
class Tally:
    """
    How much was compared.

    Attributes:
        verdicts: By PostgreSQL's letter and the judge's.
        scenarios: How many were played.
        refused_policies: Drawn, but not SQL that PostgreSQL accepts.
        policies: Drawn and accepted.
    """

    verdicts: Counter[str] = field(default_factory=Counter[str])
    scenarios: int = 0
    policies: int = 0
    refused_policies: int = 0

    @property
    def total(self) -> int:
        """How many verdicts were compared."""
        return self.verdicts.total()


@dataclass(slots=True)
class _Told:
    """
    What a judge tells at once of the changes of a row.

    Attributes:
        told: For each change the rulings on the row of all whom it may concern, None where they
            have yet to be asked for; None for anybody.
        old: Rulings on another row, which was before, and that row's place.
    """

    told: list[dict[Claims, Ruling | None] | None] = field(
        default_factory=list["dict[Claims, Ruling | None] | None"]
    )
    old: list[tuple[int, dict[Claims, Ruling]]] = field(
        default_factory=list["tuple[int, dict[Claims, Ruling]]"]
    )

    def add(self, judge: Judge, change: Change, former: int | None = None) -> None:
        """Note what *judge* tells of *change*, whose old row is that at the place *former*."""
        parties = judge.parties(change)
        if parties is None:
            self.told.append(None)
            return
        self.told.append({claims: party.ruling for party in parties for claims in party.viewers})
        assert sum(len(party.viewers) for party in parties) == len(self.told[-1] or ())
        if former is not None:
            rulings = {
                claims: party.old_ruling
                for party in parties
                if party.old_ruling is not None
                for claims in party.viewers
            }
            assert len(rulings) == sum(len(party.viewers) for party in parties if party.ruling)
            self.old.append((former, rulings))

    def problem(
        self, claims: Claims, place: int, answers: Sequence[Mapping[Claims, Ruling]]
    ) -> str | None:
        """Tell what does not fit the judge's answers, of which the row's is at *place*."""
        answer = answers[place][claims]
        for told in self.told:
            if told is None:
                continue
            if claims not in told and answer.verdict is Verdict.VISIBLE:
                return "t, but nobody would ask"
            ruling = told.get(claims)
            if ruling is not None and not _is_same(ruling, answer):
                return f"{_LETTERS[answer.verdict]}, and another one at once"
        for former, rulings in self.old:
            if claims in rulings and not _is_same(rulings[claims], answers[former][claims]):
                return "something else at once of the old row"
        return None


def _is_same(ruling: Ruling, other: Ruling) -> bool:
    return (ruling.verdict, ruling.readable) == (other.verdict, other.readable)


def _change(
    operation: Operation, relation: Relation, new: Image | None, old: Image | None
) -> Change:
    return Change(operation=operation, relation=relation, new=new, old=old)


@dataclass(slots=True)
class _Exhibit:
    """A drawn table as it is now."""

    drawn: Drawn
    relation: Relation
    images: dict[int, Image]


class Court:
    """
    A database, its stream and a judge.

    Args:
        url: A migrated database, which it changes for good.
        slot: Name of a replication slot.
        kind: The judge; see `support.judges`.
        people: Whom verdicts are asked for.

    Attributes:
        tally: What was compared.
    """

    def __init__(
        self, url: str, slot: str, kind: str, people: Sequence[Someone] = world.PEOPLE
    ) -> None:
        self._people = {someone.claims: someone for someone in people}
        self._url = url
        self._slot = slot
        self._kind = kind
        self._stack = AsyncExitStack()
        self._marked = asyncio.Condition()
        self._last_marker = 0
        self._played = grammar.Scenario((), (), ())
        self._log: list[str] = []
        self._comparison_count = 0
        self.tally = Tally()

    async def open(self) -> None:
        """Connect, and begin to stream."""
        enter = self._stack.enter_async_context
        self._writer = await enter(
            await Connection.connect(self._url, autocommit=True, prepare_threshold=None)
        )
        await _run(self._writer, world.CLUSTER + _SETUP)
        self._has_icu = await _has_icu(self._writer)
        await _run(self._writer, world.build(has_icu=self._has_icu) + grammar.RESTORE)
        # Only now, for the settings of the database to be its own.
        self._asker = await enter(
            await Connection.connect(self._url, autocommit=True, prepare_threshold=None)
        )
        await _run(self._asker, f"set search_path = {SEARCH_PATH}")
        for connection in (self._asker, self._writer):
            # As in a session that has not asked before: what PL/pgSQL plans once for all values
            # may raise where a plan for one value does not.
            await _run(connection, "set plan_cache_mode = force_custom_plan")
        self._reader = await enter(
            await Connection.connect(
                self._url, autocommit=True, prepare_threshold=None, options=TEXT_FORMS
            )
        )
        pool = await enter(make_pool(self._url, size=2, statement_timeout_s=20))
        candidate = make_judge(self._kind, pool)
        self._judge: Judge = candidate.judge
        self._store = candidate.store
        for claims in self._people:
            self._judge.retain(claims)
        live = asyncio.Event()
        self._replication = Replication(
            self._url,
            slot=self._slot,
            publications=[PUBLICATION, "slotcast_private"],
            replay_window_s=0,
            on_state=lambda state: live.set() if state is StreamState.LIVE else None,
        )
        self._streaming = asyncio.create_task(self._replication.run(self._deliver))
        async with asyncio.timeout(TIMEOUT_S):
            await live.wait()

    async def close(self) -> None:
        """End the stream and all connections."""
        self._streaming.cancel()
        await asyncio.wait([self._streaming])
        await self._stack.aclose()

    async def play(self, scenario: Scenario) -> None:
        """
        Compare all verdicts of a scenario, and leave its tables until the next one.

        Raises:
            DisagreementError: With the SQL that shows it.
        """
        await self._clear(scenario)
        self._log = [world.CLUSTER, world.build(has_icu=self._has_icu)]
        self.tally.scenarios += 1
        await self._play(scenario)

    async def _clear(self, scenario: Scenario) -> None:
        """Remove what the last scenario left."""
        if any(step.is_ddl for step in self._played.steps):
            await _run(self._writer, world.build(has_icu=self._has_icu) + grammar.RESTORE)
        elif self._played.tables:
            names = ", ".join(drawn.name for drawn in self._played.tables)
            await _run(self._writer, f"drop table if exists {names} cascade;{_CLEAN}")
        self._played = scenario
        self._ruled_on: set[tuple[str, Claims]] = set()

    async def _play(self, scenario: Scenario) -> None:
        await self._do("; ".join(scenario.setting))
        for drawn in scenario.tables:
            await self._do(drawn.create)
            await self._do(f"alter publication supabase_realtime add table {drawn.name}")
            for policy in drawn.policies:
                await self._try_policy(policy)
            await self._do(drawn.rows)
        await self._compare(scenario.tables)
        for step in scenario.steps:
            await self._happen(step)
            await self._compare(scenario.tables)

    async def _do(self, text: str) -> None:
        self._log.append(text)
        await _run(self._writer, text)

    async def _try_policy(self, policy: str) -> None:
        try:
            await _run(self._writer, policy)
        except psycopg.ProgrammingError:
            self.tally.refused_policies += 1
        else:
            self._log.append(policy)
            self.tally.policies += 1

    async def _happen(self, step: grammar.Step) -> None:
        """Do a step; what PostgreSQL refuses does not happen."""
        text = "begin; " + "; ".join(step.statements) + "; commit"
        if step.statements[-1] == "rollback":
            text = text.removesuffix("; commit")
        try:
            await _run(self._writer, text)
        except psycopg.Error:
            await _run(self._writer, "rollback")
        else:
            self._log.append(text)

    @property
    def compiles(self) -> bool:
        """Whether the judge compiles policies."""
        return self._store is not None

    async def problems(self, table: Drawn, role: str) -> list[str]:
        """Tell why policies on a table are not compiled for a role; nothing if all are."""
        assert self._store is not None
        exhibit = await self._exhibit(table)
        compiled = await self._store.compiled(exhibit.relation, role)
        return [text for policy in compiled.access.policies for text in policy.problems]

    # The stream

    async def _deliver(self, batch: Sequence[TransactionSlice]) -> None:
        await hand_over(self._judge, batch)
        for transaction in batch:
            for change in transaction.changes:
                if change.relation.name == "proof_marker" and change.new is not None:
                    async with self._marked:
                        self._last_marker = int(_text(change.new[0]))
                        self._marked.notify_all()

    async def _settle(self) -> None:
        """Wait until the judge was given everything that is committed."""
        cursor = await self._writer.execute(
            "insert into public.proof_marker default values returning id"
        )
        row = await cursor.fetchone()
        assert row is not None
        number: int = row[0]
        async with asyncio.timeout(TIMEOUT_S), self._marked:
            while self._last_marker < number:
                if self._streaming.done():
                    self._streaming.result()
                await self._marked.wait()

    # Verdicts

    async def _compare(self, tables: Iterable[Drawn]) -> None:
        exhibits = [await self._exhibit(drawn) for drawn in tables]
        await self._settle()
        asked = self._asked_now()
        viewers = frozenset(asked)
        questions = [
            (exhibit, number, Question(relation=exhibit.relation, image=image, viewers=viewers))
            for exhibit in exhibits
            for number, image in _asked(exhibit)
        ]
        await self._judge.refresh()
        before = self._told(questions)
        answers = await self._judge.judge([question for _, _, question in questions])
        after = self._told(questions)
        readable = [await self._readable(exhibit.relation) for exhibit in exhibits]
        for claims, someone in asked.items():
            columns = [of_roles[someone.role] for of_roles in readable]
            truths = dict(
                zip(map(id, exhibits), await self._truths(exhibits, someone, columns), strict=True)
            )
            for place, (exhibit, number, question) in enumerate(questions):
                truth, names = truths[id(exhibit)]
                ruling = answers[place][claims]
                await self._check(
                    exhibit, someone, question, (truth[number], names), ruling, number
                )
                is_known = (exhibit.drawn.name, claims) in self._ruled_on
                for told in (before[place], after[place]) if is_known else (after[place],):
                    problem = told.problem(claims, place, answers)
                    if problem:
                        raise DisagreementError(
                            self._report(exhibit, someone, question, problem, number)
                        )
        self._ruled_on |= {(exhibit.drawn.name, claims) for exhibit in exhibits for claims in asked}

    def _asked_now(self) -> dict[Claims, Someone]:
        """Choose whom to ask about: at first some, later all, of whom one was away meanwhile."""
        self._comparison_count += 1
        everybody = list(self._people)
        if not self._ruled_on:
            return {claims: self._people[claims] for claims in everybody[::2]}
        absent = everybody[self._comparison_count % len(everybody)]
        self._judge.release(absent)
        self._judge.retain(absent)
        self._ruled_on = {pair for pair in self._ruled_on if pair[1] != absent}
        return self._people

    def _told(self, questions: Sequence[tuple[_Exhibit, int, Question]]) -> list[_Told]:
        """Give what the judge tells at once when the rows come, change into others and go."""
        all_told: list[_Told] = []
        former: int | None = None  # place of another whole row of the same table
        for place, (_, _, question) in enumerate(questions):
            told = _Told()
            all_told.append(told)
            image, relation = question.image, question.relation
            told.add(self._judge, _change(Operation.DELETE, relation, None, image))
            if UNKNOWN in image:
                continue
            told.add(self._judge, _change(Operation.INSERT, relation, image, None))
            told.add(self._judge, _change(Operation.UPDATE, relation, image, None))
            if former is not None and questions[former][2].relation is relation:
                old = questions[former][2].image
                told.add(self._judge, _change(Operation.UPDATE, relation, image, old), former)
            former = place
        return all_told

    async def _exhibit(self, drawn: Drawn) -> _Exhibit:
        """Read a table's rows in the form in which they are logged."""
        cursor = await self._reader.execute("select %s::regclass::oid", [drawn.name])
        row = await cursor.fetchone()
        assert row is not None
        table = await table_by_oid(self._reader, row[0])
        assert table is not None
        cursor = await self._reader.execute(_sql(f"select * from {drawn.name} order by id"))
        result = cursor.pgresult
        assert result is not None
        images = [
            tuple(result.get_value(number, place) for place in range(result.nfields))
            for number in range(result.ntuples)
        ]
        return _Exhibit(drawn, table.relation, {int(image[0] or b""): image for image in images})

    async def _readable(self, relation: Relation) -> Mapping[str, frozenset[str]]:
        roles = sorted({someone.role for someone in self._people.values()})
        cursor = await self._reader.execute(_READABLE, [roles, relation.oid])
        return {role: frozenset(names) for role, names in await cursor.fetchall()}

    async def _truths(
        self, exhibits: Sequence[_Exhibit], someone: Someone, readable: Sequence[frozenset[str]]
    ) -> list[tuple[dict[int, str], frozenset[str]]]:
        """Ask PostgreSQL which rows somebody sees, and give them with the readable columns."""
        keys = [next((key for key in ("id", "twin") if key in names), None) for names in readable]
        queries = [
            f"(select coalesce(array_agg({key}), '{{}}') from {exhibit.drawn.name})"
            if key is not None
            else "null"
            for exhibit, key in zip(exhibits, keys, strict=True)
        ]
        try:
            seen = await _values(self._asker, _as(someone, f"select {', '.join(queries)}"))
        except psycopg.Error:
            await _run(self._asker, "rollback")
            truths = [
                await self._truth(exhibit, someone, key, query)
                for exhibit, key, query in zip(exhibits, keys, queries, strict=True)
            ]
        else:
            truths = [
                _letters(exhibit, numbers) for exhibit, numbers in zip(exhibits, seen, strict=True)
            ]
        return list(zip(truths, readable, strict=True))

    async def _truth(
        self, exhibit: _Exhibit, someone: Someone, key: str | None, query: str
    ) -> dict[int, str]:
        """Ask for one table's rows: for all at once, and for each on its own if that raises."""
        try:
            (seen,) = await _values(self._asker, _as(someone, f"select {query}"))
            return _letters(exhibit, seen)
        except psycopg.Error:
            await _run(self._asker, "rollback")
        numbers = list(exhibit.images)
        parameters = [exhibit.drawn.name, key, numbers, someone.role, someone.claims.document]
        cursor = await self._asker.execute(
            "select public.proof_row_by_row(%s, %s, %s, %s, %s)", parameters
        )
        row = await cursor.fetchone()
        assert row is not None
        return dict(zip(numbers, row[0], strict=True))

    async def _check(
        self,
        exhibit: _Exhibit,
        someone: Someone,
        question: Question,
        expected: tuple[str, frozenset[str]],
        ruling: Ruling,
        number: int,
    ) -> None:
        truth, readable = expected
        given = _LETTERS[ruling.verdict]
        if given == "t" and not ruling.readable:
            given = "f"  # a row without columns is not sent
        self.tally.verdicts[truth + given] += 1
        is_whole = UNKNOWN not in question.image
        match truth, given:
            case ("t", "t") | (("f" | "e"), ("f" | "e")):
                is_right = True
            case (_, "u"):
                is_right = not is_whole
            case ("t", "e"):
                is_right = await self._is_beyond_domain(question) or await self._may_raise(
                    exhibit, someone, number
                )
            case ("e", "t"):
                is_right = await self._is_seen_by_an_alternative(exhibit, someone, number)
            case _:
                is_right = False
        if ruling.verdict is not Verdict.TOO_SLOW and ruling.readable != readable:
            # A viewer whose call failed as a whole is told nothing, which is right, too.
            is_right = is_right and given == "e" and not ruling.readable
        if not is_right:
            raise DisagreementError(
                self._report(
                    exhibit,
                    someone,
                    question,
                    f"{truth}, but the judge says {given} ({ruling}; readable: {sorted(readable)})",
                    number,
                )
            )

    async def _is_beyond_domain(self, question: Question) -> bool:
        """Tell whether the row has a value that PostgreSQL would let nobody write any more."""
        for column, value in zip(question.relation.columns, question.image, strict=True):
            if not isinstance(value, bytes):
                continue
            cursor = await self._reader.execute(
                "select format_type(%s, %s)", [column.type_oid, column.type_modifier]
            )
            row = await cursor.fetchone()
            assert row is not None
            try:
                await _run(self._reader, f"select {quote(_text(value))}::{row[0]}")
            except psycopg.errors.CheckViolation:
                return True
        return False

    async def _may_raise(self, exhibit: _Exhibit, someone: Someone, number: int) -> bool:
        """Tell whether a part of a policy, as the only policy, raises for a row."""
        name = exhibit.drawn.name
        policies = await self._policies(exhibit)
        drops = "".join(f"drop policy {policy} on {name};" for policy, _, _ in policies)
        for _, _, condition in policies:
            for part in _operands(condition):
                # Such that PostgreSQL has to evaluate it, and lets everything through.
                alone = f"case when {part} then true else true end"
                change = f"{drops}create policy alone on {name} using ({alone});"
                if await self._select_after(change, exhibit, someone, number) is None:
                    return True
        return False

    async def _is_seen_by_an_alternative(
        self, exhibit: _Exhibit, someone: Someone, number: int
    ) -> bool:
        """Tell whether SELECT returns a row when one permissive alternative is left."""
        name = exhibit.drawn.name
        permissive: list[str] = []
        change = ""
        for policy, is_permissive, condition in await self._policies(exhibit):
            if is_permissive:
                permissive += _alternatives(condition)
                change += f"drop policy {policy} on {name};"
            else:
                change += f"alter policy {policy} on {name} using ({_unplanned(condition)});"
        for alternative in permissive:
            alone = f"create policy alone on {name} using ({_unplanned(alternative)});"
            # A session keeps the plans of functions, made for whoever called them first.
            first = world.Someone(someone.role, world.PEOPLE[0].content)
            planned = _become(first) + f"do $$ begin perform from {name}; end $$;"
            for before in ("", planned):
                found = await self._select_after(
                    change + alone, exhibit, someone, number, before=before
                )
                if found == 1:
                    return True
        return False

    async def _policies(self, exhibit: _Exhibit) -> list[tuple[str, bool, str]]:
        """Give name, whether it is permissive, and condition of a table's policies."""
        cursor = await self._writer.execute(
            "select quote_ident(polname), polpermissive, pg_get_expr(polqual, polrelid)"
            " from pg_policy where polrelid = %s and polqual is not null",
            [exhibit.relation.oid],
        )
        return await cursor.fetchall()

    async def _select_after(
        self, change: str, exhibit: _Exhibit, someone: Someone, number: int, *, before: str = ""
    ) -> int | None:
        """Count a table's row that somebody sees after *change*; None if that raises."""
        name = exhibit.drawn.name
        prepare = (
            f"begin; set local search_path = {SEARCH_PATH}; {change}"
            f"delete from {name} where id <> {number}; {before}"
        )
        query = f"{_become(someone)} select count(*)::int from {name}; rollback"
        try:
            (found,) = await _values(self._writer, prepare + query)
        except psycopg.Error:
            await _run(self._writer, "rollback")
            return None
        return int(found)

    def _report(
        self, exhibit: _Exhibit, someone: Someone, question: Question, problem: str, number: int
    ) -> str:
        """Write the SQL that shows a disagreement."""
        query = _as(someone, f"select * from {exhibit.drawn.name} where id = {number}")
        others = [each.name for each in self._played.tables if each is not exhibit.drawn]
        log = [text for text in self._log[2:] if not any(name in text for name in others)]
        return "\n".join(
            (
                f"PostgreSQL says {problem}",
                f"of the image {question.image}",
                f"for {someone.role} with {someone.claims.document}",
                "-- in a database with all migrations, after world.CLUSTER and world.build():",
                *(f"{text.rstrip().removesuffix(';')};" for text in log),
                f"{query};",
            )
        )


_CLEAN: Final = "".join(
    f"truncate {table} cascade; alter table {table} disable row level security;"
    f" alter table {table} replica identity"
    f" {'full' if table == 'proof.blocks' else 'default'}; drop policy if exists w on {table};"
    "do $$ begin if exists (select from pg_publication_tables where pubname = 'supabase_realtime'"
    f" and format('%I.%I', schemaname, tablename) = {quote(table)}) then"
    f" alter publication supabase_realtime drop table {table}; end if; end $$;"
    for table in world.MEMBERS
)


def _asked(exhibit: _Exhibit) -> list[tuple[int, Image]]:
    """Give the images of all rows, and one of which only the key was logged."""
    images = list(exhibit.images.items())
    partial = [(number, (image[0], *[UNKNOWN] * (len(image) - 1))) for number, image in images[:1]]
    return images + partial


def _operands(condition: str) -> list[str]:
    """Give a condition, and the parts of it that AND and OR join at any depth."""
    parts = [condition]
    depth, start = 0, 0
    for place, character in enumerate(condition):
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        for word in (" AND ", " OR "):
            if condition.startswith(word, place) and depth <= 1:
                parts.append(condition[start:place])
                start = place + len(word)
    return parts


def _alternatives(condition: str) -> list[str]:
    """Give the operands of a condition's outermost OR."""
    depth, start, is_quoted = 0, 0, False
    inside = condition[1:-1]
    parts: list[str] = []
    for place, character in enumerate(inside):
        if character == "'":
            is_quoted = not is_quoted
        elif not is_quoted and character in "()":
            depth += 1 if character == "(" else -1
            if depth < 0:
                return [condition]  # the outermost parentheses do not belong together
        elif not is_quoted and depth == 0 and inside.startswith(" OR ", place):
            parts.append(inside[start:place])
            start = place + len(" OR ")
    return [*parts, inside[start:]] if parts else [condition]


def _unplanned(condition: str) -> str:
    """Write a condition such that the planner estimates nothing of it."""
    return f"case when {condition} then true else false end"


def _letters(exhibit: _Exhibit, seen: Sequence[int] | None) -> dict[int, str]:
    """Give PostgreSQL's letter for each row; None stands for a table that cannot be read."""
    if seen is None:
        return dict.fromkeys(exhibit.images, "e")
    return {number: "t" if number in seen else "f" for number in exhibit.images}


def _as(someone: Someone, query: str) -> str:
    """Write a transaction that asks *query* as somebody."""
    return f"begin; {_become(someone)} {query}; rollback"


def _become(someone: Someone) -> str:
    """Write what makes a transaction somebody's."""
    claims = quote(someone.claims.document)
    return f'set local role {someone.role}; set local "request.jwt.claims" = {claims};'


def _sql(text: str) -> LiteralString:
    return text  # pyright: ignore[reportReturnType] - SQL that the proof drew


async def _run(connection: Connection, text: str) -> None:
    await connection.execute(text.encode())


async def _values(connection: Connection, text: str) -> TupleRow:
    """Run statements; give the row of the one that returns one."""
    cursor = await connection.execute(text.encode())
    while cursor.description is None:
        assert cursor.nextset()
    row: TupleRow | None = await cursor.fetchone()
    assert row is not None
    return row


async def _has_icu(connection: Connection) -> bool:
    """Tell whether collations can be nondeterministic, which takes a build with ICU."""
    try:
        await _run(connection, "begin; create collation c (provider = icu, locale = 'und')")
    except psycopg.errors.FeatureNotSupported:
        return False
    finally:
        await _run(connection, "rollback")
    return True


def _text(value: object) -> str:
    assert isinstance(value, bytes)
    return value.decode()


@contextmanager
def sitting(
    url: str, slot: str, kind: str, people: Sequence[Someone] = world.PEOPLE
) -> Generator[tuple[Court, Loop]]:
    """Open a court, and give it with the loop that it runs in; see `Court` for the arguments."""
    loop = Loop()
    court = Court(url, slot, kind, people)
    try:
        loop.run(court.open())
        yield court, loop
    finally:
        loop.run(court.close())
        loop.stop()


class Loop:
    """An event loop in a thread, for tests that are not coroutines."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine that runs in the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
