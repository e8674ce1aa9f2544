from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotcast.auth.endpoints import Body, Request
from slotcast.auth.errors import AuthError, OAuthError, bad_request, too_many

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b'{"a": NaN}',
        b"\xff",
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b'{"\\u0000": 1}',
        b'{"a": "\\\\\\u0000"}',
        b"[" * 1000,
    ],
)
def test_what_is_no_object_or_cannot_be_stored_is_refused(content: bytes) -> None:
    with pytest.raises(AuthError) as refused:
        Request(content=content).body()

    assert (refused.value.status, refused.value.error_code) == (400, "bad_json")
    assert refused.value.message.startswith("Could not parse request body as JSON: ")


def test_an_escaped_backslash_before_zeros_is_no_null_character() -> None:
    assert Request(content=b'{"a": "\\\\u0000"}').body().text("a") == "\\u0000"


def test_members_are_read_by_their_type_and_null_is_missing() -> None:
    body = Body({"text": "x", "flag": True, "object": {"a": None}, "gone": None})

    assert (body.text("text"), body.text("gone"), body.text("never")) == ("x", "", "")
    assert (body.flag("flag"), body.flag("gone"), body.flag("gone", default=True)) == (
        True,
        False,
        True,
    )
    assert (body.object("object"), body.object("gone")) == ({"a": None}, None)
    assert "text" in body
    assert "gone" not in body


@given(JSON)
def test_a_member_of_another_type_is_refused_and_named(value: object) -> None:
    body = Body({"member": value})  # pyright: ignore[reportArgumentType] - any JSON

    for read, kind in ((body.text, str), (body.flag, bool), (body.object, dict)):
        if value is None or isinstance(value, kind):
            read("member")
        else:
            with pytest.raises(AuthError, match="member must be"):
                read("member")


def test_the_target_of_a_mail_is_a_parameter_or_a_header() -> None:
    assert Request(query={"redirect_to": "a"}, headers={"redirect_to": "b"}).redirect_to == "a"
    assert Request(headers={"redirect_to": "b"}).redirect_to == "b"
    assert Request().redirect_to == ""


@pytest.mark.parametrize(
    ("version", "body"),
    [
        (None, {"code": 400, "error_code": "user_banned", "msg": "User is banned"}),
        ("2023-01-01", {"code": 400, "error_code": "user_banned", "msg": "User is banned"}),
        ("2024-01-01", {"code": "user_banned", "message": "User is banned"}),
        ("2025-06-01", {"code": "user_banned", "message": "User is banned"}),
    ],
)
def test_an_error_has_the_form_that_the_client_knows(
    version: str | None, body: dict[str, object]
) -> None:
    assert bad_request("user_banned", "User is banned").body(version) == body


def test_an_error_of_oauth_has_one_form() -> None:
    error = OAuthError("invalid_request", "refresh_token required")

    assert error.status == 400
    assert (
        error.body(None)
        == error.body("2024-01-01")
        == {
            "error": "invalid_request",
            "error_description": "refresh_token required",
        }
    )


def test_who_asks_too_often_may_be_told_when_to_come_again() -> None:
    assert too_many("code", "text").headers == {}
    assert too_many("code", "text", retry_after_s=7).headers == {"Retry-After": "7"}
