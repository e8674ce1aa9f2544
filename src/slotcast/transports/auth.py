"""
`/auth/v1` over HTTP: carries requests to the handlers of `slotcast.auth`, and answers back.

Bodies are JSON whatever their type is said to be. Errors have the two forms that clients of
Supabase Auth know, by the version of the API that they ask for.
"""

from __future__ import annotations

import dataclasses
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from slotcast import strict_json
from slotcast.auth import (
    account,
    admin_users,
    callers,
    grants,
    left_out,
    links,
    mail_requests,
    public,
    sign_out,
    sign_up,
    verification,
)
from slotcast.auth.endpoints import BODY_LIMIT_BYTES, Access, Request
from slotcast.auth.errors import API_VERSION, API_VERSION_HEADER, AuthError, is_current
from slotcast.auth.service import PREFIX
from slotcast.errors import TokenError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from typing import Any

    from starlette.requests import Request as HttpRequest
    from starlette.routing import BaseRoute

    from slotcast.auth.endpoints import Answer, Endpoint
    from slotcast.auth.service import AuthService

ENDPOINTS: Final = (
    *public.ENDPOINTS,
    *sign_up.ENDPOINTS,
    *grants.ENDPOINTS,
    *sign_out.ENDPOINTS,
    *account.ENDPOINTS,
    *verification.ENDPOINTS,
    *mail_requests.ENDPOINTS,
    *admin_users.ENDPOINTS,
    *links.ENDPOINTS,
    *left_out.ENDPOINTS,
)
"""Whatever is served below `/auth/v1`."""

_ANY_METHOD: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

_NO_KEY: Final = {
    "message": "No API key found in request",
    "hint": "No `apikey` request header or url param was found.",
}
_UNKNOWN_KEY: Final = {
    "message": "Invalid API key",
    "hint": "Double check your Supabase `anon` or `service_role` API key.",
}


class AuthApi:
    """
    Serves endpoints over HTTP.

    Args:
        service: Given to their handlers.
        endpoints: What is served.
    """

    def __init__(self, service: AuthService, endpoints: Iterable[Endpoint] = ENDPOINTS) -> None:
        self._service = service
        self._endpoints = tuple(endpoints)

    def routes(self) -> list[BaseRoute]:
        """Make the routes; they answer for everything below `/auth/v1`."""
        paths: dict[str, list[Endpoint]] = {}
        for endpoint in self._endpoints:
            paths.setdefault(endpoint.path, []).append(endpoint)
        return [
            *(
                Route(PREFIX + path, self._serve(endpoints), methods=_ANY_METHOD)
                for path, endpoints in paths.items()
            ),
            Route(PREFIX + "/{rest:path}", _unknown, methods=_ANY_METHOD),
        ]

    def _serve(
        self, endpoints: list[Endpoint]
    ) -> Callable[[HttpRequest], Coroutine[Any, Any, Response]]:
        """Make what answers for one path."""
        by_method = {endpoint.method: endpoint for endpoint in endpoints}

        async def serve(http: HttpRequest) -> Response:
            endpoint = by_method.get("GET" if http.method == "HEAD" else http.method)
            if endpoint is None or (http.method == "HEAD" and not endpoint.is_safe):
                return _refusal(http, _not_offered(http.method, [*by_method]))
            if endpoint.access is not Access.OPEN:
                wrong = self._wrong_key(http)
                if wrong is not None:
                    return JSONResponse(wrong, HTTPStatus.UNAUTHORIZED)
            try:
                return _response(await self._answer(endpoint, http))
            except AuthError as error:
                return _refusal(http, error)

        return serve

    async def _answer(self, endpoint: Endpoint, http: HttpRequest) -> Answer:
        request = Request(
            content=await _read(http),
            query=dict(http.query_params),
            headers=dict(http.headers),
            path=http.path_params,
            address=_address(http, self._service.settings.auth_client_address_header),
            token=_bearer(http),
        )
        if endpoint.access is Access.ADMIN:
            claims = callers.verified_admin(self._service, request)
            request = dataclasses.replace(request, claims=claims)
        return await endpoint.handler(self._service, request)

    def _wrong_key(self, http: HttpRequest) -> dict[str, str] | None:
        """Say what is wrong with the API key of a request; None when nothing is."""
        if self._service.settings.auth_api_key_check == "off":
            return None
        key = http.headers.get("apikey") or http.query_params.get("apikey")
        if not key:
            return _NO_KEY
        try:
            self._service.keyring.from_api_key(key, self._service.now().timestamp())
        except TokenError:
            return _UNKNOWN_KEY
        return None


def _address(http: HttpRequest, header: str) -> str:
    """
    Give the client's address.

    Of what stands in *header* only the last entry was written by the proxy next to us; the
    others may be whatever the client likes. Some proxies write into a header of their own, below
    that of the client.
    """
    forwarded = http.headers.getlist(header) if header else []
    if forwarded:
        return forwarded[-1].rpartition(",")[2].strip()
    return http.client.host if http.client else ""


def _bearer(http: HttpRequest) -> str | None:
    scheme, _, token = http.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def _read(http: HttpRequest) -> bytes:
    """
    Read the body of a request.

    Raises:
        AuthError: It is too large, or its sender went away.
    """
    chunks: list[bytes] = []
    size_bytes = 0
    try:
        async for chunk in http.stream():
            size_bytes += len(chunk)
            if size_bytes > BODY_LIMIT_BYTES:
                raise AuthError(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    "request_entity_too_large",
                    f"Request body exceeds {BODY_LIMIT_BYTES} bytes",
                )
            chunks.append(chunk)
    except ClientDisconnect:
        raise AuthError(
            HTTPStatus.BAD_REQUEST, "bad_json", "The request ended before its body did"
        ) from None
    return b"".join(chunks)


def _response(answer: Answer) -> Response:
    if answer.body is None:
        return Response(status_code=answer.status, headers=answer.headers)
    return Response(
        strict_json.dumps(answer.body),
        answer.status,
        answer.headers,
        media_type="application/json",
    )


def _refusal(http: HttpRequest, error: AuthError) -> Response:
    """Tell the client what is wrong, in the form that it knows."""
    version = http.headers.get(API_VERSION_HEADER)
    headers = {"x-sb-error-code": error.error_code, **error.headers}
    if is_current(version):
        headers[API_VERSION_HEADER] = API_VERSION
    return Response(
        strict_json.dumps(error.body(version)), error.status, headers, media_type="application/json"
    )


def _not_offered(method: str, offered: list[str]) -> AuthError:
    return AuthError(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "validation_failed",
        f"{method} is not offered here",
        headers={"Allow": ", ".join(offered)},
    )


async def _unknown(http: HttpRequest) -> Response:
    """Answer for what is not served."""
    message = f"There is nothing at {http.url.path}"
    return _refusal(http, AuthError(HTTPStatus.NOT_FOUND, "validation_failed", message))
