"""What users change of their own account, and what that does to their sessions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from support.accounts import EMAIL, PASSWORD

if TYPE_CHECKING:
    from support.accounts import Accounts

OTHER_EMAIL = "bob@mail.example"
NEW_PASSWORD = "battery staple"
LINKING = {"auth_manual_linking": "on"}
ANOTHER_IDENTITY = """
insert into auth.identities (id, provider_id, user_id, identity_data, provider)
select gen_random_uuid(), 'gh-1', id, '{"sub": "gh-1"}', 'github' from auth.users
returning id::text
"""


async def anonymous(served: Accounts) -> dict[str, Any]:
    reply = await served.call("POST", "/signup", {})
    assert reply.status == 200, reply
    return reply.body


async def test_metadata_is_merged_and_null_removes(served: Accounts) -> None:
    session = await served.sign_up(name="Ann", theme="dark", nested={"a": 1})

    reply = await served.change_user(session, data={"theme": None, "nested": {"b": 2}, "x": []})

    wanted: dict[str, Any] = {"name": "Ann", "nested": {"b": 2}, "x": [], "email_verified": True}
    assert reply.body["user_metadata"] == wanted
    assert (await served.user(session)).body["user_metadata"] == wanted
    refreshed = await served.refresh(session["refresh_token"])
    assert refreshed.body["user"]["user_metadata"] == wanted


async def test_metadata_grows_only_so_far(served: Accounts) -> None:
    session = await served.sign_up(x="y" * 3000)

    reply = await served.change_user(session, data={"z": "y" * 3200})

    assert (reply.status, reply.code) == (422, "validation_failed")
    assert "z" not in (await served.user(session)).body["user_metadata"]


async def test_simultaneous_changes_of_metadata_are_all_kept(served: Accounts) -> None:
    session = await served.sign_up()

    await asyncio.gather(*(served.change_user(session, data={f"key {n}": n}) for n in range(8)))

    metadata = (await served.user(session)).body["user_metadata"]
    assert {f"key {n}": n for n in range(8)}.items() <= metadata.items()


@pytest.mark.parametrize(
    "changes", [{}, {"data": {}}, {"data": None}, {"password": ""}, {"email": EMAIL}, {"x": 1}]
)
async def test_asking_for_nothing_changes_nothing(
    served: Accounts, changes: dict[str, Any]
) -> None:
    session = await served.sign_up()

    reply = await served.change_user(session, **changes)

    assert reply.status == 200
    assert reply.body == session["user"]
    assert served.mailbox.mails == ()


@pytest.mark.parametrize("data", [{}, {"role": "service_role"}, {"plan": "pro"}])
async def test_only_admins_change_what_the_app_says_of_users(
    served: Accounts, data: dict[str, str]
) -> None:
    session = await served.sign_up()

    reply = await served.change_user(session, app_metadata=data, role="service_role", aud="x")

    assert (reply.status, reply.code) == (403, "not_admin")
    assert (await served.user(session)).body == session["user"]


async def test_nobody_raises_their_own_rights(served: Accounts) -> None:
    raised = {
        "role": "service_role",
        "is_super_admin": True,
        "aud": "other",
        "banned_until": None,
        "email_confirmed_at": None,
        "id": "00000000-0000-0000-0000-000000000000",
    }

    reply = await served.call(
        "POST", "/signup", {"email": EMAIL, "password": PASSWORD, "app_metadata": raised, **raised}
    )
    changed = await served.change_user(reply.body, **raised, data=raised)

    assert changed.status == 200
    rows = await served.rows(
        "select role, aud, is_super_admin, raw_app_meta_data ->> 'provider' from auth.users"
    )
    assert rows == [("authenticated", "authenticated", None, "email")]


async def test_a_new_password_signs_out_everywhere_else(served: Accounts) -> None:
    this, elsewhere = await served.sign_up(), await served.sign_in()

    reply = await served.change_user(this, password=NEW_PASSWORD)

    assert reply.status == 200
    assert (await served.user(this)).status == 200
    assert (await served.user(elsewhere)).code == "session_not_found"
    assert (await served.by_password()).code == "invalid_credentials"
    assert (await served.by_password(password=NEW_PASSWORD)).status == 200


async def test_a_new_password_makes_mails_worthless(served: Accounts) -> None:
    session = await served.sign_up()
    await served.rows(
        "with u as (update auth.users set recovery_token = 'x', recovery_sent_at = now()"
        " returning id)"
        " insert into auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to)"
        " select gen_random_uuid(), id, 'recovery_token', 'x', '' from u"
    )

    await served.change_user(session, password=NEW_PASSWORD)

    assert await served.rows("select recovery_token from auth.users") == [("",)]
    assert await served.rows("select count(*) from auth.one_time_tokens") == [(0,)]


@pytest.mark.parametrize(
    ("password", "status", "code"),
    [
        (PASSWORD, 422, "same_password"),
        ("short", 422, "weak_password"),
        ("x" * 73, 400, "validation_failed"),
    ],
)
async def test_not_every_password_will_do(
    served: Accounts, password: str, status: int, code: str
) -> None:
    session = await served.sign_up()

    reply = await served.change_user(session, password=password)

    assert (reply.status, reply.code) == (status, code)
    assert (await served.by_password()).status == 200


@pytest.mark.parametrize("served", [{"auth_password_change": "current_password"}], indirect=True)
async def test_the_current_password_can_be_asked_for(served: Accounts) -> None:
    session = await served.sign_up()

    missing = await served.change_user(session, password=NEW_PASSWORD)
    wrong = await served.change_user(session, password=NEW_PASSWORD, current_password="wrong")
    right = await served.change_user(session, password=NEW_PASSWORD, current_password=PASSWORD)

    assert (missing.status, missing.code) == (400, "current_password_required")
    assert (wrong.status, wrong.code) == (400, "current_password_invalid")
    assert right.status == 200


@pytest.mark.parametrize("served", [{"auth_password_change": "reauthentication"}], indirect=True)
async def test_who_signed_in_long_ago_is_asked_again(served: Accounts) -> None:
    session = await served.sign_up()
    served.clock.forward(hours=25)
    session = (await served.refresh(session["refresh_token"])).body

    missing = await served.change_user(session, password=NEW_PASSWORD)
    wrong = await served.change_user(session, password=NEW_PASSWORD, nonce="123456")
    recent = await served.change_user(await served.sign_in(), password=NEW_PASSWORD)

    assert (missing.status, missing.code) == (400, "reauthentication_needed")
    assert (wrong.status, wrong.code) == (422, "reauthentication_not_valid")
    assert recent.status == 200


async def test_an_address_of_somebody_else_is_refused(served: Accounts) -> None:
    await served.sign_up(OTHER_EMAIL)
    session = await served.sign_up()

    reply = await served.change_user(session, email=OTHER_EMAIL.upper())

    assert (reply.status, reply.code) == (422, "email_exists")
    assert reply.message == "A user with this email address has already been registered"


async def test_a_phone_is_not_served(served: Accounts) -> None:
    session = await served.sign_up()

    reply = await served.change_user(session, phone="+1 555 0100")

    assert (reply.status, reply.code) == (400, "phone_provider_disabled")


async def test_an_anonymous_user_becomes_one_with_an_address(served: Accounts) -> None:
    session = await anonymous(served)

    reply = await served.change_user(session, email=EMAIL.upper(), password=PASSWORD)

    user = reply.body
    assert (user["id"], user["email"]) == (session["user"]["id"], EMAIL)
    assert user["is_anonymous"] is False
    assert user["app_metadata"] == {"provider": "email", "providers": ["email"]}
    assert [identity["provider"] for identity in user["identities"]] == ["email"]
    assert user["identities"][0]["identity_data"]["email_verified"] is True
    signed_in = await served.sign_in()
    assert signed_in["user"]["id"] == session["user"]["id"]
    assert (await served.user(session)).body["is_anonymous"] is False


async def test_of_two_who_want_an_address_at_once_one_gets_it(served: Accounts) -> None:
    guests = [await anonymous(served) for _ in range(3)]

    replies = await asyncio.gather(
        *(served.change_user(guest, email=EMAIL, password=PASSWORD) for guest in guests)
    )

    assert sorted((reply.status, reply.code) for reply in replies) == [
        (200, ""),
        (422, "email_exists"),
        (422, "email_exists"),
    ]


async def test_an_anonymous_user_needs_an_address_for_a_password(served: Accounts) -> None:
    reply = await served.change_user(await anonymous(served), password=PASSWORD)

    assert (reply.status, reply.code) == (422, "validation_failed")
    assert reply.message == (
        "Updating password of an anonymous user without an email or phone is not allowed"
    )


@pytest.mark.parametrize("served", [LINKING], indirect=True)
async def test_one_of_several_ways_to_sign_in_can_be_removed(served: Accounts) -> None:
    session = await served.sign_up()
    own = session["user"]["identities"][0]["identity_id"]
    path = "/user/identities/"

    single = await served.call("DELETE", path + own, token=session["access_token"])
    ((another,),) = await served.rows(ANOTHER_IDENTITY)
    unknown = await served.call(
        "DELETE", path + session["user"]["id"], token=session["access_token"]
    )
    malformed = await served.call("DELETE", path + "x", token=session["access_token"])
    removed = await served.call("DELETE", path + another, token=session["access_token"])

    assert (single.status, single.code) == (422, "single_identity_not_deletable")
    assert (unknown.status, unknown.code) == (422, "identity_not_found")
    assert (malformed.status, malformed.code) == (404, "validation_failed")
    assert removed.status == 200
    user = (await served.user(session)).body
    assert [identity["identity_id"] for identity in user["identities"]] == [own]
    assert user["app_metadata"]["providers"] == ["email"]


async def test_removing_ways_to_sign_in_is_off_by_default(served: Accounts) -> None:
    session = await served.sign_up()
    own = session["user"]["identities"][0]["identity_id"]

    reply = await served.call("DELETE", f"/user/identities/{own}", token=session["access_token"])

    assert (reply.status, reply.code) == (404, "manual_linking_disabled")
