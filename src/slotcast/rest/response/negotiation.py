"""Which of the accepted media types the response has, and its Content-Type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.request.ast import MediaType, PlanMediaType
from slotcast.rest.request.media_types import (
    ANY,
    ARRAY_STRIPPED,
    CSV,
    FORM,
    GEO_JSON,
    JSON,
    OBJECT,
    OBJECT_STRIPPED,
    OPENAPI,
    TEXT,
    XML,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slotcast.rest.request.ast import AcceptedMediaType

    _Form = TypeVar("_Form")

_IN_UTF8: Final = frozenset(
    {
        one.name
        for one in (
            ANY,
            JSON,
            GEO_JSON,
            CSV,
            OPENAPI,
            TEXT,
            XML,
            FORM,
            OBJECT,
            OBJECT_STRIPPED,
            ARRAY_STRIPPED,
        )
    }
)


def negotiate(
    accepted: Sequence[AcceptedMediaType],
    produce: Callable[[MediaType], _Form | None],
    *,
    may_explain: bool,
) -> tuple[AcceptedMediaType, _Form]:
    """
    Choose the first accepted media type that can be made.

    Args:
        accepted: Media types, best first.
        produce: Says how a media type (perhaps ``*/*``) is made; None if it cannot be.
        may_explain: Whether clients may see plans.

    Returns:
        The media type as it was accepted, and what *produce* says about it; for a plan,
        about the media type that is explained.

    Raises:
        RestError: PGRST107.
    """
    for media_type in accepted:
        is_plan = isinstance(media_type, PlanMediaType)
        if is_plan and not may_explain:
            continue
        form = produce(media_type.of if isinstance(media_type, PlanMediaType) else media_type)
        if form is not None:
            return media_type, form
    names = ", ".join(text_of(media_type) for media_type in accepted)
    message = f"None of these media types are available: {names}"
    raise RestError(406, ErrorBody("PGRST107", message))


def content_type(media_type: AcceptedMediaType) -> str:
    """Write the Content-Type; what is not known to be text gets no charset."""
    is_text = isinstance(media_type, PlanMediaType) or media_type.name in _IN_UTF8
    return text_of(media_type) + ("; charset=utf-8" if is_text else "")
