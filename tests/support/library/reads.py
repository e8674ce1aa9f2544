"""Reads of tables: columns, counts, order, ranges, forms of the result."""

from __future__ import annotations

from typing import Final

from support.library.nouns import BOOKS, OF_AUTHORS, OF_BOOKS, Case, ids
from support.query_builders import Chain

FRANKENSTEIN: Final = {"id": 1, "title": "Frankenstein"}

ODD: Final = Chain().from_("odd table").select
ODD_NOTE: Final = '50% & more? a=b+c #1 "q" \\ ☃\n,(end).'

READS: Final = [
    Case(
        "select *",
        Chain().from_("genres").select("*").order("id"),
        [
            {"id": 1, "name": "novel"},
            {"id": 2, "name": "adventure"},
            {"id": 3, "name": "science fiction"},
        ],
        status=200,
    ),
    Case(
        "select without columns",
        Chain().from_("covers").select().order("book_id"),
        [{"book_id": 1, "colour": "red"}, {"book_id": 6, "colour": "blue"}],
    ),
    Case(
        "renamed and cast columns, JSON paths",
        OF_BOOKS("number: id, price::text, form: details->>format").eq("id", 1),
        [{"number": 1, "price": "9.50", "form": "paper"}],
    ),
    Case(
        "aggregates",
        OF_BOOKS("author_id, pages.sum(), count()").lte("author_id", 2).order("author_id"),
        [{"author_id": 1, "sum": 759, "count": 2}, {"author_id": 2, "sum": 646, "count": 2}],
    ),
    Case(
        "exact count",
        OF_BOOKS("id", count="exact").limit(2).order("id"),
        ids(1, 2),
        count=6,
        status=206,
    ),
    Case("planned count", OF_BOOKS("id", count="planned").eq("id", 1), ids(1), count=1),
    Case("estimated count", OF_BOOKS("id", count="estimated").eq("id", 1), ids(1), count=1),
    Case("order", BOOKS.order("pages"), ids(5, 6, 4, 1, 3, 2)),
    Case("order by two columns", BOOKS.order("author_id").order("pages"), ids(1, 2, 4, 3, 5, 6)),
    Case("limit", BOOKS.order("id").limit(2), ids(1, 2)),
    Case("limit to none", BOOKS.limit(0), []),
    Case("range", BOOKS.order("id").range(1, 3), ids(2, 3, 4)),
    Case("a range beyond the end", BOOKS.range(10, 19), []),
    Case(
        "a range beyond the end, counted",
        OF_BOOKS("id", count="exact").range(10, 19),
        error={
            "code": "PGRST103",
            "details": "An offset of 10 was requested, but there are only 6 rows.",
        },
        status=416,
    ),
    Case(
        "a computed column",
        OF_BOOKS("id").eq("is_long", True).order("id"),
        ids(2, 3),
    ),
    Case("a view", Chain().from_("printed_books").select("id").order("id"), ids(1, 3, 5, 6)),
    Case("single", OF_BOOKS("id, title").eq("id", 1).single(), FRANKENSTEIN, status=200),
    Case(
        "single without a row",
        BOOKS.eq("id", 7).single(),
        error={
            "code": "PGRST116",
            "message": "Cannot coerce the result to a single JSON object",
            "details": "The result contains 0 rows",
        },
        status=406,
    ),
    Case("single of many", BOOKS.single(), error={"code": "PGRST116"}, status=406),
    Case("maybe single", OF_BOOKS("id, title").eq("id", 1).maybe_single(), FRANKENSTEIN),
    Case("maybe single without a row", BOOKS.eq("id", 7).maybe_single(), None, status=200),
    Case(
        "CSV",
        OF_BOOKS("id, tags").in_("id", [1, 5]).order("id").csv(),
        'id,tags\n1,"{horror,classic}"\n5,"{children,""snow, ice""}"',
    ),
    Case(
        "without nulls",
        OF_BOOKS("id, price, in_print").in_("id", [2, 4]).order("id").strip_nulls(),
        [{"id": 2, "in_print": False}, {"id": 4, "price": 8.25}],
    ),
    Case(
        "one row without nulls",
        OF_BOOKS("id, price").eq("id", 2).strip_nulls().single(),
        {"id": 2},
    ),
    Case(
        "a plan as text",
        BOOKS.eq("id", 1).explain(),
        True,
        shown=lambda plan: plan.startswith("Aggregate") and "cost=" in plan,
    ),
    Case(
        "a plan that ran, as JSON",
        BOOKS.eq("id", 1).explain(
            analyze=True, verbose=True, settings=True, buffers=True, wal=True, format="json"
        ),
        (1, True),
        shown=lambda plan: (plan[0]["Plan"]["Actual Rows"], "Settings" in plan[0]),
    ),
    Case(
        "another schema",
        Chain().schema("archive").from_("letters").select("body"),
        [{"body": "Dear Margaret"}],
    ),
    Case(
        "a table of another schema",
        Chain().from_("letters").select("*"),
        error={"code": "PGRST205"},
        status=404,
    ),
    Case(
        "a schema that is not served",
        Chain().schema("auth").from_("users").select("*"),
        error={"code": "PGRST106"},
        status=406,
    ),
    Case("a column that is not there", OF_BOOKS("nothing"), error={"code": "42703"}, status=400),
    Case(
        "a filter that cannot be read",
        BOOKS.filter("id", "is", "large"),
        error={"code": "PGRST100"},
        status=400,
    ),
    Case("a value that is none", BOOKS.eq("id", "one"), error={"code": "22P02"}, status=400),
    Case(
        "odd names",
        ODD('id, "size, (cm)"').order('"size, (cm)"', desc=True),
        [{"id": 2, "size, (cm)": 30}, {"id": 1, "size, (cm)": 21}],
    ),
    Case("an odd value", ODD("note").eq("note", ODD_NOTE), [{"note": ODD_NOTE}]),
    Case("no odd value", ODD("id").neq("note", ODD_NOTE), ids(1)),
    Case("a retry that is not needed", BOOKS.eq("id", 1).retry(False), ids(1)),
]
"""Reads that both clients do alike."""

JS_READS: Final = [
    Case("head", OF_BOOKS("id", count="exact", head=True), None, count=6, status=200),
    Case("nulls first", BOOKS.order("price", nullsfirst=True).limit(2), ids(2, 4)),
    Case("nulls last", BOOKS.order("price", desc=True, nullsfirst=False).limit(2), ids(3, 5)),
    Case("head of an error", OF_BOOKS("nothing", head=True), error={"message": ""}, status=400),
    Case("a filter on an odd name", ODD("id").eq('"size, (cm)"', 21), ids(1)),
    Case(
        "the former name for referenced tables",
        OF_AUTHORS("books!written_by(id)").eq("id", 1).order("id", {"foreignTable": "books"}),
        [{"books": ids(1, 2)}],
    ),
    Case(
        "a range of an embed",
        OF_AUTHORS("books!written_by(id)")
        .eq("id", 1)
        .order("id", foreign_table="books")
        .range(1, 1, foreign_table="books"),
        [{"books": ids(2)}],
    ),
    Case("maybe single of many", BOOKS.maybe_single(), error={"code": "PGRST116"}, status=406),
    Case("types overridden", BOOKS.eq("id", 1).override_types(), ids(1)),
    Case("types returned", BOOKS.eq("id", 1).returns(), ids(1)),
    Case(
        "an error thrown",
        OF_BOOKS("nothing").throw_on_error(),
        error={"code": "42703"},
        thrown="PostgrestError",
    ),
    Case("nothing to throw", BOOKS.eq("id", 1).throw_on_error(), ids(1)),
    Case("a signal that is silent", BOOKS.eq("id", 1).abort_signal({"$signal": "open"}), ids(1)),
    Case(
        "a signal to abort",
        BOOKS.abort_signal({"$signal": "aborted"}),
        error={"message": "AbortError: This operation was aborted"},
        status=0,
    ),
    Case(
        "a header of its own",
        Chain().rpc("header", {"name": "x-mine"}, get=True).set_header("X-Mine", "yes"),
        "yes",
    ),
    Case(
        "GeoJSON without PostGIS",
        BOOKS.geojson(),
        error={"code": "42883", "message": "function st_asgeojson(record) does not exist"},
        status=404,
    ),
    Case(
        "the description of the API",
        Chain().schema("archive").get_open_api_spec(),
        ["/", "/letters", "/rpc/letter_count"],
        shown=lambda api: sorted(api["paths"]),
    ),
    Case(
        "a schema after a schema",
        Chain().schema("public").schema("archive").from_("letters").select("id"),
        ids(1),
    ),
    Case(
        "head of a function",
        Chain().rpc("books_by", {"author": 1}, head=True, count="exact"),
        None,
        count=2,
        status=200,
    ),
    Case(
        "head of a function with an object, for which the client turns to POST",
        Chain().rpc("size_of", {"document": {"a": 1}}, head=True),
        1,
        status=200,
    ),
    Case(
        "a plan for one object",
        BOOKS.eq("id", 1).single().explain(),
        True,
        shown=lambda plan: "cost=" in plan,
    ),
]
"""Reads that only supabase-js does, or does so."""

PY_READS: Final = [
    Case("head of an error", OF_BOOKS("nothing", head=True), error={"code": "42703"}),
    Case("a filter on an odd name", ODD("id").eq("size, (cm)", 21), ids(1)),
    Case("several columns", OF_BOOKS("id", "title").eq("id", 1), [FRANKENSTEIN]),
    Case("the table by its other name", Chain().table("books").select("id").eq("id", 1), ids(1)),
    Case("… of a schema", Chain().schema("archive").table("letters").select("id"), ids(1)),
    Case(
        "a schema of the REST client",
        Chain().postgrest.schema("archive").from_("letters").select("id"),
        ids(1),
    ),
    Case("head", OF_BOOKS("id", count="exact", head=True), [], count=6),
    Case("nulls first", BOOKS.order("price", nullsfirst=True).limit(2), ids(2, 4)),
    Case("nulls last", BOOKS.order("price", desc=True, nullsfirst=False).limit(2), ids(3, 5)),
    Case("offset", BOOKS.order("id").offset(4), ids(5, 6)),
    Case(
        "a range of an embed",
        OF_AUTHORS("books!written_by(id)")
        .eq("id", 1)
        .order("id", foreign_table="books")
        .range(1, 1, foreign_table="books"),
        [{"books": ids(2)}],
    ),
    Case("maybe single of many", BOOKS.maybe_single(), error={"code": "406"}),
    Case("a row without retries", BOOKS.eq("id", 1).single().retry(False), {"id": 1}),
    Case("perhaps a row without retries", BOOKS.eq("id", 1).maybe_single().retry(False), {"id": 1}),
    Case(
        "a plan without retries",
        BOOKS.explain().retry(False),
        True,
        shown=lambda plan: "cost=" in plan,
    ),
    Case(
        "head of a function",
        Chain().rpc("books_by", {"author": 1}, head=True, count="exact"),
        [],
        count=2,
    ),
    Case(
        "an object for a function, by GET",
        Chain().rpc("size_of", {"document": {"a": 1}}, get=True),
        1,
    ),
]
"""Reads that only the Python client does, or does so."""
