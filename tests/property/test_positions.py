"""What is handed over comes once, and confirmation stays behind it."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import event, given
from hypothesis import strategies as st

from slotcast.changes import Change, Operation, TransactionSlice
from slotcast.lsn import Lsn
from slotcast.replication.positions import Confirmation, Progress
from support.pgoutput import table

RELATION = table(columns=[("v", True)])


def change(number: int) -> Change:
    return Change(operation=Operation.INSERT, relation=RELATION, new=(b"%d" % number,), old=None)


def slices(transactions: list[int], limit: int) -> list[TransactionSlice]:
    """Cut transactions of so many changes each into slices of at most *limit*."""
    pieces: list[TransactionSlice] = []
    number = 0
    for index, change_count in enumerate(transactions, start=1):
        changes = [change(number + offset) for offset in range(change_count)]
        number += change_count
        cuts = [changes[at : at + limit] for at in range(0, change_count, limit)] or [[]]
        pieces += [
            TransactionSlice(
                xid=index,
                commit_lsn=Lsn(index * 10),
                end_lsn=Lsn(index * 10 + 5) if cut is cuts[-1] else None,
                committed_at=datetime(2026, 1, 1, tzinfo=UTC),
                changes=tuple(cut),
            )
            for cut in cuts
        ]
    return pieces


@given(
    st.lists(st.integers(0, 7), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 12)), max_size=5),
    st.integers(1, 4),
)
def test_every_change_is_handed_over_once_however_often_the_connection_breaks(
    transactions: list[int], broken_sessions: list[tuple[int, int]], last_limit: int
) -> None:
    progress = Progress()
    handed_over: list[bytes] = []
    completed: list[Lsn] = []

    everything = len(slices(transactions, 1)) + 1
    for limit, survives in [*broken_sessions, (last_limit, everything)]:
        progress.reconnected()
        for piece in slices(transactions, limit)[:survives]:
            remaining = progress.remaining(piece)
            if remaining is None:
                event("something was known already")
                continue
            end_lsn = progress.handed_over([remaining])
            if end_lsn is not None:
                completed.append(end_lsn)
            for each in remaining.changes:
                assert each.new is not None
                assert isinstance(each.new[0], bytes)
                handed_over.append(each.new[0])

    assert handed_over == [b"%d" % number for number in range(sum(transactions))]
    assert completed == [Lsn(index * 10 + 5) for index in range(1, len(transactions) + 1)]


@given(
    st.just(0.0) | st.floats(0.01, 10),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 100)), max_size=60),
)
def test_confirmation_follows_hand_over_by_the_window_and_never_passes_it(
    window_s: float, steps: list[tuple[float, int]]
) -> None:
    confirmation = Confirmation(window_s)
    now = 0.0
    history: list[tuple[float, Lsn]] = []

    for pause_s, advance in steps:
        now += pause_s
        history.append((now, Lsn(confirmation.handed_over_lsn + advance)))
        confirmation.hand_over(history[-1][1], now)
        confirmation.settle(now)

        old_enough = [lsn for at, lsn in history if at <= now - window_s + 1e-6]
        assert confirmation.confirmed_lsn <= max(old_enough, default=0)

    confirmation.settle(now + 2 * window_s)
    assert confirmation.confirmed_lsn == confirmation.handed_over_lsn
    assert confirmation.due_at is None
