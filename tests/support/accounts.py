"""Accounts on a test's database, served without HTTP, and with a clock that tests set."""

from __future__ import annotations

import dataclasses
import json
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import psycopg

from slotcast.auth.callers import verified_admin
from slotcast.auth.endpoints import Access, Request
from slotcast.auth.errors import API_VERSION, API_VERSION_HEADER, AuthError
from slotcast.auth.mailbox import Mailbox
from slotcast.auth.opening import open_service
from slotcast.postgres.pool import make_pool
from slotcast.tokens import Keyring
from slotcast.transports.auth import ENDPOINTS
from support.server import SECRET, SECRET_KEY, settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from slotcast.auth.endpoints import Endpoint
    from slotcast.auth.service import AuthService

EMAIL: Final = "ann@mail.example"
PASSWORD: Final = "correct horse"
API_URL: Final = "http://127.0.0.1:54321"
# Of the last second, so that JWTs, whose times have no fractions, are not ahead of it.
START: Final = datetime.now(UTC).replace(microsecond=0)


class Clock:
    """Stands still unless a test moves it."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **duration: float) -> None:
        """Move on by a duration as `timedelta` takes it."""
        self.at += timedelta(**duration)


@dataclass(frozen=True, slots=True)
class Reply:
    """What an endpoint answered, or refused with."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        """The error's code, empty if it is no error."""
        return self.body.get("code", "") if self.status >= 400 else ""

    @property
    def message(self) -> str:
        """The error's message."""
        return self.body["message"]


@dataclass(frozen=True, slots=True)
class Accounts:
    """Calls endpoints as a client would."""

    service: AuthService
    clock: Clock
    mailbox: Mailbox
    url: str

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        address: str = "192.0.2.1",
        **query: str,
    ) -> Reply:
        """Call an endpoint with a JSON body, or any *content*, as the user of *token*."""
        path, _, parameters = path.partition("?")
        endpoint, placeholders = _find(method, path)
        request = Request(
            content=json.dumps(body).encode() if content is None else content,
            query={**dict(parse_qsl(parameters, keep_blank_values=True)), **query},
            headers={API_VERSION_HEADER: API_VERSION, "user-agent": "tests", **(headers or {})},
            path=placeholders,
            address=address,
            token=token,
        )
        try:
            if endpoint.access is Access.ADMIN:
                claims = verified_admin(self.service, request)
                request = dataclasses.replace(request, claims=claims)
            answer = await endpoint.handler(self.service, request)
        except AuthError as error:
            return Reply(error.status, error.body(API_VERSION), error.headers)
        return Reply(answer.status, answer.body, answer.headers)

    async def sign_up(
        self, email: str = EMAIL, password: str = PASSWORD, **data: object
    ) -> dict[str, Any]:
        """Sign up; gives the session."""
        reply = await self.call(
            "POST", "/signup", {"email": email, "password": password, "data": data}
        )
        assert reply.status == 200, reply
        return reply.body

    async def sign_in(self, email: str = EMAIL, password: str = PASSWORD) -> dict[str, Any]:
        """Sign in by password; gives the session."""
        reply = await self.by_password(email, password)
        assert reply.status == 200, reply
        return reply.body

    async def by_password(self, email: str = EMAIL, password: str = PASSWORD) -> Reply:
        """Try to sign in by password."""
        credentials = {"email": email, "password": password}
        return await self.call("POST", "/token", credentials, grant_type="password")

    async def refresh(self, refresh_token: object) -> Reply:
        """Use a refresh token."""
        body = {"refresh_token": refresh_token}
        return await self.call("POST", "/token", body, grant_type="refresh_token")

    async def user(self, session: Mapping[str, Any]) -> Reply:
        """Ask for the user of *session*."""
        return await self.call("GET", "/user", token=session["access_token"])

    async def change_user(self, session: Mapping[str, Any], **changes: object) -> Reply:
        """Change the user of *session*."""
        return await self.call("PUT", "/user", changes, token=session["access_token"])

    async def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run SQL as the superuser, and give what it returns."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            cursor = await connection.execute(statement.encode(), values)
            return await cursor.fetchall() if cursor.description else []


@asynccontextmanager
async def accounts(url: str, **changes: object) -> AsyncGenerator[Accounts]:
    """
    Serve the accounts of the database at *url*; addresses count as confirmed at once.

    Args:
        url: The database.
        changes: Settings other than the tests' usual.
    """
    given = settings(
        url, "unused", **{"auth": "on", "auth_autoconfirm": "on", "auth_anonymous": "on", **changes}
    )
    keyring = Keyring(
        secret=SECRET,
        jwks=given.jwks,
        publishable_key=given.publishable_key,
        secret_key=SECRET_KEY,
    )
    clock = Clock()
    mailbox = Mailbox(clock)
    async with (
        make_pool(url, size=1, statement_timeout_s=10.0) as pool,
        open_service(given, keyring, pool, mailbox=mailbox) as service,
    ):
        service.now = clock
        service.api_url = API_URL
        yield Accounts(service, clock, mailbox, url)


def _find(method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    for endpoint in ENDPOINTS:
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(endpoint.path))
        found = re.fullmatch(pattern, path)
        if found and endpoint.method == method:
            return endpoint, found.groupdict()
    raise AssertionError(f"{method} {path} is not served")
