from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from typing import TYPE_CHECKING

import httpx
import pytest

from slotcast.auth.letters import DEFAULT_TEMPLATES, Letter, LetterKind, Template, compose
from slotcast.auth.mail import Mail
from slotcast.auth.mailbox import Mailbox
from slotcast.transports.http import application
from slotcast.transports.mailbox import MailboxPages

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

URL = "http://127.0.0.1:54321"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class Served:
    mailbox: Mailbox
    http: httpx.AsyncClient

    async def receive(self, to: str = "mara@example.com", html: str | None = None) -> None:
        letter = Letter(
            kind=LetterKind.RECOVERY, to=to, email=to, code="012345", link="http://x/?a=1&b=2"
        )
        usual = DEFAULT_TEMPLATES[letter.kind]
        template = usual if html is None else Template(subject="s", text="t", html=html)
        message = compose(letter, template, sender=Address(addr_spec="a@example.com"), now=NOW)
        await self.mailbox.deliver(Mail(letter=letter, message=message))


@asynccontextmanager
async def serving() -> AsyncGenerator[Served]:
    mailbox = Mailbox(lambda: NOW)
    transport = httpx.ASGITransport(application(MailboxPages(mailbox).routes()))
    async with httpx.AsyncClient(transport=transport, base_url=URL) as http:
        yield Served(mailbox, http)


async def test_mails_are_listed_the_newest_first() -> None:
    async with serving() as served:
        await served.receive("mara@example.com")
        await served.receive("jo@example.com")

        mails = (await served.http.get("/mail/api/messages")).json()["messages"]
        hers = (await served.http.get("/mail/api/messages?to=mara@example.com")).json()
        one = (await served.http.get("/mail/api/messages/1")).json()

    assert [mail["to"] for mail in mails] == ["jo@example.com", "mara@example.com"]
    assert [mail["number"] for mail in hers["messages"]] == [1]
    assert one["code"] == "012345"
    assert one["link"] == "http://x/?a=1&b=2"
    assert one["kind"] == "recovery"
    assert one["received_at"] == NOW.isoformat()
    assert "012345" in one["text"]
    assert "012345" in one["html"]


async def test_mails_can_be_forgotten() -> None:
    async with serving() as served:
        await served.receive()
        assert (await served.http.delete("/mail/api/messages")).status_code == 204

        assert (await served.http.get("/mail/api/messages")).json() == {"messages": []}
        assert (await served.http.get("/mail/api/messages/1")).status_code == 404
        assert (await served.http.get("/mail/api/messages/1/html")).status_code == 404
        assert (await served.http.get("/mail/api/messages/x")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/mail/api/messages"),
        ("GET", "/mail/api/messages/1"),
        ("GET", "/mail/api/messages/1/html"),
        ("GET", "/mail/api/events"),
        ("DELETE", "/mail/api/messages"),
    ],
)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:3000"])
async def test_pages_of_other_origins_get_nothing(method: str, path: str, origin: str) -> None:
    async with serving() as served:
        await served.receive()

        answer = await served.http.request(method, path, headers={"Origin": origin})

        assert answer.status_code == 403
        assert "012345" not in answer.text
        assert len(served.mailbox.mails) == 1


async def test_our_own_page_gets_them() -> None:
    async with serving() as served:
        answer = await served.http.get("/mail/api/messages", headers={"Origin": URL})

        assert answer.status_code == 200


async def test_a_mail_runs_nothing_and_opens_links_elsewhere() -> None:
    async with serving() as served:
        await served.receive(html="<html><head lang=en><title>t</title></head>x</html>")
        await served.receive(html="<p>no head</p>")

        first = await served.http.get("/mail/api/messages/1/html")
        second = await served.http.get("/mail/api/messages/2/html")

    assert '<head lang=en><base target="_blank"><title>' in first.text
    assert second.text.startswith('<base target="_blank"><p>')
    policy = first.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-same-origin allow-popups" in policy
    assert "allow-scripts" not in policy


async def test_the_page_may_frame_nothing_but_mails() -> None:
    async with serving() as served:
        page = await served.http.get("/mail")

    assert page.status_code == 200
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


async def test_who_watches_is_told_until_the_server_stops() -> None:
    async with serving() as served:
        served.mailbox.close()

        answer = await served.http.get("/mail/api/events")

    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.text == ""


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:54321", 200),
        ("[::1]:54321", 200),
        ("localhost:54321", 200),
        ("slotcast", 200),
        ("desk.local", 200),
        ("rebound.example.com:54321", 403),
        ("127.0.0.1.example.com", 403),
    ],
)
async def test_a_name_that_strangers_may_own_does_not_show_mails(host: str, status: int) -> None:
    async with serving() as served:
        await served.receive()
        reply = await served.http.get("/mail/api/messages", headers={"Host": host})

    assert reply.status_code == status
    assert ("012345" in reply.text) is (status == 200)
