"""
Who may read and write on a private channel.

The seam between channels and whoever knows the policies on `realtime.messages`. A topic
here is what applications call it, without ``realtime:``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from slotcast.verdicts import Extension, Permissions

if TYPE_CHECKING:
    from slotcast.claims import Claims

__all__ = ["PUBLIC", "ChannelAccess", "Extension", "Permissions"]

PUBLIC: Final = Permissions(broadcast=True, presence=True)
"""What everybody may read on a channel that is not private."""


class ChannelAccess(Protocol):
    """
    Asks the policies on `realtime.messages`.

    Answers are kept by the caller until the client shows a new token; a policy that raises
    gives no permission. An exception means that nobody could be asked.
    """

    async def read(self, topic: str, claims: Claims, headers: str) -> Permissions:
        """
        Tell what may be read.

        Args:
            topic: Without ``realtime:``.
            claims: Who asks.
            headers: Of the request that opened the connection, as a JSON object with
                names in lower case: what `request.headers` is set to.

        Raises:
            psycopg.Error: PostgreSQL did not answer.
        """
        ...

    async def write(self, topic: str, claims: Claims, headers: str, extension: Extension) -> bool:
        """
        Tell whether a message of *extension* may be sent; for the arguments see `read`.

        Raises:
            psycopg.Error: PostgreSQL did not answer.
        """
        ...
