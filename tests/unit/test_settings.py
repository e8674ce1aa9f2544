from __future__ import annotations

import pytest

from slotcast.errors import SettingsError
from slotcast.settings import Settings, load


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("SLOTCAST_METRICS", "yes", "open, token or off"),
        ("SLOTCAST_LOG_FORMAT", "xml", "line or json"),
        ("SLOTCAST_INSPECTOR", "true", "auto, on or off"),
        ("SLOTCAST_LOG_LEVEL", "loud", "debug, info, warning or error"),
        ("SLOTCAST_DELETE_EVENTS", "none", "authorized or supabase"),
    ],
)
def test_a_value_that_is_no_choice_is_refused_with_the_choices(
    variable: str, value: str, allowed: str
) -> None:
    with pytest.raises(SettingsError, match=f"{value!r}; it must be {allowed}"):
        load({variable: value})


def test_a_short_metrics_token_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError, match="metrics_token has fewer than 16") as caught:
        load({"SLOTCAST_METRICS_TOKEN": "short-secret"})

    assert "short-secret" not in str(caught.value)


def test_what_faces_the_internet_is_closed_by_default() -> None:
    settings = Settings()

    assert (settings.metrics, settings.metrics_token, settings.inspector) == ("token", "", "auto")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("auth_code_digits", 5),
        ("auth_code_digits", 11),
        ("smtp_port", 65_536),
        ("smtp_security", "ssl"),
        ("auth_secure_email_change", "yes"),
        ("auth_mail_interval_s", -1.0),
        ("auth_jwt_lifetime_s", 0),
        ("auth_password_min_length", 73),
        ("auth_password_workers", 0),
        ("auth_pool_size", 0),
        ("auth", "yes"),
    ],
)
def test_settings_of_accounts_have_bounds(setting: str, value: object) -> None:
    with pytest.raises(SettingsError, match=setting):
        load({}, None, **{setting: value})


def test_the_password_of_the_mail_server_is_not_shown() -> None:
    assert "hunter2" not in repr(load({"SLOTCAST_SMTP_PASSWORD": "hunter2"}))
