"""What a server without mail answers when an address would have to be confirmed."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn

from slotcast.auth.errors import AuthError

if TYPE_CHECKING:
    from slotcast.auth.endpoints import Body, Request
    from slotcast.auth.service import AuthService
    from slotcast.auth.store import Connection
    from slotcast.auth.users import User


class WithoutMail:
    """Refuses whatever needs a mail; see `service.Confirmations`."""

    async def confirm_sign_up(
        self, service: AuthService, connection: Connection, user: User, request: Request, body: Body
    ) -> User:
        """Refuse."""
        del service, connection, user, request, body
        _refuse("Error sending confirmation email")

    async def change_email(
        self,
        service: AuthService,
        connection: Connection,
        user: User,
        email: str,
        request: Request,
        body: Body,
    ) -> User:
        """Refuse."""
        del service, connection, user, email, request, body
        _refuse("Error sending email change email")

    async def check_nonce(
        self, service: AuthService, connection: Connection, user: User, nonce: str
    ) -> None:
        """Refuse."""
        del service, connection, user, nonce
        _refuse("Error sending reauthentication email")


def _refuse(message: str) -> NoReturn:
    raise AuthError(HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected_failure", message)
