"""Mails of a server with accounts: waiting for them, and following what they lead to."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from slotcast import app
from slotcast.auth.mailbox import Mailbox
from support.server import settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from slotcast.auth.letters import Letter

TIMEOUT_S: Final = 20.0

UNLIMITED: Final[Mapping[str, object]] = {
    "auth_requests_per_5_min": 0,
    "auth_tokens_per_5_min": 0,
    "auth_verifications_per_5_min": 0,
    "auth_attempts_per_10_min": 0,
    "auth_mail_interval_s": 0.0,
}
"""Settings for tests that are about something other than limits."""


async def received(mailbox: Mailbox, to: str, *, count: int = 1) -> Letter:
    """Wait until *to* has got that many mails; gives the newest."""
    async with asyncio.timeout(TIMEOUT_S):
        async for _ in mailbox.changes():
            found = [mail.mail.letter for mail in mailbox.mails if mail.mail.letter.to == to]
            if len(found) >= count:
                return found[0]
    raise AssertionError("the mailbox was closed")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link leads: a URL, and the parameters in its query and behind its hash sign."""

    url: str
    query: Mapping[str, str]
    fragment: Mapping[str, str]


def target(location: str) -> Target:
    """Take the target of a redirect apart."""
    parts = urlsplit(location)
    return Target(
        location.partition("#")[0].partition("?")[0],
        _parameters(parts.query),
        _parameters(parts.fragment),
    )


def link_query(letter: Letter) -> dict[str, str]:
    """Give the parameters of the link in a mail."""
    return _parameters(urlsplit(letter.link).query)


def _parameters(text: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


def verifier_and_challenge() -> tuple[str, dict[str, str]]:
    """Make what a client keeps, and what it sends to begin a flow with PKCE."""
    verifier = secrets.token_urlsafe(40)
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return verifier, {"code_challenge": challenge, "code_challenge_method": "s256"}


@asynccontextmanager
async def serving_with_mail(
    database_url: str, slot: str, **changes: object
) -> AsyncGenerator[tuple[str, Mailbox]]:
    """Run a server where addresses are confirmed by mail; gives its URL and the mailbox."""
    mailbox = Mailbox(lambda: datetime.now(UTC))
    given = {"auth": "on", "auth_autoconfirm": "off", **UNLIMITED, **changes}
    async with app.running(settings(database_url, slot, **given), mailbox=mailbox) as url:
        yield url, mailbox
