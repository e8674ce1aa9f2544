"""What the change stream brings: one row that a transaction wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, cast
from uuid import UUID

from slotcast_client.appointments import Appointment, JsonObject, parse_appointment
from slotcast_client.errors import UnreadableRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """
    A row was inserted.

    Attributes:
        committed_at: By the database's clock, in milliseconds.
    """

    new: Appointment
    committed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """
    A row was updated.

    Attributes:
        old: The row before, or None where the server does not tell: you could not see it,
            or the table's replica identity does not hold it.
        committed_at: By the database's clock, in milliseconds.
    """

    new: Appointment
    old: Appointment | None
    committed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """
    A row was deleted.

    Attributes:
        old: The deleted row, or None where the server tells its id alone, as hosted Supabase
            does under row level security.
        committed_at: By the database's clock, in milliseconds.
    """

    id: UUID
    old: Appointment | None
    committed_at: datetime


Change: TypeAlias = Insert | Update | Delete


def parse_change(data: JsonObject) -> Change:
    """
    Read a change.

    Args:
        data: The `data` of a `postgres_changes` message.

    Raises:
        UnreadableRow: It is no change of an appointment, or the server left columns out
            because they are too large.
    """
    committed_at = _committed_at(data)
    old = _record(data, "old_record")
    match data.get("type"):
        case "INSERT":
            return Insert(new=parse_appointment(_record(data, "record")), committed_at=committed_at)
        case "UPDATE":
            new = parse_appointment(_record(data, "record"))
            return Update(new=new, old=_whole(old), committed_at=committed_at)
        case "DELETE":
            return Delete(id=_id(old), old=_whole(old), committed_at=committed_at)
        case other:
            raise UnreadableRow(f"a change of the unknown type {other!r}")


def _committed_at(data: JsonObject) -> datetime:
    text = data.get("commit_timestamp")
    try:
        return datetime.fromisoformat(cast("str", text))
    except (TypeError, ValueError):
        raise UnreadableRow(f"a change with the commit timestamp {text!r}") from None


def _record(data: JsonObject, name: str) -> JsonObject:
    record = data.get(name)
    return cast("JsonObject", record) if isinstance(record, Mapping) else {}


def _whole(record: JsonObject) -> Appointment | None:
    """Read an old row, which is whole or its key alone."""
    return parse_appointment(record) if "version" in record else None


def _id(record: JsonObject) -> UUID:
    try:
        return UUID(cast("str", record["id"]))
    except (KeyError, AttributeError, TypeError, ValueError):
        raise UnreadableRow(f"a DELETE without the row's id: {dict(record)!r}") from None
