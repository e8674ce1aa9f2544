"""
Removing what is over: sessions that cannot go on, and flows that nobody finished.

Nothing runs by itself. Now and then somebody who has just got a session has it done, after
their own transaction, a few rows at a time and only rows that nobody else is busy with.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from slotcast.auth.errors import AuthError

if TYPE_CHECKING:
    from datetime import datetime

    from slotcast.auth.service import AuthService

EVERY: Final = timedelta(minutes=10)
"""How often it is done at most."""
ROWS_LIMIT: Final = 100
"""Most rows of a table that are removed at a time."""

_SESSIONS: Final = """
delete from auth.sessions where id in (
  select id from auth.sessions
  where not_after < %(now)s - interval '72 hours'
     or (%(lifetime_s)s > 0
         and created_at < %(now)s - make_interval(secs => %(lifetime_s)s) - interval '24 hours')
     or (%(inactivity_s)s > 0
         and coalesce(refreshed_at at time zone 'UTC', created_at)
             < %(now)s - make_interval(secs => %(inactivity_s)s) - interval '24 hours')
  limit %(rows)s for update skip locked
)
"""

_FLOWS: Final = """
delete from auth.flow_state where id in (
  select id from auth.flow_state where created_at < %(now)s - interval '24 hours'
  limit %(rows)s for update skip locked
)
"""


class Cleaning:
    """Removes what is over, when it is time."""

    def __init__(self) -> None:
        self._last: datetime | None = None

    async def do_if_due(self, service: AuthService) -> None:
        """
        Remove a few rows, unless that was done a moment ago.

        What goes wrong is logged and otherwise does no harm.
        """
        now = service.now()
        if self._last is not None and now - self._last < EVERY:
            return
        self._last = now
        values = {
            "now": now,
            "rows": ROWS_LIMIT,
            "lifetime_s": service.settings.auth_session_lifetime_s,
            "inactivity_s": service.settings.auth_session_inactivity_s,
        }
        with suppress(AuthError):
            async with service.transaction() as connection:
                for statement in (_SESSIONS, _FLOWS):
                    await connection.execute(statement, values)
