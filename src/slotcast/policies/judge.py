"""
The judge: compiled policies and facts decide what they can, PostgreSQL the rest.

What is certain is decided here, on the image and the facts as of its commit. Everything else is a
question to the oracle: an opaque policy that decides, an image without the columns that are
needed, a viewer for whom PostgreSQL raised an error.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from slotcast.changes import UNKNOWN, Absent, Operation
from slotcast.policies.rules import Undecided
from slotcast.verdicts import Question, Ruling, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from slotcast.changes import Change, Image, Relation, TransactionSlice
    from slotcast.claims import Claims
    from slotcast.counters import JudgeCounts
    from slotcast.policies.facts import Viewer
    from slotcast.policies.oracle import Oracle
    from slotcast.policies.store import Compiled, PolicyStore, Pool


class PolicyJudge:
    """
    Answers questions from compiled policies; a `slotcast.verdicts.Judge`.

    Args:
        store: Compiled policies and facts.
        oracle: Asks PostgreSQL.
        join_pool: What to ask about those who join with, so that changes do not wait for them.
    """

    def __init__(self, store: PolicyStore, oracle: Oracle, *, join_pool: Pool) -> None:
        self._store = store
        self._join_pool = join_pool
        self._oracle = oracle

    @property
    def counts(self) -> JudgeCounts:
        """What PostgreSQL was asked, and what was decided without it."""
        return self._oracle.counts

    # What is known of viewers

    def retain(self, claims: Claims) -> None:
        """See `slotcast.verdicts.Judge.retain`."""
        self._store.retain(claims)

    def release(self, claims: Claims) -> None:
        """See `slotcast.verdicts.Judge.release`."""
        self._store.release(claims)

    async def admit(self, relations: Sequence[Relation], viewers: Collection[Claims]) -> None:
        """See `slotcast.verdicts.Judge.admit`."""
        await self._store.refresh()
        by_role: defaultdict[str, list[Viewer]] = defaultdict(list)
        for claims in viewers:
            by_role[claims.role].append(self._store.viewer(claims))
        for relation in relations:
            for role, of_role in by_role.items():
                compiled = await self._store.compiled(relation, role)
                await self._store.admit(compiled, of_role, pool=self._join_pool)

    async def refresh(self) -> None:
        """See `slotcast.verdicts.Judge.refresh`."""
        await self._store.refresh()

    def audience(self, change: Change) -> Iterable[Claims] | None:
        """See `slotcast.verdicts.Judge.audience`."""
        is_deletion = change.operation is Operation.DELETE
        image = change.old if is_deletion else change.new
        if image is None:
            return None
        members: set[Viewer] = set()
        for compiled in self._store.of_table(change.relation.oid):
            members |= _members(compiled, change.relation, image, is_deletion=is_deletion)
        return [viewer.claims for viewer in members]

    def concerns(self, transaction: TransactionSlice) -> bool:
        """See `slotcast.verdicts.Judge.concerns`."""
        return self._store.concerns(transaction)

    async def follow(self, transaction: TransactionSlice) -> None:
        """See `slotcast.verdicts.Judge.follow`."""
        await self._store.follow(transaction)

    # Questions

    async def judge(
        self, questions: Sequence[Question], *, after: Collection[int] = ()
    ) -> list[Mapping[Claims, Ruling]]:
        """Rule on every viewer of every question; see `slotcast.verdicts.Judge.judge`."""
        cases = await self._prepare(questions)
        answers: list[dict[Claims, Ruling]] = []
        left: list[Question] = []
        places: list[int] = []
        for place, (question, case) in enumerate(zip(questions, cases, strict=True)):
            answer, undecided = case.decide()
            answers.append(answer)
            if undecided:
                places.append(place)
                left.append(
                    Question(
                        relation=question.relation,
                        image=question.image,
                        viewers=frozenset(undecided),
                    )
                )
            self.counts.decided += len(answer)
        self._store.sweep()
        if left:
            asked = await self._oracle.judge(left, after=after)
            for place, rulings in zip(places, asked, strict=True):
                answers[place].update(rulings)
        return cast("list[Mapping[Claims, Ruling]]", answers)

    async def _prepare(self, questions: Sequence[Question]) -> list[_Case]:
        """Make sure that everything is known which *questions* need."""
        find = self._store.viewer
        while True:
            cases: list[_Case] = []
            images: defaultdict[Compiled, list[Image]] = defaultdict(list)
            for question in questions:
                case = _Case(question, {})
                for role, of_role in _by_role(question.viewers).items():
                    compiled = await self._store.compiled(question.relation, role)
                    pairs = [(claims, find(claims)) for claims in of_role]
                    await self._store.admit(compiled, [viewer for _, viewer in pairs])
                    case.by_role[role] = (compiled, pairs)
                    if compiled.access.computed:
                        images[compiled].append(question.image)
                cases.append(case)
            for compiled, gathered in images.items():
                await self._store.compute(compiled.access.computed, gathered)
            if all(case.is_current(self._store) for case in cases):
                return cases


@dataclass(frozen=True, slots=True)
class _Case:
    """A question, and for each role among its viewers the policies and the viewers."""

    question: Question
    by_role: dict[str, tuple[Compiled, list[tuple[Claims, Viewer]]]]

    def is_current(self, store: PolicyStore) -> bool:
        """Tell whether nothing was compiled anew meanwhile."""
        return all(store.is_current(compiled) for compiled, _ in self.by_role.values())

    def decide(self) -> tuple[dict[Claims, Ruling], list[Claims]]:
        """
        Rule on those of whom it is certain.

        Returns:
            The rulings, and everybody else.
        """
        rulings: dict[Claims, Ruling] = {}
        undecided: list[Claims] = []
        for compiled, pairs in self.by_role.values():
            rule = _Bench(compiled, self.question.image).rule
            for claims, viewer in pairs:
                ruling = rule(viewer)
                if ruling is None:
                    undecided.append(claims)
                else:
                    rulings[claims] = ruling
        return rulings, undecided


def _members(
    compiled: Compiled, relation: Relation, image: Image, *, is_deletion: bool
) -> AbstractSet[Viewer]:
    """
    Find who may see a row among those who are subject to compiled policies.

    Args:
        compiled: The policies.
        relation: The table as the stream describes it.
        image: The row.
        is_deletion: Whether it was deleted; then nobody is told for whom it cannot be judged.
    """
    access = compiled.access
    if access.is_unconditional or compiled.lookup is None:
        return compiled.viewers
    places = compiled.places(relation)
    row = tuple([UNKNOWN if place < 0 else image[place] for place in places])
    if is_deletion and any(row[place] is UNKNOWN and places[place] >= 0 for place in access.needed):
        return frozenset()
    try:
        found = compiled.lookup(row)
    except Undecided:
        return compiled.viewers
    odd = [fact.failed for fact in access.facts if fact.failed]
    missing = compiled.missing
    if found.viewers is None:
        return compiled.viewers
    return frozenset(found.viewers).union(*odd, missing) if odd or missing else found.viewers


def _by_role(viewers: Collection[Claims]) -> dict[str, list[Claims]]:
    grouped: defaultdict[str, list[Claims]] = defaultdict(list)
    for claims in viewers:
        grouped[claims.role].append(claims)
    return grouped


class _Bench:
    """Rules on one image for the viewers of one role."""

    def __init__(self, compiled: Compiled, image: Image) -> None:
        access = compiled.access
        self._rule = access.rule
        self._image = image
        readable = access.readable
        self._visible = Ruling(
            verdict=Verdict.VISIBLE, readable=readable, unconditional=access.is_unconditional
        )
        self._hidden = Ruling(verdict=Verdict.HIDDEN, readable=readable)
        self._same: Ruling | None = None
        self._entitled: AbstractSet[Viewer] | None = None
        # PostgreSQL may raise an error while it plans what it would not evaluate in the end.
        self._odd: set[Viewer] = set()
        for fact in access.facts:
            self._odd |= fact.failed
        if access.is_unconditional:
            self._same = self._visible
        elif any(isinstance(image[place], Absent) for place in access.needed):
            self._same = Ruling(verdict=Verdict.UNKNOWABLE, readable=readable)
        elif compiled.lookup is not None and not self._odd:
            with suppress(Undecided):
                found = compiled.lookup(image)
                if found.is_exact and not compiled.missing:
                    self._entitled = compiled.viewers if found.viewers is None else found.viewers

    def rule(self, viewer: Viewer) -> Ruling | None:
        """Rule on *viewer*, or return None if it is not certain."""
        if self._same is not None or self._rule is None:
            return self._same
        if self._entitled is not None:
            return self._visible if viewer in self._entitled else self._hidden
        if viewer in self._odd:
            return None
        try:
            truth = self._rule.value(self._image, viewer)
        except Undecided:
            return None
        return self._visible if truth is True else self._hidden
