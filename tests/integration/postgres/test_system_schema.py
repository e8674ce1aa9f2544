from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import errors

from support.clients import client

if TYPE_CHECKING:
    from support.postgres import Database

USER_ID = "7f2d0f8e-8e43-4d0c-9d2c-000000000001"

AUTH_TABLES = {
    "users",
    "identities",
    "sessions",
    "refresh_tokens",
    "one_time_tokens",
    "mfa_amr_claims",
    "mfa_factors",
    "mfa_challenges",
    "flow_state",
    "audit_log_entries",
    "instances",
    "schema_migrations",
}

CLIENT_ROLES = ["anon", "authenticated", "service_role"]


def fetch_row(
    connection: psycopg.Connection, query: bytes, parameters: list[object] | None = None
) -> tuple[object, ...]:
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return row


def test_the_roles_have_the_attributes_that_supabase_gives_them(database: Database) -> None:
    with psycopg.connect(database.url) as connection:
        rows = connection.execute(
            "select rolname, rolcanlogin, rolinherit, rolbypassrls, rolsuper from pg_roles"
            " where rolname in ('anon', 'authenticated', 'service_role', 'authenticator')"
        ).fetchall()

    assert {row[0]: row[1:] for row in rows} == {
        "anon": (False, False, False, False),
        "authenticated": (False, False, False, False),
        "service_role": (False, False, True, False),
        "authenticator": (True, False, False, False),
    }


@pytest.mark.parametrize("role", CLIENT_ROLES)
def test_authenticator_may_become_each_role(database: Database, role: str) -> None:
    with psycopg.connect(database.url) as connection:
        connection.execute("set session authorization authenticator")
        connection.execute(f"set role {role}".encode())

        assert fetch_row(connection, b"select current_user") == (role,)


def test_authenticator_can_do_nothing_by_itself(database: Database) -> None:
    with psycopg.connect(database.url) as connection:
        connection.execute("set session authorization authenticator")

        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("select from public.appointments")


@pytest.mark.parametrize("role", CLIENT_ROLES)
def test_new_tables_functions_and_sequences_are_open_to_the_roles(
    database: Database, role: str
) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("create table public.notes (id bigserial, body text)")
        connection.execute(
            "create function public.answer() returns int language sql as 'select 42'"
        )
        connection.execute("revoke execute on function public.answer() from public")

    with client(database.url, role) as connection:
        connection.execute("insert into public.notes (body) values ('hello')")
        assert fetch_row(connection, b"select body, public.answer() from public.notes") == (
            "hello",
            42,
        )


def test_the_claims_document_is_what_policies_see(database: Database) -> None:
    claims = {"sub": USER_ID, "email": "a@mail.example", "app_metadata": {"plan": "pro"}}
    with client(database.url, "authenticated", claims) as connection:
        row = fetch_row(
            connection, b"select auth.uid()::text, auth.role(), auth.email(), auth.jwt()"
        )

    assert row == (
        USER_ID,
        "authenticated",
        "a@mail.example",
        {**claims, "role": "authenticated"},
    )


def test_the_older_settings_come_first(database: Database) -> None:
    with client(database.url, "authenticated", {"sub": "not even a uuid"}) as connection:
        for name, value in (("sub", USER_ID), ("role", "old"), ("email", "old@mail.example")):
            connection.execute(
                "select set_config(%s, %s, true)", [f"request.jwt.claim.{name}", value]
            )
        connection.execute(
            "select set_config('request.jwt.claim', %s, true)", [json.dumps({"old": True})]
        )

        row = fetch_row(
            connection, b"select auth.uid()::text, auth.role(), auth.email(), auth.jwt()"
        )

    assert row == (USER_ID, "old", "old@mail.example", {"old": True})


@pytest.mark.parametrize("document", [None, "", "{}"])
def test_without_claims_everything_is_null(database: Database, document: str | None) -> None:
    with psycopg.connect(database.url) as connection:
        if document is not None:
            connection.execute("select set_config('request.jwt.claims', %s, true)", [document])

        row = fetch_row(connection, b"select auth.uid(), auth.role(), auth.email()")

    assert row == (None, None, None)


def test_every_auth_table_has_row_security_and_no_policy(database: Database) -> None:
    with psycopg.connect(database.url) as connection:
        rows = connection.execute(
            "select relname, relrowsecurity, pg_get_userbyid(relowner),"
            " exists (select from pg_policy p where p.polrelid = c.oid)"
            " from pg_class c where relnamespace = 'auth'::regnamespace and relkind = 'r'"
        ).fetchall()

    assert {row[0] for row in rows} == AUTH_TABLES
    assert {row[1:] for row in rows} == {(True, "supabase_auth_admin", False)}


@pytest.mark.parametrize("role", ["anon", "authenticated"])
@pytest.mark.parametrize("table", sorted(AUTH_TABLES))
def test_clients_cannot_read_auth_tables(database: Database, role: str, table: str) -> None:
    with (
        client(database.url, role) as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute(f"select from auth.{table}".encode())


def test_service_role_reads_and_writes_accounts(database: Database) -> None:
    with client(database.url, "service_role") as connection:
        connection.execute("insert into auth.users (id, email) values (%s, 'a@b.c')", [USER_ID])
        assert fetch_row(connection, b"select email from auth.users") == ("a@b.c",)


def test_an_email_is_unique_among_accounts_without_single_sign_on(database: Database) -> None:
    insert = (
        b"insert into auth.users (id, email, is_sso_user) values (gen_random_uuid(), 'a@b.c', %s)"
    )
    with psycopg.connect(database.url) as connection:
        connection.execute(insert, [True])
        connection.execute(insert, [True])
        connection.execute(insert, [False])

        with pytest.raises(errors.UniqueViolation):
            connection.execute(insert, [False])


def test_tokens_are_unique_and_codes_of_digits_are_not(database: Database) -> None:
    insert = b"insert into auth.users (id, recovery_token) values (gen_random_uuid(), %s)"
    with psycopg.connect(database.url) as connection:
        for token in ("123 456", "123 456", "", "", None, None, "pkce_a"):
            connection.execute(insert, [token])

        with pytest.raises(errors.UniqueViolation):
            connection.execute(insert, ["pkce_a"])


def test_generated_columns_follow_their_sources(database: Database) -> None:
    with psycopg.connect(database.url) as connection:
        connection.execute(
            "insert into auth.users (id, email_confirmed_at, phone_confirmed_at)"
            " values (%s, '2026-01-02Z', '2026-01-01Z')",
            [USER_ID],
        )
        connection.execute(
            "insert into auth.identities (provider_id, user_id, identity_data, provider)"
            """ values ('x', %s, '{"email": "A@B.c"}', 'email')""",
            [USER_ID],
        )

        row = fetch_row(
            connection,
            b"select u.confirmed_at = u.phone_confirmed_at, i.email"
            b" from auth.users u join auth.identities i on i.user_id = u.id",
        )

    assert row == (True, "a@b.c")


def test_deleting_an_account_deletes_its_sessions_and_tokens(database: Database) -> None:
    with psycopg.connect(database.url) as connection:
        connection.execute("insert into auth.users (id) values (%s)", [USER_ID])
        connection.execute(
            "with s as (insert into auth.sessions (id, user_id)"
            " values (gen_random_uuid(), %s) returning id)"
            " insert into auth.refresh_tokens (token, session_id) select 't', id from s",
            [USER_ID],
        )

        connection.execute("delete from auth.users")

        row = fetch_row(
            connection,
            b"select (select count(*) from auth.sessions),"
            b" (select count(*) from auth.refresh_tokens)",
        )
    assert row == (0, 0)


def test_the_private_schema_is_closed_to_clients(database: Database) -> None:
    for role in CLIENT_ROLES:
        with (
            client(database.url, role) as connection,
            pytest.raises(errors.InsufficientPrivilege, match="schema slotcast"),
        ):
            connection.execute("select from slotcast.migrations")
