"""Signing in, going on and signing out: what a session's tokens are worth, and until when."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import bcrypt
import pytest

from slotcast.appointments import demo
from support.accounts import EMAIL, PASSWORD
from support.salon import insert_salon_from_fixture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.accounts import Accounts

# As people write it by hand, with all that they leave out.
SEED = """
insert into auth.users (instance_id, id, aud, role, email, encrypted_password, email_confirmed_at)
values ('00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated',
        'authenticated', %s, %s, now())
"""
NOT_FOUND = "Invalid Refresh Token: Refresh Token Not Found"


def claims(served: Accounts, session: Mapping[str, Any]) -> dict[str, Any]:
    """Read the claims of a session's access token."""
    now = served.clock().timestamp()
    return json.loads(served.service.keyring.verify(session["access_token"], now).document)


async def is_over(served: Accounts, session: Mapping[str, Any]) -> bool:
    """Tell whether neither token of a session is worth anything any more."""
    user, refreshed = await served.user(session), await served.refresh(session["refresh_token"])
    assert {user.code, refreshed.code} in ({""}, {"session_not_found", "refresh_token_not_found"})
    return user.status != 200


@pytest.mark.parametrize("cluster", ["embedded", "system"], indirect=True)
async def test_each_sign_in_is_a_session_of_its_own(served: Accounts) -> None:
    first = await served.sign_up()
    served.clock.forward(minutes=1)

    second = await served.sign_in(EMAIL.upper())

    assert second["user"]["last_sign_in_at"] > first["user"]["last_sign_in_at"]
    assert claims(served, second)["session_id"] != claims(served, first)["session_id"]
    assert claims(served, second)["amr"][0]["method"] == "password"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "wrong"),
        (EMAIL, ""),
        (EMAIL, PASSWORD + " "),
        (EMAIL, "x" * 5000),
        ("nobody@mail.example", PASSWORD),
        ("no address", PASSWORD),
        (EMAIL + "' or '1'='1", PASSWORD),
    ],
)
async def test_a_wrong_password_and_an_unknown_address_look_the_same(
    served: Accounts, email: str, password: str
) -> None:
    await served.sign_up()

    reply = await served.by_password(email, password)

    assert (reply.status, reply.code) == (400, "invalid_credentials")
    assert reply.message == "Invalid login credentials"


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"password": PASSWORD}, "validation_failed", "missing email or phone"),
        (
            {"email": EMAIL, "phone": "1", "password": PASSWORD},
            "validation_failed",
            "Only an email address or phone number should be provided on login.",
        ),
        ({"phone": "1"}, "phone_provider_disabled", "Phone logins are disabled"),
    ],
)
async def test_what_is_wrong_with_a_sign_in_is_said(
    served: Accounts, body: object, code: str, message: str
) -> None:
    reply = await served.call("POST", "/token", body, grant_type="password")

    assert (reply.code, reply.message) == (code, message)


@pytest.mark.parametrize("grant", ["", "id_token", "web3", "x" * 10_000])
async def test_other_grants_are_not_served(served: Accounts, grant: str) -> None:
    reply = await served.call("POST", "/token", {}, grant_type=grant)

    assert (reply.code, reply.message) == ("invalid_credentials", "unsupported_grant_type")


async def test_who_is_banned_is_out_until_the_ban_ends(served: Accounts) -> None:
    session = await served.sign_up()
    await served.rows("update auth.users set banned_until = %s", served.clock())
    served.clock.forward(seconds=-1)

    assert (await served.by_password()).code == "user_banned"
    assert (await served.refresh(session["refresh_token"])).message == (
        "Invalid Refresh Token: User Banned"
    )
    user = await served.user(session)
    assert (user.status, user.code) == (403, "user_banned")

    served.clock.forward(seconds=1)
    assert (await served.by_password()).status == 200
    assert (await served.user(session)).status == 200

    await served.rows("update auth.users set banned_until = 'infinity'")
    assert (await served.by_password()).code == "user_banned"


async def test_a_ban_is_not_told_to_who_does_not_know_the_password(served: Accounts) -> None:
    await served.sign_up()
    await served.rows("update auth.users set banned_until = 'infinity'")

    assert (await served.by_password(password="a guess")).code == "invalid_credentials"


async def test_seeds_can_sign_in(served: Accounts) -> None:
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(6)).replace(b"$2b$", b"$2a$")
    await served.rows(SEED, EMAIL, hashed.decode())

    session = await served.sign_in()

    assert session["user"]["app_metadata"] == session["user"]["user_metadata"] == {}
    assert (await served.user(session)).status == 200
    assert (await served.refresh(session["refresh_token"])).status == 200


async def test_people_of_the_demo_can_sign_in(served_alone: Accounts) -> None:
    insert_salon_from_fixture(served_alone.url)

    for account in demo.ACCOUNTS:
        session = await served_alone.sign_in(account.email, demo.PASSWORD)
        assert session["user"]["id"] == str(account.id)
        assert len(session["user"]["identities"]) == 1


async def test_who_has_no_password_cannot_sign_in_with_one(served: Accounts) -> None:
    for number, hashed in enumerate((None, "", "x")):
        await served.rows(SEED, f"{number}@mail.example", hashed)

        for password in ("", "x", PASSWORD):
            reply = await served.by_password(f"{number}@mail.example", password)
            assert reply.code == "invalid_credentials"


async def test_a_password_that_became_too_weak_is_mentioned(served: Accounts) -> None:
    await served.rows(SEED, EMAIL, bcrypt.hashpw(b"short", bcrypt.gensalt(4)).decode())

    session = await served.sign_in(password="short")

    assert session["weak_password"] == {
        "message": "Password should be at least 6 characters.",
        "reasons": ["length"],
    }


async def test_a_password_changed_while_it_was_verified_is_not_taken(served: Accounts) -> None:
    await served.sign_up()
    passwords = served.service.passwords
    verify = passwords.verify

    async def verify_slowly(password: str, hashed: str) -> bool:
        is_right = await verify(password, hashed)
        await served.rows("update auth.users set encrypted_password = 'another'")
        return is_right

    passwords.verify = verify_slowly  # pyright: ignore[reportAttributeAccessIssue] - a slow one

    assert (await served.by_password()).code == "invalid_credentials"


@pytest.mark.parametrize("cluster", ["embedded", "system"], indirect=True)
async def test_a_refresh_goes_on_with_the_session(served: Accounts) -> None:
    session = await served.sign_up()
    await served.rows(
        'update auth.users set raw_app_meta_data = raw_app_meta_data || \'{"plan": "pro"}\''
    )
    served.clock.forward(minutes=50)

    reply = await served.refresh(session["refresh_token"])

    before, after = claims(served, session), claims(served, reply.body)
    assert reply.body["refresh_token"] != session["refresh_token"]
    assert (after["session_id"], after["amr"]) == (before["session_id"], before["amr"])
    assert (after["iat"], after["exp"]) == (before["iat"] + 3000, before["exp"] + 3000)
    assert after["app_metadata"]["plan"] == "pro"
    assert reply.body["user"]["app_metadata"]["plan"] == "pro"
    assert (await served.user(reply.body)).status == 200


async def test_a_lost_answer_is_given_again_at_any_time(served: Accounts) -> None:
    session = await served.sign_up()
    second = (await served.refresh(session["refresh_token"])).body
    served.clock.forward(days=30)

    again = await served.refresh(session["refresh_token"])

    assert again.body["refresh_token"] == second["refresh_token"]
    assert claims(served, again.body)["iat"] == int(served.clock().timestamp())


async def test_tabs_that_refresh_at_once_get_the_same_token(served: Accounts) -> None:
    session = await served.sign_up()

    replies = await asyncio.gather(*(served.refresh(session["refresh_token"]) for _ in range(12)))

    assert {reply.status for reply in replies} == {200}
    assert len({reply.body["refresh_token"] for reply in replies}) == 1
    assert await served.rows("select refresh_token_counter from auth.sessions") == [(1,)]
    assert (await served.refresh(replies[0].body["refresh_token"])).status == 200


async def test_a_stolen_token_ends_the_session_for_everybody(served: Accounts) -> None:
    other = await served.sign_up()
    stolen = await served.sign_in()
    current = stolen
    for _ in range(3):
        served.clock.forward(minutes=10)
        current = (await served.refresh(current["refresh_token"])).body

    served.clock.forward(seconds=11)
    reply = await served.refresh(stolen["refresh_token"])

    assert (reply.status, reply.code) == (400, "refresh_token_already_used")
    assert reply.message == "Invalid Refresh Token: Already Used"
    assert await is_over(served, current)
    assert not await is_over(served, other)
    actions = await served.rows(
        "select payload ->> 'action' from auth.audit_log_entries order by created_at desc limit 1"
    )
    assert actions == [("token_revoked",)]


async def test_an_old_token_counts_for_a_moment_that_it_cannot_prolong(served: Accounts) -> None:
    first = await served.sign_up()
    second = (await served.refresh(first["refresh_token"])).body
    third = (await served.refresh(second["refresh_token"])).body

    for _ in range(3):
        served.clock.forward(seconds=3)
        again = await served.refresh(first["refresh_token"])
        assert again.body["refresh_token"] == third["refresh_token"]

    served.clock.forward(seconds=1)
    assert (await served.refresh(first["refresh_token"])).code == "refresh_token_already_used"


@pytest.mark.parametrize(
    "token",
    ["x", "abcdefghijkl", "AA", "\N{SNOWMAN}", "x" * 1000, "' or 1=1 --", "\ufffd"],
)
async def test_what_is_no_token_is_not_found(served: Accounts, token: str) -> None:
    reply = await served.refresh(token)

    assert (reply.status, reply.code, reply.message) == (
        400,
        "refresh_token_not_found",
        NOT_FOUND,
    )


async def test_a_token_has_to_be_there_and_a_string(served: Accounts) -> None:
    missing, number = await served.refresh(None), await served.refresh(1)

    assert (missing.status, missing.body) == (
        400,
        {"error": "invalid_request", "error_description": "refresh_token required"},
    )
    assert (number.status, number.code) == (400, "bad_json")


async def test_a_token_that_was_never_given_out_is_refused(served: Accounts) -> None:
    session = await served.sign_up()
    second = (await served.refresh(session["refresh_token"])).body
    # As after a restored backup.
    await served.rows("update auth.sessions set refresh_token_counter = 0")

    reply = await served.refresh(second["refresh_token"])

    assert (reply.code, reply.message) == (
        "validation_failed",
        "Invalid Refresh Token: Not Issued By This Server",
    )
    assert not await is_over(served, session)


async def test_a_token_of_another_sessions_key_is_not_found(served: Accounts) -> None:
    session = await served.sign_up()
    await served.rows("update auth.sessions set refresh_token_hmac_key = %s", "A" * 43)

    assert (await served.refresh(session["refresh_token"])).message == NOT_FOUND


@pytest.mark.parametrize(
    ("served", "message"),
    [
        ({"auth_session_lifetime_s": 7200.0}, "Invalid Refresh Token: Session Expired"),
        (
            {"auth_session_inactivity_s": 3599.0},
            "Invalid Refresh Token: Session Expired (Inactivity)",
        ),
    ],
    indirect=["served"],
)
async def test_the_operator_can_let_sessions_end(served: Accounts, message: str) -> None:
    session = await served.sign_up()
    served.clock.forward(seconds=3599)
    session = (await served.refresh(session["refresh_token"])).body
    served.clock.forward(seconds=3601)

    reply = await served.refresh(session["refresh_token"])

    assert (reply.status, reply.code, reply.message) == (400, "session_expired", message)


async def test_a_session_can_have_an_end_of_its_own(served: Accounts) -> None:
    session = await served.sign_up()
    await served.rows("update auth.sessions set not_after = %s", served.clock())

    assert (await served.refresh(session["refresh_token"])).code == "session_expired"


@pytest.mark.parametrize(
    ("scope", "ended"),
    [
        ({}, [True, True, False]),
        ({"scope": "global"}, [True, True, False]),
        ({"scope": "local"}, [True, False, False]),
        ({"scope": "others"}, [False, True, False]),
    ],
)
async def test_signing_out_ends_the_sessions_that_it_says(
    served: Accounts, scope: dict[str, Any], ended: list[bool]
) -> None:
    this, elsewhere = await served.sign_up(), await served.sign_in()
    somebody_else = await served.sign_up("bob@mail.example")

    reply = await served.call("POST", "/logout", token=this["access_token"], **scope)

    assert (reply.status, reply.body) == (204, None)
    sessions = (this, elsewhere, somebody_else)
    assert [await is_over(served, session) for session in sessions] == ended


async def test_signing_out_twice_says_that_it_was_done(served: Accounts) -> None:
    session = await served.sign_up()
    await served.call("POST", "/logout", token=session["access_token"])

    again = await served.call("POST", "/logout", token=session["access_token"])

    assert (again.status, again.code) == (403, "session_not_found")


async def test_signing_out_knows_three_scopes(served: Accounts) -> None:
    session = await served.sign_up()

    reply = await served.call("POST", "/logout", token=session["access_token"], scope="all")

    assert (reply.status, reply.code) == (400, "validation_failed")
    assert reply.message == 'Unsupported logout scope "all"'
    assert not await is_over(served, session)
