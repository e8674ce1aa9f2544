from __future__ import annotations

import itertools
import operator
from time import process_time

import pytest

from slotcast.fanout.comparisons import (
    ends_in_escape,
    equality_key,
    is_text_canonical,
    like,
    order_key,
)
from slotcast.postgres.types import PgType, TypeKind


def base(oid: int, kind: TypeKind = TypeKind.BASE) -> PgType:
    return PgType(oid=oid, schema="pg_catalog", name="t", display_name="t", kind=kind, category="U")


@pytest.mark.parametrize(
    ("oid", "ascending"),
    [
        (20, ["-9223372036854775808", "-1", "0", "9007199254740993", "9223372036854775807"]),
        (701, ["-Infinity", "-1e+300", "-0.5", "0", "1e-07", "1.5", "Infinity", "NaN"]),
        (1700, ["-Infinity", "-10.5", "-10.25", "0.00", "0.1", "9" * 60, "Infinity", "NaN"]),
        (1082, ["-infinity", "4713-01-01 BC", "0001-12-31 BC", "0001-01-01", "9999-12-31",
                "10000-01-01", "infinity"]),
        (1114, ["0044-03-15 00:00:00 BC", "2026-01-02 03:04:05", "2026-01-02 03:04:05.1",
                "2026-01-02 03:04:05.12", "2026-01-02 03:04:06", "12026-01-01 00:00:00"]),
        (1184, ["0044-03-15 00:00:00+00 BC", "2026-01-02 03:04:05+00",
                "2026-01-02 03:04:05.1+00", "2026-01-02 03:04:06+00", "infinity"]),
        (1083, ["00:00:00", "00:00:00.000001", "23:59:59", "24:00:00"]),
        (16, ["f", "t"]),
    ],
)  # fmt: skip
def test_keys_ascend_with_the_values(oid: int, ascending: list[str]) -> None:
    key = order_key(base(oid), is_bytewise=False)

    assert key is not None
    keys = [key(text.encode()) for text in ascending]
    for low, high in itertools.pairwise(keys):
        assert low is not None
        assert high is not None
        assert operator.lt(low, high)


@pytest.mark.parametrize(
    ("oid", "one", "other"),
    [(1700, "1.0", "1.00"), (701, "0", "-0"), (1042, "ab", "ab   ")],
)
def test_different_texts_of_equal_values_have_equal_keys(oid: int, one: str, other: str) -> None:
    key = equality_key(base(oid), is_deterministic=True)

    assert key is not None
    assert key(one.encode()) == key(other.encode())
    assert not is_text_canonical(base(oid), is_deterministic=True)


@pytest.mark.parametrize("oid", [19, 25, 1042, 1043])
def test_order_of_text_under_a_locale_is_left_to_postgresql(oid: int) -> None:
    assert order_key(base(oid), is_bytewise=False) is None
    assert order_key(base(oid), is_bytewise=True) is not None


@pytest.mark.parametrize("oid", [19, 25, 1042, 1043])
def test_equality_under_a_nondeterministic_collation_is_left_to_postgresql(oid: int) -> None:
    assert equality_key(base(oid), is_deterministic=False) is None
    assert not is_text_canonical(base(oid), is_deterministic=False)


def test_enums_are_equal_by_label_and_ordered_by_postgresql() -> None:
    mood = base(90001, TypeKind.ENUM)

    assert equality_key(mood, is_deterministic=True) is not None
    assert order_key(mood, is_bytewise=True) is None
    assert is_text_canonical(mood, is_deterministic=True)


def test_unknown_type_is_left_to_postgresql() -> None:
    assert equality_key(base(3802), is_deterministic=True) is None
    assert order_key(base(3802), is_bytewise=True) is None


def test_timestamptz_in_another_zone_cannot_be_judged() -> None:
    key = order_key(base(1184), is_bytewise=False)

    assert key is not None
    assert key(b"2026-01-02 03:04:05+02") is None


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("", "", True),
        ("", "a", False),
        ("%", "", True),
        ("%%", "a\nb", True),
        ("_", "é", True),
        ("_", "", False),
        ("a%b", "ab", True),
        ("a%b", "a--b--b", True),
        ("a%b", "abc", False),
        ("%a_c%", "xxabcxx", True),
        ("%ab%ab", "ab", False),
        ("%aa%", "aa", True),
        (r"a\%", "a%", True),
        (r"a\%", "ab", False),
        (r"a\\", "a\\", True),
        (r"\a", "a", True),
        ("a.c", "abc", False),
    ],
)
def test_like_pattern(pattern: str, text: str, expected: bool) -> None:
    assert like(pattern, ignores_case=False)(text.encode()) is expected


def test_like_ignoring_case_judges_ascii_only() -> None:
    matches = like("Ab%", ignores_case=True)

    assert matches(b"aBc") is True
    assert matches(b"b") is False
    assert matches("abé".encode()) is None


def test_hostile_like_pattern_is_quick() -> None:
    matches = like("%a" * 30 + "%b", ignores_case=False)

    before = process_time()
    assert matches(b"a" * 2000) is False
    assert process_time() - before < 1.0


@pytest.mark.parametrize(
    ("pattern", "expected"), [("a\\", True), ("a\\\\", False), ("\\\\\\", True), ("", False)]
)
def test_lone_escape_at_the_end_is_noticed(pattern: str, expected: bool) -> None:
    assert ends_in_escape(pattern) is expected
