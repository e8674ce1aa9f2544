from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest

from slotcast.channels.protocol.serializers import (
    ClientMessage,
    EncodedMessage,
    EventBroadcast,
    Serializer,
    UserBroadcast,
    VerbatimBroadcast,
    negotiate,
)
from slotcast.errors import ProtocolError

V1 = negotiate("1.0.0")
V2 = negotiate("2.0.0")

RECORDED: list[dict[str, str]] = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "conformance/data/client-frames.jsonl")
    .read_text("utf-8")
    .splitlines()
]


class TestNegotiation:
    @pytest.mark.parametrize("version", [None, "1.0.0", "1.0.1", "1.0.27"])
    def test_version_one_is_the_default(self, version: str | None) -> None:
        assert negotiate(version).version == "1.0.0"

    @pytest.mark.parametrize("version", ["2.0.0", "2.0.3"])
    def test_version_two_writes_arrays(self, version: str) -> None:
        assert negotiate(version).version == "2.0.0"

    @pytest.mark.parametrize(
        "version", ["3.0.0", "2.1.0", "1.1.0", "2.0", "2", "", "2.0.0-rc", "2.0.01", "2.0.0\n", "x"]
    )
    def test_other_versions_are_refused(self, version: str) -> None:
        with pytest.raises(ProtocolError, match=r"vsn must be 1\.0\.0 or 2\.0\.0"):
            negotiate(version)


class TestDecodingText:
    def test_objects_may_have_their_keys_in_any_order(self) -> None:
        text = '{"ref":"7","payload":{"a":1},"join_ref":"5","event":"e","topic":"realtime:t"}'

        assert V1.decode_text(text) == ClientMessage(
            join_ref="5", ref="7", topic="realtime:t", event="e", payload={"a": 1}
        )

    def test_objects_may_lack_the_join_ref_and_have_no_ref(self) -> None:
        message = V1.decode_text('{"topic":"t","event":"e","payload":{},"ref":null}')

        assert (message.join_ref, message.ref) == (None, None)

    def test_arrays_have_five_parts(self) -> None:
        assert V2.decode_text(b'["5","7","realtime:t","e",{"a":1}]') == ClientMessage(
            join_ref="5", ref="7", topic="realtime:t", event="e", payload={"a": 1}
        )

    @pytest.mark.parametrize("serializer", [V1, V2])
    @pytest.mark.parametrize("text", ["not json", '{"a":1}', "[1,2]", "[]", "null", "7", '""'])
    def test_what_is_no_message_is_refused(self, serializer: Serializer, text: str) -> None:
        with pytest.raises(ProtocolError, match="a message must be"):
            serializer.decode_text(text)

    def test_the_error_says_what_a_message_looks_like(self) -> None:
        with pytest.raises(ProtocolError, match="keys topic, event, payload and ref"):
            V1.decode_text('["1","1","t","e",{}]')
        with pytest.raises(ProtocolError, match=r"array \[join_ref, ref, topic, event, payload\]"):
            V2.decode_text('{"topic":"t","event":"e","payload":{},"ref":null}')

    @pytest.mark.parametrize(
        ("parts", "text"),
        [
            ([None, None, None, "e", "p"], "topic must be"),
            ([None, None, "", "e", "p"], "topic must be"),
            ([None, None, "t" * 1025, "e", "p"], "topic must be"),
            ([None, None, "t", 5, "p"], "event must be"),
            ([None, None, "t", "", "p"], "event must be"),
            ([None, None, "t", "e" * 256, "p"], "event must be"),
            ([1, None, "t", "e", "p"], "^join_ref must be"),
            ([None, True, "t", "e", "p"], "^ref must be"),
            ([None, "r" * 256, "t", "e", "p"], "^ref must be"),
        ],
    )
    def test_each_part_has_a_type_and_a_bound(self, parts: list[Any], text: str) -> None:
        as_object = dict(zip(("join_ref", "ref", "topic", "event", "payload"), parts, strict=True))

        with pytest.raises(ProtocolError, match=text):
            V2.decode_text(json.dumps(parts))
        with pytest.raises(ProtocolError, match=text):
            V1.decode_text(json.dumps(as_object))

    @pytest.mark.parametrize("payload", [None, 5, "x", [], {}])
    def test_a_payload_may_be_any_json(self, payload: Any) -> None:
        assert V2.decode_text(json.dumps(["1", "1", "t", "e", payload])).payload == payload


def broadcast_push(
    names: tuple[str, str, str, str, str], payload: bytes, encoding: int = 1
) -> bytes:
    parts = [name.encode() for name in names]
    return bytes([3, *map(len, parts), encoding]) + b"".join(parts) + payload


class TestDecodingBinary:
    def test_a_broadcast_of_json(self) -> None:
        data = bytes.fromhex("0301010d01000136377265616c74696d653a726f6f6d787b2261223a317d")

        assert V2.decode_binary(data) == ClientMessage(
            join_ref="6",
            ref="7",
            topic="realtime:room",
            event="broadcast",
            payload=UserBroadcast(event="x", payload=b'{"a":1}', is_json=True, metadata={}),
        )

    def test_a_broadcast_of_bytes_with_metadata(self) -> None:
        data = broadcast_push(("", "", "realtime:t", "é✓", '{"persist":true}'), b"\x00\xff", 0)

        assert V2.decode_binary(data) == ClientMessage(
            join_ref=None,
            ref=None,
            topic="realtime:t",
            event="broadcast",
            payload=UserBroadcast(
                event="é✓", payload=b"\x00\xff", is_json=False, metadata={"persist": True}
            ),
        )

    @pytest.mark.parametrize(
        ("data", "text"),
        [
            (b"", "must begin with 3"),
            (b"\x04\x00", "must begin with 3"),
            (b"\x00\x01\x01\x01", "must begin with 3"),
            (b"\x03\x01\x02", "header of 7 bytes"),
            (b"\x03\x01\x01\x0d\x01\x00\x0167", "shorter than its header"),
            (broadcast_push(("", "", "t", "e", ""), b"", 2), "encoding must be 0 or 1, not 2"),
            (broadcast_push(("", "", "t", "e", ""), b"{nope"), "must be JSON"),
            (broadcast_push(("", "", "t", "e", ""), b"\xff"), "not UTF-8"),
            (broadcast_push(("", "", "t", "e", "[]"), b"1"), "metadata .* object"),
            (broadcast_push(("", "", "t", "e", "{"), b"1"), "must be JSON"),
            (broadcast_push(("", "", "", "e", ""), b"1"), "topic must be"),
            (b"\x03\x00\x00\x01\x00\x00\x00\xff", "must be UTF-8"),
        ],
    )
    def test_malformed_frames_are_refused(self, data: bytes, text: str) -> None:
        with pytest.raises(ProtocolError, match=text):
            V2.decode_binary(data)

    def test_version_one_has_no_binary_frames(self) -> None:
        with pytest.raises(ProtocolError, match=r"connect with vsn=2\.0\.0"):
            V1.decode_binary(broadcast_push(("", "", "t", "e", ""), b"{}"))


class TestRecordedFrames:
    @pytest.mark.parametrize(
        "frame", RECORDED, ids=lambda frame: f"{frame['client']}-{frame['vsn']}"
    )
    def test_every_frame_of_the_official_clients_is_understood(self, frame: dict[str, str]) -> None:
        serializer = negotiate(frame["vsn"])

        if "hex" in frame:
            message = serializer.decode_binary(bytes.fromhex(frame["hex"]))
            assert isinstance(message.payload, UserBroadcast)
        else:
            message = serializer.decode_text(frame["text"])
            assert isinstance(message.payload, dict)
        assert message.topic == "phoenix" or message.topic.startswith("realtime:")

    def test_the_recording_has_every_event_of_every_client(self) -> None:
        events: dict[tuple[str, str], set[str]] = {}
        for frame in RECORDED:
            serializer = negotiate(frame["vsn"])
            message = (
                serializer.decode_binary(bytes.fromhex(frame["hex"]))
                if "hex" in frame
                else serializer.decode_text(frame["text"])
            )
            events.setdefault((frame["client"], frame["vsn"]), set()).add(message.event)

        everything = {"phx_join", "phx_leave", "heartbeat", "broadcast", "presence", "access_token"}
        assert len(events) == 3
        assert all(seen == everything for seen in events.values())


class TestEncoding:
    """The expected bytes are what Supabase Realtime 2.122.0 sent."""

    @pytest.mark.parametrize(
        ("status", "response", "payload"),
        [
            ("ok", {}, '{"status":"ok","response":{}}'),
            (
                "error",
                {"reason": "unmatched topic"},
                '{"status":"error","response":{"reason":"unmatched topic"}}',
            ),
        ],
    )
    def test_replies(
        self, status: Literal["ok", "error"], response: dict[str, Any], payload: str
    ) -> None:
        arguments: dict[str, Any] = {
            "join_ref": "5",
            "ref": "7",
            "status": status,
            "response": response,
        }

        assert V1.encode_reply("realtime:é", **arguments).decode() == (
            '{"ref":"7","event":"phx_reply","payload":' + payload + ',"topic":"realtime:é"}'
        )
        assert V2.encode_reply("realtime:é", **arguments).decode() == (
            '["5","7","realtime:é","phx_reply",' + payload + "]"
        )

    def test_a_reply_to_a_message_without_refs(self) -> None:
        arguments: dict[str, Any] = {"join_ref": None, "ref": None, "status": "ok", "response": {}}

        assert json.loads(V1.encode_reply("phoenix", **arguments))["ref"] is None
        assert json.loads(V2.encode_reply("phoenix", **arguments))[:2] == [None, None]

    def test_close_and_error_carry_the_join_ref_twice(self) -> None:
        assert V1.encode_close("realtime:t", "5") == (
            b'{"ref":"5","event":"phx_close","payload":{},"topic":"realtime:t"}'
        )
        assert V2.encode_close("realtime:t", "5") == b'["5","5","realtime:t","phx_close",{}]'
        assert V1.encode_error("realtime:t", "5") == (
            b'{"ref":"5","event":"phx_error","payload":{},"topic":"realtime:t"}'
        )
        assert V2.encode_error("realtime:t", "5") == b'["5","5","realtime:t","phx_error",{}]'

    def test_system_messages_carry_the_join_ref_and_no_ref(self) -> None:
        arguments: dict[str, Any] = {
            "join_ref": "5",
            "channel": "t",
            "extension": "postgres_changes",
            "status": "ok",
            "message": "Subscribed to PostgreSQL",
        }
        payload = (
            '{"message":"Subscribed to PostgreSQL","status":"ok",'
            '"extension":"postgres_changes","channel":"t"}'
        )

        assert V1.encode_system("realtime:t", **arguments).decode() == (
            '{"ref":null,"event":"system","payload":' + payload + ',"topic":"realtime:t"}'
        )
        assert V2.encode_system("realtime:t", **arguments).decode() == (
            '["5",null,"realtime:t","system",' + payload + "]"
        )

    def test_pushes_to_all_members_alike_have_no_refs(self) -> None:
        assert V1.encode_push("realtime:t", "presence_diff", {"joins": {}}) == (
            b'{"ref":null,"event":"presence_diff","payload":{"joins":{}},"topic":"realtime:t"}'
        )
        assert V2.encode_push("realtime:t", "presence_diff", {"joins": {}}) == (
            b'[null,null,"realtime:t","presence_diff",{"joins":{}}]'
        )
        assert V2.encode_push("realtime:t", "presence_state", {}, join_ref="5") == (
            b'["5",null,"realtime:t","presence_state",{}]'
        )

    def test_changes_are_spliced_verbatim(self) -> None:
        data = b'{"n":9007199254740993.10}'

        before, after = V1.changes_envelope("realtime:t", (3, 9))
        assert before + data + after == (
            b'{"ref":null,"event":"postgres_changes","payload":{"ids":[3,9],"data":'
            b'{"n":9007199254740993.10}},"topic":"realtime:t"}'
        )
        before, after = V2.changes_envelope("realtime:t", (3, 9))
        assert before + data + after == (
            b'[null,null,"realtime:t","postgres_changes",{"ids":[3,9],"data":'
            b'{"n":9007199254740993.10}}]'
        )


class TestBroadcasts:
    """What receivers of either version get of each kind of broadcast."""

    def test_verbatim_is_text_for_both(self) -> None:
        content = VerbatimBroadcast(payload=b'{"event":"e","x":1}')

        assert V1.encode_broadcast("realtime:t", content) == EncodedMessage(
            b'{"ref":null,"event":"broadcast","payload":{"event":"e","x":1},"topic":"realtime:t"}'
        )
        assert V2.encode_broadcast("realtime:t", content) == EncodedMessage(
            b'[null,null,"realtime:t","broadcast",{"event":"e","x":1}]'
        )

    @pytest.mark.parametrize(
        ("meta", "header", "text"),
        [
            (b"", b"\x04\x0a\x03\x00\x01", b""),
            (b'{"id":"5"}', b"\x04\x0a\x03\x0a\x01", b',"meta":{"id":"5"}'),
        ],
    )
    def test_an_event_of_json(self, meta: bytes, header: bytes, text: bytes) -> None:
        content = EventBroadcast(event="é!", payload=b'{"n": 1}', is_json=True, meta=meta)

        assert V2.encode_broadcast("realtime:t", content) == EncodedMessage(
            header + "realtime:té!".encode() + meta + b'{"n": 1}', is_binary=True
        )
        assert V1.encode_broadcast("realtime:t", content) == EncodedMessage(
            b'{"ref":null,"event":"broadcast","payload":{"event":'
            + '"é!"'.encode()
            + text
            + b',"payload":{"n": 1},"type":"broadcast"},"topic":"realtime:t"}'
        )

    def test_an_event_of_bytes_is_for_version_two_alone(self) -> None:
        content = EventBroadcast(event="e", payload=b"\x00\xff", is_json=False)

        assert V1.encode_broadcast("realtime:t", content) is None
        assert V2.encode_broadcast("realtime:t", content, join_ref="5") == EncodedMessage(
            b"\x04\x0a\x01\x00\x00realtime:te\x00\xff", is_binary=True
        )

    def test_json_for_one_join_is_text_that_names_it(self) -> None:
        content = EventBroadcast(event="e", payload=b"1", is_json=True, meta=b'{"replayed":true}')

        assert V2.encode_broadcast("realtime:t", content, join_ref="5") == EncodedMessage(
            b'["5",null,"realtime:t","broadcast",'
            b'{"event":"e","meta":{"replayed":true},"payload":1,"type":"broadcast"}]'
        )

    def test_names_that_do_not_fit_a_binary_frame(self) -> None:
        event = "é" * 128
        as_json = EventBroadcast(event=event, payload=b"1", is_json=True)
        as_bytes = EventBroadcast(event=event, payload=b"1", is_json=False)

        encoded = V2.encode_broadcast("realtime:t", as_json)

        assert encoded is not None
        assert not encoded.is_binary
        assert json.loads(encoded.data)[4]["event"] == event
        assert V2.encode_broadcast("realtime:t", as_bytes) is None
