"""Every filter, with the condition in SQL that finds the same books."""

from __future__ import annotations

from typing import Final

from support.library.nouns import BOOKS, Filter

FILTERS: Final = [
    Filter("eq", "id = 2", BOOKS.eq("id", 2)),
    Filter(
        "eq of reserved characters",
        "id = 4",
        BOOKS.eq("title", "Around the World, (in Eighty Days)"),
    ),
    Filter("eq in JSON", "details ->> 'format' = 'paper'", BOOKS.eq("details->>format", "paper")),
    Filter("neq", "price <> 12", BOOKS.neq("price", 12)),
    Filter("gt", "pages > 280", BOOKS.gt("pages", 280)),
    Filter("gt in JSON", "id = 5", BOOKS.gt("details->size->cm", 20)),
    Filter("gte", "pages >= 280", BOOKS.gte("pages", 280)),
    Filter("lt", "pages < 280", BOOKS.lt("pages", 280)),
    Filter("lte", "pages <= 280", BOOKS.lte("pages", 280)),
    Filter("two filters", "pages > 200 and pages < 300", BOOKS.gt("pages", 200).lt("pages", 300)),
    Filter("like", "title like '%an%'", BOOKS.like("title", "%an%")),
    Filter("like with asterisks", "title like '%an%'", BOOKS.like("title", "*an*")),
    Filter("ilike", "title ilike 'THE%'", BOOKS.ilike("title", "THE%")),
    Filter("is null", "in_print is null", BOOKS.is_("in_print", None)),
    Filter("is true", "in_print is true", BOOKS.is_("in_print", True)),
    Filter("is false", "in_print is false", BOOKS.is_("in_print", False)),
    Filter("in", "id in (1, 3)", BOOKS.in_("id", [1, 3])),
    Filter(
        "in of reserved characters",
        "id in (4, 6)",
        BOOKS.in_("title", ["Around the World, (in Eighty Days)", "Solaris", "none"]),
    ),
    Filter("contains an array", "tags @> '{classic}'", BOOKS.contains("tags", ["classic"])),
    Filter(
        "contains JSON",
        """details @> '{"format": "paper"}'""",
        BOOKS.contains("details", {"format": "paper"}),
    ),
    Filter("contains a range", "sold @> '[1875,1890)'", BOOKS.contains("sold", "[1875,1890)")),
    Filter(
        "contained by an array",
        "tags <@ '{classic,sea,travel}'",
        BOOKS.contained_by("tags", ["classic", "sea", "travel"]),
    ),
    Filter(
        "contained by JSON",
        """details <@ '{"format": "paper", "ratings": [5, 4]}'""",
        BOOKS.contained_by("details", {"format": "paper", "ratings": [5, 4]}),
    ),
    Filter(
        "contained by a range",
        "sold <@ '[1800,1900)'",
        BOOKS.contained_by("sold", "[1800,1900)"),
    ),
    Filter("overlaps", "tags && '{sea,travel}'", BOOKS.overlaps("tags", ["sea", "travel"])),
    Filter("text search", "id = 4", BOOKS.text_search("words", "'world' & 'days'")),
    Filter(
        "plain text search",
        "id = 3",
        BOOKS.text_search("words", "the leagues under", {"type": "plain", "config": "english"}),
    ),
    Filter(
        "search of a phrase",
        "id = 4",
        BOOKS.text_search("words", "eighty days", {"type": "phrase"}),
    ),
    Filter(
        "match",
        "author_id = 2 and in_print",
        BOOKS.match({"author_id": 2, "in_print": "true"}),
    ),
    Filter(
        "or with and",
        "id = 1 or (author_id = 2 and pages < 300)",
        BOOKS.or_("id.eq.1,and(author_id.eq.2,pages.lt.300)"),
    ),
    Filter(
        "or twice",
        "(id = 1 or id = 2) and (id = 2 or id = 3)",
        BOOKS.or_("id.eq.1,id.eq.2").or_("id.eq.2,id.eq.3"),
    ),
    Filter("filter", "title like 'S%'", BOOKS.filter("title", "like", "S%")),
    Filter("filter with not", "id <> 3", BOOKS.filter("id", "not.eq", "3")),
    Filter("filter with a quantifier", "id in (1, 6)", BOOKS.filter("id", "eq(any)", "{1,6}")),
    Filter(
        "filter is unknown",
        "in_print is unknown",
        BOOKS.filter("in_print", "is", "unknown"),
    ),
]
"""Filters that both clients have alike."""

JS_FILTERS: Final = [
    Filter("like all", "id in (1)", BOOKS.like_all_of("title", ["%an%", "F%"])),
    Filter("like any", "id in (1, 6)", BOOKS.like_any_of("title", ["F%", "S%"])),
    Filter("ilike all", "id = 2", BOOKS.ilike_all_of("title", ["the%", "%MAN"])),
    Filter("ilike any", "id in (1, 6)", BOOKS.ilike_any_of("title", ["f%", "SOL%"])),
    Filter("regular expression", "title ~ '^[FS]'", BOOKS.regex_match("title", "^[FS]")),
    Filter("regular expression, any case", "title ~* 'SEA$'", BOOKS.regex_i_match("title", "SEA$")),
    Filter(
        "is distinct from",
        "in_print is distinct from true",
        BOOKS.is_distinct("in_print", True),
    ),
    Filter("not in", "id not in (1, 3)", BOOKS.not_in("id", [1, 3])),
    Filter("range gt", "sold >> '[1850,1900)'", BOOKS.range_gt("sold", "[1850,1900)")),
    Filter("range gte", "sold &> '[1870,1900)'", BOOKS.range_gte("sold", "[1870,1900)")),
    Filter("range lt", "sold << '[1900,1950)'", BOOKS.range_lt("sold", "[1900,1950)")),
    Filter("range lte", "sold &< '[1850,1950)'", BOOKS.range_lte("sold", "[1850,1950)")),
    Filter(
        "range adjacent",
        "sold -|- '[1900,1957)'",
        BOOKS.range_adjacent("sold", "[1900,1957)"),
    ),
    Filter("overlaps a range", "sold && '[1840,1860)'", BOOKS.overlaps("sold", "[1840,1860)")),
    Filter(
        "search of the web",
        "id in (2, 6)",
        BOOKS.text_search("words", "man or solaris", {"type": "websearch"}),
    ),
    Filter("not", "in_print is not null", BOOKS.not_("in_print", "is", None)),
    Filter("not in, the long way", "id not in (1, 2)", BOOKS.not_("id", "in", "(1,2)")),
]
"""Filters of supabase-js; the range operators take text there."""

PY_FILTERS: Final = [
    Filter("like all", "id in (1)", BOOKS.like_all_of("title", "%an%,F%")),
    Filter("like any", "id in (1, 6)", BOOKS.like_any_of("title", "F%,S%")),
    Filter("ilike all", "id = 2", BOOKS.ilike_all_of("title", "the%,%MAN")),
    Filter("ilike any", "id in (1, 6)", BOOKS.ilike_any_of("title", "f%,SOL%")),
    Filter("regular expression", "title ~ '^[FS]'", BOOKS.filter("title", "match", "^[FS]")),
    Filter(
        "is distinct from",
        "in_print is distinct from true",
        BOOKS.filter("in_print", "isdistinct", "true"),
    ),
    Filter(
        "in of quotes",
        "id = 5",
        BOOKS.in_("title", ['Moominland "Midwinter"', "none"]),
    ),
    Filter("contains an item with a comma", "id = 5", BOOKS.contains("tags", ["snow, ice"])),
    Filter("cs", "tags @> '{sea,classic}'", BOOKS.cs("tags", ["sea", "classic"])),
    Filter("cd", "tags <@ '{sea,classic}'", BOOKS.cd("tags", ["sea", "classic"])),
    Filter("ov", "tags && '{sea,travel}'", BOOKS.ov("tags", ["sea", "travel"])),
    Filter("ov of a range", "sold && '[1840,1860)'", BOOKS.ov("sold", "[1840,1860)")),
    Filter("sr", "sold >> '(1849,1900)'", BOOKS.sr("sold", (1849, 1900))),
    Filter("nxl", "sold &> '(1869,1900)'", BOOKS.nxl("sold", (1869, 1900))),
    Filter("sl", "sold << '(1899,1950)'", BOOKS.sl("sold", (1899, 1950))),
    Filter("nxr", "sold &< '(1849,1950)'", BOOKS.nxr("sold", (1849, 1950))),
    Filter("adj", "sold -|- '(1899,1957)'", BOOKS.adj("sold", (1899, 1957))),
    Filter("range gt", "sold >> '(1849,1900)'", BOOKS.range_gt("sold", (1849, 1900))),
    Filter("range gte", "sold &> '(1869,1900)'", BOOKS.range_gte("sold", (1869, 1900))),
    Filter("range lt", "sold << '(1899,1950)'", BOOKS.range_lt("sold", (1899, 1950))),
    Filter("range lte", "sold &< '(1849,1950)'", BOOKS.range_lte("sold", (1849, 1950))),
    Filter("range adjacent", "sold -|- '(1899,1957)'", BOOKS.range_adjacent("sold", (1899, 1957))),
    Filter(
        "search of the web",
        "id in (2, 6)",
        BOOKS.text_search("words", "man or solaris", {"type": "web_search"}),
    ),
    Filter("fts", "id = 4", BOOKS.fts("words", "world & days")),
    Filter("plfts", "id = 3", BOOKS.plfts("words", "the leagues under")),
    Filter("phfts", "id = 4", BOOKS.phfts("words", "eighty days")),
    Filter("wfts", "id in (2, 6)", BOOKS.wfts("words", "man or solaris")),
    Filter("not", "in_print is not null", BOOKS.not_.is_("in_print", None)),
    Filter("not in", "id not in (1, 2)", BOOKS.not_.in_("id", [1, 2])),
    Filter("not or", "not (id = 1 or id = 2)", BOOKS.not_.or_("id.eq.1,id.eq.2")),
]
"""Filters of the Python client; the range operators take tuples there."""
