"""The files of our pages, and the headers under which browsers may use them."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

_TYPES: Final[Mapping[str, str]] = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
}

FOLDER: Final = "/assets/"
"""Where pages find the files."""

NAMES: Final = (
    "pages.css",
    "start.css",
    "start.js",
    "inspector.css",
    "inspector.js",
    "protocol.js",
    "advice.js",
    "mail.css",
    "mail.js",
)
"""What browsers load beside the pages themselves."""


@cache
def text(name: str) -> str:
    """Read a file of the folder `pages`."""
    return resources.files("slotcast.transports").joinpath("pages", name).read_text("utf-8")


_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; "
    "img-src data:; "  # the empty icon
    "connect-src 'self'; "  # the page's own WebSocket, too
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page_headers(*, has_frames: bool = False) -> Mapping[str, str]:
    """
    Give the headers of a page: nothing from elsewhere is used, and nothing inline runs.

    Args:
        has_frames: Whether it shows other pages of this server within itself.
    """
    return {
        "Content-Security-Policy": _POLICY + ("; frame-src 'self'" if has_frames else ""),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


def routes() -> list[Route]:
    """Make the routes under which browsers load the files."""
    return [Route(FOLDER + name, _serve) for name in NAMES]


async def _serve(request: Request) -> Response:
    name = request.url.path.removeprefix(FOLDER)
    return Response(
        text(name),
        headers={
            "Content-Type": _TYPES[name.rpartition(".")[2]],
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-cache",
        },
    )
