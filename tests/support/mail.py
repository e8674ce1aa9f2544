"""A server with accounts whose mails end in a mailbox, and a client that speaks plain HTTP."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import aiohttp

from slotcast import app
from slotcast.auth.mailbox import Mailbox
from support.server import PUBLISHABLE_KEY, SECRET_KEY, settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from slotcast.auth.mailbox import ReceivedMail

TIMEOUT_S: Final = 20.0
PASSWORD: Final = "correct horse battery"

UNLIMITED: Final[Mapping[str, object]] = {
    "auth_requests_per_5_min": 0,
    "auth_tokens_per_5_min": 0,
    "auth_verifications_per_5_min": 0,
    "auth_attempts_per_10_min": 0,
    "auth_mail_interval_s": 0.0,
}
"""Settings for tests that are about something other than limits."""


@dataclass(slots=True)
class Reply:
    """What the server answered; *body* is JSON, None for none."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def error(self) -> tuple[int, str]:
        """The status and the code of the error."""
        return self.status, self.body["code"]

    @property
    def target(self) -> str:
        """Where a redirect leads, without query and fragment."""
        return self.headers["Location"].partition("#")[0].partition("?")[0]

    @property
    def fragment(self) -> dict[str, str]:
        """The parameters behind the hash sign of a redirect."""
        return _parameters(urlsplit(self.headers["Location"]).fragment)

    @property
    def query(self) -> dict[str, str]:
        """The parameters in the query of a redirect."""
        return _parameters(urlsplit(self.headers["Location"]).query)


def _parameters(text: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


@dataclass(slots=True)
class Accounts:
    """A server's `/auth/v1`, and the mailbox that its mails end in."""

    url: str
    mailbox: Mailbox
    _http: aiohttp.ClientSession = field(repr=False)

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        key: str = PUBLISHABLE_KEY,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Reply:
        """Ask for *path* as clients do."""
        sent = {
            "apikey": key,
            "Authorization": f"Bearer {token or key}",
            "X-Supabase-Api-Version": "2024-01-01",
            **(headers or {}),
        }
        async with self._http.request(
            method,
            f"{self.url}/auth/v1{path}",
            json=body,
            data=data,
            headers=sent,
            allow_redirects=False,
        ) as response:
            text = await response.text()
            is_json = "json" in response.content_type
            answer = await response.json() if is_json and text else text or None
            return Reply(response.status, answer, response.headers)

    async def post(self, path: str, body: object = None, **options: Any) -> Reply:
        return await self.call("POST", path, body, **options)

    async def admin(self, method: str, path: str, body: object = None) -> Reply:
        """Ask for *path* as an administrator."""
        return await self.call(method, path, body, key=SECRET_KEY)

    async def open(self, link: str, method: str = "GET") -> Reply:
        """Open the link of a mail, as a browser does; the redirect is not followed."""
        async with self._http.request(method, link, allow_redirects=False) as response:
            is_json = "json" in response.content_type
            body = await response.json() if is_json and method != "HEAD" else None
            return Reply(response.status, body, response.headers)

    async def mail(self, to: str, *, count: int = 1) -> ReceivedMail:
        """Wait until *to* has got that many mails; gives the newest."""
        async with asyncio.timeout(TIMEOUT_S):
            async for _ in self.mailbox.changes():
                found = [mail for mail in self.mailbox.mails if mail.mail.letter.to == to]
                if len(found) >= count:
                    return found[0]
        raise AssertionError("the mailbox was closed")

    async def user(self, email: str, **members: object) -> dict[str, Any]:
        """Make a user who can sign in with `PASSWORD`."""
        reply = await self.admin(
            "POST",
            "/admin/users",
            {"email": email, "password": PASSWORD, "email_confirm": True, **members},
        )
        assert reply.status == 200, reply
        return reply.body

    async def sign_in(self, email: str, password: str = PASSWORD) -> Reply:
        return await self.post("/token?grant_type=password", {"email": email, "password": password})


@asynccontextmanager
async def serving_accounts(
    database_url: str, slot: str, **changes: object
) -> AsyncGenerator[Accounts]:
    """Run a server whose addresses have to be confirmed by mail, unless *changes* say otherwise."""
    mailbox = Mailbox(lambda: datetime.now(UTC))
    chosen = settings(
        database_url,
        slot,
        **{"auth": "on", "auth_autoconfirm": "off", **UNLIMITED, **changes},
    )
    async with (
        app.running(chosen, mailbox=mailbox) as url,
        aiohttp.ClientSession() as http,
    ):
        yield Accounts(url, mailbox, http)


def verifier_and_challenge() -> tuple[str, dict[str, str]]:
    """Make what a client keeps and what it sends to begin a flow with PKCE."""
    verifier = secrets.token_urlsafe(40)
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return verifier, {"code_challenge": challenge, "code_challenge_method": "s256"}
