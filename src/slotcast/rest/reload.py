"""
Keeps the schema cache as the database is.

``NOTIFY pgrst`` asks for a reload: ``reload schema``, ``reload config``, or both if it says
nothing. Event triggers send it after DDL where the migrations could make them. Whatever
arrives while a reload runs is answered by one more.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from psycopg import AsyncConnection

from slotcast.observations import Observation, observe, problem
from slotcast.rest.configuration import (
    RestConfiguration,
    overridden,
    read_overrides,
    read_role_settings,
)
from slotcast.rest.loader import load

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

    from slotcast.rest.service import RestService

CHANNEL: Final = "pgrst"
"""The notify channel that existing migrations name."""

_FIRST_DELAY_S: Final = 0.1
_DELAY_LIMIT_S: Final = 2.0
_OPTIONS: Final = "-c statement_timeout=60000"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaLoaded(Observation):
    """REST serves these relations and functions from now on."""

    relation_count: int
    routine_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaNotLoaded(Observation):
    """The schema could not be read; it will be tried again."""

    level: ClassVar[int] = logging.WARNING
    reason: str


class SchemaKeeper:
    """
    Loads the schema cache, and again whenever it is told to.

    Args:
        conninfo: Where PostgreSQL is.
        configuration: The server's own.
        service: Gets what was loaded.
    """

    def __init__(
        self, conninfo: str, configuration: RestConfiguration, service: RestService
    ) -> None:
        self._conninfo = conninfo
        self._configuration = configuration
        self._service = service
        self._time_zones: frozenset[str] | None = None
        self._is_loaded = asyncio.Event()

    async def wait_loaded(self) -> None:
        """Wait until there is something to serve by."""
        await self._is_loaded.wait()

    async def run(self) -> None:
        """Keep the cache until cancelled; a lost connection is made again."""
        delay_s = _FIRST_DELAY_S
        while True:
            try:
                async with await self._connect() as listener:
                    await listener.execute(f"listen {CHANNEL}")
                    await self._load()
                    delay_s = _FIRST_DELAY_S
                    await self._follow(listener)
            except Exception as error:  # noqa: BLE001 - whatever is wrong, DDL may mend it
                observe(SchemaNotLoaded(reason=problem(error)))
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, _DELAY_LIMIT_S)

    async def _follow(self, listener: AsyncConnection[TupleRow]) -> None:
        """Reload at every notification; those that came during a reload count as one."""
        while True:
            async for _ in listener.notifies(stop_after=1):
                pass
            async for _ in listener.notifies(timeout=0):
                pass
            await self._load()

    async def _load(self) -> None:
        async with await self._connect() as connection:
            said = await read_overrides(connection)
            configuration = overridden(self._configuration, said)
            role_settings = await read_role_settings(connection)
            cache = await load(
                connection,
                configuration.schemas,
                hoisted_settings=configuration.hoisted_settings,
                time_zones=self._time_zones,
            )
        self._time_zones = cache.time_zones
        self._service.use(cache, configuration, role_settings)
        self._is_loaded.set()
        observe(
            SchemaLoaded(
                relation_count=len(cache.relations),
                routine_count=sum(map(len, cache.routines.values())),
            )
        )

    async def _connect(self) -> AsyncConnection[TupleRow]:
        return await AsyncConnection.connect(
            self._conninfo,
            autocommit=True,
            application_name="slotcast rest schema",
            client_encoding="UTF8",
            options=_OPTIONS,
        )
