"""
The oracle: PostgreSQL itself rules on row images.

PostgreSQL alone defines who may see a row, so the oracle is exact by construction: the
function `slotcast.judge` makes a row of an image again and evaluates the policies that a
SELECT would be subject to, as the viewer's role and with the viewer's claims. Nothing is
cached, so it sees policies, grants and memberships as they are when it is asked.

A batch of questions is put in one round trip: one call for each table, role and set of
columns that the images hold, all of them pipelined on one connection. Where a viewer's
policies raise, only that viewer fails; where they take too long, the viewers of that call
are asked one at a time, so that only the slow one fails.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import psycopg
from psycopg import errors as postgres_errors

from slotcast.changes import Absent, Image
from slotcast.counters import JudgeCounts
from slotcast.verdicts import Ruling, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from psycopg import AsyncConnection, AsyncCursor
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool

    from slotcast.changes import Change, Relation, TransactionSlice
    from slotcast.claims import Claims
    from slotcast.verdicts import Question

# Lists go as JSON, which is made and read many times faster than arrays.
_JUDGE: Final = """
select * from slotcast.judge(
    %s, %s,
    array(select jsonb_array_elements_text(%s::jsonb)),
    array(select jsonb_array_elements(%s::jsonb)),
    array(select jsonb_array_elements_text(%s::jsonb)),
    %s, %s::bigint[])
"""

_FIRST_DELAY_S: Final = 0.0005
_DELAY_LIMIT_S: Final = 0.2

VIEWERS_A_CALL: Final = 500
"""Most viewers of one call, which has to be done within the statement timeout."""

_LETTERS: Final = {"t": Verdict.VISIBLE, "f": Verdict.HIDDEN, "e": Verdict.FAILED}


_Key: TypeAlias = tuple[int, str, tuple[int, ...]]
"""Identity of the relation, role, columns that the images hold."""


@dataclass(slots=True)
class _Call:
    """One call of `slotcast.judge`: the images of one shape for the viewers of one role."""

    relation: Relation
    role: str
    known: tuple[int, ...]
    positions: dict[Image, int] = field(default_factory=dict[Image, int])
    viewers: list[Claims] = field(default_factory=list["Claims"])

    def parts(self) -> list[_Call]:
        """Cut the call into some that cannot take too long only because of their size."""
        return [
            replace(self, viewers=self.viewers[first : first + VIEWERS_A_CALL])
            for first in range(0, len(self.viewers), VIEWERS_A_CALL)
        ]

    def parameters(self, search_path: str, after: Sequence[int]) -> tuple[object, ...]:
        """Give the arguments of `slotcast.judge`."""
        return (
            self.relation.oid,
            self.role,
            json.dumps([self.relation.columns[index].name for index in self.known]),
            json.dumps([texts(image, self.known) for image in self.positions]),
            json.dumps([claims.document for claims in self.viewers]),
            search_path,
            after,
        )


@dataclass(frozen=True, slots=True)
class _Reply:
    """What PostgreSQL said of all images of a call for one viewer."""

    readable: frozenset[str]
    verdict: Verdict | None
    letters: str
    sqlstate: str | None

    def ruling(self, position: int) -> Ruling:
        verdict = self.verdict or _LETTERS[self.letters[position]]
        return Ruling(
            verdict=verdict,
            readable=self.readable,
            unconditional=self.verdict is Verdict.VISIBLE,
            sqlstate=self.sqlstate if verdict is Verdict.FAILED else None,
        )


class Oracle:
    """
    Answers questions by asking PostgreSQL; a `slotcast.verdicts.Judge`.

    Args:
        pool: Connections whose role is a member of every role that is judged for.
        search_path: The search_path under which the functions of policies run.

    Attributes:
        counts: What PostgreSQL was asked.
    """

    def __init__(
        self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]], *, search_path: str
    ) -> None:
        self._pool = pool
        self._search_path = search_path
        self.counts = JudgeCounts()

    async def judge(
        self, questions: Sequence[Question], *, after: Collection[int] = ()
    ) -> list[Mapping[Claims, Ruling]]:
        """Rule on every viewer of every question; see `slotcast.verdicts.Judge.judge`."""
        calls = _calls(questions)
        began = time.perf_counter()
        parts = [(key, part) for key, call in calls.items() for part in call.parts()]
        replies: defaultdict[_Key, dict[Claims, _Reply]] = defaultdict(dict)
        asked = await self._ask_when_visible([part for _, part in parts], list(after))
        for (key, _), part_replies in zip(parts, asked, strict=True):
            replies[key] |= part_replies
        self.counts.round_trip_s.observe(time.perf_counter() - began)
        self.counts.pairs += sum(len(question.viewers) for question in questions)
        answers: list[Mapping[Claims, Ruling]] = []
        for question in questions:
            known = known_columns(question.image)
            answer: dict[Claims, Ruling] = {}
            for claims in question.viewers:
                key = (id(question.relation), claims.role, known)
                position = calls[key].positions[question.image]
                answer[claims] = replies[key][claims].ruling(position)
            answers.append(answer)
        return answers

    def retain(self, claims: Claims) -> None:
        """Do nothing: nothing is known of viewers."""

    def release(self, claims: Claims) -> None:
        """Do nothing; see `retain`."""

    async def admit(self, relations: Sequence[Relation], viewers: Collection[Claims]) -> None:
        """Do nothing; see `retain`."""

    async def refresh(self) -> None:
        """Do nothing; see `retain`."""

    def parties(self, change: Change) -> None:
        """Answer that it may be anybody."""

    def concerns(self, slices: Sequence[TransactionSlice]) -> bool:  # noqa: ARG002
        """Answer no: every question is answered from what the database holds then."""
        return False

    async def follow(self, slices: Sequence[TransactionSlice]) -> None:
        """Do nothing; see `concerns`."""

    async def _ask_when_visible(
        self, calls: Sequence[_Call], after: list[int]
    ) -> list[dict[Claims, _Reply]]:
        """Ask until PostgreSQL sees what the transactions *after* did."""
        delay_s = _FIRST_DELAY_S
        while True:
            try:
                async with self._pool.connection() as connection:
                    return await self._ask(connection, calls, after)
            except _NotVisibleError:
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, _DELAY_LIMIT_S)

    async def _ask(
        self, connection: AsyncConnection[TupleRow], calls: Sequence[_Call], after: list[int]
    ) -> list[dict[Claims, _Reply]]:
        try:
            # A pipeline of one would only add messages.
            async with connection.pipeline() if len(calls) > 1 else nullcontext():
                cursors = [await self._execute(connection, call, after) for call in calls]
            return [
                _replies(call, await cursor.fetchall())
                for call, cursor in zip(calls, cursors, strict=True)
            ]
        except psycopg.Error as error:
            if _concerns_everybody(connection, error):
                raise
            return [await self._ask_alone(connection, call, after) for call in calls]

    async def _ask_alone(
        self, connection: AsyncConnection[TupleRow], call: _Call, after: list[int]
    ) -> dict[Claims, _Reply]:
        """Make one call, viewer by viewer if need be."""
        try:
            cursor = await self._execute(connection, call, after)
            return _replies(call, await cursor.fetchall())
        except psycopg.Error as error:
            if _concerns_everybody(connection, error):
                raise
            return await self._ask_one_by_one(connection, call, after)

    async def _ask_one_by_one(
        self, connection: AsyncConnection[TupleRow], call: _Call, after: list[int]
    ) -> dict[Claims, _Reply]:
        """Ask for each viewer alone, so that the policies of one cannot spend another's time."""
        replies: dict[Claims, _Reply] = {}
        for claims in call.viewers:
            single = replace(call, viewers=[claims])
            try:
                cursor = await self._execute(connection, single, after)
                replies |= _replies(single, await cursor.fetchall())
            except postgres_errors.QueryCanceled:
                replies[claims] = _Reply(frozenset(), Verdict.TOO_SLOW, "", None)
            except psycopg.Error as error:
                if _concerns_everybody(connection, error):
                    raise
                replies[claims] = _Reply(frozenset(), Verdict.FAILED, "", error.sqlstate)
        return replies

    async def _execute(
        self, connection: AsyncConnection[TupleRow], call: _Call, after: list[int]
    ) -> AsyncCursor[TupleRow]:
        parameters = call.parameters(self._search_path, after)
        return await connection.execute(_JUDGE, parameters, prepare=True)


class _NotVisibleError(Exception):
    """A transaction was logged, and others do not see yet what it did."""


def _concerns_everybody(connection: AsyncConnection[TupleRow], error: psycopg.Error) -> bool:
    """Whether no viewer is at fault, so that all have to be asked for again."""
    return connection.broken or isinstance(error, postgres_errors.LockNotAvailable)


def _calls(questions: Sequence[Question]) -> dict[_Key, _Call]:
    """Gather *questions* into as few calls as they fit in."""
    calls: dict[_Key, _Call] = {}
    viewers: defaultdict[int, dict[Claims, None]] = defaultdict(dict)
    for question in questions:
        known = known_columns(question.image)
        for claims in question.viewers:
            key = (id(question.relation), claims.role, known)
            call = calls.setdefault(key, _Call(question.relation, claims.role, known))
            call.positions.setdefault(question.image, len(call.positions))
            viewers[id(call)][claims] = None
    for call in calls.values():
        call.viewers = list(viewers[id(call)])
    return calls


def _replies(call: _Call, rows: Sequence[TupleRow]) -> dict[Claims, _Reply]:
    """Give each viewer of *call* what `slotcast.judge` returned for it."""
    if not rows:
        raise _NotVisibleError
    names, unconditional, judgeable, _, _ = rows[0]
    readable = frozenset[str](names)
    if unconditional or not judgeable:
        verdict = Verdict.VISIBLE if unconditional else Verdict.UNKNOWABLE
        return dict.fromkeys(call.viewers, _Reply(readable, verdict, "", None))
    return {
        claims: _Reply(readable, None, letters, sqlstate)
        for claims, (_, _, _, letters, sqlstate) in zip(call.viewers, rows[1:], strict=True)
    }


def known_columns(image: Image) -> tuple[int, ...]:
    """Tell which columns *image* holds, by their index."""
    return tuple(index for index, value in enumerate(image) if not isinstance(value, Absent))


def texts(image: Image, columns: Sequence[int]) -> list[str | None]:
    """Give the values of *columns* as the SQL side reads them: text forms, None for NULL."""
    values = (image[index] for index in columns)
    return [value.decode() if isinstance(value, bytes) else None for value in values]
