"""Media types, asked for and sent."""

from __future__ import annotations

import pytest

from slotcast.rest.request.ast import (
    AcceptedMediaType,
    MediaType,
    PlanFormat,
    PlanMediaType,
    PlanOption,
)
from slotcast.rest.request.media_types import (
    ACCEPTED_LIMIT,
    ANY,
    ARRAY_STRIPPED,
    CSV,
    JSON,
    OBJECT,
    OBJECT_STRIPPED,
    parse_accept,
    parse_content_type,
    text_of,
)


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        (None, (ANY,)),
        ("", (ANY,)),
        ("*/*", (ANY,)),
        ("application/json", (JSON,)),
        ("Application/JSON; charset=utf-8", (JSON,)),
        ("text/csv, application/json", (CSV, JSON)),
        ("*/*, text/csv", (CSV, ANY)),
        ("text/csv;q=0.5, application/json;q=0.9, */*;q=0.1", (JSON, CSV, ANY)),
        ("text/csv;q=x, application/json;q=0", (CSV, JSON)),
        ("application/vnd.pgrst.array+json", (JSON,)),
        ("application/vnd.pgrst.array", (JSON,)),
        ("application/vnd.pgrst.array+json;nulls=stripped", (ARRAY_STRIPPED,)),
        ("application/vnd.pgrst.object", (OBJECT,)),
        ("application/vnd.pgrst.object+json", (OBJECT,)),
        ("application/vnd.pgrst.object+json; nulls=stripped", (OBJECT_STRIPPED,)),
        ("image/png", (MediaType("image/png"),)),
        (
            "application/vnd.pgrst.plan",
            (PlanMediaType(PlanFormat.TEXT, (), JSON),),
        ),
        (
            'application/vnd.pgrst.plan+json; for="text/csv"; options=wal|analyze|what;',
            (PlanMediaType(PlanFormat.JSON, (PlanOption.ANALYZE, PlanOption.WAL), CSV),),
        ),
        (
            'application/vnd.pgrst.plan+text; for="a,b"; options=, text/csv',
            (PlanMediaType(PlanFormat.TEXT, (), MediaType("a,b")), CSV),
        ),
    ],
)
def test_accept_is_read_best_first(
    value: str | None, accepted: tuple[AcceptedMediaType, ...]
) -> None:
    assert parse_accept(value) == accepted


def test_only_so_many_are_looked_at() -> None:
    assert len(parse_accept(",".join(["text/csv"] * 10_000))) == ACCEPTED_LIMIT


@pytest.mark.parametrize(
    ("value", "media_type"),
    [
        (None, JSON),
        ("application/json; charset=utf-8", JSON),
        ("text/csv", CSV),
        ("application/vnd.pgrst.plan", JSON),
        ("x/y; a=b", MediaType("x/y")),
    ],
)
def test_a_body_is_json_unless_it_says_otherwise(value: str | None, media_type: MediaType) -> None:
    assert parse_content_type(value) == media_type


@pytest.mark.parametrize(
    ("media_type", "text"),
    [
        (JSON, "application/json"),
        (ARRAY_STRIPPED, "application/vnd.pgrst.array+json;nulls=stripped"),
        (
            PlanMediaType(PlanFormat.JSON, (PlanOption.VERBOSE,), JSON),
            'application/vnd.pgrst.plan+json; for="application/json"; options=verbose',
        ),
        (
            PlanMediaType(PlanFormat.TEXT, (), OBJECT),
            'application/vnd.pgrst.plan+text; for="application/vnd.pgrst.object+json"',
        ),
    ],
)
def test_a_media_type_is_written_as_clients_know_it(
    media_type: AcceptedMediaType, text: str
) -> None:
    assert text_of(media_type) == text
