"""
SQL on schema `auth`.

Functions take a connection of the service's pool, which acts as `supabase_auth_admin`, and
take part in the transaction it is in. They return None where there is no such row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString, TypeAlias
from uuid import UUID

from psycopg import sql
from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from slotcast.auth.errors import forbidden
from slotcast.auth.users import User

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

    from slotcast.auth.errors import AuthError
    from slotcast.claims import JsonValue

Connection: TypeAlias = "AsyncConnection[TupleRow]"

INSTANCE_ID: Final = UUID(int=0)
"""What `instance_id` is in all rows."""

UNIQUE_EMAIL: Final = "users_email_partial_key"
"""The constraint that a second user with the same address would break."""

# Seeds and dashboards leave NULL in columns that are text for us, objects of another kind in
# metadata, and 'infinity' where somebody is banned for good. The session's time zone is UTC.
_USER: Final = """
select u.id, coalesce(u.aud, '') as aud, coalesce(u.role, '') as role,
       coalesce(u.email, '') as email, coalesce(u.encrypted_password, '') as encrypted_password,
       u.email_confirmed_at, u.invited_at,
       coalesce(u.confirmation_token, '') as confirmation_token, u.confirmation_sent_at,
       coalesce(u.recovery_token, '') as recovery_token, u.recovery_sent_at,
       coalesce(u.email_change_token_new, '') as email_change_token_new,
       coalesce(u.email_change_token_current, '') as email_change_token_current,
       coalesce(u.email_change_confirm_status, 0) as email_change_confirm_status,
       coalesce(u.email_change, '') as email_change, u.email_change_sent_at, u.last_sign_in_at,
       case jsonb_typeof(u.raw_app_meta_data) when 'object' then u.raw_app_meta_data
         else '{}' end as raw_app_meta_data,
       case jsonb_typeof(u.raw_user_meta_data) when 'object' then u.raw_user_meta_data
         else '{}' end as raw_user_meta_data,
       u.created_at, u.updated_at, coalesce(u.phone, '') as phone, u.phone_confirmed_at,
       coalesce(u.phone_change, '') as phone_change, u.phone_change_sent_at, u.confirmed_at,
       case when isfinite(u.banned_until) then u.banned_until
            when u.banned_until > now() then '9999-12-31Z' end as banned_until,
       coalesce(u.reauthentication_token, '') as reauthentication_token,
       u.reauthentication_sent_at, u.is_sso_user, u.deleted_at, u.is_anonymous,
       array(
         select jsonb_build_object(
           'identity_id', i.id, 'id', i.provider_id, 'user_id', i.user_id,
           'identity_data', i.identity_data, 'provider', i.provider
         ) || jsonb_strip_nulls(jsonb_build_object(
           'last_sign_in_at', to_char(i.last_sign_in_at, moment),
           'created_at', to_char(i.created_at, moment),
           'updated_at', to_char(i.updated_at, moment),
           'email', i.email
         ))
         from auth.identities i
         where i.user_id = u.id order by i.created_at, i.id
       ) as identities
from auth.users u
cross join (values ('YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) as forms (moment)
"""

_COUNT_USERS: Final = "select count(*) from auth.users u "
_LISTED: Final = """
where u.instance_id = %(instance)s and u.aud = %(audience)s and (
  %(containing)s = ''
  or position(%(containing)s in u.email) > 0
  or position(lower(%(containing)s) in lower(u.raw_user_meta_data ->> 'full_name')) > 0
)
"""
_OLDEST_FIRST: Final = "order by u.created_at nulls last, u.id offset %(offset)s limit %(limit)s"
_NEWEST_FIRST: Final = (
    "order by u.created_at desc nulls last, u.id offset %(offset)s limit %(limit)s"
)

PHONE_LIMIT: Final = 15
"""Characters of a phone number."""

NO_ONE_TIME_TOKENS: Final[Mapping[str, object]] = dict.fromkeys(
    (
        "confirmation_token",
        "recovery_token",
        "email_change_token_new",
        "email_change_token_current",
        "reauthentication_token",
    ),
    "",
)
"""Columns of a user who has no mail to answer."""

_CREATE_IDENTITY: Final = """
insert into auth.identities
  (id, provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
values (gen_random_uuid(), %(user_id)s::text, %(user_id)s, %(data)s, 'email',
        %(now)s, %(now)s, %(now)s)
"""


async def find_user(
    connection: Connection, user_id: UUID, *, for_update: bool = False
) -> User | None:
    """Find the user with this id; *for_update* makes other writers of the row wait."""
    return await _user(connection, "where u.id = %s", [user_id], for_update=for_update)


async def get_user(connection: Connection, user_id: UUID, *, for_update: bool = False) -> User:
    """
    Find the user with this id, who was there a moment ago.

    Raises:
        AuthError: There is none any more.
    """
    user = await find_user(connection, user_id, for_update=for_update)
    if user is None:
        raise user_gone()
    return user


def user_gone() -> AuthError:
    """Make the error of a user who no longer exists."""
    return forbidden("user_not_found", "User from sub claim in JWT does not exist")


async def find_user_by_email(
    connection: Connection, email: str, *, audience: str, for_update: bool = False
) -> User | None:
    """Find the user who signs in with *email*, which is in lower case."""
    return await _user(
        connection,
        "where u.instance_id = %s and lower(u.email) = %s and u.aud = %s and not u.is_sso_user",
        [INSTANCE_ID, email, audience],
        for_update=for_update,
    )


async def find_user_by_new_email(
    connection: Connection, email: str, *, for_update: bool = False
) -> User | None:
    """Find the user who was the last to ask for a change to *email*, which is in lower case."""
    return await _user(
        connection,
        "where u.email_change = %s and not u.is_sso_user"
        " order by u.email_change_sent_at desc nulls last limit 1",
        [email],
        for_update=for_update,
    )


async def list_users(
    connection: Connection,
    *,
    audience: str,
    containing: str,
    is_ascending: bool,
    offset: int,
    limit: int,
) -> tuple[int, list[User]]:
    """
    Give some users, and how many there are.

    Args:
        connection: In a transaction.
        audience: Of the users.
        containing: Part of the address, or of the full name in the metadata, whose case does
            not matter; empty for all.
        is_ascending: Whether the oldest come first.
        offset: How many are passed over.
        limit: How many are wanted.
    """
    values: dict[str, object] = {
        "instance": INSTANCE_ID,
        "audience": audience,
        "containing": containing,
        "offset": offset,
        "limit": limit,
    }
    cursor = await connection.execute(_COUNT_USERS + _LISTED, values)
    counted = await cursor.fetchone()
    order = _OLDEST_FIRST if is_ascending else _NEWEST_FIRST
    async with connection.cursor(row_factory=class_row(User)) as found:
        await found.execute(_USER + _LISTED + order, values)
        return counted[0] if counted else 0, await found.fetchall()


async def delete_user(connection: Connection, user_id: UUID) -> None:
    """
    Delete a user, and whatever refers to them with ``on delete cascade``.

    Raises:
        psycopg.Error: Something refers to them that does not allow it.
    """
    await connection.execute("delete from auth.users where id = %s", [user_id])


async def obscure_identity(
    connection: Connection, identity_id: UUID, provider_id: str, *, now: datetime
) -> None:
    """Have an identity say nothing any more, and be known as *provider_id*."""
    await connection.execute(
        "update auth.identities set identity_data = '{}', provider_id = %s, updated_at = %s"
        " where id = %s",
        [provider_id, now, identity_id],
    )


async def insert_user(connection: Connection, user: User, *, now: datetime) -> User | None:
    """
    Insert *user*, and an identity for the email address if there is one.

    Triggers of the app run, and may refuse.

    Returns:
        The user as the database has it now, or None when the address is taken.

    Raises:
        psycopg.Error: A trigger raised.
    """
    values: dict[str, object] = {
        "instance_id": INSTANCE_ID,
        "id": user.id,
        "aud": user.aud,
        "role": user.role,
        "email": user.email or None,
        "encrypted_password": user.encrypted_password or None,
        "email_confirmed_at": user.email_confirmed_at,
        "invited_at": user.invited_at,
        "confirmation_token": "",
        "recovery_token": "",
        "email_change_token_new": "",
        "email_change": "",
        "last_sign_in_at": user.last_sign_in_at,
        "raw_app_meta_data": Jsonb(user.raw_app_meta_data),
        "raw_user_meta_data": Jsonb(user.raw_user_meta_data),
        "created_at": now,
        "updated_at": now,
        "phone": user.phone or None,
        "phone_confirmed_at": user.phone_confirmed_at,
        "banned_until": user.banned_until,
        "is_anonymous": user.is_anonymous,
    }
    statement = sql.SQL("insert into auth.users ({}) values ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(map(sql.Placeholder, values)),
    )
    try:
        async with connection.transaction():
            await connection.execute(statement, values)
    except UniqueViolation as error:
        if error.diag.constraint_name == UNIQUE_EMAIL:
            return None
        raise
    if user.email:
        await insert_identity(connection, user, now=now)
    return await find_user(connection, user.id)


async def insert_identity(connection: Connection, user: User, *, now: datetime) -> None:
    """Insert the identity with which *user* signs in by email address."""
    data: dict[str, JsonValue] = {
        **user.raw_user_meta_data,
        "sub": str(user.id),
        "email": user.email,
        "email_verified": user.is_confirmed,
        "phone_verified": False,
    }
    await connection.execute(
        _CREATE_IDENTITY, {"user_id": user.id, "data": Jsonb(data), "now": now}
    )


async def update_user(
    connection: Connection, user_id: UUID, changes: Mapping[str, object], *, now: datetime
) -> User:
    """
    Change columns of a user, and `updated_at`.

    Args:
        connection: In a transaction.
        user_id: Whose row.
        changes: Column to value; objects become jsonb.
        now: The time.

    Returns:
        The user as the database has it now.

    Raises:
        AuthError: There is no such user any more.
        psycopg.Error: A constraint or trigger refused.
    """
    values = {
        name: Jsonb(value) if isinstance(value, dict) else value
        for name, value in {**changes, "updated_at": now}.items()
    }
    statement = sql.SQL("update auth.users set {} where id = {}").format(
        sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name))
            for name in values
        ),
        sql.Placeholder("user_id"),
    )
    await connection.execute(statement, {**values, "user_id": user_id})
    return await get_user(connection, user_id)


async def update_identity(
    connection: Connection, user_id: UUID, data: Mapping[str, JsonValue], *, now: datetime
) -> None:
    """Change members of what the email identity of a user holds, if there is one."""
    await connection.execute(
        "update auth.identities set identity_data = identity_data || %s, updated_at = %s"
        " where user_id = %s and provider = 'email'",
        [Jsonb(dict(data)), now, user_id],
    )


async def delete_identity(connection: Connection, user_id: UUID, identity_id: UUID) -> None:
    """Take an identity from a user."""
    await connection.execute(
        "delete from auth.identities where user_id = %s and id = %s", [user_id, identity_id]
    )


async def delete_one_time_tokens(connection: Connection, user_id: UUID) -> None:
    """Make all mails to a user worthless; `NO_ONE_TIME_TOKENS` does the rest."""
    await connection.execute("delete from auth.one_time_tokens where user_id = %s", [user_id])


async def _user(
    connection: Connection,
    condition: LiteralString,
    values: list[object],
    *,
    for_update: bool,
) -> User | None:
    lock = " for update of u" if for_update else ""
    async with connection.cursor(row_factory=class_row(User)) as cursor:
        await cursor.execute(_USER + condition + lock, values)
        return await cursor.fetchone()
