"""From a client's upgrade request to a `Handshake`, and from a `Refusal` to its answer."""

from __future__ import annotations

import json
from http import HTTPStatus
from http.client import responses as reasons
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote

from websockets.datastructures import Headers
from websockets.http11 import Response

from slotcast.channels.session import Handshake, Refusal

if TYPE_CHECKING:
    from websockets.http11 import Request

PATHS: Final = frozenset({"/realtime/v1/websocket", "/socket/websocket"})
"""Where a WebSocket can be opened: behind Supabase's gateway, and at the original itself."""

_QUERY_FIELDS: Final = 100
"""Most parameters a client may give."""


def read(request: Request, remote: str) -> Handshake | Refusal:
    """
    Read what a client asks for.

    Args:
        request: A syntactically valid upgrade request.
        remote: The client's address.

    Returns:
        The handshake, or why there cannot be one: 404 for a path that has no WebSocket,
        400 for too many parameters.
    """
    raw_path, _, query = request.path.partition("?")
    path = unquote(raw_path)
    if path not in PATHS:
        return refuse(HTTPStatus.NOT_FOUND, f"There is no WebSocket at {path}")
    try:
        parameters = parse_qsl(query, keep_blank_values=True, max_num_fields=_QUERY_FIELDS)
    except ValueError:
        return refuse(HTTPStatus.BAD_REQUEST, f"More than {_QUERY_FIELDS} query parameters")
    headers: dict[str, str] = {}
    for name, value in request.headers.raw_items():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return Handshake(path=path, query=dict(parameters), headers=headers, remote=remote)


def refuse(status: HTTPStatus, message: str) -> Refusal:
    """Refuse with ``{"error": message}``, as the original does."""
    return Refusal(status=status, body=json.dumps({"error": message}).encode())


def answer(refusal: Refusal) -> Response:
    """Make the HTTP response that tells a client of *refusal*; the connection ends with it."""
    headers = Headers()
    for name, value in refusal.headers.items():
        headers[name] = value
    headers["Content-Type"] = "application/json"
    headers["Content-Length"] = str(len(refusal.body))
    headers["Connection"] = "close"
    return Response(refusal.status, reasons.get(refusal.status, ""), headers, refusal.body)
