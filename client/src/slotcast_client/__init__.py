"""
Live appointments for asyncio, on top of the official package `supabase`.

`live_appointments` holds rows and keeps them current; `subscribe_to_workspace_appointments`
and its siblings call back for every change. Both work with Slotcast and with Supabase, come
back after a lost connection by themselves, and leave nothing behind.
"""

from __future__ import annotations

from slotcast_client.appointments import Appointment, AppointmentStatus, parse_appointment
from slotcast_client.changes import Change, Delete, Insert, Update
from slotcast_client.errors import (
    ConnectionLost,
    InvalidId,
    JoinTimeout,
    ResyncAsked,
    SlotcastClientError,
    SlowConsumer,
    SnapshotFailed,
    SnapshotRefused,
    SubscriptionRefused,
    UnreadableRow,
)
from slotcast_client.events import Deleted, Event, Inserted, Snapshot, Updated
from slotcast_client.feed import Status
from slotcast_client.limits import Limits
from slotcast_client.live import LiveAppointments, live_appointments
from slotcast_client.subscriptions import (
    Subscription,
    subscribe_to_customer_appointments,
    subscribe_to_team_member_appointments,
    subscribe_to_workspace_appointments,
)

__all__ = [
    "Appointment",
    "AppointmentStatus",
    "Change",
    "ConnectionLost",
    "Delete",
    "Deleted",
    "Event",
    "Insert",
    "Inserted",
    "InvalidId",
    "JoinTimeout",
    "Limits",
    "LiveAppointments",
    "ResyncAsked",
    "SlotcastClientError",
    "SlowConsumer",
    "Snapshot",
    "SnapshotFailed",
    "SnapshotRefused",
    "Status",
    "Subscription",
    "SubscriptionRefused",
    "UnreadableRow",
    "Update",
    "Updated",
    "live_appointments",
    "parse_appointment",
    "subscribe_to_customer_appointments",
    "subscribe_to_team_member_appointments",
    "subscribe_to_workspace_appointments",
]
