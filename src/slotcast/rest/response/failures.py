"""Errors: what PostgreSQL's mean in HTTP, and what the client is sent."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.response.answer import Response
from slotcast.rest.response.headers import is_field

if TYPE_CHECKING:
    from slotcast.claims import JsonValue

_NO_TOKEN: Final = re.compile("[^0-9A-Za-z_-]")
"""A code can be any text, if a function raises it."""

_UNAUTHORIZED: Final = 401

_BAD_REQUEST: Final = 400

_INTERNAL: Final = 500

_CHALLENGE: Final = (("WWW-Authenticate", "Bearer"),)

_STATUSES: Final = (
    ("08", 503),  # connection exception
    ("09", 500),  # triggered action exception
    ("0L", 403),  # invalid grantor
    ("0P", 403),  # invalid role specification
    ("23503", 409),  # foreign key violation
    ("23505", 409),  # unique violation
    ("25006", 405),  # read only transaction
    ("21000", 500),  # cardinality violation
    ("25", 500),  # invalid transaction state
    ("28", 403),  # invalid authorization specification
    ("2D", 500),  # invalid transaction termination
    ("38", 500),  # external routine exception
    ("39", 500),  # external routine invocation exception
    ("3B", 500),  # savepoint exception
    ("40", 500),  # transaction rollback
    ("53400", 500),  # configuration limit exceeded
    ("53", 503),  # insufficient resources
    ("54", 500),  # program limit exceeded
    ("55", 500),  # object not in prerequisite state
    ("57P01", 503),  # admin shutdown
    ("57", 500),  # operator intervention
    ("58", 500),  # system error
    ("F0", 500),  # configuration file error
    ("HV", 500),  # foreign data wrapper error
    ("P0001", 400),  # raise exception
    ("P0", 500),  # PL/pgSQL error
    ("XX", 500),  # internal error
    ("42883", 404),  # undefined function
    ("42P01", 404),  # undefined table
    ("42P17", 500),  # invalid object definition: infinite recursion in policies
    ("42501", 403),  # insufficient privilege
)
"""Beginnings of SQLSTATEs and what they mean; the first that fits counts, else 400."""


def failure(
    sqlstate: str, message: str, detail: str | None, hint: str | None, *, is_anonymous: bool
) -> RestError:
    """
    Turn an error of PostgreSQL into that of the request.

    Args:
        sqlstate: Its code. ``PTxyz`` asks for the status xyz, ``PGRST`` for the response
            that message and detail describe in JSON.
        message: Its message.
        detail: Its detail, or None.
        hint: Its hint, or None.
        is_anonymous: Whether the client has not said who it is.
    """
    if sqlstate == "PGRST":
        return _described(message, detail)
    body = ErrorBody(sqlstate, message, detail, hint)
    if sqlstate.startswith("PT"):
        return _chosen(sqlstate, body)
    status = _status(sqlstate, message, is_anonymous=is_anonymous)
    return RestError(status, body, headers=_CHALLENGE if status == _UNAUTHORIZED else ())


def _status(sqlstate: str, message: str, *, is_anonymous: bool) -> int:
    match sqlstate:
        case "21000" if message.endswith("requires a WHERE clause"):
            return _BAD_REQUEST
        case "22023" if message.startswith("role") and message.endswith("does not exist"):
            return _UNAUTHORIZED
        case "42883" if message.startswith("function xmlagg("):
            return 406
        case "42501" if is_anonymous:
            return _UNAUTHORIZED
        case _:
            fitting = (status for start, status in _STATUSES if sqlstate.startswith(start))
            return next(fitting, _BAD_REQUEST)


def _chosen(sqlstate: str, body: ErrorBody) -> RestError:
    """Answer with the status in the code, and with the message as its reason phrase."""
    digits = sqlstate.removeprefix("PT")
    status = int(digits) if digits.isascii() and digits.isdigit() else 0
    if not _is_final(status):
        return RestError(_INTERNAL, body)
    headers = _CHALLENGE if status == _UNAUTHORIZED else ()
    return RestError(status, body, headers=headers, reason=body.message)


def _is_final(status: int) -> bool:
    """Whether *status* can end a response: 1xx cannot."""
    return 200 <= status <= 999  # noqa: PLR2004


def _described(message: str, detail: str | None) -> RestError:
    """Answer as the JSON in *message* and *detail* says."""
    body = _read_body(message)
    if body is None:
        return _undescribed(
            f"Invalid JSON value for MESSAGE: '{message}'",
            "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and"
            " optional keys: 'details', 'hint'.",
        )
    hint = (
        "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional"
        " key: 'status_text'."
    )
    if detail is None:
        return _undescribed("DETAIL is missing in the RAISE statement", hint)
    return _read_status(detail, body) or _undescribed(
        f"Invalid JSON value for DETAIL: '{detail}'", hint
    )


def _undescribed(details: str, hint: str) -> RestError:
    message = "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error"
    return RestError(_INTERNAL, ErrorBody("PGRST121", message, details, hint))


def _object(text: str) -> dict[str, JsonValue] | None:
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _read_body(text: str) -> ErrorBody | None:
    match _object(text):
        case {"code": str(code), "message": str(message), **others}:
            details, hint = others.get("details"), others.get("hint")
            if isinstance(details, (str, type(None))) and isinstance(hint, (str, type(None))):
                return ErrorBody(code, message, details, hint)
            return None
        case _:
            return None


def _read_status(text: str, body: ErrorBody) -> RestError | None:
    match _object(text):
        case {"status": int(status), "headers": dict(headers), **others} if _is_final(status):
            reason = others.get("status_text")
            fields = tuple(
                (name, value)
                for name, value in headers.items()
                if isinstance(value, str) and is_field(name, value)
            )
            if len(fields) < len(headers):
                return None
            phrase = reason if isinstance(reason, str) else None
            return RestError(status, body, headers=fields, reason=phrase)
        case _:
            return None


def response_to(error: RestError, *, has_body: bool = True) -> Response:
    """
    Make the response that tells the client about *error*.

    Args:
        error: What went wrong.
        has_body: False for HEAD, which has the header fields of the body only.
    """
    body = json.dumps(
        {
            "code": error.body.code,
            "details": error.body.details,
            "hint": error.body.hint,
            "message": error.body.message,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    headers = (
        ("Content-Type", "application/json; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Proxy-Status", f"PostgREST; error={_NO_TOKEN.sub('', error.body.code)}"),
        *error.headers,
    )
    return Response(
        status=error.status,
        headers=headers,
        body=body if has_body else b"",
        reason=error.reason,
    )
