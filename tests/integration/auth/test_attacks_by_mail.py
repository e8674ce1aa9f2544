"""What strangers try with mails: over HTTP, against the whole server."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import psycopg
import pytest

from support.accounts import EMAIL, PASSWORD
from support.mail import received, serving_with_mail, target
from support.server import PUBLISHABLE_KEY, SECRET_KEY, serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from slotcast.auth.mailbox import Mailbox
    from support.postgres import Database


@dataclass(slots=True)
class Reply:
    status: int
    body: Any
    headers: Any


@dataclass(slots=True)
class Stranger:
    """Somebody with the public key."""

    url: str
    mailbox: Mailbox
    http: aiohttp.ClientSession
    database_url: str

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str = PUBLISHABLE_KEY,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        sent = {"apikey": key, "Authorization": f"Bearer {key}", **(headers or {})}
        address = path if path.startswith("http") else f"{self.url}/auth/v1{path}"
        async with self.http.request(
            method, address, json=body, headers=sent, allow_redirects=False
        ) as response:
            is_json = response.content_type == "application/json" and method != "HEAD"
            return Reply(
                response.status, await response.json() if is_json else None, response.headers
            )

    async def post(self, path: str, **body: object) -> Reply:
        return await self.ask("POST", path, body)

    async def make_user(self, email: str = EMAIL) -> None:
        """Make a user, as only an administrator can."""
        body = {"email": email, "password": PASSWORD, "email_confirm": True}
        reply = await self.ask("POST", "/admin/users", body, key=SECRET_KEY)
        assert reply.status == 200, reply


@asynccontextmanager
async def attacking(database: Database, slot: str, **changes: object) -> AsyncGenerator[Stranger]:
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("truncate auth.users, auth.flow_state cascade")
    async with (
        serving_with_mail(database.url, slot, **changes) as (url, mailbox),
        aiohttp.ClientSession() as http,
    ):
        yield Stranger(url, mailbox, http, database.url)


@pytest.fixture
async def stranger(shared_database: Database, slot_name: str) -> AsyncGenerator[Stranger]:
    async with attacking(shared_database, slot_name) as attacker:
        yield attacker


async def test_codes_cannot_be_guessed_one_after_the_other(
    shared_database: Database, slot_name: str
) -> None:
    async with attacking(shared_database, slot_name, auth_attempts_per_10_min=10) as stranger:
        await stranger.make_user()
        await stranger.post("/otp", email=EMAIL)
        letter = await received(stranger.mailbox, EMAIL)
        wrong = [f"{number:06}" for number in range(40) if f"{number:06}" != letter.code]

        replies = await asyncio.gather(
            *(stranger.post("/verify", type="email", email=EMAIL, token=code) for code in wrong)
        )
        right = await stranger.post("/verify", type="email", email=EMAIL, token=letter.code)
        others = await stranger.post("/verify", type="email", email="jo@x.example", token="1")
        link = await stranger.ask("GET", letter.link)

    statuses = [reply.status for reply in replies]
    assert statuses.count(403) == 10
    assert set(statuses) == {403, 429}
    assert right.status == 429
    assert others.status == 403
    # Who has the mail is not kept out by those who guess.
    assert "access_token" in target(link.headers["Location"]).fragment


async def test_one_address_cannot_try_without_end(
    shared_database: Database, slot_name: str
) -> None:
    async with attacking(
        shared_database,
        slot_name,
        auth_verifications_per_5_min=5,
        auth_requests_per_5_min=5,
        auth_tokens_per_5_min=5,
        auth_client_address_header="x-forwarded-for",
    ) as stranger:
        for path, body in (
            ("/verify", {"type": "email", "token_hash": "x"}),
            ("/recover", {"email": EMAIL}),
            ("/otp", {"email": "none"}),
            ("/resend", {"type": "signup", "email": EMAIL}),
            ("/signup", {"email": "none", "password": PASSWORD}),
            ("/token?grant_type=refresh_token", {"refresh_token": "x"}),
        ):

            async def attempt(
                forwarded: str, path: str = path, body: dict[str, str] = body
            ) -> Reply:
                return await stranger.ask(
                    "POST", path, body, headers={"X-Forwarded-For": forwarded}
                )

            # What a client writes into the header itself does not make it another client.
            tries = [await attempt(f"198.51.100.{number}, 192.0.2.1") for number in range(6)]
            other = await attempt("192.0.2.2")

            assert [reply.status for reply in tries[:5]].count(429) == 0
            assert tries[5].status == 429, path
            assert tries[5].body["error_code"] == "over_request_rate_limit"
            assert int(tries[5].headers["Retry-After"]) > 0
            assert other.status != 429


async def test_a_proxy_may_write_the_address_below_what_the_client_sent(
    shared_database: Database, slot_name: str
) -> None:
    async with attacking(
        shared_database,
        slot_name,
        auth_verifications_per_5_min=1,
        auth_client_address_header="x-forwarded-for",
    ) as stranger:
        statuses: list[int] = []
        for number in range(2):
            headers = [
                ("apikey", PUBLISHABLE_KEY),
                ("X-Forwarded-For", f"198.51.100.{number}"),
                ("X-Forwarded-For", "192.0.2.1"),
            ]
            async with stranger.http.post(
                f"{stranger.url}/auth/v1/verify",
                json={"type": "email", "token_hash": "x"},
                headers=headers,
            ) as response:
                statuses.append(response.status)

    assert statuses == [403, 429]


async def test_nobody_is_flooded_with_mails_and_refusals_tell_nothing(
    shared_database: Database, slot_name: str
) -> None:
    async with attacking(shared_database, slot_name, auth_mail_interval_s=60.0) as stranger:
        await stranger.make_user()

        for path, kind in (("/recover", None), ("/resend", "signup"), ("/resend", "email_change")):
            for email in (EMAIL, "nobody@mail.example"):
                body = {"email": email, **({} if kind is None else {"type": kind})}
                first = await stranger.post(path, **body)
                second = await stranger.post(path, **body)

                assert (first.status, first.body) == (200, {})
                assert second.status == 429
                assert second.body["error_code"] == "over_email_send_rate_limit"
                assert "only request this after" in second.body["msg"]
        await received(stranger.mailbox, EMAIL)
        assert len(stranger.mailbox.mails) == 1


async def test_recovering_takes_as_long_for_strangers_as_for_users(stranger: Stranger) -> None:
    await stranger.make_user()

    async def duration(email: str) -> float:
        began = time.perf_counter()
        assert (await stranger.post("/recover", email=email)).status == 200
        return time.perf_counter() - began

    known: list[float] = []
    unknown: list[float] = []
    for _ in range(40):
        known.append(await duration(EMAIL))
        unknown.append(await duration("nobody@mail.example"))
    await received(stranger.mailbox, EMAIL, count=40)

    # The quickest of each, whatever else the machine does: without the work of a mail it would
    # be quicker by more than that.
    assert 1 / 3 < min(known) / min(unknown) < 3


async def test_asking_whether_a_link_is_there_does_not_use_it_up(stranger: Stranger) -> None:
    await stranger.make_user()
    await stranger.post("/otp", email=EMAIL)
    letter = await received(stranger.mailbox, EMAIL)

    scanned = await stranger.ask("HEAD", letter.link)
    opened = await stranger.ask("GET", letter.link)
    replayed = await stranger.ask("GET", letter.link)

    assert scanned.status == 405
    assert "access_token" in target(opened.headers["Location"]).fragment
    assert target(replayed.headers["Location"]).fragment["error_code"] == "otp_expired"


async def test_of_many_who_open_a_link_at_once_one_is_signed_in(stranger: Stranger) -> None:
    await stranger.make_user()
    await stranger.post("/otp", email=EMAIL)
    letter = await received(stranger.mailbox, EMAIL)

    replies = await asyncio.gather(*(stranger.ask("GET", letter.link) for _ in range(8)))

    fragments = [target(reply.headers["Location"]).fragment for reply in replies]
    assert sum("access_token" in fragment for fragment in fragments) == 1


async def test_codes_do_not_make_links(stranger: Stranger) -> None:
    await stranger.make_user()
    await stranger.post("/otp", email=EMAIL)
    letter = await received(stranger.mailbox, EMAIL)
    with psycopg.connect(stranger.database_url) as connection:
        [[stored]] = connection.execute("select token_hash from auth.one_time_tokens").fetchall()

    # Somebody who knows the address could compute this for every code.
    reply = await stranger.post("/verify", type="email", token_hash=stored)

    assert stored
    assert stored != letter.token_hash
    assert reply.status == 403


@pytest.mark.parametrize(
    "email",
    [
        "ann@mail.example\r\nBcc: eve@evil.example",
        "ann@mail.example,eve@evil.example",
        "ann@mail.example eve@evil.example",
        "<ann@mail.example>",
        '"ann\r\n"@mail.example',
        "ann@mail.example\u0000",
        "ann@mail.example\u2028",
        "=?utf-8?q?ann?=@mail.example@evil.example",
    ],
)
async def test_addresses_with_more_in_them_get_no_mail(stranger: Stranger, email: str) -> None:
    for path, body in (
        ("/otp", {"email": email}),
        ("/recover", {"email": email}),
        ("/signup", {"email": email, "password": PASSWORD}),
    ):
        assert (await stranger.post(path, **body)).status == 400
    assert stranger.mailbox.mails == ()


async def test_the_host_that_a_request_names_does_not_get_into_mails(stranger: Stranger) -> None:
    await stranger.make_user()

    await stranger.ask(
        "POST",
        "/recover?redirect_to=https://evil.example/",
        {"email": EMAIL},
        headers={
            "Host": "evil.example",
            "X-Forwarded-Host": "evil.example",
            "Referer": "https://evil.example/",
            "Origin": "https://evil.example",
            "redirect_to": "https://evil.example/",
        },
    )
    letter = await received(stranger.mailbox, EMAIL)

    assert letter.link.startswith(stranger.url)
    assert "evil" not in letter.link


async def test_a_server_without_mail_refuses_what_needs_it_and_has_no_mailbox(
    shared_database: Database, slot_name: str
) -> None:
    with psycopg.connect(shared_database.url, autocommit=True) as connection:
        connection.execute("truncate auth.users cascade")
    changes = {"auth": "on", "auth_autoconfirm": "off"}
    async with (
        serving(shared_database.url, slot_name, **changes) as url,
        aiohttp.ClientSession(url, headers={"apikey": PUBLISHABLE_KEY}) as http,
    ):
        for path, body in (
            ("signup", {"email": EMAIL, "password": PASSWORD}),
            ("otp", {"email": EMAIL}),
            ("recover", {"email": EMAIL}),
            ("resend", {"type": "signup", "email": EMAIL}),
        ):
            async with http.post(f"/auth/v1/{path}", json=body) as response:
                assert response.status == 422
                assert (await response.json())["error_code"] == "email_provider_disabled"
        for path in ("/mail", "/mail/api/messages", "/mail/api/events"):
            async with http.get(path) as response:
                assert response.status == 404
    with psycopg.connect(shared_database.url) as connection:
        assert connection.execute("select from auth.users").fetchall() == []


async def test_two_who_ask_for_the_same_new_account_at_once_are_both_answered(
    stranger: Stranger,
) -> None:
    replies = await asyncio.gather(*(stranger.post("/otp", email=EMAIL) for _ in range(4)))

    assert {reply.status for reply in replies} == {200}
    with psycopg.connect(stranger.database_url) as connection:
        assert len(connection.execute("select from auth.users").fetchall()) == 1


async def test_metadata_of_strangers_stays_out_of_our_mails(stranger: Stranger) -> None:
    advertisement = "Cheap watches at https://evil.example"
    await stranger.ask(
        "POST",
        "/signup",
        {"email": EMAIL, "password": PASSWORD, "data": {"name": advertisement}},
    )
    await received(stranger.mailbox, EMAIL)

    [mail] = stranger.mailbox.mails
    assert "evil" not in mail.mail.message.as_string()
