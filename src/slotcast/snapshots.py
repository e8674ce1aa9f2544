"""Which transactions a query could see, and ids of transactions in their two lengths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from slotcast.lsn import Lsn

_XID_RANGE: Final = 2**32
"""How many ids there are of 32 bits, which is what the log has."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    Which transactions a query could see; a `pg_snapshot`, and where the log was then.

    Attributes:
        xmin: Every id below is visible.
        xmax: No id from here on is.
        running: Those between that were not, by their last 32 bits.
        until: Whatever commits from this position of the log on is not visible.
    """

    xmin: int
    xmax: int
    running: frozenset[int]
    until: Lsn

    @classmethod
    def parse(cls, text: str, until: Lsn) -> Snapshot:
        """Read ``xmin:xmax:running,…``."""
        xmin, xmax, running = text.split(":")
        ids = frozenset(int(xid) % _XID_RANGE for xid in running.split(",") if xid)
        return cls(int(xmin), int(xmax), ids, until)

    def shows(self, xid: int, commit_lsn: Lsn) -> bool:
        """Tell whether transaction *xid* (32 bits), committed at *commit_lsn*, is visible."""
        if commit_lsn >= self.until:
            return False
        return full_xid(xid, self.xmax) < self.xmax and xid not in self.running


def full_xid(xid: int, newest: int) -> int:
    """
    Give all 64 bits of an id.

    Args:
        xid: Its last 32 bits. It is less than 2**31 ids older or newer than *newest*, as all
            are of which PostgreSQL still has to tell a slot: it refuses new ids before.
        newest: An id of 64 bits.

    Source:
        PostgreSQL manual, "Transactions and Identifiers".
    """
    half = _XID_RANGE // 2
    return newest + (xid - newest + half) % _XID_RANGE - half
