"""The filter grammar, and LIKE compared with its definition."""

from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from slotcast.errors import SubscriptionError
from slotcast.fanout.comparisons import ends_in_escape, like
from slotcast.fanout.filters import Condition, Operator, parse_filter

scalar_operators = st.sampled_from([one for one in Operator if one is not Operator.IN])
values = st.text(st.one_of(st.sampled_from('.,()"\\=% '), st.characters(exclude_categories=["C"])))
columns = st.text("abc_ é.", min_size=1).map(str.strip).filter(bool)
conditions = st.builds(
    Condition,
    column=columns,
    operator=scalar_operators,
    value=values,
    is_negated=st.booleans(),
)


def write(condition: Condition) -> str:
    """Write a condition with its value in quotes."""
    escaped = condition.value.replace("\\", "\\\\").replace('"', '\\"')
    negation = "not." if condition.is_negated else ""
    return f'{condition.column}={negation}{condition.operator}."{escaped}"'


@given(st.lists(conditions, max_size=4), st.sampled_from([",", " , ", ",\n"]))
def test_quoted_conditions_are_read_back(parts: list[Condition], comma: str) -> None:
    assert parse_filter(comma.join(map(write, parts))) == tuple(parts)


@given(st.lists(st.text("abc,.() ", max_size=5), min_size=1, max_size=4))
def test_quoted_values_of_in_stay_together(members: list[str]) -> None:
    quoted = ",".join(f'"{member}"' for member in members)

    assert parse_filter(f"a=in.({quoted}),b=eq.1") == (
        Condition(column="a", operator=Operator.IN, value=f"{{{quoted}}}"),
        Condition(column="b", operator=Operator.EQ, value="1"),
    )


@given(st.text(st.one_of(st.sampled_from('a=.,()"\\'), st.characters()), max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_filter(text)
    except SubscriptionError as refusal:
        assert str(refusal)  # noqa: PT017 - a refusal is one of two good outcomes


def like_by_definition(pattern: str, text: str) -> bool:
    """LIKE as the manual words it, exponential but for the cache."""

    @cache
    def matches(p: int, t: int) -> bool:
        if p == len(pattern):
            return t == len(text)
        if pattern[p] == "%":
            return any(matches(p + 1, rest) for rest in range(t, len(text) + 1))
        if t == len(text):
            return False
        if pattern[p] == "\\":
            return pattern[p + 1] == text[t] and matches(p + 2, t + 1)
        return pattern[p] in {"_", text[t]} and matches(p + 1, t + 1)

    return matches(0, 0)


patterns = st.text("ab%_\\.é", max_size=8).filter(lambda pattern: not ends_in_escape(pattern))


@given(patterns, st.text("ab%_\\.é\n", max_size=8))
def test_like_is_what_the_manual_says(pattern: str, text: str) -> None:
    assert like(pattern, ignores_case=False)(text.encode()) is like_by_definition(pattern, text)


@given(st.text("ab%_\\.", max_size=8), st.text("abAB%_\\.", max_size=8))
def test_ilike_is_like_in_lower_case(pattern: str, text: str) -> None:
    if not ends_in_escape(pattern):
        expected = like_by_definition(pattern, text.lower())

        assert like(pattern.upper(), ignores_case=True)(text.encode()) is expected
