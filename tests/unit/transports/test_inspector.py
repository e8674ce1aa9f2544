from __future__ import annotations

import html
import json
import re

from slotcast.transports import assets, inspector

HOSTILE = """</body><script>alert("x")</script>'&"""


def page(**given: object) -> str:
    values = {"api_key": "public-key", "publication": "p", "tables": ("public.notes",), **given}
    shown, _ = inspector.render(inspector.InspectorPage(**values))  # pyright: ignore[reportArgumentType] - as given
    return shown


def test_what_it_begins_with_can_be_read_back_whatever_it_holds() -> None:
    shown = page(api_key=HOSTILE, publication=HOSTILE, tables=(HOSTILE,))

    found = re.search(r'data-given="([^"]*)"', shown)

    assert found is not None
    given = json.loads(html.unescape(found[1]))
    assert given == {"apiKey": HOSTILE, "publication": HOSTILE, "tables": [HOSTILE]}
    assert shown.count("<script") == 1


def test_nothing_inline_is_on_the_page_and_its_policy_allows_none() -> None:
    _, headers = inspector.render(inspector.InspectorPage(api_key="", publication="", tables=()))

    assert re.search(r"<style|<script(?! src=)|\son\w+=|style=", page()) is None
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_every_file_that_the_pages_load_is_served() -> None:
    loaded = set(re.findall(r'"/assets/([^"]+)"', page()))
    imported = {
        name
        for script in assets.NAMES
        if script.endswith(".js")
        for name in re.findall(r'from "\./([^"]+)"', assets.text(script))
    }

    assert loaded | imported <= set(assets.NAMES)
    assert loaded
    assert imported


def test_nothing_is_loaded_from_elsewhere() -> None:
    for name in assets.NAMES:
        assert re.search(r"https?://|url\(|@import", assets.text(name)) is None
