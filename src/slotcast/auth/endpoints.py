"""What handlers get and give: the nouns between them and the web server."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias

from slotcast import strict_json
from slotcast.auth.errors import AuthError, bad_request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from slotcast.auth.service import AuthService
    from slotcast.claims import Claims, JsonValue

BODY_LIMIT_BYTES: Final = 128 * 1024
"""Largest body of a request. Reading it holds everybody up, and metadata has 6 KiB at most."""


class Access(enum.Enum):
    """
    Who may call an endpoint, before its handler looks.

    Handlers of endpoints that belong to a user begin with `callers.authenticate`.
    """

    OPEN = enum.auto()
    """Everybody, without an API key: links in mails lead here."""
    API_KEY = enum.auto()
    """Whoever has an API key of the project."""
    ADMIN = enum.auto()
    """Whoever has a token or an opaque key of the role `service_role`."""


class Body:
    """
    The JSON object that a request came with; members of no interest are passed over.

    A member that is null counts as missing.

    Args:
        members: The object.
    """

    __slots__ = ("_members",)

    def __init__(self, members: Mapping[str, JsonValue]) -> None:
        self._members = members

    def __contains__(self, name: str) -> bool:
        return self._members.get(name) is not None

    def text(self, name: str) -> str:
        """
        Give a string, empty when it is missing.

        Raises:
            AuthError: The member is not a string.
        """
        value = self._members.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise malformed(f"{name} must be a string")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """
        Give a boolean.

        Raises:
            AuthError: The member is not a boolean.
        """
        value = self._members.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise malformed(f"{name} must be a boolean")
        return value

    def object(self, name: str) -> dict[str, JsonValue] | None:
        """
        Give an object, None when it is missing.

        Raises:
            AuthError: The member is not an object.
        """
        value = self._members.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise malformed(f"{name} must be an object")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    A request, without the web server's ways.

    Attributes:
        content: The body as it came, at most `BODY_LIMIT_BYTES`.
        query: Query parameters; of one that is repeated the last counts.
        headers: Names are in lower case.
        path: What the path's placeholders stand for.
        address: The client's IP address, empty when it is unknown.
        token: What stands behind ``Authorization: Bearer``, None when nothing does.
        claims: Of *token*, verified; None for endpoints that are not for admins.
    """

    content: bytes = b""
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    path: Mapping[str, str] = field(default_factory=dict[str, str])
    address: str = ""
    token: str | None = None
    claims: Claims | None = None

    @property
    def user_agent(self) -> str:
        """What the client calls itself, empty when it does not."""
        return self.headers.get("user-agent", "")

    @property
    def redirect_to(self) -> str:
        """Where the client wants to be sent from a mail; not checked yet, empty for nowhere."""
        return self.query.get("redirect_to", "") or self.headers.get("redirect_to", "")

    def body(self) -> Body:
        """
        Read the body.

        Raises:
            AuthError: It is not a JSON object, or one that PostgreSQL cannot store.
        """
        try:
            members = strict_json.loads(self.content)
        except ValueError as error:
            raise malformed(str(error)) from None
        if not isinstance(members, dict):
            raise malformed("it must be an object")
        # A backslash is written as two, so without those pairs only true escapes are left.
        if "\\u0000" in strict_json.encode(members).replace("\\\\", ""):
            raise malformed("it must not contain the character \\u0000")
        return Body(members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What a client gets.

    Attributes:
        body: JSON; None for no body.
        status: HTTP status.
        headers: Besides the content's type and length.
    """

    body: JsonValue = None
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Handler: TypeAlias = "Callable[[AuthService, Request], Awaitable[Answer]]"
"""Serves a request, or raises AuthError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """
    One of the things that can be asked for.

    Attributes:
        method: HTTP method.
        path: Below ``/auth/v1``, with placeholders such as ``{user_id}``.
        handler: Serves it.
        access: Who may call it.
        is_safe: Whether HEAD is answered as GET is. Mail scanners ask so for what a link leads
            to, and must not use it up.
    """

    method: str
    path: str
    handler: Handler
    access: Access = Access.API_KEY
    is_safe: bool = True


def malformed(reason: str) -> AuthError:
    """Make the error of a body that cannot be read."""
    return bad_request("bad_json", f"Could not parse request body as JSON: {reason}")
