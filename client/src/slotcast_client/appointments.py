"""Rows of the table `appointments`, typed, out of the JSON of REST answers and of changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, TypeVar, get_args
from uuid import UUID

from slotcast_client.errors import InvalidId, UnreadableRow

T = TypeVar("T")

AppointmentStatus: TypeAlias = Literal["pending", "confirmed", "completed", "cancelled", "no_show"]

JsonObject: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """
    One appointment, as of one version of its row.

    Attributes:
        customer_id: The customer's user id; None for walk-ins.
        contact_id: The workspace's own record of the customer.
        start_time: Aware, as are all times here.
        end_time: When it ends; the buffers come on top.
        price_cents: In hundredths of *currency*; None if no price is set.
        currency: ISO 4217, such as EUR.
        version: Rises by one with each update.
        mutation_id: Set by whoever wrote last, to recognise an own change.
        extra: Columns that this version of the package does not know, as JSON values. They
            do not count when appointments are compared.
    """

    id: UUID
    workspace_id: UUID
    customer_id: UUID | None
    contact_id: UUID | None
    team_member_id: UUID | None
    service_id: UUID | None
    customer_name: str
    start_time: datetime
    end_time: datetime
    buffer_before_minutes: int
    buffer_after_minutes: int
    status: AppointmentStatus
    price_cents: int | None
    currency: str | None
    notes: str | None
    cancel_reason: str | None
    allow_overlap: bool
    version: int
    mutation_id: UUID | None
    created_by: UUID | None
    updated_by: UUID | None
    created_at: datetime
    updated_at: datetime
    extra: JsonObject = field(default_factory=lambda: MappingProxyType({}), compare=False)


def parse_appointment(row: JsonObject) -> Appointment:
    """
    Read an appointment.

    Args:
        row: The row as JSON, from REST or out of a change.

    Raises:
        UnreadableRow: A column is missing, or holds what it cannot hold.
    """
    values: dict[str, Any] = {}
    for column, read in _COLUMNS.items():
        try:
            values[column] = read(row[column])
        except KeyError:
            raise UnreadableRow(f"the appointment has no column {column!r}") from None
        except (TypeError, ValueError) as error:
            raise UnreadableRow(
                f"column {column!r} of the appointment holds {row[column]!r}: {error}"
            ) from None
    extra = {column: row[column] for column in row if column not in _ALL_COLUMNS}
    return Appointment(**values, extra=MappingProxyType(extra))


def checked_id(name: str, value: object) -> UUID:
    """
    Check an id that came from outside.

    Args:
        name: What the caller calls it.
        value: A UUID, or its text.

    Raises:
        InvalidId: It is neither.
    """
    if isinstance(value, UUID):
        return value
    if isinstance(value, str):
        try:
            return UUID(value)
        except ValueError:
            pass
    raise InvalidId(f"{name} is not a UUID: {value!r}")


def _expected(kind: type[T], value: object) -> T:
    # bool is an int to Python, but not to JSON.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"{kind.__name__} expected")
    return value


def _text(value: object) -> str:
    return _expected(str, value)


def _integer(value: object) -> int:
    return _expected(int, value)


def _boolean(value: object) -> bool:
    return _expected(bool, value)


def _uuid(value: object) -> UUID:
    return UUID(_expected(str, value))


def _instant(value: object) -> datetime:
    instant = datetime.fromisoformat(_expected(str, value))
    if instant.tzinfo is None:
        raise ValueError("a time zone is missing")
    return instant


def _status(value: object) -> str:
    if value not in get_args(AppointmentStatus):
        raise ValueError(f"one of {', '.join(get_args(AppointmentStatus))} expected")
    return _expected(str, value)


def _optional(read: Callable[[object], T]) -> Callable[[object], T | None]:
    return lambda value: None if value is None else read(value)


_COLUMNS: Final[Mapping[str, Callable[[object], object]]] = {
    "id": _uuid,
    "workspace_id": _uuid,
    "customer_id": _optional(_uuid),
    "contact_id": _optional(_uuid),
    "team_member_id": _optional(_uuid),
    "service_id": _optional(_uuid),
    "customer_name": _text,
    "start_time": _instant,
    "end_time": _instant,
    "buffer_before_minutes": _integer,
    "buffer_after_minutes": _integer,
    "status": _status,
    "price_cents": _optional(_integer),
    "currency": _optional(_text),
    "notes": _optional(_text),
    "cancel_reason": _optional(_text),
    "allow_overlap": _boolean,
    "version": _integer,
    "mutation_id": _optional(_uuid),
    "created_by": _optional(_uuid),
    "updated_by": _optional(_uuid),
    "created_at": _instant,
    "updated_at": _instant,
}

# `blocked` is the time with its buffers, written differently by REST and by changes.
_ALL_COLUMNS: Final = frozenset(_COLUMNS) | {"blocked"}
