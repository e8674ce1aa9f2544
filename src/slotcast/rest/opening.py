"""Opens REST as the settings say."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from slotcast.errors import SettingsError
from slotcast.rest.configuration import RestConfiguration, names, transaction_ending
from slotcast.rest.gateway import Gateway
from slotcast.rest.pool import RestPool
from slotcast.rest.reload import SchemaKeeper
from slotcast.rest.service import RestLimits, RestService
from slotcast.rest.turns import Turns

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from slotcast.counters import DeliveryCounts
    from slotcast.settings import Settings
    from slotcast.tokens import Keyring

_START_PATIENCE_S: Final = 10.0
_CALM_AFTER_S: Final = 1.0
"""How long after a change was sent more of them are expected."""


@asynccontextmanager
async def open_rest(
    settings: Settings, keyring: Keyring, deliveries: DeliveryCounts
) -> AsyncGenerator[RestService]:
    """
    Serve REST within the block, and hold it back while changes are delivered.

    The schema is read before the block begins, unless that takes long; until it is read,
    requests are answered with 503.

    Raises:
        SettingsError: A setting makes no sense.
    """
    configuration = rest_configuration(settings)
    turns = Turns()
    loop = asyncio.get_running_loop()

    def statements_at_once() -> int:
        if loop.time() < deliveries.sent_at + _CALM_AFTER_S:
            return settings.rest_statements_beside_changes
        return settings.rest_statements_at_once

    pool = RestPool(
        settings.database_url,
        turns=turns,
        size=settings.rest_pool_size,
        usual_size=statements_at_once,
        acquire_timeout_s=settings.rest_pool_timeout_s,
        statement_timeout_s=settings.rest_statement_timeout_s,
        is_preparing=settings.rest_prepared_statements == "on",
    )
    gateway = Gateway(
        keyring,
        is_key_needed=settings.rest_api_key_check == "on",
        audience=settings.rest_jwt_audience or None,
    )
    limits = RestLimits(
        depth_limit=settings.rest_embed_depth_limit,
        embed_limit=settings.rest_embed_limit,
        condition_limit=settings.rest_filter_limit,
    )
    service = RestService(pool, turns, gateway, limits)
    keeper = SchemaKeeper(settings.database_url, configuration, service)
    keeping = asyncio.create_task(keeper.run())
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(_START_PATIENCE_S):
                await keeper.wait_loaded()
        yield service
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
        service.close()
        pool.close()


def rest_configuration(settings: Settings) -> RestConfiguration:
    """
    Read what *settings* say about REST.

    Raises:
        SettingsError: A setting makes no sense.
    """
    schemas = names(settings.rest_schemas)
    if not schemas:
        raise SettingsError("rest_schemas names no schema; such as: public")
    return RestConfiguration(
        schemas=schemas,
        extra_search_path=names(settings.rest_extra_search_path),
        anonymous_role=settings.rest_anon_role or None,
        pre_request=settings.rest_pre_request or None,
        ending=transaction_ending(settings.rest_tx_end),
        row_limit=settings.rest_max_rows or None,
        has_aggregates=settings.rest_aggregates == "on",
        may_explain=settings.rest_plans == "on",
        is_described=settings.rest_openapi == "on",
        root_function=settings.rest_root_function or None,
        application_settings=tuple(map(_application_setting, names(settings.rest_app_settings))),
    )


def _application_setting(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or "." not in name:
        raise SettingsError(
            f"rest_app_settings has {text!r}; each setting must look like name.space=value"
        )
    return name, value
