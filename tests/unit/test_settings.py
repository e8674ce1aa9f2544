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
