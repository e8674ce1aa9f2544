"""The mailbox of `slotcast dev`, where all mails end up: in memory, the newest first."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from datetime import datetime

    from slotcast.auth.mail import Mail

MAILS_LIMIT: Final = 200
"""Most mails that are kept."""
WATCHERS_LIMIT: Final = 32
"""Most pages that are told of new mails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMail:
    """
    A mail in the mailbox.

    Attributes:
        number: Counts from 1; never given twice.
        received_at: When it came.
        mail: The mail.
    """

    number: int
    received_at: datetime
    mail: Mail

    @property
    def text(self) -> str:
        """What it says in plain text."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """What it says in HTML; empty if it has none."""
        return self._body("html")

    def _body(self, kind: str) -> str:
        part = self.mail.message.get_body((kind,))
        return "" if part is None else str(part.get_content())


class Mailbox:
    """
    Keeps mails, and tells those who watch when there are others than before.

    Args:
        clock: Gives the time, with its zone.
        mails_limit: Most that are kept; of more, the oldest are forgotten.
    """

    def __init__(self, clock: Callable[[], datetime], *, mails_limit: int = MAILS_LIMIT) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self._mails: deque[ReceivedMail] = deque(maxlen=mails_limit)
        self._watchers: set[asyncio.Event] = set()
        self._is_closed = False

    @property
    def is_local(self) -> bool:
        """Whether mails stay on this machine."""
        return True

    @property
    def mails(self) -> Sequence[ReceivedMail]:
        """All mails, the newest first."""
        return tuple(reversed(self._mails))

    def find(self, number: int) -> ReceivedMail | None:
        """Give the mail of that number, if it is still kept."""
        return next((mail for mail in self._mails if mail.number == number), None)

    async def deliver(self, mail: Mail) -> None:
        """Keep *mail*."""
        self._mails.append(
            ReceivedMail(number=next(self._numbers), received_at=self._clock(), mail=mail)
        )
        self._tell()

    def clear(self) -> None:
        """Forget all mails."""
        self._mails.clear()
        self._tell()

    def close(self) -> None:
        """Send those who watch away. Closes twice without harm."""
        self._is_closed = True
        self._tell()

    async def changes(self) -> AsyncGenerator[int]:
        """
        Yield the number of mails, at once and after each change, until the mailbox is closed.

        It ends at once when too many watch already.
        """
        if len(self._watchers) >= WATCHERS_LIMIT:
            return
        changed = asyncio.Event()
        self._watchers.add(changed)
        try:
            while not self._is_closed:
                changed.clear()
                yield len(self._mails)
                await changed.wait()
        finally:
            self._watchers.discard(changed)

    def _tell(self) -> None:
        for watcher in self._watchers:
            watcher.set()
