from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from slotcast.auth import users
from slotcast.auth.errors import AuthError
from slotcast.auth.users import User

if TYPE_CHECKING:
    from slotcast.claims import JsonValue

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
USER_ID = UUID("11111111-2222-4333-8444-555555555555")


def test_clients_get_what_is_always_there_and_nothing_secret() -> None:
    user = User(
        id=USER_ID,
        email="ann@mail.example",
        encrypted_password="a secret hash",
        confirmation_token="a secret token",
        recovery_token="a secret token",
        email_change_token_new="a secret token",
        reauthentication_token="a secret token",
        created_at=NOW,
        updated_at=NOW,
    )

    assert users.to_json(user) == {
        "id": str(USER_ID),
        "aud": "authenticated",
        "role": "authenticated",
        "email": "ann@mail.example",
        "phone": "",
        "app_metadata": {},
        "user_metadata": {},
        "identities": [],
        "created_at": "2027-01-01T12:00:00Z",
        "updated_at": "2027-01-01T12:00:00Z",
        "is_anonymous": False,
    }
    assert "secret" not in repr(user)


def test_clients_get_what_is_set() -> None:
    user = User(id=USER_ID, last_sign_in_at=NOW, email_change="new@mail.example", phone_change="1")

    shown = users.to_json(user)

    assert shown["last_sign_in_at"] == "2027-01-01T12:00:00Z"
    assert (shown["new_email"], shown["new_phone"]) == ("new@mail.example", "1")


def test_moments_are_in_utc() -> None:
    east = timezone(timedelta(hours=2))

    assert users.moment(datetime(2027, 1, 1, 1, 0, 0, 5, east)) == "2026-12-31T23:00:00.000005Z"
    assert users.moment(None) is None


def test_a_ban_ends_when_it_says() -> None:
    banned = User(id=USER_ID, banned_until=NOW)

    assert banned.is_banned(NOW - timedelta(seconds=1))
    assert not banned.is_banned(NOW)
    assert not User(id=USER_ID).is_banned(NOW)


def test_metadata_is_merged_at_the_top_and_null_removes() -> None:
    current: dict[str, JsonValue] = {"a": 1, "b": {"x": 1}, "c": 3}

    merged = users.merged(current, {"b": {"y": 2}, "c": None, "d": None, "e": []})

    assert merged == {"a": 1, "b": {"y": 2}, "e": []}
    assert current["c"] == 3


def test_metadata_has_to_fit_into_tokens() -> None:
    frame = len('{"x":""}')
    fitting: dict[str, JsonValue] = {"x": "y" * (users.METADATA_LIMIT_BYTES - frame)}

    assert users.checked_metadata(fitting) == fitting
    with pytest.raises(AuthError, match="larger than 6144 bytes"):
        users.checked_metadata({"x": "y" * (users.METADATA_LIMIT_BYTES - frame + 1)})
