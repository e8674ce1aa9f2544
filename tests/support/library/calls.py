"""Calls of functions."""

from __future__ import annotations

from typing import Final

from support.library.nouns import Case, ids
from support.query_builders import Chain

ADDED: Final = Chain().rpc("add", {"a": 1, "b": 2})
BY_SHELLEY: Final = Chain().rpc("books_by", {"author": 1})

CALLS: Final = [
    Case("a function of two arguments", ADDED, 3, status=200),
    Case("… by GET", Chain().rpc("add", {"a": 1, "b": 2}, get=True), 3, status=200),
    Case("an array for a function", Chain().rpc("total", {"numbers": [1, 2, 3]}), 6),
    Case("… by GET", Chain().rpc("total", {"numbers": [1, 2, 3]}, get=True), 6),
    Case("an object for a function", Chain().rpc("size_of", {"document": {"a": 1, "b": 2}}), 2),
    Case("a function of another schema", Chain().schema("archive").rpc("letter_count", {}), 1),
    Case(
        "values of a function",
        Chain().rpc("genre_names", {}),
        ["novel", "adventure", "science fiction"],
    ),
    Case("null of a function", Chain().rpc("nothing", {}), None, status=200),
    Case("a default of a function", Chain().rpc("greeting", {}), "Dear reader"),
    Case("… by GET", Chain().rpc("greeting", {}, get=True), "Dear reader"),
    Case(
        "an odd argument, by GET",
        Chain().rpc("greeting", {"name": "a&b=ü,"}, get=True),
        "Dear a&b=ü,",
    ),
    Case("rows of a function", BY_SHELLEY.select("id").order("id"), ids(1, 2)),
    Case("… filtered", BY_SHELLEY.select("id").gt("pages", 300), ids(2)),
    Case("… limited", BY_SHELLEY.select("id").order("id", desc=True).limit(1), ids(2)),
    Case(
        "… with an embed",
        BY_SHELLEY.select("id, covers(colour)").eq("id", 1),
        [{"id": 1, "covers": {"colour": "red"}}],
    ),
    Case(
        "… counted",
        Chain().rpc("books_by", {"author": 1}, count="exact").select("id").limit(1),
        ids(1),
        count=2,
    ),
    Case("… as CSV", BY_SHELLEY.select("id").order("id").csv(), "id\n1\n2"),
    Case("… without nulls", BY_SHELLEY.select("id, price").eq("id", 2).strip_nulls(), ids(2)),
    Case("… one of them", BY_SHELLEY.select("id").eq("id", 2).single(), {"id": 2}),
    Case("… not one of them", BY_SHELLEY.single(), error={"code": "PGRST116"}, status=406),
    Case("… perhaps one of them", BY_SHELLEY.select("id").eq("id", 2).maybe_single(), {"id": 2}),
    Case("… perhaps none", BY_SHELLEY.select("id").eq("id", 6).maybe_single(), None),
    Case(
        "… by a filter of many kinds", BY_SHELLEY.select("id").or_("id.eq.1,pages.gt.1000"), ids(1)
    ),
    Case(
        "one row of a function",
        Chain().rpc("book", {"number": 6}).select("title"),
        {"title": "Solaris"},
    ),
    Case(
        "a table of a function",
        Chain().rpc("page_totals", {}).limit(1),
        [{"author": 1, "pages": 759}],
    ),
    Case(
        "a function that writes, by GET",
        Chain().rpc("restock", {"wanted": "a", "more": 1}, get=True),
        error={"code": "25006"},
        status=405,
    ),
    Case(
        "a function that raises",
        Chain().rpc("closed", {}),
        error={
            "code": "LIB01",
            "message": "The library is closed",
            "details": "It is Sunday",
            "hint": "Come back tomorrow",
        },
        status=400,
    ),
    Case(
        "a function that is not there",
        Chain().rpc("open", {}),
        error={"code": "PGRST202"},
        status=404,
    ),
    Case(
        "a function with an argument too few",
        Chain().rpc("add", {"a": 1}),
        error={"code": "PGRST202"},
        status=404,
    ),
]
"""Calls of functions that both clients do alike."""
