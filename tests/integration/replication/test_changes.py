"""What arrives for each statement, on every version of PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slotcast.changes import UNCHANGED, UNKNOWN, Operation, ReplicaIdentity
from support.replication import streaming

if TYPE_CHECKING:
    from slotcast.changes import Change, Image, Value
    from support.postgres import Database

    from .conftest import Source


def named(change: Change, image: Image | None) -> dict[str, Value]:
    """Give *image* with its columns' names."""
    assert image is not None
    return dict(zip((column.name for column in change.relation.columns), image, strict=True))


def new(change: Change) -> dict[str, Value]:
    return named(change, change.new)


def old(change: Change) -> dict[str, Value]:
    return named(change, change.old)


async def test_insert_update_and_delete_come_in_order(source: Source, slot_name: str) -> None:
    source.run("create table t (id int primary key, note text)")
    source.run("alter publication live add table t")

    async with streaming(source.url, slot=slot_name) as (_, recorder):
        source.run(
            "begin; insert into t values (1, 'a'); update t set note = null;"
            " update t set id = 2; delete from t; commit"
        )
        inserted, updated, moved, deleted = await recorder.transaction()

    assert (inserted.operation, new(inserted)) == (
        Operation.INSERT,
        {"id": b"1", "note": b"a"},
    )
    assert inserted.old is None
    assert (updated.operation, new(updated)) == (Operation.UPDATE, {"id": b"1", "note": None})
    assert updated.old is None
    assert old(moved) == {"id": b"1", "note": UNKNOWN}
    assert new(moved) == {"id": b"2", "note": None}
    assert deleted.operation is Operation.DELETE
    assert (deleted.new, old(deleted)) == (None, {"id": b"2", "note": UNKNOWN})


async def test_full_identity_carries_the_whole_old_row(source: Source, slot_name: str) -> None:
    source.run("create table t (id int primary key, note text)")
    source.run("alter table t replica identity full", "alter publication live add table t")

    async with streaming(source.url, slot=slot_name) as (_, recorder):
        source.run("insert into t values (1, null)", "update t set note = 'b'", "delete from t")
        await recorder.transaction()
        (updated,) = await recorder.transaction()
        (deleted,) = await recorder.transaction()

    assert updated.relation.replica_identity is ReplicaIdentity.FULL
    assert (old(updated), new(updated)) == (
        {"id": b"1", "note": None},
        {"id": b"1", "note": b"b"},
    )
    assert old(deleted) == {"id": b"1", "note": b"b"}


async def test_identity_by_index_carries_that_index_s_columns(
    source: Source, slot_name: str
) -> None:
    source.run("create table t (id int primary key, code text not null unique)")
    source.run("alter table t replica identity using index t_code_key")
    source.run("alter publication live add table t")

    async with streaming(source.url, slot=slot_name) as (_, recorder):
        source.run("insert into t values (1, 'a')", "delete from t")
        await recorder.transaction()
        (deleted,) = await recorder.transaction()

    assert deleted.relation.replica_identity is ReplicaIdentity.INDEX
    assert old(deleted) == {"id": UNKNOWN, "code": b"a"}


async def test_identity_nothing_still_carries_inserts(source: Source, slot_name: str) -> None:
    source.run("create table t (id int)", "alter table t replica identity nothing")
    source.run("alter publication live add table t")

    async with streaming(source.url, slot=slot_name) as (_, recorder):
        source.run("insert into t values (1)")
        (inserted,) = await recorder.transaction()

    assert inserted.relation.replica_identity is ReplicaIdentity.NOTHING
    assert new(inserted) == {"id": b"1"}


@pytest.mark.parametrize("identity", ["default", "full"])
async def test_an_unchanged_large_value_is_filled_in_only_where_it_is_known(
    source: Source, slot_name: str, identity: str
) -> None:
    source.run("create table t (id int primary key, large text, note text)")
    source.run("alter table t alter large set storage external")
    source.run(f"alter table t replica identity {identity}")
    source.run("alter publication live add table t")

    async with streaming(source.url, slot=slot_name) as (_, recorder):
        source.run("insert into t values (1, repeat('x', 100000), 'a')")
        source.run("update t set note = 'b'")
        await recorder.transaction()
        (updated,) = await recorder.transaction()

    expected = b"x" * 100_000 if identity == "full" else UNCHANGED
    assert new(updated) == {"id": b"1", "large": expected, "note": b"b"}


async def test_truncate_gives_no_change_and_is_confirmed(source: Source, slot_name: str) -> None:
    source.run("create table t (id int primary key)", "alter publication live add table t")

    async with streaming(source.url, slot=slot_name) as (replication, recorder):
        source.run("truncate t")
        changes = await recorder.transaction()

    assert changes == []
    assert source.confirmed_flush_lsn(slot_name) == str(replication.handed_over_lsn)


async def test_every_change_of_a_table_s_definition_is_followed(
    source: Source, slot_name: str
) -> None:
    source.run("create table t (id int primary key)", "alter publication live add table t")

    async with streaming(source.url, slot=slot_name) as (_, recorder):
        seen: list[tuple[str, dict[str, Value]]] = []
        for ddl in (
            "select",
            "alter table t add note text default 'n'",
            "alter table t rename note to remark",
            "alter table t alter remark type varchar(9)",
            "alter table t drop remark",
            "alter table t rename to u",
            (
                "drop table u; create table t (id int primary key, fresh bool);"
                " alter publication live add table t"
            ),
        ):
            source.run(ddl)
            name = "u" if ddl.endswith("to u") else "t"
            key = len(seen)
            source.run(f"insert into {name} (id) values ({key})")
            (change,) = await recorder.transaction()
            seen.append((change.relation.name, new(change)))

    assert seen == [
        ("t", {"id": b"0"}),
        ("t", {"id": b"1", "note": b"n"}),
        ("t", {"id": b"2", "remark": b"n"}),
        ("t", {"id": b"3", "remark": b"n"}),
        ("t", {"id": b"4"}),
        ("u", {"id": b"5"}),
        ("t", {"id": b"6", "fresh": None}),
    ]


async def test_definition_and_rows_in_one_transaction_belong_together(
    source: Source, slot_name: str
) -> None:
    source.run("create table t (id int primary key)", "alter publication live add table t")

    async with streaming(source.url, slot=slot_name) as (_, recorder):
        source.run(
            "begin; insert into t values (1); alter table t add note int;"
            " insert into t values (2, 3); commit"
        )
        before, after = await recorder.transaction()

    assert new(before) == {"id": b"1"}
    assert new(after) == {"id": b"2", "note": b"3"}


async def test_only_published_tables_come_from_the_moment_they_are(
    source: Source, slot_name: str
) -> None:
    source.run("create table t (id int primary key)")

    async with streaming(source.url, slot=slot_name) as (_, recorder):
        source.run("insert into t values (1)")
        source.run("alter publication live add table t", "insert into t values (2)")
        source.run("alter publication live drop table t", "insert into t values (3)")
        source.run("alter publication live add table t", "insert into t values (4)")
        first = await recorder.transaction()
        second = await recorder.transaction()

    assert [new(change) for change in first + second] == [{"id": b"2"}, {"id": b"4"}]


async def test_a_partition_s_rows_come_under_the_name_of_the_root(
    source: Source, slot_name: str
) -> None:
    source.run("create table t (id int primary key) partition by range (id)")
    source.run("create table t_low partition of t for values from (0) to (10)")
    source.run("create table t_high partition of t for values from (10) to (20)")
    source.run("alter publication live add table t")

    async with streaming(source.url, slot=slot_name) as (_, recorder):
        source.run("begin; insert into t values (1); insert into t_high values (11); commit")
        changes = await recorder.transaction()

    assert [(change.relation.name, new(change)) for change in changes] == [
        ("t", {"id": b"1"}),
        ("t", {"id": b"11"}),
    ]


@pytest.mark.parametrize("cluster", ["embedded"], indirect=True)
async def test_stored_generated_columns_come_if_the_publication_says_so(
    source: Source, slot_name: str
) -> None:
    source.run("create table t (id int primary key, twice int generated always as (id*2) stored)")
    source.run("alter publication live add table t")

    async with streaming(source.url, slot=slot_name) as (_, recorder):
        source.run("insert into t values (1)")
        source.run("alter publication live set (publish_generated_columns = stored)")
        source.run("insert into t values (2)")
        (without,) = await recorder.transaction()
        (with_it,) = await recorder.transaction()

    assert new(without) == {"id": b"1"}
    assert new(with_it) == {"id": b"2", "twice": b"4"}


async def test_names_may_hold_anything(source: Source, slot_name: str) -> None:
    publication = """It's, "quoted" 📅 \\"""
    table = """My "Table", it's 📅"""
    quoted_publication = '"' + publication.replace('"', '""') + '"'
    quoted_table = '"' + table.replace('"', '""') + '"'
    source.run('create schema "Sché ma"')
    source.run(f'create table "Sché ma".{quoted_table} ("a b" int primary key, "Ü""" text)')
    source.run(f'create publication {quoted_publication} for table "Sché ma".{quoted_table}')

    async with streaming(source.url, slot=slot_name, publication=publication) as (_, recorder):
        source.run(f"""insert into "Sché ma".{quoted_table} values (1, 'ä📅')""")
        (change,) = await recorder.transaction()

    assert (change.relation.schema, change.relation.name) == ("Sché ma", table)
    assert new(change) == {"a b": b"1", 'Ü"': "ä📅".encode()}


async def test_values_have_the_same_text_form_whatever_the_database_prefers(
    source: Source, slot_name: str, bare_database: Database
) -> None:
    for setting in (
        "datestyle = 'German'",
        "intervalstyle = 'sql_standard'",
        "timezone = 'Asia/Tokyo'",
        "extra_float_digits = -10",
        "bytea_output = 'escape'",
    ):
        source.run(f"alter database {bare_database.name} set {setting}")
    source.run("create table t (at timestamptz, span interval, share float8, raw bytea)")
    source.run("alter publication live add table t")

    async with streaming(source.url, slot=slot_name) as (_, recorder):
        source.run(
            "insert into t values ('2026-01-02 03:04:05Z', '1 day 2 hours', 0.1::float8 / 3, 'a')"
        )
        (change,) = await recorder.transaction()

    assert new(change) == {
        "at": b"2026-01-02 03:04:05+00",
        "span": b"1 day 02:00:00",
        "share": b"0.03333333333333333",
        "raw": b"\\x61",
    }


async def test_a_large_transaction_comes_without_what_was_rolled_back(
    source: Source, slot_name: str
) -> None:
    source.run("create table t (id int primary key, note text)")
    source.run("alter publication live add table t")
    url = f"{source.url}?options=-c%20logical_decoding_work_mem%3D64kB"

    async with streaming(url, slot=slot_name) as (_, recorder):
        source.run(
            "begin; insert into t select i, repeat('x', 100) from generate_series(1, 2000) i;"
            " savepoint a; insert into t select i, 'lost' from generate_series(3001, 6000) i;"
            " savepoint b; insert into t select i, 'lost' from generate_series(6001, 9000) i;"
            " rollback to a; insert into t select i, 'y' from generate_series(9001, 16000) i;"
            " savepoint c; insert into t values (17000, 'z'); release c; commit"
        )
        changes = await recorder.transaction()
        streamed = source.ask(
            f"select stream_txns from pg_stat_replication_slots where slot_name = '{slot_name}'"
        )

    assert [change.new[0] for change in changes if change.new is not None] == [
        b"%d" % key for key in (*range(1, 2001), *range(9001, 16001), 17000)
    ]
    assert recorder.largest_batch <= 17 * 256
    assert streamed >= 1


async def test_a_large_transaction_that_is_rolled_back_leaves_nothing(
    source: Source, slot_name: str
) -> None:
    source.run("create table t (id int primary key, note text)")
    source.run("alter publication live add table t")
    url = f"{source.url}?options=-c%20logical_decoding_work_mem%3D64kB"

    async with streaming(url, slot=slot_name) as (_, recorder):
        source.run(
            "begin; insert into t select i, repeat('x', 100) from generate_series(1, 5000) i;"
            " rollback"
        )
        source.run("insert into t values (1, 'kept')")
        (change,) = await recorder.transaction()

    assert new(change) == {"id": b"1", "note": b"kept"}


@pytest.mark.parametrize("ddl", ["select", "alter table t add extra int default 7"])
async def test_a_table_first_described_in_what_was_rolled_back_is_still_known(
    source: Source, slot_name: str, ddl: str
) -> None:
    source.run("create table t (id int primary key, note text)")
    source.run("alter publication live add table t")
    url = f"{source.url}?options=-c%20logical_decoding_work_mem%3D64kB"

    async with streaming(url, slot=slot_name) as (_, recorder):
        source.run(
            f"begin; savepoint a; {ddl};"
            " insert into t select i, repeat('x', 100) from generate_series(1, 3000) i;"
            " rollback to a;"
            " insert into t select i, repeat('y', 100) from generate_series(1, 3000) i; commit"
        )
        streamed = await recorder.transaction()
        source.run("insert into t values (3001, 'z')")
        (plain,) = await recorder.transaction()

    assert [new(change) for change in streamed] == [
        {"id": b"%d" % key, "note": b"y" * 100} for key in range(1, 3001)
    ]
    assert new(plain) == {"id": b"3001", "note": b"z"}
