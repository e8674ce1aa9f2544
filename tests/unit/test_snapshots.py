from __future__ import annotations

import pytest

from slotcast.lsn import Lsn
from slotcast.snapshots import Snapshot, full_xid

EPOCH = 2**32


def test_a_snapshot_does_not_show_what_was_running() -> None:
    taken = Snapshot.parse("10:20:12,15", Lsn(100))

    assert [xid for xid in range(8, 22) if taken.shows(xid, Lsn(50))] == [
        *range(8, 12),
        13,
        14,
        *range(16, 20),
    ]
    assert not taken.shows(11, Lsn(100))


def test_a_snapshot_after_the_ids_began_again_shows_those_before() -> None:
    running = EPOCH - 2
    taken = Snapshot.parse(f"{running}:{EPOCH + 5}:{running},{EPOCH + 3}", Lsn(100))

    shown = [xid for xid in (running - 1, running, EPOCH - 1, 3, 4, 5) if taken.shows(xid, Lsn(1))]

    assert shown == [running - 1, EPOCH - 1, 4]


@pytest.mark.parametrize("newest", [EPOCH // 2, EPOCH, 3 * EPOCH + 7, 4 * EPOCH - 1])
@pytest.mark.parametrize("distance", [1 - EPOCH // 2, -1000, -1, 0, 1, 1000, EPOCH // 2 - 1])
def test_an_id_gets_its_first_bits_from_one_that_is_not_far(newest: int, distance: int) -> None:
    xid = newest + distance

    assert full_xid(xid % EPOCH, newest) == xid
