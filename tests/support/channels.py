"""The channels of a server without a database, for what needs none."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from slotcast import app
from slotcast.channels.access import Permissions
from slotcast.channels.large_messages import LargeMessages
from slotcast.channels.server import Changes, PrivateChannels, RealtimeServer
from slotcast.channels.topics import Topics
from slotcast.side_thread import SideThread
from slotcast.tokens import Keyring
from slotcast.transports.broadcasts import BroadcastApi
from slotcast.transports.http import HttpServer
from slotcast.transports.websocket import WebSocketLimits
from support.server import PUBLISHABLE_KEY, SECRET, settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from slotcast.channels.access import ChannelAccess, Extension
    from slotcast.claims import Claims

_UNUSED: Final = cast("Any", None)
"""Stands for what only channels with bindings need."""


@dataclass(slots=True)
class FakeAccess:
    """
    Permissions of roles, changed at will; keeps what it was asked.

    Attributes:
        read_by: By role; missing means nothing.
        write_by: By role and extension.
        gate: Questions about writing are answered once it is set.
        questions: ``(kind, topic, role)`` in order.
    """

    read_by: dict[str, Permissions] = field(default_factory=dict[str, Permissions])
    write_by: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    questions: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])

    async def read(self, topic: str, claims: Claims, headers: str) -> Permissions:
        assert headers.startswith("{")
        self.questions.append(("read", topic, claims.role))
        return self.read_by.get(claims.role, Permissions(broadcast=False, presence=False))

    async def write(self, topic: str, claims: Claims, headers: str, extension: Extension) -> bool:
        assert headers.startswith("{")
        self.questions.append((extension, topic, claims.role))
        await self.gate.wait()
        return (claims.role, extension) in self.write_by


@dataclass(frozen=True, slots=True)
class ChannelServer:
    """
    A server that runs.

    Attributes:
        url: Where.
        topics: Its topics.
        realtime: Its channels.
        messages: Where it decodes large messages.
    """

    url: str
    topics: Topics
    realtime: RealtimeServer
    messages: SideThread


@asynccontextmanager
async def channel_server(
    *, access: ChannelAccess | None = None, **changes: object
) -> AsyncGenerator[ChannelServer]:
    """Run a server within the block; *changes* are settings."""
    chosen = settings("postgresql:///none", "none", **changes)
    keyring = Keyring(secret=SECRET, publishable_key=PUBLISHABLE_KEY)
    with (
        SideThread("broadcasts") as side_thread,
        SideThread("messages") as messages,
    ):
        async with asyncio.TaskGroup() as tasks:
            topics = Topics(
                asyncio.get_running_loop().call_soon,
                presence_limit_bytes=chosen.presence_state_limit_bytes,
            )
            realtime = RealtimeServer(
                keyring=keyring,
                changes=Changes(registrar=_UNUSED, hub=_UNUSED, wait_live=_UNUSED),
                tasks=tasks,
                limits=app.channel_limits(chosen),
                topics=topics,
                large_messages=LargeMessages(messages),
                private=None
                if access is None
                else PrivateChannels(access=access, messages=_UNUSED),
            )
            server = HttpServer(
                host="127.0.0.1",
                port=0,
                routes=BroadcastApi(
                    keyring=keyring,
                    topics=topics,
                    limits=app.broadcast_limits(chosen),
                    side_thread=side_thread,
                    access=access,
                ).routes(),
                open_session=realtime.open_session,
                limits=WebSocketLimits(
                    frame_limit_bytes=chosen.frame_limit_bytes,
                    send_queue_limit_bytes=chosen.send_queue_limit_bytes,
                    connection_limit=chosen.max_concurrent_users,
                    idle_timeout_s=chosen.idle_timeout_s,
                ),
            )
            host, port = await server.start()
            try:
                yield ChannelServer(f"http://{host}:{port}", topics, realtime, messages)
            finally:
                await server.stop()
