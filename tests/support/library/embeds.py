"""Embeds of every kind; both clients ask for them alike."""

from __future__ import annotations

from typing import Final

from support.library.nouns import NONE, OF_AUTHORS, OF_BOOKS, Case, ids
from support.query_builders import Chain

EMBEDS: Final = [
    Case(
        "many to one, by the constraint",
        OF_BOOKS("title, authors!written_by(name)").eq("id", 6),
        [{"title": "Solaris", "authors": {"name": "Stanisław Lem"}}],
    ),
    Case(
        "many to one, by the column",
        OF_BOOKS("translator: translator_id(name), author: author_id(name)").eq("id", 5),
        [{"translator": {"name": "Stanisław Lem"}, "author": {"name": "Tove Jansson"}}],
    ),
    Case(
        "many to one without a row",
        OF_BOOKS("id, translator: authors!translated_by(name)").eq("id", 1),
        [{"id": 1, "translator": None}],
    ),
    Case(
        "an embed that could be one of two",
        OF_BOOKS("id, authors(name)"),
        error={"code": "PGRST201"},
        status=300,
    ),
    Case(
        "an embed that is none",
        OF_BOOKS("id, letters(*)"),
        error={"code": "PGRST200"},
        status=400,
    ),
    Case(
        "many to one, from a view",
        Chain().from_("printed_books").select("id, authors!written_by(name)").eq("id", 1),
        [{"id": 1, "authors": {"name": "Mary Shelley"}}],
    ),
    Case(
        "one to many",
        OF_AUTHORS("name, books!written_by(id)").eq("id", 2).order("id", foreign_table="books"),
        [{"name": "Jules Verne", "books": ids(3, 4)}],
    ),
    Case(
        "one to many without rows",
        OF_AUTHORS("name, books!written_by(id)").eq("id", 5),
        [{"name": "Homer", "books": NONE}],
    ),
    Case(
        "one to one",
        OF_BOOKS("id, covers(colour)").in_("id", [1, 2]).order("id"),
        [{"id": 1, "covers": {"colour": "red"}}, {"id": 2, "covers": None}],
    ),
    Case(
        "many to many",
        OF_BOOKS("id, genres(name)").eq("id", 3).order("id", foreign_table="genres"),
        [{"id": 3, "genres": [{"name": "adventure"}, {"name": "science fiction"}]}],
    ),
    Case(
        "inner, with a filter in the embed",
        OF_BOOKS("id, genres!inner(name)").eq("genres.name", "adventure").order("id"),
        [
            {"id": 3, "genres": [{"name": "adventure"}]},
            {"id": 4, "genres": [{"name": "adventure"}]},
        ],
    ),
    Case(
        "a filter in the embed alone",
        OF_BOOKS("id, genres(name)").eq("genres.name", "novel").in_("id", [1, 3]).order("id"),
        [{"id": 1, "genres": [{"name": "novel"}]}, {"id": 3, "genres": NONE}],
    ),
    Case(
        "rows without an embedded row",
        OF_BOOKS("id, covers()").is_("covers", None).order("id"),
        ids(2, 3, 4, 5),
    ),
    Case(
        "an alias is how an embed is addressed",
        OF_AUTHORS("id, written: books!written_by(id)").eq("id", 1).gt("written.pages", 300),
        [{"id": 1, "written": ids(2)}],
    ),
    Case(
        "or in an embed",
        OF_AUTHORS("id, books!written_by(id)")
        .lte("id", 2)
        .order("id")
        .or_("pages.gt.400,title.like.Around*", reference_table="books"),
        [{"id": 1, "books": ids(2)}, {"id": 2, "books": ids(4)}],
    ),
    Case(
        "rows by a column of an embed",
        OF_BOOKS("id, authors!written_by()").order("authors(born)", desc=True).limit(2),
        ids(6, 5),
    ),
    Case(
        "spread",
        OF_BOOKS("title, ...authors!written_by(author: name, country)").eq("id", 6),
        [{"title": "Solaris", "author": "Stanisław Lem", "country": "Poland"}],
    ),
    Case(
        "a spread of many",
        OF_BOOKS("id, ...genres(genres: name)").eq("id", 3).order("id", foreign_table="genres"),
        [{"id": 3, "genres": ["adventure", "science fiction"]}],
    ),
    Case(
        "nested, with order, limit and filter at each level",
        OF_AUTHORS("name, books!written_by(id, genres!inner(id))")
        .lte("id", 2)
        .order("id", desc=True)
        .order("pages", desc=True, foreign_table="books")
        .limit(1, foreign_table="books")
        .gt("books.genres.id", 1),
        [
            {"name": "Jules Verne", "books": [{"id": 3, "genres": ids(2, 3)}]},
            {"name": "Mary Shelley", "books": [{"id": 1, "genres": ids(3)}]},
        ],
    ),
    Case(
        "an aggregate of an embed",
        OF_AUTHORS("id, books!written_by(count)").lte("id", 2).order("id"),
        [{"id": 1, "books": [{"count": 2}]}, {"id": 2, "books": [{"count": 2}]}],
    ),
]
"""Embeds; both clients ask for them alike."""
