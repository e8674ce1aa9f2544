"""
The web apps: the dashboard at ``/dashboard/`` and the booking app at ``/book/``.

::

    GET /dashboard/*, /book/*  the app's page, whatever comes after its place: the app reads it
    GET /app-assets/NAME       scripts, styles and fonts; a name changes with its content
    GET /config.json           {"url", "publishableKey", "demo"}: what the apps begin with

The files are built from `web/` of the repository into the package, once for all
installations: whatever an installation decides is in ``/config.json``.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from slotcast.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from starlette.requests import Request
    from starlette.routing import BaseRoute

FOLDER: Final = Path(str(resources.files("slotcast"))) / "web"
"""Where `make web` puts the built apps."""

PLACES: Final[Mapping[str, str]] = {"/dashboard": "dashboard", "/book": "booking"}
"""Where each app is served, and its folder."""

_ASSETS: Final = "app-assets"

_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}

_COMPRESSIBLE: Final = frozenset({".css", ".html", ".js", ".svg"})

_FOREVER: Final = "public, max-age=31536000, immutable"

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; "  # the place of what floats is computed
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
    "worker-src 'self' blob:; "
    "base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'"  # the start page shows both side by side
)

_PAGE_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}


@dataclass(frozen=True)
class _File:
    """A built file; read and compressed when it is first asked for."""

    path: Path

    @cached_property
    def content(self) -> bytes:
        return self.path.read_bytes()

    @cached_property
    def compressed(self) -> bytes | None:
        """As gzip; None where that saves nothing."""
        return gzip.compress(self.content) if self.path.suffix in _COMPRESSIBLE else None

    @cached_property
    def tag(self) -> str:
        return f'W/"{hashlib.sha256(self.content).hexdigest()[:20]}"'

    def answer(self, request: Request, headers: Mapping[str, str]) -> Response:
        """Answer *request* with the file, or say that its copy is still good."""
        headers = {**headers, "ETag": self.tag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        headers["Content-Type"] = _TYPES.get(self.path.suffix, "application/octet-stream")
        if self.compressed and "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(self.compressed, headers=headers)
        return Response(self.content, headers=headers)


class WebApps:
    """Serves the built apps."""

    def __init__(self, *, publishable_key: str, is_demo: bool, folder: Path = FOLDER) -> None:
        """
        Find the files.

        Args:
            publishable_key: The API key the apps come with, made for being in browsers.
            is_demo: Whether demo accounts may be signed in to with a click.
            folder: Where the apps were built.

        Raises:
            SettingsError: There is no key, or the apps were not built.
        """
        if not publishable_key:
            raise SettingsError(
                "apps is on, but the apps have no API key; set publishable_key, as"
                " sb_publishable_ and some random characters"
            )
        self._pages = {place: _File(folder / name / "index.html") for place, name in PLACES.items()}
        for page in self._pages.values():
            if not page.path.is_file():
                raise SettingsError(
                    f"apps is on, but {page.path} does not exist; build the apps with `make web`,"
                    " install a released package, or set apps to off"
                )
        self._assets = {
            path.name: _File(path) for path in (folder / _ASSETS).iterdir() if path.is_file()
        }
        # Without a URL the apps talk to whoever served them.
        self._config = {"url": "", "publishableKey": publishable_key, "demo": is_demo}

    def routes(self) -> Iterator[BaseRoute]:
        """Make the routes."""
        for place, page in self._pages.items():
            yield Route(place, _redirect)
            yield Route(place + "/{path:path}", self._page(page))
        yield Route(f"/{_ASSETS}/{{name}}", self._asset)
        yield Route("/config.json", self._configuration)

    def _page(self, page: _File) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return page.answer(request, _PAGE_HEADERS)

        return answer

    async def _asset(self, request: Request) -> Response:
        asset = self._assets.get(request.path_params["name"])
        if asset is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return asset.answer(
            request, {"Cache-Control": _FOREVER, "X-Content-Type-Options": "nosniff"}
        )

    async def _configuration(self, _request: Request) -> Response:
        return JSONResponse(self._config, headers={"Cache-Control": "no-cache"})


def are_built() -> bool:
    """Tell whether the apps are there to be served; a checkout may be without."""
    return all((FOLDER / name / "index.html").is_file() for name in PLACES.values())


async def _redirect(request: Request) -> Response:
    """Send browsers to where relative links are right; what was asked for stays."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(request.url.path + "/" + query)
