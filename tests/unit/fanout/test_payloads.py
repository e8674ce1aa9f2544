from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from slotcast.changes import UNCHANGED, UNKNOWN, Column, Image, Relation, ReplicaIdentity
from slotcast.fanout.payloads import Projection, TableLayout, timestamp
from slotcast.postgres.types import PgType, TypeCatalog, TypeKind

INT4, TEXT = 23, 25
TYPES = TypeCatalog(
    PgType(
        oid=oid,
        schema="pg_catalog",
        name=name,
        display_name=name,
        kind=TypeKind.BASE,
        category=letter,
    )
    for oid, name, letter in ((INT4, "int4", "N"), (TEXT, "text", "S"))
)
AT = timestamp(datetime(2026, 11, 22, 8, 53, 22, 704999, tzinfo=UTC))
ALL = frozenset({"id", "body", "secret"})
LIMIT_BYTES = 1000


def layout(identity: ReplicaIdentity = ReplicaIdentity.DEFAULT) -> TableLayout:
    is_full = identity is ReplicaIdentity.FULL
    columns = (
        Column(name="id", type_oid=INT4, type_modifier=-1, is_key=True),
        Column(name="body", type_oid=TEXT, type_modifier=-1, is_key=is_full),
        Column(name="secret", type_oid=TEXT, type_modifier=-1, is_key=is_full),
    )
    table = Relation(
        oid=1, schema='pub"lic', name="nötes", replica_identity=identity, columns=columns
    )
    return TableLayout(table, primary_key={"id"}, types=TYPES)


def projection(
    of: TableLayout, readable: frozenset[str] = ALL, select: tuple[str, ...] | None = None
) -> Projection:
    found = of.projection(readable, select)
    assert found is not None
    return found


NEW: Image = (b"1", b"new", b"s")
OLD: Image = (b"1", b"old", None)


def test_an_insert_has_the_new_row_and_no_old_one() -> None:
    table = layout()

    data: dict[str, Any] = json.loads(table.insert(projection(table), AT, NEW, LIMIT_BYTES))

    assert data == {
        "type": "INSERT",
        "schema": 'pub"lic',
        "table": "nötes",
        "commit_timestamp": "2026-11-22T08:53:22.704Z",
        "columns": [
            {"name": "id", "type": "int4"},
            {"name": "body", "type": "text"},
            {"name": "secret", "type": "text"},
        ],
        "record": {"id": 1, "body": "new", "secret": "s"},
        "errors": None,
    }


@pytest.mark.parametrize(
    ("old", "shown"),
    [(OLD, {"id": 1, "body": "old", "secret": None}), (None, {"id": 1})],
    ids=["who saw the old row", "who did not"],
)
def test_an_update_has_as_much_of_the_old_row_as_the_viewer_may_know(
    old: Image | None, shown: dict[str, Any]
) -> None:
    table = layout(ReplicaIdentity.FULL)

    data = json.loads(table.update(projection(table), AT, NEW, old, LIMIT_BYTES))

    assert data["record"] == {"id": 1, "body": "new", "secret": "s"}
    assert data["old_record"] == shown


@pytest.mark.parametrize(
    ("key_only", "shown"), [(False, {"id": 1, "body": "old", "secret": None}), (True, {"id": 1})]
)
def test_a_delete_has_no_new_row(*, key_only: bool, shown: dict[str, Any]) -> None:
    table = layout(ReplicaIdentity.FULL)

    data = json.loads(table.delete(projection(table), AT, OLD, LIMIT_BYTES, key_only=key_only))

    assert data["old_record"] == shown
    assert "record" not in data


def test_absent_values_are_left_out() -> None:
    table = layout()

    data = json.loads(
        table.update(projection(table), AT, (b"1", UNCHANGED, b"s"), (b"1", UNKNOWN, UNKNOWN), 99)
    )

    assert data["record"] == {"id": 1, "secret": "s"}
    assert data["old_record"] == {"id": 1}


def test_columns_that_the_role_may_not_read_are_nowhere() -> None:
    table = layout()

    data = table.insert(projection(table, frozenset({"id", "body"})), AT, NEW, LIMIT_BYTES)

    assert b"secret" not in data


def test_selected_columns_come_with_the_key() -> None:
    table = layout()

    data = json.loads(table.insert(projection(table, ALL, ("body",)), AT, NEW, LIMIT_BYTES))

    assert data["record"] == {"id": 1, "body": "new"}
    assert [column["name"] for column in data["columns"]] == ["id", "body"]


def test_who_may_read_no_column_gets_nothing() -> None:
    assert layout().projection(frozenset(), None) is None


def test_a_change_that_is_too_large_keeps_its_short_values() -> None:
    table = layout()
    row: Image = (b"1", b"x" * 63, b"x" * 62)  # 65 and 64 bytes as JSON

    data = json.loads(table.insert(projection(table), AT, row, 125))
    whole = json.loads(table.insert(projection(table), AT, row, 126))

    assert data["record"] == {"id": 1, "secret": "x" * 62}
    assert data["errors"] == ["Error 413: Payload Too Large"]
    assert len(data["columns"]) == 3
    assert whole["errors"] is None


def test_selected_columns_come_with_the_primary_key_and_the_replica_identity() -> None:
    columns = (
        Column(name="id", type_oid=INT4, type_modifier=-1, is_key=False),
        Column(name="body", type_oid=TEXT, type_modifier=-1, is_key=True),
        Column(name="secret", type_oid=TEXT, type_modifier=-1, is_key=False),
    )
    table = TableLayout(
        Relation(
            oid=1,
            schema="public",
            name="notes",
            replica_identity=ReplicaIdentity.INDEX,
            columns=columns,
        ),
        primary_key={"id"},
        types=TYPES,
    )

    data = json.loads(table.update(projection(table, ALL, ()), AT, NEW, None, LIMIT_BYTES))

    assert data["record"] == {"id": 1, "body": "new"}
    assert data["old_record"] == {"body": "new"}


def keyless() -> TableLayout:
    columns = tuple(
        Column(name=name, type_oid=TEXT, type_modifier=-1, is_key=True)
        for name in ("body", "secret")
    )
    table = Relation(
        oid=1, schema="public", name="log", replica_identity=ReplicaIdentity.FULL, columns=columns
    )
    return TableLayout(table, primary_key=(), types=TYPES)


def test_the_key_of_a_row_of_a_table_without_one_gives_nothing_of_it_away() -> None:
    table = keyless()
    row: Image = (b"b", b"s")

    deleted = json.loads(table.delete(projection(table), AT, row, LIMIT_BYTES, key_only=True))
    updated = json.loads(table.update(projection(table), AT, row, None, LIMIT_BYTES))

    assert deleted["old_record"] == {}
    assert updated["old_record"] == {}


@pytest.mark.parametrize(("select", "shown"), [(("body",), {"body": "b"}), ((), {})])
def test_a_table_without_a_key_shows_the_selected_columns_alone(
    select: tuple[str, ...], shown: dict[str, Any]
) -> None:
    table = keyless()

    data = json.loads(table.insert(projection(table, ALL, select), AT, (b"b", b"s"), LIMIT_BYTES))

    assert data["record"] == shown
