"""What every handler is given: settings, clock, keys, connections, and whoever sends mail."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar, Final

import psycopg
from psycopg.errors import LockNotAvailable, QueryCanceled
from psycopg_pool import PoolTimeout

from slotcast.auth import audit
from slotcast.auth.cleaning import Cleaning
from slotcast.auth.errors import AuthError
from slotcast.observations import Observation, observe, problem
from slotcast.postgres.pool import was_cut

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool

    from slotcast.auth.audit import AuditAction
    from slotcast.auth.confirmations import Confirmations
    from slotcast.auth.endpoints import Request
    from slotcast.auth.passwords import Passwords
    from slotcast.auth.rate_limits import RateLimits
    from slotcast.auth.store import Connection
    from slotcast.auth.users import User
    from slotcast.claims import JsonValue
    from slotcast.settings import Settings
    from slotcast.tokens import Keyring

PREFIX: Final = "/auth/v1"
"""Where the endpoints are on this server."""

FAILURE: Final = "Unexpected failure, please check server logs for more information"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsFailed(Observation):
    """PostgreSQL, or a trigger of the app, refused what a request about an account needs."""

    level: ClassVar[int] = logging.ERROR
    problem: str


class AuthService:
    """
    Serves accounts.

    Args:
        settings: What an operator may set.
        keyring: Signs and verifies tokens.
        pool: Of connections that act as the owner of schema `auth`.
        passwords: Hashes them.
        confirmations: Sends mail.
        limits: Counts who does what how often.
        now: The clock, in UTC.

    Attributes:
        cleaning: Removes what is over.
        api_url: Where this server is reached, such as ``http://127.0.0.1:54321``; set as
            soon as it listens.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        keyring: Keyring,
        pool: AsyncConnectionPool[AsyncConnection[TupleRow]],
        passwords: Passwords,
        confirmations: Confirmations,
        limits: RateLimits,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.settings = settings
        self.keyring = keyring
        self.pool = pool
        self.passwords = passwords
        self.confirmations = confirmations
        self.limits = limits
        self.now = now
        self.api_url = ""
        self.cleaning = Cleaning()
        self._after_commit: dict[Connection, list[Callable[[], None]]] = {}

    @property
    def url(self) -> str:
        """Where the endpoints are for clients, and what tokens name as their issuer."""
        return self.settings.auth_external_url.rstrip("/") or self.api_url + PREFIX

    @property
    def site_url(self) -> str:
        """Where people are sent who did not say whither."""
        return self.settings.auth_site_url or self.api_url

    async def record(
        self,
        connection: Connection,
        action: AuditAction,
        user: User,
        request: Request,
        *,
        traits: Mapping[str, JsonValue] | None = None,
    ) -> None:
        """Write down that *user* did *action*, by *request*; see `audit.record`."""
        await audit.record(
            connection,
            action,
            audit.user_actor(user),
            address=request.address,
            now=self.now(),
            traits=traits,
        )

    @asynccontextmanager
    async def transaction(self, failure: str = FAILURE) -> AsyncGenerator[Connection]:
        """
        Give a connection in a transaction, which counts unless the block raises.

        Args:
            failure: What the client is told when PostgreSQL refuses, or a trigger of the app
                does; the log says why.

        Raises:
            AuthError: PostgreSQL refused (500), is gone (503) or too busy (503 and 504), or a
                row was held by others for too long (409).
        """
        try:
            timeout_s = self.settings.auth_timeout_s
            async with self.pool.connection(timeout_s) as connection:
                try:
                    async with connection.transaction():
                        yield connection
                finally:
                    actions = self._after_commit.pop(connection, ())
        except PoolTimeout:
            raise _try_again("The server is too busy, please try again") from None
        except LockNotAvailable:
            raise AuthError(
                HTTPStatus.CONFLICT,
                "conflict",
                "Too many concurrent requests on the same user or session",
            ) from None
        except QueryCanceled:
            raise AuthError(
                HTTPStatus.GATEWAY_TIMEOUT,
                "request_timeout",
                "Processing this request timed out, please retry after a moment.",
            ) from None
        except psycopg.Error as error:
            observe(AccountsFailed(problem=problem(error)))
            if was_cut(error):
                raise _try_again("The database was restarted, please try again") from error
            raise AuthError(
                HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected_failure", failure
            ) from error
        for action in actions:
            action()

    def after_commit(self, connection: Connection, action: Callable[[], None]) -> None:
        """Do *action* when the transaction of *connection* is committed, and never if it is not."""
        self._after_commit.setdefault(connection, []).append(action)


def _try_again(message: str) -> AuthError:
    """Refuse for now. A status that clients do not repeat would end sessions they refresh."""
    return AuthError(
        HTTPStatus.SERVICE_UNAVAILABLE, "request_timeout", message, headers={"Retry-After": "1"}
    )
