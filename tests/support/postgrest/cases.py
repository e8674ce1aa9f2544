"""PostgREST's own cases: what is asked, and what has to come back."""

from __future__ import annotations

import base64
import json
import tomllib
from typing import TYPE_CHECKING, Any, Final

from support.postgrest.fixtures import CONFORMANCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slotcast.claims import JsonValue
    from support.postgrest.http import Answer, Client

GROUPS: Final[Mapping[str, Mapping[str, str]]] = {
    "base": {},
    "maxrows": {"Query/QueryLimitedSpec": ""},
    "unicode": {"Query/UnicodeSpec": ""},
    "noanon": {"Auth/NoAnonSpec": ""},
    "aud": {"Auth/AudienceJwtSecretSpec": "spec"},
    "jwk": {"Auth/AsymmetricJwtSpec": ""},
    "searchpath": {"ExtraSearchPathSpec": "", "Query/PostGISSpec": ""},
    "multischema": {"Query/MultipleSchemaSpec": ""},
    "aggregates": {"Query/AggregateFunctionsSpec": "allowed"},
    "headers": {"RpcPreRequestGucsSpec": ""},
}
"""
Configurations, and the suites that run under each: all of a suite, or one part of it.

What is in no other group runs under ``base``.
"""

ELSEWHERE: Final = frozenset(
    {
        "Auth/NoJwtSecretSpec",
        "OpenApi/DisabledOpenApiSpec",
        "OpenApi/IgnorePrivOpenApiSpec",
        "OpenApi/RootSpec",
        "ObservabilitySpec",
        "Query/ServerTimingSpec",
    }
)
"""Suites for configurations that this server does not have."""

NEEDING_AN_EXTENSION: Final = ("Query/PgSafeUpdateSpec", "spec")
"""This part of a suite needs the extension pg_safeupdate."""


def _all() -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((CONFORMANCE / "cases.json").read_text())["cases"]
    return cases


def cases_of(group: str) -> Iterator[dict[str, Any]]:
    """Yield the cases that run under the configuration *group*, in order."""
    for case in _all():
        place = (case["spec"], case["group"])
        if case.get("partial") or place == NEEDING_AN_EXTENSION or place[0] in ELSEWHERE:
            continue
        if group in (_special_groups(*place) or ["base"]):
            yield case


def _special_groups(suite: str, part: str) -> list[str]:
    return [name for name, suites in GROUPS.items() if suites.get(suite) in {"", part}]


def expected_failures(kind: str, group: str) -> dict[str, str]:
    """
    Give the cases that need not pass, and why.

    Args:
        kind: Of database, `full` or `bare`.
        group: Of configuration.
    """
    listed = tomllib.loads((CONFORMANCE / "expected_failures.toml").read_text())
    return {
        case: entry["reason"]
        for entry in listed["failure"]
        for case in entry["cases"]
        if group in entry.get("groups", ["base"]) and kind in entry.get("databases", [kind])
    }


def run(case: dict[str, Any], client: Client) -> list[str]:
    """Ask what *case* asks; return what was wrong."""
    wrong: list[str] = []
    for step in case["steps"]:
        headers = [(name, value) for name, value in step["headers"]]
        answer = client.send(step["method"], step["path"], headers, _body(step["body"]))
        place = f"{step['method']} {step['path']}"
        wrong += [f"{place}: {one}" for one in mismatches(step, answer)]
    return wrong


def _body(body: dict[str, str] | None) -> bytes:
    if not body:
        return b""
    return base64.b64decode(body["b64"]) if "b64" in body else body["text"].encode()


def mismatches(step: dict[str, Any], answer: Answer) -> Iterator[str]:
    """Compare *answer* with what *step* expects."""
    expected = step["expect"]
    if answer.status != expected["status"]:
        yield f"status {answer.status} instead of {expected['status']}: {answer.body[:300]!r}"
    if expected["body"] is not None and step["method"] != "HEAD":
        yield from _body_mismatches(expected["body"], answer.body)
    content_type = answer.header("content-type") or ""
    if expected.get("json_ct") and not content_type.startswith("application/json"):
        yield f"content type {content_type!r} instead of JSON"
    for header in expected["headers"]:
        found = answer.all(header["name"].lower())
        if not _is_as_expected(header, found):
            yield f"header {header['name']} {found}, expected {header}"


def _body_mismatches(expected: dict[str, Any], body: bytes) -> Iterator[str]:
    if "json" in expected:
        try:
            found = _normal(json.loads(body))
        except ValueError:
            yield f"body {body[:300]!r} is no JSON"
            return
        wanted = _normal(expected["json"])
        if found != wanted:
            yield f"body {_shown(found)} instead of {_shown(wanted)}"
        return
    wanted = base64.b64decode(expected["b64"]) if "b64" in expected else expected["text"].encode()
    if body != wanted:
        yield f"body {body[:300]!r} instead of {wanted[:300]!r}"


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)[:500]


def _normal(value: JsonValue) -> JsonValue:
    """Keep true apart from 1, which Python compares as equal."""
    if isinstance(value, bool):
        return f"<{value}>"
    if isinstance(value, list):
        return [_normal(one) for one in value]
    if isinstance(value, dict):
        return {key: _normal(one) for key, one in value.items()}
    return value


def _is_as_expected(header: dict[str, Any], found: list[str]) -> bool:
    match header["m"]:
        case "eq":
            return header["value"] in found
        case "absent":
            return not found
        case "contains":
            return any(header["value"] in one for one in found)
        case other:
            raise AssertionError(f"unknown comparison {other}")
