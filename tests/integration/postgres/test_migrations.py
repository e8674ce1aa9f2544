from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest

from slotcast.errors import DatabaseError
from slotcast.postgres import migrations
from slotcast.postgres.migrations import Migration, discover, migrate, pending
from support.postgres import temporary_database, unique_name

if TYPE_CHECKING:
    from slotcast.postgres.embedded import Cluster
    from support.postgres import Database

ALL = discover(migrations.SYSTEM, migrations.APPOINTMENTS)
SYSTEM = discover(migrations.SYSTEM)


def migration(sql: str, version: int = 9001) -> Migration:
    return Migration(version=version, name=f"{version}_test.sql", sql=sql)


def fetch_all(url: str, query: bytes) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


async def test_all_files_apply_in_order_and_are_recorded(bare_database: Database) -> None:
    applied = await migrate(bare_database.url, ALL)

    assert applied == ALL
    recorded = fetch_all(
        bare_database.url,
        b"select version, name, checksum from slotcast.migrations order by version",
    )
    assert recorded == [(m.version, m.name, m.checksum) for m in ALL]


async def test_a_second_run_does_nothing(bare_database: Database) -> None:
    await migrate(bare_database.url, ALL)

    assert await migrate(bare_database.url, ALL) == ()


async def test_pending_tells_what_is_missing_and_changes_nothing(bare_database: Database) -> None:
    async with await psycopg.AsyncConnection.connect(bare_database.url) as connection:
        assert await pending(connection, ALL) == ALL
        await connection.rollback()
        assert await pending(connection, ALL) == ALL

        await migrate(bare_database.url, SYSTEM)

        await connection.rollback()
        assert await pending(connection, ALL) == ALL[len(SYSTEM) :]


async def test_concurrent_runs_on_a_database_take_turns(bare_database: Database) -> None:
    runs = await asyncio.gather(*(migrate(bare_database.url, ALL) for _ in range(4)))

    assert sorted(len(applied) for applied in runs) == [0, 0, 0, len(ALL)]


async def test_concurrent_runs_on_databases_of_a_cluster_share_its_roles(cluster: Cluster) -> None:
    # Roles that no other test has made yet, so that all runs try to create them.
    role = unique_name("race")
    create = migration(
        f"do $$ begin if to_regrole('{role}') is null then create role {role}; end if; end $$;"
        f"grant {role} to pg_monitor; select pg_sleep(0.2);"
    )
    with (
        temporary_database(cluster) as first,
        temporary_database(cluster) as second,
        temporary_database(cluster) as third,
    ):
        runs = await asyncio.gather(
            *(migrate(database.url, [create]) for database in (first, second, third))
        )

    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute(f"drop role {role}".encode())
    assert runs == [(create,)] * 3


async def test_a_failing_file_leaves_no_trace_and_names_the_line(bare_database: Database) -> None:
    good = migration("create table public.good ();", 9001)
    bad = migration(
        "create table public.half ();\n\n-- Now the mistake:\nselect\n  no_such_column;", 9002
    )

    with pytest.raises(DatabaseError) as caught:
        await migrate(bare_database.url, [good, bad])

    assert "9002_test.sql failed in line 5" in str(caught.value)
    assert 'column "no_such_column" does not exist' in str(caught.value)
    tables = fetch_all(
        bare_database.url, b"select tablename from pg_tables where schemaname = 'public'"
    )
    assert tables == [("good",)]
    async with await psycopg.AsyncConnection.connect(bare_database.url) as connection:
        assert await pending(connection, [good, bad]) == (bad,)


async def test_a_changed_file_is_reported(bare_database: Database) -> None:
    await migrate(bare_database.url, [migration("select 1;")])

    with pytest.raises(DatabaseError, match=r"9001_test\.sql was changed"):
        await migrate(bare_database.url, [migration("select 2;")])


async def test_missing_rights_are_named(bare_database: Database, cluster: Cluster) -> None:
    role = unique_name("plain")
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute(f"create role {role} login password 'plain'".encode())
        try:
            url = f"postgresql://{role}:plain@127.0.0.1:{cluster.port}/{bare_database.name}"
            with pytest.raises(DatabaseError, match="CREATEROLE"):
                await migrate(url, ALL)
        finally:
            connection.execute(f"drop role {role}".encode())


async def test_an_owner_who_is_no_superuser_may_migrate(cluster: Cluster) -> None:
    role = unique_name("owner")
    with (
        temporary_database(cluster) as database,
        psycopg.connect(cluster.url(), autocommit=True) as connection,
    ):
        # The roles may be left from other tests; on 15 only a superuser could make service_role.
        await migrate(database.url, SYSTEM[:1])
        connection.execute(f"create role {role} login createrole password 'plain'".encode())
        with temporary_database(cluster) as own:
            connection.execute(f"alter database {own.name} owner to {role}".encode())
            connection.execute(
                f"grant anon, authenticated, service_role, supabase_auth_admin to {role}"
                " with admin option".encode()
            )
            url = f"postgresql://{role}:plain@127.0.0.1:{cluster.port}/{own.name}"

            with psycopg.connect(own.url, autocommit=True) as superuser:
                superuser.execute(f"alter schema public owner to {role}".encode())
            applied = await migrate(url, ALL)

        connection.execute(f"drop role {role}".encode())
    assert applied == ALL


async def test_an_unreachable_server_is_reported() -> None:
    with pytest.raises(DatabaseError, match="cannot connect"):
        await migrate("postgresql://postgres@127.0.0.1:1/postgres", ALL)


async def test_supabases_own_objects_stay_as_they_are(bare_database: Database) -> None:
    with psycopg.connect(bare_database.url) as connection:
        connection.execute(b"""
            create schema auth;
            create schema extensions;
            create table auth.users (id uuid primary key, theirs text);
            create function auth.uid() returns uuid language sql stable
              as $$ select '11111111-1111-1111-1111-111111111111'::uuid $$;
            create table public.orders (id int primary key);
            create publication supabase_realtime for table public.orders;
        """)

    await migrate(bare_database.url, ALL)

    with psycopg.connect(bare_database.url) as connection:
        connection.execute(b"set request.jwt.claim.sub = '22222222-2222-2222-2222-222222222222'")
        uid = connection.execute(b"select auth.uid()::text").fetchone()
        tables = connection.execute(
            b"select tablename from pg_tables where schemaname = 'auth'"
        ).fetchall()
        published = connection.execute(
            b"select tablename from pg_publication_tables where pubname = 'supabase_realtime'"
        ).fetchall()
    assert uid == ("11111111-1111-1111-1111-111111111111",)
    assert tables == [("users",)]
    assert {"orders", "appointments", "busy_slots"} <= {name for (name,) in published}


async def test_a_table_that_is_published_already_is_no_error(bare_database: Database) -> None:
    before_publication = [m for m in ALL if m.name != "1005_publication.sql"]
    await migrate(bare_database.url, before_publication)
    with psycopg.connect(bare_database.url) as connection:
        connection.execute(b"alter publication supabase_realtime add table public.services")

    applied = await migrate(bare_database.url, ALL)

    assert [m.name for m in applied] == ["1005_publication.sql"]
