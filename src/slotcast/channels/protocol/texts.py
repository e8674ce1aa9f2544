"""
What clients are told, in Supabase Realtime's words wherever it has some.

Applications show these texts and compare them, so they are part of the protocol. The texts
about filters and selected columns are made where those are parsed, and those about tokens in
`slotcast.tokens`; a `SubscriptionError` or `TokenError` carries them here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from slotcast.errors import TokenError

# Replies to pushes.

UNMATCHED_TOPIC: Final = "unmatched topic"
PAYLOAD_TOO_LARGE: Final = "payload_size_exceeded"
TRACK_NOT_A_MAP: Final = "Presence track payload must be a map"
TOO_MANY_HELD: Final = "Too many messages before the channel is joined"
TOO_MUCH_PRESENCE: Final = "The presence state of this channel is full"

# Reasons for which a join is refused: a code, a colon, a sentence.

TOPIC_NAME_REQUIRED: Final = "TopicNameRequired: You must provide a topic name"
TOO_MANY_CHANNELS: Final = "ChannelRateLimitReached: Too many channels"
TOO_MANY_CONNECTIONS: Final = "ConnectionRateLimitReached: Too many connected users"
TOO_MANY_JOINS: Final = "ClientJoinRateLimitReached: Too many joins per second"
REPLAY_NOT_VALID: Final = "UnableToReplayMessages: Replay params are not valid"
REPLAY_NOT_ALLOWED: Final = "UnableToReplayMessages: Replay is not allowed for public channels"
PRIVATE_NOT_SERVED: Final = (
    "PrivateChannelsNotServed: Private channels are not served yet;"
    " row level security protects Postgres Changes on public channels too"
)
SUBSCRIBE_TIMEOUT: Final = (
    "PostgresChangesSubscribeTimeout: Timed out waiting for postgres_changes subscription"
)
INITIALIZING: Final = (
    "InitializingProjectConnection: Realtime is initializing the project connection"
)
NO_DATABASE: Final = (
    "UnableToConnectToProject: Realtime was unable to connect to the project database"
)
RESTARTING: Final = "RealtimeRestarting: Realtime is restarting, please standby"
UNKNOWN_ERROR: Final = "Unknown Error on Channel"

# System messages.

SUBSCRIBED: Final = "Subscribed to PostgreSQL"
DISCONNECT_REQUESTED: Final = "Server requested disconnect"

REPLICATION_READY: Final = "Replication connection established"
REPLICATION_LATE: Final = "Replication connection was not established in time"
REPLAY_FAILED: Final = "Realtime was unable to replay messages"

TOO_MANY_MESSAGES: Final = "Too many messages per second"
TOO_MANY_PRESENCE_MESSAGES: Final = "Too many presence messages per second"
TOO_MANY_PRESENCE_CALLS: Final = "Client presence rate limit exceeded"
TRACK_TOO_LARGE: Final = "Track message size exceeded"

# Handshakes.

TOO_MANY_USERS: Final = "Too many connected users"
CONNECTION_ERROR: Final = "Error connecting to Realtime"


def read_refused(name: str) -> str:
    """
    Tell that nothing may be read on a private channel.

    Args:
        name: The topic without ``realtime:``.
    """
    return f"You do not have permissions to read from this Channel topic: {name}"


def read_lost(name: str) -> str:
    """
    Tell that what policies depend on has changed, so that nothing may be read any more.

    Args:
        name: The topic without ``realtime:``.
    """
    return f"You no longer have permission to read from this Channel topic: {name}"


def token_refused(error: TokenError) -> str:
    """Give the reason for which a join with a bad token is refused."""
    return f"{error.reason}: {error}"


def configuration_refused(message: str) -> str:
    """
    Give the reason for which a join that waits is refused.

    Args:
        message: What a `system` message would say about the subscription otherwise.
    """
    return f"RealtimeDisabledForConfiguration: {message}"


def too_many_bindings(count: int, limit: int) -> str:
    """
    Give the reason for which a join is refused.

    Args:
        count: How many bindings the connection's channels would have with it.
        limit: How many they may have.
    """
    return (
        f"BindingLimitReached: {count} postgres_changes bindings on one connection are too many,"
        f" at most {limit} are served; a filter such as in.(…) does the work of several"
    )


def bindings_too_long(limit_bytes: int) -> str:
    """Give the reason for which a join with very long bindings is refused."""
    return (
        "BindingLimitReached: The postgres_changes bindings of the channel take more than"
        f" {limit_bytes} bytes"
    )
