"""Which appointments somebody asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from slotcast_client.appointments import checked_id

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from slotcast_client.appointments import Appointment

ScopeColumn: TypeAlias = Literal["workspace_id", "customer_id", "team_member_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """
    The appointments of one workspace, customer or team member, perhaps of some days only.

    Attributes:
        starting: Only those that start at this time or later; None for no limit.
        before: Only those that start earlier; None for no limit.
    """

    column: ScopeColumn
    id: UUID
    starting: datetime | None = None
    before: datetime | None = None

    @property
    def filter(self) -> str:
        """The filter of a binding; the time is not in it, since rows move in and out."""
        return f"{self.column}=eq.{self.id}"

    @property
    def is_lasting(self) -> bool:
        """Whether a row that belongs here never leaves, but by time or with its end."""
        return self.column == "workspace_id"

    def holds(self, row: Appointment) -> bool:
        """Tell whether *row* belongs here."""
        owner: UUID | None = getattr(row, self.column)
        return (
            owner == self.id
            and (self.starting is None or row.start_time >= self.starting)
            and (self.before is None or row.start_time < self.before)
        )


def scope_of(
    *,
    workspace_id: UUID | str | None,
    customer_id: UUID | str | None,
    team_member_id: UUID | str | None,
    starting: datetime | None,
    before: datetime | None,
) -> Scope:
    """
    Check what a caller asks for.

    Raises:
        InvalidId: The id is not a UUID.
        TypeError: Not exactly one id is given.
        ValueError: A time has no zone.
    """
    given: dict[ScopeColumn, UUID | str] = {}
    if workspace_id is not None:
        given["workspace_id"] = workspace_id
    if customer_id is not None:
        given["customer_id"] = customer_id
    if team_member_id is not None:
        given["team_member_id"] = team_member_id
    if len(given) != 1:
        raise TypeError("give one of workspace_id, customer_id and team_member_id")
    for name, instant in (("starting", starting), ("before", before)):
        if instant is not None and instant.tzinfo is None:
            raise ValueError(f"{name} has no time zone: {instant!r}")
    ((column, identifier),) = given.items()
    return Scope(column=column, id=checked_id(column, identifier), starting=starting, before=before)
