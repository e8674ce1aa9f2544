"""The page at ``/``: what runs here, and how to see a change arrive."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING, Final

from slotcast.transports import assets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPage:
    """
    What the page shows. Every value is escaped; none may be secret.

    Attributes:
        version: Slotcast's own.
        url: Where clients reach this server, such as ``http://127.0.0.1:54321``.
        anon_key: The public API key, made for being in browsers.
        postgres_version: Such as ``18.6``.
        slot: The replication slot's name.
        publication: The publication's name.
        tables: Its tables, ``schema.name``.
        is_live: Whether the replication stream runs.
        sample_table: The table the snippets use; usually one of *tables*.
        sample_sql: A statement that changes a row of it.
        has_inspector: Whether there is a page to try channels with.
        has_mailbox: Whether mails end up on a page.
        tour: What the apps show side by side; None where they are not served.
    """

    version: str
    url: str
    anon_key: str
    postgres_version: str
    slot: str
    publication: str
    tables: tuple[str, ...]
    is_live: bool
    sample_table: str
    sample_sql: str
    has_inspector: bool
    has_mailbox: bool
    tour: Tour | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour:
    """
    The apps, side by side.

    Attributes:
        dashboard: Where the dashboard is, with whatever makes it open as somebody.
        booking: Where customers book.
        has_customer: Whether there is a simulated customer, at ``/demo/customer``.
    """

    dashboard: str
    booking: str
    has_customer: bool


_TOUR: Final = Template("""\
<section class="wide tour" aria-labelledby="tour">
  <div class="live-head">
    <h2 id="tour">Two apps, one table</h2>
$customer
  </div>
  <div class="apps">
    <figure class="dashboard">
      <figcaption>Dashboard, for staff <a href="$dashboard" target="_blank">open</a></figcaption>
      <iframe src="$dashboard" title="The dashboard"></iframe>
    </figure>
    <figure>
      <figcaption>Booking, for customers <a href="$booking" target="_blank">open</a></figcaption>
      <iframe src="$booking" title="The booking page"></iframe>
    </figure>
  </div>
</section>""")

_CUSTOMER: Final = """\
    <p class="hint" id="customer-did" role="status">Do something on either side, or let
      a customer do it.</p>
    <div class="customer" role="group" aria-label="A customer">
      <button type="button" class="primary" data-customer="book">Let a customer book</button>
      <button type="button" data-customer="move">Let them move it</button>
      <button type="button" data-customer="cancel">Let them cancel</button>
    </div>"""

_INSPECTOR: Final = (
    '  <p class="hint">To try filters, private channels, broadcast and presence, and to be told why'
    ' something does not arrive: <a href="/inspector">open the inspector</a>.</p>'
)

_MAILBOX: Final = (
    '  <p class="hint">Mails that confirm addresses, or sign people in:'
    ' <a href="/mail">open the mailbox</a>.</p>'
)


def render(page: StartPage) -> tuple[str, Mapping[str, str]]:
    """
    Make the page.

    Returns:
        The HTML, and the headers it has to be served with: only what this server itself
        serves is loaded, and nothing inline runs.
    """
    values = {
        "version": page.version,
        "url": page.url,
        "anon_key": page.anon_key,
        "postgres_version": page.postgres_version,
        "slot": page.slot,
        "publication": page.publication,
        "sample_table": page.sample_table,
        "sample_sql": page.sample_sql,
        "state": "live" if page.is_live else "waiting",
        "state_text": "Replication is live" if page.is_live else "Replication is not live yet",
        "javascript": _javascript(page),
        "python": _python(page),
        "curl": _curl(page),
    }
    escaped = {name: html.escape(value) for name, value in values.items()}
    escaped["tables"] = _list_items(page.tables)
    escaped["inspector"] = _INSPECTOR if page.has_inspector else ""
    escaped["mailbox"] = _MAILBOX if page.has_mailbox else ""
    escaped["tour"] = _tour(page.tour) if page.tour else ""
    html_text = Template(assets.text("start.html")).substitute(escaped)
    return html_text, assets.page_headers(has_frames=page.tour is not None)


def _tour(tour: Tour) -> str:
    return _TOUR.substitute(
        dashboard=html.escape(tour.dashboard),
        booking=html.escape(tour.booking),
        customer=_CUSTOMER if tour.has_customer else "",
    )


def _list_items(tables: Iterable[str]) -> str:
    items = [f"<li><code>{html.escape(table)}</code></li>" for table in tables]
    return "".join(items) or "<li class=empty>none yet: add one with ALTER PUBLICATION</li>"


def _javascript(page: StartPage) -> str:
    url, key, table = map(json.dumps, (page.url, page.anon_key, page.sample_table))
    return f"""\
import {{ createClient }} from "@supabase/supabase-js";

const supabase = createClient({url}, {key});

supabase
  .channel("changes")
  .on("postgres_changes", {{ event: "*", schema: "public", table: {table} }},
      (change) => console.log(change))
  .subscribe((status) => console.log(status));"""


def _python(page: StartPage) -> str:
    url, key, table = map(json.dumps, (page.url, page.anon_key, page.sample_table))
    return f"""\
import asyncio
from supabase import acreate_client


async def main():
    supabase = await acreate_client({url}, {key})
    channel = supabase.channel("changes")
    channel.on_postgres_changes("*", print, table={table}, schema="public")
    await channel.subscribe()
    await asyncio.Event().wait()


asyncio.run(main())"""


def _curl(page: StartPage) -> str:
    return f"""\
curl '{page.url}/rest/v1/{page.sample_table}?limit=3' \\
  --header 'apikey: {page.anon_key}'"""
