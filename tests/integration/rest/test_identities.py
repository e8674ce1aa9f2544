"""Who asks decides what is seen, since PostgreSQL is asked as them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.rest import ALICE, BOB
from support.server import ANON_KEY, PUBLISHABLE_KEY, SECRET_KEY, token

if TYPE_CHECKING:
    from support.rest import Rest

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITH_KEYS = pytest.mark.parametrize("served", [{"rest_api_key_check": "on"}], indirect=True)


@pytest.mark.parametrize(("sub", "bodies"), [(ALICE, ["of Alice", "hers, too"]), (BOB, ["of Bob"])])
async def test_everybody_sees_their_own_rows(served: Rest, sub: str, bodies: list[str]) -> None:
    answer = await served.ask("GET", "/notes?select=body&order=id", sub=sub)

    assert answer.status == 200
    assert [row["body"] for row in answer.json] == bodies


async def test_requests_that_alternate_on_one_connection_never_see_each_others_rows(
    served: Rest,
) -> None:
    for sub, count in [(ALICE, 2), (BOB, 1)] * 10:
        answer = await served.ask("GET", "/notes?select=id", sub=sub)

        assert len(answer.json) == count


async def test_embedded_rows_are_judged_as_well(served: Rest) -> None:
    answer = await served.ask("GET", "/folders?select=title,notes(body)", sub=BOB)

    assert answer.json == [{"title": "inbox", "notes": [{"body": "of Bob"}]}]


async def test_a_row_for_somebody_else_is_refused(served: Rest) -> None:
    answer = await served.ask("POST", "/notes", body={"body": "forged", "owner": BOB})

    assert (answer.status, answer.json["code"]) == (403, "42501")


async def test_nobody_may_read_what_only_users_may(served: Rest) -> None:
    answer = await served.ask("GET", "/notes", sub=None)

    assert (answer.status, answer.json["code"]) == (401, "42501")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_the_secret_key_sees_all(served: Rest) -> None:
    headers = {"Authorization": f"Bearer {SECRET_KEY}"}

    answer = await served.ask("GET", "/notes?select=id", sub=None, headers=headers)

    assert len(answer.json) == 3


@WITH_KEYS
@pytest.mark.parametrize("key", [None, "", "sb_publishable_other", "nonsense"])
async def test_a_request_without_a_key_is_refused(served: Rest, key: str | None) -> None:
    headers = {} if key is None else {"apikey": key}

    answer = await served.ask("GET", "/notes", headers=headers)

    assert answer.status == 401
    assert answer.json["message"] in ("No API key found in request", "Invalid API key")


@WITH_KEYS
@pytest.mark.parametrize("key", [PUBLISHABLE_KEY, ANON_KEY])
async def test_a_token_counts_more_than_the_key(served: Rest, key: str) -> None:
    answer = await served.ask("GET", "/notes?select=id", sub=BOB, headers={"apikey": key})

    assert len(answer.json) == 1


@WITH_KEYS
async def test_a_key_alone_is_a_role(served: Rest) -> None:
    allowed = await served.ask("GET", "/notes", sub=None, headers={"apikey": SECRET_KEY})
    refused = await served.ask("GET", "/notes", sub=None, headers={"apikey": PUBLISHABLE_KEY})

    assert (allowed.status, refused.status) == (200, 401)


@WITH_KEYS
async def test_an_expired_token_is_refused_even_with_a_key(served: Rest) -> None:
    expired = token(ALICE, expires_in_s=-60)
    headers = {"apikey": SECRET_KEY, "Authorization": f"Bearer {expired}"}

    answer = await served.ask("GET", "/notes", sub=None, headers=headers)

    assert (answer.status, answer.json["message"]) == (401, "JWT expired")


async def test_functions_see_the_claims_and_the_request(served: Rest) -> None:
    seen = [
        (await served.ask("GET", f"/rpc/setting?name={name}", headers={"X-Mine": "yes"})).json
        for name in ("role", "request.method", "request.path", "request.headers")
    ]

    assert seen[:3] == ["authenticated", "GET", "/rpc/setting"]
    assert '"x-mine":"yes"' in seen[3]


async def test_the_root_describes_what_the_caller_may_use(served: Rest) -> None:
    of_alice = await served.ask("GET", "/")
    of_nobody = await served.ask("GET", "/", sub=None)

    assert of_alice.headers["Content-Type"] == "application/openapi+json; charset=utf-8"
    assert {"/notes", "/folders", "/rpc/sleep"} <= of_alice.json["paths"].keys()
    assert "/notes" not in of_nobody.json["paths"]
    assert "/rpc/sleep" in of_nobody.json["paths"]
