"""Clients compare these texts, so they are spelt out here once more."""

from __future__ import annotations

from slotcast.channels.protocol import texts
from slotcast.errors import ExpiredToken, TokenError


def test_reasons_and_messages_are_worded_as_clients_know_them() -> None:
    assert texts.UNMATCHED_TOPIC == "unmatched topic"
    assert texts.TOPIC_NAME_REQUIRED == "TopicNameRequired: You must provide a topic name"
    assert texts.TOO_MANY_CHANNELS == "ChannelRateLimitReached: Too many channels"
    assert texts.TOO_MANY_CONNECTIONS == "ConnectionRateLimitReached: Too many connected users"
    assert texts.TOO_MANY_JOINS == "ClientJoinRateLimitReached: Too many joins per second"
    assert texts.REPLAY_NOT_ALLOWED == (
        "UnableToReplayMessages: Replay is not allowed for public channels"
    )
    assert texts.SUBSCRIBE_TIMEOUT == (
        "PostgresChangesSubscribeTimeout: Timed out waiting for postgres_changes subscription"
    )
    assert texts.INITIALIZING == (
        "InitializingProjectConnection: Realtime is initializing the project connection"
    )
    assert texts.NO_DATABASE == (
        "UnableToConnectToProject: Realtime was unable to connect to the project database"
    )
    assert texts.RESTARTING == "RealtimeRestarting: Realtime is restarting, please standby"
    assert texts.UNKNOWN_ERROR == "Unknown Error on Channel"
    assert texts.SUBSCRIBED == "Subscribed to PostgreSQL"
    assert texts.DISCONNECT_REQUESTED == "Server requested disconnect"
    assert texts.PAYLOAD_TOO_LARGE == "payload_size_exceeded"
    assert texts.TRACK_NOT_A_MAP == "Presence track payload must be a map"
    assert texts.TOO_MANY_MESSAGES == "Too many messages per second"
    assert texts.TOO_MANY_PRESENCE_MESSAGES == "Too many presence messages per second"
    assert texts.TOO_MANY_PRESENCE_CALLS == "Client presence rate limit exceeded"
    assert texts.TRACK_TOO_LARGE == "Track message size exceeded"
    assert texts.read_refused("desk") == (
        "You do not have permissions to read from this Channel topic: desk"
    )
    assert texts.TOO_MANY_USERS == "Too many connected users"
    assert texts.CONNECTION_ERROR == "Error connecting to Realtime"


def test_a_refused_token_is_named_with_its_reason() -> None:
    malformed = TokenError("MalformedJWT", "The token provided is not a valid JWT")
    expired = ExpiredToken("InvalidJWTToken", "Token has expired 50 seconds ago")

    assert texts.token_refused(malformed) == "MalformedJWT: The token provided is not a valid JWT"
    assert texts.token_refused(expired) == "InvalidJWTToken: Token has expired 50 seconds ago"


def test_a_join_that_waits_is_refused_with_the_system_text() -> None:
    assert texts.configuration_refused("no such table") == (
        "RealtimeDisabledForConfiguration: no such table"
    )


def test_reasons_of_our_own_begin_with_a_code_too() -> None:
    # The Python client waits longer before it joins again if a reason says RateLimitReached;
    # these are not of that kind: joining again does not help.
    for reason in (
        texts.PRIVATE_NOT_SERVED,
        texts.too_many_bindings(5, 4),
        texts.bindings_too_long(10),
    ):
        code, _, sentence = reason.partition(": ")
        assert code.isalpha()
        assert "RateLimitReached" not in code
        assert sentence
