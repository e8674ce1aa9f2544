"""Acting in the database as an API client does: a role and the claims of a token."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from uuid import UUID

    from psycopg import Connection


def act_as(connection: Connection, role: str, claims: Mapping[str, object] | None = None) -> None:
    """
    Become *role* with *claims* until the transaction ends.

    Args:
        connection: As a role that may become *role*; in a transaction.
        role: `anon`, `authenticated` or `service_role`.
        claims: The token's, without `role`, which is added.
    """
    document = json.dumps({**(claims or {}), "role": role})
    connection.execute("select set_config('request.jwt.claims', %s, true)", [document])
    connection.execute(f"set local role {role}".encode())


@contextmanager
def client(
    url: str, role: str, claims: Mapping[str, object] | None = None
) -> Generator[Connection]:
    """Open a transaction as *role* with *claims*; it is rolled back in the end."""
    with psycopg.connect(url) as connection:
        act_as(connection, role, claims)
        yield connection
        connection.rollback()


@contextmanager
def signed_in(url: str, user_id: UUID) -> Generator[Connection]:
    """Open a transaction as the signed-in user *user_id*; it is rolled back in the end."""
    with client(url, "authenticated", {"sub": str(user_id)}) as connection:
        yield connection
