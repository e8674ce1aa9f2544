from __future__ import annotations

import pytest

from slotcast import strict_json


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "[Infinity]",
        "-Infinity",
        "1e999",
        "[-1e999]",
        "9" * 5000,
        '"\\ud800"',
        '"\\uDC00\\uD800"',
        '{"\\udfff": 1}',
        "'a'",
        "[1,]",
        "",
        "{} {}",
        "\ud800",
        '"\udfff"',
        "\ufeff{}",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'"\\u0001',
        '{"a": "é"}'.encode("utf-16"),
    ],
)
def test_what_other_readers_would_stumble_over_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        strict_json.loads(text)


def test_a_pair_of_surrogate_escapes_is_one_character() -> None:
    assert strict_json.loads('"\\ud83d\\ude00"') == "\U0001f600"


def test_the_last_of_repeated_keys_counts() -> None:
    assert strict_json.loads('{"a": 1, "a": 2}') == {"a": 2}


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_is_bounded_exactly(opening: str, closing: str) -> None:
    limit = strict_json.DEPTH_LIMIT

    strict_json.loads(opening * limit + "1" + closing * limit)

    with pytest.raises(ValueError, match="nested more than 128"):
        strict_json.loads(opening * (limit + 1) + "1" + closing * (limit + 1))
    with pytest.raises(ValueError, match="nested more than 128"):
        strict_json.loads(opening * 100_000 + "1" + closing * 100_000)


def test_many_shallow_containers_are_not_deep() -> None:
    assert strict_json.loads("[" + ",".join(["[]"] * 1000) + "]") == [[]] * 1000


def test_errors_do_not_repeat_the_text() -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        strict_json.loads('{"password": "hunter2"')

    assert "hunter2" not in str(caught.value)


def test_encoding_is_compact_and_canonical_form_sorted() -> None:
    value: dict[str, int | str] = {"b": 1, "a": "é"}

    assert strict_json.encode({**value}) == '{"b":1,"a":"é"}'
    assert strict_json.dumps({**value}) == '{"b":1,"a":"é"}'.encode()
    assert strict_json.canonical({**value}) == '{"a":"é","b":1}'


def test_what_is_not_json_is_never_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        strict_json.dumps(float("nan"))


def test_very_many_strings_are_laborious_whatever_is_between_them() -> None:
    assert strict_json.is_laborious('""' * 300_001)
    assert strict_json.is_laborious(b'"\\\\"' * 600_001)


def test_one_string_is_not_laborious_whatever_is_in_it() -> None:
    assert not strict_json.is_laborious('["' + '\\",:{[' * 300_001 + '"]')


@pytest.mark.parametrize("before", ["", "1, ", '"a", '])
def test_a_very_long_number_is_laborious_and_a_string_of_digits_is_not(before: str) -> None:
    assert strict_json.is_laborious(f"[{before}{'7' * 200}]")
    assert not strict_json.is_laborious(f'[{before}"{"7" * 100_000}"]')
    assert not strict_json.is_laborious(f"[{before}{'7' * 99}]")


@pytest.mark.parametrize(
    ("part", "is_laborious"),
    [
        ("0.5", True),
        ("-1e5", True),
        ("1E5", True),
        ("1234", False),
        ("true", False),
        ("false", False),
        ('"1.5 e"', False),
    ],
)
def test_numbers_that_are_no_integers_take_longer(part: str, is_laborious: bool) -> None:
    assert strict_json.is_laborious(f"[{','.join([part] * 80_000)}]") is is_laborious
