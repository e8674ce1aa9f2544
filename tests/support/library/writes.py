"""Writes, and what is there afterwards."""

from __future__ import annotations

from typing import Final

from support.library.nouns import ALICE, Case
from support.query_builders import Chain

STOCK: Final = Chain().from_("stock")
SKUS: Final = "select string_agg(sku, '' order by id) from stock"
AMOUNTS: Final = "select array_agg(amount order by sku) from stock"
PLACES: Final = "select array_agg(place order by sku) from stock"

WRITES: Final = [
    Case(
        "insert",
        STOCK.insert({"sku": "d"}).select("*"),
        [{"id": 4, "sku": "d", "amount": 7, "place": "shelf"}],
        status=201,
        after=(SKUS, "abcd"),
    ),
    Case(
        "insert many: what is missing is null",
        STOCK.insert([{"sku": "d", "amount": 5}, {"sku": "e", "place": "attic"}]).select(
            "sku, amount, place"
        ),
        [
            {"sku": "d", "amount": 5, "place": None},
            {"sku": "e", "amount": None, "place": "attic"},
        ],
        status=201,
        after=(SKUS, "abcde"),
    ),
    Case(
        "insert many: what is missing is the default",
        STOCK.insert(
            [{"sku": "d", "amount": 5}, {"sku": "e", "place": "attic"}], default_to_null=False
        ).select("sku, amount, place"),
        [
            {"sku": "d", "amount": 5, "place": "shelf"},
            {"sku": "e", "amount": 7, "place": "attic"},
        ],
        after=(SKUS, "abcde"),
    ),
    Case(
        "insert and count",
        STOCK.insert([{"sku": "d"}, {"sku": "e"}], count="exact").select("sku"),
        [{"sku": "d"}, {"sku": "e"}],
        count=2,
        after=(SKUS, "abcde"),
    ),
    Case("insert nothing", STOCK.insert([]).select("id"), [], status=201, after=(SKUS, "abc")),
    Case(
        "insert what is there",
        STOCK.insert([{"sku": "d"}, {"sku": "a"}]).select("id"),
        error={"code": "23505", "details": "Key (sku)=(a) already exists."},
        status=409,
        after=(SKUS, "abc"),
    ),
    Case(
        "insert without what is needed",
        STOCK.insert({"amount": 1}).select("id"),
        error={"code": "23502"},
        status=400,
        after=(SKUS, "abc"),
    ),
    Case(
        "insert a column that is not there",
        STOCK.insert([{"sku": "d", "weight": 1}]).select("id"),
        error={"code": "PGRST204"},
        status=400,
        after=(SKUS, "abc"),
    ),
    Case(
        "insert and embed",
        Chain()
        .from_("loans")
        .insert({"borrower": ALICE, "book_id": 6})
        .select("id, books(title, author: authors!written_by(name))"),
        [{"id": 4, "books": {"title": "Solaris", "author": {"name": "Stanisław Lem"}}}],
        after=("select count(*) from loans", 4),
    ),
    Case(
        "upsert by the primary key",
        STOCK.upsert({"id": 1, "sku": "a", "amount": 9}).select("id, amount, place"),
        [{"id": 1, "amount": 9, "place": "cellar"}],
        status=200,
        after=(AMOUNTS, [9, 2, 3]),
    ),
    Case(
        "upsert by another key, and count",
        STOCK.upsert(
            [{"sku": "a", "amount": 9}, {"sku": "d", "amount": 4}],
            on_conflict="sku",
            count="exact",
        ).select("sku, amount"),
        [{"sku": "a", "amount": 9}, {"sku": "d", "amount": 4}],
        count=2,
        status=201,
        after=(AMOUNTS, [9, 2, 3, 4]),
    ),
    Case(
        "upsert that leaves what is there",
        STOCK.upsert(
            [{"sku": "a", "amount": 9}, {"sku": "d", "amount": 4}],
            on_conflict="sku",
            ignore_duplicates=True,
        ).select("sku, amount"),
        [{"sku": "d", "amount": 4}],
        after=(AMOUNTS, [1, 2, 3, 4]),
    ),
    Case(
        "upsert that leaves all that is there",
        STOCK.upsert({"sku": "a", "amount": 9}, on_conflict="sku", ignore_duplicates=True).select(
            "sku"
        ),
        [],
        after=(AMOUNTS, [1, 2, 3]),
    ),
    Case(
        "upsert with defaults",
        STOCK.upsert(
            [{"sku": "d"}, {"sku": "e", "amount": 1}], on_conflict="sku", default_to_null=False
        ).select("sku, amount"),
        [{"sku": "d", "amount": 7}, {"sku": "e", "amount": 1}],
        after=(AMOUNTS, [1, 2, 3, 7, 1]),
    ),
    Case(
        "update",
        STOCK.update({"amount": 10, "place": None}).eq("sku", "b").select("sku, amount, place"),
        [{"sku": "b", "amount": 10, "place": None}],
        status=200,
        after=(AMOUNTS, [1, 10, 3]),
    ),
    Case(
        "update and count",
        STOCK.update({"amount": 10}, count="exact").gt("amount", 1).select("sku").order("sku"),
        [{"sku": "b"}, {"sku": "c"}],
        count=2,
        after=(AMOUNTS, [1, 10, 10]),
    ),
    Case(
        "update nothing",
        STOCK.update({"amount": 10}).eq("sku", "z").select("sku"),
        [],
        status=200,
        after=(AMOUNTS, [1, 2, 3]),
    ),
    Case(
        "update everything",
        STOCK.update({"amount": 10}).select("sku").order("sku", desc=True),
        [{"sku": "c"}, {"sku": "b"}, {"sku": "a"}],
        after=(AMOUNTS, [10, 10, 10]),
    ),
    Case(
        "update one row",
        STOCK.update({"amount": 10}).eq("sku", "a").select("sku").single(),
        {"sku": "a"},
        after=(AMOUNTS, [10, 2, 3]),
    ),
    Case(
        "update one row, and there are more",
        STOCK.update({"amount": 10}).gt("amount", 1).select("sku").single(),
        error={"code": "PGRST116", "details": "The result contains 2 rows"},
        status=406,
        after=(AMOUNTS, [1, 2, 3]),
    ),
    Case(
        "update perhaps one row",
        STOCK.update({"amount": 10}).eq("sku", "z").select("sku").maybe_single(),
        None,
        after=(AMOUNTS, [1, 2, 3]),
    ),
    Case(
        "update as many as may be",
        STOCK.update({"amount": 10}).gt("amount", 1).max_affected(2).select("sku").order("sku"),
        [{"sku": "b"}, {"sku": "c"}],
        after=(AMOUNTS, [1, 10, 10]),
    ),
    Case(
        "update more than may be",
        STOCK.update({"amount": 10}).gt("amount", 1).max_affected(1).select("sku"),
        error={"code": "PGRST124"},
        status=400,
        after=(AMOUNTS, [1, 2, 3]),
    ),
    Case(
        "update, as CSV",
        STOCK.update({"amount": 10}).eq("sku", "c").select("sku, place").csv(),
        "sku,place\nc,",
        after=(AMOUNTS, [1, 2, 10]),
    ),
    Case(
        "update, without nulls",
        STOCK.update({"amount": 10}).eq("sku", "c").select("sku, place").strip_nulls(),
        [{"sku": "c"}],
        after=(AMOUNTS, [1, 2, 10]),
    ),
    Case(
        "delete",
        STOCK.delete().eq("sku", "b").select("id, amount"),
        [{"id": 2, "amount": 2}],
        status=200,
        after=(SKUS, "ac"),
    ),
    Case(
        "delete and count",
        STOCK.delete(count="exact").in_("sku", ["a", "c", "z"]).select("sku").order("sku"),
        [{"sku": "a"}, {"sku": "c"}],
        count=2,
        after=(SKUS, "b"),
    ),
    Case(
        "delete more than may be",
        STOCK.delete().gt("amount", 0).max_affected(2),
        error={"code": "PGRST124"},
        after=(SKUS, "abc"),
    ),
    Case(
        "delete what another row refers to",
        Chain().from_("authors").delete().eq("id", 1).select("id"),
        error={"code": "23503"},
        status=409,
        after=("select count(*) from authors", 5),
    ),
    Case(
        "a function that writes",
        Chain().rpc("sell_out", {}).select("sku, amount").order("sku").limit(1),
        [{"sku": "a", "amount": 0}],
        after=(AMOUNTS, [0, 0, 0]),
    ),
    Case(
        "a bound for a function that writes no rows",
        Chain().rpc("add", {"a": 1, "b": 2}).max_affected(1),
        error={"code": "PGRST128"},
        status=400,
    ),
    Case(
        "a function that writes more than may be",
        Chain().rpc("sell_out", {}).max_affected(2),
        error={"code": "PGRST124"},
        after=(AMOUNTS, [1, 2, 3]),
    ),
]
"""Writes that both clients do alike."""

RESTOCKED: Final = Chain().rpc("restock", {"wanted": "a", "more": 4})

JS_WRITES: Final = [
    Case("insert alone", STOCK.insert({"sku": "d"}), None, status=201, after=(SKUS, "abcd")),
    Case(
        "insert and count alone",
        STOCK.insert([{"sku": "d"}, {"sku": "e"}], count="exact"),
        None,
        count=2,
        after=(SKUS, "abcde"),
    ),
    Case(
        "upsert alone",
        STOCK.upsert({"sku": "a", "amount": 9}, on_conflict="sku"),
        None,
        after=(AMOUNTS, [9, 2, 3]),
    ),
    Case(
        "update alone",
        STOCK.update({"amount": 9}).eq("sku", "a"),
        None,
        status=204,
        after=(AMOUNTS, [9, 2, 3]),
    ),
    Case(
        "delete alone",
        STOCK.delete(count="exact").eq("sku", "a"),
        None,
        count=1,
        status=204,
        after=(SKUS, "bc"),
    ),
    Case(
        "rolled back",
        STOCK.delete().eq("sku", "a").select("sku").rollback(),
        [{"sku": "a"}],
        after=(SKUS, "abc"),
    ),
    Case("a function without result", RESTOCKED, None, status=204, after=(AMOUNTS, [5, 2, 3])),
]
"""Writes of supabase-js, which wants no rows unless it is told to."""

PY_WRITES: Final = [
    Case(
        "insert alone",
        STOCK.insert({"sku": "d"}),
        [{"id": 4, "sku": "d", "amount": 7, "place": "shelf"}],
        after=(SKUS, "abcd"),
    ),
    Case(
        "insert and count alone",
        STOCK.insert([{"sku": "d"}, {"sku": "e"}], count="planned", returning="minimal"),
        [],
        count=2,
        after=(SKUS, "abcde"),
    ),
    Case(
        "insert as upsert",
        STOCK.insert({"id": 1, "sku": "a", "amount": 9}, upsert=True),
        [{"id": 1, "sku": "a", "amount": 9, "place": "cellar"}],
        after=(AMOUNTS, [9, 2, 3]),
    ),
    Case(
        "upsert alone",
        STOCK.upsert({"sku": "a", "amount": 9}, on_conflict="sku", returning="minimal"),
        [],
        after=(AMOUNTS, [9, 2, 3]),
    ),
    Case(
        "update alone",
        STOCK.update({"amount": 9}, returning="minimal").eq("sku", "a"),
        [],
        after=(AMOUNTS, [9, 2, 3]),
    ),
    Case(
        "delete alone",
        STOCK.delete(count="exact", returning="minimal").eq("sku", "a"),
        [],
        count=1,
        after=(SKUS, "bc"),
    ),
    Case("a function without result", RESTOCKED, [], after=(AMOUNTS, [5, 2, 3])),
    Case("… without retries", RESTOCKED.retry(False), [], after=(AMOUNTS, [5, 2, 3])),
]
"""Writes of the Python client, which wants rows unless it is told not to."""
