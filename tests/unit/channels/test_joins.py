from __future__ import annotations

from typing import Any

import pytest

from slotcast.channels.protocol import joins
from slotcast.channels.protocol.joins import (
    BINDING_ID_LIMIT,
    BINDING_LIMIT,
    JoinRequest,
    binding_id,
    parse_join,
    parse_token_push,
)
from slotcast.channels.protocol.serializers import UserBroadcast
from slotcast.errors import ProtocolError

APPOINTMENTS: dict[str, Any] = {"event": "*", "schema": "public", "table": "appointments"}


def join(**config: Any) -> JoinRequest:
    return parse_join({"config": config})


def parse_bindings(*bindings: Any) -> tuple[joins.BindingRequest, ...]:
    return join(postgres_changes=list(bindings)).bindings


class TestOptions:
    def test_everything_a_client_can_ask_for(self) -> None:
        request = parse_join(
            {
                "config": {
                    "broadcast": {
                        "ack": True,
                        "self": True,
                        "replay": {"since": 1767225600000, "limit": 10},
                        "replication_ready": True,
                    },
                    "presence": {"key": "customer-12", "enabled": True},
                    "postgres_changes": [APPOINTMENTS],
                    "postgres_changes_options": {"wait": True, "timeout": 8000},
                    "private": True,
                },
                "access_token": "jwt",
            }
        )

        assert request == JoinRequest(
            bindings=parse_bindings(APPOINTMENTS),
            access_token="jwt",
            is_private=True,
            wants_acknowledgement=True,
            wants_own_broadcasts=True,
            wants_replication_ready=True,
            replay={"since": 1767225600000, "limit": 10},
            wants_presence=True,
            presence_key="customer-12",
            wait_s=8.0,
        )

    @pytest.mark.parametrize("payload", [{}, {"config": {}}, {"config": None}, None, [], "x", 7])
    def test_what_is_missing_has_its_default(self, payload: Any) -> None:
        assert parse_join(payload) == JoinRequest()

    def test_the_payload_of_a_binary_frame_is_no_join(self) -> None:
        payload = UserBroadcast(event="e", payload=b"{}", is_json=True, metadata={})

        assert parse_join(payload) == JoinRequest()
        assert parse_token_push(payload) is None

    @pytest.mark.parametrize("value", [True, "true", "TRUE", "True"])
    def test_flags_may_be_strings(self, value: Any) -> None:
        assert join(private=value).is_private

    @pytest.mark.parametrize("value", [False, "false", "FALSE", "maybe", "", 1, 0, None, {}, []])
    def test_whatever_is_not_clearly_on_is_off(self, value: Any) -> None:
        assert not join(private=value).is_private

    def test_wrong_types_count_as_defaults(self) -> None:
        request = join(
            broadcast={"self": 1},
            presence={"key": 5, "enabled": "maybe"},
            postgres_changes=None,
            postgres_changes_options="soon",
        )

        assert request == JoinRequest()

    def test_an_empty_presence_key_is_none(self) -> None:
        assert join(presence={"key": ""}).presence_key is None

    @pytest.mark.parametrize(
        ("options", "wait_s"),
        [
            ({"wait": True}, 15.0),
            ({"wait": "true", "timeout": "8000"}, 15.0),
            ({"wait": True, "timeout": True}, 15.0),
            ({"wait": True, "timeout": 0}, 15.0),
            ({"wait": True, "timeout": -5}, 15.0),
            ({"wait": True, "timeout": 250.5}, 0.2505),
            ({"wait": True, "timeout": 60000}, 20.0),
            ({"wait": True, "timeout": 10**400}, 20.0),
            ({"wait": False, "timeout": 8000}, None),
            ({"timeout": 8000}, None),
        ],
    )
    def test_waiting_is_bounded(self, options: dict[str, Any], wait_s: float | None) -> None:
        assert join(postgres_changes_options=options).wait_s == wait_s


class TestTokens:
    @pytest.mark.parametrize(
        ("payload", "token"),
        [
            ({"access_token": "jwt"}, "jwt"),
            ({"user_token": "jwt"}, "jwt"),
            ({"access_token": "jwt", "user_token": "other"}, "jwt"),
            ({"access_token": "", "user_token": "jwt"}, "jwt"),
            ({"access_token": "sb_publishable_x"}, None),
            ({"access_token": ""}, None),
            ({"access_token": None}, None),
            ({"access_token": 5}, None),
        ],
    )
    def test_a_join_without_a_users_token_uses_the_key(
        self, payload: Any, token: str | None
    ) -> None:
        assert parse_join(payload).access_token == token

    @pytest.mark.parametrize(
        "payload", [{}, None, {"access_token": None}, {"access_token": "sb_x"}]
    )
    def test_pushes_without_a_users_token_are_ignored(self, payload: Any) -> None:
        assert parse_token_push(payload) is None

    def test_an_empty_token_is_pushed_to_be_refused(self) -> None:
        assert parse_token_push({"access_token": ""}) == ""
        assert parse_token_push({"access_token": "jwt"}) == "jwt"


class TestBindings:
    def test_the_echo_is_the_clients_object_with_an_id(self) -> None:
        requested = {"event": "insert", "extra": ["kept"], "filter": None, "table": "t"}

        (binding,) = parse_bindings(requested)

        assert binding.echo() == {**requested, "id": binding.id}
        assert binding.requested == requested

    def test_a_client_cannot_choose_its_id(self) -> None:
        (binding,) = parse_bindings({**APPOINTMENTS, "id": 7})

        assert binding.echo()["id"] == binding.id

    def test_null_entries_are_dropped_and_the_order_kept(self) -> None:
        bindings = parse_bindings(None, APPOINTMENTS, None, {**APPOINTMENTS, "event": "INSERT"}, 5)

        assert [binding.event for binding in bindings] == ["*", "INSERT"]

    @pytest.mark.parametrize(
        ("event", "expected"),
        [
            ("insert", "INSERT"),
            ("Update", "UPDATE"),
            ("DELETE", "DELETE"),
            ("*", "*"),
            ("bogus", "*"),
            (None, "*"),
            (5, "*"),
        ],
    )
    def test_events_are_case_insensitive_and_all_by_default(
        self, event: Any, expected: str
    ) -> None:
        (binding,) = parse_bindings({"event": event, "table": "t"})

        assert binding.event == expected

    def test_names_of_the_wrong_type_are_not_given(self) -> None:
        (binding,) = parse_bindings({"schema": 5, "table": ["t"]})

        assert (binding.schema, binding.table) == (None, None)

    def test_a_filter_of_the_wrong_type_is_not_ignored(self) -> None:
        (binding,) = parse_bindings({"table": "t", "filter": {"id": 5}})

        assert binding.filter == '{"id":5}'

    def test_selected_columns_are_given_as_sent(self) -> None:
        assert [
            binding.select for binding in parse_bindings({"select": ["id"]}, {"select": "id"}, {})
        ] == [["id"], "id", None]

    def test_too_many_are_refused(self) -> None:
        assert len(parse_bindings(*[APPOINTMENTS] * BINDING_LIMIT)) == BINDING_LIMIT

        with pytest.raises(ProtocolError, match="BindingLimitReached: 1001 postgres_changes"):
            parse_bindings(*[APPOINTMENTS] * (BINDING_LIMIT + 1))

    def test_too_long_ones_are_refused(self) -> None:
        with pytest.raises(ProtocolError, match=r"BindingLimitReached: .* 262144 bytes"):
            parse_bindings({"filter": "x" * 262144})


class TestBindingIds:
    def test_ids_are_the_same_in_every_process(self) -> None:
        # Clients keep ids while servers are replaced: these values must never change.
        assert binding_id(APPOINTMENTS) == 83022505
        assert binding_id({}) == 72175995

    def test_the_order_of_keys_does_not_matter(self) -> None:
        reordered = dict(reversed(APPOINTMENTS.items()))

        assert binding_id(APPOINTMENTS) == binding_id(reordered)

    def test_equal_bindings_share_an_id_and_others_do_not(self) -> None:
        first, second, third = parse_bindings(
            APPOINTMENTS, {**APPOINTMENTS}, {**APPOINTMENTS, "event": "INSERT"}
        )

        assert first.id == second.id != third.id

    def test_ids_are_in_range(self) -> None:
        ids = {binding_id({"filter": f"id=eq.{number}"}) for number in range(2000)}

        assert min(ids) > 0
        assert max(ids) < BINDING_ID_LIMIT
        assert len(ids) >= 1990

    def test_a_collision_moves_the_later_binding(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(joins, "BINDING_ID_LIMIT", 4)
        requested: list[dict[str, Any]] = [{"table": name} for name in "abc"]

        ids = [binding.id for binding in parse_bindings(*requested)]
        again = [binding.id for binding in parse_bindings(*requested)]

        assert sorted(ids) == [1, 2, 3]
        assert ids == again
