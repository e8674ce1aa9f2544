"""The official clients sign people up, in and out, and do the rest of it in between."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from joserfc.jwk import ECKey

from support.account_clients import KINDS, account_client
from support.server import ANON_KEY, PUBLISHABLE_KEY, serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from support.account_clients import AccountClient
    from support.postgres import Database

TABLES = """
create table public.notes (
  id int primary key,
  owner uuid not null default auth.uid() references public.profiles (id),
  body text
);
alter table public.notes enable row level security;
create policy own on public.notes to authenticated
  using (owner = (select auth.uid())) with check (owner = (select auth.uid()));
alter publication supabase_realtime add table public.notes;
"""
ANN = {"email": "ann@mail.example", "password": "correct horse"}
BOB = {"email": "bob@mail.example", "password": "battery staple"}
SIGNING_KEY = ECKey.generate_key(
    "P-256", {"kid": "mine", "alg": "ES256", "key_ops": ["sign", "verify"]}
).as_dict(private=True)
SETTINGS = {
    "auth": "on",
    "auth_autoconfirm": "on",
    "auth_anonymous": "on",
    "jwks": json.dumps({"keys": [SIGNING_KEY]}),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
async def url(database: Database, slot_name: str) -> AsyncGenerator[str]:
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(TABLES)
    async with serving(database.url, slot_name, **SETTINGS) as address:
        yield address


@asynccontextmanager
async def two_clients(kind: str, url: str) -> AsyncGenerator[tuple[AccountClient, AccountClient]]:
    """Run a client with a key of each kind."""
    async with (
        account_client(kind, url, PUBLISHABLE_KEY) as first,
        account_client(kind, url, ANON_KEY) as second,
    ):
        yield first, second


async def test_one_life_with_a_user(kind: str, url: str) -> None:
    async with two_clients(kind, url) as (ann, bob):
        await bob.do("signUp", **BOB)
        await ann.do("signUp", **ANN, options={"data": {"name": "Ann"}})
        await ann.do("signOut", scope="local")
        session = (await ann.do("signIn", **ANN))["session"]
        assert await ann.do("watch", table="notes") == "SUBSCRIBED"
        assert await bob.do("watch", table="notes") == "SUBSCRIBED"

        mine = await ann.do("insert", table="notes", row={"id": 1, "body": "mine"})
        refreshed = (await ann.do("refresh"))["session"]
        await ann.do("insert", table="notes", row={"id": 2, "body": "still mine"})
        await bob.do("insert", table="notes", row={"id": 3, "body": "his"})
        stolen = await bob.try_to(
            "insert", table="notes", row={"id": 4, "owner": session["user"]["id"]}
        )
        await ann.until(lambda: len(ann.inserted) == 2)
        await bob.until(lambda: len(bob.inserted) == 1)
        await ann.do("signOut")
        gone = await ann.try_to("insert", table="notes", row={"id": 5, "body": "nobody's"})

    assert mine == {"id": 1, "owner": session["user"]["id"], "body": "mine"}
    assert refreshed["refresh_token"] != session["refresh_token"]
    assert stolen.code == gone.code == "42501"
    assert [row["id"] for row in ann.inserted] == [1, 2]
    assert [row["id"] for row in bob.inserted] == [3]
    assert [event for event in ann.events if event != "INITIAL_SESSION"] == [
        "SIGNED_IN",
        "SIGNED_OUT",
        "SIGNED_IN",
        "TOKEN_REFRESHED",
        "SIGNED_OUT",
    ]


async def test_a_user_is_shown_and_changed(kind: str, url: str) -> None:
    async with two_clients(kind, url) as (ann, other):
        signed_up: dict[str, Any] = await ann.do("signUp", **ANN, options={"data": {"n": 1}})
        again = await other.try_to("signUp", **ANN)
        wrong = await other.try_to("signIn", **{**ANN, "password": "wrong"})
        weak = await other.try_to("signUp", email="carl@mail.example", password="1")
        await other.do("signIn", **ANN)
        changed = await ann.do("updateUser", data={"n": 2}, password="another password")
        shown = await ann.do("user")
        signed_out = await other.try_to("user")
        await other.do("signIn", **{**ANN, "password": "another password"})
        await ann.do("signOut", scope="others")
        refreshed = await other.try_to("refresh")
        kept = await ann.do("user")

    assert signed_up["user"]["user_metadata"]["n"] == 1
    assert signed_up["user"]["identities"][0]["provider"] == "email"
    assert (again.code, wrong.code) == ("user_already_exists", "invalid_credentials")
    assert weak.error is not None
    assert weak.error["name"] == "AuthWeakPasswordError"
    assert changed["user"]["user_metadata"]["n"] == shown["user"]["user_metadata"]["n"] == 2
    assert signed_out.error is not None
    assert refreshed.code == "refresh_token_not_found"
    assert kept["user"]["id"] == signed_up["user"]["id"]
    assert "USER_UPDATED" in ann.events


async def test_a_session_moves_to_another_client(kind: str, url: str) -> None:
    async with two_clients(kind, url) as (first, second):
        session = (await first.do("signUp", **ANN))["session"]
        tokens = {name: session[name] for name in ("access_token", "refresh_token")}
        moved = await second.do("setSession", **tokens)
        shown = await second.do("user")
        # As two tabs do: the second shows the token that the first has used.
        from_first = (await first.do("refresh"))["session"]
        from_second = (await second.do("refresh"))["session"]

    assert moved["user"]["id"] == shown["user"]["id"] == session["user"]["id"]
    assert from_first["refresh_token"] == from_second["refresh_token"]


async def test_a_guest_becomes_a_user(kind: str, url: str) -> None:
    async with two_clients(kind, url) as (guest, elsewhere):
        anonymous = (await guest.do("signInAnonymously"))["user"]
        await guest.do("insert", table="notes", row={"id": 1, "body": "a guest's"})
        named = (await guest.do("updateUser", **ANN))["user"]
        signed_in = (await elsewhere.do("signIn", **ANN))["user"]

    assert anonymous["is_anonymous"] is True
    assert named["is_anonymous"] is False
    assert anonymous["id"] == named["id"] == signed_in["id"]
    assert signed_in["email"] == ANN["email"]


async def test_claims_are_verified_by_the_public_key(
    kind: str, url: str, database: Database
) -> None:
    async with account_client(kind, url, ANON_KEY) as client:
        session = (await client.do("signUp", **ANN))["session"]
        # From now on only the key can tell.
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute("delete from auth.users")
        found = await client.do("claims")
        shown = await client.try_to("user")

    assert found["claims"]["sub"] == session["user"]["id"]
    assert found["claims"]["email"] == ANN["email"]
    assert found["header"]["alg"] == "ES256"
    assert found["header"]["kid"] == "mine"
    assert shown.error is not None
