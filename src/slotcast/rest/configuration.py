"""
What REST can be told: the server's settings, and what the database says besides.

The database's owner says it as Supabase's migrations do, with
``ALTER ROLE authenticator SET pgrst.db_schemas = 'public, api'``; such values count more
than the server's.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from slotcast.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

AUTHENTICATOR: Final = "authenticator"
"""The role that Supabase's migrations configure PostgREST by."""

_PREFIX: Final = "pgrst."

_DATABASE_SETTINGS: Final = """
select split_part(one, '=', 1), substr(one, strpos(one, '=') + 1)
from pg_catalog.pg_db_role_setting s
left join pg_catalog.pg_roles r on r.oid = s.setrole
cross join unnest(s.setconfig) one
where (s.setrole = 0 or r.rolname in (%s, current_user))
  and s.setdatabase in
      (0, (select oid from pg_catalog.pg_database where datname = current_database()))
  and one like 'pgrst.%%'
order by s.setrole <> 0, s.setdatabase <> 0
"""

_ROLE_SETTINGS: Final = """
select r.rolname, split_part(one, '=', 1), substr(one, strpos(one, '=') + 1)
from pg_catalog.pg_roles r
join pg_catalog.pg_db_role_setting s on s.setrole = r.oid
join pg_catalog.pg_database d on s.setdatabase = 0 or s.setdatabase = d.oid
cross join unnest(s.setconfig) one
left join pg_catalog.pg_settings p on p.name = split_part(one, '=', 1)
where d.datname = current_database()
  and pg_has_role(current_user, r.oid, 'member') and r.rolname <> current_user
  and split_part(one, '=', 1) <> 'search_path'
  and (p.context = 'user' or p.context is null and one not like 'pgrst.%'
    or p.context = 'superuser'
      and (select rolsuper from pg_catalog.pg_roles where rolname = current_user))
order by s.setdatabase
"""
"""What a role has in this database counts more than what it has everywhere."""

ISOLATION: Final = "default_transaction_isolation"


class TransactionEnding(enum.Enum):
    """How requests' transactions end, and whether clients may choose."""

    COMMIT = "commit"
    COMMIT_ALLOW_OVERRIDE = "commit-allow-override"
    ROLLBACK = "rollback"
    ROLLBACK_ALLOW_OVERRIDE = "rollback-allow-override"

    @property
    def may_be_chosen(self) -> bool:
        """Whether clients may choose."""
        return self.value.endswith("override")

    @property
    def is_kept(self) -> bool:
        """Whether they end with COMMIT if nobody chooses."""
        return self.value.startswith("commit")


@dataclass(frozen=True, slots=True, kw_only=True)
class RestConfiguration:
    """
    What REST serves, and how.

    Attributes:
        schemas: Exposed schemas; the first is the default.
        extra_search_path: Schemas that are searched besides the request's.
        anonymous_role: Role of requests without a token; None to refuse them.
        pre_request: A function, perhaps qualified, run before every request; None for none.
        ending: How transactions end.
        row_limit: Most rows of a response; None for any number.
        has_aggregates: Whether clients may use aggregate functions.
        may_explain: Whether clients may see PostgreSQL's plans.
        is_described: Whether ``/`` describes everything.
        root_function: The function that ``/`` calls instead; None for none.
        hoisted_settings: Settings of functions that are set before the function is called.
        application_settings: Set in every transaction: names and values.
    """

    schemas: tuple[str, ...] = ("public",)
    extra_search_path: tuple[str, ...] = ("public", "extensions")
    anonymous_role: str | None = "anon"
    pre_request: str | None = None
    ending: TransactionEnding = TransactionEnding.COMMIT
    row_limit: int | None = None
    has_aggregates: bool = False
    may_explain: bool = False
    is_described: bool = True
    root_function: str | None = None
    hoisted_settings: tuple[str, ...] = (
        "statement_timeout",
        "plan_filter.statement_cost_limit",
        ISOLATION,
    )
    application_settings: tuple[tuple[str, str], ...] = ()


def names(text: str) -> tuple[str, ...]:
    """Split a list of names at its commas; surrounding white space does not count."""
    return tuple(one.strip() for one in text.split(",") if one.strip())


def transaction_ending(text: str) -> TransactionEnding:
    """
    Read how transactions end.

    Raises:
        SettingsError: There is no such way.
    """
    try:
        return TransactionEnding(text)
    except ValueError:
        allowed = ", ".join(ending.value for ending in TransactionEnding)
        raise SettingsError(f"rest_tx_end is {text!r}; it must be one of {allowed}") from None


def _boolean(text: str) -> bool:
    return text.lower() in ("true", "on", "yes", "1")


def overridden(own: RestConfiguration, said: Mapping[str, str]) -> RestConfiguration:
    """
    Give the configuration with what the database says.

    Args:
        own: The server's.
        said: Names, without ``pgrst.``, and values; unknown ones do not count.
    """
    changes: dict[str, Any] = {}
    for name, value in said.items():
        if name in _READERS:
            field, read = _READERS[name]
            found = read(value)
            if found is not _SENSELESS:
                changes[field] = found
    return replace(own, **changes)


_SENSELESS: Final = object()
"""What a value is read as that makes no sense; it does not count."""


def _schemas(text: str) -> object:
    return names(text) or _SENSELESS


def _row_limit(text: str) -> object:
    return int(text) if text.isascii() and text.isdigit() else _SENSELESS


def _ending(text: str) -> object:
    return next((ending for ending in TransactionEnding if ending.value == text), _SENSELESS)


def _optional(text: str) -> str | None:
    return text or None


_READERS: Final[dict[str, tuple[str, Callable[[str], object]]]] = {
    "db_schemas": ("schemas", _schemas),
    "db_schema": ("schemas", _schemas),
    "db_extra_search_path": ("extra_search_path", names),
    "db_anon_role": ("anonymous_role", _optional),
    "db_pre_request": ("pre_request", _optional),
    "db_max_rows": ("row_limit", _row_limit),
    "max_rows": ("row_limit", _row_limit),
    "db_aggregates_enabled": ("has_aggregates", _boolean),
    "db_plan_enabled": ("may_explain", _boolean),
    "db_tx_end": ("ending", _ending),
    "db_hoisted_tx_settings": ("hoisted_settings", names),
    "db_root_spec": ("root_function", _optional),
    "openapi_mode": ("is_described", lambda text: text != "disabled"),
}
"""Names after ``pgrst.``, what they set, and how their values are read."""


async def read_overrides(connection: AsyncConnection[TupleRow]) -> dict[str, str]:
    """Read what the database says; of several, the most specific counts."""
    cursor = await connection.execute(_DATABASE_SETTINGS, [AUTHENTICATOR])
    return {name.removeprefix(_PREFIX): value for name, value in await cursor.fetchall()}


async def read_role_settings(
    connection: AsyncConnection[TupleRow],
) -> dict[str, dict[str, str]]:
    """Read the settings that roles have, as far as the server may set them for a request."""
    found: dict[str, dict[str, str]] = {}
    cursor = await connection.execute(_ROLE_SETTINGS)
    for role, name, value in await cursor.fetchall():
        found.setdefault(role, {})[name] = value
    return found
