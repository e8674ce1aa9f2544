"""Which media type a response has."""

from __future__ import annotations

import pytest

from slotcast.rest.errors import RestError
from slotcast.rest.request.ast import AcceptedMediaType, MediaType, PlanFormat, PlanMediaType
from slotcast.rest.request.media_types import CSV, JSON, OBJECT_STRIPPED, OCTET_STREAM, TEXT
from slotcast.rest.response.negotiation import content_type, negotiate

PLAN = PlanMediaType(PlanFormat.JSON, (), JSON)


def produce(media_type: MediaType) -> str | None:
    return {JSON: "array", CSV: "lines"}.get(media_type)


def test_the_first_that_can_be_made_is_chosen() -> None:
    assert negotiate((TEXT, CSV, JSON), produce, may_explain=False) == (CSV, "lines")


def test_a_plan_is_of_what_can_be_made() -> None:
    of_text = PlanMediaType(PlanFormat.TEXT, (), TEXT)

    assert negotiate((of_text, PLAN), produce, may_explain=True) == (PLAN, "array")


@pytest.mark.parametrize("accepted", [(TEXT, OCTET_STREAM), (PLAN,)])
def test_nothing_acceptable_is_an_error(accepted: tuple[AcceptedMediaType, ...]) -> None:
    with pytest.raises(RestError) as caught:
        negotiate(accepted, produce, may_explain=False)

    assert caught.value.status == 406
    assert caught.value.body.code == "PGRST107"


def test_the_error_names_them_all() -> None:
    with pytest.raises(RestError) as caught:
        negotiate((TEXT, OCTET_STREAM), produce, may_explain=False)

    assert caught.value.body.message == (
        "None of these media types are available: text/plain, application/octet-stream"
    )


@pytest.mark.parametrize(
    ("media_type", "text"),
    [
        (JSON, "application/json; charset=utf-8"),
        (
            OBJECT_STRIPPED,
            "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8",
        ),
        (OCTET_STREAM, "application/octet-stream"),
        (MediaType("image/png"), "image/png"),
        (PLAN, 'application/vnd.pgrst.plan+json; for="application/json"; charset=utf-8'),
    ],
)
def test_text_has_a_charset(media_type: AcceptedMediaType, text: str) -> None:
    assert content_type(media_type) == text
