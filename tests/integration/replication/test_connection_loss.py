"""Nothing is lost and nothing comes twice, whatever becomes of the connection."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvloop

from slotcast.errors import DatabaseError
from slotcast.lsn import Lsn
from slotcast.pgoutput import assembler
from slotcast.replication.slot import prepare
from slotcast.replication.stream import Replication, StreamState
from support.postgres import BIN_DIRECTORIES, running_cluster
from support.replication import TIMEOUT_S, Recorder, streaming

from .conftest import session, source_of

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Literal

    from slotcast.changes import Change
    from slotcast.pgoutput.spool import SpoolFile
    from slotcast.postgres.embedded import Cluster

    from .conftest import Source


def keys(changes: list[Change]) -> list[int]:
    """Give the first column of each new row."""
    found: list[int] = []
    for change in changes:
        assert change.new is not None
        assert isinstance(change.new[0], bytes)
        found.append(int(change.new[0]))
    return found


def terminate_walsender(source: Source, slot: str, *, patience_ms: int = 5000) -> None:
    """
    End the walsender of *slot*, and wait until it is gone.

    One whose connection is full goes only when that is read: have no patience then.
    """
    ended = source.ask(
        f"select pg_terminate_backend(active_pid, {patience_ms}) from pg_replication_slots"
        f" where slot_name = '{slot}'"
    )
    assert ended


async def confirmed_past(source: Source, slot: str, lsn: Lsn) -> None:
    """Wait until PostgreSQL knows that everything before *lsn* was confirmed."""
    async with asyncio.timeout(TIMEOUT_S):
        while Lsn.parse(source.confirmed_flush_lsn(slot)) < lsn:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)


@pytest.fixture
def table(source: Source) -> None:
    source.run("create table t (id int primary key, note text)")
    source.run("alter publication live add table t")


@pytest.fixture(params=sorted(BIN_DIRECTORIES))
def own_cluster(request: pytest.FixtureRequest) -> Generator[Cluster]:
    """A cluster that the test may stop."""
    with running_cluster(request.param) as cluster:
        yield cluster


@pytest.mark.usefixtures("table")
async def test_a_terminated_walsender_costs_neither_loss_nor_repetition(
    source: Source, slot_name: str
) -> None:
    async with streaming(source.url, slot=slot_name, replay_window_s=60) as (_, recorder):
        source.run("insert into t values (1)")
        first = await recorder.transaction()
        terminate_walsender(source, slot_name)
        source.run("insert into t values (2)")
        second = await recorder.transaction()

    assert keys(first + second) == [1, 2]
    assert recorder.is_empty


@pytest.mark.usefixtures("table")
async def test_a_transaction_that_was_cut_in_the_middle_goes_on_where_it_was_cut(
    source: Source, slot_name: str
) -> None:
    async with streaming(source.url, slot=slot_name) as (_, recorder):
        recorder.open.clear()
        source.run("insert into t select i, repeat('x', 500) from generate_series(1, 50000) i")
        recorder.open.set()
        changes = list((await recorder.slice()).changes)
        recorder.open.clear()
        terminate_walsender(source, slot_name, patience_ms=0)
        recorder.open.set()
        await recorder.wait_state(StreamState.LOST)
        while not recorder.is_empty:
            piece = await recorder.slice()
            assert piece.end_lsn is None
            changes += piece.changes
        changes += await recorder.transaction()

    assert keys(changes) == list(range(1, 50001))


@pytest.mark.usefixtures("table")
async def test_a_streamed_transaction_in_progress_comes_whole_after_a_loss(
    source: Source, slot_name: str
) -> None:
    url = f"{source.url}?options=-c%20logical_decoding_work_mem%3D64kB"

    async with streaming(url, slot=slot_name) as (_, recorder):
        with session(source.url) as writer:
            writer.run("begin", "insert into t select i, 'x' from generate_series(1, 5000) i")
            source.run("insert into t values (0)")
            before = await recorder.transaction()
            streamed = source.ask(
                f"select stream_txns from pg_stat_replication_slots where slot_name = '{slot_name}'"
            )
            terminate_walsender(source, slot_name)
            await recorder.wait_state(StreamState.LIVE)
            writer.run("insert into t values (5001)", "commit")
            after = await recorder.transaction()

    assert streamed == 1
    assert keys(before) == [0]
    assert keys(after) == list(range(1, 5002))
    assert recorder.is_empty


@pytest.mark.usefixtures("table")
async def test_a_full_disk_holds_a_large_transaction_up_and_does_not_lose_it(
    source: Source, slot_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{source.url}?options=-c%20logical_decoding_work_mem%3D64kB"

    def full(_memory_limit_bytes: int) -> SpoolFile:
        return Path("/dev/full").open("w+b", buffering=0)

    with monkeypatch.context() as disk:
        disk.setattr(assembler, "temporary_file", full)
        async with streaming(url, slot=slot_name) as (_, recorder):
            source.run("insert into t select i, 'x' from generate_series(1, 5000) i")
            await recorder.wait_state(StreamState.LOST)
            disk.undo()
            changes = await recorder.transaction()

    assert keys(changes) == list(range(1, 5001))
    assert recorder.is_empty


@pytest.mark.usefixtures("table")
async def test_many_losses_keep_every_change_once_and_in_order(
    source: Source, slot_name: str
) -> None:
    url = f"{source.url}?options=-c%20logical_decoding_work_mem%3D64kB"
    row_counts = [1, 700, 4000, 3] * 6

    async with streaming(url, slot=slot_name, replay_window_s=0.1) as (_, recorder):
        first = 0
        for number, row_count in enumerate(row_counts):
            last = first + row_count - 1
            source.run(
                "begin; savepoint a;"
                " insert into t select -i, repeat('x', 60) from generate_series(1, 1500) i;"
                " rollback to a;"
                f" insert into t select i, repeat('x', 60) from generate_series({first}, {last}) i;"
                " commit"
            )
            first = last + 1
            if number % 3 == 0:
                source.run(
                    "select pg_terminate_backend(active_pid) from pg_replication_slots"
                    f" where slot_name = '{slot_name}' and active"
                )
            await asyncio.sleep(0)  # The stream runs between the writes.
        transactions = [await recorder.transaction() for _ in row_counts]

    assert StreamState.LOST in recorder.states
    assert [len(changes) for changes in transactions] == row_counts
    assert keys([change for changes in transactions for change in changes]) == list(range(first))
    assert recorder.is_empty


@pytest.mark.usefixtures("table")
async def test_the_slot_is_never_confirmed_past_what_was_handed_over(
    source: Source, slot_name: str
) -> None:
    async with streaming(source.url, slot=slot_name) as (replication, recorder):
        recorder.open.clear()
        before = Lsn.parse(source.ask("select pg_current_wal_lsn()::text"))
        source.run("insert into t values (1)", "insert into t values (2)")
        source.run("select pg_switch_wal()")
        # Whatever the stream would confirm by itself, this makes it do at once.
        terminate_walsender(source, slot_name)
        held_back = Lsn.parse(source.confirmed_flush_lsn(slot_name))
        recorder.open.set()
        await recorder.transaction()
        await recorder.transaction()
        await confirmed_past(source, slot_name, replication.handed_over_lsn)

    assert held_back <= before


@pytest.mark.usefixtures("table")
async def test_status_updates_go_on_while_the_consumer_is_slow(
    source: Source, slot_name: str
) -> None:
    url = f"{source.url}?options=-c%20wal_sender_timeout%3D600ms"

    async with streaming(url, slot=slot_name) as (_, recorder):
        recorder.open.clear()
        source.run("insert into t values (1)")
        await asyncio.sleep(2)  # What is tested is that nothing happens meanwhile.
        recorder.open.set()
        changes = await recorder.transaction()

    assert keys(changes) == [1]
    assert recorder.states == [StreamState.STOPPED]


@pytest.mark.usefixtures("table")
async def test_an_idle_stream_confirms_what_others_write(source: Source, slot_name: str) -> None:
    async with streaming(source.url, slot=slot_name, replay_window_s=0.1):
        source.run("create table unpublished (id int)", "insert into unpublished values (1)")
        written = Lsn.parse(source.ask("select pg_current_wal_lsn()::text"))

        await confirmed_past(source, slot_name, written)


@pytest.mark.usefixtures("table")
async def test_a_crash_delivers_the_last_moments_again_and_a_clean_stop_does_not(
    source: Source, slot_name: str
) -> None:
    async with streaming(source.url, slot=slot_name, replay_window_s=60) as (crashed, recorder):
        source.run("insert into t values (1)")
        await recorder.transaction()
        held_back = Lsn.parse(source.confirmed_flush_lsn(slot_name))
        handed_over = crashed.handed_over_lsn

    assert held_back < handed_over
    assert Lsn.parse(source.confirmed_flush_lsn(slot_name)) >= handed_over


@pytest.mark.usefixtures("table")
async def test_what_was_committed_while_nobody_read_comes_and_is_told_apart(
    source: Source, slot_name: str
) -> None:
    async with streaming(source.url, slot=slot_name):
        pass
    source.run("insert into t values (1)")

    async with streaming(source.url, slot=slot_name) as (replication, recorder):
        source.run("insert into t values (2)")
        recovered = await recorder.slice()
        fresh = await recorder.slice()

    assert replication.boot_lsn is not None
    assert recovered.commit_lsn < replication.boot_lsn <= fresh.commit_lsn
    assert keys([*recovered.changes, *fresh.changes]) == [1, 2]


@pytest.mark.usefixtures("table")
async def test_a_second_process_waits_and_takes_the_slot_over(
    source: Source, slot_name: str
) -> None:
    recorder = Recorder()
    second = Replication(
        source.url,
        slot=slot_name,
        publications=["live"],
        replay_window_s=0,
        on_state=recorder.on_state,
    )
    async with streaming(source.url, slot=slot_name) as (_, first_recorder):
        task = asyncio.create_task(second.run(recorder.deliver))
        await recorder.wait_state(StreamState.WAITING)
        source.run("insert into t values (1)")
        first = await first_recorder.transaction()
        waited = not second.live

    source.run("insert into t values (2)")
    await recorder.wait_state(StreamState.LIVE)
    taken_over = await recorder.transaction()
    task.cancel()
    await asyncio.wait([task])

    assert waited
    assert (keys(first), keys(taken_over)) == ([1], [2])


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_of_postgresql_is_survived(
    own_cluster: Cluster, slot_name: str, mode: Literal["fast", "immediate"]
) -> None:
    loop = asyncio.get_running_loop()
    with source_of(own_cluster.url()) as source:
        source.run("create table t (id int primary key)", "alter publication live add table t")
    async with streaming(own_cluster.url(), slot=slot_name, replay_window_s=60) as (_, recorder):
        await _insert(own_cluster, 1)
        first = await recorder.transaction()
        async with asyncio.timeout(5):  # It does not wait for the window.
            await asyncio.to_thread(own_cluster.stop, mode)
        await recorder.wait_state(StreamState.LOST)
        await asyncio.to_thread(own_cluster.start)
        returned_at = loop.time()
        await _insert(own_cluster, 2)
        second = await recorder.transaction()
        took_s = loop.time() - returned_at

    assert keys(first + second) == [1, 2]
    assert recorder.is_empty
    assert took_s < 5


@pytest.mark.parametrize("own_cluster", ["embedded"], indirect=True)
async def test_after_a_failover_the_slot_says_where_to_begin(
    own_cluster: Cluster, slot_name: str
) -> None:
    with source_of(own_cluster.url()) as source:
        source.run("create table t (id int primary key)", "alter publication live add table t")
    async with streaming(own_cluster.url(), slot=slot_name, replay_window_s=60) as (_, recorder):
        await _insert(own_cluster, 1)
        before = await recorder.transaction()
        await asyncio.to_thread(own_cluster.stop, "immediate")
        (own_cluster.directory / "standby.signal").touch()
        await asyncio.to_thread(own_cluster.start)
        with pytest.raises(DatabaseError, match="this PostgreSQL is a standby"):
            await prepare(own_cluster.url(), slot=slot_name, publications=["live"])
        with session(own_cluster.url()) as source:
            assert source.ask("select pg_promote()")
        await _insert(own_cluster, 2)
        again = await recorder.transaction()
        after = await recorder.transaction()

    assert [keys(before), keys(again), keys(after)] == [[1], [1], [2]]


@pytest.mark.usefixtures("table")
async def test_a_publication_that_was_dropped_for_a_while_is_explained(
    source: Source, slot_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with streaming(source.url, slot=slot_name) as (_, recorder):
        source.run("drop publication live", "insert into t values (1)")
        source.run("create publication live for table t", "insert into t values (2)")
        if source.connection.info.server_version < 180000:
            await recorder.wait_state(StreamState.LOST)
        else:
            assert keys(await recorder.transaction()) == [2]

    if source.connection.info.server_version < 180000:
        reasons = [vars(each)["observation"] for each in caplog.records if each.msg == "StreamLost"]
        assert "To go on without them, stop Slotcast, drop the replication slot" in str(reasons)


async def _insert(cluster: Cluster, key: int) -> None:
    def insert() -> None:
        with session(cluster.url()) as source:
            source.run(f"insert into t values ({key})")

    await asyncio.to_thread(insert)


@pytest.mark.usefixtures("table")
async def test_a_slot_that_vanishes_is_not_silently_replaced(
    source: Source, slot_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with streaming(source.url, slot=slot_name) as (_, recorder):
        source.run(
            "select pg_terminate_backend(active_pid, 5000) from pg_replication_slots"
            f" where slot_name = '{slot_name}'; select pg_drop_replication_slot('{slot_name}')"
        )
        await recorder.wait_state(StreamState.LOST)
        await recorder.wait_state(StreamState.LOST)

    reasons = [
        vars(record)["observation"].reason
        for record in caplog.records
        if record.msg == "StreamLost"
    ]
    assert "is gone, and with it the changes" in reasons[-1]


@pytest.mark.usefixtures("table")
async def test_an_error_of_the_consumer_ends_the_stream(source: Source, slot_name: str) -> None:
    class ConsumerBroke(Exception):
        pass

    async def deliver(_batch: object) -> None:
        raise ConsumerBroke

    replication = Replication(source.url, slot=slot_name, publications=["live"], replay_window_s=0)
    task = asyncio.create_task(replication.run(deliver))
    async with asyncio.timeout(TIMEOUT_S):
        await replication.wait_live()
        source.run("insert into t values (1)")
        await asyncio.wait([task])

    assert isinstance(task.exception(), ConsumerBroke)
    assert replication.handed_over_lsn < Lsn.parse(source.ask("select pg_current_wal_lsn()::text"))


@pytest.mark.usefixtures("table")
def test_uvloop_carries_the_stream_too(source: Source, slot_name: str) -> None:
    async def stream() -> list[Change]:
        async with streaming(source.url, slot=slot_name) as (_, recorder):
            source.run("insert into t values (1)")
            first = await recorder.transaction()
            terminate_walsender(source, slot_name)
            source.run("insert into t values (2)")
            return first + await recorder.transaction()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        changes = runner.run(stream())

    assert keys(changes) == [1, 2]
