"""Making the service: its connections, and whether PostgreSQL lets it work."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

import psycopg
from psycopg_pool import PoolTimeout

from slotcast.auth.passwords import Passwords
from slotcast.auth.service import AuthService
from slotcast.auth.unmailed import WithoutMail
from slotcast.errors import DatabaseError, SettingsError
from slotcast.postgres.pool import make_pool

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool

    from slotcast.settings import Settings
    from slotcast.tokens import Keyring

    Pool: TypeAlias = AsyncConnectionPool[AsyncConnection[TupleRow]]

OWNER: Final = "supabase_auth_admin"
"""Whose tables `auth`'s are; the service acts as this role."""

# Somebody may have changed the owner, and databases of older Supabase lack the columns.
_EXAMINE: Final = """
select current_user,
       pg_has_role(current_user, %(owner)s, case
         when current_setting('server_version_num')::integer >= 160000 then 'SET'
         else 'MEMBER' end),
       has_table_privilege(%(owner)s, 'auth.users', 'SELECT, INSERT'),
       (select count(*) = 2 from pg_attribute
        where attrelid = 'auth.sessions'::regclass and not attisdropped
          and attname in ('refresh_token_hmac_key', 'refresh_token_counter'))
"""


@asynccontextmanager
async def open_service(
    settings: Settings, keyring: Keyring, pool: Pool
) -> AsyncGenerator[AuthService]:
    """
    Give the service within the block.

    Args:
        settings: What an operator may set.
        keyring: Signs and verifies tokens.
        pool: Of connections that act as the server's own role.

    Raises:
        DatabaseError: PostgreSQL does not let it work; the message says what to run.
        SettingsError: There is no key to sign tokens with.
    """
    await _examine(pool, keyring)
    passwords = Passwords(
        workers=settings.auth_password_workers, queue_limit=settings.auth_password_queue
    )
    try:
        async with _accounts_pool(settings) as accounts:
            yield AuthService(
                settings=settings,
                keyring=keyring,
                pool=accounts,
                passwords=passwords,
                confirmations=WithoutMail(),
            )
    finally:
        passwords.close()


def _accounts_pool(settings: Settings) -> Pool:
    """Make the pool of connections that act as `OWNER`."""
    return make_pool(
        settings.database_url,
        size=settings.auth_pool_size,
        statement_timeout_s=settings.auth_timeout_s,
        session={
            "role": OWNER,
            "default_transaction_read_only": "off",
            # What triggers of the app find, as they would in the original, and a little more.
            "search_path": f"auth, {settings.search_path}",
        },
    )


async def _examine(pool: Pool, keyring: Keyring) -> None:
    """Refuse a database or keys that accounts cannot be served with."""
    if not keyring.can_issue:
        raise SettingsError(
            "auth is on, but there is no key to sign tokens with: set jwt_secret, or give a"
            ' private key of jwks the key_ops ["sign"]'
        )
    try:
        async with pool.connection() as connection:
            cursor = await connection.execute(_EXAMINE, {"owner": OWNER})
            row = await cursor.fetchone()
    except (psycopg.Error, PoolTimeout) as error:
        raise DatabaseError(f"the schema auth could not be examined: {error}") from error
    role, may_become, may_write, has_columns = row or (None, False, False, False)
    if not may_become:
        raise DatabaseError(
            f"auth is on, but the role {role} may not act as {OWNER}: run"
            f' GRANT {OWNER} TO "{role}";'
        )
    if not may_write:
        raise DatabaseError(
            f"auth is on, but {OWNER} may not write to auth.users: make it the owner of the tables"
            " of schema auth"
        )
    if not has_columns:
        raise DatabaseError(
            "auth is on, but auth.sessions is of an older version: run ALTER TABLE auth.sessions"
            " ADD refresh_token_hmac_key text, ADD refresh_token_counter bigint;"
        )
