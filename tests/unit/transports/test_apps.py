from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette

from slotcast.errors import SettingsError
from slotcast.transports.apps import WebApps

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

SCRIPT = "console.log('Guten Tag');" * 100
FONT = bytes(range(256))
PAGES = {"dashboard": "<title>Dashboard</title>", "booking": "<title>Booking</title>"}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    for name, html in PAGES.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(html)
    (tmp_path / "app-assets").mkdir()
    (tmp_path / "app-assets" / "main-abc.js").write_text(SCRIPT)
    (tmp_path / "app-assets" / "inter-abc.woff2").write_bytes(FONT)
    (tmp_path / "secret.txt").write_text("not an asset")
    return tmp_path


@pytest.fixture
async def client(built: Path) -> AsyncGenerator[httpx.AsyncClient]:
    apps = WebApps(publishable_key="sb_publishable_x", is_demo=True, folder=built)
    transport = httpx.ASGITransport(Starlette(routes=list(apps.routes())))
    async with httpx.AsyncClient(transport=transport, base_url="http://salon.example") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/dashboard/", "Dashboard"),
        ("/dashboard/customers/7?view=week", "Dashboard"),
        ("/book/", "Booking"),
        ("/book/salon-lumiere/mine", "Booking"),
    ],
)
async def test_every_link_into_an_app_gives_its_page(
    client: httpx.AsyncClient, path: str, title: str
) -> None:
    answer = await client.get(path)

    assert answer.status_code == 200
    assert answer.text == f"<title>{title}</title>"
    assert answer.headers["cache-control"] == "no-cache"
    assert "script-src 'self';" in answer.headers["content-security-policy"]


async def test_an_app_without_its_slash_keeps_what_was_asked(client: httpx.AsyncClient) -> None:
    answer = await client.get("/dashboard?lang=fr")

    assert answer.status_code == 307
    assert answer.headers["location"] == "/dashboard/?lang=fr"


async def test_assets_are_kept_for_good_and_come_compressed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/app-assets/main-abc.js")

    assert answer.text == SCRIPT
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.num_bytes_downloaded == len(gzip.compress(SCRIPT.encode()))


async def test_who_cannot_unpack_gets_assets_as_they_are(client: httpx.AsyncClient) -> None:
    answer = await client.get("/app-assets/main-abc.js", headers={"Accept-Encoding": "identity"})

    assert "content-encoding" not in answer.headers
    assert answer.text == SCRIPT


async def test_fonts_are_not_packed_again(client: httpx.AsyncClient) -> None:
    answer = await client.get("/app-assets/inter-abc.woff2")

    assert "content-encoding" not in answer.headers
    assert answer.headers["content-type"] == "font/woff2"
    assert answer.content == FONT


async def test_an_unchanged_page_is_not_sent_again(client: httpx.AsyncClient) -> None:
    tag = (await client.get("/book/")).headers["etag"]

    again = await client.get("/book/", headers={"If-None-Match": tag})

    assert again.status_code == 304
    assert again.content == b""


@pytest.mark.parametrize(
    "name", ["none.js", "..%2Fsecret.txt", "%2e%2e%2fsecret.txt", "../secret.txt", "a%00b"]
)
async def test_nothing_but_assets_is_served_as_one(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/app-assets/{name}")

    assert answer.status_code == 404


async def test_apps_are_told_what_they_begin_with(client: httpx.AsyncClient) -> None:
    answer = await client.get("/config.json")

    assert answer.json() == {"url": "", "publishableKey": "sb_publishable_x", "demo": True}
    assert answer.headers["cache-control"] == "no-cache"


def test_apps_that_were_not_built_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="make web"):
        WebApps(publishable_key="sb_publishable_x", is_demo=False, folder=tmp_path)


def test_apps_without_a_key_are_refused(built: Path) -> None:
    with pytest.raises(SettingsError, match="set publishable_key"):
        WebApps(publishable_key="", is_demo=False, folder=built)
