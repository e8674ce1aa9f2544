"""What stands around every endpoint: keys, bounds, forms of errors, and the rest of the server."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import psycopg
import pytest

from slotcast import app
from slotcast.errors import DatabaseError, SettingsError
from slotcast.transports.auth import AuthApi
from slotcast.transports.http import application
from support.accounts import EMAIL, PASSWORD
from support.phoenix import phoenix_client
from support.server import (
    ANON_KEY,
    PUBLISHABLE_KEY,
    SECRET_KEY,
    serving,
    settings,
    token,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from support.accounts import Accounts
    from support.postgres import Database

CREDENTIALS = {"email": EMAIL, "password": PASSWORD}
NO_KEY = {
    "message": "No API key found in request",
    "hint": "No `apikey` request header or url param was found.",
}
WRONG_KEY = {
    "message": "Invalid API key",
    "hint": "Double check your Supabase `anon` or `service_role` API key.",
}
NOTES = """
create table public.notes (id int primary key);
grant select on public.notes to authenticated;
alter publication supabase_realtime add table public.notes;
"""


@pytest.fixture
async def http(served: Accounts) -> AsyncGenerator[httpx.AsyncClient]:
    """A client without a key, and without a network in between."""
    transport = httpx.ASGITransport(application(AuthApi(served.service).routes()))
    base_url = "http://127.0.0.1:54321/auth/v1"
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
        yield client


@pytest.mark.parametrize("key", [ANON_KEY, PUBLISHABLE_KEY, SECRET_KEY])
async def test_a_key_of_either_kind_opens_the_door(http: httpx.AsyncClient, key: str) -> None:
    by_header = await http.get("/settings", headers={"apikey": key})
    by_parameter = await http.get("/settings", params={"apikey": key})

    assert by_header.status_code == by_parameter.status_code == 200
    assert by_header.json()["external"]["email"] is True
    assert by_header.json()["mailer_autoconfirm"] is True


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, NO_KEY),
        ({"authorization": f"Bearer {ANON_KEY}"}, NO_KEY),
        ({"apikey": "x"}, WRONG_KEY),
        ({"apikey": "sb_publishable_guessed"}, WRONG_KEY),
        ({"apikey": token(role="anon", expires_in_s=-3600)}, WRONG_KEY),
    ],
)
async def test_without_a_key_nothing_is_served(
    http: httpx.AsyncClient, headers: dict[str, str], body: object
) -> None:
    for path in ("/settings", "/user", "/admin/users"):
        answer = await http.get(path, headers=headers)
        assert (answer.status_code, answer.json()) == (401, body)
    answer = await http.post("/signup", json=CREDENTIALS, headers=headers)
    assert (answer.status_code, answer.json()) == (401, body)


@pytest.mark.parametrize(
    "path", ["/health", "/.well-known/jwks.json", "/.well-known/openid-configuration"]
)
async def test_what_everybody_may_know_needs_no_key(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 200


@pytest.mark.parametrize("served", [{"auth_api_key_check": "off"}], indirect=True)
async def test_the_operator_can_do_without_keys(http: httpx.AsyncClient) -> None:
    answer = await http.post("/signup", json=CREDENTIALS)

    assert answer.status_code == 200
    assert (await http.get("/admin/users")).status_code == 401


async def test_an_opaque_secret_key_administers(http: httpx.AsyncClient) -> None:
    headers = {"apikey": SECRET_KEY, "authorization": f"Bearer {SECRET_KEY}"}

    answer = await http.get("/admin/users", headers=headers)

    assert (answer.status_code, answer.json()["users"]) == (200, [])


async def test_errors_have_two_forms_and_name_themselves(http: httpx.AsyncClient) -> None:
    wrong = {"email": EMAIL, "password": "wrong"}
    older = {"apikey": ANON_KEY}
    newer = {"apikey": ANON_KEY, "x-supabase-api-version": "2024-01-01"}

    before = await http.post("/token?grant_type=password", json=wrong, headers=older)
    since = await http.post("/token?grant_type=password", json=wrong, headers=newer)

    assert before.json() == {
        "code": 400,
        "error_code": "invalid_credentials",
        "msg": "Invalid login credentials",
    }
    assert since.json() == {"code": "invalid_credentials", "message": "Invalid login credentials"}
    assert "x-supabase-api-version" not in before.headers
    assert since.headers["x-supabase-api-version"] == "2024-01-01"
    assert before.headers["x-sb-error-code"] == "invalid_credentials"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/signup", 405), ("PATCH", "/user", 405)],
)
async def test_what_is_not_there_is_said_in_the_same_form(
    http: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await http.request(method, path, headers={"apikey": ANON_KEY})

    assert (answer.status_code, answer.json()["code"]) == (status, status)
    assert answer.json()["error_code"] == "validation_failed"


async def test_a_body_has_a_bound(http: httpx.AsyncClient) -> None:
    headers = {"apikey": ANON_KEY, "x-supabase-api-version": "2024-01-01"}
    fitting = json.dumps({**CREDENTIALS, "x": ""}).encode()
    fitting = fitting[:-2] + b"y" * (128 * 1024 - len(fitting)) + fitting[-2:]

    served = await http.post("/signup", content=fitting, headers=headers)
    refused = await http.post("/signup", content=fitting + b" ", headers=headers)

    assert served.status_code == 200
    assert (refused.status_code, refused.json()["code"]) == (413, "request_entity_too_large")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_is_json_whatever_it_says(http: httpx.AsyncClient, kind: str) -> None:
    answer = await http.post(
        "/signup",
        content=json.dumps(CREDENTIALS).encode(),
        headers={"apikey": ANON_KEY, "content-type": kind},
    )

    assert answer.status_code == 200


async def test_a_null_character_in_a_parameter_does_no_harm(http: httpx.AsyncClient) -> None:
    headers = {"apikey": SECRET_KEY, "authorization": f"Bearer {SECRET_KEY}"}

    for url in ("/admin/users?filter=%00", "/admin/users/%00", "/verify?token=%00&type=signup"):
        answer = await http.get(url, headers=headers)
        assert answer.status_code < 500


async def test_keys_may_be_kept_for_a_while(http: httpx.AsyncClient) -> None:
    answer = await http.get("/.well-known/jwks.json")

    assert answer.headers["cache-control"] == "public, max-age=600"


async def test_the_discovery_document_names_what_tokens_name(http: httpx.AsyncClient) -> None:
    document = (await http.get("/.well-known/openid-configuration")).json()

    assert document["issuer"] == "http://127.0.0.1:54321/auth/v1"
    assert document["jwks_uri"] == "http://127.0.0.1:54321/auth/v1/.well-known/jwks.json"


@asynccontextmanager
async def session(url: str) -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(url, headers={"apikey": ANON_KEY}) as made:
        yield made


async def test_changes_arrive_while_a_crowd_signs_in(database: Database, slot_name: str) -> None:
    changes = {"auth": "on", "auth_autoconfirm": "on", "auth_tokens_per_5_min": 0}
    async with (
        await psycopg.AsyncConnection.connect(database.url, autocommit=True) as writer,
        serving(database.url, slot_name, **changes) as url,
        session(url) as http,
        phoenix_client(url) as ann,
    ):
        await writer.execute(NOTES)
        binding = {"event": "*", "schema": "public", "table": "notes"}
        answer = await http.post("/auth/v1/signup", json=CREDENTIALS)
        signed_up: dict[str, Any] = await answer.json()
        await ann.subscribe("notes", binding, access_token=signed_up["access_token"])

        async def guess(number: int) -> int:
            body = {"email": f"user{number}@mail.example", "password": PASSWORD}
            async with http.post("/auth/v1/token?grant_type=password", json=body) as answer:
                return answer.status

        crowd = [asyncio.create_task(guess(number)) for number in range(60)]
        await writer.execute("insert into notes values (1)")
        await ann.change_count("notes", 1)
        unfinished = sum(not task.done() for task in crowd)
        statuses = await asyncio.gather(*crowd)

    assert unfinished > 20
    assert set(statuses) == {400}


async def test_a_server_that_may_not_serve_accounts_says_how_to_let_it(
    database: Database, slot_name: str
) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("alter table auth.sessions drop refresh_token_counter")

    with pytest.raises(BaseExceptionGroup) as refused:
        async with serving(database.url, slot_name, auth="on"):
            pass

    assert refused.group_contains(DatabaseError, match="ADD refresh_token_counter bigint")


async def test_accounts_need_a_key_to_sign_with(database: Database, slot_name: str) -> None:
    given = settings(database.url, slot_name, auth="on", jwt_secret="", jwks='{"keys": []}')

    with pytest.raises(BaseExceptionGroup) as refused:
        async with app.running(given):
            pass

    assert refused.group_contains(SettingsError, match="no key to sign tokens with")


async def test_a_server_without_accounts_has_nothing_there(
    database: Database, slot_name: str
) -> None:
    async with (
        serving(database.url, slot_name) as url,
        session(url) as http,
        http.get("/auth/v1/health") as answer,
    ):
        assert answer.status == 404
