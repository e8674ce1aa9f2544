from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from slotcast.transports.demo import CannotAct, DemoAccount, DemoPages
from slotcast.transports.http import application

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from datetime import date

    from slotcast.claims import JsonValue

URL = "http://127.0.0.1:54321"
OLGA = DemoAccount(
    email="olga@example.com", password="no secret", name="Olga", role="owner", workspace="salon"
)


async def act(action: str, day: date | None) -> dict[str, JsonValue]:
    if action == "cancel":
        raise CannotAct("There is nothing to cancel; book first")
    return {"action": action, "day": day and day.isoformat()}


@asynccontextmanager
async def serving(url: str = URL) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(DemoPages([OLGA], act).routes()))
    async with httpx.AsyncClient(transport=transport, base_url=url) as http:
        yield http


async def test_accounts_are_listed_with_what_it_takes_to_sign_in() -> None:
    async with serving() as http:
        answer = await http.get("/demo.json")

    assert answer.json() == {
        "accounts": [
            {
                "email": "olga@example.com",
                "password": "no secret",
                "name": "Olga",
                "role": "owner",
                "workspace": "salon",
            }
        ]
    }
    assert answer.headers["cache-control"] == "no-store"


async def test_the_customer_does_what_is_asked_or_says_why_not() -> None:
    async with serving() as http:
        done = await http.post("/demo/customer", json={"action": "book"})
        there = await http.post("/demo/customer", json={"action": "move", "day": "2027-03-01"})
        refused = await http.post("/demo/customer", json={"action": "cancel"})

    assert (done.status_code, done.json()) == (200, {"action": "book", "day": None})
    assert (there.status_code, there.json()) == (200, {"action": "move", "day": "2027-03-01"})
    assert (refused.status_code, refused.json()) == (
        200,
        {"refused": "There is nothing to cancel; book first"},
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"book",
        b"[]",
        b"{}",
        b'{"action": null}',
        b'{"action": "book", "day": "tomorrow"}',
        b'{"action": "book", "day": 1}',
        b'{"action": "sing"}',
        b"\xff",
        json.dumps({"action": "book", "more": "x" * 2000}).encode(),
    ],
)
async def test_what_is_no_action_is_refused_with_those_that_are(body: bytes) -> None:
    async with serving() as http:
        answer = await http.post("/demo/customer", content=body)

    assert answer.status_code == 400
    assert '{"action": "move"}' in answer.json()["error"]


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        (URL, "http://evil.example"),
        (URL, "https://127.0.0.1:54321"),
        (URL, "http://127.0.0.1:5173"),
        (URL, "null"),
        ("http://rebound.example:54321", "http://rebound.example:54321"),
        ("http://rebound.example#.local", "http://rebound.example#.local"),
    ],
)
@pytest.mark.parametrize("path", ["/demo.json", "/demo/customer"])
async def test_pages_of_other_origins_get_nothing(url: str, origin: str, path: str) -> None:
    async with serving(url) as http:
        answer = await http.request(
            "GET" if path == "/demo.json" else "POST",
            path,
            headers={"Origin": origin},
            content=b'{"action": "book"}',
        )

    assert answer.status_code == 403
    assert "accounts" not in answer.json()


@pytest.mark.parametrize("url", [URL, "http://localhost:54321", "http://box.local"])
async def test_our_own_pages_may_act(url: str) -> None:
    async with serving(url) as http:
        answer = await http.post("/demo/customer", json={"action": "move"}, headers={"Origin": url})

    assert answer.status_code == 200


async def test_the_customer_acts_on_posts_alone() -> None:
    async with serving() as http:
        assert (await http.get("/demo/customer")).status_code == 405
        assert (await http.post("/demo.json")).status_code == 405
