"""The page at ``/``: what runs here, and how to see a change arrive."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Final

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


_TEMPLATE: Final = (
    resources.files("slotcast.transports").joinpath("pages/start.html").read_text("utf-8")
)


def _hashes(tag: str) -> str:
    """List the CSP hashes of the template's inline *tag* elements."""
    bodies = re.findall(rf"<{tag}>(.*?)</{tag}>", _TEMPLATE, re.DOTALL)
    served = (Template(body).substitute() for body in bodies)
    digests = (hashlib.sha256(body.encode()).digest() for body in served)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        f"style-src {_hashes('style')}",
        f"script-src {_hashes('script')}",
        "img-src data:",  # the empty icon
        # 'self' is the page's own WebSocket, too.
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def render(page: StartPage) -> tuple[str, Mapping[str, str]]:
    """
    Make the page.

    Returns:
        The HTML, and the headers it has to be served with: nothing from elsewhere is
        loaded, and only the page's own style and script run.
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
    }
    escaped = {name: html.escape(value) for name, value in values.items()}
    escaped["tables"] = _list_items(page.tables)
    return Template(_TEMPLATE).substitute(escaped), _HEADERS


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
