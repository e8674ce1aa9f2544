"""Snapshots and the change stream, put together in whatever order they arrive."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from slotcast_client import Appointment, Delete, Deleted, Insert, Inserted, Update, Updated
from slotcast_client.scopes import Scope
from slotcast_client.store import GRACE_S, TOMBSTONES_KEPT, Store

if TYPE_CHECKING:
    from slotcast_client import Change
    from slotcast_client.store import Mark

OLGA = UUID(int=1)
SAMIR = UUID(int=2)
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
OLGAS = Scope(column="team_member_id", id=OLGA)
LATER_S = 10 * GRACE_S
"""A time after which statements see what was streamed at 0."""


def row(number: int = 1, version: int = 1, **changes: Any) -> Appointment:
    values: dict[str, Any] = {
        "id": UUID(int=1000 + number),
        "workspace_id": UUID(int=9),
        "customer_id": None,
        "contact_id": None,
        "team_member_id": OLGA,
        "service_id": None,
        "customer_name": f"version {version}",
        "start_time": NOON,
        "end_time": NOON + timedelta(hours=1),
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 0,
        "status": "pending",
        "price_cents": None,
        "currency": None,
        "notes": None,
        "cancel_reason": None,
        "allow_overlap": False,
        "version": version,
        "mutation_id": None,
        "created_by": None,
        "updated_by": None,
        "created_at": NOON,
        "updated_at": NOON,
        **changes,
    }
    return Appointment(**values)


def at(moment: int) -> datetime:
    return NOON + timedelta(milliseconds=moment)


def insert(new: Appointment, moment: int = 0) -> Insert:
    return Insert(new=new, committed_at=at(moment))


def update(new: Appointment, moment: int = 0) -> Update:
    return Update(new=new, old=None, committed_at=at(moment))


def delete(old: Appointment, moment: int = 0, *, key_only: bool = False) -> Delete:
    return Delete(id=old.id, old=None if key_only else old, committed_at=at(moment))


def store_with(*rows: Appointment) -> Store:
    store = Store(OLGAS)
    store.replace(rows, store.mark(now_s=0))
    return store


def test_a_change_says_what_became_of_the_rows() -> None:
    store = Store(OLGAS)

    events = [
        store.apply(change, now_s=0)
        for change in (insert(row()), update(row(version=2)), delete(row(version=2)))
    ]

    assert events == [
        Inserted(row()),
        Updated(row(), row(version=2)),
        Deleted(row(version=2)),
    ]
    assert store.rows == {}


def test_what_is_not_newer_than_what_is_known_is_a_repetition() -> None:
    store = store_with(row(version=3))

    assert store.apply(insert(row()), now_s=0) is None
    assert store.apply(update(row(version=2)), now_s=0) is None
    assert store.apply(update(row(version=3)), now_s=0) is None
    assert store.rows[row().id].version == 3


def test_a_deletion_of_an_older_row_than_the_snapshot_has_is_late() -> None:
    store = store_with(row(version=3))

    assert store.apply(delete(row(version=2)), now_s=0) is None
    assert len(store.rows) == 1


def test_a_row_that_was_inserted_anew_is_newer_whatever_its_version() -> None:
    store = store_with(row(version=7))
    anew = row(created_at=NOON + timedelta(hours=1))

    assert store.apply(insert(anew), now_s=0) == Updated(row(version=7), anew)
    assert store.apply(delete(row(version=7)), now_s=0) is None


def test_a_deletion_that_tells_the_key_alone_counts() -> None:
    store = store_with(row(version=3))

    assert store.apply(delete(row(), key_only=True), now_s=0) == Deleted(row(version=3))


def test_an_update_of_a_row_that_is_not_held_brings_it() -> None:
    store = Store(OLGAS)

    assert store.apply(update(row(version=5)), now_s=0) == Inserted(row(version=5))


def test_an_update_that_takes_a_row_out_of_the_scope_deletes_it() -> None:
    store = store_with(row())
    moved = row(version=2, team_member_id=SAMIR)

    assert store.apply(update(moved), now_s=0) == Deleted(row())
    assert store.apply(update(row(version=3)), now_s=0) == Inserted(row(version=3))


def test_times_bound_the_scope() -> None:
    scope = Scope(column="team_member_id", id=OLGA, starting=NOON, before=NOON + timedelta(hours=1))
    store = Store(scope)

    first = store.apply(insert(row()), now_s=0)
    late = store.apply(insert(row(2, start_time=NOON + timedelta(hours=1))), now_s=0)
    early = store.apply(update(row(version=2, start_time=NOON - timedelta(seconds=1))), now_s=0)

    assert (first, late, early) == (Inserted(row()), None, Deleted(row()))


def test_an_update_that_comes_after_the_deletion_does_not_revive() -> None:
    store = store_with(row())
    store.apply(delete(row(version=2), 5), now_s=0)

    assert store.apply(update(row(version=2), 4), now_s=0) is None


def test_an_update_after_a_deletion_by_key_alone_does_not_revive() -> None:
    store = Store(OLGAS)
    store.apply(delete(row(), 5, key_only=True), now_s=0)

    assert store.apply(update(row(version=2), 5), now_s=0) is None
    assert store.apply(update(row(version=2), 6), now_s=0) == Inserted(row(version=2))


def test_an_insert_that_was_committed_after_the_deletion_revives() -> None:
    store = store_with(row(version=7))
    store.apply(delete(row(version=7), 5), now_s=0)

    assert store.apply(insert(row(), 4), now_s=0) is None  # told again after a restart
    assert store.apply(insert(row(), 6), now_s=0) == Inserted(row())  # undone


def test_what_a_snapshot_misses_has_gone_and_what_it_has_is_new() -> None:
    store = store_with(row(1), row(2), row(3))

    merged = store.replace([row(2), row(3, version=4), row(4)], store.mark(now_s=0))

    assert merged.events == [Deleted(row(1)), Updated(row(3), row(3, version=4)), Inserted(row(4))]
    assert not merged.is_doubtful
    assert set(store.rows.values()) == {row(2), row(3, version=4), row(4)}


def test_what_the_stream_said_after_the_mark_beats_the_snapshot() -> None:
    store = store_with(row(1), row(2))
    mark = store.mark(now_s=LATER_S)
    store.apply(update(row(1, version=2)), now_s=LATER_S)
    store.apply(delete(row(2)), now_s=LATER_S)
    store.apply(insert(row(3)), now_s=LATER_S)

    merged = store.replace([row(1), row(2)], mark)

    assert merged.events == []
    assert set(store.rows.values()) == {row(1, version=2), row(3)}


def test_a_snapshot_may_lag_behind_what_the_stream_said_just_before() -> None:
    store = store_with(row(1), row(2))
    store.apply(update(row(1, version=2)), now_s=LATER_S)
    store.apply(delete(row(2)), now_s=LATER_S)
    store.apply(insert(row(3)), now_s=LATER_S)

    first = store.replace([row(1), row(2)], store.mark(now_s=LATER_S))
    kept = set(store.rows.values())
    second = store.replace([row(1), row(2)], store.mark(now_s=2 * LATER_S))

    assert first.is_doubtful
    assert kept == {row(1, version=2), row(3)}
    assert not second.is_doubtful
    assert set(store.rows.values()) == {row(1), row(2)}


def test_a_snapshot_that_agrees_with_the_stream_leaves_no_doubt() -> None:
    store = Store(OLGAS)
    store.apply(insert(row()), now_s=LATER_S)

    merged = store.replace([row(version=2)], store.mark(now_s=LATER_S))

    assert merged.events == [Updated(row(), row(version=2))]
    assert not merged.is_doubtful


def test_rows_of_other_scopes_in_a_snapshot_are_left_out() -> None:
    store = Store(OLGAS)

    store.replace([row(), row(2, team_member_id=SAMIR)], store.mark(now_s=0))

    assert list(store.rows.values()) == [row()]


def test_columns_that_are_not_known_do_not_make_rows_differ() -> None:
    store = store_with(row(extra={"colour": "red"}))

    assert store.replace([row()], store.mark(now_s=0)).events == []


def test_the_memory_of_what_has_gone_is_bounded() -> None:
    store = Store(OLGAS)
    for number in range(TOMBSTONES_KEPT + 1):
        store.apply(delete(row(number)), now_s=0)

    assert store.apply(update(row(TOMBSTONES_KEPT)), now_s=0) is None
    assert store.apply(update(row(0)), now_s=0) == Inserted(row(0))


@dataclass(slots=True)
class Reading:
    """A snapshot on its way: what it saw, and the mark from before."""

    mark: Mark
    rows: list[Appointment]


@dataclass(slots=True)
class Server:
    """The table as statements see it, and its log as the stream tells it."""

    rows: dict[UUID, Appointment] = field(default_factory=dict[UUID, Appointment])
    log: list[Change] = field(default_factory=list["Change"])
    states: list[dict[UUID, Appointment]] = field(
        default_factory=lambda: [dict[UUID, Appointment]()]
    )

    def commit(self, change: Change) -> None:
        match change:
            case Insert() | Update():
                self.rows[change.new.id] = change.new
            case Delete():
                del self.rows[change.id]
        self.log.append(change)
        self.states.append(dict(self.rows))


class World:
    """
    A server that commits, a stream that tells of it late and gets lost, snapshots on their way.

    A consumer does with its own rows what the events say.
    """

    def __init__(self) -> None:
        self.server = Server()
        self.store = Store(OLGAS)
        self.consumer: dict[UUID, Appointment] = {}
        self.told_count = 0  # changes of the log that the stream has told
        self.seen_count = 0  # changes of the log that a statement has seen
        self.is_latest_told_now = False
        self.is_doubtful = False
        self.reading: Reading | None = None
        self.now_s = 0.0

    def write(self, number: int, member: UUID) -> None:
        """Insert, or update, perhaps to another team member."""
        known = self.server.rows.get(row(number).id)
        moment = len(self.server.log)
        if known is None:
            new = row(number, team_member_id=member, created_at=at(moment))
            self._commit(insert(new, moment))
        else:
            new = replace(
                known,
                version=known.version + 1,
                customer_name=f"version {known.version + 1}",
                team_member_id=member,
            )
            self._commit(update(new, moment))

    def remove(self, number: int, key_only: bool) -> None:
        known = self.server.rows.get(row(number).id)
        if known is not None:
            self._commit(delete(known, len(self.server.log), key_only=key_only))

    def tell(self, count: int) -> None:
        """Let the stream tell of some changes."""
        for change in self.server.log[self.told_count : self.told_count + count]:
            self.told_count += 1
            self.is_latest_told_now = self.told_count == len(self.server.log)
            event = self.store.apply(change, now_s=self.now_s)
            self._happen(event)
            if isinstance(event, Updated):
                old, new = event.old, event.new
                assert (new.created_at, new.version) > (old.created_at, old.version)

    def wait(self) -> None:
        self.now_s += LATER_S
        self.is_latest_told_now = False

    def rejoin(self, repeated_count: int) -> None:
        """
        Lose the connection, and come back: what was not told yet is skipped.

        After a crash of the server, some changes are told again. A snapshot is read anew.
        """
        self.wait()
        self.told_count = max(0, len(self.server.log) - repeated_count)
        self.reading = None
        self.ask(lag=0)

    def ask(self, lag: int) -> None:
        """Read a snapshot, unless one is on its way; it may lag behind what was just told."""
        if self.reading is None:
            newest = len(self.server.log)
            lagging = newest - lag if self.is_latest_told_now else newest
            self.seen_count = max(self.seen_count, lagging)
            state = self.server.states[self.seen_count]
            shown = [found for found in state.values() if OLGAS.holds(found)]
            self.reading = Reading(self.store.mark(now_s=self.now_s), shown)

    def receive(self) -> None:
        if self.reading is not None:
            merged = self.store.replace(self.reading.rows, self.reading.mark)
            self.reading = None
            self.is_doubtful = merged.is_doubtful
            for event in merged.events:
                self._happen(event)

    def settle(self) -> None:
        """Let everything arrive; read again only if the store is in doubt."""
        self.tell(len(self.server.log))
        self.receive()
        if self.is_doubtful:
            self.wait()
            self.ask(lag=0)
            self.receive()

    def _commit(self, change: Change) -> None:
        self.server.commit(change)
        self.is_latest_told_now = False

    def _happen(self, event: object) -> None:
        match event:
            case Inserted(new):
                assert new.id not in self.consumer
                self.consumer[new.id] = new
            case Updated(old, new):
                assert self.consumer[old.id] == old
                self.consumer[new.id] = new
            case Deleted(old):
                assert self.consumer.pop(old.id) == old
            case _:
                assert event is None


NUMBERS = st.integers(1, 2)
STEPS = st.one_of(
    st.tuples(st.just(World.write), NUMBERS, st.sampled_from([OLGA, SAMIR])),
    st.tuples(st.just(World.write), NUMBERS, st.just(OLGA)),
    st.tuples(st.just(World.remove), NUMBERS, st.booleans()),
    st.tuples(st.just(World.tell), st.integers(1, 3)),
    st.tuples(st.just(World.tell), st.just(100)),
    st.tuples(st.just(World.ask), st.integers(0, 1)),
    st.tuples(st.just(World.receive)),
    st.tuples(st.just(World.wait)),
    st.tuples(st.just(World.rejoin), st.integers(0, 4)),
)


@settings(max_examples=400, deadline=None)
@given(steps=st.lists(STEPS, max_size=30))
def test_whatever_the_order_all_agree_in_the_end(steps: list[tuple[Any, ...]]) -> None:
    world = World()
    for step, *arguments in steps:
        step(world, *arguments)
        assert world.consumer == world.store.rows

    world.settle()

    expected = [found for found in world.server.rows.values() if OLGAS.holds(found)]
    assert world.store.rows == {found.id: found for found in expected}
    assert world.consumer == world.store.rows
