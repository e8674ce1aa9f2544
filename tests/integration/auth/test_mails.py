"""What is asked for, confirmed and recovered by mail."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode

import pytest

from support.accounts import EMAIL, PASSWORD, accounts
from support.mail import UNLIMITED, link_query, received, target, verifier_and_challenge

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from slotcast.auth.letters import Letter
    from support.accounts import Accounts, Reply
    from support.mail import Target
    from support.postgres import Database

NEW_EMAIL = "ann@new.example"
CONFIRMING: dict[str, object] = {"auth_autoconfirm": "off", **UNLIMITED}
SITE = "https://salon.example"
NOBODY = "truncate auth.users, auth.flow_state, auth.audit_log_entries cascade"


@pytest.fixture
async def served(
    shared_database: Database, request: pytest.FixtureRequest
) -> AsyncGenerator[Accounts]:
    """Accounts with addresses that have to be confirmed, and settings of the test's own."""
    changes = {**CONFIRMING, **getattr(request, "param", {})}
    async with accounts(shared_database.url, **changes) as serving:
        await serving.rows(NOBODY)
        yield serving


def error(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.code


async def asked(served: Accounts, path: str, body: dict[str, Any]) -> None:
    """Ask for a mail; the answer tells nothing."""
    reply = await served.call("POST", path, body)
    assert (reply.status, reply.body) == (200, {}), reply


async def opened(served: Accounts, letter: Letter) -> Target:
    """Open the link of a mail."""
    reply = await served.call("GET", f"/verify?{urlencode(link_query(letter))}")
    assert reply.status == HTTPStatus.SEE_OTHER
    assert reply.headers["Cache-Control"] == "no-store"
    return target(reply.headers["Location"])


async def verified(served: Accounts, **body: object) -> Reply:
    return await served.call("POST", "/verify", body)


async def new_user(served: Accounts, email: str = EMAIL, **members: object) -> dict[str, Any]:
    """Make a user who is confirmed; gives the session."""
    body = {"email": email, "password": PASSWORD, "email_confirm": True, **members}
    reply = await as_admin(served, "POST", "/admin/users", body)
    assert reply.status == 200, reply
    return await served.sign_in(email)


async def as_admin(served: Accounts, method: str, path: str, body: object = None) -> Reply:
    return await served.call(method, path, body, token="sb_secret_test")


class TestSigningUp:
    async def test_a_new_user_confirms_the_address_by_the_link(self, served: Accounts) -> None:
        reply = await served.call("POST", "/signup", {"email": EMAIL, "password": PASSWORD})
        letter = await received(served.mailbox, EMAIL)
        assert error(await served.by_password()) == (400, "email_not_confirmed")

        led_to = await opened(served, letter)

        assert "confirmation_sent_at" in reply.body
        assert "access_token" not in reply.body
        assert led_to.url == served.service.site_url
        assert list(led_to.fragment) == sorted(led_to.fragment)
        assert led_to.fragment["type"] == "signup"
        user = await served.user(led_to.fragment)
        assert user.body["email_confirmed_at"]
        assert user.body["user_metadata"] == {"email_verified": True}
        assert user.body["identities"][0]["identity_data"]["email_verified"] is True
        assert (await served.by_password()).status == 200

    async def test_a_new_user_confirms_the_address_by_the_code(self, served: Accounts) -> None:
        await served.call("POST", "/signup", {"email": EMAIL, "password": PASSWORD})
        letter = await received(served.mailbox, EMAIL)

        reply = await verified(served, type="signup", email=EMAIL.upper(), token=letter.code)

        assert reply.status == 200
        assert reply.body["user"]["email_confirmed_at"]
        assert (await served.user(reply.body)).status == 200

    async def test_a_stranger_who_signed_up_first_does_not_share_the_account(
        self, served: Accounts
    ) -> None:
        stranger = {"email": EMAIL, "password": "the stranger's"}
        await served.call("POST", "/signup", stranger)
        served.clock.forward(seconds=61)
        await served.call("POST", "/signup", {"email": EMAIL, "password": "the owner's"})
        letter = await received(served.mailbox, EMAIL, count=2)

        session = await verified(served, type="signup", email=EMAIL, token=letter.code)
        refused = await served.by_password(EMAIL, "the stranger's")

        assert session.status == 200
        assert error(refused) == (400, "invalid_credentials")

    async def test_who_signs_up_again_gets_a_new_mail_and_the_old_one_is_worthless(
        self, served: Accounts
    ) -> None:
        await served.call("POST", "/signup", {"email": EMAIL, "password": PASSWORD})
        first = await received(served.mailbox, EMAIL)
        served.clock.forward(seconds=61)
        await served.call("POST", "/signup", {"email": EMAIL, "password": "another one"})
        second = await received(served.mailbox, EMAIL, count=2)

        stale = await opened(served, first)
        fresh = await opened(served, second)

        assert stale.fragment["error_code"] == "otp_expired"
        assert "access_token" in fresh.fragment
        assert error(await served.by_password(EMAIL, "another one")) == (400, "invalid_credentials")

    async def test_who_has_an_account_gets_no_mail_and_nobody_learns_of_it(
        self, served: Accounts
    ) -> None:
        await new_user(served)

        taken = await served.call("POST", "/signup", {"email": EMAIL, "password": PASSWORD})
        free = await served.call("POST", "/signup", {"email": "x@y.example", "password": PASSWORD})
        await received(served.mailbox, "x@y.example")

        assert taken.status == free.status == 200
        assert taken.body["identities"] == []
        assert set(taken.body) == set(free.body)
        assert [mail.mail.letter.to for mail in served.mailbox.mails] == ["x@y.example"]

    async def test_nothing_is_left_of_a_sign_up_whose_mail_cannot_be_sent(
        self, served: Accounts
    ) -> None:
        # Where addresses may be like that, but mail cannot be written to them.
        reply = await served.call(
            "POST", "/signup", {"email": "a..b@mail.example", "password": PASSWORD}
        )

        assert error(reply) == (400, "validation_failed")
        assert await served.rows("select 1 from auth.users") == []


class TestSigningInByMail:
    async def test_a_known_user_signs_in_by_the_link(self, served: Accounts) -> None:
        session = await new_user(served)
        await asked(served, "/otp", {"email": EMAIL, "create_user": False})

        led_to = await opened(served, await received(served.mailbox, EMAIL))

        assert led_to.fragment["type"] == "magiclink"
        user = await served.user(led_to.fragment)
        assert user.body["id"] == session["user"]["id"]

    @pytest.mark.parametrize("kind", ["magiclink", "email"])
    async def test_a_known_user_signs_in_by_the_code(self, served: Accounts, kind: str) -> None:
        await new_user(served)
        await asked(served, "/otp", {"email": EMAIL})
        letter = await received(served.mailbox, EMAIL)

        reply = await verified(served, type=kind, email=EMAIL, token=letter.code)

        assert reply.status == 200
        again = await verified(served, type=kind, email=EMAIL, token=letter.code)
        assert error(again) == (403, "otp_expired")
        assert again.message == "Token has expired or is invalid"

    async def test_an_unknown_user_is_made_and_confirms_the_address(self, served: Accounts) -> None:
        await asked(served, "/otp", {"email": EMAIL, "data": {"name": "Ann"}})
        letter = await received(served.mailbox, EMAIL)
        assert letter.kind == "confirmation"

        reply = await verified(served, type="email", email=EMAIL, token=letter.code)

        assert reply.body["user"]["user_metadata"] == {"name": "Ann", "email_verified": True}
        assert reply.body["user"]["app_metadata"] == {"provider": "email", "providers": ["email"]}

    async def test_an_unknown_user_is_not_made_unless_that_is_wanted(
        self, served: Accounts
    ) -> None:
        reply = await served.call("POST", "/otp", {"email": EMAIL, "create_user": False})

        assert error(reply) == (422, "otp_disabled")
        assert await served.rows("select 1 from auth.users") == []

    async def test_the_older_endpoint_does_the_same(self, served: Accounts) -> None:
        await asked(served, "/magiclink", {"email": EMAIL})

        assert (await received(served.mailbox, EMAIL)).kind == "confirmation"

    async def test_a_token_hash_is_good_for_a_session_once(self, served: Accounts) -> None:
        await new_user(served)
        await asked(served, "/otp", {"email": EMAIL})
        letter = await received(served.mailbox, EMAIL)

        first = await verified(served, type="email", token_hash=letter.token_hash)
        second = await verified(served, type="email", token_hash=letter.token_hash)

        assert first.status == 200
        assert error(second) == (403, "otp_expired")
        assert second.message == "Email link is invalid or has expired"

    async def test_a_code_is_worth_nothing_after_its_time(self, served: Accounts) -> None:
        await new_user(served)
        await asked(served, "/otp", {"email": EMAIL})
        letter = await received(served.mailbox, EMAIL)

        served.clock.forward(seconds=3600)

        reply = await verified(served, type="email", email=EMAIL, token=letter.code)
        assert error(reply) == (403, "otp_expired")
        assert (await opened(served, letter)).fragment["error_code"] == "otp_expired"

    async def test_a_banned_user_gets_no_session(self, served: Accounts) -> None:
        session = await new_user(served)
        await asked(served, "/otp", {"email": EMAIL})
        letter = await received(served.mailbox, EMAIL)
        path = f"/admin/users/{session['user']['id']}"
        await as_admin(served, "PUT", path, {"ban_duration": "24h"})

        reply = await verified(served, type="email", email=EMAIL, token=letter.code)

        assert error(reply) == (403, "user_banned")

    async def test_codes_of_one_use_are_worth_nothing_for_another(self, served: Accounts) -> None:
        await new_user(served)
        await asked(served, "/recover", {"email": EMAIL})
        letter = await received(served.mailbox, EMAIL)

        for kind in ("signup", "invite", "email_change"):
            reply = await verified(served, type=kind, email=EMAIL, token=letter.code)
            assert error(reply) == (403, "otp_expired")
            reply = await verified(served, type=kind, token_hash=letter.token_hash)
            assert error(reply) == (403, "otp_expired")


class TestRecovering:
    async def test_a_user_chooses_a_new_password(self, served: Accounts) -> None:
        await new_user(served)
        await asked(served, "/recover?redirect_to=http://127.0.0.1/reset", {"email": EMAIL})

        led_to = await opened(served, await received(served.mailbox, EMAIL))

        assert led_to.url == "http://127.0.0.1/reset"
        assert led_to.fragment["type"] == "recovery"
        reply = await served.change_user(led_to.fragment, password="quite another")
        assert reply.status == 200
        assert (await served.by_password(EMAIL, "quite another")).status == 200

    async def test_an_unknown_address_is_answered_the_same_and_gets_nothing(
        self, served: Accounts
    ) -> None:
        await new_user(served)

        await asked(served, "/recover", {"email": "nobody@mail.example"})
        await asked(served, "/recover", {"email": EMAIL})

        await received(served.mailbox, EMAIL)
        assert len(served.mailbox.mails) == 1

    async def test_a_new_password_makes_mails_on_their_way_worthless(
        self, served: Accounts
    ) -> None:
        session = await new_user(served)
        await asked(served, "/recover", {"email": EMAIL})
        letter = await received(served.mailbox, EMAIL)

        await served.change_user(session, password="quite another")

        assert (await opened(served, letter)).fragment["error_code"] == "otp_expired"
        reply = await verified(served, type="recovery", email=EMAIL, token=letter.code)
        assert error(reply) == (403, "otp_expired")

    async def test_a_password_that_somebody_chose_for_my_address_is_gone_once_i_recover(
        self, served: Accounts
    ) -> None:
        await served.call("POST", "/signup", {"email": EMAIL, "password": "the attacker's"})
        await received(served.mailbox, EMAIL)

        await asked(served, "/recover", {"email": EMAIL})
        led_to = await opened(served, await received(served.mailbox, EMAIL, count=2))

        assert "access_token" in led_to.fragment
        reply = await served.by_password(EMAIL, "the attacker's")
        assert error(reply) == (400, "invalid_credentials")

    async def test_nor_does_it_count_once_i_sign_in_by_mail(self, served: Accounts) -> None:
        await served.call("POST", "/signup", {"email": EMAIL, "password": "the attacker's"})
        await received(served.mailbox, EMAIL)

        await asked(served, "/otp", {"email": EMAIL})
        led_to = await opened(served, await received(served.mailbox, EMAIL, count=2))

        assert "access_token" in led_to.fragment
        reply = await served.by_password(EMAIL, "the attacker's")
        assert error(reply) == (400, "invalid_credentials")


class TestPkce:
    async def test_a_link_gives_a_code_that_only_the_verifier_makes_a_session_of(
        self, served: Accounts
    ) -> None:
        await new_user(served)
        verifier, challenge = verifier_and_challenge()
        await asked(served, "/otp", {"email": EMAIL, **challenge})

        led_to = await opened(served, await received(served.mailbox, EMAIL))

        assert list(led_to.query) == ["code"]
        assert led_to.fragment == {}
        body = {"auth_code": led_to.query["code"], "code_verifier": verifier}
        reply = await served.call("POST", "/token", body, grant_type="pkce")
        assert reply.status == 200
        assert (await served.user(reply.body)).status == 200
        again = await served.call("POST", "/token", body, grant_type="pkce")
        assert error(again) == (404, "flow_state_not_found")

    @pytest.mark.parametrize("path", ["/signup", "/recover"])
    async def test_other_mails_do_the_same(self, served: Accounts, path: str) -> None:
        if path == "/recover":
            await new_user(served)
        verifier, challenge = verifier_and_challenge()
        body = {"email": EMAIL, "password": PASSWORD, **challenge}
        assert (await served.call("POST", path, body)).status == 200

        led_to = await opened(served, await received(served.mailbox, EMAIL))

        body = {"auth_code": led_to.query["code"], "code_verifier": verifier}
        reply = await served.call("POST", "/token", body, grant_type="pkce")
        assert reply.status == 200
        rows = await served.rows("select authentication_method from auth.mfa_amr_claims")
        assert (("recovery" if path == "/recover" else "email/signup"),) in rows

    async def test_a_wrong_verifier_is_refused_and_uses_the_code_up(self, served: Accounts) -> None:
        await new_user(served)
        verifier, challenge = verifier_and_challenge()
        await asked(served, "/otp", {"email": EMAIL, **challenge})
        led_to = await opened(served, await received(served.mailbox, EMAIL))
        body = {"auth_code": led_to.query["code"], "code_verifier": verifier[::-1]}

        wrong = await served.call("POST", "/token", body, grant_type="pkce")
        body["code_verifier"] = verifier
        late = await served.call("POST", "/token", body, grant_type="pkce")

        assert error(wrong) == (400, "bad_code_verifier")
        assert error(late) == (404, "flow_state_not_found")

    async def test_a_code_is_worth_nothing_after_its_time(self, served: Accounts) -> None:
        await new_user(served)
        verifier, challenge = verifier_and_challenge()
        await asked(served, "/otp", {"email": EMAIL, **challenge})
        served.clock.forward(minutes=30)
        led_to = await opened(served, await received(served.mailbox, EMAIL))
        body = {"auth_code": led_to.query["code"], "code_verifier": verifier}

        served.clock.forward(minutes=5, seconds=1)

        reply = await served.call("POST", "/token", body, grant_type="pkce")
        assert error(reply) == (422, "flow_state_expired")

    async def test_a_code_that_no_link_gave_out_is_worth_nothing(self, served: Accounts) -> None:
        await new_user(served)
        verifier, challenge = verifier_and_challenge()
        await asked(served, "/otp", {"email": EMAIL, **challenge})
        [[code]] = await served.rows("select auth_code from auth.flow_state")
        body = {"auth_code": code, "code_verifier": verifier}

        reply = await served.call("POST", "/token", body, grant_type="pkce")

        assert error(reply) == (404, "flow_state_not_found")

    async def test_a_server_side_app_uses_the_token_hash_itself(self, served: Accounts) -> None:
        await new_user(served)
        _, challenge = verifier_and_challenge()
        await asked(served, "/otp", {"email": EMAIL, **challenge})
        letter = await received(served.mailbox, EMAIL)
        assert letter.token_hash.startswith("pkce_")

        reply = await verified(served, type="email", token_hash=letter.token_hash)

        assert reply.status == 200

    async def test_errors_are_in_the_query_as_well(self, served: Accounts) -> None:
        reply = await served.call("GET", "/verify?token=pkce_none&type=signup")

        led_to = target(reply.headers["Location"])
        assert led_to.query["error_code"] == "otp_expired"
        assert led_to.fragment == {**led_to.query, "sb": ""}

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"auth_code": "x"},
            {"code_verifier": "x"},
            {"auth_code": "", "code_verifier": ""},
        ],
    )
    async def test_both_code_and_verifier_are_needed(
        self, served: Accounts, body: dict[str, str]
    ) -> None:
        reply = await served.call("POST", "/token", body, grant_type="pkce")

        assert error(reply) == (400, "validation_failed")


class TestChangingTheAddress:
    async def change(self, served: Accounts) -> tuple[dict[str, Any], Letter, Letter]:
        """Ask for a change; gives the session and both mails."""
        session = await new_user(served)
        reply = await served.change_user(session, email=NEW_EMAIL)
        assert (reply.body["email"], reply.body["new_email"]) == (EMAIL, NEW_EMAIL)
        old = await received(served.mailbox, EMAIL)
        return session, old, await received(served.mailbox, NEW_EMAIL)

    @pytest.mark.parametrize("is_new_first", [True, False])
    async def test_both_addresses_confirm_in_any_order(
        self, served: Accounts, *, is_new_first: bool
    ) -> None:
        session, old, new = await self.change(served)
        first, second = (new, old) if is_new_first else (old, new)

        waiting = await opened(served, first)
        assert "proceed to confirm link sent to the other email" in waiting.fragment["message"]
        assert (await served.user(session)).body["email"] == EMAIL
        assert (await opened(served, first)).fragment["error_code"] == "otp_expired"
        done = await opened(served, second)

        assert done.fragment["type"] == "email_change"
        user = (await served.user(done.fragment)).body
        assert user["email"] == NEW_EMAIL
        assert "new_email" not in user
        assert user["identities"][0]["identity_data"]["email"] == NEW_EMAIL
        assert (await served.by_password(NEW_EMAIL)).status == 200
        assert (await served.by_password(EMAIL)).status == 400

    async def test_both_addresses_confirm_by_codes(self, served: Accounts) -> None:
        _, old, new = await self.change(served)

        first = await verified(served, type="email_change", email=EMAIL, token=old.code)
        second = await verified(served, type="email_change", email=NEW_EMAIL, token=new.code)

        assert first.body["code"] == "200"
        assert "Please proceed" in first.body["msg"]
        assert second.body["user"]["email"] == NEW_EMAIL

    async def test_the_code_of_one_address_is_worth_nothing_for_the_other(
        self, served: Accounts
    ) -> None:
        _, old, new = await self.change(served)

        for email, code in ((NEW_EMAIL, old.code), (EMAIL, new.code)):
            reply = await verified(served, type="email_change", email=email, token=code)
            assert error(reply) == (403, "otp_expired")

    async def test_agreeing_to_one_change_is_not_agreeing_to_another(
        self, served: Accounts
    ) -> None:
        session, old, _ = await self.change(served)
        served.clock.forward(seconds=1)
        await served.change_user(session, email="eve@evil.example")
        latest = await received(served.mailbox, "eve@evil.example")

        stale = await verified(served, type="email_change", email=EMAIL, token=old.code)
        await opened(served, latest)

        assert error(stale) == (403, "otp_expired")
        assert (await served.user(session)).body["email"] == EMAIL

    @pytest.mark.parametrize("served", [{"auth_secure_email_change": "off"}], indirect=True)
    async def test_the_new_address_is_enough_where_the_operator_says_so(
        self, served: Accounts
    ) -> None:
        session = await new_user(served)
        await served.change_user(session, email=NEW_EMAIL)

        led_to = await opened(served, await received(served.mailbox, NEW_EMAIL))

        assert (await served.user(led_to.fragment)).body["email"] == NEW_EMAIL
        assert len(served.mailbox.mails) == 1

    async def test_an_address_that_somebody_else_took_meanwhile_is_not_taken_away(
        self, served: Accounts
    ) -> None:
        _, old, new = await self.change(served)
        await new_user(served, NEW_EMAIL)
        await opened(served, old)

        led_to = await opened(served, new)

        assert led_to.fragment["error_code"] == "email_exists"

    async def test_an_anonymous_user_becomes_one_with_an_address(self, served: Accounts) -> None:
        session = (await served.call("POST", "/signup", {})).body
        reply = await served.change_user(session, email=NEW_EMAIL)
        assert reply.body["is_anonymous"] is True

        led_to = await opened(served, await received(served.mailbox, NEW_EMAIL))

        user = (await served.user(led_to.fragment)).body
        assert user["id"] == session["user"]["id"]
        assert (user["email"], user["is_anonymous"]) == (NEW_EMAIL, False)
        assert user["app_metadata"]["provider"] == "email"
        assert [identity["email"] for identity in user["identities"]] == [NEW_EMAIL]

    async def test_with_pkce_the_second_link_gives_a_code(self, served: Accounts) -> None:
        session = await new_user(served)
        verifier, challenge = verifier_and_challenge()
        await served.change_user(session, email=NEW_EMAIL, **challenge)
        await opened(served, await received(served.mailbox, EMAIL))

        led_to = await opened(served, await received(served.mailbox, NEW_EMAIL))

        body = {"auth_code": led_to.query["code"], "code_verifier": verifier}
        reply = await served.call("POST", "/token", body, grant_type="pkce")
        assert reply.body["user"]["email"] == NEW_EMAIL


class TestAskingAgain:
    async def test_mails_are_sent_again_if_there_is_something_to_confirm(
        self, served: Accounts
    ) -> None:
        await served.call("POST", "/signup", {"email": EMAIL, "password": PASSWORD})
        first = await received(served.mailbox, EMAIL)

        await asked(served, "/resend", {"type": "signup", "email": EMAIL})

        second = await received(served.mailbox, EMAIL, count=2)
        assert second.code != first.code or second.token_hash != first.token_hash
        assert "access_token" in (await opened(served, second)).fragment

    async def test_a_change_of_address_is_sent_again_to_both(self, served: Accounts) -> None:
        session = await new_user(served)
        await served.change_user(session, email=NEW_EMAIL)

        await asked(served, "/resend", {"type": "email_change", "email": EMAIL})

        old = await received(served.mailbox, EMAIL, count=2)
        await opened(served, old)
        new = await received(served.mailbox, NEW_EMAIL, count=2)
        assert "access_token" in (await opened(served, new)).fragment

    async def test_nothing_is_sent_and_nothing_told_if_there_is_not(self, served: Accounts) -> None:
        await new_user(served)
        for kind in ("signup", "email_change"):
            for email in (EMAIL, "nobody@mail.example"):
                await asked(served, "/resend", {"type": kind, "email": email})

        await asked(served, "/recover", {"email": EMAIL})

        await received(served.mailbox, EMAIL)
        assert len(served.mailbox.mails) == 1

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"email": EMAIL}, "validation_failed"),
            ({"type": "x", "email": EMAIL}, "validation_failed"),
            ({"type": "signup"}, "validation_failed"),
            ({"type": "signup", "email": EMAIL, "phone": "1"}, "validation_failed"),
            ({"type": "sms", "phone": "123"}, "phone_provider_disabled"),
        ],
    )
    async def test_what_is_asked_for_has_to_be_said(
        self, served: Accounts, body: dict[str, str], expected: str
    ) -> None:
        assert error(await served.call("POST", "/resend", body)) == (400, expected)


class TestReauthenticating:
    @pytest.mark.parametrize(
        "served", [{"auth_password_change": "reauthentication"}], indirect=True
    )
    async def test_a_nonce_by_mail_lets_an_old_session_change_the_password(
        self, served: Accounts
    ) -> None:
        session = await new_user(served)
        await served.rows("update auth.sessions set created_at = created_at - interval '1 day'")
        refused = await served.change_user(session, password="quite another")
        reply = await served.call("GET", "/reauthenticate", token=session["access_token"])
        letter = await received(served.mailbox, EMAIL)

        wrong = await served.change_user(session, password="quite another", nonce="x")
        right = await served.change_user(session, password="quite another", nonce=letter.code)
        again = await served.change_user(session, password="yet another", nonce=letter.code)

        assert error(refused) == (400, "reauthentication_needed")
        assert (reply.status, reply.body) == (200, {})
        assert letter.link == ""
        assert error(wrong) == (422, "reauthentication_not_valid")
        assert right.status == 200
        assert error(again) == (422, "reauthentication_not_valid")

    async def test_only_the_user_may_ask(self, served: Accounts) -> None:
        assert error(await served.call("GET", "/reauthenticate")) == (401, "no_authorization")


class TestInviting:
    async def test_who_is_invited_accepts_by_the_link(self, served: Accounts) -> None:
        reply = await as_admin(served, "POST", "/invite", {"email": EMAIL, "data": {"name": "Ann"}})
        letter = await received(served.mailbox, EMAIL)

        led_to = await opened(served, letter)

        assert reply.body["invited_at"]
        assert reply.body["confirmation_sent_at"]
        assert led_to.fragment["type"] == "invite"
        user = await served.user(led_to.fragment)
        assert user.body["email_confirmed_at"]
        assert user.body["user_metadata"]["name"] == "Ann"

    async def test_who_did_not_accept_yet_can_be_invited_again(self, served: Accounts) -> None:
        first = await as_admin(served, "POST", "/invite", {"email": EMAIL})
        second = await as_admin(served, "POST", "/invite", {"email": EMAIL})

        await received(served.mailbox, EMAIL, count=2)
        assert first.body["id"] == second.body["id"]

    async def test_who_is_there_cannot_be_invited(self, served: Accounts) -> None:
        await new_user(served)

        reply = await as_admin(served, "POST", "/invite", {"email": EMAIL})

        assert error(reply) == (422, "email_exists")

    async def test_only_administrators_invite(self, served: Accounts) -> None:
        session = await new_user(served)

        for token, expected in (
            (None, (401, "no_authorization")),
            (session["access_token"], (403, "not_admin")),
            ("sb_publishable_test", (403, "not_admin")),
        ):
            reply = await served.call("POST", "/invite", {"email": "x@y.z"}, token=token)
            assert error(reply) == expected


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/otp", {}, (400, "validation_failed")),
        ("/otp", {"email": EMAIL, "phone": "1"}, (400, "validation_failed")),
        ("/otp", {"phone": "123"}, (400, "phone_provider_disabled")),
        ("/otp", {"email": "nothing"}, (400, "validation_failed")),
        ("/otp", {"email": EMAIL, "create_user": "yes"}, (400, "bad_json")),
        ("/otp", {"email": EMAIL, "code_challenge": "x"}, (400, "validation_failed")),
        ("/recover", {}, (400, "validation_failed")),
        ("/recover", {"email": "nothing"}, (400, "validation_failed")),
        ("/recover", {"email": 7}, (400, "bad_json")),
        ("/verify", {}, (400, "validation_failed")),
        ("/verify", {"type": "signup"}, (400, "validation_failed")),
        ("/verify", {"type": "x", "token_hash": "y"}, (400, "validation_failed")),
        ("/verify", {"type": "signup", "token": "1"}, (400, "validation_failed")),
        (
            "/verify",
            {"type": "email", "token_hash": "1", "email": EMAIL},
            (400, "validation_failed"),
        ),
        ("/verify", {"type": "email", "token_hash": "1", "token": "1"}, (400, "validation_failed")),
        ("/verify", {"type": "sms", "token": "1", "phone": "2"}, (403, "otp_expired")),
        ("/verify", {"type": "email", "token": "1", "email": "x"}, (403, "otp_expired")),
        ("/verify", {"type": "email", "token": "1", "email": "x@y.z"}, (403, "otp_expired")),
    ],
)
async def test_malformed_requests_are_refused(
    served: Accounts, path: str, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert error(await served.call("POST", path, body)) == expected


@pytest.mark.parametrize("token", ["x", "%00", "%FF", "pkce_", "'--", "x" * 5000])
async def test_a_link_with_any_token_leads_to_the_app(served: Accounts, token: str) -> None:
    reply = await served.call("GET", f"/verify?token={token}&type=signup")

    assert target(reply.headers["Location"]).fragment["error_code"] == "otp_expired"


async def test_where_a_link_leads_may_be_written_in_any_script(served: Accounts) -> None:
    wanted = quote("http://127.0.0.1/ü/→?q=日#é")

    reply = await served.call("GET", f"/verify?token=x&type=signup&redirect_to={wanted}")

    location = reply.headers["Location"]
    assert location.isascii()
    assert unquote(location).startswith("http://127.0.0.1/ü/→?q=日#error=")


@pytest.mark.parametrize("query", ["", "token=x", "type=signup"])
async def test_a_link_without_its_parts_leads_nowhere(served: Accounts, query: str) -> None:
    reply = await served.call("GET", f"/verify?{query}")

    assert error(reply) == (400, "validation_failed")


@pytest.mark.parametrize(
    "served", [{"auth_site_url": SITE, "auth_uri_allow_list": "app://**"}], indirect=True
)
@pytest.mark.parametrize(
    ("wanted", "referer", "expected"),
    [
        (SITE + "/x?y=1", "", SITE + "/x?y=1"),
        ("app://callback", "", "app://callback"),
        ("", SITE + "/from", SITE + "/from"),
        ("https://evil.example/", SITE + "/from", SITE + "/from"),
        ("https://evil.example/", "https://evil.example/", SITE),
        ("https://salon.example@evil.example/", "", SITE),
        ("javascript:alert(1)", "", SITE),
    ],
)
async def test_links_lead_only_where_the_operator_allows(
    served: Accounts, wanted: str, referer: str, expected: str
) -> None:
    await served.call(
        "POST", "/otp", {"email": EMAIL}, headers={"referer": referer}, redirect_to=wanted
    )
    letter = await received(served.mailbox, EMAIL)
    assert letter.redirect_to == expected

    # Nor does somebody who changes the link get it elsewhere.
    query = urlencode({**link_query(letter), "redirect_to": wanted})
    reply = await served.call("GET", f"/verify?{query}")

    allowed = expected if wanted and expected.startswith(wanted) else SITE
    assert reply.headers["Location"].partition("#")[0] == allowed
