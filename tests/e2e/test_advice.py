"""What the inspector has to say about the server's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slotcast.channels.protocol import texts
from support.browser import page_of

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from slotcast.claims import JsonValue
    from support.browser import Site

pytestmark = pytest.mark.parametrize("cluster", ["embedded"], indirect=True)

GOOD_NEWS = {texts.SUBSCRIBED, texts.REPLICATION_READY}
NOTHING_TO_ADD = {texts.UNKNOWN_ERROR, texts.CONNECTION_ERROR}
"""Words that say nothing of the cause, so that only the server's log helps."""

ADVICE = """
async ([words, context]) => {
  const { adviceFor } = await import("/assets/advice.js");
  return adviceFor(words, context);
}
"""


async def test_everything_that_a_client_is_refused_with_is_explained(
    site: Site, browser: Browser
) -> None:
    said = {words for words in vars(texts).values() if isinstance(words, str) and " " in words}
    said -= {texts.__doc__, *GOOD_NEWS, *NOTHING_TO_ADD}
    context: JsonValue = {"topic": "desk", "bindings": [], "publication": "p"}

    async with page_of(browser) as page:
        await page.goto(f"{site.url}/inspector")
        silent = [
            words for words in sorted(said) if not await page.evaluate(ADVICE, [words, context])
        ]

    assert silent == []


async def test_sql_quotes_the_names_that_it_is_given(site: Site, browser: Browser) -> None:
    context = {
        "topic": "o'clock",
        "bindings": [{"schema": "public", "table": 'Bad"; drop'}],
        "publication": "My Publication",
    }

    async with page_of(browser) as page:
        await page.goto(f"{site.url}/inspector")
        published = await page.evaluate(ADVICE, ["Please check Realtime is enabled", context])
        private = await page.evaluate(
            ADVICE, ["Unauthorized: You do not have permissions to read", context]
        )

    assert published["steps"][1]["sql"] == (
        'alter publication "My Publication" add table public."Bad""; drop";'
    )
    assert "realtime.topic() = 'o''clock'" in private["steps"][1]["sql"]
