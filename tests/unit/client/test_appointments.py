"""Rows and changes out of JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from slotcast_client import Delete, Insert, UnreadableRow, Update, parse_appointment
from slotcast_client.appointments import checked_id
from slotcast_client.changes import parse_change
from slotcast_client.errors import InvalidId

ID = "00000009-0000-4000-8000-000000000001"
ROW: dict[str, Any] = {
    "id": ID,
    "workspace_id": "00000002-0000-4000-8000-000000000001",
    "customer_id": None,
    "contact_id": None,
    "team_member_id": "00000004-0000-4000-8000-000000000001",
    "service_id": None,
    "customer_name": "Clara",
    "start_time": "2027-03-28T01:30:00+01:00",
    "end_time": "2027-03-28T01:00:00.5+00:00",
    "buffer_before_minutes": 0,
    "buffer_after_minutes": 15,
    "status": "pending",
    "price_cents": 4200,
    "currency": "EUR",
    "notes": None,
    "cancel_reason": None,
    "allow_overlap": False,
    "version": 3,
    "mutation_id": None,
    "created_by": None,
    "updated_by": None,
    "created_at": "2027-03-01T12:00:00.123456+00:00",
    "updated_at": "2027-03-01T12:00:00Z",
    "blocked": '["2027-03-28 00:30:00+00","2027-03-28 01:15:00.5+00")',
}
CHANGE: dict[str, Any] = {
    "type": "UPDATE",
    "schema": "public",
    "table": "appointments",
    "commit_timestamp": "2027-03-01T12:00:00.123Z",
    "columns": [],
    "errors": None,
    "record": ROW,
    "old_record": {"id": ID},
}
COMMITTED_AT = datetime(2027, 3, 1, 12, 0, 0, 123_000, tzinfo=UTC)


def test_a_row_has_types() -> None:
    row = parse_appointment(ROW)

    assert row.id == UUID(ID)
    assert row.customer_id is None
    assert row.start_time == datetime(2027, 3, 28, 0, 30, tzinfo=UTC)
    assert row.end_time - row.start_time == timedelta(minutes=30, milliseconds=500)
    assert (row.status, row.price_cents, row.currency) == ("pending", 4200, "EUR")
    assert row.extra == {}


def test_columns_that_are_not_known_are_kept_apart() -> None:
    row = parse_appointment({**ROW, "room": {"number": 5}})

    assert row.extra == {"room": {"number": 5}}
    assert row == parse_appointment(ROW)
    assert hash(row) == hash(parse_appointment(ROW))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", "salon"),
        ("id", None),
        ("id", 7),
        ("start_time", "tomorrow"),
        ("start_time", "2027-03-28T01:30:00"),
        ("start_time", 0),
        ("status", "open"),
        ("status", None),
        ("price_cents", 42.5),
        ("price_cents", True),
        ("allow_overlap", 0),
        ("version", "3"),
        ("customer_name", None),
    ],
)
def test_what_does_not_fit_is_named(column: str, value: object) -> None:
    with pytest.raises(UnreadableRow, match=f"'{column}'"):
        parse_appointment({**ROW, column: value})


@pytest.mark.parametrize("column", [column for column in ROW if column != "blocked"])
def test_a_missing_column_is_named(column: str) -> None:
    rest = {name: value for name, value in ROW.items() if name != column}

    with pytest.raises(UnreadableRow, match=f"no column '{column}'"):
        parse_appointment(rest)


def test_changes_tell_what_the_server_tells() -> None:
    row = parse_appointment(ROW)

    inserted = parse_change({**CHANGE, "type": "INSERT"})
    updated = parse_change({**CHANGE, "old_record": ROW})
    by_key = parse_change(CHANGE)
    deleted = parse_change({**CHANGE, "type": "DELETE", "record": None, "old_record": ROW})
    deleted_by_key = parse_change({**CHANGE, "type": "DELETE", "record": None})

    assert inserted == Insert(new=row, committed_at=COMMITTED_AT)
    assert updated == Update(new=row, old=row, committed_at=COMMITTED_AT)
    assert by_key == Update(new=row, old=None, committed_at=COMMITTED_AT)
    assert deleted == Delete(id=row.id, old=row, committed_at=COMMITTED_AT)
    assert deleted_by_key == Delete(id=row.id, old=None, committed_at=COMMITTED_AT)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"type": "TRUNCATE"}, "unknown type 'TRUNCATE'"),
        ({"commit_timestamp": None}, "commit timestamp None"),
        ({"commit_timestamp": "noon"}, "commit timestamp 'noon'"),
        ({"record": None}, "no column 'id'"),
        ({"record": {"id": ID}, "errors": ["Error 413: Payload Too Large"]}, "no column"),
        ({"type": "DELETE", "old_record": {}}, "without the row's id"),
        ({"type": "DELETE", "old_record": {"id": 5}}, "without the row's id"),
    ],
)
def test_a_change_that_cannot_be_read_says_why(broken: dict[str, Any], said: str) -> None:
    with pytest.raises(UnreadableRow, match=said):
        parse_change({**CHANGE, **broken})


def test_ids_are_uuids_or_their_text() -> None:
    assert checked_id("customer_id", UUID(ID)) == checked_id("customer_id", ID) == UUID(ID)
    with pytest.raises(InvalidId, match="customer_id is not a UUID: 'eq=1'"):
        checked_id("customer_id", "eq=1")
