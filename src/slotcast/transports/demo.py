"""
What there is to try things with under `slotcast dev`, and nowhere else.

::

    GET  /demo.json      {"accounts": [...]}: who may sign in, with what password
    POST /demo/customer  {"action": "book" | "move" | "cancel", "day": "2027-03-01"}: a customer
                         does that, on that day if it can be, which may be left out

The answer is what was done, or `{"refused": "..."}`, which says why nothing was: that others
are faster at times is no error, and browsers note each error status in their console.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, cast

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from slotcast.transports.same_origin import own

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from slotcast.claims import JsonValue

_ACTIONS: Final = ("book", "move", "cancel")
_BODY_LIMIT_BYTES: Final = 1024
_UNSTORED: Final = {"Cache-Control": "no-store"}


class CannotAct(Exception):
    """The customer cannot do that now; the message says why, and what helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """
    Somebody whom everybody may sign in as.

    Attributes:
        email: To sign in with.
        password: Likewise.
        name: What people call them.
        role: `owner`, `admin`, `staff`, `viewer` or `customer`.
        workspace: The slug of the workspace they are that in.
    """

    email: str
    password: str
    name: str
    role: str
    workspace: str


class DemoPages:
    """
    Serves the demo's accounts and its customer.

    Args:
        accounts: In the order in which they are offered.
        act: Has the customer do something (`book`, `move` or `cancel`), on a day if that can be,
            and tells what it was; raises CannotAct.
    """

    def __init__(
        self,
        accounts: Sequence[DemoAccount],
        act: Callable[[str, date | None], Awaitable[Mapping[str, JsonValue]]],
    ) -> None:
        self._accounts = [asdict(account) for account in accounts]
        self._act = act

    def routes(self) -> list[BaseRoute]:
        """Make the routes."""
        return [
            Route("/demo.json", own(self._list, subject="Demo accounts")),
            Route(
                "/demo/customer", own(self._let_act, subject="Simulated people"), methods=["POST"]
            ),
        ]

    async def _list(self, _request: Request) -> Response:
        return JSONResponse({"accounts": self._accounts}, headers=_UNSTORED)

    async def _let_act(self, request: Request) -> Response:
        wish = await _read_wish(request)
        if wish is None:
            expected = " or ".join(json.dumps({"action": one}) for one in _ACTIONS)
            problem = f'Send {expected}, with a "day" such as "2027-03-01" if it matters'
            return JSONResponse({"error": problem}, HTTPStatus.BAD_REQUEST)
        try:
            told = await self._act(*wish)
        except CannotAct as refused:
            told = {"refused": str(refused)}
        return JSONResponse(told, headers=_UNSTORED)


async def _read_wish(request: Request) -> tuple[str, date | None] | None:
    """Read what the customer is to do, and on which day; None if that makes no sense."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_LIMIT_BYTES:
            return None
    try:
        match cast("JsonValue", json.loads(body)):
            case {"action": str(action), "day": str(day)} if action in _ACTIONS:
                return action, date.fromisoformat(day)
            case {"action": str(action), **others} if action in _ACTIONS and "day" not in others:
                return action, None
            case _:
                return None
    except ValueError:
        return None
