"""
The judge: compiled policies and facts decide what they can, PostgreSQL the rest.

What is certain is decided here, on the image and the facts as of its commit. Everything else is a
question to the oracle: an opaque policy that decides, an image without the columns that are
needed, a viewer for whom PostgreSQL raised an error.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from slotcast.changes import Absent, Operation
from slotcast.policies.rules import Undecided
from slotcast.verdicts import Party, Question, Ruling, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
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

    def parties(self, change: Change) -> list[Party]:
        """See `slotcast.verdicts.Judge.parties`."""
        found: list[Party] = []
        for compiled in self._store.of_table(change.relation.oid):
            found += _parties(compiled, change)
        self.counts.decided += sum(len(party.viewers) for party in found if party.ruling)
        return found

    def concerns(self, slices: Sequence[TransactionSlice]) -> bool:
        """See `slotcast.verdicts.Judge.concerns`."""
        return self._store.concerns(slices)

    async def follow(self, slices: Sequence[TransactionSlice]) -> None:
        """See `slotcast.verdicts.Judge.follow`."""
        await self._store.follow(slices)

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


class _Known(NamedTuple):
    """
    What is known at once of those who are subject to compiled policies and a row.

    Attributes:
        entitled: Certainly see it.
        doubtful: May see it. Nobody else does.
    """

    entitled: AbstractSet[Viewer]
    doubtful: AbstractSet[Viewer]


_NOBODY: Final[frozenset[Viewer]] = frozenset()


def _parties(compiled: Compiled, change: Change) -> list[Party]:
    """Tell who of those who are subject to compiled policies may see a change."""
    is_deletion = change.operation is Operation.DELETE
    image = change.old if is_deletion else change.new
    if image is None:
        raise AssertionError("a change has the image that its operation calls for")
    if is_deletion and compiled.is_cut(change.relation, image):
        return []  # it cannot be judged, so nobody is told
    entitled, doubtful = _known(compiled, compiled.row(change.relation, image))
    if not compiled.knows(change.relation):
        # The table was altered: what may be read of it has to be asked for.
        return [Party(viewers=_claims(entitled | doubtful))]
    parties: list[Party] = []
    if change.operation is Operation.UPDATE and change.old is not None and entitled:
        before = _known(compiled, compiled.row(change.relation, change.old))
        doubtful = doubtful | (entitled & before.doubtful)
        parties = [
            _party(compiled, entitled & before.entitled, compiled.visible),
            _party(compiled, entitled - before.entitled - before.doubtful, compiled.hidden),
        ]
    else:
        parties = [_party(compiled, entitled, None)]
    parties.append(Party(viewers=_claims(doubtful)))
    return [party for party in parties if party.viewers]


def _party(compiled: Compiled, viewers: AbstractSet[Viewer], old_ruling: Ruling | None) -> Party:
    return Party(viewers=_claims(viewers), ruling=compiled.visible, old_ruling=old_ruling)


def _claims(viewers: AbstractSet[Viewer]) -> list[Claims]:
    return [viewer.claims for viewer in viewers]


def _known(compiled: Compiled, row: Image) -> _Known:
    """
    Look up who may see a row.

    Args:
        compiled: The policies.
        row: In the order of their columns.
    """
    access = compiled.access
    viewers = compiled.viewers
    if access.is_unconditional:
        return _Known(viewers, _NOBODY)
    if compiled.lookup is None:
        return _Known(_NOBODY, viewers)
    try:
        found = compiled.lookup(row)
    except Undecided:
        return _Known(_NOBODY, viewers)
    # Those of whom nothing is known cannot be found, and for those who are odd PostgreSQL has to
    # be asked whatever is found.
    doubtful = compiled.odd | compiled.missing
    # A fact may be shared with other tables and roles.
    members = viewers if found.viewers is None else found.viewers & viewers
    if found.is_exact and not any(isinstance(row[place], Absent) for place in access.needed):
        return _Known(members - doubtful if doubtful else members, doubtful)
    return _Known(_NOBODY, members | doubtful)


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
        self._visible = compiled.visible
        self._hidden = compiled.hidden
        self._same: Ruling | None = None
        self._odd = compiled.odd
        self._entitled, self._doubtful = _known(compiled, image)
        if access.is_unconditional:
            self._same = compiled.visible
        elif any(isinstance(image[place], Absent) for place in access.needed):
            self._same = Ruling(verdict=Verdict.UNKNOWABLE, readable=access.readable)

    def rule(self, viewer: Viewer) -> Ruling | None:
        """Rule on *viewer*, or return None if it is not certain."""
        if self._same is not None or self._rule is None:
            return self._same
        if viewer in self._entitled:
            return self._visible
        if viewer not in self._doubtful:
            return self._hidden
        if viewer in self._odd:
            return None
        try:
            truth = self._rule.value(self._image, viewer)
        except Undecided:
            return None
        return self._visible if truth is True else self._hidden
