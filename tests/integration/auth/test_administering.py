"""What administrators see and change."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import uuid4

import bcrypt
import pytest

from support.accounts import EMAIL, PASSWORD, accounts
from support.mail import UNLIMITED, received, target

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from support.accounts import Accounts, Reply
    from support.postgres import Database

SECRET_KEY = "sb_secret_test"
NOBODY = "truncate auth.users, auth.flow_state, auth.audit_log_entries cascade"


@pytest.fixture
async def served(
    shared_database: Database, request: pytest.FixtureRequest
) -> AsyncGenerator[Accounts]:
    """Accounts with addresses that have to be confirmed, and settings of the test's own."""
    changes = {"auth_autoconfirm": "off", **UNLIMITED, **getattr(request, "param", {})}
    async with accounts(shared_database.url, **changes) as serving:
        await serving.rows(NOBODY)
        yield serving


def error(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.code


async def ask(served: Accounts, method: str, path: str, body: object = None) -> Reply:
    return await served.call(method, path, body, token=SECRET_KEY)


async def done(served: Accounts, method: str, path: str, body: object = None) -> Any:
    reply = await ask(served, method, path, body)
    assert reply.status == 200, reply
    return reply.body


async def create(served: Accounts, email: str = EMAIL, **members: object) -> dict[str, Any]:
    body = {"email": email, "password": PASSWORD, "email_confirm": True, **members}
    return await done(served, "POST", "/admin/users", body)


class TestCreating:
    async def test_a_user_is_as_described_and_gets_no_mail(self, served: Accounts) -> None:
        user_id = str(uuid4())
        user = await create(
            served,
            id=user_id,
            email="Ann@Mail.Example",
            user_metadata={"name": "Ann"},
            app_metadata={"plan": "large"},
            role="staff",
        )

        assert user["id"] == user_id
        assert user["email"] == EMAIL
        assert user["role"] == "staff"
        assert user["email_confirmed_at"]
        assert user["user_metadata"] == {"name": "Ann", "email_verified": True}
        assert user["app_metadata"] == {
            "provider": "email",
            "providers": ["email"],
            "plan": "large",
        }
        assert user["identities"][0]["identity_data"]["email"] == EMAIL
        assert "password" not in str(user)
        assert served.mailbox.mails == ()
        assert (await served.by_password()).status == 200

    async def test_a_user_is_not_confirmed_unless_that_is_said(self, served: Accounts) -> None:
        user = await create(served, email_confirm=False)

        assert "email_confirmed_at" not in user
        assert error(await served.by_password()) == (400, "email_not_confirmed")

    async def test_hashes_of_passwords_are_taken_over(self, served: Accounts) -> None:
        hashed = bcrypt.hashpw(b"from elsewhere", bcrypt.gensalt(4)).decode()
        body = {"email": EMAIL, "password_hash": hashed, "email_confirm": True}

        await done(served, "POST", "/admin/users", body)

        assert (await served.by_password(EMAIL, "from elsewhere")).status == 200

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({}, (400, "validation_failed")),
            ({"phone": "123"}, (400, "phone_provider_disabled")),
            ({"email": "x"}, (400, "validation_failed")),
            ({"email": EMAIL, "id": "x"}, (400, "validation_failed")),
            ({"email": EMAIL, "password": "x" * 73}, (400, "validation_failed")),
            ({"email": EMAIL, "password": "x", "password_hash": "y"}, (400, "validation_failed")),
            ({"email": EMAIL, "password_hash": "$1$x"}, (400, "validation_failed")),
            ({"email": EMAIL, "password_hash": "$2b$31$" + "a" * 53}, (400, "validation_failed")),
            ({"email": EMAIL, "ban_duration": "forever"}, (400, "validation_failed")),
            ({"email": EMAIL, "ban_duration": "9999999999h"}, (400, "validation_failed")),
            ({"email": EMAIL, "role": "r" * 300}, (400, "validation_failed")),
            ({"email": EMAIL, "user_metadata": []}, (400, "bad_json")),
            ({"email": EMAIL, "user_metadata": {"x": "y" * 9000}}, (422, "validation_failed")),
            ({"email": "a\u0000@mail.example"}, (400, "bad_json")),
        ],
    )
    async def test_what_cannot_be_is_refused(
        self, served: Accounts, body: dict[str, Any], expected: tuple[int, str]
    ) -> None:
        assert error(await ask(served, "POST", "/admin/users", body)) == expected

    async def test_addresses_and_ids_are_given_once(self, served: Accounts) -> None:
        user = await create(served)

        same_email = await ask(served, "POST", "/admin/users", {"email": EMAIL.upper()})
        same_id = await ask(
            served, "POST", "/admin/users", {"email": "x@y.example", "id": user["id"]}
        )

        assert error(same_email) == (422, "email_exists")
        assert error(same_id) == (422, "user_already_exists")


class TestListing:
    async def test_pages_say_how_many_there_are_and_where_the_others_are(
        self, served: Accounts
    ) -> None:
        for number in range(5):
            await create(served, f"{number}@mail.example", password="")
            served.clock.forward(seconds=1)

        first = await ask(served, "GET", "/admin/users?page=1&per_page=2")
        last = await ask(served, "GET", "/admin/users?page=3&per_page=2")

        assert first.body["aud"] == "authenticated"
        assert [user["email"][0] for user in first.body["users"]] == ["4", "3"]
        assert first.headers["X-Total-Count"] == "5"
        assert first.headers["Link"] == (
            '</admin/users?page=2&per_page=2>; rel="next", '
            '</admin/users?page=3&per_page=2>; rel="last"'
        )
        assert [user["email"][0] for user in last.body["users"]] == ["0"]
        assert last.headers["Link"] == '</admin/users?page=3&per_page=2>; rel="last"'

    async def test_users_are_found_by_a_part_of_their_address_or_name(
        self, served: Accounts
    ) -> None:
        await create(served, "ann@mail.example", password="")
        await create(served, "x%_@mail.example", password="", user_metadata={"full_name": "Anna"})
        await create(served, "jo@mail.example", password="")

        async def found(text: str) -> list[str]:
            path = f"/admin/users?{urlencode({'filter': text, 'sort': 'created_at asc'})}"
            users = (await done(served, "GET", path))["users"]
            return [user["email"].partition("@")[0] for user in users]

        assert sorted(await found("ann")) == ["ann", "x%_"]
        assert await found("%_") == ["x%_"]
        assert await found("nobody") == []

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("page=0", 200),
            ("page=99", 200),
            ("per_page=100000", 200),
            ("page=999999999&per_page=1000", 200),
            ("page=x", 400),
            ("page=-1", 400),
            ("per_page=1e9", 400),
            ("page=9999999999", 400),
            ("sort=created_at%20desc", 200),
            ("sort=email", 400),
            ("sort=created_at;drop", 400),
            ("filter=%00", 200),
        ],
    )
    async def test_pages_that_cannot_be_are_refused(
        self, served: Accounts, query: str, status: int
    ) -> None:
        assert (await ask(served, "GET", f"/admin/users?{query}")).status == status


class TestChanging:
    async def test_changes_count_at_once_and_other_members_stay(self, served: Accounts) -> None:
        user = await create(served, user_metadata={"a": 1, "b": 2}, app_metadata={"c": 3})
        changes = {
            "email": "ann@new.example",
            "password": "quite another",
            "user_metadata": {"a": None, "d": 4},
            "app_metadata": {"e": 5},
            "role": "staff",
        }

        changed = await done(served, "PUT", f"/admin/users/{user['id']}", changes)

        assert changed["email"] == "ann@new.example"
        assert changed["user_metadata"] == {"b": 2, "d": 4, "email_verified": True}
        assert changed["app_metadata"] == {**user["app_metadata"], "e": 5}
        assert changed["role"] == "staff"
        assert changed["identities"][0]["email"] == "ann@new.example"
        assert (await served.by_password("ann@new.example", "quite another")).status == 200
        shown = await done(served, "GET", f"/admin/users/{user['id']}")
        assert shown["role"] == "staff"

    async def test_a_new_password_ends_all_sessions(self, served: Accounts) -> None:
        user = await create(served)
        session = await served.sign_in()

        await done(served, "PUT", f"/admin/users/{user['id']}", {"password": "quite another"})

        assert error(await served.user(session)) == (403, "session_not_found")

    async def test_a_ban_ends_sessions_and_is_lifted(self, served: Accounts) -> None:
        user = await create(served)
        session = await served.sign_in()
        path = f"/admin/users/{user['id']}"

        banned = await done(served, "PUT", path, {"ban_duration": "1h30m"})

        until = served.clock.at + timedelta(minutes=90)
        assert banned["banned_until"].startswith(until.isoformat()[:19])
        assert (await served.user(session)).status == 403
        assert error(await served.by_password()) == (400, "user_banned")
        assert "banned_until" not in await done(served, "PUT", path, {"ban_duration": "none"})
        assert (await served.by_password()).status == 200

    async def test_an_address_is_confirmed_by_word_of_an_administrator(
        self, served: Accounts
    ) -> None:
        user = await create(served, email_confirm=False)

        changed = await done(served, "PUT", f"/admin/users/{user['id']}", {"email_confirm": True})

        assert changed["email_confirmed_at"]
        assert changed["identities"][0]["identity_data"]["email_verified"] is True
        assert (await served.by_password()).status == 200

    async def test_mails_to_a_former_address_are_worthless(self, served: Accounts) -> None:
        user = await create(served)
        await served.call("POST", "/recover", {"email": EMAIL})
        letter = await received(served.mailbox, EMAIL)

        await done(served, "PUT", f"/admin/users/{user['id']}", {"email": "ann@new.example"})

        body = {"type": "recovery", "token_hash": letter.token_hash}
        assert error(await served.call("POST", "/verify", body)) == (403, "otp_expired")

    async def test_addresses_of_others_are_not_given_away(self, served: Accounts) -> None:
        user = await create(served)
        await create(served, "jo@mail.example")

        reply = await ask(served, "PUT", f"/admin/users/{user['id']}", {"email": "jo@mail.example"})

        assert error(reply) == (422, "email_exists")

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    async def test_there_has_to_be_such_a_user(self, served: Accounts, method: str) -> None:
        body: dict[str, Any] | None = None if method == "GET" else {}
        unknown = await ask(served, method, f"/admin/users/{uuid4()}", body)
        malformed = await ask(served, method, "/admin/users/1", body)

        assert error(unknown) == (404, "user_not_found")
        assert error(malformed) == (404, "validation_failed")


class TestDeleting:
    async def test_nothing_is_left_of_a_deleted_user(self, served: Accounts) -> None:
        user = await create(served)
        session = await served.sign_in()

        assert await done(served, "DELETE", f"/admin/users/{user['id']}", {}) == {}

        assert await served.rows("select 1 from auth.users") == []
        assert error(await served.user(session)) == (403, "user_not_found")

    async def test_a_softly_deleted_user_stays_and_tells_nothing(self, served: Accounts) -> None:
        user = await create(served, user_metadata={"name": "Ann"})
        session = await served.sign_in()
        path = f"/admin/users/{user['id']}"

        assert await done(served, "DELETE", path, {"should_soft_delete": True}) == {}

        shown = await done(served, "GET", path)
        assert shown["deleted_at"]
        assert shown["user_metadata"] == {}
        rows = await served.rows(
            "select u::text || coalesce(i::text, '') from auth.users u"
            " left join auth.identities i on i.user_id = u.id"
        )
        assert "ann" not in rows[0][0].lower()
        assert (await served.user(session)).status == 403
        assert error(await served.by_password()) == (400, "invalid_credentials")
        assert (await create(served))["id"] != user["id"]

    async def test_a_body_is_not_needed(self, served: Accounts) -> None:
        user = await create(served)

        reply = await served.call(
            "DELETE", f"/admin/users/{user['id']}", content=b"", token=SECRET_KEY
        )

        assert reply.status == 200

    async def test_what_refers_to_a_user_can_keep_it(self, served: Accounts) -> None:
        user = await create(served)
        await served.rows("create table if not exists bills (owner uuid references auth.users)")
        await served.rows("insert into bills values (%s)", user["id"])

        reply = await ask(served, "DELETE", f"/admin/users/{user['id']}", {})

        await served.rows("drop table bills")
        assert (reply.status, reply.message) == (500, "Error deleting user")


class TestLinks:
    async def confirm(self, served: Accounts, body: dict[str, Any]) -> Reply:
        return await served.call("POST", "/verify", body)

    async def test_a_link_and_its_code_are_given_without_any_mail(self, served: Accounts) -> None:
        user = await create(served)

        made = await done(
            served,
            "POST",
            "/admin/generate_link?redirect_to=http://127.0.0.1/x",
            {"type": "magiclink", "email": EMAIL},
        )

        assert made["id"] == user["id"]
        assert made["verification_type"] == "magiclink"
        assert made["redirect_to"] == "http://127.0.0.1/x"
        assert served.mailbox.mails == ()
        query = made["action_link"].partition("?")[2]
        reply = await served.call("GET", f"/verify?{query}")
        assert "access_token" in target(reply.headers["Location"]).fragment

    @pytest.mark.parametrize("form", ["code", "hash"])
    @pytest.mark.parametrize("kind", ["signup", "invite", "magiclink", "recovery"])
    async def test_codes_and_hashes_of_each_type_are_good_for_a_session(
        self, served: Accounts, kind: str, form: str
    ) -> None:
        if kind == "recovery":
            await create(served)
        body = {"type": kind, "email": EMAIL, "password": PASSWORD, "data": {"name": "Ann"}}
        made = await done(served, "POST", "/admin/generate_link", body)
        given = (
            {"token": made["email_otp"], "email": EMAIL}
            if form == "code"
            else {"token_hash": made["hashed_token"]}
        )

        reply = await self.confirm(served, {"type": made["verification_type"], **given})

        assert reply.status == 200
        assert reply.body["user"]["email"] == EMAIL
        if kind != "recovery":
            assert reply.body["user"]["user_metadata"]["name"] == "Ann"

    async def test_a_sign_up_is_good_for_its_password(self, served: Accounts) -> None:
        body = {"type": "signup", "email": EMAIL, "password": PASSWORD}
        made = await done(served, "POST", "/admin/generate_link", body)

        await self.confirm(served, {"type": "signup", "token_hash": made["hashed_token"]})

        assert (await served.by_password()).status == 200

    async def test_both_links_of_a_change_of_address(self, served: Accounts) -> None:
        await create(served)
        made: list[dict[str, Any]] = []
        for kind in ("email_change_current", "email_change_new"):
            body = {"type": kind, "email": EMAIL, "new_email": "ann@new.example"}
            made.append(await done(served, "POST", "/admin/generate_link", body))

        # The second call replaced both tokens, so only its own counts.
        stale = await self.confirm(
            served, {"type": "email_change", "token_hash": made[0]["hashed_token"]}
        )
        fresh = await self.confirm(
            served, {"type": "email_change", "token_hash": made[1]["hashed_token"]}
        )

        assert error(stale) == (403, "otp_expired")
        assert "Please proceed" in fresh.body["msg"]

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({}, (400, "validation_failed")),
            ({"type": "x", "email": EMAIL}, (400, "validation_failed")),
            ({"type": "signup", "email": "new@mail.example"}, (400, "validation_failed")),
            ({"type": "signup", "email": EMAIL, "password": PASSWORD}, (422, "email_exists")),
            ({"type": "invite", "email": EMAIL}, (422, "email_exists")),
            ({"type": "recovery", "email": "new@mail.example"}, (404, "user_not_found")),
            ({"type": "email_change_new", "email": EMAIL}, (400, "validation_failed")),
            (
                {"type": "email_change_new", "email": EMAIL, "new_email": "jo@mail.example"},
                (422, "email_exists"),
            ),
            (
                {"type": "email_change_new", "email": "new@mail.example", "new_email": "x@y.z"},
                (404, "user_not_found"),
            ),
        ],
    )
    async def test_links_for_nothing_are_refused(
        self, served: Accounts, body: dict[str, Any], expected: tuple[int, str]
    ) -> None:
        await create(served)
        await create(served, "jo@mail.example")

        assert error(await ask(served, "POST", "/admin/generate_link", body)) == expected

    async def test_links_lead_only_where_the_operator_allows(self, served: Accounts) -> None:
        body = {"type": "magiclink", "email": EMAIL, "redirect_to": "https://evil.example/"}

        made = await done(served, "POST", "/admin/generate_link", body)

        assert made["redirect_to"] == served.service.site_url
        assert "evil" not in made["action_link"]


async def test_what_was_done_is_listed_the_newest_first(served: Accounts) -> None:
    user = await create(served)
    served.clock.forward(seconds=1)
    await served.sign_in()

    reply = await ask(served, "GET", "/admin/audit?per_page=1")

    [entry] = reply.body
    assert entry["payload"]["action"] == "login"
    assert entry["payload"]["actor_id"] == user["id"]
    assert entry["ip_address"] == "192.0.2.1"
    assert reply.headers["X-Total-Count"] == "2"
    [_, first] = await done(served, "GET", "/admin/audit")
    assert first["payload"]["actor_username"] == "service_role"
    assert first["payload"]["traits"]["user_id"] == user["id"]


async def test_an_administrator_signs_a_user_out(served: Accounts) -> None:
    await create(served)
    first, second = await served.sign_in(), await served.sign_in()

    reply = await served.call("POST", "/logout?scope=global", token=first["access_token"])

    assert reply.status == 204
    assert error(await served.user(second)) == (403, "session_not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/admin/users"),
        ("POST", "/admin/users"),
        ("GET", "/admin/users/x"),
        ("PUT", "/admin/users/x"),
        ("DELETE", "/admin/users/x"),
        ("GET", "/admin/users/x/factors"),
        ("GET", "/admin/audit"),
        ("POST", "/admin/generate_link"),
    ],
)
async def test_only_administrators_may(served: Accounts, method: str, path: str) -> None:
    await create(served)
    session = await served.sign_in()

    for token, expected in (
        (None, (401, "no_authorization")),
        ("sb_publishable_test", (403, "not_admin")),
        (session["access_token"], (403, "not_admin")),
        ("sb_secret_wrong", (403, "bad_jwt")),
    ):
        assert error(await served.call(method, path, {}, token=token)) == expected


@pytest.mark.parametrize(
    ("method", "path", "is_users", "expected"),
    [
        ("GET", "/authorize", False, (400, "validation_failed")),
        ("GET", "/callback", False, (400, "validation_failed")),
        ("POST", "/sso", False, (404, "saml_provider_disabled")),
        ("POST", "/factors", True, (422, "mfa_totp_enroll_not_enabled")),
        ("POST", "/factors", False, (401, "no_authorization")),
        ("DELETE", "/factors/x", True, (404, "mfa_factor_not_found")),
        ("POST", "/factors/x/challenge", True, (404, "mfa_factor_not_found")),
        ("GET", "/user/identities/authorize", True, (404, "manual_linking_disabled")),
        ("GET", "/passkeys", False, (404, "passkey_disabled")),
    ],
)
async def test_what_is_left_out_is_refused_so_that_clients_understand(
    served: Accounts, method: str, path: str, *, is_users: bool, expected: tuple[int, str]
) -> None:
    await create(served)
    token = (await served.sign_in())["access_token"] if is_users else None

    assert error(await served.call(method, path, {}, token=token)) == expected
