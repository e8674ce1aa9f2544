"""Media types: the Accept header, and the Content-Type of a request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from slotcast.rest.request.ast import MediaType, PlanFormat, PlanMediaType, PlanOption

if TYPE_CHECKING:
    from slotcast.rest.request.ast import AcceptedMediaType

ANY: Final = MediaType("*/*")
JSON: Final = MediaType("application/json")
GEO_JSON: Final = MediaType("application/geo+json")
CSV: Final = MediaType("text/csv")
OPENAPI: Final = MediaType("application/openapi+json")
OCTET_STREAM: Final = MediaType("application/octet-stream")
TEXT: Final = MediaType("text/plain")
XML: Final = MediaType("text/xml")
FORM: Final = MediaType("application/x-www-form-urlencoded")
OBJECT: Final = MediaType("application/vnd.pgrst.object+json")
OBJECT_STRIPPED: Final = MediaType("application/vnd.pgrst.object+json", nulls_stripped=True)
ARRAY_STRIPPED: Final = MediaType("application/vnd.pgrst.array+json", nulls_stripped=True)

ACCEPTED_LIMIT: Final = 50
"""Most media types of an Accept header that are looked at."""

_STRIPPED: Final = "nulls=stripped"

_ARRAYS: Final = frozenset({"application/vnd.pgrst.array+json", "application/vnd.pgrst.array"})

_OBJECTS: Final = frozenset({"application/vnd.pgrst.object+json", "application/vnd.pgrst.object"})

_PLANS: Final = {
    "application/vnd.pgrst.plan": PlanFormat.TEXT,
    "application/vnd.pgrst.plan+text": PlanFormat.TEXT,
    "application/vnd.pgrst.plan+json": PlanFormat.JSON,
}

_BLANKS: Final = re.compile("[ \t]+")

_QUALITY: Final = re.compile(r";q=([0-9.]{1,10})[^;]*", re.IGNORECASE | re.ASCII)

_PART: Final = re.compile(r'(?:[^",]|"[^"]*"?)+')
"""What is between commas, but for those in quotes."""


def parse_accept(value: str | None) -> tuple[AcceptedMediaType, ...]:
    """
    Read an Accept header.

    Returns:
        The media types, best first: by quality, then the more specific, then as they came.
        Without a header, or with an empty one, anything.
    """
    found = _PART.findall(_BLANKS.sub("", value or ""))[:ACCEPTED_LIMIT]
    weighed = [(_weight(one), parse_media_type(_QUALITY.sub("", one))) for one in found]
    weighed.sort(key=lambda one: one[0], reverse=True)
    return tuple(media_type for _, media_type in weighed) or (ANY,)


def _weight(text: str) -> tuple[float, int]:
    """Give the quality, from 0 to 1 if it is valid, and how specific the type is."""
    found = _QUALITY.search(text)
    try:
        quality = float(found[1]) if found else 1.0
    except ValueError:
        quality = 0.0
    return quality, text.count(";") - text.count("*")


def parse_media_type(text: str) -> AcceptedMediaType:
    """
    Read one media type.

    Args:
        text: Type and parameters without blanks: ``application/json;charset=utf-8``.
    """
    name, *parameters = text.split(";")
    name = name.lower()
    if name in _ARRAYS:
        return ARRAY_STRIPPED if parameters == [_STRIPPED] else JSON
    if name in _OBJECTS:
        return OBJECT_STRIPPED if parameters == [_STRIPPED] else OBJECT
    plan_format = _PLANS.get(name)
    if plan_format is not None:
        return _plan(plan_format, parameters)
    return MediaType(name) if name else ANY


def _plan(plan_format: PlanFormat, parameters: list[str]) -> PlanMediaType:
    words = _parameter("options=", parameters).split("|")
    options = tuple(option for option in PlanOption if option.value in words)
    of = parse_media_type(_parameter("for=", parameters).strip('"') or JSON.name)
    return PlanMediaType(plan_format, options, of if isinstance(of, MediaType) else JSON)


def _parameter(prefix: str, parameters: list[str]) -> str:
    return next((one.removeprefix(prefix) for one in parameters if one.startswith(prefix)), "")


def parse_content_type(value: str | None) -> MediaType:
    """Read the Content-Type of a request; without one it is JSON."""
    if value is None:
        return JSON
    found = parse_media_type(_BLANKS.sub("", value))
    return found if isinstance(found, MediaType) else JSON


def text_of(media_type: AcceptedMediaType) -> str:
    """Write a media type as a header field has it, without charset."""
    match media_type:
        case MediaType(name, nulls_stripped):
            return f"{name};{_STRIPPED}" if nulls_stripped else name
        case PlanMediaType(plan_format, options, of):
            text = f'application/vnd.pgrst.plan+{plan_format.value.lower()}; for="{text_of(of)}"'
            words = "|".join(option.value for option in options)
            return f"{text}; options={words}" if words else text
