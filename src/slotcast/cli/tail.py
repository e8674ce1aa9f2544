"""
`slotcast tail`: changes in the terminal, as a given user would get them.

It is a client like any other: version 1.0.0 of the protocol over one WebSocket, one channel
with one subscription. A refusal ends it with the reason; a lost connection does not, once
changes had been live.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import sys
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from slotcast.cli import project
from slotcast.errors import SettingsError, TailError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

_TOPIC: Final = "realtime:slotcast-tail"
_JOIN_REF: Final = "1"
HEARTBEAT_S: Final = 25.0
_OPEN_TIMEOUT_S: Final = 10.0
JOIN_TIMEOUT_S: Final = 40.0
BACKOFF_S: Final = (1.0, 2.0, 5.0, 10.0)
_FRAME_LIMIT_BYTES: Final = 16 * 1024 * 1024
_PASSING_REASONS: Final = (
    "InitializingProjectConnection",
    "PostgresChangesSubscribeTimeout",
    "RealtimeRestarting",
    "UnableToConnectToProject",
)
"""Beginnings of the refusals that a server gives while it starts or stops."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    What to follow.

    Attributes:
        url: The server's, such as ``http://127.0.0.1:54321``.
        apikey: Key of the connection.
        token: JWT of the user; None means that the key says who is asking.
        schema: Schema of the table.
        table: The table.
        event: ``*``, ``INSERT``, ``UPDATE`` or ``DELETE``.
        filter: Such as ``status=eq.confirmed``; None means every row.
    """

    url: str
    apikey: str
    token: str | None
    schema: str
    table: str
    event: str
    filter: str | None

    @property
    def websocket_url(self) -> str:
        """Where the WebSocket is, with the key in the query."""
        base = self.url.rstrip("/").replace("http", "ws", 1)
        return f"{base}/realtime/v1/websocket?apikey={quote(self.apikey, safe='')}&vsn=1.0.0"

    def join(self) -> str:
        """Compose the frame that joins the channel."""
        binding = {"event": self.event, "schema": self.schema, "table": self.table}
        if self.filter is not None:
            binding["filter"] = self.filter
        config = {"postgres_changes": [binding], "postgres_changes_options": {"wait": True}}
        payload: Json = {"config": config}
        if self.token is not None:
            payload["access_token"] = self.token
        return _frame(_TOPIC, "phx_join", payload, _JOIN_REF)


class LostConnection(Exception):
    """The connection ended, or the server is not ready; worth trying again."""


def run(arguments: argparse.Namespace) -> int:
    """Print changes until interrupted."""
    request = _request(arguments)
    show = SHOWN[arguments.output]
    asyncio.run(follow(request, lambda change: print(show(change), flush=True)))
    return 0


def line(change: Json) -> str:
    """Write *change* for people: when, what, where, the row, and what it was before."""
    record, old = change.get("record"), change.get("old_record")
    where = f"{change.get('schema')}.{change.get('table')}"
    text = f"{change.get('commit_timestamp')} {change.get('type')} {where} "
    text += _compact(old if record is None else record)
    if record is not None and old is not None:
        before = {name: old[name] for name in old if name in record and old[name] != record[name]}
        text += f" was {_compact(before)}" if before else ""
    if change.get("errors"):
        text += f" ({'; '.join(map(str, change['errors']))})"
    return text


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


SHOWN: Final[dict[str, Callable[[Json], str]]] = {"line": line, "json": _compact}
"""What `--output` offers."""


def _request(arguments: argparse.Namespace) -> Request:
    """
    Make the request that the command line describes.

    Raises:
        SettingsError: The URL is not one of HTTP.
        StateError: Nothing is known about this directory's `slotcast dev`.
    """
    url, apikey = arguments.url, arguments.apikey
    if url is None or apikey is None:
        kept = project.known_state(arguments.directory)
        url = url or kept.url
        apikey = apikey or project.completed(project.settings(arguments), kept).publishable_key
    if urlsplit(url).scheme not in ("http", "https"):
        raise SettingsError(f"--url is {url!r}; it must begin with http:// or https://")
    schema, dot, table = arguments.table.rpartition(".")
    return Request(
        url=url,
        apikey=apikey,
        token=arguments.token,
        schema=schema if dot else "public",
        table=table,
        event=arguments.event,
        filter=arguments.filter,
    )


async def follow(request: Request, emit: Callable[[Json], None]) -> None:
    """
    Give every change to *emit*, over as many connections as it takes.

    Raises:
        TailError: The server refuses, or could not be reached at first.
    """
    failures = 0
    was_live = False
    while True:
        connection = _Tail(request, emit)
        try:
            await connection.run()
        except LostConnection as error:
            was_live |= connection.is_live
            if not was_live:
                raise TailError(f"{error}; is the server running?") from error
            failures = 0 if connection.is_live else failures + 1
            delay_s = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
            _note(f"{error}; changes may be missed until the next try, in {delay_s:g} s")
            await asyncio.sleep(delay_s)


class _Tail:
    """One connection. `is_live` tells whether changes had begun to come."""

    def __init__(self, request: Request, emit: Callable[[Json], None]) -> None:
        self.is_live = False
        self._request = request
        self._emit = emit

    async def run(self) -> None:
        """
        Connect, join, and give changes to `emit` until the connection ends.

        Raises:
            LostConnection: It ended, or could not be made.
            TailError: The server refuses.
        """
        connection = await self._connect()
        async with connection:
            heartbeat = asyncio.create_task(_beat(connection))
            try:
                await self._read(connection)
            except ConnectionClosed as error:
                raise LostConnection(f"the connection was closed ({error})") from error
            finally:
                heartbeat.cancel()

    async def _read(self, connection: ClientConnection) -> None:
        """Join, and give changes to `emit`; raises as `run`, and ConnectionClosed."""
        await connection.send(self._request.join())
        try:
            async with asyncio.timeout(JOIN_TIMEOUT_S):
                while not self.is_live:
                    self._receive(await connection.recv())
        except TimeoutError:
            raise TailError(
                f"the server did not answer within {JOIN_TIMEOUT_S:g} s; see its log"
            ) from None
        async for frame in connection:
            self._receive(frame)
        raise LostConnection("the server closed the connection")

    async def _connect(self) -> ClientConnection:
        url = self._request.url
        try:
            return await connect(
                self._request.websocket_url,
                open_timeout=_OPEN_TIMEOUT_S,
                max_size=_FRAME_LIMIT_BYTES,
            )
        except InvalidStatus as error:
            status = error.response.status_code
            text = _refusal(error.response.body)
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise LostConnection(f"{url} answers {status}{text}") from error
            raise TailError(
                f"{url} refuses the connection: {status}{text}; see --url and --apikey"
            ) from error
        except InvalidURI as error:
            raise SettingsError(f"--url is not a URL: {error}") from error
        except (OSError, TimeoutError, InvalidHandshake, EOFError) as error:
            raise LostConnection(f"cannot connect to {url} ({error})") from error

    def _receive(self, frame: str | bytes) -> None:
        """
        Act on one frame of the server.

        Raises:
            LostConnection: The server is starting or stopping.
            TailError: It refuses, or takes back, what we asked for.
        """
        message = cast("Json", json.loads(frame))
        payload = cast("Json", message["payload"])
        match message["event"]:
            case "postgres_changes":
                self._emit(payload["data"])
            case "phx_reply" if message["ref"] == _JOIN_REF and payload["status"] != "ok":
                raise _refused(str(payload["response"].get("reason", payload["response"])))
            case "system" if payload["status"] != "ok":
                raise _refused(str(payload["message"]))
            case "system" if payload["extension"] == "postgres_changes":
                self._begin()
            case "phx_close" | "phx_error":
                raise LostConnection("the server closed the channel")
            case _:
                pass

    def _begin(self) -> None:
        if not self.is_live:
            self.is_live = True
            request = self._request
            where = f"{request.schema}.{request.table}"
            _note(f"following {where} at {request.url} as {_who(request.token)}")


async def _beat(connection: ClientConnection) -> None:
    """Send heartbeats until *connection* closes; servers drop clients that are silent."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            await connection.send(_frame("phoenix", "heartbeat", {}, "heartbeat"))


def _frame(topic: str, event: str, payload: Json, ref: str) -> str:
    message = {"topic": topic, "event": event, "payload": payload, "ref": ref}
    return json.dumps({**message, "join_ref": _JOIN_REF})


def _refused(reason: str) -> LostConnection | TailError:
    """Tell a refusal that will pass from one that will not."""
    if reason.startswith(_PASSING_REASONS):
        return LostConnection(f"the server is not ready ({reason})")
    return TailError(f"the server refuses: {reason}")


def _refusal(body: bytes | None) -> str:
    """Read why a handshake was refused, as ``: text``; empty when the server does not say."""
    try:
        return f": {json.loads(body or b'')['error']}"
    except (ValueError, KeyError, TypeError):
        return ""


def _who(token: str | None) -> str:
    """Name the user of *token*, unverified: this is only told to whoever gave it."""
    if token is None:
        return "the API key's role"
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return f"{claims['role']} {claims.get('sub', '')}".rstrip()
    except (ValueError, IndexError, KeyError, TypeError):
        return "the token's user"


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
