"""
The mailbox at ``/mail``: a page for people, and JSON for tests.

::

    GET    /mail                          the page
    GET    /mail/api/messages?to=ADDRESS  {"messages": [...]}, the newest first
    GET    /mail/api/messages/NUMBER      one of them
    GET    /mail/api/messages/NUMBER/html what it says in HTML
    DELETE /mail/api/messages             forget them all
    GET    /mail/api/events               server-sent: an event now, and whenever mails change

Codes and links of all accounts are here, so there is no such thing but under `slotcast dev`.
Pages of other origins get nothing of it, although our other routes are open to them.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from slotcast.transports import assets
from slotcast.transports.same_origin import own

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from slotcast.auth.mailbox import Mailbox, ReceivedMail
    from slotcast.claims import JsonValue

_MESSAGES: Final = "/mail/api/messages"
_HEAD: Final = re.compile(r"<head[^>]*>", re.IGNORECASE)
_NEW_TAB: Final = '<base target="_blank">'
_MAIL_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self';"
    " sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
"""What a mail may do in its frame: look like itself, and open links elsewhere."""


class MailboxPages:
    """Serves what is in *mailbox*."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def routes(self) -> list[BaseRoute]:
        """Make the routes."""
        return [
            Route("/mail", _page),
            Route(_MESSAGES, _own(self._list)),
            Route(_MESSAGES, _own(self._clear), methods=["DELETE"]),
            Route(_MESSAGES + "/{number:int}", _own(self._show)),
            Route(_MESSAGES + "/{number:int}/html", _own(self._show_html)),
            Route("/mail/api/events", _own(self._tell)),
        ]

    async def _list(self, request: Request) -> Response:
        to = request.query_params.get("to")
        return JSONResponse(
            {
                "messages": [
                    _to_json(mail)
                    for mail in self._mailbox.mails
                    if to is None or mail.mail.letter.to == to
                ]
            }
        )

    async def _clear(self, _request: Request) -> Response:
        self._mailbox.clear()
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _show(self, request: Request) -> Response:
        mail = self._mailbox.find(request.path_params["number"])
        return _gone() if mail is None else JSONResponse(_to_json(mail))

    async def _show_html(self, request: Request) -> Response:
        mail = self._mailbox.find(request.path_params["number"])
        if mail is None or not mail.html:
            return _gone()
        head = _HEAD.search(mail.html)
        place = 0 if head is None else head.end()
        shown = mail.html[:place] + _NEW_TAB + mail.html[place:]
        return HTMLResponse(
            shown, headers={**assets.page_headers(), "Content-Security-Policy": _MAIL_POLICY}
        )

    async def _tell(self, _request: Request) -> Response:
        async def events() -> AsyncGenerator[str]:
            async for count in self._mailbox.changes():
                yield f"data: {count}\n\n"

        return StreamingResponse(
            events(), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )


async def _page(_request: Request) -> Response:
    return HTMLResponse(assets.text("mail.html"), headers=assets.page_headers(has_frames=True))


def _own(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    return own(endpoint, subject="Mails")


def _gone() -> Response:
    return JSONResponse({"error": "There is no such mail any more"}, HTTPStatus.NOT_FOUND)


def _to_json(received: ReceivedMail) -> dict[str, JsonValue]:
    letter, message = received.mail.letter, received.mail.message
    return {
        "number": received.number,
        "received_at": received.received_at.isoformat(),
        "kind": letter.kind.value,
        "from": str(message["From"]),
        "to": letter.to,
        "subject": str(message["Subject"]),
        "text": received.text,
        "html": received.html,
        "code": letter.code,
        "link": letter.link,
        "token_hash": letter.token_hash,
    }
