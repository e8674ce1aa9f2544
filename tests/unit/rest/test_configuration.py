from __future__ import annotations

import pytest

from slotcast.errors import SettingsError
from slotcast.rest.configuration import (
    RestConfiguration,
    TransactionEnding,
    overridden,
    transaction_ending,
)
from slotcast.rest.opening import rest_configuration
from slotcast.settings import Settings


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("db_schemas", "api, public", "schemas", ("api", "public")),
        ("db_schemas", " , ", "schemas", ("public",)),
        ("db_max_rows", "5", "row_limit", 5),
        ("db_max_rows", "many", "row_limit", None),
        ("db_aggregates_enabled", "true", "has_aggregates", True),
        ("db_plan_enabled", "off", "may_explain", False),
        ("db_pre_request", "public.check", "pre_request", "public.check"),
        ("db_tx_end", "rollback", "ending", TransactionEnding.ROLLBACK),
        ("db_tx_end", "never", "ending", TransactionEnding.COMMIT),
        ("openapi_mode", "disabled", "is_described", False),
        ("jwt_secret", "x", "schemas", ("public",)),
    ],
)
def test_the_database_can_say_what_postgrest_reads(
    name: str, value: str, field: str, expected: object
) -> None:
    configuration = overridden(RestConfiguration(), {name: value})

    assert getattr(configuration, field) == expected


def test_an_unknown_ending_is_refused() -> None:
    with pytest.raises(SettingsError, match="rest_tx_end"):
        transaction_ending("sometimes")


@pytest.mark.parametrize(
    "settings",
    [Settings(rest_schemas=" "), Settings(rest_app_settings="x"), Settings(rest_tx_end="x")],
)
def test_settings_that_make_no_sense_are_refused(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="rest_"):
        rest_configuration(settings)


def test_no_limit_is_written_as_zero() -> None:
    assert rest_configuration(Settings(rest_max_rows=0)).row_limit is None
