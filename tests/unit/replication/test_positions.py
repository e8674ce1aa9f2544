"""When what is confirmed, and what is left of what comes again."""

from __future__ import annotations

from datetime import UTC, datetime

from slotcast.changes import Change, Operation, TransactionSlice, Truncation
from slotcast.lsn import Lsn
from slotcast.replication.positions import Confirmation, Progress
from support.pgoutput import table


def test_without_a_window_hand_over_is_confirmed_at_once() -> None:
    confirmation = Confirmation(0)

    confirmation.hand_over(Lsn(10), now=5)

    assert confirmation.settle(5)
    assert confirmation.confirmed_lsn == 10


def test_with_a_window_it_is_confirmed_that_much_later() -> None:
    confirmation = Confirmation(2)

    confirmation.hand_over(Lsn(10), now=5)

    assert not confirmation.settle(6.9)
    assert confirmation.confirmed_lsn == 0
    assert confirmation.due_at is not None
    assert confirmation.settle(confirmation.due_at)
    assert confirmation.confirmed_lsn == 10
    assert confirmation.due_at is None


def test_however_much_is_handed_over_it_is_confirmed_in_few_steps() -> None:
    confirmation = Confirmation(2)

    update_count = 0
    for number in range(1, 10_001):
        confirmation.hand_over(Lsn(number), now=number / 1000)
        update_count += confirmation.settle(number / 1000)

    assert 70 <= update_count <= 100
    assert 7_800 <= confirmation.confirmed_lsn <= 8_000


def test_positions_never_go_back() -> None:
    confirmation = Confirmation(0)
    confirmation.hand_over(Lsn(10), now=0)
    confirmation.settle(0)

    confirmation.hand_over(Lsn(5), now=1)

    assert not confirmation.settle(1)
    assert (confirmation.handed_over_lsn, confirmation.confirmed_lsn) == (10, 10)


def test_a_clean_stop_confirms_everything_that_was_handed_over() -> None:
    confirmation = Confirmation(60)
    confirmation.hand_over(Lsn(10), now=0)

    confirmation.settle_all()

    assert confirmation.confirmed_lsn == 10
    assert confirmation.due_at is None


def test_of_a_transaction_that_comes_again_the_rest_is_left_with_its_truncations() -> None:
    inserts = tuple(
        Change(operation=Operation.INSERT, relation=table(), new=(value, None), old=None)
        for value in (b"1", b"2", b"3")
    )

    def piece(*changes: Change, end_lsn: Lsn | None, places: tuple[int, ...]) -> TransactionSlice:
        return TransactionSlice(
            xid=7,
            commit_lsn=Lsn(100),
            end_lsn=end_lsn,
            committed_at=datetime(2026, 11, 23, tzinfo=UTC),
            changes=changes,
            truncations=tuple(Truncation(tables=frozenset({5}), place=each) for each in places),
        )

    progress = Progress()
    first = piece(inserts[0], end_lsn=None, places=(0, 1))
    assert progress.remaining(first) == first
    progress.handed_over([first])
    progress.reconnected()

    rest = progress.remaining(piece(*inserts, end_lsn=Lsn(110), places=(0, 1, 3)))

    assert rest == piece(*inserts[1:], end_lsn=Lsn(110), places=(0, 2))
