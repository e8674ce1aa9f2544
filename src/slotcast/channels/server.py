"""
The server half of channels: connections, joins, tokens, and what a channel subscribes to.

The protocol itself is `channels.protocol`, which neither waits nor sends. A
`RealtimeSession` carries out what its `ChannelTable` decides; whatever has to wait for
PostgreSQL is a task of its own, so a slow join holds up nothing else on the connection.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar, Final, Literal, Protocol, TypeVar, assert_never

import psycopg
from psycopg_pool import PoolTimeout

from slotcast import strict_json
from slotcast.channels.access import PUBLIC
from slotcast.channels.large_messages import QUICK_LENGTH, LargeMessages, TooLaborious
from slotcast.channels.limits import weight
from slotcast.channels.participant import Participant
from slotcast.channels.protocol import texts
from slotcast.channels.protocol.joins import parse_replay
from slotcast.channels.protocol.lifecycle import (
    Broadcast,
    ChangeToken,
    ChannelState,
    ChannelTable,
    Join,
    Joined,
    PresenceCall,
    Release,
    Send,
)
from slotcast.channels.protocol.serializers import holds_json, negotiate
from slotcast.channels.session import Refusal
from slotcast.counters import ChannelCounts
from slotcast.errors import ProtocolError, SubscriptionError, TokenError
from slotcast.fanout import frames
from slotcast.fanout.hub import RESYNC
from slotcast.fanout.registration import make_binding
from slotcast.fanout.subscriptions import Subscription
from slotcast.observations import Observation, observe, problem
from slotcast.postgres.pool import was_cut
from slotcast.rates import TokenBucket, network_of
from slotcast.tokens import expired, handshake_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, Sequence

    from slotcast.channels.access import ChannelAccess, Permissions
    from slotcast.channels.participant import TopicLimits
    from slotcast.channels.protocol.joins import JoinRequest
    from slotcast.channels.protocol.lifecycle import Channel, Effect, Push
    from slotcast.channels.protocol.serializers import ClientMessage, Serializer
    from slotcast.channels.session import Connection, Handshake
    from slotcast.channels.stored import StoredMessages
    from slotcast.channels.topics import Topics
    from slotcast.claims import Claims, JsonValue
    from slotcast.fanout.hub import Hub
    from slotcast.fanout.registration import Registered, Registrar
    from slotcast.fanout.subscriptions import Binding
    from slotcast.lsn import Lsn
    from slotcast.rates import Rate
    from slotcast.tokens import Keyring

T = TypeVar("T")
_Data = TypeVar("_Data", str, bytes)

_LONGEST_TIMER_S: Final = 86_400.0
_READY_TIMEOUT_S: Final = 60.0
_RETRY_DELAY_S: Final = 0.05
VISIBILITY_TIMEOUT_S: Final = 1.0
"""Longest that a join waits for others to see what is in the log."""
_NORMAL_CLOSURE: Final = 1000
_GOING_AWAY: Final = 1001
_TOO_BIG: Final = 1009
_INTERNAL_ERROR: Final = 1011
_TRY_AGAIN_LATER: Final = 1013

_UNSHOWN: Final = frozenset({"sec-websocket-key"})
"""Headers that differ from one connection to the next and say nothing."""

NOTICE_EXTENSION: Final = "slotcast"
"""What `system` messages of ours are about, which the original does not send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameIgnored(Observation):
    """A client sent something that is not of the protocol."""

    level: ClassVar[int] = logging.DEBUG
    remote: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinDelayed(Observation):
    """A join met a connection that PostgreSQL had ended, and is tried with another one."""

    level: ClassVar[int] = logging.DEBUG
    topic: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinFailed(Observation):
    """A join failed for a reason that is not the client's."""

    level: ClassVar[int] = logging.WARNING
    topic: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFailed(Observation):
    """A defect ended something that was done for a client; its connection is closed."""

    level: ClassVar[int] = logging.ERROR
    remote: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLimits:
    """
    What connections may do.

    Attributes:
        channels_per_connection: Most channels joined at a time.
        join_timeout_s: Longest that a join is held until its subscription is live.
        channelless_timeout_s: How long a connection may be without any channel.
        joins: How often a connection may join.
        messages: How often a connection may broadcast or change its presence.
        topic: What one channel may do in its topic.
    """

    channels_per_connection: int
    join_timeout_s: float
    channelless_timeout_s: float
    joins: Rate
    messages: Rate
    topic: TopicLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """
    Who knows about changes.

    Attributes:
        registrar: Checks subscriptions against the database.
        hub: Delivers changes to subscriptions.
        wait_live: Returns when the replication stream is live.
    """

    registrar: Registrar
    hub: Hub
    wait_live: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateChannels:
    """
    Who knows about private channels.

    Attributes:
        access: Asked who may do what on them.
        messages: Asked for earlier broadcasts.
    """

    access: ChannelAccess
    messages: StoredMessages


class RealtimeServer:
    """
    Opens sessions, and owns what they share.

    Args:
        keyring: Verifies tokens and API keys.
        changes: Who knows about changes.
        tasks: Owns the tasks of all sessions.
        limits: What connections may do.
        topics: Where broadcasts and presence go.
        large_messages: Decode what takes long.
        private: Who knows about private channels; None to refuse them.

    Attributes:
        counts: What clients asked of their channels.
        policy_version: Counts up when something changes that policies depend on, so that
            whoever asked meanwhile asks again.
    """

    def __init__(
        self,
        *,
        keyring: Keyring,
        changes: Changes,
        tasks: asyncio.TaskGroup,
        limits: ChannelLimits,
        topics: Topics,
        large_messages: LargeMessages,
        private: PrivateChannels | None = None,
    ) -> None:
        self.keyring = keyring
        self.registrar = changes.registrar
        self.hub = changes.hub
        self.wait_live = changes.wait_live
        self.limits = limits
        self.topics = topics
        self.large_messages = large_messages
        self.access = None if private is None else private.access
        self.messages = None if private is None else private.messages
        self.policy_version = 0
        self.counts = ChannelCounts()
        self._tasks = tasks
        self._sessions: set[RealtimeSession] = set()
        self._channelless: dict[RealtimeSession, float] = {}
        self._sweep: asyncio.TimerHandle | None = None

    def open_session(
        self, handshake: Handshake, connection: Connection
    ) -> RealtimeSession | Refusal:
        """Let a client in if its API key and protocol version are good."""
        key = handshake.headers.get("x-api-key") or handshake.query.get("apikey")
        try:
            serializer = negotiate(handshake.query.get("vsn"))
        except ProtocolError:
            return Refusal(status=HTTPStatus.FORBIDDEN, body=b"")
        try:
            claims = self.keyring.from_api_key(key, time.time())
        except TokenError as error:
            body = strict_json.dumps({"error": handshake_text(error)})
            return Refusal(status=HTTPStatus.UNAUTHORIZED, body=body)
        headers = _shown_headers(handshake) if self.access else "{}"
        session = RealtimeSession(self, connection, serializer, claims, headers)
        self._sessions.add(session)
        self.counts.connections += 1
        self.note_channels(session, 0)
        return session

    def reauthorize(self) -> None:
        """
        Ask again what may be done on each private channel.

        To be called when something has changed that the policies depend on. Nothing is sent
        on these channels until the answer is there.
        """
        self.policy_version += 1
        for session in self._sessions:
            for member in session.members.values():
                member.reauthorize()

    def drain(self) -> None:
        """Tell every client on every channel that the server asks it to come back later."""
        for session in tuple(self._sessions):
            session.drain()

    def start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run *work* as a task of the server."""
        return self._tasks.create_task(work)

    def note_channels(self, session: RealtimeSession, count: int) -> None:
        """Note how many channels a session has: without any, its time is limited."""
        if count:
            self._channelless.pop(session, None)
        elif session not in self._channelless:
            self._channelless[session] = time.monotonic()
            self._sweep_later()

    def forget(self, session: RealtimeSession) -> None:
        """Hold nothing of a session that is closed."""
        self._sessions.discard(session)
        self._channelless.pop(session, None)

    def _sweep_later(self) -> None:
        """Look again when the session that has been without a channel longest is due."""
        if self._sweep is None and self._channelless:
            began = next(iter(self._channelless.values()))
            delay_s = began + self.limits.channelless_timeout_s - time.monotonic()
            loop = asyncio.get_running_loop()
            self._sweep = loop.call_later(max(delay_s, 0.0), self._close_channelless)

    def _close_channelless(self) -> None:
        self._sweep = None
        due = time.monotonic() - self.limits.channelless_timeout_s
        for session, began in tuple(self._channelless.items()):
            if began > due:
                break
            del self._channelless[session]
            session.connection.close(_NORMAL_CLOSURE, "no channel was joined")
        self._sweep_later()


def _shown_headers(handshake: Handshake) -> str:
    """Write as JSON what policies may ask of a request; equal ones are kept once."""
    shown = {name: value for name, value in handshake.headers.items() if name not in _UNSHOWN}
    return sys.intern(strict_json.encode({**shown}))


class RealtimeSession:
    """One connection; a `slotcast.channels.session.Session`."""

    __slots__ = (
        "__weakref__",
        "_checks",
        "_is_closed",
        "_is_decoding",
        "_joins",
        "_messages",
        "_waiting",
        "claims",
        "connection",
        "headers",
        "members",
        "serializer",
        "server",
        "table",
    )

    def __init__(
        self,
        server: RealtimeServer,
        connection: Connection,
        serializer: Serializer,
        claims: Claims,
        headers: str,
    ) -> None:
        self.server = server
        self.connection = connection
        self.serializer = serializer
        self.claims = claims
        self.headers = headers
        self._checks: asyncio.Lock | None = None
        self._is_decoding = False
        self._waiting: asyncio.Task[None] | None = None
        self._is_closed = False
        self._joins: TokenBucket | None = None
        self._messages: TokenBucket | None = None
        self.table = ChannelTable(
            serializer,
            channel_limit=server.limits.channels_per_connection,
            counts=server.counts,
        )
        self.members: dict[Channel, Member] = {}

    def receive_text(self, data: str, /) -> None:
        """Take a text message."""
        self._receive(self.serializer.decode_text, data)

    def receive_binary(self, data: bytes, /) -> None:
        """Take a binary message."""
        self._receive(self.serializer.decode_binary, data)

    def closed(self) -> None:
        """Give up all channels, once what the client said before has been heard."""
        self._is_closed = True
        if self._waiting is not None:
            self._waiting.cancel()  # who knows when its turn would come
        elif not self._is_decoding:
            self._give_up()

    def _give_up(self) -> None:
        self.carry_out(self.table.abandon())
        self.server.forget(self)

    def drain(self) -> None:
        """Tell the client on all channels that the connection is about to be closed."""
        self.carry_out(self.table.drain())

    def carry_out(self, effects: Iterable[Effect]) -> None:
        """Do what the protocol decided, in order."""
        for effect in effects:
            match effect:
                case Send(data):
                    self.connection.send(frames.text(data))
                case Join(channel, request):
                    member = self.members[channel] = Member(self, channel, request)
                    member.join(request.access_token)
                case Joined(channel):
                    self.members[channel].enter()
                case Broadcast(channel) | PresenceCall(channel):
                    self._push(channel, effect)
                case ChangeToken(channel, token):
                    self.members[channel].change_token(token)
                case Release(channel):
                    self._release(channel)
                case _:
                    assert_never(effect)
        self.server.note_channels(self, len(self.table))

    def _receive(self, decode: Callable[[_Data], ClientMessage], data: _Data) -> None:
        if len(data) > QUICK_LENGTH and holds_json(data):
            self._begin_large(decode, data)
            return
        try:
            message = decode(data)
        except ProtocolError as error:
            self._ignore(error)
        else:
            self._take(message)

    def _begin_large(self, decode: Callable[[_Data], ClientMessage], data: _Data) -> None:
        # What is too much is not even decoded, so the channel that would end is not known.
        if self.spend(len(data)):
            self.connection.pause()  # what comes after it waits for it
            self._is_decoding = True
            self._waiting = self.start(self._receive_large(decode, data))
            # Which is called even if it is cancelled before it begins.
            self._waiting.add_done_callback(self._end_large)
        else:
            self.connection.close(_TRY_AGAIN_LATER, texts.TOO_MANY_MESSAGES)

    async def _receive_large(self, decode: Callable[[_Data], ClientMessage], data: _Data) -> None:
        large_messages = self.server.large_messages
        host = self.connection.remote.rpartition(":")[0].strip("[]")
        try:
            async with large_messages.turn(network_of(host)):
                self._waiting = None
                message = await large_messages.decode(decode, data)
            self._take(message)
        except ProtocolError as error:
            self._ignore(error)
        except TooLaborious:
            self.connection.close(_TOO_BIG, "a message has too many parts, or is too large")

    def _end_large(self, _: asyncio.Task[None]) -> None:
        self._waiting = None
        self._is_decoding = False
        if self._is_closed:
            self._give_up()
        else:
            self.connection.resume()

    def _ignore(self, error: ProtocolError) -> None:
        self.server.counts.ignored += 1
        observe(FrameIgnored(remote=self.connection.remote, problem=str(error)))

    def _take(self, message: ClientMessage) -> None:
        if message.event == "phx_join" and not self._count_join():
            self.carry_out(self.table.refuse_join(message, texts.TOO_MANY_JOINS))
            self.connection.close(_GOING_AWAY, texts.TOO_MANY_JOINS)
        else:
            self.carry_out(self.table.receive(message))

    async def check(self, bindings: Sequence[Binding], claims: Claims) -> Registered:
        """
        Check the bindings of one channel after the other's; see `Registrar.check`.

        So one client takes no more than one connection of the pool for it, however many
        channels it joins at once.
        """
        if self._checks is None:
            self._checks = asyncio.Lock()
        async with self._checks:
            return await self.server.registrar.check(bindings, claims)

    def start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run *work* as a task of the server; a defect in it costs this connection alone."""
        task = self.server.start(self._carefully(work))
        task.add_done_callback(lambda _: work.close())  # it may be cancelled before it begins
        return task

    async def _carefully(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 (it would end all tasks, and so the server)
            observe(SessionFailed(remote=self.connection.remote, problem=problem(error)))
            self.connection.close(_INTERNAL_ERROR, "internal error")

    def spend(self, size_bytes: int) -> bool:
        """Count a message that is sent to others; False if it is one too many."""
        if self._is_decoding:
            return True  # it was counted when it began
        now = time.monotonic()
        if self._messages is None:
            self._messages = TokenBucket(self.server.limits.messages, now)
        return self._messages.take(now, weight(size_bytes, self._messages.rate))

    def _count_join(self) -> bool:
        now = time.monotonic()
        if self._joins is None:
            self._joins = TokenBucket(self.server.limits.joins, now)
        return self._joins.take(now)

    def _push(self, channel: Channel, push: Push) -> None:
        """Do what a push asks, unless an earlier one has ended the channel."""
        member = self.members.get(channel)
        if member is not None:
            member.push(push)

    def _release(self, channel: Channel) -> None:
        member = self.members.pop(channel, None)
        if member is not None:
            member.release()
        self.carry_out(self.table.released(channel))


class _Sends(Protocol):
    """Where a change goes."""

    def __call__(self, frame: bytes, /) -> None: ...


class Member:
    """
    What one channel holds: its claims, its subscription, its timer, the task of its join.

    It is the `slotcast.fanout.subscriptions.Recipient` of its subscription. Frames that come
    before the join is answered wait, since clients drop what they did not join yet. To its
    part in its topic, which begins when the join is answered, it is the
    `slotcast.channels.participant.Host`.
    """

    __slots__ = (
        "_channel",
        "_claims",
        "_expiry",
        "_held",
        "_lateness",
        "_participant",
        "_permissions",
        "_readiness",
        "_request",
        "_session",
        "_subscription",
        "_task",
        "_token",
        "encoding",
        "send",
    )

    def __init__(self, session: RealtimeSession, channel: Channel, request: JoinRequest) -> None:
        self._session = session
        self._channel = channel
        # A token is as long as all else that is kept of a join, and needed only to tell it from
        # another one.
        self._request = replace(request, access_token=None)
        self._token: bytes | None = None
        self._claims = session.claims
        self._subscription: Subscription | None = None
        self._task: asyncio.Task[None] | None = None
        self._lateness: asyncio.Task[None] | None = None
        self._expiry: asyncio.TimerHandle | None = None
        held: list[bytes] = []
        self._held: list[bytes] | None = held
        # An attribute, since changes for thousands go through it: they are kept until the join
        # is answered, then sent, and nothing is after the channel's end.
        self.send: _Sends = held.append
        self._permissions: Permissions = PUBLIC
        self._readiness: asyncio.Task[None] | None = None
        self._participant: Participant | None = None
        self.encoding: Hashable = (session.serializer.version, channel.topic)

    def frame(self, ids: tuple[int, ...], data: bytes) -> bytes:
        """Make the frame that brings a change to bindings *ids*."""
        before, after = self._session.serializer.changes_envelope(self._channel.topic, ids)
        return frames.text(before + data + after)

    def warn(self, message: str) -> None:
        """Tell the client what it does not get; not as an error, which would end the channel."""
        self._tell("ok", message, NOTICE_EXTENSION)

    def join(self, token: str | None) -> None:
        """
        Verify the token and subscribe; the reply follows when that is done.

        Args:
            token: The user's, or None to act by the connection's key.
        """
        if token is not None and not self._take_token(token):
            return
        self._watch_expiry()
        if self._request.is_private and self._session.server.access is None:
            self._refuse(texts.PRIVATE_NOT_SERVED)
        elif self._request.is_private or self._request.bindings:
            self._task = self.start(self._subscribe_and_answer())
        else:
            self._accept()

    def enter(self) -> None:
        """Take part in the topic from now on."""
        server = self._session.server
        self._participant = Participant(
            self,
            self._channel,
            self._request,
            topics=server.topics,
            limits=server.limits.topic,
            access=server.access,
            permissions=self._permissions,
        )
        self._participant.enter()
        if server.messages is not None and self._request.replay is not None:
            request = parse_replay(self._request.replay)
            self._participant.replay(partial(server.messages.before, self._channel.name, request))
        if self._request.wants_replication_ready:
            self._readiness = self.start(self._tell_when_ready())

    async def _tell_when_ready(self) -> None:
        """Tell the client when broadcasts of the database are sure to come."""
        try:
            async with asyncio.timeout(_READY_TIMEOUT_S):
                await self._session.server.wait_live()
        except TimeoutError:
            self.end(texts.REPLICATION_LATE)
        else:
            self._tell("ok", texts.REPLICATION_READY, "system")

    def reauthorize(self) -> None:
        """Ask again what the client may do, for the policies may say otherwise by now."""
        if self._participant is not None:
            self._participant.reauthorize(texts.read_lost(self._channel.name))

    def push(self, push: Push) -> None:
        """Do what the client asks in the topic."""
        if self._participant is not None:
            self._participant.push(push)

    @property
    def connection(self) -> Connection:
        """What the channel is joined on."""
        return self._session.connection

    @property
    def serializer(self) -> Serializer:
        """Of the connection."""
        return self._session.serializer

    @property
    def claims(self) -> Claims:
        """Who the client is at the moment."""
        return self._claims

    @property
    def headers(self) -> str:
        """Of the request that opened the connection, as a JSON object."""
        return self._session.headers

    def reply(self, ref: str | None, status: Literal["ok", "error"], response: JsonValue) -> None:
        """Answer a push."""
        table = self._session.table
        self._session.carry_out(table.reply(self._channel, ref, status, response))

    def end(self, message: str) -> None:
        """Tell the client why, and close the channel, which it has joined."""
        self._end(message, texts.UNKNOWN_ERROR)

    def spend(self, size_bytes: int) -> bool:
        """Count a message against what the connection may send."""
        return self._session.spend(size_bytes)

    def start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run *work* as a task of the server."""
        return self._session.start(work)

    def change_token(self, token: str) -> None:
        """Act as another user at once; what that changes for the subscription follows."""
        if _digest(token) == self._token:
            return
        former = self._claims
        if not self._take_token(token):
            return
        self._watch_expiry()
        if self._claims == former:
            return
        if self._participant is not None:
            self._participant.reauthorize(texts.read_refused(self._channel.name))
        if self._subscription is None:
            return
        self._session.server.hub.change_claims(self._subscription, self._claims)
        self._subscription.warned.clear()
        if self._channel.state is ChannelState.JOINED:
            if self._task is not None:
                self._task.cancel()
            self._task = self.start(self._renew())

    def release(self) -> None:
        """Give up everything that is held."""
        if self._task is not None:
            self._task.cancel()
        if self._lateness is not None:
            self._lateness.cancel()
        if self._expiry is not None:
            self._expiry.cancel()
        if self._readiness is not None:
            self._readiness.cancel()
        if self._participant is not None:
            self._participant.leave()
        self._unsubscribe()

    def _take_token(self, token: str) -> bool:
        """Verify *token* and act by it; a bad one ends the channel."""
        try:
            self._claims = self._session.server.keyring.verify(token, time.time())
        except TokenError as error:
            self._end(str(error), texts.token_refused(error))
            return False
        self._token = _digest(token)
        return True

    def _watch_expiry(self) -> None:
        """End the channel when the token expires."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        if self._claims.expires_at is not None:
            delay_s = min(max(self._claims.expires_at - time.time(), 0.0), _LONGEST_TIMER_S)
            self._expiry = asyncio.get_running_loop().call_later(delay_s, self._check_expiry)

    def _check_expiry(self) -> None:
        over_s = time.time() - (self._claims.expires_at or 0.0)
        if over_s < 0:
            self._watch_expiry()
        else:
            self._end(expired(over_s), f"InvalidJWTToken: {expired(over_s)}")

    async def _subscribe_and_answer(self) -> None:
        """Hold the reply until every later commit will be delivered."""
        wait_s = self._request.wait_s or self._session.server.limits.join_timeout_s
        try:
            async with asyncio.timeout(wait_s):
                outcome = await self._try_to_subscribe()
                await self._ask_permissions()
        except TimeoutError:
            self._refuse(texts.SUBSCRIBE_TIMEOUT if self._request.bindings else texts.NO_DATABASE)
        except Exception as error:  # noqa: BLE001 (whatever it is, it concerns this join alone)
            observe(JoinFailed(topic=self._channel.topic, problem=problem(error)))
            self._refuse(
                texts.NO_DATABASE
                if isinstance(error, (psycopg.Error, PoolTimeout))
                else texts.UNKNOWN_ERROR
            )
        else:
            self._answer(outcome)

    def _answer(self, outcome: Registered | SubscriptionError | None) -> None:
        """Answer the join; *outcome* is that of its subscription, None if there is none."""
        if self._permissions.is_empty:
            self._refuse(f"Unauthorized: {texts.read_refused(self._channel.name)}")
        elif not isinstance(outcome, SubscriptionError):
            self._accept()
            if outcome is not None:
                self._announce(outcome)
        elif self._request.wait_s is not None:
            self._refuse(texts.configuration_refused(str(outcome)))
        else:
            self._accept()
            self._tell("error", str(outcome))

    async def _ask_permissions(self) -> None:
        """Ask what whoever the client is in the end may read on a private channel."""
        access = self._session.server.access
        if access is None or not self._request.is_private:
            return
        server = self._session.server
        while True:
            asked = (self._claims, server.policy_version)
            self._permissions = await self._ask(
                partial(access.read, self._channel.name, self._claims, self.headers)
            )
            if asked == (self._claims, server.policy_version):
                return

    async def _try_to_subscribe(self) -> Registered | SubscriptionError | None:
        """Subscribe if there are bindings; an error means that they cannot be served."""
        if not self._request.bindings:
            return None
        try:
            return await self._subscribe()
        except SubscriptionError as error:
            self._unsubscribe()
            return error

    async def _subscribe(self) -> Registered:
        """
        Subscribe as whoever the client is when that is done.

        Raises:
            SubscriptionError: The bindings cannot be served.
        """
        server = self._session.server
        bindings = _bindings(self._request)
        await server.wait_live()
        while True:
            claims = self._claims
            with server.hub.knowing(claims):
                registered = await self._ask(partial(self._session.check, bindings, claims))
                if claims == self._claims:
                    self._subscription = Subscription(self, registered.bindings, claims)
                    self._subscription.seen = registered.seen
                    await server.hub.add(self._subscription)
                    await self._until_visible(
                        server.hub.unseen(registered.seen, registered.bindings)
                    )
                    return registered

    async def _ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """
        Put a question to PostgreSQL; again, as long as the join may take, where it met an end.

        When PostgreSQL was restarted, the connections of the pool are still from before.
        """
        while True:
            try:
                return await question()
            except psycopg.OperationalError as error:
                if not was_cut(error):
                    raise
                observe(JoinDelayed(topic=self._channel.topic, problem=problem(error)))
            await asyncio.sleep(_RETRY_DELAY_S)

    async def _until_visible(self, transactions: Sequence[tuple[int, Lsn]]) -> None:
        """
        Wait until whoever reads sees *transactions*, which came just before and were for others.

        Where a synchronous standby is away that takes long. Then the join is answered all the
        same, and the client told to read again when it is over.
        """
        try:
            async with asyncio.timeout(VISIBILITY_TIMEOUT_S):
                await self._session.server.registrar.until_seen(transactions)
        except TimeoutError:
            self._lateness = self.start(self._tell_when_visible(transactions))

    async def _tell_when_visible(self, transactions: Sequence[tuple[int, Lsn]]) -> None:
        await self._session.server.registrar.until_seen(transactions)
        self.warn(RESYNC)

    async def _renew(self) -> None:
        """Check the subscription again for another token, which is in use already."""
        bindings = _bindings(self._request)
        try:
            registered = await self._session.check(bindings, self._claims)
        except SubscriptionError as error:
            self._unsubscribe()
            self._tell("error", str(error))
        except Exception as error:  # noqa: BLE001 (the subscription goes on; only the check failed)
            observe(JoinFailed(topic=self._channel.topic, problem=problem(error)))
        else:
            if self._subscription is not None:
                self._session.server.hub.readmit(self._subscription)
            self._announce(registered)

    def _announce(self, registered: Registered) -> None:
        self._tell("ok", texts.SUBSCRIBED)
        if self._subscription is not None:
            for warning in registered.warnings:
                self._subscription.warn_once(warning)
            self.send = self._session.connection.send
        held, self._held = self._held, None
        for frame in held or ():
            self._session.connection.send(frame)

    def _accept(self) -> None:
        self._session.carry_out(self._session.table.accept(self._channel, self._request))

    def _refuse(self, reason: str) -> None:
        self._unsubscribe()
        if self._expiry is not None:
            self._expiry.cancel()
        self._session.members.pop(self._channel, None)
        self._session.carry_out(self._session.table.refuse(self._channel, reason))

    def _end(self, message: str, reason: str) -> None:
        self._session.carry_out(self._session.table.end(self._channel, message, reason))

    def _tell(
        self,
        status: Literal["ok", "error"],
        message: str,
        extension: str = "postgres_changes",
    ) -> None:
        table = self._session.table
        self._session.carry_out(table.system(self._channel, status, message, extension=extension))

    def _unsubscribe(self) -> None:
        if self._subscription is not None:
            self._session.server.hub.remove(self._subscription)
            self._subscription = None
            self.send = _send_nothing


def _send_nothing(_frame: bytes, /) -> None:
    """Send no change to a channel that has ended."""


def _digest(token: str) -> bytes:
    """Shorten *token* to what no other one has."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def _bindings(request: JoinRequest) -> list[Binding]:
    return [
        make_binding(
            binding_id=binding.id,
            event=binding.event,
            schema=binding.schema,
            table=binding.table,
            condition_text=binding.filter,
            select=binding.select,
            xid=binding.xid,
            requested=binding.requested,
        )
        for binding in request.bindings
    ]
