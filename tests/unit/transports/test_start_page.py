from __future__ import annotations

import dataclasses
import re

import pytest

from slotcast.transports import assets, start_page
from support.transport import start_page as example

HOSTILE = """</pre><script>alert("x")</script>$version ${url} '&'"""


def test_every_value_is_shown() -> None:
    page = dataclasses.replace(example(), anon_key="the-public-key")

    shown, _ = start_page.render(page)

    for value in ("18.6", "slotcast", "supabase_realtime", "public.services", "the-public-key"):
        assert value in shown


@pytest.mark.parametrize(
    "field",
    [field.name for field in dataclasses.fields(start_page.StartPage) if field.type == "str"]
    + ["tables"],
)
def test_no_value_can_become_markup(field: str) -> None:
    hostile: object = HOSTILE
    if field == "tables":
        hostile = (HOSTILE,)
    page = dataclasses.replace(example(), **{field: hostile})

    shown, _ = start_page.render(page)

    assert shown.count("<script") == 1
    assert "alert(&quot;x&quot;)" in shown or "alert(\\&quot;x\\&quot;)" in shown


def test_nothing_inline_is_on_the_page_and_its_policy_allows_none() -> None:
    shown, headers = start_page.render(example())
    policy = headers["Content-Security-Policy"]

    assert "style-src 'self'; script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert re.search(r"<style|<script(?! src=)|\bon\w+=|style=", shown) is None


def test_every_file_that_the_page_loads_is_served() -> None:
    shown, _ = start_page.render(example())

    loaded = re.findall(r'"/assets/([^"]+)"', shown)

    assert set(loaded) <= set(assets.NAMES)
    assert len(loaded) == 3


def test_other_pages_are_offered_where_there_are_any() -> None:
    with_some, _ = start_page.render(example())
    changes = {"has_inspector": False, "has_mailbox": False}
    without, _ = start_page.render(dataclasses.replace(example(), **changes))

    assert 'href="/inspector"' in with_some
    assert 'href="/mail"' in with_some
    assert "inspector" not in without
    assert "mail" not in without


def test_the_page_tells_a_live_stream_from_one_that_is_not() -> None:
    live, _ = start_page.render(example(is_live=True))
    waiting, _ = start_page.render(example(is_live=False))

    assert "Replication is live" in live
    assert "Replication is not live yet" in waiting


def test_the_apps_are_shown_where_they_are_served() -> None:
    tour = start_page.Tour(dashboard="/dashboard/?as=a&b", booking="/book/", has_customer=False)

    shown, headers = start_page.render(dataclasses.replace(example(), tour=tour))
    without, others = start_page.render(example())

    assert 'src="/dashboard/?as=a&amp;b"' in shown
    assert "data-customer" not in shown
    assert "frame-src 'self'" in headers["Content-Security-Policy"]
    assert "iframe" not in without
    assert "frame-src" not in others["Content-Security-Policy"]


def test_the_simulated_customer_is_offered_where_there_is_one() -> None:
    tour = start_page.Tour(dashboard="/dashboard/", booking="/book/", has_customer=True)

    shown, _ = start_page.render(dataclasses.replace(example(), tour=tour))

    assert re.findall(r'data-customer="(\w+)"', shown) == ["book", "move", "cancel"]


def test_a_publication_without_tables_says_so() -> None:
    shown, _ = start_page.render(dataclasses.replace(example(), tables=()))

    assert "none yet" in shown


@pytest.mark.parametrize(
    "body", re.findall(r"<pre[^>]*>(.*?)</pre>", start_page.render(example())[0], re.DOTALL)
)
def test_snippets_have_no_unfilled_placeholders(body: str) -> None:
    assert "$" not in body
