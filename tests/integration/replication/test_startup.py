"""What is wrong with PostgreSQL is said at the start, with the way to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import conninfo

from slotcast.errors import DatabaseError
from slotcast.replication.slot import prepare
from support.postgres import free_port, running_cluster, temporary_database, unique_name
from support.replication import streaming

from .conftest import source_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from slotcast.postgres.embedded import Cluster
    from support.postgres import Database

    from .conftest import Source

PASSWORD = "s3cret-pässword"


@dataclass(frozen=True, slots=True)
class Role:
    name: str
    url: str


@pytest.fixture
def role(source: Source) -> Generator[Role]:
    """A role with a difficult name, and nothing granted."""
    name = unique_name('Sl"ot')
    quoted = '"' + name.replace('"', '""') + '"'
    source.run(f"create role {quoted} login password '{PASSWORD}'")
    yield Role(quoted, conninfo.make_conninfo(source.url, user=name, password=PASSWORD))
    source.run(f"drop role {quoted}")


async def failure(url: str, *, slot: str = "unused", publication: str = "live") -> str:
    """Give the text of what the start fails with."""
    with pytest.raises(DatabaseError) as refused:
        async with streaming(url, slot=slot, publication=publication):
            pass
    return str(refused.value)


async def test_a_role_without_replication_is_told_how_to_get_it(role: Role) -> None:
    text = await failure(role.url)

    assert text == (
        f"the role {role.name} may not use replication. As a superuser run:\n"
        f"ALTER ROLE {role.name} REPLICATION;"
    )


async def test_a_role_that_may_not_act_as_clients_is_told_how_to(
    source: Source, role: Role
) -> None:
    source.run(f"alter role {role.name} replication", f"grant anon to {role.name}")

    text = await failure(role.url)

    assert text == (
        f"the role {role.name} may not act as authenticated, service_role. As a superuser run:\n"
        f"GRANT authenticated, service_role TO {role.name};"
    )


async def test_a_role_with_exactly_these_rights_streams(
    source: Source, role: Role, slot_name: str
) -> None:
    source.run(f"alter role {role.name} replication")
    source.run(f"grant anon, authenticated, service_role to {role.name}")
    source.run("create table t (id int)", "alter publication live add table t")

    async with streaming(role.url, slot=slot_name) as (_, recorder):
        source.run("insert into t values (1)")
        changes = await recorder.transaction()

    assert len(changes) == 1


async def test_a_missing_publication_is_answered_with_sql(source: Source) -> None:
    text = await failure(source.url, publication='No "such" one')

    assert 'the publication "No ""such"" one" does not exist in this database' in text
    assert "slotcast migrate" in text
    assert 'CREATE PUBLICATION "No ""such"" one";' in text


async def test_a_slot_of_another_plugin_is_left_alone(source: Source, slot_name: str) -> None:
    source.run(f"select pg_create_logical_replication_slot('{slot_name}', 'test_decoding')")

    text = await failure(source.url, slot=slot_name)

    assert f"the replication slot '{slot_name}' is used by test_decoding" in text
    assert f"SELECT pg_drop_replication_slot('{slot_name}');" in text


async def test_a_slot_of_another_database_is_left_alone(
    source: Source, slot_name: str, cluster: Cluster, bare_database: Database
) -> None:
    with temporary_database(cluster) as other, source_of(other.url) as elsewhere:
        elsewhere.run(f"select pg_create_logical_replication_slot('{slot_name}', 'pgoutput')")

        text = await failure(source.url, slot=slot_name)

    assert f'belongs to the database "{other.name}", this one is "{bare_database.name}"' in text
    assert "SLOTCAST_SLOT" in text


async def test_a_slot_s_name_must_be_one(source: Source) -> None:
    text = await failure(source.url, slot="My Slot")

    assert "'My Slot' cannot be a replication slot's name: set SLOTCAST_SLOT" in text


async def test_nothing_listening_is_told_with_host_port_and_database() -> None:
    port = free_port()

    text = await failure(f"postgresql://me:{PASSWORD}@127.0.0.1:{port}/shop")

    assert f"cannot connect to PostgreSQL at host 127.0.0.1, port {port}, database shop" in text
    assert "SLOTCAST_DATABASE_URL" in text
    assert PASSWORD not in text


async def test_a_wrong_password_is_told_without_it(source: Source, role: Role) -> None:
    text = await failure(conninfo.make_conninfo(role.url, password="wr0ng"))

    assert "password authentication failed" in text
    assert "wr0ng" not in text
    assert str(conninfo.conninfo_to_dict(source.url)["port"]) in text


async def test_a_missing_database_is_told(source: Source) -> None:
    text = await failure(conninfo.make_conninfo(source.url, dbname="no such"))

    assert 'database "no such" does not exist' in text


async def test_an_unreadable_url_is_told_without_its_content() -> None:
    text = await failure(f"postgresql//me:{PASSWORD}@host")

    assert "postgresql://user:password@host:5432/database" in text
    assert PASSWORD not in text


@pytest.fixture(scope="module")
def small_cluster() -> Generator[Cluster]:
    """A cluster with one replication slot and one walsender."""
    with running_cluster("system", max_replication_slots="1", max_wal_senders="1") as cluster:
        yield cluster


async def test_taken_slots_and_walsenders_are_counted(small_cluster: Cluster) -> None:
    with source_of(small_cluster.url()) as source:
        async with streaming(source.url, slot="first"):
            slots = await failure(source.url, slot="second")
            senders = await failure(source.url, slot="first")

    assert "all 1 replication slots are taken" in slots
    assert "ALTER SYSTEM SET max_replication_slots = 11;" in slots
    assert "all 1 walsenders are taken" in senders
    assert "ALTER SYSTEM SET max_wal_senders = 11;" in senders


async def test_roles_that_do_not_exist_are_made_by_migrate() -> None:
    with running_cluster("system") as cluster:
        text = await failure(cluster.url())

    assert text == "the roles anon, authenticated, service_role do not exist. Run: slotcast migrate"


async def test_wal_level_must_be_logical() -> None:
    with (
        running_cluster("system", wal_level="replica") as cluster,
        source_of(cluster.url()) as source,
    ):
        text = await failure(source.url)

    assert "ALTER SYSTEM SET wal_level = 'logical';\nand restart PostgreSQL." in text


async def test_an_invalidated_slot_says_what_is_lost_and_how_to_start_anew() -> None:
    with (
        running_cluster("system", max_slot_wal_keep_size="1MB") as cluster,
        source_of(cluster.url()) as source,
    ):
        source.run("select pg_create_logical_replication_slot('stale', 'pgoutput')")
        source.run("create table filler (x text)")
        for _ in range(3):
            source.run("insert into filler values ('x')", "select pg_switch_wal()")
        source.run("checkpoint")

        text = await failure(source.url, slot="stale")

    assert "the replication slot 'stale' was invalidated" in text
    assert "SELECT pg_drop_replication_slot('stale');\nand restart Slotcast" in text


async def test_an_old_server_is_refused(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(_self: object) -> int:
        return 140005

    monkeypatch.setattr("psycopg._connection_info.ConnectionInfo.server_version", property(version))

    with pytest.raises(DatabaseError, match="this is PostgreSQL 14; Slotcast needs 15 or newer"):
        await prepare(source.url, slot="unused", publications=["live"])


@pytest.mark.parametrize("cluster", ["embedded"], indirect=True)
async def test_the_slot_survives_a_failover_where_the_server_offers_that(
    source: Source, slot_name: str
) -> None:
    await prepare(source.url, slot=slot_name, publications=["live"])

    found: Any = source.connection.execute(
        "select failover, temporary, plugin from pg_replication_slots where slot_name = %s",
        [slot_name],
    ).fetchone()
    assert found == (True, False, "pgoutput")
