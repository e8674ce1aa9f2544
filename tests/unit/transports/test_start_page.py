from __future__ import annotations

import base64
import dataclasses
import hashlib
import re

import pytest

from slotcast.transports import start_page
from support.transport import start_page as example

HOSTILE = """</pre><script>alert("x")</script>$version ${url} '&'"""


def test_every_value_is_shown() -> None:
    page = dataclasses.replace(example(), anon_key="the-public-key")

    shown, _ = start_page.render(page)

    for value in ("18.6", "slotcast", "supabase_realtime", "public.services", "the-public-key"):
        assert value in shown


@pytest.mark.parametrize(
    "field",
    [field.name for field in dataclasses.fields(start_page.StartPage) if field.name != "is_live"],
)
def test_no_value_can_become_markup(field: str) -> None:
    hostile: object = HOSTILE
    if field == "tables":
        hostile = (HOSTILE,)
    page = dataclasses.replace(example(), **{field: hostile})

    shown, _ = start_page.render(page)

    assert shown.count("<script") == 1
    assert "alert(&quot;x&quot;)" in shown or "alert(\\&quot;x\\&quot;)" in shown


def test_the_policy_allows_exactly_the_inline_elements_of_the_page() -> None:
    shown, headers = start_page.render(example())
    policy = headers["Content-Security-Policy"]

    for tag in ("style", "script"):
        (body,) = re.findall(rf"<{tag}>(.*?)</{tag}>", shown, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}';" in policy
    assert re.search(r"\bon\w+=|style=", shown) is None
    assert "http" not in re.sub(r"http://127\.0\.0\.1:54321", "", policy)


def test_the_page_tells_a_live_stream_from_one_that_is_not() -> None:
    live, _ = start_page.render(example(is_live=True))
    waiting, _ = start_page.render(example(is_live=False))

    assert "Replication is live" in live
    assert "Replication is not live yet" in waiting


def test_a_publication_without_tables_says_so() -> None:
    shown, _ = start_page.render(dataclasses.replace(example(), tables=()))

    assert "none yet" in shown


@pytest.mark.parametrize(
    "body", re.findall(r"<pre[^>]*>(.*?)</pre>", start_page.render(example())[0], re.DOTALL)
)
def test_snippets_have_no_unfilled_placeholders(body: str) -> None:
    assert "$" not in body
