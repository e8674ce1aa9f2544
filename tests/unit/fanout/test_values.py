import json

import pytest

from slotcast.fanout.values import converter
from slotcast.postgres.types import PgType, TypeCatalog, TypeKind

INT4, TEXT, NUMERIC, FLOAT8, TIMESTAMP, TIMESTAMPTZ = 23, 25, 1700, 701, 1114, 1184
INT4_ARRAY, TEXT_ARRAY, BOX_ARRAY = 1007, 1009, 1020
PAIR, PAIR_ARRAY, NESTED, EMPTY, PRICE, MOOD, SPAN = range(90001, 90008)


def made(
    oid: int,
    kind: TypeKind,
    *,
    element_oid: int = 0,
    delimiter: str = ",",
    base_oid: int = 0,
    attributes: tuple[tuple[str, int], ...] = (),
) -> PgType:
    return PgType(
        oid=oid,
        schema="s",
        name=f"t{oid}",
        display_name=f"t{oid}",
        kind=kind,
        category="U",
        element_oid=element_oid,
        delimiter=delimiter,
        base_oid=base_oid,
        attributes=attributes,
    )


TYPES = TypeCatalog(
    [
        made(INT4_ARRAY, TypeKind.ARRAY, element_oid=INT4),
        made(TEXT_ARRAY, TypeKind.ARRAY, element_oid=TEXT),
        made(BOX_ARRAY, TypeKind.ARRAY, element_oid=603, delimiter=";"),
        made(PAIR, TypeKind.COMPOSITE, attributes=(("n", INT4), ('a "label"', TEXT))),
        made(PAIR_ARRAY, TypeKind.ARRAY, element_oid=PAIR),
        made(NESTED, TypeKind.COMPOSITE, attributes=(("pairs", PAIR_ARRAY), ("pair", PAIR))),
        made(EMPTY, TypeKind.COMPOSITE),
        made(PRICE, TypeKind.DOMAIN, base_oid=NUMERIC),
        made(MOOD, TypeKind.ENUM),
        made(SPAN, TypeKind.RANGE),
    ]
)


@pytest.mark.parametrize(
    ("oid", "text", "fragment"),
    [
        (20, "9007199254740993", "9007199254740993"),
        (21, "-1", "-1"),
        (NUMERIC, "10.50", "10.50"),
        (NUMERIC, "NaN", "null"),
        (NUMERIC, "-Infinity", "null"),
        (FLOAT8, "1e+20", "1e+20"),
        (FLOAT8, "-0", "-0"),
        (FLOAT8, "Infinity", "null"),
        (16, "t", "true"),
        (16, "f", "false"),
        (TEXT, 'a"b\\c', r'"a\"b\\c"'),
        (TEXT, "line\nbreak\x01", r'"line\nbreak\u0001"'),
        (TEXT, "été 漢 🦀", '"été 漢 🦀"'),
        (1042, "ab   ", '"ab   "'),
        (1560, "101", '"101"'),
        (2950, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", '"6ba7b810-9dad-11d1-80b4-00c04fd430c8"'),
        (114, '{"a" :\n [1, "\\u0000"]}', '{"a" :\n [1, "\\u0000"]}'),
        (3802, '{"é": 1}', '{"é": 1}'),
        (17, "\\xdeadbeef", '"deadbeef"'),
        (17, "\\x", '""'),
        (1082, "2026-01-02", '"2026-01-02"'),
        (TIMESTAMP, "2026-01-02 03:04:05.123456", '"2026-01-02T03:04:05.123456"'),
        (TIMESTAMP, "0044-03-15 00:00:00 BC", '"0044-03-15T00:00:00 BC"'),
        (TIMESTAMP, "infinity", '"infinity"'),
        (TIMESTAMPTZ, "2026-01-02 01:04:05.123456+00", '"2026-01-02T01:04:05.123456+00:00"'),
        (TIMESTAMPTZ, "0044-03-15 00:00:00+00 BC", '"0044-03-15T00:00:00+00:00 BC"'),
        (TIMESTAMPTZ, "12026-01-02 01:04:05+00", '"12026-01-02T01:04:05+00:00"'),
        (TIMESTAMPTZ, "2026-01-02 01:04:05+05:30", '"2026-01-02T01:04:05+05:30"'),
        (TIMESTAMPTZ, "-infinity", '"-infinity"'),
        (790, "$12.34", '"$12.34"'),
        (26, "26", '"26"'),
        (MOOD, "happy", '"happy"'),
        (SPAN, "[1,5)", '"[1,5)"'),
        (PRICE, "10.50", "10.50"),
        (99999, "who knows", '"who knows"'),
    ],
)
def test_value_has_its_protocol_form(oid: int, text: str, fragment: str) -> None:
    assert converter(oid, TYPES)(text.encode()) == fragment.encode()


@pytest.mark.parametrize(
    ("oid", "text", "expected"),
    [
        (INT4_ARRAY, "{}", []),
        (INT4_ARRAY, "{1,NULL,3}", [1, None, 3]),
        (INT4_ARRAY, "{{1,2},{3,4}}", [[1, 2], [3, 4]]),
        (INT4_ARRAY, "[0:1]={1,2}", [1, 2]),
        (INT4_ARRAY, "[-2:-1][1:1]={{1},{2}}", [[1], [2]]),
        (TEXT_ARRAY, '{a,"b c","","NULL",NULL}', ["a", "b c", "", "NULL", None]),
        (TEXT_ARRAY, r'{"a\"b\\c","{x,y}"}', [r"a\"b\c".replace('\\"', '"'), "{x,y}"]),
        (TEXT_ARRAY, '{"[0:1]={1}",a=b}', ["[0:1]={1}", "a=b"]),
        (BOX_ARRAY, "{(1,1),(0,0);(3,3),(2,2)}", ["(1,1),(0,0)", "(3,3),(2,2)"]),
        (PAIR, "(1,a)", {"n": 1, 'a "label"': "a"}),
        (PAIR, "(,)", {"n": None, 'a "label"': None}),
        (PAIR, '(1,"")', {"n": 1, 'a "label"': ""}),
        (PAIR, r'(1,"a ""b"" \\ , ()")', {"n": 1, 'a "label"': r'a "b" \ , ()'}),
        (
            PAIR_ARRAY,
            '{"(1,a)",NULL,"(2,\\"b c\\")"}',
            [
                {"n": 1, 'a "label"': "a"},
                None,
                {"n": 2, 'a "label"': "b c"},
            ],
        ),
        (
            NESTED,
            r'("{""(1,\\""x y\\"")""}","(2,z)")',
            {
                "pairs": [{"n": 1, 'a "label"': "x y"}],
                "pair": {"n": 2, 'a "label"': "z"},
            },
        ),
        (EMPTY, "()", {}),
    ],
)
def test_array_or_composite_is_nested(oid: int, text: str, expected: object) -> None:
    assert json.loads(converter(oid, TYPES)(text.encode())) == expected


def test_composite_with_other_attributes_than_known_stays_a_string() -> None:
    assert converter(PAIR, TYPES)(b"(1,a,new)") == b'"(1,a,new)"'


@pytest.mark.parametrize("oid", [TEXT, 114, TEXT_ARRAY])
def test_bytes_that_are_not_utf8_still_make_valid_json(oid: int) -> None:
    text = {TEXT: b"a\xffb", 114: b'"a\xffb"', TEXT_ARRAY: b"{a\xffb}"}[oid]

    assert "a\ufffdb" in json.dumps(json.loads(converter(oid, TYPES)(text)), ensure_ascii=False)
