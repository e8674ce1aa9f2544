"""The page at ``/inspector``: join a channel by hand, and see what comes and why not."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING

from slotcast.transports import assets

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectorPage:
    """
    What the page begins with. Nothing of it may be secret.

    Attributes:
        api_key: The public API key, made for being in browsers; empty to fill in none.
        publication: The publication's name, for advice.
        tables: Its tables, ``schema.name``, to choose from.
    """

    api_key: str
    publication: str
    tables: tuple[str, ...]


def render(page: InspectorPage) -> tuple[str, Mapping[str, str]]:
    """
    Make the page.

    Returns:
        The HTML, and the headers it has to be served with: only what this server itself
        serves is loaded, and nothing inline runs.
    """
    given = json.dumps(
        {"apiKey": page.api_key, "publication": page.publication, "tables": page.tables}
    )
    shown = Template(assets.text("inspector.html")).substitute(given=html.escape(given))
    return shown, assets.page_headers()
