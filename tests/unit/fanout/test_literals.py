from __future__ import annotations

import pytest

from slotcast.fanout.literals import element_forms, text_form

BOOL, INT8, INT2, INT4, TEXT, VARCHAR, UUID, NUMERIC = 16, 20, 21, 23, 25, 1043, 2950, 1700
ID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"


@pytest.mark.parametrize(
    ("type_oid", "literal", "form"),
    [
        (BOOL, "true", "t"),
        (BOOL, "f", "f"),
        (INT2, "-32768", "-32768"),
        (INT4, "0", "0"),
        (INT8, "9223372036854775807", "9223372036854775807"),
        (TEXT, " any 'thing'\n", " any 'thing'\n"),
        (VARCHAR, "", ""),
        (UUID, ID.upper(), ID),
    ],
)
def test_what_is_printed_in_one_way_is_told(type_oid: int, literal: str, form: str) -> None:
    assert text_form(type_oid, literal) == form


@pytest.mark.parametrize(
    ("type_oid", "literal"),
    [
        (BOOL, "yes"),
        (BOOL, "TRUE"),
        (INT2, "32768"),
        (INT4, "-2147483649"),
        (INT4, "+1"),
        (INT4, "01"),
        (INT4, "-0"),
        (INT4, " 1"),
        (INT4, "1_0"),
        (INT4, "1\n"),
        (INT4, "\u0661"),
        (INT8, "99999999999999999999"),
        (INT8, "0x10"),
        (UUID, f"{{{ID}}}"),
        (UUID, ID.replace("-", "")),
        (UUID, ID[:-1] + "g"),
        (UUID, ID + "\n"),
        (NUMERIC, "1"),
    ],
)
def test_everything_else_is_left_to_postgresql(type_oid: int, literal: str) -> None:
    assert text_form(type_oid, literal) is None


def test_plain_elements_of_an_array_are_told() -> None:
    assert element_forms(INT4, "{1,-2}") == ["1", "-2"]
    assert element_forms(TEXT, "{a,B.c,ü}") == ["a", "B.c", "ü"]


@pytest.mark.parametrize(
    "array", ["{}", "{a,}", "{NULL}", "{a,null}", "{ a}", '{"a"}', "{a b}", "{{a}}", "{a\\b}"]
)
def test_an_array_of_which_a_part_may_mean_something_else_is_left_to_postgresql(array: str) -> None:
    assert element_forms(TEXT, array) is None


def test_an_array_with_one_element_that_is_not_plain_is_left_to_postgresql() -> None:
    assert element_forms(INT4, "{1,x}") is None
