"""Whoever signs up has a profile, whatever they filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from slotcast.postgres import migrations
from support.postgres import temporary_database

if TYPE_CHECKING:
    from slotcast.postgres.embedded import Cluster
    from support.postgres import Database

SIGN_UP = """
insert into auth.users (id, email, raw_user_meta_data) values (gen_random_uuid(), %s, %s)
returning id
"""


@pytest.mark.parametrize(
    ("email", "metadata", "name"),
    [
        ("ann@mail.example", '{"name": " Ann "}', "Ann"),
        ("ann@mail.example", '{"name": " ", "full_name": "Ann Other"}', "Ann Other"),
        ("ann@mail.example", '{"display_name": "Annie"}', "Annie"),
        ("ann@mail.example", "{}", "ann"),
        ("ann@mail.example", '["name"]', "ann"),
        ("ann@mail.example", None, "ann"),
        ("ann@mail.example", '{"name": {"first": "Ann"}}', '{"first": "Ann"}'),
        (None, None, "Guest"),
        (None, f'{{"name": "{"x" * 500}"}}', "x" * 120),
    ],
)
def test_the_name_is_what_the_form_said_or_the_address(
    database: Database, email: str | None, metadata: str | None, name: str
) -> None:
    with psycopg.connect(database.url) as connection:
        row = connection.execute(SIGN_UP, [email, metadata]).fetchone()
        assert row is not None

        found = connection.execute(
            "select display_name from public.profiles where id = %s", row
        ).fetchone()

    assert found == (name,)


async def test_accounts_that_were_there_before_have_profiles_too(cluster: Cluster) -> None:
    with temporary_database(cluster) as database:
        await migrations.migrate(database.url, migrations.discover(migrations.SYSTEM))
        with psycopg.connect(database.url) as connection:
            connection.execute(SIGN_UP, ["ann@mail.example", None])
            connection.execute(SIGN_UP, [None, None])

        wanted = migrations.discover(migrations.SYSTEM, migrations.APPOINTMENTS)
        await migrations.migrate(database.url, wanted)

        with psycopg.connect(database.url) as connection:
            rows = connection.execute("select display_name from public.profiles").fetchall()
    assert sorted(rows) == [("Guest",), ("ann",)]


def test_nobody_may_call_what_makes_profiles(database: Database) -> None:
    with psycopg.connect(database.url) as connection:
        row = connection.execute(
            "select has_function_privilege("
            "'authenticated', 'app_private.make_profile()', 'EXECUTE')"
        ).fetchone()

    assert row == (False,)
