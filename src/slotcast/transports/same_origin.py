"""
Keeps scripts of other origins away from what only this machine's user should see and do.

Our other routes are open to all origins, since what one may do there depends on a token. What
`slotcast dev` offers besides asks for none.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

_OWN_DOMAINS: Final = (".localhost", ".local", ".internal")
"""Domains in which nobody can buy a name."""

_NAME: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.IGNORECASE)


def own(
    endpoint: Callable[[Request], Awaitable[Response]], *, subject: str
) -> Callable[[Request], Awaitable[Response]]:
    """
    Make an endpoint that refuses scripts of other origins.

    Args:
        endpoint: Answers all other requests.
        subject: What it is about, in the plural, to be named where it is refused.
    """

    async def guarded(request: Request) -> Response:
        if _is_foreign(request.url.hostname or ""):
            return _refused(
                f"{subject} are only to be had at an IP address or a name of this network"
            )
        origin = request.headers.get("origin")
        if origin is not None and origin != f"{request.url.scheme}://{request.url.netloc}":
            return _refused(f"{subject} are not for pages of other origins")
        return await endpoint(request)

    return guarded


def _refused(message: str) -> JSONResponse:
    return JSONResponse({"error": message}, HTTPStatus.FORBIDDEN)


def _is_foreign(host: str) -> bool:
    """
    Tell whether *host* is a name that a stranger may own.

    Who owns a name can have it stand for this machine once their page is loaded (DNS
    rebinding); to the browser that page is of our origin then.
    """
    try:
        ip_address(host)
    except ValueError:
        is_name = _NAME.fullmatch(host) is not None
        return not is_name or ("." in host and not host.endswith(_OWN_DOMAINS))
    return False
