"""Delivery to those on whom the judge rules at once, and to others."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psycopg_pool import AsyncConnectionPool

from slotcast.changes import (
    Change,
    Column,
    Image,
    Operation,
    Relation,
    ReplicaIdentity,
    TransactionSlice,
)
from slotcast.claims import Claims
from slotcast.fanout.hub import Hub
from slotcast.fanout.payloads import TableLayout
from slotcast.fanout.subscriptions import Binding, Subscription
from slotcast.fanout.tables import TableVersion, TableVersions
from slotcast.lsn import Lsn
from slotcast.postgres.types import TypeCatalog
from slotcast.snapshots import Snapshot
from slotcast.verdicts import Party, Ruling, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Mapping, Sequence

    from slotcast.verdicts import Question

TEXT = 25
NOTES = Relation(
    oid=1,
    schema="public",
    name="notes",
    replica_identity=ReplicaIdentity.FULL,
    columns=tuple(
        Column(name=name, type_oid=TEXT, type_modifier=-1, is_key=True) for name in ("id", "body")
    ),
)
READABLE = frozenset({"id", "body"})
VISIBLE = Ruling(verdict=Verdict.VISIBLE, readable=READABLE)
HIDDEN = Ruling(verdict=Verdict.HIDDEN, readable=READABLE)


class KnownTable(TableVersions):
    """Knows the one table without PostgreSQL."""

    def __init__(self) -> None:
        super().__init__(publication="p", private_publication="q")
        types = TypeCatalog(())
        layout = TableLayout(NOTES, primary_key={"id"}, types=types)
        self._version = TableVersion(NOTES, NOTES, layout, types)

    def known(self, source: Relation) -> TableVersion:
        assert source is NOTES
        return self._version


@dataclass
class ScriptedJudge:
    """
    Says of each user what the test says.

    Attributes:
        rulings: On the row that decides, for each viewer.
        old_rulings: On the old row; those who are not here get what *rulings* has.
        certain: On whom it rules at once.
        may_answer: Whether questions are answered already.
        asked: Whom it was asked about, question by question.
    """

    rulings: dict[Claims, Ruling]
    old_rulings: dict[Claims, Ruling] = field(default_factory=dict[Claims, Ruling])
    certain: set[Claims] = field(default_factory=set[Claims])
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[frozenset[Claims]] = field(default_factory=list[frozenset[Claims]])

    async def judge(
        self,
        questions: Sequence[Question],
        *,
        after: Collection[int] = (),  # noqa: ARG002 - the seam's
    ) -> list[Mapping[Claims, Ruling]]:
        self.asked += [question.viewers for question in questions]
        self.was_asked.set()
        await self.may_answer.wait()
        return [
            {claims: self._ruling(question.image, claims) for claims in question.viewers}
            for question in questions
        ]

    def _ruling(self, image: Image, claims: Claims) -> Ruling:
        if image[1] == b"old" and claims in self.old_rulings:
            return self.old_rulings[claims]
        return self.rulings[claims]

    def parties(self, change: Change) -> list[Party]:
        has_old = change.operation is Operation.UPDATE and change.old is not None
        return [
            Party(
                viewers=[claims],
                ruling=VISIBLE if claims in self.certain else None,
                old_ruling=self.old_rulings.get(claims) if has_old else None,
            )
            for claims, ruling in self.rulings.items()
            if ruling.verdict is Verdict.VISIBLE
        ]

    def retain(self, claims: Claims) -> None: ...

    def release(self, claims: Claims) -> None: ...

    async def admit(self, relations: Sequence[Relation], viewers: Collection[Claims]) -> None: ...

    async def refresh(self) -> None: ...

    def concerns(self, slices: Sequence[TransactionSlice]) -> bool:  # noqa: ARG002 - the seam's
        return False

    async def follow(self, slices: Sequence[TransactionSlice]) -> None: ...


@dataclass(eq=False)
class Channel:
    """A recipient that keeps what it gets."""

    encoding: Hashable = ""
    got: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def frame(self, ids: Sequence[int], data: bytes) -> bytes:
        return json.dumps({"ids": list(ids), "data": json.loads(data)}).encode()

    def send(self, frame: bytes, /) -> None:
        self.got.append(json.loads(frame))

    def warn(self, message: str) -> None:
        raise AssertionError(message)

    def seen(self, image: str = "record") -> list[Any]:
        return [message["data"][image] for message in self.got]


def user(number: int) -> Claims:
    return Claims(role="authenticated", document=str(number))


async def hub_of(judge: ScriptedJudge) -> Hub:
    return Hub(
        AsyncConnectionPool(open=False),  # nothing may be asked of it
        judge,
        versions=KnownTable(),
        record_limit_bytes=10_000,
        supabase_deletes=False,
        recovery_window_s=0,
        recovery_limit_bytes=0,
        on_delay=lambda: None,
    )


NOTES_BINDING = Binding(id=1, event="*", schema="public", table="notes", conditions=(), select=None)


async def subscribe(
    hub: Hub, claims: Claims, *bindings: Binding, seen: Snapshot | None = None
) -> tuple[Subscription, Channel]:
    channel = Channel()
    subscription = Subscription(channel, bindings or [NOTES_BINDING], claims)
    subscription.seen = seen
    await hub.add(subscription)
    return subscription, channel


def transaction(new: Image | None, old: Image | None = None, number: int = 1) -> TransactionSlice:
    operation = Operation.INSERT
    if old is not None:
        operation = Operation.DELETE if new is None else Operation.UPDATE
    return TransactionSlice(
        xid=number,
        commit_lsn=Lsn(number),
        end_lsn=Lsn(number + 1),
        committed_at=datetime(2026, 11, 23, tzinfo=UTC),
        changes=(Change(operation=operation, relation=NOTES, new=new, old=old),),
    )


async def test_who_is_known_is_not_asked_about_again() -> None:
    judge = ScriptedJudge({user(0): VISIBLE, user(1): VISIBLE, user(2): HIDDEN})
    judge.may_answer.set()
    hub = await hub_of(judge)
    channels = [(await subscribe(hub, user(number)))[1] for number in range(3)]

    await hub.deliver([transaction((b"1", b"first"))])
    judge.certain = {user(0)}
    await hub.deliver([transaction((b"2", b"second"), number=2)])

    assert judge.asked == [frozenset({user(0), user(1), user(2)}), frozenset({user(1)})]
    both = [{"id": "1", "body": "first"}, {"id": "2", "body": "second"}]
    assert [channel.seen() for channel in channels] == [both, both, []]


async def test_the_id_of_its_transaction_comes_with_a_change_for_those_who_asked() -> None:
    judge = ScriptedJudge({user(0): VISIBLE, user(1): VISIBLE}, certain={user(0)})
    judge.may_answer.set()
    hub = await hub_of(judge)
    with_xid = replace(NOTES_BINDING, id=2, has_xid=True)
    epoch = 2**32
    seen = Snapshot.parse(f"{epoch}:{epoch}:", Lsn(0))
    channels = [
        (await subscribe(hub, user(number), NOTES_BINDING, with_xid, seen=seen))[1]
        for number in range(2)
    ]
    await hub.deliver([transaction((b"1", b"first"), number=7)])

    await hub.deliver([transaction((b"2", b"second"), number=epoch - 3)])

    for channel in channels:
        assert [(got["ids"], got["data"].get("xid")) for got in channel.got] == [
            ([1], None),
            ([2], epoch + 7),
            ([1], None),
            ([2], epoch - 3),
        ]
        both = channel.got[1]["data"]
        del both["xid"]
        assert both == channel.got[0]["data"]


async def test_old_values_are_for_those_who_saw_the_old_row() -> None:
    judge = ScriptedJudge(
        {user(0): VISIBLE, user(1): VISIBLE},
        old_rulings={user(0): VISIBLE, user(1): HIDDEN},
        certain={user(0), user(1)},
    )
    judge.may_answer.set()
    hub = await hub_of(judge)
    channels = [(await subscribe(hub, user(number)))[1] for number in range(2)]
    await hub.deliver([transaction((b"0", b"new"))])

    await hub.deliver([transaction((b"1", b"new"), (b"1", b"old"), number=2)])

    assert len(judge.asked) == 1
    olds = [channel.got[1]["data"]["old_record"] for channel in channels]
    assert olds == [{"id": "1", "body": "old"}, {"id": "1"}]


async def test_who_becomes_somebody_else_while_a_change_is_on_its_way_is_ruled_on_again() -> None:
    judge = ScriptedJudge({user(0): VISIBLE, user(1): HIDDEN, user(2): VISIBLE, user(3): VISIBLE})
    judge.may_answer.set()
    hub = await hub_of(judge)
    subscription, channel = await subscribe(hub, user(0))
    _, steady = await subscribe(hub, user(2))
    await hub.deliver([transaction((b"1", b"first"))])
    judge.certain = {user(0), user(2)}
    _, newcomer = await subscribe(hub, user(3))
    judge.may_answer.clear()
    judge.was_asked.clear()

    delivery = asyncio.create_task(hub.deliver([transaction((b"2", b"second"), number=2)]))
    await judge.was_asked.wait()  # about the newcomer
    hub.change_claims(subscription, user(1))
    judge.may_answer.set()
    await delivery

    assert channel.seen() == [{"id": "1", "body": "first"}]
    assert [each["id"] for each in steady.seen()] == ["1", "2"]
    assert [each["id"] for each in newcomer.seen()] == ["2"]
