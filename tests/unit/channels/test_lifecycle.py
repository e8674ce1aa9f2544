from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Literal

import pytest

from slotcast.channels.protocol import texts
from slotcast.channels.protocol.lifecycle import (
    HELD_LIMIT,
    HELD_LIMIT_BYTES,
    TRANSITIONS,
    Broadcast,
    ChangeToken,
    Channel,
    ChannelEvent,
    ChannelState,
    ChannelTable,
    Effect,
    Join,
    Joined,
    PresenceCall,
    Release,
    Send,
)
from slotcast.channels.protocol.serializers import (
    ClientMessage,
    EventBroadcast,
    UserBroadcast,
    VerbatimBroadcast,
    negotiate,
)

TOPIC = "realtime:desk"
OK: dict[str, Any] = {"status": "ok", "response": {}}
UNMATCHED = {"status": "error", "response": {"reason": "unmatched topic"}}

CLOSED, JOINING, JOINED, LEAVING = ChannelState

EXPECTED: dict[tuple[ChannelState, ChannelEvent], ChannelState] = {
    (CLOSED, ChannelEvent.JOIN_REQUESTED): JOINING,
    (JOINING, ChannelEvent.JOIN_ACCEPTED): JOINED,
    (JOINING, ChannelEvent.JOIN_REFUSED): CLOSED,
    (JOINING, ChannelEvent.LEAVE_REQUESTED): LEAVING,
    (JOINING, ChannelEvent.ENDED): LEAVING,
    (JOINED, ChannelEvent.LEAVE_REQUESTED): LEAVING,
    (JOINED, ChannelEvent.ENDED): LEAVING,
    (LEAVING, ChannelEvent.RELEASED): CLOSED,
    # The server's news may come too late, and then changes nothing.
    (LEAVING, ChannelEvent.JOIN_ACCEPTED): LEAVING,
    (LEAVING, ChannelEvent.JOIN_REFUSED): LEAVING,
    (LEAVING, ChannelEvent.ENDED): LEAVING,
    (CLOSED, ChannelEvent.JOIN_ACCEPTED): CLOSED,
    (CLOSED, ChannelEvent.JOIN_REFUSED): CLOSED,
    (CLOSED, ChannelEvent.ENDED): CLOSED,
    (CLOSED, ChannelEvent.RELEASED): CLOSED,
}


def message(
    event: str,
    payload: Any = None,
    *,
    topic: str = TOPIC,
    ref: str | None = "7",
    join_ref: str | None = "5",
) -> ClientMessage:
    return ClientMessage(
        join_ref=join_ref, ref=ref, topic=topic, event=event, payload=payload or {}
    )


def shown(effects: list[Effect] | list[Send] | list[Release]) -> list[Any]:
    """Give effects as a test compares them: messages decoded, others as they are."""
    return [json.loads(effect.data) if isinstance(effect, Send) else effect for effect in effects]


def table(channel_limit: int = 100, version: str = "2.0.0") -> ChannelTable:
    return ChannelTable(negotiate(version), channel_limit=channel_limit)


def joining(
    channels: ChannelTable, topic: str = TOPIC, ref: str = "5", config: dict[str, Any] | None = None
) -> Join:
    payload = {"config": config or {}}
    effects = channels.receive(message("phx_join", payload, topic=topic, ref=ref, join_ref=ref))
    join = effects[-1]
    assert isinstance(join, Join)
    return join


def joined(channels: ChannelTable, topic: str = TOPIC, ref: str = "5") -> Channel:
    join = joining(channels, topic, ref)
    channels.accept(join.channel, join.request)
    return join.channel


class TestTransitions:
    @pytest.mark.parametrize("state", ChannelState)
    @pytest.mark.parametrize("event", ChannelEvent)
    def test_every_event_in_every_state(self, state: ChannelState, event: ChannelEvent) -> None:
        channel = Channel(TOPIC, join_ref="5", ref="5")
        channel.state = state
        following = EXPECTED.get((state, event))

        if following is None:
            with pytest.raises(RuntimeError, match=f"{event.value} cannot happen to Channel"):
                channel.advance(event)
            assert channel.state is state
        else:
            assert channel.advance(event) is (following is not state)
            assert channel.state is following

    def test_the_table_lists_nothing_else(self) -> None:
        listed = {
            (state, event): following
            for state, events in TRANSITIONS.items()
            for event, following in events.items()
        }

        assert listed == EXPECTED


class TestConnection:
    @pytest.mark.parametrize("ref", ["9", None])
    def test_a_heartbeat_is_answered(self, ref: str | None) -> None:
        heartbeat = message("heartbeat", topic="phoenix", ref=ref, join_ref=None)

        assert shown(table().receive(heartbeat)) == [[None, ref, "phoenix", "phx_reply", OK]]

    def test_a_heartbeat_elsewhere_is_an_ordinary_push(self) -> None:
        assert shown(table().receive(message("heartbeat"))) == [
            [None, "7", TOPIC, "phx_reply", UNMATCHED]
        ]

    @pytest.mark.parametrize("event", ["broadcast", "access_token", "whatever"])
    def test_a_push_to_a_topic_that_is_not_joined_is_unmatched(self, event: str) -> None:
        assert shown(table().receive(message(event))) == [
            [None, "7", TOPIC, "phx_reply", UNMATCHED]
        ]

    @pytest.mark.parametrize("topic", ["room:1", "phoenix", "realtime", "Realtime:x"])
    def test_topics_of_other_families_cannot_be_joined(self, topic: str) -> None:
        assert shown(table().receive(message("phx_join", topic=topic))) == [
            [None, "7", topic, "phx_reply", UNMATCHED]
        ]

    def test_leaving_what_is_not_joined_succeeds(self) -> None:
        assert shown(table().receive(message("phx_leave"))) == [["5", "7", TOPIC, "phx_reply", OK]]

    def test_version_one_has_no_join_refs(self) -> None:
        assert shown(table(version="1.0.0").receive(message("phx_leave"))) == [
            {"ref": "7", "topic": TOPIC, "event": "phx_reply", "payload": OK}
        ]


class TestJoining:
    def test_an_accepted_join_echoes_its_bindings_in_order(self) -> None:
        channels = table()
        requested = [{"event": "insert", "table": "b", "extra": 1}, {"table": "a"}]
        join = joining(channels, config={"postgres_changes": [*requested, None]})

        effects = channels.accept(join.channel, join.request)

        ids = [binding.id for binding in join.request.bindings]
        echoes = [{**each, "id": number} for each, number in zip(requested, ids, strict=True)]
        assert shown(effects) == [
            [
                "5",
                "5",
                TOPIC,
                "phx_reply",
                {"status": "ok", "response": {"postgres_changes": echoes}},
            ],
            Joined(join.channel),
        ]
        assert join.channel.state is JOINED
        assert join.channel.name == "desk"

    def test_a_join_without_bindings_echoes_an_empty_list(self) -> None:
        channels = table()
        (join,) = channels.receive(message("phx_join", ref="9", join_ref=None))
        assert isinstance(join, Join)

        assert shown(channels.accept(join.channel, join.request)) == [
            ["9", "9", TOPIC, "phx_reply", {"status": "ok", "response": {"postgres_changes": []}}],
            Joined(join.channel),
        ]

    def test_the_reply_repeats_both_refs(self) -> None:
        channels = table()
        (join,) = channels.receive(message("phx_join", ref="9", join_ref="5"))
        assert isinstance(join, Join)

        assert shown(channels.accept(join.channel, join.request))[0][:2] == ["5", "9"]

    def test_a_refused_join_says_why_and_leaves_nothing(self) -> None:
        channels = table()
        join = joining(channels)

        effects = channels.refuse(join.channel, texts.NO_DATABASE)

        assert shown(effects) == [
            [
                "5",
                "5",
                TOPIC,
                "phx_reply",
                {"status": "error", "response": {"reason": texts.NO_DATABASE}},
            ]
        ]
        assert len(channels) == 0
        assert shown(channels.receive(message("broadcast")))[0][4] == UNMATCHED

    @pytest.mark.parametrize(
        ("topic", "config", "reason"),
        [
            ("realtime:", {}, texts.TOPIC_NAME_REQUIRED),
            (TOPIC, {"broadcast": {"replay": {"since": 1}}}, texts.REPLAY_NOT_ALLOWED),
            (
                TOPIC,
                {"postgres_changes": [{"table": "t"}] * 1001},
                texts.too_many_bindings(1001, 1000),
            ),
        ],
    )
    def test_what_nobody_can_join_is_refused_at_once(
        self, topic: str, config: dict[str, Any], reason: str
    ) -> None:
        channels = table()

        effects = channels.receive(message("phx_join", {"config": config}, topic=topic))

        assert shown(effects) == [
            ["5", "7", topic, "phx_reply", {"status": "error", "response": {"reason": reason}}]
        ]
        assert len(channels) == 0

    def test_the_bindings_of_a_connection_are_bounded(self) -> None:
        channels = table()
        config = {"config": {"postgres_changes": [{"table": "t"}] * 600}}

        first = channels.receive(message("phx_join", config, topic="realtime:a"))
        second = channels.receive(message("phx_join", config, topic="realtime:b"))
        channels.receive(message("phx_join", {"config": {}}, topic="realtime:c"))
        channels.receive(message("phx_leave", topic="realtime:a"))
        third = channels.receive(message("phx_join", config, topic="realtime:b"))

        assert isinstance(first[-1], Join)
        reason = texts.too_many_bindings(1200, 1000)
        assert shown(second)[0][4] == {"status": "error", "response": {"reason": reason}}
        assert isinstance(third[-1], Join)

    def test_the_channels_of_a_connection_are_bounded(self) -> None:
        channels = table(channel_limit=2)
        joined(channels, "realtime:1")
        joining(channels, "realtime:2")

        effects = channels.receive(message("phx_join", topic="realtime:3"))

        assert shown(effects)[0][4]["response"] == {
            "reason": "ChannelRateLimitReached: Too many channels"
        }

    def test_joining_a_topic_again_needs_no_further_place(self) -> None:
        channels = table(channel_limit=1)
        joined(channels)

        joining(channels, ref="8")

        assert len(channels) == 1

    def test_a_place_is_free_once_a_channel_is_left(self) -> None:
        channels = table(channel_limit=1)
        joined(channels, "realtime:1")
        channels.receive(message("phx_leave", topic="realtime:1"))

        joining(channels, "realtime:2")


class TestJoiningAgain:
    @pytest.mark.parametrize("was_accepted", [True, False])
    def test_a_second_join_ends_the_first(self, was_accepted: bool) -> None:
        channels = table()
        first = joined(channels) if was_accepted else joining(channels).channel

        release, join = channels.receive(message("phx_join", ref="8", join_ref="8"))

        assert release == Release(first)
        assert isinstance(join, Join)
        assert (first.state, join.channel.state) == (LEAVING, JOINING)
        assert list(channels) == [join.channel]
        assert shown(channels.released(first)) == [["5", "5", TOPIC, "phx_close", {}]]
        assert shown(channels.accept(join.channel, join.request))[0][:2] == ["8", "8"]

    def test_a_refused_second_join_ends_the_first_all_the_same(self) -> None:
        channels = table()
        first = joined(channels)

        config = {"broadcast": {"replay": {"since": 1}}}
        effects = channels.receive(message("phx_join", {"config": config}, ref="8"))

        assert effects[0] == Release(first)
        assert shown(effects[1:])[0][4]["status"] == "error"
        assert len(channels) == 0

    def test_the_answer_to_the_first_join_comes_too_late(self) -> None:
        channels = table()
        first = joining(channels)
        second = joining(channels, ref="8")

        assert channels.accept(first.channel, first.request) == []
        assert channels.refuse(first.channel, "late") == []
        assert list(channels) == [second.channel]

    def test_a_late_leave_of_the_first_does_not_end_the_second(self) -> None:
        channels = table()
        joined(channels)
        second = joined(channels, ref="8")

        effects = channels.receive(message("phx_leave", join_ref="5", ref="9"))

        assert shown(effects) == [["5", "9", TOPIC, "phx_reply", OK]]
        assert second.state is JOINED


class TestLeaving:
    @pytest.mark.parametrize("join_ref", ["5", None])
    def test_a_leave_is_answered_and_then_closed(self, join_ref: str | None) -> None:
        channels = table()
        channel = joined(channels)

        effects = channels.receive(message("phx_leave", join_ref=join_ref))

        assert shown(effects) == [["5", "7", TOPIC, "phx_reply", OK], Release(channel)]
        assert shown(channels.released(channel)) == [["5", "5", TOPIC, "phx_close", {}]]
        assert channel.state is CLOSED

    def test_a_join_under_way_can_be_left(self) -> None:
        channels = table()
        join = joining(channels)

        effects = channels.receive(message("phx_leave"))

        assert effects[-1] == Release(join.channel)
        assert channels.accept(join.channel, join.request) == []

    def test_a_topic_that_is_being_left_is_unmatched(self) -> None:
        channels = table()
        joined(channels)
        channels.receive(message("phx_leave"))

        assert shown(channels.receive(message("broadcast")))[0][4] == UNMATCHED

    def test_a_channel_being_left_hears_nothing_more(self) -> None:
        channels = table()
        channel = joined(channels)
        channels.receive(message("phx_leave"))

        assert channels.system(channel, "ok", texts.SUBSCRIBED) == []
        assert channels.end(channel, "late", "late") == []
        channels.released(channel)
        assert channels.end(channel, "late", "late") == []


class TestPushes:
    @pytest.mark.parametrize("join_ref", ["5", "4", None])
    def test_a_token_reaches_its_channel_whatever_the_join_ref(self, join_ref: str | None) -> None:
        channels = table()
        channel = joined(channels)

        push = message("access_token", {"access_token": "jwt"}, join_ref=join_ref)

        assert channels.receive(push) == [ChangeToken(channel, "jwt")]

    def test_a_token_reaches_a_channel_that_is_joining(self) -> None:
        channels = table()
        join = joining(channels)

        push = message("access_token", {"access_token": "jwt"})

        assert channels.receive(push) == [ChangeToken(join.channel, "jwt")]

    @pytest.mark.parametrize("payload", [{"access_token": None}, {"access_token": "sb_x"}, {}])
    def test_a_push_without_a_token_changes_nothing(self, payload: dict[str, Any]) -> None:
        channels = table()
        joined(channels)

        assert channels.receive(message("access_token", payload)) == []

    def test_unknown_events_are_ignored(self) -> None:
        channels = table()
        joined(channels)

        assert channels.receive(message("whatever")) == []

    def test_a_broadcast_in_a_text_message_is_relayed_word_for_word(self) -> None:
        channels = table()
        channel = joined(channels)

        assert channels.receive(message("broadcast", {"event": "e", "x": [1.5, "é"]})) == [
            Broadcast(
                channel, "7", VerbatimBroadcast(payload='{"event":"e","x":[1.5,"é"]}'.encode())
            )
        ]

    def test_a_broadcast_in_a_binary_message_loses_what_was_meant_for_the_server(self) -> None:
        channels = table()
        channel = joined(channels)
        pushed = UserBroadcast(event="e", payload=b"{}", is_json=True, metadata={"persist": True})

        assert channels.receive(message("broadcast", pushed)) == [
            Broadcast(channel, "7", EventBroadcast(event="e", payload=b"{}", is_json=True))
        ]

    @pytest.mark.parametrize("payload", ["text", [1], 5])
    def test_a_broadcast_of_no_object_is_ignored(self, payload: Any) -> None:
        channels = table()
        joined(channels)

        assert channels.receive(message("broadcast", payload)) == []

    @pytest.mark.parametrize(
        ("payload", "tracked"),
        [
            ({"type": "presence", "event": "track", "payload": {"x": 1}}, {"x": 1}),
            ({"event": "TRACK", "payload": {"x": 1}}, {"x": 1}),
            ({"event": "track"}, {}),
            ({"event": "untrack"}, None),
            ({"event": "Untrack", "payload": "anything"}, None),
        ],
    )
    def test_presence_calls(self, payload: dict[str, Any], tracked: dict[str, Any] | None) -> None:
        channels = table()
        channel = joined(channels)

        assert channels.receive(message("presence", payload)) == [
            PresenceCall(channel, "7", tracked)
        ]

    @pytest.mark.parametrize(
        ("payload", "response"),
        [
            (
                {"event": "track", "payload": "x"},
                {"reason": "Presence track payload must be a map"},
            ),
            (
                {"event": "track", "payload": None},
                {"reason": "Presence track payload must be a map"},
            ),
            ({"event": "dance", "payload": {}}, {}),
            ({"event": 5}, {}),
            ("track", {}),
            (UserBroadcast(event="track", payload=b"", is_json=False, metadata={}), {}),
        ],
    )
    def test_a_presence_call_that_makes_no_sense_is_refused(
        self, payload: Any, response: dict[str, str]
    ) -> None:
        channels = table()
        joined(channels)

        assert shown(channels.receive(message("presence", payload, join_ref=None))) == [
            ["5", "7", TOPIC, "phx_reply", {"status": "error", "response": response}]
        ]

    def test_a_push_is_answered_while_the_channel_is_joined(self) -> None:
        channels = table()
        channel = joined(channels)

        assert shown(channels.reply(channel, "9", "ok", {})) == [["5", "9", TOPIC, "phx_reply", OK]]
        channels.receive(message("phx_leave"))
        assert channels.reply(channel, "9", "ok", {}) == []

    def test_a_join_can_be_refused_before_it_is_read(self) -> None:
        channels = table()

        assert shown(channels.refuse_join(message("phx_join"), texts.TOO_MANY_JOINS)) == [
            [
                "5",
                "7",
                TOPIC,
                "phx_reply",
                {"status": "error", "response": {"reason": texts.TOO_MANY_JOINS}},
            ]
        ]
        assert len(channels) == 0


def held(ref: str, length: int = 10) -> ClientMessage:
    return replace(message("broadcast", {"event": ref}, ref=ref), length=length)


class TestPushesBeforeTheJoinIsAnswered:
    def test_they_follow_the_reply_in_order(self) -> None:
        channels = table()
        join = joining(channels)

        assert channels.receive(held("6")) == []
        assert channels.receive(message("presence", {"event": "untrack"}, ref="7")) == []
        assert channels.receive(held("8")) == []
        effects = channels.accept(join.channel, join.request)

        assert shown(effects)[0][4]["status"] == "ok"
        assert effects[1] == Joined(join.channel)
        assert [type(effect) for effect in effects[2:]] == [Broadcast, PresenceCall, Broadcast]
        pushes = [effect for effect in effects if isinstance(effect, (Broadcast, PresenceCall))]
        assert [push.ref for push in pushes] == ["6", "7", "8"]

    def test_they_are_unmatched_when_the_join_is_refused(self) -> None:
        channels = table()
        join = joining(channels)
        channels.receive(held("6"))

        assert shown(channels.refuse(join.channel, texts.NO_DATABASE))[1:] == [
            [None, "6", TOPIC, "phx_reply", UNMATCHED]
        ]

    @pytest.mark.parametrize("end", ["phx_leave", "phx_join"])
    def test_they_are_dropped_with_the_join(self, end: str) -> None:
        channels = table()
        join = joining(channels)
        channels.receive(held("6"))

        channels.receive(message(end, ref="9"))

        assert channels.accept(join.channel, join.request) == []

    def test_their_count_is_bounded(self) -> None:
        channels = table()
        joining(channels)
        for number in range(HELD_LIMIT):
            assert channels.receive(held(str(number))) == []

        assert shown(channels.receive(held("x")))[0][4] == {
            "status": "error",
            "response": {"reason": texts.TOO_MANY_HELD},
        }

    def test_their_size_is_bounded_for_all_channels_together(self) -> None:
        channels = table()
        first = joining(channels)
        joining(channels, "realtime:other", "6")
        assert channels.receive(held("1", HELD_LIMIT_BYTES)) == []

        other = replace(held("2", 1), topic="realtime:other")
        assert shown(channels.receive(other))[0][4]["status"] == "error"
        channels.accept(first.channel, first.request)
        assert channels.receive(other) == []


class TestNews:
    @pytest.mark.parametrize("status", ["ok", "error"])
    def test_news_of_a_joined_channel(self, status: Literal["ok", "error"]) -> None:
        channels = table()
        channel = joined(channels)

        assert shown(channels.system(channel, status, "news")) == [
            [
                "5",
                None,
                TOPIC,
                "system",
                {
                    "message": "news",
                    "status": status,
                    "extension": "postgres_changes",
                    "channel": "desk",
                },
            ]
        ]

    def test_no_news_comes_before_the_reply(self) -> None:
        channels = table()

        assert channels.system(joining(channels).channel, "ok", texts.SUBSCRIBED) == []


class TestEnding:
    def test_a_joined_channel_is_told_why_before_it_is_closed(self) -> None:
        channels = table()
        channel = joined(channels)

        effects = channels.end(channel, "Token has expired 0 seconds ago", "unused")

        assert shown(effects) == [
            [
                "5",
                None,
                TOPIC,
                "system",
                {
                    "message": "Token has expired 0 seconds ago",
                    "status": "error",
                    "extension": "system",
                    "channel": "desk",
                },
            ],
            Release(channel),
        ]
        assert shown(channels.released(channel)) == [["5", "5", TOPIC, "phx_close", {}]]
        assert len(channels) == 0

    def test_a_join_under_way_is_refused_instead(self) -> None:
        channels = table()
        join = joining(channels)

        effects = channels.end(join.channel, "unused", "InvalidJWTToken: Token has expired")

        assert shown(effects) == [
            [
                "5",
                "5",
                TOPIC,
                "phx_reply",
                {"status": "error", "response": {"reason": "InvalidJWTToken: Token has expired"}},
            ],
            Release(join.channel),
        ]
        assert channels.released(join.channel) == []

    def test_a_server_that_stops_says_so_and_leaves_what_is_joined_to_be_joined_again(self) -> None:
        channels = table()
        first = joined(channels, "realtime:1")
        second = joining(channels, "realtime:2").channel

        effects = channels.drain()

        farewell, refusal, release = shown(effects)
        assert release == Release(second)
        assert farewell[4] == {
            "message": "Server requested disconnect",
            "status": "ok",
            "extension": "system",
            "channel": "1",
        }
        assert refusal[4]["response"] == {"reason": texts.RESTARTING}
        assert list(channels) == [first]
        assert channels.abandon() == [Release(first)]

    def test_a_lost_connection_releases_everything_in_silence(self) -> None:
        channels = table()
        first = joined(channels, "realtime:1")
        second = joining(channels, "realtime:2").channel

        assert channels.abandon() == [Release(first), Release(second)]
        assert len(channels) == 0
        assert channels.abandon() == []
