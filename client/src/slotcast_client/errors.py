"""
What can go wrong.

SlotcastClientError
├── InvalidId            an id that is none, refused before anything goes out (a ValueError)
├── UnreadableRow        JSON that is no appointment (a ValueError)
├── ConnectionLost       the socket cannot be opened, or is gone (a ConnectionError)
├── SubscriptionRefused  the server does not serve the channel, or has ended it
├── JoinTimeout          the server did not say in time that changes are live (a TimeoutError)
├── SlowConsumer         callbacks fell so far behind that their backlog was dropped
├── ResyncAsked          the server says that changes were lost, so state has to be read again
└── SnapshotFailed       the rows cannot be read
    └── SnapshotRefused  the rows may not be read
"""

from __future__ import annotations


class SlotcastClientError(Exception):
    """Anything that this package raises by itself."""


class InvalidId(SlotcastClientError, ValueError):
    """An id is not a UUID."""


class UnreadableRow(SlotcastClientError, ValueError):
    """A JSON object is not an appointment; the message names the column."""


class ConnectionLost(SlotcastClientError, ConnectionError):
    """There is no connection to the server."""


class SubscriptionRefused(SlotcastClientError):
    """The server refuses the channel or has ended it; the message is the server's."""


class JoinTimeout(SlotcastClientError, TimeoutError):
    """The server did not say in time that changes are live."""


class SlowConsumer(SlotcastClientError):
    """Changes came faster than callbacks took them; the backlog was dropped."""


class ResyncAsked(SlotcastClientError):
    """The server could not deliver some changes: read again what you hold."""


class SnapshotFailed(SlotcastClientError):
    """The rows cannot be read now; the message says why."""


class SnapshotRefused(SnapshotFailed):
    """The rows may not be read by this user."""
