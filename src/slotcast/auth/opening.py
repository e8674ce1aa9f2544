"""Making the service: its connections, its mail, and whether PostgreSQL lets it work."""

from __future__ import annotations

import logging
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

import psycopg
from psycopg_pool import PoolTimeout

from slotcast.auth.confirmations import Confirmations
from slotcast.auth.letters import read_templates, sender_address
from slotcast.auth.mail import Dispatch, SmtpPostman, SmtpServer
from slotcast.auth.passwords import Passwords
from slotcast.auth.rate_limits import Limits, RateLimits
from slotcast.auth.service import AuthService
from slotcast.errors import DatabaseError, SettingsError
from slotcast.observations import Observation, observe
from slotcast.postgres.pool import make_pool

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool

    from slotcast.auth.mail import Postman
    from slotcast.auth.mailbox import Mailbox
    from slotcast.settings import Settings
    from slotcast.tokens import Keyring

    Pool: TypeAlias = AsyncConnectionPool[AsyncConnection[TupleRow]]

OWNER: Final = "supabase_auth_admin"
"""Whose tables `auth`'s are; the service acts as this role."""

# Somebody may have changed the owner, and databases of older Supabase lack the columns.
_LOCAL_SENDER: Final = "slotcast@localhost"
_LAST_MAILS_S: Final = 5.0
"""How long a server that stops waits for mails on their way."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class MailMissing(Observation):
    """Accounts are served, and whatever needs a mail is refused until the operator does *fix*."""

    level: ClassVar[int] = logging.WARNING
    fix: str


@asynccontextmanager
async def open_service(
    settings: Settings, keyring: Keyring, pool: Pool, *, mailbox: Mailbox | None = None
) -> AsyncGenerator[AuthService]:
    """
    Give the service within the block.

    Args:
        settings: What an operator may set.
        keyring: Signs and verifies tokens.
        pool: Of connections that act as the server's own role.
        mailbox: Takes all mails; None for those of an SMTP server, if there is one.

    Raises:
        DatabaseError: PostgreSQL does not let it work; the message says what to run.
        SettingsError: There is no key to sign tokens with, or mails cannot be sent as set.
    """
    await _examine(pool, keyring)
    dispatch = _dispatch(settings, mailbox)
    confirmations = Confirmations(
        dispatch, site_url=settings.auth_site_url, allow_list=settings.auth_uri_allow_list
    )
    passwords = Passwords(
        workers=settings.auth_password_workers, queue_limit=settings.auth_password_queue
    )
    try:
        async with _accounts_pool(settings) as accounts, _finishing(dispatch):
            yield AuthService(
                settings=settings,
                keyring=keyring,
                pool=accounts,
                passwords=passwords,
                confirmations=confirmations,
                limits=RateLimits(request_limits(settings), time.monotonic),
            )
    finally:
        passwords.close()


@asynccontextmanager
async def _finishing(dispatch: Dispatch | None) -> AsyncGenerator[None]:
    """See mails on their way off at the end of the block; some need the database for that."""
    try:
        yield
    finally:
        if dispatch is not None:
            await dispatch.stop(timeout_s=_LAST_MAILS_S)


def request_limits(settings: Settings) -> Limits:
    """Give what is allowed to whom."""
    return Limits(
        requests_per_5_min=settings.auth_requests_per_5_min,
        tokens_per_5_min=settings.auth_tokens_per_5_min,
        verifications_per_5_min=settings.auth_verifications_per_5_min,
        anonymous_per_h=settings.auth_anonymous_per_h,
        attempts_per_10_min=settings.auth_attempts_per_10_min,
        mail_interval_s=settings.auth_mail_interval_s,
        mails_per_h=settings.auth_mails_per_h,
    )


def _dispatch(settings: Settings, mailbox: Mailbox | None) -> Dispatch | None:
    """
    Make what delivers mails; None for a server that has no mail.

    Raises:
        SettingsError: There is no sender, or a template is not as it should be.
    """
    postman: Postman
    if mailbox is not None:
        postman = mailbox
    elif settings.smtp_host:
        postman = SmtpPostman(
            SmtpServer(
                host=settings.smtp_host,
                port=settings.smtp_port,
                security=settings.smtp_security,
                user=settings.smtp_user,
                password=settings.smtp_password,
                timeout_s=settings.smtp_timeout_s,
            )
        )
    else:
        observe(MailMissing(fix="set smtp_host and smtp_sender"))
        return None
    folder = Path(settings.auth_mail_templates) if settings.auth_mail_templates else None
    sender = settings.smtp_sender if settings.smtp_host else settings.smtp_sender or _LOCAL_SENDER
    return Dispatch(
        postman,
        templates=read_templates(folder),
        sender=sender_address(sender, settings.smtp_sender_name),
        clock=lambda: datetime.now(UTC),
    )


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
        is_checked=True,
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
