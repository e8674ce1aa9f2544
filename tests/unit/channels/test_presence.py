from __future__ import annotations

import json
from typing import Any

import pytest

from slotcast.channels.presence import (
    Delta,
    PendingDiff,
    Presence,
    TopicPresence,
    encode_fields,
)

NODE = "n1"


def track(presence: TopicPresence, owner: int, key: str, fields: str, ref: str) -> Delta:
    """Track and apply."""
    delta = presence.track(NODE, owner, key, fields, ref)
    assert delta is not None
    presence.apply(delta)
    return delta


def state(presence: TopicPresence) -> Any:
    return json.loads(presence.encode())


class TestState:
    def test_it_is_empty_at_first(self) -> None:
        presence = TopicPresence()

        assert presence.encode() == b"{}"
        assert not presence

    def test_owners_of_one_key_have_a_meta_each(self) -> None:
        presence = TopicPresence()
        track(presence, 1, "ben", '{"x":1}', "a")
        track(presence, 2, "ben", "{}", "b")
        track(presence, 3, 'an"n', '{"y":[]}', "c")

        assert state(presence) == {
            "ben": {"metas": [{"phx_ref": "a", "x": 1}, {"phx_ref": "b"}]},
            'an"n': {"metas": [{"phx_ref": "c", "y": []}]},
        }

    def test_a_new_object_replaces_the_old_one(self) -> None:
        presence = TopicPresence()
        track(presence, 1, "ben", '{"x":1}', "a")

        delta = track(presence, 1, "ben", '{"x":2}', "b")

        assert [left.ref for left in delta.leaves] == ["a"]
        assert state(presence) == {
            "ben": {"metas": [{"phx_ref": "b", "phx_ref_prev": "a", "x": 2}]}
        }

    def test_the_same_object_changes_nothing(self) -> None:
        presence = TopicPresence()
        track(presence, 1, "ben", '{"x":1}', "a")

        assert presence.track(NODE, 1, "ben", '{"x":1}', "b") is None

    def test_who_is_not_present_cannot_go(self) -> None:
        assert TopicPresence().untrack(NODE, 1) is None

    def test_nothing_is_left_of_who_went(self) -> None:
        presence = TopicPresence()
        track(presence, 1, "ben", '{"x":1}', "a")
        assert presence.size_bytes > 0

        gone = presence.untrack(NODE, 1)
        assert gone is not None
        presence.apply(gone)

        assert not presence
        assert presence.size_bytes == 0
        assert presence.encode() == b"{}"

    def test_asking_what_would_change_changes_nothing(self) -> None:
        presence = TopicPresence()

        presence.track(NODE, 1, "ben", "{}", "a")

        assert not presence

    def test_parts_of_nodes_share_nothing(self) -> None:
        ours, theirs = TopicPresence(), TopicPresence()
        here = track(ours, 1, "ben", "{}", "a")
        there = theirs.track("n2", 2, "ann", "{}", "b")
        assert there is not None
        theirs.apply(there)

        ours.apply(there)
        theirs.apply(here)

        assert state(ours) == state(theirs)
        assert ours.untrack(NODE, 2) is None


def present(ref: str, fields: str = "{}") -> Presence:
    return Presence(owner=1, key="k", fields=fields, ref=ref)


class TestDiff:
    def test_an_update_leaves_and_joins(self) -> None:
        diff = PendingDiff()
        diff.add(Delta(node=NODE, leaves=(present("a"),), joins=(present("b", '{"x":1}'),)))

        payload = diff.encode()

        assert payload is not None
        assert json.loads(payload) == {
            "joins": {"k": {"metas": [{"phx_ref": "b", "x": 1}]}},
            "leaves": {"k": {"metas": [{"phx_ref": "a"}]}},
        }

    def test_what_came_and_went_was_never_there(self) -> None:
        diff = PendingDiff()
        diff.add(Delta(node=NODE, joins=(present("a"),)))
        diff.add(Delta(node=NODE, leaves=(present("a"),)))

        assert diff.encode() is None

    def test_of_several_updates_the_first_leaves_and_the_last_joins(self) -> None:
        diff = PendingDiff()
        for former, following in ("ab", "bc", "cd"):
            diff.add(Delta(node=NODE, leaves=(present(former),), joins=(present(following),)))

        assert (list(diff.leaves), list(diff.joins)) == (["a"], ["d"])


@pytest.mark.parametrize(
    ("payload", "fields"),
    [
        ({}, "{}"),
        ({"b": 1, "a": "é"}, '{"a":"é","b":1}'),
        ({"phx_ref": "mine", "phx_ref_prev": "mine", "x": 1}, '{"x":1}'),
    ],
)
def test_fields_are_canonical_and_hold_no_refs(payload: Any, fields: str) -> None:
    assert encode_fields(payload) == fields
