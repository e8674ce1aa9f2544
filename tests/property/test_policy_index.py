"""The index against the brute force that it replaces: every viewer tried on every row."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from slotcast.claims import Claims
from slotcast.lsn import Lsn
from slotcast.policies import index, rules
from slotcast.policies.facts import Fact, Values, Viewer
from slotcast.policies.rules import (
    Among,
    And,
    Column,
    ColumnTruth,
    Constant,
    Equal,
    Exists,
    FactTruth,
    IsNull,
    Literal,
    Not,
    OneOf,
    Opaque,
    Or,
    Rule,
    Same,
    Scalar,
    Undecided,
)
from slotcast.snapshots import Snapshot

if TYPE_CHECKING:
    from slotcast.changes import Image
    from slotcast.policies.facts import RowId
    from slotcast.policies.rules import Key

SNAPSHOT = Snapshot(1, 2, frozenset(), Lsn(0))
TEXTS = [b"a", b"b", b"c"]
WIDTH = 3
TRUTH_PLACE = WIDTH


def fact(number: int, *, is_set: bool) -> Fact:
    return Fact(str(number), is_set, False, False, frozenset(), "")


def viewers(count: int) -> list[Viewer]:
    return [Viewer(Claims(role="r", document=str(number))) for number in range(count)]


@st.composite
def known_facts(draw: st.DrawFn, who: list[Viewer]) -> tuple[list[Fact], list[Fact], list[Fact]]:
    """Scalars, truths and sets, each known, or failed, for every viewer."""
    scalars = [fact(number, is_set=False) for number in range(2)]
    truths = [fact(number + 10, is_set=False) for number in range(2)]
    sets = [fact(number + 20, is_set=True) for number in range(2)]
    text = st.sampled_from([*TEXTS, None])
    for viewer in who:
        for each in scalars:
            each.learn(viewer, Values({(): draw(text)}, SNAPSHOT))
        for each in truths:
            value = draw(st.sampled_from([b"true", b"false", None]))
            each.learn(viewer, Values({(): value}, SNAPSHOT))
        for each in sets:
            rows: dict[RowId, Key | None] = {
                (str(n).encode(),): value for n, value in enumerate(draw(st.lists(text)))
            }
            if draw(st.integers(0, 9)) == 0:
                each.fail(viewer)
            else:
                each.learn(viewer, Values(rows, SNAPSHOT, is_null=not rows and draw(st.booleans())))
    return scalars, truths, sets


def leaves(facts: tuple[list[Fact], list[Fact], list[Fact]]) -> st.SearchStrategy[Rule]:
    scalars, truths, sets = facts
    column = st.integers(0, WIDTH - 1).map(Column)
    literal = st.sampled_from([*TEXTS, None]).map(Literal)
    scalar = st.sampled_from(scalars).map(Scalar)
    value = column | literal | scalar
    return st.one_of(
        st.builds(Equal, value, value),
        st.builds(Same, value, value),
        st.builds(IsNull, value),
        st.builds(Among, column, st.sampled_from(sets)),
        st.builds(Exists, st.tuples(column) | st.just(()), st.sampled_from(sets)),
        st.builds(OneOf, column, st.frozensets(st.sampled_from(TEXTS)), st.booleans()),
        st.builds(FactTruth, st.sampled_from(truths)),
        st.just(ColumnTruth(TRUTH_PLACE)),
        st.sampled_from([True, False, None]).map(Constant),
        st.just(Opaque("of no known form")),
    )


def trees(facts: tuple[list[Fact], list[Fact], list[Fact]]) -> st.SearchStrategy[Rule]:
    return st.recursive(
        leaves(facts),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: And(tuple(parts))),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: Or(tuple(parts))),
            st.builds(Not, inner),
        ),
        max_leaves=6,
    )


def images() -> st.SearchStrategy[Image]:
    text = st.sampled_from([*TEXTS, None])
    truth = st.sampled_from([b"t", b"f", None])
    return st.tuples(text, text, text, truth)


def sees(rule: Rule, image: Image, viewer: Viewer) -> bool | None:
    """What trying a viewer says; None if only PostgreSQL can tell."""
    try:
        return rule.value(image, viewer) is True
    except Undecided:
        return None


def decided(rule: Rule, truth: bool | None) -> Rule:
    """Let what is opaque be something."""
    match rule:
        case Opaque():
            return Constant(truth)
        case And(parts):
            return And(tuple(decided(part, truth) for part in parts))
        case Or(parts):
            return Or(tuple(decided(part, truth) for part in parts))
        case Not(part):
            return Not(decided(part, truth))
        case _:
            return rule


def may_see(rule: Rule, image: Image, viewer: Viewer) -> bool:
    """Whether a viewer may see the row, whatever PostgreSQL says of what is opaque."""
    return any(sees(decided(rule, truth), image, viewer) for truth in (True, False, None))


@given(st.data())
def test_nobody_is_left_out_and_exact_finds_are_exact(data: st.DataObject) -> None:
    who = viewers(4)
    facts = data.draw(known_facts(who))
    rule = data.draw(trees(facts))
    image = data.draw(images())
    find = index.lookup(rule)
    if find is None:
        return
    odd = {viewer for each in rules.facts_of(rule) for viewer in each.failed}
    with suppress(Undecided):
        found = find(image)
        for viewer in set(who) - odd:
            is_found = found.viewers is None or viewer in found.viewers
            assert is_found or not may_see(rule, image, viewer)
            if found.is_exact:
                assert is_found == sees(rule, image, viewer)


@given(st.data())
def test_what_is_forgotten_is_found_no_more(data: st.DataObject) -> None:
    who = viewers(3)
    for each in [one for group in data.draw(known_facts(who)) for one in group]:
        for viewer in who:
            each.forget(viewer)
        assert not each.by_value
        assert not each.filled
        assert not each.failed
        assert not each.values
    assert all(not viewer.facts for viewer in who)
