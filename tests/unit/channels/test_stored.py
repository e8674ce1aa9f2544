from __future__ import annotations

import pytest

from slotcast.changes import Change, Column, Operation, Relation, ReplicaIdentity, Value
from slotcast.channels.stored import stored_broadcast
from slotcast.channels.topics import TopicKey

ROW: dict[str, Value] = {
    "topic": b"room-1",
    "extension": b"broadcast",
    "payload": b'{"n": 1}',
    "binary_payload": None,
    "event": b"created",
    "private": b"t",
    "id": b"00000000-0000-4000-8000-000000000001",
}


def change(
    operation: Operation = Operation.INSERT, schema: str = "realtime", **values: Value
) -> Change:
    row = {**ROW, **values}
    columns = tuple(
        Column(name=name, type_oid=25, type_modifier=-1, is_key=name == "id") for name in row
    )
    relation = Relation(
        oid=1,
        schema=schema,
        name="messages",
        replica_identity=ReplicaIdentity.DEFAULT,
        columns=columns,
    )
    return Change(operation=operation, relation=relation, new=tuple(row.values()), old=None)


def test_a_row_is_a_broadcast_to_its_topic() -> None:
    found = stored_broadcast(change())

    assert found is not None
    key, message = found
    assert key == TopicKey(name="room-1", is_private=True)
    assert (message.id, message.event) == ("00000000-0000-4000-8000-000000000001", "created")
    assert (message.payload, message.is_json) == (b'{"n": 1}', True)


def test_a_row_that_is_not_private_is_for_the_public_topic() -> None:
    found = stored_broadcast(change(private=b"f"))

    assert found is not None
    assert not found[0].is_private


def test_a_row_with_bytes_is_binary() -> None:
    found = stored_broadcast(change(payload=None, binary_payload=b"\\x00ff"))

    assert found is not None
    assert (found[1].payload, found[1].is_json) == (b"\x00\xff", False)


def test_a_row_without_any_payload_is_null() -> None:
    found = stored_broadcast(change(payload=None, event=None))

    assert found is not None
    assert (found[1].payload, found[1].event) == (b"null", "")


@pytest.mark.parametrize(
    "other",
    [
        change(Operation.UPDATE),
        change(Operation.DELETE),
        change(schema="public"),
        change(extension=b"presence"),
    ],
)
def test_nothing_else_is_a_broadcast(other: Change) -> None:
    assert stored_broadcast(other) is None
