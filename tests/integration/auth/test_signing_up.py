"""Signing up: who gets an account, what is in it, and what others learn of it."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from slotcast.auth import pacing, passwords, users
from support.accounts import EMAIL, PASSWORD

if TYPE_CHECKING:
    from support.accounts import Accounts

UNCONFIRMED = {"auth_autoconfirm": "off", "auth_mail_interval_s": 0.0}
TRIGGER = """
create function public.refuse() returns trigger language plpgsql as
  $$ begin raise exception 'only by invitation'; end $$;
create trigger refuse after insert on auth.users for each row execute function public.refuse();
"""
CREDENTIALS = {"email": EMAIL, "password": PASSWORD}


@pytest.mark.parametrize("cluster", ["embedded", "system"], indirect=True)
async def test_who_signs_up_is_signed_in_when_addresses_need_no_confirmation(
    served: Accounts,
) -> None:
    session = await served.sign_up(" Ann@Mail.Example".strip(), name="Ann")

    user = session["user"]
    assert (session["token_type"], session["expires_in"]) == ("bearer", 3600)
    assert session["expires_at"] == int(served.clock().timestamp()) + 3600
    now = users.moment(served.clock())
    identity = user["identities"][0]
    assert user == {
        "id": user["id"],
        "aud": "authenticated",
        "role": "authenticated",
        "email": EMAIL,
        "phone": "",
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "user_metadata": {"name": "Ann", "email_verified": True},
        "identities": [
            {
                "identity_id": identity["identity_id"],
                "id": user["id"],
                "user_id": user["id"],
                "provider": "email",
                "email": EMAIL,
                "identity_data": {
                    "sub": user["id"],
                    "email": EMAIL,
                    "email_verified": True,
                    "phone_verified": False,
                    "name": "Ann",
                },
                "created_at": identity["created_at"],
                "updated_at": identity["updated_at"],
                "last_sign_in_at": identity["last_sign_in_at"],
            }
        ],
        "created_at": now,
        "updated_at": now,
        "email_confirmed_at": now,
        "confirmed_at": now,
        "last_sign_in_at": now,
        "is_anonymous": False,
    }
    assert (await served.user(session)).body == user


async def test_the_token_says_who_it_is_for(served: Accounts) -> None:
    session = await served.sign_up(name="Ann")

    claims = served.service.keyring.verify(session["access_token"], served.clock().timestamp())

    document: dict[str, Any] = json.loads(claims.document)
    issued_at = int(served.clock().timestamp())
    assert document == {
        "iss": "http://127.0.0.1:54321/auth/v1",
        "sub": session["user"]["id"],
        "aud": "authenticated",
        "exp": issued_at + 3600,
        "iat": issued_at,
        "email": EMAIL,
        "phone": "",
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "user_metadata": {"name": "Ann", "email_verified": True},
        "role": "authenticated",
        "aal": "aal1",
        "amr": [{"method": "password", "timestamp": issued_at}],
        "session_id": document["session_id"],
        "is_anonymous": False,
    }
    rows = await served.rows(
        "select id::text, user_id::text, user_agent, host(ip) from auth.sessions"
    )
    assert rows == [(document["session_id"], document["sub"], "tests", "192.0.2.1")]


@pytest.mark.usefixtures("costly_passwords")
async def test_passwords_are_stored_as_hashes_and_shown_to_nobody(served: Accounts) -> None:
    session = await served.sign_up()

    ((hashed,),) = await served.rows("select encrypted_password from auth.users")

    assert hashed.startswith("$2b$10$")
    assert hashed not in json.dumps(session)
    assert "password" not in session["user"]


async def test_a_second_account_for_an_address_is_refused(served: Accounts) -> None:
    await served.sign_up()

    again = await served.call("POST", "/signup", {"email": EMAIL.upper(), "password": "another"})

    assert (again.status, again.code) == (422, "user_already_exists")
    assert again.message == "User already registered"


async def test_of_two_who_sign_up_at_once_one_gets_the_account(served: Accounts) -> None:
    replies = await asyncio.gather(
        *(
            served.call("POST", "/signup", {"email": EMAIL, "password": f"password {n}"})
            for n in range(4)
        )
    )

    assert sorted(reply.status for reply in replies) == [200, 422, 422, 422]
    assert await served.rows("select count(*) from auth.users") == [(1,)]


@pytest.mark.parametrize("served", [UNCONFIRMED], indirect=True)
async def test_nobody_learns_whether_an_address_has_a_confirmed_account(served: Accounts) -> None:
    new = await served.call("POST", "/signup", CREDENTIALS)
    await served.rows("update auth.users set email_confirmed_at = now()")

    taken = await served.call("POST", "/signup", {**CREDENTIALS, "data": {"name": "x"}})

    assert (new.status, taken.status) == (200, 200)
    assert "access_token" not in taken.body
    assert taken.body["id"] != new.body["id"]
    assert taken.body["email"] == EMAIL
    assert taken.body["user_metadata"] == {"name": "x"}
    # By this apps tell it, as the original wants them to.
    assert (taken.body["identities"], taken.body["role"]) == ([], "")
    assert set(taken.body) == set(new.body)
    assert await served.rows("select count(*) from auth.users") == [(1,)]


@pytest.mark.parametrize("served", [UNCONFIRMED], indirect=True)
async def test_as_many_hashes_are_made_whether_an_address_is_taken_or_not(
    served: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes: list[str] = []
    make, compare = passwords._hash, passwords._verify  # pyright: ignore[reportPrivateUsage]

    def hash_(password: str) -> str:
        hashes.append("made")
        return make(password)

    def verify(password: str, hashed: str) -> bool:
        hashes.append("compared")
        return compare(password, hashed)

    monkeypatch.setattr(passwords, "_hash", hash_)
    monkeypatch.setattr(passwords, "_verify", verify)
    await served.call("POST", "/signup", CREDENTIALS)
    for_new = hashes.copy()
    await served.rows("update auth.users set email_confirmed_at = now()")
    hashes.clear()

    await served.call("POST", "/signup", CREDENTIALS)

    assert hashes == for_new == ["made", "compared"]


@pytest.mark.parametrize("served", [UNCONFIRMED], indirect=True)
async def test_the_time_of_an_answer_does_not_tell_whether_there_was_something_to_make(
    served: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[float] = []
    asked = {"/signup": CREDENTIALS, "/otp": {"email": EMAIL}}

    def hash_(password: str) -> str:
        return password

    def verify(password: str, hashed: str) -> bool:
        return password == hashed

    # Longer than anything else takes here.
    monkeypatch.setattr(pacing, "PACE_S", 0.1)
    monkeypatch.setattr(passwords, "_hash", hash_)
    monkeypatch.setattr(passwords, "_verify", verify)
    for path, body in asked.items():
        await served.rows("delete from auth.users")
        for _ in ("new", "taken"):
            began = time.monotonic()
            reply = await served.call("POST", path, body)
            times.append(time.monotonic() - began)
            assert reply.status == 200, reply
            await served.rows("update auth.users set email_confirmed_at = now()")
            served.clock.forward(minutes=2)

    assert min(times) >= 0.1
    assert await served.rows(
        "select payload ->> 'action' from auth.audit_log_entries"
        " where payload ->> 'action' = 'user_repeated_signup'"
    ) == [("user_repeated_signup",)]


@pytest.mark.parametrize("served", [UNCONFIRMED], indirect=True)
async def test_a_malformed_challenge_is_refused_whoever_has_the_address(served: Accounts) -> None:
    malformed = {**CREDENTIALS, "code_challenge": "x", "code_challenge_method": "s256"}

    new = await served.call("POST", "/signup", malformed)
    await served.call("POST", "/signup", CREDENTIALS)
    await served.rows("update auth.users set email_confirmed_at = now()")
    taken = await served.call("POST", "/signup", malformed)

    assert (new.status, new.body) == (taken.status, taken.body)
    assert new.status == 400


@pytest.mark.parametrize("served", [UNCONFIRMED], indirect=True)
async def test_who_is_not_confirmed_yet_cannot_sign_in(served: Accounts) -> None:
    reply = await served.call("POST", "/signup", CREDENTIALS)

    refused = await served.by_password()

    assert "confirmation_sent_at" in reply.body
    assert len(served.mailbox.mails) == 1
    assert (refused.status, refused.code) == (400, "email_not_confirmed")
    assert (await served.by_password(password="wrong")).code == "invalid_credentials"


async def test_nobody_takes_an_account_over_that_waits_for_its_owner(served: Accounts) -> None:
    await served.rows(
        "insert into auth.users (instance_id, id, aud, role, email, invited_at)"
        " values ('00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated',"
        " 'authenticated', %s, now())",
        EMAIL,
    )

    reply = await served.call("POST", "/signup", CREDENTIALS)

    assert (reply.status, reply.code) == (422, "user_already_exists")


@pytest.mark.parametrize(
    ("body", "status", "code", "message"),
    [
        ({"email": EMAIL}, 400, "validation_failed", "Signup requires a valid password"),
        (
            {"email": EMAIL, "password": "short"},
            422,
            "weak_password",
            "Password should be at least 6 characters.",
        ),
        (
            {"email": EMAIL, "password": "x" * 73},
            400,
            "validation_failed",
            "Password cannot be longer than 72 characters",
        ),
        (
            {"email": "ann", "password": PASSWORD},
            400,
            "validation_failed",
            "Unable to validate email address: invalid format",
        ),
        (
            {"email": EMAIL, "phone": "1", "password": PASSWORD},
            400,
            "validation_failed",
            "Only an email address or phone number should be provided on signup.",
        ),
        (
            {"phone": "1", "password": PASSWORD},
            400,
            "phone_provider_disabled",
            "Phone signups are disabled",
        ),
        (
            {**CREDENTIALS, "data": {"x": "y" * 6144}},
            422,
            "validation_failed",
            "User metadata cannot be larger than 6144 bytes",
        ),
        (
            {"email": 1, "password": PASSWORD},
            400,
            "bad_json",
            "Could not parse request body as JSON: email must be a string",
        ),
        (
            {**CREDENTIALS, "data": []},
            400,
            "bad_json",
            "Could not parse request body as JSON: data must be an object",
        ),
    ],
)
async def test_what_is_wrong_with_a_sign_up_is_said(
    served: Accounts, body: object, status: int, code: str, message: str
) -> None:
    reply = await served.call("POST", "/signup", body)

    assert (reply.status, reply.code, reply.message) == (status, code, message)
    assert await served.rows("select count(*) from auth.users") == [(0,)]


@pytest.mark.parametrize(
    ("served", "body", "code"),
    [
        ({"auth_sign_up": "off"}, CREDENTIALS, "signup_disabled"),
        ({"auth_sign_up": "off"}, {}, "signup_disabled"),
        ({"auth_email": "off"}, CREDENTIALS, "email_provider_disabled"),
        ({"auth_anonymous": "off"}, {}, "anonymous_provider_disabled"),
        ({"auth_password_min_length": 14}, CREDENTIALS, "weak_password"),
        ({"auth_password_characters": "letters_digits"}, CREDENTIALS, "weak_password"),
    ],
    indirect=["served"],
)
async def test_the_operator_decides_who_may_sign_up(
    served: Accounts, body: object, code: str
) -> None:
    assert (await served.call("POST", "/signup", body)).code == code


async def test_a_trigger_of_the_app_can_refuse_a_user(served_alone: Accounts) -> None:
    await served_alone.rows(TRIGGER)

    reply = await served_alone.call("POST", "/signup", CREDENTIALS)

    assert (reply.status, reply.code) == (500, "unexpected_failure")
    assert reply.message == "Database error saving new user"
    assert await served_alone.rows("select count(*) from auth.users") == [(0,)]


async def test_whoever_signs_up_has_a_profile(served: Accounts) -> None:
    session = await served.sign_up(name="Ann")

    profiles = await served.rows("select id::text, display_name from public.profiles")

    assert profiles == [(session["user"]["id"], "Ann")]


async def test_what_happened_is_in_the_audit_log(served: Accounts) -> None:
    session = await served.sign_up()
    await served.sign_in()

    rows = await served.rows(
        "select payload ->> 'action', payload ->> 'actor_id', payload ->> 'actor_username',"
        " ip_address from auth.audit_log_entries order by created_at, payload ->> 'action' desc"
    )

    who = (session["user"]["id"], EMAIL, "192.0.2.1")
    assert rows == [("user_signedup", *who), ("login", *who)]


async def test_who_signs_in_anonymously_is_a_user_without_an_address(served: Accounts) -> None:
    reply = await served.call("POST", "/signup", {"data": {"theme": "dark"}})

    user = reply.body["user"]
    claims = served.service.keyring.verify(reply.body["access_token"], served.clock().timestamp())
    document = json.loads(claims.document)
    assert (user["is_anonymous"], user["email"], user["identities"]) == (True, "", [])
    assert (user["app_metadata"], user["user_metadata"]) == ({}, {"theme": "dark"})
    assert (claims.role, document["is_anonymous"]) == ("authenticated", True)
    assert document["amr"][0]["method"] == "anonymous"
    assert (await served.refresh(reply.body["refresh_token"])).status == 200
