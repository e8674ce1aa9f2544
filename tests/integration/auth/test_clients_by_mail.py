"""The official clients: signing in by mail, recovering, and administering."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import aiohttp
import psycopg
import pytest

from support.accounts import EMAIL, PASSWORD
from support.mail import Target, received, serving_with_mail, target
from support.mail_clients import KINDS, mail_clients

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from slotcast.auth.mailbox import Mailbox
    from support.postgres import Database

# The Python client makes its REST half in a way that this calls deprecated.
pytestmark = pytest.mark.filterwarnings(
    "ignore:The '.*' parameter is deprecated:DeprecationWarning"
)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
async def server(shared_database: Database, slot_name: str) -> AsyncGenerator[tuple[str, Mailbox]]:
    """Give the URL of a server without users, and its mailbox."""
    with psycopg.connect(shared_database.url, autocommit=True) as connection:
        connection.execute("truncate auth.users, auth.flow_state cascade")
    async with serving_with_mail(shared_database.url, slot_name) as (url, mailbox):
        yield url, mailbox


async def opened(link: str) -> Target:
    """Open a link as a browser does, without going where it leads."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(link, allow_redirects=False) as response,
    ):
        assert response.status == 303
        return target(response.headers["Location"])


async def test_signing_in_by_mail(kind: str, server: tuple[str, Mailbox]) -> None:
    url, mailbox = server
    async with mail_clients(kind, url, flow="implicit") as clients:
        unknown = await clients.try_to(
            "user", "signInWithOtp", {"email": EMAIL, "options": {"shouldCreateUser": False}}
        )
        await clients.user("signInWithOtp", {"email": EMAIL, "options": {"data": {"n": 1}}})
        first = await received(mailbox, EMAIL)
        wrong = await clients.try_to(
            "user", "verifyOtp", {"type": "email", "email": EMAIL, "token": "none"}
        )
        new = await clients.user(
            "verifyOtp", {"type": "email", "email": EMAIL, "token": first.code}
        )
        await clients.user("signOut")
        await clients.user("signInWithOtp", {"email": EMAIL})
        second = await received(mailbox, EMAIL, count=2)
        known = await clients.user("verifyOtp", {"type": "email", "token_hash": second.token_hash})

    assert unknown.code == "otp_disabled"
    assert wrong.code == "otp_expired"
    assert new["user"]["user_metadata"]["n"] == 1
    assert known["user"]["id"] == new["user"]["id"]
    assert known["session"]["access_token"]


async def test_confirming_a_sign_up(kind: str, server: tuple[str, Mailbox]) -> None:
    url, mailbox = server
    account = {"email": EMAIL, "password": PASSWORD}
    async with mail_clients(kind, url, flow="implicit") as clients:
        signed_up = await clients.user("signUp", account)
        refused = await clients.try_to("user", "signInWithPassword", account)
        await clients.user("resend", {"type": "signup", "email": EMAIL})
        letter = await received(mailbox, EMAIL, count=2)
        led_to = await opened(letter.link)
        await clients.user("signInWithPassword", account)

    assert signed_up["session"] is None
    assert signed_up["user"]["confirmation_sent_at"]
    assert refused.code == "email_not_confirmed"
    assert led_to.fragment["type"] == "signup"


async def test_recovering_with_pkce(kind: str, server: tuple[str, Mailbox]) -> None:
    url, mailbox = server
    async with mail_clients(kind, url, flow="pkce") as clients:
        await clients.admin(
            "createUser", {"email": EMAIL, "password": PASSWORD, "email_confirm": True}
        )
        await clients.user("resetPasswordForEmail", EMAIL, {"redirectTo": f"{url}/reset"})
        led_to = await opened((await received(mailbox, EMAIL)).link)
        session = await clients.user("exchangeCodeForSession", led_to.query["code"])
        again = await clients.try_to("user", "exchangeCodeForSession", led_to.query["code"])
        await clients.user("updateUser", {"password": "quite another"})
        await clients.user("signOut")
        await clients.user("signInWithPassword", {"email": EMAIL, "password": "quite another"})

    assert led_to.url == f"{url}/reset"
    assert session["user"]["email"] == EMAIL
    assert again.error is not None


async def test_changing_the_address(kind: str, server: tuple[str, Mailbox]) -> None:
    url, mailbox = server
    new_email = "ann@new.example"
    async with mail_clients(kind, url, flow="implicit") as clients:
        await clients.admin(
            "createUser", {"email": EMAIL, "password": PASSWORD, "email_confirm": True}
        )
        await clients.user("signInWithPassword", {"email": EMAIL, "password": PASSWORD})
        asked = await clients.user("updateUser", {"email": new_email})
        waiting = await opened((await received(mailbox, EMAIL)).link)
        letter = await received(mailbox, new_email)
        changed = await clients.user(
            "verifyOtp", {"type": "email_change", "email": new_email, "token": letter.code}
        )

    assert asked["user"]["new_email"] == new_email
    assert "message" in waiting.fragment
    assert changed["user"]["email"] == new_email


async def test_administering(kind: str, server: tuple[str, Mailbox]) -> None:
    url, mailbox = server
    async with mail_clients(kind, url, flow="implicit") as clients:
        made: dict[str, Any] = await clients.admin(
            "createUser",
            {"email": EMAIL, "password": PASSWORD, "email_confirm": True, "app_metadata": {"a": 1}},
        )
        user_id = made["user"]["id"]
        taken = await clients.try_to("admin", "createUser", {"email": EMAIL})
        invited = await clients.admin(
            "inviteUserByEmail", "jo@mail.example", {"data": {"n": 1}, "redirectTo": url}
        )
        await received(mailbox, "jo@mail.example")
        page = await clients.admin("listUsers", {"page": 1, "perPage": 1})
        found = await clients.admin("getUserById", user_id)
        unknown = await clients.try_to("admin", "getUserById", str(uuid4()))
        changed = await clients.admin(
            "updateUserById", user_id, {"user_metadata": {"n": 2}, "ban_duration": "none"}
        )
        link = await clients.admin("generateLink", {"type": "magiclink", "email": EMAIL})
        signed_in = await clients.user(
            "verifyOtp", {"type": "email", "token_hash": link["properties"]["hashed_token"]}
        )
        await clients.admin("signOut", signed_in["session"]["access_token"], "global")
        signed_out = await clients.try_to("user", "refreshSession")
        await clients.admin("deleteUser", invited["user"]["id"])
        await clients.admin("deleteUser", user_id, True)
        left = await clients.admin("listUsers", {"page": 1, "perPage": 10})

    assert taken.code == "email_exists"
    assert invited["user"]["invited_at"]
    assert [user["email"] for user in page["users"]] == ["jo@mail.example"]
    if kind == "javascript":
        assert (page["nextPage"], page["lastPage"], page["total"]) == (2, 2, 2)
    assert found["user"]["app_metadata"]["a"] == 1
    assert unknown.code == "user_not_found"
    assert changed["user"]["user_metadata"]["n"] == 2
    assert link["properties"]["verification_type"] == "magiclink"
    assert signed_out.error is not None
    assert [user["id"] for user in left["users"]] == [user_id]
